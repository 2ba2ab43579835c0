//! A stage for tests: a small world that is moved by hand, with one property watching.
//!
//! Every verb changes the state as the world would and then shows the fact. Offsets are from the start of the run.
//! There are two tenants, `acme-1` (bucket `rec`) and `acme-10` (buckets `rec` and `versions`, which is versioned).

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

use bytes::Bytes;

use super::{About, Monitor, Property, Verdict};
use crate::call::{
    Answer, AuditAction, AuditOutcome, AuditRecord, Boot, Call, Command, Delivery, HeadResult, Hold, Link, ObjectId,
    Order, Reply, Row, RowState, SinkKey, StoredRow, Versioning,
};
use crate::goals::{self, Goals};
use crate::livekit::{
    EgressInfo, EgressStatus, FileOutput, Output, S3Upload, SegmentedFileOutput, SegmentsInfo, Source, StartEgress,
    TrackSource,
};
use crate::operator::{Trap, TrapKind};
use crate::scenario::{
    Limits, OperatorTable, OutputKind, Promises, Recording, Scenario, Severity, Tenant, WorldParameters,
};
use crate::sink::{
    Alike, Body, Bucket, Change, ChangeKind, Content, Lock, LockMode, Media, Origin, Retention, Sink, Upload, Version,
    Versions,
};
use crate::state::{
    CallIx, CallState, Egress, EgressIx, End, HoldState, Loss, Object, ParticipantState, Ports, State, TenantIx,
    TenantState, TrackState,
};
use crate::text_map::TextMap;
use crate::time::{Span, Time};
use crate::trace::{Actor, Fact, Occasion, Viewing, WebhookFact};

/// The tenant that most tests are about.
pub const ACME_1: TenantIx = TenantIx(0);
/// The one whose name begins alike.
pub const ACME_10: TenantIx = TenantIx(1);

/// See the head of this file.
pub struct Stage {
    pub state: State,
    monitor: Option<Monitor>,
}

/// A tenant with a bucket, a CDN and 30 days of retention.
fn tenant(name: &str, buckets: &[&str]) -> Tenant {
    Tenant {
        name: name.into(),
        buckets: buckets.iter().map(|bucket| (*bucket).into()).collect(),
        cdn: Some("cdn.example".into()),
        retention: Some(span("30d")),
        retention_max: None,
        delete_within: span("90d"),
        contract_end: None,
    }
}

/// A length of time as scenario files write it.
pub fn span(text: &str) -> Span {
    Span::parse(text).expect("tests write durations well")
}

impl Stage {
    /// A stage on which `property` watches.
    pub fn new(property: impl Property + 'static) -> Stage {
        Stage::watched_by(vec![Box::new(property)])
    }

    /// A stage on which all of these watch.
    pub fn watched_by(properties: Vec<Box<dyn Property>>) -> Stage {
        let scenario = Scenario {
            name: "stage".into(),
            title: String::new(),
            severity: Severity::Medium,
            seed: 0,
            question: String::new(),
            expected: String::new(),
            world: WorldParameters::default(),
            limits: Limits::default(),
            promises: Promises::default(),
            operator: OperatorTable::default(),
            tenants: vec![tenant("acme-1", &["rec"]), tenant("acme-10", &["rec", "versions"])],
            buckets: Vec::new(),
            calls: Vec::new(),
            commands: Vec::new(),
            faults: Vec::new(),
            expects: Vec::new(),
            found: toml::Table::new(),
        };
        let mut buckets = BTreeMap::new();
        buckets.insert("rec".to_owned(), Bucket::default());
        buckets.insert("versions".to_owned(), Bucket { versioning: Versioning::Enabled, ..Bucket::default() });
        let tenants = [(ACME_1, "acme-1"), (ACME_10, "acme-10")];
        let state = State {
            now: scenario.world.start,
            scenario: Rc::new(scenario),
            tenants: tenants
                .into_iter()
                .map(|(ix, name)| TenantState { ix, name: name.into(), contract_ended: None, holds: Vec::new() })
                .collect(),
            calls: Vec::new(),
            rooms: BTreeMap::new(),
            egresses: Vec::new(),
            egress_by_id: TextMap::new(),
            sink: Sink {
                buckets,
                media: Media::default(),
                list_page: 1000,
                objects_deleted: 0,
                alike: Alike::default(),
            },
            ports: Ports::default(),
            unanswered: BTreeMap::new(),
        };
        Stage { state, monitor: Some(Monitor::new(properties)) }
    }

