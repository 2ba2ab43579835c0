//! Starts another egress when one is STARTING for too long, without stopping the first.
//!
//! Why people write it: a recorder that has not started after half a minute never will, in every incident that one remembers. Some
//! only load a slow page, and then there are two.
//! Breaks `recording.no-overlap`.

use egress_sim_sdk::{Cx, EgressInfo, EgressStatus, Result};

use crate::About;
use crate::reference::desk::Desk;
use crate::reference::{Reference, Steps};

/// What it is.
pub const ABOUT: About = About {
    name: "restarts-after-start-timeout",
    summary: "Starts a second egress when the first one is STARTING for long, and does not stop it.",
    breaks: Some("recording.no-overlap"),
    breaks_sandbox: false,
};

/// See the head of this file.
pub struct RestartsAfterStartTimeout(pub Reference);

impl Steps for RestartsAfterStartTimeout {
    fn desk(&mut self) -> &mut Desk {
        self.0.desk()
    }

    fn is_silent(&mut self, cx: &mut Cx<'_>, info: &EgressInfo) -> Result<bool> {
        if info.status == EgressStatus::Starting { Ok(true) } else { self.0.is_silent(cx, info) }
    }
}
