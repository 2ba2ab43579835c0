//! Faults at the operator's calls to LiveKit's API.

use crate::fault::{Default, Kind, Parameter};

const CALLS: &[&str] = &["livekit.*"];

/// A definite no.
pub static REFUSED: Kind = Kind {
    name: "livekit.refused",
    summary: "The request is refused with a Twirp error; it is not applied.",
    source: "egress#739, egress#912, livekit#2362 (`no response from servers`); livekit#3657 (room does not exist although \
             it does); egress#572 (a worker that takes nothing any more).",
    sound_operator: "Counts nothing as done and tries again before the promised gap is over, but not in a hot loop.",
    on: "livekit.start_egress",
    points: CALLS,
    parameters: &[
        Parameter {
            name: "code",
            summary: "Twirp's code; HTTP status and text follow from it.",
            default: Default::OneOf(&[
                "unavailable",
                "not_found",
                "resource_exhausted",
                "permission_denied",
                "unauthenticated",
                "internal",
            ]),
        },
        Parameter {
            name: "wait",
            summary: "How long the answer takes beyond the usual latency: `no response from servers` comes after 22 s.",
            default: Default::Span("0s"),
        },
    ],
};

/// The answer takes its time.
pub static SLOW: Kind = Kind {
    name: "livekit.slow",
    summary: "The request is applied at once and its answer comes late; webhooks about it come first.",
    source: "workadventure#6006 (egress_started before StartEgress had returned); OpenVidu/openvidu-livekit#13 (a slow \
             ListEgress).",
    sound_operator: "Can handle the webhook of an egress whose id it has not been told yet.",
    on: "livekit.start_egress",
    points: CALLS,
    parameters: &[Parameter { name: "by", summary: "From the effect to the answer.", default: Default::Span("5s") }],
};

/// No answer.
pub static TIMEOUT: Kind = Kind {
    name: "livekit.timeout",
    summary: "No answer comes within the client's patience; `effect` says whether the request was applied.",
    source: "egress#580, livekit-cli#277: StartEgress timed out and yet a worker was recording; livekit#2903 for StopEgress.",
    sound_operator: "Takes the outcome for unknown: asks ListEgress before it starts another one, and stops again.",
    on: "livekit.start_egress",
    points: CALLS,
    parameters: &[
        Parameter {
            name: "effect",
            summary: "Whether the request was applied.",
            default: Default::OneOf(&["after", "before"]),
        },
        Parameter {
            name: "wait",
            summary: "The client's patience; the SDKs have ten seconds.",
            default: Default::Span("10s"),
        },
    ],
};

/// Not sent.
pub static UNREACHABLE: Kind = Kind {
    name: "livekit.unreachable",
    summary: "No connection to LiveKit's API can be opened; nothing is sent, nothing is applied.",
    source: "A server that is deployed over, or a network policy; every client says `connection refused`.",
    sound_operator: "Comes back; meanwhile it does not forget what it wanted to do.",
    on: "livekit.*",
    points: CALLS,
    parameters: &[],
};
