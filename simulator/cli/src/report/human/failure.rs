//! A failure as a story: verdict, what was promised and what happened, how it came about, the scenario, what each step of it is
//! needed for, books and world, commands, and how sure it is. `run` knows half of it, a search all.

use std::fmt::Write as _;
use std::time::Duration;

use egress_sim_campaign::fingerprint::Fingerprint;
use egress_sim_campaign::necessity::{Necessity, Step};
use egress_sim_campaign::reduce::Progress;
use egress_sim_model::books::Disagreements;
use egress_sim_model::scenario::write::write;
use egress_sim_model::scenario::{Scenario, When};
use egress_sim_model::time::Span;

use super::{Human, command, day, fault_words, lane_name, quoted, short, times, times64};
use crate::console::escape;
use crate::prose::{counted, hang, number};
use crate::report::{PropertyReport, Report};
use crate::story::{Line, Mark, Story};

/// A scenario of at most so many lines is shown in full.
const INLINE_LINES: usize = 30;

/// What is known of a scenario that was reduced.
#[derive(Clone, Copy, Debug)]
pub struct Reduction<'a> {
    /// What it is known by.
    pub fingerprint: &'a Fingerprint,
    /// Cases of the campaign that broke the promise so, and all; none: a file was reduced.
    pub cases: Option<(u64, u64)>,
    /// The campaign's digest, its seed, and the number of the case.
    pub origin: Option<(&'a str, u64, u64)>,
    /// The scenario without its provenance.
    pub scenario: &'a Scenario,
    /// What its steps are needed for.
    pub necessities: &'a [Necessity],
    /// How it came about.
    pub progress: Progress,
    /// How long that took.
    pub took: Duration,
    /// Whether the file lies where `promote` finds it.
    pub promotable: bool,
}

impl Human {
    /// What stands below the head of a report.
    pub(super) fn told(&self, report: &Report, reduction: Option<&Reduction<'_>>) -> String {
        let mut text = String::new();
        let Some(main) = report.main.and_then(|main| report.properties.get(main)) else { return text };
        self.verdict(&mut text, main, reduction);
        if let Some(story) = &report.story {
            self.story(&mut text, story, &main.id);
            text.push('\n');
        }
        also_broken(&mut text, report, main);
        if let Some(reduction) = reduction {
            inline(&mut text, reduction.scenario);
            necessary(&mut text, reduction);
        }
        if let Some(story) = &report.story {
            self.books(&mut text, &story.books);
        }
        commands(&mut text, report, main, reduction);
        stamp(&mut text, report);
        text
    }

    /// What broke, how often, and what was promised.
    fn verdict(&self, text: &mut String, main: &PropertyReport, reduction: Option<&Reduction<'_>>) {
        let mut how_often = format!("broken {} in {}", times64(main.violations), counted(main.checks, "check"));
        if let Some((cases, of)) = reduction.and_then(|reduction| reduction.cases) {
            how_often = format!("{} of {}; {how_often} here", number(cases), counted(of, "case"));
        }
        let (fail, id) = (self.paint.bad("FAIL"), self.paint.strong(&main.id));
        let _ = writeln!(text, "  {fail} {id}  {}", self.paint.faint(how_often));
        if let Some(reduction) = reduction {
            let _ = writeln!(text, "  {}", self.paint.faint(format!("fingerprint {}", reduction.fingerprint)));
        }
        let _ = writeln!(text, "  {}\n", hang(&escape(main.message.as_deref().unwrap_or_default()), 2));
    }

