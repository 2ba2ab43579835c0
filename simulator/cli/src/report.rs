//! What is told of a run. `report/human.rs` draws it for people, `report/json.rs` and `report/junit.rs` write the
//! documents that machines read, `report/github.rs` what a GitHub job shows of them.

use egress_sim_model::live::evidence::Unexercised;
use egress_sim_model::property::{Mention, Violation};
use egress_sim_model::scenario::Scenario;
use egress_sim_model::sweep::CrashPoint;
use egress_sim_model::time::Span;
use egress_sim_model::trace::MODEL_VERSION;
use egress_sim_model::world::{Counts, Outcome};
use serde::Serialize;

use crate::exit::Exit;
use crate::expect::{Found, Verdict};
use crate::operator::Loaded;
use crate::story::Story;
use crate::sweep::Sweep;

pub mod campaign;
mod failures;
pub mod github;
pub mod human;
pub mod json;
pub mod junit;

#[cfg(test)]
mod tests;

/// One scenario with one operator. Serialises as an element of the document's `runs`.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Its name.
    pub scenario: String,
    /// Its title.
    pub title: String,
    /// Its file.
    pub path: String,
    /// `OP`
    pub operator: String,
    /// BLAKE3 of the operator's bytes; none: native, or nothing was loaded.
    pub operator_digest: Option<String>,
    /// The world's version.
    pub model: u32,
    /// The scenario's seed.
    pub seed: u64,
    /// What it came to.
    pub verdict: Verdict,
    /// Whether `[[expect]]` was met; none: nothing was expected of this operator.
    pub expected: Option<bool>,
    /// What of it was not met.
    pub unmet: Vec<String>,
    /// None: there was no run.
    pub trace_hash: Option<String>,
    /// Records of the trace.
    pub events: u64,
    /// From start to end.
    pub virtual_seconds: u64,
    /// The run itself, without loading the operator.
    pub wall_ms: f64,
    /// In order of the built-in ones, the author's own behind them.
    pub properties: Vec<PropertyReport>,
    /// In order of the scenario.
    pub faults: Vec<FaultReport>,
    /// Faults that never fired, in words.
    pub unfired: Vec<String>,
    /// Counts.
    pub counts: Counts,
    /// What came of a sweep.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sweep: Option<Sweep>,
    /// Why there was no run, or where two runs part.
    pub error: Option<String>,
    /// How it counts for the exit code.
    #[serde(skip)]
    pub exit: Exit,
    /// How the promise that matters most came to be broken.
    #[serde(skip)]
    pub story: Option<Story>,
    /// How often the trace was made again, each time with the same hash.
    #[serde(skip)]
    pub replays: u32,
    /// The command that replays it must name the operator: it is not a file that the scenario itself names.
    #[serde(skip)]
    pub op_in_replay: bool,
    /// The place of the broken promise that the story is about: the meant one where the scenario names one for this
    /// operator, else the one that broke first.
    #[serde(skip)]
    pub main: Option<usize>,
    /// The crash that the command line added to the scenario.
    #[serde(skip)]
    pub crash_at: Option<CrashPoint>,
    /// The operator came by sockets.
    #[serde(skip)]
    pub outside: Option<Outside>,
}

/// What is to be told of an operator that came by sockets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outside {
    /// `--exec`
    pub exec: Option<String>,
    /// Promises that could not be judged for want of evidence, by what was missing.
    pub missing: Vec<(&'static str, Vec<&'static str>)>,
}

/// One promise.
#[derive(Clone, Debug, Serialize)]
pub struct PropertyReport {
    /// Its id.
    pub id: String,
    /// `held`, `violated` or `not_exercised`.
    pub verdict: &'static str,
    /// How often it was put to the test.
    pub checks: u64,
    /// How often it was broken.
    pub violations: u64,
    /// The first time, RFC 3339.
    pub at: Option<String>,
    /// What was promised and what happened; of one that was not exercised for want of evidence, what was missing.
    pub message: Option<String>,
    /// The violation itself.
    #[serde(skip)]
    pub first: Option<Violation>,
}

