//! Every deletion, refusal and hold is in the audit.
//!
//! Why: what is not in the audit cannot be shown to have happened, and what was done without a trace looks like an
//! accident.
//!
//! The rule: judged at the end of the run. Each key that the operator deleted, or put a marker on, has a record
//! *delete, done*: it is deleted once a GET does not find any more what it found, so not as long as only versions below the
//! current one are gone; each key whose deletion the sink refused with `AccessDenied` has a record *delete, refused* with
//! that code, unless the operator died in the delivery in which it heard of it; each hold and each lifting that was ordered has its record. What happened in the run's last five
//! minutes is not exercised.
//!
//! Broken by `no-audit-of-holds`, which audits deletions only.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::call::{AuditAction, AuditOutcome, AuditRecord, Order};
use crate::property::{About, Mention, Property, Verdict, custody, refusals};
use crate::state::State;
use crate::text_map::TextMap;
use crate::time::{Span, Time};
use crate::trace::{Actor, Fact, FactKind};

static ABOUT: About = About {
    id: "audit.complete",
    promise: "Every deletion, every refused deletion and every legal hold is in the audit.",
    why: "What is not in the audit cannot be shown to have happened, and what leaves no trace looks like an \
        accident.",
    one_check: "key or command",
    broken_by: "no-audit-of-holds",
};

/// How long a record may take.
const TO_WRITE: Span = Span::seconds(300);

/// What S3 says when it is not allowed, as against not now.
const ACCESS_DENIED: &str = "AccessDenied";

/// Bucket and key.
type Place = (String, String);

/// See the head of this file.
#[derive(Debug, Default)]
pub struct Complete {
    /// By bucket and key: what the operator deleted.
    deleted: BTreeMap<String, TextMap<Deletion>>,
    /// Bucket, key and when, of refusals that an instance heard in the delivery that it is at, by instance.
    heard: BTreeMap<u32, Vec<(Place, Time)>>,
    /// Bucket and key: when the sink first refused.
    denied: BTreeMap<Place, Time>,
    /// When, whether it lifts, whose, and the command's id.
    holds: Vec<(Time, bool, String, String)>,
    /// Bucket and key of records that came before the deletion.
    recorded_before: BTreeSet<(String, String)>,
    /// Egresses in records of deletions that name no key.
    recorded_egresses: BTreeSet<String>,
    recorded_denials: BTreeSet<(String, String)>,
    /// Whether it lifts, whose, and the record's idempotency key.
    recorded_holds: BTreeSet<(bool, String, String)>,
}

#[derive(Debug)]
struct Deletion {
    /// When something of the key was last removed.
    at: Time,
    recorded: bool,
}

