//! The kinds of fault that this build knows, one constant a file below `fault/`.

use super::Kind;

pub mod egress;
pub mod operator;
pub mod s3;
pub mod upload;
pub mod webhook;

/// Every kind, in order of name.
pub static KINDS: &[&Kind] = &[
    &egress::ABORT,
    &egress::OUTLIVES_ROOM,
    &operator::CRASH,
    &s3::BATCH_PARTIAL,
    &s3::SLOW_DOWN,
    &upload::DAMAGED,
    &upload::FAIL,
    &upload::LATE,
    &upload::LOST,
    &upload::SLOW,
    &webhook::DROP,
    &webhook::DUPLICATE,
    &webhook::FORGED,
];

/// The kind of this name.
pub fn kind(name: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.name == name).copied()
}
