//! Tries again what the sink refused, and does not write the refusal down.
//!
//! Why people write it: it is not done yet, so there is nothing to report. Under an object lock it will not be done for years,
//! and nothing says so.
//! Breaks `audit.complete`.

use egress_sim_sdk::{Cx, DeleteError, Outcome, Row};

use crate::About;
use crate::reference::desk::Desk;
use crate::reference::{Reference, Steps};

/// What it is.
pub const ABOUT: About = About {
    name: "hides-refusals",
    summary: "Leaves deletions that the sink refused out of the audit.",
    breaks: Some("audit.complete"),
    breaks_sandbox: false,
};

/// See the head of this file.
pub struct HidesRefusals(pub Reference);

impl Steps for HidesRefusals {
    fn desk(&mut self) -> &mut Desk {
        self.0.desk()
    }

    fn audit_refusals(&mut self, _cx: &mut Cx<'_>, _row: &Row, _refused: &[DeleteError]) -> Outcome {
        Ok(())
    }
}
