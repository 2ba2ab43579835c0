//! How recordings are deleted, so that it can be shown afterwards.
//!
//! For a handful of rows at once: find every version under each recording's prefix; commit the rows as `deleting`, with
//! the keys, so that whoever comes after a crash knows what to report; retract the links; delete in batches, what newer versions
//! cover first, and read the errors; abort what was never finished uploading; HEAD each key, and list the versions where there are any; and only
//! then write the audit and let the rows be `deleted`.

use std::collections::{BTreeMap, BTreeSet};

use egress_sim_sdk::time::{HOUR, MINUTE, SECOND};
use egress_sim_sdk::{
    AuditAction, AuditOutcome, AuditRecord, CallError, Commit, Cx, DeleteError, Error, ObjectId, ObjectVersion,
    Outcome, Rejection, Result, Row, RowState, StateEntry, StoredRow,
};

use super::recording::{self, Details};
use super::{Steps, orders};

/// Ids of one `DeleteObjects` at most.
const BATCH: usize = 1000;

/// What became of a piece.
#[derive(Default)]
pub struct Erased {
    /// How many of the rows were looked at, from the first; the others did not fit into the piece.
    pub taken: usize,
    /// Rows as they are to be committed.
    pub rows: Vec<Row>,
    /// What the audit is to say of the keys that are gone.
    pub records: Vec<AuditRecord>,
    /// Recordings that are not deleted yet, and why.
    pub later: Vec<(String, Wait)>,
    /// The holds for which some of them wait, by key: when that is committed they must still stand.
    pub holds: BTreeMap<String, StateEntry>,
}

/// Why a recording is not deleted yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// A legal hold stands on it.
    Hold,
    /// Its egress has not ended.
    Recording,
    /// It is more than fits into one piece.
    Unfinished,
    /// The sink does not allow it, and has not so often before.
    Refused(u64),
    /// Something did not work.
    Trouble,
}

impl Wait {
    /// How long it waits at least. A refusal may be over in minutes, or stand for years and end at any moment: it is tried again
    /// ever more seldom, and twice a day at last.
    pub fn time(self) -> u64 {
        match self {
            // Not before the commit that says so: another instance could find nothing to do.
            Wait::Unfinished => 2 * SECOND,
            Wait::Refused(times) => (MINUTE << times.min(10)).min(12 * HOUR),
            Wait::Hold | Wait::Recording | Wait::Trouble => MINUTE,
        }
    }
}

/// A recording on its way out.
pub struct Leaving<'a> {
    stored: &'a StoredRow,
    /// What is known of its keys.
    pub details: Details,
    targets: Targets,
    /// The row as it lies in the backup storage, and what is to be deleted there.
    backup: Option<(Row, Targets)>,
    /// The sink has not done all of it.
    wait: Option<Wait>,
}

/// What is to be deleted of a recording in one bucket.
#[derive(Default)]
struct Targets {
    /// Versions with newer ones above them.
    covered: Vec<ObjectId>,
    /// The newest of each key. They go once nothing is below them: whatever comes in between, a refusal, a crash or a legal
    /// hold, a key then is whole or gone, and the audit can say which.
    newest: Vec<ObjectId>,
}

impl dyn Steps {
    /// Deletes recordings of one tenant, as many as fit into a piece. Rows that are `deleted` already are passed over.
    ///
    /// # Errors
    /// What does not work for single recordings is in the result; if the sink as a whole does not answer, all of the piece
    /// is to be done again.
    pub fn erase(&mut self, cx: &mut Cx<'_>, tenant: &str, rows: &[StoredRow]) -> Result<Erased> {
        let mut erased = Erased::default();
        let holds = orders::holds_of(cx, tenant)?;
        let mut leaving: Vec<Leaving<'_>> = Vec::new();
        let mut calls = 0;
        for stored in rows {
            if calls >= self.desk().config.calls {
                break;
            }
            erased.taken += 1;
            let row = &stored.row;
            if row.state == RowState::Deleted || !self.concerns(row) {
                continue;
            }
            if self.is_held(&holds, row) {
                self.tell_what_is_gone(cx, row, &mut erased)?;
                erased.later.push((row.egress_id.clone(), Wait::Hold));
                erased.holds.extend(holds.on(&row.room).map(|entry| (entry.key.clone(), entry.clone())));
            } else if row.state == RowState::Recording {
                self.hurry(cx, row)?;
                erased.later.push((row.egress_id.clone(), Wait::Recording));
            } else {
                let found = self.find_leaving(cx, stored)?;
                // A page of a listing may be short: each version that has to go first may cost a call.
                calls += 2 + found.details.count() - found.details.seen + found.targets.covered.len() as u64;
                leaving.push(found);
            }
        }
        self.begin(cx, &leaving)?;
        self.delete_all(cx, &mut leaving)?;
        abort_uploads(cx, tenant, &leaving)?;
        let mut budget = self.desk().config.calls;
        for one in leaving {
            self.finish(cx, one, &mut budget, &mut erased)?;
        }
        // Before the rows are let be `deleted`: a crash in between reports twice, under the same keys, and not never.
        let records = std::mem::take(&mut erased.records);
        self.audit_deletions(cx, records)?;
        Ok(erased)
    }

