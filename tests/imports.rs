//! From a run to a capture to a scenario and back: an incident that was imported replays as it was.
//!
//! A run is watched as production would be: what the operator opened is logged with the moment of its arrival, and the
//! buckets are listed behind the last webhook. The scenario that is imported from that is run with the same operator, and
//! must come to the same verdict by way of the same webhooks and the same egresses.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::rc::Rc;

use egress_sim_model::call::{ObjectVersion, Reply};
use egress_sim_model::fault::Fault;
use egress_sim_model::livekit::EgressStatus;
use egress_sim_model::livekit::proto::{canonical_json, webhook_event};
use egress_sim_model::property::builtin;
use egress_sim_model::scenario::Scenario;
use egress_sim_model::scenario::file::parse;
use egress_sim_model::scenario::import::{Imported, ObjectsSource, Options, Source, import};
use egress_sim_model::scenario::write::write;
use egress_sim_model::state::State;
use egress_sim_model::time::{Span, Time};
use egress_sim_model::trace::{Fact, Witness};
use egress_sim_model::world::{Outcome, Run};
use egress_sim_tests::{broken, native, pinned, scenario, scenario_files};
use serde_json::{Value, json};

/// The buckets are listed so long behind the last webhook.
const LISTED_BEHIND: Span = Span::seconds(60);

/// What cannot be told from a capture, and why.
const UNTOLD: &[(&str, &str)] = &[
    (
        "faults/webhook-altered.toml",
        "both ends were refused and logged by nobody: the first egress is known to be replaced, not how it ended",
    ),
    ("faults/webhook-drop-all-but-first.toml", "one event is all that was told"),
    ("faults/webhook-newer-server.toml", "an event that nobody knows is left out, and said to be"),
    ("faults/webhook-storm.toml", "a window of the relay becomes a delay for each event, and those behind it age out"),
    ("faults/webhook-unreachable.toml", "what was told before the capture began is not taken for lost"),
];

/// Somebody who logs what arrives and lists the buckets.
#[derive(Default)]
struct Observer {
    /// When the buckets are listed; none: not at all.
    lists_at: Option<Time>,
    /// The capture, each line with the moment of its arrival.
    lines: Vec<(Time, String)>,
    /// What the aws command line prints, by bucket.
    listings: BTreeMap<String, Value>,
    /// Events by room.
    events: BTreeMap<(String, String), u64>,
    /// Ends of egresses by room.
    ends: BTreeMap<(String, String), u64>,
}

impl Witness for Observer {
    fn record(&mut self, at: Time, _: u64, fact: &Fact<'_>, state: &State) {
        // The last record before that moment, or the first behind the last webhook.
        if let Some(until) = self.lists_at
            && at + LISTED_BEHIND >= until
            && (self.listings.is_empty() || at <= until)
        {
            self.listings = listings(state);
        }
        match fact {
            Fact::Replied { reply: Reply::Opened(Ok(event)), .. } => {
                let body = String::from_utf8(canonical_json(&webhook_event(event))).expect("JSON is UTF-8");
                let room = event.room.as_ref().map(|room| room.name.to_string()).unwrap_or_default();
                *self.events.entry((room, event.event.to_owned())).or_default() += 1;
                self.lines.push((at, body));
            }
            Fact::EgressChanged { room, status, .. } if !status.is_live() => {
                *self.ends.entry(((*room).to_owned(), ended(*status))).or_default() += 1;
            }
            _ => {}
        }
    }
}

fn ended(status: EgressStatus) -> String {
    status.as_str_name().to_owned()
}

