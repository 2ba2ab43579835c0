//! Makes a scenario that breaks a promise as small as it gets, as a value: what comes out is a file that a person can read.
//!
//! Each [`edits`] function proposes smaller scenarios, the boldest first; a proposal is taken if the same is amiss in the same
//! way, and if every kind of fault that takes part took part before, or is a gentler form of one that did ([`gentler`]). Fewer
//! kinds are taken: a promise that breaks without a fault is not to be filed under one that happened to be there. Round after
//! round, until a whole round brings nothing.
//!
//! The order matters for speed only: what struck too late and what comes behind the violation goes first, then thousands of
//! calls at once, because a run of twelve thousand recordings takes a second and one of ten takes none; then whole surfaces,
//! halves, single things, numbers, gentler kinds, round times, names.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::rc::Rc;

use egress_sim_model::scenario::file::parse;
use egress_sim_model::scenario::write::write;
use egress_sim_model::scenario::{OperatorTable, Scenario};
use egress_sim_model::state::State;
use egress_sim_model::time::Time;
use egress_sim_model::trace::{Fact, Witness};

use crate::fingerprint::{Fingerprint, Kind};
use crate::judge::{Broken, Judge, Judged};

mod edits;
mod gentler;
mod names;
mod plainer;
mod sizes;

pub(crate) use edits::without_loose_ends;

#[cfg(test)]
mod tests;

/// Where a reduction stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Runs so far; those that the cache saved are not counted.
    pub runs: u64,
    /// `[[fault]]` blocks at the start.
    pub faults_before: usize,
    /// And now.
    pub faults: usize,
    /// Calls at the start, those of rules one by one.
    pub calls_before: u64,
    /// And now.
    pub calls: u64,
}

/// A scenario that got smaller, with what is known of its run.
#[derive(Clone, Debug)]
pub struct Reduced {
    /// The scenario.
    pub scenario: Scenario,
    /// What breaks in it.
    pub broken: Broken,
    /// The property with the faults that it takes now.
    pub fingerprint: Fingerprint,
    /// How it came about.
    pub progress: Progress,
}

/// A scenario and what its run says, as far as edits want to know.
#[derive(Clone, Debug)]
pub(crate) struct Best {
    pub(crate) scenario: Scenario,
    /// Whether each fault struck before the promise broke.
    pub(crate) struck: Vec<bool>,
    /// When the promise broke.
    pub(crate) at: Time,
    broken: Broken,
    fingerprint: Fingerprint,
}

/// One reduction.
pub struct Reducer<'a> {
    judge: &'a Judge<'a>,
    /// The promise.
    property: String,
    /// In what way it is broken.
    kind: Kind,
    /// The kinds of faults that may take part.
    faults: BTreeSet<&'static str>,
    best: Best,
    /// Scenarios that did not do, by their hash.
    refused: BTreeSet<u64>,
    progress: Progress,
    /// Asked before each run.
    stop: &'a mut dyn FnMut(&Progress) -> bool,
    /// Told of each improvement.
    better: &'a mut dyn FnMut(&Scenario, &Progress),
}

impl std::fmt::Debug for Reducer<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reducer")
            .field("property", &self.property)
            .field("progress", &self.progress)
            .finish_non_exhaustive()
    }
}

