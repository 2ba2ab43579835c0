//! From a file's bytes to an operator that can be started: what is accepted, and what is said about everything else.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use egress_sim_model::scenario::Limits;
use wasmtime::component::{Component, HasSelf, Linker};
use wasmtime::{Engine, Error, Module};

use crate::engine::{Engines, MAX_STACK_BYTES, MIN_STACK_BYTES};
use crate::guest::State;
use crate::{wasi, wit};

/// Larger files are refused: what they cost to compile is no part of any limit.
pub const MAX_BYTES: usize = 64 << 20;

/// The contract's package and the version that this build speaks.
const PACKAGE: &str = "egress-sim:operator/";
const VERSION: &str = "0.2.0";
const HANDLER: &str = "egress-sim:operator/handler@0.2.0";

/// The interfaces that a guest may import.
const INTERFACES: [&str; 13] = [
    "types", "rooms", "egress", "webhook", "sink", "store", "audit", "publish", "check", "clock", "timers", "entropy",
    "log",
];

/// Why a file is no operator. The text names the file, says what is wrong and what to do.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "each says what it is in its message")]
pub enum LoadError {
    #[error(
        "{name} has {bytes} bytes; an operator may have {MAX_BYTES}. Build it in release mode and strip debug information"
    )]
    TooLarge { name: String, bytes: usize },
    #[error(
        "{name} is machine code that was compiled before (.cwasm), which the sandbox cannot check. Give the .wasm file it was made from"
    )]
    Precompiled { name: String },
    #[error("{name} is WebAssembly text. Turn it into binary first: wasm-tools parse {name} -o operator.wasm")]
    Text { name: String },
    #[error(
        "{name} is not WebAssembly: it does not begin with the bytes 00 61 73 6d. Give a component or a core module (.wasm)"
    )]
    NotWasm { name: String },
    #[error(
        "{name} is not a valid WebAssembly file: {message}. Build it again; if it was copied, see that it is whole"
    )]
    Invalid { name: String, message: String },
    #[error(
        "{name} is a core module that does not say which component it is. Build it with the SDK or with wit-bindgen, which embed the component's type, or turn it into a component with wasm-tools component embed and wasm-tools component new"
    )]
    NoComponentType { name: String },
    #[error(
        "{name} cannot be made a component: {message}. It must export the functions of {HANDLER}, and import nothing but the contract in guest-sdk/wit"
    )]
    NotWrapped { name: String, message: String },
    #[error("{name} imports what the simulator does not have: {}. {}", .imports.join(", "), advice(.imports))]
    UnknownImports { name: String, imports: Vec<String> },
    #[error("{name} does not export {HANDLER}; it exports {}. Build it for the world egress-sim:operator/operator in guest-sdk/wit", if .exports.is_empty() { "nothing".to_owned() } else { .exports.join(", ") })]
    NoHandler { name: String, exports: Vec<String> },
    #[error(
        "{name} was built for another version of the contract: it has {found}, this simulator speaks {VERSION}. Build it against this simulator's guest-sdk/wit, or take the simulator of that version"
    )]
    OtherContract { name: String, found: String },
    #[error("{name} does not fit the contract: {message}. Build it against this simulator's guest-sdk/wit")]
    Mismatch { name: String, message: String },
    #[error("stack_bytes = {bytes} in [limits] is out of range: write {MIN_STACK_BYTES} to {MAX_STACK_BYTES}")]
    Stack { bytes: u64 },
    #[error("wasmtime cannot work on this machine: {message}")]
    Engine { message: String },
}

fn advice(imports: &[String]) -> &'static str {
    if imports.iter().any(|import| import.contains("wasi_snapshot_preview1")) {
        "Build for wasm32-unknown-unknown or wasm32-wasip2 instead of wasm32-wasip1"
    } else if imports.iter().any(|import| import.starts_with("wasi:")) {
        "Of WASI there is 0.2 without http, keyvalue and the like: an operator reaches its world through the contract in guest-sdk/wit"
    } else {
        "An operator may import the interfaces of egress-sim:operator in guest-sdk/wit; see which dependency brings the others"
    }
}

/// A component that was checked, compiled and linked. Cheap to clone; one serves any number of runs and threads.
#[derive(Clone)]
pub struct Operator(Arc<Loaded>);

