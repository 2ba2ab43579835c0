//! Reports about webhooks.

use super::{Report, Shown, fault, key};

/// In order of what becomes of a delivery: lost, late, twice, out of order, not LiveKit's.
pub static REPORTS: &[Report] = &[
    Report {
        source: "livekit#2308",
        symptom: "egress_started came, egress_ended never did; all that could be seen was the recorder leaving the room.",
        shown_by: &[fault(
            "webhook.drop",
            "`where.event = \"egress_ended\"`; the recorder's `participant_left` still comes",
        )],
    },
    Report {
        source: "livekit#3976",
        symptom: "Of each room only the first webhook arrived.",
        shown_by: &[fault("webhook.drop", "`on = \"webhook.delivery\"`, `nth = 2`, `for = \"1h\"`, `where.room`")],
    },
    Report {
        source: "livekit#1451",
        symptom: "An egress that reached its limit ended without an egress_ended.",
        shown_by: &[
            fault("egress.limit_reached", ""),
            fault("webhook.drop", "`where.event = \"egress_ended\"`, beside it"),
        ],
    },
    Report {
        source: "protocol#729",
        symptom: "LiveKit gave a webhook up after five attempts although the receiver's owner was sure that it was up.",
        shown_by: &[
            fault("webhook.unreachable", "`count = 5`, or a window longer than the fifteen seconds of retries"),
            key("[world].webhook_attempts", "how many attempts LiveKit makes"),
        ],
    },
    Report {
        source: "protocol, notifier: max_age 30 s",
        symptom: "A receiver takes half a minute over one event, and those behind it in the queue expire unsent and unseen.",
        shown_by: &[
            fault("webhook.delay", "longer than `[world].webhook_queue_age`"),
            fault("s3.slow", "inside the handler of an operator that works there: its own slowness does the same"),
            key("[world].webhook_queue_age", "how long an event may wait"),
        ],
    },
    Report {
        source: "protocol, notifier: queue depth 200",
        symptom: "While a receiver hangs, the queue of a busy room fills up and the newest events are thrown away.",
        shown_by: &[
            fault("webhook.delay", "on the first event of a busy room"),
            key("[world].webhook_queue_depth", "a small one shows it with a small room"),
        ],
    },
    Report {
        source: "livekit server: webhook.filter_params",
        symptom: "The server's configuration includes or excludes events, so some sorts never come.",
        shown_by: &[key("[world].webhook_events", "the events that are sent")],
    },
    Report {
        source: "protocol, notifier: queues in memory",
        symptom: "A server that restarts loses what stood in its queues.",
        shown_by: &[fault("webhook.drop", "`at` and `for`: everything of those seconds")],
    },
    Report {
        source: "livekit#2399",
        symptom: "participant_left came before participant_joined, or minutes late, or not at all.",
        shown_by: &[
            fault("webhook.reorder", "`where.event = \"participant_joined\"`"),
            fault("webhook.delay", "minutes"),
            fault("webhook.drop", "`where.event = \"participant_left\"`"),
        ],
    },
    Report {
        source: "protocol, notifier: a token lives five minutes, all attempts carry the same one",
        symptom: "A delivery that was held up on its way arrives with a token that has expired.",
        shown_by: &[
            fault("webhook.delay", "longer than `[world].token_life` and the minute of leeway"),
            key("[world].token_life", "how long a token is good"),
        ],
    },
    Report {
        source: "protocol, notifier: a queue idle for five minutes is retired while it may still be sending",
        symptom: "Two events of one egress are under way at the same time, and the older one arrives last.",
        shown_by: &[fault("webhook.reorder", "`where.event = \"egress_updated\"`")],
    },
    Report {
        source: "protocol, notifier: order is kept for each egress and each room, not between them",
        symptom: "What happened to a room and what happened to its egress arrive in an order that never was.",
        shown_by: &[
            Shown::Always("the queues of rooms and of egresses are apart, and wait for nobody but themselves"),
            fault("webhook.delay", "on one of the two queues"),
        ],
    },
    Report {
        source: "LiveKit's EgressInfo.updated_at",
        symptom: "An event carries a snapshot that is older than what an earlier event had already told.",
        shown_by: &[
            fault("webhook.reorder", "`where.event = \"egress_updated\"`"),
            fault("webhook.duplicate", "of an `egress_updated`, with a `delay` past the end"),
        ],
    },
    Report {
        source: "protocol, notifier: retries",
        symptom: "The handler had done its work, but the answer was lost on its way back, so LiveKit sent the event again.",
        shown_by: &[fault("webhook.lost_ack", "")],
    },
    Report {
        source: "OpenVidu/openvidu#747",
        symptom: "The webhook that said `ready` came several times.",
        shown_by: &[
            fault("webhook.duplicate", "`where.event = \"egress_ended\"`, `times = 3`: same id"),
            fault("webhook.duplicate", "with a new id: the same news told anew"),
        ],
    },
    Report {
        source: "livekit server: two servers, or a worker that repeats a state update which timed out",
        symptom: "The same news comes under two ids, so that dropping ids seen before does not help.",
        shown_by: &[fault("webhook.duplicate", "with a new id")],
    },
    Report {
        source: "livekit server: worker and server both register a new egress",
        symptom: "egress_started comes twice for one egress.",
        shown_by: &[fault("webhook.duplicate", "`where.event = \"egress_started\"`, with a new id")],
    },
    Report {
        source: "livekit egress: the handler reports FAILED and then dies, which is reported too",
        symptom: "A second egress_ended comes, with less in it than the first.",
        shown_by: &[fault("webhook.duplicate", "`where.event = \"egress_ended\"`, the poorer copy")],
    },
    Report {
        source: "egress#1251",
        symptom: "A second worker ran with the same egress id, and the two told of different ends.",
        shown_by: &[
            fault("webhook.spurious", "`claims = \"egress_ended\"`: an end that is not the egress's"),
            fault("webhook.duplicate", "`where.event = \"egress_ended\"`, the poorer copy"),
            fault("egress.stuck", "neither of them tells anything"),
        ],
    },
    Report {
        source: "OpenVidu/openvidu-livekit#13",
        symptom: "A huge hash of ended egresses stalled Redis; nodes were declared dead, and room_finished came for rooms that went on.",
        shown_by: &[
            fault("webhook.spurious", "`claims = \"room_finished\"`"),
            fault("livekit.slow", "`on = \"livekit.list_egress\"`: the stalled Redis"),
        ],
    },
    Report {
        source: "livekit's webhook docs: verify before you believe",
        symptom: "Somebody posts deliveries of their own: no token, another key, another body, an expired token.",
        shown_by: &[fault("webhook.forged", "`forgery` says which; `claims` says what they want to be believed")],
    },
    Report {
        source: "livekit's webhook docs: a token is good until it expires",
        symptom: "Somebody who has seen a genuine delivery sends it again, at once or when its token has long expired.",
        shown_by: &[fault("webhook.duplicate", "`delay` within or past `[world].token_life`: a replay is just that")],
    },
    Report {
        source: "protocol#1145",
        symptom: "A proxy wrote the JSON anew, and the body's hash was no longer the one that was signed.",
        shown_by: &[fault("webhook.altered", "")],
    },
    Report {
        source: "livekit server: minor versions add fields, events and enum values",
        symptom: "After the server was upgraded, a receiver that parses strictly answered 500 to everything.",
        shown_by: &[fault("webhook.newer_server", "an unknown field, or an unknown event")],
    },
    Report {
        source: "receivers behind a relay or a queueing ingress",
        symptom: "After an outage a thousand deliveries came within one second.",
        shown_by: &[fault("webhook.storm", "`for`: how long they were held back")],
    },
];
