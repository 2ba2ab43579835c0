//! Bodies by reference: what an object is made of, without being it.
//!
//! 12,000 recordings of half a gigabyte weigh a few megabytes, because bytes are made when somebody reads them, and
//! only the range that is read. The same holds for entity tags.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use md5::{Digest, Md5};

use super::piece::{self, Piece};
use super::playlist::{PlaylistId, PlaylistLog, PlaylistText, SegmentEntry};
use super::{Content, synthetic};
use crate::call::EntityTag;

/// Part size of the egress worker's uploader; what is longer is uploaded in parts.
const PART_BYTES: u64 = 5 << 20;
/// Parts of one upload at most; the part size grows to keep to it.
const MAX_PARTS: u64 = 10_000;

/// A body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// Bytes that are here.
    Bytes(Bytes),
    /// Pieces, one after another: the parts of a multipart upload, or bytes that are kept elsewhere.
    Joined(Arc<[Piece]>),
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

impl From<Piece> for Body {
    fn from(piece: Piece) -> Body {
        match piece {
            Piece::Here(bytes) => Body::Bytes(bytes),
            piece => Body::Joined([piece].into()),
        }
    }
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
            Body::Joined(ref pieces) => pieces.iter().map(Piece::len).sum(),
            Body::Media { length, .. } => length,
            Body::Playlist { log, segments, ended, live } => {
                self.playlists[log.0].pieces(segments, ended, live).length()
            }
        }
    }

    /// The bytes of a range, which is cut at the body's end.
    ///
    /// # Panics
    /// For bytes that are kept elsewhere, which [`Media::pieces`] hands on.
    pub fn read(&self, body: &Body, range: Range<u64>) -> Bytes {
        let end = range.end.min(self.length(body));
        let range = range.start.min(end)..end;
        match *body {
            Body::Bytes(ref bytes) => bytes.slice(range.start as usize..range.end as usize),
            Body::Joined(ref pieces) => {
                let pieces = piece::here(&piece::cut(pieces, range));
                joined(pieces.expect("nobody here reads what is kept elsewhere"))
            }
            Body::Media { kind, seed, length } => synthetic::read(kind, seed, length, range),
            Body::Playlist { log, segments, ended, live } => {
                self.playlists[log.0].pieces(segments, ended, live).read(range)
            }
        }
    }

    /// A range of a body, which is cut at its end, as pieces: what was brought is not copied.
    pub fn pieces(&self, body: &Body, range: Range<u64>) -> Vec<Piece> {
        match body {
            Body::Joined(pieces) => piece::cut(pieces, range),
            body => vec![Piece::Here(self.read(body, range))],
        }
    }

    /// The entity tag: MD5 as S3 has it, and for synthetic media something that looks so, with the number of parts behind it where
    /// the worker's uploader would have needed parts.
    ///
    /// # Panics
    /// For pieces: whoever joins them has their tag.
    pub fn etag(&self, body: &Body) -> EntityTag {
        match *body {
            Body::Bytes(ref bytes) => EntityTag::of(Md5::digest(bytes).into()),
            Body::Joined(_) => unreachable!("what is joined is stored with its entity tag"),
            Body::Media { kind, seed, length } => {
                let parts = (length > PART_BYTES).then(|| length.div_ceil(PART_BYTES.max(length / MAX_PARTS + 1)));
                EntityTag::of_parts(synthetic::digest(kind, seed, length), parts.unwrap_or(0) as u32)
            }
            Body::Playlist { log, segments, ended, live } => {
                EntityTag::of(self.playlists[log.0].md5(segments, ended, live))
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

    /// The entity tag of a version's data.
    pub(super) fn etag_of(&self, content: &Content) -> EntityTag {
        content.etag.unwrap_or_else(|| self.etag(&content.body))
    }
}

fn joined(mut pieces: Vec<Bytes>) -> Bytes {
    if pieces.len() == 1 { pieces.remove(0) } else { pieces.concat().into() }
}
