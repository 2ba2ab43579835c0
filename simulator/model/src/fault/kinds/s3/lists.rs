//! Faults of listings.

use crate::fault::{Default, Kind, Parameter};

const LISTS: &[&str] = &["s3.list_objects_v2", "s3.list_object_versions", "s3.list_objects"];

/// A list of the past.
pub static STALE_LIST: Kind = Kind {
    name: "s3.stale_list",
    summary: "A listing shows the bucket as it was a while ago: without what was stored since, with what was deleted since.",
    source: "S3 itself until December 2020, and stores that are not AWS: S3 promises consistent listings.",
    sound_operator: "Believes HEAD; looks again later before it says that something is missing, or that nothing is left.",
    on: "s3.list_object*",
    points: LISTS,
    parameters: &[Parameter { name: "by", summary: "How long ago.", default: Default::Span("30s") }],
};

/// A page that cannot be followed.
pub static TOKEN_EXPIRED: Kind = Kind {
    name: "s3.token_expired",
    summary: "The continuation token or marker of a listing's next page is refused with 400 InvalidArgument.",
    source: "Stores whose tokens name a node or a snapshot that is gone by the time they come back.",
    sound_operator: "Begins the listing again, and does not take what it has so far for all.",
    on: "s3.list_object*",
    points: LISTS,
    parameters: &[],
};
