//! Records the tracks that are there when the call starts.
//!
//! Why people write it: when the room starts, the list of participants is at hand, and one request does it all. Whoever joins
//! a minute later is never heard.
//! Breaks `recording.tracks`.

use egress_sim_sdk::{Cx, Result, Room, TrackInfo};

use crate::About;
use crate::reference::desk::{Desk, Plan, Wanted};
use crate::reference::duty::Duty;
use crate::reference::{Reference, Steps};

/// What it is.
pub const ABOUT: About = About {
    name: "misses-late-tracks",
    summary: "Records the tracks of those who were there at the start, and of nobody who joins later.",
    breaks: Some("recording.tracks"),
    breaks_sandbox: false,
};

/// See the head of this file.
pub struct MissesLateTracks(pub Reference, /** Sid of the call that was seen last. */ pub String);

impl Steps for MissesLateTracks {
    fn desk(&mut self) -> &mut Desk {
        self.0.desk()
    }

    fn duties_of_call(&mut self, cx: &mut Cx<'_>, room: &Room, plan: &Plan) -> Result<Vec<Duty>> {
        // Once: whoever joins brings a sign of the call, too.
        if std::mem::replace(&mut self.1, room.sid.clone()) == room.sid {
            return Ok(Vec::new());
        }
        self.0.duties_of_room(cx, room, plan)
    }

    fn duties_of_track(&mut self, room: &Room, plan: &Plan, track: &TrackInfo) -> Vec<Duty> {
        if plan.wanted == Wanted::Tracks { Vec::new() } else { self.0.duties_of_track(room, plan, track) }
    }

    fn duties_of_room(&mut self, cx: &mut Cx<'_>, room: &Room, plan: &Plan) -> Result<Vec<Duty>> {
        if plan.wanted == Wanted::Tracks { Ok(Vec::new()) } else { self.0.duties_of_room(cx, room, plan) }
    }
}
