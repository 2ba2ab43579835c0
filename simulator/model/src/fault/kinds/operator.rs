//! Faults of the operator's own process.

use crate::fault::{Default, Kind, Parameter};

/// The process dies.
pub static CRASH: Kind = Kind {
    name: "operator.crash",
    summary: "The instance dies at a call, before or after the call's effect; its memory is gone, the durable ports stay.",
    source: "Pods are evicted and deployed over; the moment is never a good one.",
    sound_operator: "Finds out from its durable ports and from LiveKit how far it had come, and goes on from there.",
    on: "operator.call",
    points: &[
        "operator.call",
        "livekit.*",
        "s3.*",
        "store.*",
        "audit.*",
        "publish.*",
        "timers.*",
        "webhook.open",
        "webhook.raw",
        "clock.*",
        "entropy.*",
        "log.*",
        "check.*",
    ],
    parameters: &[Parameter {
        name: "effect",
        summary: "Whether the call that it dies in takes effect.",
        default: Default::OneOf(&["before", "after"]),
    }],
};
