//! The floor under the search: each broken operator is caught within the cases that the project allows itself, and what it is
//! caught with becomes a file that a person can read, and that replays.
//!
//! One seed, natively, up to the first catch: how many cases it takes, and how it is spread over seeds, `make bench` says.

use std::rc::Rc;

use egress_sim_campaign::campaign::Campaign;
use egress_sim_campaign::found::{self, Provenance};
use egress_sim_campaign::judge::Judge;
use egress_sim_campaign::reduce::Reducer;
use egress_sim_model::scenario::Scenario;
use egress_sim_model::scenario::file::parse;
use egress_sim_model::scenario::write::write;
use egress_sim_model::trace::MODEL_VERSION;
use egress_sim_operators::{About, OPERATORS};
use egress_sim_tests::catching::{BuiltIn, CASES, hunt};
use egress_sim_tests::in_parallel;

/// Blocks of calls, of faults and of commands that a finding may have.
const BLOCKS: usize = 5;

/// Those that the default campaign cannot be sure to catch, and why.
const OUT_OF_REACH: &[(&str, &str)] = &[(
    "counts-from-now",
    "it takes a clock that is put back by more than the recording's end is away, at the very look that finds it stored",
)];

/// Reduces a case, writes it, reads it, and runs it again; what is wrong with it, if anything is.
fn wrong(about: &About, scenario: &Scenario) -> Result<(), String> {
    let operator = BuiltIn(*about);
    let property = about.breaks.expect("a broken operator breaks something");
    let properties = [property.to_owned()];
    let judge = Judge::new(&operator, &properties);
    let (mut stop, mut better) = (|_: &_| false, |_: &_, _: &_| {});
    let begun = Reducer::new(&judge, scenario, property, &mut stop, &mut better)?;
    let reduced = begun.ok_or("it breaks once and then not")?.go()?;
    let judged = judge.run(&Rc::new(reduced.scenario.clone()))?;
    let provenance = Provenance {
        campaign: None,
        case: None,
        operator: about.name.to_owned(),
        operator_digest: None,
        against: None,
        tool: String::new(),
        model: MODEL_VERSION,
        runs: reduced.progress.runs,
        trace_hash: judged.outcome.trace_hash.to_string(),
    };
    let file = found::with_provenance(&reduced.scenario, &reduced.fingerprint, &judged, &provenance);
    let text = write(&file);
    if file.calls.len() > BLOCKS || file.faults.len() > BLOCKS || file.commands.len() > BLOCKS {
        return Err(format!("it has too many blocks:\n{text}"));
    }
    let read = parse(&file.name, &text).map_err(|error| error.render("found.toml"))?;
    if read != file {
        return Err(format!("it is read otherwise than it was written:\n{text}"));
    }
    let again = judge.run(&Rc::new(read))?;
    if again.broken.is_empty() || again.outcome.trace_hash != judged.outcome.trace_hash {
        return Err(format!("it does not break {property} from its file with the same hash:\n{text}"));
    }
    Ok(())
}

#[test]
fn the_default_campaign_catches_every_broken_operator_with_a_small_file() {
    let campaign = Campaign::default();
    let broken: Vec<_> = OPERATORS.iter().filter(|about| about.breaks.is_some()).collect();
    for (name, _) in OUT_OF_REACH {
        assert!(broken.iter().any(|about| about.name == *name), "there is no {name}");
    }
    let in_reach = |about: &&About| !OUT_OF_REACH.iter().any(|(name, _)| *name == about.name);
    let broken: Vec<_> = broken.into_iter().filter(in_reach).collect();
    let amiss = in_parallel(broken.len(), |ix| {
        let about = broken[ix];
        let Some((_, scenario)) = hunt(about, &campaign, 0, CASES).caught else {
            return format!("{} is not caught within {CASES} cases\n", about.name);
        };
        wrong(about, &scenario).err().map_or_else(String::new, |wrong| format!("{}: {wrong}\n", about.name))
    });
    let amiss = amiss.concat();
    assert!(amiss.is_empty(), "{amiss}");
}
