//! Messages of `LiveKit` between the contract and the model.

use egress_sim_model::call;
use egress_sim_model::livekit::{self, Output, Source};
use egress_sim_model::time::Time;

use super::super::wit::egress_sim::operator::egress::{
    EgressInfo, EgressRequest, EgressStatus, FileInfo, FileOutput, RoomCompositeEgressRequest, S3Upload,
    SegmentedFileOutput, SegmentedFileSuffix, SegmentsInfo, TrackEgressRequest,
};
use super::super::wit::egress_sim::operator::rooms::{
    ParticipantInfo, ParticipantKind, Room, TrackInfo, TrackSource, TrackType,
};
use super::super::wit::egress_sim::operator::webhook::{Refusal, WebhookEvent};

pub fn room_composite_request(request: RoomCompositeEgressRequest) -> livekit::StartEgress {
    let files = request.file_outputs.into_iter().map(|file| Output::File(into_file_output(file)));
    let segments = request.segment_outputs.into_iter().map(|output| Output::Segments(into_segments_output(output)));
    livekit::StartEgress {
        room_name: request.room_name,
        source: Source::RoomComposite {
            layout: request.layout,
            audio_only: request.audio_only,
            video_only: request.video_only,
        },
        outputs: files.chain(segments).collect(),
        details: None,
    }
}

pub fn track_request(request: TrackEgressRequest) -> livekit::StartEgress {
    livekit::StartEgress {
        room_name: request.room_name,
        source: Source::Track { track_id: request.track_id },
        outputs: vec![Output::File(into_file_output(request.file))],
        details: None,
    }
}

pub fn egress_info(info: &livekit::EgressInfo) -> EgressInfo {
    let info = &*info.as_told();
    EgressInfo {
        egress_id: info.egress_id.to_string(),
        room_id: info.room_id.to_string(),
        room_name: info.room_name.to_string(),
        status: match info.status {
            livekit::EgressStatus::Starting => EgressStatus::Starting,
            livekit::EgressStatus::Active => EgressStatus::Active,
            livekit::EgressStatus::Ending => EgressStatus::Ending,
            livekit::EgressStatus::Complete => EgressStatus::Complete,
            livekit::EgressStatus::Failed => EgressStatus::Failed,
            livekit::EgressStatus::Aborted => EgressStatus::Aborted,
            livekit::EgressStatus::LimitReached => EgressStatus::LimitReached,
        },
        started_at: unset_is_zero(info.started_at),
        updated_at: unset_is_zero(info.updated_at),
        ended_at: unset_is_zero(info.ended_at),
        request: egress_request(&info.request),
        file_results: info.file_results.iter().map(file_info).collect(),
        segment_results: info.segment_results.iter().map(segments_info).collect(),
        manifest_location: info.manifest_location.clone(),
        details: info.details.clone(),
        error: info.error.clone(),
        error_code: info.error_code,
        backup_storage_used: info.backup_storage_used,
        retry_count: info.retry_count,
    }
}

pub fn room(room: &livekit::Room) -> Room {
    Room {
        sid: room.sid.to_string(),
        name: room.name.to_string(),
        metadata: room.metadata.to_string(),
        creation_time: room.creation_time.unix_seconds(),
        num_participants: room.num_participants,
        active_recording: room.active_recording,
    }
}

pub fn participant(participant: &livekit::ParticipantInfo) -> ParticipantInfo {
    ParticipantInfo {
        sid: participant.sid.to_string(),
        identity: participant.identity.to_string(),
        kind: match participant.kind {
            livekit::ParticipantKind::Standard => ParticipantKind::Standard,
            livekit::ParticipantKind::Egress => ParticipantKind::Egress,
        },
        joined_at: participant.joined_at.unix_seconds(),
        tracks: participant.tracks.iter().map(track).collect(),
    }
}

pub fn webhook_event(event: &livekit::WebhookEvent) -> WebhookEvent {
    WebhookEvent {
        id: event.id.to_string(),
        event: event.event.to_owned(),
        created_at: event.created_at.unix_seconds(),
        room: event.room.as_ref().map(room),
        participant: event.participant.as_ref().map(participant),
        track: event.track.as_ref().map(track),
        egress_info: event.egress_info.as_ref().map(egress_info),
    }
}

pub fn refusal(refusal: call::Refusal) -> Refusal {
    match refusal {
        call::Refusal::MissingAuthorization => Refusal::MissingAuthorization,
        call::Refusal::MalformedToken => Refusal::MalformedToken,
        call::Refusal::UnknownApiKey => Refusal::UnknownApiKey,
        call::Refusal::BadSignature => Refusal::BadSignature,
        call::Refusal::Expired => Refusal::Expired,
        call::Refusal::BodyMismatch => Refusal::BodyMismatch,
        call::Refusal::MalformedBody => Refusal::MalformedBody,
    }
}

fn unset_is_zero(time: Option<Time>) -> u64 {
    time.map_or(0, |time| time.0)
}

