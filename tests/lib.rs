//! Whole runs for the tests and benchmarks in this folder: a scenario from its file, an operator by name, an outcome.

use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock};
use std::thread;

use egress_sim_model::operator::Host;
use egress_sim_model::property::builtin;
use egress_sim_model::scenario::{Scenario, file};
use egress_sim_model::world::{Outcome, Run};
use egress_sim_native::NativeHost;
use egress_sim_sandbox::{Operator, SandboxHost};

pub mod catching;

/// The repository's root.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ lies in the repository").to_path_buf()
}

/// Every scenario file below `scenarios/`, as paths relative to it, in order.
pub fn scenario_files() -> Vec<String> {
    let folder = root().join("scenarios");
    let mut found = Vec::new();
    let mut folders = vec![folder.clone()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).expect("scenarios/ can be read").flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "toml") {
                let relative = path.strip_prefix(&folder).expect("found below it");
                found.push(relative.to_string_lossy().into_owned());
            }
        }
    }
    found.sort();
    found
}

/// A scenario by its path below `scenarios/`.
pub fn scenario(path: &str) -> Rc<Scenario> {
    let file = root().join("scenarios").join(path);
    let source = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let name = file.file_stem().expect("a file has a stem").to_string_lossy();
    match file::parse(&name, &source) {
        Ok(scenario) => Rc::new(scenario),
        Err(error) => panic!("{}", error.render(path)),
    }
}

/// The component with the built-in operators, compiled once a process.
pub fn component() -> &'static Operator {
    static COMPONENT: OnceLock<Operator> = OnceLock::new();
    COMPONENT.get_or_init(|| {
        Operator::load(egress_sim_builtin::OPERATORS, "builtin").unwrap_or_else(|error| panic!("{error}"))
    })
}

/// A built-in operator in the sandbox: `reference` or `broken/NAME`.
pub fn sandboxed(name: &str, scenario: &Scenario) -> SandboxHost {
    SandboxHost::new(component(), name, &scenario.limits).unwrap_or_else(|error| panic!("{error}"))
}

/// A built-in operator without wasm.
pub fn native(name: &str) -> NativeHost {
    NativeHost::new(name, egress_sim_operators::boot)
}

/// One run with every built-in property. What a deploy rolls back to is built in, and runs in the sandbox.
pub fn run(scenario: &Rc<Scenario>, host: &dyn Host) -> Outcome {
    let older = scenario.operator.older.as_deref().map(|op| {
        let name = op.strip_prefix("builtin:").unwrap_or_else(|| panic!("{op} is not built in"));
        sandboxed(name, scenario)
    });
    let older = older.as_ref().map(|older| older as &dyn Host);
    Run { scenario: Rc::clone(scenario), host, older, properties: builtin(), witness: None, progress: None }.go()
}

/// The ids that broke, in order of the report.
pub fn broken(outcome: &Outcome) -> Vec<&str> {
    outcome.properties.iter().filter(|(_, verdict)| verdict.violations > 0).map(|(name, _)| name.id()).collect()
}

/// The first message of each promise that broke, for the message of a failing test.
pub fn story(outcome: &Outcome) -> String {
    let lines = outcome.properties.iter().filter_map(|(name, verdict)| {
        let first = verdict.first.as_ref()?;
        Some(format!("{} at {}: {}\n", name.id(), first.at.to_rfc3339(), first.message))
    });
    lines.collect()
}

/// `job(0)` to `job(count - 1)` on all cores; the answers in order.
pub fn in_parallel<T: Send>(count: usize, job: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::with_capacity(count));
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let ix = next.fetch_add(1, Ordering::Relaxed);
                    if ix >= count {
                        break;
                    }
                    let answer = job(ix);
                    done.lock().expect("no job has panicked").push((ix, answer));
                }
            });
        }
    });
    let mut done = done.into_inner().expect("no job has panicked");
    done.sort_unstable_by_key(|(ix, _)| *ix);
    done.into_iter().map(|(_, answer)| answer).collect()
}

/// Holds a text against a file of the repository that was made from it, or, where the environment has `variable`, writes it.
/// `again` says how it is made anew.
///
/// # Panics
/// At the first line that is another one.
pub fn pinned(path: &str, text: &str, variable: &str, again: &str) {
    let file = root().join(path);
    if std::env::var_os(variable).is_some() {
        fs::write(&file, text).unwrap_or_else(|error| panic!("{path}: {error}"));
    }
    let expected = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{path}: {error}; {again}"));
    for (number, (was, is)) in expected.lines().zip(text.lines()).enumerate() {
        assert_eq!(was, is, "{path}:{} has moved; {again}, and read the diff", number + 1);
    }
    assert_eq!(
        expected.lines().count(),
        text.lines().count(),
        "{path} has grown or shrunk; {again}, and read the diff"
    );
}
