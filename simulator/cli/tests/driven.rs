//! `egress-sim run --operator http://…`: services that run by themselves, driven over real sockets.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use serde_json::Value;

#[path = "driven/service.rs"]
mod service;

use service::{Habits, Service};

fn scenario(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios").join(name)
}

/// Ports that are free: of LiveKit's API and of the control API, which a service wants to know beforehand.
fn free_addresses() -> [String; 2] {
    let held = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").expect("a free port"));
    held.map(|listener| listener.local_addr().expect("an address").to_string())
}

/// Drives a service through a scenario.
fn drive(habits: Habits, name: &str, more: &[&str]) -> (Service, Output) {
    let [livekit, control] = free_addresses();
    let service = Service::start(habits, &format!("http://{livekit}"), &format!("http://{control}"));
    let output = Command::new(env!("CARGO_BIN_EXE_egress-sim"))
        .arg("run")
        .arg(scenario(name))
        .args(["--operator", &service.url])
        .args(["--livekit", &livekit, "--console", &control, "--s3", "127.0.0.1:0"])
        .args(more)
        .env_remove("CI")
        .output()
        .expect("the binary starts");
    (service, output)
}

fn report(output: &Output) -> Value {
    let document: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
    document["runs"][0].clone()
}

fn verdict<'a>(run: &'a Value, id: &str) -> &'a Value {
    let found = run["properties"].as_array().expect("a run has promises").iter().find(|found| found["id"] == id);
    found.unwrap_or_else(|| panic!("no {id} in {run:#}"))
}

/// A service of `--exec` at a free port, with servers at free ports.
fn exec(command: &str, name: &str, more: &[&str]) -> Output {
    executing(command, &[name], more).output().expect("the binary starts")
}

/// The same, through several scenarios, and not started yet.
fn executing(command: &str, names: &[&str], more: &[&str]) -> Command {
    let mut run = Command::new(env!("CARGO_BIN_EXE_egress-sim"));
    run.arg("run")
        .args(names.iter().map(|name| scenario(name)))
        .args(["--operator", "http://127.0.0.1:0/webhook", "--exec", command])
        .args(["--livekit", "127.0.0.1:0", "--console", "127.0.0.1:0", "--s3", "127.0.0.1:0"])
        .args(more)
        .env_remove("CI");
    run
}