    /// A hold has come while a recording was being deleted. What is gone of it is reported now: the rest may stay for years.
    fn tell_what_is_gone(&mut self, cx: &mut Cx<'_>, row: &Row, erased: &mut Erased) -> Outcome {
        if row.state != RowState::Deleting {
            return Ok(());
        }
        let details = Details::read(row);
        let copy = self.in_backup(row);
        for (row, keys) in [(Some(row), &details.keys), (copy.as_ref(), &details.backup_keys)] {
            let Some(row) = row else { continue };
            let left: BTreeSet<String> = self.find(cx, row)?.into_iter().map(|version| version.key).collect();
            for key in keys.iter().filter(|key| !left.contains(*key)) {
                if self.looks_gone(cx, &row.bucket, key)? {
                    erased.records.push(deletion_record(row, key));
                }
            }
        }
        Ok(())
    }

    /// A row says that its egress is still recording. If it is not, the row is brought to its end first.
    fn hurry(&mut self, cx: &mut Cx<'_>, row: &Row) -> Outcome {
        match recording::look_up(cx, &row.room, &row.egress_id)? {
            Some(info) if recording::has_ended(info.status) => self.egress_ended(cx, &info),
            Some(_) => Ok(()),
            None => {
                let failed = Row { state: RowState::Failed, ..row.clone() };
                cx.commit(Commit::new().put_row(failed)).map(|_| ())
            }
        }
    }

    /// Finds what is to be deleted of a recording. Keys that were found before a crash are known from the row.
    pub fn find_leaving<'a>(&mut self, cx: &mut Cx<'_>, stored: &'a StoredRow) -> Result<Leaving<'a>> {
        let mut details = Details::read(&stored.row);
        let found = self.find(cx, &stored.row)?;
        let copy = self.in_backup(&stored.row);
        let in_backup = copy.as_ref().map_or_else(|| Ok(Vec::new()), |copy| self.find(cx, copy))?;
        for (keys, found) in [(&mut details.keys, &found), (&mut details.backup_keys, &in_backup)] {
            if !found.is_empty() {
                let all: BTreeSet<String> =
                    found.iter().map(|version| version.key.clone()).chain(keys.drain(..)).collect();
                keys.extend(all);
                details.seen = 0;
            }
        }
        let targets = self.in_order(found);
        let backup = copy.map(|copy| (copy, self.in_order(in_backup)));
        Ok(Leaving { stored, details, targets, backup, wait: None })
    }

    fn in_order(&mut self, found: Vec<ObjectVersion>) -> Targets {
        let (newest, covered): (Vec<_>, Vec<_>) = found.into_iter().partition(|version| version.is_latest);
        Targets { covered: self.targets(&covered), newest: self.targets(&newest) }
    }

