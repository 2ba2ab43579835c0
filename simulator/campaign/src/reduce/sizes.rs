//! Fewer of the same: calls of a rule, matches that a fault waits for, strikes in a row.

use egress_sim_model::fault::Anchor;
use egress_sim_model::scenario::Scenario;
use egress_sim_model::time::Span;

use super::Best;
use super::edits::edited;

/// A scenario with more calls than this is made small in one bite before anything else is tried on it.
const LARGE: u64 = 40;

/// Of a large scenario, a few calls of each rule: 1, then 3, 10, and so on, so that all runs before the one that does take less
/// time than it. What a fault waits for comes sooner then: each number with matches that come at once, and as they are. Where
/// many calls matter because they fill a page of a listing, small pages do.
pub(super) fn far_fewer_calls(of: &Best) -> Vec<Scenario> {
    let all: u64 = of.scenario.calls.iter().map(|call| call.count).sum();
    if all <= LARGE {
        return Vec::new();
    }
    let most = of.scenario.calls.iter().map(|call| call.count).max().unwrap_or_default();
    let mut proposals = Vec::new();
    for most in [1, 3, 10, 30, 100, 300, 1_000, 3_000, 10_000].into_iter().take_while(|less| *less < most) {
        let fewer = edited(of, |scenario| fewer_calls(scenario, most));
        let mut sooner = fewer.clone();
        matches_at_once(&mut sooner);
        let mut pages = sooner.clone();
        pages.world.list_page = pages.world.list_page.min(1.max(u32::try_from(most / 2).unwrap_or(u32::MAX)));
        if sooner != fewer {
            proposals.push(sooner);
        }
        proposals.push(fewer);
        if most <= 100 {
            proposals.push(pages);
        }
    }
    proposals
}

fn fewer_calls(scenario: &mut Scenario, most: u64) {
    for call in &mut scenario.calls {
        call.count = call.count.min(most);
        if call.count == 1 {
            call.room = call.room_name(0);
            call.every = Span::ZERO;
        }
    }
}

fn matches_at_once(scenario: &mut Scenario) {
    for fault in &mut scenario.faults {
        if let Anchor::On { nth, .. } = &mut fault.anchor {
            *nth = 1;
        }
    }
}

/// 1, then half, then one less.
fn lower(number: u64) -> Vec<u64> {
    let mut lower: Vec<u64> =
        [1, number / 2, number.saturating_sub(1)].into_iter().filter(|less| (1..number).contains(less)).collect();
    lower.dedup();
    lower
}

pub(super) fn lower_counts(of: &Best) -> Vec<Scenario> {
    let mut proposals = Vec::new();
    for (ix, call) in of.scenario.calls.iter().enumerate() {
        for count in lower(call.count) {
            proposals.push(edited(of, |scenario| {
                let call = &mut scenario.calls[ix];
                call.count = count;
                if count == 1 {
                    // A rule for one call is a call: the last one has the room that the rule gave it.
                    call.room = call.room_name(0);
                    call.every = Span::ZERO;
                }
            }));
        }
        // Perhaps it is the last call that matters.
        if call.count > 1 {
            proposals.push(edited(of, |scenario| {
                let call = &mut scenario.calls[ix];
                let last = call.count - 1;
                call.room = call.room_name(last);
                call.at = call.start(last);
                call.count = 1;
                call.every = Span::ZERO;
            }));
        }
    }
    for (ix, fault) in of.scenario.faults.iter().enumerate() {
        let Anchor::On { nth, count, .. } = &fault.anchor else { continue };
        for (nth, count) in
            lower(*nth).into_iter().map(|nth| (nth, *count)).chain(lower(*count).into_iter().map(|count| (*nth, count)))
        {
            proposals.push(edited(of, |scenario| {
                if let Anchor::On { nth: n, count: c, .. } = &mut scenario.faults[ix].anchor {
                    (*n, *c) = (nth, count);
                }
            }));
        }
    }
    proposals
}

/// One fault or one call less, and of what another fault waits for as much less as that may have brought: a fault on the second
/// start of an egress, where the first one was refused, is on the first one when nothing is refused.
pub(super) fn fewer_and_sooner(of: &Best) -> Vec<Scenario> {
    if of.scenario.calls.iter().map(|call| call.count).sum::<u64>() > LARGE {
        return Vec::new();
    }
    let without_fault = (0..of.scenario.faults.len()).map(|gone| {
        edited(of, |scenario| {
            scenario.faults.remove(gone);
        })
    });
    let without_call = (0..of.scenario.calls.len()).map(|gone| {
        edited(of, |scenario| {
            scenario.calls.remove(gone);
        })
    });
    without_fault.chain(without_call).flat_map(|fewer| each_sooner(&fewer)).collect()
}

/// The scenario with each fault that waits for more than one match waiting for fewer, one fault at a time.
fn each_sooner(scenario: &Scenario) -> Vec<Scenario> {
    let mut proposals = Vec::new();
    for (ix, fault) in scenario.faults.iter().enumerate() {
        let Anchor::On { nth, .. } = &fault.anchor else { continue };
        for sooner in lower(*nth) {
            let mut proposal = scenario.clone();
            if let Anchor::On { nth, .. } = &mut proposal.faults[ix].anchor {
                *nth = sooner;
            }
            proposals.push(proposal);
        }
    }
    proposals
}
