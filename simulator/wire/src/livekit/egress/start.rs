//! Requests to start an egress: the six messages as the one value that the model has for them.

use std::sync::Arc;
use std::time::Duration;

use egress_sim_model::livekit::{
    AudioCodec, AudioConfig, AudioMatch, Details, Echo, Encoding, MediaSource, MediaVideo, Output, Rpc, Source,
    StartEgress, StreamOutput, StreamProtocol, VideoCodec, WebhookConfig, proto,
};
use egress_sim_model::time::Span;
use livekit_protocol as livekit;

use super::outputs::{self, V1};
use super::redact::{Redact, only_one};
use crate::livekit::TwirpError;
use crate::livekit::grants::Keys;

// The v1 messages have the same fields of the same types, and nothing that says so.

/// The outputs of a v1 request, and what is repeated of it, in which they are redacted. `$Old`: of a request that has the old
/// field besides.
macro_rules! outputs_of {
    ($request:ident $(, $Old:ident)?) => {{
        let mut echo = $request.clone();
        only_one(&mut echo.file_outputs);
        only_one(&mut echo.stream_outputs);
        only_one(&mut echo.segment_outputs);
        only_one(&mut echo.image_outputs);
        let lists = V1 {
            files: $request.file_outputs,
            streams: $request.stream_outputs,
            segments: $request.segment_outputs,
            images: $request.image_outputs,
        };
        $(
            #[expect(deprecated, reason = "old SDKs send nothing else, and it is repeated as it came")]
            let lists = lists.or(old_output!($Old, echo.output, $request.output));
        )?
        (echo, lists.outputs()?)
    }};
}

/// The old field of a v1 request, redacted in what is repeated of it.
macro_rules! old_output {
    ($Old:ident, $echo:expr, $given:expr) => {{
        match &mut $echo {
            Some($Old::File(file)) => file.redact(),
            Some($Old::Stream(stream)) => stream.redact(),
            Some($Old::Segments(segments)) => segments.redact(),
            None => {}
        }
        match $given {
            Some($Old::File(file)) => V1 { files: vec![file], ..V1::default() },
            Some($Old::Stream(stream)) => V1 { streams: vec![stream], ..V1::default() },
            Some($Old::Segments(segments)) => V1 { segments: vec![segments], ..V1::default() },
            None => V1::default(),
        }
    }};
}

/// How a request wants it encoded.
macro_rules! encoding {
    ($Options:ident, $given:expr) => {
        match $given {
            Some($Options::Preset(preset)) => of_preset(preset),
            Some($Options::Advanced(advanced)) => of_advanced(&advanced),
            None => Encoding::default(),
        }
    };
}

/// `StartRoomCompositeEgress`.
pub(in crate::livekit) fn room_composite(
    request: livekit::RoomCompositeEgressRequest,
    keys: &Keys,
) -> Result<StartEgress, TwirpError> {
    use livekit::room_composite_egress_request::{Options, Output as Old};
    let (echo, outputs) = outputs_of!(request, Old);
    let encoding = encoding!(Options, request.options);
    let rest = Rest { encoding, custom_base_url: request.custom_base_url, webhooks: request.webhooks };
    Ok(StartEgress {
        room_name: request.room_name,
        source: Source::RoomComposite {
            layout: request.layout,
            audio_only: request.audio_only,
            video_only: request.video_only,
        },
        outputs,
        details: Some(rest.details(Rpc::RoomComposite, &echo, keys)),
    })
}

/// `StartWebEgress`.
pub(super) fn web(request: livekit::WebEgressRequest, keys: &Keys) -> Result<StartEgress, TwirpError> {
    use livekit::web_egress_request::{Options, Output as Old};
    let (echo, outputs) = outputs_of!(request, Old);
    let rest = Rest::of(encoding!(Options, request.options), request.webhooks);
    Ok(StartEgress {
        room_name: String::new(),
        source: Source::Web { url: request.url, audio_only: request.audio_only, video_only: request.video_only },
        outputs,
        details: Some(rest.details(Rpc::Web, &echo, keys)),
    })
}

