//! `egress-sim replay`, which is not in the help: what a fresh process is asked for by the one that compares.

use std::rc::Rc;

use egress_sim_campaign::determinism::{Marks, Records};
use egress_sim_model::operator::Host;
use egress_sim_model::trace::Witness;
use indicatif::ProgressBar;

use super::{Attempt, Prepared, Session, one_file};
use crate::arguments::Replay;
use crate::determinism::Replayed;
use crate::exit::Exit;
use crate::{UserError, console, scenarios};

/// Runs each scenario once and prints a line of JSON for it.
///
/// # Errors
/// A file or an operator that cannot be read.
pub fn replay(arguments: &Replay) -> Result<Exit, UserError> {
    let mut known = None;
    for source in scenarios::read_all(&arguments.paths)? {
        let path = source.path;
        let scenario = source.scenario.map_err(|broken| UserError(broken.plain))?;
        let scenario = Rc::new(match arguments.crash_at {
            Some(point) => point.added_to(&scenario),
            None => scenario,
        });
        let run = one_file(&path, &arguments.operator);
        let shelf = known.take().unwrap_or_default();
        let mut this = Session::plain(&run, shelf);
        let Prepared { loaded, host, older, rolls_back_to, .. } =
            this.prepare(&arguments.operator, &path, &scenario)?;
        let attempt = Attempt {
            scenario: &scenario,
            host: &*host,
            older: older.as_deref().map(|older| older as &dyn Host),
            loaded: &loaded,
            rolls_back_to: rolls_back_to.as_deref(),
        };
        let mut records = arguments.records.map(Records::behind);
        let witness = records.as_mut().map(|records| records as &mut dyn Witness);
        let outcome = attempt.seen(witness, &ProgressBar::hidden());
        let replayed = Replayed { marks: Marks::of(&outcome), records: records.map(|records| records.kept) };
        let line = serde_json::to_string(&replayed).expect("marks are plain data");
        console::print(&format!("{line}\n"))?;
        known = Some(this.shelf);
    }
    Ok(Exit::Held)
}
