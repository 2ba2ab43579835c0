//! Publishes the name that it asked for.
//!
//! Why people write it: it chose the name itself, so why ask what it is. LiveKit Cloud puts `-1` behind it when it retries an egress, and
//! what lies under the old name is the remains of the first attempt.
//! Breaks `playlist.final`.

use crate::About;
use crate::reference::desk::Desk;
use crate::reference::recording::Recording;
use crate::reference::{Reference, Steps};

/// What it is.
pub const ABOUT: About = About {
    name: "predicts-key",
    summary: "Publishes under the name that it asked for: a retried egress has another one.",
    breaks: Some("playlist.final"),
    breaks_sandbox: false,
};

/// See the head of this file.
pub struct PredictsKey(pub Reference);

impl Steps for PredictsKey {
    fn desk(&mut self) -> &mut Desk {
        self.0.desk()
    }

    fn link(&mut self, recording: &Recording) -> Option<String> {
        let url = self.0.link(recording)?;
        let name = if recording.playlist.is_some() { "playlist.m3u8" } else { "recording.mp4" };
        let (directory, _) = url.rsplit_once('/')?;
        Some(format!("{directory}/{name}"))
    }
}
