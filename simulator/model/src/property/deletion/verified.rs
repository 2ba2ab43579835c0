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

use crate::call::{
    AuditAction, AuditOutcome, AuditRecord, Call, HeadResult, ListVersionsPage, Reply, RowState, Versioning,
};
use crate::property::{About, Mention, Property, Verdict};
use crate::sink::ChangeKind;
use crate::state::{Object, State};
use crate::text_map::TextMap;
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
    /// By bucket and key: every key that was ever removed, looked at or reported. What a listing says of others is no
    /// proof: they have not been deleted.
    keys: BTreeMap<String, TextMap<Proof>>,
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
        matches!(kind, FactKind::Sink | FactKind::Replied | FactKind::Audited | FactKind::RowCommitted)
    }

    fn observe(&mut self, fact: &Fact<'_>, state: &State, verdict: &mut Verdict) {
        match *fact {
            Fact::Sink { bucket, change, .. } => {
                let forget = |proof: &mut Proof| (proof.head, proof.listing) = (false, false);
                match change.kind {
                    ChangeKind::UploadBegun | ChangeKind::UploadAborted => {}
                    ChangeKind::Stored { .. } => {
                        let known = self.keys.get_mut(bucket).and_then(|keys| keys.get_mut(&change.key));
                        known.into_iter().for_each(forget);
                    }
                    _ => self.with_proof(bucket, &change.key, forget),
                }
            }
            Fact::Replied { call, reply, .. } => self.replied(call, reply),
            Fact::Audited { records, .. } => {
                for record in records {
                    self.audited(record, state, verdict);
                }
            }
            Fact::RowCommitted { egress_id, state: Some(RowState::Deleted) } => {
                self.recording(egress_id, state, verdict);
            }
            _ => {}
        }
    }
}

impl Verified {
    fn replied(&mut self, call: &Call, reply: &Reply) {
        match (call, reply) {
            (Call::HeadObject { bucket, id }, Reply::Head(Ok(HeadResult::NotFound { delete_marker: false })))
                if id.version_id.is_none() =>
            {
                self.with_proof(bucket, &id.key, |proof| proof.head = true);
            }
            (Call::ListObjectVersions { bucket, prefix, marker, .. }, Reply::Versions(Ok(page))) => {
                self.listed(bucket, prefix, marker.as_ref(), page);
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
        for (key, proof) in keys.range_mut(from) {
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
        for Object { bucket, key } in &egress.objects {
            let about = Some(Mention::Egress(egress_id.to_owned()));
            self.reported(bucket, key, about, "the inventory", state, verdict);
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
        let mark = |proof: &mut Proof| std::mem::replace(proof, Proof { reported: true, ..*proof });
        let Proof { head, listing, reported } = self.with_proof(bucket, key, mark);
        if reported {
            return;
        }
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

    /// Looks a key up once: this runs several times for each key of a sweep.
    fn with_proof<T>(&mut self, bucket: &str, key: &str, look: impl FnOnce(&mut Proof) -> T) -> T {
        if !self.keys.contains_key(bucket) {
            self.keys.insert(bucket.to_owned(), TextMap::new());
        }
        let keys = self.keys.get_mut(bucket).expect("inserted above");
        if let Some(proof) = keys.get_mut(key) {
            return look(proof);
        }
        look(keys.or_default(key.into()))
    }
}
