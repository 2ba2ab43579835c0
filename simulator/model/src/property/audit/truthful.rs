//! What the audit says happened, happened, and had happened by then.
//!
//! Why: the audit is shown to people who cannot look for themselves. One false line makes all of it worthless.
//!
//! The rule: each record is judged when the append is answered. *Delete, done*: the key was once in the sink and is
//! not any more (no version, no marker; with a version id: not that version); without a key, that holds for every key
//! of the egress, or of the tenant. *Refused* deletions: the sink refused that key with that code. *Holds*: such a
//! command was given. *Publish, retract*: the link was published; no link stands. *Refused webhooks*: a delivery
//! arrived that does not verify. Records of what failed and will be tried again say nothing that can be false.
//!
//! Broken by `audit-first`, which writes the record and then deletes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::call::{AuditAction, AuditOutcome, AuditRecord, Order};
use crate::property::{About, Mention, Property, Verdict, custody, refusals};
use crate::sink::{Change, ChangeKind};
use crate::state::{Egress, Object, State};
use crate::text_map::TextMap;
use crate::trace::{Fact, FactKind};

static ABOUT: About = About {
    id: "audit.truthful",
    promise: "What the audit says happened, happened, and had happened by then.",
    why: "The audit is shown to people who cannot look for themselves: one false line makes all of it worthless.",
    one_check: "audit record",
    broken_by: "audit-first",
};

/// See the head of this file.
#[derive(Debug, Default)]
pub struct Truthful {
    /// By bucket and key, what was once stored, with the ids of the versions that were erased.
    stored: BTreeMap<String, TextMap<Vec<Arc<str>>>>,
    /// Bucket, key and code.
    refused: BTreeSet<(String, String, String)>,
    /// Tenants for whom a hold was ordered, and lifted.
    held: BTreeSet<String>,
    lifted: BTreeSet<String>,
    /// Egresses and tenants of which something was published.
    published: TextMap<()>,
    forgeries: u64,
}

impl Property for Truthful {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn wants(&self, kind: FactKind) -> bool {
        matches!(
            kind,
            FactKind::Sink
                | FactKind::Replied
                | FactKind::Audited
                | FactKind::CommandGiven
                | FactKind::Published
                | FactKind::DeliveryBegan
        )
    }

    fn observe(&mut self, fact: &Fact<'_>, state: &State, verdict: &mut Verdict) {
        match *fact {
            Fact::Sink { bucket, change, .. } => self.changed(bucket, change),
            Fact::CommandGiven { command } => match &command.order {
                Order::LegalHold(hold) => _ = self.held.insert(hold.tenant.clone()),
                Order::LiftHold(hold) => _ = self.lifted.insert(hold.tenant.clone()),
                _ => {}
            },
            Fact::Published { link } => {
                self.published.insert(link.egress_id.as_str().into(), ());
                self.published.insert(link.tenant.as_str().into(), ());
            }
            Fact::DeliveryBegan { webhook: Some(webhook), .. } if !webhook.authentic => self.forgeries += 1,
            Fact::Audited { records, .. } => {
                for record in records {
                    let lie = self.lie(record, state);
                    verdict.check(
                        lie.is_none(),
                        state.now,
                        || about(record),
                        || story(record, &lie.unwrap_or_default()),
                    );
                }
            }
            Fact::Replied { call, reply, .. } => refusals::of_delete(call, reply, |bucket, key, code| {
                self.refused.insert((bucket.to_owned(), key.to_owned(), code.to_owned()));
            }),
            _ => {}
        }
    }
}

impl Truthful {
    fn changed(&mut self, bucket: &str, change: &Change) {
        match change.kind {
            ChangeKind::Stored { .. } => {
                if !self.stored.contains_key(bucket) {
                    self.stored.insert(bucket.to_owned(), TextMap::new());
                }
                let keys = self.stored.get_mut(bucket).expect("inserted above");
                keys.or_default(change.key.clone());
            }
            ChangeKind::Erased { .. } | ChangeKind::MarkerRemoved { .. } => {
                let Some(version) = &change.version else { return };
                if let Some(gone) = self.stored.get_mut(bucket).and_then(|keys| keys.get_mut(&change.key)) {
                    gone.push(version.clone());
                }
            }
            _ => {}
        }
    }

