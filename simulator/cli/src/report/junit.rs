//! `--format junit`: the XML that CI servers show test by test.
//!
//! There is no standard, only what readers want. GitLab knows a case by `classname` and `name`, and shows `classname` as the
//! suite; Jenkins takes what stands before its last dot for a package; GitHub's actions link `file`. So `classname` is the
//! path with dots for slashes, `name` the promise, and no two cases of a document share both. A promise takes no time by
//! itself: the time is that of its suite. What XML has no character for is written out.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Component, Path};
use std::time::Duration;

use egress_sim_campaign::coverage::meaning;
use egress_sim_campaign::result::{Document, Finding};
use quick_junit::{NonSuccessKind, Report as Junit, TestCase, TestCaseStatus, TestSuite};

use super::Report;
use super::failures::{self, Failure};
use super::human::replay;
use crate::console::escape;
use crate::expect::Verdict;

/// The document of `run`: a suite for each scenario, a case for each promise.
pub fn of_runs(reports: &[Report]) -> String {
    let mut classes = BTreeSet::new();
    written("egress-sim run", reports.iter().map(|report| run(report, &mut classes)).collect())
}

/// The document of `fuzz` and `merge`: the campaign's promises, then the files that were replayed before it.
pub fn of_campaign(document: &Document) -> String {
    let mut suites = vec![campaign(document)];
    if !document.corpus.is_empty() {
        suites.push(corpus(document));
    }
    written("egress-sim fuzz", suites)
}

fn written(name: &str, suites: Vec<TestSuite>) -> String {
    let mut report = Junit::new(name);
    report.set_time(suites.iter().filter_map(|suite| suite.time).sum());
    report.add_test_suites(suites);
    report.to_string().expect("it is written into memory")
}

fn run(report: &Report, classes: &mut BTreeSet<String>) -> TestSuite {
    let mut class = class_of(&report.path);
    while !classes.insert(class.clone()) {
        class.push('+');
    }
    let failures = failures::of(report);
    let failed = |id: &str| failures.iter().find(|failure| failure.what == id);
    let about = format!("scenario: {}\nreplay: {}", report.path, failures::again(report));
    let place = Place { class: &class, file: &report.path };

    let mut suite = TestSuite::new(line(&report.scenario));
    suite.set_time(milliseconds(report.wall_ms));
    for property in &report.properties {
        let status = match failed(&property.id) {
            Some(failure) => bad(failure, &format!("{about}\nexplain: egress-sim explain {}", property.id)),
            None if report.verdict == Verdict::Nondeterministic => {
                skipped("no verdict: the run was not the same again")
            }
            None if property.checks == 0 => match &property.message {
                Some(missing) => skipped(&format!("not exercised: {}", line(missing))),
                None => skipped("not exercised: the promise was never put to the test"),
            },
            None => TestCaseStatus::success(),
        };
        suite.add_test_case(place.case(&property.id, status));
    }
    let promises: BTreeSet<&str> = report.properties.iter().map(|property| property.id.as_str()).collect();
    for failure in failures.iter().filter(|failure| !promises.contains(failure.what.as_str())) {
        suite.add_test_case(place.case(&failure.what, bad(failure, &about)));
    }
    if report.expected == Some(true) {
        suite.add_test_case(place.case("expectation", TestCaseStatus::success()));
    }
    let mut out = format!("operator: {}\nreplay: {}\n", report.operator, failures::again(report));
    for fault in &report.unfired {
        let _ = writeln!(out, "fault {fault} never fired");
    }
    for broken in report.broken().filter(|broken| failed(&broken.id).is_none()) {
        let _ = writeln!(out, "broken as expected: {}", broken.id);
    }
    suite.set_system_out(lines(&out));
    suite
}

fn campaign(document: &Document) -> TestSuite {
    let mut suite = TestSuite::new(format!("campaign {}", line(&document.campaign)));
    suite.set_time(milliseconds(document.wall_ms));
    let class = format!("campaign.{}", line(&document.operator));
    for (id, promise) in promises(document) {
        let status = match &promise[..] {
            [] if times(document, &id) == 0 => skipped("not exercised: the promise was never put to the test"),
            [] => TestCaseStatus::success(),
            [first, ..] => {
                let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
                let mut body = String::new();
                for finding in &promise {
                    let _ = writeln!(
                        body,
                        "{}\nfingerprint: {}\nscenario: {}\nreplay: {}\n",
                        finding.message,
                        finding.fingerprint,
                        finding.scenario,
                        replay(&finding.scenario, &document.operator)
                    );
                }
                let _ = write!(body, "explain: egress-sim explain {id}");
                status.set_type("violated").set_message(line(&first.message)).set_description(lines(&body));
                status
            }
        };
        let file = promise.first().map_or("", |finding| finding.scenario.as_str());
        suite.add_test_case(Place { class: &class, file }.case(&id, status));
    }
    if !document.parted.is_empty() {
        let told: Vec<String> = document.parted.iter().map(super::campaign::parted_words).collect();
        let failure = Failure { what: "determinism".into(), message: told.join("\n\n"), no_verdict: true };
        let file = &document.parted[0].scenario;
        let again = format!("again: {} --check-determinism", replay(file, &document.operator));
        suite.add_test_case(Place { class: &class, file }.case("determinism", bad(&failure, &again)));
    }
    let mut out = format!("operator: {}\nseed: {}\ncases: {}\n", document.operator, document.seed, document.cases);
    if document.interrupted {
        out.push_str("interrupted before all cases were run\n");
    }
    for goal in document.goals.iter().filter(|goal| goal.hits == 0) {
        let _ = writeln!(out, "goal {} was not reached: {}", goal.id, meaning(&goal.id));
    }
    suite.set_system_out(lines(&out));
    suite
}

