//! `{egress_id}.json`: what LiveKit writes beside a recording about it. Compact, empty keys left out, numbers as numbers.

use serde::Serialize;

use crate::egress::filename;
use crate::livekit::{EgressInfo, ImageOutput, Output, S3Upload, Source};
use crate::state::{Egress, Object};
use crate::time::{Span, Time};

#[derive(Serialize)]
struct Manifest<'a> {
    egress_id: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    room_id: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    room_name: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    url: &'a str,
    started_at: Time,
    ended_at: Time,
    #[serde(skip_serializing_if = "str::is_empty")]
    publisher_identity: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    audio_track_id: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    video_track_id: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    files: Vec<Listed>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    playlists: Vec<Playlist>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    images: Vec<Image>,
}

#[derive(Serialize)]
struct Image {
    filename: String,
    timestamp: String,
    location: String,
}

#[derive(Serialize)]
struct Playlist {
    location: String,
    segments: Vec<Listed>,
}

#[derive(Serialize)]
struct Listed {
    filename: String,
    location: String,
}

/// The manifest of an egress whose media has been uploaded, with the line end behind it.
pub(super) fn of(egress: &Egress, now: Time) -> Vec<u8> {
    let info = &egress.info;
    // The worker lists what it takes for stored.
    let stored = || egress.objects.iter().chain(&egress.missing);
    let listed = |object: &Object| Listed {
        filename: object.key.to_string(),
        location: filename::location(&storage(info, ".ts"), &object.bucket, &object.key),
    };
    let segments = || stored().filter(|object| object.key.ends_with(".ts")).map(listed).collect();
    let (mut url, mut audio_track_id, mut video_track_id, mut publisher_identity) = ("", "", "", "");
    match &info.request.source {
        Source::Web { url: page, .. } => url = page,
        Source::Participant { identity, .. } => publisher_identity = identity,
        Source::TrackComposite { audio_track_id: audio, video_track_id: video } => {
            (audio_track_id, video_track_id) = (audio, video);
        }
        _ => {}
    }
    let manifest = Manifest {
        egress_id: &info.egress_id,
        room_id: &info.room_id,
        room_name: &info.room_name,
        started_at: info.started_at.unwrap_or_default(),
        ended_at: now,
        url,
        publisher_identity,
        audio_track_id,
        video_track_id,
        files: info
            .file_results
            .iter()
            .map(|file| Listed { filename: file.filename.clone(), location: file.location.clone() })
            .collect(),
        playlists: info
            .segment_results
            .iter()
            .map(|result| Playlist { location: result.playlist_location.clone(), segments: segments() })
            .collect(),
        images: images(egress),
    };
    let mut bytes = serde_json::to_vec(&manifest).expect("a manifest is plain data");
    bytes.push(b'\n');
    bytes
}

/// The images of an egress with the moments at which they were taken, as far as they are still there under their own names.
fn images(egress: &Egress) -> Vec<Image> {
    let storage = storage(&egress.info, ".jpeg");
    let mut taken: Vec<u64> = vec![0; egress.info.image_results.len()];
    let outputs: Vec<&ImageOutput> = egress.info.request.outputs.iter().filter_map(image_output).collect();
    let mut images = Vec::new();
    for object in egress.objects.iter().filter(|object| object.key.ends_with(".jpeg")) {
        let prefixes = egress.info.image_results.iter().map(|result| &result.filename_prefix);
        let Some(output) =
            prefixes.enumerate().find_map(|(at, prefix)| object.key.starts_with(&**prefix).then_some(at))
        else {
            continue;
        };
        let seconds = if outputs[output].capture_interval == 0 { 10 } else { outputs[output].capture_interval };
        let at = egress.active_at.unwrap_or_default() + Span::seconds(u64::from(seconds)).times(taken[output]);
        taken[output] += 1;
        images.push(Image {
            filename: object.key.to_string(),
            timestamp: at.to_rfc3339(),
            location: filename::location(&storage, &object.bucket, &object.key),
        });
    }
    images
}

fn image_output(output: &Output) -> Option<&ImageOutput> {
    if let Output::Images(images) = output { Some(images) } else { None }
}

/// The storage of the output that makes objects of an extension.
fn storage(info: &EgressInfo, extension: &str) -> S3Upload {
    let outputs = info.request.outputs.iter();
    let output = outputs.into_iter().find(|output| match output {
        Output::Segments(_) => extension == ".ts",
        Output::Images(_) => extension == ".jpeg",
        _ => false,
    });
    output.and_then(Output::s3).cloned().unwrap_or_default()
}
