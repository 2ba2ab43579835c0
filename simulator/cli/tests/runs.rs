//! Whole runs by the binary: reports, exit codes, traces and determinism.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

fn scenario(name: &str) -> String {
    let path: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios").join(name);
    path.to_str().expect("UTF-8").to_owned()
}

fn egress_sim(arguments: &[&str], ci: bool) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_egress-sim"));
    command.args(arguments).env_remove("CI").env_remove("GITHUB_ACTIONS").stdin(Stdio::null());
    if ci {
        command.env("CI", "true");
    }
    command.output().expect("the binary starts")
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("UTF-8")
}

/// The only run of a document, and the exit code.
fn document(arguments: &[&str], ci: bool) -> (Value, Option<i32>) {
    let mut all = vec!["run", "--format", "json"];
    all.extend(arguments);
    let output = egress_sim(&all, ci);
    let mut document: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}{}", text(&output.stdout), text(&output.stderr)));
    (document["runs"][0].take(), output.status.code())
}

/// A scenario with one short call and a fault that cannot fire.
fn unfired(directory: &Path, expect: &str) -> String {
    let path = directory.join("unfired.toml");
    let scenario = format!(
        "format = 1\n[[tenant]]\nname = \"acme\"\nbuckets = [\"rec\"]\n[[call]]\ntenant = \"acme\"\nroom = \"standup\"\n\
         participants = [\"alice\"]\nat = \"1h\"\nduration = \"5m\"\nrecording = \"compliance\"\n\
         [[fault]]\ndo = \"webhook.drop\"\nnth = 1000\n{expect}"
    );
    fs::write(&path, scenario).expect("writable");
    path.to_str().expect("UTF-8").to_owned()
}

#[test]
fn the_reference_operator_passes_in_the_sandbox_and_natively_with_one_hash() {
    let file = scenario("hls-small.toml");
    let (sandboxed, code) = document(&[&file], true);
    assert_eq!((code, &sandboxed["verdict"], &sandboxed["expected"]), (Some(0), &"pass".into(), &true.into()));
    assert_eq!(sandboxed["operator"], "builtin:reference");
    assert!(sandboxed["operator_digest"].as_str().is_some_and(|digest| digest.len() == 64));
    let (native, code) = document(&[&file, "--operator", "native:reference"], true);
    assert_eq!((code, &native["verdict"], &native["expected"]), (Some(0), &"pass".into(), &Value::Null));
    assert_eq!(native["trace_hash"], sandboxed["trace_hash"]);
    assert_eq!(native["operator_digest"], Value::Null);
}

#[test]
fn a_broken_operator_ends_in_1_with_its_story() {
    let file = scenario("hls-small.toml");
    let output = egress_sim(&["run", &file, "--operator", "builtin:broken/links-to-sink"], false);
    assert_eq!(output.status.code(), Some(1));
    let report = text(&output.stdout);
    assert!(report.contains("\n  FAIL playlist.via-cdn  broken 12 times in 12 checks\n"), "{report}");
    let story: Vec<&str> = report.lines().filter(|line| line.contains(" day ") || line.contains("left out")).collect();
    assert!((2..=12).contains(&story.len()), "{report}");
    let marked: Vec<&&str> = story.iter().filter(|line| line.starts_with("  ✗ day 0 ")).collect();
    assert!(marked.len() == 1 && marked[0].contains("operator  link to EG_"), "{report}");
    assert!(report.contains("--operator builtin:broken/links-to-sink --trace trace.jsonl\n"), "{report}");
    assert!(report.contains("replayed once: identical\n"), "{report}");
}

#[test]
fn a_file_runs_like_the_built_in_one_that_it_is_a_copy_of() {
    let directory = tempfile::tempdir().expect("a directory");
    let operator = directory.path().join("operator.wasm");
    fs::write(&operator, egress_sim_builtin::OPERATORS).expect("writable");
    let file = scenario("compliance-call-small.toml");
    let (from_file, code) = document(&[&file, "--operator", operator.to_str().expect("UTF-8")], false);
    let (built_in, _) = document(&[&file], false);
    assert_eq!(code, Some(0));
    assert_eq!(from_file["trace_hash"], built_in["trace_hash"]);
    assert_eq!(from_file["operator_digest"], built_in["operator_digest"]);
}

