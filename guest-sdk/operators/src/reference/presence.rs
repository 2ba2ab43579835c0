//! Whether all of a recording is in the sink. LiveKit's COMPLETE is a claim: uploads get lost, stay empty, or go to the
//! backup storage half-way.

use std::collections::BTreeSet;

use egress_sim_sdk::{Cx, Error, HeadResult, Result};

use super::recording::{self, Recording};

/// How much of a playlist's end is read to see whether it is final.
const TAIL_BYTES: u64 = 64;

/// Looks whether everything that the egress reported is in these buckets taken together: each file; and of HLS, as many
/// segments as it counted and a playlist that ends with ENDLIST, in the last bucket that has one. Without ENDLIST a player
/// takes it for a live stream. What has no bytes is not there.
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
    Ok(segments.len() as u64 >= *count && is_final(cx, bucket, playlist, size)?)
}

fn is_in_one(cx: &mut Cx<'_>, file: &str, buckets: &[&str]) -> Result<bool> {
    for bucket in buckets {
        if matches!(cx.sink(bucket).head(file)?, HeadResult::Found(head) if head.size > 0) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn is_final(cx: &mut Cx<'_>, bucket: &str, playlist: &str, size: u64) -> Result<bool> {
    if size == 0 {
        return Ok(false);
    }
    let tail = match cx.sink(bucket).get_range(playlist, size.saturating_sub(TAIL_BYTES), size - 1) {
        Ok(object) => object.body,
        // Rewritten since it was listed, and shorter: look again later.
        Err(error) if error.status() == Some(416) => return Err(Error::retry("the playlist has changed")),
        Err(error) => return Err(error),
    };
    Ok(String::from_utf8_lossy(&tail).lines().any(|line| line == "#EXT-X-ENDLIST"))
}
