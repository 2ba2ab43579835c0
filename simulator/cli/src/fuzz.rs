//! `egress-sim fuzz`: what was found before is replayed, cases are searched, what breaks is made small and told.
//!
//! A finding is believed once it was replayed from its file, here and in a fresh process. Goals that were not reached are
//! told before anything that sounds like success.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::rc::Rc;
use std::time::{Duration, Instant};

use egress_sim_campaign::campaign::Campaign;
use egress_sim_campaign::determinism::{Marks, again};
use egress_sim_campaign::fingerprint::Fingerprint;
use egress_sim_campaign::found::{self, Provenance};
use egress_sim_campaign::goals;
use egress_sim_campaign::judge::Judge;
use egress_sim_campaign::necessity::{self, Necessity};
use egress_sim_campaign::reduce::{Progress as Steps, Reduced, Reducer};
use egress_sim_campaign::result::{Document, Finding, Part, Parted, Replayed, Shard};
use egress_sim_campaign::search::{Progress, Range, Raw, search};
use egress_sim_model::scenario::Scenario;
use egress_sim_model::time::Span;
use egress_sim_model::trace::MODEL_VERSION;

use crate::arguments::{Format, Fuzz};
use crate::console::{self, Paint};
use crate::determinism::{self, Start};
use crate::exit::Exit;
use crate::expect::Verdict;
use crate::operator::{Choice, Loaded, Shelf};
use crate::progress::{Searching, spinner};
use crate::report::campaign::Told;
use crate::report::github::{self, GitHub};
use crate::report::{Report, junit};
use crate::scenarios::{self, Source};
use crate::{UserError, interrupt, output, run};

mod repeat;

/// What one reduction may take.
const REDUCTION: Duration = Duration::from_secs(30);
/// Different sets of fault kinds with which a promise broke that are reduced; the others are counted.
const REDUCED_PER_PROPERTY: usize = 4;

/// Searches, and gives the exit code.
///
/// # Errors
/// What is wrong with the arguments, the campaign or a place that something should be written to.
pub fn fuzz(arguments: &Fuzz) -> Result<Exit, UserError> {
    interrupt::listen();
    fuzz_on(arguments, &mut Shelf::default(), &determinism::this_program)
}

/// With operators that are loaded already, and with this way to start a fresh process.
fn fuzz_on(arguments: &Fuzz, shelf: &mut Shelf, start: &Start) -> Result<Exit, UserError> {
    let campaign = read_campaign(arguments.campaign.as_deref())?;
    let shard = shard(arguments)?;
    let time = arguments.time.as_deref().map(duration).transpose()?;
    let operator = load(shelf, &arguments.operator)?;
    let against = arguments.against.as_deref().map(|op| load(shelf, op)).transpose()?;
    let judge = Judge::new(&*operator, &campaign.properties);
    let judge = match &against {
        Some(other) => judge.against(&**other),
        None => judge,
    };
    let started = Instant::now();
    let paint = Paint(console::colour() && arguments.output.is_none());

    let mut told = Told::new(paint, &campaign, operator.op.clone());
    let mut parted = Vec::new();
    let (mut findings, corpus) = regressions(arguments, &judge, &mut told, &mut parted)?;

    let cases = if time.is_some() { None } else { Some(arguments.cases.unwrap_or(campaign.budget.cases)) };
    let range = Range { seed: arguments.seed, cases, shard };
    let jobs = arguments.jobs.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from));
    let mut searching = Searching::begin(cases.map(|cases| cases / shard.of));
    let mut interrupted = false;
    let mut watch = |progress: &Progress| {
        searching.show(progress);
        interrupted |= interrupt::asked();
        interrupted || time.is_some_and(|time| started.elapsed() >= time)
    };
    let mut searched = search(&campaign, range, jobs, &judge, &mut watch).map_err(UserError)?;
    told.search_took(searching.end(), searched.cases);
    for (case, bug) in &searched.bugs {
        told.bug(*case, bug);
    }

    if searched.parted.is_empty() && !interrupted {
        searched.parted = repeat::elsewhere(&campaign, range, searched.cases, &judge, start)?;
    }
    parted.extend(repeat::kept(&arguments.found, searched.parted)?);
    // What is not the same again cannot be made small.
    if parted.is_empty() {
        let mut hunter =
            Hunter { arguments, campaign: &campaign, operator: &operator, judge: &judge, told: &mut told, start };
        findings.extend(hunter.reduce_all(searched.findings)?);
    }
    let mut broken = Vec::new();
    for found in findings {
        match found.parted {
            Some(one) => parted.push(one),
            None => broken.push(found.finding),
        }
    }
    let part = Part {
        shard,
        cases: searched.cases,
        wall_ms: started.elapsed().as_secs_f64() * 1e3,
        hits: searched.hits,
        findings: broken,
        parted,
        corpus,
        interrupted,
    };
    let document = Document::of(&campaign, arguments.seed, &operator.op, vec![part]);
    let human = told.closing(&document);
    published(arguments.output.as_deref(), arguments.format, &human, &document)?;
    Ok(if searched.bugs.is_empty() { exit(&document) } else { Exit::Bug })
}

