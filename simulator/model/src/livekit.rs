//! LiveKit's messages as compact model values.
//!
//! The names are those of the protobuf package `livekit`; what nobody in the model reads is left out and made at
//! the edge. `livekit/proto.rs` turns these into livekit-protocol's types when somebody asks for bytes.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use crate::time::{Span, Time};

pub mod proto;
mod request;

pub use request::{
    AudioCodec, AudioConfig, AudioMatch, Details, Echo, Encoding, FileOutput, FileType, ImageFileSuffix, ImageOutput,
    MediaSource, MediaVideo, Output, Rpc, S3Upload, SegmentedFileOutput, SegmentedFileSuffix, Source, StartEgress,
    StreamOutput, StreamProtocol, VideoCodec, WebhookConfig,
};

/// `livekit.EgressStatus`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum EgressStatus {
    /// Accepted by a worker; nothing is recorded yet.
    Starting,
    /// The pipeline is playing.
    Active,
    /// Stopped; finishing and uploading.
    Ending,
    /// Everything is in the sink.
    Complete,
    /// Ended by an error.
    Failed,
    /// Ended before it recorded anything.
    Aborted,
    /// Ended by a session or size limit.
    LimitReached,
}

impl EgressStatus {
    /// What `ListEgress` with `active` returns: everything below COMPLETE.
    pub const fn is_live(self) -> bool {
        matches!(self, EgressStatus::Starting | EgressStatus::Active | EgressStatus::Ending)
    }

    /// The protobuf enum value's name: `EGRESS_ACTIVE`.
    pub const fn as_str_name(self) -> &'static str {
        match self {
            EgressStatus::Starting => "EGRESS_STARTING",
            EgressStatus::Active => "EGRESS_ACTIVE",
            EgressStatus::Ending => "EGRESS_ENDING",
            EgressStatus::Complete => "EGRESS_COMPLETE",
            EgressStatus::Failed => "EGRESS_FAILED",
            EgressStatus::Aborted => "EGRESS_ABORTED",
            EgressStatus::LimitReached => "EGRESS_LIMIT_REACHED",
        }
    }
}

/// `livekit.FileInfo`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct FileInfo {
    /// The object key.
    pub filename: String,
    /// The object's URL, empty until it is uploaded.
    pub location: String,
    /// When the file's media begins.
    pub started_at: Option<Time>,
    /// When the file's media ends.
    pub ended_at: Option<Time>,
    /// `ended_at - started_at`.
    pub duration: Span,
    /// Bytes.
    pub size: u64,
}

/// `livekit.SegmentsInfo`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SegmentsInfo {
    /// Object key of the event playlist.
    pub playlist_name: String,
    /// Object key of the live playlist, or empty.
    pub live_playlist_name: String,
    /// URL of the event playlist, empty until it is uploaded.
    pub playlist_location: String,
    /// URL of the live playlist, or empty.
    pub live_playlist_location: String,
    /// Segments uploaded.
    pub segment_count: u64,
    /// Bytes of all segments uploaded.
    pub size: u64,
    /// When the media begins.
    pub started_at: Option<Time>,
    /// When the media ends.
    pub ended_at: Option<Time>,
    /// `ended_at - started_at`.
    pub duration: Span,
}

/// `livekit.StreamInfo.Status`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub enum StreamStatus {
    /// It is being sent, or about to be.
    #[default]
    Active,
    /// It was taken away, or the egress has ended.
    Finished,
    /// Nobody takes it.
    Failed,
}

/// `livekit.StreamInfo`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct StreamInfo {
    /// Where to, with its stream key redacted.
    pub url: String,
    /// When the other side took it.
    pub started_at: Option<Time>,
    /// When it ended.
    pub ended_at: Option<Time>,
    /// `ended_at - started_at`.
    pub duration: Span,
    /// Status.
    pub status: StreamStatus,
    /// Why it failed.
    pub error: String,
}

/// `livekit.ImagesInfo`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ImagesInfo {
    /// What the images' keys begin with.
    pub filename_prefix: String,
    /// Images taken.
    pub image_count: u64,
    /// When the first one could be taken.
    pub started_at: Option<Time>,
    /// When the media ended.
    pub ended_at: Option<Time>,
}

