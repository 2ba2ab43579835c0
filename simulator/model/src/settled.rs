//! The settled state: what a run leaves behind, without what a crash may rightly move.
//!
//! A crash costs seconds: egresses start later, are shorter by a segment, have other ids where one more was started. What it must
//! not change is what there is in the end. So everything here goes by stable names (tenant, room, how many calls had a room
//! of this name before, whose track) and by kinds: a recording has segments or has none, whatever their number. In it are
//!
//! - the recordings of each call: how the egress ended, what its inventory row says, what of it is in the sink, what of it
//!   links lead to. An egress of which neither row nor object nor link tells has left nothing, and is left out; so is a failed
//!   one of which only a row tells, and that it has failed. How many attempts fall into a fault's window is a matter of seconds,
//!   and so is whom a fault strikes that counts: recordings of a call that are alike in all this count as one, and a failed one
//!   whose row says so is left out where nothing of the same has failed in the other run;
//! - the audit, records with the same idempotency key once: deletions, holds, publications. What failed, was refused or
//!   was tried again settles nothing: a refusal may die with its only hearer;
//! - commands that are not answered.
//!
//! A fault of egresses or of their uploads that counts strikes whoever comes then, and a crash moves who that is: it says nothing
//! of the operator. What the two runs' faults struck otherwise, the composites of a call or the egresses of one of its tracks, is
//! not compared.
//!
//! A crash may be what makes a replacement come too late: when the track or the call is over that it was for. So where an egress was
//! begun for the same in both runs, and both have kept what the recording promises owe (`startup`, `gap`), it makes no difference
//! that one of them has a whole recording of it and the other has none. Who began none at all has lost it, and who was later than
//! is promised has, too.
//!
//! Where a legal hold stands in the end, how far a deletion had come when it was ordered is a matter of seconds, too: if one
//! had begun in either run, of the call's recordings only their ends are compared.
//!
//! The operator's own state, its timers, its log and objects of its own are its own business.

use std::collections::{BTreeMap, BTreeSet};

use crate::call::{AuditAction, AuditOutcome, AuditRecord, RowState};
use crate::livekit::{EgressStatus, Source};
use crate::property::recording::{composite_per_call, tracks};
use crate::property::{Mention, custody};
use crate::scenario::Recording::{Compliance, Processing};
use crate::state::{CallState, Egress, Object, State};

/// See the head of this file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settled {
    recordings: BTreeMap<Session, Vec<Recording>>,
    /// Calls of which a legal hold has kept what was being deleted, or came behind its deletion.
    interrupted: BTreeSet<Session>,
    /// Of everything that an egress recorded, a call or a track of it, the faults that struck its egresses and their uploads.
    struck: BTreeMap<Recorded, BTreeSet<usize>>,
    /// Likewise, of those of which there is what is promised, whether or not that is anything.
    kept: BTreeSet<Recorded>,
    audit: BTreeSet<Told>,
    /// Ids of commands.
    unanswered: BTreeSet<String>,
}

/// Where two runs settled otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// In words: `… with the crash there is …, without it …`.
    pub words: String,
    /// Whom it is about.
    pub about: Vec<Mention>,
}

/// A call, by names that every run gives it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Session {
    tenant: String,
    room: String,
    /// How many calls had a room of this name before.
    earlier: u32,
}

/// What an egress recorded: its call, and which part of it, or all.
type Recorded = (Session, String);

/// What an egress left.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Recording {
    what: String,
    ended: Ended,
    row: Option<RowState>,
    in_sink: BTreeSet<Piece>,
    links_to: BTreeSet<Piece>,
}

/// How an egress ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Ended {
    Not,
    Well,
    Failed,
}

/// What there may be of a recording, whatever its key and however often.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Piece {
    Media,
    Playlist,
    Segments,
    Manifest,
    DeleteMarker,
    UnfinishedUpload,
    /// A link that leads nowhere in the sink.
    Elsewhere,
}

/// What the audit says.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Told {
    tenant: String,
    action: AuditAction,
    what: String,
    /// The call that it is about; none: none, or none that is known.
    call: Option<Session>,
    /// What the egress recorded that it is about.
    source: Option<String>,
    /// The same thing was told under several idempotency keys, so it counts several times.
    repeated: bool,
}

/// Gathers the audit of a run, each idempotency key once.
#[derive(Debug, Default)]
pub(crate) struct Audit(BTreeMap<String, AuditRecord>);

