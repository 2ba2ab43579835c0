//! What is in the sink although it should not be any more: what arrives behind its own deletion, because a worker was slow or a
//! replica caught up, and what no row leads to, such as the copies that replication puts into other buckets.
//!
//! Once a contract has ended and its sweep is done, everything under the tenant's own prefix is listed: at once, six hours
//! after the end, then each time after twice as long, and a last time shortly before the deadline. A look costs two calls a
//! bucket where there is nothing. What is found is told apart by the directory it lies in: one that a row or a duty still names
//! is somebody else's business; one that only deleted rows name, or none, goes. A copy in a bucket that its row does not name
//! need not wait for the row: object lock may keep the original for longer. What no row names waits for as long as any legal
//! hold stands, because nobody can say that it is not meant; what is gone already of something that has to wait is reported.

use std::collections::{BTreeMap, BTreeSet};

use egress_sim_sdk::time::HOUR;
use egress_sim_sdk::{Commit, Cx, Outcome, Result, Row, RowState, SinkKey, StoredRow};

use super::Steps;
use super::duty::{Duty, OPEN};
use super::erase::{Erased, Wait};
use super::recording::{self, Details};
use super::{erase, orders, sweep};

/// From a contract's end to the first look, and from the last one to the deadline.
const FIRST: u64 = 6 * HOUR;

/// Rows of one page of the inventory.
const PAGE: u32 = 500;

/// Where it stands since when a tenant's recordings are due.
fn since_key(tenant: &str) -> String {
    format!("look/{tenant}")
}

/// What was found and is not gone yet, by bucket and directory. It is written down first, so that whoever comes after a crash
/// knows what to report.
fn notes_of(tenant: &str) -> String {
    format!("stray/{tenant}/")
}

/// Whose a directory is.
enum Owner {
    /// Something is being recorded into it.
    Duty,
    /// The recording of this row.
    Row(Box<Row>),
}

impl dyn Steps {
    /// From now on nothing of a tenant may be left once `delete_within` is over.
    pub fn watch_from_now(&mut self, cx: &mut Cx<'_>, tenant: &str) -> Outcome {
        if !self.looks_again() {
            return Ok(());
        }
        let now = self.desk().now(cx);
        if let Some(at) = self.next_look(tenant, now, now) {
            self.search_at(cx, tenant, at)?;
        }
        cx.commit(Commit::new().put_state(&since_key(tenant), now.to_string())).map(|_| ())
    }

    /// Sees to it that the buckets of a tenant are searched when this time has come.
    pub fn search_at(&mut self, cx: &mut Cx<'_>, tenant: &str, at: u64) -> Outcome {
        cx.timers().set(&format!("search/{tenant}"), at)
    }

    /// Searches the buckets of a tenant, deletes what is left, a piece at a time, and plans the next search.
    pub fn search(&mut self, cx: &mut Cx<'_>, tenant: &str) -> Outcome {
        let again = if sweep::is_done(cx, tenant)? { self.delete_leftovers(cx, tenant)? } else { None };
        let since = cx.state().get(&since_key(tenant))?.and_then(|entry| entry.value.parse().ok());
        if since.is_none() && again.is_none() {
            return Ok(());
        }
        let now = self.desk().now(cx);
        let look = since.and_then(|since| self.next_look(tenant, since, now));
        let next = again.map(|wait| now + wait);
        match look.into_iter().chain(next).min() {
            Some(at) => self.search_at(cx, tenant, at),
            None => Ok(()),
        }
    }

    fn next_look(&mut self, tenant: &str, since: u64, now: u64) -> Option<u64> {
        next_look(since, now, self.desk().tenant(tenant)?.delete_within)
    }

    /// Deletes what is left, and says when to come back for the rest.
    fn delete_leftovers(&mut self, cx: &mut Cx<'_>, tenant: &str) -> Result<Option<u64>> {
        let mut left = self.note_leftovers(cx, tenant)?;
        // What was refused before must not keep the others waiting.
        left.sort_by_key(|(_, details)| details.refusals);
        let mut waits = Vec::new();
        let mut calls = 0;
        for (row, details) in left {
            if calls >= self.desk().config.calls {
                waits.push(details.refusals.checked_sub(1).map_or(Wait::Unfinished, Wait::Refused));
                break;
            }
            calls += 2 + details.count();
            waits.extend(self.delete_leftover(cx, row)?);
        }
        Ok(waits.into_iter().map(Wait::time).min())
    }

