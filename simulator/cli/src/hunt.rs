//! From what broke in a search to what is told of it: each finding is made small, replayed from its file, and explained.
//!
//! A finding is one reduced scenario. It is believed once it was replayed from its file, here and in a fresh process; one
//! that is another run there is nondeterministic, and so is a case that breaks a promise once and then not.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::{Duration, Instant};

use egress_sim_campaign::campaign::Campaign;
use egress_sim_campaign::determinism::{Marks, again};
use egress_sim_campaign::distinct::{Candidate, distinct};
use egress_sim_campaign::fingerprint::{Fingerprint, Kind};
use egress_sim_campaign::found::{self, Provenance};
use egress_sim_campaign::judge::{Broken, Judge, Judged, Operator};
use egress_sim_campaign::necessity::{self, Explained};
use egress_sim_campaign::reduce::{Progress as Steps, Reduced, Reducer};
use egress_sim_campaign::result::{Finding, Parted};
use egress_sim_campaign::search::Raw;
use egress_sim_model::scenario::Scenario;
use egress_sim_model::scenario::write::write;
use egress_sim_model::trace::MODEL_VERSION;

use crate::arguments::Fuzz;
use crate::determinism::Start;
use crate::expect::Verdict;
use crate::fuzz::repeat;
use crate::operator::Loaded;
use crate::progress::spinner;
use crate::report::Report;
use crate::report::campaign::Told;
use crate::report::human::{Reduction, steps_words};
use crate::run::{self, Meant};
use crate::{UserError, interrupt};

/// What one reduction may take.
const REDUCTION: Duration = Duration::from_secs(30);
/// Different sets of fault kinds with which a promise broke that are reduced; the others are counted.
const REDUCED_PER_PROPERTY: usize = 4;

/// A finding with what is only told.
pub struct Found {
    /// The finding.
    pub finding: Finding,
    /// It was not the same again, so it is none.
    pub parted: Option<Parted>,
}

/// Makes findings small and tells of them.
pub struct Hunter<'a> {
    /// What the command line says.
    pub arguments: &'a Fuzz,
    /// Where the cases come from.
    pub campaign: &'a Campaign,
    /// How many there were.
    pub cases: u64,
    /// The operator under test.
    pub operator: &'a Rc<Loaded>,
    /// The one that it is compared with.
    pub against: Option<&'a Rc<Loaded>>,
    /// Who judges.
    pub judge: &'a Judge<'a>,
    /// What is told.
    pub told: &'a mut Told,
    /// How a fresh process is started.
    pub start: &'a Start,
}

/// A finding on its way.
struct Hunted {
    reduced: Reduced,
    judged: Judged,
    /// Number of the case.
    case: u64,
    /// Cases in which the promise broke.
    cases: u64,
    took: Duration,
    /// Kinds of faults that struck in that case.
    kinds_before: u64,
}

