//! Makes a scenario that breaks a promise as small as it gets, as a value: what comes out is a file that a person can read.
//!
//! Each [`edits`] function proposes smaller scenarios, the boldest first; a proposal is taken if the same promise still
//! breaks and no kind of fault takes part that did not before. Round after round, until a whole round brings nothing. The
//! order matters for speed only: what never fired and what comes behind the violation goes first, then whole surfaces, then
//! halves, then single things, numbers, names.

use std::collections::BTreeSet;
use std::rc::Rc;

use egress_sim_model::scenario::Scenario;
use egress_sim_model::scenario::file::parse;
use egress_sim_model::scenario::write::write;
use egress_sim_model::time::Time;

use crate::fingerprint::Fingerprint;
use crate::judge::{Broken, Judge};

mod edits;
mod names;

/// Where a reduction stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Runs so far; those that the cache saved are not counted.
    pub runs: u64,
    /// `[[fault]]` blocks at the start.
    pub faults_before: usize,
    /// And now.
    pub faults: usize,
    /// `[[call]]` blocks at the start.
    pub calls_before: usize,
    /// And now.
    pub calls: usize,
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
    /// How often each fault struck.
    pub(crate) fired: Vec<u64>,
    /// When the promise broke.
    pub(crate) at: Time,
    broken: Broken,
    fingerprint: Fingerprint,
}

/// One reduction.
pub struct Reducer<'a> {
    judge: &'a Judge<'a>,
    /// The promise, and the kinds of faults that may take part.
    target: Fingerprint,
    best: Best,
    /// Texts that did not do.
    refused: BTreeSet<[u8; 32]>,
    progress: Progress,
    /// Asked before each run.
    stop: &'a mut dyn FnMut(&Progress) -> bool,
    /// Told of each improvement.
    better: &'a mut dyn FnMut(&Scenario, &Progress),
}

impl std::fmt::Debug for Reducer<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reducer")
            .field("target", &self.target)
            .field("progress", &self.progress)
            .finish_non_exhaustive()
    }
}

impl<'a> Reducer<'a> {
    /// Begins with a scenario in which `property` breaks. None: it does not.
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
        let Some(best) = look(judge, scenario.clone(), property)? else { return Ok(None) };
        let (faults, calls) = (scenario.faults.len(), scenario.calls.len());
        let progress = Progress { runs: 1, faults_before: faults, faults, calls_before: calls, calls };
        let target = best.fingerprint.clone();
        Ok(Some(Reducer { judge, target, best, refused: BTreeSet::new(), progress, stop, better }))
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
        let proposal = edits::without_loose_ends(proposal);
        if proposal == self.best.scenario {
            return Ok(false);
        }
        let text = *blake3::hash(write(&proposal).as_bytes()).as_bytes();
        if self.refused.contains(&text) {
            return Ok(false);
        }
        self.progress.runs += 1;
        let looked = look(self.judge, proposal, &self.target.property)?;
        let does = |best: &Best| best.fingerprint.faults.is_subset(&self.target.faults) && is_a_file(&best.scenario);
        let Some(best) = looked.filter(does) else {
            self.refused.insert(text);
            return Ok(false);
        };
        self.target.faults.clone_from(&best.fingerprint.faults);
        self.best = best;
        self.progress.faults = self.best.scenario.faults.len();
        self.progress.calls = self.best.scenario.calls.len();
        (self.better)(&self.best.scenario, &self.progress);
        Ok(true)
    }
}

/// Whether a scenario is read back as it was written: what comes out of a reduction is a file.
fn is_a_file(scenario: &Scenario) -> bool {
    parse(&scenario.name, &write(scenario)).is_ok_and(|read| read == *scenario)
}

/// Runs a scenario; none: the promise does not break in it.
fn look(judge: &Judge<'_>, scenario: Scenario, property: &str) -> Result<Option<Best>, String> {
    let scenario = Rc::new(scenario);
    let judged = judge.run(&scenario)?;
    let Some(broken) = judged.broken.iter().find(|broken| broken.property == property).cloned() else {
        return Ok(None);
    };
    let fingerprint = Fingerprint::of(&broken, &judged);
    let fired = judged.outcome.faults_fired.clone();
    drop(judged);
    let scenario = Rc::try_unwrap(scenario).unwrap_or_else(|shared| (*shared).clone());
    Ok(Some(Best { scenario, fired, at: broken.first.at, broken, fingerprint }))
}
