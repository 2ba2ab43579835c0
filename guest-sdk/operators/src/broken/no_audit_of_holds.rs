//! Heeds legal holds and does not write them down.
//!
//! Why people write it: the audit was built for deletions, and a hold deletes nothing. When somebody asks why a recording is
//! still there, nothing says why.
//! Breaks `audit.complete`.

use egress_sim_sdk::{Command, Cx, Outcome};

use crate::About;
use crate::reference::desk::Desk;
use crate::reference::{Reference, Steps};

/// What it is.
pub const ABOUT: About = About {
    name: "no-audit-of-holds",
    summary: "Keeps what a legal hold stands on, but leaves no record of the hold.",
    breaks: Some("audit.complete"),
    breaks_sandbox: false,
};

/// See the head of this file.
pub struct NoAuditOfHolds(pub Reference);

impl Steps for NoAuditOfHolds {
    fn desk(&mut self) -> &mut Desk {
        self.0.desk()
    }

    fn audit_hold(&mut self, _cx: &mut Cx<'_>, _command: &Command) -> Outcome {
        Ok(())
    }
}
