//! Every scenario with every built-in operator: what each one breaks, as a table.
//!
//! `verdicts.txt` pins the whole set of properties that an operator breaks in a scenario, the one that it is meant to break
//! first; where nothing is listed, everything held. After a change that is meant to move it:
//! `UPDATE_VERDICTS=1 cargo test --release -p egress-sim-tests --test verdicts`, and read the diff.
//! `contract-end-12000.toml` is left to its own test: a run of it for each operator would only repeat what its small
//! sibling says. Operators that exist to be stopped by the sandbox are slow to stop and never come as far as a fault: they
//! run the scenarios of the top folder only.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use egress_sim_model::property::builtin;
use egress_sim_model::scenario::Scenario;
use egress_sim_operators::{About, OPERATORS};
use egress_sim_tests::{broken, in_parallel, pinned, run, sandboxed, scenario, scenario_files, story};

const LARGE: &str = "contract-end-12000.toml";

/// A day each, and dear: these are for the operators that they name, beside the sound one.
const PACK: &str = "recording-and-egress/";

/// Width of the table.
const WIDTH: usize = 120;

/// As `OP` names it, without `builtin:`.
fn name(operator: &About) -> String {
    if operator.breaks.is_none() { operator.name.to_owned() } else { format!("broken/{}", operator.name) }
}

/// Whether a scenario says what is expected of an operator.
fn names(scenario: &Scenario, operator: &About) -> bool {
    scenario.expects.iter().any(|expect| expect.operator.strip_prefix("builtin:") == Some(&name(operator)))
}

/// Each operator in order, with the files in which it breaks something by what it breaks, the meant property first.
fn verdicts() -> Vec<BTreeMap<Vec<String>, Vec<String>>> {
    let files: Vec<String> = scenario_files().into_iter().filter(|path| path != LARGE).collect();
    let found = in_parallel(files.len() * OPERATORS.len(), |ix| {
        let (file, operator) = (&files[ix / OPERATORS.len()], &OPERATORS[ix % OPERATORS.len()]);
        if operator.breaks_sandbox && file.contains('/') {
            return Vec::new();
        }
        let scenario = scenario(file);
        if file.starts_with(PACK) && !names(&scenario, operator) {
            return Vec::new();
        }
        let outcome = run(&scenario, &sandboxed(&name(operator), &scenario));
        let mut ids: Vec<String> = broken(&outcome).into_iter().map(str::to_owned).collect();
        ids.sort_by_key(|id| Some(id.as_str()) != operator.breaks);
        ids
    });
    let mut table = vec![BTreeMap::<_, Vec<String>>::new(); OPERATORS.len()];
    for (ix, ids) in found.into_iter().enumerate().filter(|(_, ids)| !ids.is_empty()) {
        let file = files[ix / OPERATORS.len()].trim_end_matches(".toml").to_owned();
        table[ix % OPERATORS.len()].entry(ids).or_default().push(file);
    }
    table
}

/// What breaks, then where, over as many lines as it takes.
fn write_row(text: &mut String, ids: &[String], files: &[String]) {
    let mut line = format!("    {}:", ids.join(", "));
    for (ix, file) in files.iter().enumerate() {
        let word = if ix + 1 == files.len() { file.clone() } else { format!("{file},") };
        if line.len() + 1 + word.len() > WIDTH {
            let _ = writeln!(text, "{line}");
            "       ".clone_into(&mut line);
        }
        line = format!("{line} {word}");
    }
    let _ = writeln!(text, "{line}");
}

#[test]
fn the_table_of_verdicts_is_as_pinned() {
    let table = verdicts();
    let mut text = String::new();
    for (operator, rows) in OPERATORS.iter().zip(&table) {
        let meant = operator.breaks.unwrap_or("nothing");
        let _ = writeln!(text, "{} is meant to break {meant}", name(operator));
        let mut rows: Vec<_> = rows.iter().collect();
        rows.sort_by_key(|(ids, _)| (ids.first().map(String::as_str) != operator.breaks, ids.len()));
        for (ids, files) in rows {
            write_row(&mut text, ids, files);
        }
    }
    pinned("tests/verdicts.txt", &text, "UPDATE_VERDICTS", "see the head of tests/verdicts.rs");

    for (operator, rows) in OPERATORS.iter().zip(&table) {
        match operator.breaks {
            None => {
                for (ids, files) in rows {
                    for path in files {
                        assert_eq!(
                            *ids,
                            cannot_be_kept(&format!("{path}.toml")),
                            "{} must hold everything else in {path}",
                            operator.name
                        );
                    }
                }
            }
            Some(meant) => {
                let caught = rows.keys().any(|ids| ids[0] == meant);
                assert!(caught, "no scenario catches {} breaking {meant}", operator.name);
            }
        }
    }
}

/// What no operator can keep in a scenario, as the file itself says of the sound one.
fn cannot_be_kept(path: &str) -> Vec<String> {
    let scenario = scenario(path);
    let expected = scenario.expects.iter().find(|expect| expect.operator == "builtin:reference");
    let violates = expected.map(|expect| expect.violates.clone()).unwrap_or_default();
    let said = scenario.expected.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        violates.is_empty() || said.contains("promise cannot be kept"),
        "{path} must say which promise cannot be kept, and why"
    );
    violates
}

#[test]
fn every_property_can_fail() {
    for property in builtin() {
        let about = property.about();
        let named = OPERATORS.iter().find(|operator| operator.name == about.broken_by);
        let named = named.unwrap_or_else(|| panic!("{} names {}, which is no operator", about.id, about.broken_by));
        assert_eq!(named.breaks, Some(about.id), "{} is not meant to break {}", named.name, about.id);
    }
}

#[test]
fn the_reference_holds_at_full_size() {
    let scenario = scenario(LARGE);
    let outcome = run(&scenario, &sandboxed("reference", &scenario));
    assert_eq!(story(&outcome), "");
    let expected = scenario.expects.iter().find(|expect| expect.operator == "builtin:reference");
    let expected = expected.expect("the file says what the reference must come to");
    let counts = serde_json::to_value(outcome.counts).expect("counts are plain numbers");
    for (count, wanted) in &expected.counts {
        assert_eq!(counts[count], *wanted, "{count}");
    }
    let deleted = outcome.properties.iter().find(|(name, _)| name.id() == "deletion.verified");
    assert_eq!(deleted.map(|(_, verdict)| verdict.checks), Some(24_002), "every deleted key was put to the test");
}
