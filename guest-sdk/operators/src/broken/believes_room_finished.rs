//! Takes `room_finished` for true without asking.
//!
//! Why people write it: it is signed, so it is true. A server that takes a node for dead signs it as well, while people
//! talk on.
//! Breaks `recording.composite-per-call`.

use egress_sim_sdk::{Cx, Result, Room};

use crate::About;
use crate::reference::desk::Desk;
use crate::reference::{Reference, Steps};

/// What it is.
pub const ABOUT: About = About {
    name: "believes-room-finished",
    summary: "Stops the recording on room_finished, whether or not the room is over.",
    breaks: Some("recording.composite-per-call"),
    breaks_sandbox: false,
};

/// See the head of this file.
pub struct BelievesRoomFinished(pub Reference);

impl Steps for BelievesRoomFinished {
    fn desk(&mut self) -> &mut Desk {
        self.0.desk()
    }

    fn is_over(&mut self, _cx: &mut Cx<'_>, _room: &Room) -> Result<bool> {
        Ok(true)
    }
}