    /// Commits that deletion has begun, and of what.
    fn begin(&mut self, cx: &mut Cx<'_>, leaving: &[Leaving<'_>]) -> Outcome {
        let mut commit = Commit::new();
        for one in leaving {
            let row = &one.stored.row;
            if row.state != RowState::Deleting || one.has_targets() {
                let row = Row { state: RowState::Deleting, details: one.details.to_json(), ..row.clone() };
                commit = commit.put_row(row).expect_row(one.stored);
            }
        }
        if !commit.is_empty() {
            cx.commit(commit)?;
        }
        for one in leaving {
            if one.details.seen == 0 {
                self.before_deletion(cx, &one.stored.row, &one.details.keys)?;
                self.retract(cx, &one.stored.row)?;
            }
        }
        Ok(())
    }

    /// Deletes what was found, bucket by bucket, reads the errors, and audits what the sink refuses.
    pub fn delete_all(&mut self, cx: &mut Cx<'_>, leaving: &mut [Leaving<'_>]) -> Outcome {
        let covered = take(leaving, |targets| std::mem::take(&mut targets.covered));
        let places: BTreeMap<&String, BTreeSet<usize>> =
            covered.iter().map(|(bucket, ids)| (bucket, ids.iter().map(|(place, _)| *place).collect())).collect();
        let mut stays: BTreeSet<(String, String)> = BTreeSet::new();
        self.delete_each(cx, leaving, &covered)?;
        for (bucket, places) in places {
            for place in places {
                // An answer is no proof.
                let left =
                    self.find(cx, leaving[place].row_in(bucket))?.into_iter().filter(|version| !version.is_latest);
                stays.extend(left.map(|version| (bucket.clone(), version.key)));
            }
        }
        let mut newest = take(leaving, |targets| std::mem::take(&mut targets.newest));
        for (bucket, ids) in &mut newest {
            ids.retain(|(_, id)| !stays.contains(&(bucket.clone(), id.key.clone())));
        }
        self.delete_each(cx, leaving, &newest)
    }

    fn delete_each(&mut self, cx: &mut Cx<'_>, leaving: &mut [Leaving<'_>], buckets: &ByBucket) -> Outcome {
        for (bucket, targets) in buckets {
            for batch in targets.chunks(BATCH) {
                let ids: Vec<ObjectId> = batch.iter().map(|(_, target)| target.clone()).collect();
                let mut refused: BTreeMap<usize, Vec<DeleteError>> = BTreeMap::new();
                for error in self.errors_of(cx, bucket, ids)? {
                    let Some((place, _)) = batch.iter().find(|(_, target)| target.key == error.key) else { continue };
                    if is_refusal(&error.code) {
                        leaving[*place].wait = Some(Wait::Refused(leaving[*place].details.refusals));
                        refused.entry(*place).or_default().push(error);
                    } else {
                        leaving[*place].wait.get_or_insert(Wait::Trouble);
                    }
                }
                // At once: after a crash nobody knows any more what was refused. And once a key: it may be refused for years.
                for (place, mut errors) in refused {
                    let one = &mut leaving[place];
                    let known = &mut one.details.refused;
                    errors.retain(|error| known.insert(format!("{bucket}/{}", error.key)));
                    if !errors.is_empty() {
                        self.audit_refusals(cx, leaving[place].row_in(bucket), &errors)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Deletes a batch. Where all of it is forbidden, each key is.
    fn errors_of(&mut self, cx: &mut Cx<'_>, bucket: &str, ids: Vec<ObjectId>) -> Result<Vec<DeleteError>> {
        match self.delete(cx, bucket, ids.clone()) {
            Err(Error::Call(CallError::Rejected(no))) if no.status == 403 => Ok(ids
                .into_iter()
                .map(|ObjectId { key, version_id }| {
                    let Rejection { code, message, .. } = no.clone();
                    DeleteError { key, version_id, code, message }
                })
                .collect()),
            outcome => outcome,
        }
    }

    /// Makes sure that a recording is gone, and reports it; or says why it is not.
    pub fn finish(&mut self, cx: &mut Cx<'_>, one: Leaving<'_>, budget: &mut u64, erased: &mut Erased) -> Outcome {
        let Leaving { stored, mut details, backup, wait, .. } = one;
        let row = &stored.row;
        let copy = backup.as_ref().map(|(copy, _)| copy);
        let later = |wait| (row.egress_id.clone(), wait);
        if let Some(wait) = wait {
            if matches!(wait, Wait::Refused(_)) {
                details.refusals += 1;
                erased.rows.push(Row { state: RowState::Deleting, details: details.to_json(), ..row.clone() });
                if !self.tries_again(row) {
                    return Ok(());
                }
            }
            erased.later.push(later(wait));
            return Ok(());
        }
        let seen_before = details.seen;
        while let Some((in_backup, key)) = details.place(details.seen) {
            if *budget == 0 && details.seen > seen_before {
                erased.rows.push(Row { state: RowState::Deleting, details: details.to_json(), ..row.clone() });
                erased.later.push(later(Wait::Unfinished));
                return Ok(());
            }
            *budget = budget.saturating_sub(1);
            let bucket = copy.filter(|_| in_backup).map_or(&row.bucket, |copy| &copy.bucket);
            if !self.looks_gone(cx, bucket, key)? {
                erased.later.push(later(Wait::Trouble));
                return Ok(());
            }
            details.seen += 1;
        }
        for row in [row].into_iter().chain(copy) {
            if !self.nothing_left(cx, row)? {
                erased.later.push(later(Wait::Trouble));
                return Ok(());
            }
        }
        erased.records.extend(details.keys.iter().map(|key| deletion_record(row, key)));
        let in_backup = details.backup_keys.iter();
        erased.records.extend(in_backup.filter_map(|key| Some(deletion_record(copy?, key))));
        let details = Details { error: details.error, key: details.key, size: details.size, ..Details::default() };
        erased.rows.push(Row { state: RowState::Deleted, details: details.to_json(), ..row.clone() });
        Ok(())
    }
}

impl Targets {
    fn is_empty(&self) -> bool {
        self.covered.is_empty() && self.newest.is_empty()
    }
}

/// Ids to delete in each bucket, with the place of the recording that each belongs to.
type ByBucket = BTreeMap<String, Vec<(usize, ObjectId)>>;

fn take(leaving: &mut [Leaving<'_>], mut some: impl FnMut(&mut Targets) -> Vec<ObjectId>) -> ByBucket {
    let mut buckets = ByBucket::new();
    for (place, one) in leaving.iter_mut().enumerate() {
        let backup = one.backup.as_mut().map(|(copy, targets)| (&copy.bucket, targets));
        for (bucket, targets) in [(&one.stored.row.bucket, &mut one.targets)].into_iter().chain(backup) {
            let ids = some(targets);
            if !ids.is_empty() {
                buckets.entry(bucket.clone()).or_default().extend(ids.into_iter().map(|id| (place, id)));
            }
        }
    }
    buckets
}

impl Leaving<'_> {
    fn has_targets(&self) -> bool {
        !self.targets.is_empty() || self.backup.as_ref().is_some_and(|(_, targets)| !targets.is_empty())
    }

    /// Its row, and the same as it lies in the backup storage.
    fn rows(&self) -> impl Iterator<Item = &Row> {
        [&self.stored.row].into_iter().chain(self.backup.iter().map(|(copy, _)| copy))
    }

    fn row_in(&self, bucket: &str) -> &Row {
        self.rows().find(|row| row.bucket == bucket).unwrap_or(&self.stored.row)
    }
}

/// What was begun to be uploaded and never finished is in no listing, and is data all the same.
pub fn abort_uploads(cx: &mut Cx<'_>, tenant: &str, leaving: &[Leaving<'_>]) -> Outcome {
    let buckets: BTreeSet<&str> = leaving.iter().flat_map(Leaving::rows).map(|row| row.bucket.as_str()).collect();
    for bucket in buckets {
        for upload in cx.sink(bucket).uploads(&format!("{tenant}/"))? {
            let belongs = |row: &Row| row.bucket == bucket && upload.key.starts_with(recording::prefix_of(row));
            if leaving.iter().flat_map(Leaving::rows).any(belongs) {
                cx.sink(bucket).abort_upload(&upload.key, &upload.upload_id)?;
            }
        }
    }
    Ok(())
}

/// Whether a code is a definite no, as against not now.
fn is_refusal(code: &str) -> bool {
    matches!(code, "AccessDenied" | "MethodNotAllowed" | "InvalidRequest")
}

/// What the audit says of a key that is gone, with every version of it.
pub fn deletion_record(row: &Row, key: &str) -> AuditRecord {
    AuditRecord {
        action: AuditAction::Delete,
        tenant: row.tenant.clone(),
        egress_id: Some(row.egress_id.clone()).filter(|id| !id.is_empty()),
        bucket: Some(row.bucket.clone()),
        key: Some(key.to_owned()),
        version_id: None,
        outcome: AuditOutcome::Done,
        idempotency_key: format!("delete/{}/{}/{key}", row.egress_id, row.bucket),
    }
}

/// What the audit says of a key that the sink refused to delete.
pub fn refusal_record(row: &Row, error: &DeleteError) -> AuditRecord {
    AuditRecord {
        version_id: error.version_id.clone(),
        outcome: AuditOutcome::Refused(error.code.clone()),
        idempotency_key: format!("refused/{}/{}/{}", row.egress_id, row.bucket, error.key),
        ..deletion_record(row, &error.key)
    }
}