impl Property for Complete {
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
                | FactKind::DeliveryEnded
                | FactKind::Crashed
                | FactKind::Trapped
        )
    }

    fn observe(&mut self, fact: &Fact<'_>, state: &State, _verdict: &mut Verdict) {
        match *fact {
            Fact::Sink { by: Actor::Operator(_), bucket, change } if custody::is_deletion(change.kind) => {
                if !self.deleted.contains_key(bucket) {
                    self.deleted.insert(bucket.to_owned(), TextMap::new());
                }
                let keys = self.deleted.get_mut(bucket).expect("inserted above");
                let before = &mut self.recorded_before;
                let deletion = keys.or_insert_with(Arc::clone(&change.key), || Deletion {
                    at: state.now,
                    recorded: !before.is_empty() && before.remove(&(bucket.to_owned(), change.key.to_string())),
                });
                deletion.at = state.now;
            }
            Fact::CommandGiven { command } => match &command.order {
                Order::LegalHold(hold) => self.holds.push((state.now, false, hold.tenant.clone(), command.id.clone())),
                Order::LiftHold(hold) => self.holds.push((state.now, true, hold.tenant.clone(), command.id.clone())),
                _ => {}
            },
            Fact::Audited { records, .. } => {
                for record in records {
                    self.record(record);
                }
            }
            Fact::Replied { instance, call, reply } => refusals::of_delete(call, reply, |bucket, key, code| {
                if code == ACCESS_DENIED {
                    let key = (bucket.to_owned(), key.to_owned());
                    self.heard.entry(instance).or_default().push((key, state.now));
                }
            }),
            // What died with the instance that heard it, nobody can put into the audit any more.
            Fact::Crashed { instance } | Fact::Trapped { instance, .. } => _ = self.heard.remove(&instance),
            Fact::DeliveryEnded { instance, .. } => {
                for (key, at) in self.heard.remove(&instance).unwrap_or_default() {
                    self.denied.entry(key).or_insert(at);
                }
            }
            _ => {}
        }
    }

    fn finish(&mut self, state: &State, verdict: &mut Verdict) {
        for (key, at) in std::mem::take(&mut self.heard).into_values().flatten() {
            self.denied.entry(key).or_insert(at);
        }
        let exercised = |at: Time| at + TO_WRITE <= state.now;
        self.judge_deletions(state, exercised, verdict);
        for ((bucket, key), at) in self.denied.iter().filter(|(_, at)| exercised(**at)) {
            verdict.check(
                self.recorded_denials.contains(&(bucket.clone(), key.clone())),
                *at,
                || vec![Mention::Key(bucket.clone(), key.clone())],
                || {
                    format!(
                        "the sink refused to delete s3://{bucket}/{key} with {ACCESS_DENIED}, but the audit \
                    has no record of it"
                    )
                },
            );
        }
        for (place, (at, lifts, tenant, id)) in self.holds.iter().enumerate().filter(|(_, hold)| exercised(hold.0)) {
            let before =
                self.holds[..place].iter().filter(|(_, other, whose, _)| other == lifts && whose == tenant).count();
            let records =
                self.recorded_holds.iter().filter(|(other, whose, _)| other == lifts && whose == tenant).count();
            verdict.check(
                records > before,
                *at,
                || vec![Mention::Tenant(tenant.clone())],
                || {
                    let what = if *lifts { "the lifting of a legal hold" } else { "a legal hold" };
                    format!("command {id} ordered {what} for tenant {tenant}, but the audit has no record of it")
                },
            );
        }
    }
}

impl Complete {
    fn record(&mut self, record: &AuditRecord) {
        match (record.action, &record.outcome) {
            (AuditAction::Delete, AuditOutcome::Done) => match (&record.bucket, &record.key, &record.egress_id) {
                (Some(bucket), Some(key), _) => match self.deleted.get_mut(bucket).and_then(|keys| keys.get_mut(key)) {
                    Some(deletion) => deletion.recorded = true,
                    None => _ = self.recorded_before.insert((bucket.clone(), key.clone())),
                },
                (_, _, Some(egress_id)) => _ = self.recorded_egresses.insert(egress_id.clone()),
                _ => {}
            },
            (AuditAction::Delete, AuditOutcome::Refused(code)) if code == ACCESS_DENIED => {
                if let (Some(bucket), Some(key)) = (&record.bucket, &record.key) {
                    self.recorded_denials.insert((bucket.clone(), key.clone()));
                }
            }
            (AuditAction::LegalHold | AuditAction::LiftHold, AuditOutcome::Done) => {
                let lifts = record.action == AuditAction::LiftHold;
                self.recorded_holds.insert((lifts, record.tenant.clone(), record.idempotency_key.clone()));
            }
            _ => {}
        }
    }

    fn judge_deletions(&self, state: &State, exercised: impl Fn(Time) -> bool, verdict: &mut Verdict) {
        let named = self.recorded_egresses.iter().filter_map(|id| state.egress_named(id));
        let whole: BTreeSet<(&str, &str)> =
            named.flat_map(|egress| &egress.objects).map(|object| (&*object.bucket, &*object.key)).collect();
        for (bucket, keys) in &self.deleted {
            for (key, deletion) in keys.iter().filter(|(_, deletion)| exercised(deletion.at)) {
                verdict.check(
                    deletion.recorded || whole.contains(&(bucket.as_str(), &**key)),
                    deletion.at,
                    || vec![Mention::Key(bucket.clone(), key.to_string())],
                    || format!("s3://{bucket}/{key} was deleted, but the audit has no record of its deletion"),
                );
            }
        }
    }
}
