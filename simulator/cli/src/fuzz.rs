//! `egress-sim fuzz`: what was found before is replayed, cases are searched, what breaks is made small and told.
//!
//! What becomes of a finding, [`crate::hunt`] holds. Goals that were not reached are told before anything that sounds like
//! success.

use std::fs;
use std::path::Path;
use std::rc::Rc;
use std::time::{Duration, Instant};

use egress_sim_campaign::campaign::Campaign;
use egress_sim_campaign::determinism::{Marks, again};
use egress_sim_campaign::fingerprint::Fingerprint;
use egress_sim_campaign::judge::{Judge, Operator};
use egress_sim_campaign::result::{Document, Part, Parted, Replayed, Shard};
use egress_sim_campaign::search::{Progress, Range, search};
use egress_sim_model::scenario::Scenario;
use egress_sim_model::time::Span;

use crate::arguments::{Format, Fuzz};
use crate::console::{self, Paint};
use crate::determinism::{self, Start};
use crate::exit::Exit;
use crate::hunt::{Found, Hunter, finding};
use crate::operator::{Choice, Loaded, Shelf};
use crate::progress::Searching;
use crate::report::campaign::Told;
use crate::report::github::{self, GitHub};
use crate::report::junit;
use crate::scenarios::{self, Source};
use crate::{UserError, interrupt, output};

pub mod repeat;

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
        let mut hunter = Hunter {
            arguments,
            campaign: &campaign,
            cases: searched.cases,
            operator: &operator,
            against: against.as_ref(),
            judge: &judge,
            told: &mut told,
            start,
        };
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
        // Files of shards travel; what goes to stdout is read.
        Format::Json if path.is_some() => Some(output::compact_json(&document.clone().in_short())),
        Format::Json => Some(output::json(&document.clone().in_short())),
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
            if let Some(other) = not_comparable(&scenario, judge) {
                told.left_alone(&shown, &other);
                continue;
            }
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

/// A file that shows how two operators differ says nothing where they are not compared: the operator that is missing.
fn not_comparable(scenario: &Scenario, judge: &Judge<'_>) -> Option<String> {
    let other = scenario.found.get("against")?.as_str()?;
    (judge.other().map(Operator::op) != Some(other)).then(|| other.to_owned())
}

fn is_empty(folder: &Path) -> bool {
    fs::read_dir(folder).is_ok_and(|entries| {
        entries.flatten().all(|entry| entry.path().extension().is_none_or(|extension| extension != "toml"))
    })
}

#[cfg(test)]
mod tests;
