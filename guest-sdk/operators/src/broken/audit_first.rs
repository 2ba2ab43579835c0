//! Writes the audit record and then deletes.
//!
//! Why people write it: so that the record is never missing if the process dies in between. It is then there for a deletion that
//! did not happen.
//! Breaks `audit.truthful`.

use egress_sim_sdk::{Cx, Outcome, Row};

use crate::About;
use crate::reference::desk::Desk;
use crate::reference::erase;
use crate::reference::{Reference, Steps};

/// What it is.
pub const ABOUT: About = About {
    name: "audit-first",
    summary: "Audits a deletion before it is done.",
    breaks: Some("audit.truthful"),
    breaks_sandbox: false,
};

/// See the head of this file.
pub struct AuditFirst(pub Reference);

impl Steps for AuditFirst {
    fn desk(&mut self) -> &mut Desk {
        self.0.desk()
    }

    fn before_deletion(&mut self, cx: &mut Cx<'_>, row: &Row, keys: &[String]) -> Outcome {
        cx.audit(keys.iter().map(|key| erase::deletion_record(row, key)).collect())
    }
}
