//! Feeds facts to properties.

use super::{About, Property, Verdict};
use crate::state::State;
use crate::time::Time;
use crate::trace::Fact;

/// The properties of a run.
pub struct Monitor {
    properties: Vec<(Box<dyn Property>, Verdict)>,
}

impl Monitor {
    /// Nothing has happened yet.
    pub fn new(properties: Vec<Box<dyn Property>>) -> Monitor {
        Monitor { properties: properties.into_iter().map(|property| (property, Verdict::default())).collect() }
    }

    /// One fact, to everybody.
    pub fn observe(&mut self, fact: &Fact<'_>, state: &State) {
        for (property, verdict) in &mut self.properties {
            property.observe(fact, state, verdict);
        }
    }

    /// Every deadline before `before`.
    pub fn run_due(&mut self, before: Time, state: &State) {
        for (property, verdict) in &mut self.properties {
            while let Some(at) = property.next_due().filter(|at| *at < before) {
                property.due(at, state, verdict);
            }
        }
    }

    /// The run is over.
    pub fn finish(self, state: &State) -> Vec<(&'static About, Verdict)> {
        self.properties
            .into_iter()
            .map(|(mut property, mut verdict)| {
                property.finish(state, &mut verdict);
                (property.about(), verdict)
            })
            .collect()
    }
}
