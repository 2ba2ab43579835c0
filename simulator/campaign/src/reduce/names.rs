//! Canonical names: two finds of one bug then differ in nothing.

use std::collections::BTreeMap;

use egress_sim_model::fault::Value;
use egress_sim_model::scenario::Scenario;

use super::Best;

const TENANTS: [&str; 5] = ["acme", "globex", "initech", "umbrella", "hooli"];
const PEOPLE: [&str; 8] = ["alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi"];

/// All names at once, then one sort of them: a bug may need that one name begins with another.
pub(super) fn canonical(of: &Best) -> Vec<Scenario> {
    let scenario = &of.scenario;
    let mut proposals = vec![
        rooms(people(buckets(tenants(scenario.clone())))),
        tenants(scenario.clone()),
        buckets(scenario.clone()),
        rooms(scenario.clone()),
        people(scenario.clone()),
    ];
    proposals.retain(|proposal| proposal != scenario);
    proposals
}

fn tenants(mut scenario: Scenario) -> Scenario {
    let names: BTreeMap<String, String> =
        scenario.tenants.iter().zip(TENANTS).map(|(tenant, name)| (tenant.name.clone(), name.to_owned())).collect();
    let rename = |name: &mut String| {
        if let Some(new) = names.get(name) {
            name.clone_from(new);
        }
    };
    for tenant in &mut scenario.tenants {
        rename(&mut tenant.name);
        if let Some(cdn) = &mut tenant.cdn {
            *cdn = format!("cdn.{}.example", tenant.name);
        }
    }
    scenario.calls.iter_mut().for_each(|call| rename(&mut call.tenant));
    scenario.commands.iter_mut().for_each(|command| rename(&mut command.tenant));
    scenario.faults.iter_mut().filter_map(|fault| fault.filter.tenant.as_mut()).for_each(rename);
    scenario
}

fn buckets(mut scenario: Scenario) -> Scenario {
    let all: Vec<String> = scenario.all_buckets().into_iter().map(|bucket| bucket.name).collect();
    let only = all.len() == 1;
    let names: BTreeMap<String, String> = all
        .into_iter()
        .enumerate()
        .map(|(number, name)| (name, if only { "rec".to_owned() } else { format!("rec-{}", number + 1) }))
        .collect();
    let rename = |name: &mut String| {
        if let Some(new) = names.get(name) {
            name.clone_from(new);
        }
    };
    scenario.tenants.iter_mut().flat_map(|tenant| &mut tenant.buckets).for_each(rename);
    scenario.buckets.iter_mut().for_each(|bucket| rename(&mut bucket.name));
    scenario.world.backup_bucket.iter_mut().for_each(rename);
    for fault in &mut scenario.faults {
        fault.filter.bucket.iter_mut().for_each(rename);
        for value in fault.parameters.values_mut() {
            if let Value::Text(text) = value {
                rename(text);
            }
        }
    }
    scenario
}

fn rooms(mut scenario: Scenario) -> Scenario {
    let only = scenario.calls.len() == 1;
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    for (number, call) in scenario.calls.iter_mut().enumerate() {
        let number = if only { String::new() } else { format!("-{}", number + 1) };
        let each = if call.count > 1 { "-{n}" } else { "" };
        let before: Vec<String> = (0..call.count.min(100)).map(|n| call.room_name(n)).collect();
        call.room = format!("standup{number}{each}");
        names.extend(before.into_iter().zip((0..call.count).map(|n| call.room_name(n))));
    }
    let rename = |name: &mut String| {
        if let Some(new) = names.get(name) {
            name.clone_from(new);
        }
    };
    scenario.commands.iter_mut().filter_map(|command| command.room.as_mut()).for_each(rename);
    scenario.faults.iter_mut().filter_map(|fault| fault.filter.room.as_mut()).for_each(rename);
    scenario
}

fn people(mut scenario: Scenario) -> Scenario {
    for call in &mut scenario.calls {
        for (participant, name) in call.participants.iter_mut().zip(PEOPLE) {
            name.clone_into(&mut participant.identity);
        }
    }
    scenario
}
