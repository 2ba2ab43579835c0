//! Records everything into the first bucket it knows.
//!
//! Why people write it: there was one tenant with one bucket when this line was written.
//! Breaks `recording.own-buckets`.

use egress_sim_sdk::Bucket;

use crate::About;
use crate::reference::desk::Desk;
use crate::reference::duty::Duty;
use crate::reference::{Reference, Steps};

/// What it is.
pub const ABOUT: About = About {
    name: "wrong-bucket",
    summary: "Records every tenant into the first bucket of the configuration.",
    breaks: Some("recording.own-buckets"),
    breaks_sandbox: false,
};

/// See the head of this file.
pub struct WrongBucket(pub Reference);

impl Steps for WrongBucket {
    fn desk(&mut self) -> &mut Desk {
        self.0.desk()
    }

    fn choose_bucket(&mut self, _duty: &Duty) -> Option<Bucket> {
        self.desk().tenants().next()?.buckets.first().cloned()
    }
}
