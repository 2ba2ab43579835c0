//! The points at which faults can strike: every call of the contract, and what happens without one.

use super::Kind;
use super::anchor::pattern_matches;

/// Points that are not calls.
pub static MOMENTS: &[&str] = &[
    "egress.active",
    "egress.ended",
    "egress.ending",
    "egress.start",
    "operator.answer",
    "operator.call",
    "operator.delivery",
    "operator.init",
    "sink.stored",
    "upload.file",
    "upload.live_playlist",
    "upload.manifest",
    "upload.playlist",
    "upload.playlist_end",
    "upload.segment",
    "webhook.answer",
    "webhook.attempt",
    "webhook.delivery",
];

/// Points that are calls of the contract, by [`crate::call::Call::name`].
pub static CALLS: &[&str] = &[
    "audit.append",
    "check.always",
    "check.sometimes",
    "clock.now",
    "entropy.next_u64",
    "livekit.list_egress",
    "livekit.list_participants",
    "livekit.list_rooms",
    "livekit.start_egress",
    "livekit.stop_egress",
    "log.write",
    "publish.publish",
    "publish.retract",
    "s3.abort_multipart_upload",
    "s3.delete_object",
    "s3.delete_objects",
    "s3.get_bucket_versioning",
    "s3.get_object",
    "s3.head_object",
    "s3.list_multipart_uploads",
    "s3.list_object_versions",
    "s3.list_objects_v2",
    "s3.put_object",
    "store.commit",
    "store.inventory_get",
    "store.inventory_scan",
    "store.state_get",
    "store.state_scan",
    "timers.cancel",
    "timers.set",
    "webhook.open",
    "webhook.raw",
];

/// Calls that the contract has not: they come by sockets only.
pub static SOCKET_CALLS: &[&str] = &[
    "s3.complete_multipart_upload",
    "s3.copy_object",
    "s3.create_bucket",
    "s3.create_multipart_upload",
    "s3.delete_bucket",
    "s3.delete_bucket_cors",
    "s3.delete_bucket_lifecycle",
    "s3.delete_bucket_ownership_controls",
    "s3.delete_bucket_policy",
    "s3.delete_bucket_tagging",
    "s3.delete_object_tagging",
    "s3.delete_public_access_block",
    "s3.get_bucket_acl",
    "s3.get_bucket_cors",
    "s3.get_bucket_lifecycle_configuration",
    "s3.get_bucket_location",
    "s3.get_bucket_ownership_controls",
    "s3.get_bucket_policy",
    "s3.get_bucket_policy_status",
    "s3.get_bucket_tagging",
    "s3.get_object_acl",
    "s3.get_object_attributes",
    "s3.get_object_legal_hold",
    "s3.get_object_lock_configuration",
    "s3.get_object_retention",
    "s3.get_object_tagging",
    "s3.get_public_access_block",
    "s3.head_bucket",
    "s3.list_buckets",
    "s3.list_objects",
    "s3.list_parts",
    "s3.options",
    "s3.put_bucket_acl",
    "s3.put_bucket_cors",
    "s3.put_bucket_lifecycle_configuration",
    "s3.put_bucket_ownership_controls",
    "s3.put_bucket_policy",
    "s3.put_bucket_tagging",
    "s3.put_bucket_versioning",
    "s3.put_object_acl",
    "s3.put_object_legal_hold",
    "s3.put_object_lock_configuration",
    "s3.put_object_retention",
    "s3.put_object_tagging",
    "s3.put_public_access_block",
    "s3.upload_part",
    "s3.upload_part_copy",
];

/// Every point that `on` may name.
pub fn all_points() -> impl Iterator<Item = &'static str> + Clone {
    points().chain(SOCKET_CALLS.iter().copied())
}

/// Every point that an operator of the contract comes to.
pub fn points() -> impl Iterator<Item = &'static str> + Clone {
    MOMENTS.iter().chain(CALLS).copied()
}

impl Kind {
    /// Whether `on` may name this point, or this pattern that ends with `*`: all that it matches must be points of the kind. What
    /// else of S3's API a pattern matches does not count, as long as it matches something of the contract's.
    pub fn strikes_at(&self, on: &str) -> bool {
        let of_kind = |point: &str| self.points.iter().any(|pattern| pattern_matches(pattern, point));
        let all_of_kind = |points: &mut dyn Iterator<Item = &'static str>| {
            let mut matched = points.filter(|point| pattern_matches(on, point)).peekable();
            matched.peek().is_some().then(|| matched.all(of_kind))
        };
        all_of_kind(&mut points()).or_else(|| all_of_kind(&mut SOCKET_CALLS.iter().copied())).unwrap_or(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::KINDS;

    #[test]
    fn every_call_is_a_point() {
        let of_source = |source: &'static str| {
            let body = source.split("pub const fn name(").nth(1).expect("a name").split("\n    }\n").next().unwrap();
            body.lines().filter_map(|line| line.split("=> \"").nth(1)?.split('"').next())
        };
        let mut names: Vec<&str> =
            of_source(include_str!("../call.rs")).chain(of_source(include_str!("../call/s3/operation.rs"))).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), CALLS.len() + SOCKET_CALLS.len());
        for name in names {
            assert!(CALLS.contains(&name) != SOCKET_CALLS.contains(&name), "{name} is missing in one, or is in both");
        }
    }

    #[test]
    fn the_points_of_every_kind_exist() {
        for kind in KINDS {
            assert!(kind.strikes_at(kind.on), "{}", kind.name);
            for pattern in kind.points {
                assert!(kind.strikes_at(pattern), "{} at {pattern}", kind.name);
            }
        }
    }

    #[test]
    fn a_pattern_must_stay_within_the_kind() {
        let slow_down = crate::fault::kind("s3.slow_down").unwrap();
        assert!(slow_down.strikes_at("s3.delete_*"));
        assert!(slow_down.strikes_at("s3.put_object"));
        assert!(!slow_down.strikes_at("s*"));
        assert!(!slow_down.strikes_at("s3.nothing"));
        assert!(!slow_down.strikes_at("*"));
        assert!(slow_down.strikes_at("s3.copy_object") && slow_down.strikes_at("s3.put_bucket_*"));
        let ignored = crate::fault::kind("s3.delete_ignored").unwrap();
        assert!(ignored.strikes_at("s3.delete_*") && !ignored.strikes_at("s3.delete_bucket"));
    }
}
