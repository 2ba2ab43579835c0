//! From what the properties found to a verdict, and from `[[expect]]` to whether that is what was wanted.

use std::collections::BTreeSet;

use egress_sim_model::scenario::{Expect, ExpectedVerdict};
use egress_sim_model::world::Counts;
use serde::Serialize;

use crate::exit::Exit;

/// What a run came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Every promise held.
    Pass,
    /// A promise was broken.
    Violates,
    /// None was broken, but with `CI` set a fault never fired.
    Inconclusive,
    /// Two runs gave different traces.
    Nondeterministic,
    /// There was no run: a broken file, an operator that cannot be loaded, a bug of ours.
    Error,
}

/// What a run found, as far as expectations speak of it.
#[derive(Clone, Copy, Debug)]
pub struct Found<'a> {
    /// Ids of the broken promises, in order of the report.
    pub violated: &'a [String],
    /// A fault of the scenario never fired.
    pub unfired: bool,
    /// `CI` is set.
    pub ci: bool,
    /// Counts.
    pub counts: &'a Counts,
}

/// Whether every `[[expect]]` for an operator was met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected {
    /// None: no `[[expect]]` names this operator.
    pub met: Option<bool>,
    /// What was not met, one sentence each.
    pub unmet: Vec<String>,
    /// How the run counts.
    pub exit: Exit,
}

impl Found<'_> {
    /// In one word.
    pub const fn verdict(&self) -> Verdict {
        if !self.violated.is_empty() {
            Verdict::Violates
        } else if self.unfired && self.ci {
            Verdict::Inconclusive
        } else {
            Verdict::Pass
        }
    }

    /// Holds it against the expectations that name `op`.
    pub fn against(&self, expects: &[Expect], op: &str) -> Expected {
        let mut met = None;
        let mut unmet = Vec::new();
        let mut missed = false;
        for expect in expects.iter().filter(|expect| expect.operator == op) {
            met.get_or_insert(true);
            let before = unmet.len();
            missed |= self.miss(expect, &mut unmet);
            if unmet.len() > before {
                met = Some(false);
            }
        }
        let exit = match (self.verdict(), met) {
            _ if missed => Exit::Violated,
            (_, Some(true)) | (Verdict::Pass, _) => Exit::Held,
            (Verdict::Inconclusive, _) => Exit::Inconclusive,
            _ => Exit::Violated,
        };
        Expected { met, unmet, exit }
    }

    /// Notes what of one expectation is not met. True: something is wrong. False: at most, nothing can be said, because
    /// a fault did not fire that was to.
    fn miss(&self, expect: &Expect, unmet: &mut Vec<String>) -> bool {
        let mut missed = false;
        let verdict = self.verdict();
        let as_wanted = match expect.verdict {
            ExpectedVerdict::Pass => verdict == Verdict::Pass,
            ExpectedVerdict::Violates => verdict == Verdict::Violates,
            // By hand an unfired fault is only a warning, but it is what was expected.
            ExpectedVerdict::Inconclusive => verdict != Verdict::Violates && self.unfired,
        };
        if !as_wanted {
            let found = match verdict {
                Verdict::Violates => "violates",
                Verdict::Inconclusive => "inconclusive",
                _ => "pass",
            };
            unmet.push(format!("expected verdict {}, found {found}", expect.verdict.name()));
            missed |= !(verdict == Verdict::Inconclusive && expect.verdict == ExpectedVerdict::Pass);
        }
        let wanted: BTreeSet<&str> = expect.violates.iter().map(String::as_str).collect();
        let violated: BTreeSet<&str> = self.violated.iter().map(String::as_str).collect();
        for id in wanted.difference(&violated) {
            unmet.push(format!("expected {id} to be broken, but it was not"));
            missed = true;
        }
        if expect.verdict == ExpectedVerdict::Violates {
            for id in violated.difference(&wanted) {
                unmet.push(format!("{id} was broken, but is not among what is expected"));
                missed = true;
            }
        }
        for (name, wanted) in &expect.counts {
            let found = count(self.counts, name);
            if found != Some(*wanted) {
                let found = found.map_or_else(|| "there is no such count".to_owned(), |found| format!("found {found}"));
                unmet.push(format!("expected {name} = {wanted}, {found}"));
                missed = true;
            }
        }
        missed
    }
}

