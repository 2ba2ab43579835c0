//! What CI gets to see: test reports, GitHub's annotations and summary, and what is left when a run is interrupted.

use std::fs;
use std::io::{BufRead, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

/// A campaign of one surface, for which few cases do.
const CAMPAIGN: &str = "[budget]\ncases = 300\n[families]\nwebhook = [1, 1]\n[size]\nfaults = [1, 2]\n";

fn command(directory: &Path, arguments: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_egress-sim"));
    for unwanted in ["CI", "GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY", "GITHUB_WORKSPACE", "JOB_COMPLETION_INDEX"] {
        command.env_remove(unwanted);
    }
    command.current_dir(directory).stdin(Stdio::null()).args(arguments.split_whitespace());
    command
}

fn egress_sim(directory: &Path, arguments: &str) -> Output {
    command(directory, arguments).output().expect("the program runs")
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("UTF-8")
}

/// A folder with one scenario, which `broken/two-composites` breaks, and a campaign.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let scenario = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scenarios/faults/webhook-duplicate.toml");
    fs::copy(scenario, folder.path().join("twice.toml")).expect("it is there");
    fs::write(folder.path().join("campaign.toml"), CAMPAIGN).expect("writable");
    folder
}

#[test]
fn junit_has_a_case_for_each_promise_and_the_exit_code_stays() {
    let folder = folder();
    let output = egress_sim(folder.path(), "run twice.toml --format junit --operator native:two-composites");
    let xml = stdout(&output);
    assert_eq!(output.status.code(), Some(1), "{xml}");
    assert!(
        xml.starts_with("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"egress-sim run\""),
        "{xml}"
    );
    assert!(
        xml.contains("<testcase name=\"recording.no-overlap\" classname=\"twice\" time=\"0.000\" file=\"twice.toml\">")
    );
    assert!(xml.contains("replay: egress-sim run twice.toml --operator native:two-composites\n"), "{xml}");
    let whole = egress_sim(folder.path(), "run twice.toml --format junit --output report.xml");
    assert_eq!((whole.status.code(), stdout(&whole).as_str()), (Some(0), ""));
    let xml = fs::read_to_string(folder.path().join("report.xml")).expect("written");
    assert!(xml.contains("failures=\"0\" errors=\"0\""), "{xml}");
    assert!(stderr(&whole).contains("1 scenario passed"), "{}", stderr(&whole));
}

#[test]
fn a_campaign_is_the_same_xml_from_its_parts() {
    let folder = folder();
    let fuzz = "fuzz --operator native:two-composites --campaign campaign.toml";
    let output = egress_sim(folder.path(), &format!("{fuzz} --format junit --found whole"));
    let xml = stdout(&output);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    assert!(
        xml.contains("classname=\"campaign.native:two-composites\" time=\"0.000\" file=\"whole/recording-no-overlap-")
    );
    for part in 1..=2 {
        egress_sim(
            folder.path(),
            &format!("{fuzz} --shard {part}/2 --found p{part} --format json --output {part}.json"),
        );
    }
    let merged = egress_sim(folder.path(), "merge 1.json 2.json --format junit --found whole");
    assert_eq!(merged.status.code(), Some(1), "{}", stderr(&merged));
    let cases = |xml: &str| -> Vec<String> {
        let lines = xml.lines().filter(|line| line.trim_start().starts_with("<testcase "));
        lines.map(|line| line.split(" file=").next().unwrap_or_default().trim().to_owned()).collect()
    };
    assert!(cases(&xml).len() > 20, "{xml}");
    assert_eq!(cases(&stdout(&merged)), cases(&xml));
}

#[test]
fn a_github_job_gets_annotations_on_stderr_and_a_summary() {
    let folder = folder();
    let summary = folder.path().join("summary.md");
    fs::write(&summary, "what was there\n").expect("writable");
    let github = |arguments: &str| {
        let mut command = command(folder.path(), arguments);
        command.env("GITHUB_ACTIONS", "true").env("GITHUB_STEP_SUMMARY", &summary);
        command.env("GITHUB_WORKSPACE", folder.path()).output().expect("the program runs")
    };
    let run = github("run twice.toml --operator native:two-composites --format json");
    let told = stderr(&run);
    let annotations: Vec<&str> = told.lines().filter(|line| line.starts_with("::error ")).collect();
    let document: Value = serde_json::from_slice(&run.stdout).expect("stdout is the document alone");
    let properties = document["runs"][0]["properties"].as_array().expect("a list");
    let violated = properties.iter().filter(|property| property["verdict"] == "violated").count();
    assert_eq!(annotations.len(), violated, "{told}");
    assert!(annotations[0].starts_with("::error file=twice.toml,title=twice%3A "), "{told}");

    let fuzz = github("fuzz --operator native:two-composites --campaign campaign.toml --format json");
    let told = stderr(&fuzz);
    let document: Value = serde_json::from_slice(&fuzz.stdout).expect("stdout is the document alone");
    let findings = document["findings"].as_array().expect("a list");
    let annotations: Vec<&str> = told.lines().filter(|line| line.starts_with("::error ")).collect();
    assert_eq!(annotations.len(), findings.len(), "one for each fingerprint: {told}");
    let file = findings[0]["scenario"].as_str().expect("a path");
    assert!(annotations[0].starts_with(&format!("::error file={file},title=")), "{told}");
    assert!(annotations[0].contains(&format!("%0Areplay: egress-sim run {file} --operator native:two-composites")));

    let text = fs::read_to_string(&summary).expect("there");
    assert!(text.starts_with("what was there\n## egress-sim run: "), "{text}");
    assert!(text.contains("\n## egress-sim fuzz: violates\n") && text.contains(file), "{text}");

    let elsewhere = command(folder.path(), "run twice.toml")
        .env("GITHUB_ACTIONS", "true")
        .env("GITHUB_STEP_SUMMARY", "/nonexistent/summary.md")
        .output()
        .expect("the program runs");
    assert_eq!(elsewhere.status.code(), Some(0), "what cannot be recorded fails no run");
    assert!(stderr(&elsewhere).contains("/nonexistent/summary.md"), "{}", stderr(&elsewhere));
}

