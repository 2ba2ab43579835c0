//! A crash at any call leaves the same settled state.
//!
//! Why: a process dies when it is deployed, evicted or out of memory, and the moment is never a good one. Whatever it had begun
//! must be finished by whoever comes after it, as if nothing had happened.
//!
//! The rule: a run in which the operator's process dies is compared with its twin, the same run in which every such fault
//! strikes without effect. At their ends both have settled, and [`Settled`] is what is compared: recordings, what of them is
//! in the sink, links, deletions and the audit by idempotency key, with ids and times aside. One check a crash; the twin
//! is played only if there was one, and is no part of the trace.
//!
//! Broken by `publishes-last`, which says that a recording is stored and publishes its link then.

use crate::property::{About, Property, Verdict};
use crate::settled::{Difference, Settled};
use crate::state::State;
use crate::time::Time;
use crate::trace::{Fact, FactKind};

/// What it is called, for whoever plays the twin.
pub const ID: &str = "operator.crash-safe";

static ABOUT: About = About {
    id: ID,
    promise: "A crash at any call leaves the same settled state, ids and times aside.",
    why: "A process dies when it is deployed or evicted; what it had begun must be finished as if nothing had happened.",
    one_check: "crash",
    broken_by: "publishes-last",
};

/// See the head of this file. It counts the crashes; [`compare`] says what came of them.
#[derive(Debug, Default)]
pub struct CrashSafe;

impl Property for CrashSafe {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn wants(&self, kind: FactKind) -> bool {
        kind == FactKind::Crashed
    }

    fn observe(&mut self, _fact: &Fact<'_>, _state: &State, verdict: &mut Verdict) {
        verdict.held();
    }
}

/// Overturns one check if the run with crashes has settled otherwise than the one without, both at `at`.
pub fn compare(with: &Settled, without: &Settled, at: Time, verdict: &mut Verdict) {
    if let Some(difference) = with.difference(without) {
        let message = message(&difference);
        verdict.overturned(at, difference.about, || message);
    }
}

/// What was promised and what is the case instead.
pub fn message(difference: &Difference) -> String {
    format!("a crash leaves the same settled state, but {}", difference.words)
}
