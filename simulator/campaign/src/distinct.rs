//! Which of several reduced scenarios are findings of their own.
//!
//! One bug breaks several promises: a recording that is deleted too early is missing from the inventory as well. Each promise
//! is reduced by itself; where each of two scenarios breaks both promises, they show one thing, and the smaller one tells it.
//! A promise that some scenario breaks without the other one stays a finding.

/// A reduced scenario. A promise is written as a fingerprint begins: the property, and whose it is where two are compared.
#[derive(Clone, Debug)]
pub struct Candidate<'a> {
    /// `[[call]]`, `[[fault]]` and `[[command]]` blocks.
    pub blocks: u64,
    /// Bytes of its file.
    pub length: usize,
    /// The promise for whose sake it was reduced.
    pub meant: &'a str,
    /// The others that break in it, in order of time.
    pub also: Vec<&'a str>,
    /// How many of those break before the meant one: what breaks first is nearest to the cause.
    pub before: u64,
}

/// The places of the findings, the smallest scenario first.
pub fn distinct(candidates: &[Candidate<'_>]) -> Vec<usize> {
    let mut places: Vec<usize> = (0..candidates.len()).collect();
    places.sort_by_key(|place| {
        let Candidate { blocks, length, meant, before, .. } = &candidates[*place];
        (*blocks, *before, *length, *meant)
    });
    let mut kept: Vec<usize> = Vec::new();
    for place in places {
        let one = &candidates[place];
        let shown = |known: &usize| {
            let known = &candidates[*known];
            known.also.contains(&one.meant) && one.also.contains(&known.meant)
        };
        if !kept.iter().any(shown) {
            kept.push(place);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate<'a>(length: usize, meant: &'a str, amiss: &[&'a str]) -> Candidate<'a> {
        let before = amiss.iter().position(|id| *id == meant).expect("it breaks") as u64;
        let also = amiss.iter().copied().filter(|id| *id != meant).collect();
        Candidate { blocks: 1, length, meant, also, before }
    }

    #[test]
    fn one_scenario_is_one_finding_under_the_promise_that_broke_first() {
        let both = ["recording.no-overlap", "recording.stopped"];
        let found = [candidate(1, both[1], &both), candidate(1, both[0], &both)];
        assert_eq!(distinct(&found), [1]);
    }

    #[test]
    fn a_promise_that_breaks_alone_elsewhere_is_a_finding() {
        let (small, large) = (1, 2);
        let both = ["inventory.complete", "audit.complete"];
        let alone = candidate(large, both[1], &both[1..]);
        assert_eq!(distinct(&[candidate(small, both[0], &both), alone]), [0, 1]);
        let together = candidate(large, both[1], &both);
        assert_eq!(distinct(&[candidate(small, both[0], &both), together.clone()]), [0]);
        // What the smaller one does not show stays, whatever else the larger one breaks.
        assert_eq!(distinct(&[candidate(small, both[0], &both[..1]), together]), [0, 1]);
    }

    #[test]
    fn several_scenarios_for_one_promise_are_several_findings() {
        let ids = ["recording.gap"];
        assert_eq!(distinct(&[candidate(1, ids[0], &ids), candidate(2, ids[0], &ids)]), [0, 1]);
    }
}
