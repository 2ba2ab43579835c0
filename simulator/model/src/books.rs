//! What the operator's books say against what is: inventory, links and audit beside LiveKit and the sink, at one moment.
//!
//! A promise is often broken long after books and world have parted. [`disagreements`] puts them side by side and leaves out
//! every recording on which they agree. It judges nothing: an egress that ended a moment ago and whose row still says
//! `recording` is listed as well.

use std::collections::BTreeSet;

use crate::call::{AuditAction, AuditOutcome, AuditRecord, Row, RowState, SinkKey};
use crate::property::{Mention, custody, words};
use crate::sink::Origin;
use crate::state::{Egress, Object, State};

/// Keys that are named one by one; the others of a recording are counted.
const NAMED: usize = 3;

/// Keys that the audit calls deleted. Gathered from its records as they pass, because no port keeps them.
#[derive(Clone, Debug, Default)]
pub struct Audited {
    deleted: BTreeSet<(String, String)>,
}

impl Audited {
    /// Takes down what was appended.
    pub fn append(&mut self, records: &[AuditRecord]) {
        for record in records {
            if let AuditRecord {
                action: AuditAction::Delete,
                outcome: AuditOutcome::Done,
                bucket: Some(bucket),
                key: Some(key),
                ..
            } = record
            {
                self.deleted.insert((bucket.clone(), key.clone()));
            }
        }
    }
}

/// A recording on which books and world do not agree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disagreement {
    /// `egress EG_… of room standup-7 (tenant acme-1)`
    pub recording: String,
    /// What the books say.
    pub books: Vec<String>,
    /// What is.
    pub world: Vec<String>,
}

/// All of them at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Disagreements {
    /// Those that are told, the ones that were asked about first.
    pub told: Vec<Disagreement>,
    /// How many more there are.
    pub others: usize,
}

/// Recordings on which books and world do not agree; of them `most` in full, first those that `about` names.
pub fn disagreements(state: &State, audited: &Audited, about: &[Mention], most: usize) -> Disagreements {
    let (mut meant, mut others, mut count) = (Vec::new(), Vec::new(), 0);
    let mut add = |meant_too: bool, found: Disagreement| {
        count += 1;
        let to = if meant_too { &mut meant } else { &mut others };
        if to.len() < most {
            to.push(found);
        }
    };
    for egress in &state.egresses {
        if let Some(found) = of_egress(state, audited, egress) {
            add(is_about(state, egress, about), found);
        }
    }
    for (id, stored) in state.ports.rows.iter() {
        if state.egress_named(id).is_none() {
            let found = Disagreement {
                recording: format!("egress {id}"),
                books: vec![row_words(&stored.row)],
                world: vec!["LiveKit never had such an egress".into()],
            };
            add(about.contains(&Mention::Egress(id.to_string())), found);
        }
    }
    meant.extend(others);
    meant.truncate(most);
    Disagreements { others: count - meant.len(), told: meant }
}

fn is_about(state: &State, egress: &Egress, about: &[Mention]) -> bool {
    about.iter().any(|mention| match mention {
        Mention::Egress(id) => **id == *egress.info.egress_id,
        Mention::Room(room) => **room == *state.call(egress.call).room,
        Mention::Key(bucket, key) => egress.objects.iter().any(|at| *at.bucket == **bucket && *at.key == **key),
        Mention::Tenant(_) | Mention::Instance(_) => false,
    })
}

fn of_egress(state: &State, audited: &Audited, egress: &Egress) -> Option<Disagreement> {
    let (mut books, mut world) = (Vec::new(), Vec::new());
    let row = state.ports.rows.get(&egress.info.egress_id).map(|stored| &*stored.row);
    let left: Vec<Left<'_>> = egress.objects.iter().filter_map(|object| Left::of(state, egress, object)).collect();
    let unfinished = has_unfinished_upload(state, egress);
    if parted(state, egress, row, &left, unfinished) {
        books.push(row.map_or_else(|| "no row".into(), row_words));
        world.push(in_livekit(state, egress));
        world.push(in_sink(&left, unfinished));
        world.extend(lacking(state, egress));
    }
    for link in state.ports.links.get(&egress.info.egress_id).into_iter().flatten() {
        let leads_to = state.resolve_url(&link.url).filter(|to| custody::is_there(state, to.bucket, to.key));
        if leads_to.is_none() {
            books.push(format!("a link to {}", link.url));
            world.push("it leads to nothing in the sink".into());
        }
    }
    let not_deleted = |left: &&Left<'_>| {
        let key = (left.object.bucket.to_string(), left.object.key.to_string());
        audited.deleted.contains(&key)
    };
    let undead: Vec<&Left<'_>> = left.iter().filter(not_deleted).collect();
    if let Some(first) = undead.first() {
        books.push(format!("the audit: deleted {}", named(undead.iter().map(|left| left.object))));
        world.push(format!("{} still there: {}", if undead.len() == 1 { "it is" } else { "they are" }, first.remains));
    }
    let recording = || words::egress(state, egress.ix);
    (!books.is_empty()).then(|| Disagreement { recording: recording(), books, world })
}

