//! Keeps a set of the calls that it has seen to, in memory, and writes the store only for the record.
//!
//! Why people write it: a set answers at once, and the process is always there. The next one, and the one beside it, has a set of
//! its own.
//! Breaks `recording.no-overlap`.

use std::collections::BTreeSet;

use egress_sim_sdk::{Commit, Cx, Result};

use crate::About;
use crate::reference::desk::Desk;
use crate::reference::duty::Duty;
use crate::reference::{Claim, Reference, Steps};

/// What it is.
pub const ABOUT: About = About {
    name: "in-memory-lock",
    summary: "Knows only from memory which calls are seen to: after a deploy it starts them again.",
    breaks: Some("recording.no-overlap"),
    breaks_sandbox: false,
};

/// See the head of this file.
pub struct InMemoryLock(pub Reference, /** Open keys of the duties that it has seen. */ pub BTreeSet<String>);

impl Steps for InMemoryLock {
    fn desk(&mut self) -> &mut Desk {
        self.0.desk()
    }

    fn claim(&mut self, cx: &mut Cx<'_>, duty: &mut Duty) -> Result<Claim> {
        if !self.1.insert(duty.open_key()) {
            return Ok(Claim::Done);
        }
        duty.since = cx.now();
        let version = cx.commit(Commit::new().put_state(&duty.open_key(), duty.to_json()))?;
        Ok(Claim::Ours(version))
    }
}
