//! Takes `AccessDenied` on a deletion for an object that is none of its business any more, and reports it deleted.
//!
//! Why people write it: the deletion job must come to an end, a locked object cannot be deleted by anybody, and the lifecycle
//! rule behind it will see to the rest. So the one code that stays is passed over.
//! Breaks `audit.truthful`.

use std::collections::BTreeSet;

use egress_sim_sdk::{Cx, DeleteError, ObjectId, Result, Row};

use crate::About;
use crate::reference::desk::Desk;
use crate::reference::{Reference, Steps};

/// What it is.
pub const ABOUT: About = About {
    name: "locked-is-deleted",
    summary: "Takes AccessDenied on a deletion for an object that is not there for it any more.",
    breaks: Some("audit.truthful"),
    breaks_sandbox: false,
};

/// See the head of this file.
pub struct LockedIsDeleted(pub Reference, pub BTreeSet<String>);

impl Steps for LockedIsDeleted {
    fn desk(&mut self) -> &mut Desk {
        self.0.desk()
    }

    fn delete(&mut self, cx: &mut Cx<'_>, bucket: &str, targets: Vec<ObjectId>) -> Result<Vec<DeleteError>> {
        let mut errors = self.0.delete(cx, bucket, targets)?;
        let locked = errors.extract_if(.., |error| error.code == "AccessDenied");
        self.1.extend(locked.map(|error| error.key));
        Ok(errors)
    }

    fn looks_gone(&mut self, cx: &mut Cx<'_>, bucket: &str, key: &str) -> Result<bool> {
        Ok(self.1.contains(key) || self.0.looks_gone(cx, bucket, key)?)
    }

    fn nothing_left(&mut self, cx: &mut Cx<'_>, row: &Row) -> Result<bool> {
        let left = self.find(cx, row)?;
        Ok(left.iter().all(|version| self.1.contains(&version.key)))
    }

    fn buckets_to_search(&mut self, _tenant: &str) -> Vec<String> {
        Vec::new()
    }
}
