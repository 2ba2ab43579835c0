//! Faults of the operator's own process.

use crate::fault::{Default, Kind, Parameter};

const POINTS: &[&str] = &[
    "operator.answer",
    "operator.call",
    "operator.delivery",
    "operator.init",
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
];

/// The process dies.
pub static CRASH: Kind = Kind {
    name: "operator.crash",
    summary: "The instance dies: at a call, before or after the call's effect; in `init`; when a delivery is handed over \
        (`operator.delivery`); when it is handled, but not answered yet (`operator.answer`); or, with `at`, at that moment, \
        whatever it does. Its memory is gone, the durable ports stay.",
    source: "Pods are evicted and deployed over; the moment is never a good one.",
    sound_operator: "Finds out from its durable ports and from LiveKit how far it had come, and goes on from there. A delivery \
        whose answer was lost comes again: each can be handled twice.",
    on: "operator.call",
    points: POINTS,
    parameters: &[
        Parameter {
            name: "effect",
            summary: "Whether the call that it dies in takes effect.",
            default: Default::OneOf(&["before", "after"]),
        },
        Parameter {
            name: "restart",
            summary: "From the crash to the next incarnation.",
            default: Default::SpanOf("[operator].restart"),
        },
    ],
};

/// A rolling deploy.
pub static DEPLOY: Kind = Kind {
    name: "operator.deploy",
    summary: "A rolling deploy: a new instance starts beside each one that runs, one after another; `overlap` later the old one \
        is handed nothing more, ends what it has in hand, and is killed if that takes longer than `drain`. The new one has a \
        number of its own, as pods have names of their own.",
    source: "Kubernetes' RollingUpdate starts the new pod first; terminationGracePeriodSeconds is 30. A roll back is a deploy of \
        what ran last week.",
    sound_operator: "Keeps what it must know in its durable ports and takes every decision under a precondition, so that old and \
        new can work side by side. It goes on reading what an older version wrote, and what it writes an older version can read.",
    on: "operator.delivery",
    points: POINTS,
    parameters: &[
        Parameter {
            name: "to",
            summary: "Which component: the same again, or `[operator].older`.",
            default: Default::OneOf(&["new", "older"]),
        },
        Parameter {
            name: "overlap",
            summary: "How long old and new both take deliveries; also from one instance to the next.",
            default: Default::Span("30s"),
        },
        Parameter {
            name: "drain",
            summary: "How long the old one may go on with what it has in hand.",
            default: Default::Span("30s"),
        },
    ],
};