/// Whether a recording's row says something else than what is.
fn parted(state: &State, egress: &Egress, row: Option<&Row>, left: &[Left<'_>], unfinished: bool) -> bool {
    let mut data = left.iter().filter(|left| left.remains.versions > 0);
    let Some(row) = row else { return data.next().is_some() || egress.is_under_way() };
    match row.state {
        RowState::Recording => !egress.is_under_way(),
        RowState::Stored => {
            egress.is_under_way()
                || left.iter().all(|left| left.remains.versions == 0)
                || !lost(state, egress).is_empty()
                || data.any(|left| !row.covers(left.object))
        }
        RowState::Failed => egress.stored,
        RowState::Deleting => false,
        RowState::Deleted => !left.is_empty() || unfinished,
    }
}

/// What is left of an object.
struct Left<'a> {
    object: &'a Object,
    remains: custody::Remains,
}

impl<'a> Left<'a> {
    fn of(state: &State, egress: &Egress, object: &'a Object) -> Option<Left<'a>> {
        let remains = custody::remains(state, &object.bucket, &object.key, egress.ix)?;
        Some(Left { object, remains })
    }
}

fn has_unfinished_upload(state: &State, egress: &Egress) -> bool {
    let buckets = state.buckets_of(egress.ix).filter_map(|name| state.sink.buckets.get(name));
    buckets.flat_map(|bucket| bucket.uploads.values()).any(|upload| upload.origin == Origin::Egress(egress.ix))
}

/// What the worker stored, or takes for stored, and what is not in the sink.
fn lost<'a>(state: &State, egress: &'a Egress) -> Vec<&'a Object> {
    let claimed = egress.missing.iter().chain(&egress.objects);
    claimed.filter(|object| !custody::is_there(state, &object.bucket, &object.key)).collect()
}

fn lacking(state: &State, egress: &Egress) -> Option<String> {
    let lost = lost(state, egress);
    (!lost.is_empty()).then(|| format!("not in the sink: {}", named(lost.into_iter())))
}

fn in_livekit(state: &State, egress: &Egress) -> String {
    let status = egress.info.status.as_str_name();
    match egress.over_at() {
        Some(over) => format!("{status}, over for {}", state.now.since(over)),
        None if egress.draining => format!("{status}, and its worker still uploads"),
        None => status.to_owned(),
    }
}

fn in_sink(left: &[Left<'_>], unfinished: bool) -> String {
    let mut text = match left {
        [] => "nothing in the sink".to_owned(),
        [one] => format!("in the sink: {} ({})", named([one.object].into_iter()), one.remains),
        several => format!("in the sink: {}", named(several.iter().map(|left| left.object))),
    };
    if unfinished {
        text.push_str(", an unfinished upload");
    }
    text
}

fn row_words(row: &Row) -> String {
    let state = match row.state {
        RowState::Recording => "recording",
        RowState::Stored => "stored",
        RowState::Failed => "failed",
        RowState::Deleting => "deleting",
        RowState::Deleted => "deleted",
    };
    let key = match &row.key {
        SinkKey::Exact(key) => key.clone(),
        SinkKey::Prefix(prefix) => format!("{prefix}*"),
    };
    let backup = row.backup_bucket.as_deref().map(|bucket| format!(" or s3://{bucket}/{key}")).unwrap_or_default();
    format!("a row `{state}` for s3://{}/{key}{backup}", row.bucket)
}

/// The first few by name.
fn named<'a>(objects: impl ExactSizeIterator<Item = &'a Object>) -> String {
    let count = objects.len();
    let mut texts: Vec<String> =
        objects.take(NAMED).map(|object| format!("s3://{}/{}", object.bucket, object.key)).collect();
    if count > NAMED {
        texts.push(format!("{} more", count - NAMED));
    }
    texts.join(", ")
}

#[cfg(test)]
mod tests;