    /// The scenario, to be changed before anything happens.
    pub fn scenario(&mut self) -> &mut Scenario {
        Rc::get_mut(&mut self.state.scenario).expect("nobody else holds it")
    }

    /// Lets time pass until this offset; deadlines before it are run.
    pub fn at(&mut self, offset: &str) -> &mut Stage {
        let now = self.state.scenario.world.start + span(offset);
        assert!(now >= self.state.now, "time does not run back to {offset}");
        self.monitor.as_mut().expect("not finished").run_due(now, &self.state);
        self.state.now = now;
        self
    }

    /// The run ends now: what the property found.
    pub fn finish(&mut self) -> Verdict {
        self.finish_all().pop().expect("one property watches").1
    }

    /// The run ends now: what each property found.
    pub fn finish_all(&mut self) -> Vec<(&'static About, Verdict)> {
        self.monitor.take().expect("finished once").finish(&self.state)
    }

    /// The run ends now: checks and violations.
    pub fn tally(&mut self) -> (u64, u64) {
        let verdict = self.finish();
        (verdict.checks, verdict.violations)
    }

    /// The run ends now, and the promise was broken: its message.
    pub fn complaint(&mut self) -> String {
        let verdict = self.finish();
        let first = verdict.first.unwrap_or_else(|| panic!("held {} times", verdict.checks));
        assert!(!first.about.is_empty(), "a violation is about somebody: {}", first.message);
        first.message
    }

    fn see(&mut self, fact: &Fact<'_>) {
        self.monitor.as_mut().expect("not finished").observe(fact, &self.state);
    }
}

/// Calls and egresses.
impl Stage {
    /// A call begins now. A participant is `alice`, or `bob 10m..20m` with offsets from the call's start; all publish
    /// a voice and a picture.
    pub fn call(
        &mut self,
        tenant: TenantIx,
        recording: Recording,
        room: &str,
        length: &str,
        people: &[&str],
    ) -> CallIx {
        let ix = CallIx(self.state.calls.len() as u32);
        let (started_at, ends_at) = (self.state.now, self.state.now + span(length));
        let person = |text: &&str| {
            let (identity, stay) = text.split_once(' ').unwrap_or((text, ""));
            let (joins, leaves) = stay.split_once("..").unwrap_or_default();
            let offset =
                |text: &str, otherwise: Time| if text.is_empty() { otherwise } else { started_at + span(text) };
            let track = |source: TrackSource| TrackState {
                sid: format!("TR_{identity}_{}", source.name()).into(),
                source,
                muted: false,
            };
            ParticipantState {
                identity: identity.into(),
                sid: format!("PA_{identity}").into(),
                joins_at: offset(joins, started_at),
                leaves_at: offset(leaves, ends_at),
                tracks: vec![track(TrackSource::Microphone), track(TrackSource::Camera)],
                profile: None,
            }
        };
        self.state.calls.push(CallState {
            ix,
            tenant,
            room: room.into(),
            session: 0,
            sid: format!("RM_{room}").into(),
            metadata: "".into(),
            rule: 0,
            recording,
            output: OutputKind::Mp4,
            started_at,
            ends_at,
            ended: false,
            participants: people.iter().map(person).collect(),
            egresses: Vec::new(),
            made: None,
        });
        self.state.rooms.insert(room.into(), ix);
        self.see(&Fact::RoomStarted { call: ix, room, sid: "RM" });
        ix
    }

    /// The call ends now, and its egresses' media with it.
    pub fn hang_up(&mut self, call: CallIx) {
        let room = self.state.call(call).room.clone();
        self.state.calls[call.0 as usize].ended = true;
        self.see(&Fact::RoomFinished { call, room: &room });
        for ix in self.state.call(call).egresses.clone() {
            if self.state.egress(ix).is_recording() && !self.state.egress(ix).outlives_room {
                self.ending(ix, End::SourceClosed);
            }
        }
    }

