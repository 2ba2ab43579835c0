//! Believes LiveKit that a recording is stored.
//!
//! Why people write it: COMPLETE means complete, and a look into the sink costs a request. `LIMIT_REACHED` is said before
//! the upload, and `ended_at` is set then.
//! Breaks `inventory.no-phantom`.

use egress_sim_sdk::{Cx, Result};

use crate::About;
use crate::reference::desk::Desk;
use crate::reference::recording::Recording;
use crate::reference::{Reference, Steps};

/// What it is.
pub const ABOUT: About = About {
    name: "never-looks",
    summary: "Takes COMPLETE and LIMIT_REACHED for stored, and does not look into the sink.",
    breaks: Some("inventory.no-phantom"),
    breaks_sandbox: false,
};

/// See the head of this file.
pub struct NeverLooks(pub Reference);

impl Steps for NeverLooks {
    fn desk(&mut self) -> &mut Desk {
        self.0.desk()
    }

    fn is_stored(&mut self, _cx: &mut Cx<'_>, recording: &Recording) -> Result<bool> {
        Ok(recording.ended_well)
    }
}
