//! Audits what it deleted, and neither the holds nor the refusals that kept it from deleting.
//!
//! Why people write it: the audit was built for deletions, and a hold deletes nothing. When somebody asks why a recording is
//! still there, nothing says why.
//! Breaks `audit.complete`.

use egress_sim_sdk::{Command, Cx, DeleteError, Outcome, Row};

use crate::About;
use crate::reference::desk::Desk;
use crate::reference::{Reference, Steps};

/// What it is.
pub const ABOUT: About = About {
    name: "no-audit-of-holds",
    summary: "Audits deletions only: legal holds and refused deletions leave no record.",
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

    fn audit_refusals(&mut self, _cx: &mut Cx<'_>, _row: &Row, _refused: &[DeleteError]) -> Outcome {
        Ok(())
    }
}