/// Reports a result, of which `human` is told to people.
///
/// # Errors
/// Where it cannot be written.
pub fn published(path: Option<&Path>, format: Format, human: &str, document: &Document) -> Result<(), UserError> {
    let machine = match format {
        Format::Human => None,
        Format::Json => Some(output::json(document)),
        Format::Junit => Some(junit::of_campaign(document)),
    };
    output::report(path, human, machine.as_deref())?;
    if let Some(github) = GitHub::here() {
        github.tell(&github::of_campaign(document));
    }
    Ok(())
}

/// The JSON Schema of campaign files.
pub fn schema() -> String {
    format!("{:#}\n", egress_sim_campaign::campaign::schema::schema())
}

/// What a result counts for.
pub fn exit(document: &Document) -> Exit {
    match document.verdict.as_str() {
        "pass" => Exit::Held,
        "violates" => Exit::Violated,
        "nondeterministic" => Exit::Nondeterministic,
        _ => Exit::Inconclusive,
    }
}

fn read_campaign(path: Option<&Path>) -> Result<Campaign, UserError> {
    let Some(path) = path else { return Ok(Campaign::default()) };
    let shown = path.display();
    let text =
        fs::read_to_string(path).map_err(|error| UserError(format!("campaign {shown} cannot be read: {error}")))?;
    Campaign::parse(&text).map_err(|error| UserError(format!("campaign {shown}: {error}")))
}

fn load(shelf: &mut Shelf, op: &str) -> Result<Rc<Loaded>, UserError> {
    shelf.get(&Choice::parse(op, Path::new(""))?, op)
}

fn duration(text: &str) -> Result<Duration, UserError> {
    let span = Span::parse(text).map_err(|why| UserError(format!("--time {text}: {why}")))?;
    Ok(Duration::from_nanos(span.0))
}

/// `--shard`, or what a Kubernetes Indexed Job says.
fn shard(arguments: &Fuzz) -> Result<Shard, UserError> {
    if let Some(text) = &arguments.shard {
        return Shard::parse(text).map_err(|why| UserError(format!("--shard {why}")));
    }
    let (index, of) = (std::env::var("JOB_COMPLETION_INDEX"), std::env::var("EGRESS_SIM_SHARDS"));
    let (Ok(index), Ok(of)) = (index, of) else { return Ok(Shard::default()) };
    let part = index.parse::<u64>().ok().map(|index| index + 1);
    part.and_then(|part| Shard::parse(&format!("{part}/{of}")).ok()).ok_or_else(|| {
        UserError(format!(
            "JOB_COMPLETION_INDEX={index} and EGRESS_SIM_SHARDS={of} are no shard: expected an index from 0 and their number"
        ))
    })
}

/// A finding with what is only told.
struct Found {
    finding: Finding,
    /// It was not the same again, so it is none.
    parted: Option<Parted>,
}

