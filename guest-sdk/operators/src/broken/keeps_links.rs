//! Deletes recordings and leaves their links standing.
//!
//! Why people write it: a dead link harms nobody. It says that there is something to see, and the customer asks where it is.
//! Breaks `deletion.links-gone`.

use egress_sim_sdk::{Cx, Outcome, Row};

use crate::About;
use crate::reference::desk::Desk;
use crate::reference::{Reference, Steps};

/// What it is.
pub const ABOUT: About = About {
    name: "keeps-links",
    summary: "Never retracts the links to what it deletes.",
    breaks: Some("deletion.links-gone"),
    breaks_sandbox: false,
};

/// See the head of this file.
pub struct KeepsLinks(pub Reference);

impl Steps for KeepsLinks {
    fn desk(&mut self) -> &mut Desk {
        self.0.desk()
    }

    fn retract(&mut self, _cx: &mut Cx<'_>, _row: &Row) -> Outcome {
        Ok(())
    }
}
