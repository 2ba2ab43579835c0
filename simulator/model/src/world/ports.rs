//! The durable ports: inventory, state, links and timers. What is in them survives every crash.

use std::ops::Bound;
use std::sync::Arc;

use super::instances::InboxItem;
use super::{Event, World};
use crate::call::{
    CallError, CommitOutcome, Expectation, Link, Precondition, RowState, StateEntry, StoredRow, Subject, Timer, Write,
};
use crate::state::Ports;
use crate::time::Span;
use crate::trace::{Fact, Occasion};

/// From a call of a durable port to its effect: a database next door.
pub(super) const LATENCY: Span = Span::MILLISECOND;

/// Rows and state keys of one scan at most.
const SCAN_MAX: usize = 1000;

impl World<'_> {
    pub(super) fn commit(&mut self, writes: &[Write], preconditions: &[Precondition]) -> CommitOutcome {
        let ports = &mut self.state.ports;
        if let Some(unmet) = preconditions.iter().find(|precondition| !ports.meets(precondition)) {
            return CommitOutcome::Conflict(unmet.subject.clone());
        }
        ports.revision += 1;
        let revision = ports.revision;
        for write in writes {
            if let Some((egress_id, state)) = self.state.ports.write(write) {
                self.log.emit(&self.state, &Fact::RowCommitted { egress_id: &egress_id, state });
            }
        }
        CommitOutcome::Committed(revision)
    }

    pub(super) fn publish(&mut self, link: &Link) {
        self.state.ports.links.entry(link.egress_id.clone()).or_default().push(link.clone());
        self.log.emit(&self.state, &Fact::Published { link });
        self.view(link, Occasion::Published);
    }

    pub(super) fn retract(&mut self, egress_id: &str) {
        self.state.ports.links.remove(egress_id);
        self.log.emit(&self.state, &Fact::Retracted { egress_id });
    }

    pub(super) fn set_timer(&mut self, timer: &Timer) -> Result<(), CallError> {
        let timers_max = self.state.scenario.limits.timers;
        let timers = &mut self.state.ports.timers;
        if !timers.contains_key(&timer.name) && timers.len() as u64 >= timers_max {
            let message = format!("{timers_max} timers are set already ([limits].timers)");
            return Err(CallError::rejected("TooManyTimers", 429, message));
        }
        self.timers_set += 1;
        let setting = self.timers_set;
        timers.insert(timer.name.clone(), (timer.clone(), setting));
        let at = timer.at.max(self.state.now);
        self.queue.push(at, Event::TimerDue { name: timer.name.clone(), setting });
        Ok(())
    }

    pub(super) fn timer_due(&mut self, name: &str, setting: u64) {
        let timers = &mut self.state.ports.timers;
        if timers.get(name).is_none_or(|(_, set)| *set != setting) {
            return;
        }
        let (timer, _) = timers.remove(name).expect("the timer was there a moment ago");
        self.put_into_inbox(InboxItem::Timer(timer, 1));
    }
}

impl Ports {
    fn meets(&self, precondition: &Precondition) -> bool {
        let version = match &precondition.subject {
            Subject::Row(egress_id) => self.rows.get(egress_id.as_str()).map(|stored| stored.version),
            Subject::State(key) => self.state.get(key).map(|entry| entry.version),
        };
        match precondition.expect {
            Expectation::Absent => version.is_none(),
            Expectation::VersionIs(wanted) => version == Some(wanted),
        }
    }

    /// Makes one write; of a row, says which and what has become of it.
    fn write(&mut self, write: &Write) -> Option<(Arc<str>, Option<RowState>)> {
        match write {
            Write::PutRow(row) => {
                let egress_id: Arc<str> = match self.rows.get_key_value(row.egress_id.as_str()) {
                    Some((known, _)) => Arc::clone(known),
                    None => row.egress_id.as_str().into(),
                };
                let version = self.revision;
                if let Some(old) = self.rows.insert(Arc::clone(&egress_id), StoredRow { row: Arc::clone(row), version })
                    && old.row.tenant != row.tenant
                {
                    self.rows_by_tenant.remove(&(old.row.tenant.clone(), Arc::clone(&egress_id)));
                }
                self.rows_by_tenant.insert((row.tenant.clone(), Arc::clone(&egress_id)));
                Some((egress_id, Some(row.state)))
            }
            Write::DeleteRow(egress_id) => {
                let (known, old) = self.rows.remove_entry(egress_id.as_str())?;
                self.rows_by_tenant.remove(&(old.row.tenant.clone(), Arc::clone(&known)));
                Some((known, None))
            }
            Write::PutState(key, value) => {
                let entry = StateEntry { key: key.clone(), value: value.clone(), version: self.revision };
                self.state.insert(key.clone(), entry);
                None
            }
            Write::DeleteState(key) => {
                self.state.remove(key);
                None
            }
        }
    }

    pub(super) fn scan_rows(&self, tenant: &str, after: Option<&str>, limit: u32) -> Vec<StoredRow> {
        let from = (tenant.to_owned(), Arc::from(after.unwrap_or("")));
        self.rows_by_tenant
            .range((Bound::Excluded(from), Bound::Unbounded))
            .take_while(|(owner, _)| owner == tenant)
            .take(SCAN_MAX.min(limit as usize))
            .map(|(_, egress_id)| self.rows[egress_id].clone())
            .collect()
    }

    pub(super) fn scan_state(&self, prefix: &str, after: Option<&str>, limit: u32) -> Vec<StateEntry> {
        let from = match after {
            Some(after) if after >= prefix => Bound::Excluded(after),
            _ => Bound::Included(prefix),
        };
        self.state
            .range::<str, _>((from, Bound::Unbounded))
            .take_while(|(key, _)| key.starts_with(prefix))
            .take(SCAN_MAX.min(limit as usize))
            .map(|(_, entry)| entry.clone())
            .collect()
    }
}
