//! The world's state, readable by everybody who judges it.
//!
//! Properties, the viewer and the reports read it; only `world` writes it. Things are told apart by index in
//! here and by name everywhere outside.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

use serde::Serialize;

use crate::call::{Command, Link, RoomEgress, StateEntry, StoredRow, Timer};
use crate::livekit::{EgressInfo, Profile, RoomLimits, Source, TrackSource};
use crate::scenario::{OutputKind, Recording, Scenario};
use crate::sink::Sink;
use crate::text_map::TextMap;
use crate::time::{Span, Time};

/// Which tenant, in order of the scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct TenantIx(pub u32);

/// Which call, in order of its start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct CallIx(pub u32);

/// Which egress, in order of its start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct EgressIx(pub u32);

/// Everything that is the case at one moment.
#[derive(Debug)]
pub struct State {
    /// The scenario.
    pub scenario: Rc<Scenario>,
    /// Virtual time.
    pub now: Time,
    /// Tenants, by [`TenantIx`].
    pub tenants: Vec<TenantState>,
    /// Calls that have started, by [`CallIx`].
    pub calls: Vec<CallState>,
    /// The last call that had a room of this name.
    pub rooms: BTreeMap<Arc<str>, CallIx>,
    /// Egresses, by [`EgressIx`]; those that LiveKit forgot too.
    pub egresses: Vec<Egress>,
    /// By `EG_…`.
    pub egress_by_id: TextMap<EgressIx>,
    /// The sink.
    pub sink: Sink,
    /// The operator's durable ports.
    pub ports: Ports,
    /// Commands that the operator has not answered for good, by number, with the moment when each was given.
    pub unanswered: BTreeMap<usize, (Time, Command)>,
}

/// A tenant during a run.
#[derive(Debug)]
pub struct TenantState {
    /// Its place.
    pub ix: TenantIx,
    /// Name.
    pub name: Arc<str>,
    /// When the contract ended, once it did.
    pub contract_ended: Option<Time>,
    /// Every legal hold that was ever set, in order.
    pub holds: Vec<HoldState>,
}

/// A legal hold.
#[derive(Clone, Debug)]
pub struct HoldState {
    /// None: all of the tenant.
    pub room: Option<String>,
    /// When it was ordered.
    pub set_at: Time,
    /// When it was lifted.
    pub lifted_at: Option<Time>,
}

impl TenantState {
    /// The holds that stand on recordings of `room`.
    pub fn holds_on(&self, room: &str) -> impl Iterator<Item = &HoldState> {
        self.holds
            .iter()
            .filter(move |hold| hold.lifted_at.is_none() && hold.room.as_deref().is_none_or(|held| held == room))
    }

    /// Whether a hold stands on recordings of `room`.
    pub fn held(&self, room: &str) -> bool {
        self.holds_on(room).next().is_some()
    }

    /// Whether any hold stands.
    pub fn any_hold(&self) -> bool {
        self.holds.iter().any(|hold| hold.lifted_at.is_none())
    }

    /// When everything must be gone: the later of contract end and the last lifting of a hold, plus `delete_within`.
    /// None while the contract runs or a hold stands.
    pub fn deletion_due(&self, delete_within: Span) -> Option<Time> {
        let ended = self.contract_ended?;
        if self.any_hold() {
            return None;
        }
        let lifted = self.holds.iter().filter_map(|hold| hold.lifted_at).max().unwrap_or_default();
        Some(ended.max(lifted) + delete_within)
    }
}

/// A call that has started.
#[derive(Debug)]
pub struct CallState {
    /// Its place.
    pub ix: CallIx,
    /// Whose.
    pub tenant: TenantIx,
    /// The room's name.
    pub room: Arc<str>,
    /// How many calls had a room of this name before.
    pub session: u32,
    /// `RM_…`
    pub sid: Arc<str>,
    /// JSON that the room carries.
    pub metadata: Arc<str>,
    /// The rule of the scenario that it comes from.
    pub rule: usize,
    /// What is to be recorded.
    pub recording: Recording,
    /// In which form.
    pub output: OutputKind,
    /// Start.
    pub started_at: Time,
    /// The planned end; `ended` says whether it has come.
    pub ends_at: Time,
    /// Whether it has ended.
    pub ended: bool,
    /// Who takes part, in order of the scenario.
    pub participants: Vec<ParticipantState>,
    /// Its egresses, in order of their start.
    pub egresses: Vec<EgressIx>,
    /// How it came about by `CreateRoom`; none: the scenario or the control API has begun it.
    pub made: Option<Box<Made>>,
}

