//! Requests to start an egress, whatever RPC they come by: what is recorded, where it goes, in which form.
//!
//! The v1 requests and the unified `StartEgressRequest` fold into one value, [`StartEgress`]. What `EgressInfo` repeats of a
//! request that came over HTTP is kept beside it as text, redacted, because nobody in the model reads it.

use std::sync::Arc;

use serde::Serialize;

use crate::time::Span;

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
    /// Part of `location`; empty is AWS.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub endpoint: String,
    /// `location` names the bucket in its path.
    #[serde(skip_serializing_if = "is_default")]
    pub force_path_style: bool,
    /// Credentials are to come from a role that is assumed, for which the server has no key.
    #[serde(skip_serializing_if = "is_default")]
    pub assume_role: bool,
}

/// One output of an egress. `livekit.EncodedFileOutput` and `DirectFileOutput` fold into `File`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Output {
    /// One file.
    File(FileOutput),
    /// HLS.
    Segments(SegmentedFileOutput),
    /// To somebody who plays it on; nothing of it is stored.
    Stream(StreamOutput),
    /// A picture now and then.
    Images(ImageOutput),
    /// An `Output` without a `config`, which only the unified request can have.
    Unset,
}

impl Output {
    /// Where it goes; none: nothing of it is stored.
    pub const fn s3(&self) -> Option<&S3Upload> {
        match self {
            Output::File(file) => Some(&file.s3),
            Output::Segments(segments) => Some(&segments.s3),
            Output::Images(images) => Some(&images.s3),
            Output::Stream(_) | Output::Unset => None,
        }
    }
}

/// `livekit.EncodedFileType`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub enum FileType {
    /// Whatever holds the codecs.
    #[default]
    Default,
    /// `.mp4`
    Mp4,
    /// `.ogg`
    Ogg,
    /// `.mp3`
    Mp3,
}

/// `livekit.EncodedFileOutput`, `livekit.DirectFileOutput`, `livekit.FileOutput`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct FileOutput {
    /// Path template.
    pub filepath: String,
    /// No `{egress_id}.json` beside the file.
    pub disable_manifest: bool,
    /// The sink.
    pub s3: S3Upload,
    /// Container.
    #[serde(skip_serializing_if = "is_default")]
    pub file_type: FileType,
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

/// `livekit.StreamProtocol`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub enum StreamProtocol {
    /// Whatever the first url says.
    #[default]
    Default,
    /// `rtmp://`, `rtmps://`, `mux://`, `twitch://`
    Rtmp,
    /// `srt://`
    Srt,
    /// `ws://`, `wss://`: raw sound.
    Websocket,
}

/// `livekit.StreamOutput`, and the `websocket_url` of a `TrackEgressRequest`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct StreamOutput {
    /// How it is spoken.
    pub protocol: StreamProtocol,
    /// Where to, stream keys and all.
    pub urls: Vec<String>,
}

/// `livekit.ImageFileSuffix`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub enum ImageFileSuffix {
    /// `_00000.jpeg`
    #[default]
    Index,
    /// `_20261122101112345.jpeg`
    Timestamp,
    /// `.jpeg`: each takes the place of the one before.
    NoneOverwrite,
}

/// `livekit.ImageOutput`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ImageOutput {
    /// Seconds; 0 is LiveKit's default of 10.
    pub capture_interval: u32,
    /// Template of the images' names.
    pub filename_prefix: String,
    /// How images are counted in their names.
    pub filename_suffix: ImageFileSuffix,
    /// No `{egress_id}.json` beside the images.
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
    /// A sound and a picture, encoded together.
    TrackComposite {
        /// `TR_…`, or empty.
        audio_track_id: String,
        /// `TR_…`, or empty.
        video_track_id: String,
    },
    /// Whatever one participant publishes.
    Participant {
        /// Identity.
        identity: String,
        /// Their screen instead of their camera.
        screen_share: bool,
    },
    /// A page that is no room's.
    Web {
        /// Its address.
        url: String,
        /// Leave pictures out.
        audio_only: bool,
        /// Leave sound out.
        video_only: bool,
    },
    /// Tracks of a room by choice; only the unified request has it.
    Media(MediaSource),
    /// A unified request without a source.
    Unset,
}

impl Default for Source {
    fn default() -> Source {
        Source::RoomComposite { layout: String::new(), audio_only: false, video_only: false }
    }
}

impl Source {
    /// Sound and picture: whether it has them.
    pub fn has(&self) -> (bool, bool) {
        match self {
            Source::RoomComposite { audio_only, video_only, .. } | Source::Web { audio_only, video_only, .. } => {
                (!video_only, !audio_only)
            }
            Source::TrackComposite { audio_track_id, video_track_id } => {
                (!audio_track_id.is_empty(), !video_track_id.is_empty())
            }
            Source::Participant { .. } => (true, true),
            Source::Media(media) => (media.audio.is_some(), media.video.is_some()),
            Source::Track { .. } | Source::Unset => (false, false),
        }
    }
}

/// `livekit.MediaSource`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct MediaSource {
    /// The picture.
    pub video: Option<MediaVideo>,
    /// The sound.
    pub audio: Option<AudioConfig>,
}

/// Whose picture a [`MediaSource`] takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum MediaVideo {
    /// `TR_…`
    Track(String),
    /// Somebody's camera, or their screen.
    Participant(String),
}

