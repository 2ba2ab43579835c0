//! One run of one scenario, and what it is worth: which promises broke, and what it covered.

use std::collections::BTreeSet;
use std::rc::Rc;

use egress_sim_model::operator::Host;
use egress_sim_model::property::{Property, Violation, builtin};
use egress_sim_model::scenario::{Limits, Scenario};
use egress_sim_model::settled::{Difference, Side, Sides};
use egress_sim_model::trace::{TraceHash, Witness};
use egress_sim_model::world::{Outcome, Run};

use crate::coverage::Coverage;
use crate::fingerprint::Kind;

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

/// The id under which it is told that two operators leave something else behind. No promise of either is broken by it.
pub const SETTLED: &str = "differential.settled";

/// What a run came to.
#[derive(Debug)]
pub struct Judged {
    /// What is amiss and counts, in order of time.
    pub broken: Vec<Broken>,
    /// Ids of all promises that the operator breaks, in order of time.
    pub breaks: Vec<String>,
    /// Likewise of the operator that it is compared with.
    pub other_breaks: Option<Vec<String>>,
    /// The hash of its run.
    pub other_hash: Option<TraceHash>,
    /// Fault kinds that struck.
    pub struck: BTreeSet<&'static str>,
    /// What it covered.
    pub coverage: Coverage,
    /// The whole outcome.
    pub outcome: Outcome,
}

impl Judged {
    /// The hash of the run that shows what is amiss in this way.
    pub fn trace_hash(&self, kind: Kind) -> TraceHash {
        let other = self.other_hash.filter(|_| kind == Kind::BrokenByOther);
        other.unwrap_or(self.outcome.trace_hash)
    }
}

/// Something that is amiss: most often, a promise that broke.
#[derive(Clone, Debug)]
pub struct Broken {
    /// The promise's id, or [`SETTLED`].
    pub property: String,
    /// In what way.
    pub kind: Kind,
    /// The first time.
    pub first: Violation,
}

