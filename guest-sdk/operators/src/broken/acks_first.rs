//! Writes down that a delivery was handled before it is.
//!
//! Why people write it: the check against duplicates stands at the door, in front of everything else, and it is one write.
//! A handler that dies behind it is not asked again: LiveKit's next attempt is taken for a duplicate.
//! Breaks `recording.composite-per-call`.

use egress_sim_sdk::{Commit, Cx, Delivery, Error, Result, WebhookEvent};

use crate::About;
use crate::reference::desk::Desk;
use crate::reference::{Reference, Steps};

/// What it is.
pub const ABOUT: About = About {
    name: "acks-first",
    summary: "Notes a delivery's id as handled before handling it, so that a retry after a crash is dropped.",
    breaks: Some("recording.composite-per-call"),
    breaks_sandbox: false,
};

/// See the head of this file.
pub struct AcksFirst(pub Reference);

impl Steps for AcksFirst {
    fn desk(&mut self) -> &mut Desk {
        self.0.desk()
    }

    fn open(&mut self, cx: &mut Cx<'_>, delivery: Delivery) -> Result<WebhookEvent> {
        let event = self.0.open(cx, delivery)?;
        let handled = format!("handled/{}", event.id);
        match cx.commit(Commit::new().put_state(&handled, "").expect_no_state(&handled)) {
            Ok(_) => Ok(event),
            // There is nothing to be done for an event without a name.
            Err(Error::Conflict(_)) => Ok(WebhookEvent { event: String::new(), ..event }),
            Err(error) => Err(error),
        }
    }
}
