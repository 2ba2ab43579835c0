//! `docs/faults.md`, made from the kinds of fault, the reports that they stand for, the scenario files that show them, and
//! the tables of verdicts and strikes. `make docs` writes it; a test fails when it is out of date.

use egress_sim_model::fault::{KINDS, Kind};
use egress_sim_tests::{pinned, scenario, scenario_files};

#[path = "faults/page.rs"]
mod page;
#[path = "faults/verdicts.rs"]
mod verdicts;

/// Every scenario file that has a fault, with the kinds of its faults.
fn scenarios_with_faults() -> Vec<(String, Vec<&'static Kind>)> {
    let files = scenario_files().into_iter().map(|path| {
        let kinds = scenario(&path).faults.iter().map(|fault| fault.kind).collect();
        (path, kinds)
    });
    files.filter(|(_, kinds): &(String, Vec<&Kind>)| !kinds.is_empty()).collect()
}

#[test]
fn every_kind_has_the_scenario_that_its_entry_names() {
    let files = scenarios_with_faults();
    let missing: Vec<String> = KINDS
        .iter()
        .filter(|kind| {
            let shown = |(path, kinds): &(String, Vec<&'static Kind>)| {
                format!("scenarios/{path}") == kind.scenario() && kinds.iter().any(|has| has.name == kind.name)
            };
            !files.iter().any(shown)
        })
        .map(|kind| kind.scenario())
        .collect();
    assert!(missing.is_empty(), "no scenario of its own, or one without that fault: {}", missing.join(", "));
}

#[test]
fn the_page_is_up_to_date() {
    let text = page::page(&scenarios_with_faults(), &verdicts::catches());
    pinned("docs/faults.md", &text, "UPDATE_DOCS", "`make docs` makes it anew");
}
