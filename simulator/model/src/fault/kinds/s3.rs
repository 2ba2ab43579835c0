//! Faults of the sink.

use crate::fault::{Default, Kind, Parameter};

/// Some keys of a batch are refused.
pub static BATCH_PARTIAL: Kind = Kind {
    name: "s3.batch_partial",
    summary: "DeleteObjects answers 200 but refuses some keys inside it; those are not deleted, the others are.",
    source: "S3 API, DeleteObjects: the status is 200 whatever happened to the single keys.",
    sound_operator: "Reads `errors`, tries those keys again, and audits them as deleted only once they are.",
    on: "s3.delete_objects",
    points: &["s3.delete_objects"],
    parameters: &[
        Parameter { name: "code", summary: "S3's code for the refused keys.", default: Default::Text("InternalError") },
        Parameter {
            name: "keys",
            summary: "How many keys are refused, from the batch's first one.",
            default: Default::Integer(1),
        },
    ],
};

/// Slow down.
pub static SLOW_DOWN: Kind = Kind {
    name: "s3.slow_down",
    summary: "The request is refused with 503 SlowDown; nothing happens.",
    source: "S3: 3,500 writes and deletes a second for each partitioned prefix, then 503 SlowDown.",
    sound_operator: "Comes back later, and counts nothing as done.",
    on: "s3.*",
    points: &["s3.*"],
    parameters: &[],
};
