//! Asks `ListEgress` what there is to delete.
//!
//! Why people write it: LiveKit knows every recording and where it lies. For a day: then it has forgotten the egress, and the answer is
//! empty.
//! Breaks `deletion.complete`.

use egress_sim_sdk::{Cx, ObjectVersion, Result, Row};

use crate::About;
use crate::reference::desk::Desk;
use crate::reference::{Reference, Steps};

/// What it is.
pub const ABOUT: About = About {
    name: "list-is-archive",
    summary: "Deletes what ListEgress still knows of; LiveKit forgets an egress a day after its end.",
    breaks: Some("deletion.complete"),
    breaks_sandbox: false,
};

/// See the head of this file.
pub struct ListIsArchive(pub Reference);

impl Steps for ListIsArchive {
    fn desk(&mut self) -> &mut Desk {
        self.0.desk()
    }

    fn find(&mut self, cx: &mut Cx<'_>, row: &Row) -> Result<Vec<ObjectVersion>> {
        if cx.egress().get(&row.egress_id)?.is_none() {
            return Ok(Vec::new());
        }
        self.0.find(cx, row)
    }
}