    /// An egress starts now.
    pub fn start(&mut self, call: CallIx, source: Source, outputs: Vec<Output>) -> EgressIx {
        let ix = EgressIx(self.state.egresses.len() as u32);
        let id: Arc<str> = format!("EG_{}", ix.0).into();
        let bucket: Arc<str> = outputs[0].s3().expect("it is stored").bucket.as_str().into();
        let room = self.state.call(call).room.clone();
        let request = StartEgress { room_name: room.to_string(), source, outputs, details: None };
        let info = EgressInfo {
            egress_id: id.clone(),
            room_id: self.state.call(call).sid.clone(),
            room_name: room,
            status: EgressStatus::Starting,
            request: Arc::new(request),
            started_at: Some(self.state.now),
            updated_at: Some(self.state.now),
            ended_at: None,
            file_results: Vec::new(),
            segment_results: Vec::new(),
            manifest_location: String::new(),
            details: String::new(),
            error: String::new(),
            error_code: 0,
            backup_storage_used: false,
            retry_count: 0,
            flaw: None,
            stream_results: Vec::new(),
            image_results: Vec::new(),
        };
        let attempt = self.state.call(call).egresses.len() as u32;
        self.state.egresses.push(Egress {
            ix,
            call,
            attempt,
            info,
            active_at: None,
            stopped_at: None,
            end: None,
            stored: false,
            objects: Vec::new(),
            missing: Vec::new(),
            owed: Vec::new(),
            spoilt: false,
            bucket,
            outlives_room: false,
            start_delay: Span::ZERO,
            draining: false,
            lost: None,
            struck: BTreeSet::new(),
        });
        self.state.egress_by_id.insert(id, ix);
        self.state.calls[call.0 as usize].egresses.push(ix);
        self.turn(ix, EgressStatus::Starting);
        ix
    }

    /// A composite starts now, ACTIVE at once, into bucket `rec`.
    pub fn record(&mut self, call: CallIx) -> EgressIx {
        let ix = self.start(call, composite(), vec![file("rec")]);
        self.active(ix);
        ix
    }

    /// A track egress of this person's voice starts now, ACTIVE at once.
    pub fn record_voice(&mut self, call: CallIx, identity: &str) -> EgressIx {
        let track_id = format!("TR_{identity}_microphone");
        let ix = self.start(call, Source::Track { track_id }, vec![file("rec")]);
        self.active(ix);
        ix
    }

    pub fn active(&mut self, ix: EgressIx) {
        self.egress(ix).active_at = Some(self.state.now);
        self.turn(ix, EgressStatus::Active);
    }

    /// Its media ends now.
    pub fn ending(&mut self, ix: EgressIx, end: End) {
        let now = self.state.now;
        let egress = self.egress(ix);
        egress.stopped_at = Some(now);
        egress.end = Some(end);
        self.turn(ix, EgressStatus::Ending);
    }

    /// Everything is in the sink: these keys.
    pub fn complete(&mut self, ix: EgressIx, keys: &[&str]) {
        for key in keys {
            self.upload(ix, key);
        }
        let now = self.state.now;
        let egress = self.egress(ix);
        egress.stored = !egress.spoilt;
        egress.info.ended_at = Some(now);
        self.turn(ix, EgressStatus::Complete);
    }

    /// It ends with nothing in the sink.
    pub fn fail(&mut self, ix: EgressIx) {
        let now = self.state.now;
        let egress = self.egress(ix);
        let status = if egress.active_at.is_some() { EgressStatus::Failed } else { EgressStatus::Aborted };
        egress.stopped_at = Some(now);
        egress.end = Some(End::Failed);
        egress.info.ended_at = Some(now);
        egress.info.error = "Start signal not received".into();
        self.turn(ix, status);
    }

    /// Its worker dies now, and LiveKit sees the recorder leave so long after.
    pub fn die(&mut self, ix: EgressIx, seen_after: &str) {
        let at = self.state.now;
        let seen_at = at + span(seen_after);
        let egress = self.egress(ix);
        egress.lost = Some(Loss { at, seen_at });
        egress.stopped_at = egress.stopped_at.or(egress.active_at.map(|_| at));
        egress.end = egress.end.or(Some(End::Failed));
        self.at(&Span(seen_at.0 - self.state.scenario.world.start.0).to_string());
        let egress = self.state.egress(ix);
        let (call, room, id) = (egress.call, egress.info.room_name.clone(), egress.info.egress_id.clone());
        self.see(&Fact::ParticipantLeft { call, room: &room, identity: &id, recorder: true });
    }

    /// It is at its limit now, and goes on uploading.
    pub fn limit(&mut self, ix: EgressIx) {
        let now = self.state.now;
        let egress = self.egress(ix);
        egress.stopped_at = Some(now);
        egress.end = Some(End::SourceClosed);
        egress.info.ended_at = Some(now);
        egress.draining = true;
        self.turn(ix, EgressStatus::LimitReached);
    }

