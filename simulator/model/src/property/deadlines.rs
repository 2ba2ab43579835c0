//! Moments at which something must be looked at.

use std::collections::BTreeSet;

use crate::time::Time;

/// Deadlines, soonest first; at the same moment in the order of `T`.
#[derive(Debug)]
pub struct Deadlines<T>(BTreeSet<(Time, T)>);

impl<T> Default for Deadlines<T> {
    fn default() -> Deadlines<T> {
        Deadlines(BTreeSet::new())
    }
}

impl<T: Ord> Deadlines<T> {
    /// `what` is to be looked at when `at` has passed.
    pub fn push(&mut self, at: Time, what: T) {
        self.0.insert((at, what));
    }

    /// The soonest.
    pub fn next(&self) -> Option<Time> {
        self.0.first().map(|(at, _)| *at)
    }

    /// Takes one that is due at `at` or before.
    pub fn take(&mut self, at: Time) -> Option<T> {
        if self.next()? > at {
            return None;
        }
        self.0.pop_first().map(|(_, what)| what)
    }
}
