//! The binary as people and scripts meet it: arguments, streams, files and exit codes.

use std::fs;
use std::io;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_egress-sim"));
    command.env_remove("CI").env_remove("GITHUB_ACTIONS").env_remove("NO_COLOR").stdin(Stdio::null());
    command
}

fn egress_sim(arguments: &[&str]) -> Output {
    command().args(arguments).output().expect("the binary starts")
}

fn code(output: &Output) -> Option<i32> {
    output.status.code()
}

fn stdout(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).expect("UTF-8")
}

fn stderr(output: &Output) -> &str {
    std::str::from_utf8(&output.stderr).expect("UTF-8")
}

/// A directory with two files that are no scenarios.
fn broken_scenarios() -> tempfile::TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    fs::write(directory.path().join("one.toml"), "format = 1\nsed = 7\n").expect("writable");
    fs::write(directory.path().join("two.toml"), "format = \n").expect("writable");
    directory
}

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

#[test]
fn wrong_arguments_end_in_64_and_say_what_was_expected() {
    for (arguments, expected) in [
        (&[][..], "Usage: egress-sim"),
        (&["frobnicate"], "unrecognized subcommand 'frobnicate'"),
        (&["run"], "<PATH>..."),
        (&["run", "a.toml", "--oprator", "x"], "a similar argument exists: '--operator'"),
        (&["run", "a.toml", "--format", "xml"], "[possible values: human, json, junit]"),
        (&["run", "a.toml", "--operator", "builtin:referense"], "did you mean builtin:reference?"),
        (&["run", "a.toml", "--operator", "nowhere.wasm"], "operator nowhere.wasm cannot be read"),
        (&["run", "a.toml", "--sweep", "faults"], "[possible values: crashes]"),
        (&["run", "a.toml", "--crash-at", "0"], "expected the number of a call, from 1, such as 17 or 17:after"),
        (&["run", "a.toml", "--crash-at", "3", "--sweep", "crashes"], "cannot be used with"),
        (&["explain", "s3.slowdown"], "did you mean s3.slow_down?"),
    ] {
        let output = egress_sim(arguments);
        assert_eq!(code(&output), Some(64), "{arguments:?}");
        assert!(stderr(&output).contains(expected), "{arguments:?}: {}", stderr(&output));
        assert_eq!(stdout(&output), "", "{arguments:?}");
    }
}

#[test]
fn what_is_not_built_yet_says_so_in_one_sentence() {
    let output = egress_sim(&["run", "a.toml", "--html", "a.html"]);
    assert_eq!(code(&output), Some(64));
    assert!(stderr(&output).contains("is not built yet; "), "{}", stderr(&output));
    assert_eq!(stderr(&output).lines().count(), 1);
    assert_eq!(stdout(&output), "");
}

#[test]
fn help_is_data() {
    let output = egress_sim(&["--help"]);
    assert_eq!(code(&output), Some(0));
    let line = stdout(&output).lines().find(|line| line.trim_start().starts_with("serve"));
    assert!(line.is_some_and(|line| line.contains("on real sockets")), "{}", stdout(&output));
}

#[test]
fn the_version_is_data() {
    let output = egress_sim(&["--version"]);
    assert_eq!((code(&output), stdout(&output)), (Some(0), concat!("egress-sim ", env!("CARGO_PKG_VERSION"), "\n")));
}

#[test]
fn explain_operators_and_schema_print_data() {
    for (arguments, expected) in [
        (&["explain", "webhook.duplicate"][..], "webhook.duplicate: a fault\n"),
        (&["explain", "70"], "exit code 70: a bug of egress-sim\n"),
        (&["explain"], "Promises\n"),
        (&["operators"], "builtin:reference "),
    ] {
        let output = egress_sim(arguments);
        assert_eq!((code(&output), stderr(&output)), (Some(0), ""), "{arguments:?}");
        assert!(stdout(&output).starts_with(expected), "{arguments:?}: {}", stdout(&output));
    }
    let output = egress_sim(&["schema"]);
    let schema: Value = serde_json::from_str(stdout(&output)).expect("JSON");
    assert!(schema["properties"]["tenant"].is_object(), "{schema}");
    assert_eq!(output.stdout, egress_sim(&["schema", "scenario"]).stdout);
    let output = egress_sim(&["schema", "campaign"]);
    let schema: Value = serde_json::from_str(stdout(&output)).expect("JSON");
    assert!(schema["properties"]["families"].is_object(), "{schema}");
}

#[test]
fn broken_files_are_told_one_by_one_and_stand_in_the_document() {
    let directory = broken_scenarios();
    let output = egress_sim(&["run", text(directory.path()), "--format", "json"]);
    assert_eq!(code(&output), Some(64));
    assert!(stderr(&output).contains("one.toml:2:1: error: "), "{}", stderr(&output));
    assert!(stderr(&output).contains("two.toml:1:"), "{}", stderr(&output));
    let document: Value = serde_json::from_str(stdout(&output)).expect("one document");
    let runs = document["runs"].as_array().expect("runs");
    assert_eq!(runs.len(), 2);
    for (run, name) in runs.iter().zip(["one", "two"]) {
        assert_eq!((&run["scenario"], &run["verdict"]), (&Value::from(name), &Value::from("error")));
        assert_eq!((&run["trace_hash"], &run["expected"]), (&Value::Null, &Value::Null));
    }
}

#[test]
fn for_people_a_broken_file_is_one_line_and_its_place_is_on_stderr() {
    let directory = broken_scenarios();
    let output = egress_sim(&["run", text(&directory.path().join("one.toml"))]);
    assert_eq!(code(&output), Some(64));
    assert!(stdout(&output).starts_with("✗ one  "), "{}", stdout(&output));
    assert!(stdout(&output).ends_with("1 could not be run (exit code 64)\n"), "{}", stdout(&output));
    assert!(stderr(&output).contains("sed = 7"), "{}", stderr(&output));
    assert!(!stdout(&output).contains('\u{1b}'), "no colour in a pipe");
}

