//! `scenario::import` at its door: captures and listings as they come, whole and broken.

use egress_sim_model::fault::{Anchor, Value};
use egress_sim_model::scenario::file::parse;
use egress_sim_model::scenario::import::{ImportError, Imported, ObjectsSource, Options, Source, import};
use egress_sim_model::scenario::write::write;
use egress_sim_model::scenario::{OutputKind, Recording};
use egress_sim_model::time::Span;
use proptest::prelude::*;
use serde_json::{Value as Json, json};

/// 2026-01-01T00:05:00Z
const START: i64 = 1_767_225_900;

fn source(name: &str, text: impl Into<Vec<u8>>) -> Source {
    Source { name: name.into(), bytes: text.into() }
}

fn lines(events: &[Json]) -> String {
    events.iter().fold(String::new(), |log, event| format!("{log}{event}\n"))
}

fn imported(log: &str, listings: &[ObjectsSource], options: Options) -> Result<Imported, ImportError> {
    let imported = import("incident", &source("log.jsonl", log), listings, options)?;
    let text = write(&imported.scenario);
    let read = parse("incident", &text).unwrap_or_else(|error| panic!("{}\n{text}", error.render("incident.toml")));
    assert_eq!(read, imported.scenario);
    Ok(imported)
}

fn sound(log: &str) -> Imported {
    imported(log, &[], Options::default()).unwrap_or_else(|error| panic!("{error}"))
}

fn refused(log: &str) -> String {
    imported(log, &[], Options::default()).expect_err("no capture").to_string()
}

fn room(id: &str, event: &str, after: i64) -> Json {
    let room = json!({"sid": "RM_a", "name": "hearing", "creationTime": START.to_string()});
    json!({"event": event, "id": id, "createdAt": (START + after).to_string(), "room": room})
}

fn participant(id: &str, event: &str, after: i64, sid: &str) -> Json {
    let mut told = room(id, event, after);
    told["participant"] = json!({"sid": sid, "identity": "alice"});
    told
}

/// Of an egress that became ACTIVE after two seconds.
fn egress(id: &str, event: &str, after: i64, status: &str) -> Json {
    let nanoseconds = |after: i64| ((START + after) * 1_000_000_000).to_string();
    let mut info = json!({"egressId": "EG_a", "roomId": "RM_a", "roomName": "hearing", "status": status,
        "startedAt": nanoseconds(0), "updatedAt": nanoseconds(after),
        "roomComposite": {"roomName": "hearing", "fileOutputs": [{"filepath": "x/hearing.mp4",
            "s3": {"bucket": "rec-eu", "region": "eu-central-1"}}]}});
    if status != "EGRESS_STARTING" {
        info["fileResults"] = json!([{"filename": "x/hearing.mp4", "startedAt": nanoseconds(2)}]);
    }
    if event == "egress_ended" {
        info["endedAt"] = json!(nanoseconds(after));
        info["fileResults"][0]["location"] = json!("https://rec-eu.s3.amazonaws.com/x/hearing.mp4");
        info["fileResults"][0]["size"] = json!("1000");
    }
    json!({"event": event, "id": id, "createdAt": (START + after).to_string(), "egressInfo": info})
}

/// A call of five minutes, recorded as one MP4, told in full.
fn call() -> Vec<Json> {
    vec![
        room("EV_1", "room_started", 0),
        participant("EV_2", "participant_joined", 1, "PA_a"),
        egress("EV_3", "egress_started", 0, "EGRESS_STARTING"),
        egress("EV_4", "egress_updated", 2, "EGRESS_ACTIVE"),
        participant("EV_5", "participant_left", 300, "PA_a"),
        room("EV_6", "room_finished", 300),
        egress("EV_7", "egress_updated", 300, "EGRESS_ENDING"),
        egress("EV_8", "egress_ended", 302, "EGRESS_COMPLETE"),
    ]
}

fn listing(bucket: Option<&str>, name: &str, text: impl Into<Vec<u8>>) -> ObjectsSource {
    ObjectsSource { bucket: bucket.map(Into::into), file: source(name, text) }
}

fn kinds(imported: &Imported) -> Vec<&str> {
    imported.scenario.faults.iter().map(|fault| fault.kind.name).collect()
}

#[test]
fn a_call_that_went_well_has_no_fault() {
    let Imported { scenario, report } = sound(&lines(&call()));
    assert!(scenario.faults.is_empty(), "{:?}", report.inferred);
    assert_eq!(scenario.world.start.to_rfc3339(), "2026-01-01T00:00:00Z");
    let [call] = &scenario.calls[..] else { panic!("{:?}", scenario.calls) };
    assert_eq!((call.at, call.duration), (Span::seconds(300), Span::seconds(300)));
    assert_eq!((call.recording, call.output), (Recording::Compliance, OutputKind::Mp4));
    assert_eq!((call.tenant.as_str(), scenario.tenants[0].buckets[0].as_str()), ("imported", "rec-eu"));
    assert_eq!(scenario.buckets[0].region, "eu-central-1");
    let [alice] = &call.participants[..] else { panic!("{:?}", call.participants) };
    assert_eq!((alice.identity.as_str(), alice.join, alice.leave), ("alice", Span::SECOND, None));
}

