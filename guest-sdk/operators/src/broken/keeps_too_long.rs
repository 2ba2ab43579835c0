//! Deletes at the contract's end and at no other time.
//!
//! Why people write it: `retention` was read as the least, and nobody asked for the most.
//! Breaks `retention.not-late`.

use crate::About;
use crate::reference::desk::Desk;
use crate::reference::{Reference, Steps};

/// What it is.
pub const ABOUT: About = About {
    name: "keeps-too-long",
    summary: "Keeps recordings until the contract ends, whatever the most is that they may be kept.",
    breaks: Some("retention.not-late"),
    breaks_sandbox: false,
};

/// See the head of this file.
pub struct KeepsTooLong(pub Reference);

impl Steps for KeepsTooLong {
    fn desk(&mut self) -> &mut Desk {
        self.0.desk()
    }

    fn due(&mut self, _tenant: &str, _ended_at: u64) -> Option<u64> {
        None
    }
}