/// One fault of the scenario.
#[derive(Clone, Debug, Serialize)]
pub struct FaultReport {
    /// `surface.what`
    #[serde(rename = "do")]
    pub kind: &'static str,
    /// Its name in the scenario; empty: none.
    pub name: String,
    /// How often it struck.
    pub fired: u64,
}

impl Report {
    /// There was no run.
    pub fn error(scenario: String, path: String, operator: String, error: String, exit: Exit) -> Report {
        Report {
            scenario,
            title: String::new(),
            path,
            operator,
            operator_digest: None,
            model: MODEL_VERSION,
            seed: 0,
            verdict: Verdict::Error,
            expected: None,
            unmet: Vec::new(),
            trace_hash: None,
            events: 0,
            virtual_seconds: 0,
            wall_ms: 0.0,
            properties: Vec::new(),
            faults: Vec::new(),
            unfired: Vec::new(),
            counts: Counts::default(),
            sweep: None,
            error: Some(error),
            exit,
            story: None,
            replays: 0,
            op_in_replay: true,
            main: None,
            crash_at: None,
            outside: None,
        }
    }

    /// Judges a run. `ci`: an unfired fault leaves it inconclusive.
    pub fn judge(scenario: &Scenario, path: String, loaded: &Loaded, outcome: &Outcome, ci: bool) -> Report {
        let properties: Vec<PropertyReport> = outcome
            .properties
            .iter()
            .map(|(name, verdict)| PropertyReport {
                id: name.id().to_owned(),
                verdict: verdict.word(),
                checks: verdict.checks,
                violations: verdict.violations,
                at: verdict.first.as_ref().map(|first| first.at.to_rfc3339()),
                message: verdict.first.as_ref().map(|first| first.message.clone()),
                first: verdict.first.clone(),
            })
            .collect();
        let faults: Vec<FaultReport> = scenario
            .faults
            .iter()
            .zip(&outcome.faults_fired)
            .map(|(fault, &fired)| FaultReport { kind: fault.kind.name, name: fault.name.clone(), fired })
            .collect();
        let unfired: Vec<String> = scenario
            .faults
            .iter()
            .zip(&outcome.faults_fired)
            .filter(|(_, fired)| **fired == 0)
            .map(|(fault, _)| human::fault_words(fault))
            .collect();
        let violated: Vec<String> =
            properties.iter().filter(|property| property.violations > 0).map(|property| property.id.clone()).collect();
        let found = Found { violated: &violated, unfired: !unfired.is_empty(), ci, counts: &outcome.counts };
        let expected = found.against(&scenario.expects, &loaded.op);
        let mut meant = scenario.expects.iter().filter(|expect| expect.operator == loaded.op);
        let meant = meant.find_map(|expect| expect.violates.first());
        let broken = properties.iter().enumerate().filter_map(|(ix, property)| Some((ix, property.first.as_ref()?)));
        let main = broken.min_by_key(|(ix, first)| (Some(&properties[*ix].id) != meant, first.at)).map(|(ix, _)| ix);
        Report {
            scenario: scenario.name.clone(),
            title: scenario.title.clone(),
            path,
            operator: loaded.op.clone(),
            operator_digest: loaded.digest.clone(),
            model: MODEL_VERSION,
            seed: scenario.seed,
            verdict: found.verdict(),
            expected: expected.met,
            unmet: expected.unmet,
            trace_hash: Some(outcome.trace_hash.to_string()),
            events: outcome.events,
            virtual_seconds: outcome.ended_at.since(scenario.world.start).0 / Span::SECOND.0,
            wall_ms: 0.0,
            properties,
            faults,
            unfired,
            counts: outcome.counts,
            sweep: None,
            error: None,
            exit: expected.exit,
            story: None,
            replays: 0,
            op_in_replay: true,
            main,
            crash_at: None,
            outside: None,
        }
    }

