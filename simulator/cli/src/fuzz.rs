//! `egress-sim fuzz`: what was found before is replayed, cases are searched, what breaks is made small and told.
//!
//! What becomes of a finding, [`crate::hunt`] holds. Goals that were not reached are told before anything that sounds like
//! success.

use std::fs;
use std::path::Path;
use std::rc::Rc;
use std::time::{Duration, Instant};

use egress_sim_campaign::campaign::Campaign;
use egress_sim_campaign::fingerprint::Fingerprint;
use egress_sim_campaign::judge::{Judge, Operator};
use egress_sim_campaign::result::{Document, Part, Shard};
use egress_sim_campaign::search::{Progress, Range, search};
use egress_sim_model::scenario::Scenario;
use egress_sim_model::time::Span;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::arguments::{Format, Fuzz};
use crate::console::{self, Paint};
use crate::exit::Exit;
use crate::hunt::{Found, Hunter, finding};
use crate::operator::{Choice, Loaded, Shelf};
use crate::report::campaign::Told;
use crate::scenarios::{self, Source};
use crate::{UserError, output, reserved};

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

    let mut hunter = Hunter {
        arguments,
        campaign: &campaign,
        cases: searched.cases,
        operator: &operator,
        judge: &judge,
        told: &mut told,
    };
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
            if let Some(other) = not_comparable(&scenario, judge) {
                told.left_alone(&shown, &other);
                continue;
            }
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
                finding: finding(&fingerprint, &scenario, &first.first.message, &shown, 1, 0),
                nondeterministic: false,
            });
        }
    }
    Ok(findings)
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