/// A count by its name in the report.
fn count(counts: &Counts, name: &str) -> Option<u64> {
    serde_json::to_value(counts).ok()?.get(name)?.as_u64()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    const COUNTS: Counts = Counts {
        calls: 3,
        egresses: 4,
        webhooks: 0,
        host_calls: 0,
        objects_put: 0,
        objects_deleted: 0,
        objects_live: 0,
        versions_live: 0,
        heads: 0,
        audit_records: 0,
        incarnations: 0,
    };

    fn expect(verdict: ExpectedVerdict, violates: &[&str], counts: &[(&str, u64)]) -> Expect {
        Expect {
            operator: "builtin:broken/forgetful".into(),
            verdict,
            violates: violates.iter().map(|&id| id.to_owned()).collect(),
            counts: counts.iter().map(|&(name, count)| (name.to_owned(), count)).collect::<BTreeMap<_, _>>(),
        }
    }

    fn hold(violated: &[&str], unfired: bool, ci: bool, expects: &[Expect]) -> (Verdict, Expected) {
        let violated: Vec<String> = violated.iter().map(|&id| id.to_owned()).collect();
        let found = Found { violated: &violated, unfired, ci, counts: &COUNTS };
        (found.verdict(), found.against(expects, "builtin:broken/forgetful"))
    }

    #[test]
    fn without_an_expectation_the_promises_decide() {
        for (violated, unfired, ci, verdict, exit) in [
            (&[][..], false, true, Verdict::Pass, Exit::Held),
            (&[], true, false, Verdict::Pass, Exit::Held),
            (&[], true, true, Verdict::Inconclusive, Exit::Inconclusive),
            (&["playlist.final"], true, true, Verdict::Violates, Exit::Violated),
        ] {
            let (found, expected) = hold(violated, unfired, ci, &[]);
            assert_eq!((found, expected.met, expected.exit), (verdict, None, exit));
        }
    }

    #[test]
    fn an_expectation_for_another_operator_is_none() {
        let mut other = expect(ExpectedVerdict::Violates, &["playlist.final"], &[]);
        other.operator = "builtin:reference".into();
        assert_eq!(hold(&[], false, false, &[other]).1.met, None);
    }

    #[test]
    fn what_is_expected_to_break_and_breaks_is_well() {
        let wanted = expect(ExpectedVerdict::Violates, &["playlist.plays", "playlist.final"], &[("calls", 3)]);
        let (verdict, expected) = hold(&["playlist.final", "playlist.plays"], true, true, &[wanted]);
        assert_eq!(verdict, Verdict::Violates);
        assert_eq!(expected, Expected { met: Some(true), unmet: Vec::new(), exit: Exit::Held });
    }

    #[test]
    fn one_promise_more_or_less_is_not_what_was_expected() {
        let wanted = [expect(ExpectedVerdict::Violates, &["playlist.final", "playlist.plays"], &[])];
        for (violated, sentence) in [
            (&["playlist.final"][..], "expected playlist.plays to be broken, but it was not"),
            (
                &["playlist.final", "playlist.plays", "audit.truthful"],
                "audit.truthful was broken, but is not among what is expected",
            ),
        ] {
            let (_, expected) = hold(violated, false, false, &wanted);
            assert_eq!((expected.met, expected.exit), (Some(false), Exit::Violated));
            assert_eq!(expected.unmet, [sentence]);
        }
        let (_, expected) = hold(&[], false, false, &wanted);
        assert_eq!(expected.unmet[0], "expected verdict violates, found pass");
        assert_eq!(expected.exit, Exit::Violated);
    }

    #[test]
    fn counts_are_equal_or_named() {
        let wanted = expect(ExpectedVerdict::Pass, &[], &[("calls", 3), ("egresses", 5)]);
        let (verdict, expected) = hold(&[], false, false, &[wanted]);
        assert_eq!((verdict, expected.exit), (Verdict::Pass, Exit::Violated));
        assert_eq!(expected.unmet, ["expected egresses = 5, found 4"]);
    }

    #[test]
    fn an_unfired_fault_leaves_an_expected_pass_open() {
        let wanted = [expect(ExpectedVerdict::Pass, &[], &[])];
        let (verdict, expected) = hold(&[], true, true, &wanted);
        assert_eq!((verdict, expected.met, expected.exit), (Verdict::Inconclusive, Some(false), Exit::Inconclusive));
        let (_, expected) = hold(&[], true, false, &wanted);
        assert_eq!((expected.met, expected.exit), (Some(true), Exit::Held));
    }

    #[test]
    fn an_expected_inconclusive_is_well_wherever_it_runs() {
        let wanted = [expect(ExpectedVerdict::Inconclusive, &[], &[])];
        for ci in [true, false] {
            assert_eq!(hold(&[], true, ci, &wanted).1.exit, Exit::Held);
            assert_eq!(hold(&[], false, ci, &wanted).1.exit, Exit::Violated);
        }
    }
}
