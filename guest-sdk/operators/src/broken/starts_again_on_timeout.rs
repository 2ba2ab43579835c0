//! Asks for a composite again when the first request is not answered.
//!
//! Why people write it: the HTTP client has a setting for it, and for reading it is right. LiveKit may have started the first
//! one all the same: then two workers record the call.
//! Breaks `recording.no-overlap`.

use egress_sim_sdk::{Cx, EgressInfo, Result, RoomCompositeEgressRequest};

use crate::About;
use crate::reference::desk::Desk;
use crate::reference::{Reference, Steps};

/// What it is.
pub const ABOUT: About = About {
    name: "starts-again-on-timeout",
    summary: "Sends a start again that was not answered, without looking whether an egress runs.",
    breaks: Some("recording.no-overlap"),
    breaks_sandbox: false,
};

/// See the head of this file.
pub struct StartsAgainOnTimeout(pub Reference);

impl Steps for StartsAgainOnTimeout {
    fn desk(&mut self) -> &mut Desk {
        self.0.desk()
    }

    fn ask_for_composite(&mut self, cx: &mut Cx<'_>, request: RoomCompositeEgressRequest) -> Result<EgressInfo> {
        match cx.egress().start_room_composite(request.clone()) {
            Err(error) if error.outcome_unknown() => cx.egress().start_room_composite(request),
            answer => answer,
        }
    }
}
