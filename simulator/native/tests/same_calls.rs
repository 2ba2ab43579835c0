//! The same operator source, natively and as a component: both hosts ask the world the same, make the same of its replies
//! and end alike.

use std::sync::Arc;

use bytes::Bytes;
use egress_sim_model::call::{
    Boot, BootBucket, BootTenant, Call, CallError, Command, CommitOutcome, DeleteError, DeleteResult, DeletedObject,
    Delivery, EntityTag, HeadResult, Hold, ListObjectsPage, ListVersionsPage, MultipartUpload, ObjectHead,
    ObjectSummary, ObjectVersion, Order, PutResult, Refusal, Reply, Row, RowState, SinkKey, StateEntry, StoredRow,
    Subject, Timer, Versioning,
};
use egress_sim_model::livekit::{
    EgressInfo, EgressStatus, FileInfo, FileOutput, Output, ParticipantInfo, ParticipantKind, Room, S3Upload,
    SegmentedFileOutput, SegmentedFileSuffix, SegmentsInfo, Source, StartEgress, TrackInfo, TrackSource, WebhookEvent,
};
use egress_sim_model::operator::{Guest, Host, Step};
use egress_sim_model::scenario::{Limits, ObjectLock};
use egress_sim_model::time::{Span, Time};
use egress_sim_native::NativeHost;
use egress_sim_sandbox::{Operator, SandboxHost};

/// How a scripted world is disposed.
#[derive(Clone, Copy, PartialEq)]
enum Mood {
    /// Every call works, and brings every field.
    Giving,
    /// Every call works, and brings as little as can be.
    Sparse,
    /// Everything is refused.
    Refusing,
    /// No answer comes.
    Silent,
}

const MOODS: [Mood; 4] = [Mood::Giving, Mood::Sparse, Mood::Refusing, Mood::Silent];

impl Mood {
    fn result<T>(self, full: T, sparse: T) -> Result<T, CallError> {
        match self {
            Mood::Giving => Ok(full),
            Mood::Sparse => Ok(sparse),
            Mood::Refusing => Err(CallError::rejected("SlowDown", 503, "Please reduce your request rate.")),
            Mood::Silent => Err(CallError::OutcomeUnknown("no answer within 10s".to_owned())),
        }
    }

    fn list<T>(self, full: Vec<T>) -> Result<Vec<T>, CallError> {
        self.result(full, Vec::new())
    }

    fn reply(self, call: &Call) -> Reply {
        match call {
            Call::WebhookRaw { .. } => {
                Reply::Raw { authorization: "e.y.J".to_owned(), body: Bytes::from_static(b"{\"\xff") }
            }
            Call::WebhookOpen { .. } => Reply::Opened(match self {
                Mood::Giving => Ok(Arc::new(event())),
                Mood::Sparse => Ok(Arc::new(WebhookEvent {
                    room: None,
                    participant: None,
                    track: None,
                    egress_info: None,
                    ..event()
                })),
                Mood::Refusing => Err(Refusal::BodyMismatch),
                Mood::Silent => Err(Refusal::Expired),
            }),
            Call::StartEgress(request) => {
                Reply::Egress(self.result(Arc::new(egress(request)), Arc::new(ended(request))))
            }
            Call::StopEgress { .. } => {
                let request = mixed_track();
                Reply::Egress(self.result(Arc::new(ended(&request)), Arc::new(ended(&request))))
            }
            Call::ListEgress { .. } => Reply::EgressList(self.list(vec![Arc::new(ended(&Arc::new(hls())))])),
            Call::ListRooms { .. } => Reply::Rooms(self.list(vec![room()])),
            Call::ListParticipants { .. } => Reply::Participants(self.list(vec![participant()])),
            Call::Api(call) => unreachable!("the contract has no {}", call.name()),
            Call::S3(request) => unreachable!("the contract has no {}", request.operation.name()),
            Call::HeadObject { .. } => {
                Reply::Head(self.result(HeadResult::Found(head()), HeadResult::NotFound { delete_marker: true }))
            }
            Call::GetObject { .. } => Reply::Object(self.result(
                (head(), Bytes::from_static(b"\0\x01\xff")),
                (ObjectHead { version_id: None, ..head() }, Bytes::new()),
            )),
            Call::PutObject { .. } => Reply::Put(self.result(
                PutResult { etag: EntityTag::of_parts([0xe0; 16], 2), version_id: Some("v".to_owned()) },
                PutResult { etag: EntityTag::of([0; 16]), version_id: None },
            )),
            Call::DeleteObject { .. } => Reply::Deleted(self.result(deleted(), deleted())),
            Call::DeleteObjects { .. } => Reply::DeleteResult(self.result(
                DeleteResult { deleted: vec![deleted()], errors: vec![delete_error()] },
                DeleteResult::default(),
            )),
            Call::ListObjectsV2 { .. } => Reply::Objects(self.result(objects(), ListObjectsPage::default())),
            Call::ListObjectVersions { .. } => Reply::Versions(self.result(versions(), ListVersionsPage::default())),
            Call::ListMultipartUploads { .. } => Reply::Uploads(self.list(vec![MultipartUpload {
                key: "k".to_owned(),
                upload_id: "u".to_owned(),
                initiated: Time(5),
            }])),
            Call::GetBucketVersioning { .. } => {
                Reply::Versioning(self.result(Versioning::Suspended, Versioning::Unversioned))
            }
            Call::Commit { .. } => Reply::Commit(
                self.result(CommitOutcome::Committed(9), CommitOutcome::Conflict(Subject::State("s".to_owned()))),
            ),
            Call::InventoryGet { .. } => Reply::Row(self.result(Some(row(SinkKey::Prefix("p/".to_owned()))), None)),
            Call::InventoryScan { .. } => Reply::Rows(self.list(vec![row(SinkKey::Exact("k".to_owned()))])),
            Call::StateGet { .. } => Reply::State(self.result(Some(entry()), None)),
            Call::StateScan { .. } => Reply::States(self.list(vec![entry(), entry()])),
            Call::AbortMultipartUpload { .. }
            | Call::AuditAppend(_)
            | Call::Publish(_)
            | Call::Retract { .. }
            | Call::SetTimer(_)
            | Call::CancelTimer { .. } => Reply::Done(self.result((), ())),
            Call::Now => Reply::Now(Time(1_767_225_600_000_000_001)),
            Call::Entropy => Reply::Entropy(u64::MAX),
            Call::CheckAlways { .. } | Call::CheckSometimes { .. } | Call::Log { .. } => Reply::Nothing,
        }
    }
}

