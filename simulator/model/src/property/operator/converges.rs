//! Once faults stop, the operator reaches its goals within `converge`.
//!
//! Why: every service meets an hour in which everything fails. What matters is that it comes right by itself afterwards, and
//! that nobody has to find, a year later, the row that has said `recording` ever since.
//!
//! The rule: the goals are those of [`crate::goals`], about what was begun before the last fault had struck or its window
//! had closed. The world looks a minute after that, and then at growing distances; the promise is kept if a look finds
//! everything reached, and broken if the one at `converge` still finds something amiss. A run that ends before leaves it
//! not exercised, as does one in which no fault strikes.
//!
//! Broken by `never-reconciles`, which believes that each webhook comes.

use crate::property::{About, Property, Verdict, Violation};
use crate::state::State;
use crate::trace::{Fact, FactKind};

static ABOUT: About = About {
    id: "operator.converges",
    promise: "Once faults stop, the operator reaches its goals within `converge`.",
    why: "Every service meets an hour in which everything fails; it has to come right by itself afterwards.",
    one_check: "run with faults",
    broken_by: "never-reconciles",
};

/// See the head of this file.
#[derive(Debug, Default)]
pub struct Converges {
    /// What the last look found; none: no fault has struck, or another one since.
    last: Option<Found>,
}

#[derive(Debug)]
enum Found {
    /// Everything is reached, or nothing was amiss at the last look of all.
    Reached,
    /// There is another look to come.
    Open,
    /// Time was up: the promise is broken unless another fault strikes.
    Late(Violation),
}

impl Property for Converges {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn wants(&self, kind: FactKind) -> bool {
        matches!(kind, FactKind::FaultStruck | FactKind::GoalsLooked)
    }

    fn observe(&mut self, fact: &Fact<'_>, state: &State, _verdict: &mut Verdict) {
        match *fact {
            Fact::FaultStruck { .. } => self.last = None,
            Fact::GoalsLooked { healed, met, unmet } => {
                let converge = state.scenario.promises.converge;
                let late = state.now >= healed + converge;
                self.last = Some(match unmet {
                    Some(unmet) if late => Found::Late(Violation {
                        at: state.now,
                        about: unmet.about.clone(),
                        sequence: None,
                        message: format!(
                            "once faults stop the operator reaches its goals within {converge}, but {converge} after the \
                             last fault {}",
                            unmet.words
                        ),
                    }),
                    None if met || late => Found::Reached,
                    _ => Found::Open,
                });
            }
            _ => {}
        }
    }

    fn finish(&mut self, _state: &State, verdict: &mut Verdict) {
        match self.last.take() {
            Some(Found::Reached) => verdict.held(),
            Some(Found::Late(late)) => verdict.violated(late.at, late.about, || late.message),
            Some(Found::Open) | None => {}
        }
    }
}
