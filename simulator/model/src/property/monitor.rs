//! Feeds facts and deadlines to properties.
//!
//! A run has hundreds of thousands of facts and each property looks at a few kinds of them, so there is one list of
//! properties for each kind of fact. Deadlines are kept by the properties; the monitor only knows each one's next.

use super::{About, Property, Verdict};
use crate::state::State;
use crate::time::{Span, Time};
use crate::trace::{Fact, FactKind};

/// The properties of a run, each with what it has found so far.
pub struct Monitor {
    watches: Vec<Watch>,
    /// Places in `watches`, for each kind of fact.
    wanted_by: [Vec<usize>; FactKind::ALL.len()],
    /// The smallest of `Watch::next`.
    soonest: Option<Time>,
    /// The number of the record whose fact is shown.
    sequence: Option<u64>,
    /// How many promises have been broken.
    broken: usize,
}

struct Watch {
    property: Box<dyn Property>,
    verdict: Verdict,
    next: Option<Time>,
}

impl std::fmt::Debug for Monitor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let verdicts = self.watches.iter().map(|watch| (watch.property.about().id, &watch.verdict));
        f.debug_map().entries(verdicts).finish()
    }
}

impl Monitor {
    /// Watches over these, in this order.
    pub fn new(properties: Vec<Box<dyn Property>>) -> Monitor {
        let wanted_by = FactKind::ALL.map(|kind| {
            let wanting = properties.iter().enumerate().filter(|(_, property)| property.wants(kind));
            wanting.map(|(place, _)| place).collect()
        });
        let watches: Vec<Watch> = properties
            .into_iter()
            .map(|property| Watch { next: property.next_due(), property, verdict: Verdict::default() })
            .collect();
        let soonest = watches.iter().filter_map(|watch| watch.next).min();
        Monitor { watches, wanted_by, soonest, sequence: None, broken: 0 }
    }

    /// The number of the record whose fact is shown next: what it breaks, it is marked with.
    pub(crate) const fn reached(&mut self, sequence: u64) {
        self.sequence = Some(sequence);
    }

    /// How many promises have been broken so far.
    pub(crate) const fn broken(&self) -> usize {
        self.broken
    }

    /// What each property has found so far, in their order.
    pub(crate) fn so_far(&self) -> Vec<(&'static About, Verdict)> {
        self.watches.iter().map(|watch| (watch.property.about(), watch.verdict.clone())).collect()
    }

    /// Shows one fact to everybody who wants its kind. `state` is the world right behind it.
    pub fn observe(&mut self, fact: &Fact<'_>, state: &State) {
        let mut moved = false;
        for &place in &self.wanted_by[fact.kind() as usize] {
            let watch = &mut self.watches[place];
            let held = watch.verdict.first.is_none();
            watch.property.observe(fact, state, &mut watch.verdict);
            if held && let Some(first) = &mut watch.verdict.first {
                self.broken += 1;
                // A deadline that is only noticed now has passed without a record.
                first.sequence = self.sequence.filter(|_| first.at == state.now);
            }
            let next = watch.property.next_due();
            if next != watch.next {
                watch.next = next;
                moved = true;
            }
        }
        if moved {
            self.find_soonest();
        }
    }

    /// The next moment at which a promise must be looked at even if nothing happens.
    pub const fn next_due(&self) -> Option<Time> {
        self.soonest
    }

    /// Runs every deadline before `before`, in order of time and then of the properties. Nothing may have changed in
    /// `state` since the last fact: it then is the world at each of these deadlines.
    ///
    /// # Panics
    /// If a property does not move its deadline on.
    pub fn run_due(&mut self, before: Time, state: &State) {
        while let Some(at) = self.soonest
            && at < before
        {
            for watch in self.watches.iter_mut().filter(|watch| watch.next == Some(at)) {
                let held = watch.verdict.first.is_none();
                watch.property.due(at, state, &mut watch.verdict);
                self.broken += usize::from(held && watch.verdict.first.is_some());
                watch.next = watch.property.next_due();
                let id = watch.property.about().id;
                assert!(watch.next.is_none_or(|next| next > at), "{id} does not move its deadline on from {at:?}");
            }
            self.find_soonest();
        }
    }

    /// The run is over: what each property found, in their order. Deadlines up to `state.now` are run first; those
    /// behind it are not exercised.
    pub fn finish(mut self, state: &State) -> Vec<(&'static About, Verdict)> {
        self.run_due(state.now + Span(1), state);
        let finished = self.watches.into_iter().map(|mut watch| {
            watch.property.finish(state, &mut watch.verdict);
            (watch.property.about(), watch.verdict)
        });
        finished.collect()
    }

    fn find_soonest(&mut self) {
        self.soonest = self.watches.iter().filter_map(|watch| watch.next).min();
    }
}
