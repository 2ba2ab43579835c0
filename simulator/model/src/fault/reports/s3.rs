//! Reports about the sink.

use super::{Report, Shown, fault, key};

/// Errors, policy, and what can still be seen.
pub static REPORTS: &[Report] = &[
    Report {
        source: "S3: 503 SlowDown",
        symptom: "The sweep itself made the store refuse requests.",
        shown_by: &[fault("s3.slow_down", "`at` the contract's end, `for`")],
    },
    Report {
        source: "S3: 500 InternalError",
        symptom: "A request failed with 500, and nobody knew whether it had worked.",
        shown_by: &[fault("s3.internal_error", "`effect` says whether it had")],
    },
    Report {
        source: "S3: 503 ServiceUnavailable, 400 RequestTimeout",
        symptom: "A request was refused for no reason of its own and would work later.",
        shown_by: &[fault("s3.refused", "`code = \"ServiceUnavailable\"` or `\"RequestTimeout\"`")],
    },
    Report {
        source: "scylladb#20613",
        symptom: "A request timed out: before it took effect, or after.",
        shown_by: &[fault("s3.timeout", "`effect = \"before\"` or `\"after\"`")],
    },
    Report {
        source: "S3 API, DeleteObjects",
        symptom: "The batch was answered 200, and some keys inside it were refused.",
        shown_by: &[fault("s3.batch_partial", "`keys` and `code`")],
    },
    Report {
        source: "S3 API, CompleteMultipartUpload; proxies",
        symptom: "The connection broke in the body, the XML ended in the middle, or an Error stood inside a 200.",
        shown_by: &[fault("s3.broken_reply", "`what` says which")],
    },
    Report {
        source: "stores that are almost S3",
        symptom: "A delete was answered as if it had worked, and the object was still there.",
        shown_by: &[fault("s3.delete_ignored", "")],
    },
    Report {
        source: "S3 API: a page has at most 1,000 keys",
        symptom: "Only what stood on a listing's first page was deleted.",
        shown_by: &[key("[world].list_page", "small pages show it with few objects")],
    },
    Report {
        source: "stores whose continuation tokens name a node",
        symptom: "The token of the next page was no longer good.",
        shown_by: &[fault("s3.token_expired", "")],
    },
    Report {
        source: "S3 API: pages are not a snapshot",
        symptom: "Objects came and went between two pages of a listing.",
        shown_by: &[
            Shown::Always("each page is read when it is asked for; whatever is stored or deleted meanwhile shows"),
            fault("upload.late", "`by` into the middle of the sweep"),
        ],
    },
    Report {
        source: "S3 until December 2020, and other stores today",
        symptom: "A listing showed the bucket as it had been.",
        shown_by: &[fault("s3.stale_list", "")],
    },
    Report {
        source: "S3: bucket policies",
        symptom: "Deleting was forbidden: AccessDenied.",
        shown_by: &[fault("s3.refused", "`on = \"s3.delete_*\"`, `code = \"AccessDenied\"`")],
    },
    Report {
        source: "S3: object lock",
        symptom: "A version could not be deleted before its retention was over.",
        shown_by: &[key("[[bucket]].object_lock", "the mode"), key("[[bucket]].lock_for", "until when")],
    },
    Report {
        source: "S3: legal hold on a version; a court's order to the operator",
        symptom: "What was to be deleted had to be kept for as long as nobody lifted the hold.",
        shown_by: &[
            key("[[command]].do", "`legal_hold` and `lift_hold`: the order that the operator is given"),
            fault("s3.refused", "`code = \"AccessDenied\"`: the sink's answer for a version that is held"),
        ],
    },
    Report {
        source: "S3: MFA delete",
        symptom: "Nobody without a device may delete versions: AccessDenied for every delete with a version id.",
        shown_by: &[fault("s3.refused", "`on = \"s3.delete_*\"`, `code = \"AccessDenied\"`, `for`")],
    },
    Report {
        source: "STS: temporary credentials",
        symptom: "The credentials expired in the middle of the run.",
        shown_by: &[fault("s3.refused", "`code = \"ExpiredToken\"`, `at` and `for`")],
    },
    Report {
        source: "operations",
        symptom: "The bucket was gone.",
        shown_by: &[fault("s3.refused", "`code = \"NoSuchBucket\"`, `where.bucket`")],
    },
    Report {
        source: "S3: 301 PermanentRedirect",
        symptom: "The bucket is in another region than the request was signed for.",
        shown_by: &[fault("s3.refused", "`code = \"PermanentRedirect\"`, `where.bucket`")],
    },
    Report {
        source: "S3: versioned buckets",
        symptom: "A delete without a version id left a marker, and every version below it.",
        shown_by: &[key("[[bucket]].versioning", "`true`")],
    },
    Report {
        source: "S3: non-current versions",
        symptom: "The listing was empty, and older versions of the playlist were still there.",
        shown_by: &[key("[[bucket]].versioning", "`true`, with an HLS, whose playlist is written again and again")],
    },
    Report {
        source: "S3 User Guide: suspended versioning",
        symptom: "Versioning was switched off; old versions stayed, and new writes have the id `null`.",
        shown_by: &[fault("s3.versioning_suspended", "")],
    },
    Report {
        source: "S3: unfinished multipart uploads",
        symptom: "Parts that no listing of objects shows stayed for ever.",
        shown_by: &[fault("upload.fail", "`leftover = \"multipart\"`")],
    },
    Report {
        source: "S3 User Guide: replication",
        symptom: "What had been deleted was still there in the replica.",
        shown_by: &[fault("s3.replica", "")],
    },
    Report {
        source: "every object store",
        symptom: "Some requests took seconds, and the deadline came nearer.",
        shown_by: &[fault("s3.slow", "`for`"), key("[world].s3_latency", "for all of them")],
    },
    Report {
        source: "networks",
        symptom: "The sink could not be reached.",
        shown_by: &[fault("s3.unreachable", "`at` and `for`")],
    },
];
