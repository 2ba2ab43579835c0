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
use egress_sim_campaign::fingerprint::Fingerprint;
use egress_sim_campaign::found::{self, Provenance};
use egress_sim_campaign::judge::Judge;
use egress_sim_campaign::necessity::{self, Necessity};
use egress_sim_campaign::reduce::{Progress as Steps, Reduced, Reducer};
use egress_sim_campaign::result::{Document, Finding, Part, Shard};
use egress_sim_campaign::search::{Progress, Range, Raw, search};
use egress_sim_model::scenario::Scenario;
use egress_sim_model::time::Span;
use egress_sim_model::trace::MODEL_VERSION;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::arguments::{Format, Fuzz};
use crate::console::{self, Paint};
use crate::exit::Exit;
use crate::expect::Verdict;
use crate::operator::{Choice, Loaded, Shelf};
use crate::report::Report;
use crate::report::campaign::Told;
use crate::scenarios::{self, Source};
use crate::{UserError, output, reserved, run};

/// What one reduction may take.
const REDUCTION: Duration = Duration::from_secs(30);
/// Different sets of fault kinds with which a promise broke that are reduced; the others are counted.
const REDUCED_PER_PROPERTY: usize = 4;

/// Searches, and gives the exit code.
///
/// # Errors
/// What is wrong with the arguments, the campaign or a place that something should be written to.
pub fn fuzz(arguments: &Fuzz) -> Result<Exit, UserError> {
    if arguments.format == Format::Junit {
        return Err(reserved::flag("--format junit", "use --format human or json"));
    }
    let campaign = read_campaign(arguments.campaign.as_deref())?;
    let shard = shard(arguments)?;
    let time = arguments.time.as_deref().map(duration).transpose()?;
    let mut shelf = Shelf::default();
    let operator = load(&mut shelf, &arguments.operator)?;
    let against = arguments.against.as_deref().map(|op| load(&mut shelf, op)).transpose()?;
    let judge = Judge::new(&*operator, &campaign.properties);
    let judge = match &against {
        Some(other) => judge.against(&**other),
        None => judge,
    };
    let started = Instant::now();
    let paint = Paint(console::colour() && arguments.output.is_none());

    let mut told = Told::new(paint, &campaign, operator.op.clone());
    let mut findings = regressions(arguments, &judge, &mut told)?;

    let cases = if time.is_some() { None } else { Some(arguments.cases.unwrap_or(campaign.budget.cases)) };
    let range = Range { seed: arguments.seed, cases, shard };
    let jobs = arguments.jobs.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from));
    let bar = bar(cases.map(|cases| cases / shard.of));
    let mut watch = |progress: &Progress| {
        bar.set_position(progress.cases);
        bar.set_message(format!("{} goals reached, {} findings", progress.goals, progress.findings));
        time.is_some_and(|time| started.elapsed() >= time)
    };
    let searched = search(&campaign, range, jobs, &judge, &mut watch).map_err(UserError)?;
    bar.finish_and_clear();
    told.search_took(started.elapsed(), searched.cases);
    for (case, bug) in &searched.bugs {
        told.bug(*case, bug);
    }

    let mut hunter = Hunter { arguments, campaign: &campaign, operator: &operator, judge: &judge, told: &mut told };
    findings.extend(hunter.reduce_all(searched.findings)?);
    let nondeterministic = findings.iter().any(|found| found.nondeterministic);
    let part = Part {
        shard,
        cases: searched.cases,
        wall_ms: started.elapsed().as_secs_f64() * 1e3,
        hits: searched.hits,
        findings: findings.into_iter().map(|found| found.finding).collect(),
        nondeterministic,
    };
    let document = Document::of(&campaign, arguments.seed, &operator.op, vec![part]);
    let human = told.closing(&document);
    output::report(arguments.output.as_deref(), arguments.format, &human, &document)?;
    Ok(if searched.bugs.is_empty() { exit(&document) } else { Exit::Bug })
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
    nondeterministic: bool,
}

