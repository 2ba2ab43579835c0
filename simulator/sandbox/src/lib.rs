//! Operators as WebAssembly components, under limits, on virtual time: the sandbox's half of the seam.
//!
//! [`Operator::load`] takes a component, or a core module that carries its component type; [`SandboxHost`] starts
//! incarnations of it. An incarnation is one store with one instance in one boxed future, polled by hand: it suspends at
//! each import with that one call, and dropping it is the crash. Nothing here decides anything about egress or S3, reads a
//! clock, or lets a guest see anything but the world's answers. Whatever a guest does ends as a
//! [`Trap`](egress_sim_model::operator::Trap) and whatever a file holds as a [`LoadError`], never as a panic or a hang.
//!
//! `contract.rs` is the mapping between contract and seam; the native host compiles the same file.

mod contract;
mod engine;
mod guest;
mod imports;
mod limits;
mod load;
mod wasi;

pub use guest::SandboxHost;
pub use load::{LoadError, MAX_BYTES, Operator};

/// The contract as wasmtime generates it, with every import as an async function.
#[allow(unsafe_code, missing_docs, clippy::all, clippy::pedantic, reason = "generated")]
mod wit {
    wasmtime::component::bindgen!({
        path: "../../guest-sdk/wit",
        world: "operator",
        imports: { default: async },
        exports: { default: async },
    });
}
