//! Ways to make a scenario smaller or plainer. Each proposes scenarios, the boldest first.

use egress_sim_model::fault::{Anchor, Value};
use egress_sim_model::scenario::{Participant, Scenario, When};

use super::{Best, gentler, names, plainer, sizes};
use crate::campaign::surface;

/// An edit.
pub(super) type Edit = fn(&Best) -> Vec<Scenario>;

/// All edits, in the order of a round.
pub(super) const ALL: &[Edit] = &[
    nothing_late,
    sizes::far_fewer_calls,
    without_surfaces,
    fewer_faults,
    fewer_calls,
    fewer_commands,
    fewer_tenants,
    sizes::lower_counts,
    sizes::fewer_and_sooner,
    plainer::operator,
    plainer::world,
    plainer::promises,
    fewer_participants,
    plainer::tenants,
    plainer::calls,
    plainer::faults,
    gentler::faults,
    plainer::times,
    names::canonical,
];

pub(super) fn edited(of: &Best, edit: impl FnOnce(&mut Scenario)) -> Scenario {
    let mut scenario = of.scenario.clone();
    edit(&mut scenario);
    scenario
}

/// Takes out what pointed at something that is gone.
pub(crate) fn without_loose_ends(mut scenario: Scenario) -> Scenario {
    scenario.expects.clear();
    scenario.found.clear();
    let tenants: Vec<String> = scenario.tenants.iter().map(|tenant| tenant.name.clone()).collect();
    scenario.calls.retain(|call| tenants.contains(&call.tenant));
    scenario.commands.retain(|command| tenants.contains(&command.tenant));
    // What waits for a step that is gone goes with it; and what waited for that.
    loop {
        let mut names: Vec<String> = scenario.calls.iter().map(|call| call.name.clone()).collect();
        names.extend(scenario.commands.iter().map(|command| command.name.clone()));
        names.extend(scenario.faults.iter().map(|fault| fault.name.clone()));
        let before = scenario.commands.len() + scenario.faults.len();
        scenario.commands.retain(|command| !matches!(&command.when, When::After(step) if !names.contains(step)));
        scenario.faults.retain(|fault| !matches!(&fault.anchor, Anchor::After(step) if !names.contains(step)));
        if scenario.commands.len() + scenario.faults.len() == before {
            break;
        }
    }
    let owned: Vec<String> = scenario.tenants.iter().flat_map(|tenant| tenant.buckets.iter().cloned()).collect();
    let meant: Vec<String> = scenario
        .faults
        .iter()
        .flat_map(|fault| fault.parameters.values())
        .filter_map(|value| if let Value::Text(text) = value { Some(text.clone()) } else { None })
        .collect();
    let backup = scenario.world.backup_bucket.take();
    let is_backup = |name: &String| backup.as_ref() == Some(name);
    scenario
        .buckets
        .retain(|bucket| owned.contains(&bucket.name) || meant.contains(&bucket.name) || is_backup(&bucket.name));
    let buckets: Vec<String> = scenario.all_buckets().into_iter().map(|bucket| bucket.name).collect();
    scenario.world.backup_bucket = backup.filter(|name| buckets.contains(name));
    for fault in &mut scenario.faults {
        fault.filter.tenant = fault.filter.tenant.take().filter(|name| tenants.contains(name));
        fault.filter.bucket = fault.filter.bucket.take().filter(|name| buckets.contains(name));
    }
    scenario
}

/// Lists that are shorter by a chunk: halves first, then quarters, then single items.
pub(super) fn without_chunks(
    length: usize,
    mut shorter: impl FnMut(std::ops::Range<usize>) -> Scenario,
) -> Vec<Scenario> {
    let mut proposals = Vec::new();
    let mut chunk = length;
    while chunk > 0 {
        let mut from = 0;
        while from < length {
            proposals.push(shorter(from..length.min(from + chunk)));
            from += chunk;
        }
        chunk /= 2;
    }
    proposals
}

/// What had not struck when the promise broke, and what begins behind that moment, did not cause it. First all of it; then the
/// faults alone, because a call that is still to come may be what the promise is about.
fn nothing_late(of: &Best) -> Vec<Scenario> {
    let at = of.at.since(of.scenario.world.start);
    let later = |when: &When| matches!(when, When::At(when) if *when > at);
    let on_time = |scenario: &mut Scenario| {
        let mut struck = of.struck.iter();
        scenario.faults.retain(|_| struck.next().is_none_or(|struck| *struck));
    };
    let mut proposals = vec![
        edited(of, |scenario| {
            on_time(scenario);
            scenario.calls.retain(|call| call.at <= at);
            scenario.commands.retain(|command| !later(&command.when));
            for call in &mut scenario.calls {
                if call.start(call.count.saturating_sub(1)) > at {
                    // Those of a rule that had begun.
                    call.count = at.0.saturating_sub(call.at.0) / call.every.0.max(1) + 1;
                }
            }
            for tenant in &mut scenario.tenants {
                tenant.contract_end = tenant.contract_end.filter(|end| *end <= at);
            }
        }),
        edited(of, on_time),
    ];
    proposals.retain(|proposal| *proposal != of.scenario);
    proposals
}

fn without_surfaces(of: &Best) -> Vec<Scenario> {
    let mut surfaces: Vec<&str> = of.scenario.faults.iter().map(|fault| surface(fault.kind.name)).collect();
    surfaces.sort_unstable();
    surfaces.dedup();
    let without = |gone: &str| edited(of, |scenario| scenario.faults.retain(|fault| surface(fault.kind.name) != gone));
    surfaces.into_iter().map(without).collect()
}

fn fewer_faults(of: &Best) -> Vec<Scenario> {
    without_chunks(of.scenario.faults.len(), |gone| edited(of, |scenario| drop(scenario.faults.drain(gone))))
}

fn fewer_calls(of: &Best) -> Vec<Scenario> {
    without_chunks(of.scenario.calls.len(), |gone| edited(of, |scenario| drop(scenario.calls.drain(gone))))
}

fn fewer_commands(of: &Best) -> Vec<Scenario> {
    without_chunks(of.scenario.commands.len(), |gone| edited(of, |scenario| drop(scenario.commands.drain(gone))))
}

fn fewer_tenants(of: &Best) -> Vec<Scenario> {
    let tenants = of.scenario.tenants.len();
    let shorter = |gone: std::ops::Range<usize>| edited(of, |scenario| drop(scenario.tenants.drain(gone)));
    without_chunks(tenants, shorter).into_iter().filter(|scenario| !scenario.tenants.is_empty()).collect()
}

fn fewer_participants(of: &Best) -> Vec<Scenario> {
    let mut proposals = Vec::new();
    for (ix, call) in of.scenario.calls.iter().enumerate() {
        let shorter =
            |gone: std::ops::Range<usize>| edited(of, |scenario| drop(scenario.calls[ix].participants.drain(gone)));
        let several = without_chunks(call.participants.len(), shorter);
        proposals.extend(several.into_iter().filter(|scenario| !scenario.calls[ix].participants.is_empty()));
        for (place, participant) in call.participants.iter().enumerate() {
            let plain = Participant::named(&participant.identity);
            if *participant != plain {
                proposals.push(edited(of, |scenario| scenario.calls[ix].participants[place] = plain));
            }
        }
    }
    proposals
}
