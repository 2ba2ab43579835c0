//! Records as lines.

use std::fs;

use super::*;
use crate::testing::world;

#[test]
fn names_of_facts_become_kinds() {
    assert_eq!(snake_case("EgressChanged"), "egress_changed");
    assert_eq!(snake_case("Sink"), "sink");
}

#[test]
fn a_record_is_an_object_on_a_line_of_its_own() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("trace.jsonl");
    let mut trace = TraceFile::create(&path).expect("writable");
    let state = world();
    let fact = Fact::WebhookQueued { queue: "EG_one", event: "egress_ended", room: "standup-0" };
    for sequence in 0..2 {
        trace.record(Time(1_767_225_600_000_000_000), sequence, &fact, &state);
    }
    assert!(!path.exists(), "it appears whole");
    trace.finish().expect("writable");
    let text = fs::read_to_string(&path).expect("there");
    let records: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(
        records[1],
        serde_json::json!({
            "time": 1_767_225_600_000_000_000_u64,
            "sequence": 1,
            "lane": "webhook",
            "kind": "webhook_queued",
            "fact": {"queue": "EG_one", "event": "egress_ended", "room": "standup-0"},
            "text": "egress_ended queued for EG_one",
        })
    );
    assert_eq!(records.len(), 2);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_told_at_the_end() {
    let mut trace = TraceFile::create(Path::new("/dev/full")).expect("it can be opened");
    let fact = Fact::Crashed { instance: 0 };
    for sequence in 0..1_000 {
        trace.record(Time(0), sequence, &fact, &world());
    }
    assert!(trace.finish().expect_err("always full").0.starts_with("/dev/full cannot be written: "));
}
