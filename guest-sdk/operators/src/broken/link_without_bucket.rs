//! Publishes a link in which the bucket is missing.
//!
//! Why people write it: the first CDN had one bucket behind it and needed no name for it. The link names the CDN and looks right;
//! nobody opens it until a customer does.
//! Breaks `playlist.plays`.

use crate::About;
use crate::reference::desk::Desk;
use crate::reference::recording::Recording;
use crate::reference::{Reference, Steps};

/// What it is.
pub const ABOUT: About = About {
    name: "link-without-bucket",
    summary: "Publishes links through the CDN that leave the bucket out and lead nowhere.",
    breaks: Some("playlist.plays"),
    breaks_sandbox: false,
};

/// See the head of this file.
pub struct LinkWithoutBucket(pub Reference);

impl Steps for LinkWithoutBucket {
    fn desk(&mut self) -> &mut Desk {
        self.0.desk()
    }

    fn link(&mut self, recording: &Recording) -> Option<String> {
        let link = self.0.link(recording)?;
        Some(link.replacen(&format!("/{}/", recording.bucket), "/", 1))
    }
}
