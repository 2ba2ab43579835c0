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

/// Points that are calls, by [`crate::call::Call::name`].
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

/// Every point that `on` may name.
pub fn points() -> impl Iterator<Item = &'static str> + Clone {
    MOMENTS.iter().chain(CALLS).copied()
}

impl Kind {
    /// Whether `on` may name this point, or this pattern that ends with `*`: all that it matches must be points of the kind.
    pub fn strikes_at(&self, on: &str) -> bool {
        let of_kind = |point: &str| self.points.iter().any(|pattern| pattern_matches(pattern, point));
        let mut matched = points().filter(|point| pattern_matches(on, point)).peekable();
        matched.peek().is_some() && matched.all(of_kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::KINDS;

    #[test]
    fn every_call_is_a_point() {
        let source = include_str!("../call.rs");
        let body = source.split("pub const fn name(").nth(1).expect("Call::name").split("\n    }\n").next().unwrap();
        let names: Vec<&str> = body.lines().filter_map(|line| line.split("=> \"").nth(1)?.split('"').next()).collect();
        assert_eq!(names.len(), CALLS.len());
        for name in names {
            assert!(CALLS.contains(&name), "{name} is missing in CALLS");
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
    }
}
