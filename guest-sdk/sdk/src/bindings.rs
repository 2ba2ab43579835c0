//! The contract as wit-bindgen generates it: the one place with `unsafe` code, and none of it is written by hand.
//!
//! The types are plain data on every target. The functions work inside a component only; elsewhere they panic, and nobody
//! but [`crate::wasm`] calls them. Operators never name this module: the crate's root re-exports what they need.
#![doc(hidden)]
#![allow(unsafe_code, missing_docs, clippy::all, clippy::pedantic, reason = "generated")]

wit_bindgen::generate!({
    path: "../wit",
    world: "operator",
    additional_derives: [PartialEq, Eq],
    pub_export_macro: true,
    default_bindings_module: "egress_sim_sdk::bindings",
});
