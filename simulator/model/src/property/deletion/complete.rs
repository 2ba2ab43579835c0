//! When deletion is due, nothing of the tenant is left.
//!
//! Why: the contract says that everything is deleted, and somebody will check, or find it.
//!
//! The rule: deletion is due `delete_within` after the later of the contract's end and the last lifting of a hold,
//! inclusive; never while a hold stands. Then, of every key that the tenant's egresses ever stored, there is no
//! version, no delete marker and no unfinished upload. It is judged once a tenant; one check a key.
//!
//! Broken by `first-page-only`, which deletes what the first page of a listing shows.

use std::collections::BTreeSet;

use crate::property::deadlines::Deadlines;
use crate::property::{About, Property, Verdict, custody, words};
use crate::sink::Origin;
use crate::state::{EgressIx, Object, State, TenantIx};
use crate::time::Time;
use crate::trace::{Fact, FactKind};

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
}

impl Property for Complete {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn wants(&self, kind: FactKind) -> bool {
        kind == FactKind::CommandGiven
    }

    fn observe(&mut self, fact: &Fact<'_>, state: &State, _verdict: &mut Verdict) {
        if !matches!(fact, Fact::CommandGiven { .. }) {
            return;
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
        self.due.next()
    }

    fn due(&mut self, at: Time, state: &State, verdict: &mut Verdict) {
        while let Some(tenant) = self.due.take(at) {
            self.judged.insert(tenant);
            for call in state.calls.iter().filter(|call| call.tenant == tenant) {
                for &ix in &call.egresses {
                    judge(ix, at, state, verdict);
                }
            }
        }
    }
}

fn judge(ix: EgressIx, at: Time, state: &State, verdict: &mut Verdict) {
    let egress = state.egress(ix);
    let uploads = unfinished_uploads(ix, state);
    for object in &egress.objects {
        let Object { bucket, key } = object;
        let left = custody::remains(state, bucket, key, ix);
        let uploading = uploads.contains(&(&**bucket, &**key));
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
    let stored = |bucket: &str, key: &str| egress.objects.iter().any(|one| *one.key == *key && *one.bucket == *bucket);
    for (bucket, key) in uploads.into_iter().filter(|(bucket, key)| !stored(bucket, key)) {
        verdict.overturned(at, words::about_key(state, bucket, key, ix), || {
            message(ix, (bucket, key), "an unfinished upload", at, state)
        });
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