/// `StartParticipantEgress`.
pub(in crate::livekit) fn participant(
    request: livekit::ParticipantEgressRequest,
    keys: &Keys,
) -> Result<StartEgress, TwirpError> {
    use livekit::participant_egress_request::Options;
    let (echo, outputs) = outputs_of!(request);
    let rest = Rest::of(encoding!(Options, request.options), request.webhooks);
    Ok(StartEgress {
        room_name: request.room_name,
        source: Source::Participant { identity: request.identity, screen_share: request.screen_share },
        outputs,
        details: Some(rest.details(Rpc::Participant, &echo, keys)),
    })
}

/// `StartTrackCompositeEgress`.
pub(super) fn track_composite(
    request: livekit::TrackCompositeEgressRequest,
    keys: &Keys,
) -> Result<StartEgress, TwirpError> {
    use livekit::track_composite_egress_request::{Options, Output as Old};
    let (echo, outputs) = outputs_of!(request, Old);
    let rest = Rest::of(encoding!(Options, request.options), request.webhooks);
    Ok(StartEgress {
        room_name: request.room_name,
        source: Source::TrackComposite {
            audio_track_id: request.audio_track_id,
            video_track_id: request.video_track_id,
        },
        outputs,
        details: Some(rest.details(Rpc::TrackComposite, &echo, keys)),
    })
}

/// `StartTrackEgress`.
pub(in crate::livekit) fn track(request: livekit::TrackEgressRequest, keys: &Keys) -> Result<StartEgress, TwirpError> {
    use livekit::track_egress_request::Output as Of;
    let mut echo = request.clone();
    match &mut echo.output {
        Some(Of::File(file)) => file.redact(),
        Some(Of::WebsocketUrl(url)) => *url = egress_sim_model::egress::redacted_url(url),
        None => {}
    }
    let outputs = match request.output {
        Some(Of::File(file)) => vec![outputs::direct_file(file)?],
        Some(Of::WebsocketUrl(url)) => {
            vec![Output::Stream(StreamOutput { protocol: StreamProtocol::Websocket, urls: vec![url] })]
        }
        None => Vec::new(),
    };
    let rest = Rest::of(Encoding::default(), request.webhooks);
    Ok(StartEgress {
        room_name: request.room_name,
        source: Source::Track { track_id: request.track_id },
        outputs,
        details: Some(rest.details(Rpc::Track, &echo, keys)),
    })
}

/// `StartEgress`.
pub(super) fn unified(request: livekit::StartEgressRequest, keys: &Keys) -> Result<StartEgress, TwirpError> {
    use livekit::start_egress_request::{Encoding as Of, Source as From};
    let mut echo = request.clone();
    echo.storage.iter_mut().for_each(Redact::redact);
    echo.outputs.iter_mut().for_each(Redact::redact);
    let storage = request.storage;
    let all = request.outputs.into_iter().map(|output| outputs::unified(output, storage.as_ref()));
    let outputs = all.collect::<Result<_, _>>()?;
    let encoding = encoding!(Of, request.encoding);
    let mut rest = Rest::of(encoding, request.webhooks);
    let source = match request.source {
        None => Source::Unset,
        Some(From::Template(template)) => {
            rest.custom_base_url = template.custom_base_url;
            Source::RoomComposite {
                layout: template.layout,
                audio_only: template.audio_only,
                video_only: template.video_only,
            }
        }
        Some(From::Web(web)) => Source::Web { url: web.url, audio_only: web.audio_only, video_only: web.video_only },
        Some(From::Media(media)) => Source::Media(media_source(media)),
    };
    Ok(StartEgress {
        room_name: request.room_name,
        source,
        outputs,
        details: Some(rest.details(Rpc::Egress, &echo, keys)),
    })
}

