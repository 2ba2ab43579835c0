//! Where facts go: into the hash, to the properties, to whoever watches, and into the counts.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Counts;
use crate::call::Call;
use crate::livekit::EgressStatus;
use crate::property::Monitor;
use crate::settled::Audit;
use crate::sink::ChangeKind;
use crate::state::State;
use crate::trace::{Actor, Fact, Trace, Witness};

/// The only way for a fact into the world's memory.
pub(crate) struct Log<'a> {
    pub(crate) trace: Trace,
    pub(crate) monitor: Monitor,
    pub(crate) witness: Option<&'a mut dyn Witness>,
    pub(crate) counts: Counts,
    /// Gathered only where the settled state is asked for.
    pub(crate) audit: Option<Audit>,
    put_by_operator: BTreeSet<(String, Arc<str>)>,
}

impl<'a> Log<'a> {
    pub(crate) fn new(monitor: Monitor, witness: Option<&'a mut dyn Witness>) -> Log<'a> {
        Log {
            trace: Trace::default(),
            monitor,
            witness,
            counts: Counts::default(),
            audit: None,
            put_by_operator: BTreeSet::new(),
        }
    }

    /// `fact` has just happened; `state` is the world behind it. Returns the bytes of its record.
    pub(crate) fn emit(&mut self, state: &State, fact: &Fact<'_>) -> u64 {
        let (sequence, bytes) = self.trace.append(state.now, fact);
        self.count(fact);
        self.monitor.observe(fact, state);
        if let Some(witness) = &mut self.witness {
            witness.record(state.now, sequence, fact, state);
        }
        bytes
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
                if matches!(change.kind, ChangeKind::Stored { .. })
                    && self.put_by_operator.insert(((*bucket).to_owned(), Arc::clone(&change.key))) =>
            {
                self.counts.objects_put += 1;
            }
            _ => {}
        }
    }
}
