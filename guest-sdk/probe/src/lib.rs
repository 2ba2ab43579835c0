//! An operator that makes every call of the contract and logs every answer in full, so that two hosts can be compared by
//! what they ask the world and what they make of its replies. It is of no use for anything else.

use egress_sim_sdk::{
    AuditAction, AuditOutcome, AuditRecord, Boot, ByteRange, Command, Cx, Delivery, Error, Expectation, FileOutput,
    Link, ObjectId, Operator, Outcome, Precondition, RoomCompositeEgressRequest, Row, RowState, S3Upload,
    SegmentedFileOutput, SegmentedFileSuffix, SinkKey, Subject, Timer, TrackEgressRequest, VersionMarker, Write,
};

/// The name in its boot under which `init` panics.
pub const PANICS: &str = "panics";

struct Probe;

/// Makes the probe.
pub fn make(_boot: &Boot) -> Box<dyn Operator> {
    Box::new(Probe)
}

egress_sim_sdk::export!(make);

impl Operator for Probe {
    fn init(&mut self, cx: &mut Cx<'_>, boot: &Boot) -> Outcome {
        cx.log().info(format!("{boot:?}"));
        assert!(boot.name != PANICS, "asked to, as {}", boot.name);
        Ok(())
    }

    /// Everything that concerns LiveKit.
    fn on_webhook(&mut self, cx: &mut Cx<'_>, delivery: Delivery) -> Outcome {
        let mut heard = Vec::new();
        let world = cx.imports();
        heard.push(format!("{:?}", world.webhook_raw(delivery.handle)));
        heard.push(format!("{:?}", world.webhook_open(delivery.handle)));
        heard.push(format!("{:?}", world.list_rooms(vec!["a".into(), "b".into()])));
        heard.push(format!("{:?}", world.list_participants("a".into())));
        heard.push(format!("{:?}", world.start_room_composite_egress(composite())));
        heard.push(format!("{:?}", world.start_track_egress(track())));
        heard.push(format!("{:?}", world.stop_egress("EG_1".into())));
        heard.push(format!("{:?}", world.list_egress("a".into(), "EG_1".into(), true)));
        world.check_always("heard-once".into(), delivery.attempt == 1, format!("attempt {}", delivery.attempt));
        world.check_sometimes("heard-again".into(), delivery.attempt > 1);
        tell(cx, heard);
        Err(Error::reject(format!("attempt {}", delivery.attempt)))
    }

    /// Everything that concerns the sink.
    fn on_command(&mut self, cx: &mut Cx<'_>, command: Command) -> Outcome {
        let mut heard = vec![format!("{command:?}")];
        let bucket = || "rec-eu-1".to_owned();
        let id = || ObjectId { key: "k/1".into(), version_id: Some("v1".into()) };
        let whole = || ObjectId { key: "k/2".into(), version_id: None };
        let marker = VersionMarker { key: "k".into(), version_id: "v".into() };
        let world = cx.imports();
        heard.push(format!("{:?}", world.head_object(bucket(), id())));
        heard.push(format!("{:?}", world.get_object(bucket(), whole(), Some(ByteRange { first: 1, last: u64::MAX }))));
        heard.push(format!("{:?}", world.put_object(bucket(), "k/3".into(), "video/mp4".into(), vec![0, 255])));
        heard.push(format!("{:?}", world.delete_object(bucket(), whole())));
        heard.push(format!("{:?}", world.delete_objects(bucket(), vec![id(), whole()], true)));
        heard.push(format!("{:?}", world.list_objects_v2(bucket(), "k/".into(), Some("more".into()), 7)));
        heard.push(format!("{:?}", world.list_object_versions(bucket(), "k/".into(), Some(marker), 0)));
        heard.push(format!("{:?}", world.list_multipart_uploads(bucket(), "k/".into())));
        heard.push(format!("{:?}", world.abort_multipart_upload(bucket(), "k/1".into(), "u".into())));
        heard.push(format!("{:?}", world.get_bucket_versioning(bucket())));
        tell(cx, heard);
        Ok(())
    }