    /// The last of these keys was uploaded behind its limit.
    pub fn drained(&mut self, ix: EgressIx, keys: &[&str]) {
        for key in keys {
            self.upload(ix, key);
        }
        let egress = self.egress(ix);
        (egress.draining, egress.stored) = (false, true);
        self.turn(ix, EgressStatus::LimitReached);
    }

    /// The egress, to be changed without a fact.
    pub fn egress(&mut self, ix: EgressIx) -> &mut Egress {
        &mut self.state.egresses[ix.0 as usize]
    }

    fn turn(&mut self, ix: EgressIx, status: EgressStatus) {
        self.egress(ix).info.status = status;
        let info = self.state.egress(ix).info.clone();
        self.see(&Fact::EgressChanged {
            egress: ix,
            id: &info.egress_id,
            room: &info.room_name,
            status,
            details: &info.details,
            error: &info.error,
        });
    }

    /// A whole call of an hour that begins now and ends at `end`, recorded into `keys`.
    pub fn recorded(&mut self, tenant: TenantIx, room: &str, end: &str, keys: &[&str]) -> EgressIx {
        let call = self.call(tenant, Recording::Compliance, room, "1h", &["alice"]);
        let ix = self.record(call);
        self.at(end).hang_up(call);
        self.complete(ix, keys);
        ix
    }

    /// Likewise as HLS: the playlist names segments 0 to `count - 1`, `{room}/s_0.ts` and so on.
    pub fn recorded_hls(&mut self, room: &str, end: &str, count: u64) -> EgressIx {
        let call = self.call(ACME_1, Recording::Compliance, room, "1h", &["alice"]);
        let ix = self.start(call, composite(), vec![segments("rec")]);
        self.active(ix);
        self.at(end).hang_up(call);
        for number in 0..count {
            self.upload(ix, &format!("{room}/s_{number}.ts"));
        }
        let playlist = format!("{room}/p.m3u8");
        self.upload_playlist(ix, &playlist, count, true);
        self.egress(ix).info.segment_results =
            vec![SegmentsInfo { playlist_name: playlist, segment_count: count, ..SegmentsInfo::default() }];
        self.complete(ix, &[]);
        ix
    }
}

/// The sink.
impl Stage {
    /// The egress stores an object.
    pub fn upload(&mut self, ix: EgressIx, key: &str) {
        self.put(ix, key, Bytes::new());
    }

    /// Bucket `versions` is the backup storage from now on.
    pub fn with_backup(mut self) -> Stage {
        self.scenario().world.backup_bucket = Some("versions".to_owned());
        self
    }

    /// The egress stores an object in the backup storage.
    pub fn upload_to_backup(&mut self, ix: EgressIx, key: &str) {
        let own = std::mem::replace(&mut self.egress(ix).bucket, "versions".into());
        self.put(ix, key, Bytes::new());
        self.egress(ix).bucket = own;
    }

    /// The egress takes an object for stored that is not there.
    pub fn lose(&mut self, ix: EgressIx, key: &str) {
        let egress = self.egress(ix);
        egress.spoilt = true;
        egress.missing.push(Object { bucket: egress.bucket.clone(), key: key.into() });
    }

    /// The egress takes an object for stored that is still on its way.
    pub fn expect_upload(&mut self, ix: EgressIx, key: &str) {
        let egress = self.egress(ix);
        let object = Object { bucket: egress.bucket.clone(), key: key.into() };
        egress.missing.push(object.clone());
        egress.owed.push((0, object));
    }

    /// It arrives; a playlist, with this many segments and its end.
    pub fn arrives(&mut self, ix: EgressIx, key: &str, segments: Option<u64>) {
        let egress = self.egress(ix);
        egress.missing.retain(|object| *object.key != *key);
        egress.owed.retain(|(_, object)| *object.key != *key);
        match segments {
            Some(count) => self.upload_playlist(ix, key, count, true),
            None => self.upload(ix, key),
        }
    }

    /// The egress stores a playlist that names this many segments.
    pub fn upload_playlist(&mut self, ix: EgressIx, key: &str, count: u64, ended: bool) {
        let mut text = "#EXTM3U\n".to_owned();
        for number in 0..count {
            text.extend(["#EXTINF:6.000,\n", &format!("s_{number}.ts\n")]);
        }
        if ended {
            text += "#EXT-X-ENDLIST\n";
        }
        self.put(ix, key, text.into());
    }

