//! Keeps room in memory for every event it ever got.
//!
//! Why people write it: a cache. It has no size, and nothing is ever taken out of it.
//! Breaks `sandbox.contained`.

use egress_sim_sdk::{Cx, Delivery, Result, WebhookEvent};

use crate::About;
use crate::reference::desk::Desk;
use crate::reference::{Reference, Steps};

/// What it is.
pub const ABOUT: About = About {
    name: "hoards-memory",
    summary: "Keeps memory for each event and never gives any back.",
    breaks: Some("sandbox.contained"),
    breaks_sandbox: true,
};

/// See the head of this file.
pub struct HoardsMemory(pub Reference, /** One piece for each event. */ pub Vec<Vec<u8>>);

/// What is kept for each event, in bytes.
const PER_EVENT: usize = 32 << 20;

impl Steps for HoardsMemory {
    fn desk(&mut self) -> &mut Desk {
        self.0.desk()
    }

    fn open(&mut self, cx: &mut Cx<'_>, delivery: Delivery) -> Result<WebhookEvent> {
        self.1.push(vec![1; PER_EVENT]);
        self.0.open(cx, delivery)
    }
}
