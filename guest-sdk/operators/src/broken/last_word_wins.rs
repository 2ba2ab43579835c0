//! Takes the egress that was heard of last for the one that records the call.
//!
//! Why people write it: events come in order. Within one egress they nearly always do; a late ACTIVE of an egress that has
//! failed and been replaced takes the call's place from its successor.
//! Breaks `recording.no-overlap`.

use egress_sim_sdk::{Commit, Cx, Outcome};

use crate::About;
use crate::reference::desk::Desk;
use crate::reference::duty::Duty;
use crate::reference::recording::Recording;
use crate::reference::{Reference, Steps};

/// What it is.
pub const ABOUT: About = About {
    name: "last-word-wins",
    summary: "Lets an old egress_updated undo what a later event said.",
    breaks: Some("recording.no-overlap"),
    breaks_sandbox: false,
};

/// See the head of this file.
pub struct LastWordWins(pub Reference);

impl Steps for LastWordWins {
    fn desk(&mut self) -> &mut Desk {
        self.0.desk()
    }

    fn progressed(&mut self, cx: &mut Cx<'_>, recording: &Recording) -> Outcome {
        let Some(entry) = cx.state().get(&recording.open_key())? else { return Ok(()) };
        let duty = Duty { egress_id: Some(recording.egress_id.clone()), ..Duty::read(&entry)? };
        cx.commit(Commit::new().put_state(&entry.key, duty.to_json()).expect_state(&entry)).map(|_| ())
    }
}