    /// What is not so about a record.
    fn lie(&self, record: &AuditRecord, state: &State) -> Option<String> {
        let whose = record.egress_id.as_ref().unwrap_or(&record.tenant);
        match (record.action, &record.outcome) {
            (AuditAction::Delete, AuditOutcome::Done) => self.not_deleted(record, state),
            (AuditAction::Delete, AuditOutcome::Refused(code)) => {
                let was_refused = |(bucket, key, with): &(String, String, String)| {
                    record.bucket.as_ref().is_none_or(|named| named == bucket)
                        && record.key.as_ref().is_none_or(|named| named == key)
                        && with == code
                };
                (!self.refused.iter().any(was_refused)).then(|| format!("the sink never refused it with {code}"))
            }
            (AuditAction::LegalHold, AuditOutcome::Done) => {
                (!self.held.contains(&record.tenant)).then(|| "no hold was ever ordered".into())
            }
            (AuditAction::LiftHold, AuditOutcome::Done) => {
                (!self.lifted.contains(&record.tenant)).then(|| "no lifting was ever ordered".into())
            }
            (AuditAction::Publish, AuditOutcome::Done) => {
                (!self.published.contains_key(whose)).then(|| "no link of it was ever published".into())
            }
            (AuditAction::Retract, AuditOutcome::Done) => {
                let standing =
                    record.egress_id.as_ref().and_then(|id| state.ports.links.get(id)).and_then(|links| links.first());
                standing.map(|link| format!("its link {} still stands", link.url))
            }
            (AuditAction::RefuseWebhook, _) => {
                (self.forgeries == 0).then(|| "every delivery so far was genuine".into())
            }
            (_, AuditOutcome::Refused(_) | AuditOutcome::Failed(_)) => None,
        }
    }

    fn not_deleted(&self, record: &AuditRecord, state: &State) -> Option<String> {
        if let (Some(bucket), Some(key)) = (&record.bucket, &record.key) {
            let versions = custody::versions(state, bucket, key);
            let gone = self.stored.get(bucket).and_then(|keys| keys.get(key));
            let Some(gone) = gone else { return Some("it was never in the sink".into()) };
            let Some(id) = &record.version_id else {
                return versions.map(|versions| {
                    let markers = versions.0.iter().filter(|version| version.is_marker()).count();
                    format!("it still had {}", custody::Remains { versions: versions.0.len() - markers, markers })
                });
            };
            let is_it = |version: &Option<Arc<str>>| version.as_deref().unwrap_or("null") == id;
            if versions.is_some_and(|versions| versions.0.iter().any(|version| is_it(&version.id))) {
                return Some(format!("version {id} was still there"));
            }
            let known = id == "null" || gone.iter().any(|version| **version == **id);
            return (!known).then(|| format!("version {id} never was in the sink"));
        }
        let left = |egress: &Egress| {
            egress.objects.iter().find_map(|object| {
                Some((object.clone(), custody::remains(state, &object.bucket, &object.key, egress.ix)?))
            })
        };
        let found = if let Some(id) = &record.egress_id {
            let Some(egress) = state.egress_named(id) else { return Some("LiveKit never had such an egress".into()) };
            left(egress)
        } else {
            let mut own = state.egresses.iter().filter(|egress| *state.tenant_of(egress.ix).name == *record.tenant);
            own.find_map(left)
        };
        found.map(|(Object { bucket, key }, remains)| format!("s3://{bucket}/{key} still had {remains}"))
    }
}

fn about(record: &AuditRecord) -> Vec<Mention> {
    let key = record.bucket.clone().zip(record.key.clone()).map(|(bucket, key)| Mention::Key(bucket, key));
    let egress = record.egress_id.clone().map(Mention::Egress);
    key.into_iter().chain(egress).chain([Mention::Tenant(record.tenant.clone())]).collect()
}

fn story(record: &AuditRecord, lie: &str) -> String {
    let what = match record.action {
        AuditAction::Delete => "a deletion",
        AuditAction::LegalHold => "a legal hold",
        AuditAction::LiftHold => "the lifting of a legal hold",
        AuditAction::Publish => "a publication",
        AuditAction::Retract => "a retraction",
        AuditAction::RefuseWebhook => "a refused webhook",
    };
    let outcome = match &record.outcome {
        AuditOutcome::Done => "as done".to_owned(),
        AuditOutcome::Refused(code) => format!("as refused with {code}"),
        AuditOutcome::Failed(code) => format!("as failed with {code}"),
    };
    let of: Vec<String> = about(record).iter().map(ToString::to_string).collect();
    format!("the audit records {what} {outcome} ({}), but when that was written {lie}", of.join(", "))
}
