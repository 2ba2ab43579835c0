//! The report for people: a line for a scenario that held, a story for one that did not.

use std::fmt::Write as _;

use egress_sim_model::fault::{Anchor, Fault};
use egress_sim_model::time::Span;
use egress_sim_model::trace::Lane;

use super::{PropertyReport, Report};
use crate::console::{Paint, escape};
use crate::exit::Exit;
use crate::expect::Verdict;
use crate::prose::{counted, hang, number};
use crate::sweep::{Failure, Sweep};

mod failure;

pub use failure::{Reduction, steps_words};

/// Draws reports that stand under each other.
#[derive(Clone, Copy, Debug)]
pub struct Human {
    paint: Paint,
    verbose: bool,
    /// Width of the scenarios' names.
    names: usize,
    /// Width of the operators.
    ops: usize,
}

impl Human {
    /// For scenarios of these names and operators. `verbose`: every promise gets a line.
    pub fn new(
        paint: Paint,
        verbose: bool,
        names: impl Iterator<Item = String>,
        ops: impl Iterator<Item = String>,
    ) -> Human {
        let widest =
            |texts: &mut dyn Iterator<Item = String>| texts.map(|text| text.chars().count()).max().unwrap_or(0);
        Human { paint, verbose, names: widest(&mut { names }), ops: widest(&mut { ops }) }
    }

    /// One scenario.
    pub fn run(&self, report: &Report) -> String {
        let mut text = match report.verdict {
            Verdict::Error => self.error(report),
            Verdict::Nondeterministic => self.nondeterministic(report),
            Verdict::Violates if is_story(report) => self.failure(report),
            _ => self.line(report),
        };
        if let Some(sweep) = &report.sweep {
            self.sweep(&mut text, sweep);
        }
        if report.verdict != Verdict::Violates {
            for unmet in &report.unmet {
                let _ = writeln!(text, "    {}", self.paint.bad(escape(unmet)));
            }
        }
        if self.verbose {
            properties(&mut text, report);
        }
        text
    }

    /// What is to be said of all of them: warnings first, the summary last.
    pub fn closing(&self, reports: &[Report]) -> String {
        let mut text = String::new();
        let unfired = |report: &Report| report.unfired.clone();
        let warnings: Vec<(&str, String)> = reports
            .iter()
            .flat_map(|report| unfired(report).into_iter().map(|fault| (report.scenario.as_str(), fault)))
            .collect();
        // A story ends with an empty line of its own.
        let after_line = reports.last().is_some_and(|last| !is_story(last) || self.verbose);
        if after_line {
            text.push('\n');
        }
        let warned = !warnings.is_empty();
        for (scenario, fault) in warnings {
            let line = format!("! {}: fault {} never fired", escape(scenario), escape(&fault));
            let _ = writeln!(text, "{}", self.paint.warn(line));
        }
        if warned {
            text.push('\n');
        }
        let _ = writeln!(text, "{}", self.summary(reports));
        text
    }

    fn summary(&self, reports: &[Report]) -> String {
        let wall = wall(reports.iter().map(|report| report.wall_ms).sum());
        let of = |exits: &[Exit]| reports.iter().filter(|report| exits.contains(&report.exit)).count() as u64;
        let all = counted(reports.len() as u64, "scenario");
        if of(&[Exit::Held]) == reports.len() as u64 {
            let put_to_test = |id: &str| {
                reports.iter().flat_map(|report| &report.properties).any(|found| found.id == id && found.checks > 0)
            };
            let ids: std::collections::BTreeSet<&str> =
                reports.iter().flat_map(|report| &report.properties).map(|property| property.id.as_str()).collect();
            let tested = ids.iter().filter(|id| put_to_test(id)).count() as u64;
            let checks = reports.iter().flat_map(|report| &report.properties).map(|property| property.checks).sum();
            return format!(
                "{} in {wall}: {} of {} put to the test {} times",
                self.paint.good(format!("{all} passed")),
                number(tested),
                counted(ids.len() as u64, "promise"),
                number(checks)
            );
        }
        let parts: Vec<String> = [
            (&[Exit::Held][..], "passed"),
            (&[Exit::Violated], "failed"),
            (&[Exit::Inconclusive], "inconclusive"),
            (&[Exit::Nondeterministic], "nondeterministic"),
            (&[Exit::Usage, Exit::Bug], "could not be run"),
        ]
        .into_iter()
        .filter(|(exits, _)| of(exits) > 0)
        .map(|(exits, words)| format!("{} {words}", number(of(exits))))
        .collect();
        let exit = Exit::winner(reports.iter().map(|report| report.exit));
        format!("{} in {wall}: {} (exit code {})", all, self.paint.bad(parts.join(", ")), exit.code())
    }

    /// Mark, name and operator.
    fn head(&self, report: &Report) -> String {
        let mark = match report.exit {
            Exit::Held => self.paint.good("✓".to_owned()),
            Exit::Inconclusive => self.paint.warn("?".to_owned()),
            _ => self.paint.bad("✗".to_owned()),
        };
        let name = format!("{:1$}", escape(&report.scenario), self.names);
        let op = format!("{:1$}", escape(&report.operator), self.ops);
        format!("{mark} {}  {}", self.paint.strong(name), self.paint.faint(op))
    }