fn head() -> ObjectHead {
    ObjectHead {
        size: 7,
        etag: EntityTag::of([0xe1; 16]),
        content_type: "video/mp4".to_owned(),
        last_modified: Time(3),
        version_id: Some("v".to_owned()),
    }
}

fn deleted() -> DeletedObject {
    DeletedObject {
        key: "k".to_owned(),
        version_id: Some("v".to_owned()),
        delete_marker: true,
        delete_marker_version_id: Some("m".to_owned()),
    }
}

fn delete_error() -> DeleteError {
    DeleteError {
        key: "k".to_owned(),
        version_id: None,
        code: "SlowDown".to_owned(),
        message: "Please reduce your request rate.".to_owned(),
    }
}

fn objects() -> ListObjectsPage {
    let summary = ObjectSummary { key: "k".into(), size: 1, etag: EntityTag::of([0xe2; 16]), last_modified: Time(2) };
    ListObjectsPage { contents: vec![summary], next_continuation_token: Some("more".to_owned()) }
}

fn versions() -> ListVersionsPage {
    let version = ObjectVersion {
        key: "k".to_owned(),
        version_id: "v".to_owned(),
        is_latest: true,
        delete_marker: true,
        size: 0,
        last_modified: Time(2),
    };
    ListVersionsPage { versions: vec![version], next: Some(("k".to_owned(), "v".to_owned())) }
}

fn row(key: SinkKey) -> StoredRow {
    let row = Row {
        egress_id: "EG_1".to_owned(),
        tenant: "acme".to_owned(),
        room: "a".to_owned(),
        bucket: "rec-eu-1".to_owned(),
        key,
        backup_bucket: Some("rec-backup".to_owned()),
        kind: "composite".to_owned(),
        state: RowState::Deleting,
        details: "{}".to_owned(),
    };
    StoredRow { row: Arc::new(row), version: 4 }
}

fn entry() -> StateEntry {
    StateEntry { key: "s".to_owned(), value: "\u{1F3A5}".to_owned(), version: 2 }
}

fn room() -> Room {
    Room {
        sid: "RM_1".into(),
        name: "a".into(),
        metadata: "{}".into(),
        creation_time: Time(1_767_225_600_900_000_000),
        num_participants: 2,
        active_recording: true,
        limits: None,
    }
}

