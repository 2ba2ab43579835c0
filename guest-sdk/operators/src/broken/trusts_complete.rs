//! Enters what LiveKit calls COMPLETE as stored, without looking into the sink.
//!
//! Why people write it: the status says so, and the location is a fine URL. The worker says what it believes.
//! Breaks `inventory.no-phantom`.

use egress_sim_sdk::{Cx, Result};

use crate::About;
use crate::reference::desk::Desk;
use crate::reference::recording::Recording;
use crate::reference::{Reference, Steps};

/// What it is.
pub const ABOUT: About = About {
    name: "trusts-complete",
    summary: "Takes COMPLETE for stored without looking into the sink.",
    breaks: Some("inventory.no-phantom"),
    breaks_sandbox: false,
};

/// See the head of this file.
pub struct TrustsComplete(pub Reference);

impl Steps for TrustsComplete {
    fn desk(&mut self) -> &mut Desk {
        self.0.desk()
    }

    fn is_stored(&mut self, _cx: &mut Cx<'_>, recording: &Recording) -> Result<bool> {
        Ok(recording.ended_well)
    }
}