    /// The operator came by sockets: the order in which those bring things is nobody's choice, so there is no trace hash; and
    /// it may not have shown what it is to be judged by. `broken_off`: the run did not come to its end.
    pub fn outside(mut self, exec: Option<String>, unexercised: &[Unexercised], broken_off: Option<String>) -> Report {
        self.trace_hash = None;
        let mut missing: Vec<(&'static str, Vec<&'static str>)> = Vec::new();
        for Unexercised { id, reason, matters } in unexercised {
            let found = self.properties.iter_mut().filter(|property| property.id == *id);
            found.for_each(|property| property.message = Some((*reason).to_owned()));
            if *matters {
                match missing.iter_mut().find(|(known, _)| known == reason) {
                    Some((_, ids)) => ids.push(id),
                    None => missing.push((reason, vec![id])),
                }
            }
        }
        self.outside = Some(Outside { exec, missing });
        if broken_off.is_some() {
            if self.verdict == Verdict::Pass {
                self.verdict = Verdict::Inconclusive;
            }
            if self.expected.is_some() {
                self.expected = Some(false);
                self.unmet.push("expected a run to its end, but it was broken off".into());
            }
            self.exit = Exit::winner([self.exit, Exit::Inconclusive]);
            self.error = broken_off;
        }
        self
    }

    /// The trace could not be made again.
    pub fn nondeterministic(mut self, how: String) -> Report {
        self.verdict = Verdict::Nondeterministic;
        self.expected = None;
        self.unmet.clear();
        self.error = Some(how);
        self.exit = Exit::Nondeterministic;
        self
    }

    /// A sweep has been made beside it. A crash that does harm counts as a broken promise.
    pub fn swept(mut self, sweep: Sweep) -> Report {
        if sweep.failure.is_some() {
            self.verdict = Verdict::Violates;
            self.exit = Exit::winner([self.exit, Exit::Violated]);
        }
        self.sweep = Some(sweep);
        self
    }

    /// Of a run with a crash: the story is about the first of these that broke, which do not break without it.
    pub fn about_harm(&mut self, broken: &[String]) {
        let harmed = self.properties.iter().enumerate().filter(|(_, property)| broken.contains(&property.id));
        let first = harmed.filter_map(|(ix, property)| Some((property.first.as_ref()?.at, ix))).min();
        self.main = first.map(|(_, ix)| ix).or(self.main);
    }

    /// Something is amiss that no property of the run sees.
    pub fn add_broken(&mut self, id: &str, first: Violation) {
        self.properties.push(PropertyReport {
            id: id.to_owned(),
            verdict: "violated",
            checks: 1,
            violations: 1,
            at: Some(first.at.to_rfc3339()),
            message: Some(first.message.clone()),
            first: Some(first),
        });
        self.verdict = Verdict::Violates;
        self.exit = Exit::winner([self.exit, Exit::Violated]);
    }

    /// The violation that the story is about.
    pub fn main_violation(&self) -> Option<&Violation> {
        self.main.and_then(|main| self.properties[main].first.as_ref())
    }

    /// The broken promises, in order.
    pub fn broken(&self) -> impl Iterator<Item = &PropertyReport> {
        self.properties.iter().filter(|property| property.violations > 0)
    }
}

/// Whom a violation is about, with what is too wide left out: a tenant has thousands of facts, and the room or the
/// egress beside it says more.
pub fn narrow(about: &[Mention]) -> Vec<Mention> {
    let wide = |mention: &&Mention| matches!(mention, Mention::Tenant(_) | Mention::Instance(_));
    let narrow: Vec<Mention> = about.iter().filter(|mention| !wide(mention)).cloned().collect();
    if narrow.is_empty() { about.to_vec() } else { narrow }
}
