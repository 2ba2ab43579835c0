//! A call with `recording = "none"` is not recorded.
//!
//! Why: these people did not agree. Recording them is unlawful in most places, however soon it is deleted.
//!
//! The rule: such a call has no egress, whatever becomes of it. It is judged at the call's end, and broken at once
//! when an egress starts, also behind that end.
//!
//! Broken by `records-all`, which does not read the room's metadata.

use std::collections::BTreeSet;

use crate::livekit::EgressStatus;
use crate::property::{About, Property, Verdict, words};
use crate::scenario::Recording;
use crate::state::{CallIx, State};
use crate::trace::{Fact, FactKind};

static ABOUT: About = About {
    id: "recording.consent",
    promise: "A call with `recording = \"none\"` is not recorded.",
    why: "These people did not agree: recording them is unlawful in most places, however soon it is deleted.",
    one_check: "call",
    broken_by: "records-all",
};

/// See the head of this file.
#[derive(Debug, Default)]
pub struct Consent {
    /// Calls that were judged.
    judged: BTreeSet<CallIx>,
}

impl Property for Consent {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn wants(&self, kind: FactKind) -> bool {
        matches!(kind, FactKind::RoomFinished | FactKind::EgressChanged)
    }

    fn observe(&mut self, fact: &Fact<'_>, state: &State, verdict: &mut Verdict) {
        match *fact {
            Fact::RoomFinished { call, .. } if must_not_be(state, call) && self.judged.insert(call) => {
                verdict.held();
            }
            Fact::EgressChanged { egress: ix, status: EgressStatus::Starting, .. } => {
                let call = state.egress(ix).call;
                if !must_not_be(state, call) {
                    return;
                }
                let message = || {
                    format!(
                        "{} must not be recorded, but {} was started",
                        words::call(state, call),
                        words::egress(state, ix)
                    )
                };
                if self.judged.insert(call) {
                    verdict.violated(state.now, words::about_egress(state, ix), message);
                } else {
                    verdict.overturned(state.now, words::about_egress(state, ix), message);
                }
            }
            _ => {}
        }
    }
}

/// A room that was made by order and says nothing of recording is not forbidden either.
fn must_not_be(state: &State, call: CallIx) -> bool {
    let call = state.call(call);
    call.recording == Recording::None && !call.made.as_ref().is_some_and(|made| made.silent)
}
