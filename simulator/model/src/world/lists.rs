//! Listings of the operator: what the sink makes of them, and what faults do.

use super::World;
use crate::call::{Call, CallError, ListObjectsPage, ListVersionsPage};
use crate::time::Time;

impl World<'_> {
    /// S3 `ListObjectsV2`.
    pub(super) fn list_objects_v2(
        &mut self,
        instance: u32,
        call: &Call,
        (bucket, prefix): (&str, &str),
        token: Option<&str>,
        max_keys: u32,
    ) -> Result<ListObjectsPage, CallError> {
        self.expire(instance, call, token.is_some())?;
        let as_of = self.staleness(instance, call);
        self.state.sink.list_objects_v2_at(as_of, bucket, prefix, token, max_keys)
    }

    /// S3 `ListObjectVersions`.
    pub(super) fn list_object_versions(
        &mut self,
        instance: u32,
        call: &Call,
        (bucket, prefix): (&str, &str),
        marker: Option<(&str, &str)>,
        max_keys: u32,
    ) -> Result<ListVersionsPage, CallError> {
        self.expire(instance, call, marker.is_some())?;
        let as_of = self.staleness(instance, call);
        self.state.sink.list_object_versions_at(as_of, bucket, prefix, marker, max_keys)
    }

    /// Refuses the token of a next page if a fault says so. A first page has none, and is no match.
    pub(super) fn expire(&mut self, instance: u32, call: &Call, has_token: bool) -> Result<(), CallError> {
        const KIND: &str = "s3.token_expired";
        if has_token && self.faults.has(KIND) && self.strike_s3(&[KIND], instance, call).is_some() {
            return Err(CallError::rejected("InvalidArgument", 400, "The continuation token provided is incorrect"));
        }
        Ok(())
    }

    /// The moment that a listing shows; none: now.
    pub(super) fn staleness(&mut self, instance: u32, call: &Call) -> Option<Time> {
        const KIND: &str = "s3.stale_list";
        if !self.faults.has(KIND) {
            return None;
        }
        let strike = self.strike_s3(&[KIND], instance, call)?;
        Some(self.state.now - self.faults.fault(strike).span("by"))
    }
}
