//! Strategies for whole scenarios: proptest makes the values, a campaign says from what.
//!
//! Every value is a valid scenario, and so is every part of it: taking out a call, a command or a fault leaves nothing that
//! dangles but an `after`, which [`crate::reduce`] takes along. [`scenarios`] is what a Rust user writes `proptest!` tests
//! over; [`case`] is case number k of a campaign.

use std::rc::Rc;

use egress_sim_model::scenario::{
    Bucket, Limits, ObjectLock, OperatorTable, Promises, Recording, Scenario, Severity, Tenant, WorldParameters,
};
use egress_sim_model::time::Span;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use crate::campaign::{Campaign, lock, surface};

mod faults;
mod steps;
mod troubles;

/// The hours in which calls take place; contracts end behind them. Small worlds are short, too: a day of nothing is a day of
/// an operator's timers.
const HOURS: u64 = 2;

/// Whole scenarios of a campaign.
pub fn scenarios(campaign: &Campaign) -> impl Strategy<Value = Scenario> + use<> {
    let campaign = Rc::new(campaign.clone());
    let base = base(&campaign);
    (any::<u32>(), families(&campaign), worlds(&campaign), instances(&campaign), tenants(&campaign)).prop_flat_map(
        move |(seed, families, world, instances, (tenants, buckets))| {
            let backup = world.backup_bucket.iter().map(|name| Bucket::named(name));
            let buckets = buckets.into_iter().chain(backup).collect();
            let base = Scenario {
                seed: u64::from(seed),
                world,
                operator: OperatorTable { instances, ..base.operator.clone() },
                tenants,
                buckets,
                ..base.clone()
            };
            let campaign = Rc::clone(&campaign);
            steps::calls(&campaign, &base.tenants).prop_flat_map(move |calls| {
                let base = with_told_tracks(Scenario { calls, ..base.clone() });
                let commands = steps::commands(&campaign, &base);
                let faults = faults::faults(&campaign, &families, &base);
                (commands, faults).prop_map(move |(commands, faults)| Scenario { commands, faults, ..base.clone() })
            })
        },
    )
}

/// An operator that is told of no track cannot record one by one.
fn with_told_tracks(mut scenario: Scenario) -> Scenario {
    let told = |events: &Vec<String>| events.iter().any(|event| event == "track_published");
    if scenario.calls.iter().any(|call| call.recording == Recording::Processing) {
        scenario.world.webhook_events = scenario.world.webhook_events.take().filter(told);
    }
    scenario
}

/// Case `number` of a campaign under a seed. What it is depends on nothing else: not on the cases before it, not on who runs
/// it.
pub fn case(strategy: &impl Strategy<Value = Scenario>, digest: &str, seed: u64, number: u64) -> Scenario {
    let mut hasher = blake3::Hasher::new();
    hasher.update(digest.as_bytes());
    hasher.update(&seed.to_le_bytes());
    hasher.update(&number.to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, hasher.finalize().as_bytes());
    let config = Config { failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, rng);
    let tree = strategy.new_tree(&mut runner).expect("no strategy of a campaign rejects anything");
    Scenario { name: format!("case-{number}"), ..tree.current() }
}

/// What all cases have in common.
fn base(campaign: &Campaign) -> Scenario {
    let (promises, limits) = (&campaign.promises, &campaign.limits);
    Scenario {
        name: "case".into(),
        title: String::new(),
        severity: Severity::Medium,
        seed: 0,
        question: String::new(),
        expected: String::new(),
        world: WorldParameters::default(),
        limits: Limits {
            fuel: limits.fuel,
            memory_bytes: limits.memory_bytes,
            host_payload_bytes: limits.host_payload_bytes,
            calls_per_delivery: limits.calls_per_delivery,
            timers: limits.timers,
            ..Limits::default()
        },
        promises: Promises {
            gap: promises.gap.0,
            stop_grace: promises.stop_grace.0,
            startup: promises.startup.0,
            prompt: promises.prompt.0,
            inventory_grace: promises.inventory_grace.0,
            converge: promises.converge.0,
        },
        operator: OperatorTable { config: campaign.config.clone(), ..OperatorTable::default() },
        tenants: Vec::new(),
        buckets: Vec::new(),
        calls: Vec::new(),
        commands: Vec::new(),
        faults: Vec::new(),
        expects: Vec::new(),
        found: toml::Table::new(),
    }
}

