//! `egress-sim reduce`: one scenario that breaks a promise, as small as it gets.

use std::path::Path;
use std::rc::Rc;
use std::time::Instant;

use egress_sim_campaign::found::{self, Provenance};
use egress_sim_campaign::judge::Judge;
use egress_sim_campaign::reduce::{Progress, Reducer};
use egress_sim_model::scenario::Scenario;
use egress_sim_model::scenario::write::write;
use egress_sim_model::trace::MODEL_VERSION;

use crate::arguments::Reduce;
use crate::console::Paint;
use crate::exit::Exit;
use crate::expect::Verdict;
use crate::hunt::{Place, verified, words};
use crate::operator::{Choice, Shelf};
use crate::progress::spinner;
use crate::report::human::{Human, Reduction};
use crate::scenarios;
use crate::{UserError, console, determinism, interrupt, output};

/// Reduces, writes, replays from the file, tells why it breaks, and gives the exit code: a promise is broken, so it is never 0.
/// Ctrl-C gives the smallest so far.
///
/// # Errors
/// A file that is no scenario, an operator that is none, a scenario in which nothing breaks.
pub fn reduce(arguments: &Reduce) -> Result<Exit, UserError> {
    let mut sources = scenarios::read_all(std::slice::from_ref(&arguments.file))?;
    if sources.len() != 1 {
        return Err(UserError(format!("{} is not one scenario: name a file", arguments.file.display())));
    }
    let shown = arguments.file.display();
    let mut scenario = sources.remove(0).scenario.map_err(|broken| UserError(broken.drawn))?;
    // What was said of the large one is not true of the small one.
    for prose in [&mut scenario.title, &mut scenario.question, &mut scenario.expected] {
        prose.clear();
    }
    let op = arguments.operator.clone().unwrap_or_else(|| scenario.operator.use_.clone());
    let beside =
        if arguments.operator.is_some() { Path::new("") } else { arguments.file.parent().unwrap_or(Path::new("")) };
    let mut shelf = Shelf::default();
    let operator = shelf.get(&Choice::parse(&op, beside)?, &op)?;
    let folder = arguments.file.parent().unwrap_or(Path::new(""));
    let older = scenario.operator.older.as_ref().map(|op| shelf.get(&Choice::parse(op, folder)?, op)).transpose()?;
    let judge = Judge::new(&*operator, &[]);
    let judge = match &older {
        Some(older) => judge.rolling_back_to(&**older),
        None => judge,
    };
    let first = judge.run(&Rc::new(scenario.clone())).map_err(UserError)?;
    let broken: Vec<&str> = first.broken.iter().map(|broken| broken.property.as_str()).collect();
    let property = match &arguments.property {
        Some(wanted) if broken.contains(&wanted.as_str()) => wanted.clone(),
        Some(wanted) => {
            let others =
                if broken.is_empty() { "nothing breaks".to_owned() } else { format!("{} breaks", broken.join(", ")) };
            return Err(UserError(format!("{shown}: {wanted} does not break with {op}; {others}")));
        }
        None => broken
            .first()
            .map(|id| (*id).to_owned())
            .ok_or_else(|| UserError(format!("{shown}: {op} keeps every promise; there is nothing to reduce")))?,
    };

    interrupt::listen();
    let started = Instant::now();
    let bar = spinner();
    let mut stop = |progress: &Progress| {
        bar.set_message(words(&property, progress, started.elapsed()));
        interrupt::asked()
    };
    // Best so far, so that whoever is killed has something; an error is told when the result is written.
    let mut better = |scenario: &Scenario, _: &Progress| {
        if let Some(path) = &arguments.output {
            let _ = output::write(path, &write(scenario));
        }
    };
    let begun = Reducer::new(&judge, &scenario, &property, &mut stop, &mut better).map_err(UserError)?;
    let Some(reduction) = begun else {
        console::error(&format!(
            "{shown}: NONDETERMINISTIC: {property} broke once, and not when the file was run again"
        ));
        return Ok(Exit::Nondeterministic);
    };
    let reduced = reduction.go().map_err(UserError)?;
    let took = started.elapsed();
    bar.finish_and_clear();

    let judged = judge.run(&Rc::new(reduced.scenario.clone())).map_err(UserError)?;
    let provenance = Provenance {
        campaign: None,
        case: None,
        operator: op.clone(),
        operator_digest: operator.digest.clone(),
        against: None,
        tool: env!("CARGO_PKG_VERSION").to_owned(),
        model: MODEL_VERSION,
        runs: reduced.progress.runs,
        trace_hash: judged.outcome.trace_hash.to_string(),
    };
    let mut file = found::with_provenance(&reduced.scenario, &reduced.fingerprint, &judged, &provenance);
    if let Some(stem) = arguments.output.as_ref().and_then(|path| path.file_stem()) {
        file.name = stem.to_string_lossy().into_owned();
    }
    let text = write(&file);
    let place = Place::of(arguments.output.as_deref())?;
    output::write(&place.path, &text)?;
    let (mut report, explained) =
        verified(&judge, &operator, &reduced, &judged, &place.path, &determinism::this_program)?;
    if arguments.output.is_none() {
        console::print(&text)?;
        "FILE".clone_into(&mut report.path);
    }
    let human = Human::new(
        Paint(console::colour()),
        false,
        [report.scenario.clone()].into_iter(),
        [report.operator.clone()].into_iter(),
    );
    console::error(&human.reduced(
        &report,
        &Reduction {
            fingerprint: &reduced.fingerprint,
            cases: None,
            origin: None,
            scenario: &reduced.scenario,
            necessities: &explained.necessities,
            progress: reduced.progress,
            took,
            promotable: arguments.output.is_some(),
        },
    ));
    let parted = report.verdict == Verdict::Nondeterministic;
    Ok(if parted { Exit::Nondeterministic } else { Exit::Violated })
}
