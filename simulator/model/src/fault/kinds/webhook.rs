//! Faults of LiveKit's notifier.

use crate::fault::{Default, Kind, Parameter};

/// The event is lost.
pub static DROP: Kind = Kind {
    name: "webhook.drop",
    summary: "The event never arrives, on any attempt; what it reports has happened all the same.",
    source: "livekit#2308, livekit#3976, protocol#729: `egress_ended` never came, or only a room's first event did.",
    sound_operator: "Looks itself, by ListEgress and by what is in the sink, when an event is overdue.",
    on: "webhook.delivery",
    points: &["webhook.delivery"],
    parameters: &[],
};

/// The same delivery again.
pub static DUPLICATE: Kind = Kind {
    name: "webhook.duplicate",
    summary: "The delivery is sent again after it was answered: same id, same body, same token.",
    source: "OpenVidu/openvidu#747; any answer of 200 that is lost on its way back makes LiveKit send again.",
    sound_operator: "Handles the second one as if nothing had happened, because it has written down what it did.",
    on: "webhook.delivery",
    points: &["webhook.delivery"],
    parameters: &[
        Parameter {
            name: "delay",
            summary: "From the first one's answer to the second one.",
            default: Default::Span("1s"),
        },
        Parameter { name: "times", summary: "How many more.", default: Default::Integer(1) },
    ],
};

/// Somebody else's.
pub static FORGED: Kind = Kind {
    name: "webhook.forged",
    summary: "One extra delivery arrives beside the genuine one, made up by somebody who does not have the secret.",
    source: "The receiver's URL is public; LiveKit signs each delivery with a JWT over the body's SHA-256.",
    sound_operator: "Refuses it and changes nothing, but may write down that it refused.",
    on: "webhook.delivery",
    points: &["webhook.delivery"],
    parameters: &[
        Parameter {
            name: "forgery",
            summary: "How it gives itself away.",
            default: Default::OneOf(&["wrong_key", "missing_auth", "body_tampered", "expired_token"]),
        },
        Parameter {
            name: "claims",
            summary: "The event that it claims.",
            default: Default::OneOf(&[
                "egress_ended",
                "egress_started",
                "egress_updated",
                "room_started",
                "room_finished",
            ]),
        },
    ],
};
