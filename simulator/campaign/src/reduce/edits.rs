//! Ways to make a scenario smaller or plainer. Each proposes scenarios, the boldest first.

use egress_sim_model::fault::{Anchor, Filter, Value};
use egress_sim_model::scenario::{
    Bucket, Limits, OutputKind, Participant, Promises, Scenario, Severity, When, WorldParameters,
};
use egress_sim_model::time::Span;

use super::{Best, names};
use crate::campaign::surface;

/// An edit.
pub(super) type Edit = fn(&Best) -> Vec<Scenario>;

/// All edits, in the order of a round.
pub(super) const ALL: &[Edit] = &[
    nothing_unfired,
    nothing_behind,
    without_surfaces,
    fewer_faults,
    fewer_calls,
    fewer_commands,
    fewer_tenants,
    lower_counts,
    plainer_operator,
    plainer_world,
    plainer_promises,
    fewer_participants,
    plainer_tenants,
    plainer_calls,
    gentler_faults,
    rounder_times,
    names::canonical,
];

const DAY: u64 = 86_400;

fn edited(of: &Best, edit: impl FnOnce(&mut Scenario)) -> Scenario {
    let mut scenario = of.scenario.clone();
    edit(&mut scenario);
    scenario
}

/// Takes out what pointed at something that is gone.
pub(super) fn without_loose_ends(mut scenario: Scenario) -> Scenario {
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
fn without_chunks(length: usize, mut shorter: impl FnMut(std::ops::Range<usize>) -> Scenario) -> Vec<Scenario> {
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

fn nothing_unfired(of: &Best) -> Vec<Scenario> {
    if of.fired.iter().all(|fired| *fired > 0) {
        return Vec::new();
    }
    vec![edited(of, |scenario| {
        let mut fired = of.fired.iter();
        scenario.faults.retain(|_| fired.next().is_none_or(|fired| *fired > 0));
    })]
}

/// Steps that begin behind the violation did not cause it. The last call of a rule may begin behind it, too.
fn nothing_behind(of: &Best) -> Vec<Scenario> {
    let at = of.at.since(of.scenario.world.start);
    let later = |when: &When| matches!(when, When::At(when) if *when > at);
    let some = of.scenario.calls.iter().any(|call| call.at > at)
        || of.scenario.commands.iter().any(|command| later(&command.when));
    if !some {
        return Vec::new();
    }
    vec![edited(of, |scenario| {
        scenario.calls.retain(|call| call.at <= at);
        scenario.commands.retain(|command| !later(&command.when));
    })]
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

/// 1, then half, then one less.
fn lower(number: u64) -> Vec<u64> {
    let mut lower: Vec<u64> =
        [1, number / 2, number.saturating_sub(1)].into_iter().filter(|less| (1..number).contains(less)).collect();
    lower.dedup();
    lower
}

fn lower_counts(of: &Best) -> Vec<Scenario> {
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

fn plainer_operator(of: &Best) -> Vec<Scenario> {
    let mut proposals = Vec::new();
    if of.scenario.operator.instances > 1 {
        proposals.push(edited(of, |scenario| scenario.operator.instances = 1));
    }
    for key in of.scenario.operator.config.keys() {
        proposals.push(edited(of, |scenario| drop(scenario.operator.config.remove(key))));
    }
    if of.scenario.operator.restart != Span::SECOND {
        proposals.push(edited(of, |scenario| scenario.operator.restart = Span::SECOND));
    }
    proposals
}

/// All of it at its defaults, or each parameter.
fn plainer_world(of: &Best) -> Vec<Scenario> {
    let usual = WorldParameters::default();
    if of.scenario.world == usual {
        return Vec::new();
    }
    let mut proposals = vec![edited(of, |scenario| scenario.world = WorldParameters::default())];
    let single: [fn(&mut WorldParameters, WorldParameters); 12] = [
        |world, usual| world.horizon = usual.horizon,
        |world, usual| world.settle = usual.settle,
        |world, usual| world.webhook_events = usual.webhook_events,
        |world, usual| world.webhook_attempts = usual.webhook_attempts,
        |world, usual| world.webhook_queue_depth = usual.webhook_queue_depth,
        |world, usual| world.webhook_queue_age = usual.webhook_queue_age,
        |world, usual| world.info_retention = usual.info_retention,
        |world, usual| world.egress_start = usual.egress_start,
        |world, usual| world.egress_capacity = usual.egress_capacity,
        |world, usual| world.upload_bytes_per_second = usual.upload_bytes_per_second,
        |world, usual| world.list_page = usual.list_page,
        |world, usual| world.start = usual.start,
    ];
    for plain in single {
        proposals.push(edited(of, |scenario| plain(&mut scenario.world, WorldParameters::default())));
    }
    proposals.retain(|proposal| proposal.world != of.scenario.world);
    proposals
}

/// The usual grace, if the promise breaks under it, too.
fn plainer_promises(of: &Best) -> Vec<Scenario> {
    let mut proposals = vec![
        edited(of, |scenario| scenario.promises = Promises::default()),
        edited(of, |scenario| scenario.limits = Limits::default()),
        edited(of, |scenario| scenario.severity = Severity::Medium),
    ];
    let single: [fn(&mut Promises, Promises); 6] = [
        |promises, usual| promises.gap = usual.gap,
        |promises, usual| promises.stop_grace = usual.stop_grace,
        |promises, usual| promises.startup = usual.startup,
        |promises, usual| promises.prompt = usual.prompt,
        |promises, usual| promises.inventory_grace = usual.inventory_grace,
        |promises, usual| promises.converge = usual.converge,
    ];
    for plain in single {
        proposals.push(edited(of, |scenario| plain(&mut scenario.promises, Promises::default())));
    }
    proposals.retain(|proposal| *proposal != of.scenario);
    proposals
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

fn plainer_tenants(of: &Best) -> Vec<Scenario> {
    let mut proposals = Vec::new();
    for (ix, tenant) in of.scenario.tenants.iter().enumerate() {
        let shorter =
            |gone: std::ops::Range<usize>| edited(of, |scenario| drop(scenario.tenants[ix].buckets.drain(gone)));
        let several = without_chunks(tenant.buckets.len(), shorter);
        proposals.extend(several.into_iter().filter(|scenario| !scenario.tenants[ix].buckets.is_empty()));
        let plainer: [fn(&mut egress_sim_model::scenario::Tenant); 4] = [
            |tenant| tenant.contract_end = None,
            |tenant| tenant.retention_max = None,
            |tenant| {
                tenant.retention = None;
                tenant.retention_max = None;
            },
            |tenant| tenant.cdn = None,
        ];
        for plain in plainer {
            proposals.push(edited(of, |scenario| plain(&mut scenario.tenants[ix])));
        }
    }
    for ix in 0..of.scenario.buckets.len() {
        proposals.push(edited(of, |scenario| drop(scenario.buckets.remove(ix))));
        proposals.push(edited(of, |scenario| {
            let plain = Bucket::named(&scenario.buckets[ix].name);
            scenario.buckets[ix] = Bucket { versioning: scenario.buckets[ix].versioning, ..plain };
        }));
    }
    proposals.retain(|proposal| *proposal != of.scenario);
    proposals
}

fn plainer_calls(of: &Best) -> Vec<Scenario> {
    let mut proposals = Vec::new();
    for ix in 0..of.scenario.calls.len() {
        proposals.push(edited(of, |scenario| scenario.calls[ix].output = OutputKind::Mp4));
        proposals.push(edited(of, |scenario| scenario.calls[ix].segment = Span::seconds(6)));
    }
    for ix in 0..of.scenario.commands.len() {
        proposals.push(edited(of, |scenario| scenario.commands[ix].room = None));
    }
    proposals.retain(|proposal| *proposal != of.scenario);
    proposals
}

/// Single shots instead of windows, no filter, the first match, parameters at their defaults.
fn gentler_faults(of: &Best) -> Vec<Scenario> {
    let mut proposals = Vec::new();
    for (ix, fault) in of.scenario.faults.iter().enumerate() {
        proposals.push(edited(of, |scenario| scenario.faults[ix].window = None));
        proposals.push(edited(of, |scenario| scenario.faults[ix].filter = Filter::default()));
        for name in fault.parameters.keys() {
            proposals.push(edited(of, |scenario| drop(scenario.faults[ix].parameters.remove(name))));
        }
        let usual = Anchor::On { point: fault.kind.on.into(), nth: 1, count: 1 };
        proposals.push(edited(of, |scenario| scenario.faults[ix].anchor = usual));
        if let Anchor::On { nth, count, .. } = &fault.anchor {
            let point = fault.kind.on.to_owned();
            let anchor = Anchor::On { point, nth: *nth, count: *count };
            proposals.push(edited(of, |scenario| scenario.faults[ix].anchor = anchor));
        }
        proposals.push(edited(of, |scenario| scenario.faults[ix].name.clear()));
    }
    proposals.retain(|proposal| *proposal != of.scenario);
    proposals
}

/// Moments and lengths that people write: whole days, hours, minutes; and as early as may be.
fn rounder_times(of: &Best) -> Vec<Scenario> {
    let mut proposals = Vec::new();
    for (ix, call) in of.scenario.calls.iter().enumerate() {
        for at in [Span::seconds(60), Span::seconds(300)].into_iter().chain(rounder(call.at)) {
            if at < call.at {
                proposals.push(edited(of, |scenario| scenario.calls[ix].at = at));
            }
        }
        for duration in [60, 300].map(Span::seconds).into_iter().chain(rounder(call.duration)) {
            if duration < call.duration {
                proposals.push(edited(of, |scenario| scenario.calls[ix].duration = duration));
            }
        }
        if call.count > 1 {
            proposals.extend(rounder(call.every).map(|every| edited(of, |scenario| scenario.calls[ix].every = every)));
        }
        if !call.name.is_empty() {
            proposals.push(edited(of, |scenario| scenario.calls[ix].name.clear()));
        }
    }
    for (ix, tenant) in of.scenario.tenants.iter().enumerate() {
        let Some(end) = tenant.contract_end else { continue };
        for earlier in [Span::seconds(DAY), Span::seconds(10 * DAY)].into_iter().chain(rounder(end)) {
            if earlier < end {
                proposals.push(edited(of, |scenario| scenario.tenants[ix].contract_end = Some(earlier)));
            }
        }
    }
    for (ix, command) in of.scenario.commands.iter().enumerate() {
        if let When::At(at) = command.when {
            proposals.extend(rounder(at).map(|at| edited(of, |scenario| scenario.commands[ix].when = When::At(at))));
        }
    }
    for (ix, fault) in of.scenario.faults.iter().enumerate() {
        if let Anchor::At(at) = fault.anchor {
            proposals.extend(rounder(at).map(|at| edited(of, |scenario| scenario.faults[ix].anchor = Anchor::At(at))));
        }
        if let Some(window) = fault.window {
            proposals
                .extend(rounder(window).map(|window| edited(of, |scenario| scenario.faults[ix].window = Some(window))));
        }
    }
    proposals.retain(|proposal| *proposal != of.scenario);
    proposals
}

/// The same, cut to whole days, hours, ten minutes, minutes, seconds: those that are not nothing and not the same.
fn rounder(span: Span) -> impl Iterator<Item = Span> {
    [DAY, 3600, 600, 60, 1]
        .into_iter()
        .map(Span::seconds)
        .map(move |unit| Span(span.0 - span.0 % unit.0))
        .filter(move |round| round.0 > 0 && *round != span)
}
