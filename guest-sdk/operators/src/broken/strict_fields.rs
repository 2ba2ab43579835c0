//! Refuses a body with a field that it does not know.
//!
//! Why people write it: `deny_unknown_fields` finds typing errors in one's own files, and was copied to a type that
//! somebody else writes. The day the server is upgraded, the operator is deaf.
//! Breaks `recording.composite-per-call`.

use egress_sim_sdk::{Cx, Delivery, Error, Result, WebhookEvent};
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::About;
use crate::reference::desk::Desk;
use crate::reference::{Reference, Steps};

/// What it is.
pub const ABOUT: About = About {
    name: "strict-fields",
    summary: "Refuses every event whose JSON has a field that it does not know.",
    breaks: Some("recording.composite-per-call"),
    breaks_sandbox: false,
};

/// See the head of this file.
pub struct StrictFields(pub Reference);

impl Steps for StrictFields {
    fn desk(&mut self) -> &mut Desk {
        self.0.desk()
    }

    fn open(&mut self, cx: &mut Cx<'_>, delivery: Delivery) -> Result<WebhookEvent> {
        let event = self.0.open(cx, delivery)?;
        serde_json::from_slice::<Body>(&delivery.raw(cx).body).map_err(|error| Error::reject(error.to_string()))?;
        Ok(event)
    }
}

/// The fields of an event, as the documentation of that day had them.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    #[serde(rename = "id")]
    _id: IgnoredAny,
    #[serde(rename = "event")]
    _event: IgnoredAny,
    #[serde(rename = "createdAt")]
    _created_at: IgnoredAny,
    #[serde(rename = "room")]
    _room: Option<IgnoredAny>,
    #[serde(rename = "participant")]
    _participant: Option<IgnoredAny>,
    #[serde(rename = "track")]
    _track: Option<IgnoredAny>,
    #[serde(rename = "egressInfo")]
    _egress_info: Option<IgnoredAny>,
}
