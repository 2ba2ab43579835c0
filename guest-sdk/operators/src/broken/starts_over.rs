//! Takes an intent without an egress for a start that came to nothing, and starts again.
//!
//! Why people write it: a job that is still "pending" after a restart was not done. LiveKit may have done it all the same, and
//! only the answer was lost.
//! Breaks `recording.no-overlap`.

use egress_sim_sdk::{Commit, Cx, Result};

use crate::About;
use crate::reference::desk::Desk;
use crate::reference::duty::Duty;
use crate::reference::{Claim, Reference, Steps};

/// What it is.
pub const ABOUT: About = About {
    name: "starts-over",
    summary: "Starts again where an intent has no egress, without asking LiveKit what came of it.",
    breaks: Some("recording.no-overlap"),
    breaks_sandbox: false,
};

/// See the head of this file.
pub struct StartsOver(pub Reference);

impl Steps for StartsOver {
    fn desk(&mut self) -> &mut Desk {
        self.0.desk()
    }

    fn claim(&mut self, cx: &mut Cx<'_>, duty: &mut Duty) -> Result<Claim> {
        match self.0.claim(cx, duty)? {
            Claim::Begun(entry) if Duty::read(&entry)?.egress_id.is_none() => {
                let again = Commit::new().put_state(&entry.key, duty.to_json()).expect_state(&entry);
                Ok(Claim::Ours(cx.commit(again)?))
            }
            claim => Ok(claim),
        }
    }
}
