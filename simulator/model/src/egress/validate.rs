//! Which requests a worker refuses, in its order and with its words.
//!
//! The server has looked the room up before; what is left is what a worker checks: source, encoding, outputs with their
//! names and storage, then the token that it needs for the room, then whether the codecs go into the outputs. Texts come
//! without the server's prefix, see [`super::error::with_prefix`].

use super::error::{assume_role_disabled, invalid_field};
use super::filename::{LivePlaylistConflict, Naming, resolve_segments};
use super::stream_url;
use crate::call::CallError;
use crate::livekit::{
    FileOutput, FileType, MediaSource, Output, S3Upload, SegmentedFileOutput, Source, StartEgress, StreamOutput,
};
use crate::time::Time;

mod codecs;

pub(super) use codecs::file_extension;

/// Whether a worker takes the request.
///
/// # Errors
/// `invalid_argument`, HTTP 400, naming the first thing that is wrong; `permission_denied` for a role that is to be assumed.
pub fn validate(request: &StartEgress) -> Result<(), CallError> {
    source(request)?;
    encoding(request)?;
    outputs(request)?;
    if request.room_name.is_empty() && !matches!(request.source, Source::Web { .. }) {
        return Err(invalid_field("token or api key/secret"));
    }
    codecs::compatible(request)
}

fn source(request: &StartEgress) -> Result<(), CallError> {
    let refused = |field| Err(invalid_field(field));
    if let Some(details) = &request.details
        && !details.custom_base_url.is_empty()
        && !is_http(&details.custom_base_url)
    {
        return refused("template base url");
    }
    match &request.source {
        Source::Unset => refused("source"),
        Source::Web { url, .. } if !is_http(url) => refused("web url"),
        Source::RoomComposite { audio_only: true, video_only: true, .. }
        | Source::Web { audio_only: true, video_only: true, .. } => refused("audio_only and video_only"),
        Source::Participant { identity, .. } if identity.is_empty() => refused("identity"),
        Source::TrackComposite { audio_track_id, video_track_id }
            if audio_track_id.is_empty() && video_track_id.is_empty() =>
        {
            refused("audio_track_id or video_track_id")
        }
        Source::Track { track_id } if track_id.is_empty() => refused("track_id"),
        Source::Media(MediaSource { video: None, audio: None }) => refused("audio or video"),
        _ => Ok(()),
    }
}

fn is_http(url: &str) -> bool {
    stream_url::scheme(url).is_some_and(|scheme| scheme == "http" || scheme == "https")
}

fn encoding(request: &StartEgress) -> Result<(), CallError> {
    let encoding = request.encoding();
    if encoding.passthrough {
        return passthrough(request);
    }
    let odd_or_tiny = |pixels: i32| pixels != 0 && (pixels < 16 || pixels % 2 != 0);
    for (wrong, field) in [
        (odd_or_tiny(encoding.width), "width"),
        (odd_or_tiny(encoding.height), "height"),
        (!matches!(encoding.depth, 0 | 8 | 16 | 24), "depth"),
    ] {
        if wrong {
            return Err(invalid_field(field));
        }
    }
    Ok(())
}

/// Tracks as published: one track, into one file or one websocket.
fn passthrough(request: &StartEgress) -> Result<(), CallError> {
    if !request.is_unified() {
        return Err(invalid_field("preset"));
    }
    let Source::Media(media) = &request.source else { return Err(invalid_field("passthrough source")) };
    if media.audio.as_ref().is_some_and(|audio| audio.capture_all) {
        return Err(invalid_field("passthrough capture_all"));
    }
    if media.single_track().is_none() {
        return Err(invalid_field("passthrough track_id"));
    }
    let [output] = request.outputs.as_slice() else { return Err(invalid_field("passthrough outputs")) };
    match output {
        Output::File(FileOutput { file_type: FileType::Mp3, .. }) => Err(invalid_field("passthrough file_type")),
        Output::File(_) => Ok(()),
        Output::Stream(stream) if is_websocket(stream) => Ok(()),
        _ => Err(invalid_field("passthrough output")),
    }
}

fn is_websocket(stream: &StreamOutput) -> bool {
    stream_url::protocol(stream) == Ok(stream_url::Kind::Websocket)
}

fn outputs(request: &StartEgress) -> Result<(), CallError> {
    let outputs = &request.outputs;
    if outputs.iter().any(|output| matches!(output, Output::Unset)) {
        return Err(invalid_field("output config"));
    }
    let file = single(outputs.iter().filter_map(file_output), "multiple file outputs")?;
    if let Some(file) = file {
        has_storage(&file.s3)?;
    }
    let stream = single(outputs.iter().filter_map(stream_output), "multiple stream outputs")?;
    if let Some(stream) = stream {
        let kind = stream_url::protocol(stream)?;
        for url in &stream.urls {
            stream_url::check(url, kind)?;
        }
        if stream.urls.is_empty() && outputs.len() == 1 {
            return Err(invalid_field("stream url"));
        }
    }
    let segments = single(outputs.iter().filter_map(segmented_output), "multiple segmented file outputs")?;
    match (&request.source, segments) {
        // `TrackEgressRequest` has no field for segments.
        (Source::Track { .. }, Some(_)) => return Err(invalid_field("output")),
        (_, Some(segments)) => segmented_file(segments, &request.room_name)?,
        (_, None) => {}
    }
    let (_, has_video) = request.source.has();
    for output in outputs {
        let Output::Images(images) = output else { continue };
        if !has_video {
            return Err(invalid_field("audio_only images"));
        }
        has_storage(&images.s3)?;
    }
    if outputs.is_empty() { Err(invalid_field("output")) } else { Ok(()) }
}

/// The one output of a kind, if there is one. A kind may appear once.
fn single<'a, T>(mut outputs: impl Iterator<Item = &'a T>, several: &str) -> Result<Option<&'a T>, CallError> {
    let first = outputs.next();
    if outputs.next().is_some() { Err(invalid_field(several)) } else { Ok(first) }
}

fn file_output(output: &Output) -> Option<&FileOutput> {
    if let Output::File(file) = output { Some(file) } else { None }
}

fn segmented_output(output: &Output) -> Option<&SegmentedFileOutput> {
    if let Output::Segments(segments) = output { Some(segments) } else { None }
}

pub(super) fn stream_output(output: &Output) -> Option<&StreamOutput> {
    if let Output::Stream(stream) = output { Some(stream) } else { None }
}

/// Names, then storage. Names are compared with stand-ins for the room's id and the time, which are not known yet
/// and are the same in both playlists.
fn segmented_file(segments: &SegmentedFileOutput, room_name: &str) -> Result<(), CallError> {
    let naming = Naming { room_name, room_id: "{room_id}", ..Naming::at(Time::default()) };
    resolve_segments(&segments.filename_prefix, &segments.playlist_name, &segments.live_playlist_name, &naming)
        .map_err(|conflict| {
            invalid_field(match conflict {
                LivePlaylistConflict::OtherDirectory => "live_playlist_name must be in same directory as playlist_name",
                LivePlaylistConflict::Identical => "live_playlist_name cannot be identical to playlist_name",
            })
        })?;
    has_storage(&segments.s3)
}

/// The simulated workers have no disk of their own to record to, as on LiveKit Cloud (`disallow_local_storage`).
fn has_storage(s3: &S3Upload) -> Result<(), CallError> {
    if s3.assume_role {
        return Err(assume_role_disabled());
    }
    if s3.bucket.is_empty() { Err(invalid_field("output")) } else { Ok(()) }
}

#[cfg(test)]
mod tests;
