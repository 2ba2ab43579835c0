//! Knows every event that there is, and dies of any other.
//!
//! Why people write it: an enumeration of the events, matched in full, is good style. The server gets new ones without
//! asking.
//! Breaks `sandbox.contained`.

use egress_sim_sdk::{Cx, Delivery, Result, WebhookEvent};

use crate::About;
use crate::reference::desk::Desk;
use crate::reference::{Reference, Steps};

/// What it is.
pub const ABOUT: About = About {
    name: "strict-events",
    summary: "Panics on an event that it does not know.",
    breaks: Some("sandbox.contained"),
    breaks_sandbox: false,
};

/// See the head of this file.
pub struct StrictEvents(pub Reference);

impl Steps for StrictEvents {
    fn desk(&mut self) -> &mut Desk {
        self.0.desk()
    }

    fn open(&mut self, cx: &mut Cx<'_>, delivery: Delivery) -> Result<WebhookEvent> {
        let event = self.0.open(cx, delivery)?;
        let (about, _what) = event.event.split_once('_').expect("events are called about_what");
        match (about, event.event.as_str()) {
            ("participant" | "track" | "egress" | "ingress", _) | (_, "room_started" | "room_finished") => Ok(event),
            (_, unknown) => unreachable!("there is no event {unknown}"),
        }
    }
}
