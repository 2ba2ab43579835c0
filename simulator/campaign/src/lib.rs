//! Property-based search over scenarios.
//!
//! [`campaign`] says what worlds are made and [`generate`] makes them; [`judge`] runs one and says which promises broke;
//! [`search`] runs many, on several threads; [`coverage`] says what they have shown; [`determinism`] whether they can be made
//! again; [`reduce`] makes a finding as small as it gets, [`distinct`] says which are findings of their own, and [`necessity`]
//! what each step of one is needed for; [`found`] keeps the files; [`result`] is what shards leave behind, and how they are put
//! together. Nothing here draws a picture: reports are the caller's.
//!
//! # In tests of your own
//!
//! [`generate::scenarios`] is a proptest strategy, so a `proptest!` test can run over scenarios. `tests/proptests.rs` in the
//! repository is one to copy, for an operator in Rust and for a component, with a property of its own.
//!
//! ```
//! use std::rc::Rc;
//!
//! use egress_sim_campaign::campaign::Campaign;
//! use egress_sim_campaign::generate::scenarios;
//! use egress_sim_campaign::judge::{Judge, Operator};
//! use proptest::prelude::*;
//!
//! fn keeps_every_promise(operator: &dyn Operator) {
//!     proptest!(|(scenario in scenarios(&Campaign::default()))| {
//!         let judged = Judge::new(operator, &[]).run(&Rc::new(scenario)).map_err(TestCaseError::fail)?;
//!         prop_assert!(judged.broken.is_empty(), "{:?}", judged.broken);
//!     });
//! }
//! ```
//!
//! What fails is made smaller by proptest, which knows nothing of scenarios: it takes a shorter list or a smaller number
//! wherever the test still fails, for whatever reason. [`reduce::Reducer`] keeps the same promise broken by the same kinds of
//! faults, takes out whole families, blocks and people, and gives plain names; it ends with less, in fewer runs.

pub mod campaign;
pub mod coverage;
pub mod determinism;
pub mod distinct;
pub mod files;
pub mod fingerprint;
pub mod found;
pub mod generate;
pub mod judge;
pub mod necessity;
pub mod reduce;
pub mod result;
pub mod search;
