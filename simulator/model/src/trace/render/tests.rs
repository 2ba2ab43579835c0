//! Every kind of fact as a line, and whom it is about.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

use bytes::Bytes;

use super::*;
use crate::call::{
    AuditAction, AuditOutcome, AuditRecord, Boot, CallError, CommitOutcome, DeleteError, DeleteResult, EntityTag,
    Expectation, HeadResult, Link, ListObjectsPage, ObjectId, ObjectSummary, Precondition, Refusal, Reply, Row,
    SinkKey, Subject, Timer, Write,
};
use crate::fault;
use crate::livekit::{
    EgressInfo, EgressStatus, FileOutput, Output, S3Upload, SegmentedFileOutput, Source, StartEgress, TrackSource,
    WebhookEvent,
};
use crate::operator::Trap;
use crate::property::Mention;
use crate::scenario::{
    Limits, OperatorTable, OutputKind, Promises, Recording, Scenario, Severity, Tenant, WorldParameters,
};
use crate::sink::{Alike, Bucket, Media, Origin, Sink};
use crate::state::{CallIx, CallState, Egress, EgressIx, Object, Ports, TenantIx, TenantState};
use crate::text_map::TextMap;
use crate::time::{Span, Time};

/// One tenant, one call with one egress, and one named fault.
fn world() -> State {
    let scenario = Scenario {
        name: "story".into(),
        title: String::new(),
        severity: Severity::Medium,
        seed: 0,
        question: String::new(),
        expected: String::new(),
        world: WorldParameters::default(),
        limits: Limits::default(),
        promises: Promises::default(),
        operator: OperatorTable::default(),
        tenants: vec![Tenant {
            name: "acme-1".into(),
            buckets: vec!["rec-eu-1".into()],
            cdn: None,
            retention: None,
            retention_max: None,
            delete_within: Span::seconds(1),
            contract_end: None,
        }],
        buckets: Vec::new(),
        calls: Vec::new(),
        commands: Vec::new(),
        faults: vec![fault::Fault {
            name: "second-batch".into(),
            kind: fault::kind("s3.batch_partial").expect("a kind"),
            anchor: fault::Anchor::On { point: "s3.delete_objects".into(), nth: 2, count: 1 },
            window: None,
            filter: fault::Filter::default(),
            parameters: BTreeMap::new(),
        }],
        expects: Vec::new(),
        found: toml::Table::new(),
    };
    let start = scenario.world.start;
    let room: Arc<str> = "acme-1-standup-0".into();
    let id: Arc<str> = "EG_one".into();
    State {
        scenario: Rc::new(scenario),
        now: start,
        tenants: vec![TenantState { ix: TenantIx(0), name: "acme-1".into(), contract_ended: None, holds: Vec::new() }],
        calls: vec![CallState {
            ix: CallIx(0),
            tenant: TenantIx(0),
            room: Arc::clone(&room),
            session: 0,
            sid: "RM_one".into(),
            metadata: "{}".into(),
            rule: 0,
            recording: Recording::Compliance,
            output: OutputKind::Mp4,
            started_at: start,
            ends_at: start + Span::seconds(60),
            ended: false,
            participants: Vec::new(),
            egresses: vec![EgressIx(0)],
            made: None,
        }],
        rooms: BTreeMap::from([(Arc::clone(&room), CallIx(0))]),
        egresses: vec![Egress {
            ix: EgressIx(0),
            call: CallIx(0),
            attempt: 0,
            info: info(),
            active_at: None,
            stopped_at: None,
            end: None,
            stored: false,
            objects: vec![Object { bucket: "rec-eu-1".into(), key: "acme-1/a.mp4".into() }],
            missing: Vec::new(),
            owed: Vec::new(),
            spoilt: false,
            bucket: "rec-eu-1".into(),
            outlives_room: false,
            start_delay: Span::ZERO,
            draining: false,
            lost: None,
            struck: BTreeSet::new(),
        }],
        egress_by_id: TextMap::from_iter([(id, EgressIx(0))]),
        sink: Sink {
            buckets: BTreeMap::from([("rec-eu-1".to_owned(), Bucket::default())]),
            media: Media::default(),
            list_page: 1000,
            objects_deleted: 0,
            alike: Alike::default(),
        },
        ports: Ports::default(),
        unanswered: BTreeMap::new(),
    }
}

