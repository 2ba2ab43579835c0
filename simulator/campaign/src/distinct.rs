//! Which of several reduced scenarios are findings of their own.
//!
//! One bug breaks several promises: a recording that is deleted too early is missing from the inventory as well. Each promise
//! is reduced by itself; where each of two scenarios breaks both promises, they show one thing, and the smaller one tells it.
//! A promise that some scenario breaks without the other one stays a finding.

use egress_sim_model::scenario::Scenario;
use egress_sim_model::scenario::write::write;

use crate::fingerprint::Kind;

/// A reduced scenario.
#[derive(Clone, Debug)]
pub struct Candidate<'a> {
    /// The scenario.
    pub scenario: &'a Scenario,
    /// The promise for whose sake it was reduced, and in what way it is amiss.
    pub meant: (&'a str, Kind),
    /// All that is amiss in it, in order of time.
    pub amiss: Vec<(&'a str, Kind)>,
}

/// The places of the findings, the smallest scenario first.
pub fn distinct(candidates: &[Candidate<'_>]) -> Vec<usize> {
    let mut places: Vec<usize> = (0..candidates.len()).collect();
    places.sort_by_cached_key(|place| size(&candidates[*place]));
    let mut kept: Vec<usize> = Vec::new();
    for place in places {
        let one = &candidates[place];
        let shown = |known: &usize| {
            let known = &candidates[*known];
            known.amiss.contains(&one.meant) && one.amiss.contains(&known.meant) && known.meant != one.meant
        };
        if !kept.iter().any(shown) {
            kept.push(place);
        }
    }
    kept
}

/// Blocks, how many promises broke before the meant one, and the length of the file: what broke first is nearest to the cause.
fn size(candidate: &Candidate<'_>) -> (usize, usize, usize) {
    let Scenario { calls, faults, commands, .. } = candidate.scenario;
    let first = candidate.amiss.iter().position(|amiss| *amiss == candidate.meant);
    let text = write(candidate.scenario);
    (calls.len() + faults.len() + commands.len(), first.unwrap_or(usize::MAX), text.len())
}

#[cfg(test)]
mod tests {
    use egress_sim_model::scenario::file::parse;

    use super::*;

    fn scenario(title: &str) -> Scenario {
        parse("test", &format!("format = 1\ntitle = \"{title}\"\n")).expect("a scenario")
    }

    fn candidate<'a>(scenario: &'a Scenario, meant: &'a str, amiss: &[&'a str]) -> Candidate<'a> {
        let amiss = amiss.iter().map(|id| (*id, Kind::Broken)).collect();
        Candidate { scenario, meant: (meant, Kind::Broken), amiss }
    }

    #[test]
    fn one_scenario_is_one_finding_under_the_promise_that_broke_first() {
        let one = scenario("one");
        let both = ["recording.no-overlap", "recording.stopped"];
        let found = [candidate(&one, both[1], &both), candidate(&one, both[0], &both)];
        assert_eq!(distinct(&found), [1]);
    }

    #[test]
    fn a_promise_that_breaks_alone_elsewhere_is_a_finding() {
        let (small, large) = (scenario("small"), scenario("the larger one"));
        let both = ["inventory.complete", "audit.complete"];
        let alone = candidate(&large, both[1], &both[1..]);
        assert_eq!(distinct(&[candidate(&small, both[0], &both), alone]), [0, 1]);
        let together = candidate(&large, both[1], &both);
        assert_eq!(distinct(&[candidate(&small, both[0], &both), together.clone()]), [0]);
        // What the smaller one does not show stays, whatever else the larger one breaks.
        assert_eq!(distinct(&[candidate(&small, both[0], &both[..1]), together]), [0, 1]);
    }

    #[test]
    fn several_scenarios_for_one_promise_are_several_findings() {
        let (one, other) = (scenario("one"), scenario("other"));
        let ids = ["recording.gap"];
        assert_eq!(distinct(&[candidate(&one, ids[0], &ids), candidate(&other, ids[0], &ids)]), [0, 1]);
    }
}
