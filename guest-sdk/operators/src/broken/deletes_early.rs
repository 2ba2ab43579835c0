//! Deletes a recording an hour after it was published.
//!
//! Why people write it: what is published is on the CDN, and the copy in the sink costs money. The sink has no copy: it has the
//! recording, and it was to be kept for years.
//! Breaks `retention.not-early`.

use egress_sim_sdk::time::HOUR;

use crate::About;
use crate::reference::desk::Desk;
use crate::reference::{Reference, Steps};

/// What it is.
pub const ABOUT: About = About {
    name: "deletes-early",
    summary: "Deletes recordings an hour after their end, whatever the retention.",
    breaks: Some("retention.not-early"),
    breaks_sandbox: false,
};

/// See the head of this file.
pub struct DeletesEarly(pub Reference);

impl Steps for DeletesEarly {
    fn desk(&mut self) -> &mut Desk {
        self.0.desk()
    }

    fn due(&mut self, _tenant: &str, ended_at: u64) -> Option<u64> {
        Some(ended_at + HOUR)
    }
}
