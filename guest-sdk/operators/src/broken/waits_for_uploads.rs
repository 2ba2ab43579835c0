//! Waits for an egress that is ENDING until it has ended.
//!
//! Why people write it: an upload takes as long as it takes, and the event at its end tells all. The worker may be evicted in the middle,
//! and then there is no event.
//! Breaks `deletion.complete`.

use egress_sim_sdk::{Cx, EgressInfo, EgressStatus, Result};

use crate::About;
use crate::reference::desk::Desk;
use crate::reference::{Reference, Steps};

/// What it is.
pub const ABOUT: About = About {
    name: "waits-for-uploads",
    summary: "Waits for ever for an egress that is ENDING, and never closes its row.",
    breaks: Some("deletion.complete"),
    breaks_sandbox: false,
};

/// See the head of this file.
pub struct WaitsForUploads(pub Reference);

impl Steps for WaitsForUploads {
    fn desk(&mut self) -> &mut Desk {
        self.0.desk()
    }

    fn is_silent(&mut self, cx: &mut Cx<'_>, info: &EgressInfo) -> Result<bool> {
        if info.status == EgressStatus::Ending { Ok(false) } else { self.0.is_silent(cx, info) }
    }
}
