//! There are never two live composite egresses of one call.
//!
//! Why: two recorders cost twice, show up as two recordings of one conversation, and are the usual trace of a webhook
//! that was handled twice.
//!
//! The rule: when a composite reaches STARTING, no other composite of its call is STARTING or ACTIVE. One that is
//! ENDING records nothing any more.
//!
//! Broken by `two-composites`, which starts another one when `room_started` is delivered again.

use crate::livekit::EgressStatus;
use crate::property::{About, Property, Verdict, words};
use crate::state::State;
use crate::trace::{Fact, FactKind};

static ABOUT: About = About {
    id: "recording.no-overlap",
    promise: "There are never two live composite egresses of one call.",
    why: "Two recorders cost twice and leave two recordings of one conversation; a webhook handled twice does it.",
    one_check: "composite egress",
    broken_by: "two-composites",
};

/// See the head of this file.
#[derive(Debug, Default)]
pub struct NoOverlap;

impl Property for NoOverlap {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn wants(&self, kind: FactKind) -> bool {
        kind == FactKind::EgressChanged
    }

    fn observe(&mut self, fact: &Fact<'_>, state: &State, verdict: &mut Verdict) {
        let Fact::EgressChanged { egress: ix, status: EgressStatus::Starting, .. } = *fact else { return };
        let egress = state.egress(ix);
        if !egress.is_composite() {
            return;
        }
        let others = state.call(egress.call).egresses.iter().filter(|other| **other != ix);
        let mut live =
            others.map(|other| state.egress(*other)).filter(|other| other.is_composite() && other.is_recording());
        let first = live.next();
        verdict.check(
            first.is_none(),
            state.now,
            || words::about_egress(state, ix),
            || {
                let other = first.map_or("", |other| &other.info.egress_id);
                format!(
                    "a call has one composite egress at a time, but {} was started while egress {other} of the \
                     same call was still recording",
                    words::egress(state, ix)
                )
            },
        );
    }
}
