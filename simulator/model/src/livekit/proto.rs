//! Model values as livekit-protocol messages, made when somebody asks for bytes.
//!
//! What the model does not keep is filled in as a LiveKit server would: credentials are redacted, the deprecated
//! `result` repeats a single output, and webhook events carry no more of a room or participant than LiveKit sends.
//! Map fields of these messages are hash maps: encode JSON with [`canonical_json`] only.

use livekit_protocol as proto;
use serde::Serialize;

use super::{
    EgressInfo, EgressStatus, FileInfo, Flaw, ImagesInfo, ParticipantInfo, ParticipantKind, Permission, Room,
    RoomLimits, SegmentsInfo, Source, StartEgress, StreamInfo, StreamStatus, TrackInfo, TrackSource, WebhookEvent,
};
use crate::time::{Span, Time};

mod request;

/// `livekit.EgressInfo`, with the redacted request of the v1 RPC that the model's request stands for.
pub fn egress_info(info: &EgressInfo) -> proto::EgressInfo {
    let told = info.as_told();
    let (file_results, segment_results) = results(&told);
    let stream_results: Vec<_> = told.stream_results.iter().map(stream_info).collect();
    let whole = if info.flaw == Some(Flaw::NoResults) { info } else { &told };
    let (files, segments) = results(whole);
    let streams: Vec<_> = whole.stream_results.iter().map(stream_info).collect();
    #[expect(deprecated, reason = "servers fill the old field in as well, and old operators read nothing else")]
    let result = match (files.as_slice(), segments.as_slice(), streams.is_empty(), whole.image_results.is_empty()) {
        ([file], [], true, true) => Some(proto::egress_info::Result::File(file.clone())),
        ([], [segments], true, true) => Some(proto::egress_info::Result::Segments(segments.clone())),
        ([], [], false, true) => Some(proto::egress_info::Result::Stream(proto::StreamInfoList { info: streams })),
        _ => None,
    };
    proto::EgressInfo {
        egress_id: info.egress_id.to_string(),
        room_id: info.room_id.to_string(),
        room_name: info.room_name.to_string(),
        source_type: source_type(&info.request).into(),
        status: egress_status(info.status).into(),
        started_at: at(info.started_at),
        ended_at: at(info.ended_at),
        updated_at: at(info.updated_at),
        file_results,
        segment_results,
        stream_results,
        image_results: told.image_results.iter().map(images_info).collect(),
        error: info.error.clone(),
        error_code: info.error_code,
        backup_storage_used: info.backup_storage_used,
        retry_count: info.retry_count,
        details: info.details.clone(),
        manifest_location: told.manifest_location.clone(),
        request: Some(request::request(&info.request)),
        result,
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
    let limits = room.limits.unwrap_or_default();
    let or = |given: u32, default: u32| if given == 0 { default } else { given };
    proto::Room {
        sid: room.sid.to_string(),
        name: room.name.to_string(),
        empty_timeout: or(limits.empty_timeout, RoomLimits::EMPTY_TIMEOUT),
        departure_timeout: or(limits.departure_timeout, RoomLimits::DEPARTURE_TIMEOUT),
        max_participants: limits.max_participants,
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
    let profile = participant.profile.as_deref().cloned().unwrap_or_default();
    let permission = profile.permission.map_or(permission, |set| set_permission(&set));
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
        name: profile.name,
        metadata: profile.metadata,
        attributes: profile.attributes.into_iter().collect(),
        ..proto::ParticipantInfo::default()
    }
}

fn set_permission(permission: &Permission) -> proto::ParticipantPermission {
    proto::ParticipantPermission {
        can_subscribe: permission.can_subscribe,
        can_publish: permission.can_publish,
        can_publish_data: permission.can_publish_data,
        can_publish_sources: permission.can_publish_sources.clone(),
        hidden: permission.hidden,
        can_update_metadata: permission.can_update_metadata,
        can_subscribe_metrics: permission.can_subscribe_metrics,
        ..proto::ParticipantPermission::default()
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
        muted: track.muted,
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

/// How the worker gets the media: sound alone in the default layout needs no browser, nor do tracks.
fn source_type(request: &StartEgress) -> proto::EgressSourceType {
    let own_page = request.details.as_ref().is_some_and(|details| !details.custom_base_url.is_empty());
    match &request.source {
        Source::RoomComposite { layout, audio_only: true, .. } if layout.is_empty() && !own_page => {
            proto::EgressSourceType::Sdk
        }
        Source::RoomComposite { .. } | Source::Web { .. } | Source::Unset => proto::EgressSourceType::Web,
        Source::Track { .. } | Source::TrackComposite { .. } | Source::Participant { .. } | Source::Media(_) => {
            proto::EgressSourceType::Sdk
        }
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

fn stream_info(stream: &StreamInfo) -> proto::StreamInfo {
    let status = match stream.status {
        StreamStatus::Active => proto::stream_info::Status::Active,
        StreamStatus::Finished => proto::stream_info::Status::Finished,
        StreamStatus::Failed => proto::stream_info::Status::Failed,
    };
    proto::StreamInfo {
        url: stream.url.clone(),
        started_at: at(stream.started_at),
        ended_at: at(stream.ended_at),
        duration: length(stream.duration),
        status: status.into(),
        error: stream.error.clone(),
        ..proto::StreamInfo::default()
    }
}

fn images_info(images: &ImagesInfo) -> proto::ImagesInfo {
    proto::ImagesInfo {
        filename_prefix: images.filename_prefix.clone(),
        image_count: signed(images.image_count),
        started_at: at(images.started_at),
        ended_at: at(images.ended_at),
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
mod tests;