fn participant() -> ParticipantInfo {
    let track = |source| TrackInfo { sid: "TR_1".into(), source, muted: false };
    ParticipantInfo {
        sid: "PA_1".into(),
        identity: "alice".into(),
        kind: ParticipantKind::Egress,
        joined_at: Time(1_767_225_600_900_000_000),
        tracks: vec![
            track(TrackSource::Camera),
            track(TrackSource::Microphone),
            track(TrackSource::ScreenShare),
            track(TrackSource::ScreenShareAudio),
        ],
        profile: None,
    }
}

fn s3() -> S3Upload {
    S3Upload {
        bucket: "rec-eu-1".to_owned(),
        region: "eu-central-1".to_owned(),
        metadata: vec![("a".to_owned(), "1".to_owned())],
        tagging: "t=1".to_owned(),
        ..S3Upload::default()
    }
}

fn hls() -> StartEgress {
    let segments = SegmentedFileOutput {
        filename_prefix: "p".to_owned(),
        playlist_name: "p.m3u8".to_owned(),
        live_playlist_name: "live.m3u8".to_owned(),
        segment_duration: 6,
        filename_suffix: SegmentedFileSuffix::Timestamp,
        disable_manifest: true,
        s3: s3(),
    };
    StartEgress {
        room_name: "a".to_owned(),
        source: Source::RoomComposite { layout: "grid".to_owned(), audio_only: false, video_only: true },
        outputs: vec![Output::Segments(segments), Output::File(FileOutput { s3: s3(), ..FileOutput::default() })],
        details: None,
    }
}

/// A request that the contract has no record for.
fn mixed_track() -> Arc<StartEgress> {
    Arc::new(StartEgress { source: Source::Track { track_id: "TR_1".to_owned() }, ..hls() })
}

