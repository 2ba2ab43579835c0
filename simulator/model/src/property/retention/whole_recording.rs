//! Playlist, segments and manifest of a recording live and go together.
//!
//! Why: a playlist without its segments is a broken recording; a manifest left behind names people whose recording is
//! said to be deleted.
//!
//! The rule: a day after the first object of an ended egress was deleted, or at the end of the run if that comes
//! first, nothing is left of any of its keys: no version, no delete marker. A hold that came in between stops the
//! clock; what object lock protects, or has protected until less than a day
//! ago, its refusal in the audit, is judged a day after its lock has ended.
//!
//! Broken by `leaves-manifest`, which deletes what `egress_ended` named and forgets `{egress_id}.json`.

use std::collections::BTreeSet;

use crate::property::deadlines::Deadlines;
use crate::property::locks::Refusals;
use crate::property::{About, Property, Verdict, custody, words};
use crate::state::{EgressIx, Object, State};
use crate::time::{Span, Time};
use crate::trace::{Actor, Fact, FactKind};

static ABOUT: About = About {
    id: "retention.whole-recording",
    promise: "Playlist, segments and manifest of a recording live and go together.",
    why: "A playlist without segments is broken; a manifest left behind names people whose recording is said to \
        be gone.",
    one_check: "recording",
    broken_by: "leaves-manifest",
};

/// How long the deletion of one recording may take.
const ONE_DELETION: Span = Span::seconds(86_400);

/// See the head of this file.
#[derive(Debug, Default)]
pub struct WholeRecording {
    /// Recordings that lost an object.
    touched: BTreeSet<EgressIx>,
    due: Deadlines<EgressIx>,
    refusals: Refusals,
}

impl Property for WholeRecording {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn wants(&self, kind: FactKind) -> bool {
        matches!(kind, FactKind::Sink | FactKind::Audited)
    }

    fn observe(&mut self, fact: &Fact<'_>, state: &State, _verdict: &mut Verdict) {
        if let Fact::Audited { records, .. } = fact {
            return self.refusals.audited(records);
        }
        let Fact::Sink { by: Actor::Operator(_) | Actor::Lifecycle, bucket, change } = *fact else { return };
        if !custody::is_removal(change.kind) {
            return;
        }
        let Some(ix) = custody::recording_of(state, bucket, change) else { return };
        if state.egress(ix).over_at().is_some() && self.touched.insert(ix) {
            self.due.push(state.now + ONE_DELETION, ix);
        }
    }

    fn next_due(&self) -> Option<Time> {
        self.due.next()
    }

    fn due(&mut self, at: Time, state: &State, verdict: &mut Verdict) {
        while let Some(ix) = self.due.take(at) {
            if custody::is_held(state, ix) {
                self.due.push(at + ONE_DELETION, ix);
            } else if let Some(again) = self.put_off(ix, at, state) {
                self.due.push(again, ix);
            } else {
                judge(ix, at, state, verdict);
            }
        }
    }

    fn finish(&mut self, state: &State, verdict: &mut Verdict) {
        while let Some(ix) = self.due.take(Time::MAX) {
            if !custody::is_held(state, ix) && self.put_off(ix, state.now, state).is_none() {
                judge(ix, state.now, state, verdict);
            }
        }
    }
}

impl WholeRecording {
    /// When to look again: object lock protects something of it. None: nothing that would excuse it.
    fn put_off(&self, ix: EgressIx, at: Time, state: &State) -> Option<Time> {
        let egress = state.egress(ix);
        let left = egress.objects.iter().filter(|one| custody::remains(state, &one.bucket, &one.key, ix).is_some());
        let again: Option<Vec<Time>> =
            left.map(|one| self.refusals.put_off(state, &one.bucket, &one.key, at)).collect();
        again?.into_iter().max()
    }
}

fn judge(ix: EgressIx, at: Time, state: &State, verdict: &mut Verdict) {
    let egress = state.egress(ix);
    let mut left = egress
        .objects
        .iter()
        .filter_map(|object| Some((object, custody::remains(state, &object.bucket, &object.key, ix)?)));
    let first = left.next();
    verdict.check(
        first.is_none(),
        at,
        || first.map_or_else(Vec::new, |(object, _)| words::about_key(state, &object.bucket, &object.key, ix)),
        || {
            let (Object { bucket, key }, remains) = first.expect("something is left of it");
            format!(
                "the {} of {} go together, but some were deleted and {} left: s3://{bucket}/{key} among them, \
                 with {remains}",
                words::count(egress.objects.len(), "object"),
                words::egress(state, ix),
                match left.count() + 1 {
                    1 => "1 was".to_owned(),
                    several => format!("{several} were"),
                },
            )
        },
    );
}