/// `livekit.AudioConfig`: channels aside, which nobody hears here.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct AudioConfig {
    /// Everybody.
    pub capture_all: bool,
    /// These.
    pub routes: Vec<AudioMatch>,
}

/// `livekit.AudioRoute.match`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum AudioMatch {
    /// `TR_…`
    Track(String),
    /// Whatever this one says.
    Participant(String),
    /// Whatever participants of a kind say, or a route that says nothing.
    Other,
}

/// A request to start an egress, whatever RPC it came by.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct StartEgress {
    /// The room.
    pub room_name: String,
    /// What is recorded.
    pub source: Source,
    /// Where to.
    pub outputs: Vec<Output>,
    /// What only a request over HTTP says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub details: Option<Arc<Details>>,
}

/// What a request over HTTP says besides source and outputs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Details {
    /// What `EgressInfo` repeats.
    pub echo: Echo,
    /// How it is encoded.
    pub encoding: Encoding,
    /// Where the page with the layout comes from; empty: the worker's own.
    pub custom_base_url: String,
    /// Who else is told.
    pub webhooks: Vec<WebhookConfig>,
}

/// A request as `EgressInfo.request` repeats it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Echo {
    /// By which RPC it came.
    pub rpc: Rpc,
    /// Canonical proto3 JSON of its message, redacted.
    pub json: String,
}

impl Echo {
    /// With fields filled in that only become known when it starts, by their names in JSON.
    #[must_use]
    pub fn with(&self, fields: &[(&str, &str)]) -> Echo {
        let mut message: serde_json::Value = serde_json::from_str(&self.json).expect("an echo is JSON");
        for (path, value) in fields {
            let mut place = &mut message;
            for name in path.split('.') {
                place = &mut place[name];
            }
            *place = (*value).into();
        }
        message.sort_all_objects();
        Echo { rpc: self.rpc, json: message.to_string() }
    }
}

/// The RPC that a request came by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Rpc {
    /// `StartEgress`
    Egress,
    /// `StartRoomCompositeEgress`
    RoomComposite,
    /// `StartWebEgress`
    Web,
    /// `StartParticipantEgress`
    Participant,
    /// `StartTrackCompositeEgress`
    TrackComposite,
    /// `StartTrackEgress`
    Track,
}

/// `livekit.EncodingOptions` and presets, as far as they decide anything here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Encoding {
    /// The preset `PASSTHROUGH`: tracks as published.
    pub passthrough: bool,
    /// Pixels; 0: the worker's own.
    pub width: i32,
    /// Pixels; 0: the worker's own.
    pub height: i32,
    /// Bits; 0: the worker's own.
    pub depth: i32,
    /// Sound.
    pub audio_codec: AudioCodec,
    /// Picture.
    pub video_codec: VideoCodec,
    /// From one key frame to the next; zero: the worker's own.
    pub key_frame_interval: Span,
}

/// `livekit.AudioCodec`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub enum AudioCodec {
    /// Whatever the outputs take.
    #[default]
    Default,
    /// Opus.
    Opus,
    /// AAC.
    Aac,
    /// MP3.
    Mp3,
}

/// `livekit.VideoCodec`; the profiles of H.264 are one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub enum VideoCodec {
    /// Whatever the outputs take.
    #[default]
    Default,
    /// H.264.
    H264,
    /// VP8.
    Vp8,
}

/// `livekit.WebhookConfig`. Its `filter_params` mean nothing to a self-hosted server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WebhookConfig {
    /// Where to.
    pub url: String,
    /// The API key whose secret signs; empty: the server's own.
    pub signing_key: String,
}

impl StartEgress {
    /// The RPC's name, as in `/twirp/livekit.Egress/{name}`.
    pub fn rpc(&self) -> &'static str {
        match (&self.details, &self.source) {
            (Some(details), _) => match details.echo.rpc {
                Rpc::Egress => "StartEgress",
                Rpc::RoomComposite => "StartRoomCompositeEgress",
                Rpc::Web => "StartWebEgress",
                Rpc::Participant => "StartParticipantEgress",
                Rpc::TrackComposite => "StartTrackCompositeEgress",
                Rpc::Track => "StartTrackEgress",
            },
            (None, Source::RoomComposite { .. }) => "StartRoomCompositeEgress",
            (None, Source::Track { .. }) => "StartTrackEgress",
            (None, Source::TrackComposite { .. }) => "StartTrackCompositeEgress",
            (None, Source::Participant { .. }) => "StartParticipantEgress",
            (None, Source::Web { .. }) => "StartWebEgress",
            (None, Source::Media(_) | Source::Unset) => "StartEgress",
        }
    }

    /// Whether it came by the unified RPC.
    pub fn is_unified(&self) -> bool {
        self.details.as_ref().is_some_and(|details| details.echo.rpc == Rpc::Egress)
    }

    /// How it is to be encoded.
    pub fn encoding(&self) -> Encoding {
        self.details.as_ref().map_or_else(Encoding::default, |details| details.encoding)
    }

    /// Who else is told of it.
    pub fn webhooks(&self) -> &[WebhookConfig] {
        self.details.as_ref().map_or(&[], |details| &details.webhooks)
    }

    /// Whether tracks are stored as published, in files that are named by what they turn out to be.
    pub fn is_raw(&self) -> bool {
        matches!(self.source, Source::Track { .. }) || self.encoding().passthrough
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
