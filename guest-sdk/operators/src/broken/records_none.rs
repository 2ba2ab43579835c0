//! Records compliance calls and nothing else.
//!
//! Why people write it: "recording" was read as one thing, and a call for processing has no recording that anybody plays.
//! Breaks `recording.tracks`.

use egress_sim_sdk::Room;

use crate::About;
use crate::reference::desk::{Desk, Plan, Wanted};
use crate::reference::{Reference, Steps};

/// What it is.
pub const ABOUT: About = About {
    name: "records-none",
    summary: "Records compliance calls only: tracks for processing are not on file.",
    breaks: Some("recording.tracks"),
    breaks_sandbox: false,
};

/// See the head of this file.
pub struct RecordsNone(pub Reference);

impl Steps for RecordsNone {
    fn desk(&mut self) -> &mut Desk {
        self.0.desk()
    }

    fn plan(&mut self, room: &Room) -> Option<Plan> {
        self.0.plan(room).filter(|plan| plan.wanted == Wanted::Composite)
    }
}
