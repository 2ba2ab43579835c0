//! Every scenario file comes to what its `[[expect]]` blocks say, and each of its faults strikes. The large one is left to
//! its own test in `verdicts.rs`.

use egress_sim_model::scenario::{Expect, ExpectedVerdict, Scenario};
use egress_sim_model::world::Outcome;
use egress_sim_tests::{broken, in_parallel, run, sandboxed, scenario, scenario_files, story};

/// What is not as the block says, in words.
fn unmet(expect: &Expect, outcome: &Outcome) -> Vec<String> {
    let mut unmet = Vec::new();
    let mut found = broken(outcome);
    match expect.verdict {
        ExpectedVerdict::Pass if !found.is_empty() => unmet.push(format!("it is to pass, but\n{}", story(outcome))),
        ExpectedVerdict::Violates if found.is_empty() => unmet.push("it is to violate something".into()),
        ExpectedVerdict::Inconclusive => unmet.push("no scenario of ours may be inconclusive".into()),
        _ => {}
    }
    if !expect.violates.is_empty() {
        let mut wanted: Vec<&str> = expect.violates.iter().map(String::as_str).collect();
        wanted.sort_unstable();
        found.sort_unstable();
        if wanted != found {
            unmet.push(format!("it is to violate {wanted:?}, but violates {found:?}"));
        }
    }
    let counts = serde_json::to_value(outcome.counts).expect("counts are plain numbers");
    for (count, wanted) in &expect.counts {
        if counts[count] != *wanted {
            unmet.push(format!("{count} is to be {wanted}, but is {}", counts[count]));
        }
    }
    unmet
}

fn of_reference(scenario: &Scenario) -> bool {
    scenario.expects.iter().any(|expect| {
        expect.operator == "builtin:reference" && (expect.verdict == ExpectedVerdict::Pass || cannot_be_kept(scenario))
    })
}

/// The file says which promise no operator can keep in it.
fn cannot_be_kept(scenario: &Scenario) -> bool {
    scenario.expected.split_whitespace().collect::<Vec<_>>().join(" ").contains("promise cannot be kept")
}

#[test]
fn every_scenario_comes_to_what_it_says() {
    let files: Vec<String> = scenario_files().into_iter().filter(|path| path != "contract-end-12000.toml").collect();
    let findings = in_parallel(files.len(), |ix| {
        let (file, scenario) = (&files[ix], scenario(&files[ix]));
        let mut findings = Vec::new();
        if !of_reference(&scenario) {
            findings
                .push(format!("{file} does not say that builtin:reference passes, nor which promise cannot be kept"));
        }
        for expect in &scenario.expects {
            let name = expect.operator.strip_prefix("builtin:").expect("built-in operators only");
            let outcome = run(&scenario, &sandboxed(name, &scenario));
            let unmet = unmet(expect, &outcome);
            findings.extend(unmet.into_iter().map(|what| format!("{file} with {name}: {what}")));
            let struck = scenario.faults.iter().zip(&outcome.faults_fired);
            let unfired = struck.filter(|(_, fired)| name == "reference" && **fired == 0);
            findings.extend(unfired.map(|(fault, _)| format!("{file}: {} never strikes", fault.kind.name)));
        }
        findings
    });
    let findings: Vec<String> = findings.into_iter().flatten().collect();
    assert!(findings.is_empty(), "{}", findings.join("\n"));
}

/// What an experienced operator reads must say what is asked, what is expected, and who gets it wrong.
#[test]
fn the_pack_is_told_in_full_and_names_who_fails() {
    let pack: Vec<String> =
        scenario_files().into_iter().filter(|path| path.starts_with("recording-and-egress/")).collect();
    assert!(pack.len() >= 5, "{pack:?}");
    for path in pack {
        let scenario = scenario(&path);
        assert!(!scenario.title.is_empty() && !scenario.question.is_empty() && !scenario.expected.is_empty(), "{path}");
        let fails = scenario.expects.iter().any(|expect| {
            expect.verdict == ExpectedVerdict::Violates && expect.operator.starts_with("builtin:broken/")
        });
        assert!(fails, "{path} names no broken operator that it catches");
    }
}
