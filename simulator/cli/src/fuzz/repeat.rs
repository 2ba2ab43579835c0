//! What of a campaign is run again: a few cases in a fresh process, and what was not the same is kept as a file.

use std::path::Path;
use std::rc::Rc;

use egress_sim_campaign::campaign::Campaign;
use egress_sim_campaign::determinism::{Marks, due};
use egress_sim_campaign::generate::{case, scenarios};
use egress_sim_campaign::judge::Judge;
use egress_sim_campaign::result::Parted;
use egress_sim_campaign::search::{self, Range};
use egress_sim_campaign::{files, found};
use egress_sim_model::scenario::Scenario;
use egress_sim_model::scenario::write::write;

use crate::UserError;
use crate::determinism::{Asked, Start, parted, replay};
use crate::operator::Choice;

/// Cases that were not the same again of which there are files.
const KEPT: usize = 3;

/// Keeps the first few of them.
///
/// # Errors
/// Where the folder cannot be written.
pub fn kept(folder: &Path, those: Vec<search::Parted>) -> Result<Vec<Parted>, UserError> {
    those.into_iter().take(KEPT).map(|one| keep(folder, &one.scenario, Some(one.number), one.how)).collect()
}

/// Keeps one, so that it can be run again.
///
/// # Errors
/// Where the folder cannot be written.
pub fn keep(folder: &Path, scenario: &Scenario, case: Option<u64>, how: String) -> Result<Parted, UserError> {
    let name = format!("nondeterministic-{}", scenario.name);
    // What passes again is thrown away, as whatever was found.
    let found = toml::Table::from_iter([("parted".to_owned(), toml::Value::String(how.clone()))]);
    let path = found::save(folder, &Scenario { name, found, ..scenario.clone() }).map_err(UserError)?;
    Ok(Parted { case, scenario: path.display().to_string(), how })
}

/// Runs the first few cases of the share that is run twice in one fresh process, and gives those that part there. `run`: how
/// many cases of the range were run at all.
///
/// # Errors
/// A place for the files that cannot be written, limits that the operator cannot work with.
pub fn elsewhere(
    campaign: &Campaign,
    range: Range,
    run: u64,
    judge: &Judge<'_>,
    start: &Start,
) -> Result<Vec<search::Parted>, UserError> {
    let (strategy, digest) = (scenarios(campaign), campaign.digest());
    let numbers = (0..run).map(|place| range.shard.number(place));
    let share = numbers.filter(|number| due(campaign.determinism.repeat, range.seed, *number));
    let folder = tempfile::tempdir().map_err(|error| UserError(format!("no temporary folder can be made: {error}")))?;
    let mut cases = Vec::new();
    for number in share.take(usize::try_from(campaign.determinism.fresh).unwrap_or(usize::MAX)) {
        let scenario = Rc::new(case(&strategy, &digest, range.seed, number));
        let path = folder.path().join(format!("{}.toml", scenario.name));
        files::write(&path, &write(&scenario)).map_err(UserError)?;
        let first = Marks::of(&judge.bare(&scenario, None).map_err(UserError)?);
        cases.push((number, scenario, path, first));
    }
    if cases.is_empty() {
        return Ok(Vec::new());
    }
    let op = judge.operator().op();
    let operator = Choice::parse(op, Path::new(""))?.absolute(op);
    let paths = cases.iter().map(|(_, _, path, _)| path.clone()).collect();
    let asked = Asked { scenarios: paths, operator, crash_at: None, records: None };
    let fresh = match replay(start, &asked) {
        Ok(fresh) => fresh,
        Err(why) => {
            let (number, scenario, ..) = cases.swap_remove(0);
            return Ok(vec![search::Parted { number, scenario: (*scenario).clone(), how: why }]);
        }
    };
    let mut apart = Vec::new();
    for ((number, scenario, path, first), fresh) in cases.into_iter().zip(&fresh) {
        let alone = Asked { scenarios: vec![path], ..asked.clone() };
        let how = parted(start, &alone, &first, &fresh.marks, |records| judge.bare(&scenario, Some(records)).map(drop));
        apart.extend(how.map(|how| search::Parted { number, scenario: (*scenario).clone(), how }));
    }
    Ok(apart)
}