/// What was found before and what is kept as a regression: replayed before anything random. A found one that passes again is
/// thrown away.
fn regressions(
    arguments: &Fuzz,
    judge: &Judge<'_>,
    told: &mut Told,
    parted: &mut Vec<Parted>,
) -> Result<(Vec<Found>, Vec<Replayed>), UserError> {
    let (mut findings, mut corpus) = (Vec::new(), Vec::new());
    for (folder, kept) in [(&arguments.regressions, true), (&arguments.found, false)] {
        if !folder.is_dir() || is_empty(folder) {
            continue;
        }
        for Source { path, scenario } in scenarios::read_all(std::slice::from_ref(folder))? {
            let scenario = scenario.map_err(|broken| UserError(broken.plain))?;
            let shown = path.display().to_string();
            let scenario = Rc::new(scenario);
            let judged = judge.run(&scenario).map_err(UserError)?;
            if let Some(how) = again(judge, &scenario, &Marks::of(&judged.outcome)).map_err(UserError)? {
                parted.push(Parted { case: None, scenario: shown, how });
                continue;
            }
            let Some(first) = judged.broken.first() else {
                let gone = !kept && !scenario.found.is_empty() && fs::remove_file(&path).is_ok();
                told.passes_again(&shown, gone);
                corpus.push(Replayed { path: shown, property: None, message: String::new() });
                continue;
            };
            told.still_breaks(&shown, &first.property, kept);
            let fingerprint = Fingerprint::of(first, &judged);
            let found = finding(&fingerprint, &scenario, &first.first.message, &shown, 1, (0, 0));
            let (property, message) = (Some(found.property.clone()), found.message.clone());
            corpus.push(Replayed { path: shown, property, message });
            findings.push(Found { finding: found, parted: None });
        }
    }
    Ok((findings, corpus))
}

fn is_empty(folder: &Path) -> bool {
    fs::read_dir(folder).is_ok_and(|entries| {
        entries.flatten().all(|entry| entry.path().extension().is_none_or(|extension| extension != "toml"))
    })
}

fn finding(
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
        first_case,
        kinds_before,
        text: egress_sim_model::scenario::write::write(scenario),
    }
}

/// Makes findings small and tells of them.
struct Hunter<'a> {
    arguments: &'a Fuzz,
    campaign: &'a Campaign,
    operator: &'a Rc<Loaded>,
    judge: &'a Judge<'a>,
    told: &'a mut Told,
    start: &'a Start,
}