fn corpus(document: &Document) -> TestSuite {
    let mut suite = TestSuite::new("regressions and what was found before");
    let class = format!("corpus.{}", line(&document.operator));
    for replayed in &document.corpus {
        let status = match &replayed.property {
            None => TestCaseStatus::success(),
            Some(property) => {
                let failure = Failure { what: property.clone(), message: replayed.message.clone(), no_verdict: false };
                bad(&failure, &format!("{property}\nreplay: {}", replay(&replayed.path, &document.operator)))
            }
        };
        suite.add_test_case(Place { class: &class, file: &replayed.path }.case(&replayed.path, status));
    }
    suite
}

/// Every promise that the campaign put to the test, wanted to or broke, with what broke it; files that were replayed have a
/// suite of their own.
pub fn promises(document: &Document) -> BTreeMap<String, Vec<&Finding>> {
    let mut promises: BTreeMap<String, Vec<&Finding>> = BTreeMap::new();
    let wanted = document.goals.iter().map(|goal| goal.id.as_str());
    let reached = document.parts.iter().flat_map(|part| part.hits.0.keys().map(String::as_str));
    for id in wanted.chain(reached).filter_map(|goal| goal.strip_prefix("checked/")) {
        promises.entry(id.to_owned()).or_default();
    }
    let replayed: BTreeSet<&str> = document.corpus.iter().map(|replayed| replayed.path.as_str()).collect();
    for finding in document.findings.iter().filter(|finding| !replayed.contains(finding.scenario.as_str())) {
        promises.entry(finding.property.clone()).or_default().push(finding);
    }
    promises
}

/// In how many cases a promise was put to the test.
pub fn times(document: &Document, id: &str) -> u64 {
    let goal = format!("checked/{id}");
    document.parts.iter().map(|part| part.hits.of(&goal)).sum()
}

/// Where cases belong.
#[derive(Clone, Copy)]
struct Place<'a> {
    class: &'a str,
    file: &'a str,
}

impl Place<'_> {
    fn case(self, name: &str, status: TestCaseStatus) -> TestCase {
        let mut case = TestCase::new(line(name), status);
        case.set_classname(line(self.class)).set_time(Duration::ZERO);
        if !self.file.is_empty() {
            case.extra.insert("file".into(), line(self.file).into());
        }
        case
    }
}

fn bad(failure: &Failure, more: &str) -> TestCaseStatus {
    let kind = if failure.no_verdict { NonSuccessKind::Error } else { NonSuccessKind::Failure };
    let ty = if failure.no_verdict { "no verdict" } else { "violated" };
    let mut status = TestCaseStatus::non_success(kind);
    let first = failure.message.lines().next().unwrap_or_default();
    status.set_type(ty).set_message(line(first)).set_description(lines(&format!("{}\n{more}", failure.message)));
    status
}

fn skipped(why: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::skipped();
    status.set_message(why);
    status
}

/// `scenarios/faults/webhook-drop.toml` as `scenarios.faults.webhook-drop`.
fn class_of(path: &str) -> String {
    let path = Path::new(path).with_extension("");
    let parts = path.components().filter_map(|part| match part {
        Component::Normal(name) => Some(name.to_string_lossy().into_owned()),
        _ => None,
    });
    parts.collect::<Vec<_>>().join(".")
}

fn milliseconds(wall_ms: f64) -> Duration {
    Duration::try_from_secs_f64(wall_ms / 1e3).unwrap_or_default()
}

/// On one line.
fn line(text: &str) -> String {
    // The two are no characters of XML, and no control characters either.
    escape(text).replace('\u{fffe}', "\\u{fffe}").replace('\u{ffff}', "\\u{ffff}")
}

fn lines(text: &str) -> String {
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests;
