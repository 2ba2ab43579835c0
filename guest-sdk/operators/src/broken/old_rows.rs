//! Writes rows as they were a version ago: with the one key that is played.
//!
//! Why people write it: it was right until manifests came, and after a roll back it is what runs. What a row does not cover,
//! nobody finds again.
//! Breaks `inventory.complete`.

use egress_sim_sdk::{Row, RowState, SinkKey};

use crate::About;
use crate::reference::desk::Desk;
use crate::reference::recording::Recording;
use crate::reference::{Reference, Steps};

/// What it is.
pub const ABOUT: About = About {
    name: "old-rows",
    summary: "Enters the key of the file alone, as the version before did, and not what lies beside it.",
    breaks: Some("inventory.complete"),
    breaks_sandbox: false,
};

/// See the head of this file.
pub struct OldRows(pub Reference);

impl Steps for OldRows {
    fn desk(&mut self) -> &mut Desk {
        self.0.desk()
    }

    fn opening_row(&mut self, recording: &Recording) -> Option<Row> {
        Some(as_before(recording.row(RowState::Recording, String::from("{}")), recording))
    }

    fn closing_row(&mut self, recording: &Recording, stored: bool) -> Row {
        as_before(recording.closing_row(stored), recording)
    }
}

fn as_before(row: Row, recording: &Recording) -> Row {
    if recording.track.is_some() {
        return row;
    }
    let name = if recording.playlist.is_some() { "playlist.m3u8" } else { "recording.mp4" };
    Row { key: SinkKey::Exact(format!("{}{name}", recording.directory)), ..row }
}