#[test]
fn what_exists_to_break_the_sandbox_is_refused_natively() {
    let file = scenario("hls-small.toml");
    let output = egress_sim(&["run", &file, "--operator", "native:spins"], false);
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(64), ""));
    assert!(text(&output.stderr).contains("Pass builtin:broken/spins instead"), "{}", text(&output.stderr));
}

#[test]
fn a_file_that_is_no_operator_is_told_of() {
    let file = scenario("hls-small.toml");
    let output = egress_sim(&["run", &file, "--operator", &file], false);
    assert_eq!(output.status.code(), Some(64));
    assert!(text(&output.stderr).contains("is not WebAssembly"), "{}", text(&output.stderr));
}

#[test]
fn a_deploy_rolls_back_to_what_lies_beside_the_scenario() {
    let directory = tempfile::tempdir().expect("a directory");
    let source = fs::read_to_string(scenario("faults/operator-roll-back.toml")).expect("it is there");
    let with = |older: &str| {
        let path = directory.path().join("roll-back.toml");
        fs::write(&path, source.replace("builtin:broken/old-rows", older)).expect("writable");
        path.to_str().expect("UTF-8").to_owned()
    };
    let (run, code) = document(&[&with("builtin:broken/old-rows"), "--check-determinism"], true);
    assert_eq!((code, &run["verdict"], &run["expected"]), (Some(0), &"violates".into(), &true.into()));
    let (run, _) = document(&[&with("native:reference")], true);
    assert_eq!(run["verdict"], "pass", "what writes rows as this one does may be rolled back to");
    let output = egress_sim(&["run", &with("last-week.wasm")], true);
    assert_eq!(output.status.code(), Some(64));
    let beside = directory.path().join("last-week.wasm");
    assert!(text(&output.stderr).contains(beside.to_str().expect("UTF-8")), "{}", text(&output.stderr));
}

#[test]
fn an_unfired_fault_is_inconclusive_in_ci_and_a_warning_by_hand() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = unfired(directory.path(), "");
    let (run, code) = document(&[&file], true);
    assert_eq!((code, &run["verdict"]), (Some(2), &"inconclusive".into()));
    assert_eq!(run["faults"][0]["fired"], 0);
    let (run, code) = document(&[&file], false);
    assert_eq!((code, &run["verdict"]), (Some(0), &"pass".into()));
    let broken = document(&[&file, "--operator", "builtin:broken/track-for-compliance"], true);
    assert_eq!((broken.1, &broken.0["verdict"]), (Some(1), &"violates".into()));
}

#[test]
fn an_expectation_decides_for_the_operator_that_it_names() {
    let directory = tempfile::tempdir().expect("a directory");
    let op = "builtin:broken/track-for-compliance";
    let expect = |ids: &str| format!("[[expect]]\noperator = \"{op}\"\nverdict = \"violates\"\nviolates = [{ids}]\n");
    let file = unfired(directory.path(), "");
    let (run, _) = document(&[&file, "--operator", op], false);
    let properties = run["properties"].as_array().expect("a list");
    let broken: Vec<String> = properties
        .iter()
        .filter(|property| property["verdict"] == "violated")
        .map(|property| property["id"].to_string())
        .collect();
    assert!(broken.contains(&"\"recording.composite-per-call\"".to_owned()), "{broken:?}");

    let file = unfired(directory.path(), &expect(&broken.join(", ")));
    let (run, code) = document(&[&file, "--operator", op], false);
    assert_eq!((code, &run["expected"], &run["verdict"]), (Some(0), &true.into(), &"violates".into()));
    let file = unfired(directory.path(), &expect("\"playlist.final\""));
    let (run, code) = document(&[&file, "--operator", op], false);
    assert_eq!((code, &run["expected"]), (Some(1), &false.into()));
    let (run, code) = document(&[&file], false);
    assert_eq!((code, &run["expected"]), (Some(0), &Value::Null));
}

