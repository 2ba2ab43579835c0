//! A run is a pure function of scenario, operator and model version: the same hash on the second run, in the other host,
//! and in a fresh process with another time zone, locale and folder.

use std::process::Command;
use std::rc::Rc;

use egress_sim_model::scenario::Scenario;
use egress_sim_operators::OPERATORS;
use egress_sim_tests::{in_parallel, native, run, sandboxed, scenario, scenario_files};

/// Everything but the large one, which the command line's own determinism test runs.
fn small_scenarios() -> Vec<String> {
    scenario_files().into_iter().filter(|path| path != "contract-end-12000.toml").collect()
}

/// The one pair in which a guest meets a limit of the sandbox, fuel, which a native one does not have: it deletes without versions
/// where only versions are left, and each time lists one marker more.
const OUT_OF_FUEL: (&str, &str) = ("recording-and-egress/lost-egress-ended.toml", "broken/marker-is-gone");

/// The reference operator, and broken ones in turn, so that each of them has its share of the files.
fn operators(place: usize) -> Vec<String> {
    let broken: Vec<&str> = OPERATORS
        .iter()
        .filter(|operator| operator.breaks.is_some() && !operator.breaks_sandbox)
        .map(|operator| operator.name)
        .collect();
    let turn = (2 * place..2 * place + 2).map(|turn| format!("broken/{}", broken[turn % broken.len()]));
    std::iter::once("reference".to_owned()).chain(turn).collect()
}

/// Scenario files with those who run them.
fn runs() -> Vec<(String, String)> {
    let files = small_scenarios().into_iter().enumerate();
    files.flat_map(|(place, path)| operators(place).into_iter().map(move |name| (path.clone(), name))).collect()
}

#[test]
fn a_second_run_and_a_run_without_wasm_have_the_same_hash() {
    let runs = runs();
    in_parallel(runs.len(), |ix| {
        let (path, name) = &runs[ix];
        let scenario = scenario(path);
        let host = sandboxed(name, &scenario);
        let (first, second) = (run(&scenario, &host), run(&scenario, &host));
        assert_eq!(first.trace_hash, second.trace_hash, "{path} with {name}, again");
        assert_eq!(first.checkpoints, second.checkpoints, "{path} with {name}, again");
        if (path.as_str(), name.as_str()) == OUT_OF_FUEL {
            let ends =
                first.properties.iter().find(|(name, _)| name.id() == "sandbox.contained").expect("it is judged");
            let message = &ends.1.first.as_ref().expect("it is broken").message;
            assert!(message.contains("used up its fuel"), "{message}");
            return;
        }
        let natively = run(&scenario, &native(name));
        assert_eq!(first.counts, natively.counts, "{path} with {name}, natively");
        assert_eq!(first.trace_hash, natively.trace_hash, "{path} with {name}, natively");
    });
}

#[test]
fn the_seed_is_part_of_the_run() {
    let scenario = scenario("compliance-call-small.toml");
    let mut reseeded = (*scenario).clone();
    reseeded.seed += 1;
    let reseeded = Rc::new(reseeded);
    let host = sandboxed("reference", &scenario);
    assert_ne!(run(&scenario, &host).trace_hash, run(&reseeded, &host).trace_hash);
}

/// Runs this test's own binary again, as another user elsewhere would, and compares the hashes that it prints.
#[test]
fn a_fresh_process_elsewhere_has_the_same_hash() {
    let here = hashes();
    let output = Command::new(std::env::current_exe().expect("a test knows its binary"))
        .args(["--exact", "prints_hashes", "--nocapture"])
        .current_dir(std::env::temp_dir())
        .env("TZ", "Pacific/Kiritimati")
        .env("LC_ALL", "tr_TR.UTF-8")
        .env("LANG", "tr_TR.UTF-8")
        .env("RUST_LOG", "trace")
        .env_remove("HOME")
        .output()
        .expect("the test's binary runs again");
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{printed}{}", String::from_utf8_lossy(&output.stderr));
    for line in here.lines() {
        assert!(printed.contains(line), "not the same elsewhere: {line}\n{printed}");
    }
}

#[test]
fn prints_hashes() {
    println!("{}", hashes());
}

fn hashes() -> String {
    let runs = runs();
    let lines = in_parallel(runs.len(), |ix| {
        let (path, name) = &runs[ix];
        let scenario: Rc<Scenario> = scenario(path);
        let outcome = run(&scenario, &sandboxed(name, &scenario));
        format!("{path} {name} {}\n", outcome.trace_hash)
    });
    lines.concat()
}