impl Hunter<'_> {
    /// Of each promise, the raw findings with the fewest kinds of faults: they are the likeliest to be different bugs. Once
    /// reduced, those that came to the same are one, and so are promises that break together.
    ///
    /// # Errors
    /// An operator that cannot be run under the limits, a place that cannot be written.
    pub fn reduce_all(&mut self, raw: BTreeMap<Fingerprint, Raw>) -> Result<Vec<Found>, UserError> {
        let mut by_property: BTreeMap<(String, Kind), Vec<(Fingerprint, Raw)>> = BTreeMap::new();
        for (fingerprint, raw) in raw {
            by_property.entry((fingerprint.property.clone(), fingerprint.kind)).or_default().push((fingerprint, raw));
        }
        let (mut found, mut hunted) = (Vec::new(), Vec::new());
        for ((property, _), mut raws) in by_property {
            let cases: u64 = raws.iter().map(|(_, raw)| raw.cases).sum();
            raws.sort_by_key(|(fingerprint, raw)| (fingerprint.faults.len(), raw.first));
            let mut known: BTreeSet<Fingerprint> = BTreeSet::new();
            for (fingerprint, raw) in raws.into_iter().take(REDUCED_PER_PROPERTY) {
                // What takes at least the faults of a reduced one is most likely that one again.
                if known.iter().any(|known| known.faults.is_subset(&fingerprint.faults)) {
                    continue;
                }
                match self.reduce(&raw, cases, &property, fingerprint.faults.len() as u64)? {
                    Err(parted) => found.push(parted),
                    Ok(one) => {
                        if known.insert(one.reduced.fingerprint.clone()) {
                            hunted.push(one);
                        }
                    }
                }
            }
        }
        for one in told_apart(hunted) {
            found.push(self.tell(&one)?);
        }
        Ok(found)
    }

    /// The smallest scenario, or why there is none: the case was not the same again.
    fn reduce(
        &self,
        raw: &Raw,
        cases: u64,
        property: &str,
        kinds_before: u64,
    ) -> Result<Result<Hunted, Found>, UserError> {
        let scenario = Rc::new(raw.scenario.clone());
        let first = Marks::of(&self.judge.bare(&scenario, None).map_err(UserError)?);
        if let Some(how) = again(self.judge, &scenario, &first).map_err(UserError)? {
            return Ok(Err(self.parted(raw, property, how)?));
        }
        let started = Instant::now();
        let bar = spinner();
        let mut stop = |steps: &Steps| {
            bar.set_message(words(property, steps, started.elapsed()));
            interrupt::asked() || started.elapsed() >= REDUCTION
        };
        let against = self.judge.other().map(Operator::op);
        let unfinished = |scenario: &Scenario| found::unfinished(scenario, property, &self.operator.op, against);
        let name = unfinished(&raw.scenario).name;
        let mut better = |scenario: &Scenario, _: &Steps| {
            // Whoever is killed here leaves the best so far; a full disk is told when the result is written.
            let _ = found::save(&self.arguments.found, &unfinished(scenario));
        };
        let begun = Reducer::new(self.judge, &raw.scenario, property, &mut stop, &mut better).map_err(UserError)?;
        let Some(reduction) = begun else {
            bar.finish_and_clear();
            let how = format!("{property} broke in case {}, and not when the same case was run again", raw.first);
            return Ok(Err(self.parted(raw, property, how)?));
        };
        let reduced = reduction.go().map_err(UserError)?;
        let judged = self.judge.run(&reduced.scenario.clone().into()).map_err(UserError)?;
        found::forget(&self.arguments.found, &name);
        bar.finish_and_clear();
        Ok(Ok(Hunted { reduced, judged, case: raw.first, cases, took: started.elapsed(), kinds_before }))
    }

    fn tell(&mut self, hunted: &Hunted) -> Result<Found, UserError> {
        let Hunted { reduced, judged, case, cases, took, kinds_before } = hunted;
        let provenance = self.provenance(*case, reduced.progress.runs, judged, reduced.fingerprint.kind);
        let file = found::with_provenance(&reduced.scenario, &reduced.fingerprint, judged, &provenance);
        let path = found::save(&self.arguments.found, &file).map_err(UserError)?;
        let culprit = match (reduced.fingerprint.kind, self.against) {
            (Kind::BrokenByOther, Some(other)) => other,
            _ => self.operator,
        };
        let (report, explained) = verified(self.judge, culprit, reduced, judged, &path, self.start)?;
        let digest = self.campaign.digest();
        self.told.finding(
            &report,
            &Reduction {
                fingerprint: &reduced.fingerprint,
                cases: Some((*cases, self.cases)),
                origin: Some((&digest, self.arguments.seed, *case)),
                scenario: &reduced.scenario,
                necessities: &explained.necessities,
                progress: reduced.progress,
                took: *took,
                promotable: true,
            },
        );
        let shown = path.display().to_string();
        let message = &reduced.broken.first.message;
        let mut finding = finding(&reduced.fingerprint, &file, message, &shown, *cases, (*kinds_before, *case));
        (finding.also_breaks, finding.breaks_before) = others(hunted);
        let parted = (report.verdict == Verdict::Nondeterministic).then(|| Parted {
            case: Some(*case),
            scenario: shown,
            how: report.error.clone().unwrap_or_default(),
        });
        Ok(Found { finding, parted })
    }

    /// What was not the same again is kept, and is no finding.
    fn parted(&self, raw: &Raw, property: &str, how: String) -> Result<Found, UserError> {
        let parted = repeat::keep(&self.arguments.found, &raw.scenario, Some(raw.first), how)?;
        let fingerprint = Fingerprint { property: property.to_owned(), kind: Kind::Broken, faults: BTreeSet::new() };
        let finding = finding(&fingerprint, &raw.scenario, &parted.how, &parted.scenario, raw.cases, (0, raw.first));
        Ok(Found { finding, parted: Some(parted) })
    }

    fn provenance(&self, case: u64, runs: u64, judged: &Judged, kind: Kind) -> Provenance {
        Provenance {
            campaign: Some(self.campaign.digest()),
            case: Some((self.arguments.seed, case)),
            operator: self.operator.op.clone(),
            operator_digest: self.operator.digest.clone(),
            against: self.judge.other().map(|other| other.op().to_owned()),
            tool: env!("CARGO_PKG_VERSION").to_owned(),
            model: MODEL_VERSION,
            runs,
            trace_hash: judged.trace_hash(kind).to_string(),
        }
    }
}

