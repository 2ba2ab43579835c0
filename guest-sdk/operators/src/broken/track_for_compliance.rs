//! Records each speaker of a compliance call into a file of their own.
//!
//! Why people write it: a track egress needs no browser, costs a tenth and starts at once, and "everything is on file". But
//! nobody can be shown a conversation in five files with five beginnings.
//! Breaks `recording.composite-per-call`.

use egress_sim_sdk::Room;

use crate::About;
use crate::reference::desk::{Desk, Plan, Wanted};
use crate::reference::{Reference, Steps};

/// What it is.
pub const ABOUT: About = About {
    name: "track-for-compliance",
    summary: "Records the speakers of a compliance call one by one instead of all of it.",
    breaks: Some("recording.composite-per-call"),
    breaks_sandbox: false,
};

/// See the head of this file.
pub struct TrackForCompliance(pub Reference);

impl Steps for TrackForCompliance {
    fn desk(&mut self) -> &mut Desk {
        self.0.desk()
    }

    fn plan(&mut self, room: &Room) -> Option<Plan> {
        let plan = self.0.plan(room)?;
        Some(Plan { wanted: Wanted::Tracks, ..plan })
    }
}
