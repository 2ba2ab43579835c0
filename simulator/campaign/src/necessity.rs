//! What each fault of a reduced scenario is needed for: what happens without it, and where the two runs part. That moment
//! is usually the cause.

use std::rc::Rc;

use egress_sim_model::scenario::Scenario;
use egress_sim_model::state::State;
use egress_sim_model::time::{Span, Time};
use egress_sim_model::trace::{Fact, FactKind, Witness, render};

use crate::judge::Judge;

/// A fault and what happens without it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Necessity {
    /// Its place in the scenario.
    pub fault: usize,
    /// Promises that break without it: none of them the one that was to break, if the fault is needed.
    pub without_it: Vec<String>,
    /// The first record in which the runs differ, beside the fault's own.
    pub parting: Option<Parting>,
}

/// Where two runs part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parting {
    /// When, from the world's start.
    pub since_start: Span,
    /// What happens with the fault; none: the run is over.
    pub with_it: Option<String>,
    /// What happens without it.
    pub without_it: Option<String>,
}

/// Looks at each fault.
///
/// # Errors
/// Where the operator cannot be run under the scenario's limits.
pub fn of_each_fault(judge: &Judge<'_>, scenario: &Scenario) -> Result<Vec<Necessity>, String> {
    let mut with_it = Lines::default();
    judge.watch(&Rc::new(scenario.clone()), &mut with_it)?;
    let mut necessities = Vec::new();
    for fault in 0..scenario.faults.len() {
        let mut without = scenario.clone();
        without.faults.remove(fault);
        let without = Rc::new(without);
        let judged = judge.run(&without)?;
        let mut lines = Lines::default();
        judge.watch(&without, &mut lines)?;
        necessities.push(Necessity {
            fault,
            without_it: judged.broken.into_iter().map(|broken| broken.property).collect(),
            parting: parting(&with_it, &lines, scenario.world.start),
        });
    }
    Ok(necessities)
}

fn parting(with_it: &Lines, without: &Lines, start: Time) -> Option<Parting> {
    let place = with_it.0.iter().zip(&without.0).position(|(one, other)| one != other);
    let place = place.or_else(|| (with_it.0.len() != without.0.len()).then(|| with_it.0.len().min(without.0.len())))?;
    let (one, other) = (with_it.0.get(place), without.0.get(place));
    let at = one.into_iter().chain(other).map(|(at, _)| *at).min()?;
    let text = |line: Option<&(Time, String)>| line.map(|(_, text)| text.clone());
    Some(Parting { since_start: at.since(start), with_it: text(one), without_it: text(other) })
}

/// Every record in words, but those of faults: that one struck is no news.
#[derive(Default)]
struct Lines(Vec<(Time, String)>);

impl Witness for Lines {
    fn record(&mut self, at: Time, _sequence: u64, fact: &Fact<'_>, state: &State) {
        if fact.kind() != FactKind::FaultStruck {
            self.0.push((at, render::line(fact, state)));
        }
    }
}
