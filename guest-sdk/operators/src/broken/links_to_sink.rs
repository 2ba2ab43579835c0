//! Publishes the location that `egress_ended` reports.
//!
//! Why people write it: it is a URL, it is in the event, and on the developer's machine the bucket is public. The sink answers
//! 403 to everybody else.
//! Breaks `playlist.via-cdn`.

use crate::About;
use crate::reference::desk::Desk;
use crate::reference::recording::Recording;
use crate::reference::{Reference, Steps};

/// What it is.
pub const ABOUT: About = About {
    name: "links-to-sink",
    summary: "Publishes the sink's own URL instead of the CDN's.",
    breaks: Some("playlist.via-cdn"),
    breaks_sandbox: false,
};

/// See the head of this file.
pub struct LinksToSink(pub Reference);

impl Steps for LinksToSink {
    fn desk(&mut self) -> &mut Desk {
        self.0.desk()
    }

    fn link(&mut self, recording: &Recording) -> Option<String> {
        self.0.link(recording).map(|_| recording.location.clone())
    }
}
