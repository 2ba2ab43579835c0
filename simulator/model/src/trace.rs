//! The trace: what happened, in order, as canonical records under one rolling hash.
//!
//! A [`Fact`] is one thing that happened. Each becomes a record (time, sequence number, fact) whose canonical encoding
//! (postcard, which is a specified wire format) runs into one BLAKE3 hash. Names of faults, prose, operator digests, fuel,
//! wall time and a trap's wording are never part of it. The records themselves are kept by nobody here: properties fold
//! over them as they pass, and a [`Witness`] may write them down when somebody wants to read them.

use std::sync::Arc;

use postcard::ser_flavors::Flavor;
use serde::Serialize;

use crate::call::{Answer, AuditRecord, Boot, Call, Command, Delivery, Link, Reply, RowState};
use crate::goals::Unmet;
use crate::livekit::{EgressStatus, TrackSource};
use crate::operator::Trap;
use crate::sink::Change;
use crate::state::{CallIx, EgressIx, State};
use crate::time::Time;

pub mod kind;
pub mod render;

pub use kind::FactKind;

/// The version of the world's behaviour. It rises when a change moves a trace hash on purpose.
pub const MODEL_VERSION: u32 = 4;

/// Records between two checkpoints of the hash.
pub const CHECKPOINT_EVERY: u64 = 4096;

/// Bytes gathered before they are hashed at once: BLAKE3 is several times faster on long inputs, where it hashes sixteen of its
/// chunks of 1 KiB side by side.
const GATHER_BYTES: usize = 16 << 10;

/// Who a record is about, for the eye.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Lane {
    /// Rooms and the operator's organisation: the scenario's own steps.
    Scenario,
    /// LiveKit's egress service.
    Egress,
    /// LiveKit's notifier.
    Webhook,
    /// The operator.
    Operator,
    /// The sink.
    S3,
    /// Viewers.
    Viewer,
    /// Injected faults.
    Fault,
}

