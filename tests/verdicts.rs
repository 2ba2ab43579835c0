//! Every scenario with every built-in operator: what each one breaks, as a table.
//!
//! `verdicts.txt` pins the whole set of properties that an operator breaks in a scenario, the one that it is meant to break
//! first; where nothing is listed, everything held. After a change that is meant to move it:
//! `UPDATE_VERDICTS=1 cargo test --release -p egress-sim-tests --test verdicts`, and read the diff.
//! `contract-end-12000.toml` is left to its own test: thirty-five runs of it would only repeat what its small sibling says.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;

use egress_sim_model::property::builtin;
use egress_sim_operators::{About, OPERATORS};
use egress_sim_tests::{broken, run, sandboxed, scenario, scenario_files, story};

const LARGE: &str = "contract-end-12000.toml";

/// As `OP` names it, without `builtin:`.
fn name(operator: &About) -> String {
    if operator.breaks.is_none() { operator.name.to_owned() } else { format!("broken/{}", operator.name) }
}

/// Operator, then scenario, then what broke, the meant property first.
fn verdicts() -> BTreeMap<String, Vec<(String, Vec<String>)>> {
    let mut table: BTreeMap<String, Vec<(String, Vec<String>)>> = BTreeMap::new();
    for path in scenario_files().into_iter().filter(|path| path != LARGE) {
        let scenario = scenario(&path);
        for operator in OPERATORS {
            let outcome = run(&scenario, &sandboxed(&name(operator), &scenario));
            let mut ids: Vec<String> = broken(&outcome).into_iter().map(str::to_owned).collect();
            ids.sort_by_key(|id| Some(id.as_str()) != operator.breaks);
            table.entry(name(operator)).or_default().push((path.clone(), ids));
        }
    }
    table
}

#[test]
fn the_table_of_verdicts_is_as_pinned() {
    let table = verdicts();
    let mut text = String::new();
    for operator in OPERATORS {
        let rows = &table[&name(operator)];
        let meant = operator.breaks.unwrap_or("nothing");
        let _ = writeln!(text, "{} is meant to break {meant}", name(operator));
        for (path, ids) in rows.iter().filter(|(_, ids)| !ids.is_empty()) {
            let _ = writeln!(text, "    {path}: {}", ids.join(", "));
        }
    }
    let pinned = egress_sim_tests::root().join("tests/verdicts.txt");
    if std::env::var_os("UPDATE_VERDICTS").is_some() {
        fs::write(&pinned, &text).expect("the table can be written");
    }
    let expected = fs::read_to_string(&pinned).expect("tests/verdicts.txt is there");
    for (was, is) in expected.lines().zip(text.lines()) {
        assert_eq!(was, is, "a verdict has moved; see the head of tests/verdicts.rs");
    }
    assert_eq!(expected.lines().count(), text.lines().count(), "the table has grown or shrunk");

    for operator in OPERATORS {
        let caught = table[&name(operator)].iter().any(|(_, ids)| ids.first().map(String::as_str) == operator.breaks);
        match operator.breaks {
            None => {
                for (path, ids) in &table[&name(operator)] {
                    assert_eq!(*ids, cannot_be_kept(path), "{} must hold everything else in {path}", operator.name);
                }
            }
            Some(meant) => assert!(caught, "no scenario catches {} breaking {meant}", operator.name),
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
