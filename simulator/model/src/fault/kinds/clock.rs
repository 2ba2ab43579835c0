//! Faults of the operator's clock. Servers, timers and the other instances keep the true time.

use crate::fault::{Default, Kind, Parameter};

const POINTS: &[&str] = &[
    "operator.call",
    "operator.delivery",
    "operator.init",
    "livekit.*",
    "s3.*",
    "store.*",
    "timers.*",
    "webhook.open",
    "webhook.raw",
    "clock.now",
];

/// It goes wrong.
pub static SKEW: Kind = Kind {
    name: "clock.skew",
    summary: "The operator's clock jumps, and stays so; with `for`, it jumps back. Webhooks are verified by it (60 s of leeway \
        on a token of `token_life`), tokens for LiveKit's API are dated by it (60 s of leeway, good for 10 minutes), requests to \
        S3 are signed by it (15 minutes). Timers ring by the true time.",
    source: "Paused and migrated virtual machines, hosts without NTP. S3 answers RequestTimeTooSkewed, LiveKit `invalid \
        authorization token`.",
    sound_operator: "Keeps every promise while all instances are 30 s off: it measures by LiveKit's times, never by the \
        difference of two clocks. With instances further apart than its lease no operator can exclude a second start; more than \
        60 s ahead or 11 minutes behind LiveKit lets nobody in, and what falls due meanwhile is done late: afterwards it looks \
        itself at what it was not told.",
    on: "operator.delivery",
    points: POINTS,
    parameters: &[
        Parameter { name: "by", summary: "How far.", default: Default::Span("30s") },
        Parameter { name: "direction", summary: "Which way.", default: Default::OneOf(&["ahead", "behind"]) },
    ],
};

/// It counts seconds.
pub static COARSE: Kind = Kind {
    name: "clock.coarse",
    summary: "The operator's clock tells whole seconds from then on; with `for`, until that is over.",
    source: "Timestamps in databases and JWTs have seconds; two events of one second have the same.",
    sound_operator: "Orders by versions and ids, never by its own timestamps, and expects two of them to be equal.",
    on: "operator.delivery",
    points: POINTS,
    parameters: &[],
};