    fn story(&self, text: &mut String, story: &Story, id: &str) {
        let days = |line: &Line| match line {
            Line::Record { at, .. } | Line::TimeIsUp(at) => day(*at).0.to_string().len(),
            Line::Elided(_) => 0,
        };
        let width = story.lines.iter().map(days).max().unwrap_or(0);
        let moment = |at: Span| {
            let (day, clock) = day(at);
            format!("day {day:>width$} {clock}")
        };
        for line in &story.lines {
            let _ = match line {
                Line::Record { at, lane, text: what, mark } => {
                    let line = format!("{}  {:8}  {}", moment(*at), lane_name(*lane), escape(what));
                    match mark {
                        Mark::None => writeln!(text, "    {line}"),
                        Mark::Injected => writeln!(text, "  {}", self.paint.warn(format!("! {line}"))),
                        Mark::Violation => writeln!(text, "  {}", self.paint.bad(format!("✗ {line}"))),
                    }
                }
                Line::Elided(count) => {
                    let elided = format!("… {} left out", counted(*count, "record"));
                    writeln!(text, "    {:1$}  {2}", "", width + 17, self.paint.faint(elided))
                }
                Line::TimeIsUp(at) => {
                    let line = format!("✗ {}  {:8}  time is up: {id} is broken", moment(*at), "promise");
                    writeln!(text, "  {}", self.paint.bad(line))
                }
            };
        }
    }

    /// The recordings on which the operator's books and the world do not agree.
    fn books(&self, text: &mut String, books: &Disagreements) {
        if books.told.is_empty() {
            return;
        }
        gap(text);
        let _ = writeln!(text, "  state        what the operator's books say (-) and what is (+), at that moment");
        for found in &books.told {
            let _ = writeln!(text, "               {}", escape(&found.recording));
            for line in &found.books {
                let line = format!("- {}", hang(&escape(line), 19));
                let _ = writeln!(text, "                 {}", self.paint.bad(line));
            }
            for line in &found.world {
                let line = format!("+ {}", hang(&escape(line), 19));
                let _ = writeln!(text, "                 {}", self.paint.good(line));
            }
        }
        if books.others > 0 {
            let more = format!("and {} besides", counted(books.others as u64, "recording"));
            let _ = writeln!(text, "               {}", self.paint.faint(more));
        }
        text.push('\n');
    }
}

fn also_broken(text: &mut String, report: &Report, main: &PropertyReport) {
    let mut label = "also broken";
    for other in report.broken().filter(|other| other.id != main.id) {
        let message = format!("{}: {}", other.id, escape(other.message.as_deref().unwrap_or_default()));
        let _ = writeln!(text, "  {label:11}  {}", hang(&message, 15));
        label = "";
    }
    let mut label = "expectation";
    for unmet in &report.unmet {
        let _ = writeln!(text, "  {label:11}  {}", hang(&escape(unmet), 15));
        label = "";
    }
}

/// An empty line, unless there is one.
fn gap(text: &mut String) {
    if !text.ends_with("\n\n") {
        text.push('\n');
    }
}

fn inline(text: &mut String, scenario: &Scenario) {
    let file = write(scenario);
    if file.lines().count() > INLINE_LINES {
        return;
    }
    gap(text);
    for line in file.lines() {
        let line = escape(line);
        let _ = writeln!(text, "{}", if line.is_empty() { line } else { format!("    {line}") });
    }
    text.push('\n');
}

fn necessary(text: &mut String, reduction: &Reduction<'_>) {
    if !reduction.necessities.is_empty() {
        gap(text);
    }
    let mut label = "necessary";
    for necessity in reduction.necessities {
        let without = if necessity.without_it.is_empty() {
            "without it every promise holds".to_owned()
        } else {
            format!("without it {} breaks", necessity.without_it.join(", "))
        };
        let mut line = format!("{}: {without}", step_words(reduction.scenario, necessity.step));
        if let Some(parting) = &necessity.parting {
            let what = |line: &Option<String>| line.clone().unwrap_or_else(|| "nothing more happens".into());
            let _ = write!(
                line,
                "; the runs part after {}: {} (without it: {})",
                parting.since_start,
                what(&parting.with_it),
                what(&parting.without_it)
            );
        }
        let _ = writeln!(text, "  {label:11}  {}", hang(&escape(&line), 15));
        label = "";
    }
    if !reduction.necessities.is_empty() {
        text.push('\n');
    }
}