/// The surfaces that have faults in a case: each wholly in or wholly out, because faults of everything at once hide each
/// other (swarm testing).
fn families(campaign: &Campaign) -> impl Strategy<Value = Vec<String>> + use<> {
    let odds: Vec<_> = campaign
        .families
        .iter()
        .filter(|(family, _)| campaign.kinds().any(|kind| surface(kind.name) == family.as_str()))
        .map(|(family, odds)| {
            let family = family.clone();
            (0..odds.1).prop_map({
                let most = odds.0;
                move |drawn| (drawn < most).then(|| family.clone())
            })
        })
        .collect();
    odds.prop_map(|families| families.into_iter().flatten().collect())
}

fn worlds(campaign: &Campaign) -> impl Strategy<Value = WorldParameters> + use<> {
    let worlds = &campaign.world;
    (
        select(worlds.list_page.clone()),
        select(worlds.webhook_queue_depth.clone()),
        select(worlds.info_retention.clone()),
        select(worlds.egress_start.clone()),
        select(worlds.upload_bytes_per_second.clone()),
        select(worlds.webhook_events.clone()),
        select(worlds.backup_bucket.clone()),
    )
        .prop_map(|(list_page, webhook_queue_depth, info_retention, egress_start, uploads, events, backup)| {
            WorldParameters {
                horizon: Span::seconds(5 * 86_400),
                settle: Span::seconds(3600),
                list_page,
                webhook_queue_depth,
                info_retention: info_retention.0,
                egress_start: egress_start.0,
                upload_bytes_per_second: uploads,
                webhook_events: (!events.is_empty()).then_some(events),
                backup_bucket: (!backup.is_empty()).then_some(backup),
                ..WorldParameters::default()
            }
        })
}

fn instances(campaign: &Campaign) -> impl Strategy<Value = u32> + use<> {
    select(campaign.world.instances.clone())
}

/// Tenants whose names begin alike, and their buckets.
fn tenants(campaign: &Campaign) -> impl Strategy<Value = (Vec<Tenant>, Vec<Bucket>)> + use<> {
    const NAMES: [&str; 5] = ["acme-1", "acme-10", "acme-100", "globex", "initech"];
    let size = &campaign.size;
    let [least, most] = size.buckets;
    let one = (
        least..=most,
        any::<bool>(),
        prop_oneof![3 => Just(true), 1 => Just(false)],
        select(vec![None, Some(1), Some(6), Some(12)]),
        prop_oneof![1 => Just(None), 1 => select(campaign.world.retention_slack.clone()).prop_map(Some)],
        prop_oneof![1 => Just(Some(HOURS + 1)), 2 => (HOURS + 1..24).prop_map(Some), 2 => Just(None)],
    );
    let [fewest, largest] = size.tenants.map(|count| count as usize);
    let locked = (select(campaign.world.object_lock.clone()), select(campaign.world.lock_for.clone()));
    let kinds = proptest::collection::vec((any::<bool>(), locked), largest * most as usize);
    (proptest::collection::vec(one, fewest..=largest), kinds, any::<bool>()).prop_map(|(tenants, kinds, shared)| {
        let hour = |hours: u64| Span::seconds(hours * 3600);
        let mut names = Vec::new();
        let tenants = tenants
            .into_iter()
            .zip(NAMES)
            .map(|((buckets, same_first, published, retention, longer, contract_end), name)| {
                let first = if shared && same_first { 0 } else { names.len() as u32 };
                let buckets: Vec<String> = (first..first + buckets).map(|number| format!("rec-{number}")).collect();
                names.extend(buckets.iter().cloned());
                Tenant {
                    name: name.to_owned(),
                    buckets,
                    cdn: published.then(|| format!("cdn.{name}.example")),
                    retention: retention.map(hour),
                    retention_max: longer.and_then(|longer| retention.map(|kept| hour(kept) + longer.0)),
                    delete_within: hour(12),
                    contract_end: contract_end.map(hour),
                }
            })
            .collect();
        names.sort_unstable();
        names.dedup();
        let buckets = names.into_iter().zip(kinds).filter_map(|(name, (versioning, (mode, lock_for)))| {
            let object_lock = lock(&mode).unwrap_or_default();
            let lock_for = (object_lock != ObjectLock::None).then_some(lock_for.0);
            let special = Bucket { versioning, object_lock, lock_for, ..Bucket::named(&name) };
            (special != Bucket::named(&name)).then_some(special)
        });
        let buckets = buckets.collect();
        (tenants, buckets)
    })
}

#[cfg(test)]
mod tests;
