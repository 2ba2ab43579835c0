//! Publishes the link as soon as the egress is ACTIVE.
//!
//! Why people write it: the playlist's name is in `egress_updated`, and the link works when one tries it. A player takes a
//! playlist without ENDLIST for a live stream.
//! Breaks `playlist.final`.

use egress_sim_sdk::{Cx, Outcome};

use crate::About;
use crate::reference::desk::Desk;
use crate::reference::recording::Recording;
use crate::reference::{Reference, Steps};

/// What it is.
pub const ABOUT: About = About {
    name: "publishes-early",
    summary: "Publishes the link at egress_updated, while the playlist is still growing.",
    breaks: Some("playlist.final"),
    breaks_sandbox: false,
};

/// See the head of this file.
pub struct PublishesEarly(pub Reference);

impl Steps for PublishesEarly {
    fn desk(&mut self) -> &mut Desk {
        self.0.desk()
    }

    fn progressed(&mut self, cx: &mut Cx<'_>, recording: &Recording) -> Outcome {
        self.0.publish(cx, recording)
    }
}