impl Audit {
    pub(crate) fn append(&mut self, records: &[AuditRecord]) {
        for record in records {
            if !self.0.contains_key(&record.idempotency_key) {
                self.0.insert(record.idempotency_key.clone(), record.clone());
            }
        }
    }
}

impl Settled {
    /// What is left at the end of a run.
    pub(crate) fn of(state: &State, audit: &Audit) -> Settled {
        let mut recordings: BTreeMap<Session, Vec<Recording>> = BTreeMap::new();
        let mut interrupted = BTreeSet::new();
        let mut struck: BTreeMap<Recorded, BTreeSet<usize>> = BTreeMap::new();
        let mut kept = BTreeSet::new();
        for call in &state.calls {
            for egress in call.egresses.iter().map(|ix| state.egress(*ix)) {
                let recorded = (Session::of(call, state), what(egress, call));
                if is_kept(egress, call, state) {
                    kept.insert(recorded.clone());
                }
                struck.entry(recorded).or_default().extend(&egress.struck);
            }
            let mut left: Vec<Recording> = call
                .egresses
                .iter()
                .map(|ix| state.egress(*ix))
                .filter_map(|egress| Recording::of(egress, call, state))
                .collect();
            left.sort();
            let leaving = |recording: &Recording| matches!(recording.row, Some(RowState::Deleting | RowState::Deleted));
            if state.tenant(call.tenant).held(&call.room) && left.iter().any(leaving) {
                interrupted.insert(Session::of(call, state));
            }
            recordings.insert(Session::of(call, state), left);
        }
        let unanswered = state.unanswered.values().map(|(_, command)| command.id.clone()).collect();
        Settled { recordings, interrupted, struck, kept, audit: told(audit, state), unanswered }
    }

    /// The first thing that is otherwise than in the run without the crash.
    pub fn difference(&self, without: &Settled) -> Option<Difference> {
        self.difference_told(without, &CRASH)
    }

    /// The first thing that is otherwise than in another run; `sides` is how the two are told apart in words.
    pub fn difference_told(&self, other: &Settled, sides: &Sides<'_>) -> Option<Difference> {
        self.recording_that_differs(other, sides)
            .or_else(|| self.record_that_differs(other, sides))
            .or_else(|| self.command_that_differs(other, sides))
    }

    fn recording_that_differs(&self, other: &Settled, sides: &Sides<'_>) -> Option<Difference> {
        let calls: BTreeSet<&Session> = self.recordings.keys().chain(other.recordings.keys()).collect();
        let all_left = |settled: &Settled, call: &Session| {
            let mut left = settled.recordings.get(call).cloned().unwrap_or_default();
            if self.was_interrupted(other, call) {
                for recording in &mut left {
                    recording.row = None;
                    recording.in_sink.clear();
                    recording.links_to.clear();
                }
                left.sort();
            }
            left.retain(|recording| {
                !recording.has_failed_and_left_nothing()
                    && self.was_struck_as(other, call, &recording.what)
                    && !(recording.is_whole() && self.came_too_late(other, call, &recording.what))
            });
            left.dedup();
            left
        };
        let (call, here, there) = calls.into_iter().find_map(|call| {
            let (mut here, mut there) = (all_left(self, call), all_left(other, call));
            let both = (here.clone(), there.clone());
            here.retain(|recording| !recording.is_one_more_attempt(&both.1));
            there.retain(|recording| !recording.is_one_more_attempt(&both.0));
            (here != there).then_some((call, here, there))
        })?;
        let words = format!(
            "of {call} there is {} {}, and {} {}",
            words::listed(&here),
            sides.here.first,
            words::listed(&there),
            sides.there.again
        );
        Some(Difference { words, about: vec![Mention::Room(call.room.clone()), Mention::Tenant(call.tenant.clone())] })
    }

    fn record_that_differs(&self, other: &Settled, sides: &Sides<'_>) -> Option<Difference> {
        let taken_away = |told: &&Told| {
            let call = told.call.as_ref().filter(|_| matches!(told.action, AuditAction::Delete | AuditAction::Retract));
            call.is_some_and(|call| self.was_interrupted(other, call))
        };
        let by_a_fault = |told: &&Told| {
            let source = told.call.as_ref().zip(told.source.as_ref());
            source.is_some_and(|(call, source)| !self.was_struck_as(other, call, source))
        };
        let by_time = |told: &&Told| {
            let source = told.call.as_ref().zip(told.source.as_ref());
            source.is_some_and(|(call, source)| self.came_too_late(other, call, source))
        };
        let mut differing = self.audit.symmetric_difference(&other.audit);
        let told = differing.find(|told| !taken_away(told) && !by_a_fault(told) && !by_time(told))?;
        let (here, there) = sides.seen_from(self.audit.contains(told));
        let words = format!("{} the audit of tenant {} tells of {told}, {} not", here.first, told.tenant, there.again);
        Some(Difference { words, about: vec![Mention::Tenant(told.tenant.clone())] })
    }

