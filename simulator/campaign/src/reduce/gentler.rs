//! Gentler kinds of faults: if the promise breaks without anything so bad, the milder case says more.
//!
//! Each list goes from harsh to gentle. At a call: nobody knows what came of it; it was not sent; it was refused; it took its
//! time. Of an event: it is lost; it is overtaken; it is late; it comes twice. Of an egress: it is gone without a word; it
//! fails; it ends sooner; it starts later. A crash at a call is harsher than anything that the call itself can meet.

use std::collections::BTreeSet;

use egress_sim_model::fault::{Anchor, Kind, kind};
use egress_sim_model::scenario::Scenario;

use super::Best;
use super::edits::edited;

const LADDERS: &[&[&str]] = &[
    &["livekit.timeout", "livekit.unreachable", "livekit.refused", "livekit.slow"],
    &["s3.broken_reply", "s3.timeout", "s3.internal_error", "s3.unreachable", "s3.refused", "s3.slow_down", "s3.slow"],
    &["store.lost_write", "store.torn_commit", "store.timeout", "store.unavailable", "store.slow"],
    &[
        "webhook.unreachable",
        "webhook.drop",
        "webhook.reorder",
        "webhook.delay",
        "webhook.lost_ack",
        "webhook.duplicate",
    ],
    &["webhook.storm", "webhook.duplicate"],
    &["egress.stuck", "egress.abort", "egress.fail", "egress.ends_early", "egress.cut_short"],
    &["egress.limit_reached", "egress.ends_early"],
    &["egress.abort", "egress.slow_start"],
    &["upload.lost", "upload.damaged", "upload.fail", "upload.late", "upload.slow"],
    &["clock.skew", "clock.coarse"],
    &["operator.deploy", "operator.crash"],
];

/// Of calls of these names, what is gentler than a crash at them.
const CRASHES: &[(&str, &str)] = &[
    ("livekit.", "livekit.timeout"),
    ("s3.", "s3.timeout"),
    ("store.", "store.timeout"),
    ("audit.", "store.timeout"),
    ("publish.", "store.timeout"),
    ("timers.", "store.timeout"),
];

const CRASH: &str = "operator.crash";

/// These kinds and all that are gentler than one of them.
pub(super) fn with_gentler(kinds: &BTreeSet<&'static str>) -> BTreeSet<&'static str> {
    let mut all: BTreeSet<&'static str> = BTreeSet::new();
    let mut open: Vec<&'static str> = kinds.iter().copied().collect();
    while let Some(next) = open.pop() {
        if all.insert(next) {
            open.extend(below(next));
            if next == CRASH {
                open.extend(CRASHES.iter().map(|(_, gentler)| gentler));
            }
        }
    }
    all
}

/// What is gentler, the gentlest first.
fn below(harsh: &str) -> impl Iterator<Item = &'static str> {
    let below = LADDERS.iter().filter_map(move |ladder| {
        let place = ladder.iter().position(|kind| *kind == harsh)?;
        Some(ladder[place + 1..].iter().rev().copied())
    });
    below.flatten()
}

/// Each fault as a gentler one, the gentlest first.
pub(super) fn faults(of: &Best) -> Vec<Scenario> {
    let mut proposals = Vec::new();
    for (place, fault) in of.scenario.faults.iter().enumerate() {
        let mut gentler: Vec<&'static str> = below(fault.kind.name).collect();
        if let (CRASH, Anchor::On { point, .. }) = (fault.kind.name, &fault.anchor) {
            let of_call = CRASHES.iter().filter(|(surface, _)| point.starts_with(surface));
            for (_, at_call) in of_call {
                gentler.extend(below(at_call).chain([*at_call]));
            }
        }
        let gentler = gentler.into_iter().filter_map(kind);
        proposals.extend(gentler.map(|kind| edited(of, |scenario| become_gentler(scenario, place, kind))));
    }
    proposals
}

/// At the same matches, if the gentler kind can strike there, with its own defaults.
fn become_gentler(scenario: &mut Scenario, place: usize, kind: &'static Kind) {
    let fault = &mut scenario.faults[place];
    fault.kind = kind;
    fault.parameters.clear();
    if let Anchor::On { point, .. } = &mut fault.anchor
        && !kind.strikes_at(point)
    {
        kind.on.clone_into(point);
    }
}
