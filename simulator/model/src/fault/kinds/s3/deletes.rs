//! Faults of deletions.

use crate::fault::{Default, Kind, Parameter};

/// Of a batch: how many keys, and from which end.
const KEYS: Parameter = Parameter {
    name: "keys",
    summary: "How many keys of a batch, of those that `where.key` means.",
    default: Default::Integer(1),
};
const FROM: Parameter = Parameter {
    name: "from",
    summary: "From which end of the batch they are counted.",
    default: Default::OneOf(&["first", "last"]),
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
        Parameter {
            name: "code",
            summary: "S3's code for the refused keys: AccessDenied, InternalError, NoSuchVersion, SlowDown, …",
            default: Default::Text("InternalError"),
        },
        KEYS,
        FROM,
    ],
};

/// Reported as deleted, and still there.
pub static DELETE_IGNORED: Kind = Kind {
    name: "s3.delete_ignored",
    summary: "The delete is answered as if it had worked, for its key or some of a batch; those are still there.",
    source: "Stores and gateways that are not AWS and answer before they delete: an audit must be able to find it.",
    sound_operator: "Looks by HEAD, and by a version listing where there are versions, before it says that a key is gone.",
    on: "s3.delete_*",
    points: &["s3.delete_object", "s3.delete_objects"],
    parameters: &[KEYS, FROM],
};
