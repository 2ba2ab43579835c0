//! Puts a recording that could not be listed onto a list for somebody to look at, and nobody does.
//!
//! Why people write it: an error in a sweep must not hold up the others. `SlowDown` is no error of the recording: the sink only
//! asks for a pause, and the sweep itself is what makes it ask.
//! Breaks `deletion.complete`.

use std::collections::BTreeSet;

use egress_sim_sdk::{Cx, ObjectVersion, Result, Row};

use crate::About;
use crate::reference::desk::Desk;
use crate::reference::{Reference, Steps};

/// What it is.
pub const ABOUT: About = About {
    name: "no-retry-on-slow-down",
    summary: "Gives a recording up when the sink says SlowDown.",
    breaks: Some("deletion.complete"),
    breaks_sandbox: false,
};

/// See the head of this file.
pub struct NoRetryOnSlowDown(pub Reference, /** Egress ids. */ pub BTreeSet<String>);

impl Steps for NoRetryOnSlowDown {
    fn desk(&mut self) -> &mut Desk {
        self.0.desk()
    }

    fn concerns(&mut self, row: &Row) -> bool {
        !self.1.contains(&row.egress_id)
    }

    fn find(&mut self, cx: &mut Cx<'_>, row: &Row) -> Result<Vec<ObjectVersion>> {
        let found = self.0.find(cx, row);
        if found.as_ref().is_err_and(|error| error.code() == Some("SlowDown")) {
            self.1.insert(row.egress_id.clone());
        }
        found
    }

    fn looks_again(&mut self) -> bool {
        false
    }

    fn buckets_to_search(&mut self, _tenant: &str) -> Vec<String> {
        Vec::new()
    }
}