    /// Notes what lies in the buckets of a tenant and may go, beside what was noted before: a row for each bucket and
    /// directory, as the inventory would have it, and what is known of it.
    fn note_leftovers(&mut self, cx: &mut Cx<'_>, tenant: &str) -> Result<Vec<(Row, Details)>> {
        let mut left: BTreeMap<(String, String), Details> = BTreeMap::new();
        let notes = notes_of(tenant);
        for entry in cx.state().all(&notes)? {
            if let Some((bucket, directory)) = entry.key[notes.len()..].split_once('/') {
                let details = serde_json::from_str(&entry.value).unwrap_or_default();
                left.insert((bucket.to_owned(), directory.to_owned()), details);
            }
        }
        let before: BTreeSet<(String, String)> = left.keys().cloned().collect();
        let mut news: BTreeSet<(String, String)> = BTreeSet::new();
        let everything = format!("{tenant}/");
        for bucket in self.buckets_to_search(tenant) {
            let place = |key: &str| Some((bucket.clone(), format!("{}/", key.rsplit_once('/')?.0)));
            for version in self.find(cx, &leftover(tenant, &bucket, &everything))? {
                let Some(place) = place(&version.key) else { continue };
                let details = left.entry(place.clone()).or_default();
                if !details.keys.contains(&version.key) {
                    details.keys.push(version.key);
                    news.insert(place);
                }
            }
            for upload in cx.sink(&bucket).uploads(&everything)? {
                left.extend(
                    place(&upload.key)
                        .filter(|place| !left.contains_key(place))
                        .map(|place| (place, Details::default())),
                );
            }
        }
        if left.is_empty() {
            return Ok(Vec::new());
        }
        let directories: BTreeSet<&str> = left.keys().map(|(_, directory)| directory.as_str()).collect();
        let owners = owners(cx, tenant, &directories)?;
        let holds = orders::holds_of(cx, tenant)?;
        let mut rows = Vec::new();
        let mut commit = Commit::new();
        let mut erased = Erased::default();
        for (place @ (bucket, directory), known) in &left {
            let (egress_id, goes) = match owners.get(directory) {
                Some(Owner::Duty) => continue,
                Some(Owner::Row(row)) => {
                    (row.egress_id.clone(), self.is_left_over(row, bucket) && !self.is_held(&holds, row))
                }
                None => (String::new(), !holds.any()),
            };
            let details = known.to_json();
            let row = Row { egress_id, details: details.clone(), ..leftover(tenant, bucket, directory) };
            if goes {
                if news.contains(place) {
                    commit = commit.put_state(&format!("{notes}{bucket}/{directory}"), details);
                }
                rows.push((row, known.clone()));
            } else if before.contains(place) {
                self.tell_what_is_gone(cx, &row, &mut erased)?;
            }
        }
        if !erased.records.is_empty() {
            cx.audit(erased.records)?;
        }
        if !commit.is_empty() {
            cx.commit(commit)?;
        }
        Ok(rows)
    }

    /// Whether what lies in a bucket under a row's name is nobody's business but the search's.
    fn is_left_over(&mut self, row: &Row, bucket: &str) -> bool {
        let elsewhere = row.bucket != bucket && self.in_backup(row).is_none_or(|copy| copy.bucket != bucket);
        row.state == RowState::Deleted || (row.state == RowState::Deleting && elsewhere)
    }

    /// Deletes what lies in one directory of one bucket, looks, and reports it; or says why it is still there.
    fn delete_leftover(&mut self, cx: &mut Cx<'_>, row: Row) -> Result<Option<Wait>> {
        let note = format!("{}{}/{}", notes_of(&row.tenant), row.bucket, recording::prefix_of(&row));
        let stored = StoredRow { row, version: 0 };
        let mut leaving = [self.find_leaving(cx, &stored)?];
        self.delete_all(cx, &mut leaving)?;
        erase::abort_uploads(cx, &stored.row.tenant, &leaving)?;
        let [one] = leaving;
        let mut erased = Erased::default();
        let mut unlimited = u64::MAX;
        self.finish(cx, one, &mut unlimited, &mut erased)?;
        if !erased.records.is_empty() {
            cx.audit(erased.records)?;
        }
        let wait = erased.later.pop().map(|(_, wait)| wait);
        match (wait, erased.rows.pop()) {
            (None, _) => cx.commit(Commit::new().delete_state(&note))?,
            (Some(_), Some(row)) => cx.commit(Commit::new().put_state(&note, row.details))?,
            (Some(_), None) => return Ok(wait),
        };
        Ok(wait)
    }
}

/// Who names these directories. No entry: nobody.
fn owners(cx: &mut Cx<'_>, tenant: &str, directories: &BTreeSet<&str>) -> Result<BTreeMap<String, Owner>> {
    let mut owners = BTreeMap::new();
    for entry in cx.state().all(OPEN)? {
        owners.insert(Duty::read(&entry)?.directory(), Owner::Duty);
    }
    let mut after = None;
    loop {
        let rows = cx.inventory().scan(tenant, after, PAGE)?;
        for StoredRow { row, .. } in &rows {
            let directory = recording::prefix_of(row);
            if directories.contains(directory) {
                owners.entry(directory.to_owned()).or_insert_with(|| Owner::Row(Box::new(row.clone())));
            }
        }
        if (rows.len() as u64) < u64::from(PAGE) {
            return Ok(owners);
        }
        after = rows.last().map(|stored| stored.row.egress_id.clone());
    }
}

/// A row as the inventory would have it, if it knew.
fn leftover(tenant: &str, bucket: &str, prefix: &str) -> Row {
    Row {
        egress_id: String::new(),
        tenant: tenant.to_owned(),
        room: String::new(),
        bucket: bucket.to_owned(),
        key: SinkKey::Prefix(prefix.to_owned()),
        kind: String::from("stray"),
        state: RowState::Deleting,
        details: String::new(),
        backup_bucket: None,
    }
}

/// When to look next; none: the deadline is too near. `now` may be before `since`: another instance's clock said that, or this
/// one was put back.
fn next_look(since: u64, now: u64, within: u64) -> Option<u64> {
    let step = FIRST.min(within / 4);
    let last = since + within - step;
    (now < last).then(|| (now + now.saturating_sub(since).max(step)).min(last))
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
        assert_eq!(next_look(2 * HOUR, HOUR, 4 * HOUR), Some(2 * HOUR), "a clock that was put back");
    }
}
