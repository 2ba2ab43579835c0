//! The kinds of fault that this build knows, one constant a file below `fault/`.

use super::Kind;
use crate::call::Surface;

pub mod clock;
pub mod egress;
pub mod livekit;
pub mod operator;
pub mod s3;
pub mod store;
pub mod upload;
pub mod webhook;

/// Every kind, in order of name.
pub static KINDS: &[&Kind] = &[
    &clock::COARSE,
    &clock::SKEW,
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
    &operator::DEPLOY,
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
    &store::LOST_WRITE,
    &store::SLOW,
    &store::TIMEOUT,
    &store::TORN_COMMIT,
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
        Surface::Ports => &[
            "operator.crash",
            "store.lost_write",
            "store.slow",
            "store.timeout",
            "store.torn_commit",
            "store.unavailable",
        ],
        Surface::Host => &["operator.crash"],
    }
}

/// Those that change how the operator runs from then on, whatever it is doing.
pub const TURNS: &[&str] = &["clock.coarse", "clock.skew", "operator.deploy"];

/// Whether a fault of this kind with an `at` strikes at that very moment, and not at the first match behind it.
pub fn strikes_by_itself(kind: &str) -> bool {
    kind == "operator.crash" || TURNS.contains(&kind)
}

/// The kind of this name.
pub fn kind(name: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.name == name).copied()
}
