//! With `retention_max`, nothing is kept longer, holds aside.
//!
//! Why: data that should be gone can leak, be demanded in court, and be fined.
//!
//! The rule: `retention_max` after an egress's end nothing is left of any of its keys: no version, no delete marker.
//! Where a legal hold stands on its room then, nothing is left `delete_within` after the hold is lifted. What object lock
//! protects then is judged a day after its lock has ended, if the refusal is in the audit.
//!
//! Broken by `keeps-too-long`, which deletes at the contract's end only.

use std::collections::BTreeSet;

use crate::call::Order;
use crate::property::deadlines::Deadlines;
use crate::property::locks::{Refusals, TO_DELETE};
use crate::property::{About, Property, Verdict, custody, words};
use crate::state::{EgressIx, Object, State};
use crate::time::Time;
use crate::trace::{Fact, FactKind};

static ABOUT: About = About {
    id: "retention.not-late",
    promise: "With `retention_max`, nothing is kept longer, holds aside.",
    why: "Data that should be gone can leak, be demanded in court, and be fined.",
    one_check: "key",
    broken_by: "keeps-too-long",
};

/// See the head of this file.
#[derive(Debug, Default)]
pub struct NotLate {
    due: Deadlines<EgressIx>,
    /// Were due while a hold stood.
    held: BTreeSet<EgressIx>,
    refusals: Refusals,
    /// Were due while object lock protected them.
    locked: Deadlines<(EgressIx, Object)>,
}

impl Property for NotLate {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn wants(&self, kind: FactKind) -> bool {
        matches!(kind, FactKind::EgressChanged | FactKind::CommandGiven | FactKind::Audited)
    }

    fn observe(&mut self, fact: &Fact<'_>, state: &State, _verdict: &mut Verdict) {
        match *fact {
            Fact::EgressChanged { egress, status, .. } if !status.is_live() && !state.egress(egress).draining => {
                if let Some(max) = state.tenant_rule(state.tenant_of(egress).ix).retention_max {
                    self.due.push(state.egress(egress).info.ended_at.unwrap_or(state.now) + max, egress);
                }
            }
            Fact::CommandGiven { command } if matches!(command.order, Order::LiftHold(_)) => {
                let freed: Vec<EgressIx> =
                    self.held.iter().copied().filter(|ix| !custody::is_held(state, *ix)).collect();
                for ix in freed {
                    self.held.remove(&ix);
                    self.due.push(state.now + state.tenant_rule(state.tenant_of(ix).ix).delete_within, ix);
                }
            }
            Fact::Audited { records, .. } => self.refusals.audited(records),
            _ => {}
        }
    }

    fn next_due(&self) -> Option<Time> {
        [self.due.next(), self.locked.next()].into_iter().flatten().min()
    }

    fn due(&mut self, at: Time, state: &State, verdict: &mut Verdict) {
        while let Some(ix) = self.due.take(at) {
            if custody::is_held(state, ix) {
                self.held.insert(ix);
                continue;
            }
            for object in &state.egress(ix).objects {
                self.judge(ix, object, at, state, verdict);
            }
        }
        while let Some((ix, object)) = self.locked.take(at) {
            if custody::is_held(state, ix) {
                self.locked.push(at + TO_DELETE, (ix, object));
            } else {
                self.judge(ix, &object, at, state, verdict);
            }
        }
    }
}

impl NotLate {
    fn judge(&mut self, ix: EgressIx, object: &Object, at: Time, state: &State, verdict: &mut Verdict) {
        let egress = state.egress(ix);
        let Object { bucket, key } = object;
        let left = custody::remains(state, bucket, key, ix);
        if left.is_some()
            && let Some(again) = self.refusals.put_off(state, bucket, key, at)
        {
            self.locked.push(again, (ix, object.clone()));
            return;
        }
        verdict.check(
            left.is_none(),
            at,
            || words::about_key(state, bucket, key, ix),
            || {
                format!(
                    "{} must be gone {} after the egress's end, but it still has {}",
                    words::key(state, bucket, key, ix),
                    at.since(egress.info.ended_at.unwrap_or(at)),
                    left.map_or_else(String::new, |left| left.to_string()),
                )
            },
        );
    }
}
