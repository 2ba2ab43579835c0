//! `egress-sim explain`: promises, faults, the surfaces that faults are of, and exit codes in words.

use std::fmt::Write as _;

use egress_sim_model::fault::reports::{CHAPTERS, Chapter, Report, Shown, reports_of};
use egress_sim_model::fault::{Default, KINDS, Kind, Parameter};
use egress_sim_model::property::{About, builtin};

use crate::UserError;
use crate::exit::Exit;
use crate::prose::{hang, sentence};

/// What an id means.
///
/// # Errors
/// No such id: the one that was probably meant.
pub fn explain(id: &str) -> Result<String, UserError> {
    let properties = abouts();
    if let Some(about) = properties.iter().find(|about| about.id == id) {
        return Ok(property(about));
    }
    if let Some(kind) = KINDS.iter().find(|kind| kind.name == id) {
        return Ok(fault(kind));
    }
    if let Some(chapter) = CHAPTERS.iter().find(|chapter| chapter.surface == id) {
        return Ok(surface(chapter));
    }
    if let Some(exit) = Exit::BY_PRECEDENCE.iter().find(|exit| exit.code().to_string() == id) {
        return Ok(exit_code(*exit));
    }
    if let Some(name) = id.strip_prefix("custom.") {
        return Ok(custom(name));
    }
    let ids = properties.iter().map(|about| about.id).chain(KINDS.iter().map(|kind| kind.name));
    let meant = nearest(id, ids.chain(CHAPTERS.iter().map(|chapter| chapter.surface)))
        .map(|meant| format!("did you mean {meant}? "))
        .unwrap_or_default();
    Err(UserError(format!(
        "`{id}` is no promise, no fault, no surface and no exit code; {meant}`egress-sim explain` lists all of them"
    )))
}

/// Every id with one line; faults by the surface that they are of.
pub fn index() -> String {
    let mut text = String::new();
    let properties: Vec<(&str, &str)> = abouts().iter().map(|about| (about.id, about.promise)).collect();
    let _ = write!(text, "Promises\n{}\n", listed(&properties));
    for chapter in CHAPTERS {
        let _ = write!(text, "Faults of {}: {}\n{}\n", chapter.surface, chapter.title, listed(&faults_of(chapter)));
    }
    text.push_str("Exit codes\n");
    let mut exits = Exit::BY_PRECEDENCE;
    exits.sort_by_key(|exit| exit.code());
    for exit in exits {
        let _ = writeln!(text, "  {:<2}  {}", exit.code(), exit.summary());
    }
    text
}

fn faults_of(chapter: &Chapter) -> Vec<(&'static str, &'static str)> {
    let own = KINDS.iter().filter(|kind| kind.surface() == chapter.surface);
    own.map(|kind| (kind.name, kind.summary)).collect()
}

/// A line or more for each id.
fn listed(entries: &[(&str, &str)]) -> String {
    let width = entries.iter().map(|(id, _)| id.len()).max().unwrap_or_default();
    entries.iter().fold(String::new(), |mut text, (id, summary)| {
        let _ = writeln!(text, "  {id:width$}  {}", hang(summary, width + 4));
        text
    })
}

/// The candidate that was probably meant: few letters away, or the same word behind another dot.
pub fn nearest<'a>(word: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let tail = |id: &str| id.rsplit('.').next().unwrap_or_default().to_owned();
    candidates
        .map(|candidate| {
            let distance = strsim::damerau_levenshtein(word, candidate);
            let same_word = word.len() > 2 && tail(candidate) == tail(word);
            (if same_word { distance.min(1) } else { distance }, candidate)
        })
        .filter(|(distance, _)| *distance <= word.chars().count() / 3)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

fn abouts() -> Vec<&'static About> {
    builtin().iter().map(|property| property.about()).collect()
}

fn property(about: &About) -> String {
    let mut text = format!("{}: a promise\n\n", about.id);
    let _ = writeln!(text, "  promise    {}", hang(&sentence(about.promise), 13));
    let _ = writeln!(text, "  why        {}", hang(&sentence(about.why), 13));
    let _ = writeln!(text, "  one check  each {}", hang(about.one_check, 13));
    if !about.broken_by.is_empty() {
        let op = format!("builtin:broken/{}", about.broken_by);
        let _ = writeln!(text, "  broken by  {op}");
        let _ = write!(text, "\nTo see it fail:\n\n  egress-sim run scenarios --operator {op}\n");
    }
    text
}

fn custom(name: &str) -> String {
    format!(
        "custom.{name}: a promise of the operator's author\n\n  {}\n",
        hang("The operator makes it with check.always; it is held as long as its condition is true each time.", 2)
    )
}

fn exit_code(exit: Exit) -> String {
    format!("exit code {}: {}\n\n  {}\n", exit.code(), exit.summary(), hang(exit.details(), 2))
}

fn surface(chapter: &Chapter) -> String {
    let faults = faults_of(chapter);
    let mut text = format!("{}: {}\n\nFaults:\n\n{}", chapter.surface, chapter.title, listed(&faults));
    let beginning = format!("{}.", chapter.surface);
    let promises: Vec<(&str, &str)> = abouts()
        .iter()
        .filter(|about| about.id.starts_with(&beginning))
        .map(|about| (about.id, about.promise))
        .collect();
    if !promises.is_empty() {
        let _ = write!(text, "\nPromises:\n\n{}", listed(&promises));
    }
    if let Some((first, _)) = faults.first() {
        let _ = write!(text, "\nEach by itself: egress-sim explain {first}\n");
    }
    text
}

