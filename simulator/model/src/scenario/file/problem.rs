//! What is wrong with a scenario file: every problem at its place, with a way out.

use std::fmt::Write as _;
use std::ops::Range;

use miette::{Diagnostic, LabeledSpan, NamedSource};
use thiserror::Error;

/// A scenario file that cannot be read. For colour, hand it to miette; [`FileError::render`] is plain text.
#[derive(Clone, Debug, Error, Diagnostic)]
#[error("{}", headline(.problems.len()))]
pub struct FileError {
    #[source_code]
    source_code: NamedSource<String>,
    #[related]
    problems: Vec<Problem>,
}

/// One thing that is wrong, in order of the file.
#[derive(Clone, Debug, PartialEq, Eq, Error, Diagnostic)]
#[error("{message}")]
pub struct Problem {
    /// What is wrong, in domain words.
    pub message: String,
    /// The key or value, in bytes of the source.
    pub at: Range<usize>,
    /// The places to point at; the first one is `at`.
    #[label(collection)]
    labels: Vec<LabeledSpan>,
    /// What to do.
    #[help]
    pub help: Option<String>,
}

fn headline(problems: usize) -> String {
    match problems {
        1 => "the scenario file has a problem".into(),
        several => format!("the scenario file has {several} problems"),
    }
}

impl Problem {
    /// A problem at a place.
    pub(super) fn new(at: Range<usize>, message: impl Into<String>) -> Problem {
        let labels = vec![LabeledSpan::new_with_span(None, at.clone())];
        Problem { message: message.into(), at, labels, help: None }
    }

    /// With a way out.
    pub(super) fn help(mut self, help: impl Into<String>) -> Problem {
        self.help = Some(help.into());
        self
    }

    /// With a second place that has to do with it.
    pub(super) fn also(mut self, at: Range<usize>, label: &str) -> Problem {
        self.labels.push(LabeledSpan::new_with_span(Some(label.into()), at));
        self
    }
}

impl FileError {
    pub(super) fn new(name: &str, source: &str, mut problems: Vec<Problem>) -> FileError {
        problems.sort_by_key(|problem| problem.at.start);
        FileError { source_code: NamedSource::new(name, source.into()), problems }
    }

    /// Under this name in miette's reports.
    pub fn with_path(self, path: &str) -> FileError {
        let source = self.source_code.inner().clone();
        FileError { source_code: NamedSource::new(path, source), ..self }
    }

    /// Everything that is wrong, in order of the file.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// Plain text: for each problem `path:line:column: error: …`, the line and the way out.
    pub fn render(&self, path: &str) -> String {
        let mut text = String::new();
        for problem in &self.problems {
            if !text.is_empty() {
                text.push('\n');
            }
            self.render_one(&mut text, path, problem);
        }
        text
    }

    fn render_one(&self, text: &mut String, path: &str, problem: &Problem) {
        let source = self.source_code.inner();
        let mut excerpts: Vec<Excerpt<'_>> = problem
            .labels
            .iter()
            .map(|label| Excerpt::of(source, label.offset()..label.offset() + label.len(), label.label().unwrap_or("")))
            .collect();
        let Excerpt { number, column, .. } = excerpts[0];
        writeln!(text, "{path}:{number}:{column}: error: {}", problem.message).expect("a text takes all");
        excerpts.sort_by_key(|excerpt| excerpt.number);
        let margin = excerpts.iter().map(|excerpt| excerpt.number).max().unwrap_or(1).to_string().len();
        writeln!(text, "{:margin$} |", "").expect("a text takes all");
        for excerpt in excerpts {
            writeln!(text, "{:>margin$} | {}", excerpt.number, excerpt.line).expect("a text takes all");
            let under = format!("{:margin$} | {}{} {}", "", excerpt.indent(), "^".repeat(excerpt.width), excerpt.label);
            writeln!(text, "{}", under.trim_end()).expect("a text takes all");
        }
        if let Some(help) = &problem.help {
            writeln!(text, "{:margin$} = help: {help}", "").expect("a text takes all");
        }
    }
}

/// The line that a span begins in.
struct Excerpt<'s> {
    number: usize,
    column: usize,
    line: &'s str,
    width: usize,
    label: &'s str,
}

impl<'s> Excerpt<'s> {
    fn of(source: &'s str, at: Range<usize>, label: &'s str) -> Excerpt<'s> {
        let start = source.floor_char_boundary(at.start);
        let end = source.floor_char_boundary(at.end);
        let line_start = source[..start].rfind('\n').map_or(0, |newline| newline + 1);
        let line_end = source[start..].find('\n').map_or(source.len(), |newline| start + newline);
        let line = source[line_start..line_end].trim_end_matches('\r');
        let marked_end = end.min(line_start + line.len()).max(start);
        Excerpt {
            number: source[..start].matches('\n').count() + 1,
            column: source[line_start..start].chars().count() + 1,
            line,
            width: source[start..marked_end].chars().count().max(1),
            label,
        }
    }

    /// As wide as what stands before the place, tabs kept.
    fn indent(&self) -> String {
        self.line.chars().take(self.column - 1).map(|c| if c == '\t' { '\t' } else { ' ' }).collect()
    }
}

/// The candidate that somebody probably meant: few edits away, or one is the beginning of the other.
pub(super) fn nearest<'c>(written: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    candidates
        .into_iter()
        .filter_map(|candidate| {
            let edits = strsim::damerau_levenshtein(written, candidate);
            let begins = written.len() >= 3 && (candidate.starts_with(written) || written.starts_with(candidate));
            let close = edits <= 1 + written.chars().count() / 4 || (begins && candidate.len() >= 3);
            // What is only half written comes before what is nearly the same.
            let half_written = begins && candidate.starts_with(written);
            (close && edits < candidate.chars().count()).then_some((!half_written, edits, candidate))
        })
        .min()
        .map(|(_, _, candidate)| candidate)
}

/// A way out for a name that nobody knows: the one probably meant, or all there are.
pub(super) fn suggestion(written: &str, candidates: &[&str], what: &str) -> String {
    match nearest(written, candidates.iter().copied()) {
        Some(candidate) => format!("did you mean \"{candidate}\"?"),
        None if candidates.is_empty() => format!("the file has no {what}"),
        None if candidates.len() <= 40 => format!("{what}: {}", candidates.join(", ")),
        None => format!("there are {} {what}, none with a similar name", candidates.len()),
    }
}
