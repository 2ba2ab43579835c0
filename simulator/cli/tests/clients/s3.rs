//! Clients of S3 alone, in depth: boto3, the SDKs of AWS for Node and Rust, the AWS command line, s3cmd, rclone.

use std::io::Write as _;
use std::process::{Command, Stdio};

use super::served::Served;
use super::{OF_NODE, installed, sources};

/// Runs a client, tells it a line, and wants "all held" at its end.
fn holds(client: &mut Command, told: &str) {
    let mut client = client
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it was there before");
    // What reads nothing may be through with it already.
    let _ = writeln!(client.stdin.take().expect("stdin is a pipe"), "{told}");
    let ended = client.wait_with_output().expect("it ends");
    let (held, complaints) = (String::from_utf8_lossy(&ended.stdout), String::from_utf8_lossy(&ended.stderr));
    assert!(ended.status.success() && held.trim().ends_with("all held"), "{held}\n{complaints}");
}

/// Runs a client in depth; it is told where S3 and the control API are.
fn in_depth(client: &mut Command) {
    let served = Served::start(&["--clock", "manual"]);
    let addresses = serde_json::json!({
        "s3": format!("http://{}", served.s3),
        "control": format!("http://{}", served.control),
    });
    holds(client, &addresses.to_string());
}

#[test]
fn boto3_in_depth() {
    let sources = sources("python");
    if let Some(python) = installed::python("python", &sources.join("requirements.txt")) {
        in_depth(Command::new(&python).arg(sources.join("s3.py")));
    }
}

#[test]
fn the_aws_sdk_for_node_in_depth() {
    if let Some(kept) = installed::node("node", &sources("node"), &OF_NODE) {
        in_depth(Command::new("node").arg(kept.join("s3.mjs")));
    }
}

#[test]
fn the_aws_sdk_for_rust_in_depth() {
    if let Some(built) = installed::rust("rust", &sources("rust")) {
        in_depth(&mut Command::new(built.join("s3")));
    }
}

/// A command and the script that people would type.
fn by_command_line(name: &str, script: &str) {
    let sources = sources("shell");
    if let Some(python) = installed::python("shell", &sources.join("requirements.txt")) {
        let served = Served::start(&[]);
        let folder = tempfile::tempdir().expect("a temporary folder");
        let command = python.parent().expect("it lies beside the commands").join(name);
        let mut client = Command::new("sh");
        client.arg(sources.join(script)).arg(command).arg(folder.path()).arg(format!("http://{}", served.s3));
        holds(&mut client, "");
    }
}

#[test]
fn the_aws_command_line() {
    by_command_line("aws", "aws.sh");
}

#[test]
fn s3cmd() {
    by_command_line("s3cmd", "s3cmd.sh");
}

#[test]
fn rclone() {
    by_command_line("rclone", "rclone.sh");
}
