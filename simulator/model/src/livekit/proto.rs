//! Model values as livekit-protocol messages, made when somebody asks for bytes.
//!
//! What the model does not keep is filled in as a LiveKit server would: credentials are redacted, the deprecated
//! `result` repeats a single output, and webhook events carry no more of a room or participant than LiveKit sends.
//! Map fields of these messages are hash maps: encode JSON with [`canonical_json`] only.

use livekit_protocol as proto;
use serde::Serialize;

use super::{
    EgressInfo, EgressStatus, FileInfo, FileOutput, Flaw, Output, ParticipantInfo, ParticipantKind, Room, S3Upload,
    SegmentedFileOutput, SegmentedFileSuffix, SegmentsInfo, Source, StartEgress, TrackInfo, TrackSource, WebhookEvent,
};
use crate::time::{Span, Time};

/// The server's `room.empty_timeout`, in seconds.
const EMPTY_TIMEOUT: u32 = 300;
/// The server's `room.departure_timeout`, in seconds.
const DEPARTURE_TIMEOUT: u32 = 20;

/// `livekit.EgressInfo`, with the redacted request of the v1 RPC that the model's request stands for.
pub fn egress_info(info: &EgressInfo) -> proto::EgressInfo {
    let told = info.as_told();
    let (file_results, segment_results) = results(&told);
    let (files, segments) = results(if info.flaw == Some(Flaw::NoResults) { info } else { &told });
    #[expect(deprecated, reason = "servers fill the old field in as well, and old operators read nothing else")]
    let result = match (files.as_slice(), segments.as_slice()) {
        ([file], []) => Some(proto::egress_info::Result::File(file.clone())),
        ([], [segments]) => Some(proto::egress_info::Result::Segments(segments.clone())),
        _ => None,
    };
    proto::EgressInfo {
        egress_id: info.egress_id.to_string(),
        room_id: info.room_id.to_string(),
        room_name: info.room_name.to_string(),
        source_type: source_type(&info.request.source).into(),
        status: egress_status(info.status).into(),
        started_at: at(info.started_at),
        ended_at: at(info.ended_at),
        updated_at: at(info.updated_at),
        file_results,
        segment_results,
        error: info.error.clone(),
        error_code: info.error_code,
        backup_storage_used: info.backup_storage_used,
        retry_count: info.retry_count,
        details: info.details.clone(),
        manifest_location: told.manifest_location.clone(),
        request: Some(request(&info.request)),
        result,
        ..proto::EgressInfo::default()
    }
}

/// What each output came to.
fn results(info: &EgressInfo) -> (Vec<proto::FileInfo>, Vec<proto::SegmentsInfo>) {
    let mut files: Vec<_> = info.file_results.iter().map(file_info).collect();
    let mut segments: Vec<_> = info.segment_results.iter().map(segments_info).collect();
    if info.flaw == Some(Flaw::NegativeDuration) {
        for file in &mut files {
            file.duration = -file.started_at;
        }
        for segments in &mut segments {
            segments.duration = -segments.started_at;
        }
    }
    (files, segments)
}

/// `livekit.Room` in full, as `RoomService` and room and participant events have it.
pub fn room(room: &Room) -> proto::Room {
    proto::Room {
        sid: room.sid.to_string(),
        name: room.name.to_string(),
        empty_timeout: EMPTY_TIMEOUT,
        departure_timeout: DEPARTURE_TIMEOUT,
        creation_time: room.creation_time.unix_seconds(),
        creation_time_ms: unix_milliseconds(room.creation_time),
        metadata: room.metadata.to_string(),
        num_participants: room.num_participants,
        active_recording: room.active_recording,
        ..proto::Room::default()
    }
}

/// `livekit.ParticipantInfo` in full, of a participant that is there.
pub fn participant(participant: &ParticipantInfo) -> proto::ParticipantInfo {
    let recorder = participant.kind == ParticipantKind::Egress;
    #[expect(deprecated, reason = "servers still set `recorder` for the egress participant")]
    let permission = proto::ParticipantPermission {
        can_subscribe: true,
        can_publish: !recorder,
        can_publish_data: !recorder,
        hidden: recorder,
        recorder,
        ..proto::ParticipantPermission::default()
    };
    let kind = match participant.kind {
        ParticipantKind::Standard => proto::participant_info::Kind::Standard,
        ParticipantKind::Egress => proto::participant_info::Kind::Egress,
    };
    proto::ParticipantInfo {
        sid: participant.sid.to_string(),
        identity: participant.identity.to_string(),
        state: proto::participant_info::State::Active.into(),
        tracks: participant.tracks.iter().map(track).collect(),
        joined_at: participant.joined_at.unix_seconds(),
        joined_at_ms: unix_milliseconds(participant.joined_at),
        permission: Some(permission),
        is_publisher: !participant.tracks.is_empty(),
        kind: kind.into(),
        ..proto::ParticipantInfo::default()
    }
}

