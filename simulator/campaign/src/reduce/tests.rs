//! Edits and ladders by themselves; reductions as a whole are in the crate's `tests/`.

use egress_sim_model::fault::kind;
use egress_sim_model::scenario::file::parse;

use super::*;

const TEXT: &str = r#"
format = 1
[[tenant]]
name = "acme"
buckets = ["rec"]
[[call]]
name = "first"
tenant = "acme"
room = "standup-{n}"
participants = ["alice"]
at = "1h"
every = "5m"
count = 400
duration = "10m"
[[call]]
tenant = "acme"
room = "late"
participants = ["alice"]
at = "90d"
duration = "10m"
[[command]]
at = "91d"
do = "legal_hold"
tenant = "acme"
[[fault]]
do = "operator.crash"
on = "s3.delete_objects"
nth = 7
[[fault]]
do = "webhook.drop"
at = "80d"
"#;

fn best(struck: &[bool], at: &str) -> Best {
    let scenario = parse("test", TEXT).expect("a scenario");
    let at = scenario.world.start + egress_sim_model::time::Span::parse(at).expect("a duration");
    let first = egress_sim_model::property::Violation { at, message: String::new(), about: Vec::new(), sequence: None };
    let broken = Broken { property: "recording.gap".into(), kind: Kind::Broken, first };
    let fingerprint = Fingerprint { property: "recording.gap".into(), kind: Kind::Broken, faults: BTreeSet::new() };
    Best { scenario, struck: struck.to_vec(), at, broken, fingerprint }
}

#[test]
fn what_comes_too_late_goes_at_once() {
    let best = best(&[true, false], "2h");
    let proposal = &edits::ALL[0](&best)[0];
    let Scenario { calls, commands, faults, .. } = proposal;
    assert_eq!((calls.len(), commands.len(), faults.len()), (1, 0, 1));
    assert_eq!(calls[0].count, 13, "those that had begun by then");
}

#[test]
fn thousands_of_calls_become_few_in_one_bite() {
    let best = best(&[true, true], "2h");
    let counts: Vec<(u64, u64)> = sizes::far_fewer_calls(&best)
        .iter()
        .map(|scenario| {
            let egress_sim_model::fault::Anchor::On { nth, .. } = scenario.faults[0].anchor else { panic!("on") };
            (scenario.calls[0].count, nth)
        })
        .collect();
    assert_eq!(counts[..4], [(1, 1), (1, 7), (1, 1), (3, 1)]);
    assert_eq!(counts.last(), Some(&(300, 7)));
}

#[test]
fn a_fault_that_goes_takes_matches_of_another_with_it() {
    let mut best = best(&[true, true], "2h");
    assert_eq!(sizes::fewer_and_sooner(&best), [], "thousands of calls become few first");
    best.scenario.calls[0].count = 3;
    let left = |scenario: &Scenario| {
        let waits = scenario.faults.iter().map(|fault| match fault.anchor {
            egress_sim_model::fault::Anchor::On { nth, .. } => nth,
            _ => 0,
        });
        (scenario.calls.len(), waits.collect::<Vec<_>>())
    };
    let proposals: Vec<_> = sizes::fewer_and_sooner(&best).iter().map(left).collect();
    let without = |calls: usize, faults: &[&[u64]]| faults.iter().map(|nth| (calls, nth.to_vec())).collect::<Vec<_>>();
    let without_the_drop = without(2, &[&[1], &[3], &[6]]);
    let without_a_call = without(1, &[&[1, 0], &[3, 0], &[6, 0]]);
    assert_eq!(proposals, [without_the_drop, without_a_call.clone(), without_a_call].concat());
}

#[test]
fn a_crash_at_a_call_may_become_what_the_call_can_meet() {
    let best = best(&[true, true], "2h");
    let gentler: Vec<&str> = gentler::faults(&best).iter().map(|scenario| scenario.faults[0].kind.name).collect();
    assert_eq!(gentler[..3], ["s3.slow", "s3.slow_down", "s3.refused"]);
    let allowed = gentler::with_gentler(&BTreeSet::from(["operator.crash"]));
    assert!(gentler.iter().take(6).all(|kind| allowed.contains(kind)), "{gentler:?} {allowed:?}");
    assert!(!gentler::with_gentler(&BTreeSet::from(["s3.slow"])).contains("s3.timeout"));
}

#[test]
fn ladders_are_made_of_kinds() {
    let first = BTreeSet::from(["operator.deploy", "webhook.unreachable", "egress.stuck", "upload.lost"]);
    for name in gentler::with_gentler(&first) {
        assert!(kind(name).is_some(), "{name}");
    }
    for proposal in gentler::faults(&best(&[true, true], "2h")) {
        assert!(is_a_file(&proposal), "{}", write(&proposal));
    }
}

#[test]
fn scenarios_are_known_again_by_all_that_changes_a_run() {
    let scenario = best(&[], "1h").scenario;
    let told =
        Scenario { expects: Vec::new(), found: toml::Table::from_iter([("x".into(), 1.into())]), ..scenario.clone() };
    assert_eq!(identity(&scenario), identity(&told));
    let mut other = scenario.clone();
    other.faults[0].window = Some(egress_sim_model::time::Span::SECOND);
    assert_ne!(identity(&scenario), identity(&other));
    let mut other = scenario.clone();
    other.operator.config.insert("lease".into(), "1s".into());
    assert_ne!(identity(&scenario), identity(&other));
}
