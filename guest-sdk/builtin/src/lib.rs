//! The operators that egress-sim brings along, as WebAssembly in the binary.
//!
//! `build.rs` compiles them; nothing here runs them. Each is a core module with its component type embedded, as the
//! sandbox takes it.

/// `guest-sdk/operators`: the reference operator and the broken ones, told apart by the name in their boot.
pub static OPERATORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/egress_sim_operators.wasm"));

/// `guest-sdk/probe`: makes every call of the contract, for the tests that compare hosts.
pub static PROBE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/egress_sim_probe.wasm"));