/// `livekit.TrackInfo`.
pub fn track(track: &TrackInfo) -> proto::TrackInfo {
    let source = match track.source {
        TrackSource::Camera => proto::TrackSource::Camera,
        TrackSource::Microphone => proto::TrackSource::Microphone,
        TrackSource::ScreenShare => proto::TrackSource::ScreenShare,
        TrackSource::ScreenShareAudio => proto::TrackSource::ScreenShareAudio,
    };
    let kind = if track.source.is_audio() { proto::TrackType::Audio } else { proto::TrackType::Video };
    proto::TrackInfo {
        sid: track.sid.to_string(),
        r#type: kind.into(),
        source: source.into(),
        mime_type: track.source.mime_type().to_owned(),
        ..proto::TrackInfo::default()
    }
}

/// `livekit.WebhookEvent`. Egress and track events name the room and the participant and say no more of them.
pub fn webhook_event(event: &WebhookEvent) -> proto::WebhookEvent {
    let brief_participant = event.event.starts_with("track_");
    let brief_room = brief_participant || event.event.starts_with("egress_");
    let left = matches!(event.event, "participant_left" | "participant_connection_aborted");
    proto::WebhookEvent {
        event: event.event.to_owned(),
        room: event.room.as_ref().map(|full| if brief_room { named_room(full) } else { room(full) }),
        participant: event.participant.as_ref().map(|full| {
            if brief_participant {
                return named_participant(full);
            }
            let mut participant = participant(full);
            if left {
                participant.state = proto::participant_info::State::Disconnected.into();
            }
            participant
        }),
        track: event.track.as_ref().map(track),
        egress_info: event.egress_info.as_ref().map(egress_info),
        id: event.id.to_string(),
        created_at: event.created_at.unix_seconds(),
        ..proto::WebhookEvent::default()
    }
}

/// A message as proto3 JSON with every object's keys in alphabetical order. livekit-protocol keeps map fields in
/// hash maps, which would come out in another order in each process.
pub fn canonical_json(message: &impl Serialize) -> Vec<u8> {
    let mut value = serde_json::to_value(message).expect("livekit-protocol's messages are JSON");
    // Does nothing as long as no dependency turns serde_json's `preserve_order` on.
    value.sort_all_objects();
    serde_json::to_vec(&value).expect("a JSON value is JSON")
}

fn named_room(room: &Room) -> proto::Room {
    proto::Room { sid: room.sid.to_string(), name: room.name.to_string(), ..proto::Room::default() }
}

fn named_participant(participant: &ParticipantInfo) -> proto::ParticipantInfo {
    proto::ParticipantInfo {
        sid: participant.sid.to_string(),
        identity: participant.identity.to_string(),
        ..proto::ParticipantInfo::default()
    }
}

/// How the worker gets the media: sound alone in the default layout needs no browser, nor does a single track.
fn source_type(source: &Source) -> proto::EgressSourceType {
    match source {
        Source::RoomComposite { layout, audio_only: true, .. } if layout.is_empty() => proto::EgressSourceType::Sdk,
        Source::RoomComposite { .. } => proto::EgressSourceType::Web,
        Source::Track { .. } => proto::EgressSourceType::Sdk,
    }
}

fn egress_status(status: EgressStatus) -> proto::EgressStatus {
    match status {
        EgressStatus::Starting => proto::EgressStatus::EgressStarting,
        EgressStatus::Active => proto::EgressStatus::EgressActive,
        EgressStatus::Ending => proto::EgressStatus::EgressEnding,
        EgressStatus::Complete => proto::EgressStatus::EgressComplete,
        EgressStatus::Failed => proto::EgressStatus::EgressFailed,
        EgressStatus::Aborted => proto::EgressStatus::EgressAborted,
        EgressStatus::LimitReached => proto::EgressStatus::EgressLimitReached,
    }
}

