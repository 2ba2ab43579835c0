//! Takes its own commit for somebody else's.
//!
//! Why people write it: a commit that was not answered is sent again, and a conflict means that another instance was quicker.
//! Where the first one was made after all, the other instance is oneself, and the egress that is stopped for it the only one.
//! Breaks `recording.composite-per-call`.

use egress_sim_sdk::{Commit, Cx, EgressInfo, Error, Result, RoomCompositeEgressRequest};

use crate::About;
use crate::reference::desk::Desk;
use crate::reference::{Reference, Steps};

/// What it is.
pub const ABOUT: About = About {
    name: "conflict-is-failure",
    summary: "Sends a commit again that was not answered, and stops its egress over the conflict with itself.",
    breaks: Some("recording.composite-per-call"),
    breaks_sandbox: false,
};

/// See the head of this file.
pub struct ConflictIsFailure(pub Reference, /** The egress that it has just started. */ pub String);

impl Steps for ConflictIsFailure {
    fn desk(&mut self) -> &mut Desk {
        self.0.desk()
    }

    fn ask_for_composite(&mut self, cx: &mut Cx<'_>, request: RoomCompositeEgressRequest) -> Result<EgressInfo> {
        let info = self.0.ask_for_composite(cx, request)?;
        self.1.clone_from(&info.egress_id);
        Ok(info)
    }

    fn write_start(&mut self, cx: &mut Cx<'_>, commit: Commit) -> Result<u64> {
        let mut outcome = cx.commit(commit.clone());
        if outcome.as_ref().is_err_and(Error::outcome_unknown) {
            outcome = cx.commit(commit);
        }
        if let Err(Error::Conflict(_)) = outcome {
            let lost = self.1.clone();
            self.stop(cx, &lost)?;
        }
        outcome
    }
}
