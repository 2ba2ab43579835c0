//! Every call of a run comes to every bad end that a fault can give it, and the reference operator keeps every promise.
//!
//! The worlds are as small as still take every path. Each call that the operator makes in them, whatever its name, is struck
//! by each kind that can strike there and in each way: refused, not sent, unknown before and behind its effect, late, crashed
//! in. Once, one call in each run, nothing is excused. For half a minute, calls of its name from that one on: then a recording
//! may begin within a minute. Natively, because it is the same run in less time.

use std::rc::Rc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use egress_sim_model::fault::kinds::at_calls_of;
use egress_sim_model::fault::{Anchor, Default, Fault, Filter, Kind, Value, kind};
use egress_sim_model::property::builtin;
use egress_sim_model::scenario::{Scenario, file, write};
use egress_sim_model::state::State;
use egress_sim_model::time::{Span, Time};
use egress_sim_model::trace::{Fact, Witness};
use egress_sim_model::world::Run;
use egress_sim_tests::{native, run, story};

/// Failures that are told; behind them there is only their number.
const TOLD: usize = 5;

/// What no operator survives: a store that loses what it has acknowledged.
const UNSURVIVABLE: &[&str] = &["store.lost_write", "store.torn_commit"];

/// Codes that mean nothing else to an operator than one that is tried: a definite no.
const SAME_AS_ANOTHER: &[&str] = &[
    "permission_denied",
    "unauthenticated",
    "internal",
    "InvalidAccessKeyId",
    "PermanentRedirect",
    "RequestTimeTooSkewed",
    "RequestTimeout",
    "truncated_xml",
    "error_in_200",
];

/// How long what lasts does.
const HALF_A_MINUTE: Span = Span::seconds(30);

/// What every world here has: short calls of one tenant that are told of as little as LiveKit's filter allows.
const HEAD: &str = r#"
format = 1

[world]
horizon = "40d"
list_page = 3
webhook_events = ["room_started", "track_published", "room_finished", "egress_ended"]

[[tenant]]
name = "acme"
buckets = ["rec-versions", "rec-plain"]
cdn = "cdn.acme.example"
retention = "2d"
retention_max = "4d"
delete_within = "5d"
contract_end = "10d"

[[bucket]]
name = "rec-versions"
versioning = true
"#;

/// What is promised where a call cannot get through for half a minute.
const PATIENCE: &str = "[promises]\nstartup = \"1m\"\n";

#[test]
fn the_calls_of_a_composite_recording_between_two_instances() {
    every_bad_end(
        r#"
[operator]
instances = 2

[[call]]
tenant = "acme"
room = "standup"
participants = ["alice", "bob"]
at = "5m"
duration = "2m"
recording = "compliance"
output = "hls"
segment = "10s"
"#,
    );
}

#[test]
fn the_calls_of_raw_tracks_between_two_instances() {
    every_bad_end(
        r#"
[operator]
instances = 2

[[call]]
tenant = "acme"
room = "dictation"
participants = ["alice", "bob"]
at = "5m"
duration = "2m"
recording = "processing"
"#,
    );
}

#[test]
fn the_calls_of_a_replacement() {
    every_bad_end(
        r#"
[[call]]
tenant = "acme"
room = "hearing"
participants = ["alice"]
at = "5m"
duration = "3m"
recording = "compliance"
output = "mp4"

[[fault]]
do = "egress.abort"
on = "egress.active"
delay = "10s"

[[fault]]
do = "egress.outlives_room"
on = "egress.start"
nth = 2
"#,
    );
}

#[test]
fn the_calls_of_a_contract_end() {
    every_bad_end(
        r#"
[[tenant]]
name = "acme-10"
buckets = ["rec-versions"]
cdn = "cdn.acme-10.example"

[[call]]
tenant = "acme"
room = "standup-{n}"
participants = ["alice"]
at = "9d"
every = "2m"
count = 3
duration = "90s"
recording = "compliance"
output = "mp4"

[[call]]
tenant = "acme"
room = "handover"
participants = ["alice"]
at = "9d23h59m"
duration = "2m"
recording = "compliance"
output = "hls"
segment = "10s"

[[call]]
tenant = "acme-10"
room = "standup"
participants = ["dave"]
at = "9d1h"
duration = "90s"
recording = "compliance"
output = "mp4"

[[command]]
at = "9d12h"
do = "legal_hold"
tenant = "acme"
room = "standup-1"

[[command]]
at = "15d"
do = "lift_hold"
tenant = "acme"
room = "standup-1"
"#,
    );
}