impl Hunter<'_> {
    /// Of each promise, the raw findings with the fewest kinds of faults: they are the likeliest to be different bugs. Once
    /// reduced, those that came to the same are one.
    fn reduce_all(&mut self, raw: BTreeMap<Fingerprint, Raw>) -> Result<Vec<Found>, UserError> {
        let mut by_property: BTreeMap<String, Vec<(Fingerprint, Raw)>> = BTreeMap::new();
        for (fingerprint, raw) in raw {
            by_property.entry(fingerprint.property.clone()).or_default().push((fingerprint, raw));
        }
        let mut findings = Vec::new();
        for (property, mut raws) in by_property {
            let cases: u64 = raws.iter().map(|(_, raw)| raw.cases).sum();
            raws.sort_by_key(|(fingerprint, raw)| (fingerprint.faults.len(), raw.first));
            let mut known: BTreeSet<Fingerprint> = BTreeSet::new();
            for (fingerprint, raw) in raws.into_iter().take(REDUCED_PER_PROPERTY) {
                // What takes at least the faults of a reduced one is most likely that one again.
                if known.iter().any(|known| known.faults.is_subset(&fingerprint.faults)) {
                    continue;
                }
                let reduced = match self.reduce(&raw, &property)? {
                    Ok(reduced) => reduced,
                    Err(parted) => {
                        findings.push(parted);
                        continue;
                    }
                };
                if known.insert(reduced.fingerprint.clone()) {
                    findings.push(self.tell(&reduced, &raw, cases, fingerprint.faults.len() as u64)?);
                }
            }
        }
        Ok(findings)
    }

    /// The finding made small, or why it is none: it was not the same again.
    fn reduce(&self, raw: &Raw, property: &str) -> Result<Result<Reduced, Found>, UserError> {
        let scenario = Rc::new(raw.scenario.clone());
        let first = Marks::of(&self.judge.bare(&scenario, None).map_err(UserError)?);
        if let Some(how) = again(self.judge, &scenario, &first).map_err(UserError)? {
            return Ok(Err(self.parted(raw, property, how)?));
        }
        let started = Instant::now();
        let bar = spinner();
        let mut stop = |steps: &Steps| {
            bar.set_message(words(property, steps));
            interrupt::asked() || started.elapsed() >= REDUCTION
        };
        let unfinished = format!("unfinished-{}", property.replace('.', "-"));
        let mut better = |scenario: &Scenario, _: &Steps| {
            // Whoever is killed here leaves the best so far; a full disk is told when the result is written.
            let _ = found::save(&self.arguments.found, &Scenario { name: unfinished.clone(), ..scenario.clone() });
        };
        let reducer = Reducer::new(self.judge, &raw.scenario, property, &mut stop, &mut better).map_err(UserError)?;
        let Some(reducer) = reducer else {
            bar.finish_and_clear();
            let how = format!("{property} broke in case {} and then did not", raw.first);
            return Ok(Err(self.parted(raw, property, how)?));
        };
        let smallest = reducer.go().map_err(UserError)?;
        found::forget(&self.arguments.found, &unfinished);
        bar.finish_and_clear();
        Ok(Ok(smallest))
    }

    fn parted(&self, raw: &Raw, property: &str, how: String) -> Result<Found, UserError> {
        let parted = repeat::keep(&self.arguments.found, &raw.scenario, Some(raw.first), how)?;
        let fingerprint = Fingerprint { property: property.to_owned(), faults: BTreeSet::new() };
        let finding = finding(&fingerprint, &raw.scenario, &parted.how, &parted.scenario, raw.cases, (0, raw.first));
        Ok(Found { finding, parted: Some(parted) })
    }

    fn tell(&mut self, reduced: &Reduced, raw: &Raw, cases: u64, kinds_before: u64) -> Result<Found, UserError> {
        let scenario = Rc::new(reduced.scenario.clone());
        let judged = self.judge.run(&scenario).map_err(UserError)?;
        let mut violates: Vec<String> = judged.broken.iter().map(|broken| broken.property.clone()).collect();
        violates.sort_by_key(|id| *id != reduced.broken.property);
        let provenance = Provenance {
            campaign: Some(self.campaign.digest()),
            case: Some((self.arguments.seed, raw.first)),
            operator: self.operator.op.clone(),
            operator_digest: self.operator.digest.clone(),
            tool: env!("CARGO_PKG_VERSION").to_owned(),
            model: MODEL_VERSION,
            runs: reduced.progress.runs,
            trace_hash: judged.outcome.trace_hash.to_string(),
        };
        let file = found::with_provenance(&scenario, &reduced.fingerprint, &violates, &provenance);
        let path = found::save(&self.arguments.found, &file).map_err(UserError)?;
        let necessities = necessity::of_each_fault(self.judge, &reduced.scenario).map_err(UserError)?;
        let report = run::told_in_full(&path, self.operator, &reduced.broken.property, self.start)?;
        self.finding(&report, reduced, &necessities, cases);
        let shown = path.display().to_string();
        let from = (kinds_before, raw.first);
        let parted = (report.verdict == Verdict::Nondeterministic).then(|| Parted {
            case: Some(raw.first),
            scenario: shown.clone(),
            how: report.error.clone().unwrap_or_default(),
        });
        let finding = finding(&reduced.fingerprint, &file, &reduced.broken.first.message, &shown, cases, from);
        Ok(Found { finding, parted })
    }

    fn finding(&mut self, report: &Report, reduced: &Reduced, necessities: &[Necessity], cases: u64) {
        self.told.finding(report, reduced, necessities, cases);
    }
}

/// `41 faults → 3, 118 runs`
pub fn words(property: &str, steps: &Steps) -> String {
    format!(
        "reducing {property}: {} faults → {}, {} calls → {}, {} runs",
        steps.faults_before, steps.faults, steps.calls_before, steps.calls, steps.runs
    )
}

#[cfg(test)]
mod tests;
