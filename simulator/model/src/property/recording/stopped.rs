//! No egress records longer than `stop_grace` behind its call.
//!
//! Why: a recorder that is left alone records hours of emptiness, which somebody pays for, keeps and must delete.
//!
//! The rule: `stop_grace` after the call's end, or after its own start where it started later, an egress is neither
//! STARTING nor ACTIVE. Uploading while ENDING may take longer.
//!
//! Broken by `never-stops`, which leaves it to the room's end to end the egress.

use crate::livekit::EgressStatus;
use crate::property::deadlines::Deadlines;
use crate::property::{About, Property, Verdict, words};
use crate::state::{EgressIx, State};
use crate::time::Time;
use crate::trace::{Fact, FactKind};

static ABOUT: About = About {
    id: "recording.stopped",
    promise: "No egress is STARTING or ACTIVE later than `stop_grace` after its call.",
    why: "A recorder that is left alone records hours of emptiness, which somebody pays for, keeps and must delete.",
    one_check: "egress",
    broken_by: "never-stops",
};

/// See the head of this file.
#[derive(Debug, Default)]
pub struct Stopped {
    lingering: Deadlines<EgressIx>,
}

impl Property for Stopped {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn wants(&self, kind: FactKind) -> bool {
        matches!(kind, FactKind::RoomFinished | FactKind::EgressChanged)
    }

    fn observe(&mut self, fact: &Fact<'_>, state: &State, verdict: &mut Verdict) {
        let due = state.now + state.scenario.promises.stop_grace;
        match *fact {
            Fact::RoomFinished { call, .. } => {
                for &ix in &state.call(call).egresses {
                    if state.egress(ix).is_recording() {
                        self.lingering.push(due, ix);
                    } else {
                        verdict.held();
                    }
                }
            }
            Fact::EgressChanged { egress, status: EgressStatus::Starting, .. }
                if state.call(state.egress(egress).call).ended =>
            {
                self.lingering.push(due, egress);
            }
            _ => {}
        }
    }

    fn next_due(&self) -> Option<Time> {
        self.lingering.next()
    }

    fn due(&mut self, at: Time, state: &State, verdict: &mut Verdict) {
        while let Some(ix) = self.lingering.take(at) {
            let egress = state.egress(ix);
            verdict.check(
                !egress.is_recording(),
                at,
                || words::about_egress(state, ix),
                || {
                    format!(
                        "{} must stop within {} of its call's end, but {} after that end it is still {}",
                        words::egress(state, ix),
                        state.scenario.promises.stop_grace,
                        at.since(state.call(egress.call).ends_at),
                        egress.info.status.as_str_name()
                    )
                },
            );
        }
    }
}