fn fault(kind: &Kind) -> String {
    let mut text = format!("{}: a fault\n\n", kind.name);
    let _ = writeln!(text, "  what            {}", hang(&sentence(kind.summary), 18));
    let _ = writeln!(text, "  seen in         {}", hang(&sentence(kind.source), 18));
    let _ = writeln!(text, "  sound operator  {}", hang(&sentence(kind.sound_operator), 18));
    let _ = writeln!(text, "  strikes at      {} where the scenario does not say", kind.on);
    let _ = writeln!(text, "  on may name     {}", hang(&kind.points.join(", "), 18));
    let when = "`at` a moment, `on` a point with `nth` and `count`, or `after` a named step; `for` makes it a window, \
                `where` narrows it.";
    let _ = writeln!(text, "  when            {}", hang(when, 18));
    let _ = writeln!(text, "  shown by        {}", kind.scenario());
    if !kind.parameters.is_empty() {
        let width = kind.parameters.iter().map(|parameter| parameter.name.len()).max().unwrap_or_default();
        text.push_str("\nParameters:\n\n");
        for Parameter { name, summary, default } in kind.parameters {
            let summary = hang(&format!("{} ({})", sentence(summary), default.words()), width + 4);
            let _ = writeln!(text, "  {name:width$}  {summary}");
        }
    }
    let _ = write!(text, "\nExample:\n\n{}\nStands for:\n\n", indent(&example(kind)));
    for report in reports_of(kind.name) {
        let _ = writeln!(text, "  {}", hang(&format!("{} ({})", report.symptom, report.source), 4));
        for with in said_besides(report, kind) {
            let _ = writeln!(text, "    with {}", hang(with, 9));
        }
    }
    text
}

/// What a block of this kind says besides, to show the report.
fn said_besides<'a>(report: &'a Report, of: &'a Kind) -> impl Iterator<Item = &'static str> + 'a {
    report.shown_by.iter().filter_map(move |shown| match shown {
        Shown::Fault { kind, with } if *kind == of.name && !with.is_empty() => Some(*with),
        _ => None,
    })
}

/// A `[[fault]]` block that has every parameter at its default.
fn example(kind: &Kind) -> String {
    let mut block = format!("[[fault]]\ndo = \"{}\"\non = \"{}\"\nnth = 2\n", kind.name, kind.on);
    for parameter in kind.parameters {
        let value = match parameter.default {
            Default::Integer(value) => value.to_string(),
            Default::Span(text) | Default::Text(text) => format!("\"{text}\""),
            Default::SpanOf(_) => "\"5s\"".into(),
            Default::OneOf(words) => format!("\"{}\"", words[0]),
        };
        let _ = writeln!(block, "{} = {value}", parameter.name);
    }
    block
}

fn indent(text: &str) -> String {
    text.lines().fold(String::new(), |indented, line| indented + "  " + line + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_in_the_index_is_explained() {
        let ids: Vec<String> = abouts()
            .iter()
            .map(|about| about.id.to_owned())
            .chain(KINDS.iter().map(|kind| kind.name.to_owned()))
            .chain(CHAPTERS.iter().map(|chapter| chapter.surface.to_owned()))
            .chain(Exit::BY_PRECEDENCE.iter().map(|exit| exit.code().to_string()))
            .collect();
        let index = index();
        for id in ids {
            let stands = [format!("  {id} "), format!("Faults of {id}:")].iter().any(|entry| index.contains(entry));
            assert!(stands, "{id} is not in the index");
            let text = explain(&id).expect("it is known");
            assert!(text.contains(&id), "{text}");
            // A parameter's default may be a long text, which TOML has on one line.
            let short = |line: &str| line.chars().count() <= 110 || line.contains(" = \"");
            assert!(text.lines().all(short), "{text}");
        }
    }

    #[test]
    fn a_fault_a_promise_and_an_exit_code_in_words() {
        static ABOUT: About = About {
            id: "playlist.final",
            promise: "A link is published only once the stored playlist carries ENDLIST",
            why: "A viewer's player takes a playlist without ENDLIST for a live stream, and waits for ever.",
            one_check: "publication of an HLS",
            broken_by: "publish-early",
        };
        let texts = [
            explain("s3.batch_partial").expect("a fault"),
            explain("webhook.forged").expect("a fault"),
            explain("clock").expect("a surface"),
            property(&ABOUT),
            explain("2").expect("an exit code"),
            explain("custom.balance").expect("a custom one"),
        ];
        insta::assert_snapshot!(texts.join("\n----\n\n"));
    }

    #[test]
    fn the_example_of_a_fault_is_toml_with_its_own_keys() {
        for kind in KINDS {
            let table: toml::Table = example(kind).parse().expect("TOML");
            let block = table["fault"][0].as_table().expect("a block");
            assert_eq!(block["do"].as_str(), Some(kind.name));
            assert_eq!(block.len(), 3 + kind.parameters.len());
        }
    }

    #[test]
    fn a_slip_of_the_finger_is_understood() {
        for (written, meant) in [
            ("s3.batch_partal", "s3.batch_partial"),
            ("webhok.forged", "webhook.forged"),
            ("sink.slow_down", "s3.slow_down"),
        ] {
            let error = explain(written).expect_err("no such id").0;
            assert!(error.contains(&format!("did you mean {meant}?")), "{error}");
        }
        let error = explain("xyzzy").expect_err("no such id").0;
        assert!(!error.contains("did you mean"), "{error}");
    }
}