/// What was found before and what is kept as a regression: replayed before anything random. A found one that passes again is
/// thrown away.
fn regressions(arguments: &Fuzz, judge: &Judge<'_>, told: &mut Told) -> Result<Vec<Found>, UserError> {
    let mut findings = Vec::new();
    for (folder, kept) in [(&arguments.regressions, true), (&arguments.found, false)] {
        if !folder.is_dir() || is_empty(folder) {
            continue;
        }
        for Source { path, scenario } in scenarios::read_all(std::slice::from_ref(folder))? {
            let scenario = scenario.map_err(|broken| UserError(broken.plain))?;
            let shown = path.display().to_string();
            let scenario = Rc::new(scenario);
            let judged = judge.run(&scenario).map_err(UserError)?;
            let Some(first) = judged.broken.first() else {
                let gone = !kept && !scenario.found.is_empty() && fs::remove_file(&path).is_ok();
                told.passes_again(&shown, gone);
                continue;
            };
            told.still_breaks(&shown, &first.property, kept);
            let fingerprint = Fingerprint::of(first, &judged);
            findings.push(Found {
                finding: finding(&fingerprint, &scenario, &first.first.message, &shown, 1, (0, 0)),
                nondeterministic: false,
            });
        }
    }
    Ok(findings)
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
    operator: &'a Loaded,
    judge: &'a Judge<'a>,
    told: &'a mut Told,
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
                let reduced = self.reduce(&raw, &property)?;
                if known.insert(reduced.fingerprint.clone()) {
                    findings.push(self.tell(&reduced, &raw, cases, fingerprint.faults.len() as u64)?);
                }
            }
        }
        Ok(findings)
    }

    fn reduce(&self, raw: &Raw, property: &str) -> Result<Reduced, UserError> {
        let started = Instant::now();
        let bar = spinner();
        let mut stop = |steps: &Steps| {
            bar.set_message(words(property, steps));
            started.elapsed() >= REDUCTION
        };
        let unfinished = format!("unfinished-{}", property.replace('.', "-"));
        let mut better = |scenario: &Scenario, _: &Steps| {
            // Whoever is killed here leaves the best so far; a full disk is told when the result is written.
            let _ = found::save(&self.arguments.found, &Scenario { name: unfinished.clone(), ..scenario.clone() });
        };
        let reducer = Reducer::new(self.judge, &raw.scenario, property, &mut stop, &mut better).map_err(UserError)?;
        let reducer = reducer.unwrap_or_else(|| panic!("{property} broke in case {} and then did not", raw.first));
        let smallest = reducer.go().map_err(UserError)?;
        found::forget(&self.arguments.found, &unfinished);
        bar.finish_and_clear();
        Ok(smallest)
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
        let report = run::told_in_full(&path, &self.operator.op, &reduced.broken.property)?;
        let nondeterministic = report.verdict == Verdict::Nondeterministic;
        self.finding(&report, reduced, &necessities, cases);
        let shown = path.display().to_string();
        let from = (kinds_before, raw.first);
        let finding = finding(&reduced.fingerprint, &file, &reduced.broken.first.message, &shown, cases, from);
        Ok(Found { finding, nondeterministic })
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

fn bar(cases: Option<u64>) -> ProgressBar {
    let target = if console::progress() { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let template = if cases.is_some() {
        "  {bar:30} {pos}/{len} cases, {per_sec}, {msg}"
    } else {
        "  {pos} cases, {per_sec}, {msg}"
    };
    ProgressBar::with_draw_target(cases, target)
        .with_style(ProgressStyle::with_template(template).expect("the template is a constant"))
}

/// A line that changes.
pub fn spinner() -> ProgressBar {
    let target = if console::progress() { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    ProgressBar::with_draw_target(None, target)
        .with_style(ProgressStyle::with_template("  {msg}").expect("the template is a constant"))
}
