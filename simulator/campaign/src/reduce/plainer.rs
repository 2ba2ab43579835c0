//! The same with less to read: defaults instead of values, faults without windows and filters, round times.

use egress_sim_model::fault::{Anchor, Filter};
use egress_sim_model::scenario::{Bucket, Limits, OutputKind, Promises, Scenario, Severity, When, WorldParameters};
use egress_sim_model::time::Span;

use super::Best;
use super::edits::{edited, without_chunks};
use crate::campaign::surface;

const DAY: u64 = 86_400;

pub(super) fn operator(of: &Best) -> Vec<Scenario> {
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
pub(super) fn world(of: &Best) -> Vec<Scenario> {
    let usual = WorldParameters::default();
    if of.scenario.world == usual {
        return Vec::new();
    }
    let mut proposals = vec![edited(of, |scenario| scenario.world = WorldParameters::default())];
    let single: [fn(&mut WorldParameters, WorldParameters); 23] = [
        |world, usual| world.horizon = usual.horizon,
        |world, usual| world.settle = usual.settle,
        |world, usual| world.webhook_events = usual.webhook_events,
        |world, usual| world.webhook_attempts = usual.webhook_attempts,
        |world, usual| world.webhook_queue_depth = usual.webhook_queue_depth,
        |world, usual| world.webhook_queue_age = usual.webhook_queue_age,
        |world, usual| world.info_retention = usual.info_retention,
        |world, usual| world.egress_start = usual.egress_start,
        |world, usual| world.egress_capacity = usual.egress_capacity,
        |world, usual| world.file_output_max_duration = usual.file_output_max_duration,
        |world, usual| world.stream_output_max_duration = usual.stream_output_max_duration,
        |world, usual| world.segment_output_max_duration = usual.segment_output_max_duration,
        |world, usual| world.image_output_max_duration = usual.image_output_max_duration,
        |world, usual| world.upload_bytes_per_second = usual.upload_bytes_per_second,
        |world, usual| world.list_page = usual.list_page,
        |world, usual| world.start = usual.start,
        |world, usual| world.token_life = usual.token_life,
        |world, usual| world.media_bytes_per_second = usual.media_bytes_per_second,
        |world, usual| world.livekit_latency = usual.livekit_latency,
        |world, usual| world.s3_latency = usual.s3_latency,
        |world, usual| world.lifecycle_day = usual.lifecycle_day,
        |world, usual| world.error_prefix = usual.error_prefix,
        |world, usual| world.backup_bucket = usual.backup_bucket,
    ];
    for plain in single {
        proposals.push(edited(of, |scenario| plain(&mut scenario.world, WorldParameters::default())));
    }
    proposals.retain(|proposal| proposal.world != of.scenario.world);
    proposals
}

/// The usual grace, if the promise breaks under it, too.
pub(super) fn promises(of: &Best) -> Vec<Scenario> {
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

pub(super) fn tenants(of: &Best) -> Vec<Scenario> {
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

pub(super) fn calls(of: &Best) -> Vec<Scenario> {
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
pub(super) fn faults(of: &Best) -> Vec<Scenario> {
    let mut proposals = Vec::new();
    for (ix, fault) in of.scenario.faults.iter().enumerate() {
        // A clock that never comes right lets nobody in: that is another matter.
        if surface(fault.kind.name) != "clock" {
            proposals.push(edited(of, |scenario| scenario.faults[ix].window = None));
        }
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
pub(super) fn times(of: &Best) -> Vec<Scenario> {
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
