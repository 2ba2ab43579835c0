//! The durable ports: inventory, state, links and timers. What is in them survives every crash.

use std::ops::Bound;
use std::sync::Arc;

use super::instances::InboxItem;
use super::{Event, World};
use crate::call::{
    CallError, CommitOutcome, Expectation, Link, Precondition, Row, RowState, StateEntry, StoredRow, Subject, Timer,
    Write,
};
use crate::state::Ports;
use crate::time::Span;
use crate::trace::{Fact, Occasion};

/// From a call of a durable port to its effect: a database next door.
pub(super) const LATENCY: Span = Span::MILLISECOND;

/// Rows and state keys of one scan at most.
const SCAN_MAX: usize = 1000;

impl World<'_> {
    /// Makes all writes, if all preconditions are met.
    pub(super) fn commit(&mut self, writes: &[Write], preconditions: &[Precondition]) -> CommitOutcome {
        let ports = &mut self.state.ports;
        if let Some(unmet) = preconditions.iter().find(|precondition| !ports.meets(precondition)) {
            return CommitOutcome::Conflict(unmet.subject.clone());
        }
        ports.revision += 1;
        let revision = ports.revision;
        for write in writes {
            if let Some((egress_id, state)) = self.state.ports.write(write) {
                self.log.emit(&self.state, &Fact::RowCommitted { egress_id, state });
            }
        }
        CommitOutcome::Committed(revision)
    }

    pub(super) fn publish(&mut self, link: &Link) {
        self.state.ports.links.or_default(link.egress_id.as_str().into()).push(link.clone());
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
            Subject::Row(egress_id) => self.rows.get(egress_id).map(|stored| stored.version),
            Subject::State(key) => self.state.get(key).map(|entry| entry.version),
        };
        match precondition.expect {
            Expectation::Absent => version.is_none(),
            Expectation::VersionIs(wanted) => version == Some(wanted),
        }
    }

    /// Makes one write; of a row, says which and what has become of it.
    fn write<'w>(&mut self, write: &'w Write) -> Option<(&'w str, Option<RowState>)> {
        match write {
            Write::PutRow(row) => {
                let stored = StoredRow { row: Arc::clone(row), version: self.revision };
                if let Some(known) = self.rows.get_mut(&row.egress_id) {
                    let old = std::mem::replace(known, stored);
                    if old.row.tenant != row.tenant {
                        self.unlist(&old.row);
                        self.list(row);
                    }
                } else {
                    self.rows.insert(row.egress_id.as_str().into(), stored);
                    self.list(row);
                }
                Some((&row.egress_id, Some(row.state)))
            }
            Write::DeleteRow(egress_id) => {
                let old = self.rows.remove(egress_id)?;
                self.unlist(&old.row);
                Some((egress_id, None))
            }
            Write::PutState(key, value) => {
                let entry = StateEntry { key: key.clone(), value: value.clone(), version: self.revision };
                match self.state.get_mut(key) {
                    Some(known) => *known = entry,
                    None => _ = self.state.insert(key.as_str().into(), entry),
                }
                None
            }
            Write::DeleteState(key) => {
                self.state.remove(key);
                None
            }
        }
    }

    fn list(&mut self, row: &Row) {
        self.rows_by_tenant.entry(row.tenant.clone()).or_default().insert(row.egress_id.as_str().into(), ());
    }

    fn unlist(&mut self, row: &Row) {
        if let Some(rows) = self.rows_by_tenant.get_mut(&row.tenant) {
            rows.remove(&row.egress_id);
        }
    }

    pub(super) fn scan_rows(&self, tenant: &str, after: Option<&str>, limit: u32) -> Vec<StoredRow> {
        let Some(rows) = self.rows_by_tenant.get(tenant) else { return Vec::new() };
        rows.range(Bound::Excluded(after.unwrap_or("")))
            .take(SCAN_MAX.min(limit as usize))
            .filter_map(|(egress_id, ())| self.rows.get(egress_id).cloned())
            .collect()
    }

    pub(super) fn scan_state(&self, prefix: &str, after: Option<&str>, limit: u32) -> Vec<StateEntry> {
        let from = match after {
            Some(after) if after >= prefix => Bound::Excluded(after),
            _ => Bound::Included(prefix),
        };
        self.state
            .range(from)
            .take_while(|(key, _)| key.starts_with(prefix))
            .take(SCAN_MAX.min(limit as usize))
            .map(|(_, entry)| entry.clone())
            .collect()
    }
}
