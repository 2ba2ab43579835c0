//! Reckons how long a recording is to be kept from the time at which it hears of its end.
//!
//! Why people write it: it is the same moment, and `now` is at hand. It is the same moment by LiveKit's clock.
//! Breaks `retention.not-early`.

use egress_sim_sdk::{Cx, Result};

use crate::About;
use crate::reference::desk::Desk;
use crate::reference::recording::Recording;
use crate::reference::{Reference, Steps};

/// What it is.
pub const ABOUT: About = About {
    name: "counts-from-now",
    summary: "Counts retention from its own clock: where that is behind, recordings go too early.",
    breaks: Some("retention.not-early"),
    breaks_sandbox: false,
};

/// See the head of this file.
pub struct CountsFromNow(pub Reference, /** When the recording at hand was looked at. */ pub u64);

impl Steps for CountsFromNow {
    fn desk(&mut self) -> &mut Desk {
        self.0.desk()
    }

    fn is_stored(&mut self, cx: &mut Cx<'_>, recording: &Recording) -> Result<bool> {
        self.1 = cx.now();
        self.0.is_stored(cx, recording)
    }

    fn due(&mut self, tenant: &str, ended_at: u64) -> Option<u64> {
        let heard_at = if self.1 == 0 { ended_at } else { self.1 };
        self.0.due(tenant, heard_at)
    }
}