fn complaint(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_service_that_records_well_passes() {
    let (_, output) = drive(Habits::default(), "compliance-call-small.toml", &["--format", "json", "--quiet", "0s"]);
    let run = report(&output);
    assert_eq!(output.status.code(), Some(0), "{run:#}");
    assert_eq!((&run["verdict"], &run["trace_hash"]), (&"pass".into(), &Value::Null));
    assert_eq!((&run["counts"]["calls"], &run["counts"]["incarnations"]), (&6.into(), &1.into()));
    for id in ["recording.composite-per-call", "recording.tracks", "inventory.complete", "webhook.prompt"] {
        assert_eq!(verdict(&run, id)["verdict"], "held", "{id}");
    }
    let crash_safe = verdict(&run, "operator.crash-safe");
    assert_eq!(crash_safe["message"], "a process on sockets has no twin run to compare with");
}

#[test]
fn one_that_answers_first_and_works_under_a_lease_passes_too() {
    let habits = Habits { works_aside: true, ..Habits::default() };
    let (_, output) = drive(habits, "compliance-call-small.toml", &["--format", "json"]);
    assert_eq!(output.status.code(), Some(0), "{:#}", report(&output));
}

#[test]
fn one_that_records_twice_is_caught_and_the_story_is_told() {
    let habits = Habits { records_twice: true, ..Habits::default() };
    let (_, output) = drive(habits, "compliance-call-small.toml", &["--quiet", "0s"]);
    let told = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{told}");
    for words in [
        "FAIL recording.no-overlap",
        "was started while egress",
        "✗ day 0 00:10:00.",
        "is EGRESS_STARTING",
        "trace hash   none: sockets bring things in an order that nobody chose",
    ] {
        assert!(told.contains(words), "no {words:?} in {told}");
    }
}

#[test]
fn what_a_silent_service_does_not_show_is_not_exercised_and_the_rest_is_judged() {
    let habits = Habits { silent: true, ..Habits::default() };
    let (_, output) = drive(habits, "compliance-call-small.toml", &["--format", "json", "--quiet", "0s"]);
    let run = report(&output);
    assert_eq!(output.status.code(), Some(0), "{run:#}");
    for (id, missing) in [
        ("inventory.complete", "the operator committed no inventory row (POST /commit)"),
        ("audit.complete", "the operator appended no audit record (POST /audit)"),
        ("playlist.plays", "the operator published no link (POST /publish)"),
        ("sandbox.contained", "a process on sockets runs in no sandbox"),
    ] {
        let found = verdict(&run, id);
        assert_eq!((&found["verdict"], &found["message"]), (&"not_exercised".into(), &missing.into()), "{id}");
    }
    assert_eq!(verdict(&run, "recording.composite-per-call")["verdict"], "held");
    let (_, output) = drive(habits, "compliance-call-small.toml", &["--format", "junit", "--quiet", "0s"]);
    let junit = String::from_utf8_lossy(&output.stdout);
    assert!(junit.contains("not exercised: the operator committed no inventory row (POST /commit)"), "{junit}");
    let (_, output) = drive(habits, "compliance-call-small.toml", &["--quiet", "0s"]);
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(told.contains("not exercised, because the operator committed no inventory row"), "{told}");
}

#[test]
fn a_command_that_has_no_route_is_not_held_against_anybody() {
    let habits = Habits { is_woken: true, ..Habits::default() };
    let (service, output) = drive(habits, "contract-end-small.toml", &["--format", "json", "--quiet", "0s"]);
    let run = report(&output);
    let deletion = verdict(&run, "deletion.complete");
    let missing = "the operator has no route /commands, so it was not told of the contract's end";
    assert_eq!((&deletion["verdict"], &deletion["message"]), (&"not_exercised".into(), &missing.into()));
    let heard = service.heard.lock().expect("nobody panics");
    let commands: Vec<&Value> = heard.iter().filter(|(path, _)| path == "/commands").map(|(_, body)| body).collect();
    let ends = commands.iter().filter(|command| command["do"] == "contract_ended").count();
    assert_eq!(ends, 1, "it does not come again: {commands:#?}");
    let days: Vec<&str> = heard
        .iter()
        .filter(|(path, _)| path == "/cron/daily")
        .map(|(_, body)| body["at"].as_str().expect("a wake-up has a moment"))
        .collect();
    assert!(days.len() > 30 && days.is_sorted(), "woken once a day as long as the run goes on: {days:?}");
}

#[test]
fn one_that_believes_whoever_posts_to_it_is_caught() {
    let (_, output) = drive(Habits::default(), "faults/webhook-forged.toml", &["--format", "json", "--quiet", "0s"]);
    let run = report(&output);
    assert_eq!((output.status.code(), &run["faults"][0]["fired"]), (Some(1), &1.into()), "{run:#}");
    let message = verdict(&run, "webhook.authentic")["message"].as_str().unwrap_or_default();
    assert!(message.contains("does not pass verification, but handling it made the call store.commit"), "{message}");
}

#[test]
fn the_command_line_can_wake_a_service_that_knows_nothing_of_wake_ups() {
    let more = ["--format", "json", "--quiet", "0s", "--wake-up", "12h=/cron/daily"];
    let (service, output) = drive(Habits::default(), "compliance-call-small.toml", &more);
    assert_eq!(output.status.code(), Some(0), "{:#}", report(&output));
    let heard = service.heard.lock().expect("nobody panics");
    assert_eq!(heard.iter().filter(|(path, _)| path == "/cron/daily").count(), 12, "twice a day, for six days");
}

#[test]
fn a_service_that_never_answers_ends_the_run_inconclusive() {
    let habits = Habits { hangs: true, ..Habits::default() };
    let (_, output) = drive(habits, "compliance-call-small.toml", &["--format", "json", "--patience", "100ms"]);
    let run = report(&output);
    assert_eq!((output.status.code(), &run["verdict"]), (Some(2), &"inconclusive".into()), "{run:#}");
    let why = run["error"].as_str().unwrap_or_default();
    assert_eq!(why, "the operator had not answered room_started of room order-desk-0 (attempt 1) after 100ms");
    let (_, output) = drive(habits, "compliance-call-small.toml", &["--format", "junit", "--patience", "100ms"]);
    let junit = String::from_utf8_lossy(&output.stdout);
    assert!(junit.contains("it was broken off: the operator had not answered room_started"), "{junit}");
}

#[test]
fn a_scenario_that_takes_too_long_is_inconclusive() {
    let habits = Habits { hangs: true, ..Habits::default() };
    let (_, output) =
        drive(habits, "compliance-call-small.toml", &["--format", "json", "--time-limit", "0s", "--patience", "1m"]);
    let run = report(&output);
    assert_eq!((output.status.code(), &run["verdict"]), (Some(2), &"inconclusive".into()), "{run:#}");
    assert!(run["error"].as_str().is_some_and(|why| why.starts_with("its time was up, by the wall clock")), "{run:#}");
}

#[test]
fn the_trace_file_has_every_record() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("trace.jsonl");
    let more = ["--format", "json", "--quiet", "0s", "--trace", file.to_str().expect("UTF-8")];
    let (_, output) = drive(Habits::default(), "compliance-call-small.toml", &more);
    let run = report(&output);
    let trace = fs::read_to_string(&file).expect("it was written");
    let records: Vec<Value> = trace.lines().map(|line| serde_json::from_str(line).expect("a record a line")).collect();
    assert_eq!(Some(records.len() as u64), run["events"].as_u64());
    assert!(records.iter().zip(0_u64..).all(|(record, sequence)| record["sequence"] == sequence));
    assert!(records.iter().any(|record| record["kind"] == "row_committed"));
}