fn request() -> StartEgress {
    StartEgress {
        room_name: "acme-1-standup-0".into(),
        source: Source::RoomComposite { layout: String::new(), audio_only: false, video_only: false },
        outputs: vec![
            Output::File(FileOutput {
                filepath: "acme-1/a.mp4".into(),
                disable_manifest: false,
                s3: S3Upload { bucket: "rec-eu-1".into(), ..S3Upload::default() },
                ..FileOutput::default()
            }),
            Output::Segments(SegmentedFileOutput {
                playlist_name: "acme-1/a.m3u8".into(),
                s3: S3Upload { bucket: "rec-eu-1".into(), ..S3Upload::default() },
                ..SegmentedFileOutput::default()
            }),
        ],
        details: None,
    }
}

fn info() -> EgressInfo {
    EgressInfo {
        egress_id: "EG_one".into(),
        room_id: "RM_one".into(),
        room_name: "acme-1-standup-0".into(),
        status: EgressStatus::Active,
        request: Arc::new(request()),
        started_at: None,
        updated_at: None,
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
    }
}

fn link() -> Link {
    Link {
        egress_id: "EG_one".into(),
        tenant: "acme-1".into(),
        url: "https://cdn.acme.example/rec-eu-1/acme-1/a.mp4".into(),
    }
}

fn object(key: &str) -> ObjectId {
    ObjectId { key: key.into(), version_id: None }
}

fn row() -> Row {
    Row {
        egress_id: "EG_one".into(),
        tenant: "acme-1".into(),
        room: "acme-1-standup-0".into(),
        bucket: "rec-eu-1".into(),
        key: SinkKey::Exact("acme-1/a.mp4".into()),
        backup_bucket: None,
        kind: "composite".into(),
        state: RowState::Recording,
        details: "{}".into(),
    }
}

fn audit() -> AuditRecord {
    AuditRecord {
        action: AuditAction::Delete,
        tenant: "acme-1".into(),
        egress_id: Some("EG_one".into()),
        bucket: Some("rec-eu-1".into()),
        key: Some("acme-1/a.mp4".into()),
        version_id: None,
        outcome: AuditOutcome::Failed("SlowDown".into()),
        idempotency_key: "delete EG_one".into(),
    }
}

fn no() -> CallError {
    CallError::rejected("SlowDown", 503, "Please reduce your request rate.")
}

fn boot(incarnation: u32) -> Arc<Boot> {
    Arc::new(Boot {
        name: String::new(),
        instance: 0,
        incarnation,
        livekit_url: String::new(),
        api_key: String::new(),
        api_secret: String::new(),
        s3_url: String::new(),
        s3_access_key: String::new(),
        s3_secret_key: String::new(),
        tenants: Vec::new(),
        backup_bucket: None,
        config: "{}".into(),
    })
}