/// What else is amiss, in order of time, and how much of it before the promise that is meant.
fn others(hunted: &Hunted) -> (Vec<String>, u64) {
    let meant = &hunted.reduced.broken;
    let is_meant = |one: &Broken| (&one.property, one.kind) == (&meant.property, meant.kind);
    let broken = &hunted.judged.broken;
    let before = broken.iter().position(is_meant).unwrap_or(broken.len());
    let others = broken.iter().filter(|one| !is_meant(one)).map(|one| Fingerprint::promise(&one.property, one.kind));
    (others.collect(), before as u64)
}

/// Those that are findings of their own.
fn told_apart(hunted: Vec<Hunted>) -> Vec<Hunted> {
    let told: Vec<(String, Vec<String>, u64)> = hunted
        .iter()
        .map(|one| {
            let (also, before) = others(one);
            (Fingerprint::promise(&one.reduced.broken.property, one.reduced.broken.kind), also, before)
        })
        .collect();
    let candidates: Vec<Candidate<'_>> = hunted
        .iter()
        .zip(&told)
        .map(|(one, (meant, also, before))| {
            let Scenario { calls, faults, commands, .. } = &one.reduced.scenario;
            Candidate {
                blocks: (calls.len() + faults.len() + commands.len()) as u64,
                length: write(&one.reduced.scenario).len(),
                meant,
                also: also.iter().map(String::as_str).collect(),
                before: *before,
            }
        })
        .collect();
    let kept: BTreeSet<usize> = distinct(&candidates).into_iter().collect();
    hunted.into_iter().enumerate().filter(|(place, _)| kept.contains(place)).map(|(_, one)| one).collect()
}

/// Replays a reduced scenario from its file, twice here and once in a fresh process, and says what its steps are needed for.
///
/// # Errors
/// An operator that cannot be run, a file that cannot be read.
pub fn verified(
    judge: &Judge<'_>,
    culprit: &Rc<Loaded>,
    reduced: &Reduced,
    judged: &Judged,
    file: &Path,
    start: &Start,
) -> Result<(Report, Explained), UserError> {
    let kind = reduced.fingerprint.kind;
    let explained = necessity::explain(judge, &reduced.scenario, kind).map_err(UserError)?;
    let meant = Meant {
        property: &reduced.broken.property,
        first: &reduced.broken.first,
        settles: kind == Kind::SettledOtherwise,
        trace_hash: judged.trace_hash(kind),
    };
    let report = run::told_in_full(file, culprit, &meant, start)?;
    Ok((report, explained))
}

/// A finding of this scenario.
pub fn finding(
    fingerprint: &Fingerprint,
    scenario: &Scenario,
    message: &str,
    path: &str,
    cases: u64,
    (kinds_before, first_case): (u64, u64),
) -> Finding {
    Finding {
        fingerprint: fingerprint.to_string(),
        property: fingerprint.property.clone(),
        cases,
        scenario: path.to_owned(),
        faults: scenario.faults.len() as u64,
        calls: scenario.calls.len() as u64,
        commands: scenario.commands.len() as u64,
        message: message.to_owned(),
        also_breaks: Vec::new(),
        breaks_before: 0,
        first_case,
        kinds_before,
        text: write(scenario),
    }
}

/// `reducing recording.gap: 41 faults → 3, 12 calls → 1, 118 runs, 0.9 s`
pub fn words(property: &str, steps: &Steps, took: Duration) -> String {
    format!("reducing {property}: {}", steps_words(steps, took))
}

/// Where the file of a reduction lies while it is verified: its own place, or one that goes away by itself.
#[derive(Debug)]
pub struct Place {
    /// The file.
    pub path: PathBuf,
    _folder: Option<tempfile::TempDir>,
}

impl Place {
    /// Of a file that is asked for, or of none.
    ///
    /// # Errors
    /// Where there is no room for files that go away.
    pub fn of(path: Option<&Path>) -> Result<Place, UserError> {
        if let Some(path) = path {
            return Ok(Place { path: path.to_owned(), _folder: None });
        }
        let folder = tempfile::tempdir()
            .map_err(|error| UserError(format!("no temporary directory can be made to replay the result: {error}")))?;
        Ok(Place { path: folder.path().join("reduced.toml"), _folder: Some(folder) })
    }
}
