//! Every row in state `stored` has its objects.
//!
//! Why: a row that promises a recording which is not there is found out when somebody needs it, and hides that it was
//! never made.
//!
//! The rule: when a row is committed as `stored`, its egress has ended and uploads nothing more, all of its objects are in the
//! sink, and the row's key covers at least one of them. Files, segments and the final playlist that the worker only takes
//! for stored count as its objects, too; a manifest, a live playlist or the beginnings of an attempt that LiveKit began anew
//! take nothing of the recording with them. Deleting an object while the row still says `stored` breaks the promise too.
//! One check a row, at its first such commit.
//!
//! Broken by `phantom-stored`, which writes `stored` on every `egress_ended`, whatever its status.

use std::collections::BTreeSet;

use crate::call::{Row, RowState};
use crate::property::{About, Mention, Property, Verdict, custody, words};
use crate::state::{EgressIx, Object, State};
use crate::trace::{Actor, Fact, FactKind};

static ABOUT: About = About {
    id: "inventory.no-phantom",
    promise: "Every inventory row in state `stored` has its objects.",
    why: "A row without objects is found out when somebody needs the recording, and hides that it was never made.",
    one_check: "stored row",
    broken_by: "phantom-stored",
};

/// See the head of this file.
#[derive(Debug, Default)]
pub struct NoPhantom {
    /// Recordings whose row was committed as stored.
    seen: BTreeSet<EgressIx>,
    /// Likewise, of egresses that never were.
    invented: BTreeSet<String>,
    /// Of these, the recordings whose objects were there, and were not deleted under the row yet.
    sound: BTreeSet<EgressIx>,
}

impl Property for NoPhantom {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn wants(&self, kind: FactKind) -> bool {
        matches!(kind, FactKind::RowCommitted | FactKind::Sink)
    }

    fn observe(&mut self, fact: &Fact<'_>, state: &State, verdict: &mut Verdict) {
        match *fact {
            Fact::RowCommitted { egress_id, state: Some(RowState::Stored) } => {
                self.committed(egress_id, state, verdict);
            }
            Fact::Sink { by: Actor::Operator(_) | Actor::Lifecycle, bucket, change }
                if custody::is_removal(change.kind) =>
            {
                let Some(ix) = custody::recording_of(state, bucket, change) else { return };
                if !self.sound.contains(&ix) {
                    return;
                }
                let row = state.ports.rows.get(&state.egress(ix).info.egress_id);
                if row.is_some_and(|stored| stored.row.state == RowState::Stored) && self.sound.remove(&ix) {
                    verdict.overturned(state.now, words::about_key(state, bucket, &change.key, ix), || {
                        let key = words::key(state, bucket, &change.key, ix);
                        format!("{key} was deleted while its inventory row still said `stored`")
                    });
                }
            }
            _ => {}
        }
    }
}

impl NoPhantom {
    fn committed(&mut self, egress_id: &str, state: &State, verdict: &mut Verdict) {
        let Some(stored) = state.ports.rows.get(egress_id) else { return };
        let ix = state.egress_named(egress_id).map(|egress| egress.ix);
        let wrong = missing(&stored.row, ix, state);
        if wrong.is_none()
            && let Some(ix) = ix
        {
            self.sound.insert(ix);
        }
        let first = match ix {
            Some(ix) => self.seen.insert(ix),
            None => self.invented.insert(egress_id.to_owned()),
        };
        let Some(wrong) = wrong else {
            if first {
                verdict.held();
            }
            return;
        };
        let about = ix.map_or_else(|| vec![Mention::Egress(egress_id.to_owned())], |ix| words::about_egress(state, ix));
        let message = || {
            let whose = ix.map_or_else(|| format!("egress {egress_id}"), |ix| words::egress(state, ix));
            format!("the inventory row of {whose} was committed as `stored`, but {wrong}")
        };
        if first {
            verdict.violated(state.now, about, message);
        } else {
            verdict.overturned(state.now, about, message);
        }
    }
}

/// What the sink lacks of what the row says.
fn missing(row: &Row, ix: Option<EgressIx>, state: &State) -> Option<String> {
    let Some(ix) = ix else { return Some("LiveKit never had such an egress".into()) };
    let egress = state.egress(ix);
    let status = egress.info.status;
    if status.is_live() || egress.draining {
        return Some(format!("the egress is {} and has not stored everything yet", status.as_str_name()));
    }
    if egress.objects.is_empty() && egress.missing.is_empty() {
        return Some(format!("the egress ended {} with nothing in the sink", status.as_str_name()));
    }
    if let Some(Object { bucket, key }) =
        egress.missing.iter().find(|one| custody::is_there(state, &one.bucket, &one.key))
    {
        return Some(format!("s3://{bucket}/{key} is in the sink only as it was before its last upload"));
    }
    let mut claimed = egress.missing.iter().chain(&egress.objects);
    if let Some(Object { bucket, key }) = claimed.find(|one| !custody::is_there(state, &one.bucket, &one.key)) {
        return Some(format!("s3://{bucket}/{key} is not in the sink"));
    }
    let covered = egress.objects.iter().any(|object| row.covers(object));
    (!covered).then(|| format!("it names none of the egress's {}", words::count(egress.objects.len(), "object")))
}
