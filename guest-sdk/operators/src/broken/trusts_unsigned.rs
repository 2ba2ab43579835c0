//! Reads the body of a delivery whose signature does not verify.
//!
//! Why people write it: after a change of keys genuine events were refused, and this was to be for one night. Anybody who knows
//! the address can now say that a recording has ended.
//! Breaks `webhook.authentic`.

use egress_sim_sdk::{Cx, Delivery, EgressStatus, Error, Result, WebhookEvent};

use crate::About;
use crate::reference::desk::Desk;
use crate::reference::{Reference, Steps};

/// What it is.
pub const ABOUT: About = About {
    name: "trusts-unsigned",
    summary: "Acts on deliveries whose signature does not verify.",
    breaks: Some("webhook.authentic"),
    breaks_sandbox: false,
};

/// See the head of this file.
pub struct TrustsUnsigned(pub Reference);

impl Steps for TrustsUnsigned {
    fn desk(&mut self) -> &mut Desk {
        self.0.desk()
    }

    /// What is told is so: there is nothing to wait for.
    fn patience(&self) -> u64 {
        0
    }

    fn open(&mut self, cx: &mut Cx<'_>, delivery: Delivery) -> Result<WebhookEvent> {
        match delivery.open(cx) {
            Err(Error::Refused(refusal)) => read_anyway(cx, delivery).ok_or(Error::Refused(refusal)),
            opened => opened,
        }
    }
}

/// The event of an egress as the body has it, whoever wrote it.
pub fn read_anyway(cx: &mut Cx<'_>, delivery: Delivery) -> Option<WebhookEvent> {
    let body: serde_json::Value = serde_json::from_slice(&delivery.raw(cx).body).ok()?;
    let event = body["event"].as_str()?.to_owned();
    let mut info = cx.egress().get(body["egressInfo"]["egressId"].as_str()?).ok()??;
    if event == "egress_ended" {
        info.status = EgressStatus::Complete;
        info.ended_at = cx.now();
    }
    Some(WebhookEvent {
        id: body["id"].as_str().unwrap_or_default().to_owned(),
        event,
        created_at: 0,
        room: None,
        participant: None,
        track: None,
        egress_info: Some(info),
    })
}
