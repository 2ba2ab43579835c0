use std::sync::Arc;

use super::*;
use crate::livekit::{FileOutput, Output, S3Upload};

fn recording(source: Source, outputs: Vec<Output>) -> EgressInfo {
    EgressInfo {
        egress_id: "EG_b".into(),
        room_id: "RM_a".into(),
        room_name: "demo".into(),
        status: EgressStatus::Starting,
        request: Arc::new(StartEgress { room_name: "demo".into(), source, outputs, details: None }),
        started_at: Some(Time(1_763_800_000_000_000_001)),
        updated_at: None,
        ended_at: None,
        file_results: vec![FileInfo { filename: "d/f.mp4".into(), ..FileInfo::default() }],
        segment_results: vec![],
        manifest_location: String::new(),
        details: String::new(),
        error: String::new(),
        error_code: 0,
        backup_storage_used: false,
        retry_count: 0,
        flaw: None,
        stream_results: vec![],
        image_results: vec![],
    }
}

fn composite() -> Source {
    Source::RoomComposite { layout: String::new(), audio_only: false, video_only: false }
}

#[test]
#[expect(deprecated, reason = "the deprecated field is what the test is about")]
fn the_old_result_repeats_a_single_output_only() {
    let mut info = recording(composite(), vec![]);
    let sent = egress_info(&info);
    assert_eq!(sent.result, Some(proto::egress_info::Result::File(sent.file_results[0].clone())));
    info.segment_results.push(SegmentsInfo::default());
    assert_eq!(egress_info(&info).result, None);
    info.file_results.clear();
    assert_eq!(egress_info(&info).result, Some(proto::egress_info::Result::Segments(proto::SegmentsInfo::default())));
}

#[test]
fn the_source_is_a_browser_unless_none_is_needed() {
    let source_type = |source| egress_info(&recording(source, vec![])).source_type();
    let audio = |layout: &str| Source::RoomComposite { layout: layout.into(), audio_only: true, video_only: false };
    assert_eq!(source_type(composite()), proto::EgressSourceType::Web);
    assert_eq!(source_type(audio("")), proto::EgressSourceType::Sdk);
    assert_eq!(source_type(audio("grid")), proto::EgressSourceType::Web);
    assert_eq!(source_type(Source::Track { track_id: "TR_x".into() }), proto::EgressSourceType::Sdk);
}

#[test]
fn credentials_are_redacted_and_maps_are_in_order() {
    let metadata = ["tenant", "case", "owner", "zone", "a"].map(|key| (key.to_owned(), "v".to_owned())).to_vec();
    let s3 = S3Upload { bucket: "bk".into(), metadata, ..S3Upload::default() };
    let file = FileOutput { filepath: "{track_id}".into(), disable_manifest: true, s3, ..FileOutput::default() };
    let source = Source::Track { track_id: "TR_x".into() };
    let json = canonical_json(&egress_info(&recording(source, vec![Output::File(file)])));
    insta::assert_snapshot!(String::from_utf8(json).expect("JSON is UTF-8"), @r#"{"egressId":"EG_b","file":{"filename":"d/f.mp4"},"fileResults":[{"filename":"d/f.mp4"}],"roomId":"RM_a","roomName":"demo","sourceType":"EGRESS_SOURCE_TYPE_SDK","startedAt":"1763800000000000001","track":{"file":{"disableManifest":true,"filepath":"{track_id}","s3":{"accessKey":"{access_key}","bucket":"bk","metadata":{"a":"v","case":"v","owner":"v","tenant":"v","zone":"v"},"secret":"{secret}"}},"roomName":"demo","trackId":"TR_x"}}"#);
}

#[test]
fn a_participant_that_left_is_disconnected_and_a_recorder_hidden() {
    let recorder = ParticipantInfo {
        sid: "PA_c".into(),
        identity: "EG_b".into(),
        kind: ParticipantKind::Egress,
        joined_at: Time(1_763_800_000_250_000_000),
        tracks: vec![],
        profile: None,
    };
    let event = |name| {
        let event = WebhookEvent {
            id: "EV_c".into(),
            event: name,
            created_at: Time(1_763_800_060_900_000_000),
            room: None,
            participant: Some(recorder.clone()),
            track: None,
            egress_info: None,
        };
        String::from_utf8(canonical_json(&webhook_event(&event))).expect("JSON is UTF-8")
    };
    insta::assert_snapshot!(event("participant_left"), @r#"{"createdAt":"1763800060","event":"participant_left","id":"EV_c","participant":{"identity":"EG_b","joinedAt":"1763800000","joinedAtMs":"1763800000250","kind":"EGRESS","permission":{"canSubscribe":true,"hidden":true,"recorder":true},"sid":"PA_c","state":"DISCONNECTED"}}"#);
    insta::assert_snapshot!(event("track_unpublished"), @r#"{"createdAt":"1763800060","event":"track_unpublished","id":"EV_c","participant":{"identity":"EG_b","sid":"PA_c"}}"#);
}

#[test]
fn the_last_moment_has_a_number() {
    assert_eq!(at(Some(Time::MAX)), i64::MAX);
}
