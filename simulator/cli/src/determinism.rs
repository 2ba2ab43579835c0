//! Whether a run is the same in a fresh process with another time zone, language, size of the environment and folder.
//!
//! [`egress_sim_campaign::determinism`] compares; here is the other process. It is this program with the hidden command
//! `replay`, whose lines [`Replayed`] are.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use egress_sim_campaign::determinism::{Marks, Record, Records, with_record};
use egress_sim_model::sweep::CrashPoint;
use serde::{Deserialize, Serialize};

/// Whose run it is, in words.
const FRESH: &str = "a fresh process with another time zone, language and folder";

/// What a fresh process is asked for.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Scenario files.
    pub scenarios: Vec<PathBuf>,
    /// An `OP` that means the same in every folder.
    pub operator: PathBuf,
    /// The crash that the command line adds.
    pub crash_at: Option<CrashPoint>,
    /// Records from this one on; none: only marks.
    pub records: Option<u64>,
}

/// A line of `replay`: one scenario.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replayed {
    /// What it is compared by.
    pub marks: Marks,
    /// The records that were asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub records: Option<Vec<Record>>,
}

/// How a fresh process is started; the environment is put around it by [`replay`].
pub type Start = dyn Fn(&Asked) -> Result<Command, String>;

/// This program once more.
///
/// # Errors
/// Where it cannot be found.
pub fn this_program(asked: &Asked) -> Result<Command, String> {
    let program = std::env::current_exe().map_err(|error| format!("this program cannot be found: {error}"))?;
    let mut command = Command::new(program);
    command.arg("replay").arg("--operator").arg(&asked.operator);
    command.args(asked.crash_at.map(|point| format!("--crash-at={point}")));
    command.args(asked.records.map(|from| format!("--records={from}")));
    command.arg("--").args(&asked.scenarios);
    Ok(command)
}

/// Runs the same in a fresh process.
///
/// # Errors
/// Why it gave nothing to compare with, in words.
pub fn replay(start: &Start, asked: &Asked) -> Result<Vec<Replayed>, String> {
    let gone = |error| format!("the current folder is gone: {error}");
    let scenarios: Result<_, _> = asked.scenarios.iter().map(|path| std::path::absolute(path).map_err(gone)).collect();
    let mut command = start(&Asked { scenarios: scenarios?, ..asked.clone() })?;
    // Addresses on the stack move with the size of the environment.
    command.env("EGRESS_SIM_ELSEWHERE", "x".repeat(4096));
    command.env("TZ", "Asia/Kathmandu").env("LANG", "tr_TR.UTF-8").env("LC_ALL", "tr_TR.UTF-8");
    command.current_dir(std::env::temp_dir()).stdin(Stdio::null());
    // The terminal's Ctrl-C is meant for the one who waits for it.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let output = command.output().map_err(|error| format!("a fresh process cannot be started: {error}"))?;
    let lines = String::from_utf8_lossy(&output.stdout);
    let replayed: Vec<Replayed> =
        lines.lines().filter(|line| line.starts_with('{')).map_while(|line| serde_json::from_str(line).ok()).collect();
    if replayed.len() == asked.scenarios.len() {
        return Ok(replayed);
    }
    let stderr = String::from_utf8_lossy(&output.stderr);
    let last = stderr.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("it said nothing");
    Err(format!(
        "a fresh process ran {} of {} scenarios ({}): {last}",
        replayed.len(),
        asked.scenarios.len(),
        output.status
    ))
}

/// Where the run of a fresh process parts from `first`, with the first record that differs; none: nowhere. `here` runs it once
/// more in this process.
pub fn parted(
    start: &Start,
    asked: &Asked,
    first: &Marks,
    fresh: &Marks,
    here: impl FnOnce(&mut Records) -> Result<(), String>,
) -> Option<String> {
    let how = first.parted(fresh, FRESH)?;
    let from = first.common(fresh);
    let (mut ours, mut theirs) = (Records::behind(from), Records::behind(from));
    let with_records = Asked { records: Some(from), ..asked.clone() };
    let shown = here(&mut ours).and_then(|()| {
        let replayed = replay(start, &with_records)?;
        theirs.kept = replayed.into_iter().next().and_then(|replayed| replayed.records).unwrap_or_default();
        Ok(())
    });
    Some(match shown {
        Ok(()) => with_record(&how, ours.differ(&theirs, "the fresh process").as_deref()),
        Err(why) => format!("{how}. The record cannot be shown: {why}"),
    })
}

/// One scenario file.
pub fn of_file(scenario: &Path, operator: PathBuf, crash_at: Option<CrashPoint>) -> Asked {
    Asked { scenarios: vec![scenario.to_owned()], operator, crash_at, records: None }
}

#[cfg(test)]
pub mod tests;
