//! Commits first that a recording is stored, and publishes its link then.
//!
//! Why people write it: first the database, then what follows from it. But a crash in between leaves a row that says that all
//! is done, and the next incarnation believes it: the link is never published.
//! Breaks `operator.crash-safe`.

use egress_sim_sdk::{Cx, Outcome};

use crate::About;
use crate::reference::desk::Desk;
use crate::reference::recording::Recording;
use crate::reference::{Reference, Steps};

/// What it is.
pub const ABOUT: About = About {
    name: "publishes-last",
    summary: "Publishes a link after the commit that says that nothing is left to be done.",
    breaks: Some("operator.crash-safe"),
    breaks_sandbox: false,
};

/// See the head of this file.
pub struct PublishesLast(pub Reference);

impl Steps for PublishesLast {
    fn desk(&mut self) -> &mut Desk {
        self.0.desk()
    }

    fn publish(&mut self, _cx: &mut Cx<'_>, _recording: &Recording) -> Outcome {
        Ok(())
    }

    fn entered(&mut self, cx: &mut Cx<'_>, recording: &Recording, stored: bool) -> Outcome {
        if stored { self.0.publish(cx, recording) } else { Ok(()) }
    }
}