/// `livekit.EgressInfo`, as the server's store has it: a snapshot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EgressInfo {
    /// `EG_…`
    pub egress_id: Arc<str>,
    /// `RM_…`
    pub room_id: Arc<str>,
    /// The room's name.
    pub room_name: Arc<str>,
    /// Status.
    pub status: EgressStatus,
    /// The request.
    pub request: Arc<StartEgress>,
    /// When the request was accepted (egress v1.9.0 and later).
    pub started_at: Option<Time>,
    /// The last change of this record.
    pub updated_at: Option<Time>,
    /// The end; set with the terminal status.
    pub ended_at: Option<Time>,
    /// `file_results`.
    pub file_results: Vec<FileInfo>,
    /// `segment_results`.
    pub segment_results: Vec<SegmentsInfo>,
    /// URL of the manifest, once uploaded.
    pub manifest_location: String,
    /// `End reason: …`
    pub details: String,
    /// Error text.
    pub error: String,
    /// HTTP status of the error; 0 for none.
    pub error_code: i32,
    /// Some of it went to the backup storage.
    pub backup_storage_used: bool,
    /// Which attempt of LiveKit Cloud's orchestrator it is, from 0; always 0 where workers are self-hosted.
    #[serde(skip_serializing_if = "is_first")]
    pub retry_count: i32,
    /// What is wrong with how LiveKit tells this; the value itself stays true.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flaw: Option<Flaw>,
    /// `stream_results`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stream_results: Vec<StreamInfo>,
    /// `image_results`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub image_results: Vec<ImagesInfo>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks with a reference")]
const fn is_first(retry_count: &i32) -> bool {
    *retry_count == 0
}

/// A way in which LiveKit tells less of an ended egress, or worse, than is so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Flaw {
    /// `file_results` and `segment_results` are empty; only the deprecated `result` has the output (node-sdks#625).
    NoResults,
    /// Results have no `ended_at`, and their duration is `0 - started_at` (egress#809).
    NegativeDuration,
    /// Every location is empty.
    NoLocation,
}

impl Flaw {
    /// The flaw of this name in a scenario.
    pub fn from_name(name: &str) -> Option<Flaw> {
        match name {
            "no_results" => Some(Flaw::NoResults),
            "negative_duration" => Some(Flaw::NegativeDuration),
            "no_location" => Some(Flaw::NoLocation),
            _ => None,
        }
    }
}

impl EgressInfo {
    /// As LiveKit tells it. A negative duration comes out as none at all: lengths are unsigned here, and only the edge
    /// that has signed numbers can send it.
    pub fn as_told(&self) -> Cow<'_, EgressInfo> {
        let Some(flaw) = self.flaw else { return Cow::Borrowed(self) };
        let mut told = self.clone();
        match flaw {
            Flaw::NoResults => {
                told.file_results.clear();
                told.segment_results.clear();
                told.stream_results.clear();
                told.image_results.clear();
            }
            Flaw::NegativeDuration => {
                for file in &mut told.file_results {
                    (file.ended_at, file.duration) = (None, Span::ZERO);
                }
                for segments in &mut told.segment_results {
                    (segments.ended_at, segments.duration) = (None, Span::ZERO);
                }
            }
            Flaw::NoLocation => {
                told.manifest_location.clear();
                for file in &mut told.file_results {
                    file.location.clear();
                }
                for segments in &mut told.segment_results {
                    segments.playlist_location.clear();
                    segments.live_playlist_location.clear();
                }
            }
        }
        Cow::Owned(told)
    }
}

/// `livekit.Room`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Room {
    /// `RM_…`
    pub sid: Arc<str>,
    /// The room's name.
    pub name: Arc<str>,
    /// JSON of the scenario: tenant, recording, output, segment. Empty where only sid and name are sent.
    pub metadata: Arc<str>,
    /// When it was made.
    pub creation_time: Time,
    /// Participants in it; recorders do not count.
    pub num_participants: u32,
    /// An egress is recording it.
    pub active_recording: bool,
    /// What `CreateRoom` said of it; none: a room of the scenario's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limits: Option<RoomLimits>,
}

