//! Faults of a bucket's configuration.

use crate::fault::{Default, Kind, Parameter};

/// Where to, unless a bucket is named; no bucket has such a name.
pub const LAST_BUCKET: &str = "the last of the tenant's buckets";

/// Somewhere else, too.
pub static REPLICA: Kind = Kind {
    name: "s3.replica",
    summary: "What is stored in a bucket appears in another one too; neither deletes nor delete markers are replicated.",
    source: "S3 User Guide, replication: a delete with a version id is never replicated, a marker only if that is enabled.",
    sound_operator: "At the contract's end it looks into all of the tenant's buckets, not only where its inventory says.",
    on: "sink.stored",
    points: &["sink.stored"],
    parameters: &[
        Parameter { name: "to", summary: "The other bucket.", default: Default::Text(LAST_BUCKET) },
        Parameter { name: "by", summary: "How much later it is there.", default: Default::Span("15m") },
    ],
};

/// No versions any more.
pub static VERSIONING_SUSPENDED: Kind = Kind {
    name: "s3.versioning_suspended",
    summary: "Versioning of the bucket is suspended from then on: the next write or delete makes a `null` version.",
    source: "S3 User Guide, versioning-suspended buckets: a delete takes the `null` version away and leaves older ones.",
    sound_operator: "Deletes every version by its id, `null` among them, and looks at the listing afterwards.",
    on: "sink.stored",
    points: &["sink.stored", "s3.*"],
    parameters: &[],
};