    /// A scenario that is as it should be, or about which nothing can be said.
    fn line(&self, report: &Report) -> String {
        let counts = &report.counts;
        let mut line = self.head(report);
        let _ = write!(
            line,
            "  {:>6} recorded  {:>6} stored  {:>6} deleted  ",
            number(counts.egresses),
            number(counts.objects_put),
            number(counts.objects_deleted)
        );
        let checks: u64 = report.properties.iter().map(|property| property.checks).sum();
        let broken: Vec<&PropertyReport> = report.broken().collect();
        match broken.as_slice() {
            [] => {
                let kept = report.properties.iter().filter(|property| property.checks > 0).count() as u64;
                let _ = write!(line, "{kept:>2} kept in {:>7} checks", number(checks));
            }
            [one] => {
                let _ = write!(line, "broke {} as expected", one.id);
            }
            [first, others @ ..] => {
                let _ = write!(line, "broke {} and {} more as expected", first.id, others.len());
            }
        }
        let hash = report.trace_hash.as_deref().map(short).unwrap_or_default();
        let again = if report.replays > 0 { format!(", again {}", times(report.replays)) } else { String::new() };
        let _ = writeln!(
            line,
            "  {:>8}  {:>8}  {}",
            age(report.virtual_seconds),
            wall(report.wall_ms),
            self.paint.faint(format!("{hash}{again}"))
        );
        match &report.error {
            Some(why) => _ = writeln!(line, "    inconclusive: {}", hang(&escape(why), 4)),
            None if report.verdict == Verdict::Inconclusive => {
                let _ = writeln!(line, "    inconclusive: a fault never fired, so what it was to test was not tested");
            }
            None => {}
        }
        missing(&mut line, report);
        line
    }

    /// What came of a crash at each call.
    fn sweep(&self, text: &mut String, sweep: &Sweep) {
        let Sweep { points, runs, calls, .. } = *sweep;
        let points =
            format!("{} at {} ({})", counted(points, "crash point"), counted(calls, "call"), counted(runs, "run"));
        let wall = wall(sweep.wall_ms);
        let Some(failure) = &sweep.failure else {
            let _ = writeln!(text, "    {}  {wall}", self.paint.good(format!("{points}, all settle alike")));
            return;
        };
        let Failure { call, name, effect, broken, message, fault, report, .. } = failure;
        let where_ = format!("the crash {effect} the effect of call {call}, {name}, does harm");
        let _ = writeln!(text, "    {}  {wall}\n", self.paint.bad(format!("{points}: {where_}")));
        let told = report.as_deref().map(|report| self.told(report, None)).unwrap_or_default();
        if told.is_empty() {
            // Only the sweep sees it: the same crash in a run by itself has another twin.
            let _ = writeln!(text, "  {} {}", self.paint.bad("FAIL"), self.paint.strong(broken.join(", ")));
            let _ = writeln!(text, "  {}\n", hang(&escape(message), 2));
        }
        text.push_str(&told);
        let _ = writeln!(text, "  to keep it, add this to the scenario:\n");
        for line in fault.lines() {
            let _ = writeln!(text, "    {line}");
        }
    }

    fn error(&self, report: &Report) -> String {
        let why = report.error.as_deref().and_then(|why| why.lines().next()).unwrap_or_default();
        format!("{}  {}\n", self.head(report), self.paint.bad(escape(why)))
    }

    fn nondeterministic(&self, report: &Report) -> String {
        let mut text = format!("{}\n\n", self.head(report));
        let why = escape(report.error.as_deref().unwrap_or_default());
        let _ = writeln!(text, "  {}", self.paint.bad("NONDETERMINISTIC"));
        let _ = writeln!(text, "  {}\n", hang(&why, 2));
        let _ = writeln!(text, "  scenario     {}", escape(&report.path));
        let _ = writeln!(text, "  again        {} --check-determinism", command(report));
        let _ = writeln!(text, "  explain      egress-sim explain {}\n", Exit::Nondeterministic.code());
        text
    }

    /// The story of a failure.
    fn failure(&self, report: &Report) -> String {
        format!("{}\n\n", self.head(report)) + &self.told(report, None)
    }

    /// A scenario that was reduced.
    pub fn reduced(&self, report: &Report, reduction: &Reduction<'_>) -> String {
        if report.verdict == Verdict::Nondeterministic {
            return self.nondeterministic(report);
        }
        format!("{}\n\n", self.head(report)) + &self.told(report, Some(reduction))
    }
}

/// What an operator on sockets did not show.
fn missing(text: &mut String, report: &Report) {
    let missing = report.outside.iter().flat_map(|outside| &outside.missing);
    for (reason, ids) in missing {
        let line = format!("not exercised, because {reason}: {}", ids.join(", "));
        let _ = writeln!(text, "    {}", hang(&line, 6));
    }
}