fn request(request: &StartEgress) -> proto::egress_info::Request {
    let files = request.outputs.iter().filter_map(|output| match output {
        Output::File(file) => Some(file),
        Output::Segments(_) => None,
    });
    let segments = request.outputs.iter().filter_map(|output| match output {
        Output::Segments(segments) => Some(segments),
        Output::File(_) => None,
    });
    match &request.source {
        Source::RoomComposite { layout, audio_only, video_only } => {
            proto::egress_info::Request::RoomComposite(proto::RoomCompositeEgressRequest {
                room_name: request.room_name.clone(),
                layout: layout.clone(),
                audio_only: *audio_only,
                video_only: *video_only,
                file_outputs: files.map(encoded_file_output).collect(),
                segment_outputs: segments.map(segmented_file_output).collect(),
                ..proto::RoomCompositeEgressRequest::default()
            })
        }
        Source::Track { track_id } => proto::egress_info::Request::Track(proto::TrackEgressRequest {
            room_name: request.room_name.clone(),
            track_id: track_id.clone(),
            output: files.map(direct_file_output).next().map(proto::track_egress_request::Output::File),
            ..proto::TrackEgressRequest::default()
        }),
    }
}

fn encoded_file_output(file: &FileOutput) -> proto::EncodedFileOutput {
    proto::EncodedFileOutput {
        filepath: file.filepath.clone(),
        disable_manifest: file.disable_manifest,
        output: Some(proto::encoded_file_output::Output::S3(redacted(&file.s3))),
        ..proto::EncodedFileOutput::default()
    }
}

fn direct_file_output(file: &FileOutput) -> proto::DirectFileOutput {
    proto::DirectFileOutput {
        filepath: file.filepath.clone(),
        disable_manifest: file.disable_manifest,
        output: Some(proto::direct_file_output::Output::S3(redacted(&file.s3))),
    }
}

fn segmented_file_output(segments: &SegmentedFileOutput) -> proto::SegmentedFileOutput {
    let suffix = match segments.filename_suffix {
        SegmentedFileSuffix::Index => proto::SegmentedFileSuffix::Index,
        SegmentedFileSuffix::Timestamp => proto::SegmentedFileSuffix::Timestamp,
    };
    proto::SegmentedFileOutput {
        filename_prefix: segments.filename_prefix.clone(),
        playlist_name: segments.playlist_name.clone(),
        live_playlist_name: segments.live_playlist_name.clone(),
        segment_duration: segments.segment_duration,
        filename_suffix: suffix.into(),
        disable_manifest: segments.disable_manifest,
        output: Some(proto::segmented_file_output::Output::S3(redacted(&segments.s3))),
        ..proto::SegmentedFileOutput::default()
    }
}

/// The upload as the server echoes it: no secret ever leaves it again.
fn redacted(s3: &S3Upload) -> proto::S3Upload {
    proto::S3Upload {
        access_key: "{access_key}".to_owned(),
        secret: "{secret}".to_owned(),
        region: s3.region.clone(),
        bucket: s3.bucket.clone(),
        metadata: s3.metadata.iter().cloned().collect(),
        tagging: s3.tagging.clone(),
        ..proto::S3Upload::default()
    }
}

fn file_info(file: &FileInfo) -> proto::FileInfo {
    proto::FileInfo {
        filename: file.filename.clone(),
        started_at: at(file.started_at),
        ended_at: at(file.ended_at),
        duration: length(file.duration),
        size: signed(file.size),
        location: file.location.clone(),
    }
}

fn segments_info(segments: &SegmentsInfo) -> proto::SegmentsInfo {
    proto::SegmentsInfo {
        playlist_name: segments.playlist_name.clone(),
        live_playlist_name: segments.live_playlist_name.clone(),
        duration: length(segments.duration),
        size: signed(segments.size),
        playlist_location: segments.playlist_location.clone(),
        live_playlist_location: segments.live_playlist_location.clone(),
        segment_count: signed(segments.segment_count),
        started_at: at(segments.started_at),
        ended_at: at(segments.ended_at),
    }
}

/// Nanoseconds since the Unix epoch, 0 for not yet.
fn at(time: Option<Time>) -> i64 {
    time.map_or(0, |time| signed(time.0))
}

/// Nanoseconds.
fn length(span: Span) -> i64 {
    signed(span.0)
}

fn unix_milliseconds(time: Time) -> i64 {
    (time.0 / 1_000_000).cast_signed()
}

/// Protobuf has signed numbers here. Beyond 2262 the last one stands.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn recording(source: Source, outputs: Vec<Output>) -> EgressInfo {
        EgressInfo {
            egress_id: "EG_b".into(),
            room_id: "RM_a".into(),
            room_name: "demo".into(),
            status: EgressStatus::Starting,
            request: Arc::new(StartEgress { room_name: "demo".into(), source, outputs }),
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
        assert_eq!(
            egress_info(&info).result,
            Some(proto::egress_info::Result::Segments(proto::SegmentsInfo::default()))
        );
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
        let file = FileOutput { filepath: "{track_id}".into(), disable_manifest: true, s3 };
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
}
