//! Faults of LiveKit's notifier, and of what lies between it and the operator.
//!
//! Each can be narrowed by `where = { event, room, tenant }`. Loss has one limit for every operator: LiveKit's records can
//! be asked for what is the case, not for what was. What began and ended between two looks, and the end of an egress
//! longer ago than `info_retention`, nobody learns who was not told.

use crate::fault::{Default, Kind, Parameter};

/// Most of them strike an event once, when its turn to be sent has come.
const DELIVERY: &[&str] = &["webhook.delivery"];

/// A proxy breaks the hash.
pub static ALTERED: Kind = Kind {
    name: "webhook.altered",
    summary: "A proxy on the way parses the genuine body and writes it anew: the same event, but not the bytes that were \
        signed. Every attempt arrives so.",
    source: "protocol#1145: `sha256 checksum of body does not match`, behind a proxy that rewrites JSON.",
    sound_operator: "Refuses it as it would any other, for it cannot tell it from a forgery. LiveKit takes the 400 for \
        delivered, so the event is lost: it looks itself when one is overdue.",
    on: "webhook.delivery",
    points: DELIVERY,
    parameters: &[],
};

/// It hangs on its way.
pub static DELAY: Kind = Kind {
    name: "webhook.delay",
    summary: "The delivery, signed already, hangs on its way, and its queue waits behind it: LiveKit's client has no time \
        limit. What waited longer than `webhook_queue_age` is then dropped unsent; and later than `token_life` and a \
        minute it arrives with a token that has expired.",
    source: "protocol's notifier (one event of a queue at a time, `max_age` 30 s); livekit#2399: events minutes late.",
    sound_operator: "Answers quickly itself, takes old news for old, refuses what has expired, and looks itself when an \
        event is overdue.",
    on: "webhook.delivery",
    points: DELIVERY,
    parameters: &[Parameter { name: "by", summary: "How long it hangs.", default: Default::Span("45s") }],
};

/// The event is lost.
pub static DROP: Kind = Kind {
    name: "webhook.drop",
    summary: "The event never arrives, on any attempt; what it reports has happened all the same.",
    source: "livekit#2308, livekit#3976, livekit#1451: `egress_ended` never came, or only a room's first event did.",
    sound_operator: "Looks itself, by ListEgress, ListRooms and by what is in the sink, when an event is overdue. A call \
        that begins and ends between two looks, all its events lost, no operator can notice.",
    on: "webhook.delivery",
    points: DELIVERY,
    parameters: &[],
};

