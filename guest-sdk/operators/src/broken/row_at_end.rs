//! Writes the inventory row when the egress has ended.
//!
//! Why people write it: only then are size and location known, and one write is less than two. Until then, and for ever if
//! `egress_ended` is lost, nobody knows of the recording.
//! Breaks `inventory.complete`.

use egress_sim_sdk::Row;

use crate::About;
use crate::reference::desk::Desk;
use crate::reference::recording::Recording;
use crate::reference::{Reference, Steps};

/// What it is.
pub const ABOUT: About = About {
    name: "row-at-end",
    summary: "Writes the inventory row at egress_ended and not before.",
    breaks: Some("inventory.complete"),
    breaks_sandbox: false,
};

/// See the head of this file.
pub struct RowAtEnd(pub Reference);

impl Steps for RowAtEnd {
    fn desk(&mut self) -> &mut Desk {
        self.0.desk()
    }

    fn opening_row(&mut self, _recording: &Recording) -> Option<Row> {
        None
    }
}
