//! Every recording has a row in the inventory that leads to every object of it.
//!
//! Why: what the inventory does not know is neither found when somebody asks for it nor deleted when the contract
//! ends.
//!
//! The rule: `inventory_grace` after an egress reached STARTING, a row with its id exists, unless it ended without
//! ever becoming ACTIVE. `inventory_grace` after its end the row covers each of its stored keys, in its bucket or its backup bucket,
//! one check a key; if none was stored, that the row exists is the check. A row whose key is a prefix covers no other
//! recording's objects. Afterwards the row stays: removing it, or making it point elsewhere, breaks the promise.
//!
//! Broken by `row-at-end`, which writes rows for the tracks that it knew of at the call's start.

use std::collections::BTreeSet;
use std::ops::Bound;
use std::sync::Arc;

use crate::call::{Row, SinkKey};
use crate::livekit::EgressStatus;
use crate::property::deadlines::Deadlines;
use crate::property::{About, Property, Verdict, words};
use crate::sink::Origin;
use crate::state::{EgressIx, Object, State};
use crate::time::Time;
use crate::trace::{Fact, FactKind};

static ABOUT: About = About {
    id: "inventory.complete",
    promise: "Within `inventory_grace` every recording has a row, and from its end on the row covers every \
        stored key.",
    why: "What the inventory does not know is neither found when asked for nor deleted when the contract ends.",
    one_check: "stored key",
    broken_by: "row-at-end",
};

/// See the head of this file.
#[derive(Debug, Default)]
pub struct Complete {
    due: Deadlines<(EgressIx, Since)>,
    /// Ended recordings whose row was complete.
    complete: BTreeSet<EgressIx>,
}

/// What a row is due after.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Since {
    Start,
    End,
}

impl Property for Complete {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn wants(&self, kind: FactKind) -> bool {
        matches!(kind, FactKind::EgressChanged | FactKind::RowCommitted)
    }

    fn observe(&mut self, fact: &Fact<'_>, state: &State, verdict: &mut Verdict) {
        match *fact {
            Fact::EgressChanged { egress, status, .. } => {
                let due = state.now + state.scenario.promises.inventory_grace;
                if status == EgressStatus::Starting {
                    self.due.push(due, (egress, Since::Start));
                } else if !status.is_live() && !state.egress(egress).draining {
                    self.due.push(due, (egress, Since::End));
                }
            }
            Fact::RowCommitted { egress_id, .. } => {
                let Some(ix) = state.egress_named(egress_id).map(|egress| egress.ix) else { return };
                if self.complete.contains(&ix) && !is_complete(ix, state) {
                    self.complete.remove(&ix);
                    verdict.overturned(state.now, words::about_egress(state, ix), || {
                        let what = match row_of(ix, state) {
                            Some(_) => "no longer covers what it stored",
                            None => "was removed",
                        };
                        format!(
                            "every recording keeps its inventory row, but that of {} {what}",
                            words::egress(state, ix)
                        )
                    });
                }
            }
            _ => {}
        }
    }

    fn next_due(&self) -> Option<Time> {
        self.due.next()
    }

    fn due(&mut self, at: Time, state: &State, verdict: &mut Verdict) {
        while let Some((ix, since)) = self.due.take(at) {
            let egress = state.egress(ix);
            if egress.active_at.is_none() && !egress.info.status.is_live() && egress.objects.is_empty() {
                continue;
            }
            match since {
                Since::Start => judge_start(ix, at, state, verdict),
                Since::End => {
                    judge_end(ix, at, state, verdict);
                    if is_complete(ix, state) {
                        self.complete.insert(ix);
                    }
                }
            }
        }
    }
}

fn row_of(ix: EgressIx, state: &State) -> Option<&Row> {
    state.ports.rows.get(&state.egress(ix).info.egress_id).map(|stored| &*stored.row)
}

fn is_complete(ix: EgressIx, state: &State) -> bool {
    row_of(ix, state).is_some_and(|row| state.egress(ix).objects.iter().all(|object| row.covers(object)))
}

/// A missing row is no check of its own unless nothing was stored: it then is the one at the end.
fn judge_start(ix: EgressIx, at: Time, state: &State, verdict: &mut Verdict) {
    if row_of(ix, state).is_none() {
        verdict.overturned(at, words::about_egress(state, ix), || {
            format!("{} after {} had started it had no inventory row", grace(state), words::egress(state, ix))
        });
    }
}

fn judge_end(ix: EgressIx, at: Time, state: &State, verdict: &mut Verdict) {
    let egress = state.egress(ix);
    let row = row_of(ix, state);
    if egress.objects.is_empty() {
        verdict.check(
            row.is_some(),
            at,
            || words::about_egress(state, ix),
            || format!("{} after {} had ended it had no inventory row", grace(state), words::egress(state, ix)),
        );
    }
    for object in &egress.objects {
        let Object { bucket, key } = object;
        verdict.check(
            row.is_some_and(|row| row.covers(object)),
            at,
            || words::about_key(state, bucket, key, ix),
            || {
                let found = row.map_or_else(|| "there is no row".into(), |row| format!("the row names {}", place(row)));
                let key = words::key(state, bucket, key, ix);
                format!(
                    "{} after the end of an egress its row covers every stored key, but for {key} {found}",
                    grace(state)
                )
            },
        );
    }
    if let Some((row, (bucket, key))) = row.and_then(|row| Some((row, foreign(row, ix, state)?))) {
        verdict.overturned(at, words::about_key(state, bucket, &key, ix), || {
            format!(
                "the row of {} names {}, which covers s3://{bucket}/{key} of another recording too",
                words::egress(state, ix),
                place(row),
            )
        });
    }
}

/// A key of another recording under the row's prefix.
fn foreign<'r>(row: &'r Row, ix: EgressIx, state: &State) -> Option<(&'r str, Arc<str>)> {
    let SinkKey::Prefix(prefix) = &row.key else { return None };
    let other = |origin: Origin| matches!(origin, Origin::Egress(other) if other != ix);
    row.buckets().find_map(|bucket| {
        let keys = state.sink.buckets.get(bucket)?.keys.range(Bound::Included(prefix.as_str()));
        let mut covered = keys.take_while(|(key, _)| key.starts_with(prefix.as_str()));
        let (key, _) = covered.find(|(_, versions)| versions.0.last().is_some_and(|version| other(version.origin)))?;
        Some((bucket, key.clone()))
    })
}

fn place(row: &Row) -> String {
    let place = match &row.key {
        SinkKey::Exact(key) => format!("s3://{}/{key}", row.bucket),
        SinkKey::Prefix(prefix) => format!("everything below s3://{}/{prefix}", row.bucket),
    };
    match &row.backup_bucket {
        Some(backup) => format!("{place} and the same in bucket {backup}"),
        None => place,
    }
}

fn grace(state: &State) -> crate::time::Span {
    state.scenario.promises.inventory_grace
}
