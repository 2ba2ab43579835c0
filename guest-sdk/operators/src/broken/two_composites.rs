//! Starts a recording whenever `room_started` arrives.
//!
//! Why people write it: a room starts once, so the event comes once. But LiveKit sends it again whenever it did not hear the
//! answer.
//! Breaks `recording.no-overlap`.

use egress_sim_sdk::{Commit, Cx, Delivery, Result, WebhookEvent};

use crate::About;
use crate::reference::desk::Desk;
use crate::reference::duty::Duty;
use crate::reference::{Claim, Reference, Steps};

/// What it is.
pub const ABOUT: About = About {
    name: "two-composites",
    summary: "Starts another composite when room_started is delivered again.",
    breaks: Some("recording.no-overlap"),
    breaks_sandbox: false,
};

/// See the head of this file.
pub struct TwoComposites(pub Reference, /** The delivery at hand is a `room_started`. */ pub bool);

impl Steps for TwoComposites {
    fn desk(&mut self) -> &mut Desk {
        self.0.desk()
    }

    fn open(&mut self, cx: &mut Cx<'_>, delivery: Delivery) -> Result<WebhookEvent> {
        let event = self.0.open(cx, delivery)?;
        self.1 = event.event == "room_started";
        Ok(event)
    }

    fn claim(&mut self, cx: &mut Cx<'_>, duty: &mut Duty) -> Result<Claim> {
        if !std::mem::take(&mut self.1) {
            return self.0.claim(cx, duty);
        }
        duty.since = cx.now();
        // Whatever stands there is written over.
        let version = cx.commit(Commit::new().put_state(&duty.open_key(), duty.to_json()))?;
        Ok(Claim::Ours(version))
    }
}
