//! Takes the 200 of a batch delete for the deletion of all its keys.
//!
//! Why people write it: the call did not fail. `DeleteObjects` answers 200 whatever happened to the single keys, and what it
//! refused is in the body.
//! Breaks `deletion.complete`.

use egress_sim_sdk::{Cx, DeleteError, ObjectId, Result, Row};

use crate::About;
use crate::reference::desk::Desk;
use crate::reference::{Reference, Steps};

/// What it is.
pub const ABOUT: About = About {
    name: "ignores-batch-errors",
    summary: "Does not read the errors inside the answer to a batch delete.",
    breaks: Some("deletion.complete"),
    breaks_sandbox: false,
};

/// See the head of this file.
pub struct IgnoresBatchErrors(pub Reference);

impl Steps for IgnoresBatchErrors {
    fn desk(&mut self) -> &mut Desk {
        self.0.desk()
    }

    fn delete(&mut self, cx: &mut Cx<'_>, bucket: &str, targets: Vec<ObjectId>) -> Result<Vec<DeleteError>> {
        cx.sink(bucket).delete_batch(targets)?;
        Ok(Vec::new())
    }

    fn looks_gone(&mut self, _cx: &mut Cx<'_>, _bucket: &str, _key: &str) -> Result<bool> {
        Ok(true)
    }

    fn nothing_left(&mut self, _cx: &mut Cx<'_>, _row: &Row) -> Result<bool> {
        Ok(true)
    }

    fn buckets_to_search(&mut self, _tenant: &str) -> Vec<String> {
        Vec::new()
    }
}
