//! A scenario as a value: everything a run depends on besides the operator's bytes.
//!
//! `scenario/file.rs` reads it from TOML with errors that point at line and key, `scenario/write.rs` writes it in
//! canonical form, `scenario/schema.rs` describes the file as JSON Schema, `scenario/import.rs` makes one
//! of an incident. A scenario never holds a distribution; whoever wants to vary it makes many of them.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::call::Versioning;
use crate::fault;
use crate::livekit::TrackSource;
use crate::time::{Span, Time};

pub mod file;
pub mod import;
pub mod keys;
pub mod schema;
pub mod write;

/// The version of the file format that this build reads and writes: the top-level key `format`.
pub const FORMAT: u64 = 1;

/// A scenario. Field names are the keys of the file.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    /// File stem, unless the file says otherwise.
    pub name: String,
    /// One line for people.
    pub title: String,
    /// How bad it would be to break it.
    pub severity: Severity,
    /// For looked-up randomness.
    pub seed: u64,
    /// Prose: what is asked.
    pub question: String,
    /// Prose: what a sound operator does.
    pub expected: String,
    /// World parameters.
    pub world: WorldParameters,
    /// The sandbox's limits.
    pub limits: Limits,
    /// The grace that promises allow.
    pub promises: Promises,
    /// Which operator, and how it is run.
    pub operator: OperatorTable,
    /// Tenants, in order of the file.
    pub tenants: Vec<Tenant>,
    /// Buckets with something else than defaults; [`Scenario::bucket`] also answers for those that only a tenant names.
    pub buckets: Vec<Bucket>,
    /// Calls, each possibly a rule for many.
    pub calls: Vec<Call>,
    /// Commands.
    pub commands: Vec<Command>,
    /// Faults, in order of the file.
    pub faults: Vec<fault::Fault>,
    /// What each operator must come to.
    pub expects: Vec<Expect>,
    /// Provenance of a reduced file; never changes a run.
    pub found: toml::Table,
}

/// `severity`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// `low`
    Low,
    /// `medium`
    #[default]
    Medium,
    /// `high`
    High,
    /// `critical`
    Critical,
}

impl Severity {
    /// As the file spells it.
    pub const fn name(self) -> &'static str {
        match self {
            Severity::Low => "low",
            Severity::Medium => "medium",
            Severity::High => "high",
            Severity::Critical => "critical",
        }
    }
}

/// `[world]`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct WorldParameters {
    /// The moment from which offsets count.
    pub start: Time,
    /// The run's last moment, from `start`.
    pub horizon: Span,
    /// How long the run goes on behind its last obligation.
    pub settle: Span,
    /// LiveKit's include filter of webhook events; none: all.
    pub webhook_events: Option<Vec<String>>,
    /// Attempts to deliver one webhook event.
    pub webhook_attempts: u32,
    /// Events that wait in one queue at most.
    pub webhook_queue_depth: u32,
    /// Events that waited longer are dropped unsent.
    pub webhook_queue_age: Span,
    /// Life of a webhook's token.
    pub token_life: Span,
    /// How long LiveKit remembers an ended egress.
    pub info_retention: Span,
    /// From STARTING to ACTIVE.
    pub egress_start: Span,
    /// Egresses at the same time; 0: no limit.
    pub egress_capacity: u32,
    /// `session_limits` of the egress worker's configuration: how long a session with a file output lasts at most; zero: as
    /// long as it likes.
    pub file_output_max_duration: Span,
    /// The same for one with a stream output.
    pub stream_output_max_duration: Span,
    /// For one with a segmented file output.
    pub segment_output_max_duration: Span,
    /// For one with an image output.
    pub image_output_max_duration: Span,
    /// The worker's upload speed.
    pub upload_bytes_per_second: u64,
    /// Size of recorded media.
    pub media_bytes_per_second: u64,
    /// From a LiveKit call to its effect and reply.
    pub livekit_latency: Span,
    /// From an S3 call to its effect and reply.
    pub s3_latency: Span,
    /// Keys of one list page at most; S3's own limit of 1,000 holds besides.
    pub list_page: u32,
    /// Length of a lifecycle day.
    pub lifecycle_day: Span,
    /// `twirp error unknown: ` before LiveKit's messages (server v1.8.4 and later).
    pub error_prefix: bool,
    /// `backup` of the egress worker's storage configuration: where an output goes whose primary bucket failed it.
    pub backup_bucket: Option<String>,
}

