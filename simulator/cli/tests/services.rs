//! The recording services below `docs/examples/services`, as they are, through whole scenarios on real sockets: each keeps every
//! promise that the reference operator keeps, and with one bug it breaks the promise that the bug is about.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

mod installed;

/// A scenario in which each bug shows, and the promise that it breaks.
const BUGS: [(&str, &str, &str); 4] = [
    ("track-egress", "compliance-call-small", "recording.composite-per-call"),
    ("no-endlist-check", "hls-980-segments", "playlist.final"),
    ("first-page-only", "contract-end-small", "deletion.complete"),
    ("no-versions", "contract-end-small", "deletion.verified"),
];

/// What can be asked of an operator in the sandbox only: a process has memory of its own.
const SANDBOX: &str = "sandbox.contained";

/// How a service is started: in which directory, and by which words in front of the program.
struct Service {
    directory: PathBuf,
    interpreter: String,
    extension: &'static str,
}

fn examples(language: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/examples/services").join(language)
}

fn python() -> Option<Service> {
    let directory = examples("python");
    let python = installed::python("service-python", &directory.join("requirements.txt"))?;
    // -B: nothing compiled is left among the sources.
    Some(Service { directory, interpreter: format!("'{}' -B", python.display()), extension: "py" })
}

fn typescript() -> Option<Service> {
    let files =
        ["buggy", "eraser", "evidence", "ledger", "recorder", "rounds", "service"].map(|name| format!("{name}.ts"));
    let files: Vec<&str> = files.iter().map(String::as_str).chain(["tsconfig.json"]).collect();
    let directory = installed::node("service-typescript", &examples("typescript"), &files)?;
    Some(Service { directory, interpreter: "node --import tsx".into(), extension: "ts" })
}

fn run(scenario: &str, more: &[&str]) -> Value {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios").join(format!("{scenario}.toml"));
    let mut command = Command::new(env!("CARGO_BIN_EXE_egress-sim"));
    command.arg("run").arg(file).args(more).args(["--format", "json"]);
    if !more.is_empty() {
        command.args(["--livekit", "127.0.0.1:0", "--s3", "127.0.0.1:0", "--console", "127.0.0.1:0"]);
    }
    let output =
        command.env_remove("CI").env_remove("GITHUB_ACTIONS").stdin(Stdio::null()).output().expect("it starts");
    let told = String::from_utf8_lossy(&output.stderr);
    let mut document: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {told}"));
    document["runs"][0].take()
}

impl Service {
    /// Runs a scenario against the service, or the one with this bug.
    fn run(&self, scenario: &str, bug: Option<&str>) -> Value {
        let program =
            bug.map_or_else(|| format!("service.{}", self.extension), |bug| format!("buggy.{} {bug}", self.extension));
        self.run_program(scenario, &program, "true")
    }

    fn run_program(&self, scenario: &str, program: &str, before: &str) -> Value {
        let exec = format!("cd '{}' && {before} && exec {} {program}", self.directory.display(), self.interpreter);
        run(scenario, &["--operator", "http://127.0.0.1:0/webhook", "--exec", &exec, "--quiet", "0s"])
    }

    /// Whether it keeps every promise that the reference operator keeps, and leaves as much behind.
    fn is_sound(&self, scenario: &str) {
        let (reference, run) = (run(scenario, &[]), self.run(scenario, None));
        assert_eq!(run["verdict"], "pass", "{scenario}: {run:#}");
        assert_eq!(run["trace_hash"], Value::Null, "sockets bring things in no fixed order");
        let (promised, kept) = (verdicts(&reference), verdicts(&run));
        for (property, verdict) in promised.iter().filter(|(property, _)| *property != SANDBOX) {
            assert_eq!(kept.get(property), Some(verdict), "{scenario}: {property}");
        }
        for count in ["calls", "egresses", "objects_put", "objects_deleted", "objects_live", "versions_live"] {
            assert_eq!(run["counts"][count], reference["counts"][count], "{scenario}: {count}");
        }
    }

    /// Whether each bug is caught.
    fn is_found_out(&self) {
        for (bug, scenario, property) in BUGS {
            let run = self.run(scenario, Some(bug));
            assert_eq!(run["verdict"], "violates", "{bug}: {run:#}");
            let verdicts = verdicts(&run);
            assert_eq!(verdicts.get(property).map(String::as_str), Some("violated"), "{bug}: {verdicts:?}");
        }
    }
}

/// Properties with their verdicts.
fn verdicts(run: &Value) -> BTreeMap<String, String> {
    let properties = run["properties"].as_array().expect("a run has properties");
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    properties.iter().map(|property| (text(&property["id"]), text(&property["verdict"]))).collect()
}

const SCENARIOS: [&str; 3] = ["compliance-call-small", "hls-980-segments", "contract-end-small"];

/// Those in which webhooks are lost, and a service has to look for itself.
const SILENT: [&str; 3] =
    ["faults/webhook-unreachable", "faults/webhook-drop-all-but-first", "faults/webhook-drop-converge"];

#[test]
fn what_no_webhook_tells_the_python_service_finds_in_its_rounds() {
    if let Some(service) = python() {
        for scenario in SILENT {
            service.is_sound(scenario);
        }
    }
}

#[test]
fn what_no_webhook_tells_the_typescript_service_finds_in_its_rounds() {
    if let Some(service) = typescript() {
        for scenario in SILENT {
            service.is_sound(scenario);
        }
    }
}

#[test]
fn the_python_service_keeps_what_the_reference_operator_keeps() {
    if let Some(service) = python() {
        for scenario in SCENARIOS {
            service.is_sound(scenario);
        }
    }
}

#[test]
fn the_typescript_service_keeps_what_the_reference_operator_keeps() {
    if let Some(service) = typescript() {
        for scenario in SCENARIOS {
            service.is_sound(scenario);
        }
    }
}

#[test]
fn each_bug_of_the_python_service_is_found() {
    if let Some(service) = python() {
        service.is_found_out();
    }
}

#[test]
fn each_bug_of_the_typescript_service_is_found() {
    if let Some(service) = typescript() {
        service.is_found_out();
    }
}

#[test]
fn the_python_service_is_killed_and_goes_on_from_its_database() {
    let Some(service) = python() else { return };
    let database = "export DATABASE=\"$EGRESS_SIM_DIR/ledger\"";
    let with = service.run_program("faults/operator-crash", "service.py", database);
    assert_eq!(with["verdict"], "pass", "{with:#}");
    assert_eq!(with["counts"]["incarnations"], 2);
    let without = verdicts(&service.run("faults/operator-crash", None));
    assert_eq!(without["recording.no-overlap"], "violated", "it has forgotten what it had started: {without:?}");
}

#[test]
fn the_typescript_service_is_well_typed() {
    let Some(Service { directory, .. }) = typescript() else { return };
    let compiler = directory.join("node_modules/typescript/bin/tsc");
    let checked = Command::new("node").arg(compiler).current_dir(directory).output().expect("node was there before");
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stdout));
}

#[test]
fn twelve_thousand_recordings_are_deleted_by_the_python_service() {
    if let Some(service) = python() {
        service.is_sound("contract-end-12000");
    }
}
