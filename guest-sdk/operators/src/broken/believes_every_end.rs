//! Takes any `egress_ended` for the end of its egress.
//!
//! Why people write it: there is one for each egress. Unless two workers took the same id, and one of them gave up.
//! Breaks `recording.no-overlap`.

use egress_sim_sdk::{Cx, EgressInfo, Result};

use crate::About;
use crate::reference::desk::Desk;
use crate::reference::{Reference, Steps};

/// What it is.
pub const ABOUT: About = About {
    name: "believes-every-end",
    summary: "Starts another composite on any egress_ended, without asking whether the first one runs.",
    breaks: Some("recording.no-overlap"),
    breaks_sandbox: false,
};

/// See the head of this file.
pub struct BelievesEveryEnd(pub Reference);

impl Steps for BelievesEveryEnd {
    fn desk(&mut self) -> &mut Desk {
        self.0.desk()
    }

    fn true_end(&mut self, _cx: &mut Cx<'_>, info: EgressInfo) -> Result<Option<EgressInfo>> {
        Ok(Some(info))
    }
}
