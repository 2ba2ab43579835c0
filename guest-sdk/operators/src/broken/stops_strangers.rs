//! Stops an egress that none of its duties names.
//!
//! Why people write it: an egress that nobody asked for costs money, and a crash can leave one. While the answer to a start is
//! under way, the egress that it started is just such a stranger, and its webhooks may come first (workadventure#6006).
//! Breaks `recording.composite-per-call`.

use egress_sim_sdk::{Cx, Outcome};

use crate::About;
use crate::reference::desk::Desk;
use crate::reference::duty::Duty;
use crate::reference::recording::Recording;
use crate::reference::{Reference, Steps};

/// What it is.
pub const ABOUT: About = About {
    name: "stops-strangers",
    summary: "Stops an egress whose webhook comes before the answer to its start.",
    breaks: Some("recording.composite-per-call"),
    breaks_sandbox: false,
};

/// See the head of this file.
pub struct StopsStrangers(pub Reference);

impl Steps for StopsStrangers {
    fn desk(&mut self) -> &mut Desk {
        self.0.desk()
    }

    fn progressed(&mut self, cx: &mut Cx<'_>, recording: &Recording) -> Outcome {
        let Some(entry) = cx.state().get(&recording.open_key())? else { return Ok(()) };
        match Duty::read(&entry)?.egress_id {
            Some(known) if known == recording.egress_id => Ok(()),
            _ => self.stop(cx, &recording.egress_id),
        }
    }
}