#[test]
fn what_cannot_be_driven_ends_in_64_and_says_why() {
    let path = scenario("compliance-call-small.toml");
    let nobody = TcpListener::bind("127.0.0.1:0").expect("a free port").local_addr().expect("an address");
    let nobody = format!("http://{nobody}/webhook");
    for (arguments, words) in [
        (&["--operator", "https://127.0.0.1/webhook"][..], "expected a url that begins with http://"),
        (&["--operator", "http://127.0.0.1:0/"], "port 0 is for --exec"),
        (&["--operator", &nobody, "--patience", "soon"], "--patience soon: "),
        (&["--operator", &nobody, "--wake-up", "daily"], "expected how often and where, such as 1d=/cron/daily"),
        (&["--operator", &nobody, "--check-determinism"], "--check-determinism wants an operator that is loaded"),
        (&["--operator", &nobody, "--patience", "1ms"], "start the service first, or let --exec 'CMD' start it"),
        (&["--operator", "builtin:reference", "--exec", "true"], "--exec is for a running service"),
        (&["--operator", "builtin:reference", "--quiet", "0s"], "--quiet is for a running service"),
        (&["--exec", "true"], "--operator"),
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_egress-sim"));
        command.arg("run").arg(&path).args(arguments);
        if arguments[1].starts_with("http") {
            command.args(["--livekit", "127.0.0.1:0", "--console", "127.0.0.1:0", "--s3", "127.0.0.1:0"]);
        }
        let output = command.output().expect("the binary starts");
        assert_eq!(output.status.code(), Some(64), "{arguments:?}: {}", complaint(&output));
        assert!(complaint(&output).contains(words), "{arguments:?}: {}", complaint(&output));
    }
}

#[cfg(unix)]
#[test]
fn a_process_that_ends_or_never_listens_is_told_with_its_last_words() {
    for (command, patience, words) in [
        ("echo no database >&2; exit 3", "30s", "ended before it listened at http://127.0.0.1:"),
        ("echo waiting for a database; exec cat /dev/zero >/dev/null", "200ms", "runs, but did not listen at http://"),
    ] {
        let output = exec(command, "compliance-call-small.toml", &["--patience", patience]);
        let told = complaint(&output);
        assert_eq!(output.status.code(), Some(64), "{told}");
        assert!(told.contains(words) && told.contains(" database\n"), "{told}");
    }
}