/// Something that happened.
#[derive(Clone, Debug, Serialize)]
pub enum Fact<'a> {
    /// A call of the scenario began: its room exists.
    RoomStarted {
        /// The call.
        #[serde(skip)]
        call: CallIx,
        /// The room's name.
        room: &'a str,
        /// `RM_…`
        sid: &'a str,
    },
    /// The call ended and its room is closed.
    RoomFinished {
        /// The call.
        #[serde(skip)]
        call: CallIx,
        /// The room's name.
        room: &'a str,
    },
    /// Somebody joined, a recorder too.
    ParticipantJoined {
        /// The call.
        #[serde(skip)]
        call: CallIx,
        /// The room's name.
        room: &'a str,
        /// Identity; of a recorder, the egress id.
        identity: &'a str,
        /// It is an egress recorder.
        recorder: bool,
    },
    /// Somebody left.
    ParticipantLeft {
        /// The call.
        #[serde(skip)]
        call: CallIx,
        /// The room's name.
        room: &'a str,
        /// Identity; of a recorder, the egress id.
        identity: &'a str,
        /// It is an egress recorder.
        recorder: bool,
    },
    /// A participant published a track.
    TrackPublished {
        /// The call.
        #[serde(skip)]
        call: CallIx,
        /// The room's name.
        room: &'a str,
        /// Whose.
        identity: &'a str,
        /// `TR_…`
        sid: &'a str,
        /// What it shows.
        source: TrackSource,
    },
    /// A command was given to the operator's inbox.
    CommandGiven {
        /// The command.
        command: &'a Command,
    },
    /// An egress reached a status: the first is STARTING.
    EgressChanged {
        /// The egress.
        #[serde(skip)]
        egress: EgressIx,
        /// Its id.
        id: &'a str,
        /// The room's name.
        room: &'a str,
        /// The status.
        status: EgressStatus,
        /// `End reason: …`
        details: &'a str,
        /// Error text.
        error: &'a str,
    },
    /// The sink changed.
    Sink {
        /// Who did it.
        by: Actor,
        /// Bucket.
        bucket: &'a str,
        /// What.
        change: &'a Change,
    },
    /// An event was put into a queue of the notifier.
    WebhookQueued {
        /// The queue: an egress id or a room's name.
        queue: &'a str,
        /// `egress_ended`, …
        event: &'a str,
        /// The room's name, where there is one.
        room: &'a str,
    },
    /// An event was lost for good.
    WebhookDropped {
        /// The queue.
        queue: &'a str,
        /// `egress_ended`, …
        event: &'a str,
        /// The room's name, where there is one.
        room: &'a str,
        /// Why.
        why: DropReason,
    },
    /// A delivery was answered, or its connection was lost (`status` 0).
    WebhookAnswered {
        /// The delivery's handle.
        delivery: u64,
        /// `egress_ended`, …
        event: &'a str,
        /// The room's name, where there is one.
        room: &'a str,
        /// From 1.
        attempt: u32,
        /// HTTP status; 0: none came.
        status: u16,
    },
    /// An incarnation was started.
    Booted {
        /// What it was told.
        boot: &'a Arc<Boot>,
    },
    /// An instance began a delivery.
    DeliveryBegan {
        /// Instance.
        instance: u32,
        /// What.
        delivery: &'a Delivery,
        /// Of a webhook: what is known of it.
        webhook: Option<WebhookFact<'a>>,
    },
    /// An instance asked for something.
    Called {
        /// Instance.
        instance: u32,
        /// What.
        call: &'a Call,
    },
    /// An instance got its answer.
    Replied {
        /// Instance.
        instance: u32,
        /// What it had asked for; hashed already.
        #[serde(skip)]
        call: &'a Call,
        /// The answer.
        reply: &'a Reply,
    },
    /// An instance ended a delivery.
    DeliveryEnded {
        /// Instance.
        instance: u32,
        /// How.
        answer: &'a Answer,
    },
    /// A fault ended an incarnation.
    Crashed {
        /// Instance.
        instance: u32,
    },
    /// An incarnation ended itself. Only that it did is hashed: the rest is the host's wording.
    Trapped {
        /// Instance.
        instance: u32,
        /// How.
        #[serde(skip)]
        trap: &'a Trap,
    },
    /// An instance trapped too often, or has used up what the whole run has, and is not started again.
    GivenUp {
        /// Instance.
        instance: u32,
    },
    /// The inventory changed.
    RowCommitted {
        /// The recording.
        egress_id: &'a str,
        /// The row's new state; none: the row was removed.
        state: Option<RowState>,
    },
    /// Records were appended to the audit, whether or not the operator lived to hear of it.
    Audited {
        /// Instance.
        instance: u32,
        /// The records; hashed with the call that appended them.
        #[serde(skip)]
        records: &'a [AuditRecord],
    },
    /// A link was given to viewers.
    Published {
        /// The link.
        link: &'a Link,
    },
    /// Links were taken back.
    Retracted {
        /// Of this egress.
        egress_id: &'a str,
    },
    /// A viewer opened a link.
    Viewed {
        /// The link.
        link: &'a Link,
        /// Why it was opened.
        occasion: Occasion,
        /// Whether all of it arrived.
        outcome: &'a Viewing,
    },
    /// The world is healed, and somebody has looked how far the operator has come.
    GoalsLooked {
        /// When the last fault had struck, or its window had closed.
        healed: Time,
        /// Whether every goal is met, and none can still turn out not to be.
        met: bool,
        /// The first goal that is not met; hashed as the facts that led to it.
        #[serde(skip)]
        unmet: Option<&'a Unmet>,
    },
    /// A fault struck.
    FaultStruck {
        /// Its place in the scenario; not hashed, because removing an unfired fault must not move the hash.
        #[serde(skip)]
        fault: usize,
        /// `surface.what`
        kind: &'static str,
        /// The point; empty: it struck by itself. Not hashed, because what follows from it is.
        #[serde(skip)]
        at: &'a str,
        /// The moment that the point is part of, such as `operator.init`.
        #[serde(skip)]
        within: Option<&'a str>,
    },
    /// A deploy ended an incarnation, which had nothing in hand any more.
    Stopped {
        /// Instance.
        instance: u32,
    },
}

/// What is known of a delivered webhook, whatever the operator reads of it.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct WebhookFact<'a> {
    /// `egress_ended`, …
    pub event: &'a str,
    /// The room's name, where there is one.
    pub room: &'a str,
    /// The egress's id, where there is one.
    pub egress_id: &'a str,
    /// It would pass verification.
    pub authentic: bool,
}

/// Who changed the sink.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Actor {
    /// The egress worker.
    Egress(#[serde(skip)] EgressIx),
    /// The operator, through this instance.
    Operator(u32),
    /// A lifecycle rule.
    Lifecycle,
    /// Replication from another bucket.
    Replication,
}

/// Why a webhook event was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DropReason {
    /// All attempts failed.
    Attempts,
    /// It waited longer than `webhook_queue_age`.
    Age,
    /// The queue held `webhook_queue_depth` events.
    Depth,
    /// A fault took it.
    Fault,
}

/// Why a viewer opened a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Occasion {
    /// It was just published.
    Published,
    /// A playback command was given.
    Command,
    /// Its retention is about to end.
    LastDay,
}

/// What a viewer got.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Viewing {
    /// All of it: so many objects.
    Played {
        /// One for an MP4; playlist and segments for HLS.
        objects: u64,
    },
    /// Not all of it.
    Failed {
        /// The URL that failed.
        url: String,
        /// Its HTTP status; 0: no such host.
        status: u16,
        /// In words.
        why: String,
    },
}

