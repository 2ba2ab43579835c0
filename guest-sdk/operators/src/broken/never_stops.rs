//! Leaves it to LiveKit to end the egress when the room ends.
//!
//! Why people write it: LiveKit does. Except when it does not notice (egress#815), and the recorder sits in an empty room
//! for hours.
//! Breaks `recording.stopped`.

use egress_sim_sdk::{Cx, Outcome};

use crate::About;
use crate::reference::desk::Desk;
use crate::reference::{Reference, Steps};

/// What it is.
pub const ABOUT: About = About {
    name: "never-stops",
    summary: "Never stops an egress: the room's end is trusted to end it.",
    breaks: Some("recording.stopped"),
    breaks_sandbox: false,
};

/// See the head of this file.
pub struct NeverStops(pub Reference);

impl Steps for NeverStops {
    fn desk(&mut self) -> &mut Desk {
        self.0.desk()
    }

    fn stop(&mut self, _cx: &mut Cx<'_>, _egress_id: &str) -> Outcome {
        Ok(())
    }
}
