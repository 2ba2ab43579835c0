//! Writes `stored` on every `egress_ended`, whatever its status.
//!
//! Why people write it: the event says ended, and ended meant stored each time it was tried. FAILED and ABORTED end, too.
//! Breaks `inventory.no-phantom`.

use egress_sim_sdk::Row;

use crate::About;
use crate::reference::desk::Desk;
use crate::reference::recording::Recording;
use crate::reference::{Reference, Steps};

/// What it is.
pub const ABOUT: About = About {
    name: "phantom-stored",
    summary: "Enters every egress that ended as stored, failed ones too.",
    breaks: Some("inventory.no-phantom"),
    breaks_sandbox: false,
};

/// See the head of this file.
pub struct PhantomStored(pub Reference);

impl Steps for PhantomStored {
    fn desk(&mut self) -> &mut Desk {
        self.0.desk()
    }

    fn closing_row(&mut self, recording: &Recording, _stored: bool) -> Row {
        recording.closing_row(true)
    }
}
