//! Deletes the playlist and leaves its segments behind.
//!
//! Why people write it: without the playlist nothing plays, so the recording is gone. Each segment plays by itself.
//! Breaks `retention.whole-recording`.

use egress_sim_sdk::{Cx, ObjectVersion, Result, Row};

use crate::About;
use crate::reference::desk::Desk;
use crate::reference::{Reference, Steps, recording};

/// What it is.
pub const ABOUT: About = About {
    name: "leaves-segments",
    summary: "Deletes the playlist and leaves the segments behind.",
    breaks: Some("retention.whole-recording"),
    breaks_sandbox: false,
};

/// See the head of this file.
pub struct LeavesSegments(pub Reference);

impl Steps for LeavesSegments {
    fn desk(&mut self) -> &mut Desk {
        self.0.desk()
    }

    fn find(&mut self, cx: &mut Cx<'_>, row: &Row) -> Result<Vec<ObjectVersion>> {
        let mut found = self.0.find(cx, row)?;
        found.retain(|version| !recording::is_segment(&version.key));
        Ok(found)
    }

    fn buckets_to_search(&mut self, _tenant: &str) -> Vec<String> {
        Vec::new()
    }
}
