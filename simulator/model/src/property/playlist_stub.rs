//! `Sink::playlist_of` for playlists whose body is bytes, until the sink has its own.

use crate::sink::{Body, Sink};

/// A stored playlist, as far as a player looks at it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlaylistView {
    /// It carries `#EXT-X-ENDLIST`.
    pub ended: bool,
    /// Keys of its segments, in order.
    pub segments: Vec<String>,
}

impl Sink {
    /// The current version of `key`, read as a playlist; none where there is none.
    pub fn playlist_of(&self, bucket: &str, key: &str) -> Option<PlaylistView> {
        let content = self.buckets.get(bucket)?.keys.get(key)?.current()?.content.as_ref()?;
        let Body::Bytes(bytes) = &content.body;
        let text = std::str::from_utf8(bytes).ok()?;
        let directory = key.rfind('/').map_or("", |slash| &key[..=slash]);
        let segments = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
        Some(PlaylistView {
            ended: text.lines().any(|line| line == "#EXT-X-ENDLIST"),
            segments: segments.map(|line| format!("{directory}{line}")).collect(),
        })
    }
}
