//! Knows an event that comes again by its id.
//!
//! Why people write it: the documentation says that retries have the same id, and they have. An update that the worker
//! repeats is another event with the same news.
//! Breaks `recording.no-overlap`.

use egress_sim_sdk::{Commit, Cx, Delivery, Result, WebhookEvent};

use crate::About;
use crate::reference::desk::Desk;
use crate::reference::duty::Duty;
use crate::reference::{Claim, Reference, Steps};

/// What it is.
pub const ABOUT: About = About {
    name: "dedupes-by-id",
    summary: "Starts another composite when room_started comes under another id.",
    breaks: Some("recording.no-overlap"),
    breaks_sandbox: false,
};

/// See the head of this file.
pub struct DedupesById(
    pub Reference,
    /** The id of the `room_started` at hand; empty: it is something else. */ pub String,
);

impl Steps for DedupesById {
    fn desk(&mut self) -> &mut Desk {
        self.0.desk()
    }

    fn open(&mut self, cx: &mut Cx<'_>, delivery: Delivery) -> Result<WebhookEvent> {
        let event = self.0.open(cx, delivery)?;
        self.1 = if event.event == "room_started" { event.id.clone() } else { String::new() };
        Ok(event)
    }

    fn claim(&mut self, cx: &mut Cx<'_>, duty: &mut Duty) -> Result<Claim> {
        let id = std::mem::take(&mut self.1);
        if id.is_empty() {
            return self.0.claim(cx, duty);
        }
        let handled = format!("handled/{id}");
        if cx.state().get(&handled)?.is_some() {
            return Ok(Claim::Done);
        }
        duty.since = cx.now();
        let version = cx.commit(Commit::new().put_state(&duty.open_key(), duty.to_json()).put_state(&handled, ""))?;
        Ok(Claim::Ours(version))
    }
}
