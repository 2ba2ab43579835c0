//! Where facts go: into the hash, to the properties, to whoever watches, and into the counts.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::Counts;
use crate::call::Call;
use crate::livekit::EgressStatus;
use crate::property::{About, Monitor, Verdict};
use crate::settled::Audit;
use crate::sink::ChangeKind;
use crate::state::State;
use crate::time::Time;
use crate::trace::{Actor, Fact, Trace, Witness};

/// The only way for a fact into the world's memory.
pub(crate) struct Log<'a> {
    pub(crate) trace: Trace,
    pub(crate) monitor: Monitor,
    pub(crate) witness: Option<&'a mut dyn Witness>,
    pub(crate) counts: Counts,
    /// Gathered only where the settled state is asked for.
    pub(crate) audit: Option<Audit>,
    /// By bucket; none: nobody asks for the counts.
    put_by_operator: Option<BTreeMap<String, BTreeSet<Arc<str>>>>,
    /// By instance, the last record in which it said that a promise of its author does not hold.
    failed_checks: BTreeMap<u32, u64>,
}

impl<'a> Log<'a> {
    pub(crate) fn new(monitor: Monitor, witness: Option<&'a mut dyn Witness>) -> Log<'a> {
        Log {
            trace: Trace::default(),
            monitor,
            witness,
            counts: Counts::default(),
            audit: None,
            put_by_operator: Some(BTreeMap::new()),
            failed_checks: BTreeMap::new(),
        }
    }

    /// `fact` has just happened; `state` is the world behind it. Returns the bytes of its record.
    pub(crate) fn emit(&mut self, state: &State, fact: &Fact<'_>) -> u64 {
        let (sequence, bytes) = self.trace.append(state.now, fact);
        self.count(fact);
        if let Fact::Called { instance, call: Call::CheckAlways { condition: false, .. } } = fact {
            self.failed_checks.insert(*instance, sequence);
        }
        self.monitor.reached(sequence);
        self.monitor.observe(fact, state);
        if let Some(witness) = &mut self.witness {
            witness.record(state.now, sequence, fact, state);
        }
        bytes
    }

    /// Judges every deadline before `before`.
    pub(crate) fn run_due(&mut self, before: Time, state: &State) {
        let broken = self.monitor.broken();
        self.monitor.run_due(before, state);
        if self.monitor.broken() > broken
            && let Some(witness) = &mut self.witness
        {
            witness.lapsed(state);
        }
    }

    /// The run is over: what each property found.
    pub(crate) fn finish(&mut self, state: &State) -> Vec<(&'static About, Verdict)> {
        let verdicts = std::mem::replace(&mut self.monitor, Monitor::new(Vec::new())).finish(state);
        if let Some(witness) = &mut self.witness {
            witness.lapsed(state);
        }
        verdicts
    }

    /// The number of the record in which an instance said that a promise of its author does not hold.
    pub(crate) fn failed_check(&self, instance: u32) -> Option<u64> {
        self.failed_checks.get(&instance).copied()
    }

    /// From now on nobody asks for the hash of the records, or for the counts.
    pub(crate) fn nobody_counts(&mut self) {
        self.trace = Trace::numbered();
        self.put_by_operator = None;
    }

    fn put_by_operator(&mut self, bucket: &str, key: &Arc<str>) {
        let Some(put) = &mut self.put_by_operator else { return };
        let is_new = match put.get_mut(bucket) {
            Some(keys) => keys.insert(Arc::clone(key)),
            None => put.insert(bucket.to_owned(), BTreeSet::from([Arc::clone(key)])).is_none(),
        };
        self.counts.objects_put += u64::from(is_new);
    }

    fn count(&mut self, fact: &Fact<'_>) {
        match fact {
            Fact::RoomStarted { .. } => self.counts.calls += 1,
            Fact::EgressChanged { status: EgressStatus::Starting, .. } => self.counts.egresses += 1,
            Fact::WebhookAnswered { status, .. } if *status != 0 => self.counts.webhooks += 1,
            Fact::Called { call, .. } => {
                self.counts.host_calls += 1;
                if matches!(call, Call::HeadObject { .. }) {
                    self.counts.heads += 1;
                }
            }
            Fact::Audited { records, .. } => {
                if let Some(audit) = &mut self.audit {
                    audit.append(records);
                }
            }
            Fact::Booted { .. } => self.counts.incarnations += 1,
            Fact::Sink { by: Actor::Operator(_), bucket, change }
                if matches!(change.kind, ChangeKind::Stored { .. }) =>
            {
                self.put_by_operator(bucket, &change.key);
            }
            _ => {}
        }
    }
}