impl<'a> Reducer<'a> {
    /// Begins with a scenario in which `property` breaks, or in which it is amiss in another way. None: it is not.
    ///
    /// # Errors
    /// Where the operator cannot be run under its limits.
    pub fn new(
        judge: &'a Judge<'a>,
        scenario: &Scenario,
        property: &str,
        stop: &'a mut dyn FnMut(&Progress) -> bool,
        better: &'a mut dyn FnMut(&Scenario, &Progress),
    ) -> Result<Option<Reducer<'a>>, String> {
        let first = judge.run(&Rc::new(scenario.clone()))?;
        let Some(kind) = first.broken.iter().find(|one| one.property == property).map(|one| one.kind) else {
            return Ok(None);
        };
        let Some(best) = look(judge, scenario.clone(), property, kind)? else { return Ok(None) };
        let (faults, calls) = (scenario.faults.len(), calls(scenario));
        let progress = Progress { runs: 2, faults_before: faults, faults, calls_before: calls, calls };
        let faults = gentler::with_gentler(&best.fingerprint.faults);
        let property = property.to_owned();
        Ok(Some(Reducer { judge, property, kind, faults, best, refused: BTreeSet::new(), progress, stop, better }))
    }

    /// Reduces until nothing gets smaller, or until it is stopped.
    ///
    /// # Errors
    /// Where the operator cannot be run under its limits.
    pub fn go(mut self) -> Result<Reduced, String> {
        while self.round()? {}
        let Best { scenario, broken, fingerprint, .. } = self.best;
        Ok(Reduced { scenario, broken, fingerprint, progress: self.progress })
    }

    /// One round through all edits; false: nothing got smaller, or it is to stop.
    fn round(&mut self) -> Result<bool, String> {
        let mut smaller = false;
        for edit in edits::ALL {
            loop {
                if (self.stop)(&self.progress) {
                    return Ok(false);
                }
                if !self.first_that_does(edit(&self.best))? {
                    break;
                }
                smaller = true;
            }
        }
        Ok(smaller)
    }

    fn first_that_does(&mut self, proposals: Vec<Scenario>) -> Result<bool, String> {
        for proposal in proposals {
            if (self.stop)(&self.progress) {
                return Ok(false);
            }
            if self.takes(proposal)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn takes(&mut self, proposal: Scenario) -> Result<bool, String> {
        let proposal = without_loose_ends(proposal);
        if proposal == self.best.scenario || !self.refused.insert(identity(&proposal)) {
            return Ok(false);
        }
        self.progress.runs += 1;
        let looked = look(self.judge, proposal, &self.property, self.kind)?;
        let does = |best: &Best| best.fingerprint.faults.is_subset(&self.faults) && is_a_file(&best.scenario);
        let Some(best) = looked.filter(does) else { return Ok(false) };
        self.faults = gentler::with_gentler(&best.fingerprint.faults);
        self.best = best;
        self.progress.faults = self.best.scenario.faults.len();
        self.progress.calls = calls(&self.best.scenario);
        (self.better)(&self.best.scenario, &self.progress);
        Ok(true)
    }
}

/// What tells a scenario from others within one reduction. It is kept nowhere: the hash may be another one tomorrow.
fn identity(scenario: &Scenario) -> u64 {
    let Scenario {
        name,
        title,
        severity,
        seed,
        question,
        expected,
        world,
        limits,
        promises,
        operator: OperatorTable { use_, older, instances, restart, config },
        tenants,
        buckets,
        calls,
        commands,
        faults,
        // Expectations and provenance change no run.
        expects: _,
        found: _,
    } = scenario;
    let mut hasher = DefaultHasher::new();
    (name, title, severity, seed, question, expected, world, limits, promises).hash(&mut hasher);
    (use_, older, instances, restart, config.to_string()).hash(&mut hasher);
    (tenants, buckets, calls, commands, faults).hash(&mut hasher);
    hasher.finish()
}

/// Whether a scenario is read back as it was written: what comes out of a reduction is a file, at each of its steps.
fn is_a_file(scenario: &Scenario) -> bool {
    parse(&scenario.name, &write(scenario)).is_ok_and(|read| read == *scenario)
}

fn calls(scenario: &Scenario) -> u64 {
    scenario.calls.iter().map(|call| call.count).sum()
}

/// Runs a scenario; none: it is not amiss in this way.
fn look(judge: &Judge<'_>, scenario: Scenario, property: &str, kind: Kind) -> Result<Option<Best>, String> {
    let scenario = Rc::new(scenario);
    let mut strikes = Strikes(vec![None; scenario.faults.len()]);
    let judged = judge.try_one(&scenario, property, kind, &mut strikes)?;
    let same = |broken: &&Broken| broken.property == property && broken.kind == kind;
    let Some(broken) = judged.broken.iter().find(same).cloned() else { return Ok(None) };
    let fingerprint = Fingerprint::of(&broken, &judged);
    let at = broken.first.at;
    let struck = strikes.0.iter().map(|first| first.is_some_and(|first| first <= at)).collect();
    drop::<Judged>(judged);
    let scenario = Rc::try_unwrap(scenario).unwrap_or_else(|shared| (*shared).clone());
    Ok(Some(Best { scenario, struck, at, broken, fingerprint }))
}

/// When each fault struck first.
struct Strikes(Vec<Option<Time>>);

impl Witness for Strikes {
    fn record(&mut self, at: Time, _sequence: u64, fact: &Fact<'_>, _state: &State) {
        if let Fact::FaultStruck { fault, .. } = fact {
            self.0[*fault].get_or_insert(at);
        }
    }
}
