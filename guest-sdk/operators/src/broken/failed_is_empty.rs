//! Sweeps the rows of recordings that were stored, and leaves the failed ones alone.
//!
//! Why people write it: an egress that failed has stored nothing: that is what failing means. A worker that is killed for its memory
//! uploads first what it has, and is FAILED then.
//! Breaks `deletion.complete`.

use egress_sim_sdk::{Row, RowState};

use crate::About;
use crate::reference::desk::Desk;
use crate::reference::{Reference, Steps};

/// What it is.
pub const ABOUT: About = About {
    name: "failed-is-empty",
    summary: "Takes FAILED for nothing stored, and never deletes what a failed egress left.",
    breaks: Some("deletion.complete"),
    breaks_sandbox: false,
};

/// See the head of this file.
pub struct FailedIsEmpty(pub Reference);

impl Steps for FailedIsEmpty {
    fn desk(&mut self) -> &mut Desk {
        self.0.desk()
    }

    fn concerns(&mut self, row: &Row) -> bool {
        row.state != RowState::Failed
    }
}
