//! Waits in the handler until the upload is done.
//!
//! Why people write it: the next thing to do is to enter what is in the sink, so the handler of ENDING waits until it is there.
//! With a fast upload it does; with a slow one the events behind it wait, and vanish.
//! Breaks `webhook.prompt`.

use egress_sim_sdk::{Cx, EgressStatus, Outcome};

use crate::About;
use crate::reference::desk::Desk;
use crate::reference::recording::Recording;
use crate::reference::{Reference, Steps};

/// What it is.
pub const ABOUT: About = About {
    name: "slow-handler",
    summary: "Asks LiveKit, inside the handler of an egress that is ENDING, until its upload is done.",
    breaks: Some("webhook.prompt"),
    breaks_sandbox: false,
};

/// See the head of this file.
pub struct SlowHandler(pub Reference);

impl Steps for SlowHandler {
    fn desk(&mut self) -> &mut Desk {
        self.0.desk()
    }

    fn progressed(&mut self, cx: &mut Cx<'_>, recording: &Recording) -> Outcome {
        while cx.egress().get(&recording.egress_id)?.is_some_and(|info| info.status == EgressStatus::Ending) {}
        Ok(())
    }
}
