//! Deletes everything whose key begins with the tenant's name.
//!
//! Why people write it: one listing is simpler than an inventory. But `acme-1` is how `acme-10` begins.
//! Breaks `deletion.only-own`.

use egress_sim_sdk::{Cx, ObjectVersion, Result, Row};

use crate::About;
use crate::reference::desk::Desk;
use crate::reference::{Reference, Steps};

/// What it is.
pub const ABOUT: About = About {
    name: "prefix-sweep",
    summary: "Deletes by key prefix instead of by inventory: acme-1 takes acme-10 along.",
    breaks: Some("deletion.only-own"),
    breaks_sandbox: false,
};

/// See the head of this file.
pub struct PrefixSweep(pub Reference);

impl Steps for PrefixSweep {
    fn desk(&mut self) -> &mut Desk {
        self.0.desk()
    }

    fn find(&mut self, cx: &mut Cx<'_>, row: &Row) -> Result<Vec<ObjectVersion>> {
        cx.sink(&row.bucket).versions(&row.tenant)
    }
}
