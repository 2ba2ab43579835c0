//! Looks whether somebody records the call already, and if not, starts.
//!
//! Why people write it: it looked first, and with one instance nothing can happen in between. With two, both look.
//! Breaks `recording.no-overlap`.

use egress_sim_sdk::{Commit, Cx, Result};

use crate::About;
use crate::reference::desk::Desk;
use crate::reference::duty::Duty;
use crate::reference::{Claim, Reference, Steps};

/// What it is.
pub const ABOUT: About = About {
    name: "no-lease",
    summary: "Looks for an intent and then writes its own, without compare-and-swap: two instances both start.",
    breaks: Some("recording.no-overlap"),
    breaks_sandbox: false,
};

/// See the head of this file.
pub struct NoLease(pub Reference);

impl Steps for NoLease {
    fn desk(&mut self) -> &mut Desk {
        self.0.desk()
    }

    fn claim(&mut self, cx: &mut Cx<'_>, duty: &mut Duty) -> Result<Claim> {
        if cx.state().get(&duty.closed_key())?.is_some() {
            return Ok(Claim::Done);
        }
        if let Some(entry) = cx.state().get(&duty.open_key())? {
            return Ok(Claim::Begun(entry));
        }
        duty.since = cx.now();
        let version = cx.commit(Commit::new().put_state(&duty.open_key(), duty.to_json()))?;
        Ok(Claim::Ours(version))
    }
}
