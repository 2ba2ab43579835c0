//! Tries once to delete what object lock protects, puts the refusal into the audit, and never comes back.
//!
//! Why people write it: a refusal is an outcome, it is recorded, and the job is done. Nothing tells a service when a lock ends.
//! Breaks `deletion.complete`.

use egress_sim_sdk::Row;

use crate::About;
use crate::reference::desk::Desk;
use crate::reference::{Reference, Steps};

/// What it is.
pub const ABOUT: About = About {
    name: "gives-up-on-locked",
    summary: "Takes a refused deletion for final: it is in the audit, and never tried again.",
    breaks: Some("deletion.complete"),
    breaks_sandbox: false,
};

/// See the head of this file.
pub struct GivesUpOnLocked(pub Reference);

impl Steps for GivesUpOnLocked {
    fn desk(&mut self) -> &mut Desk {
        self.0.desk()
    }

    fn tries_again(&mut self, _row: &Row) -> bool {
        false
    }

    fn buckets_to_search(&mut self, _tenant: &str) -> Vec<String> {
        Vec::new()
    }
}
