//! The page as Markdown.

use std::fmt::Write as _;
use std::fs;

use egress_sim_model::fault::reports::{CHAPTERS, Chapter, Report, Shown, reports_of};
use egress_sim_model::fault::{KINDS, Kind};
use egress_sim_tests::root;

use crate::verdicts::Catch;

const HEAD: &str = r#"# Faults

<!-- Made from the code by `make docs`; change the entries below simulator/model/src/fault, not this page. -->

A fault is one thing that goes wrong in a scenario, named `surface.what`. The world is kind without them: every webhook
arrives, every request is answered, nothing is lost. A scenario names each one with the moment at which it strikes, never with a
probability, so that the same file does the same thing every time.

```toml
[[fault]]
do = "webhook.drop"                    # what goes wrong
on = "webhook.delivery"                # where: a call such as s3.delete_objects, a moment, or a pattern such as s3.*
nth = 2                                # at the second match
count = 3                              # and the two behind it
where = { event = "egress_updated" }   # of all matches, only these
```

## When a fault strikes

| keys | it strikes |
|---|---|
| none | at the first match of the kind's own point |
| `on`, `nth`, `count` | at matches number `nth` to `nth + count - 1` of a point, or of a pattern that ends with `*` |
| `at` | at the first match of the kind's own point from this moment on, counted from `world.start` |
| `after` | at the first match of the kind's own point behind a named call, command or fault |
| `for`, besides | at every match for so long: with `at` from that moment on, otherwise from its first strike on |
| `where`, besides | only where `event`, `bucket`, `key` (or a beginning with `*`), `tenant`, `room` and `instance` are these |

A match that another fault took counts all the same, so taking one fault out of a file moves no other one's place.

**Outcomes.** A call that changes something can come to three bad ends: not applied and an error, applied and an error, applied and
a crash. Faults of calls that have `effect` let the scenario choose; the operator is told which of three things it may
conclude: a rejection (a definite no), not sent, or outcome unknown.

**A fault that never strikes** is reported: by hand as a warning, with `CI` set as inconclusive (exit code 2), because what the
scenario was to test was not tested.

**Healing.** Behind its last fault the world is kind again. Whatever is to be reached in the end (everything deleted, every row
closed, every link right) is judged behind that, within `[promises].converge`; what must never happen is judged all the time.

`egress-sim explain KIND` prints an entry of this page, `egress-sim explain SURFACE` a list.
"#;

/// The page.
pub fn page(scenarios: &[(String, Vec<&'static Kind>)], catches: &[Catch]) -> String {
    let mut text = HEAD.to_owned();
    for chapter in CHAPTERS {
        write_surface(&mut text, chapter, scenarios, catches);
    }
    write_reports(&mut text);
    text.push_str("\n## Where each has struck\n\n");
    text.push_str("[`tests/matrix.rs`](../tests/matrix.rs) lets each kind strike in each of its forms at each point.\n\n```text\n");
    text.push_str(&fs::read_to_string(root().join("tests/matrix.txt")).expect("tests/matrix.txt is there"));
    text.push_str("```\n");
    text
}

fn write_surface(text: &mut String, chapter: &Chapter, scenarios: &[(String, Vec<&'static Kind>)], catches: &[Catch]) {
    let kinds = || KINDS.iter().filter(|kind| kind.surface() == chapter.surface);
    if kinds().next().is_none() {
        return;
    }
    let _ = writeln!(text, "\n## `{}`: {}\n\n| fault | what happens |\n|---|---|", chapter.surface, chapter.title);
    for kind in kinds() {
        let _ = writeln!(text, "| [`{}`](#{}) | {} |", kind.name, anchor(kind.name), cell(kind.summary));
    }
    for kind in kinds() {
        write_kind(text, kind, scenarios, catches);
    }
}

fn write_kind(text: &mut String, kind: &Kind, scenarios: &[(String, Vec<&'static Kind>)], catches: &[Catch]) {
    let _ = writeln!(text, "\n### `{}`\n\n{}\n", kind.name, kind.summary);
    let _ = writeln!(text, "- **Seen in:** {}", kind.source);
    let _ = writeln!(text, "- **A sound operator:** {}", kind.sound_operator);
    let others: Vec<String> =
        kind.points.iter().filter(|point| **point != kind.on).map(|point| format!("`{point}`")).collect();
    let may = if others.is_empty() { String::new() } else { format!("; `on` may also name {}", others.join(", ")) };
    let _ = writeln!(text, "- **Strikes at:** `{}`{may}", kind.on);

    let own = kind.scenario();
    let shows = |(path, kinds): &&(String, Vec<&Kind>)| {
        format!("scenarios/{path}") != own && kinds.iter().any(|has| has.name == kind.name)
    };
    let besides: Vec<String> = scenarios.iter().filter(shows).map(|(path, _)| link(path)).collect();
    let also = if besides.is_empty() { String::new() } else { format!("; also {}", besides.join(", ")) };
    let _ = writeln!(text, "- **Shown by:** {}{also}", link(own.trim_start_matches("scenarios/")));
    let file = own.trim_start_matches("scenarios/").trim_end_matches(".toml");
    let caught: Vec<String> = catches
        .iter()
        .filter(|catch| catch.files.iter().any(|has| has == file))
        .map(|catch| format!("`{}`", catch.operator))
        .collect();
    if !caught.is_empty() {
        let _ = writeln!(text, "- **Catches there what holds without faults:** {}", caught.join(", "));
    }
    let sources: Vec<&str> = reports_of(kind.name).map(|report| report.source).collect();
    let _ = writeln!(text, "- **Stands for:** {}", sources.join("; "));
    if !kind.parameters.is_empty() {
        text.push_str("\n| parameter | what for | values |\n|---|---|---|\n");
        for parameter in kind.parameters {
            let words = parameter.default.words();
            let _ = writeln!(text, "| `{}` | {} | {} |", parameter.name, cell(parameter.summary), cell(&words));
        }
    }
}

fn write_reports(text: &mut String) {
    text.push_str(
        "\n## From report to fault\n\nWhat users of LiveKit, of its applications and of S3 reported, and what the sources say can \
         happen, with what shows it here: a fault; a key of the scenario; the model as it is; or nothing, where no operator could \
         tell.\n",
    );
    for chapter in CHAPTERS {
        let _ = writeln!(text, "\n### {}\n\n| seen in | what was seen | shown by |\n|---|---|---|", chapter.title);
        for Report { source, symptom, shown_by } in chapter.reports {
            let shown: Vec<String> = shown_by.iter().map(|shown| shown_in_words(*shown)).collect();
            let _ = writeln!(text, "| {} | {} | {} |", cell(source), cell(symptom), cell(&shown.join("; ")));
        }
    }
}

fn shown_in_words(shown: Shown) -> String {
    let besides = |with: &str| if with.is_empty() { String::new() } else { format!(": {with}") };
    match shown {
        Shown::Fault { kind, with } => format!("[`{kind}`](#{}){}", anchor(kind), besides(with)),
        Shown::Key { key, with } => format!("`{key}`{}", besides(with)),
        Shown::Always(why) => format!("*in every run:* {why}"),
        Shown::Hidden(why) => format!("*not observable:* {why}"),
    }
}

/// As a heading's link is made: without what is neither letter, number, `_` nor `-`.
fn anchor(kind: &str) -> String {
    kind.chars().filter(|letter| letter.is_alphanumeric() || *letter == '_').collect()
}

fn link(path: &str) -> String {
    let stem = path.rsplit('/').next().unwrap_or(path);
    format!("[`{stem}`](../scenarios/{path})")
}

/// A text inside a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}
