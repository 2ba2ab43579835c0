//! Faults of the operator's durable ports: store, audit, links, timers.

use crate::fault::{Default, Kind, Parameter};

const CALLS: &[&str] = &["store.*", "audit.*", "publish.*", "timers.*"];

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
