//! What an `OP` is, and how it becomes a host.
//!
//! Built-in operators and files run in the sandbox; `native:NAME` runs the same source without wasm. A relative path on the
//! command line is relative to the current directory, one in `[operator].use` to the directory of its scenario file.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use egress_sim_model::operator::Host;
use egress_sim_model::scenario::{Limits, Scenario};
use egress_sim_native::NativeHost;
use egress_sim_operators::{OPERATORS, boot};
use egress_sim_sandbox::{Operator, SandboxHost};

use crate::UserError;
use crate::explain::nearest;

/// The name of the operator that keeps every promise.
const REFERENCE: &str = "reference";

/// What an `OP` names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// `builtin:reference`, `builtin:broken/NAME`: in the sandbox.
    Builtin(&'static str),
    /// `native:NAME`, also `native:broken/NAME`: without wasm.
    Native(&'static str),
    /// A component or core module.
    File(PathBuf),
}

/// An operator that can be run.
#[derive(Clone)]
pub struct Loaded {
    /// `OP`, as it was written.
    pub op: String,
    /// BLAKE3 of its bytes; none: native.
    pub digest: Option<String>,
    kind: Kind,
}

#[derive(Clone)]
enum Kind {
    Sandboxed { operator: Operator, name: &'static str },
    Native(&'static str),
    Own(Arc<MakeHost>),
}

/// Makes a host of an operator that is neither built in nor a file.
type MakeHost = dyn Fn() -> Box<dyn Host + Send> + Send + Sync;

impl Choice {
    /// Reads an `OP`. `beside` is the directory that a relative path starts from.
    ///
    /// # Errors
    /// An `OP` that names nothing: what was expected, and what was probably meant.
    pub fn parse(op: &str, beside: &Path) -> Result<Choice, UserError> {
        if let Some(name) = op.strip_prefix("builtin:") {
            return match name.strip_prefix("broken/") {
                None if name == REFERENCE => Ok(Choice::Builtin(REFERENCE)),
                Some(broken) if broken != REFERENCE => known(broken, op).map(Choice::Builtin),
                _ => Err(unknown(op, name)),
            };
        }
        if let Some(name) = op.strip_prefix("native:") {
            let name = known(name.strip_prefix("broken/").unwrap_or(name), op)?;
            let listed = OPERATORS.iter().find(|listed| listed.name == name);
            if listed.is_some_and(|listed| listed.breaks_sandbox) {
                return Err(UserError(format!(
                    "{op} cannot run without the sandbox: it exists to break out of it. Pass {} instead",
                    builtin(name)
                )));
            }
            return Ok(Choice::Native(name));
        }
        if op.starts_with("http://") || op.starts_with("https://") {
            return Err(UserError(format!(
                "{op} is a running service: `egress-sim run PATH --operator {op}` drives it. Expected builtin:reference, \
                 builtin:broken/NAME, native:NAME or the path of a WebAssembly component"
            )));
        }
        Ok(Choice::File(beside.join(op)))
    }

    /// Loads it. Compiling is left out where wasmtime's cache has the result.
    ///
    /// # Errors
    /// A file that is not there or is no operator.
    pub fn load(&self, op: &str) -> Result<Loaded, UserError> {
        let op = op.to_owned();
        let (bytes, name, shown) = match self {
            Choice::Native(name) => return Ok(Loaded { op, digest: None, kind: Kind::Native(name) }),
            Choice::Builtin(name) => (Cow::Borrowed(egress_sim_builtin::OPERATORS), *name, op.clone()),
            Choice::File(path) => {
                let bytes = fs::read(path).map_err(|error| {
                    UserError(format!(
                        "operator {op} cannot be read: {error}. Expected builtin:reference, builtin:broken/NAME, \
                         native:NAME or the path of a WebAssembly component ({} was tried)",
                        path.display()
                    ))
                })?;
                (Cow::Owned(bytes), "", path.display().to_string())
            }
        };
        let operator = Operator::load(&bytes, &shown).map_err(|error| UserError(error.to_string()))?;
        Ok(Loaded::sandboxed(&op, operator, name))
    }

    /// The same operator as an `OP` that means the same in every directory.
    pub fn absolute(&self, op: &str) -> PathBuf {
        match self {
            Choice::File(path) => std::path::absolute(path).unwrap_or_else(|_| path.clone()),
            Choice::Builtin(_) | Choice::Native(_) => op.into(),
        }
    }
}

/// A campaign runs it in every thread.
impl egress_sim_campaign::judge::Operator for Loaded {
    fn host(&self, limits: &Limits) -> Result<Box<dyn Host>, String> {
        let host: Box<dyn Host> = self.host_under(limits).map_err(|error| error.0)?;
        Ok(host)
    }

    fn op(&self) -> &str {
        &self.op
    }
}

impl Loaded {
    fn sandboxed(op: &str, operator: Operator, name: &'static str) -> Loaded {
        let digest = Some(operator.digest().to_owned());
        Loaded { op: op.to_owned(), digest, kind: Kind::Sandboxed { operator, name } }
    }

    /// An operator of the caller's: `op` is what reports call it. No other process can run it.
    pub fn own(op: &str, host: impl Fn() -> Box<dyn Host + Send> + Send + Sync + 'static) -> Loaded {
        Loaded { op: op.to_owned(), digest: None, kind: Kind::Own(Arc::new(host)) }
    }

    /// A service that runs by itself: there is nothing of it that could be loaded.
    pub fn on_sockets(url: &str) -> Loaded {
        Loaded::own(url, || unreachable!("a process on sockets has no host"))
    }

    /// A host for this scenario, under its limits.
    ///
    /// # Errors
    /// Limits that the sandbox cannot work with.
    pub fn host(&self, scenario: &Scenario) -> Result<Box<dyn Host + Send>, UserError> {
        self.host_under(&scenario.limits)
    }

    fn host_under(&self, limits: &Limits) -> Result<Box<dyn Host + Send>, UserError> {
        Ok(match &self.kind {
            Kind::Sandboxed { operator, name } => {
                let host = SandboxHost::new(operator, name, limits);
                Box::new(host.map_err(|error| UserError(error.to_string()))?)
            }
            Kind::Native(name) => Box::new(NativeHost::new(name, boot)),
            Kind::Own(host) => host(),
        })
    }
}

/// Operators that were loaded already: many scenarios share one.
#[derive(Default)]
pub struct Shelf {
    loaded: BTreeMap<PathBuf, Rc<Loaded>>,
    /// The component that all built-in operators are in.
    builtin: Option<Operator>,
}

impl Shelf {
    /// One that holds an operator already.
    ///
    /// # Errors
    /// An `OP` that names nothing.
    pub fn holding(operator: &Rc<Loaded>) -> Result<Shelf, UserError> {
        let key = Choice::parse(&operator.op, Path::new(""))?.absolute(&operator.op);
        Ok(Shelf { loaded: BTreeMap::from([(key, Rc::clone(operator))]), builtin: None })
    }

    /// The operator, loaded at most once.
    ///
    /// # Errors
    /// As [`Choice::load`].
    pub fn get(&mut self, choice: &Choice, op: &str) -> Result<Rc<Loaded>, UserError> {
        let key = choice.absolute(op);
        if let Some(known) = self.loaded.get(&key) {
            return Ok(Rc::clone(known));
        }
        let loaded = match (choice, &self.builtin) {
            (Choice::Builtin(name), Some(operator)) => Loaded::sandboxed(op, operator.clone(), name),
            _ => choice.load(op)?,
        };
        if let (Choice::Builtin(_), Kind::Sandboxed { operator, .. }) = (choice, &loaded.kind) {
            self.builtin.get_or_insert_with(|| operator.clone());
        }
        let loaded = Rc::new(loaded);
        self.loaded.insert(key, Rc::clone(&loaded));
        Ok(loaded)
    }
}

/// The lines of `egress-sim operators`: `OP`, what it does, and the promise that it breaks.
pub fn list() -> String {
    let ops: Vec<String> = OPERATORS.iter().map(|listed| builtin(listed.name)).collect();
    let width = ops.iter().map(String::len).max().unwrap_or_default();
    let summaries = OPERATORS.iter().map(|listed| listed.summary.chars().count()).max().unwrap_or_default();
    let mut lines = String::new();
    for (op, listed) in ops.iter().zip(OPERATORS) {
        let line = match listed.breaks {
            Some(id) => format!("{op:width$}  {:summaries$}  breaks {id}", listed.summary),
            None => format!("{op:width$}  {}", listed.summary),
        };
        let _ = writeln!(lines, "{line}");
    }
    lines
}

fn builtin(name: &str) -> String {
    if name == REFERENCE { format!("builtin:{name}") } else { format!("builtin:broken/{name}") }
}

fn known(name: &str, op: &str) -> Result<&'static str, UserError> {
    let listed = OPERATORS.iter().find(|listed| listed.name == name);
    listed.map(|listed| listed.name).ok_or_else(|| unknown(op, name))
}

fn unknown(op: &str, name: &str) -> UserError {
    let name = name.strip_prefix("broken/").unwrap_or(name);
    let meant = nearest(name, OPERATORS.iter().map(|listed| listed.name)).map(|meant| {
        let meant = if op.starts_with("native:") { format!("native:{meant}") } else { builtin(meant) };
        format!("did you mean {meant}? ")
    });
    UserError(format!(
        "there is no operator {op}; {}`egress-sim operators` lists the built-in ones",
        meant.unwrap_or_default()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(op: &str) -> Result<Choice, String> {
        Choice::parse(op, Path::new("scenarios")).map_err(|error| error.0)
    }

    #[test]
    fn an_op_is_a_builtin_a_native_one_or_a_file() {
        assert_eq!(parse("builtin:reference"), Ok(Choice::Builtin("reference")));
        assert_eq!(parse("native:reference"), Ok(Choice::Native("reference")));
        assert_eq!(parse("native:broken/no-head"), parse("native:no-head"));
        assert_eq!(parse("mine.wasm"), Ok(Choice::File("scenarios/mine.wasm".into())));
        assert_eq!(parse("/opt/mine.wasm"), Ok(Choice::File("/opt/mine.wasm".into())));
        for listed in OPERATORS.iter().filter(|listed| listed.name != REFERENCE) {
            assert_eq!(parse(&builtin(listed.name)), Ok(Choice::Builtin(listed.name)));
            let native = parse(&format!("native:{}", listed.name));
            assert_eq!(native.is_err(), listed.breaks_sandbox, "{native:?}");
        }
    }

    #[test]
    fn an_op_that_names_nothing_says_what_was_meant() {
        for (op, expected) in [
            ("builtin:referense", "did you mean builtin:reference?"),
            ("builtin:broken/reference", "did you mean builtin:reference?"),
            ("native:refrence", "did you mean native:reference?"),
            ("builtin:", "`egress-sim operators` lists"),
            (
                "http://127.0.0.1:8080/webhook",
                "`egress-sim run PATH --operator http://127.0.0.1:8080/webhook` drives it",
            ),
        ] {
            let error = parse(op).expect_err(op);
            assert!(error.contains(expected), "{op}: {error}");
        }
    }

    #[test]
    fn a_file_that_is_not_there_says_what_was_expected() {
        let choice = parse("nowhere.wasm").expect("a path");
        let error = choice.load("nowhere.wasm").err().expect("no such file").0;
        assert!(
            error.contains("native:NAME or the path of a WebAssembly component (scenarios/nowhere.wasm"),
            "{error}"
        );
    }

    #[test]
    fn every_line_of_the_list_begins_with_an_op() {
        for line in list().lines() {
            let op = line.split(' ').next().unwrap_or_default();
            assert!(matches!(parse(op), Ok(Choice::Builtin(_))), "{line}");
        }
    }
}
