//! After the last fault: the world is healed, and from time to time somebody looks whether the operator has reached its goals.
//!
//! The first look comes a minute after the last fault struck or its window closed; the next ones double the distance, up to
//! `[promises].converge`. Only as long as something is still open is there another look, and only as long as there is one
//! does the run go on for it. A scenario in which no fault strikes has no look, and is as if this did not exist.

use super::{Event, World};
use crate::goals::{self, Goals, Shown};
use crate::scenario::Promises;
use crate::time::{Span, Time};
use crate::trace::Fact;

/// From the last fault to the first look.
const FIRST_LOOK: Span = Span::seconds(60);

/// See the head of this file.
#[derive(Debug)]
pub(super) struct Healing {
    /// When the last fault had struck, or its window closes.
    healed: Time,
    /// From then to the next look.
    wait: Span,
    /// A look is in the queue.
    looks: bool,
    first: Span,
    last: Span,
}

impl Healing {
    pub(super) fn new(promises: &Promises) -> Healing {
        let (first, last) = (FIRST_LOOK.min(promises.converge), promises.converge);
        Healing { healed: Time::default(), wait: first, looks: false, first, last }
    }

    fn next(&self) -> Time {
        self.healed + self.wait
    }
}

impl World<'_> {
    /// A fault has struck; it goes on striking until its window closes, if it has one.
    pub(super) fn wounded(&mut self, until: Option<Time>) {
        let now = self.state.now;
        let healing = &mut self.healing;
        healing.healed = healing.healed.max(until.unwrap_or(now)).max(now);
        healing.wait = healing.first;
        let next = healing.next();
        if !std::mem::replace(&mut healing.looks, true) {
            self.queue.push(next, Event::LooksAtGoals);
        }
        self.owe(next);
    }

    pub(super) fn looks_at_goals(&mut self) {
        let (now, due) = (self.state.now, self.healing.next());
        if now < due {
            // Another fault has struck since this look was planned.
            self.queue.push(due, Event::LooksAtGoals);
            return;
        }
        let healed = self.healing.healed;
        let shown = self.outside.as_ref().map_or(Shown::ALL, |outside| outside.evidence.shown());
        let goals = goals::look(&self.state, healed, shown);
        let unmet = if let Goals::Unmet(unmet) = &goals { Some(unmet) } else { None };
        let met = goals == Goals::Met;
        self.log.emit(&self.state, &Fact::GoalsLooked { healed, met, unmet });
        let healing = &mut self.healing;
        if met || healing.wait >= healing.last {
            healing.looks = false;
            return;
        }
        // A look that was planned before another fault struck may come later than the next one would have been.
        while healing.next() <= now && healing.wait < healing.last {
            healing.wait = healing.last.min(healing.wait.times(2));
        }
        let next = healing.next().max(now);
        self.queue.push(next, Event::LooksAtGoals);
        self.owe(next);
    }
}
