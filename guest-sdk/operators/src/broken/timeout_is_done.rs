//! Takes a batch delete that was not answered for one that was carried out.
//!
//! Why people write it: it usually was. The next sweep would find the rest, they say, but there is none for a row that says
//! deleted.
//! Breaks `deletion.complete`.

use egress_sim_sdk::{Cx, DeleteError, ObjectId, Result, Row};

use crate::About;
use crate::reference::desk::Desk;
use crate::reference::{Reference, Steps};

/// What it is.
pub const ABOUT: About = About {
    name: "timeout-is-done",
    summary: "Reports keys as deleted whose deletion was not answered.",
    breaks: Some("deletion.complete"),
    breaks_sandbox: false,
};

/// See the head of this file.
pub struct TimeoutIsDone(pub Reference, /** The last batch was not answered. */ pub bool);

impl Steps for TimeoutIsDone {
    fn desk(&mut self) -> &mut Desk {
        self.0.desk()
    }

    fn delete(&mut self, cx: &mut Cx<'_>, bucket: &str, targets: Vec<ObjectId>) -> Result<Vec<DeleteError>> {
        let outcome = self.0.delete(cx, bucket, targets);
        self.1 = outcome.as_ref().is_err_and(egress_sim_sdk::Error::outcome_unknown);
        if self.1 { Ok(Vec::new()) } else { outcome }
    }

    fn looks_gone(&mut self, cx: &mut Cx<'_>, bucket: &str, key: &str) -> Result<bool> {
        Ok(self.1 || self.0.looks_gone(cx, bucket, key)?)
    }

    fn nothing_left(&mut self, cx: &mut Cx<'_>, row: &Row) -> Result<bool> {
        Ok(self.1 || self.0.nothing_left(cx, row)?)
    }

    fn looks_again(&mut self) -> bool {
        false
    }

    fn buckets_to_search(&mut self, _tenant: &str) -> Vec<String> {
        Vec::new()
    }
}