    fn put(&mut self, ix: EgressIx, key: &str, body: Bytes) {
        let bucket = self.state.egress(ix).bucket.clone();
        let key: Arc<str> = key.into();
        let object = Object { bucket: bucket.clone(), key: key.clone() };
        if !self.state.egress(ix).objects.contains(&object) {
            self.egress(ix).objects.push(object);
        }
        let content = Content {
            size: body.len() as u64,
            body: Body::Bytes(body),
            etag: None,
            content_type: "".into(),
            metadata: Arc::default(),
            tagging: "".into(),
            attributes: None,
        };
        self.push_version(&bucket, &key, Origin::Egress(ix), Some(content), Actor::Egress(ix));
    }

    fn push_version(&mut self, bucket: &str, key: &Arc<str>, origin: Origin, content: Option<Content>, by: Actor) {
        let at = self.state.now;
        let buckets = &mut self.state.sink.buckets;
        let versioned = buckets[bucket].versioning == Versioning::Enabled;
        let versions = &mut buckets.get_mut(bucket).expect("a bucket of the stage").keys.or_default(key.clone()).0;
        let id = versioned.then(|| format!("v{}", versions.len()).into());
        let kind = content.as_ref().map_or(ChangeKind::MarkerMade, |content| ChangeKind::Stored { size: content.size });
        if !versioned {
            versions.clear();
        }
        versions.push(Version { id, at, content, lock: None, origin });
        let version = versions.last().and_then(|version| version.id.clone());
        self.see(&Fact::Sink { by, bucket, change: &Change { key: key.clone(), version, kind, origin } });
    }

    /// The operator puts a delete marker on a key of the versioned bucket.
    pub fn mark(&mut self, key: &str) {
        self.push_version("versions", &key.into(), Origin::Operator, None, Actor::Operator(0));
    }

    /// Object lock protects every version of a key until this offset.
    pub fn lock(&mut self, bucket: &str, key: &str, until: &str) {
        let until = self.state.scenario.world.start + span(until);
        let lock = Lock { retention: Some(Retention { mode: LockMode::Compliance, until }), legal_hold: None };
        let keys = &mut self.state.sink.buckets.get_mut(bucket).expect("a bucket of the stage").keys;
        for version in &mut keys.get_mut(key).expect("a key of the stage").0 {
            version.lock = Some(Box::new(lock));
        }
    }

    /// Replication copies what an egress stored under a key into another bucket.
    pub fn replicate(&mut self, ix: EgressIx, key: &str, to: &str) {
        let from = &self.state.sink.buckets[&*self.state.egress(ix).bucket];
        let content = from.keys.get(key).and_then(|versions| versions.0.last()?.content.clone());
        self.push_version(to, &key.into(), Origin::Egress(ix), content, Actor::Replication);
    }

    /// The operator puts into the audit that the sink refused to delete a key.
    pub fn audit_refusal(&mut self, bucket: &str, key: &str) {
        self.audit(AuditRecord {
            bucket: Some(bucket.into()),
            outcome: AuditOutcome::Refused("AccessDenied".into()),
            ..done(AuditAction::Delete, Some(key))
        });
    }

    /// The operator erases every version of a key.
    pub fn erase(&mut self, bucket: &str, key: &str) {
        let key: Arc<str> = key.into();
        let keys = &mut self.state.sink.buckets.get_mut(bucket).expect("a bucket of the stage").keys;
        let Versions(gone) = keys.remove(&key).expect("a key of the stage");
        let last = gone.len() - 1;
        for (place, version) in gone.into_iter().enumerate() {
            let last = place == last;
            let kind = if version.is_marker() {
                ChangeKind::MarkerRemoved { last }
            } else {
                ChangeKind::Erased { last, current: last }
            };
            let change = Change { key: key.clone(), version: version.id, kind, origin: version.origin };
            self.see(&Fact::Sink { by: Actor::Operator(0), bucket, change: &change });
        }
    }