impl Fact<'_> {
    /// Where it is drawn.
    pub const fn lane(&self) -> Lane {
        match self {
            Fact::RoomStarted { .. }
            | Fact::RoomFinished { .. }
            | Fact::ParticipantJoined { .. }
            | Fact::ParticipantLeft { .. }
            | Fact::TrackPublished { .. }
            | Fact::CommandGiven { .. } => Lane::Scenario,
            Fact::EgressChanged { .. } => Lane::Egress,
            Fact::WebhookQueued { .. } | Fact::WebhookDropped { .. } | Fact::WebhookAnswered { .. } => Lane::Webhook,
            Fact::Booted { .. }
            | Fact::DeliveryBegan { .. }
            | Fact::Called { .. }
            | Fact::Replied { .. }
            | Fact::DeliveryEnded { .. }
            | Fact::Crashed { .. }
            | Fact::Trapped { .. }
            | Fact::GivenUp { .. }
            | Fact::Stopped { .. }
            | Fact::RowCommitted { .. }
            | Fact::Audited { .. }
            | Fact::Published { .. }
            | Fact::Retracted { .. }
            | Fact::GoalsLooked { .. } => Lane::Operator,
            Fact::Sink { .. } => Lane::S3,
            Fact::Viewed { .. } => Lane::Viewer,
            Fact::FaultStruck { .. } => Lane::Fault,
        }
    }
}

/// Somebody who wants to see the records of a run: a trace file, the story of a failure.
pub trait Witness {
    /// One record, in order. `state` is the world right behind the fact.
    fn record(&mut self, at: Time, sequence: u64, fact: &Fact<'_>, state: &State);

    /// A promise was broken without a record, because something did not happen in time, or the run is over. `state` is the
    /// world then, and nothing has changed in it since the last record.
    fn lapsed(&mut self, _state: &State) {}
}

/// The rolling hash.
#[derive(Debug)]
pub struct Trace {
    /// None: nobody asks for the hash.
    hasher: Option<blake3::Hasher>,
    gathered: Vec<u8>,
    /// Nobody asks for the bytes of records either.
    numbers_only: bool,
    sequence: u64,
    checkpoints: Vec<TraceHash>,
}

/// Postcard's bytes, put behind those that are gathered already.
struct Gather<'a>(&'a mut Vec<u8>);

impl Flavor for Gather<'_> {
    type Output = ();

    fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
        self.0.push(byte);
        Ok(())
    }

    fn try_extend(&mut self, bytes: &[u8]) -> postcard::Result<()> {
        match bytes {
            // Most numbers are one byte long.
            [byte] => self.0.push(*byte),
            _ => self.0.extend_from_slice(bytes),
        }
        Ok(())
    }

    fn finalize(self) -> postcard::Result<()> {
        Ok(())
    }
}

/// A hash over all records so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceHash(pub [u8; 16]);

impl std::fmt::Display for TraceHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl Default for Trace {
    fn default() -> Trace {
        Trace {
            hasher: Some(blake3::Hasher::new()),
            gathered: Vec::with_capacity(GATHER_BYTES + 4096),
            numbers_only: false,
            sequence: 0,
            checkpoints: Vec::new(),
        }
    }
}

impl Trace {
    /// Of a run that is held against no other by its hash: records are only counted.
    pub fn unhashed() -> Trace {
        Trace { hasher: None, ..Trace::default() }
    }

    /// Of a world that is served: records have numbers, and nothing else.
    pub fn numbered() -> Trace {
        Trace { hasher: None, gathered: Vec::new(), numbers_only: true, ..Trace::default() }
    }

    /// Adds one record, and says its sequence number and its length in bytes; of a trace of numbers, 0.
    pub fn append(&mut self, at: Time, fact: &Fact<'_>) -> (u64, u64) {
        let sequence = self.sequence;
        self.sequence += 1;
        if self.numbers_only {
            return (sequence, 0);
        }
        let before = self.gathered.len();
        postcard::serialize_with_flavor(&(at, sequence, fact), Gather(&mut self.gathered))
            .expect("facts serialise into memory");
        let bytes = (self.gathered.len() - before) as u64;
        if self.gathered.len() >= GATHER_BYTES {
            // What is left over begins the next chunks, so that none is hashed in two parts.
            let whole = self.gathered.len() / GATHER_BYTES * GATHER_BYTES;
            if let Some(hasher) = &mut self.hasher {
                hasher.update(&self.gathered[..whole]);
            }
            self.gathered.drain(..whole);
        }
        if self.hasher.is_some() && self.sequence.is_multiple_of(CHECKPOINT_EVERY) {
            let hash = self.hash();
            self.checkpoints.push(hash);
        }
        (sequence, bytes)
    }

    /// Records so far.
    pub const fn len(&self) -> u64 {
        self.sequence
    }

    /// Whether nothing happened yet.
    pub const fn is_empty(&self) -> bool {
        self.sequence == 0
    }

    /// The hash of all records so far; of a trace without one, zeros.
    pub fn hash(&mut self) -> TraceHash {
        let mut short = [0; 16];
        if let Some(hasher) = &mut self.hasher {
            hasher.update(&self.gathered);
            short.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
        }
        self.gathered.clear();
        TraceHash(short)
    }

    /// The hashes after each 4,096 records: where two runs part is found by comparing them.
    pub fn checkpoints(&self) -> &[TraceHash] {
        &self.checkpoints
    }
}
