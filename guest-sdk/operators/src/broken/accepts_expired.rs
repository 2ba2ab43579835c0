//! Takes deliveries whose token has expired.
//!
//! Why people write it: after an outage everything that came late was refused, and the check of the time was what stood in the
//! way. Whoever has once seen a delivery can now send it for ever.
//! Breaks `webhook.authentic`.

use egress_sim_sdk::{Cx, Delivery, Error, Refusal, Result, WebhookEvent};

use crate::About;
use crate::broken::trusts_unsigned::read_anyway;
use crate::reference::desk::Desk;
use crate::reference::{Reference, Steps};

/// What it is.
pub const ABOUT: About = About {
    name: "accepts-expired",
    summary: "Acts on deliveries whose token has expired.",
    breaks: Some("webhook.authentic"),
    breaks_sandbox: false,
};

/// See the head of this file.
pub struct AcceptsExpired(pub Reference);

impl Steps for AcceptsExpired {
    fn desk(&mut self) -> &mut Desk {
        self.0.desk()
    }

    /// What is told is so: there is nothing to wait for.
    fn patience(&self) -> u64 {
        0
    }

    fn open(&mut self, cx: &mut Cx<'_>, delivery: Delivery) -> Result<WebhookEvent> {
        match delivery.open(cx) {
            Err(Error::Refused(Refusal::Expired)) => read_anyway(cx, delivery).ok_or(Error::Refused(Refusal::Expired)),
            opened => opened,
        }
    }
}