fn every_bad_end(calls: &str) {
    every_bad_end_that_lasts(None, &format!("{HEAD}{calls}"));
    every_bad_end_that_lasts(Some(HALF_A_MINUTE), &format!("{HEAD}{calls}{PATIENCE}"));
}

fn every_bad_end_that_lasts(window: Option<Span>, source: &str) {
    let world = file::parse("world", source).unwrap_or_else(|error| panic!("{}", error.render("world")));
    let faults = faults_at(&calls_of(&world), window);
    assert!(faults.len() > 500, "the operator makes hardly any calls: {} faults", faults.len());
    let next = AtomicUsize::new(0);
    let failures = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                while let Some(fault) = faults.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Err(failure) = keeps_everything(&world, fault) {
                        failures.lock().expect("nobody panics with it").push(failure);
                    }
                }
            });
        }
    });
    let mut failures = failures.into_inner().expect("nobody panicked with it");
    failures.sort();
    let told = failures.iter().take(TOLD).cloned().collect::<Vec<String>>().join("\n");
    assert!(failures.is_empty(), "{} of {} faults break something.\n{told}", failures.len(), faults.len());
}

/// A run with one fault more. Wrong: the fault as the scenario file has it, and what broke.
fn keeps_everything(world: &Scenario, fault: &Fault) -> Result<(), String> {
    let mut scenario = world.clone();
    scenario.faults.push(fault.clone());
    let scenario = Rc::new(scenario);
    let outcome = run(&scenario, &native("reference"));
    let broken = story(&outcome);
    if broken.is_empty() && outcome.faults_fired.last().is_some_and(|fired| *fired > 0) {
        return Ok(());
    }
    let file = write::write(&scenario);
    let block = file.rfind("[[fault]]").map_or("", |start| &file[start..]).trim_end();
    Err(format!("{block}\nstruck {:?} times\n{broken}", outcome.faults_fired))
}

/// The calls of an undisturbed run by name, in order.
#[derive(Default)]
struct Calls(Vec<(&'static str, &'static [&'static str])>);

impl Witness for Calls {
    fn record(&mut self, _at: Time, _sequence: u64, fact: &Fact<'_>, _state: &State) {
        if let Fact::Called { call, .. } = fact {
            self.0.push((call.name(), at_calls_of(call.surface())));
        }
    }
}

fn calls_of(world: &Scenario) -> Calls {
    let mut calls = Calls::default();
    let host = native("reference");
    let run = Run {
        scenario: Rc::new(world.clone()),
        host: &host,
        older: None,
        properties: builtin(),
        witness: Some(&mut calls),
        progress: None,
    };
    let outcome = run.go();
    assert_eq!(story(&outcome), "", "without a fault everything holds");
    calls
}

/// One fault for each way in which each call can go wrong.
fn faults_at(calls: &Calls, window: Option<Span>) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (place, (name, kinds)) in calls.0.iter().enumerate() {
        let nth = 1 + calls.0[..place].iter().filter(|(earlier, _)| earlier == name).count() as u64;
        for kind in kinds.iter().map(|name| kind(name).expect("it is a kind")) {
            if UNSURVIVABLE.contains(&kind.name) {
                continue;
            }
            if window.is_some() && *name == "webhook.open" {
                // LiveKit tries for a quarter of a minute: that webhook is lost, which is another fault.
                continue;
            }
            faults.extend(ways(kind).into_iter().map(|parameters| Fault {
                name: String::new(),
                kind,
                anchor: Anchor::On { point: (*name).to_owned(), nth, count: 1 },
                window,
                filter: Filter::default(),
                parameters: parameters.into_iter().map(|(key, word)| (key, Value::Text(word.to_owned()))).collect(),
            }));
        }
    }
    faults
}

/// Every choice of words for a kind's parameters.
fn ways(kind: &Kind) -> Vec<Vec<(&'static str, &'static str)>> {
    let mut ways = vec![Vec::new()];
    for parameter in kind.parameters {
        let Default::OneOf(words) = parameter.default else { continue };
        let words = words.iter().filter(|word| !SAME_AS_ANOTHER.contains(word));
        ways = words
            .flat_map(|word| ways.iter().map(|way: &Vec<_>| [way.as_slice(), &[(parameter.name, *word)]].concat()))
            .collect();
    }
    ways
}
