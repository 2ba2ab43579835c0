//! Calls whose recordings can be judged: the call has ended and every egress of it has, too.

use std::collections::BTreeSet;

use super::{About, Property, Verdict};
use crate::state::{CallIx, State};
use crate::trace::{Fact, FactKind};

/// A promise about whole calls: each is judged once, when it has settled or, at the latest, when the run is over.
#[derive(Debug)]
pub struct PerCall {
    about: &'static About,
    judge: fn(CallIx, &State, &mut Verdict),
    calls: SettledCalls,
}

impl PerCall {
    /// No call has settled yet.
    pub(super) fn new(about: &'static About, judge: fn(CallIx, &State, &mut Verdict)) -> PerCall {
        PerCall { about, judge, calls: SettledCalls::default() }
    }
}

impl Property for PerCall {
    fn about(&self) -> &'static About {
        self.about
    }

    fn wants(&self, kind: FactKind) -> bool {
        matches!(kind, FactKind::RoomFinished | FactKind::EgressChanged)
    }

    fn observe(&mut self, fact: &Fact<'_>, state: &State, verdict: &mut Verdict) {
        if let Some(call) = self.calls.observe(fact, state) {
            (self.judge)(call, state, verdict);
        }
    }

    fn finish(&mut self, state: &State, verdict: &mut Verdict) {
        for call in self.calls.unsettled() {
            (self.judge)(call, state, verdict);
        }
    }
}

/// Waits for calls to settle.
#[derive(Debug, Default)]
struct SettledCalls {
    /// Ended, with an egress still under way.
    waiting: BTreeSet<CallIx>,
}

impl SettledCalls {
    /// The call that this fact settles, if it does.
    fn observe(&mut self, fact: &Fact<'_>, state: &State) -> Option<CallIx> {
        match *fact {
            Fact::RoomFinished { call, .. } => {
                let settled = is_settled(state, call);
                if !settled {
                    self.waiting.insert(call);
                }
                settled.then_some(call)
            }
            Fact::EgressChanged { egress, status, .. } if !status.is_live() && !state.egress(egress).draining => {
                let call = state.egress(egress).call;
                (self.waiting.contains(&call) && is_settled(state, call) && self.waiting.remove(&call)).then_some(call)
            }
            _ => None,
        }
    }

    /// Those that have ended but never settled.
    fn unsettled(&mut self) -> BTreeSet<CallIx> {
        std::mem::take(&mut self.waiting)
    }
}

fn is_settled(state: &State, call: CallIx) -> bool {
    state.call(call).egresses.iter().all(|ix| !state.egress(*ix).is_under_way())
}
