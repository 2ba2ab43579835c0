//! Notes a legal hold, audits it, and deletes all the same.
//!
//! Why people write it: the hold was built as an entry in a list for the lawyers, and the sweep by somebody who never saw the
//! list.
//! Breaks `retention.not-early`.

use egress_sim_sdk::Row;

use crate::About;
use crate::reference::desk::Desk;
use crate::reference::orders::Holds;
use crate::reference::{Reference, Steps};

/// What it is.
pub const ABOUT: About = About {
    name: "ignores-holds",
    summary: "Deletes recordings on which a legal hold stands.",
    breaks: Some("retention.not-early"),
    breaks_sandbox: false,
};

/// See the head of this file.
pub struct IgnoresHolds(pub Reference);

impl Steps for IgnoresHolds {
    fn desk(&mut self) -> &mut Desk {
        self.0.desk()
    }

    fn is_held(&mut self, _holds: &Holds, _row: &Row) -> bool {
        false
    }
}
