//! Reports of runs that never were: outcomes are made by hand.

use std::fmt::Write as _;
use std::time::Duration;

use egress_sim_campaign::campaign::Campaign;
use egress_sim_campaign::coverage::Hits;
use egress_sim_campaign::fingerprint::{Fingerprint, Kind};
use egress_sim_campaign::necessity::{Necessity, Parting, Step};
use egress_sim_campaign::reduce::Progress;
use egress_sim_campaign::result::{Document, Finding as CampaignFinding, Part, Parted, Replayed, Shard};
use egress_sim_model::books::{Disagreement, Disagreements};
use egress_sim_model::property::{About, Verdict as Finding};
use egress_sim_model::scenario::file::parse;
use egress_sim_model::time::Time;
use egress_sim_model::trace::TraceHash;
use egress_sim_model::world::PropertyName;
use serde_json::json;

use super::human::{Human, Reduction};
use super::*;
use crate::console::Paint;
use crate::operator::Choice;
use crate::story::{Line, Mark};
use egress_sim_model::trace::Lane;

const DAY: Span = Span(86_400_000_000_000);

static FINAL: About = about("playlist.final");
static PLAYS: About = about("playlist.plays");
static TRUTHFUL: About = about("audit.truthful");
static COMPLETE: About = about("deletion.complete");

const fn about(id: &'static str) -> About {
    About { id, promise: "", why: "", one_check: "", broken_by: "" }
}

/// A scenario with two faults; `more` is added to it.
fn scenario(name: &str, more: &str) -> Scenario {
    let text = format!(
        r#"
        format = 1
        title = "A call in segments"
        seed = 7
        [[tenant]]
        name = "acme-1"
        buckets = ["rec-eu-1"]
        [[call]]
        tenant = "acme-1"
        room = "standup-{{n}}"
        participants = ["alice"]
        at = "1h"
        duration = "30m"
        [[fault]]
        do = "webhook.duplicate"
        on = "webhook.delivery"
        nth = 2
        [[fault]]
        name = "late"
        do = "webhook.drop"
        at = "2h"
        {more}
        "#
    );
    parse(name, &text).unwrap_or_else(|error| panic!("{}", error.render(name)))
}

fn loaded(op: &str) -> Loaded {
    let mut loaded = Choice::Native("reference").load(op).expect("native operators need no file");
    loaded.digest = Some("93ab".repeat(16));
    loaded
}

/// Broken at its last check.
fn broken(checks: u64, violations: u64, at: Span, scenario: &Scenario, message: &str) -> Finding {
    let first = Violation {
        at: scenario.world.start + at,
        message: message.into(),
        about: vec![Mention::Tenant("acme-1".into()), Mention::Egress("EG_one".into())],
        sequence: None,
    };
    Finding { checks, violations, first: Some(first) }
}

fn held(checks: u64) -> Finding {
    Finding { checks, violations: 0, first: None }
}