/// Every promise on a line.
fn properties(text: &mut String, report: &Report) {
    let width = report.properties.iter().map(|property| property.id.len()).max().unwrap_or(0);
    for property in &report.properties {
        let (mark, tail) = match property.verdict {
            "violated" => ("✗", format!("broken {}", times64(property.violations))),
            "held" => ("✓", String::new()),
            _ => match &property.message {
                Some(missing) => ("–", format!("not exercised: {}", escape(missing))),
                None => ("–", "not exercised".into()),
            },
        };
        let checks = if property.checks == 0 { String::new() } else { counted(property.checks, "check") };
        let tail = [checks, tail].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ");
        let _ = writeln!(text, "    {mark} {:width$}  {tail}", property.id);
    }
}

/// What makes a run of this file with this operator again.
pub fn replay(path: &str, op: &str) -> String {
    format!("egress-sim run {} --operator {}", quoted(path), quoted(op))
}

/// What makes the same run again.
pub fn command(report: &Report) -> String {
    let mut command = format!("egress-sim run {}", quoted(&report.path));
    if report.op_in_replay {
        let _ = write!(command, " --operator {}", quoted(&report.operator));
    }
    if let Some(exec) = report.outside.as_ref().and_then(|outside| outside.exec.as_deref()) {
        let _ = write!(command, " --exec {}", quoted(exec));
    }
    if let Some(point) = report.crash_at {
        let _ = write!(command, " --crash-at {point}");
    }
    command
}

/// Whether it takes more than a line to tell.
fn is_story(report: &Report) -> bool {
    match report.verdict {
        Verdict::Violates => report.exit != Exit::Held && report.main.is_some(),
        Verdict::Nondeterministic => true,
        Verdict::Pass | Verdict::Inconclusive | Verdict::Error => false,
    }
}

/// A fault in words: what, and when.
pub fn fault_words(fault: &Fault) -> String {
    let name = if fault.name.is_empty() { String::new() } else { format!(" \"{}\"", fault.name) };
    let mut when = match &fault.anchor {
        Anchor::At(at) => format!("at {at}"),
        Anchor::On { point, nth, .. } => format!("on {point} number {nth}"),
        Anchor::After(step) => format!("after {step}"),
    };
    let filter = &fault.filter;
    let instance = filter.instance.map(|instance| instance.to_string());
    for (what, wanted) in [
        ("event", &filter.event),
        ("bucket", &filter.bucket),
        ("key", &filter.key),
        ("tenant", &filter.tenant),
        ("room", &filter.room),
        ("instance", &instance),
    ] {
        if let Some(wanted) = wanted {
            let _ = write!(when, ", {what} {wanted}");
        }
    }
    format!("{}{name} ({when})", fault.kind.name)
}

/// As scenario files, traces and stories name it.
fn lane_name(lane: Lane) -> &'static str {
    match lane {
        Lane::Scenario => "scenario",
        Lane::Egress => "egress",
        Lane::Webhook => "webhook",
        Lane::Operator => "operator",
        Lane::S3 => "s3",
        Lane::Viewer => "viewer",
        Lane::Fault => "fault",
    }
}

/// Day from the start, and `00:00:04.120`.
fn day(at: Span) -> (u64, String) {
    let milliseconds = at.0 / Span::MILLISECOND.0;
    let (day, rest) = (milliseconds / 86_400_000, milliseconds % 86_400_000);
    let (hours, minutes) = (rest / 3_600_000, rest / 60_000 % 60);
    (day, format!("{hours:02}:{minutes:02}:{:02}.{:03}", rest / 1_000 % 60, rest % 1_000))
}

/// The two largest units: `62d 1h`.
fn age(seconds: u64) -> String {
    let units = [(86_400, "d"), (3_600, "h"), (60, "m"), (1, "s")];
    let Some(largest) = units.iter().position(|(unit, _)| seconds >= *unit) else { return "0s".into() };
    let (unit, name) = units[largest];
    let first = format!("{}{name}", number(seconds / unit));
    match units.get(largest + 1) {
        Some((next, name)) if seconds % unit >= *next => format!("{first} {}{name}", seconds % unit / next),
        _ => first,
    }
}

fn wall(milliseconds: f64) -> String {
    match milliseconds {
        ..10.0 => format!("{milliseconds:.1} ms"),
        10.0..1_000.0 => format!("{milliseconds:.0} ms"),
        _ => format!("{:.2} s", milliseconds / 1_000.0),
    }
}

fn short(hash: &str) -> &str {
    hash.get(..12).unwrap_or(hash)
}

fn times(count: u32) -> String {
    times64(u64::from(count))
}

fn times64(count: u64) -> String {
    match count {
        1 => "once".into(),
        2 => "twice".into(),
        count => format!("{} times", number(count)),
    }
}

/// For a POSIX shell.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./:@%+=,".contains(c);
    if !word.is_empty() && word.chars().all(plain) { word.into() } else { format!("'{}'", word.replace('\'', "'\\''")) }
}
