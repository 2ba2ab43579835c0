//! Whether a run can be made again: in this process, and in a fresh one with another time zone, language and directory.

use std::path::Path;
use std::process::{Command, Stdio};

use egress_sim_model::sweep::CrashPoint;
use egress_sim_model::trace::CHECKPOINT_EVERY;
use egress_sim_model::world::Outcome;
use serde_json::Value;

/// What two runs of the same are compared by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Marks {
    /// The hash over all records.
    pub hash: String,
    /// The hashes on the way.
    pub checkpoints: Vec<String>,
    /// Records.
    pub events: u64,
}

impl Marks {
    /// Of a run.
    pub fn of(outcome: &Outcome) -> Marks {
        Marks {
            hash: outcome.trace_hash.to_string(),
            checkpoints: outcome.checkpoints.iter().map(ToString::to_string).collect(),
            events: outcome.events,
        }
    }

    /// Where another run, which is described by `whose`, parts from this one; none: nowhere.
    pub fn parted(&self, other: &Marks, whose: &str) -> Option<String> {
        if self == other {
            return None;
        }
        let common =
            self.checkpoints.iter().zip(&other.checkpoints).take_while(|(this, that)| this == that).count() as u64;
        let from = common * CHECKPOINT_EVERY;
        let seen_at_checkpoint = common < self.checkpoints.len().min(other.checkpoints.len()) as u64;
        let place = if seen_at_checkpoint {
            format!("between records {from} and {} (checkpoint {})", from + CHECKPOINT_EVERY, common + 1)
        } else {
            format!("behind record {from} (after checkpoint {common}, the last one that both have)")
        };
        Some(format!(
            "{whose} parts from the first run {place}: {} records with hash {} against {} with {}",
            self.events, self.hash, other.events, other.hash
        ))
    }
}

/// Runs the same in a fresh process.
///
/// # Errors
/// Why there are no marks of it, in words.
pub fn fresh_process(
    program: &Path,
    scenario: &Path,
    operator: &Path,
    crash: Option<CrashPoint>,
) -> Result<Marks, String> {
    let scenario = std::path::absolute(scenario).map_err(|error| format!("the current directory is gone: {error}"))?;
    let output = Command::new(program)
        .arg("run")
        .arg(scenario)
        .arg("--operator")
        .arg(operator)
        .args(["--format", "json", "--checkpoints"])
        .args(crash.map(|point| format!("--crash-at={point}")))
        .env("TZ", "Asia/Kathmandu")
        .env("LANG", "tr_TR.UTF-8")
        .env("LC_ALL", "tr_TR.UTF-8")
        .current_dir(std::env::temp_dir())
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("a fresh process of {} cannot be started: {error}", program.display()))?;
    marks(&output.stdout).ok_or_else(|| {
        let stderr = String::from_utf8_lossy(&output.stderr);
        let last = stderr.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("it said nothing");
        format!("a fresh process gave no report ({}): {last}", output.status)
    })
}

/// The marks in a report with one run.
fn marks(document: &[u8]) -> Option<Marks> {
    let document: Value = serde_json::from_slice(document).ok()?;
    let run = document.get("runs")?.get(0)?;
    let checkpoints = run.get("checkpoints")?.as_array()?;
    Some(Marks {
        hash: run.get("trace_hash")?.as_str()?.to_owned(),
        checkpoints: checkpoints.iter().map(|hash| hash.as_str().map(ToOwned::to_owned)).collect::<Option<_>>()?,
        events: run.get("events")?.as_u64()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(hash: &str, checkpoints: &[&str], events: u64) -> Marks {
        Marks { hash: hash.into(), checkpoints: checkpoints.iter().map(|&hash| hash.to_owned()).collect(), events }
    }

    #[test]
    fn runs_part_at_the_first_checkpoint_that_differs() {
        let one = run("ff", &["a", "b", "c"], 13_000);
        assert_eq!(one.parted(&one.clone(), "a second run"), None);
        let told = one.parted(&run("ee", &["a", "x", "y"], 13_001), "a second run").expect("they differ");
        assert!(told.starts_with("a second run parts from the first run between records 4096 and 8192 (checkpoint 2)"));
        let told = one.parted(&run("ee", &["a", "b", "c"], 13_000), "a fresh process").expect("they differ");
        assert!(told.contains("behind record 12288 (after checkpoint 3, "), "{told}");
    }

    #[test]
    fn marks_are_read_from_a_report() {
        let document = br#"{"runs":[{"trace_hash":"ff","checkpoints":["a"],"events":5000}]}"#;
        assert_eq!(marks(document), Some(run("ff", &["a"], 5_000)));
        assert_eq!(marks(br#"{"runs":[{"trace_hash":null,"checkpoints":[],"events":0}]}"#), None);
        assert_eq!(marks(b"no"), None);
    }

    #[test]
    fn a_program_that_gives_no_report_is_told_of() {
        let error = fresh_process(Path::new("/bin/false"), Path::new("a.toml"), Path::new("builtin:reference"), None);
        assert!(error.expect_err("it gives none").contains("a fresh process"));
    }
}
