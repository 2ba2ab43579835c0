//! Verifies the token and takes the body for what came with it.
//!
//! Why people write it: a framework hands over the body parsed, and parsed it has no bytes to hash. The signature is
//! verified, so it looks done; but it is the signature of the token alone, and a token can be taken from another delivery.
//! Breaks `webhook.authentic`.

use egress_sim_sdk::{Cx, Delivery, Error, Refusal, Result, WebhookEvent};

use crate::About;
use crate::broken::trusts_unsigned::read_anyway;
use crate::reference::desk::Desk;
use crate::reference::{Reference, Steps};

/// What it is.
pub const ABOUT: About = About {
    name: "ignores-body-hash",
    summary: "Verifies the token, and does not compare the body with the hash in it.",
    breaks: Some("webhook.authentic"),
    breaks_sandbox: false,
};

/// See the head of this file.
pub struct IgnoresBodyHash(pub Reference);

impl Steps for IgnoresBodyHash {
    fn desk(&mut self) -> &mut Desk {
        self.0.desk()
    }

    /// What is told is so: there is nothing to wait for.
    fn patience(&self) -> u64 {
        0
    }

    fn open(&mut self, cx: &mut Cx<'_>, delivery: Delivery) -> Result<WebhookEvent> {
        match delivery.open(cx) {
            Err(Error::Refused(Refusal::BodyMismatch)) => {
                read_anyway(cx, delivery).ok_or(Error::Refused(Refusal::BodyMismatch))
            }
            opened => opened,
        }
    }
}