impl Default for WorldParameters {
    fn default() -> WorldParameters {
        WorldParameters {
            start: Time(1_767_225_600_000_000_000),
            horizon: Span::seconds(400 * 86_400),
            settle: Span::seconds(86_400),
            webhook_events: None,
            webhook_attempts: 5,
            webhook_queue_depth: 200,
            webhook_queue_age: Span::seconds(30),
            token_life: Span::seconds(300),
            info_retention: Span::seconds(86_400),
            egress_start: Span::seconds(2),
            egress_capacity: 0,
            file_output_max_duration: Span::ZERO,
            stream_output_max_duration: Span::ZERO,
            segment_output_max_duration: Span::ZERO,
            image_output_max_duration: Span::ZERO,
            upload_bytes_per_second: 50_000_000,
            media_bytes_per_second: 250_000,
            livekit_latency: Span::MILLISECOND.times(20),
            s3_latency: Span::MILLISECOND.times(30),
            list_page: 1000,
            lifecycle_day: Span::seconds(86_400),
            error_prefix: true,
            backup_bucket: None,
        }
    }
}

/// `[limits]`: fixed numbers, so that a guest's end never depends on the machine.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Limits {
    /// wasmtime fuel for one delivery.
    pub fuel: u64,
    /// Linear memory of one instance, bytes.
    pub memory_bytes: u64,
    /// Elements of its tables.
    pub table_elements: u64,
    /// wasm stack, bytes.
    pub stack_bytes: u64,
    /// What one call may carry in and out, bytes.
    pub host_payload_bytes: u64,
    /// Calls within one delivery.
    pub calls_per_delivery: u64,
    /// Calls of all deliveries together.
    pub calls_per_run: u64,
    /// What all calls together may carry in and out, bytes.
    pub payload_bytes_per_run: u64,
    /// Timers set at the same time.
    pub timers: u64,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            fuel: 1_000_000_000,
            memory_bytes: 128 << 20,
            table_elements: 40_000,
            stack_bytes: 256 << 10,
            host_payload_bytes: 4 << 20,
            calls_per_delivery: 10_000,
            calls_per_run: 2_000_000,
            payload_bytes_per_run: 512 << 20,
            timers: 10_000,
        }
    }
}

/// `[promises]`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Promises {
    /// From an early end of an egress to its successor.
    pub gap: Span,
    /// From a call's end to the last STARTING or ACTIVE egress of it.
    pub stop_grace: Span,
    /// From the moment a participant could be recorded to being heard.
    pub startup: Span,
    /// From a webhook to its answer.
    pub prompt: Span,
    /// From `egress_started` or `egress_ended` to the inventory.
    pub inventory_grace: Span,
    /// From the last fault to the operator's goals.
    pub converge: Span,
}

impl Default for Promises {
    fn default() -> Promises {
        Promises {
            gap: Span::seconds(60),
            stop_grace: Span::seconds(60),
            startup: Span::seconds(15),
            prompt: Span::seconds(30),
            inventory_grace: Span::seconds(300),
            converge: Span::seconds(7 * 86_400),
        }
    }
}

/// `[operator]`
#[derive(Clone, Debug, PartialEq)]
pub struct OperatorTable {
    /// `OP` as on the command line.
    pub use_: String,
    /// `OP` of the component that a deploy may roll back to.
    pub older: Option<String>,
    /// How many run at the same time.
    pub instances: u32,
    /// From a crash to the next incarnation.
    pub restart: Span,
    /// Free; handed to `init` as JSON.
    pub config: toml::Table,
}

