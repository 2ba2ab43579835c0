//! The story of a violation: the dozen records out of perhaps a million that tell how it came about.
//!
//! A [`Gatherer`] watches a second run, whose first one has said what broke, in which record, and whom it is about. It keeps
//! the beginning of what is about them, what stands right before the violation, and the faults that were injected; and what
//! the operator's books said at that moment against what was.

use std::collections::VecDeque;

use egress_sim_model::books::{Audited, Disagreements, disagreements};
use egress_sim_model::property::{Mention, Violation};
use egress_sim_model::sink::Origin;
use egress_sim_model::state::State;
use egress_sim_model::time::{Span, Time};
use egress_sim_model::trace::{Fact, Lane, Witness, render};

use crate::report::narrow;

/// Lines of a story at most, with those that only count what is left out.
pub const LINES: usize = 12;

/// Recordings told of on which books and world did not agree.
const RECORDINGS: usize = 5;

/// Records kept of the beginning.
const FIRST: usize = 4;
/// Records kept of what stands before the violation.
const LAST: usize = 16;
/// Injected faults kept, of those beside a record of the story and of the others.
const FAULTS: usize = 4;
/// A fault stands beside a record that comes so many records before or behind it.
const BESIDE: u64 = 3;

/// How it came about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Story {
    /// In order of time.
    pub lines: Vec<Line>,
    /// What the operator's books said against what was, when the promise broke.
    pub books: Disagreements,
}

/// A line of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// A record.
    Record {
        /// From the scenario's start.
        at: Span,
        /// Who.
        lane: Lane,
        /// What.
        text: String,
        /// How it is marked.
        mark: Mark,
    },
    /// So many records are left out here.
    Elided(u64),
    /// The promise is broken at this moment because nothing happened.
    TimeIsUp(Span),
}

/// How a record is marked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// Not at all.
    None,
    /// A fault was injected.
    Injected,
    /// Here the promise was broken.
    Violation,
}

/// A record that may become a line.
#[derive(Clone, Debug)]
struct Entry {
    at: Time,
    sequence: u64,
    lane: Lane,
    text: String,
    /// Its place among the notable records about the violation's subjects; none: not one of them.
    place: Option<u64>,
}

/// Watches a run for the story of a violation.
#[derive(Debug)]
pub struct Gatherer {
    start: Time,
    until: Time,
    /// The record that broke the promise; none: time was up.
    marked: Option<u64>,
    about: Vec<Mention>,
    tenants: Vec<Mention>,
    places: u64,
    first: Vec<Entry>,
    last: VecDeque<Entry>,
    near_faults: VecDeque<Entry>,
    far_faults: VecDeque<Entry>,
    /// The last record about the subjects, notable or not.
    touched: Option<u64>,
    /// The record that broke the promise.
    violation: Option<Entry>,
    audited: Audited,
    books: Option<Disagreements>,
}

impl Gatherer {
    /// For this violation in a scenario that starts at `start`.
    pub fn new(violation: &Violation, start: Time) -> Gatherer {
        Gatherer {
            start,
            until: violation.at,
            marked: violation.sequence,
            about: narrow(&violation.about),
            tenants: violation.about.iter().filter(|mention| matches!(mention, Mention::Tenant(_))).cloned().collect(),
            places: 0,
            first: Vec::new(),
            last: VecDeque::new(),
            near_faults: VecDeque::new(),
            far_faults: VecDeque::new(),
            touched: None,
            violation: None,
            audited: Audited::default(),
            books: None,
        }
    }

    /// The story, once the run is over.
    pub fn finish(mut self) -> Story {
        let books = self.books.take().unwrap_or_default();
        // Fewer and fewer records, until they fit together with the lines that count what is left out.
        (1..=LINES)
            .rev()
            .map(|records| self.told(records))
            .find(|lines| lines.len() <= LINES)
            .map(|lines| Story { lines, books })
            .expect("one record, what is left out before it, and the end are less than a dozen lines")
    }

