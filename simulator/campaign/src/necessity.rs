//! What each step of a reduced scenario is needed for: what happens without it, and where the two runs part. That moment
//! is usually the cause.

use std::rc::Rc;

use egress_sim_model::scenario::Scenario;
use egress_sim_model::state::State;
use egress_sim_model::time::{Span, Time};
use egress_sim_model::trace::{Fact, FactKind, Witness, render};

use crate::fingerprint::Kind;
use crate::judge::{Judge, Judged};
use crate::reduce::without_loose_ends;

/// Records of a run that are kept to be compared with those of another. What is reduced has thousands; a reduction that was
/// stopped early may have millions, and then runs that part behind this are said not to.
const KEPT: usize = 100_000;

/// Something in a scenario that can be left out, by its place there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// A fault.
    Fault(usize),
    /// A command.
    Command(usize),
    /// The end of a tenant's contract.
    ContractEnd(usize),
    /// A call; asked only where there are several.
    Call(usize),
}

/// A step and what happens without it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Necessity {
    /// The step.
    pub step: Step,
    /// Promises that break without it: none of them the one that was to break, if the step is needed.
    pub without_it: Vec<String>,
    /// The first record in which the runs differ, beside the step's own.
    pub parting: Option<Parting>,
}

/// Where two runs part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parting {
    /// When, from the world's start.
    pub since_start: Span,
    /// What happens with the step; none: the run is over.
    pub with_it: Option<String>,
    /// What happens without it.
    pub without_it: Option<String>,
}

/// A scenario, run once with everything in it and once without each of its steps.
#[derive(Debug)]
pub struct Explained {
    /// The run with everything in it.
    pub judged: Judged,
    /// Its steps: faults, commands, contracts' ends, calls.
    pub necessities: Vec<Necessity>,
}

/// Runs a scenario, in which something is amiss in this way, with each of its steps and without.
///
/// # Errors
/// Where the operator cannot be run under the scenario's limits.
pub fn explain(judge: &Judge<'_>, scenario: &Scenario, kind: Kind) -> Result<Explained, String> {
    let mut with_it = Lines::default();
    let judged = judge.watch(&Rc::new(scenario.clone()), kind, &mut with_it)?;
    let mut necessities = Vec::new();
    for step in steps(scenario) {
        let mut without_it = Lines::default();
        let without = judge.watch(&Rc::new(without(scenario, step)), kind, &mut without_it)?;
        necessities.push(Necessity {
            step,
            without_it: without.broken.into_iter().map(|broken| broken.property).collect(),
            parting: parting(&with_it, &without_it, scenario.world.start),
        });
    }
    Ok(Explained { judged, necessities })
}

fn steps(scenario: &Scenario) -> Vec<Step> {
    let mut steps: Vec<Step> = (0..scenario.faults.len()).map(Step::Fault).collect();
    steps.extend((0..scenario.commands.len()).map(Step::Command));
    let ends = scenario.tenants.iter().enumerate().filter(|(_, tenant)| tenant.contract_end.is_some());
    steps.extend(ends.map(|(place, _)| Step::ContractEnd(place)));
    if scenario.calls.len() > 1 {
        steps.extend((0..scenario.calls.len()).map(Step::Call));
    }
    steps
}

fn without(scenario: &Scenario, step: Step) -> Scenario {
    let mut without = scenario.clone();
    match step {
        Step::Fault(place) => drop(without.faults.remove(place)),
        Step::Command(place) => drop(without.commands.remove(place)),
        Step::ContractEnd(place) => without.tenants[place].contract_end = None,
        Step::Call(place) => drop(without.calls.remove(place)),
    }
    without_loose_ends(without)
}

fn parting(with_it: &Lines, without: &Lines, start: Time) -> Option<Parting> {
    let place = with_it.0.iter().zip(&without.0).position(|(one, other)| one != other);
    let place = place.or_else(|| (with_it.0.len() != without.0.len()).then(|| with_it.0.len().min(without.0.len())))?;
    let (one, other) = (with_it.0.get(place), without.0.get(place));
    let at = one.into_iter().chain(other).map(|(at, _)| *at).min()?;
    let text = |line: Option<&(Time, String)>| line.map(|(_, text)| text.clone());
    Some(Parting { since_start: at.since(start), with_it: text(one), without_it: text(other) })
}

/// Every record in words, but those of the steps themselves: that a fault struck or a command was given is no news.
#[derive(Default)]
struct Lines(Vec<(Time, String)>);

impl Witness for Lines {
    fn record(&mut self, at: Time, _sequence: u64, fact: &Fact<'_>, state: &State) {
        if self.0.len() < KEPT && !matches!(fact.kind(), FactKind::FaultStruck | FactKind::CommandGiven) {
            self.0.push((at, render::line(fact, state)));
        }
    }
}