fn listings(state: &State) -> BTreeMap<String, Value> {
    let mut all = BTreeMap::new();
    for bucket in state.sink.buckets.keys() {
        let mut rows: Vec<ObjectVersion> = Vec::new();
        let mut next: Option<(String, String)> = None;
        loop {
            let marker = next.as_ref().map(|(key, version)| (key.as_str(), version.as_str()));
            let page = state.sink.list_object_versions(bucket, "", marker, 0).expect("the bucket is there");
            rows.extend(page.versions);
            next = page.next;
            if next.is_none() {
                break;
            }
        }
        let row = |row: &ObjectVersion| {
            let modified = row.last_modified.to_rfc3339();
            json!({"Key": row.key, "VersionId": row.version_id, "IsLatest": row.is_latest, "Size": row.size,
                "LastModified": modified})
        };
        let versions: Vec<Value> = rows.iter().filter(|row| !row.delete_marker).map(row).collect();
        let markers: Vec<Value> = rows.iter().filter(|row| row.delete_marker).map(row).collect();
        all.insert(bucket.clone(), json!({"Versions": versions, "DeleteMarkers": markers, "RequestCharged": null}));
    }
    all
}

fn watched(scenario: &Rc<Scenario>, observer: &mut Observer) -> Outcome {
    let host = native("reference");
    let properties = builtin();
    let scenario = Rc::clone(scenario);
    Run { scenario, host: &host, older: None, properties, witness: Some(observer), progress: None }.go()
}

/// Whether lines say when they arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Logged {
    Bare,
    WithArrival,
}

fn imported(observer: &Observer, logged: Logged) -> Imported {
    let mut log = String::new();
    for (at, body) in &observer.lines {
        match logged {
            Logged::Bare => writeln!(log, "{body}"),
            Logged::WithArrival => writeln!(log, "{}", json!({"received_at": at.to_rfc3339(), "body": body})),
        }
        .expect("a text takes all");
    }
    let webhooks = Source { name: "webhooks.jsonl".into(), bytes: log.into_bytes() };
    let objects = observer.listings.iter().map(|(bucket, listing)| ObjectsSource {
        bucket: Some(bucket.clone()),
        file: Source { name: format!("{bucket}.json"), bytes: listing.to_string().into_bytes() },
    });
    let objects: Vec<ObjectsSource> = objects.collect();
    import("incident", &webhooks, &objects, Options::default()).unwrap_or_else(|error| panic!("{error}"))
}

/// What production would have of a run.
fn observed(scenario: &Rc<Scenario>) -> Observer {
    let mut first = Observer::default();
    watched(scenario, &mut first);
    let last = first.lines.last().map_or(scenario.world.start, |(at, _)| *at);
    let mut seen = Observer { lists_at: Some(last + LISTED_BEHIND), ..Observer::default() };
    watched(scenario, &mut seen);
    seen
}

/// What is not the same in the replay of what was captured of a run; empty: all is.
fn difference(path: &str, logged: Logged) -> String {
    let original = scenario(path);
    let seen = observed(&original);
    let outcome = watched(&original, &mut Observer::default());

    let Imported { scenario, report } = imported(&seen, logged);
    let text = write(&scenario);
    let read = parse("incident", &text).unwrap_or_else(|error| panic!("{path}: {}\n{text}", error.render("incident")));
    assert_eq!(read, scenario, "{path}: what is written is what was imported");
    let mut again = Observer::default();
    let scenario = Rc::new(scenario);
    let replay = watched(&scenario, &mut again);

    let mut told = String::new();
    let mut compare = |what: &str, one: String, other: String| {
        if one != other {
            writeln!(told, "  {what}\n    was    {one}\n    replay {other}").expect("a text takes all");
        }
    };
    compare("broken", broken(&outcome).join(", "), broken(&replay).join(", "));
    compare("calls", outcome.counts.calls.to_string(), replay.counts.calls.to_string());
    compare("egresses", outcome.counts.egresses.to_string(), replay.counts.egresses.to_string());
    compare("ends", format!("{:?}", seen.ends), format!("{:?}", again.ends));
    compare("webhooks", format!("{:?}", seen.events), format!("{:?}", again.events));
    let fired = scenario.faults.iter().zip(&replay.faults_fired);
    let unfired: Vec<&str> = fired.filter(|(_, fired)| **fired == 0).map(|(fault, _)| fault.kind.name).collect();
    compare("unfired", String::new(), unfired.join(", "));
    if !told.is_empty() {
        writeln!(told, "{text}\n{report:#?}").expect("a text takes all");
    }
    told
}

