//! `egress-sim run --operator http://…`: services that run by themselves, driven over real sockets.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

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

#[test]
fn a_service_that_records_well_passes() {
    let (_, output) = drive(Habits::default(), "compliance-call-small.toml", &["--format", "json", "--quiet", "0s"]);
    let run = report(&output);
    assert_eq!(output.status.code(), Some(0), "{run:#}");
    assert_eq!((&run["verdict"], &run["trace_hash"]), (&"pass".into(), &Value::Null));
    assert_eq!(run["counts"]["calls"], 6);
    for id in ["recording.composite-per-call", "recording.tracks", "inventory.complete", "webhook.prompt"] {
        assert_eq!(verdict(&run, id)["verdict"], "held", "{id}");
    }
    let crash_safe = verdict(&run, "operator.crash-safe");
    assert_eq!(crash_safe["message"], "a process on sockets has no twin run to compare with");
}