/// All facts with their marks: `*` is notable; behind the line, the mentions of [`subjects`] that match.
fn draw(facts: &[Fact<'_>]) -> String {
    let state = world();
    let mut drawing = String::new();
    for fact in facts {
        let mark = if is_notable(fact) { '*' } else { ' ' };
        let about: String = subjects()
            .iter()
            .map(|(letter, about)| if mentions(fact, about, &state) { *letter } else { '-' })
            .collect();
        let _ = writeln!(drawing, "{mark} {about} {}", line(fact, &state));
    }
    drawing
}

/// Room, egress, key, tenant, instance.
fn subjects() -> [(char, Mention); 5] {
    [
        ('r', Mention::Room("acme-1-standup-0".into())),
        ('e', Mention::Egress("EG_one".into())),
        ('k', Mention::Key("rec-eu-1".into(), "acme-1/a.mp4".into())),
        ('t', Mention::Tenant("acme-1".into())),
        ('i', Mention::Instance(0)),
    ]
}

#[test]
fn the_world_in_words() {
    let room = "acme-1-standup-0";
    let change = |kind, key: &str, version: Option<&str>| Change {
        key: key.into(),
        version: version.map(Into::into),
        kind,
        origin: Origin::Egress(EgressIx(0)),
    };
    let stored = change(ChangeKind::Stored { size: 450_000_000 }, "acme-1/a.mp4", None);
    let segment = change(ChangeKind::Stored { size: 1_500_000 }, "acme-1/a_00000.ts", None);
    let marker = change(ChangeKind::MarkerMade, "acme-1/a.mp4", Some("v2"));
    let erased = change(ChangeKind::Erased { last: true, current: true }, "acme-1/a.mp4", Some("v1"));
    let foreign = Change { origin: Origin::Operator, ..change(ChangeKind::UploadAborted, "acme-2/b.mp4", None) };
    let ended = Command { id: "1".into(), order: Order::ContractEnded("acme-1".into()) };
    let hold = Command {
        id: "2".into(),
        order: Order::LegalHold(Hold { tenant: "acme-1".into(), room: Some("other".into()) }),
    };
    let played = Viewing::Played { objects: 982 };
    let failed = Viewing::Failed { url: link().url, status: 403, why: "AccessDenied".into() };
    let link = link();
    let egress = |status, details, error| Fact::EgressChanged {
        egress: EgressIx(0),
        id: "EG_one",
        room,
        status,
        details,
        error,
    };
    let drawing = draw(&[
        Fact::RoomStarted { call: CallIx(0), room, sid: "RM_one" },
        Fact::ParticipantJoined { call: CallIx(0), room, identity: "alice", recorder: false },
        Fact::ParticipantJoined { call: CallIx(0), room, identity: "EG_one", recorder: true },
        Fact::TrackPublished { call: CallIx(0), room, identity: "alice", sid: "TR_1", source: TrackSource::Microphone },
        Fact::ParticipantLeft { call: CallIx(0), room, identity: "alice", recorder: false },
        Fact::RoomFinished { call: CallIx(0), room },
        Fact::CommandGiven { command: &ended },
        Fact::CommandGiven { command: &hold },
        egress(EgressStatus::Active, "", ""),
        egress(EgressStatus::Failed, "End reason: Source closed", "Start signal not received"),
        Fact::Sink { by: Actor::Egress(EgressIx(0)), bucket: "rec-eu-1", change: &stored },
        Fact::Sink { by: Actor::Egress(EgressIx(0)), bucket: "rec-eu-1", change: &segment },
        Fact::Sink { by: Actor::Operator(0), bucket: "rec-eu-1", change: &marker },
        Fact::Sink { by: Actor::Operator(0), bucket: "rec-eu-1", change: &erased },
        Fact::Sink { by: Actor::Lifecycle, bucket: "rec-eu-2", change: &foreign },
        Fact::WebhookQueued { queue: "EG_one", event: "egress_ended", room },
        Fact::WebhookDropped { queue: "EG_one", event: "egress_ended", room, why: DropReason::Age },
        Fact::WebhookAnswered { delivery: 7, event: "egress_ended", room, attempt: 1, status: 200 },
        Fact::WebhookAnswered { delivery: 7, event: "egress_ended", room, attempt: 2, status: 0 },
        Fact::Viewed { link: &link, occasion: Occasion::Published, outcome: &played },
        Fact::Viewed { link: &link, occasion: Occasion::LastDay, outcome: &failed },
        Fact::FaultStruck { fault: 0, kind: "s3.batch_partial", at: "", within: None },
        Fact::FaultStruck { fault: 9, kind: "operator.crash", at: "", within: None },
    ]);
    insta::assert_snapshot!(drawing);
}

#[test]
fn the_operators_day_in_words() {
    let (first, second) = (boot(1), boot(2));
    let webhook = WebhookFact { event: "egress_ended", room: "acme-1-standup-0", egress_id: "EG_one", authentic: true };
    let forged = WebhookFact { authentic: false, egress_id: "", ..webhook };
    let delivery = Delivery::Webhook { delivery: 7, attempt: 2 };
    let init = Delivery::Init(Arc::clone(&first));
    let timer = Delivery::Timer(Timer { name: "sweep".into(), at: Time(0), payload: String::new() });
    let playback = Order::Playback(Hold { tenant: "acme-1".into(), room: None });
    let command = Delivery::Command(Command { id: "3".into(), order: playback });
    let trap = Trap { kind: TrapKind::OutOfFuel, message: "all fuel consumed".into() };
    let link = link();
    let drawing = draw(&[
        Fact::Booted { boot: &first },
        Fact::Booted { boot: &second },
        Fact::DeliveryBegan { instance: 0, delivery: &init, webhook: None },
        Fact::DeliveryBegan { instance: 0, delivery: &delivery, webhook: Some(webhook) },
        Fact::DeliveryBegan { instance: 1, delivery: &delivery, webhook: Some(forged) },
        Fact::DeliveryBegan { instance: 0, delivery: &timer, webhook: None },
        Fact::DeliveryBegan { instance: 0, delivery: &command, webhook: None },
        Fact::DeliveryEnded { instance: 0, answer: &Answer::Ok },
        Fact::DeliveryEnded { instance: 0, answer: &Answer::RetryLater("the sink is slow".into()) },
        Fact::Crashed { instance: 0 },
        Fact::Trapped { instance: 0, trap: &trap },
        Fact::GivenUp { instance: 0 },
        Fact::Stopped { instance: 0 },
        Fact::RowCommitted { egress_id: "EG_one", state: Some(RowState::Stored) },
        Fact::RowCommitted { egress_id: "EG_one", state: None },
        Fact::Published { link: &link },
        Fact::Retracted { egress_id: "EG_one" },
    ]);
    insta::assert_snapshot!(drawing);
}

#[test]
fn calls_in_words() {
    let bucket = || "rec-eu-1".to_owned();
    let calls = [
        Call::WebhookOpen { delivery: 7 },
        Call::StartEgress(Arc::new(request())),
        Call::StopEgress { egress_id: "EG_one".into() },
        Call::ListEgress { room_name: "acme-1-standup-0".into(), egress_id: String::new(), active: true },
        Call::ListEgress { room_name: String::new(), egress_id: String::new(), active: false },
        Call::ListRooms { names: Vec::new() },
        Call::ListParticipants { room: "acme-1-standup-0".into() },
        Call::HeadObject { bucket: bucket(), id: object("acme-1/a.mp4") },
        Call::GetObject { bucket: bucket(), id: object("acme-1/a.m3u8"), range: Some((0, 99)) },
        Call::PutObject {
            bucket: bucket(),
            key: "note".into(),
            content_type: "text/plain".into(),
            body: Bytes::from_static(b"hi"),
        },
        Call::DeleteObject {
            bucket: bucket(),
            id: ObjectId { key: "acme-1/a.mp4".into(), version_id: Some("v1".into()) },
        },
        Call::DeleteObjects { bucket: bucket(), objects: vec![object("acme-1/a.mp4")], quiet: true },
        Call::DeleteObjects { bucket: bucket(), objects: vec![object("b"), object("c")], quiet: true },
        Call::ListObjectsV2 {
            bucket: bucket(),
            prefix: "acme-1/".into(),
            continuation_token: Some("t".into()),
            max_keys: 0,
        },
        Call::ListObjectVersions { bucket: bucket(), prefix: "acme-1/".into(), marker: None, max_keys: 0 },
        Call::AbortMultipartUpload { bucket: bucket(), key: "acme-1/a.mp4".into(), upload_id: "u".into() },
        Call::Commit {
            writes: vec![Write::PutRow(Arc::new(row()))],
            preconditions: vec![Precondition {
                subject: Subject::Row("EG_one".into()),
                expect: Expectation::VersionIs(3),
            }],
        },
        Call::Commit { writes: vec![Write::DeleteState("a".into()); 3], preconditions: Vec::new() },
        Call::InventoryScan { tenant: "acme-1".into(), after: Some("EG_one".into()), limit: 100 },
        Call::AuditAppend(vec![audit()]),
        Call::AuditAppend(vec![audit(), audit()]),
        Call::Publish(link()),
        Call::CheckAlways { name: "balance".into(), condition: false, details: "3 rows too many".into() },
        Call::Now,
        Call::SetTimer(Timer { name: "sweep".into(), at: WorldParameters::default().start, payload: String::new() }),
        Call::Log { level: LogLevel::Warn, message: "so it goes".into() },
        Call::Log { level: LogLevel::Debug, message: "tick".into() },
    ];
    let facts: Vec<Fact<'_>> = calls.iter().map(|call| Fact::Called { instance: 0, call }).collect();
    insta::assert_snapshot!(draw(&facts));
}

#[test]
fn replies_in_words() {
    let key = || "acme-1/a.mp4".to_owned();
    let id = || "EG_one".to_owned();
    let objects = || vec![object("acme-1/a.mp4"), object("acme-1/b.mp4")];
    let delete = Call::DeleteObjects { bucket: "rec-eu-1".into(), objects: objects(), quiet: true };
    let head = Call::HeadObject { bucket: "rec-eu-1".into(), id: object("acme-1/a.mp4") };
    let list =
        Call::ListObjectsV2 { bucket: "rec-eu-1".into(), prefix: String::new(), continuation_token: None, max_keys: 0 };
    let stop = Call::StopEgress { egress_id: id() };
    let open = Call::WebhookOpen { delivery: 7 };
    let commit = Call::Commit { writes: Vec::new(), preconditions: Vec::new() };
    let error = DeleteError { key: key(), version_id: None, code: "SlowDown".into(), message: String::new() };
    let page = ListObjectsPage {
        contents: vec![ObjectSummary {
            key: key().into(),
            size: 1,
            etag: EntityTag::of([0; 16]),
            last_modified: Time(0),
        }],
        next_continuation_token: Some("t".into()),
    };
    let event = WebhookEvent {
        id: "EV_1".into(),
        event: "egress_ended",
        created_at: Time(0),
        room: None,
        participant: None,
        track: None,
        egress_info: Some(info()),
    };
    let exchanges = [
        (&open, Reply::Opened(Ok(Arc::new(event)))),
        (&open, Reply::Opened(Err(Refusal::BadSignature))),
        (&stop, Reply::Egress(Ok(Arc::new(info())))),
        (&stop, Reply::Egress(Err(CallError::OutcomeUnknown("connection reset".into())))),
        (&Call::Now, Reply::EgressList(Ok(vec![Arc::new(info())]))),
        (&head, Reply::Head(Ok(HeadResult::NotFound { delete_marker: true }))),
        (&head, Reply::Head(Err(no()))),
        (&delete, Reply::DeleteResult(Ok(DeleteResult::default()))),
        (&delete, Reply::DeleteResult(Ok(DeleteResult { deleted: Vec::new(), errors: vec![error] }))),
        (&list, Reply::Objects(Ok(page))),
        (&commit, Reply::Commit(Ok(CommitOutcome::Committed(12)))),
        (&commit, Reply::Commit(Ok(CommitOutcome::Conflict(Subject::State("lease".into()))))),
        (&commit, Reply::Row(Ok(None))),
        (&commit, Reply::States(Ok(Vec::new()))),
        (&commit, Reply::Done(Err(CallError::NotSent("no route".into())))),
        (&Call::Now, Reply::Now(WorldParameters::default().start)),
    ];
    let facts: Vec<Fact<'_>> =
        exchanges.iter().map(|(call, reply)| Fact::Replied { instance: 0, call, reply }).collect();
    insta::assert_snapshot!(draw(&facts));
}