/// The same news again.
pub static DUPLICATE: Kind = Kind {
    name: "webhook.duplicate",
    summary: "What was answered is delivered again: as it was (same id, body and token, which has expired if it comes later \
        than `token_life` and a minute: that is what a replay is); or told anew by LiveKit, under a new id and token.",
    source: "OpenVidu/openvidu#747. The worker repeats a state update that timed out (a new id); its handler reports FAILED \
        and then dies, which is reported as well (poorer); worker and server both register a new egress.",
    sound_operator: "Handles the second one as if nothing had happened, because it has written down what it did, by what the \
        event is about and not by its id; and lets no second end spoil what it knows from the first.",
    on: "webhook.delivery",
    points: DELIVERY,
    parameters: &[
        Parameter {
            name: "copy",
            summary: "What comes: the same bytes; the same news under a new id; or, of an `egress_ended`, a new one as from a \
                handler that died: FAILED, 500 `exit status 1`, results without sizes and locations. ListEgress keeps the \
                first end.",
            default: Default::OneOf(&["same", "new_id", "poorer"]),
        },
        Parameter {
            name: "delay",
            summary: "From the first one's answer to the second one, and on to each further one.",
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
    points: DELIVERY,
    parameters: &[
        Parameter {
            name: "forgery",
            summary: "How it gives itself away. `unsigned` is a token of `alg` none, `stolen_token` the genuine delivery's own \
                token on another body.",
            default: Default::OneOf(&[
                "wrong_key",
                "missing_auth",
                "body_tampered",
                "expired_token",
                "unknown_key",
                "unsigned",
                "stolen_token",
            ]),
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

/// The answer is lost.
pub static LOST_ACK: Kind = Kind {
    name: "webhook.lost_ack",
    summary: "The operator has handled the delivery, but its answer does not reach LiveKit, which sends it again: same id, \
        body and token. `count` answers in a row, or all of a window, may be lost; after the last attempt LiveKit gives up.",
    source: "Any connection that breaks between the handler's end and the response; the retries of protocol's notifier.",
    sound_operator: "Handles the second one as if nothing had happened, because it has written down what it did.",
    on: "webhook.answer",
    points: &["webhook.answer"],
    parameters: &[],
};

/// The server is newer.
pub static NEWER_SERVER: Kind = Kind {
    name: "webhook.newer_server",
    summary: "LiveKit was upgraded: the body has a field that nobody knows, or the delivery is followed, in its room's queue, \
        by an event that nobody knows. Both are authentic. `webhook.open` leaves unknown fields out; `webhook.raw` has them.",
    source: "LiveKit adds fields and events in minor versions (`participant_connection_aborted`, `createdAtMs`).",
    sound_operator: "Passes over what it does not know, with 200: a 500 would hold the queue up for 15 seconds of retries.",
    on: "webhook.delivery",
    points: DELIVERY,
    parameters: &[Parameter {
        name: "what",
        summary: "What is new.",
        default: Default::OneOf(&["unknown_event", "unknown_field"]),
    }],
};

/// Out of turn.
pub static REORDER: Kind = Kind {
    name: "webhook.reorder",
    summary: "The delivery, signed already, is overtaken by later ones of its own queue: what it says is no longer so when it \
        arrives.",
    source: "livekit#2399: `participant_left` before `participant_joined`. A queue that was idle for five minutes is retired \
        while it may still be sending, and the next event gets a new one.",
    sound_operator: "Lets no event undo what a later one said: it goes by the status that cannot go back, by `updated_at`, or \
        asks.",
    on: "webhook.delivery",
    points: DELIVERY,
    parameters: &[Parameter { name: "by", summary: "How long it lingers.", default: Default::Span("10s") }],
};

/// An end that has not come.
pub static SPURIOUS: Kind = Kind {
    name: "webhook.spurious",
    summary: "LiveKit itself reports, with a good signature, an end that has not come: the room, or the recording (ABORTED), \
        goes on. ListRooms and ListEgress are right. Needs a room and, for `egress_ended`, an egress.",
    source: "OpenVidu/openvidu-livekit#13: nodes declared dead while Redis stalled, `room_finished` for rooms that went on. \
        egress#1251: a second worker with the same egress id reports an end of its own.",
    sound_operator: "Asks RoomService before it stops a recording on such news, and ListEgress before it starts another one.",
    on: "webhook.delivery",
    points: DELIVERY,
    parameters: &[
        Parameter {
            name: "claims",
            summary: "What is said to have ended.",
            default: Default::OneOf(&["room_finished", "egress_ended"]),
        },
        Parameter {
            name: "delay",
            summary: "From the matched delivery to the untrue one.",
            default: Default::Span("1s"),
        },
    ],
};

/// Everything at once.
pub static STORM: Kind = Kind {
    name: "webhook.storm",
    summary: "A relay keeps what LiveKit sends, signed already, until the window (`for`) ends; then everything comes at once, \
        in the order in which it was sent. What was kept longer than `token_life` and a minute has expired by then.",
    source: "A relay, or an ingress that queues, in front of a receiver that was away: a thousand deliveries in one second.",
    sound_operator: "Does little for each delivery and leaves work to timers, takes old news for old, and looks itself for what \
        it had to refuse.",
    on: "webhook.delivery",
    points: DELIVERY,
    parameters: &[Parameter {
        name: "by",
        summary: "How long each is kept where there is no window.",
        default: Default::Span("1m"),
    }],
};

/// Nobody gets through.
pub static UNREACHABLE: Kind = Kind {
    name: "webhook.unreachable",
    summary: "The attempt fails on its way (connection refused, or a proxy's 502) and the operator does not see it. A window is \
        an outage: events whose attempts are spent (after 15 seconds) are lost, and those behind them age out.",
    source: "protocol#729: `giving up after 5 attempt(s)`, though the receiver was up.",
    sound_operator: "Needs nothing for a single one: LiveKit tries again. After an outage it looks itself, without being told \
        that there was one. What began and ended within the outage no operator can notice unless it looks all the time.",
    on: "webhook.attempt",
    points: &["webhook.attempt"],
    parameters: &[],
};