#[cfg(unix)]
#[test]
fn a_crash_kills_the_process_and_starts_it_again() {
    let this = std::env::current_exe().expect("a test is a program");
    let command = format!("exec '{}' --exact becomes_a_service_where_one_is_wanted --nocapture", this.display());
    let output = exec(&command, "faults/operator-crash.toml", &["--format", "json", "--quiet", "0s"]);
    let run = report(&output);
    assert_eq!(run["error"], Value::Null, "{run:#}");
    assert_eq!((&run["faults"][0]["fired"], &run["counts"]["incarnations"]), (&1.into(), &2.into()), "{run:#}");
    // Nothing of it is left behind: its port is free again, and so is what it was started by.
    let path = scenario("compliance-call-small.toml");
    let output = exec(&format!("{command}; exit 7"), path.to_str().expect("UTF-8"), &["--format", "json"]);
    assert_eq!(output.status.code(), Some(0), "{}", complaint(&output));
}

/// Ended from outside, it leaves nothing behind: neither the service nor what that has started, although they ignore the signal
/// that a terminal would send them, nor the scenario's directory.
#[cfg(unix)]
#[test]
fn a_signal_ends_the_service_and_all_that_it_has_started() {
    for signal in ["-INT", "-TERM", "-HUP"] {
        let folder = tempfile::tempdir().expect("a folder");
        let pipe = folder.path().join("pipe");
        assert!(Command::new("mkfifo").arg(&pipe).status().expect("mkfifo is there").success());
        // Whoever lives holds the pipe open.
        let service = format!(
            "trap '' INT TERM HUP; exec 9> '{}'; echo \"$EGRESS_SIM_DIR\" >&9; tail -f /dev/null & exec tail -f /dev/null",
            pipe.display()
        );
        let mut run = executing(&service, &["compliance-call-small.toml"], &["--patience", "10m"])
            .stderr(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .expect("the binary starts");
        let mut held = BufReader::new(fs::File::open(&pipe).expect("the service has opened it"));
        let mut directory = String::new();
        held.read_line(&mut directory).expect("UTF-8");
        assert!(Path::new(directory.trim()).is_dir(), "{directory}");
        let sent = Command::new("kill").args([signal, &run.id().to_string()]).status();
        assert!(sent.expect("kill is there").success());
        let (all_gone, told) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let end = held.read_to_end(&mut Vec::new()).expect("a pipe can be read");
            let _ = all_gone.send(end);
        });
        assert_eq!(run.wait().expect("it ends").code(), Some(130), "{signal}");
        // The wait is for the one case in which this fails.
        assert_eq!(told.recv_timeout(Duration::from_mins(1)), Ok(0), "{signal}: somebody lives on");
        assert!(!Path::new(directory.trim()).exists(), "{signal}: {directory}");
    }
}

/// Each scenario has a directory of its own, empty when it begins, which its process finds again after a crash.
#[cfg(unix)]
#[test]
fn what_a_service_keeps_outlives_a_crash_but_not_the_scenario() {
    let folder = tempfile::tempdir().expect("a folder");
    let (this, seen) = (std::env::current_exe().expect("a test is a program"), folder.path().join("seen"));
    let command = format!(
        "ls \"$EGRESS_SIM_DIR\" | wc -l >> '{}'; touch \"$EGRESS_SIM_DIR/kept\"; \
         exec '{}' --exact becomes_a_service_where_one_is_wanted --nocapture",
        seen.display(),
        this.display()
    );
    let names = ["faults/operator-crash.toml", "compliance-call-small.toml"];
    let output =
        executing(&command, &names, &["--format", "json", "--quiet", "0s"]).output().expect("the binary starts");
    let seen = fs::read_to_string(seen).unwrap_or_else(|error| panic!("{error}: {}", complaint(&output)));
    let seen: Vec<&str> = seen.lines().map(str::trim).collect();
    assert_eq!(seen, ["0", "1", "0"], "started, started again, and in another scenario");
}

/// The process of the tests before this one; by itself, nothing.
#[test]
fn becomes_a_service_where_one_is_wanted() {
    let told = ["LIVEKIT_URL", "EGRESS_SIM_URL", "PORT"].map(std::env::var);
    let [Ok(livekit), Ok(control), Ok(port)] = told else { return };
    let port = port.parse().expect("PORT is a port");
    let _service = Service::start_at(port, Habits::default(), &livekit, &control);
    loop {
        std::thread::park();
    }
}