fn egress(request: &Arc<StartEgress>) -> EgressInfo {
    EgressInfo {
        egress_id: "EG_1".into(),
        room_id: "RM_1".into(),
        room_name: "a".into(),
        status: EgressStatus::Starting,
        request: Arc::clone(request),
        started_at: Some(Time(1)),
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

fn ended(request: &Arc<StartEgress>) -> EgressInfo {
    EgressInfo {
        status: EgressStatus::LimitReached,
        updated_at: Some(Time(2)),
        ended_at: Some(Time(3)),
        file_results: vec![FileInfo {
            filename: "f".to_owned(),
            location: "https://f".to_owned(),
            started_at: Some(Time(1)),
            ended_at: None,
            duration: Span(2),
            size: 3,
        }],
        segment_results: vec![SegmentsInfo {
            playlist_name: "p".to_owned(),
            live_playlist_name: "l".to_owned(),
            playlist_location: "https://p".to_owned(),
            live_playlist_location: "https://l".to_owned(),
            segment_count: 980,
            size: 4,
            started_at: None,
            ended_at: Some(Time(5)),
            duration: Span(6),
        }],
        manifest_location: "https://m".to_owned(),
        details: "End reason: Source closed".to_owned(),
        error: "e".to_owned(),
        error_code: 412,
        backup_storage_used: true,
        retry_count: 2,
        ..egress(request)
    }
}

fn event() -> WebhookEvent {
    WebhookEvent {
        id: "EV_1".into(),
        event: "egress_ended",
        created_at: Time(1_767_225_600_000_000_000),
        room: Some(room()),
        participant: Some(participant()),
        track: Some(TrackInfo { sid: "TR_1".into(), source: TrackSource::ScreenShare, muted: false }),
        egress_info: Some(ended(&Arc::new(hls()))),
    }
}

fn boot(name: &str) -> Arc<Boot> {
    let bucket = |name: &str, object_lock| BootBucket {
        name: name.to_owned(),
        region: "eu-central-1".to_owned(),
        versioned: true,
        object_lock,
    };
    let tenant = BootTenant {
        name: "acme".to_owned(),
        buckets: vec![bucket("rec-eu-1", ObjectLock::Governance), bucket("rec-eu-2", ObjectLock::None)],
        cdn: Some("cdn.acme.example".to_owned()),
        retention: Some(Span(1)),
        retention_max: None,
        delete_within: Span(2),
    };
    Arc::new(Boot {
        name: name.to_owned(),
        instance: 1,
        incarnation: 2,
        livekit_url: "http://livekit".to_owned(),
        api_key: "k".to_owned(),
        api_secret: "s".to_owned(),
        s3_url: "http://s3".to_owned(),
        s3_access_key: "a".to_owned(),
        s3_secret_key: "b".to_owned(),
        tenants: vec![tenant],
        backup_bucket: Some(bucket("rec-backup", ObjectLock::Compliance)),
        config: "{\"a\":1}".to_owned(),
    })
}

/// One of each kind.
fn deliveries() -> Vec<Delivery> {
    let hold = |room: Option<&str>| Hold { tenant: "acme".to_owned(), room: room.map(str::to_owned) };
    let orders = [
        Order::ContractEnded("acme".to_owned()),
        Order::LegalHold(hold(Some("a"))),
        Order::LiftHold(hold(None)),
        Order::Playback(hold(Some("b"))),
    ];
    let commands = orders.map(|order| Delivery::Command(Command { id: "c-1".to_owned(), order }));
    let mut all = vec![Delivery::Webhook { delivery: u64::MAX, attempt: 5 }];
    all.extend(commands);
    all.push(Delivery::Timer(Timer { name: "sweep".to_owned(), at: Time(u64::MAX), payload: "p".to_owned() }));
    all
}

fn native() -> Box<dyn Host> {
    Box::new(NativeHost::new("probe", egress_sim_probe::make))
}

fn sandbox() -> Box<dyn Host> {
    let operator = Operator::load(egress_sim_builtin::PROBE, "probe").expect("the probe is an operator");
    Box::new(SandboxHost::new(&operator, "probe", &Limits::default()).expect("the default limits can be had"))
}

/// Lets the guest have a delivery, and writes down all that passes.
fn converse(guest: &mut dyn Guest, delivery: &Delivery, mood: Mood, transcript: &mut Vec<String>) {
    let mut step = guest.begin(delivery);
    loop {
        step = match step {
            Step::Call(call) => {
                transcript.push(format!("{call:?}"));
                guest.resume(mood.reply(&call))
            }
            Step::Done(answer) => return transcript.push(format!("{answer:?}")),
            Step::Trapped(trap) => return transcript.push(format!("{:?}", trap.kind)),
        };
    }
}

fn whole_dialogue(host: &dyn Host, mood: Mood) -> Vec<String> {
    let boot = boot("");
    let mut guest = host.start(&boot);
    let mut transcript = Vec::new();
    converse(&mut *guest, &Delivery::Init(boot), mood, &mut transcript);
    for delivery in deliveries() {
        converse(&mut *guest, &delivery, mood, &mut transcript);
    }
    transcript
}

#[test]
fn both_hosts_ask_the_same_and_hear_the_same() {
    let (native, sandbox) = (native(), sandbox());
    assert_eq!(native.name(), sandbox.name());
    for mood in MOODS {
        let natively = whole_dialogue(&*native, mood);
        assert_eq!(natively, whole_dialogue(&*sandbox, mood));
        // Each of the contract's thirty-two functions, and the last delivery's answer.
        for name in ["WebhookRaw", "StartEgress", "DeleteObjects", "Commit", "CheckSometimes", "CancelTimer", "Entropy"]
        {
            assert!(natively.iter().any(|line| line.starts_with(name)), "{name} was not called");
        }
        assert_eq!(natively.last().map(String::as_str), Some("RetryLater(\"later\")"));
    }
}

#[test]
fn a_panic_is_told_and_ends_both_alike() {
    let boot = boot(egress_sim_probe::PANICS);
    let transcripts = [native(), sandbox()].map(|host| {
        let mut transcript = Vec::new();
        let mut guest = host.start(&boot);
        converse(&mut *guest, &Delivery::Init(Arc::clone(&boot)), Mood::Giving, &mut transcript);
        converse(&mut *guest, &Delivery::Webhook { delivery: 1, attempt: 1 }, Mood::Giving, &mut transcript);
        transcript
    });
    assert_eq!(transcripts[0], transcripts[1]);
    let told = &transcripts[0][1];
    assert!(told.contains("panicked at lib.rs:") && told.contains("asked to, as panics"), "{told}");
    assert_eq!(transcripts[0][2..], ["Trap", "Trap"]);
}

#[test]
fn a_crash_at_any_call_leaves_the_next_incarnation_as_it_was() {
    for host in [native(), sandbox()] {
        let whole = whole_dialogue(&*host, Mood::Giving);
        for crash_at in 0..10 {
            let boot = boot("");
            let mut guest = host.start(&boot);
            let mut transcript = Vec::new();
            converse(&mut *guest, &Delivery::Init(boot), Mood::Giving, &mut transcript);
            let mut step = guest.begin(&deliveries()[0]);
            for _ in 0..crash_at {
                let Step::Call(call) = step else { panic!("the probe asks more than ten times") };
                step = guest.resume(Mood::Giving.reply(&call));
            }
            assert!(matches!(step, Step::Call(_)));
            drop(guest);
        }
        assert_eq!(whole_dialogue(&*host, Mood::Giving), whole);
    }
}
