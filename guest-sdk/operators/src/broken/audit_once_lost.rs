//! Reports a deletion if it can, and goes on if it cannot.
//!
//! Why people write it: the audit is a side effect, and a side effect must not hold up the work. What it did not get then, it
//! never gets: the row says deleted, and nobody comes back.
//! Breaks `audit.complete`.

use egress_sim_sdk::{AuditRecord, Cx, Outcome};

use crate::About;
use crate::reference::desk::Desk;
use crate::reference::{Reference, Steps};

/// What it is.
pub const ABOUT: About = About {
    name: "audit-once-lost",
    summary: "Loses what it wanted to report while the audit was away.",
    breaks: Some("audit.complete"),
    breaks_sandbox: false,
};

/// See the head of this file.
pub struct AuditOnceLost(pub Reference);

impl Steps for AuditOnceLost {
    fn desk(&mut self) -> &mut Desk {
        self.0.desk()
    }

    fn audit_deletions(&mut self, cx: &mut Cx<'_>, records: Vec<AuditRecord>) -> Outcome {
        if let Err(error) = self.0.audit_deletions(cx, records) {
            cx.log().warn(format!("the audit: {error}"));
        }
        Ok(())
    }
}
