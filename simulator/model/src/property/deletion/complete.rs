//! When deletion is due, nothing of the tenant is left.
//!
//! Why: the contract says that everything is deleted, and somebody will check, or find it.
//!
//! The rule: deletion is due `delete_within` after the later of the contract's end and the last lifting of a hold,
//! inclusive; never while a hold stands. Then, of every key that the tenant's egresses ever stored, there is no
//! version, no delete marker and no unfinished upload. It is judged once a tenant; one check a key. The same goes for
//! the copies that replication made of them in other buckets: they belong to the tenant whose call produced the original.
//! What object lock protects then is judged a day after its lock has ended, if the refusal is in the audit.
//!
//! Broken by `first-page-only`, which deletes what the first page of a listing shows.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::property::deadlines::Deadlines;
use crate::property::locks::{Refusals, TO_DELETE};
use crate::property::{About, Property, Verdict, custody, words};
use crate::sink::{ChangeKind, Origin};
use crate::state::{EgressIx, Object, State, TenantIx};
use crate::time::Time;
use crate::trace::{Actor, Fact, FactKind};

static ABOUT: About = About {
    id: "deletion.complete",
    promise: "When deletion is due nothing of the tenant is left: no version, no delete marker, no unfinished \
        upload.",
    why: "The contract says that everything is deleted, and somebody will check, or find what was left.",
    one_check: "key ever stored",
    broken_by: "first-page-only",
};

/// See the head of this file.
#[derive(Debug, Default)]
pub struct Complete {
    due: Deadlines<TenantIx>,
    judged: BTreeSet<TenantIx>,
    /// Bucket and key of every copy that replication made of a recording.
    copies: BTreeMap<EgressIx, BTreeSet<Object>>,
    refusals: Refusals,
    /// What object lock protected when it was due.
    locked: Deadlines<(EgressIx, Object)>,
}

impl Property for Complete {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn wants(&self, kind: FactKind) -> bool {
        matches!(kind, FactKind::CommandGiven | FactKind::Sink | FactKind::Audited)
    }

    fn observe(&mut self, fact: &Fact<'_>, state: &State, _verdict: &mut Verdict) {
        match *fact {
            Fact::Sink { by: Actor::Replication, bucket, change } => {
                if let (ChangeKind::Stored { .. }, Origin::Egress(ix)) = (change.kind, change.origin) {
                    self.copies
                        .entry(ix)
                        .or_default()
                        .insert(Object { bucket: bucket.into(), key: Arc::clone(&change.key) });
                }
                return;
            }
            Fact::Audited { records, .. } => return self.refusals.audited(records),
            Fact::CommandGiven { .. } => {}
            _ => return,
        }
        // A contract's end or a hold of anybody moves somebody's date: there are few tenants and few commands.
        self.due = Deadlines::default();
        for tenant in state.tenants.iter().filter(|tenant| !self.judged.contains(&tenant.ix)) {
            if let Some(due) = tenant.deletion_due(state.tenant_rule(tenant.ix).delete_within) {
                self.due.push(due, tenant.ix);
            }
        }
    }

    fn next_due(&self) -> Option<Time> {
        [self.due.next(), self.locked.next()].into_iter().flatten().min()
    }

    fn due(&mut self, at: Time, state: &State, verdict: &mut Verdict) {
        while let Some(tenant) = self.due.take(at) {
            self.judged.insert(tenant);
            for call in state.calls.iter().filter(|call| call.tenant == tenant) {
                for &ix in &call.egresses {
                    self.judge(ix, at, state, verdict);
                }
            }
        }
        while let Some((ix, object)) = self.locked.take(at) {
            let tenant = state.tenant_of(ix);
            match tenant.deletion_due(state.tenant_rule(tenant.ix).delete_within) {
                // A hold was ordered meanwhile, or one was lifted.
                None => self.locked.push(at + TO_DELETE, (ix, object)),
                Some(due) if due > at => self.locked.push(due, (ix, object)),
                Some(_) => self.judge_key(ix, &object, at, state, verdict),
            }
        }
    }
}

impl Complete {
    fn judge(&mut self, ix: EgressIx, at: Time, state: &State, verdict: &mut Verdict) {
        let egress = state.egress(ix);
        for object in &egress.objects {
            self.judge_key(ix, object, at, state, verdict);
        }
        for copy in self.copies.remove(&ix).unwrap_or_default() {
            self.judge_key(ix, &copy, at, state, verdict);
        }
        let stored =
            |bucket: &str, key: &str| egress.objects.iter().any(|one| *one.key == *key && *one.bucket == *bucket);
        for (bucket, key) in unfinished_uploads(ix, state).into_iter().filter(|(bucket, key)| !stored(bucket, key)) {
            verdict.overturned(at, words::about_key(state, bucket, key, ix), || {
                message(ix, (bucket, key), "an unfinished upload", at, state)
            });
        }
    }

    fn judge_key(&mut self, ix: EgressIx, object: &Object, at: Time, state: &State, verdict: &mut Verdict) {
        let Object { bucket, key } = object;
        let left = custody::remains(state, bucket, key, ix);
        if left.is_some()
            && let Some(again) = self.refusals.put_off(state, bucket, key, at)
        {
            self.locked.push(again, (ix, object.clone()));
            return;
        }
        let uploading = is_uploading(ix, bucket, key, state);
        verdict.check(
            left.is_none() && !uploading,
            at,
            || words::about_key(state, bucket, key, ix),
            || {
                let left = left.map_or_else(|| "an unfinished upload".into(), |left| left.to_string());
                message(ix, (bucket, key), &left, at, state)
            },
        );
    }
}

fn message(ix: EgressIx, (bucket, key): (&str, &str), left: &str, at: Time, state: &State) -> String {
    let tenant = state.tenant_of(ix);
    format!(
        "nothing of tenant {} may be left {} after its contract's end, but {left} of {} is still in the sink",
        tenant.name,
        at.since(tenant.contract_ended.unwrap_or(at)),
        words::key(state, bucket, key, ix)
    )
}

/// Bucket and key of uploads of this egress that were begun and neither finished nor aborted.
fn unfinished_uploads(ix: EgressIx, state: &State) -> BTreeSet<(&str, &str)> {
    let buckets = state.buckets_of(ix).filter_map(|name| Some((name, state.sink.buckets.get(name)?)));
    buckets
        .flat_map(|(name, bucket)| bucket.uploads.iter().map(move |upload| (name, upload)))
        .filter(|(_, (_, upload))| upload.origin == Origin::Egress(ix))
        .map(|(name, ((key, _), _))| (name, key.as_str()))
        .collect()
}

/// Whether an upload of this key by this egress was begun and neither finished nor aborted.
fn is_uploading(ix: EgressIx, bucket: &str, key: &str, state: &State) -> bool {
    let Some(bucket) = state.sink.buckets.get(bucket) else { return false };
    if bucket.uploads.is_empty() {
        return false;
    }
    let of_key = bucket.uploads.range((key.to_owned(), String::new())..).take_while(|((other, _), _)| other == key);
    of_key.map(|(_, upload)| upload).any(|upload| upload.origin == Origin::Egress(ix))
}
