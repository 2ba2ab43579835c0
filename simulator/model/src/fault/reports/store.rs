//! Reports about the operator's durable ports.

use super::{Report, fault};

/// Unknown, gone, torn.
pub static REPORTS: &[Report] = &[
    Report {
        source: "FoundationDB: commit_unknown_result",
        symptom: "The commit's answer was lost; had it happened?",
        shown_by: &[fault("store.timeout", "`on = \"store.commit\"`, `effect = \"after\"` or `\"before\"`")],
    },
    Report {
        source: "every database's failover",
        symptom: "The store was away for a minute.",
        shown_by: &[fault("store.unavailable", "`at` and `for`")],
    },
    Report {
        source: "every database under load",
        symptom: "A commit took longer than the lease that it was to renew.",
        shown_by: &[fault("store.slow", "`on = \"store.commit\"`")],
    },
    Report {
        source: "asynchronous replication; fsync that was not",
        symptom: "A write that had been acknowledged was gone after a crash.",
        shown_by: &[fault("store.lost_write", "")],
    },
    Report {
        source: "stores without transactions",
        symptom: "Half of a commit was there.",
        shown_by: &[fault("store.torn_commit", "")],
    },
];