/// A step in words: what, and when.
fn step_words(scenario: &Scenario, step: Step) -> String {
    match step {
        Step::Fault(place) => fault_words(&scenario.faults[place]),
        Step::Command(place) => {
            let command = &scenario.commands[place];
            let when = match &command.when {
                When::At(at) => format!("at {at}"),
                When::After(step) => format!("after {step}"),
            };
            let room = command.room.as_deref().map(|room| format!(", room {room}")).unwrap_or_default();
            format!("command {} of {} ({when}{room})", command.order.name(), command.tenant)
        }
        Step::ContractEnd(place) => {
            let tenant = &scenario.tenants[place];
            format!("contract end of {} (at {})", tenant.name, tenant.contract_end.unwrap_or_default())
        }
        Step::Call(place) => {
            let call = &scenario.calls[place];
            format!("call {} of {} (at {})", call.room, call.tenant, call.at)
        }
    }
}

fn commands(text: &mut String, report: &Report, main: &PropertyReport, reduction: Option<&Reduction<'_>>) {
    let command = command(report);
    let _ = writeln!(text, "  scenario     {}", escape(&report.path));
    let _ = writeln!(text, "  replay       {command}");
    let _ = writeln!(text, "  whole trace  {command} --trace trace.jsonl");
    if reduction.is_some_and(|reduction| reduction.promotable) {
        let _ = writeln!(text, "  keep it      egress-sim promote {}", quoted(&report.path));
    }
    let _ = writeln!(text, "  explain      egress-sim explain {}", main.id);
    let without = if report.outside.is_some() { "on sockets" } else { "native" };
    let operator = report.operator_digest.as_deref().map_or(without, short);
    let _ = writeln!(
        text,
        "  made by      egress-sim {}, model {}, seed {}, operator {operator}",
        env!("CARGO_PKG_VERSION"),
        report.model,
        report.seed
    );
    let Some(reduction) = reduction else { return };
    if let Some((campaign, seed, case)) = reduction.origin {
        let _ = writeln!(text, "  found in     campaign {campaign}, seed {seed}, case {case}");
    }
    let _ = writeln!(text, "  reduced      {}", steps_words(&reduction.progress, reduction.took));
}

/// `41 faults → 3, 12 calls → 1, 118 runs, 0.9 s`
pub fn steps_words(progress: &Progress, took: Duration) -> String {
    format!(
        "{} → {}, {} → {}, {}, {:.1} s",
        counted(progress.faults_before as u64, "fault"),
        number(progress.faults as u64),
        counted(progress.calls_before, "call"),
        number(progress.calls),
        counted(progress.runs, "run"),
        took.as_secs_f64()
    )
}

fn stamp(text: &mut String, report: &Report) {
    let replayed = match report.replays {
        0 => String::new(),
        count => format!("  replayed {}: identical", times(count)),
    };
    if let Some(outside) = &report.outside {
        if let Some(why) = &report.error {
            let _ = writeln!(text, "  broken off   {}", hang(&escape(why), 15));
        }
        let mut label = "no evidence";
        for (reason, ids) in &outside.missing {
            let line = format!("{reason}, so nothing is said of {}", ids.join(", "));
            let _ = writeln!(text, "  {label:11}  {}", hang(&line, 15));
            label = "";
        }
        let _ = writeln!(text, "  trace hash   none: sockets bring things in an order that nobody chose");
        let again = if outside.exec.is_some() { "" } else { ", with a service that has forgotten this run" };
        let _ = writeln!(text, "  run again    the command above{again}\n");
        return;
    }
    let hash = report.trace_hash.as_deref().unwrap_or_default();
    let _ = writeln!(text, "  trace hash   {hash}{replayed}\n");
}
