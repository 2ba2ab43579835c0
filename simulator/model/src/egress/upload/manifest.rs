//! `{egress_id}.json`: what LiveKit writes beside a recording about it. Compact, empty keys left out, numbers as numbers.

use serde::Serialize;

use crate::egress::filename;
use crate::state::{Egress, Object};
use crate::time::Time;

#[derive(Serialize)]
struct Manifest<'a> {
    egress_id: &'a str,
    room_id: &'a str,
    room_name: &'a str,
    started_at: Time,
    ended_at: Time,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    files: Vec<Listed>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    playlists: Vec<Playlist>,
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
    let segments = || {
        let objects = egress.objects.iter().chain(&egress.missing);
        objects.filter(|object| object.key.ends_with(".ts")).map(listed).collect()
    };
    let manifest = Manifest {
        egress_id: &info.egress_id,
        room_id: &info.room_id,
        room_name: &info.room_name,
        started_at: info.started_at.unwrap_or_default(),
        ended_at: now,
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
    };
    let mut bytes = serde_json::to_vec(&manifest).expect("a manifest is plain data");
    bytes.push(b'\n');
    bytes
}

fn listed(object: &Object) -> Listed {
    Listed { filename: object.key.to_string(), location: filename::location(&object.bucket, &object.key) }
}
