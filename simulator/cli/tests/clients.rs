//! Ordinary clients in their own languages against `egress-sim serve`, each a program below `tests/clients/` with its
//! packages from its registry. Where an interpreter or the packages cannot be had, a test says `skipped: WHY` and passes.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};

mod served;

use served::Served;

/// What a client's directory holds.
fn sources(language: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/clients").join(language)
}

/// Where its packages are kept from one run of the tests to the next.
fn kept(language: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("clients").join(language)
}

/// Runs a preparation. None, having said why: it cannot be done here.
fn prepared(command: &mut Command) -> Option<()> {
    let why = match command.stdin(Stdio::null()).output() {
        Ok(output) if output.status.success() => return Some(()),
        Ok(output) => String::from_utf8_lossy(&output.stderr).trim().to_owned(),
        Err(error) => error.to_string(),
    };
    println!("skipped: {command:?}: {why}");
    None
}

/// Does `prepare` once for each version of `manifest`.
fn once(kept: &Path, manifest: &Path, prepare: impl FnOnce() -> Option<()>) -> Option<()> {
    let wanted = fs::read(manifest).expect("a client says what it needs");
    let done = kept.join("prepared");
    if fs::read(&done).is_ok_and(|done| done == wanted) {
        return Some(());
    }
    fs::create_dir_all(kept).expect("target/ is writable");
    prepare()?;
    fs::write(done, wanted).expect("target/ is writable");
    Some(())
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

/// A folder of Python's with the packages that a client's directory asks for. None, having said why: it cannot be had.
fn with_packages(language: &str) -> Option<PathBuf> {
    // Tests may ask for one folder at the same time.
    static PREPARING: Mutex<()> = Mutex::new(());
    let _one_by_one = PREPARING.lock().unwrap_or_else(PoisonError::into_inner);
    let kept = kept(language);
    let requirements = sources(language).join("requirements.txt");
    once(&kept, &requirements, || {
        prepared(Command::new("python3").args(["-m", "venv"]).arg(&kept))?;
        let mut pip = Command::new(kept.join("bin/python"));
        prepared(pip.args(["-m", "pip", "install", "--quiet", "--requirement"]).arg(&requirements))
    })?;
    Some(kept)
}

#[test]
fn python_with_livekit_api_and_boto3() {
    if let Some(kept) = with_packages("python") {
        all_holds(Command::new(kept.join("bin/python")).arg(sources("python").join("clients.py")), "auto");
    }
}

/// Runs a client of S3 alone, and wants "all held" at its end.
fn s3_holds(client: &mut Command, told: &str) {
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

#[test]
fn boto3_in_depth() {
    if let Some(kept) = with_packages("python") {
        let served = Served::start(&["--clock", "manual"]);
        let addresses = serde_json::json!({
            "s3": format!("http://{}", served.s3),
            "control": format!("http://{}", served.control),
        });
        let mut client = Command::new(kept.join("bin/python"));
        s3_holds(client.arg(sources("python").join("s3.py")), &addresses.to_string());
    }
}

/// A command line and its script.
fn by_command_line(command: &str, script: &str) {
    if let Some(kept) = with_packages("shell") {
        let served = Served::start(&[]);
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut client = Command::new("sh");
        client.arg(sources("shell").join(script)).arg(kept.join("bin").join(command)).arg(folder.path());
        s3_holds(client.arg(format!("http://{}", served.s3)), "");
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

#[test]
fn node_with_livekit_server_sdk_and_the_aws_sdk() {
    let (sources, kept) = (sources("node"), kept("node"));
    let manifest = sources.join("package.json");
    let ready = once(&kept, &manifest, || {
        fs::copy(&manifest, kept.join("package.json")).expect("target/ is writable");
        prepared(Command::new("node").arg("--version"))?;
        prepared(
            Command::new("npm").args(["install", "--no-audit", "--no-fund", "--ignore-scripts"]).current_dir(&kept),
        )
    });
    if ready.is_some() {
        // Node looks for packages beside the program.
        let program = kept.join("clients.mjs");
        fs::copy(sources.join("clients.mjs"), &program).expect("target/ is writable");
        all_holds(Command::new("node").arg(&program), "manual");
    }
}
