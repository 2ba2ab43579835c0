//! Deletes without version ids and takes the 404 that follows for proof.
//!
//! Why people write it: on a bucket without versions it is right. On a versioned one the delete puts a marker on top, HEAD
//! answers 404 with `x-amz-delete-marker: true`, and the recording is below it.
//! Breaks `deletion.verified`.

use std::collections::BTreeSet;

use egress_sim_sdk::{Cx, HeadResult, ObjectId, ObjectVersion, Result, Row};

use crate::About;
use crate::reference::desk::Desk;
use crate::reference::{Reference, Steps};

/// What it is.
pub const ABOUT: About = About {
    name: "marker-is-gone",
    summary: "Takes a delete marker for gone: the versions below it stay.",
    breaks: Some("deletion.verified"),
    breaks_sandbox: false,
};

/// See the head of this file.
pub struct MarkerIsGone(pub Reference);

impl Steps for MarkerIsGone {
    fn desk(&mut self) -> &mut Desk {
        self.0.desk()
    }

    fn targets(&mut self, found: &[ObjectVersion]) -> Vec<ObjectId> {
        let keys: BTreeSet<&str> = found.iter().map(|version| version.key.as_str()).collect();
        keys.into_iter().map(ObjectId::key).collect()
    }

    fn looks_gone(&mut self, cx: &mut Cx<'_>, bucket: &str, key: &str) -> Result<bool> {
        Ok(matches!(cx.sink(bucket).head(key)?, HeadResult::NotFound(_)))
    }

    fn nothing_left(&mut self, _cx: &mut Cx<'_>, _row: &Row) -> Result<bool> {
        Ok(true)
    }

    fn buckets_to_search(&mut self, _tenant: &str) -> Vec<String> {
        Vec::new()
    }
}