#[test]
fn wrappers_snake_case_and_windows_lines_are_read() {
    let body = r#"{"event":"room_started","id":"EV_1","created_at":1767225900,"room":{"sid":"RM_a","name":"hearing"}}"#;
    let wrapped = json!({"headers": {"authorization": "…"}, "received_at": "2026-01-01T00:05:00.2Z", "body": body});
    let nested = json!({"time": 1_767_225_960_500u64, "payload": room("EV_2", "room_finished", 60)});
    let Imported { scenario, .. } = sound(&format!("\u{feff}{wrapped}\r\n\r\n{nested}\r\n"));
    assert_eq!(scenario.calls[0].duration, Span::seconds(60));
}

#[test]
fn what_is_no_webhook_is_named_with_its_line_and_a_way_out() {
    let good = room("EV_1", "room_started", 0);
    for (line, says) in [
        ("not json", "log.jsonl:2: this is no JSON"),
        ("[]", "log.jsonl:2: this is JSON, but no object"),
        ("{\"level\":\"info\"}", "log.jsonl:2: it has neither an `event` nor a `body`"),
        ("{\"body\":\"<html>\"}", "log.jsonl:2: its `body` is no JSON object"),
        ("{\"event\":\"room_started\"}", "log.jsonl:2: `createdAt` is 0"),
        ("{\"event\":\"room_started\",\"createdAt\":1767225900000}", "log.jsonl:2: `createdAt` is 1767225900000"),
        ("{\"event\":\"egress_ended\",\"egressInfo\":{\"status\":\"EGRESS_LOST\"}}", "no livekit.WebhookEvent"),
        ("{\"event\":\"room_started\",\"createdAt\":", "is it cut off?"),
    ] {
        let log = format!("{good}\n{line}\n");
        let error = refused(&log);
        assert!(error.contains(says) && error.contains("\n  help: "), "{line}: {error}");
        let skipping = Options { skip_bad_lines: true, ..Options::default() };
        let report = imported(&log, &[], skipping).unwrap_or_else(|error| panic!("{error}")).report;
        assert!(report.read.iter().any(|line| line.contains("the first one line 2")), "{:?}", report.read);
    }
    assert!(refused("\n \n").starts_with("log.jsonl: it has no webhook in it"));
    let ingress = json!({"event": "ingress_started", "id": "EV_1", "createdAt": START});
    assert!(refused(&ingress.to_string()).contains("none of its events is of a room"));
}

#[test]
fn an_end_that_never_came_was_lost() {
    let mut events = call();
    events.pop();
    let imported = sound(&lines(&events));
    assert_eq!(kinds(&imported), ["webhook.drop"]);
    assert_eq!(imported.scenario.faults[0].filter.event.as_deref(), Some("egress_ended"));
    assert_eq!(imported.scenario.faults[0].filter.room.as_deref(), Some("hearing"));
}

#[test]
fn the_same_id_twice_is_a_duplicate_unless_the_first_was_refused() {
    let mut events = call();
    events.insert(4, events[0].clone());
    let twice = sound(&lines(&events));
    assert_eq!(kinds(&twice), ["webhook.duplicate"]);
    assert_eq!(twice.scenario.faults[0].filter.event.as_deref(), Some("room_started"));
    let answered = |status: u16| {
        let wrapped = json!({"status": status, "body": events[0]});
        format!("{wrapped}\n{}", lines(&events[1..]))
    };
    assert_eq!(kinds(&sound(&answered(200))), ["webhook.duplicate"]);
    assert!(kinds(&sound(&answered(503))).is_empty(), "LiveKit sends again what was answered by 503");
}

#[test]
fn what_its_queue_overtook_was_reordered_and_what_came_late_was_delayed() {
    let mut events = call();
    let active = events.remove(3);
    events.push(active);
    let imported = sound(&lines(&events));
    assert_eq!(kinds(&imported), ["webhook.reorder"]);
    assert_eq!(imported.scenario.faults[0].parameters["by"], Value::Span(Span::seconds(300)));

    let arrived = |event: &Json, after: i64| json!({"received_at": START + after, "body": event}).to_string() + "\n";
    let mut log = String::new();
    for (event, after) in call().iter().zip([0, 1, 0, 2, 300, 300, 300, 320]) {
        log += &arrived(event, after);
    }
    let imported = sound(&log);
    assert_eq!(kinds(&imported), ["webhook.delay"]);
    assert_eq!(imported.scenario.faults[0].parameters["by"], Value::Span(Span::seconds(18)));
}

#[test]
fn failures_strike_the_egress_of_that_number() {
    let mut events = call();
    let mut failed = egress("EV_7", "egress_ended", 62, "EGRESS_FAILED");
    failed["egressInfo"]["error"] = json!("pipeline frozen");
    failed["egressInfo"]["errorCode"] = json!(500);
    events.truncate(6);
    events.insert(4, failed);
    let imported = sound(&lines(&events));
    assert_eq!(kinds(&imported), ["egress.abort"]);
    let fault = &imported.scenario.faults[0];
    assert_eq!(fault.anchor, Anchor::On { point: "egress.active".into(), nth: 1, count: 1 });
    assert_eq!(fault.parameters["delay"], Value::Span(Span::seconds(60)));
}

