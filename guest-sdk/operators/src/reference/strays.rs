//! What no row leads to: once a contract has ended and everything that the inventory knows of is dealt with, the operator looks
//! into every bucket of the tenant for what is left under the tenant's prefix. Replication puts copies into other buckets
//! and never deletes one.
//!
//! It is one listing a bucket, when the sweep is done and with each look of [`super::lookout`], because a copy may arrive late.
//! While anything is still open (a hold, a recording, a deletion that was refused) nothing is searched: whatever is found
//! would have to be told apart from what is kept. Whoever closes the last open thing sets the timer again.

use std::collections::{BTreeMap, BTreeSet};

use egress_sim_sdk::{Commit, Cx, Outcome, Result, Row, RowState, SinkKey, StateEntry, StoredRow};

use super::Steps;
use super::duty::{Duty, OPEN};
use super::erase::{Erased, Wait};
use super::recording::Details;
use super::sweep;

/// What was found and is not gone yet. It is written down first, so that whoever comes after a crash knows what to report.
fn notes_of(tenant: &str) -> String {
    format!("stray/{tenant}/")
}

impl dyn Steps {
    /// Sees to it that the buckets of a tenant are searched when this time has come.
    pub fn search_at(&mut self, cx: &mut Cx<'_>, tenant: &str, at: u64) -> Outcome {
        cx.timers().set(&format!("search/{tenant}"), at)
    }

    /// Searches the buckets of a tenant, and deletes what is found, a piece at a time.
    pub fn search(&mut self, cx: &mut Cx<'_>, tenant: &str) -> Outcome {
        if is_busy(cx, tenant)? {
            return Ok(());
        }
        let notes = self.note_strays(cx, tenant)?;
        let piece = usize::try_from(self.desk().config.rows).unwrap_or(usize::MAX);
        let mut again = (notes.len() > piece).then_some(0);
        for (note, details) in notes.into_iter().take(piece) {
            if let Some(wait) = self.delete_stray(cx, tenant, &note, &details)? {
                again = Some(again.map_or(wait.time(), |soonest: u64| soonest.min(wait.time())));
            }
        }
        let Some(wait) = again else { return Ok(()) };
        let now = cx.now();
        self.search_at(cx, tenant, now + wait)
    }

    /// Notes what lies in the buckets of a tenant, by bucket and directory, beside what was noted before.
    fn note_strays(&mut self, cx: &mut Cx<'_>, tenant: &str) -> Result<BTreeMap<String, Details>> {
        let entries = cx.state().all(&notes_of(tenant))?;
        let read = |entry: StateEntry| (entry.key, serde_json::from_str(&entry.value).unwrap_or_default());
        let mut notes: BTreeMap<String, Details> = entries.into_iter().map(read).collect();
        let mut changed: BTreeSet<String> = BTreeSet::new();
        for bucket in self.buckets_to_search(tenant) {
            for version in self.find(cx, &stray(tenant, &bucket, format!("{tenant}/"), String::new()))? {
                let Some((directory, _)) = version.key.rsplit_once('/') else { continue };
                let note = format!("{}{bucket}/{directory}/", notes_of(tenant));
                let details = notes.entry(note.clone()).or_default();
                if !details.keys.contains(&version.key) {
                    details.keys.push(version.key);
                    changed.insert(note);
                }
            }
        }
        if !changed.is_empty() {
            let commit =
                changed.iter().fold(Commit::new(), |commit, note| commit.put_state(note, notes[note].to_json()));
            cx.commit(commit)?;
        }
        Ok(notes)
    }

    /// Deletes what lies under the prefix of one note, looks, and reports it; or says why it is still there.
    fn delete_stray(&mut self, cx: &mut Cx<'_>, tenant: &str, note: &str, details: &Details) -> Result<Option<Wait>> {
        let Some((bucket, prefix)) = note.strip_prefix(&notes_of(tenant)).and_then(|place| place.split_once('/'))
        else {
            return Ok(None);
        };
        let stored = StoredRow { row: stray(tenant, bucket, prefix.to_owned(), details.to_json()), version: 0 };
        let mut leaving = [self.find_leaving(cx, &stored)?];
        self.delete_all(cx, &mut leaving)?;
        let [one] = leaving;
        let mut erased = Erased::default();
        let mut unlimited = u64::MAX;
        self.finish(cx, one, &mut unlimited, &mut erased)?;
        if !erased.records.is_empty() {
            cx.audit(erased.records)?;
        }
        let wait = erased.later.pop().map(|(_, wait)| wait);
        match (wait, erased.rows.pop()) {
            (None, _) => cx.commit(Commit::new().delete_state(note))?,
            (Some(_), Some(row)) => cx.commit(Commit::new().put_state(note, row.details))?,
            (Some(_), None) => return Ok(wait),
        };
        Ok(wait)
    }
}

/// Whether the contract goes on, or anything that the inventory knows of is not dealt with.
fn is_busy(cx: &mut Cx<'_>, tenant: &str) -> Result<bool> {
    let Some(entry) = cx.state().get(&sweep::contract_key(tenant))? else { return Ok(true) };
    let pass: sweep::Pass = serde_json::from_str(&entry.value).unwrap_or_default();
    if !pass.done {
        return Ok(true);
    }
    for prefix in [format!("due/{tenant}/"), sweep::held_key(tenant, ""), format!("hold/{tenant}/")] {
        if !cx.state().scan(&prefix, None, 1)?.is_empty() {
            return Ok(true);
        }
    }
    for entry in cx.state().all(OPEN)? {
        if Duty::read(&entry)?.tenant == tenant {
            return Ok(true);
        }
    }
    Ok(false)
}

/// A row as the inventory would have it, if it knew.
fn stray(tenant: &str, bucket: &str, prefix: String, details: String) -> Row {
    Row {
        egress_id: String::new(),
        tenant: tenant.to_owned(),
        room: String::new(),
        bucket: bucket.to_owned(),
        key: SinkKey::Prefix(prefix),
        kind: String::from("stray"),
        state: RowState::Deleting,
        details,
        backup_bucket: None,
    }
}
