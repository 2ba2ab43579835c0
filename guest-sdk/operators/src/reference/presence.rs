//! Whether all of a recording is in the sink. LiveKit's COMPLETE is a claim: uploads get lost, stay empty, or go to the
//! backup storage half-way.

use std::collections::BTreeSet;

use egress_sim_sdk::{Cx, Error, HeadResult, Result};

use super::recording::{self, Recording};

/// How much of a playlist is read at once: what a call may carry is limited.
const PIECE: u64 = 1 << 20;

/// Looks whether everything that the egress reported is in these buckets taken together: each file; and of HLS, a playlist
/// that ends with ENDLIST, in the last bucket that has one, and each segment that it names, as many as the egress counted.
/// Without ENDLIST a player takes it for a live stream, and one that names no segment plays nothing. What else lies there, such as the beginnings of an attempt that
/// failed, makes up for nothing. What has no bytes is not there.
pub fn is_in(cx: &mut Cx<'_>, recording: &Recording, buckets: &[&str]) -> Result<bool> {
    for file in &recording.files {
        if !is_in_one(cx, file, buckets)? {
            return Ok(false);
        }
    }
    let Some((playlist, count)) = &recording.playlist else { return Ok(!recording.files.is_empty()) };
    let mut segments = BTreeSet::new();
    let mut newest = None;
    for bucket in buckets {
        for object in cx.sink(bucket).objects(&recording.directory)? {
            if object.key == *playlist {
                newest = Some((*bucket, object.size));
            } else if recording::is_segment(&object.key) && object.size > 0 {
                segments.insert(object.key);
            }
        }
    }
    let Some((bucket, size)) = newest else { return Ok(false) };
    let Some(named) = segments_of(cx, bucket, playlist, size)? else { return Ok(false) };
    Ok(!named.is_empty() && named.len() as u64 >= *count && named.is_subset(&segments))
}

fn is_in_one(cx: &mut Cx<'_>, file: &str, buckets: &[&str]) -> Result<bool> {
    for bucket in buckets {
        if matches!(cx.sink(bucket).head(file)?, HeadResult::Found(head) if head.size > 0) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The keys of the segments that a playlist names; none where it is not final.
fn segments_of(cx: &mut Cx<'_>, bucket: &str, playlist: &str, size: u64) -> Result<Option<BTreeSet<String>>> {
    let mut body = Vec::new();
    while (body.len() as u64) < size {
        let first = body.len() as u64;
        match cx.sink(bucket).get_range(playlist, first, size.min(first + PIECE) - 1) {
            Ok(piece) if !piece.body.is_empty() => body.extend(piece.body),
            Ok(_) => break,
            // Rewritten since it was listed, and shorter: look again later.
            Err(error) if error.status() == Some(416) => return Err(Error::retry("the playlist has changed")),
            Err(error) => return Err(error),
        }
    }
    let text = String::from_utf8_lossy(&body);
    if !text.lines().any(|line| line == "#EXT-X-ENDLIST") {
        return Ok(None);
    }
    let directory = playlist.rsplit_once('/').map_or("", |(directory, _)| directory);
    let names = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    Ok(Some(names.map(|name| format!("{directory}/{name}")).collect()))
}
