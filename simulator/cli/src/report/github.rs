//! What a GitHub job shows of a run: an annotation for each finding, and a summary of the step.
//!
//! Annotations are workflow commands on stderr: the runner reads both streams of a step for them (`ScriptHandler` of
//! actions/runner gives each its `OutputManager`), and stdout is data. GitHub shows ten errors of a step and takes 1 MiB of
//! summary; the summary has every finding, as far as that goes. What cannot be recorded here fails no run.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use egress_sim_campaign::coverage::meaning;
use egress_sim_campaign::result::Document;

use super::human::replay;
use super::{Report, failures, junit};
use crate::console::{self, escape};
use crate::exit::Exit;
use crate::prose::{counted, number};

/// What GitHub takes for the summary of a step.
const SUMMARY_BYTES: usize = 1 << 20;
/// What comes in place of the rest.
const CUT: &str = "\nMore does not fit here; the log of the step has all of it.\n";

/// A job of GitHub Actions.
#[derive(Clone, Debug)]
pub struct GitHub {
    /// The file that the summary is appended to.
    summary: Option<PathBuf>,
    /// The folder that paths are relative to.
    workspace: Option<PathBuf>,
}

/// What is told there.
#[derive(Clone, Debug, Default)]
pub struct Telling {
    /// One for each finding.
    pub annotations: Vec<Annotation>,
    /// Markdown.
    pub summary: String,
}

/// An error beside a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Annotation {
    /// The scenario; empty: none.
    pub file: String,
    /// A few words.
    pub title: String,
    /// What was promised and what happened, and the command that replays it.
    pub message: String,
}

impl GitHub {
    /// If this is one.
    pub fn here() -> Option<GitHub> {
        let set = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        (std::env::var_os("GITHUB_ACTIONS")? == "true")
            .then(|| GitHub { summary: set("GITHUB_STEP_SUMMARY"), workspace: set("GITHUB_WORKSPACE") })
    }

    /// Writes the annotations, and appends the summary.
    pub fn tell(&self, telling: &Telling) {
        for annotation in &telling.annotations {
            console::error(&self.line(annotation));
        }
        if let Some(path) = &self.summary
            && let Err(error) = append(path, &telling.summary)
        {
            console::error(&format!("the summary of the step cannot be written to {}: {error}", path.display()));
        }
    }

    fn line(&self, annotation: &Annotation) -> String {
        let file = self.relative(&annotation.file);
        let file = if file.is_empty() { String::new() } else { format!("file={},", property(&file)) };
        let message: Vec<String> = annotation.message.lines().map(escape).collect();
        format!("::error {file}title={}::{}", property(&annotation.title), data(&message.join("\n")))
    }

    /// Paths of annotations start at the workspace.
    fn relative(&self, file: &str) -> String {
        let below = |workspace: &PathBuf| {
            let absolute = std::path::absolute(file).ok()?;
            Some(absolute.strip_prefix(workspace).ok()?.display().to_string())
        };
        if file.is_empty() {
            return String::new();
        }
        self.workspace.as_ref().and_then(below).unwrap_or_else(|| file.to_owned())
    }
}

/// As actions/toolkit escapes what stands behind the last `::`.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// As it escapes what stands behind a `=`.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

fn append(path: &Path, summary: &str) -> std::io::Result<()> {
    let room = SUMMARY_BYTES.saturating_sub(fs::metadata(path).map_or(0, |there| there.len() as usize));
    File::options().create(true).append(true).open(path)?.write_all(bounded(summary, room).as_bytes())
}

/// As much as fits, in whole paragraphs.
fn bounded(text: &str, room: usize) -> String {
    if text.len() <= room {
        return text.to_owned();
    }
    let most = text.floor_char_boundary(room.saturating_sub(CUT.len()));
    let end = text[..most].rfind("\n\n").map_or(0, |end| end + 1);
    if end == 0 { String::new() } else { format!("{}{CUT}", &text[..end]) }
}

