//! `egress-sim promote`: from what was found to what is kept.

use std::fs;

use egress_sim_campaign::found;
use egress_sim_model::scenario::Scenario;

use crate::arguments::Promote;
use crate::exit::Exit;
use crate::{UserError, console, scenarios};

/// Moves scenarios to the regressions. What they expect stays as it is: a file says what its operator does today.
///
/// # Errors
/// A file that is no scenario, a place that cannot be written, a regression of the same name with other contents.
pub fn promote(arguments: &Promote) -> Result<Exit, UserError> {
    for source in scenarios::read_all(&arguments.files)? {
        let scenario = source.scenario.map_err(|broken| UserError(broken.drawn))?;
        let to = arguments.to.join(format!("{}.toml", scenario.name));
        if to.exists() && !is_same(&to, &scenario) {
            return Err(UserError(format!(
                "{} is there already, with other contents: give {} another `name`",
                to.display(),
                source.path.display()
            )));
        }
        let kept = found::save(&arguments.to, &scenario).map_err(UserError)?;
        let gone = |error| {
            UserError(format!("{} is kept, but {} cannot be removed: {error}", kept.display(), source.path.display()))
        };
        if kept.canonicalize().ok() != source.path.canonicalize().ok() {
            fs::remove_file(&source.path).map_err(gone)?;
        }
        console::print(&format!("{} → {}\n", source.path.display(), kept.display()))?;
    }
    Ok(Exit::Held)
}

fn is_same(path: &std::path::Path, scenario: &Scenario) -> bool {
    fs::read_to_string(path).is_ok_and(|text| text == egress_sim_model::scenario::write::write(scenario))
}
