//! Expects an egress in every event.
//!
//! Why people write it: in the events that were looked at there was one. `room_started` has none.
//! Breaks `sandbox.contained`.

use egress_sim_sdk::{Cx, Delivery, Result, WebhookEvent};

use crate::About;
use crate::reference::desk::Desk;
use crate::reference::{Reference, Steps};

/// What it is.
pub const ABOUT: About = About {
    name: "panics",
    summary: "Panics at the first event that is not about an egress.",
    breaks: Some("sandbox.contained"),
    breaks_sandbox: false,
};

/// See the head of this file.
pub struct Panics(pub Reference);

impl Steps for Panics {
    fn desk(&mut self) -> &mut Desk {
        self.0.desk()
    }

    fn open(&mut self, cx: &mut Cx<'_>, delivery: Delivery) -> Result<WebhookEvent> {
        let event = self.0.open(cx, delivery)?;
        let egress = event.egress_info.as_ref().expect("every event is about an egress");
        cx.log().info(format!("{} of {}", event.event, egress.egress_id));
        Ok(event)
    }
}
