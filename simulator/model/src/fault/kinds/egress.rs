//! Faults of LiveKit's egress service.

use crate::fault::{Default, Kind, Parameter};

/// Ends by itself, without files.
pub static ABORT: Kind = Kind {
    name: "egress.abort",
    summary: "The egress ends by itself with nothing in the sink: ABORTED while STARTING, FAILED once ACTIVE.",
    source: "egress#827, egress#896, egress#911 (`Start signal not received`); egress#819 (ended within seconds).",
    sound_operator: "Starts another one within the gap as long as the call goes on, and keeps a row for each.",
    on: "egress.start",
    points: &["egress.start", "egress.active"],
    parameters: &[Parameter {
        name: "delay",
        summary: "From the matched moment to the end.",
        default: Default::Span("1s"),
    }],
};

/// Goes on behind the room's end.
pub static OUTLIVES_ROOM: Kind = Kind {
    name: "egress.outlives_room",
    summary: "The egress does not notice that the room has ended, and stays ACTIVE until somebody stops it.",
    source: "egress#815, livekit#3680: hours of emptiness were recorded.",
    sound_operator: "Stops every egress of a room when the room has finished, and does not wait to be told.",
    on: "egress.start",
    points: &["egress.start"],
    parameters: &[],
};
