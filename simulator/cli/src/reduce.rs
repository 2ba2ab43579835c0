//! `egress-sim reduce`: one scenario that breaks a promise, as small as it gets.

use std::path::{Path, PathBuf};
use std::rc::Rc;

use egress_sim_campaign::found::{self, Provenance};
use egress_sim_campaign::judge::Judge;
use egress_sim_campaign::reduce::{Progress, Reducer};
use egress_sim_model::scenario::Scenario;
use egress_sim_model::scenario::write::write;
use egress_sim_model::trace::MODEL_VERSION;

use crate::arguments::Reduce;
use crate::exit::Exit;
use crate::fuzz::words;
use crate::operator::{Choice, Shelf};
use crate::progress::spinner;
use crate::scenarios;
use crate::{UserError, console, interrupt, output};

/// Reduces, writes, and gives the exit code: a promise is broken, so it is never 0. Ctrl-C gives the smallest so far.
///
/// # Errors
/// A file that is no scenario, an operator that is none, a scenario in which nothing breaks.
pub fn reduce(arguments: &Reduce) -> Result<Exit, UserError> {
    let mut sources = scenarios::read_all(std::slice::from_ref(&arguments.file))?;
    if sources.len() != 1 {
        return Err(UserError(format!("{} is not one scenario: name a file", arguments.file.display())));
    }
    let shown = arguments.file.display();
    let scenario = sources.remove(0).scenario.map_err(|broken| UserError(broken.drawn))?;
    let op = arguments.operator.clone().unwrap_or_else(|| scenario.operator.use_.clone());
    let beside =
        if arguments.operator.is_some() { Path::new("") } else { arguments.file.parent().unwrap_or(Path::new("")) };
    let operator = Shelf::default().get(&Choice::parse(&op, beside)?, &op)?;
    let judge = Judge::new(&*operator, &[]);
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
    let bar = spinner();
    let mut stop = |progress: &Progress| {
        bar.set_message(words(&property, progress));
        interrupt::asked()
    };
    // Best so far, so that whoever is killed has something; an error is told when the result is written.
    let mut better = |scenario: &Scenario, _: &Progress| {
        if let Some(path) = &arguments.output {
            let _ = output::write(path, &write(scenario));
        }
    };
    let reducer = Reducer::new(&judge, &scenario, &property, &mut stop, &mut better).map_err(UserError)?;
    let reducer = reducer.unwrap_or_else(|| panic!("{property} broke and then did not"));
    let smallest = reducer.go().map_err(UserError)?;
    bar.finish_and_clear();

    let judged = judge.run(&Rc::new(smallest.scenario.clone())).map_err(UserError)?;
    let mut violates: Vec<String> = judged.broken.iter().map(|broken| broken.property.clone()).collect();
    violates.sort_by_key(|id| *id != property);
    let provenance = Provenance {
        campaign: None,
        case: None,
        operator: op.clone(),
        operator_digest: operator.digest.clone(),
        tool: env!("CARGO_PKG_VERSION").to_owned(),
        model: MODEL_VERSION,
        runs: smallest.progress.runs,
        trace_hash: judged.outcome.trace_hash.to_string(),
    };
    let mut file = found::with_provenance(&smallest.scenario, &smallest.fingerprint, &violates, &provenance);
    if let Some(stem) = arguments.output.as_ref().and_then(|path| path.file_stem()) {
        file.name = stem.to_string_lossy().into_owned();
    }
    let text = write(&file);
    let told = format!("{}\n{}\n", words(&property, &smallest.progress), smallest.broken.first.message);
    match &arguments.output {
        None => {
            console::print(&text)?;
        }
        Some(path) => output::write(path, &text)?,
    }
    let again = arguments.output.as_deref().map_or_else(|| PathBuf::from("FILE"), Path::to_owned);
    console::error(&format!("{told}replay: egress-sim run {} --operator {op}", again.display()));
    Ok(Exit::Violated)
}
