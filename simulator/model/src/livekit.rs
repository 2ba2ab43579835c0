//! LiveKit's messages as compact model values.
//!
//! The names are those of the protobuf package `livekit`; what nobody in the model reads is left out and made at
//! the edge. `livekit/proto.rs` turns these into livekit-protocol's types when somebody asks for bytes.

use std::borrow::Cow;
use std::sync::Arc;

use serde::Serialize;

use crate::time::{Span, Time};

pub mod proto;

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

/// `livekit.S3Upload` as the server keeps it: credentials are the server's own and never stored.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct S3Upload {
    /// The bucket's name.
    pub bucket: String,
    /// The region asked for; empty is `us-east-1`.
    pub region: String,
    /// Becomes `x-amz-meta-*`.
    pub metadata: Vec<(String, String)>,
    /// Becomes `x-amz-tagging`, a URL query string.
    pub tagging: String,
}

/// One output of an egress. `livekit.EncodedFileOutput` and `DirectFileOutput` fold into `File`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Output {
    /// One file.
    File(FileOutput),
    /// HLS.
    Segments(SegmentedFileOutput),
}

impl Output {
    /// Where it goes.
    pub const fn s3(&self) -> &S3Upload {
        match self {
            Output::File(file) => &file.s3,
            Output::Segments(segments) => &segments.s3,
        }
    }
}

/// `livekit.EncodedFileOutput`, `livekit.DirectFileOutput`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct FileOutput {
    /// Path template.
    pub filepath: String,
    /// No `{egress_id}.json` beside the file.
    pub disable_manifest: bool,
    /// The sink.
    pub s3: S3Upload,
}

/// `livekit.SegmentedFileSuffix`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub enum SegmentedFileSuffix {
    /// `_00000.ts`
    #[default]
    Index,
    /// `_20261122101112345.ts`
    Timestamp,
}

/// `livekit.SegmentedFileOutput`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SegmentedFileOutput {
    /// Template of the segments' names.
    pub filename_prefix: String,
    /// Template of the event playlist's name.
    pub playlist_name: String,
    /// Template of the live playlist's name; empty: none.
    pub live_playlist_name: String,
    /// Seconds; 0 is LiveKit's default of 4.
    pub segment_duration: u32,
    /// How segments are counted in their names.
    pub filename_suffix: SegmentedFileSuffix,
    /// No `{egress_id}.json` beside the playlist.
    pub disable_manifest: bool,
    /// The sink.
    pub s3: S3Upload,
}

/// What is recorded: the `source` of the unified `StartEgressRequest`, which the v1 requests are folded into.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Source {
    /// Everybody in the room, mixed.
    RoomComposite {
        /// Layout name; empty is the default.
        layout: String,
        /// Leave pictures out.
        audio_only: bool,
        /// Leave sound out.
        video_only: bool,
    },
    /// One track as published.
    Track {
        /// `TR_…`
        track_id: String,
    },
}

/// A request to start an egress, whatever RPC it came by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StartEgress {
    /// The room.
    pub room_name: String,
    /// What is recorded.
    pub source: Source,
    /// Where to.
    pub outputs: Vec<Output>,
}

impl StartEgress {
    /// The RPC's name, as in `/twirp/livekit.Egress/{name}`.
    pub const fn rpc(&self) -> &'static str {
        match self.source {
            Source::RoomComposite { .. } => "StartRoomCompositeEgress",
            Source::Track { .. } => "StartTrackEgress",
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
