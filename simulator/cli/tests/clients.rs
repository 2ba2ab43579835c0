//! Ordinary clients in their own languages against `egress-sim serve`, each a program below `tests/clients/` with its
//! packages from its registry. Where an interpreter or the packages cannot be had, a test says `skipped: WHY` and passes.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

mod installed;
#[path = "clients/s3.rs"]
mod s3;
mod served;

use served::Served;

/// The programs in Node's language, and what they share.
const OF_NODE: [&str; 4] = ["clients.mjs", "recording.mjs", "s3.mjs", "served.mjs"];

/// What a client's directory holds.
fn sources(language: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/clients").join(language)
}

/// Runs a client. It tells the port where it listens for webhooks, is told the addresses, and ends with "all held".
fn all_holds(client: &mut Command, clock: &str) {
    let mut client = client
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it was there before");
    let mut told = BufReader::new(client.stdout.take().expect("stdout is a pipe"));
    let mut port = String::new();
    told.read_line(&mut port).expect("UTF-8");
    if port.trim().parse::<u16>().is_ok() {
        let webhook = format!("http://127.0.0.1:{}/webhook", port.trim());
        let served = Served::start(&["--clock", clock, "--webhook", &webhook]);
        let addresses = serde_json::json!({
            "livekit": format!("http://{}", served.livekit),
            "s3": format!("http://{}", served.s3),
            "control": format!("http://{}", served.control),
        });
        writeln!(client.stdin.take().expect("stdin is a pipe"), "{addresses}").expect("it listens to us");
        let mut rest = String::new();
        told.read_to_string(&mut rest).expect("UTF-8");
        let ended = client.wait_with_output().expect("it ends");
        let complaints = String::from_utf8_lossy(&ended.stderr);
        assert!(ended.status.success() && rest.trim().ends_with("all held"), "{rest}\n{complaints}");
    } else {
        let ended = client.wait_with_output().expect("it ends");
        panic!("it told no port but {port:?}: {}", String::from_utf8_lossy(&ended.stderr));
    }
}

#[test]
fn python_with_livekit_api_and_boto3() {
    let sources = sources("python");
    if let Some(python) = installed::python("python", &sources.join("requirements.txt")) {
        all_holds(Command::new(&python).arg(sources.join("clients.py")), "auto");
        all_holds(Command::new(&python).arg(sources.join("recording.py")), "manual");
    }
}

#[test]
fn node_with_livekit_server_sdk_and_the_aws_sdk() {
    if let Some(kept) = installed::node("node", &sources("node"), &OF_NODE) {
        for program in ["clients.mjs", "recording.mjs"] {
            all_holds(Command::new("node").arg(kept.join(program)), "manual");
        }
    }
}

#[test]
fn rust_with_livekit_api() {
    if let Some(built) = installed::rust("rust", &sources("rust")) {
        all_holds(&mut Command::new(built.join("clients")), "manual");
    }
}

/// Those tests of livekit-api's own that are about Egress, `RoomService`, tokens, errors, and regions. The others are about services
/// that have nothing to do with recording.
const OF_LIVEKIT_API: [&str; 16] = [
    "all_unavailable",
    "attempts_gating_and_timeout_guard",
    "client_error_not_retried",
    "create_room_echoes_fields",
    "disabled",
    "egress_smoke",
    "healthy",
    "non_sip_error_not_decoded",
    "not_cloud_host",
    "primary_unavailable",
    "region_discovery_unreachable",
    "room_mute_track",
    "room_smoke",
    "token_auth",
    "transport_error_failover",
    "two_regions_unavailable",
];

#[test]
fn rust_with_the_tests_of_livekit_api_itself() {
    let tests = installed::kept("rust").join("api_test");
    if !tests.exists() {
        println!("skipped: {} is not there; `make sdk` builds it", tests.display());
        return;
    }
    let anywhere = ["127.0.0.1:0"; 4].join(",");
    let (_served, regions) = Served::start_test_server(&anywhere);
    let names = OF_LIVEKIT_API.map(|name| format!("services::api_test::{name}"));
    let run = Command::new(&tests)
        .args(["--exact", "--nocapture"])
        .args(&names)
        .env("LK_TEST_SERVER_URL", format!("http://{regions}"))
        .output()
        .expect("it was built");
    let (told, complaints) = (String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
    // A test that finds no server passes without having tested anything.
    assert!(run.status.success() && !complaints.contains("skipping"), "{told}\n{complaints}");
    assert!(told.contains("16 passed"), "all of them are there: {told}");
}
