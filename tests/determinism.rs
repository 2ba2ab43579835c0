//! A run is a pure function of scenario, operator and model version: the same hash on the second run, in the other host,
//! and in a fresh process with another time zone, locale and folder.

use std::process::Command;
use std::rc::Rc;

use egress_sim_model::scenario::Scenario;
use egress_sim_tests::{native, run, sandboxed, scenario, scenario_files};

/// Everything but the large ones, which the command line's own determinism test runs.
fn small_scenarios() -> Vec<(String, Rc<Scenario>)> {
    let small = scenario_files().into_iter().filter(|path| path != "contract-end-12000.toml");
    small.map(|path| (path.clone(), scenario(&path))).collect()
}

#[test]
fn a_second_run_has_the_same_hash() {
    for (path, scenario) in small_scenarios() {
        let host = sandboxed("reference", &scenario);
        let (first, second) = (run(&scenario, &host), run(&scenario, &host));
        assert_eq!(first.trace_hash, second.trace_hash, "{path}");
        assert_eq!(first.checkpoints, second.checkpoints, "{path}");
    }
}

#[test]
fn native_and_sandbox_have_the_same_hash() {
    for (path, scenario) in small_scenarios() {
        for name in ["reference", "broken/no-head", "broken/two-composites"] {
            let in_sandbox = run(&scenario, &sandboxed(name, &scenario));
            let natively = run(&scenario, &native(name));
            assert_eq!(in_sandbox.counts, natively.counts, "{path} with {name}");
            assert_eq!(in_sandbox.trace_hash, natively.trace_hash, "{path} with {name}");
        }
    }
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
    let lines = small_scenarios().into_iter().map(|(path, scenario)| {
        let outcome = run(&scenario, &sandboxed("reference", &scenario));
        format!("{path} {}\n", outcome.trace_hash)
    });
    lines.collect()
}
