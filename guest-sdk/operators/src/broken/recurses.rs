//! Calls itself until the stack is used up.
//!
//! Why people write it: "and so on for the rest" is easily said, and the rest of nothing was forgotten.
//! Breaks `sandbox.contained`.

use egress_sim_sdk::{Cx, Result};

use crate::About;
use crate::reference::desk::Desk;
use crate::reference::recording::Recording;
use crate::reference::{Reference, Steps};

/// What it is.
pub const ABOUT: About = About {
    name: "recurses",
    summary: "Recurses without end.",
    breaks: Some("sandbox.contained"),
    breaks_sandbox: true,
};

/// See the head of this file.
pub struct Recurses(pub Reference);

impl Steps for Recurses {
    fn desk(&mut self) -> &mut Desk {
        self.0.desk()
    }

    fn is_stored(&mut self, cx: &mut Cx<'_>, recording: &Recording) -> Result<bool> {
        let parts = parts_of(&recording.directory, 0);
        Ok(parts > 0 && self.0.is_stored(cx, recording)?)
    }
}

/// Counts the parts of a path, but never comes to the last one.
fn parts_of(path: &str, depth: u64) -> u64 {
    if depth == u64::MAX {
        return depth;
    }
    let rest = path.split_once('/').map_or(path, |(_, rest)| rest);
    1 + std::hint::black_box(parts_of(rest, depth + 1))
}
