//! Reports a deletion without looking.
//!
//! Why people write it: the sink said that it was deleted, and a HEAD for each of 12,000 keys looks like a waste.
//! Breaks `deletion.verified`.

use egress_sim_sdk::{Cx, Result};

use crate::About;
use crate::reference::desk::Desk;
use crate::reference::{Reference, Steps};

/// What it is.
pub const ABOUT: About = About {
    name: "no-head",
    summary: "Takes the answer to the delete request for proof, and sends no HEAD.",
    breaks: Some("deletion.verified"),
    breaks_sandbox: false,
};

/// See the head of this file.
pub struct NoHead(pub Reference);

impl Steps for NoHead {
    fn desk(&mut self) -> &mut Desk {
        self.0.desk()
    }

    fn looks_gone(&mut self, _cx: &mut Cx<'_>, _bucket: &str, _key: &str) -> Result<bool> {
        Ok(true)
    }
}
