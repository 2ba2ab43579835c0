//! Which codecs go into which outputs, and what a file is called by them.

use crate::call::CallError;
use crate::egress::{error, stream_url};
use crate::livekit::{AudioCodec, FileType, Output, StartEgress, VideoCodec};

/// What an output is, by the worker's name for it, and what it takes.
#[derive(Clone, Copy)]
struct Format {
    name: &'static str,
    audio: &'static [AudioCodec],
    video: &'static [VideoCodec],
}

const MP4: Format =
    Format { name: "video/mp4", audio: &[AudioCodec::Aac, AudioCodec::Opus], video: &[VideoCodec::H264] };
const OGG: Format = Format { name: "audio/ogg", audio: &[AudioCodec::Opus], video: &[] };
const MP3: Format = Format { name: "audio/mpeg", audio: &[AudioCodec::Mp3], video: &[] };
const HLS: Format = Format { name: "application/x-mpegurl", audio: &[AudioCodec::Aac], video: &[VideoCodec::H264] };
const RTMP: Format = Format { name: "rtmp", audio: &[AudioCodec::Aac], video: &[VideoCodec::H264] };
const SRT: Format = Format { name: "srt", audio: &[AudioCodec::Aac], video: &[VideoCodec::H264] };

/// The format of an output; none: one that takes anything, or nothing that is encoded here.
fn format(output: &Output) -> Option<Format> {
    match output {
        Output::File(file) => match file.file_type {
            FileType::Default => None,
            FileType::Mp4 => Some(MP4),
            FileType::Ogg => Some(OGG),
            FileType::Mp3 => Some(MP3),
        },
        Output::Segments(_) => Some(HLS),
        Output::Stream(stream) => match stream_url::protocol(stream) {
            Ok(stream_url::Kind::Rtmp) => Some(RTMP),
            Ok(stream_url::Kind::Srt) => Some(SRT),
            _ => None,
        },
        Output::Images(_) | Output::Unset => None,
    }
}

/// Whether there are codecs that all outputs take.
///
/// # Errors
/// `invalid_argument`, HTTP 400: which format does not take the codec that was asked for, or that none would do.
pub(super) fn compatible(request: &StartEgress) -> Result<(), CallError> {
    if request.is_raw() {
        return Ok(());
    }
    let encoding = request.encoding();
    let (has_audio, has_video) = request.source.has();
    let mut audio = vec![AudioCodec::Opus, AudioCodec::Aac, AudioCodec::Mp3];
    let mut video = vec![VideoCodec::H264, VideoCodec::Vp8];
    if encoding.audio_codec != AudioCodec::Default {
        audio = vec![encoding.audio_codec];
    }
    if encoding.video_codec != VideoCodec::Default {
        video = vec![encoding.video_codec];
    }
    for format in request.outputs.iter().filter_map(format) {
        if has_audio {
            audio.retain(|codec| format.audio.contains(codec));
            if audio.is_empty() {
                return Err(incompatible(format, audio_name(encoding.audio_codec)));
            }
        }
        if has_video {
            video.retain(|codec| format.video.contains(codec));
            if video.is_empty() {
                return Err(incompatible(format, video_name(encoding.video_codec)));
            }
        }
    }
    let undecided = request.outputs.iter().any(|output| matches!(output, Output::File(_)) && format(output).is_none());
    if undecided && has_video && (encoding.video_codec == VideoCodec::Vp8 || encoding.audio_codec == AudioCodec::Mp3) {
        let words = "no supported file output type is compatible with the selected codecs";
        return Err(error::twirp("invalid_argument", words, false));
    }
    Ok(())
}

/// `codec`: the one that was asked for; none: none was, and then it is nobody's fault in particular.
fn incompatible(format: Format, codec: Option<&str>) -> CallError {
    let words = codec.map_or_else(
        || "no supported codec is compatible with all outputs".to_owned(),
        |codec| format!("format {} incompatible with codec {codec}", format.name),
    );
    error::twirp("invalid_argument", &words, false)
}

const fn audio_name(codec: AudioCodec) -> Option<&'static str> {
    match codec {
        AudioCodec::Default => None,
        AudioCodec::Opus => Some("audio/opus"),
        AudioCodec::Aac => Some("audio/aac"),
        AudioCodec::Mp3 => Some("audio/mpeg"),
    }
}

const fn video_name(codec: VideoCodec) -> Option<&'static str> {
    match codec {
        VideoCodec::Default => None,
        VideoCodec::H264 => Some("video/h264"),
        VideoCodec::Vp8 => Some("video/vp8"),
    }
}

/// The extension of an encoded file: what was asked for; sound alone in Opus, unless it must be AAC or MP3; otherwise MP4.
pub(in crate::egress) fn file_extension(request: &StartEgress, file_type: FileType) -> &'static str {
    match file_type {
        FileType::Mp4 => return ".mp4",
        FileType::Ogg => return ".ogg",
        FileType::Mp3 => return ".mp3",
        FileType::Default => {}
    }
    let (has_audio, has_video) = request.source.has();
    if has_video || !has_audio {
        return ".mp4";
    }
    let only_aac = || request.outputs.iter().filter_map(format).any(|format| !format.audio.contains(&AudioCodec::Opus));
    match request.encoding().audio_codec {
        AudioCodec::Mp3 => ".mp3",
        AudioCodec::Aac => ".mp4",
        AudioCodec::Default if only_aac() => ".mp4",
        AudioCodec::Default | AudioCodec::Opus => ".ogg",
    }
}