impl Default for OperatorTable {
    fn default() -> OperatorTable {
        OperatorTable {
            use_: "builtin:reference".into(),
            older: None,
            instances: 1,
            restart: Span::SECOND,
            config: toml::Table::new(),
        }
    }
}

/// `[[tenant]]`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Tenant {
    /// Name.
    pub name: String,
    /// Buckets of the scenario.
    pub buckets: Vec<String>,
    /// Host name of the CDN; none: nothing is published.
    pub cdn: Option<String>,
    /// Recordings are kept so long behind their egress's end, or until the contract ends; none: until then.
    pub retention: Option<Span>,
    /// And no longer than this.
    pub retention_max: Option<Span>,
    /// Everything is gone so long after the contract's end.
    pub delete_within: Span,
    /// From `world.start`; none: it does not end.
    pub contract_end: Option<Span>,
}

/// `[[bucket]]`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Bucket {
    /// Name.
    pub name: String,
    /// Region.
    pub region: String,
    /// Versioning enabled, object lock aside.
    pub versioning: bool,
    /// Object lock's default mode.
    pub object_lock: ObjectLock,
    /// Its default retention.
    pub lock_for: Option<Span>,
    /// Anonymous reads allowed.
    pub public: bool,
}

impl Bucket {
    /// A bucket with every default.
    pub fn named(name: &str) -> Bucket {
        Bucket {
            name: name.into(),
            region: "us-east-1".into(),
            versioning: false,
            object_lock: ObjectLock::None,
            lock_for: None,
            public: false,
        }
    }

    /// `GetBucketVersioning` at the start: object lock needs versions, and brings them.
    pub const fn versioning(&self) -> Versioning {
        if self.versioning || !matches!(self.object_lock, ObjectLock::None) {
            Versioning::Enabled
        } else {
            Versioning::Unversioned
        }
    }
}

/// `object_lock`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Hash)]
#[serde(rename_all = "snake_case")]
pub enum ObjectLock {
    /// `none`
    #[default]
    None,
    /// `governance`
    Governance,
    /// `compliance`
    Compliance,
}

impl ObjectLock {
    /// As the file spells it.
    pub const fn name(self) -> &'static str {
        match self {
            ObjectLock::None => "none",
            ObjectLock::Governance => "governance",
            ObjectLock::Compliance => "compliance",
        }
    }
}

/// `[[call]]`: one call, or a rule for `count` of them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Call {
    /// Name of the step, for `after`; empty: none.
    pub name: String,
    /// Tenant.
    pub tenant: String,
    /// Template of the room's name: `{n}` counts from 0, `{tenant}`.
    pub room: String,
    /// Who takes part.
    pub participants: Vec<Participant>,
    /// The first one's start, from `world.start`.
    pub at: Span,
    /// How many.
    pub count: u64,
    /// From one's start to the next one's.
    pub every: Span,
    /// From start to end.
    pub duration: Span,
    /// What is to be recorded.
    pub recording: Recording,
    /// In which form.
    pub output: OutputKind,
    /// Length of a segment, whole seconds.
    pub segment: Span,
}

impl Call {
    /// The name of the room of call number `n`.
    pub fn room_name(&self, n: u64) -> String {
        self.room.replace("{tenant}", &self.tenant).replace("{n}", &n.to_string())
    }

    /// When call number `n` starts, from `world.start`.
    pub const fn start(&self, n: u64) -> Span {
        Span(self.at.0.saturating_add(self.every.0.saturating_mul(n)))
    }
}

/// `[[call.participant]]`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Participant {
    /// Identity.
    pub identity: String,
    /// From the call's start.
    pub join: Span,
    /// From the call's start; none: stays to the end.
    pub leave: Option<Span>,
    /// Published on joining.
    pub tracks: Vec<TrackSource>,
}

