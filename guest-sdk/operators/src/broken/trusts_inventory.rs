//! Deletes what its inventory leads to, and nothing else.
//!
//! Why people write it: the inventory is complete, there is a test for that. Who set up replication was another team, and
//! a bucket's copies are in nobody's inventory.
//! Breaks `deletion.complete`.

use crate::About;
use crate::reference::desk::Desk;
use crate::reference::{Reference, Steps};

/// What it is.
pub const ABOUT: About = About {
    name: "trusts-inventory",
    summary: "Deletes what its inventory leads to, and looks nowhere else.",
    breaks: Some("deletion.complete"),
    breaks_sandbox: false,
};

/// See the head of this file.
pub struct TrustsInventory(pub Reference);

impl Steps for TrustsInventory {
    fn desk(&mut self) -> &mut Desk {
        self.0.desk()
    }

    fn buckets_to_search(&mut self, _tenant: &str) -> Vec<String> {
        Vec::new()
    }
}
