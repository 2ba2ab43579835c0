//! Calls whose recordings can be judged: the call has ended and every egress of it has, too.

use std::collections::BTreeSet;

use crate::state::{CallIx, State};
use crate::trace::{Fact, FactKind};

/// Waits for calls to settle.
#[derive(Debug, Default)]
pub struct SettledCalls {
    /// Ended, with an egress still under way.
    waiting: BTreeSet<CallIx>,
}

impl SettledCalls {
    /// The facts that [`SettledCalls::observe`] needs.
    pub const fn wants(kind: FactKind) -> bool {
        matches!(kind, FactKind::RoomFinished | FactKind::EgressChanged)
    }

    /// The call that this fact settles, if it does.
    pub fn observe(&mut self, fact: &Fact<'_>, state: &State) -> Option<CallIx> {
        match *fact {
            Fact::RoomFinished { call, .. } => {
                let settled = is_settled(state, call);
                if !settled {
                    self.waiting.insert(call);
                }
                settled.then_some(call)
            }
            Fact::EgressChanged { egress, status, .. } if !status.is_live() => {
                let call = state.egress(egress).call;
                (self.waiting.contains(&call) && is_settled(state, call) && self.waiting.remove(&call)).then_some(call)
            }
            _ => None,
        }
    }

    /// Those that have ended but never settled.
    pub fn unsettled(&mut self) -> BTreeSet<CallIx> {
        std::mem::take(&mut self.waiting)
    }
}

fn is_settled(state: &State, call: CallIx) -> bool {
    state.call(call).egresses.iter().all(|ix| !state.egress(*ix).info.status.is_live())
}