    /// Everything that the operator keeps and tells.
    fn on_timer(&mut self, cx: &mut Cx<'_>, timer: Timer) -> Outcome {
        let mut heard = vec![format!("{timer:?}")];
        let world = cx.imports();
        heard.push(format!("{:?}", world.commit(writes(), preconditions())));
        heard.push(format!("{:?}", world.inventory_get("EG_1".into())));
        heard.push(format!("{:?}", world.inventory_scan("acme".into(), Some("EG_0".into()), 5)));
        heard.push(format!("{:?}", world.state_get("s".into())));
        heard.push(format!("{:?}", world.state_scan("s".into(), None, 6)));
        heard.push(format!("{:?}", world.audit_append(records())));
        let link = Link { egress_id: "EG_1".into(), tenant: "acme".into(), url: "https://cdn/x".into() };
        heard.push(format!("{:?}", world.publish(link)));
        heard.push(format!("{:?}", world.retract("EG_1".into())));
        world.check_always("never-both".into(), false, "both".into());
        world.check_sometimes("once".into(), true);
        heard.push(format!("{:?}", world.clock_now()));
        heard.push(format!("{:?}", world.timers_set("sweep".into(), u64::MAX, "p".into())));
        heard.push(format!("{:?}", world.timers_cancel("sweep".into())));
        heard.push(format!("{:?}", world.entropy_next_u64()));
        tell(cx, heard);
        Err(Error::retry("later"))
    }
}

fn tell(cx: &mut Cx<'_>, heard: Vec<String>) {
    for line in heard {
        cx.log().debug(line);
    }
}

fn s3() -> S3Upload {
    S3Upload {
        bucket: "rec-eu-1".into(),
        region: "eu-central-1".into(),
        metadata: vec![("a".into(), "1".into()), ("b".into(), "2".into())],
        tagging: "t=1".into(),
    }
}

fn composite() -> RoomCompositeEgressRequest {
    let file = |filepath: &str| FileOutput { filepath: filepath.into(), disable_manifest: true, s3: s3() };
    RoomCompositeEgressRequest {
        room_name: "a".into(),
        layout: "grid".into(),
        audio_only: true,
        video_only: false,
        file_outputs: vec![file("1.mp4"), file("2.mp4")],
        segment_outputs: vec![SegmentedFileOutput {
            filename_prefix: "p".into(),
            playlist_name: "p.m3u8".into(),
            live_playlist_name: "live.m3u8".into(),
            segment_duration: 6,
            filename_suffix: SegmentedFileSuffix::Timestamp,
            disable_manifest: false,
            s3: s3(),
        }],
    }
}

fn track() -> TrackEgressRequest {
    let file = FileOutput { filepath: "t".into(), disable_manifest: false, s3: s3() };
    TrackEgressRequest { room_name: "a".into(), track_id: "TR_1".into(), file }
}

fn row(key: SinkKey, state: RowState) -> Row {
    Row {
        egress_id: "EG_1".into(),
        tenant: "acme".into(),
        room: "a".into(),
        bucket: "rec-eu-1".into(),
        key,
        backup_bucket: Some("rec-backup".into()),
        kind: "composite".into(),
        state,
        details: "{}".into(),
    }
}

fn writes() -> Vec<Write> {
    vec![
        Write::PutRow(row(SinkKey::Exact("k".into()), RowState::Recording)),
        Write::PutRow(row(SinkKey::Prefix("k/".into()), RowState::Stored)),
        Write::PutRow(row(SinkKey::Prefix("k/".into()), RowState::Failed)),
        Write::PutRow(row(SinkKey::Prefix("k/".into()), RowState::Deleting)),
        Write::PutRow(row(SinkKey::Prefix("k/".into()), RowState::Deleted)),
        Write::DeleteRow("EG_2".into()),
        Write::PutState(("s".into(), "v".into())),
        Write::DeleteState("s2".into()),
    ]
}

fn preconditions() -> Vec<Precondition> {
    vec![
        Precondition { subject: Subject::Row("EG_1".into()), expect: Expectation::Absent },
        Precondition { subject: Subject::State("s".into()), expect: Expectation::VersionIs(3) },
    ]
}

fn records() -> Vec<AuditRecord> {
    let record = |action, outcome| AuditRecord {
        action,
        tenant: "acme".into(),
        egress_id: Some("EG_1".into()),
        bucket: Some("rec-eu-1".into()),
        key: None,
        version_id: None,
        outcome,
        idempotency_key: "i".into(),
    };
    vec![
        record(AuditAction::Delete, AuditOutcome::Done),
        record(AuditAction::LegalHold, AuditOutcome::Refused("AccessDenied".into())),
        record(AuditAction::LiftHold, AuditOutcome::Failed("SlowDown".into())),
        record(AuditAction::Publish, AuditOutcome::Done),
        record(AuditAction::Retract, AuditOutcome::Done),
        record(AuditAction::RefuseWebhook, AuditOutcome::Done),
    ]
}