fn outcome(scenario: &Scenario, fired: [u64; 2], properties: Vec<(&'static About, Finding)>) -> Outcome {
    Outcome {
        trace_hash: TraceHash([0x3f; 16]),
        checkpoints: Vec::new(),
        events: 12_345,
        ended_at: scenario.world.start + Span(DAY.0 * 62 + 3_700_000_000_000),
        properties: properties.into_iter().map(|(about, found)| (PropertyName::Property(about), found)).collect(),
        faults_fired: fired.to_vec(),
        settled: None,
        unexercised: Vec::new(),
        counts: Counts {
            calls: 1,
            egresses: 12_001,
            objects_put: 24_002,
            objects_deleted: 24_000,
            heads: 3,
            ..Counts::default()
        },
    }
}

fn judged(scenario: &Scenario, op: &str, outcome: &Outcome, ci: bool) -> Report {
    let path = format!("scenarios/{}.toml", scenario.name);
    Report { wall_ms: 480.4, ..Report::judge(scenario, path, &loaded(op), outcome, ci) }
}

fn whole(reports: &[Report], verbose: bool) -> String {
    let human = Human::new(
        Paint(false),
        verbose,
        reports.iter().map(|report| report.scenario.clone()),
        reports.iter().map(|report| report.operator.clone()),
    );
    let mut text: String = reports.iter().map(|report| human.run(report)).collect();
    let _ = write!(text, "{}", human.closing(reports));
    text
}

pub fn passing(name: &str) -> Report {
    let scenario = scenario(name, "");
    let outcome = outcome(&scenario, [1, 1], vec![(&FINAL, held(1)), (&PLAYS, held(980)), (&COMPLETE, held(0))]);
    judged(&scenario, "builtin:reference", &outcome, true)
}

/// One of each that can come of a run.
pub fn everything() -> Vec<Report> {
    let expect = "[[expect]]\nverdict = \"pass\"\ncounts = { egresses = 12_000 }";
    let unmet = scenario("contract-end", expect);
    let unmet = judged(&unmet, "builtin:reference", &outcome(&unmet, [1, 1], vec![(&COMPLETE, held(24_000))]), true);
    let unfired = scenario("unfired", "");
    let unfired = judged(&unfired, "builtin:reference", &outcome(&unfired, [0, 0], vec![(&PLAYS, held(9))]), true);
    let expect = "[[expect]]\noperator = \"builtin:broken/eager\"\nverdict = \"violates\"\n\
                  violates = [\"playlist.final\"]";
    let expected = scenario("as-expected", expect);
    let found = vec![(&FINAL, broken(1, 1, DAY, &expected, "too early")), (&PLAYS, held(9))];
    let expected = judged(&expected, "builtin:broken/eager", &outcome(&expected, [1, 1], found), true);
    let parted = passing("parted").nondeterministic("a second run parts from the first run behind record 0".into());
    let unread = Report::error(
        "unread".into(),
        "scenarios/unread.toml".into(),
        String::new(),
        "scenarios/unread.toml:3:1: error: unknown key `sed`\n  |\n3 | sed = 1\n".into(),
        Exit::Usage,
    );
    vec![passing("hls-980-segments"), failing(), unmet, unfired, expected, parted, unread]
}

/// A campaign that found something, of which one part was interrupted, with files that were replayed before it.
pub fn campaign_document() -> Document {
    let finding = |fingerprint: &str, scenario: &str, message: &str| CampaignFinding {
        fingerprint: fingerprint.into(),
        property: fingerprint.split('/').next().expect("a property").into(),
        cases: 12,
        scenario: scenario.into(),
        faults: 1,
        calls: 1,
        commands: 0,
        message: message.into(),
        also_breaks: Vec::new(),
        breaks_before: 0,
        first_case: 205,
        kinds_before: 1,
        text: String::new(),
    };
    let overlap = "a call has one composite egress at a time, but EG_b was started while EG_a was still recording";
    let hits = [("checked/playlist.final", 900), ("checked/recording.no-overlap", 1_000), ("fault/webhook.drop", 7)];
    let goals = ["checked/playlist.final", "checked/audit.complete", "fault/webhook.drop", "met/page-two"];
    let replayed = |path: &str, property: Option<&str>| Replayed {
        path: path.into(),
        property: property.map(ToOwned::to_owned),
        message: property.map(|_| "the hold stands, but it was deleted".to_owned()).unwrap_or_default(),
    };
    let part = Part {
        shard: Shard::default(),
        cases: 1_000,
        wall_ms: 2_500.0,
        hits: Hits(hits.into_iter().map(|(goal, hits)| (goal.to_owned(), hits)).collect()),
        findings: vec![
            finding("recording.no-overlap/livekit.timeout", "found/recording-no-overlap-3b5f6ee8.toml", overlap),
            finding("recording.no-overlap/webhook.drop", "found/recording-no-overlap-00c0ffee.toml", overlap),
            finding(
                "retention.not-early/s3.slow",
                "scenarios/regressions/hold.toml",
                "the hold stands, but it was deleted",
            ),
        ],
        parted: vec![Parted {
            case: Some(64),
            scenario: "found/nondeterministic-case-64.toml".into(),
            how: "a second run in the same thread parts from the first run behind record 0".into(),
        }],
        corpus: vec![
            replayed("scenarios/regressions/hold.toml", Some("retention.not-early")),
            replayed("found/recording-gap-1.toml", None),
        ],
        interrupted: true,
    };
    let goals: Vec<String> = goals.map(ToOwned::to_owned).to_vec();
    let document = Document::assemble(&Campaign::default(), 7, "builtin:broken/starts-again", goals, vec![part]);
    Document { campaign: "0123456789ab".into(), ..document }
}

fn failing() -> Report {
    let expect = "[[expect]]\noperator = \"builtin:broken/eager\"\nverdict = \"violates\"\n\
                  violates = [\"playlist.final\", \"playlist.plays\", \"deletion.complete\"]";
    let scenario = scenario("hls-small", expect);
    let outcome = outcome(
        &scenario,
        [1, 1],
        vec![
            (&COMPLETE, held(0)),
            (&PLAYS, broken(4, 4, DAY, &scenario, "the viewer of EG_one got 404 for a_00003.ts")),
            (
                &FINAL,
                broken(
                    4,
                    1,
                    Span(DAY.0 * 30),
                    &scenario,
                    "the link to EG_one was published at its first egress_updated, while the stored playlist \
                     rec-eu-1/acme-1/a.m3u8 had 3 of its segments and no ENDLIST",
                ),
            ),
            (&TRUTHFUL, broken(9, 2, Span(0), &scenario, "the audit says \u{1b}[31mdone\u{1b}[0m, but it is there")),
        ],
    );
    let mut report = judged(&scenario, "builtin:broken/eager", &outcome, false);
    let record = |at: u64, lane, text: &str, mark| Line::Record { at: Span(at), lane, text: text.into(), mark };
    report.story = Some(Story {
        lines: vec![
            record(3_600_000_000_000, Lane::Scenario, "room standup-0 started (compliance, hls)", Mark::None),
            record(3_602_020_000_000, Lane::Egress, "EG_one of standup-0 is EGRESS_ACTIVE", Mark::None),
            Line::Elided(1_204),
            record(DAY.0 * 30 + 4_119_000_000, Lane::Fault, "injected webhook.duplicate", Mark::Injected),
            record(DAY.0 * 30 + 4_120_000_000, Lane::Operator, "→ log.write warn: \u{1b}[2Jhi\n", Mark::None),
            record(DAY.0 * 30 + 4_121_000_000, Lane::Operator, "link to EG_one published: https://…", Mark::Violation),
        ],
        books: disagreeing(),
    });
    report.replays = 1;
    report
}

/// Books that say something else than what is.
fn disagreeing() -> Disagreements {
    let told = vec![Disagreement {
        recording: "egress EG_one of room standup-0 (tenant acme-1)".into(),
        books: vec!["a row `stored` for s3://rec-eu-1/acme-1/a*".into()],
        world: vec!["EGRESS_ACTIVE".into(), "in the sink: s3://rec-eu-1/acme-1/\u{1b}[31ma.m3u8, 3 more".into()],
    }];
    Disagreements { told, others: 2 }
}

#[test]
fn a_scenario_that_holds_is_one_line() {
    let mut replayed = passing("contract-end-12000");
    replayed.replays = 2;
    insta::assert_snapshot!(whole(&[passing("hls-small"), replayed], false));
}

#[test]
fn every_promise_has_a_line_on_request() {
    insta::assert_snapshot!(whole(&[passing("hls-small")], true));
}

#[test]
fn a_failure_is_a_story() {
    assert_eq!(failing().exit, Exit::Violated);
    insta::assert_snapshot!(whole(&[passing("contract-end-small"), failing()], false));
}

#[test]
fn a_finding_is_told_with_all_that_a_search_knows() {
    let report = failing();
    let scenario = scenario("hls-small", "[[command]]\nat = \"3h\"\ndo = \"legal_hold\"\ntenant = \"acme-1\"");
    let parting = Parting {
        since_start: Span(3_600_000_000_000),
        with_it: Some("webhook egress_started handed over".into()),
        without_it: None,
    };
    let necessities = [
        Necessity { step: Step::Fault(0), without_it: Vec::new(), parting: Some(parting) },
        Necessity { step: Step::Command(0), without_it: vec!["playlist.plays".into()], parting: None },
    ];
    let fingerprint = Fingerprint {
        property: "playlist.final".into(),
        kind: Kind::Broken,
        faults: ["webhook.drop", "webhook.duplicate"].into(),
    };
    let progress = Progress { runs: 118, faults_before: 41, faults: 2, calls_before: 12_000, calls: 1 };
    let reduction = Reduction {
        fingerprint: &fingerprint,
        cases: Some((3, 4_000)),
        origin: Some(("a1b2c3", 7, 1_234)),
        scenario: &scenario,
        necessities: &necessities,
        progress,
        took: Duration::from_millis(940),
        promotable: true,
    };
    let human =
        Human::new(Paint(false), false, ["hls-small".into()].into_iter(), [report.operator.clone()].into_iter());
    insta::assert_snapshot!(human.reduced(&report, &reduction));
}

#[test]
fn a_deadline_that_passed_is_the_end_of_the_story() {
    let scenario = scenario("compliance-call", "");
    let message = "the call standup-0 of acme-1 had no recording for 90 seconds";
    let outcome = outcome(&scenario, [1, 1], vec![(&COMPLETE, broken(1, 1, DAY, &scenario, message))]);
    let mut report = judged(&scenario, "my operators/op.wasm", &outcome, false);
    let lines = vec![Line::Elided(3), Line::TimeIsUp(DAY)];
    report.story = Some(Story { lines, books: Disagreements::default() });
    insta::assert_snapshot!(whole(&[report], false));
}

#[test]
fn what_breaks_as_expected_is_one_line() {
    let expect = "[[expect]]\noperator = \"builtin:broken/eager\"\nverdict = \"violates\"\n\
                  violates = [\"playlist.plays\", \"playlist.final\"]";
    let scenario = scenario("hls-small", expect);
    let found = vec![
        (&FINAL, broken(1, 1, DAY, &scenario, "too early")),
        (&PLAYS, broken(1, 1, DAY, &scenario, "it does not play")),
    ];
    let report = judged(&scenario, "builtin:broken/eager", &outcome(&scenario, [1, 1], found), true);
    assert_eq!((report.exit, report.expected), (Exit::Held, Some(true)));
    let meant = &report.properties[report.main.expect("something broke")];
    assert_eq!(meant.id, "playlist.plays", "the meant one comes first in the expectation");
    insta::assert_snapshot!(whole(&[report], false));
}

#[test]
fn everything_else_that_can_come_of_a_run() {
    let expect = "[[expect]]\nverdict = \"pass\"\ncounts = { egresses = 12_000 }";
    let unmet = scenario("contract-end", expect);
    let unmet = judged(&unmet, "builtin:reference", &outcome(&unmet, [1, 1], vec![(&COMPLETE, held(24_000))]), true);
    let unfired = scenario("hls-small", "");
    let unfired = judged(&unfired, "builtin:reference", &outcome(&unfired, [0, 0], vec![(&PLAYS, held(9))]), true);
    assert_eq!((unmet.exit, unfired.exit), (Exit::Violated, Exit::Inconclusive));
    let parted = passing("parted").nondeterministic("a second run parts from the first run behind record 0".into());
    let broken = Report::error(
        "broken".into(),
        "scenarios/broken.toml".into(),
        String::new(),
        "scenarios/broken.toml:3:1: error: unknown key `sed`\n  |\n3 | sed = 1\n".into(),
        Exit::Usage,
    );
    insta::assert_snapshot!(whole(&[unmet, unfired, parted, broken], false));
}

#[test]
fn by_hand_an_unfired_fault_is_a_warning() {
    let scenario = scenario("hls-small", "");
    let report = judged(&scenario, "builtin:reference", &outcome(&scenario, [1, 0], vec![(&PLAYS, held(9))]), false);
    assert_eq!((report.verdict, report.exit), (Verdict::Pass, Exit::Held));
    let text = whole(&[report], false);
    assert!(text.contains("! hls-small: fault webhook.drop \"late\" (at 2h) never fired\n"), "{text}");
}

#[test]
fn nothing_that_others_made_reaches_the_terminal_raw() {
    assert!(!whole(&[failing()], true).contains('\u{1b}'));
}

#[test]
fn the_document_has_all_that_the_contract_names() {
    let report = failing();
    let document: serde_json::Value = serde_json::from_str(&json::document(&[report])).expect("JSON");
    assert_eq!(document["format"], 1);
    assert!(document["tool"].as_str().is_some_and(|tool| tool.starts_with("egress-sim ")));
    let run = &document["runs"][0];
    let start = Time(1_767_225_600_000_000_000);
    for (key, value) in [
        ("scenario", json!("hls-small")),
        ("path", json!("scenarios/hls-small.toml")),
        ("operator", json!("builtin:broken/eager")),
        ("operator_digest", json!("93ab".repeat(16))),
        ("model", json!(MODEL_VERSION)),
        ("verdict", json!("violates")),
        ("expected", json!(false)),
        ("trace_hash", json!("3f".repeat(16))),
        ("events", json!(12_345)),
        ("virtual_seconds", json!(62 * 86_400 + 3_700)),
        ("wall_ms", json!(480.4)),
    ] {
        assert_eq!(run[key], value, "{key}");
    }
    let first = &run["properties"][0];
    assert_eq!(
        *first,
        json!({"id": "deletion.complete", "verdict": "not_exercised", "checks": 0, "violations": 0,
               "at": null, "message": null})
    );
    assert_eq!(run["properties"][1]["at"], json!((start + DAY).to_rfc3339()));
    assert_eq!(run["properties"][1]["verdict"], json!("violated"));
    assert_eq!(run["faults"][1], json!({"do": "webhook.drop", "name": "late", "fired": 1}));
    let counts = run["counts"].as_object().expect("an object");
    for key in [
        "calls",
        "egresses",
        "webhooks",
        "host_calls",
        "objects_put",
        "objects_deleted",
        "objects_live",
        "versions_live",
        "heads",
        "audit_records",
        "incarnations",
    ] {
        assert!(counts[key].is_u64(), "{key}");
    }
}

#[test]
fn a_campaign_is_told_what_matters_first() {
    insta::assert_snapshot!(super::campaign::summary(Paint(false), &campaign_document()));
}
