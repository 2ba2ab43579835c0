//! Records every call.
//!
//! Why people write it: too much is safer than too little, and the metadata is one more thing that can be wrong. These people
//! did not agree to it.
//! Breaks `recording.consent`.

use egress_sim_sdk::Room;

use crate::About;
use crate::reference::desk::{Desk, Plan, Wanted};
use crate::reference::{Reference, Steps};

/// What it is.
pub const ABOUT: About = About {
    name: "records-all",
    summary: "Does not read what the room asks for and records every call.",
    breaks: Some("recording.consent"),
    breaks_sandbox: false,
};

/// See the head of this file.
pub struct RecordsAll(pub Reference);

impl Steps for RecordsAll {
    fn desk(&mut self) -> &mut Desk {
        self.0.desk()
    }

    fn plan(&mut self, room: &Room) -> Option<Plan> {
        let plan = self.desk().read_plan(room)?;
        let wanted = if plan.wanted == Wanted::Nothing { Wanted::Composite } else { plan.wanted };
        Some(Plan { wanted, ..plan })
    }
}
