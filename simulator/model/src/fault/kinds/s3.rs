//! Faults of the sink.

use crate::fault::{Default, Kind, Parameter};

const CALLS: &[&str] = &["s3.*"];

/// An answer that cannot be read.
pub static BROKEN_REPLY: Kind = Kind {
    name: "s3.broken_reply",
    summary: "The request is applied, but its answer breaks off or cannot be read: the outcome is unknown to the caller.",
    source: "S3 API, CompleteMultipartUpload and CopyObject: an error may follow inside a 200; proxies cut bodies off.",
    sound_operator: "Does not take the status for the answer: looks, or asks again.",
    on: "s3.*",
    points: CALLS,
    parameters: &[Parameter {
        name: "what",
        summary: "How it is broken.",
        default: Default::OneOf(&["connection_reset", "truncated_xml", "error_in_200"]),
    }],
};

/// 500.
pub static INTERNAL_ERROR: Kind = Kind {
    name: "s3.internal_error",
    summary: "500 InternalError; `effect` says whether the request was applied.",
    source: "S3 User Guide, error best practices: after a 500 a PUT may or may not have happened.",
    sound_operator: "Takes the outcome for unknown and asks again; a second delete on a versioned bucket must not matter.",
    on: "s3.*",
    points: CALLS,
    parameters: &[Parameter {
        name: "effect",
        summary: "Whether the request was applied.",
        default: Default::OneOf(&["before", "after"]),
    }],
};

/// A definite no.
pub static REFUSED: Kind = Kind {
    name: "s3.refused",
    summary: "The request is refused with an S3 error; it is not applied. HEAD has no body: its caller sees the status only.",
    source: "A changed bucket policy, credentials that expired in mid-run, a bucket that is gone or in another region.",
    sound_operator: "Counts nothing as done, audits the refusal of a deletion, and knows that a 403 on HEAD proves nothing.",
    on: "s3.*",
    points: CALLS,
    parameters: &[Parameter {
        name: "code",
        summary: "S3's code; HTTP status and text follow from it.",
        default: Default::OneOf(&[
            "AccessDenied",
            "ExpiredToken",
            "InvalidAccessKeyId",
            "NoSuchBucket",
            "PermanentRedirect",
            "RequestTimeTooSkewed",
            "RequestTimeout",
            "ServiceUnavailable",
        ]),
    }],
};

/// The answer takes its time.
pub static SLOW: Kind = Kind {
    name: "s3.slow",
    summary: "The request is applied at once and its answer comes late.",
    source: "Every object store has a latency tail.",
    sound_operator: "Does long work in pieces, outside of webhook handlers, and starts early enough for its deadline.",
    on: "s3.*",
    points: CALLS,
    parameters: &[Parameter { name: "by", summary: "From the effect to the answer.", default: Default::Span("5s") }],
};

/// No answer.
pub static TIMEOUT: Kind = Kind {
    name: "s3.timeout",
    summary: "No answer comes within the client's patience; `effect` says whether the request was applied.",
    source: "scylladb#20613 asks for just this: an error before, and an error after the request took effect.",
    sound_operator: "Takes the outcome for unknown: asks again, and believes HEAD and the version listing only.",
    on: "s3.*",
    points: CALLS,
    parameters: &[
        Parameter {
            name: "effect",
            summary: "Whether the request was applied.",
            default: Default::OneOf(&["after", "before"]),
        },
        Parameter { name: "wait", summary: "The client's patience.", default: Default::Span("10s") },
    ],
};

/// Not sent.
pub static UNREACHABLE: Kind = Kind {
    name: "s3.unreachable",
    summary: "No connection to the sink can be opened; nothing is sent, nothing is applied.",
    source: "DNS and network policies fail; livekit#3131 for an endpoint whose name does not resolve.",
    sound_operator: "Comes back, and counts nothing as done.",
    on: "s3.*",
    points: CALLS,
    parameters: &[],
};

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
    points: CALLS,
    parameters: &[],
};
