//! What is told of a campaign: stories of what broke first, then what was not reached, then how much was tried.

use std::fmt::Write as _;
use std::time::Duration;

use egress_sim_campaign::campaign::Campaign;
use egress_sim_campaign::coverage::{Missing, missing};
use egress_sim_campaign::result::{Document, Finding, Parted};

use super::Report;
use super::human::{Human, Reduction, replay};
use crate::console::{self, Paint, escape};
use crate::prose::{counted, hang, number};

/// Of the goals of one fault that were not reached, so many are named; the JSON has all.
const MISSING_SHOWN: usize = 12;

/// What has been told so far.
#[derive(Debug)]
pub struct Told {
    paint: Paint,
    text: String,
    digest: String,
    op: String,
    /// Of the search alone.
    rate: Option<(Duration, u64)>,
}

impl Told {
    /// Nothing yet.
    pub fn new(paint: Paint, campaign: &Campaign, op: String) -> Told {
        Told { paint, text: String::new(), digest: campaign.digest(), op, rate: None }
    }

    /// How long the search took, for so many cases.
    pub fn search_took(&mut self, took: Duration, cases: u64) {
        self.rate = Some((took, cases));
    }

    /// A file that broke a promise once passes.
    pub fn passes_again(&mut self, path: &str, gone: bool) {
        let what = if gone { "passes again and is thrown away" } else { "passes" };
        let _ = writeln!(self.text, "{} {}  {what}", self.paint.good("✓"), escape(path));
    }

    /// A file that broke a promise still does.
    pub fn still_breaks(&mut self, path: &str, property: &str, kept: bool) {
        let what = if kept { "regression" } else { "found before" };
        let line = format!("{} {}  still breaks {property} ({what})", self.paint.bad("✗"), escape(path));
        let _ = writeln!(self.text, "{line}");
    }

    /// A file that shows how two operators differ, and the other one is not there.
    pub fn left_alone(&mut self, path: &str, other: &str) {
        let line = format!("- {}  compares with {other}: pass --against {other} to replay it", escape(path));
        let _ = writeln!(self.text, "{}", self.paint.faint(line));
    }

    /// egress-sim gave up in a case.
    pub fn bug(&mut self, case: u64, what: &str) {
        console::error(&format!("a bug of egress-sim in case {case} of campaign {}: {what}", self.digest));
    }

    /// A finding: its story, what it takes, the scenario itself.
    pub fn finding(&mut self, report: &Report, reduction: &Reduction<'_>) {
        let human = Human::new(self.paint, false, [report.scenario.clone()].into_iter(), [self.op.clone()].into_iter());
        self.text.push_str(&human.reduced(report, reduction));
    }

    /// All that was told, and the summary.
    pub fn closing(self, document: &Document) -> String {
        let mut text = self.text;
        if !text.is_empty() && !text.ends_with("\n\n") {
            text.push('\n');
        }
        text.push_str(&summary(self.paint, document));
        if let Some((took, cases)) = self.rate {
            let rate = cases as f64 / took.as_secs_f64().max(1e-9);
            let _ =
                writeln!(text, "{}", self.paint.faint(format!("  {rate:.0} cases a second; campaign {}", self.digest)));
        }
        text
    }
}

/// What was not the same again, in words.
pub fn parted_words(parted: &Parted) -> String {
    let case = parted.case.map(|case| format!("case {case}, ")).unwrap_or_default();
    format!("{case}{}: {}", parted.scenario, parted.how)
}

/// What was not the same again, goals that were not reached, then findings by line, then the count.
pub fn summary(paint: Paint, document: &Document) -> String {
    let mut text = String::new();
    for parted in &document.parted {
        let _ = writeln!(text, "{} {}", paint.bad("NONDETERMINISTIC"), hang(&escape(&parted_words(parted)), 2));
        let again = replay(&parted.scenario, &document.operator);
        let _ = writeln!(text, "  again        {} --check-determinism\n", escape(&again));
    }
    let goals: Vec<(&str, u64)> = document.goals.iter().map(|goal| (goal.id.as_str(), goal.hits)).collect();
    let missing = missing(&goals);
    for group in &missing {
        let _ = writeln!(text, "{}", paint.warn(format!("! {}", hang(&missed(group), 2))));
    }
    if !missing.is_empty() {
        text.push('\n');
    }
    for Finding { fingerprint, scenario, faults, calls, commands, cases, also_breaks, .. } in &document.findings {
        let size =
            format!("{}, {}, {}", counted(*calls, "call"), counted(*faults, "fault"), counted(*commands, "command"));
        let _ = writeln!(
            text,
            "{} {fingerprint}  {}",
            paint.bad("✗"),
            paint.faint(format!("{}: {size}; in {}", escape(scenario), counted(*cases, "case")))
        );
        if !also_breaks.is_empty() {
            let _ = writeln!(text, "    {}", paint.faint(format!("also breaks {}", also_breaks.join(", "))));
        }
    }
    if !document.findings.is_empty() {
        text.push('\n');
    }
    let reached = goals.iter().filter(|(_, hits)| *hits > 0).count();
    let goals = format!("{} of {} reached", number(reached as u64), counted(document.goals.len() as u64, "goal"));
    let head = format!("{} with {}", counted(document.cases, "case"), document.operator);
    let verdict = match document.verdict.as_str() {
        "pass" => paint.good("every promise held".to_owned()).to_string(),
        "violates" => paint.bad(counted(document.findings.len() as u64, "finding")).to_string(),
        "nondeterministic" => paint.bad("nondeterministic".to_owned()).to_string(),
        _ if missing.is_empty() => paint.warn("nothing broke so far".to_owned()).to_string(),
        _ => paint.warn("nothing broke, but not every goal was reached".to_owned()).to_string(),
    };
    let interrupted = if document.interrupted { ", interrupted" } else { "" };
    let _ = writeln!(text, "{head}{interrupted}: {verdict}, {goals}");
    text
}

/// `fault/s3.timeout: 3 of 9 goals not reached: @s3.put_object, …`
fn missed(group: &Missing) -> String {
    let Missing { group, meaning, missing, of } = group;
    if missing.is_empty() {
        return format!("goal {group} was not reached: {meaning}");
    }
    let shown = missing.iter().take(MISSING_SHOWN).map(String::as_str).collect::<Vec<_>>().join(", ");
    let more = match missing.len().saturating_sub(MISSING_SHOWN) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("{group}: {} of {} not reached: {shown}{more}", missing.len(), counted(*of as u64, "goal"))
}
