//! HLS playlists as the egress worker writes them (`pkg/pipeline/sink/m3u8` of livekit/egress).
//!
//! A playlist is rewritten after nearly every segment, 980 times in a long recording, and each rewrite is the one before
//! with an entry more. So a log keeps the text of all entries once, and a body is a range of it with a head and an end.

use std::fmt::Write as _;
use std::ops::Range;

use bytes::Bytes;
use md5::{Digest, Md5};

use super::Sink;
use crate::time::{Span, Time};

/// Segments that the live playlist shows.
const LIVE_WINDOW: usize = 5;
/// The last line of a playlist that is final.
const END: &str = "#EXT-X-ENDLIST\n";

/// A playlist's log of segments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlaylistId(pub(super) usize);

/// One segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentEntry {
    /// File name relative to the playlist.
    pub name: String,
    /// When its media begins.
    pub at: Time,
    /// How long it plays.
    pub duration: Span,
}

/// The segments of an event playlist and of the live playlist beside it.
#[derive(Debug)]
pub(super) struct PlaylistLog {
    segment_seconds: u32,
    /// The entries, one behind the other.
    text: String,
    /// Where in `text` each entry ends.
    ends: Vec<usize>,
    /// Over the event playlist so far: an upload of the newest state costs no second pass over the text.
    event_md5: Md5,
}

impl PlaylistLog {
    pub(super) fn new(segment_seconds: u32) -> PlaylistLog {
        let event_md5 = Md5::new_with_prefix(header(segment_seconds, 0, false));
        PlaylistLog { segment_seconds, text: String::new(), ends: Vec::new(), event_md5 }
    }

    pub(super) fn push(&mut self, name: &str, at: Time, duration: Span) {
        let start = self.text.len();
        // The worker cuts the date to milliseconds, and rounds the duration to them.
        let at = Time(at.0 - at.0 % Span::MILLISECOND.0).to_rfc3339();
        let milliseconds = duration.0.saturating_add(500_000) / Span::MILLISECOND.0;
        writeln!(
            self.text,
            "#EXT-X-PROGRAM-DATE-TIME:{at}\n#EXTINF:{}.{:03},\n{name}",
            milliseconds / 1000,
            milliseconds % 1000
        )
        .expect("a String takes all that is written to it");
        self.ends.push(self.text.len());
        self.event_md5.update(&self.text[start..]);
    }

    pub(super) fn len(&self) -> u32 {
        self.ends.len() as u32
    }

    /// The playlist behind its first `segments` segments.
    pub(super) fn pieces(&self, segments: u32, ended: bool, live: bool) -> Pieces<'_> {
        let segments = segments as usize;
        assert!(segments <= self.ends.len(), "a playlist of {segments} segments, {} in its log", self.ends.len());
        let first = if live { segments.saturating_sub(LIVE_WINDOW) } else { 0 };
        let entries = &self.text[self.end_of(first)..self.end_of(segments)];
        Pieces { header: header(self.segment_seconds, first, live), entries, ended }
    }

    pub(super) fn md5(&self, segments: u32, ended: bool, live: bool) -> [u8; 16] {
        let pieces = self.pieces(segments, ended, live);
        let digest = if !live && segments == self.len() {
            self.event_md5.clone()
        } else {
            Md5::new_with_prefix(&pieces.header).chain_update(pieces.entries)
        };
        digest.chain_update(pieces.end()).finalize().into()
    }

    /// Where the first `segments` entries end.
    fn end_of(&self, segments: usize) -> usize {
        segments.checked_sub(1).map_or(0, |last| self.ends[last])
    }
}

/// `TARGETDURATION` is what was configured, never raised for a longer segment; it stays EVENT when it ends.
fn header(segment_seconds: u32, media_sequence: usize, live: bool) -> String {
    let kind = if live { "" } else { "#EXT-X-PLAYLIST-TYPE:EVENT\n" };
    format!(
        "#EXTM3U\n#EXT-X-VERSION:4\n{kind}#EXT-X-ALLOW-CACHE:NO\n#EXT-X-TARGETDURATION:{segment_seconds}\n\
         #EXT-X-MEDIA-SEQUENCE:{media_sequence}\n"
    )
}

/// One state of a playlist, not yet put together.
pub(super) struct Pieces<'l> {
    header: String,
    entries: &'l str,
    ended: bool,
}

impl<'l> Pieces<'l> {
    const fn end(&self) -> &'static str {
        if self.ended { END } else { "" }
    }

    pub(super) fn length(&self) -> u64 {
        (self.header.len() + self.entries.len() + self.end().len()) as u64
    }

    /// The bytes of a range within the length.
    pub(super) fn read(&self, range: Range<u64>) -> Bytes {
        let mut bytes = Vec::with_capacity((range.end - range.start) as usize);
        let mut skip = range.start as usize;
        let mut left = bytes.capacity().min((range.end - range.start) as usize);
        for piece in [self.header.as_str(), self.entries, self.end()] {
            let from = skip.min(piece.len());
            let to = from + left.min(piece.len() - from);
            bytes.extend_from_slice(&piece.as_bytes()[from..to]);
            skip -= from;
            left -= to - from;
        }
        Bytes::from(bytes)
    }

    pub(super) fn text(&self) -> PlaylistText<'l> {
        PlaylistText { ended: self.ended, text: self.entries }
    }
}

/// What a player reads from a playlist.
#[derive(Clone, Copy, Debug)]
pub struct PlaylistText<'m> {
    /// It carries `#EXT-X-ENDLIST`.
    pub ended: bool,
    text: &'m str,
}

impl<'m> PlaylistText<'m> {
    /// None: this is not a playlist.
    pub(super) fn parse(bytes: &'m [u8]) -> Option<PlaylistText<'m>> {
        let text = std::str::from_utf8(bytes).ok()?;
        if text.lines().next()?.trim_end() != "#EXTM3U" {
            return None;
        }
        Some(PlaylistText { ended: text.lines().any(|line| line.trim_end() == END.trim_end()), text })
    }

    /// The segments as they are written in it, mostly relative file names.
    pub fn names(&self) -> impl Iterator<Item = &'m str> + use<'m> {
        self.text.lines().map(str::trim_end).filter(|line| !line.is_empty() && !line.starts_with('#'))
    }
}

/// A stored playlist with its names resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlaylistView {
    /// It carries `#EXT-X-ENDLIST`.
    pub ended: bool,
    /// Keys of its segments, in its own order, in the playlist's own bucket.
    pub segments: Vec<String>,
}

impl Sink {
    /// The playlist that is current under a key; none: there is no object, or it is not a playlist.
    pub fn playlist_of(&self, bucket: &str, key: &str) -> Option<PlaylistView> {
        let content = self.current(bucket, key)?.content.as_ref()?;
        let playlist = self.media.playlist(&content.body)?;
        let directory = directory_of(key);
        let segments = playlist.names().map(|name| [directory, name].concat()).collect();
        Some(PlaylistView { ended: playlist.ended, segments })
    }
}

/// The part of a key or URL that relative names go behind: up to the last slash, with it.
pub(crate) fn directory_of(path: &str) -> &str {
    path.rfind('/').map_or("", |slash| &path[..=slash])
}