    /// Whether the same faults struck egresses of this source and their uploads in both runs, or one of them has none.
    fn was_struck_as(&self, other: &Settled, call: &Session, source: &str) -> bool {
        let source = (call.clone(), source.to_owned());
        self.struck.get(&source).zip(other.struck.get(&source)).is_none_or(|(here, there)| here == there)
    }

    /// Whether an egress was begun for this in both runs, and in time, and only one of them has come to a whole recording.
    fn came_too_late(&self, other: &Settled, call: &Session, source: &str) -> bool {
        let recorded = (call.clone(), source.to_owned());
        let has_it = |settled: &Settled| {
            let mut left = settled.recordings.get(call).into_iter().flatten();
            left.any(|recording| recording.what == source && recording.is_whole())
        };
        self.kept.contains(&recorded) && other.kept.contains(&recorded) && has_it(self) != has_it(other)
    }

    /// Whether a hold came upon a deletion of this call's recordings, in either run.
    fn was_interrupted(&self, other: &Settled, call: &Session) -> bool {
        self.interrupted.contains(call) || other.interrupted.contains(call)
    }

    fn command_that_differs(&self, other: &Settled, sides: &Sides<'_>) -> Option<Difference> {
        let id = self.unanswered.symmetric_difference(&other.unanswered).next()?;
        let (here, _) = sides.seen_from(self.unanswered.contains(id));
        let words = format!("{} the command {id} is never answered", here.first);
        Some(Difference { words, about: Vec::new() })
    }
}

/// How two runs are told apart in words.
#[derive(Clone, Copy, Debug)]
pub struct Sides<'a> {
    /// This one.
    pub here: Side<'a>,
    /// The one that it is compared with.
    pub there: Side<'a>,
}

/// One of them.
#[derive(Clone, Copy, Debug)]
pub struct Side<'a> {
    /// Where it is named first: `with the crash`.
    pub first: &'a str,
    /// Where the other was named before: `with it`.
    pub again: &'a str,
}

const CRASH: Sides<'static> = Sides {
    here: Side { first: "with the crash", again: "with it" },
    there: Side { first: "without the crash", again: "without it" },
};

impl<'a> Sides<'a> {
    /// This one and the other, or the other one first.
    const fn seen_from(&self, here: bool) -> (Side<'a>, Side<'a>) {
        if here { (self.here, self.there) } else { (self.there, self.here) }
    }
}

impl Session {
    fn of(call: &CallState, state: &State) -> Session {
        Session {
            tenant: state.tenant(call.tenant).name.to_string(),
            room: call.room.to_string(),
            earlier: call.session,
        }
    }
}

impl Recording {
    fn has_failed_and_left_nothing(&self) -> bool {
        let says_so = matches!(self.row, None | Some(RowState::Failed | RowState::Deleted));
        self.ended == Ended::Failed && says_so && self.in_sink.is_empty() && self.links_to.is_empty()
    }

    /// Whether it has ended well, and the books say so.
    fn is_whole(&self) -> bool {
        let says_so = matches!(self.row, Some(RowState::Stored | RowState::Deleting | RowState::Deleted));
        self.ended == Ended::Well && says_so
    }

    /// Whether it has failed, the books say so, and in the other run nothing of the same has failed.
    fn is_one_more_attempt(&self, there: &[Recording]) -> bool {
        let says_so = matches!(self.row, Some(RowState::Failed | RowState::Deleting));
        let failed = |other: &Recording| other.what == self.what && other.ended == Ended::Failed;
        self.ended == Ended::Failed
            && says_so
            && !self.in_sink.is_empty()
            && self.links_to.is_empty()
            && !there.iter().any(failed)
    }

