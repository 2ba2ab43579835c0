//! When lifecycle rules run: at midnights at which there may be something for them to do.

use std::collections::BTreeSet;

use super::{Event, World};
use crate::time::Time;
use crate::trace::{Actor, Fact};

/// What is known of lifecycle rules between midnights.
#[derive(Debug, Default)]
pub(crate) struct Lifecycle {
    /// Whether any bucket was ever given rules: as long as none was, nothing is looked at.
    on: bool,
    /// Moments that are in the queue.
    scheduled: BTreeSet<Time>,
}

impl World<'_> {
    /// A bucket has new rules.
    pub(super) fn lifecycle_put(&mut self, bucket: &str) {
        self.lifecycle.on = true;
        let day = self.state.scenario.world.lifecycle_day;
        let moments = self.state.sink.lifecycle_from_now(self.state.now, day, bucket);
        self.schedule_lifecycle(moments);
    }

    /// Something in a bucket has changed.
    pub(super) fn lifecycle_after_change(&mut self, bucket: &str) {
        if !self.lifecycle.on {
            return;
        }
        let day = self.state.scenario.world.lifecycle_day;
        let moments = self.state.sink.lifecycle_after_change(self.state.now, day, bucket);
        self.schedule_lifecycle(moments);
    }

    fn schedule_lifecycle(&mut self, moments: BTreeSet<Time>) {
        for at in moments {
            if at > self.state.now && self.lifecycle.scheduled.insert(at) {
                self.queue.push(at, Event::LifecycleRuns);
            }
        }
    }

    /// It is midnight.
    pub(super) fn lifecycle_runs(&mut self) {
        let now = self.state.now;
        self.lifecycle.scheduled.remove(&now);
        let day = self.state.scenario.world.lifecycle_day;
        for (bucket, changes) in self.state.sink.run_lifecycle(self.chance, now, day) {
            for change in &changes {
                self.log.emit(&self.state, &Fact::Sink { by: Actor::Lifecycle, bucket: &bucket, change });
            }
            self.lifecycle_after_change(&bucket);
        }
    }
}