impl Participant {
    /// Somebody who is there from start to end with voice and picture.
    pub fn named(identity: &str) -> Participant {
        Participant {
            identity: identity.into(),
            join: Span::ZERO,
            leave: None,
            tracks: vec![TrackSource::Microphone, TrackSource::Camera],
        }
    }
}

/// `recording`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Recording {
    /// `compliance`: one composite recording with everybody in it.
    Compliance,
    /// `processing`: one raw file a track.
    Processing,
    /// `none`: must not be recorded.
    #[default]
    None,
}

impl Recording {
    /// As the file and the room's metadata spell it.
    pub const fn name(self) -> &'static str {
        match self {
            Recording::Compliance => "compliance",
            Recording::Processing => "processing",
            Recording::None => "none",
        }
    }
}

/// `output`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum OutputKind {
    /// `mp4`
    #[default]
    Mp4,
    /// `hls`
    Hls,
}

impl OutputKind {
    /// As the file and the room's metadata spell it.
    pub const fn name(self) -> &'static str {
        match self {
            OutputKind::Mp4 => "mp4",
            OutputKind::Hls => "hls",
        }
    }
}

/// `[[command]]`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Command {
    /// Name of the step, for `after`, and the command's id; empty: none.
    pub name: String,
    /// When.
    pub when: When,
    /// What.
    pub order: OrderKind,
    /// Whose recordings.
    pub tenant: String,
    /// Of which room; none: all of the tenant.
    pub room: Option<String>,
}

/// When a command is given.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum When {
    /// `at`, from `world.start`.
    At(Span),
    /// `after` a named step: a call (its end), a command or a fault.
    After(String),
}

/// `do` of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OrderKind {
    /// `legal_hold`
    LegalHold,
    /// `lift_hold`
    LiftHold,
    /// `playback`
    Playback,
}

impl OrderKind {
    /// As the file spells it.
    pub const fn name(self) -> &'static str {
        match self {
            OrderKind::LegalHold => "legal_hold",
            OrderKind::LiftHold => "lift_hold",
            OrderKind::Playback => "playback",
        }
    }
}

/// `[[expect]]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expect {
    /// `OP`
    pub operator: String,
    /// What the properties must find.
    pub verdict: ExpectedVerdict,
    /// Every id that breaks, the meant one first.
    pub violates: Vec<String>,
    /// Counts of the JSON report, by name.
    pub counts: BTreeMap<String, u64>,
}

/// `verdict` of an expectation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ExpectedVerdict {
    /// `pass`
    #[default]
    Pass,
    /// `violates`
    Violates,
    /// `inconclusive`
    Inconclusive,
}

impl ExpectedVerdict {
    /// As the file and the JSON report spell it.
    pub const fn name(self) -> &'static str {
        match self {
            ExpectedVerdict::Pass => "pass",
            ExpectedVerdict::Violates => "violates",
            ExpectedVerdict::Inconclusive => "inconclusive",
        }
    }
}

impl Scenario {
    /// The bucket of this name: as its table says, or with every default.
    pub fn bucket(&self, name: &str) -> Bucket {
        self.buckets.iter().find(|bucket| bucket.name == name).cloned().unwrap_or_else(|| Bucket::named(name))
    }

    /// Every bucket that exists, in order of name.
    pub fn all_buckets(&self) -> Vec<Bucket> {
        let mut names: Vec<&str> = self.buckets.iter().map(|bucket| bucket.name.as_str()).collect();
        names.extend(self.tenants.iter().flat_map(|tenant| tenant.buckets.iter().map(String::as_str)));
        names.extend(self.world.backup_bucket.as_deref());
        names.sort_unstable();
        names.dedup();
        names.into_iter().map(|name| self.bucket(name)).collect()
    }
}
