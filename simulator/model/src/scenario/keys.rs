//! The keys of a scenario file: one declaration that reader, writer and schema share.
//!
//! A key that is not in here does not exist. Order here is order in a canonical file. The parameters of a `[[fault]]`
//! are not in here: each kind of fault declares its own, and [`parameter_key`] turns them into keys.

use crate::fault::{Default as ParameterDefault, Parameter};

/// A table of the file.
#[derive(Debug)]
pub struct Table {
    /// As people write it: `[world]`, `[[call]]`; empty: the top level.
    pub header: &'static str,
    /// What it is for.
    pub summary: &'static str,
    /// Its keys, in canonical order.
    pub keys: &'static [Key],
}

/// A key of a table.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// As written.
    pub name: &'static str,
    /// What its value may be.
    pub holds: Holds,
    /// What it is where the file does not have it.
    pub fallback: Fallback,
    /// What it is for.
    pub summary: &'static str,
}

/// What a value may be.
#[derive(Clone, Copy, Debug)]
pub enum Holds {
    /// A whole number between two, both included.
    Integer {
        /// The least.
        min: u64,
        /// The greatest.
        max: u64,
    },
    /// A duration; `zero` says whether it may be none at all.
    Span {
        /// Whether `"0s"` is allowed.
        zero: bool,
    },
    /// A name: not empty, no control characters.
    Text,
    /// Any text.
    Prose,
    /// One of a few words.
    Word(&'static [&'static str]),
    /// A list of names, each once; `empty` says whether there may be none.
    Texts {
        /// Whether `[]` is allowed.
        empty: bool,
    },
    /// A list of words out of a few, each once; `empty` says whether there may be none.
    Words {
        /// The words.
        of: &'static [&'static str],
        /// Whether `[]` is allowed.
        empty: bool,
    },
    /// `true` or `false`.
    Boolean,
    /// A date and time with an offset from UTC.
    Moment,
    /// One table.
    Table(&'static Table),
    /// A table for each.
    Tables(&'static Table),
    /// Any table; `floats` says whether it may hold numbers with a decimal point.
    Free {
        /// Whether floats are allowed.
        floats: bool,
    },
}

/// What a key is where the file does not have it.
#[derive(Clone, Copy, Debug)]
pub enum Fallback {
    /// The file must have it.
    Required,
    /// Said in words.
    Absent(&'static str),
    /// A whole number.
    Integer(u64),
    /// A duration.
    Span(&'static str),
    /// A text, a word or a moment.
    Text(&'static str),
    /// A list.
    Texts(&'static [&'static str]),
    /// `true` or `false`.
    Boolean(bool),
}

impl Table {
    /// The key of this name.
    pub fn key(&self, name: &str) -> Option<&'static Key> {
        self.keys.iter().find(|key| key.name == name)
    }

    /// Where a key of it stands, for messages.
    pub fn place(&self) -> String {
        if self.header.is_empty() { "at the top level".into() } else { format!("in {}", self.header) }
    }
}

impl Holds {
    /// What is expected, for messages.
    pub fn expected(&self) -> String {
        match self {
            Holds::Integer { .. } => "a whole number".into(),
            Holds::Span { .. } => "a duration such as \"1h30m\"".into(),
            Holds::Text | Holds::Prose => "a text in quotes".into(),
            Holds::Word(words) => format!("one of {}", quoted(words)),
            Holds::Texts { .. } | Holds::Words { .. } => "a list of texts".into(),
            Holds::Boolean => "true or false".into(),
            Holds::Moment => "a moment such as 2026-01-01T00:00:00Z".into(),
            Holds::Table(_) | Holds::Free { .. } => "a table".into(),
            Holds::Tables(table) => format!("a list of {} blocks", table.header),
        }
    }
}

/// `"a", "b", "c"`
pub fn quoted(words: &[&str]) -> String {
    words.iter().map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(", ")
}

/// A parameter of a fault as a key. A number that counts something must not be zero unless zero is its default.
pub fn parameter_key(parameter: &'static Parameter) -> Key {
    let (holds, fallback) = match parameter.default {
        ParameterDefault::Integer(value) => {
            (Holds::Integer { min: value.min(1), max: 1_000_000 }, Fallback::Integer(value))
        }
        ParameterDefault::Span(text) => (Holds::Span { zero: true }, Fallback::Span(text)),
        ParameterDefault::SpanOf(key) => (Holds::Span { zero: true }, Fallback::Absent(key)),
        ParameterDefault::Text(text) => (Holds::Text, Fallback::Text(text)),
        ParameterDefault::OneOf(words) => (Holds::Word(words), Fallback::Text(words[0])),
    };
    Key { name: parameter.name, holds, fallback, summary: parameter.summary }
}

const fn key(name: &'static str, holds: Holds, fallback: Fallback, summary: &'static str) -> Key {
    Key { name, holds, fallback, summary }
}

const fn whole(min: u64, max: u64) -> Holds {
    Holds::Integer { min, max }
}

const ANY_SPAN: Holds = Holds::Span { zero: true };
const SOME_SPAN: Holds = Holds::Span { zero: false };

/// Calls of a scenario at most, all rules together.
pub const CALLS_MAX: u64 = 1_000_000;

/// Top level.
pub static TOP: Table = Table {
    header: "",
    summary: "A scenario of egress-sim: a world, what happens in it, and what an operator must come to. A value, never a distribution.",
    keys: &[
        key("format", whole(1, super::FORMAT), Fallback::Required, "Version of the file format."),
        key("name", Holds::Text, Fallback::Absent("the file's name without .toml"), "Name in reports."),
        key("title", Holds::Prose, Fallback::Text(""), "One line for people."),
        key("severity", Holds::Word(SEVERITIES), Fallback::Text("medium"), "How bad it would be to break it."),
        key("seed", whole(0, u64::MAX), Fallback::Integer(0), "For looked-up randomness: ids and the like."),
        key("question", Holds::Prose, Fallback::Text(""), "Prose: what is asked."),
        key("expected", Holds::Prose, Fallback::Text(""), "Prose: what a sound operator does."),
        key("world", Holds::Table(&WORLD), Fallback::Absent("every default"), WORLD.summary),
        key("limits", Holds::Table(&LIMITS), Fallback::Absent("every default"), LIMITS.summary),
        key("promises", Holds::Table(&PROMISES), Fallback::Absent("every default"), PROMISES.summary),
        key("operator", Holds::Table(&OPERATOR), Fallback::Absent("every default"), OPERATOR.summary),
        key("tenant", Holds::Tables(&TENANT), Fallback::Absent("no tenants"), TENANT.summary),
        key(
            "bucket",
            Holds::Tables(&BUCKET),
            Fallback::Absent("the buckets of the tenants, with defaults"),
            BUCKET.summary,
        ),
        key("call", Holds::Tables(&CALL), Fallback::Absent("no calls"), CALL.summary),
        key("command", Holds::Tables(&COMMAND), Fallback::Absent("no commands"), COMMAND.summary),
        key("fault", Holds::Tables(&FAULT), Fallback::Absent("no faults"), FAULT.summary),
        key("expect", Holds::Tables(&EXPECT), Fallback::Absent("nothing is expected"), EXPECT.summary),
        key(
            "found",
            Holds::Free { floats: false },
            Fallback::Absent("written by hand"),
            "Where a reduced file comes from; never changes a run.",
        ),
    ],
};

/// `[world]`
pub static WORLD: Table = Table {
    header: "[world]",
    summary: "Parameters of the world, so that small worlds show big bugs.",
    keys: &[
        key("start", Holds::Moment, Fallback::Text("2026-01-01T00:00:00Z"), "The moment from which offsets count."),
        key("horizon", SOME_SPAN, Fallback::Span("400d"), "The run's last moment, from `start`."),
        key("settle", ANY_SPAN, Fallback::Span("1d"), "How long the run goes on behind its last obligation."),
        key(
            "webhook_events",
            Holds::Words { of: EVENTS, empty: false },
            Fallback::Absent("all events"),
            "LiveKit's include filter of webhook events.",
        ),
        key("webhook_attempts", whole(1, 100), Fallback::Integer(5), "Attempts to deliver one webhook event."),
        key(
            "webhook_queue_depth",
            whole(1, 1_000_000),
            Fallback::Integer(200),
            "Events that wait in one queue at most.",
        ),
        key("webhook_queue_age", SOME_SPAN, Fallback::Span("30s"), "Events that waited longer are dropped unsent."),
        key("token_life", SOME_SPAN, Fallback::Span("5m"), "Life of a webhook's token."),
        key("info_retention", ANY_SPAN, Fallback::Span("24h"), "How long LiveKit remembers an ended egress."),
        key("egress_start", ANY_SPAN, Fallback::Span("2s"), "From STARTING to ACTIVE."),
        key("egress_capacity", whole(0, 1_000_000), Fallback::Integer(0), "Egresses at the same time; 0: no limit."),
        key(
            "file_output_max_duration",
            ANY_SPAN,
            Fallback::Span("0s"),
            "How long a session with a file output lasts at most, as `session_limits` of the worker's configuration has it: then it ends as EGRESS_LIMIT_REACHED. 0s: no limit. Of several outputs the shortest counts.",
        ),
        key("stream_output_max_duration", ANY_SPAN, Fallback::Span("0s"), "The same with a stream output."),
        key("segment_output_max_duration", ANY_SPAN, Fallback::Span("0s"), "The same with a segmented file output."),
        key("image_output_max_duration", ANY_SPAN, Fallback::Span("0s"), "The same with an image output."),
        key(
            "upload_bytes_per_second",
            whole(1, 1_000_000_000_000),
            Fallback::Integer(50_000_000),
            "The egress worker's upload speed.",
        ),
        key(
            "media_bytes_per_second",
            whole(1, 1_000_000_000_000),
            Fallback::Integer(250_000),
            "Size of recorded media.",
        ),
        key("livekit_latency", ANY_SPAN, Fallback::Span("20ms"), "From a LiveKit call to its effect and reply."),
        key("s3_latency", ANY_SPAN, Fallback::Span("30ms"), "From an S3 call to its effect and reply."),
        key("list_page", whole(1, 1_000), Fallback::Integer(1_000), "Keys of one list page at most."),
        key("lifecycle_day", SOME_SPAN, Fallback::Span("24h"), "Length of a day of S3's lifecycle rules."),
        key(
            "error_prefix",
            Holds::Boolean,
            Fallback::Boolean(true),
            "`twirp error unknown: ` before LiveKit's messages, as servers from 1.8.4 on have it.",
        ),
        key(
            "backup_bucket",
            Holds::Text,
            Fallback::Absent("no backup storage"),
            "Where the egress worker puts an output whose own bucket has refused one of its uploads.",
        ),
    ],
};

/// `[limits]`
pub static LIMITS: Table = Table {
    header: "[limits]",
    summary: "The sandbox's limits: fixed numbers, so that a guest's end never depends on the machine.",
    keys: &[
        key(
            "fuel",
            whole(1, i64::MAX.cast_unsigned()),
            Fallback::Integer(1_000_000_000),
            "wasmtime fuel for one delivery.",
        ),
        key("memory_bytes", whole(1, 4 << 30), Fallback::Integer(128 << 20), "Linear memory of one instance."),
        key("table_elements", whole(1, 10_000_000), Fallback::Integer(40_000), "Elements of its tables."),
        key("stack_bytes", whole(1, 64 << 20), Fallback::Integer(256 << 10), "wasm stack."),
        key("host_payload_bytes", whole(1, 1 << 30), Fallback::Integer(4 << 20), "What one call may carry in and out."),
        key("calls_per_delivery", whole(1, 1_000_000_000), Fallback::Integer(10_000), "Calls within one delivery."),
        key(
            "calls_per_run",
            whole(1, i64::MAX.cast_unsigned()),
            Fallback::Integer(2_000_000),
            "Calls of all deliveries together. An operator that makes more is not started again.",
        ),
        key(
            "payload_bytes_per_run",
            whole(1, i64::MAX.cast_unsigned()),
            Fallback::Integer(512 << 20),
            "What all calls together may carry in and out. An operator that carries more is not started again.",
        ),
        key("timers", whole(1, 1_000_000), Fallback::Integer(10_000), "Timers set at the same time."),
    ],
};

/// `[promises]`
pub static PROMISES: Table = Table {
    header: "[promises]",
    summary: "The grace that promises allow.",
    keys: &[
        key("gap", ANY_SPAN, Fallback::Span("60s"), "From an early end of an egress to its successor."),
        key(
            "stop_grace",
            ANY_SPAN,
            Fallback::Span("60s"),
            "From a call's end to the last STARTING or ACTIVE egress of it.",
        ),
        key(
            "startup",
            ANY_SPAN,
            Fallback::Span("15s"),
            "From the moment a participant could be recorded to being heard.",
        ),
        key("prompt", ANY_SPAN, Fallback::Span("30s"), "From a webhook to its answer."),
        key(
            "inventory_grace",
            ANY_SPAN,
            Fallback::Span("5m"),
            "From `egress_started` or `egress_ended` to the inventory.",
        ),
        key("converge", ANY_SPAN, Fallback::Span("7d"), "From the last fault to the operator's goals."),
    ],
};

/// `[operator]`
pub static OPERATOR: Table = Table {
    header: "[operator]",
    summary: "Which operator, and how it is run.",
    keys: &[
        key("use", Holds::Text, Fallback::Text("builtin:reference"), "OP as on the command line; `--operator` wins."),
        key(
            "older",
            Holds::Text,
            Fallback::Absent("none"),
            "OP that a deploy may roll back to; it lies beside the file, as `use` does.",
        ),
        key("instances", whole(1, 100), Fallback::Integer(1), "How many run at the same time."),
        key("restart", ANY_SPAN, Fallback::Span("1s"), "From a crash to the next incarnation."),
        key("config", Holds::Free { floats: true }, Fallback::Absent("empty"), "Free; handed to `init` as JSON."),
    ],
};

/// `[[tenant]]`
pub static TENANT: Table = Table {
    header: "[[tenant]]",
    summary: "A customer whose calls are recorded, and what was promised to it.",
    keys: &[
        key("name", Holds::Text, Fallback::Required, "Its name."),
        key(
            "buckets",
            Holds::Texts { empty: false },
            Fallback::Required,
            "Where its recordings may go; tenants may share one.",
        ),
        key("cdn", Holds::Text, Fallback::Absent("nothing is published"), "Host name of the CDN."),
        key(
            "retention",
            ANY_SPAN,
            Fallback::Absent("until the contract's end"),
            "Recordings are kept so long behind their egress's end, or until the contract's end.",
        ),
        key("retention_max", SOME_SPAN, Fallback::Absent("no limit"), "And no longer than this."),
        key("delete_within", SOME_SPAN, Fallback::Span("90d"), "Everything is gone so long after the contract's end."),
        key("contract_end", ANY_SPAN, Fallback::Absent("it does not end"), "From `world.start`."),
    ],
};

/// `[[bucket]]`
pub static BUCKET: Table = Table {
    header: "[[bucket]]",
    summary: "A bucket with something else than defaults; buckets that only a tenant names have them all.",
    keys: &[
        key("name", Holds::Text, Fallback::Required, "Its name, by S3's rules."),
        key("region", Holds::Text, Fallback::Text("us-east-1"), "Its region."),
        key("versioning", Holds::Boolean, Fallback::Boolean(false), "Whether versioning is enabled."),
        key(
            "object_lock",
            Holds::Word(OBJECT_LOCKS),
            Fallback::Text("none"),
            "Mode of object lock, which brings versioning with it.",
        ),
        key("lock_for", SOME_SPAN, Fallback::Absent("no default retention"), "Default retention of object lock."),
        key("public", Holds::Boolean, Fallback::Boolean(false), "Whether anonymous reads are allowed."),
    ],
};

/// `[[call]]`
pub static CALL: Table = Table {
    header: "[[call]]",
    summary: "A call, or a rule for many: a room with people in it for some time.",
    keys: &[
        key(
            "name",
            Holds::Text,
            Fallback::Absent("no name"),
            "Name of the step, for `after`, which means the call's end.",
        ),
        key("tenant", Holds::Text, Fallback::Required, "Whose call it is."),
        key(
            "room",
            Holds::Text,
            Fallback::Required,
            "Name of the room: a template with `{n}`, from 0, and `{tenant}`.",
        ),
        key(
            "participants",
            Holds::Texts { empty: false },
            Fallback::Absent("the [[call.participant]] blocks"),
            "Who is there from start to end with microphone and camera.",
        ),
        key("at", ANY_SPAN, Fallback::Required, "The first one's start, from `world.start`."),
        key("count", whole(1, CALLS_MAX), Fallback::Integer(1), "How many calls."),
        key("every", ANY_SPAN, Fallback::Absent("there is one call only"), "From one's start to the next one's."),
        key("duration", SOME_SPAN, Fallback::Required, "From start to end."),
        key(
            "recording",
            Holds::Word(RECORDINGS),
            Fallback::Text("none"),
            "What is to be recorded: everybody in one file, one raw file a track, or nothing.",
        ),
        key("output", Holds::Word(OUTPUTS), Fallback::Text("mp4"), "In which form."),
        key("segment", SOME_SPAN, Fallback::Span("6s"), "Length of an HLS segment, whole seconds."),
        key("participant", Holds::Tables(&PARTICIPANT), Fallback::Absent("the `participants`"), PARTICIPANT.summary),
    ],
};

/// `[[call.participant]]`
pub static PARTICIPANT: Table = Table {
    header: "[[call.participant]]",
    summary: "Somebody who joins late, leaves early or publishes something else.",
    keys: &[
        key("identity", Holds::Text, Fallback::Required, "Identity within the room."),
        key("join", ANY_SPAN, Fallback::Span("0s"), "From the call's start."),
        key("leave", SOME_SPAN, Fallback::Absent("stays to the end"), "From the call's start."),
        key(
            "tracks",
            Holds::Words { of: TRACKS, empty: true },
            Fallback::Texts(&["microphone", "camera"]),
            "Published on joining.",
        ),
    ],
};

/// `[[command]]`
pub static COMMAND: Table = Table {
    header: "[[command]]",
    summary: "An order from the operator's own organisation. The contract's end is one by itself, see `tenant.contract_end`.",
    keys: &[
        key("name", Holds::Text, Fallback::Absent("no name"), "Name of the step, for `after`."),
        key("at", ANY_SPAN, Fallback::Absent("see `after`"), "When, from `world.start`."),
        key("after", Holds::Text, Fallback::Absent("see `at`"), "Behind a named step."),
        key("do", Holds::Word(ORDERS), Fallback::Required, "What is ordered."),
        key("tenant", Holds::Text, Fallback::Required, "Whose recordings."),
        key("room", Holds::Text, Fallback::Absent("all of the tenant"), "Of which room."),
    ],
};

/// `[[fault]]`
pub static FAULT: Table = Table {
    header: "[[fault]]",
    summary: "Something that goes wrong, and when. Each kind has parameters of its own besides.",
    keys: &[
        key("name", Holds::Text, Fallback::Absent("no name"), "Name of the step, for `after`."),
        key("do", Holds::Text, Fallback::Required, "What goes wrong: `surface.what`."),
        key(
            "at",
            ANY_SPAN,
            Fallback::Absent("see `on`"),
            "At the first match from this moment on, from `world.start`.",
        ),
        key("after", Holds::Text, Fallback::Absent("see `on`"), "At the first match behind a named step."),
        key(
            "on",
            Holds::Text,
            Fallback::Absent("the kind's own point"),
            "The point where it strikes, such as `s3.delete_objects`, or a pattern that ends with `*`.",
        ),
        key("nth", whole(1, 1_000_000_000), Fallback::Integer(1), "At which match, from 1; with `on`."),
        key("count", whole(1, 1_000_000_000), Fallback::Integer(1), "At how many matches in a row; with `on`."),
        key(
            "for",
            SOME_SPAN,
            Fallback::Absent("no window"),
            "From its first strike on, it strikes at every match for so long.",
        ),
        key("where", Holds::Table(&WHERE), Fallback::Absent("anything matches"), WHERE.summary),
    ],
};

/// `where` of a fault
pub static WHERE: Table = Table {
    header: "`where` of [[fault]]",
    summary: "What a match must have.",
    keys: &[
        key("event", Holds::Word(EVENTS), Fallback::Absent("any"), "The webhook's event."),
        key("bucket", Holds::Text, Fallback::Absent("any"), "The bucket."),
        key("key", Holds::Text, Fallback::Absent("any"), "The key, or a pattern that ends with `*`."),
        key("tenant", Holds::Text, Fallback::Absent("any"), "The tenant."),
        key("room", Holds::Text, Fallback::Absent("any"), "The room."),
        key("instance", whole(0, 99), Fallback::Absent("any"), "The operator's instance."),
    ],
};

/// `[[expect]]`
pub static EXPECT: Table = Table {
    header: "[[expect]]",
    summary: "What an operator must come to in this scenario; never changes a run.",
    keys: &[
        key("operator", Holds::Text, Fallback::Text("builtin:reference"), "OP as on the command line."),
        key("verdict", Holds::Word(VERDICTS), Fallback::Text("pass"), "What the properties must find."),
        key(
            "violates",
            Holds::Texts { empty: true },
            Fallback::Absent("none"),
            "Every property that breaks, the meant one first.",
        ),
        key("counts", Holds::Table(&COUNTS), Fallback::Absent("any"), COUNTS.summary),
    ],
};

const ANY_COUNT: Holds = whole(0, i64::MAX.cast_unsigned());

/// `counts` of an expectation
pub static COUNTS: Table = Table {
    header: "`counts` of [[expect]]",
    summary: "Counts of the JSON report that must come out.",
    keys: &[
        key("calls", ANY_COUNT, Fallback::Absent("any"), "Calls that started."),
        key("egresses", ANY_COUNT, Fallback::Absent("any"), "Egresses."),
        key("webhooks", ANY_COUNT, Fallback::Absent("any"), "Deliveries answered."),
        key("host_calls", ANY_COUNT, Fallback::Absent("any"), "Calls of the operator."),
        key("objects_put", ANY_COUNT, Fallback::Absent("any"), "Keys that were ever stored."),
        key("objects_deleted", ANY_COUNT, Fallback::Absent("any"), "Keys that were deleted."),
        key("objects_live", ANY_COUNT, Fallback::Absent("any"), "Keys with a current version at the end."),
        key("versions_live", ANY_COUNT, Fallback::Absent("any"), "Versions and delete markers at the end."),
        key("heads", ANY_COUNT, Fallback::Absent("any"), "HEAD requests."),
        key("audit_records", ANY_COUNT, Fallback::Absent("any"), "Audit records."),
        key("incarnations", ANY_COUNT, Fallback::Absent("any"), "Incarnations of the operator."),
    ],
};

const SEVERITIES: &[&str] = &["low", "medium", "high", "critical"];
const OBJECT_LOCKS: &[&str] = &["none", "governance", "compliance"];
const RECORDINGS: &[&str] = &["compliance", "processing", "none"];
const OUTPUTS: &[&str] = &["mp4", "hls"];
const TRACKS: &[&str] = &["microphone", "camera", "screen_share", "screen_share_audio"];
const ORDERS: &[&str] = &["legal_hold", "lift_hold", "playback"];
const VERDICTS: &[&str] = &["pass", "violates", "inconclusive"];

/// LiveKit's webhook events, as `webhook.EventNames` of the server lists them.
pub static EVENTS: &[&str] = &[
    "room_started",
    "room_finished",
    "participant_joined",
    "participant_left",
    "participant_connection_aborted",
    "track_published",
    "track_unpublished",
    "egress_started",
    "egress_updated",
    "egress_ended",
    "ingress_started",
    "ingress_ended",
    "agent_job_started",
    "agent_job_ended",
];

/// The ids that `violates` may name, besides `custom.NAME` of an operator's own promises.
pub static PROPERTIES: &[&str] = &[
    "recording.composite-per-call",
    "recording.no-overlap",
    "recording.gap",
    "recording.stopped",
    "recording.own-buckets",
    "recording.tracks",
    "recording.consent",
    "playlist.final",
    "playlist.complete",
    "playlist.via-cdn",
    "playlist.plays",
    "retention.not-early",
    "retention.not-late",
    "retention.whole-recording",
    "deletion.complete",
    "deletion.verified",
    "deletion.only-own",
    "deletion.links-gone",
    "inventory.complete",
    "inventory.no-phantom",
    "audit.truthful",
    "audit.complete",
    "webhook.authentic",
    "webhook.prompt",
    "operator.converges",
    "operator.crash-safe",
    "operator.bounded",
    "sandbox.contained",
];

#[cfg(test)]
mod tests;
