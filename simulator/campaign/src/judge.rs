//! One run of one scenario, and what it is worth: which promises broke, and which goals were reached.

use std::collections::BTreeSet;
use std::rc::Rc;

use egress_sim_model::operator::Host;
use egress_sim_model::property::{Violation, builtin};
use egress_sim_model::scenario::{Limits, Scenario};
use egress_sim_model::settled::{Difference, Side, Sides};
use egress_sim_model::trace::{TraceHash, Witness};
use egress_sim_model::world::{Outcome, Run};

use crate::fingerprint::Kind;
use crate::goals::Goals;

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
    /// Goals that were reached.
    pub goals: Goals,
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
    /// What a deploy may roll back to; none: to the operator itself.
    older: Option<&'a dyn Operator>,
}

impl std::fmt::Debug for Judge<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Judge").field("operator", &self.operator.op()).finish_non_exhaustive()
    }
}

impl<'a> Judge<'a> {
    /// All promises, or those named.
    pub const fn new(operator: &'a dyn Operator, properties: &'a [String]) -> Judge<'a> {
        Judge { operator, properties, against: None, older: None }
    }

    /// Differential: what only one of the two breaks, or settles otherwise, is a finding, and nothing else is.
    pub const fn against(self, other: &'a dyn Operator) -> Judge<'a> {
        Judge { against: Some(other), ..self }
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
        let mut goals = Goals::default();
        let all = |id: &str| self.counts(id);
        let mut judged = self.judged(scenario, &all, Kind::Broken, Some(&mut goals))?;
        goals.read(scenario, &judged.outcome);
        judged.goals = goals;
        Ok(judged)
    }

    /// Likewise for somebody who watches the operator that shows what is amiss in this way. Goals are not gathered.
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
        Ok(Judged { broken, breaks, other_breaks, other_hash, struck, goals: Goals::default(), outcome })
    }

    fn settled_otherwise(&self, ours: &Outcome, theirs: &Outcome, other: &dyn Operator) -> Option<Broken> {
        let (here, there) = (format!("with {}", self.operator.op()), format!("with {}", other.op()));
        let sides = Sides { here: Side { first: &here, again: &here }, there: Side { first: &there, again: &there } };
        let Difference { words, about } = ours.settled.as_ref()?.difference_told(theirs.settled.as_ref()?, &sides)?;
        let message = format!("two versions of an operator leave the same behind, but {words}");
        let first = Violation { at: ours.ended_at, message, about, sequence: None };
        Some(Broken { property: SETTLED.to_owned(), kind: Kind::SettledOtherwise, first })
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
        self.properties.is_empty() || self.properties.iter().any(|wanted| wanted == id)
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
