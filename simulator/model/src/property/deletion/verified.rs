//! Before a deletion is reported, the operator has seen that the key is gone.
//!
//! Why: a delete request that was answered with 200 may have put a marker, skipped a key or been refused in part. Who
//! reports without looking reports a wish.
//!
//! The rule: a key is reported deleted by an audit record (delete, done, every version) or by its inventory row
//! becoming `deleted`. Since the last change of the key, the operator then has got a HEAD answer of 404 without a
//! delete marker for it, and where the bucket is or was versioned also a page of a version listing that reaches over
//! the key and does not show it. 403 and other errors prove nothing. The first report of a key is the check. A record
//! about one version is no report of the key.
//!
//! Broken by `no-head`, which takes the answer to the delete request for proof.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use crate::call::{
    AuditAction, AuditOutcome, AuditRecord, Call, HeadResult, ListVersionsPage, Reply, RowState, Versioning,
};
use crate::property::{About, Mention, Property, Verdict};
use crate::sink::ChangeKind;
use crate::state::State;
use crate::trace::{Fact, FactKind};

static ABOUT: About = About {
    id: "deletion.verified",
    promise: "Before a deletion is reported, a HEAD has found nothing, and on a versioned bucket a version \
        listing neither.",
    why: "An answer of 200 may hide a marker, a skipped key or a refusal: who reports without looking reports a \
        wish.",
    one_check: "key deleted",
    broken_by: "no-head",
};

/// See the head of this file.
#[derive(Debug, Default)]
pub struct Verified {
    /// By bucket and key: every key that was ever stored or looked at.
    keys: BTreeMap<String, BTreeMap<Arc<str>, Proof>>,
}

/// What the operator has seen of a key since its last change.
#[derive(Clone, Copy, Debug, Default)]
struct Proof {
    head: bool,
    listing: bool,
    reported: bool,
}

impl Property for Verified {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn wants(&self, kind: FactKind) -> bool {
        matches!(kind, FactKind::Sink | FactKind::Replied | FactKind::RowCommitted)
    }

    fn observe(&mut self, fact: &Fact<'_>, state: &State, verdict: &mut Verdict) {
        match *fact {
            Fact::Sink { bucket, change, .. } => {
                if matches!(change.kind, ChangeKind::UploadBegun | ChangeKind::UploadAborted) {
                    return;
                }
                let proof = self.proof(bucket, &change.key);
                proof.head = false;
                proof.listing = false;
            }
            Fact::Replied { call, reply, .. } => self.replied(call, reply, state, verdict),
            Fact::RowCommitted { egress_id, state: Some(RowState::Deleted) } => {
                self.recording(egress_id, state, verdict);
            }
            _ => {}
        }
    }
}

impl Verified {
    fn replied(&mut self, call: &Call, reply: &Reply, state: &State, verdict: &mut Verdict) {
        match (call, reply) {
            (Call::HeadObject { bucket, id }, Reply::Head(Ok(HeadResult::NotFound { delete_marker: false })))
                if id.version_id.is_none() =>
            {
                self.proof(bucket, &id.key).head = true;
            }
            (Call::ListObjectVersions { bucket, prefix, marker, .. }, Reply::Versions(Ok(page))) => {
                self.listed(bucket, prefix, marker.as_ref(), page);
            }
            (Call::AuditAppend(records), Reply::Done(Ok(()))) => {
                for record in records {
                    self.audited(record, state, verdict);
                }
            }
            _ => {}
        }
    }

    /// A page proves something of the keys behind its marker and before its end that it does not show.
    fn listed(&mut self, bucket: &str, prefix: &str, marker: Option<&(String, String)>, page: &ListVersionsPage) {
        let Some(keys) = self.keys.get_mut(bucket) else { return };
        let from = match marker {
            Some((key, _)) if key.as_str() >= prefix => Bound::Excluded(key.as_str()),
            _ => Bound::Included(prefix),
        };
        let to = page.next.as_ref().map(|(key, _)| key.as_str());
        let mut shown = page.versions.iter().map(|version| version.key.as_str()).peekable();
        for (key, proof) in keys.range_mut::<str, _>((from, Bound::Unbounded)) {
            let key = &**key;
            if !key.starts_with(prefix) || to.is_some_and(|to| key >= to) {
                break;
            }
            while shown.next_if(|other| *other < key).is_some() {}
            if shown.peek() != Some(&key) {
                proof.listing = true;
            }
        }
    }

    fn audited(&mut self, record: &AuditRecord, state: &State, verdict: &mut Verdict) {
        if record.action != AuditAction::Delete || record.outcome != AuditOutcome::Done || record.version_id.is_some() {
            return;
        }
        match (&record.bucket, &record.key, &record.egress_id) {
            (Some(bucket), Some(key), _) => {
                let about = record.egress_id.clone().map(Mention::Egress);
                self.reported(bucket, key, about, "the audit", state, verdict);
            }
            (_, _, Some(egress_id)) => self.recording(egress_id, state, verdict),
            _ => {}
        }
    }

    /// A whole recording is reported deleted.
    fn recording(&mut self, egress_id: &str, state: &State, verdict: &mut Verdict) {
        let Some(egress) = state.egress_named(egress_id) else { return };
        for key in &egress.objects {
            let about = Some(Mention::Egress(egress_id.to_owned()));
            self.reported(&egress.bucket, key, about, "the inventory", state, verdict);
        }
    }

    fn reported(
        &mut self,
        bucket: &str,
        key: &str,
        about: Option<Mention>,
        by: &str,
        state: &State,
        verdict: &mut Verdict,
    ) {
        let proof = self.proof(bucket, key);
        if std::mem::replace(&mut proof.reported, true) {
            return;
        }
        let Proof { head, listing, .. } = *proof;
        let versioned =
            state.sink.buckets.get(bucket).is_some_and(|bucket| bucket.versioning != Versioning::Unversioned);
        verdict.check(
            head && (listing || !versioned),
            state.now,
            || [Mention::Key(bucket.to_owned(), key.to_owned())].into_iter().chain(about).collect(),
            || {
                let missing = match (head, versioned && !listing) {
                    (false, true) => "neither HEAD nor a version listing had found it gone",
                    (false, false) => "no HEAD had answered 404 for it",
                    _ => "no version listing had found it gone, and the bucket is versioned",
                };
                format!("{by} reports s3://{bucket}/{key} deleted, but since its last change {missing}")
            },
        );
    }

    fn proof(&mut self, bucket: &str, key: &str) -> &mut Proof {
        if !self.keys.contains_key(bucket) {
            self.keys.insert(bucket.to_owned(), BTreeMap::new());
        }
        let keys = self.keys.get_mut(bucket).expect("inserted above");
        if !keys.contains_key(key) {
            keys.insert(key.into(), Proof::default());
        }
        keys.get_mut(key).expect("inserted above")
    }
}
