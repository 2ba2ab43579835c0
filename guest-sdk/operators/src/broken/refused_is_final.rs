//! Takes a refused start for the end of the matter.
//!
//! Why people write it: an error that is not a timeout looks like one of their own, and those are not to be tried again.
//! `unavailable`, `resource_exhausted` and, right behind `room_started`, `not_found` go away by themselves.
//! Breaks `recording.composite-per-call`.

use egress_sim_sdk::{Cx, Error, Result};

use crate::About;
use crate::reference::desk::Desk;
use crate::reference::duty::Duty;
use crate::reference::{Reference, Steps};

/// What it is.
pub const ABOUT: About = About {
    name: "refused-is-final",
    summary: "Never tries a start again that LiveKit has refused.",
    breaks: Some("recording.composite-per-call"),
    breaks_sandbox: false,
};

/// See the head of this file.
pub struct RefusedIsFinal(pub Reference);

impl Steps for RefusedIsFinal {
    fn desk(&mut self) -> &mut Desk {
        self.0.desk()
    }

    fn is_final(&mut self, _cx: &mut Cx<'_>, _duty: &Duty, refusal: &Error) -> Result<bool> {
        Ok(refusal.status().is_some())
    }
}
