//! Deletes what the first page of a listing shows.
//!
//! Why people write it: the first page holds a thousand keys, and no test has more. A recording of three hours has.
//! Breaks `deletion.complete`.

use egress_sim_sdk::{Cx, ObjectVersion, Result, Row};

use crate::About;
use crate::reference::desk::Desk;
use crate::reference::recording;
use crate::reference::{Reference, Steps};

/// What it is.
pub const ABOUT: About = About {
    name: "first-page-only",
    summary: "Deletes what the first page of a listing shows and takes it for all.",
    breaks: Some("deletion.complete"),
    breaks_sandbox: false,
};

/// See the head of this file.
pub struct FirstPageOnly(pub Reference);

impl Steps for FirstPageOnly {
    fn desk(&mut self) -> &mut Desk {
        self.0.desk()
    }

    fn find(&mut self, cx: &mut Cx<'_>, row: &Row) -> Result<Vec<ObjectVersion>> {
        Ok(cx.sink(&row.bucket).versions_page(recording::prefix_of(row), None, 0)?.versions)
    }

    fn nothing_left(&mut self, _cx: &mut Cx<'_>, _row: &Row) -> Result<bool> {
        Ok(true)
    }

    fn buckets_to_search(&mut self, _tenant: &str) -> Vec<String> {
        Vec::new()
    }
}