fn media_source(media: livekit::MediaSource) -> MediaSource {
    use livekit::audio_route::Match;
    use livekit::media_source::Video;
    let of_route = |route: livekit::AudioRoute| match route.r#match {
        Some(Match::TrackId(id)) => AudioMatch::Track(id),
        Some(Match::ParticipantIdentity(identity)) => AudioMatch::Participant(identity),
        Some(Match::ParticipantKind(_)) | None => AudioMatch::Other,
    };
    MediaSource {
        video: media.video.map(|video| match video {
            Video::VideoTrackId(id) => MediaVideo::Track(id),
            Video::ParticipantVideo(participant) => MediaVideo::Participant(participant.identity),
        }),
        audio: media.audio.map(|audio| AudioConfig {
            capture_all: audio.capture_all,
            routes: audio.routes.into_iter().map(of_route).collect(),
        }),
    }
}

impl V1 {
    /// The old field of a kind counts only where the list of that kind is empty.
    fn or(self, old: V1) -> V1 {
        fn first<T>(list: Vec<T>, old: Vec<T>) -> Vec<T> {
            if list.is_empty() { old } else { list }
        }
        V1 {
            files: first(self.files, old.files),
            streams: first(self.streams, old.streams),
            segments: first(self.segments, old.segments),
            images: self.images,
        }
    }
}

fn of_preset(preset: i32) -> Encoding {
    let passthrough = preset == livekit::EncodingOptionsPreset::Passthrough as i32;
    Encoding { passthrough, ..Encoding::default() }
}

fn of_advanced(advanced: &livekit::EncodingOptions) -> Encoding {
    let interval = Duration::try_from_secs_f64(advanced.key_frame_interval).unwrap_or_default();
    Encoding {
        passthrough: false,
        width: advanced.width,
        height: advanced.height,
        depth: advanced.depth,
        audio_codec: match advanced.audio_codec() {
            livekit::AudioCodec::DefaultAc => AudioCodec::Default,
            livekit::AudioCodec::Opus => AudioCodec::Opus,
            livekit::AudioCodec::Aac => AudioCodec::Aac,
            livekit::AudioCodec::AcMp3 => AudioCodec::Mp3,
        },
        video_codec: match advanced.video_codec() {
            livekit::VideoCodec::DefaultVc => VideoCodec::Default,
            livekit::VideoCodec::H264Baseline | livekit::VideoCodec::H264Main | livekit::VideoCodec::H264High => {
                VideoCodec::H264
            }
            livekit::VideoCodec::Vp8 => VideoCodec::Vp8,
        },
        key_frame_interval: Span(u64::try_from(interval.as_nanos()).unwrap_or(u64::MAX)),
    }
}

/// What a request says besides source and outputs.
struct Rest {
    encoding: Encoding,
    custom_base_url: String,
    webhooks: Vec<livekit::WebhookConfig>,
}

impl Rest {
    /// Of a request whose page, if it has one, is the worker's own.
    const fn of(encoding: Encoding, webhooks: Vec<livekit::WebhookConfig>) -> Rest {
        Rest { encoding, custom_base_url: String::new(), webhooks }
    }

    fn details(self, rpc: Rpc, echo: &impl serde::Serialize, keys: &Keys) -> Arc<Details> {
        let json = String::from_utf8(proto::canonical_json(echo)).expect("JSON is UTF-8");
        // A key that the server does not know cannot sign: such a webhook is never sent.
        let known = |webhook: &livekit::WebhookConfig| {
            !webhook.url.is_empty() && (webhook.signing_key.is_empty() || webhook.signing_key == keys.key)
        };
        let webhooks = self.webhooks.iter().filter(|webhook| known(webhook));
        let webhooks =
            webhooks.map(|one| WebhookConfig { url: one.url.clone(), signing_key: one.signing_key.clone() }).collect();
        let Rest { encoding, custom_base_url, .. } = self;
        Arc::new(Details { echo: Echo { rpc, json }, encoding, custom_base_url, webhooks })
    }
}
