//! The kinds of fault that this build knows, one constant a file below `fault/`.

use super::Kind;
use crate::call::Surface;

pub mod egress;
pub mod livekit;
pub mod operator;
pub mod s3;
pub mod store;
pub mod upload;
pub mod webhook;

/// Every kind, in order of name.
pub static KINDS: &[&Kind] = &[
    &egress::ABORT,
    &egress::CUT_SHORT,
    &egress::ENDS_EARLY,
    &egress::FAIL,
    &egress::LIMIT_REACHED,
    &egress::LITERAL_NAME,
    &egress::OUTLIVES_ROOM,
    &egress::POOR_RESULT,
    &egress::RETRIED,
    &egress::SLOW_START,
    &egress::STUCK,
    &livekit::REFUSED,
    &livekit::SLOW,
    &livekit::TIMEOUT,
    &livekit::UNREACHABLE,
    &operator::CRASH,
    &s3::BATCH_PARTIAL,
    &s3::BROKEN_REPLY,
    &s3::DELETE_IGNORED,
    &s3::INTERNAL_ERROR,
    &s3::REFUSED,
    &s3::REPLICA,
    &s3::SLOW,
    &s3::SLOW_DOWN,
    &s3::STALE_LIST,
    &s3::TIMEOUT,
    &s3::TOKEN_EXPIRED,
    &s3::UNREACHABLE,
    &s3::VERSIONING_SUSPENDED,
    &store::SLOW,
    &store::TIMEOUT,
    &store::UNAVAILABLE,
    &upload::DAMAGED,
    &upload::FAIL,
    &upload::LATE,
    &upload::LOST,
    &upload::SLOW,
    &webhook::ALTERED,
    &webhook::DELAY,
    &webhook::DROP,
    &webhook::DUPLICATE,
    &webhook::FORGED,
    &webhook::LOST_ACK,
    &webhook::NEWER_SERVER,
    &webhook::REORDER,
    &webhook::SPURIOUS,
    &webhook::STORM,
    &webhook::UNREACHABLE,
];

/// Those that strike at an operator's call as a whole, whatever it asks for, by the surface that answers the call.
pub const fn at_calls_of(surface: Surface) -> &'static [&'static str] {
    match surface {
        Surface::Livekit => {
            &["livekit.refused", "livekit.slow", "livekit.timeout", "livekit.unreachable", "operator.crash"]
        }
        Surface::S3 => &[
            "operator.crash",
            "s3.broken_reply",
            "s3.internal_error",
            "s3.refused",
            "s3.slow",
            "s3.slow_down",
            "s3.timeout",
            "s3.unreachable",
        ],
        Surface::Ports => &["operator.crash", "store.slow", "store.timeout", "store.unavailable"],
        Surface::Host => &["operator.crash"],
    }
}

/// The kind of this name.
pub fn kind(name: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.name == name).copied()
}