#[test]
fn a_trace_file_holds_every_record_in_order() {
    let directory = tempfile::tempdir().expect("a directory");
    let trace = directory.path().join("trace.jsonl");
    let file = scenario("faults/webhook-duplicate.toml");
    let (run, code) = document(&[&file, "--trace", trace.to_str().expect("UTF-8")], false);
    assert_eq!(code, Some(0));
    let written = fs::read_to_string(&trace).expect("it is there");
    let records: Vec<Value> = written.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(Some(records.len() as u64), run["events"].as_u64());
    assert!(records.iter().zip(0_u64..).all(|(record, sequence)| record["sequence"] == sequence));
    assert!(records.iter().any(|record| record["kind"] == "fault_struck" && record["lane"] == "fault"));
}

#[test]
fn runs_are_the_same_again_and_in_a_fresh_process() {
    let file = scenario("contract-end-small.toml");
    let output = egress_sim(&["run", &file, "--check-determinism"], true);
    assert_eq!(output.status.code(), Some(0));
    assert!(text(&output.stdout).lines().next().is_some_and(|line| line.ends_with(", again twice")));
}

#[test]
fn one_broken_file_stops_no_other_and_wins_the_exit_code() {
    let directory = tempfile::tempdir().expect("a directory");
    unfired(directory.path(), "");
    fs::write(directory.path().join("broken.toml"), "format = 2\n").expect("writable");
    let output = egress_sim(&["run", directory.path().to_str().expect("UTF-8")], true);
    assert_eq!(output.status.code(), Some(64));
    let report = text(&output.stdout);
    assert!(report.contains("✗ broken ") && report.contains("? unfired "), "{report}");
    assert!(report.ends_with("1 inconclusive, 1 could not be run (exit code 64)\n"), "{report}");
}

#[test]
fn a_sweep_finds_no_harm_that_a_crash_does_to_the_sound_operator() {
    let (run, code) = document(&[&scenario("compliance-call-small.toml"), "--sweep", "crashes"], true);
    assert_eq!((code, &run["verdict"], &run["expected"]), (Some(0), &"pass".into(), &true.into()));
    let sweep = &run["sweep"];
    assert_eq!((&sweep["of"], &sweep["failure"]), (&"crashes".into(), &Value::Null));
    assert_eq!(sweep["calls"], run["counts"]["host_calls"], "every call is a place to crash");
    assert!(sweep["points"].as_u64() > sweep["calls"].as_u64(), "some of them also behind their effect");
}

#[test]
fn a_sweep_tells_the_first_harm_and_how_to_see_it_again() {
    let file = scenario("operator/slow-upload.toml");
    let op = "builtin:broken/publishes-last";
    let (run, code) = document(&[&file, "--operator", op, "--sweep", "crashes"], false);
    assert_eq!((code, &run["verdict"]), (Some(1), &"violates".into()));
    assert!(run["properties"].as_array().expect("a list").iter().all(|property| property["verdict"] != "violated"));
    let failure = &run["sweep"]["failure"];
    assert_eq!((&failure["name"], &failure["effect"]), (&"store.commit".into(), &"after".into()));
    assert_eq!(failure["broken"], serde_json::json!(["operator.crash-safe"]));
    let point = failure["crash_at"].as_str().expect("what --crash-at takes");

    let output = egress_sim(&["run", &file, "--operator", op, "--sweep", "crashes"], false);
    let report = text(&output.stdout);
    assert!(report.contains("\n  FAIL operator.crash-safe  broken once in 1 check\n"), "{report}");
    assert!(report.contains(&format!("slow-upload.toml --operator {op} --crash-at {point}\n")), "{report}");
    assert!(report.contains(failure["fault"].as_str().expect("a block").lines().next().expect("a line")), "{report}");

    let (again, code) = document(&[&file, "--operator", op, "--crash-at", point, "--check-determinism"], false);
    assert_eq!((code, &again["verdict"], &again["faults"][0]["fired"]), (Some(1), &"violates".into(), &1.into()));
    let broken = again["properties"].as_array().expect("a list").iter().find(|found| found["verdict"] == "violated");
    let broken = broken.expect("it broke");
    assert_eq!((&broken["id"], &broken["message"]), (&"operator.crash-safe".into(), &failure["message"]));
}

#[test]
fn a_sweep_is_the_same_natively() {
    let file = scenario("operator/slow-upload.toml");
    let swept = |op| document(&[&file, "--operator", op, "--sweep", "crashes"], false).0["sweep"]["failure"].take();
    assert_eq!(swept("native:publishes-last"), swept("builtin:broken/publishes-last"));
}
