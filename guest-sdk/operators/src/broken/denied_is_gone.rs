//! Takes a HEAD that is refused for one that finds nothing.
//!
//! Why people write it: S3 answers 403, not 404, for a missing object to whoever may not list the bucket, so "not 200" became
//! "gone". It answers 403 just as well for an object that is there.
//! Breaks `deletion.verified`.

use egress_sim_sdk::{Cx, Result};

use crate::About;
use crate::reference::desk::Desk;
use crate::reference::{Reference, Steps};

/// What it is.
pub const ABOUT: About = About {
    name: "denied-is-gone",
    summary: "Takes 403 on HEAD for proof that an object is gone.",
    breaks: Some("deletion.verified"),
    breaks_sandbox: false,
};

/// See the head of this file.
pub struct DeniedIsGone(pub Reference);

impl Steps for DeniedIsGone {
    fn desk(&mut self) -> &mut Desk {
        self.0.desk()
    }

    fn looks_gone(&mut self, cx: &mut Cx<'_>, bucket: &str, key: &str) -> Result<bool> {
        match self.0.looks_gone(cx, bucket, key) {
            Err(error) if error.status() == Some(403) => Ok(true),
            looked => looked,
        }
    }
}