/// What `CreateRoom` says of a room.
#[derive(Clone, Debug, Default)]
pub struct Made {
    /// How long it waits for somebody, and for how many it is.
    pub limits: RoomLimits,
    /// What is recorded of it without anybody asking.
    pub egress: RoomEgress,
    /// Its metadata does not say what is to be recorded: nothing is promised of it either way.
    pub silent: bool,
    /// How often it has filled or emptied.
    pub idle: u32,
}

/// Somebody in a call. Times are planned: they are in the past once `State::now` is behind them.
#[derive(Debug)]
pub struct ParticipantState {
    /// Identity.
    pub identity: Arc<str>,
    /// `PA_…`
    pub sid: Arc<str>,
    /// When it joins.
    pub joins_at: Time,
    /// When it leaves; at the call's end at the latest.
    pub leaves_at: Time,
    /// What it publishes on joining.
    pub tracks: Vec<TrackState>,
    /// What `UpdateParticipant` has said of them.
    pub profile: Option<Arc<Profile>>,
}

/// A published track.
#[derive(Debug)]
pub struct TrackState {
    /// `TR_…`
    pub sid: Arc<str>,
    /// What it shows.
    pub source: TrackSource,
    /// By `MutePublishedTrack`.
    pub muted: bool,
}

/// An egress, as the worker knows it.
#[derive(Debug)]
pub struct Egress {
    /// Its place.
    pub ix: EgressIx,
    /// The call that it records.
    pub call: CallIx,
    /// How many egresses the call had before.
    pub attempt: u32,
    /// What LiveKit's API tells of it now.
    pub info: EgressInfo,
    /// When it became ACTIVE: its media begins here.
    pub active_at: Option<Time>,
    /// When its media ends: stop, end of the room, abort, death of its worker.
    pub stopped_at: Option<Time>,
    /// Who ended it.
    pub end: Option<End>,
    /// Whether its media is in the sink in full: all that it recorded.
    pub stored: bool,
    /// Everything that it ever stored, in order of upload. What is rewritten in the same bucket stands once.
    pub objects: Vec<Object>,
    /// What the recording is made of, the worker takes for stored, and is not in the sink because of a fault: not yet, or
    /// not ever.
    pub missing: Vec<Object>,
    /// Uploads that the worker takes for done and that are still on their way, by number.
    pub owed: Vec<(u64, Object)>,
    /// A fault kept media of it from the sink, or damaged it: nobody can bring it back.
    pub spoilt: bool,
    /// The bucket that its request names. Where that one fails, objects lie in the world's `backup_bucket`.
    pub bucket: Arc<str>,
    /// A fault lets it go on behind the room's end.
    pub outlives_room: bool,
    /// How much later than usual a fault let it become ACTIVE.
    pub start_delay: Span,
    /// LiveKit calls it ended, and its worker still uploads.
    pub draining: bool,
    /// Its worker died without a word: whatever LiveKit tells of it stays as it was.
    pub lost: Option<Loss>,
    /// Faults that struck it or its uploads, by their place in the scenario.
    pub struck: BTreeSet<usize>,
}

/// The death of an egress's worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Loss {
    /// When it died.
    pub at: Time,
    /// When the first sign of it could be seen: LiveKit notices that the recorder has left the room. A recorder that
    /// never joined leaves no sign, and this is `at`.
    pub seen_at: Time,
}

/// Where an object of an egress lies.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Object {
    /// Bucket.
    pub bucket: Arc<str>,
    /// Key.
    pub key: Arc<str>,
}

/// Who ended an egress.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// `StopEgress` by the operator.
    Stopped,
    /// The room ended, the track was unpublished, or the worker came to an orderly end by itself.
    SourceClosed,
    /// Something failed: a fault, or the request itself.
    Failed,
}

impl Egress {
    /// Whether it is a composite: one recording with everybody in it.
    pub fn is_composite(&self) -> bool {
        matches!(self.info.request.source, Source::RoomComposite { .. })
    }

    /// Whether its recorder is a participant of a room: a page on the web is recorded without one.
    pub fn is_in_room(&self) -> bool {
        !matches!(self.info.request.source, Source::Web { .. })
    }

    /// Still recording, or about to: STARTING or ACTIVE, and not only by LiveKit's word.
    pub const fn is_recording(&self) -> bool {
        matches!(self.info.status, crate::livekit::EgressStatus::Starting | crate::livekit::EgressStatus::Active)
            && self.stopped_at.is_none()
            && self.lost.is_none()
    }

