//! When recordings are deleted: the walk over the inventory at a contract's end, and the list of what is due.
//!
//! Both are walked a piece at a time, by timers, and how far they have come is committed together with what was done. So
//! webhooks get their turn between two pieces, and a crash costs one piece.
//!
//! The list of what is due holds three kinds of recordings: those whose retention runs out, those that ended behind their
//! contract's end, and those that the walk could not finish. What a legal hold stands on waits beside it.

use std::collections::BTreeMap;

use egress_sim_sdk::time::SECOND;
use egress_sim_sdk::{Commit, Cx, Outcome, Result, StoredRow};
use serde::{Deserialize, Serialize};

use super::Steps;
use super::erase::{Erased, Wait};

/// How far a timer that was set may be away at least, to be counted upon: another instance may be handling it.
const MARGIN: u64 = 5 * SECOND;

/// How far the walk over a tenant's inventory has come; stored under [`contract_key`], which says that the contract ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pass {
    /// The last row that was looked at.
    pub after: Option<String>,
    /// There are no more.
    pub done: bool,
}

impl Pass {
    /// As it is stored.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("a pass is plain data")
    }
}

/// Says that the contract of a tenant has ended, and how far its sweep has come.
pub fn contract_key(tenant: &str) -> String {
    format!("contract/{tenant}")
}

/// A recording that is to be deleted from then on. Keys sort by time.
pub fn due_key(tenant: &str, at: u64, egress_id: &str) -> String {
    format!("due/{tenant}/{at:020}/{egress_id}")
}

/// A recording that would be deleted but for a hold.
pub fn held_key(tenant: &str, egress_id: &str) -> String {
    format!("held/{tenant}/{egress_id}")
}

/// Whether the contract of a tenant has ended and every row was looked at.
pub fn is_done(cx: &mut Cx<'_>, tenant: &str) -> Result<bool> {
    let entry = cx.state().get(&contract_key(tenant))?;
    Ok(entry.is_some_and(|entry| serde_json::from_str::<Pass>(&entry.value).unwrap_or_default().done))
}

/// When the first recording of the list is due.
fn first_due(cx: &mut Cx<'_>, tenant: &str) -> Result<Option<u64>> {
    let first = cx.state().scan(&format!("due/{tenant}/"), None, 1)?;
    Ok(first.first().and_then(|first| time_and_id(&first.key)).map(|(at, _)| at))
}

fn time_and_id(key: &str) -> Option<(u64, &str)> {
    let (rest, egress_id) = key.rsplit_once('/')?;
    Some((rest.rsplit_once('/')?.1.parse().ok()?, egress_id))
}

impl dyn Steps {
    /// Sees to it that the next piece of the walk comes at once.
    pub fn sweep_on(&mut self, cx: &mut Cx<'_>, tenant: &str) -> Outcome {
        cx.timers().set(&format!("sweep/{tenant}"), 0)
    }

    /// One piece of the walk over the inventory of a tenant whose contract has ended.
    pub fn sweep(&mut self, cx: &mut Cx<'_>, tenant: &str) -> Outcome {
        let Some(entry) = cx.state().get(&contract_key(tenant))? else { return Ok(()) };
        let mut pass: Pass = serde_json::from_str(&entry.value).unwrap_or_default();
        if pass.done {
            return Ok(());
        }
        let limit = self.desk().config.rows;
        let rows = cx.inventory().scan(tenant, pass.after.clone(), limit)?;
        let last_page = (rows.len() as u64) < u64::from(limit);
        let erased = self.erase(cx, tenant, &rows)?;
        pass.done = last_page && erased.taken == rows.len();
        if let Some(last) = rows[..erased.taken].last() {
            pass.after = Some(last.row.egress_id.clone());
        }
        let commit = Commit::new().put_state(&contract_key(tenant), pass.to_json()).expect_state(&entry);
        self.note(cx, tenant, erased, commit)?;
        if pass.done { self.search_at(cx, tenant, 0) } else { self.sweep_on(cx, tenant) }
    }

    /// One piece of the list of what is due.
    pub fn delete_due(&mut self, cx: &mut Cx<'_>, tenant: &str) -> Outcome {
        let now = self.desk().now(cx);
        let limit = self.desk().config.rows;
        let entries = cx.state().scan(&format!("due/{tenant}/"), None, limit)?;
        let due: Vec<(&str, &str)> = entries
            .iter()
            .filter_map(|entry| Some((entry.key.as_str(), time_and_id(&entry.key)?)))
            .take_while(|(_, (at, _))| *at <= now)
            .map(|(key, (_, egress_id))| (key, egress_id))
            .collect();
        let mut rows: Vec<StoredRow> = Vec::new();
        let mut commit = Commit::new();
        let mut keys: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (key, egress_id) in &due {
            keys.entry(egress_id).or_default().push(key);
            if keys[egress_id].len() > 1 {
                continue;
            }
            match cx.inventory().get(egress_id)? {
                Some(stored) => rows.push(stored),
                None => commit = commit.delete_state(key),
            }
        }
        let erased = self.erase(cx, tenant, &rows)?;
        for stored in &rows[..erased.taken] {
            for key in &keys[stored.row.egress_id.as_str()] {
                commit = commit.delete_state(key);
            }
        }
        self.note(cx, tenant, erased, commit)?;
        self.desk().due_at.remove(tenant);
        match first_due(cx, tenant)? {
            Some(at) => self.wake_at(cx, tenant, at),
            // What waited for these rows may go now, if the contract has ended.
            None if is_done(cx, tenant)? => self.search_at(cx, tenant, 0),
            None => Ok(()),
        }
    }

    /// Commits what became of a piece: rows, what is still to be done about them, and how far the walk has come. What waits for
    /// a hold waits for ever if the hold was lifted meanwhile: then nothing is committed, and the piece comes again.
    fn note(&mut self, cx: &mut Cx<'_>, tenant: &str, erased: Erased, mut commit: Commit) -> Outcome {
        let mut now = None;
        for (egress_id, wait) in erased.later {
            if wait == Wait::Hold {
                commit = commit.put_state(&held_key(tenant, &egress_id), "");
                continue;
            }
            let at = *now.get_or_insert_with(|| self.desk().now(cx)) + wait.time();
            self.wake(cx, tenant, at)?;
            commit = commit.put_state(&due_key(tenant, at, &egress_id), "");
        }
        for entry in erased.holds.values() {
            commit = commit.expect_state(entry);
        }
        for row in erased.rows {
            commit = commit.put_row(row);
        }
        if !commit.is_empty() {
            cx.commit(commit)?;
        }
        Ok(())
    }

    /// Sees to it that the list of a tenant is looked at when this time has come. The timer is always set for the first of
    /// the list, so that a later time never puts an earlier one off.
    pub fn wake(&mut self, cx: &mut Cx<'_>, tenant: &str, at: u64) -> Outcome {
        if let Some(known) = self.desk().due_at.get(tenant).copied()
            && known <= at
            && self.desk().now(cx) + MARGIN < known
        {
            return Ok(());
        }
        let first = first_due(cx, tenant)?.map_or(at, |first| first.min(at));
        self.wake_at(cx, tenant, first)
    }

    fn wake_at(&mut self, cx: &mut Cx<'_>, tenant: &str, at: u64) -> Outcome {
        cx.timers().set(&format!("due/{tenant}"), at)?;
        self.desk().due_at.insert(tenant.to_owned(), at);
        Ok(())
    }
}
