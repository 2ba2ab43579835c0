//! Bodies by reference: what an object is made of, without being it.
//!
//! 12,000 recordings of half a gigabyte weigh a few megabytes, because bytes are made when somebody reads them, and
//! only the range that is read. The same holds for entity tags.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use md5::{Digest, Md5};

use super::playlist::{PlaylistId, PlaylistLog, PlaylistText, SegmentEntry};
use super::{Content, synthetic};

/// Part size of the egress worker's uploader; what is longer is uploaded in parts.
const PART_BYTES: u64 = 5 << 20;
/// Parts of one upload at most; the part size grows to keep to it.
const MAX_PARTS: u64 = 10_000;

/// A body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// Bytes that are here.
    Bytes(Bytes),
    /// The parts of a multipart upload, one after another.
    Joined(Arc<[Bytes]>),
    /// Recorded media: bytes that follow from these three values.
    Media {
        /// The container.
        kind: MediaKind,
        /// Tells two recordings of one length apart.
        seed: u64,
        /// Bytes.
        length: u64,
    },
    /// A state of an HLS playlist.
    Playlist {
        /// The log of its segments, in [`Media`].
        log: PlaylistId,
        /// Segments of the log that were in it.
        segments: u32,
        /// With `#EXT-X-ENDLIST`.
        ended: bool,
        /// The live playlist, which shows the last five segments; else the event playlist, which shows all.
        live: bool,
    },
}

/// The container of recorded media.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MediaKind {
    /// `.mp4`
    Mp4,
    /// `.ogg`
    Ogg,
    /// `.webm`
    Webm,
    /// `.ts`
    Ts,
    /// `.jpeg`
    Jpeg,
    /// Nothing that a player knows.
    Noise,
}

/// What bodies refer to: the logs of all playlists.
#[derive(Debug, Default)]
pub struct Media {
    playlists: Vec<PlaylistLog>,
}

impl Media {
    /// Begins the log of a playlist whose `#EXT-X-TARGETDURATION` is `segment_seconds`.
    pub fn new_playlist(&mut self, segment_seconds: u32) -> PlaylistId {
        self.playlists.push(PlaylistLog::new(segment_seconds));
        PlaylistId(self.playlists.len() - 1)
    }

    /// Adds a segment. Bodies that were made before do not see it.
    pub fn push_segment(&mut self, playlist: PlaylistId, segment: SegmentEntry) {
        let SegmentEntry { name, at, duration } = segment;
        self.playlists[playlist.0].push(&name, at, duration);
    }

    /// Segments in the log so far.
    pub fn segments(&self, playlist: PlaylistId) -> u32 {
        self.playlists[playlist.0].len()
    }

    /// Bytes, without making them.
    pub fn length(&self, body: &Body) -> u64 {
        match *body {
            Body::Bytes(ref bytes) => bytes.len() as u64,
            Body::Joined(ref parts) => parts.iter().map(|part| part.len() as u64).sum(),
            Body::Media { length, .. } => length,
            Body::Playlist { log, segments, ended, live } => {
                self.playlists[log.0].pieces(segments, ended, live).length()
            }
        }
    }

    /// The bytes of a range, which is cut at the body's end.
    pub fn read(&self, body: &Body, range: Range<u64>) -> Bytes {
        let end = range.end.min(self.length(body));
        let range = range.start.min(end)..end;
        match *body {
            Body::Bytes(ref bytes) => bytes.slice(range.start as usize..range.end as usize),
            Body::Joined(ref parts) => joined(cut(parts, range)),
            Body::Media { kind, seed, length } => synthetic::read(kind, seed, length, range),
            Body::Playlist { log, segments, ended, live } => {
                self.playlists[log.0].pieces(segments, ended, live).read(range)
            }
        }
    }

    /// The entity tag, with quotes: MD5 as S3 has it, and for synthetic media something that looks so, with the number
    /// of parts behind it where the worker's uploader would have needed parts.
    pub fn etag(&self, body: &Body) -> String {
        match *body {
            Body::Bytes(ref bytes) => quoted(&Md5::digest(bytes).into(), None),
            Body::Joined(ref parts) => {
                let mut digests = Md5::new();
                for part in &**parts {
                    digests.update(Md5::digest(part));
                }
                quoted(&digests.finalize().into(), Some(parts.len() as u64))
            }
            Body::Media { kind, seed, length } => {
                let parts = (length > PART_BYTES).then(|| length.div_ceil(PART_BYTES.max(length / MAX_PARTS + 1)));
                quoted(&synthetic::digest(kind, seed, length), parts)
            }
            Body::Playlist { log, segments, ended, live } => {
                quoted(&self.playlists[log.0].md5(segments, ended, live), None)
            }
        }
    }

    /// The body as a playlist; none: it is not one.
    pub fn playlist<'m>(&'m self, body: &'m Body) -> Option<PlaylistText<'m>> {
        match *body {
            Body::Bytes(ref bytes) => PlaylistText::parse(bytes),
            Body::Media { .. } | Body::Joined(_) => None,
            Body::Playlist { log, segments, ended, live } => {
                Some(self.playlists[log.0].pieces(segments, ended, live).text())
            }
        }
    }

    /// The entity tag of a version's data, with quotes.
    pub(super) fn etag_of(&self, content: &Content) -> String {
        content.etag.as_deref().map_or_else(|| self.etag(&content.body), str::to_owned)
    }
}

/// The pieces of a range, without copying anything.
pub(super) fn cut(parts: &[Bytes], range: Range<u64>) -> Vec<Bytes> {
    let mut pieces = Vec::new();
    let mut at = 0;
    for part in parts {
        let end = at + part.len() as u64;
        let (from, to) = (range.start.max(at), range.end.min(end));
        if from < to {
            pieces.push(part.slice((from - at) as usize..(to - at) as usize));
        }
        at = end;
    }
    pieces
}

fn joined(mut pieces: Vec<Bytes>) -> Bytes {
    if pieces.len() == 1 { pieces.remove(0) } else { pieces.concat().into() }
}

/// `"0123…"`, or `"0123…-2"` with a number of parts.
pub(super) fn quoted(digest: &[u8; 16], parts: Option<u64>) -> String {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let mut tag = String::with_capacity(40);
    tag.push('"');
    for byte in digest {
        tag.push(char::from(HEX[usize::from(byte >> 4)]));
        tag.push(char::from(HEX[usize::from(byte & 15)]));
    }
    if let Some(parts) = parts {
        tag.push('-');
        tag.push_str(&parts.to_string());
    }
    tag.push('"');
    tag
}