#[test]
fn a_listing_tells_versions_losses_and_strangers() {
    let with = |text: &str| {
        let listings = [listing(None, "rec-eu.json", text)];
        imported(&lines(&call()), &listings, Options::default()).unwrap_or_else(|error| panic!("{error}"))
    };
    let whole = with(r#"{"Versions":[{"Key":"x/hearing.mp4","VersionId":"abc","IsLatest":true,"Size":1000}]}"#);
    assert!(kinds(&whole).is_empty() && whole.scenario.buckets[0].versioning);
    let lost = with(r#"{"Contents":[{"Key":"x/EG_a.json","Size":9},{"Key":"notes.txt","Size":1}]}"#);
    assert_eq!(kinds(&lost), ["upload.lost"]);
    assert!(lost.report.open.iter().any(|line| line.contains("1 key of rec-eu") && line.contains("notes.txt")));
    assert!(lost.scenario.question.contains("1 key"), "{}", lost.scenario.question);
    let empty = with(r#"{"Contents":[{"Key":"x/hearing.mp4","Size":0}]}"#);
    assert_eq!(kinds(&empty), ["upload.damaged"]);
    let deleted = with(r#"{"RequestCharged":null}"#);
    assert!(kinds(&deleted).is_empty());
    assert!(deleted.report.open.iter().any(|line| line.contains("may have been deleted since")));
}

#[test]
fn what_is_no_listing_is_refused() {
    for (bucket, text, says) in [
        (None, "", "does not say which bucket"),
        (None, "{\"Version\":1}", "this JSON is no listing of a bucket"),
        (None, "{\"Versions\":[", "this is no JSON"),
        (None, "{\"Versions\":3}", "its `Versions` is no list"),
        (None, "{\"Contents\":[{}]}", "row 1 of its `Contents` has no `Key`"),
        (Some("rec-us"), "{\"Name\":\"rec-eu\"}", "it says that it lists the bucket rec-eu, not rec-us"),
    ] {
        let listings = [listing(bucket, "rec.json", text)];
        let mut other = call();
        if text.is_empty() {
            other[7]["egressInfo"]["egressId"] = json!("EG_b");
            other[7]["egressInfo"]["roomComposite"]["fileOutputs"][0]["s3"]["bucket"] = json!("rec-us");
        }
        let error = imported(&lines(&other), &listings, Options::default()).expect_err("no listing").to_string();
        assert!(error.starts_with("rec.json: ") && error.contains(says), "{text}: {error}");
    }
}

#[test]
fn nobody_is_named_when_that_is_asked_for() {
    let anonymous = Options { anonymise: true, ..Options::default() };
    let mut events = call();
    events.pop();
    let imported = imported(&lines(&events), &[], anonymous).unwrap_or_else(|error| panic!("{error}"));
    let text = write(&imported.scenario);
    for name in ["hearing", "alice", "rec-eu\"", "\"imported\""] {
        assert!(!text.contains(name), "{name} is still there:\n{text}");
    }
    assert_eq!(imported.scenario.faults[0].filter.room.as_deref(), Some("room-1"));
}

proptest! {
    /// Whatever is done to a capture, it is refused or becomes a scenario.
    #[test]
    fn a_damaged_capture_never_panics(
        order in prop::collection::vec(0usize..8, 0..24),
        cut in prop::option::of(0usize..4000),
        wild in prop::collection::vec((0usize..4000, any::<u8>()), 0..4),
        numbers in prop::collection::vec((0usize..8, prop_oneof![Just(i64::MAX), Just(i64::MIN), Just(0), any::<i64>()]), 0..4),
        skip_bad_lines: bool,
    ) {
        let mut events = call();
        for (at, number) in numbers {
            for key in ["startedAt", "updatedAt", "endedAt"] {
                if events[at]["egressInfo"].is_object() {
                    events[at]["egressInfo"][key] = json!(number.to_string());
                }
            }
            events[at]["room"]["creationTime"] = json!(number.to_string());
            events[at]["room"]["name"] = json!("hearing {n} {x}");
        }
        let mut log = lines(&order.iter().map(|at| events[*at].clone()).collect::<Vec<_>>()).into_bytes();
        log.truncate(cut.unwrap_or(log.len()));
        for (at, byte) in wild {
            if let Some(place) = log.get_mut(at) {
                *place = byte;
            }
        }
        let options = Options { skip_bad_lines, anonymise: false };
        let listings = [listing(Some("rec-eu"), "rec-eu.json", log.clone())];
        for listings in [&listings[..], &[]] {
            if let Ok(imported) = import("incident", &source("log.jsonl", log.clone()), listings, options) {
                let text = write(&imported.scenario);
                let read = parse("incident", &text).map_err(|error| TestCaseError::fail(error.render(&text)))?;
                prop_assert_eq!(read, imported.scenario);
            }
        }
    }
}
