//! What of a run is a failure, in the words that go beside a test or a file: for `junit` and for `github`.

use super::Report;
use super::human::command;
use crate::expect::Verdict;

/// One thing that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The promise, or one of `expectation`, `crash sweep`, `determinism` and `run`.
    pub what: String,
    /// What was promised and what happened.
    pub message: String,
    /// Nothing can be said of the operator: there was no run, or it was not the same again.
    pub no_verdict: bool,
}

/// All of a run. A promise that broke because `[[expect]]` says so is none.
pub fn of(report: &Report) -> Vec<Failure> {
    let failure = |what: &str, message: &str| Failure { what: what.into(), message: message.into(), no_verdict: false };
    let why = report.error.as_deref().unwrap_or_default();
    match report.verdict {
        Verdict::Error => return vec![Failure { no_verdict: true, ..failure("run", why) }],
        Verdict::Nondeterministic => return vec![Failure { no_verdict: true, ..failure("determinism", why) }],
        Verdict::Pass | Verdict::Violates | Verdict::Inconclusive => {}
    }
    let mut failures = Vec::new();
    if report.error.is_some() {
        failures.push(Failure { no_verdict: true, ..failure("run", &format!("it was broken off: {why}")) });
    }
    if report.expected != Some(true) {
        failures.extend(
            report.broken().map(|broken| failure(&broken.id, broken.message.as_deref().unwrap_or("it was broken"))),
        );
    }
    if report.expected == Some(false) {
        failures.push(failure("expectation", &report.unmet.join("\n")));
    }
    if let Some(harm) = report.sweep.as_ref().and_then(|sweep| sweep.failure.as_ref()) {
        let message = format!(
            "the crash {} the effect of call {}, {}, does harm: {}\nto see it again, add --crash-at {}",
            harm.effect, harm.call, harm.name, harm.message, harm.crash_at
        );
        failures.push(failure("crash sweep", &message));
    }
    failures
}

/// What shows the failures of a run once more.
pub fn again(report: &Report) -> String {
    match report.verdict {
        // Nothing was loaded, and which operator it would have been is not known.
        Verdict::Error if report.operator.is_empty() => format!("egress-sim run {}", report.path),
        Verdict::Nondeterministic => format!("{} --check-determinism", command(report)),
        _ => command(report),
    }
}
