//! Nothing is deleted before retention allows it, or while a legal hold stands.
//!
//! Why: what is deleted too early is evidence lost, and under a hold it is evidence destroyed.
//!
//! The rule: when the operator erases a version with data of a recording, or puts a delete marker on it, the tenant's
//! retention has passed since the egress's end or the contract has ended, and no hold stands on its room. Without a
//! retention only the contract's end allows it. One check a key, at its first removal; what follows can only break
//! it. A hold counts from `[promises].prompt` behind its order on: before that, an operator that is busy deleting may
//! not have been told.
//!
//! Broken by `deletes-early`, which deletes a recording once it is published.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::property::{About, Property, Verdict, custody, words};
use crate::state::{EgressIx, State};
use crate::trace::{Actor, Fact, FactKind};

static ABOUT: About = About {
    id: "retention.not-early",
    promise: "Nothing is deleted before retention allows it, or while a legal hold stands.",
    why: "What is deleted too early is evidence lost; under a legal hold it is evidence destroyed.",
    one_check: "deleted key",
    broken_by: "deletes-early",
};

/// See the head of this file.
#[derive(Debug, Default)]
pub struct NotEarly {
    /// Keys that were removed once.
    removed: BTreeSet<(EgressIx, Arc<str>)>,
}

impl Property for NotEarly {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn wants(&self, kind: FactKind) -> bool {
        kind == FactKind::Sink
    }

    fn observe(&mut self, fact: &Fact<'_>, state: &State, verdict: &mut Verdict) {
        let Fact::Sink { by: Actor::Operator(_), bucket, change } = *fact else { return };
        if !custody::is_removal(change.kind) {
            return;
        }
        let Some(ix) = custody::recording_of(state, bucket, change) else { return };
        let first = self.removed.insert((ix, change.key.clone()));
        let Some(kept) = custody::kept(state, ix) else {
            if first {
                verdict.held();
            }
            return;
        };
        let about = words::about_key(state, bucket, &change.key, ix);
        let message =
            || format!("{} was deleted {}", words::key(state, bucket, &change.key, ix), kept.words(state.now));
        if first {
            verdict.violated(state.now, about, message);
        } else {
            verdict.overturned(state.now, about, message);
        }
    }
}
