//! Waits in a loop for a recording to be stored.
//!
//! Why people write it: it will be there in a moment. Nothing in the loop lets that moment come.
//! Breaks `sandbox.contained`.

use egress_sim_sdk::{Cx, Result};

use crate::About;
use crate::reference::desk::Desk;
use crate::reference::recording::Recording;
use crate::reference::{Reference, Steps};

/// What it is.
pub const ABOUT: About = About {
    name: "spins",
    summary: "Waits in a loop without end for the upload to be finished.",
    breaks: Some("sandbox.contained"),
    breaks_sandbox: true,
};

/// See the head of this file.
pub struct Spins(pub Reference);

impl Steps for Spins {
    fn desk(&mut self) -> &mut Desk {
        self.0.desk()
    }

    fn is_stored(&mut self, _cx: &mut Cx<'_>, recording: &Recording) -> Result<bool> {
        while std::hint::black_box(recording.ended_at) > 0 {
            std::hint::spin_loop();
        }
        Ok(true)
    }
}
