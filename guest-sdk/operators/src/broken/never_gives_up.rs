//! Waits for the end of an egress that LiveKit lists as live, for as long as LiveKit does.
//!
//! Why people write it: LiveKit is asked, not guessed at, and it says ACTIVE. It says what a worker told it last, and that worker may
//! have died without a word (livekit#1717). A call that goes on is taken over by the next recorder, but the row stays `recording` for ever,
//! and what is being recorded nobody deletes.
//! Breaks `deletion.complete`.

use egress_sim_sdk::{Cx, EgressInfo, Result};

use crate::About;
use crate::reference::desk::Desk;
use crate::reference::{Reference, Steps};

/// What it is.
pub const ABOUT: About = About {
    name: "never-gives-up",
    summary: "Takes an egress for live as long as LiveKit lists it, though its recorder is gone and nobody answers a stop.",
    breaks: Some("deletion.complete"),
    breaks_sandbox: false,
};

/// See the head of this file.
pub struct NeverGivesUp(pub Reference);

impl Steps for NeverGivesUp {
    fn desk(&mut self) -> &mut Desk {
        self.0.desk()
    }

    fn is_silent(&mut self, _cx: &mut Cx<'_>, _info: &EgressInfo) -> Result<bool> {
        Ok(false)
    }
}
