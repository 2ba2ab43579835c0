//! Faults of LiveKit's egress service, in the life of an egress.

use crate::fault::{Default, Kind, Parameter};

const fn delay(default: &'static str, summary: &'static str) -> Parameter {
    Parameter { name: "delay", summary, default: Default::Span(default) }
}

/// Ends by itself, without files.
pub static ABORT: Kind = Kind {
    name: "egress.abort",
    summary: "The egress ends by itself with nothing in the sink: ABORTED while STARTING, FAILED once ACTIVE or ENDING.",
    source: "egress#827, egress#896, egress#911 (`Start signal not received`); egress#819, egress#345 (`could not \
             establish signal connection`); egress#158, egress#887 (`pipeline frozen`, 30 s after the stop).",
    sound_operator: "Starts another one within the gap as long as the call goes on, and keeps a row for each. What was \
                     recorded before a frozen ENDING nobody can bring back.",
    on: "egress.start",
    points: &["egress.start", "egress.active", "egress.ending"],
    parameters: &[
        delay("1s", "From the matched moment to the end; at egress.ending nothing is uploaded meanwhile."),
        Parameter {
            name: "error",
            summary: "What it says: `usual` is `Start signal not received` while STARTING (ABORTED, 412) and `pipeline \
                      frozen` later (FAILED, 500); `signal_connection` is FAILED at any time, without a code.",
            default: Default::OneOf(&["usual", "signal_connection"]),
        },
    ],
};

/// The end is missing.
pub static CUT_SHORT: Kind = Kind {
    name: "egress.cut_short",
    summary: "The egress ends COMPLETE, but the last seconds of its media are in no file and in no segment.",
    source: "egress#1101, egress#1191: segments at the end are missing, above all when the room is deleted.",
    sound_operator: "Goes by what is in the sink and by what the playlist names, and does not wait for as many segments \
                     as the call was long.",
    on: "egress.ending",
    points: &["egress.ending"],
    parameters: &[Parameter {
        name: "by",
        summary: "How much is missing. Segments that are uploaded already stay.",
        default: Default::Span("6s"),
    }],
};

/// Ends well, too early.
pub static ENDS_EARLY: Kind = Kind {
    name: "egress.ends_early",
    summary: "The egress ends COMPLETE with everything in the sink, although the room goes on.",
    source: "egress#287, egress#210 (a short drop ends the page); egress#961 (workers drain when the CPU is exhausted).",
    sound_operator: "Takes COMPLETE for the end of the egress and not of the call: it starts another one within the gap.",
    on: "egress.active",
    points: &["egress.active"],
    parameters: &[
        delay("10s", "From the matched moment to the end."),
        Parameter {
            name: "reason",
            summary: "What `details` says.",
            default: Default::OneOf(&["source_closed", "cpu_exhausted", "process_killed"]),
        },
    ],
};

/// Fails, and leaves something.
pub static FAIL: Kind = Kind {
    name: "egress.fail",
    summary: "The egress ends FAILED with objects in the sink: what was recorded is finished and uploaded, or HLS keeps \
              what it had.",
    source: "egress#1247, egress#1265, egress#942 (killed for CPU or memory); egress#1270 (connection to the room lost); \
             egress#572, egress#599 (memory grows for days).",
    sound_operator: "Keeps a row that covers what FAILED left, deletes it like any other recording, and starts another \
                     egress as long as the call goes on.",
    on: "egress.active",
    points: &["egress.start", "egress.active"],
    parameters: &[
        delay("10s", "From the matched moment to the end of its media."),
        Parameter {
            name: "reason",
            summary: "`cpu_exhausted`, `oom`, `killed`: 403, files are uploaded, no manifest. `room_connection`: 503, files \
                      and manifest. `handler_crash`: 500, nothing more is uploaded, and the info is as at the start.",
            default: Default::OneOf(&["cpu_exhausted", "oom", "killed", "room_connection", "handler_crash"]),
        },
    ],
};