/// Judges runs of one operator by some of the properties.
pub struct Judge<'a> {
    operator: &'a dyn Operator,
    /// Ids that count; empty: all.
    properties: &'a [String],
    /// A second operator: what both do is no finding.
    against: Option<&'a dyn Operator>,
    /// The user's own.
    own: Option<MakeProperties<'a>>,
    /// What a deploy may roll back to; none: to the operator itself.
    older: Option<&'a dyn Operator>,
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
        Judge { operator, properties, against: None, own: None, older: None }
    }

    /// Differential: what only one of the two breaks, or settles otherwise, is a finding, and nothing else is.
    pub const fn against(self, other: &'a dyn Operator) -> Judge<'a> {
        Judge { against: Some(other), ..self }
    }

    /// Judges by these as well. They count like the built-in ones, whatever `properties` names: a search looks for scenarios
    /// that break them, and wants each to be put to the test. An id must be nobody else's.
    pub const fn with(self, own: MakeProperties<'a>) -> Judge<'a> {
        Judge { own: Some(own), ..self }
    }

    /// Deploys may roll back to this operator.
    pub const fn rolling_back_to(self, older: &'a dyn Operator) -> Judge<'a> {
        Judge { older: Some(older), ..self }
    }

    /// The operator under test.
    pub fn operator(&self) -> &'a dyn Operator {
        self.operator
    }

    /// The operator that it is compared with.
    pub fn other(&self) -> Option<&'a dyn Operator> {
        self.against
    }

    /// Whose run shows what is amiss in this way.
    pub fn culprit(&self, kind: Kind) -> &'a dyn Operator {
        match (kind, self.against) {
            (Kind::BrokenByOther, Some(other)) => other,
            _ => self.operator,
        }
    }

    /// Runs a scenario and judges it.
    ///
    /// # Errors
    /// Where no host can be made for its limits.
    pub fn run(&self, scenario: &Rc<Scenario>) -> Result<Judged, String> {
        let mut coverage = Coverage::default();
        let all = |id: &str| self.counts(id);
        let mut judged = self.judged(scenario, &all, Kind::Broken, Some(&mut coverage))?;
        coverage.read(scenario, &judged.outcome);
        judged.coverage = coverage;
        Ok(judged)
    }

    /// Likewise for somebody who watches the operator that shows what is amiss in this way. What it covers is not gathered.
    ///
    /// # Errors
    /// Where no host can be made for its limits.
    pub fn watch(&self, scenario: &Rc<Scenario>, kind: Kind, witness: &mut dyn Witness) -> Result<Judged, String> {
        self.judged(scenario, &|id| self.counts(id), kind, Some(witness))
    }

    /// Likewise for the sake of one thing alone, which takes less time: of the other promises nothing is said.
    ///
    /// # Errors
    /// Where no host can be made for its limits.
    pub fn try_one(
        &self,
        scenario: &Rc<Scenario>,
        property: &str,
        kind: Kind,
        witness: &mut dyn Witness,
    ) -> Result<Judged, String> {
        // Whether two runs settle otherwise is asked only where no promise tells them apart.
        let wanted = |id: &str| self.counts(id) && (kind == Kind::SettledOtherwise || id == property);
        self.judged(scenario, &wanted, kind, Some(witness))
    }

    fn judged(
        &self,
        scenario: &Rc<Scenario>,
        wanted: &dyn Fn(&str) -> bool,
        watched: Kind,
        witness: Option<&mut dyn Witness>,
    ) -> Result<Judged, String> {
        let (of_other, of_own) = if watched == Kind::BrokenByOther { (witness, None) } else { (None, witness) };
        let outcome = self.outcome(self.operator, scenario, wanted, of_own)?;
        let mut broken = broken(&outcome, wanted);
        let breaks = ids(&broken);
        let mut fired = outcome.faults_fired.clone();
        let (mut other_breaks, mut other_hash) = (None, None);
        if let Some(other) = self.against {
            let theirs = self.outcome(other, scenario, wanted, of_other)?;
            let theirs_broken = self::broken(&theirs, wanted);
            other_breaks = Some(ids(&theirs_broken));
            other_hash = Some(theirs.trace_hash);
            broken = apart(broken, theirs_broken);
            if broken.is_empty() {
                broken.extend(self.settled_otherwise(&outcome, &theirs, other));
            }
            fired.iter_mut().zip(&theirs.faults_fired).for_each(|(one, other)| *one += other);
        }
        broken.sort_by_key(|one| one.first.at);
        let faults = scenario.faults.iter().zip(&fired);
        let struck = faults.filter(|(_, fired)| **fired > 0).map(|(fault, _)| fault.kind.name).collect();
        Ok(Judged { broken, breaks, other_breaks, other_hash, struck, coverage: Coverage::default(), outcome })
    }

    fn settled_otherwise(&self, ours: &Outcome, theirs: &Outcome, other: &dyn Operator) -> Option<Broken> {
        let (here, there) = (format!("with {}", self.operator.op()), format!("with {}", other.op()));
        let sides = Sides { here: Side { first: &here, again: &here }, there: Side { first: &there, again: &there } };
        let Difference { words, about } = ours.settled.as_ref()?.difference_told(theirs.settled.as_ref()?, &sides)?;
        let message = format!("two versions of an operator leave the same behind, but {words}");
        let first = Violation { at: ours.ended_at, message, about, sequence: None };
        Some(Broken { property: SETTLED.to_owned(), kind: Kind::SettledOtherwise, first })
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
        wanted: &dyn Fn(&str) -> bool,
        witness: Option<&mut dyn Witness>,
    ) -> Result<Outcome, String> {
        let host = operator.host(&scenario.limits)?;
        let mut properties = builtin();
        properties.extend(self.own.into_iter().flat_map(|own| own()));
        properties.retain(|property| wanted(property.about().id));
        let witness = witness.map(|witness| witness as &mut dyn Witness);
        let older = self.older.map(|older| older.host(&scenario.limits)).transpose()?;
        let run = Run {
            scenario: Rc::clone(scenario),
            host: &*host,
            older: older.as_deref(),
            properties,
            witness,
            progress: None,
        };
        Ok(if self.against.is_some() { run.go_and_settle() } else { run.go() })
    }

    fn counts(&self, id: &str) -> bool {
        self.properties.is_empty() || self.properties.iter().any(|wanted| wanted == id) || self.is_own(id)
    }

    fn is_own(&self, id: &str) -> bool {
        self.own.is_some_and(|own| own().iter().any(|property| property.about().id == id))
    }
}

fn broken(outcome: &Outcome, wanted: &dyn Fn(&str) -> bool) -> Vec<Broken> {
    let found = outcome.properties.iter().filter(|(name, _)| wanted(name.id()));
    let mut broken: Vec<Broken> = found
        .filter_map(|(name, verdict)| {
            Some(Broken { property: name.id().to_owned(), kind: Kind::Broken, first: verdict.first.clone()? })
        })
        .collect();
    broken.sort_by_key(|one| one.first.at);
    broken
}

/// What only one of the two breaks.
fn apart(mut ours: Vec<Broken>, mut theirs: Vec<Broken>) -> Vec<Broken> {
    let (own, other) = (ids(&ours), ids(&theirs));
    ours.retain(|one| !other.contains(&one.property));
    theirs.retain(|one| !own.contains(&one.property));
    ours.extend(theirs.into_iter().map(|one| Broken { kind: Kind::BrokenByOther, ..one }));
    ours
}

fn ids(broken: &[Broken]) -> Vec<String> {
    broken.iter().map(|one| one.property.clone()).collect()
}
