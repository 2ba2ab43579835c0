//! One run of one scenario, and what it is worth: which promises broke, and what it covered.

use std::collections::BTreeSet;
use std::rc::Rc;

use egress_sim_model::operator::Host;
use egress_sim_model::property::{Property, Violation, builtin};
use egress_sim_model::scenario::{Limits, Scenario};
use egress_sim_model::trace::Witness;
use egress_sim_model::world::{Outcome, PropertyName, Run};

use crate::coverage::Coverage;

/// The operator under test. A host is made for each run, in the thread that runs it.
pub trait Operator: Sync {
    /// A host under these limits.
    ///
    /// # Errors
    /// Limits that it cannot work with.
    fn host(&self, limits: &Limits) -> Result<Box<dyn Host>, String>;
    /// `OP`, as reports and replay commands spell it.
    fn op(&self) -> &str;
}

/// What a run came to.
#[derive(Debug)]
pub struct Judged {
    /// The broken promises that count, in order of time.
    pub broken: Vec<Broken>,
    /// Fault kinds that struck.
    pub struck: BTreeSet<&'static str>,
    /// What it covered.
    pub coverage: Coverage,
    /// The whole outcome.
    pub outcome: Outcome,
}

/// A promise that broke.
#[derive(Clone, Debug)]
pub struct Broken {
    /// Its id.
    pub property: String,
    /// The first time.
    pub first: Violation,
}

/// Judges runs of one operator by some of the properties.
pub struct Judge<'a> {
    operator: &'a dyn Operator,
    /// Ids that count; empty: all.
    properties: &'a [String],
    /// A second operator: what both break is no finding.
    against: Option<&'a dyn Operator>,
    /// The user's own.
    own: Option<MakeProperties<'a>>,
}

/// Makes properties of the user's own, fresh ones for each run.
pub type MakeProperties<'a> = &'a (dyn Fn() -> Vec<Box<dyn Property>> + Sync);

impl std::fmt::Debug for Judge<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Judge").field("operator", &self.operator.op()).finish_non_exhaustive()
    }
}

impl<'a> Judge<'a> {
    /// All promises, or those named.
    pub const fn new(operator: &'a dyn Operator, properties: &'a [String]) -> Judge<'a> {
        Judge { operator, properties, against: None, own: None }
    }

    /// Differential: only what this other operator does not break as well is a finding.
    pub const fn against(self, other: &'a dyn Operator) -> Judge<'a> {
        Judge { against: Some(other), ..self }
    }

    /// Judges by these as well. They count like the built-in ones, whatever `properties` names: a search looks for scenarios
    /// that break them, and wants each to be put to the test. An id must be nobody else's.
    pub const fn with(self, own: MakeProperties<'a>) -> Judge<'a> {
        Judge { own: Some(own), ..self }
    }

    /// The operator under test.
    pub fn operator(&self) -> &'a dyn Operator {
        self.operator
    }

    /// Runs a scenario and judges it.
    ///
    /// # Errors
    /// Where no host can be made for its limits.
    pub fn run(&self, scenario: &Rc<Scenario>) -> Result<Judged, String> {
        let mut coverage = Coverage::default();
        let outcome = self.outcome(self.operator, scenario, Some(&mut coverage))?;
        coverage.read(scenario, &outcome);
        let mut broken = self.broken(&outcome);
        if let Some(other) = self.against
            && !broken.is_empty()
        {
            let of_other = self.broken(&self.outcome(other, scenario, None)?);
            broken.retain(|one| !of_other.iter().any(|also| also.property == one.property));
        }
        let faults = scenario.faults.iter().zip(&outcome.faults_fired);
        let struck = faults.filter(|(_, fired)| **fired > 0).map(|(fault, _)| fault.kind.name).collect();
        Ok(Judged { broken, struck, coverage, outcome })
    }

    /// Runs a scenario for somebody who watches.
    ///
    /// # Errors
    /// Where no host can be made for its limits.
    pub fn watch(&self, scenario: &Rc<Scenario>, witness: &mut dyn Witness) -> Result<Outcome, String> {
        self.outcome(self.operator, scenario, Some(witness))
    }

    /// Runs a scenario without asking what it promises, for whoever only wants to know whether it runs as before.
    ///
    /// # Errors
    /// Where no host can be made for its limits.
    pub fn bare(&self, scenario: &Rc<Scenario>, witness: Option<&mut dyn Witness>) -> Result<Outcome, String> {
        let host = self.operator.host(&scenario.limits)?;
        let witness = witness.map(|witness| witness as &mut dyn Witness);
        let scenario = Rc::clone(scenario);
        Ok(Run { scenario, host: &*host, older: None, properties: Vec::new(), witness, progress: None }.go())
    }

    fn outcome(
        &self,
        operator: &dyn Operator,
        scenario: &Rc<Scenario>,
        witness: Option<&mut dyn Witness>,
    ) -> Result<Outcome, String> {
        let host = operator.host(&scenario.limits)?;
        let witness = witness.map(|witness| witness as &mut dyn Witness);
        let run = Run {
            scenario: Rc::clone(scenario),
            host: &*host,
            older: None,
            properties: self.watched(),
            witness,
            progress: None,
        };
        Ok(run.go())
    }

    fn watched(&self) -> Vec<Box<dyn Property>> {
        let mut all = builtin();
        all.retain(|property| self.counts(property.about().id));
        all.extend(self.own.into_iter().flat_map(|own| own()));
        all
    }

    fn counts(&self, id: &str) -> bool {
        self.properties.is_empty() || self.properties.iter().any(|wanted| wanted == id)
    }

    /// Whether a verdict counts: what was watched does, and of the author's own checks those that are asked for.
    fn counts_of(&self, name: &PropertyName) -> bool {
        match name {
            PropertyName::Property(_) => true,
            PropertyName::Custom(id) => self.counts(id),
        }
    }

    fn broken(&self, outcome: &Outcome) -> Vec<Broken> {
        let mut broken: Vec<Broken> = outcome
            .properties
            .iter()
            .filter(|(name, _)| self.counts_of(name))
            .filter_map(|(name, verdict)| {
                Some(Broken { property: name.id().to_owned(), first: verdict.first.clone()? })
            })
            .collect();
        broken.sort_by_key(|one| one.first.at);
        broken
    }
}