    /// The operator erases one version of a key in the versioned bucket, which holds others of it.
    pub fn erase_version(&mut self, key: &str, id: &str) {
        let keys = &mut self.state.sink.buckets.get_mut("versions").expect("a bucket of the stage").keys;
        let Versions(versions) = keys.get_mut(key).expect("a key of the stage");
        let place = versions.iter().position(|version| version.id.as_deref() == Some(id)).expect("a version of it");
        let current = place + 1 == versions.len();
        let Version { id, origin, .. } = versions.remove(place);
        let kind = ChangeKind::Erased { last: false, current };
        let change = Change { key: key.into(), version: id, kind, origin };
        self.see(&Fact::Sink { by: Actor::Operator(0), bucket: "versions", change: &change });
    }

    /// An upload of the egress that is never finished.
    pub fn abandon_upload(&mut self, ix: EgressIx, key: &str) {
        let bucket = self.state.egress(ix).bucket.to_string();
        let upload = Upload {
            initiated: self.state.now,
            origin: Origin::Egress(ix),
            content_type: "".into(),
            metadata: Arc::default(),
            tagging: "".into(),
            attributes: None,
            checksum: None,
            lock: None,
            parts: BTreeMap::new(),
        };
        let bucket = self.state.sink.buckets.get_mut(&bucket).expect("a bucket of the stage");
        bucket.uploads.insert((key.to_owned(), "upload-1".to_owned()), upload);
    }
}

/// The operator.
impl Stage {
    /// Instance 0 asks and is answered.
    pub fn ask(&mut self, call: &Call, reply: &Reply) {
        self.see(&Fact::Called { instance: 0, call });
        self.see(&Fact::Replied { instance: 0, call, reply });
    }

    /// It looks for a key and gets this answer.
    pub fn head(&mut self, bucket: &str, key: &str, found: HeadResult) {
        let id = ObjectId { key: key.into(), version_id: None };
        self.ask(&Call::HeadObject { bucket: bucket.into(), id }, &Reply::Head(Ok(found)));
    }

    /// It appends to the audit.
    pub fn audit(&mut self, record: AuditRecord) {
        let call = Call::AuditAppend(vec![record.clone()]);
        self.see(&Fact::Called { instance: 0, call: &call });
        self.see(&Fact::Audited { instance: 0, records: &[record] });
        self.see(&Fact::Replied { instance: 0, call: &call, reply: &Reply::Done(Ok(())) });
    }

    /// Its row for an egress is committed.
    pub fn row(&mut self, ix: EgressIx, key: SinkKey, row_state: RowState) {
        let egress = self.state.egress(ix);
        let row = Row {
            egress_id: egress.info.egress_id.to_string(),
            tenant: String::new(),
            room: String::new(),
            bucket: egress.bucket.to_string(),
            key,
            backup_bucket: self.state.scenario.world.backup_bucket.clone(),
            kind: "composite".into(),
            state: row_state,
            details: String::new(),
        };
        let id = egress.info.egress_id.clone();
        self.state.ports.rows.insert(id.clone(), StoredRow { row: Arc::new(row), version: 1 });
        self.see(&Fact::RowCommitted { egress_id: &id, state: Some(row_state) });
    }

    /// Its row for an egress is removed.
    pub fn remove_row(&mut self, ix: EgressIx) {
        let id = self.state.egress(ix).info.egress_id.clone();
        self.state.ports.rows.remove(&id);
        self.see(&Fact::RowCommitted { egress_id: &id, state: None });
    }

    /// It publishes a link.
    pub fn publish(&mut self, ix: EgressIx, url: &str) {
        let link = self.link(ix, url);
        self.state.ports.links.or_default(link.egress_id.as_str().into()).push(link.clone());
        self.see(&Fact::Published { link: &link });
    }

    /// It retracts every link of an egress.
    pub fn retract(&mut self, ix: EgressIx) {
        let id = self.state.egress(ix).info.egress_id.clone();
        self.state.ports.links.remove(&id);
        self.see(&Fact::Retracted { egress_id: &id });
    }

    /// A viewer opens a link.
    pub fn view(&mut self, ix: EgressIx, url: &str, outcome: &Viewing) {
        let link = self.link(ix, url);
        self.see(&Fact::Viewed { link: &link, occasion: Occasion::Published, outcome });
    }

    fn link(&self, ix: EgressIx, url: &str) -> Link {
        let tenant = self.state.tenant_of(ix).name.to_string();
        Link { egress_id: self.state.egress(ix).info.egress_id.to_string(), tenant, url: url.into() }
    }