    fn told(&self, records: usize) -> Vec<Line> {
        let violation = self.violation.as_ref();
        let mut picked: Vec<&Entry> = violation.into_iter().collect();
        let near = self.near_faults.iter().rev();
        let faults: Vec<&Entry> = near.chain(self.far_faults.iter().rev()).take(FAULTS).collect();
        for (most, entries) in [
            (records / 3, faults),
            (records / 4, self.first.iter().collect()),
            (records, self.last.iter().rev().collect()),
            (records, self.first.iter().collect()),
        ] {
            for entry in entries.into_iter().take(most) {
                let known = picked.iter().any(|picked| picked.sequence == entry.sequence);
                let behind = violation.is_some_and(|violation| entry.sequence > violation.sequence);
                if !known && !behind && picked.len() < records {
                    picked.push(entry);
                }
            }
        }
        picked.sort_by_key(|entry| entry.sequence);
        let mut lines = Vec::new();
        let mut next_place = 0;
        for entry in picked {
            if let Some(place) = entry.place {
                if place > next_place {
                    lines.push(Line::Elided(place - next_place));
                }
                next_place = place + 1;
            }
            let mark = if violation.is_some_and(|violation| violation.sequence == entry.sequence) {
                Mark::Violation
            } else if entry.lane == Lane::Fault {
                Mark::Injected
            } else {
                Mark::None
            };
            let at = entry.at.since(self.start);
            lines.push(Line::Record { at, lane: entry.lane, text: entry.text.clone(), mark });
        }
        if violation.is_none() {
            lines.push(Line::TimeIsUp(self.until.since(self.start)));
        }
        lines
    }

    fn is_about(&self, fact: &Fact<'_>, state: &State) -> bool {
        let names = |mentions: &[Mention]| mentions.iter().any(|mention| render::mentions(fact, mention, state));
        self.about.is_empty() || names(&self.about) || matches!(fact, Fact::CommandGiven { .. }) && names(&self.tenants)
    }

    /// An object's recorder is part of its story.
    fn learn(&mut self, fact: &Fact<'_>, state: &State) {
        let Fact::Sink { bucket, change, .. } = fact else { return };
        let Origin::Egress(egress) = change.origin else { return };
        let is_subject = self
            .about
            .iter()
            .any(|mention| matches!(mention, Mention::Key(subject, key) if subject == bucket && **key == *change.key));
        if is_subject && !self.about.iter().any(|mention| matches!(mention, Mention::Egress(_))) {
            self.about.push(Mention::Egress(state.egress(egress).info.egress_id.to_string()));
        }
    }

    /// Books and world at this moment.
    fn compare_books(&mut self, state: &State) {
        self.books = Some(disagreements(state, &self.audited, &self.about, RECORDINGS));
    }

    fn strike(&mut self, entry: Entry) {
        let beside = self.touched.is_some_and(|touched| entry.sequence - touched <= BESIDE);
        keep(if beside { &mut self.near_faults } else { &mut self.far_faults }, entry, FAULTS);
    }

    /// Faults just before a record of the story belong to it.
    fn touch(&mut self, sequence: u64) {
        self.touched = Some(sequence);
        while self.far_faults.back().is_some_and(|fault| sequence - fault.sequence <= BESIDE) {
            let fault = self.far_faults.pop_back().expect("it was looked at");
            keep(&mut self.near_faults, fault, FAULTS);
        }
    }
}

impl Witness for Gatherer {
    fn record(&mut self, at: Time, sequence: u64, fact: &Fact<'_>, state: &State) {
        if at > self.until || self.violation.is_some() {
            if self.books.is_none() {
                // It was noticed later that time had been up.
                self.compare_books(state);
            }
            return;
        }
        // What another promise lapsed at is no longer the last word.
        self.books = None;
        if let Fact::Audited { records, .. } = fact {
            self.audited.append(records);
        }
        let entry = |place| Entry { at, sequence, lane: fact.lane(), text: render::line(fact, state), place };
        if matches!(fact, Fact::FaultStruck { .. }) && self.marked != Some(sequence) {
            self.strike(entry(None));
            return;
        }
        self.learn(fact, state);
        let is_violation = self.marked == Some(sequence);
        if !is_violation && !self.is_about(fact, state) {
            return;
        }
        self.touch(sequence);
        let place = render::is_notable(fact).then_some(self.places);
        let entry = entry(place);
        if is_violation {
            self.violation = Some(entry);
            self.compare_books(state);
            return;
        }
        if place.is_some() {
            self.places += 1;
            if self.first.len() < FIRST { self.first.push(entry) } else { keep(&mut self.last, entry, LAST) }
        }
    }

    /// Where time is up, the last time that a promise breaks so before anything else happens.
    fn lapsed(&mut self, state: &State) {
        if self.marked.is_none() && (self.books.is_none() || state.now <= self.until) {
            self.compare_books(state);
        }
    }
}

/// Adds to what is kept, and drops the oldest where it is more than `most`.
fn keep(kept: &mut VecDeque<Entry>, entry: Entry, most: usize) {
    if kept.len() == most {
        kept.pop_front();
    }
    kept.push_back(entry);
}

#[cfg(test)]
mod tests;
