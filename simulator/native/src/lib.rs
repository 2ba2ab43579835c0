//! Operators of the Rust SDK without WebAssembly: the native half of the seam, for breakpoints and `cargo test`.
//!
//! An incarnation is a stackful coroutine. It suspends at each method of the SDK's `Imports` with that one call, and never
//! differs from the sandbox in what the model sees: `contract.rs` is the sandbox's own file. There are no limits here; an
//! operator that exists to break the sandbox breaks the process.

#[path = "../../sandbox/src/contract.rs"]
mod contract;
mod guest;
mod panics;
mod world;

use egress_sim_sdk::bindings as wit;

pub use guest::NativeHost;