struct Loaded {
    name: String,
    digest: String,
    component: Vec<u8>,
    prepared: Mutex<BTreeMap<u64, Arc<Prepared>>>,
}

impl Operator {
    /// Takes the bytes of a component, or of a core module with embedded component type, which is wrapped. `name` is what
    /// errors call it: its path. Compiling is left out where wasmtime's cache has the result.
    ///
    /// # Errors
    /// The bytes are no operator, see [`LoadError`].
    pub fn load(bytes: &[u8], name: &str) -> Result<Operator, LoadError> {
        let operator = Operator(Arc::new(Loaded {
            name: name.to_owned(),
            digest: blake3::hash(bytes).to_hex().to_string(),
            component: component_bytes(bytes, name)?,
            prepared: Mutex::default(),
        }));
        operator.prepare(Limits::default().stack_bytes)?;
        Ok(operator)
    }

    /// BLAKE3 of the bytes that were given, in hexadecimal.
    pub fn digest(&self) -> &str {
        &self.0.digest
    }

    /// The name it was loaded under.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Compiled and linked for a stack size.
    pub(crate) fn prepare(&self, stack_bytes: u64) -> Result<Arc<Prepared>, LoadError> {
        if !(MIN_STACK_BYTES..=MAX_STACK_BYTES).contains(&stack_bytes) {
            return Err(LoadError::Stack { bytes: stack_bytes });
        }
        let mut prepared = self.0.prepared.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = prepared.get(&stack_bytes) {
            return Ok(Arc::clone(known));
        }
        let engines = Engines::of(stack_bytes).map_err(|error| LoadError::Engine { message: format!("{error:#}") })?;
        let first = link(&engines.first, &self.0.component, &self.0.name)?;
        let imports_wasi = imports_wasi(&engines.first, first.instance_pre().component());
        let operator = Arc::clone(&self.0);
        let made = Arc::new(Prepared { first, overflow: OnceLock::new(), imports_wasi, engines, operator });
        prepared.insert(stack_bytes, Arc::clone(&made));
        Ok(made)
    }
}

/// An operator, compiled and linked for one stack size.
pub struct Prepared {
    /// From the pool.
    pub first: wit::OperatorPre<State>,
    overflow: OnceLock<wit::OperatorPre<State>>,
    imports_wasi: bool,
    engines: Arc<Engines>,
    operator: Arc<Loaded>,
}

impl Prepared {
    pub fn engine(&self) -> &Engine {
        &self.engines.first
    }

    /// Whether its stores need a WASI.
    pub fn imports_wasi(&self) -> bool {
        self.imports_wasi
    }

    /// For when the pool is full.
    pub fn overflow(&self) -> Result<&wit::OperatorPre<State>, Error> {
        if let Some(pre) = self.overflow.get() {
            return Ok(pre);
        }
        let pre = link(self.engines.overflow()?, &self.operator.component, &self.operator.name)
            .map_err(|error| Error::msg(error.to_string()))?;
        Ok(self.overflow.get_or_init(|| pre))
    }
}

/// The component in `bytes`: itself, or made from a core module.
fn component_bytes(bytes: &[u8], name: &str) -> Result<Vec<u8>, LoadError> {
    let name = || name.to_owned();
    if bytes.len() > MAX_BYTES {
        return Err(LoadError::TooLarge { name: name(), bytes: bytes.len() });
    }
    match bytes {
        [0, b'a', b's', b'm', 0x0d, 0, 1, 0, ..] => Ok(bytes.to_vec()),
        [0, b'a', b's', b'm', 1, 0, 0, 0, ..] => wrap(bytes, name()),
        [0, b'a', b's', b'm', ..] => {
            Err(LoadError::Invalid { name: name(), message: "its header is of no known version".to_owned() })
        }
        // wasmtime writes its compiled code as ELF, on every platform.
        [0x7f, b'E', b'L', b'F', ..] => Err(LoadError::Precompiled { name: name() }),
        _ if bytes.trim_ascii_start().starts_with(b"(module")
            || bytes.trim_ascii_start().starts_with(b"(component") =>
        {
            Err(LoadError::Text { name: name() })
        }
        _ => Err(LoadError::NotWasm { name: name() }),
    }
}