fn track(track: &livekit::TrackInfo) -> TrackInfo {
    TrackInfo {
        sid: track.sid.to_string(),
        kind: if track.source.is_audio() { TrackType::Audio } else { TrackType::Video },
        source: match track.source {
            livekit::TrackSource::Camera => TrackSource::Camera,
            livekit::TrackSource::Microphone => TrackSource::Microphone,
            livekit::TrackSource::ScreenShare => TrackSource::ScreenShare,
            livekit::TrackSource::ScreenShareAudio => TrackSource::ScreenShareAudio,
        },
        mime_type: track.source.mime_type().to_owned(),
    }
}

fn egress_request(request: &livekit::StartEgress) -> EgressRequest {
    match &request.source {
        Source::RoomComposite { layout, audio_only, video_only } => {
            let mut composite = RoomCompositeEgressRequest {
                room_name: request.room_name.clone(),
                layout: layout.clone(),
                audio_only: *audio_only,
                video_only: *video_only,
                file_outputs: Vec::new(),
                segment_outputs: Vec::new(),
            };
            for output in &request.outputs {
                match output {
                    Output::File(file) => composite.file_outputs.push(file_output(file)),
                    Output::Segments(segments) => composite.segment_outputs.push(segments_output(segments)),
                    // No request of the contract has any.
                    Output::Stream(_) | Output::Images(_) | Output::Unset => {}
                }
            }
            EgressRequest::RoomComposite(composite)
        }
        Source::Track { track_id } => match request.outputs.as_slice() {
            [Output::File(file)] => EgressRequest::Track(TrackEgressRequest {
                room_name: request.room_name.clone(),
                track_id: track_id.clone(),
                file: file_output(file),
            }),
            _ => EgressRequest::Other(request.rpc().to_owned()),
        },
        _ => EgressRequest::Other(request.rpc().to_owned()),
    }
}

fn into_s3(s3: S3Upload) -> livekit::S3Upload {
    livekit::S3Upload {
        bucket: s3.bucket,
        region: s3.region,
        metadata: s3.metadata,
        tagging: s3.tagging,
        ..livekit::S3Upload::default()
    }
}

fn s3(s3: &livekit::S3Upload) -> S3Upload {
    S3Upload {
        bucket: s3.bucket.clone(),
        region: s3.region.clone(),
        metadata: s3.metadata.clone(),
        tagging: s3.tagging.clone(),
    }
}

fn into_file_output(file: FileOutput) -> livekit::FileOutput {
    livekit::FileOutput {
        filepath: file.filepath,
        disable_manifest: file.disable_manifest,
        s3: into_s3(file.s3),
        ..livekit::FileOutput::default()
    }
}

fn file_output(file: &livekit::FileOutput) -> FileOutput {
    FileOutput { filepath: file.filepath.clone(), disable_manifest: file.disable_manifest, s3: s3(&file.s3) }
}

fn into_segments_output(output: SegmentedFileOutput) -> livekit::SegmentedFileOutput {
    livekit::SegmentedFileOutput {
        filename_prefix: output.filename_prefix,
        playlist_name: output.playlist_name,
        live_playlist_name: output.live_playlist_name,
        segment_duration: output.segment_duration,
        filename_suffix: match output.filename_suffix {
            SegmentedFileSuffix::Index => livekit::SegmentedFileSuffix::Index,
            SegmentedFileSuffix::Timestamp => livekit::SegmentedFileSuffix::Timestamp,
        },
        disable_manifest: output.disable_manifest,
        s3: into_s3(output.s3),
    }
}

fn segments_output(output: &livekit::SegmentedFileOutput) -> SegmentedFileOutput {
    SegmentedFileOutput {
        filename_prefix: output.filename_prefix.clone(),
        playlist_name: output.playlist_name.clone(),
        live_playlist_name: output.live_playlist_name.clone(),
        segment_duration: output.segment_duration,
        filename_suffix: match output.filename_suffix {
            livekit::SegmentedFileSuffix::Index => SegmentedFileSuffix::Index,
            livekit::SegmentedFileSuffix::Timestamp => SegmentedFileSuffix::Timestamp,
        },
        disable_manifest: output.disable_manifest,
        s3: s3(&output.s3),
    }
}

fn file_info(file: &livekit::FileInfo) -> FileInfo {
    FileInfo {
        filename: file.filename.clone(),
        location: file.location.clone(),
        started_at: unset_is_zero(file.started_at),
        ended_at: unset_is_zero(file.ended_at),
        duration: file.duration.0,
        size: file.size,
    }
}

fn segments_info(segments: &livekit::SegmentsInfo) -> SegmentsInfo {
    SegmentsInfo {
        playlist_name: segments.playlist_name.clone(),
        live_playlist_name: segments.live_playlist_name.clone(),
        playlist_location: segments.playlist_location.clone(),
        live_playlist_location: segments.live_playlist_location.clone(),
        segment_count: segments.segment_count,
        size: segments.size,
        started_at: unset_is_zero(segments.started_at),
        ended_at: unset_is_zero(segments.ended_at),
        duration: segments.duration.0,
    }
}
