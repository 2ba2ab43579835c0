//! Deletes what `egress_ended` named and leaves `{egress_id}.json` behind.
//!
//! Why people write it: the manifest is in no result list, and who does not know of it does not look for it. It names the
//! room and everybody in it.
//! Breaks `retention.whole-recording`.

use egress_sim_sdk::{Cx, ObjectVersion, Result, Row};

use crate::About;
use crate::reference::desk::Desk;
use crate::reference::{Reference, Steps, recording};

/// What it is.
pub const ABOUT: About = About {
    name: "leaves-manifest",
    summary: "Deletes a recording but not the manifest beside it.",
    breaks: Some("retention.whole-recording"),
    breaks_sandbox: false,
};

/// See the head of this file.
pub struct LeavesManifest(pub Reference);

impl Steps for LeavesManifest {
    fn desk(&mut self) -> &mut Desk {
        self.0.desk()
    }

    fn find(&mut self, cx: &mut Cx<'_>, row: &Row) -> Result<Vec<ObjectVersion>> {
        let mut found = self.0.find(cx, row)?;
        found.retain(|version| !recording::is_manifest(&version.key));
        Ok(found)
    }

    fn buckets_to_search(&mut self, _tenant: &str) -> Vec<String> {
        Vec::new()
    }
}
