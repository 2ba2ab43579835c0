//! Crashes at every call: the reference operator gets over each of them, in every scenario that is small enough to be run
//! hundreds of times, faults and all. Natively, because both hosts make the same calls, and ten times as fast.

use std::rc::Rc;

use egress_sim_model::scenario::Scenario;
use egress_sim_model::sweep::{Baseline, Harm, Hosts, Place};
use egress_sim_tests::{in_parallel, native, scenario, scenario_files};

/// The first place at which a crash does harm.
fn sweep(scenario: &Rc<Scenario>, operator: &str) -> Option<(Place, Harm)> {
    let host = native(operator);
    let baseline = Baseline::of(scenario, Hosts { host: &host, older: None });
    assert!(baseline.calls > 0, "{} asks for nothing", scenario.name);
    baseline
        .places
        .iter()
        .find_map(|place| Some((*place, baseline.crash(scenario, place.point, Hosts { host: &host, older: None })?)))
}

fn settles_alike(path: &str) {
    if let Some((place, harm)) = sweep(&scenario(path), "reference") {
        panic!("{path}, --crash-at {} ({}): {}: {}", place.point, place.name, harm.broken.join(", "), harm.message);
    }
}

#[test]
fn the_reference_gets_over_a_crash_at_every_call_of_six_short_calls() {
    settles_alike("compliance-call-small.toml");
}

#[test]
fn and_of_a_whole_contract() {
    settles_alike("contract-end-small.toml");
}

/// Scenarios whose own fault leaves no room for a crash beside it, and why.
const FULL: &[(&str, &str)] = &[
    ("faults/livekit-unreachable", "the fault alone uses up nearly all of the promised gap"),
    ("faults/operator-crash-loop", "three crashes of a second each use up nearly all of the promised startup"),
    ("faults/operator-roll-back", "what it rolls back to breaks a promise by itself"),
    ("faults/store-lost-hold", "no operator can keep a hold that the store has lost"),
    ("faults/store-lost-write", "the crash takes the only memory of what the store has lost"),
    ("faults/store-unavailable", "the fault alone uses up nearly all of the promised startup"),
    ("operator/clock-is-put-back", "a slow store and a clock put back use up the promised startup"),
    ("operator/dies-with-the-last-attempt", "its own crash uses up the promised startup"),
    ("operator/limits-around-a-crash", "its own crash and the failed egress behind it use up the promised startup"),
];

#[test]
fn and_of_every_scenario_with_a_fault() {
    let full = |path: &str| FULL.iter().any(|(name, _)| path == format!("{name}.toml"));
    let paths: Vec<String> = scenario_files()
        .into_iter()
        .filter(|path| (path.starts_with("faults/") || path.starts_with("operator/")) && !full(path))
        .collect();
    in_parallel(paths.len(), |ix| settles_alike(&paths[ix]));
}

#[test]
fn what_is_published_behind_the_commit_is_caught_at_the_commit() {
    let (place, harm) = sweep(&scenario("operator/slow-upload.toml"), "broken/publishes-last").expect("it does harm");
    assert_eq!((place.name, place.point.after), ("store.commit", true));
    assert_eq!(harm.broken, ["operator.crash-safe"]);
}
