//! Looking again for what arrives in the sink behind its own deletion: a worker was slow, a replica caught up.
//!
//! When a contract has ended, everything under the tenant's own prefix is listed again: six hours later, then each time
//! after twice as long, and a last time shortly before the deadline. A look costs two calls a bucket where there is nothing.
//! What is found sends its row back to `deleting`, and from there it goes the usual way. What no row leads to is for
//! [`super::strays`], who are looked for at the same times.

use std::collections::BTreeSet;

use egress_sim_sdk::time::HOUR;
use egress_sim_sdk::{Commit, Cx, Outcome, Result, Row, RowState};

use super::{Steps, recording, sweep};

/// From a contract's end to the first look, and from the last one to the deadline.
const FIRST: u64 = 6 * HOUR;

/// Rows of one page of the inventory.
const PAGE: u32 = 500;

/// Where it stands since when a tenant's recordings are due.
fn look_key(tenant: &str) -> String {
    format!("look/{tenant}")
}

impl dyn Steps {
    /// From now on nothing of a tenant may be left once `delete_within` is over.
    pub fn watch_from_now(&mut self, cx: &mut Cx<'_>, tenant: &str) -> Outcome {
        if !self.looks_again() {
            return Ok(());
        }
        let now = cx.now();
        self.plan_look(cx, tenant, now, now)?;
        cx.commit(Commit::new().put_state(&look_key(tenant), now.to_string())).map(|_| ())
    }

    /// The timer of a look has come.
    pub fn look_again(&mut self, cx: &mut Cx<'_>, tenant: &str) -> Outcome {
        let Some(entry) = cx.state().get(&look_key(tenant))? else { return Ok(()) };
        let now = cx.now();
        let found = self.directories(cx, tenant)?;
        if !found.is_empty() {
            self.delete_again(cx, tenant, &found)?;
        }
        self.plan_look(cx, tenant, entry.value.parse().unwrap_or(now), now)?;
        self.search(cx, tenant)
    }

    fn plan_look(&mut self, cx: &mut Cx<'_>, tenant: &str, since: u64, now: u64) -> Outcome {
        let Some(within) = self.desk().tenant(tenant).map(|tenant| tenant.delete_within) else { return Ok(()) };
        match next_look(since, now, within) {
            Some(at) => cx.timers().set(&look_key(tenant), at),
            None => Ok(()),
        }
    }

    /// The prefixes of all recordings of which something is in the sink, be it a marker or an unfinished upload.
    fn directories(&mut self, cx: &mut Cx<'_>, tenant: &str) -> Result<BTreeSet<String>> {
        let prefix = format!("{tenant}/");
        let mut found = BTreeSet::new();
        for bucket in self.desk().buckets_of(tenant) {
            let mut marker = None;
            loop {
                let page = cx.sink(&bucket).versions_page(&prefix, marker, 0)?;
                found.extend(page.versions.iter().filter_map(|version| directory(&version.key)));
                marker = page.next;
                if marker.is_none() {
                    break;
                }
            }
            found.extend(cx.sink(&bucket).uploads(&prefix)?.iter().filter_map(|upload| directory(&upload.key)));
        }
        Ok(found)
    }

    /// Takes up what was deleted and is there again.
    fn delete_again(&mut self, cx: &mut Cx<'_>, tenant: &str, found: &BTreeSet<String>) -> Outcome {
        let mut after = None;
        loop {
            let rows = cx.inventory().scan(tenant, after, PAGE)?;
            let now = cx.now();
            let mut commit = Commit::new();
            for stored in &rows {
                let row = &stored.row;
                if row.state == RowState::Deleted && found.contains(recording::prefix_of(row)) {
                    commit = commit
                        .put_row(Row { state: RowState::Deleting, ..row.clone() })
                        .expect_row(stored)
                        .put_state(&sweep::due_key(tenant, now, &row.egress_id), "");
                }
            }
            if !commit.is_empty() {
                // Twice: after a crash in between somebody must come, and whoever comes too early finds nothing to do.
                self.wake(cx, tenant, now)?;
                cx.commit(commit)?;
                self.wake(cx, tenant, now)?;
            }
            if (rows.len() as u64) < u64::from(PAGE) {
                return Ok(());
            }
            after = rows.last().map(|stored| stored.row.egress_id.clone());
        }
    }
}

/// When to look next; none: the deadline is too near.
fn next_look(since: u64, now: u64, within: u64) -> Option<u64> {
    let step = FIRST.min(within / 4);
    let last = since + within - step;
    (now < last).then(|| (now + (now - since).max(step)).min(last))
}

/// The prefix of the recording that a key belongs to.
fn directory(key: &str) -> Option<String> {
    Some(format!("{}/", key.rsplit_once('/')?.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_double_and_the_last_one_is_before_the_deadline() {
        let hours = |within: u64| {
            let mut looks = Vec::new();
            let mut now = 0;
            while let Some(next) = next_look(0, now, within * HOUR) {
                looks.push(next / HOUR);
                now = next;
            }
            looks
        };
        assert_eq!(hours(10 * 24), [6, 12, 24, 48, 96, 192, 234]);
        assert_eq!(hours(4), [1, 2, 3]);
        assert_eq!(next_look(7, 7, 0), None);
    }
}