    /// Whether something more may come of it: LiveKit calls it live and its worker is, or the worker still uploads.
    pub const fn is_under_way(&self) -> bool {
        self.draining || (self.info.status.is_live() && self.lost.is_none())
    }

    /// When it was over, whether or not LiveKit knows.
    pub fn over_at(&self) -> Option<Time> {
        self.info.ended_at.or(self.lost.map(|loss| loss.seen_at))
    }

    /// Whether what it recorded is gone without the operator's doing, and nobody can bring it back.
    pub fn is_failed(&self) -> bool {
        let never_played = self.active_at.is_none() && self.start_delay > Span::ZERO;
        !self.stored
            && (self.end == Some(End::Failed)
                || self.info.status == crate::livekit::EgressStatus::Failed
                || self.lost.is_some()
                || never_played)
    }
}

/// What survives a crash of the operator.
#[derive(Debug, Default)]
pub struct Ports {
    /// By egress id.
    pub rows: TextMap<StoredRow>,
    /// Egress ids of rows by tenant, for scans.
    pub rows_by_tenant: BTreeMap<String, TextMap<()>>,
    /// By key.
    pub state: TextMap<StateEntry>,
    /// Commits so far.
    pub revision: u64,
    /// Audit records so far.
    pub audit_records: u64,
    /// Published links that stand, by egress id.
    pub links: TextMap<Vec<Link>>,
    /// Timers that are set, by name, with the number of their setting.
    pub timers: BTreeMap<String, (Timer, u64)>,
}

impl State {
    /// The tenant.
    pub fn tenant(&self, ix: TenantIx) -> &TenantState {
        &self.tenants[ix.0 as usize]
    }

    /// The tenant's table in the scenario.
    pub fn tenant_rule(&self, ix: TenantIx) -> &crate::scenario::Tenant {
        &self.scenario.tenants[ix.0 as usize]
    }

    /// The tenant of this name.
    pub fn tenant_named(&self, name: &str) -> Option<&TenantState> {
        self.tenants.iter().find(|tenant| &*tenant.name == name)
    }

    /// The call.
    pub fn call(&self, ix: CallIx) -> &CallState {
        &self.calls[ix.0 as usize]
    }

    /// The egress.
    pub fn egress(&self, ix: EgressIx) -> &Egress {
        &self.egresses[ix.0 as usize]
    }

    /// The egress of this id.
    pub fn egress_named(&self, id: &str) -> Option<&Egress> {
        self.egress_by_id.get(id).map(|ix| self.egress(*ix))
    }

    /// The buckets that may hold something of an egress: that of its request, and the backup storage.
    pub fn buckets_of(&self, egress: EgressIx) -> impl Iterator<Item = &str> {
        let own = &*self.egress(egress).bucket;
        let backup = self.scenario.world.backup_bucket.as_deref().filter(|backup| *backup != own);
        [own].into_iter().chain(backup)
    }

    /// Whose an egress is: the tenant of its call.
    pub fn tenant_of(&self, egress: EgressIx) -> &TenantState {
        self.tenant(self.call(self.egress(egress).call).tenant)
    }

    /// From when on an object of this egress may be deleted, holds aside: its end plus the tenant's retention, cut short
    /// by the contract's end. None: not yet known, because neither has come.
    pub fn deletable_from(&self, egress: EgressIx) -> Option<Time> {
        let tenant = self.tenant_of(egress);
        let kept = self.tenant_rule(tenant.ix).retention;
        let retained = self.egress(egress).over_at().zip(kept).map(|(ended, kept)| ended + kept);
        match (retained, tenant.contract_ended) {
            (Some(retained), Some(ended)) => Some(retained.min(ended)),
            (one, other) => one.or(other),
        }
    }

    /// Bucket and key that a playback URL leads to, whether it names the tenant's CDN (`https://{cdn}/{bucket}/{key}`)
    /// or the sink itself in path or virtual-hosted style.
    pub fn resolve_url<'u>(&self, url: &'u str) -> Option<ResolvedUrl<'u>> {
        let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"))?;
        let (host, path) = rest.split_once('/')?;
        let path = path.split('?').next().unwrap_or(path);
        if let Some((bucket, _)) = host.split_once(".s3")
            && self.sink.buckets.contains_key(bucket)
        {
            return Some(ResolvedUrl { host, bucket, key: path });
        }
        let (bucket, key) = path.split_once('/')?;
        Some(ResolvedUrl { host, bucket, key })
    }
}

/// See [`State::resolve_url`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResolvedUrl<'u> {
    /// Host of the URL.
    pub host: &'u str,
    /// Bucket.
    pub bucket: &'u str,
    /// Key.
    pub key: &'u str,
}
