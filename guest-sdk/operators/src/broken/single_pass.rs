//! Deletes everything once, and never looks again.
//!
//! Why people write it: after the sweep the listing was empty, and who would still upload? A worker with a full queue.
//! Breaks `deletion.complete`.

use crate::About;
use crate::reference::desk::Desk;
use crate::reference::{Reference, Steps};

/// What it is.
pub const ABOUT: About = About {
    name: "single-pass",
    summary: "Deletes once and never looks whether something arrives later.",
    breaks: Some("deletion.complete"),
    breaks_sandbox: false,
};

/// See the head of this file.
pub struct SinglePass(pub Reference);

impl Steps for SinglePass {
    fn desk(&mut self) -> &mut Desk {
        self.0.desk()
    }

    fn looks_again(&mut self) -> bool {
        false
    }
}
