//! A composite egress that ends before its compliance call is replaced within `gap`.
//!
//! Why: recorders fail in the middle of calls. What is said until somebody starts another one is lost.
//!
//! The rule: a composite of a compliance call ends more than `gap` before the call does, and not because the operator
//! stopped it. Then, `gap` later, another composite of the call has been started since, or the call is over. Where its
//! worker died without a word, it has ended when its recorder is seen to have left the room.
//!
//! Broken by `no-replacement`, which takes `egress_ended` for the end of the call.

use std::collections::BTreeSet;

use crate::livekit::EgressStatus;
use crate::property::coverage::ended_by_itself;
use crate::property::deadlines::Deadlines;
use crate::property::{About, Property, Verdict, words};
use crate::scenario::Recording;
use crate::state::{EgressIx, State};
use crate::time::Time;
use crate::trace::{Fact, FactKind};

static ABOUT: About = About {
    id: "recording.gap",
    promise: "A composite egress that ends before its compliance call is replaced within `gap`.",
    why: "Recorders fail in the middle of calls; what is said until another one runs is lost.",
    one_check: "early end",
    broken_by: "no-replacement",
};

/// See the head of this file.
#[derive(Debug, Default)]
pub struct Gap {
    /// Live composites of compliance calls.
    live: BTreeSet<EgressIx>,
    ended: Deadlines<EgressIx>,
}

impl Property for Gap {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn wants(&self, kind: FactKind) -> bool {
        matches!(kind, FactKind::EgressChanged | FactKind::ParticipantLeft)
    }

    fn observe(&mut self, fact: &Fact<'_>, state: &State, _verdict: &mut Verdict) {
        let (ix, recording) = match *fact {
            Fact::EgressChanged { egress, status, .. } => {
                (egress, matches!(status, EgressStatus::Starting | EgressStatus::Active))
            }
            Fact::ParticipantLeft { recorder: true, identity, .. } => match state.egress_named(identity) {
                Some(egress) if egress.lost.is_some() => (egress.ix, false),
                _ => return,
            },
            _ => return,
        };
        let egress = state.egress(ix);
        let call = state.call(egress.call);
        if recording {
            if egress.is_composite() && call.recording == Recording::Compliance {
                self.live.insert(ix);
            }
        } else if self.live.remove(&ix) {
            let due = state.now + state.scenario.promises.gap;
            if ended_by_itself(egress) && !call.ended && due < call.ends_at {
                self.ended.push(due, ix);
            }
        }
    }

    fn next_due(&self) -> Option<Time> {
        self.ended.next()
    }

    fn due(&mut self, at: Time, state: &State, verdict: &mut Verdict) {
        let gap = state.scenario.promises.gap;
        while let Some(ix) = self.ended.take(at) {
            let egress = state.egress(ix);
            let call = state.call(egress.call);
            // Started since: the successor may itself have ended by now, and then has a deadline of its own.
            let replaced =
                call.egresses.iter().filter(|other| **other != ix).map(|other| state.egress(*other)).any(|other| {
                    let since = other.info.started_at.is_some_and(|began| began + gap >= at);
                    other.is_composite() && (other.is_recording() || since)
                });
            verdict.check(
                replaced || call.ended,
                at,
                || words::about_egress(state, ix),
                || {
                    format!(
                        "{} ended by itself ({}) {} before its call, and {gap} later no other composite was \
                         recording the call",
                        words::egress(state, ix),
                        words::reason(egress),
                        call.ends_at.since(at - gap),
                    )
                },
            );
        }
    }
}