fn wrap(module: &[u8], name: String) -> Result<Vec<u8>, LoadError> {
    // wit-component takes for granted that the module is one, and panics over half a file.
    let engines = Engines::of(Limits::default().stack_bytes);
    let engines = engines.map_err(|error| LoadError::Engine { message: format!("{error:#}") })?;
    if let Err(error) = Module::validate(&engines.first, module) {
        return Err(LoadError::Invalid { name, message: format!("{error:#}") });
    }
    match wit_component::metadata::decode(module) {
        Ok((Some(_), _)) => {}
        Ok((None, _)) => return Err(LoadError::NoComponentType { name }),
        Err(error) => return Err(LoadError::Invalid { name, message: format!("{error:#}") }),
    }
    let encoded = wit_component::ComponentEncoder::default()
        .validate(true)
        .module(module)
        .and_then(|mut encoder| encoder.encode());
    encoded.map_err(|error| {
        let message = format!("{error:#}");
        if message.contains("wasi_snapshot_preview1") {
            LoadError::UnknownImports { name, imports: vec!["wasi_snapshot_preview1".to_owned()] }
        } else {
            LoadError::NotWrapped { name, message }
        }
    })
}

fn link(engine: &Engine, bytes: &[u8], name: &str) -> Result<wit::OperatorPre<State>, LoadError> {
    let component = Component::new(engine, bytes)
        .map_err(|error| LoadError::Invalid { name: name.to_owned(), message: format!("{error:#}") })?;
    check_names(engine, &component, name)?;
    let mismatch = |error: Error| LoadError::Mismatch { name: name.to_owned(), message: format!("{error:#}") };
    let mut linker = Linker::new(engine);
    wit::Operator::add_to_linker::<State, HasSelf<State>>(&mut linker, |state| state).map_err(mismatch)?;
    if imports_wasi(engine, &component) {
        wasi::add_to_linker(&mut linker).map_err(mismatch)?;
    }
    let pre = linker.instantiate_pre(&component).map_err(mismatch)?;
    wit::OperatorPre::new(pre).map_err(mismatch)
}

fn imports_wasi(engine: &Engine, component: &Component) -> bool {
    component.component_type().imports(engine).any(|(import, _)| wasi::provides(import))
}

/// Imports and exports by name, before linking, whose errors come one at a time and in wasmtime's words.
fn check_names(engine: &Engine, component: &Component, name: &str) -> Result<(), LoadError> {
    let ty = component.component_type();
    let imports: Vec<&str> = ty.imports(engine).map(|(import, _)| import).collect();
    let exports: Vec<&str> = ty.exports(engine).map(|(export, _)| export).collect();
    if let Some(found) = imports.iter().chain(&exports).find(|item| is_of_other_version(item)) {
        return Err(LoadError::OtherContract { name: name.to_owned(), found: (*found).to_owned() });
    }
    let unknown: Vec<String> =
        imports.iter().filter(|import| !is_known(import)).map(|import| (*import).to_owned()).collect();
    if !unknown.is_empty() {
        return Err(LoadError::UnknownImports { name: name.to_owned(), imports: unknown });
    }
    if !exports.iter().any(|export| export.starts_with("egress-sim:operator/handler@")) {
        let exports = exports.iter().map(|export| (*export).to_owned()).collect();
        return Err(LoadError::NoHandler { name: name.to_owned(), exports });
    }
    Ok(())
}

/// Whether wasmtime will not take `item` for one of ours: another minor below 1.0, or another major. A higher patch only
/// adds functions, so it may fit.
fn is_of_other_version(item: &str) -> bool {
    let Some((_, version)) = item.strip_prefix(PACKAGE).and_then(|rest| rest.split_once('@')) else {
        return false;
    };
    let compatible = VERSION.rsplit_once('.').map_or(VERSION, |(minor, _)| minor);
    version.rsplit_once('.').is_none_or(|(minor, _)| minor != compatible)
}

fn is_known(import: &str) -> bool {
    let of_contract = import
        .strip_prefix(PACKAGE)
        .and_then(|rest| rest.split_once('@'))
        .is_some_and(|(interface, _)| INTERFACES.contains(&interface));
    of_contract || wasi::provides(import)
}
