//! Faults of the operator's durable ports: store, audit, links, timers.

use crate::fault::{Default, Kind, Parameter};

const CALLS: &[&str] = &["store.*", "audit.*", "publish.*", "timers.*"];

/// Acknowledged and gone.
pub static LOST_WRITE: Kind = Kind {
    name: "store.lost_write",
    summary: "A commit is acknowledged, and nothing of it is stored.",
    source: "A failover to a replica that lagged behind; a disk that acknowledges from its cache. Only for a store that may.",
    sound_operator: "Compares what is written with what LiveKit and the sink have, and mends it: a lost intent, row or end of a         recording is found again. What stands nowhere else, such as a legal hold or a contract's end, no operator can know: that         promise cannot be kept.",
    on: "store.commit",
    points: &["store.commit"],
    parameters: &[],
};

/// The answer takes its time.
pub static SLOW: Kind = Kind {
    name: "store.slow",
    summary: "The call is applied at once and its answer comes late.",
    source: "Any database under load; a lease that is shorter than the store's worst day has run out by then.",
    sound_operator: "Looks at the clock again before it relies on a lease, and commits under preconditions.",
    on: "store.commit",
    points: CALLS,
    parameters: &[Parameter { name: "by", summary: "From the effect to the answer.", default: Default::Span("5s") }],
};

/// No answer.
pub static TIMEOUT: Kind = Kind {
    name: "store.timeout",
    summary: "No answer comes; `effect` says whether the call was applied.",
    source: "FoundationDB's `commit_unknown_result`, and every database client that loses its connection in a commit.",
    sound_operator: "Reads what is there before it writes again; each write can be done twice.",
    on: "store.commit",
    points: CALLS,
    parameters: &[
        Parameter {
            name: "effect",
            summary: "Whether the call was applied.",
            default: Default::OneOf(&["after", "before"]),
        },
        Parameter { name: "wait", summary: "The client's patience.", default: Default::Span("5s") },
    ],
};

/// Half of it.
pub static TORN_COMMIT: Kind = Kind {
    name: "store.torn_commit",
    summary: "The first `writes` writes of a commit are stored and the others are not; then the instance dies, or the outcome is \
        unknown to it.",
    source: "Stores without transactions over several keys: Redis Cluster, DynamoDB's batch writes. Only for a store that may.",
    sound_operator: "Reads again what it finds half done. The contract promises that a commit is whole, so an operator may rely on \
        it, and what is only implied by the other half can be missing until LiveKit is asked for it.",
    on: "store.commit",
    points: &["store.commit"],
    parameters: &[
        Parameter { name: "writes", summary: "How many of its writes are stored.", default: Default::Integer(1) },
        Parameter {
            name: "then",
            summary: "What the operator sees of it.",
            default: Default::OneOf(&["crash", "error"]),
        },
    ],
};

/// Not there.
pub static UNAVAILABLE: Kind = Kind {
    name: "store.unavailable",
    summary: "The port cannot be reached; nothing is sent, nothing is applied.",
    source: "A database's failover takes seconds to minutes.",
    sound_operator: "Answers the delivery with 503, so that it comes again, and does nothing that it could not write down.",
    on: "store.*",
    points: CALLS,
    parameters: &[],
};
