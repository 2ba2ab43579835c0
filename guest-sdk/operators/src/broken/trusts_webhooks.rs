//! Does what webhooks say, and never looks itself.
//!
//! Why people write it: there is an event for everything, and polling is what one did before there were webhooks. An event
//! that is lost is lost for good: nobody notices that the recorder has died.
//! Breaks `recording.gap`.

use egress_sim_sdk::{Cx, Result, StateEntry};

use crate::About;
use crate::reference::desk::Desk;
use crate::reference::{Reference, Steps};

/// What it is.
pub const ABOUT: About = About {
    name: "trusts-webhooks",
    summary: "Never compares what should be recorded with what is.",
    breaks: Some("recording.gap"),
    breaks_sandbox: false,
};

/// See the head of this file.
pub struct TrustsWebhooks(pub Reference);

impl Steps for TrustsWebhooks {
    fn desk(&mut self) -> &mut Desk {
        self.0.desk()
    }

    fn open_duties(&mut self, _cx: &mut Cx<'_>) -> Result<Vec<StateEntry>> {
        Ok(Vec::new())
    }
}