#[test]
fn a_trace_is_of_one_scenario() {
    let directory = broken_scenarios();
    let trace = directory.path().join("trace.jsonl");
    let output = egress_sim(&["run", text(directory.path()), "--trace", text(&trace)]);
    assert_eq!((code(&output), stdout(&output)), (Some(64), ""));
    assert!(stderr(&output).contains("--trace takes one scenario, but the paths have 2"), "{}", stderr(&output));
    assert!(!trace.exists());
}

#[test]
fn the_document_goes_to_a_file_whole_and_the_rest_to_stderr() {
    let directory = broken_scenarios();
    let scenario = directory.path().join("one.toml");
    let file = directory.path().join("report.json");
    fs::write(&file, "what was there").expect("writable");
    let output = egress_sim(&["run", text(&scenario), "--format", "json", "--output", text(&file)]);
    assert_eq!((code(&output), stdout(&output)), (Some(64), ""));
    let document: Value = serde_json::from_slice(&fs::read(&file).expect("there")).expect("JSON");
    assert_eq!(document["format"], 1);
    assert!(stderr(&output).contains("1 could not be run"), "{}", stderr(&output));
}

#[test]
fn a_place_that_cannot_be_written_is_an_error_and_nothing_is_lost() {
    let directory = broken_scenarios();
    let scenario = directory.path().join("one.toml");
    let nowhere = directory.path().join("missing").join("report.json");
    let output = egress_sim(&["run", text(&scenario), "--output", text(&nowhere)]);
    assert_eq!(code(&output), Some(64));
    assert!(stderr(&output).contains("report.json cannot be written: "), "{}", stderr(&output));
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error() {
    let directory = broken_scenarios();
    let scenario = directory.path().join("one.toml");
    let output = egress_sim(&["run", text(&scenario), "--output", "/dev/full"]);
    assert_eq!(code(&output), Some(64));
    assert!(stderr(&output).contains("/dev/full cannot be written: "), "{}", stderr(&output));
    let full = fs::File::options().write(true).open("/dev/full").expect("it is there");
    let output = command().arg("schema").stdout(full).stderr(Stdio::piped()).output().expect("the binary starts");
    assert_eq!(code(&output), Some(64));
    assert!(stderr(&output).contains("stdout cannot be written: "), "{}", stderr(&output));
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let (reader, writer) = io::pipe().expect("a pipe");
    drop(reader);
    let output = command().arg("schema").stdout(writer).stderr(Stdio::piped()).output().expect("the binary starts");
    assert_eq!((code(&output), stderr(&output)), (Some(0), ""));
}

#[test]
fn half_an_operator_is_told_as_such() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let half = folder.path().join("half.wasm");
    let whole = egress_sim_builtin::OPERATORS;
    for length in [9, 5_000, whole.len() / 2, whole.len() - 1] {
        fs::write(&half, &whole[..length]).expect("it can be written");
        let scenario = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scenarios/hls-small.toml");
        let output = egress_sim(&["run", scenario, "--operator", text(&half)]);
        assert_eq!(code(&output), Some(64), "{length}: {}", stderr(&output));
        assert!(stderr(&output).contains("half.wasm"), "{length}: {}", stderr(&output));
    }
}

#[test]
fn an_incident_becomes_a_scenario_that_runs() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/examples/incident");
    let (log, listing) = (examples.join("webhooks.jsonl"), examples.join("acme-rec.json"));
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("incident.toml");
    let objects = format!("acme-rec={}", text(&listing));
    let arguments = ["import", "--webhooks", text(&log), "--objects", &objects, "-o", text(&file)];
    let output = egress_sim(&arguments);
    assert_eq!((code(&output), stdout(&output)), (Some(0), ""), "{}", stderr(&output));
    for title in ["read ", "inferred ", "open ", "replay    egress-sim run "] {
        assert!(stderr(&output).lines().any(|line| line.starts_with(title)), "{title}: {}", stderr(&output));
    }
    let written = fs::read_to_string(&file).expect("written");
    assert!(written.contains("do = \"webhook.drop\"") && !written.contains(text(&examples)), "{written}");
    let printed = egress_sim(&arguments[..5]);
    assert_eq!(stdout(&printed).replace("webhooks\"", "incident\""), written, "without -o it goes to stdout");
    let run = egress_sim(&["run", text(&file), "--operator", "native:reference"]);
    assert_eq!(code(&run), Some(0), "{}", stdout(&run));
}

#[test]
fn what_cannot_be_imported_leaves_the_file_as_it_was() {
    let directory = tempfile::tempdir().expect("a directory");
    let (log, file) = (directory.path().join("log.jsonl"), directory.path().join("kept.toml"));
    fs::write(&log, "{\"event\":\"room_started\",\"crea").expect("writable");
    fs::write(&file, "kept").expect("writable");
    let output = egress_sim(&["import", "--webhooks", text(&log), "-o", text(&file)]);
    assert_eq!(code(&output), Some(64));
    assert!(stderr(&output).contains("log.jsonl:1: this is no JSON"), "{}", stderr(&output));
    assert_eq!(fs::read_to_string(&file).expect("there"), "kept");
    let missing = egress_sim(&["import", "--webhooks", "nowhere.jsonl"]);
    assert_eq!(code(&missing), Some(64));
    assert!(stderr(&missing).contains("nowhere.jsonl cannot be read"), "{}", stderr(&missing));
}
