//! `If-Match` and its kin.
//!
//! Source: RFC 9110 §13, and what S3 makes of it: S3 User Guide, conditional reads and conditional writes.

use crate::call::s3::request::Conditions;
use crate::call::{CallError, EntityTag};
use crate::time::Time;

/// What conditions say of a read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Go on.
    Holds,
    /// 304.
    NotModified,
    /// 412.
    Failed,
}

impl Conditions {
    /// Whether an object with this entity tag may be read. An entity tag, where there is one, counts before a
    /// date.
    pub fn on_read(&self, etag: EntityTag, last_modified: Time) -> Outcome {
        let same = |wanted: &String| wanted == "*" || etag.is(wanted);
        let second = |time: Time| time.unix_seconds();
        match (&self.if_match, self.if_unmodified_since) {
            (Some(wanted), _) if !same(wanted) => return Outcome::Failed,
            (None, Some(since)) if second(last_modified) > second(since) => return Outcome::Failed,
            _ => {}
        }
        match (&self.if_none_match, self.if_modified_since) {
            (Some(other), _) if same(other) => Outcome::NotModified,
            (None, Some(since)) if second(last_modified) <= second(since) => Outcome::NotModified,
            _ => Outcome::Holds,
        }
    }

    /// Whether something may be written where `etag` is current, or nothing is.
    ///
    /// # Errors
    /// `PreconditionFailed`; `NoSuchKey` for an `If-Match` where nothing is; `NotImplemented` for an `If-None-Match` other
    /// than `*`.
    pub fn on_write(&self, etag: Option<EntityTag>) -> Result<(), CallError> {
        if let Some(wanted) = &self.if_match {
            match etag {
                None => return Err(super::object::no_such_key()),
                Some(etag) if wanted == "*" || etag.is(wanted) => {}
                Some(_) => return Err(failed("If-Match")),
            }
        }
        match self.if_none_match.as_deref() {
            None => Ok(()),
            Some("*") if etag.is_none() => Ok(()),
            Some("*") => Err(failed("If-None-Match")),
            Some(_) => Err(CallError::rejected(
                "NotImplemented",
                501,
                "A header you provided implies functionality that is not implemented",
            )),
        }
    }
}

/// What S3 says where a condition does not hold.
pub(super) fn failed(condition: &str) -> CallError {
    let what = format!("At least one of the pre-conditions you specified did not hold ({condition})");
    CallError::rejected("PreconditionFailed", 412, what)
}