/// How long a room stays open without anybody in it, and for how many it is. 0: the server's own default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RoomLimits {
    /// Seconds until it closes if nobody comes.
    pub empty_timeout: u32,
    /// Seconds until it closes behind the last one who leaves.
    pub departure_timeout: u32,
    /// Participants at most; 0: any number.
    pub max_participants: u32,
}

impl RoomLimits {
    /// The server's `room.empty_timeout`, in seconds.
    pub const EMPTY_TIMEOUT: u32 = 300;
    /// The server's `room.departure_timeout`, in seconds.
    pub const DEPARTURE_TIMEOUT: u32 = 20;
}

/// `livekit.ParticipantInfo.Kind`, as far as scenarios have them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum ParticipantKind {
    /// A person.
    Standard,
    /// The recorder.
    Egress,
}

/// `livekit.TrackSource`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TrackSource {
    /// Video of a person.
    Camera,
    /// A person's voice.
    Microphone,
    /// Video of a screen.
    ScreenShare,
    /// Sound of a screen.
    ScreenShareAudio,
}

impl TrackSource {
    /// Whether it is sound.
    pub const fn is_audio(self) -> bool {
        matches!(self, TrackSource::Microphone | TrackSource::ScreenShareAudio)
    }

    /// The name that the filename engine puts for `{track_source}` and that scenario files use.
    pub const fn name(self) -> &'static str {
        match self {
            TrackSource::Camera => "camera",
            TrackSource::Microphone => "microphone",
            TrackSource::ScreenShare => "screen_share",
            TrackSource::ScreenShareAudio => "screen_share_audio",
        }
    }

    /// The codec that browsers publish by default.
    pub const fn mime_type(self) -> &'static str {
        if self.is_audio() { "audio/opus" } else { "video/vp8" }
    }
}

/// `livekit.TrackInfo`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TrackInfo {
    /// `TR_…`
    pub sid: Arc<str>,
    /// What it shows.
    pub source: TrackSource,
    /// Nothing comes of it for now.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub muted: bool,
}

/// `livekit.ParticipantInfo`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ParticipantInfo {
    /// `PA_…`
    pub sid: Arc<str>,
    /// Identity; of a recorder, the egress id.
    pub identity: Arc<str>,
    /// Kind.
    pub kind: ParticipantKind,
    /// When it became active.
    pub joined_at: Time,
    /// Published tracks.
    pub tracks: Vec<TrackInfo>,
    /// What somebody has said of them over the API; none: nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<Arc<Profile>>,
}

/// What `UpdateParticipant` sets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Profile {
    /// Display name.
    pub name: String,
    /// Metadata.
    pub metadata: String,
    /// Attributes, none of them empty.
    pub attributes: BTreeMap<String, String>,
    /// What they may do; none: what their token said.
    pub permission: Option<Permission>,
}

/// `livekit.ParticipantPermission`.
#[expect(clippy::struct_excessive_bools, reason = "the message is a row of switches")]
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Permission {
    /// `can_subscribe`
    pub can_subscribe: bool,
    /// `can_publish`
    pub can_publish: bool,
    /// `can_publish_data`
    pub can_publish_data: bool,
    /// `can_publish_sources`, by number.
    pub can_publish_sources: Vec<i32>,
    /// `hidden`
    pub hidden: bool,
    /// `can_update_metadata`
    pub can_update_metadata: bool,
    /// `can_subscribe_metrics`
    pub can_subscribe_metrics: bool,
}

/// `livekit.WebhookEvent`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WebhookEvent {
    /// `EV_…`
    pub id: Arc<str>,
    /// `room_started`, `egress_ended`, …
    pub event: &'static str,
    /// When it was queued, the same on every attempt.
    pub created_at: Time,
    /// The room.
    pub room: Option<Room>,
    /// The participant.
    pub participant: Option<ParticipantInfo>,
    /// The track.
    pub track: Option<TrackInfo>,
    /// The egress.
    pub egress_info: Option<EgressInfo>,
}