/// A limit.
pub static LIMIT_REACHED: Kind = Kind {
    name: "egress.limit_reached",
    summary: "The egress is LIMIT_REACHED at once, `egress_ended` is sent, and only then its outputs are finished and \
              uploaded; ABORTED while STARTING.",
    source: "livekit/egress, pipeline/controller.go: the session limit; livekit#1451.",
    sound_operator: "Starts another one while the call goes on, and calls the recording stored only once all of it is in \
                     the sink.",
    on: "egress.active",
    points: &["egress.start", "egress.active"],
    parameters: &[delay("1m", "From the matched moment to the limit.")],
};

/// Placeholders stay.
pub static LITERAL_NAME: Kind = Kind {
    name: "egress.literal_name",
    summary: "Placeholders of the track and its publisher stay literal: the object is stored under `{publisher_identity}`.",
    source: "egress#956, egress#466.",
    sound_operator: "Takes names from the EgressInfo at the end, and gives each egress a prefix of its own that needs no \
                     placeholder.",
    on: "egress.start",
    points: &["egress.start"],
    parameters: &[],
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

/// The info is poor.
pub static POOR_RESULT: Kind = Kind {
    name: "egress.poor_result",
    summary: "Everything is in the sink, but the EgressInfo of the ended egress does not say so, or says it wrongly.",
    source: "node-sdks#625 (`file_results` empty); egress#809 (negative duration); egress#1254 (no location).",
    sound_operator: "Knows its own prefix and looks there, instead of going by what the results lack.",
    on: "egress.ended",
    points: &["egress.ended"],
    parameters: &[Parameter {
        name: "what",
        summary: "`no_results`: both lists are empty, only the deprecated `result` of the raw event is set. \
                  `negative_duration`: no `ended_at`, and a duration of `0 - started_at`, which typed guests see as 0. \
                  `no_location`: every location is empty.",
        default: Default::OneOf(&["no_results", "negative_duration", "no_location"]),
    }],
};

/// A second attempt.
pub static RETRIED: Kind = Kind {
    name: "egress.retried",
    summary: "The first attempt fails before it is ACTIVE, and LiveKit Cloud starts another one under the same id: \
              `retry_count` is 1, and `-1` stands before the extension of every name.",
    source: "livekit/egress, config/output_file.go and its like; protocol, `EgressInfo.retry_count`.",
    sound_operator: "Takes names from the final EgressInfo, and deletes everything below its own prefix.",
    on: "egress.start",
    points: &["egress.start"],
    parameters: &[Parameter {
        name: "leaves",
        summary: "What the first attempt has stored under the names that were announced: nothing, or a second of media.",
        default: Default::OneOf(&["nothing", "partial"]),
    }],
};

/// Long STARTING.
pub static SLOW_START: Kind = Kind {
    name: "egress.slow_start",
    summary: "The egress stays STARTING for longer than usual; a stop meanwhile makes it ABORTED.",
    source: "egress#862: status 0 was taken for inactive, and an immediate stop failed.",
    sound_operator: "Waits, or stops it before it starts another one; never runs two.",
    on: "egress.start",
    points: &["egress.start"],
    parameters: &[Parameter {
        name: "by",
        summary: "How much longer than `world.egress_start`.",
        default: Default::Span("20s"),
    }],
};

/// No end.
pub static STUCK: Kind = Kind {
    name: "egress.stuck",
    summary: "The worker dies without a word: the status stays what it is for ever, nothing more is recorded or uploaded, \
              StopEgress answers 408, and ListEgress shows it as live for ever.",
    source: "livekit#1717, egress#143 (ACTIVE); egress#384, egress#647 (STARTING); egress#1336 (ENDING).",
    sound_operator: "Notices: the recorder has left the room, or STARTING or ENDING lasts too long. It tries to stop it, \
                     starts another one while the call goes on, closes the row and deletes what is there in time. The \
                     recording of an MP4 that was ENDING is lost.",
    on: "egress.active",
    points: &["egress.start", "egress.active", "egress.ending"],
    parameters: &[
        delay("0s", "From the matched moment to the worker's death; at egress.ending nothing is uploaded meanwhile."),
        Parameter {
            name: "missed_after",
            summary: "From the death of an ACTIVE worker to `participant_left` of its recorder.",
            default: Default::Span("15s"),
        },
    ],
};