/// What `run` tells.
pub fn of_runs(reports: &[Report]) -> Telling {
    let mut annotations = Vec::new();
    let exit = Exit::winner(reports.iter().map(|report| report.exit));
    let mut summary = format!("## egress-sim run: {}\n\n", exit.summary());
    summary.push_str("| | scenario | operator | promises kept | checks | broken |\n|---|---|---|---:|---:|---|\n");
    for report in reports {
        let mark = mark(report.exit);
        let kept = report.properties.iter().filter(|one| one.verdict == "held").count() as u64;
        let checks = report.properties.iter().map(|one| one.checks).sum();
        let broken: Vec<String> = report.broken().map(|broken| code(&broken.id)).collect();
        let _ = writeln!(
            summary,
            "| {mark} | {} | {} | {} | {} | {} |",
            code(&report.scenario),
            code(&report.operator),
            number(kept),
            number(checks),
            broken.join(" ")
        );
    }
    for report in reports {
        for failure in failures::of(report) {
            let title = format!("{}: {}", report.scenario, failure.what);
            let message = format!("{}\nreplay: {}", failure.message, failures::again(report));
            annotations.push(Annotation { file: report.path.clone(), title: escape(&title), message });
            let _ = write!(
                summary,
                "\n### {} {}\n\n{}\n\n    {}\n",
                code(&report.scenario),
                text(&failure.what),
                text(&failure.message),
                escape(&failures::again(report))
            );
        }
    }
    let unfired: Vec<String> = reports
        .iter()
        .flat_map(|report| report.unfired.iter().map(move |fault| (report, fault)))
        .map(|(report, fault)| format!("- {}: {} never fired\n", code(&report.scenario), text(fault)))
        .collect();
    if !unfired.is_empty() {
        let _ = write!(summary, "\n### Faults that never fired\n\n{}", unfired.concat());
    }
    summary.push('\n');
    Telling { annotations, summary }
}

/// What `fuzz` and `merge` tell.
pub fn of_campaign(document: &Document) -> Telling {
    let mut annotations = Vec::new();
    let missed: Vec<&str> = document.goals.iter().filter(|goal| goal.hits == 0).map(|goal| goal.id.as_str()).collect();
    let mut summary = format!(
        "## egress-sim fuzz: {}\n\n{} with {}, seed {}, campaign {}: {} of {} reached, {}{}.\n\n",
        document.verdict,
        counted(document.cases, "case"),
        code(&document.operator),
        document.seed,
        code(&document.campaign),
        number((document.goals.len() - missed.len()) as u64),
        counted(document.goals.len() as u64, "goal"),
        counted(document.findings.len() as u64, "finding"),
        if document.interrupted { "; it was interrupted before all of its cases were run" } else { "" }
    );
    if !missed.is_empty() {
        summary.push_str("### Goals that were not reached\n\n");
        for goal in &missed {
            let _ = writeln!(summary, "- {}: {}", code(goal), text(&meaning(goal)));
        }
        summary.push('\n');
    }
    for parted in &document.parted {
        let again = format!("{} --check-determinism", replay(&parted.scenario, &document.operator));
        let words = super::campaign::parted_words(parted);
        let title = "nondeterministic".to_owned();
        let message = format!("{words}\nagain: {again}");
        annotations.push(Annotation { file: parted.scenario.clone(), title, message });
        let _ = write!(summary, "### Nondeterministic\n\n{}\n\n    {}\n\n", text(&words), escape(&again));
    }
    for finding in &document.findings {
        let again = replay(&finding.scenario, &document.operator);
        let title = escape(&finding.fingerprint);
        let message = format!("{}\nreplay: {again}", finding.message);
        annotations.push(Annotation { file: finding.scenario.clone(), title, message });
        let _ = write!(
            summary,
            "### {}\n\n{}\n\nIn {}, reduced to {}, {} and {}:\n\n    {}\n\n",
            code(&finding.fingerprint),
            text(&finding.message),
            counted(finding.cases, "case"),
            counted(finding.calls, "call"),
            counted(finding.faults, "fault"),
            counted(finding.commands, "command"),
            escape(&again)
        );
    }
    summary.push_str("| | promise | put to the test in |\n|---|---|---:|\n");
    for (id, findings) in junit::promises(document) {
        let times = junit::times(document, &id);
        let mark = match (findings.is_empty(), times) {
            (false, _) => "❌",
            (true, 0) => "❔",
            (true, _) => "✅",
        };
        let _ = writeln!(summary, "| {mark} | {} | {} |", code(&id), counted(times, "case"));
    }
    summary.push('\n');
    Telling { annotations, summary }
}

fn mark(exit: Exit) -> &'static str {
    match exit {
        Exit::Held => "✅",
        Exit::Inconclusive => "❔",
        _ => "❌",
    }
}

/// Text that is no Markdown.
fn text(text: &str) -> String {
    let mut plain = String::with_capacity(text.len() + 8);
    for c in escape(&text.replace('\n', " ")).chars() {
        if "\\`*_{}[]<>#|~".contains(c) {
            plain.push('\\');
        }
        plain.push(c);
    }
    plain
}

/// A name, in a cell too.
fn code(name: &str) -> String {
    format!("`{}`", escape(name).replace('`', "'").replace('|', "¦"))
}

#[cfg(test)]
mod tests;