    /// Instance 0 begins to handle a webhook.
    pub fn deliver(&mut self, authentic: bool) {
        let webhook = WebhookFact { event: "egress_ended", room: "standup", egress_id: "EG_0", authentic };
        let delivery = Delivery::Webhook { delivery: 1, attempt: 1 };
        self.see(&Fact::DeliveryBegan { instance: 0, delivery: &delivery, webhook: Some(webhook) });
    }

    /// Instance 0 has handled it.
    pub fn answer(&mut self) {
        self.see(&Fact::DeliveryEnded { instance: 0, answer: &Answer::Ok });
    }

    /// Instance 0 starts.
    pub fn boot(&mut self) {
        let boot = Boot {
            name: String::new(),
            instance: 0,
            incarnation: 1,
            livekit_url: String::new(),
            api_key: String::new(),
            api_secret: String::new(),
            s3_url: String::new(),
            s3_access_key: String::new(),
            s3_secret_key: String::new(),
            tenants: Vec::new(),
            backup_bucket: None,
            config: String::new(),
        };
        self.see(&Fact::Booted { boot: &Arc::new(boot) });
    }

    /// A fault ends instance 0.
    pub fn crash(&mut self) {
        self.see(&Fact::Crashed { instance: 0 });
    }

    /// Instance 0 ends itself.
    pub fn trap(&mut self, kind: TrapKind) {
        self.see(&Fact::Trapped { instance: 0, trap: &Trap { kind, message: "all fuel consumed".into() } });
    }
}

/// What goes wrong, and whether it comes right.
impl Stage {
    /// A fault strikes.
    pub fn strike(&mut self) {
        self.see(&Fact::FaultStruck { fault: 0, kind: "webhook.drop", at: "", within: None });
    }

    /// Somebody looks at the goals; the world was healed at `healed`.
    pub fn look(&mut self, healed: &str) -> Goals {
        let healed = self.state.scenario.world.start + span(healed);
        let goals = goals::look(&self.state, healed, goals::Shown::ALL);
        let unmet = if let Goals::Unmet(unmet) = &goals { Some(unmet) } else { None };
        self.see(&Fact::GoalsLooked { healed, met: goals == Goals::Met, unmet });
        goals
    }
}

/// Its organisation.
impl Stage {
    /// The tenant's contract ends now.
    pub fn end_contract(&mut self, tenant: TenantIx) {
        self.state.tenants[tenant.0 as usize].contract_ended = Some(self.state.now);
        let name = self.state.tenant(tenant).name.to_string();
        self.command(Order::ContractEnded(name));
    }

    /// A hold is ordered on all of the tenant.
    pub fn hold(&mut self, tenant: TenantIx) {
        let set_at = self.state.now;
        self.state.tenants[tenant.0 as usize].holds.push(HoldState { room: None, set_at, lifted_at: None });
        self.command(Order::LegalHold(Hold { tenant: self.state.tenant(tenant).name.to_string(), room: None }));
    }

    /// Every hold of the tenant is lifted.
    pub fn lift(&mut self, tenant: TenantIx) {
        let now = self.state.now;
        self.state.tenants[tenant.0 as usize].holds.iter_mut().for_each(|hold| hold.lifted_at = Some(now));
        self.command(Order::LiftHold(Hold { tenant: self.state.tenant(tenant).name.to_string(), room: None }));
    }

    fn command(&mut self, order: Order) {
        self.see(&Fact::CommandGiven { command: &Command { id: "command-1".into(), order } });
    }
}

/// Everybody, mixed.
pub fn composite() -> Source {
    Source::RoomComposite { layout: String::new(), audio_only: false, video_only: false }
}

/// An MP4 in this bucket.
pub fn file(bucket: &str) -> Output {
    Output::File(FileOutput { s3: s3(bucket), ..FileOutput::default() })
}

/// HLS in this bucket.
pub fn segments(bucket: &str) -> Output {
    Output::Segments(SegmentedFileOutput { s3: s3(bucket), ..SegmentedFileOutput::default() })
}

fn s3(bucket: &str) -> S3Upload {
    S3Upload { bucket: bucket.into(), ..S3Upload::default() }
}

/// A record of this action on a key of bucket `rec`, done.
pub fn done(action: AuditAction, key: Option<&str>) -> AuditRecord {
    AuditRecord {
        action,
        tenant: "acme-1".into(),
        egress_id: None,
        bucket: key.map(|_| "rec".into()),
        key: key.map(Into::into),
        version_id: None,
        outcome: AuditOutcome::Done,
        idempotency_key: "once".into(),
    }
}