/// Each of these with bare lines and with lines that say when they arrived; what is not the same.
fn differences(paths: &[String]) -> Vec<String> {
    let mut found = Vec::new();
    for path in paths {
        for logged in [Logged::Bare, Logged::WithArrival] {
            let told = difference(path, logged);
            if !told.is_empty() {
                found.push(format!("{path} ({logged:?})\n{told}"));
            }
        }
    }
    found
}

#[test]
fn the_seed_scenarios_replay_as_they_were() {
    let paths = ["compliance-call-small.toml", "hls-small.toml", "contract-end-small.toml"].map(str::to_owned);
    let found = differences(&paths);
    assert!(found.is_empty(), "{}", found.concat());
}

#[test]
fn incidents_replay_as_they_were() {
    let surfaces = ["faults/egress-", "faults/upload-", "faults/webhook-"];
    let of_surface = |path: &String| surfaces.iter().any(|surface| path.starts_with(surface));
    let paths: Vec<String> = scenario_files().into_iter().filter(of_surface).collect();
    assert!(paths.len() > 30, "{paths:?}");
    let (untold, told): (Vec<String>, Vec<String>) =
        paths.into_iter().partition(|path| UNTOLD.iter().any(|(untold, _)| path == untold));
    let found = differences(&told);
    assert!(found.is_empty(), "{}", found.concat());
    for path in untold {
        let same = differences(std::slice::from_ref(&path)).is_empty();
        assert!(!same, "{path} replays as it was: it is no exception any more");
    }
}

/// A small incident: the recorder dies in the middle of a call, and the end of its successor is never told.
const EXAMPLE: &str = r#"
format = 1

[[tenant]]
name = "acme"
buckets = ["acme-rec"]

[[call]]
tenant = "acme"
room = "hearing"
participants = ["alice", "bob"]
at = "5m"
duration = "10m"
recording = "compliance"

[[fault]]
do = "egress.abort"
on = "egress.active"
delay = "1m"

[[fault]]
do = "webhook.drop"
nth = 2
where = { event = "egress_ended" }
"#;

#[test]
fn the_example_is_what_was_captured_of_a_run() {
    let scenario = Rc::new(parse("example", EXAMPLE).unwrap_or_else(|error| panic!("{}", error.render("example"))));
    let seen = observed(&scenario);
    let again = "UPDATE_EXAMPLES=1 cargo test --release -p egress-sim-tests --test imports";
    let mut log = String::new();
    for (_, body) in &seen.lines {
        log.push_str(body);
        log.push('\n');
    }
    pinned("docs/examples/incident/webhooks.jsonl", &log, "UPDATE_EXAMPLES", again);
    let listing = format!("{:#}\n", seen.listings["acme-rec"]);
    pinned("docs/examples/incident/acme-rec.json", &listing, "UPDATE_EXAMPLES", again);

    let Imported { scenario: replayed, report } = imported(&seen, Logged::Bare);
    println!("{report:#?}");
    pinned("docs/examples/incident/incident.toml", &write(&replayed), "UPDATE_EXAMPLES", again);
    let kinds: Vec<&str> = replayed.faults.iter().map(|fault| fault.kind.name).collect();
    assert_eq!(kinds, ["egress.abort", "webhook.drop"]);
    assert_eq!(replayed.faults, scenario.faults.iter().map(|fault| in_room(fault, "hearing")).collect::<Vec<_>>());
}

/// An imported fault always names its room.
fn in_room(fault: &Fault, room: &str) -> Fault {
    let mut fault = fault.clone();
    fault.filter.room = Some(room.to_owned());
    fault
}
