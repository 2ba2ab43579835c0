//! Which requests a worker refuses, in its order and with its words.
//!
//! The server has looked the room up before; what is left is what a worker checks: source, outputs with their
//! names and storage, then the token that it needs for the room. Texts come without the server's prefix, see
//! [`super::error::with_prefix`].

use super::error::invalid_field;
use super::filename::{LivePlaylistConflict, Naming, resolve_segments};
use crate::call::CallError;
use crate::livekit::{FileOutput, Output, S3Upload, SegmentedFileOutput, Source, StartEgress};
use crate::time::Time;

/// Whether a worker takes the request.
///
/// # Errors
/// `invalid_argument`, HTTP 400, naming the first field that is wrong.
pub fn validate(request: &StartEgress) -> Result<(), CallError> {
    match &request.source {
        Source::RoomComposite { audio_only: true, video_only: true, .. } => {
            return Err(invalid_field("audio_only and video_only"));
        }
        Source::Track { track_id } if track_id.is_empty() => return Err(invalid_field("track_id")),
        Source::RoomComposite { .. } | Source::Track { .. } => {}
    }
    let file = single(request.outputs.iter().filter_map(file_output), "multiple file outputs")?;
    if let Some(file) = file {
        has_storage(&file.s3)?;
    }
    let segments = single(request.outputs.iter().filter_map(segmented_output), "multiple segmented file outputs")?;
    match (&request.source, segments) {
        // `TrackEgressRequest` has no field for segments.
        (Source::Track { .. }, Some(_)) => return Err(invalid_field("output")),
        (_, Some(segments)) => segmented_file(segments, &request.room_name)?,
        (_, None) => {}
    }
    if file.is_none() && segments.is_none() {
        return Err(invalid_field("output"));
    }
    if request.room_name.is_empty() {
        return Err(invalid_field("token or api key/secret"));
    }
    Ok(())
}

/// The one output of a kind, if there is one. A kind may appear once.
fn single<'a, T>(mut outputs: impl Iterator<Item = &'a T>, several: &str) -> Result<Option<&'a T>, CallError> {
    let first = outputs.next();
    if outputs.next().is_some() { Err(invalid_field(several)) } else { Ok(first) }
}

fn file_output(output: &Output) -> Option<&FileOutput> {
    match output {
        Output::File(file) => Some(file),
        Output::Segments(_) => None,
    }
}

fn segmented_output(output: &Output) -> Option<&SegmentedFileOutput> {
    match output {
        Output::Segments(segments) => Some(segments),
        Output::File(_) => None,
    }
}

/// Names, then storage. Names are compared with stand-ins for the room's id and the time, which are not known yet
/// and are the same in both playlists.
fn segmented_file(segments: &SegmentedFileOutput, room_name: &str) -> Result<(), CallError> {
    let naming = Naming { room_name, room_id: "{room_id}", now: Time::default(), track: None };
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
    if s3.bucket.is_empty() { Err(invalid_field("output")) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn s3() -> S3Upload {
        S3Upload { bucket: "bk".into(), ..S3Upload::default() }
    }

    fn file() -> Output {
        Output::File(FileOutput { s3: s3(), ..FileOutput::default() })
    }

    fn segments(playlist_name: &str, live_playlist_name: &str) -> Output {
        Output::Segments(SegmentedFileOutput {
            playlist_name: playlist_name.into(),
            live_playlist_name: live_playlist_name.into(),
            s3: s3(),
            ..SegmentedFileOutput::default()
        })
    }

    fn composite(outputs: Vec<Output>) -> StartEgress {
        let source = Source::RoomComposite { layout: String::new(), audio_only: false, video_only: false };
        StartEgress { room_name: "demo".into(), source, outputs }
    }

    fn track(track_id: &str, outputs: Vec<Output>) -> StartEgress {
        StartEgress { source: Source::Track { track_id: track_id.into() }, ..composite(outputs) }
    }

    fn refused_field(request: &StartEgress) -> String {
        match validate(request) {
            Err(CallError::Rejected(rejection)) => {
                assert_eq!((rejection.code.as_str(), rejection.status), ("invalid_argument", 400));
                let field = rejection.message.strip_prefix("request has missing or invalid field: ");
                field.expect("the worker's sentence").to_owned()
            }
            other => panic!("{request:?} should be refused, not {other:?}"),
        }
    }

    #[test]
    fn what_a_worker_can_do_it_takes() {
        for request in [
            composite(vec![file()]),
            composite(vec![segments("d/p", "d/live")]),
            composite(vec![segments("{room_name}/p", "demo/live"), file()]),
            track("TR_AMx", vec![file()]),
        ] {
            assert_eq!(validate(&request), Ok(()), "{request:?}");
        }
    }

    #[test]
    fn what_it_cannot_do_it_refuses_by_name() {
        let nowhere = || Output::File(FileOutput::default());
        for (request, field) in [
            (composite(vec![]), "output"),
            (composite(vec![nowhere()]), "output"),
            (composite(vec![file(), file()]), "multiple file outputs"),
            (composite(vec![segments("p", ""), file(), segments("q", "")]), "multiple segmented file outputs"),
            (composite(vec![segments("p", "p.m3u8")]), "live_playlist_name cannot be identical to playlist_name"),
            (composite(vec![segments("p", "d/l")]), "live_playlist_name must be in same directory as playlist_name"),
            (composite(vec![segments("{room_id}", "{room_id}")]), {
                "live_playlist_name cannot be identical to playlist_name"
            }),
            (track("", vec![file()]), "track_id"),
            (track("TR_AMx", vec![]), "output"),
            (track("TR_AMx", vec![segments("p", "")]), "output"),
        ] {
            assert_eq!(refused_field(&request), field, "{request:?}");
        }
    }

    #[test]
    fn the_first_fault_in_the_workers_order_is_the_one_that_is_named() {
        let neither = Source::RoomComposite { layout: String::new(), audio_only: true, video_only: true };
        let mut request = StartEgress { room_name: String::new(), source: neither, outputs: vec![file(), file()] };
        assert_eq!(refused_field(&request), "audio_only and video_only");
        request.source = composite(vec![]).source;
        assert_eq!(refused_field(&request), "multiple file outputs");
        request.outputs = vec![];
        assert_eq!(refused_field(&request), "output");
        request.outputs = vec![file()];
        assert_eq!(refused_field(&request), "token or api key/secret");
        request.room_name = "demo".into();
        assert_eq!(validate(&request), Ok(()));
    }
}