    /// None: it left nothing.
    fn of(egress: &Egress, call: &CallState, state: &State) -> Option<Recording> {
        let id = &*egress.info.egress_id;
        let row = state.ports.rows.get(id).map(|stored| stored.row.state);
        let links = state.ports.links.get(id).map(Vec::as_slice).unwrap_or_default();
        let live = egress.info.status.is_live();
        if row.is_none() && links.is_empty() && egress.objects.is_empty() && !live {
            return None;
        }
        let mut in_sink = BTreeSet::new();
        for Object { bucket, key } in &egress.objects {
            if let Some(left) = custody::remains(state, bucket, key, egress.ix) {
                in_sink.extend((left.versions > 0).then(|| Piece::of(key)));
                in_sink.extend((left.markers > 0).then_some(Piece::DeleteMarker));
            }
        }
        let unfinished = state.buckets_of(egress.ix).filter_map(|name| state.sink.buckets.get(name)).any(|bucket| {
            bucket.uploads.values().any(|upload| upload.origin == crate::sink::Origin::Egress(egress.ix))
        });
        in_sink.extend(unfinished.then_some(Piece::UnfinishedUpload));
        let target = |url: &str| {
            let resolved = state.resolve_url(url).filter(|to| custody::is_there(state, to.bucket, to.key));
            resolved.map_or(Piece::Elsewhere, |to| Piece::of(to.key))
        };
        Some(Recording {
            what: what(egress, call),
            ended: match egress.info.status {
                EgressStatus::Complete | EgressStatus::LimitReached => Ended::Well,
                EgressStatus::Failed | EgressStatus::Aborted => Ended::Failed,
                _ => Ended::Not,
            },
            row,
            in_sink,
            links_to: links.iter().map(|link| target(&link.url)).collect(),
        })
    }
}

/// Whether there is what the recording promises owe of what an egress records.
fn is_kept(egress: &Egress, call: &CallState, state: &State) -> bool {
    match (&egress.info.request.source, call.recording) {
        (Source::RoomComposite { .. }, Compliance) => composite_per_call::is_kept(state, call),
        (Source::Track { track_id }, Processing) => tracks::is_kept(state, call, track_id),
        _ => false,
    }
}

/// What an egress records, by names that every run gives it.
fn what(egress: &Egress, call: &CallState) -> String {
    match &egress.info.request.source {
        Source::RoomComposite { .. } => "composite".into(),
        Source::TrackComposite { .. } => "a track composite".into(),
        Source::Participant { identity, .. } => identity.clone(),
        Source::Web { url, .. } => url.clone(),
        Source::Media(_) | Source::Unset => "media".into(),
        Source::Track { track_id } => {
            let whose = call.participants.iter().find_map(|person| {
                let track = person.tracks.iter().find(|track| *track.sid == **track_id)?;
                Some(format!("{}'s {}", person.identity, track.source.name()))
            });
            whose.unwrap_or_else(|| "a track of nobody".into())
        }
    }
}

impl Piece {
    fn of(key: &str) -> Piece {
        match key.rsplit_once('.') {
            Some((_, "ts")) => Piece::Segments,
            Some((_, "m3u8")) => Piece::Playlist,
            Some((_, "json")) => Piece::Manifest,
            _ => Piece::Media,
        }
    }
}

fn told(audit: &Audit, state: &State) -> BTreeSet<Told> {
    let mut keys: BTreeMap<_, u32> = BTreeMap::new();
    for record in audit.0.values() {
        let settles = record.outcome == AuditOutcome::Done && record.action != AuditAction::RefuseWebhook;
        if settles {
            let AuditRecord { action, tenant, egress_id, bucket, key, version_id, .. } = record;
            // Holds are told of once a command, and commands have nothing else to tell them apart.
            let once = key.is_some() || egress_id.is_some();
            *keys.entry((action, tenant, egress_id, bucket, key, version_id)).or_default() += u32::from(once);
        }
    }
    keys.into_iter()
        .map(|((action, tenant, egress_id, _, key, _), times)| {
            let egress = egress_id.as_deref().map(|id| state.egress_named(id));
            let call = egress.flatten().map(|egress| Session::of(state.call(egress.call), state));
            let source = egress.flatten().map(|egress| what(egress, state.call(egress.call)));
            let egress = egress.map(|_| match source.as_ref().zip(call.as_ref()) {
                Some((source, call)) => format!("the {source} of {call}"),
                None => "a recording that LiveKit never made".into(),
            });
            let what = match (egress, key) {
                (Some(egress), Some(key)) => format!("{} of {egress}", Piece::of(key)),
                (Some(egress), None) => egress,
                (None, Some(key)) => Piece::of(key).to_string(),
                (None, None) => String::new(),
            };
            Told { tenant: tenant.clone(), action: *action, what, call, source, repeated: times > 1 }
        })
        .collect()
}

mod words;

#[cfg(test)]
mod tests;
