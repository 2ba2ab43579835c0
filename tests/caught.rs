//! The floor under the search: each broken operator is caught within the cases that the project allows itself.
//!
//! One seed, natively, up to the first catch: how many cases it takes, and how it is spread over seeds, `make bench` says.

use egress_sim_campaign::campaign::Campaign;
use egress_sim_operators::OPERATORS;
use egress_sim_tests::catching::{CASES, hunt};
use egress_sim_tests::in_parallel;

/// Those that the default campaign cannot be sure to catch, and why.
const OUT_OF_REACH: &[(&str, &str)] = &[
    (
        "no-lease",
        "it takes two instances that look at the same moment for calls that nobody told them of: `patrol` is off",
    ),
    ("single-pass", "it takes an upload that comes behind its own deletion: `upload.late` is left out"),
];

#[test]
fn the_default_campaign_catches_every_broken_operator() {
    let campaign = Campaign::default();
    let broken: Vec<_> = OPERATORS.iter().filter(|about| about.breaks.is_some()).collect();
    for (name, _) in OUT_OF_REACH {
        assert!(broken.iter().any(|about| about.name == *name), "there is no {name}");
    }
    let in_reach = |about: &&egress_sim_operators::About| !OUT_OF_REACH.iter().any(|(name, _)| *name == about.name);
    let broken: Vec<_> = broken.into_iter().filter(in_reach).collect();
    let missed = in_parallel(broken.len(), |ix| hunt(broken[ix], &campaign, 0, CASES).meant.is_none());
    let missed: Vec<_> = broken.iter().zip(missed).filter(|(_, missed)| *missed).map(|(about, _)| about.name).collect();
    assert!(missed.is_empty(), "not caught within {CASES} cases: {missed:?}");
}