/// A campaign that waits for its file: once the pipe is open for writing, the program has begun to read, and it listens.
#[cfg(unix)]
fn waiting(folder: &Path, rest: &str) -> (Child, fs::File) {
    let made = Command::new("mkfifo").arg(folder.join("pipe")).status().expect("mkfifo runs");
    assert!(made.success());
    let child = command(folder, &format!("fuzz --campaign pipe {rest}"))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program runs");
    let pipe = fs::File::options().write(true).open(folder.join("pipe")).expect("the program reads it");
    (child, pipe)
}

#[cfg(unix)]
fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill").args(["-s", name, &child.id().to_string()]).status().expect("kill runs");
    assert!(sent.success());
}

/// Reads on until the program has said that it was interrupted.
#[cfg(unix)]
fn noticed(child: &mut Child) -> BufReader<std::process::ChildStderr> {
    let mut lines = BufReader::new(child.stderr.take().expect("it is a pipe"));
    let mut line = String::new();
    while !line.contains("interrupted: ") {
        line.clear();
        assert!(lines.read_line(&mut line).expect("UTF-8") > 0, "it ended without a word");
    }
    lines
}

#[cfg(unix)]
#[test]
fn after_ctrl_c_what_is_known_so_far_is_the_report() {
    for (name, operator, code, verdict) in
        [("INT", "native:reference", 2, "inconclusive"), ("TERM", "native:records-none", 1, "violates")]
    {
        let folder = folder();
        let rest = format!("--operator {operator} --cases 1000000000 --format json");
        let (mut child, mut pipe) = waiting(folder.path(), &rest);
        signal(&child, name);
        let stderr = noticed(&mut child);
        pipe.write_all(b"[families]\n[size]\ncalls = [3, 3]\ncount = [3, 3]\n").expect("the program reads it");
        drop(pipe);
        let output = child.wait_with_output().expect("it ends");
        drop(stderr);
        let document: Value = serde_json::from_slice(&output.stdout).expect("the document is complete");
        assert_eq!((output.status.code(), &document["verdict"]), (Some(code), &verdict.into()), "{name}");
        assert_eq!(document["interrupted"], true);
        let cases = document["cases"].as_u64().expect("a number");
        assert!((1..1_000).contains(&cases), "{cases}");
        for finding in document["findings"].as_array().expect("a list") {
            assert!(folder.path().join(finding["scenario"].as_str().expect("a path")).exists(), "{finding}");
        }
    }
}

#[cfg(unix)]
#[test]
fn the_second_ctrl_c_ends_it_at_once() {
    let folder = folder();
    let (mut child, pipe) = waiting(folder.path(), "--operator native:reference");
    signal(&child, "INT");
    let stderr = noticed(&mut child);
    signal(&child, "INT");
    // It still waits for its campaign.
    let output = child.wait_with_output().expect("it ends");
    drop((pipe, stderr));
    assert_eq!((output.status.code(), stdout(&output).as_str()), (Some(130), ""));
}

/// As on a full disk: no file may grow beyond a kilobyte, and writing more is an error instead of a signal.
#[cfg(unix)]
#[test]
fn a_disk_that_is_full_half_way_leaves_what_was_there() {
    let folder = folder();
    let report = folder.path().join("report.xml");
    fs::write(&report, "what was there").expect("writable");
    let run = |arguments: &str| {
        let script = format!("trap '' XFSZ; ulimit -f 2; exec {} {arguments}", env!("CARGO_BIN_EXE_egress-sim"));
        Command::new("sh").args(["-c", &script]).current_dir(folder.path()).output().expect("sh runs")
    };
    let output = run("run twice.toml --operator native:reference --format junit --output report.xml");
    assert_eq!(output.status.code(), Some(64), "{}", stderr(&output));
    assert!(stderr(&output).contains("egress-sim: report.xml cannot be written: "), "{}", stderr(&output));
    assert_eq!(fs::read_to_string(&report).expect("there"), "what was there");
    let left = fs::read_dir(folder.path()).expect("there").count();
    assert_eq!(left, 3, "nothing half written is left");
}

#[test]
fn a_folder_that_cannot_be_written_is_told_of() {
    let folder = folder();
    fs::write(folder.path().join("found"), "no folder").expect("writable");
    let output = egress_sim(folder.path(), "fuzz --operator native:two-composites --campaign campaign.toml");
    assert_eq!(output.status.code(), Some(64), "{}", stderr(&output));
    assert!(
        stderr(&output).contains("found/") && stderr(&output).contains(" cannot be written: "),
        "{}",
        stderr(&output)
    );
    assert_eq!(fs::read_to_string(folder.path().join("found")).expect("there"), "no folder");
}
