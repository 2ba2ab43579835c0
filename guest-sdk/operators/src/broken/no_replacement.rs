//! Takes `egress_ended` for the end of the call.
//!
//! Why people write it: in every test the egress ends because the call does. Recorders that die in the middle of a call are
//! rare, and then the rest of the call is not recorded.
//! Breaks `recording.gap`.

use egress_sim_sdk::{Cx, Result};

use crate::About;
use crate::reference::desk::Desk;
use crate::reference::duty::Duty;
use crate::reference::{Reference, Steps};

/// What it is.
pub const ABOUT: About = About {
    name: "no-replacement",
    summary: "Does not start another egress when one ends before its call.",
    breaks: Some("recording.gap"),
    breaks_sandbox: false,
};

/// See the head of this file.
pub struct NoReplacement(pub Reference);

impl Steps for NoReplacement {
    fn desk(&mut self) -> &mut Desk {
        self.0.desk()
    }

    fn needs_successor(&mut self, _cx: &mut Cx<'_>, _duty: &Duty) -> Result<bool> {
        Ok(false)
    }
}
