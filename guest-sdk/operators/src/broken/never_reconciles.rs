//! Never looks whether what it believes is so.
//!
//! Why people write it: every event has its webhook, and LiveKit sends it again if it is not answered. Until the operator
//! is away for half a minute, and `egress_ended` is lost for good.
//! Breaks `operator.converges`.

use egress_sim_sdk::{Cx, Outcome};

use crate::About;
use crate::reference::desk::Desk;
use crate::reference::{Reference, Steps};

/// What it is.
pub const ABOUT: About = About {
    name: "never-reconciles",
    summary: "Acts on webhooks alone and never compares what it believes with what LiveKit knows.",
    breaks: Some("operator.converges"),
    breaks_sandbox: false,
};

/// See the head of this file.
pub struct NeverReconciles(pub Reference);

impl Steps for NeverReconciles {
    fn desk(&mut self) -> &mut Desk {
        self.0.desk()
    }

    fn booted(&mut self, _cx: &mut Cx<'_>) -> Outcome {
        Ok(())
    }

    fn keep_watch(&mut self, _cx: &mut Cx<'_>, _now: u64) -> Outcome {
        Ok(())
    }
}
