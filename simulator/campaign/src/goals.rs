//! Goals: what must have happened in a campaign before its silence means anything.
//!
//! A goal has an id such as `fault/s3.batch_partial` or `met/page-two`. A run reaches some; a campaign is green only if no
//! promise broke and every goal of [`wanted`] was reached.

use std::collections::{BTreeMap, BTreeSet};

use egress_sim_model::call::{Call, CallError, Reply};
use egress_sim_model::livekit::EgressStatus;
use egress_sim_model::property::builtin;
use egress_sim_model::scenario::{Scenario, keys};
use egress_sim_model::state::State;
use egress_sim_model::time::Time;
use egress_sim_model::trace::{Fact, Witness};
use egress_sim_model::world::Outcome;
use serde::{Deserialize, Serialize};

use crate::campaign::Campaign;

/// What can happen in a world whatever its faults, and must have happened once.
const MET: [(&str, &str); 9] = [
    ("met/page-two", "a listing went on behind its first page"),
    ("met/batch-with-refusals", "a batch delete was answered 200 with errors inside"),
    ("met/outcome-unknown", "a call that changes something was left without an answer"),
    ("met/restart-in-deletion", "the operator died while it deleted"),
    ("met/webhook-again", "a delivery was attempted a second time"),
    ("met/webhook-lost", "an event was lost for good"),
    ("met/status-went-back", "a delivery told of an older state than one before it"),
    ("met/hold-in-force", "a legal hold was set"),
    ("met/two-composites-in-turn", "a call had a second composite after its first"),
];

/// How often each goal was reached.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Hits(pub BTreeMap<String, u64>);

impl Hits {
    /// Adds the goals of one run.
    pub fn add(&mut self, goals: &Goals) {
        for goal in &goals.reached {
            if let Some(hits) = self.0.get_mut(goal) {
                *hits += 1;
            } else {
                self.0.insert(goal.clone(), 1);
            }
        }
    }

    /// Adds the goals of another part of the campaign.
    pub fn merge(&mut self, other: &Hits) {
        for (goal, hits) in &other.0 {
            *self.0.entry(goal.clone()).or_default() += hits;
        }
    }

    /// How often a goal was reached.
    pub fn of(&self, goal: &str) -> u64 {
        self.0.get(goal).copied().unwrap_or_default()
    }
}

/// The goals of a campaign, in order of id.
pub fn wanted(campaign: &Campaign) -> Vec<String> {
    let mut ids: BTreeSet<String> = BTreeSet::new();
    ids.extend(campaign.kinds().map(|kind| format!("fault/{}", kind.name)));
    let counts = |id: &str| campaign.properties.is_empty() || campaign.properties.iter().any(|wanted| wanted == id);
    ids.extend(
        builtin().iter().map(|property| property.about().id).filter(|id| counts(id)).map(|id| format!("checked/{id}")),
    );
    let hostile = campaign.families.values().any(|odds| odds.0 > 0);
    if hostile {
        ids.extend(MET.map(|(id, _)| id.to_owned()));
    }
    ids.retain(|id| !campaign.waive.contains(id));
    ids.into_iter().collect()
}

/// What a goal means.
pub fn meaning(goal: &str) -> String {
    if let Some(kind) = goal.strip_prefix("fault/") {
        return format!("{kind} struck");
    }
    if let Some(id) = goal.strip_prefix("checked/") {
        return format!("{id} was put to the test");
    }
    let met = MET.iter().find(|(id, _)| *id == goal).map(|(_, meaning)| (*meaning).to_owned());
    met.unwrap_or_else(|| goal.to_owned())
}

/// The goals that one run reached; watches it.
#[derive(Debug, Default)]
pub struct Goals {
    reached: BTreeSet<String>,
    /// Calls that instances wait in, as far as they delete.
    deleting: BTreeSet<u32>,
    /// The last status that a webhook told of an egress.
    told: BTreeMap<String, EgressStatus>,
}

impl Goals {
    /// Their ids.
    pub fn reached(&self) -> impl Iterator<Item = &str> {
        self.reached.iter().map(String::as_str)
    }

    /// What the outcome says besides.
    pub fn read(&mut self, scenario: &Scenario, outcome: &Outcome) {
        for (fault, fired) in scenario.faults.iter().zip(&outcome.faults_fired) {
            if *fired > 0 {
                self.reached.insert(format!("fault/{}", fault.kind.name));
            }
        }
        for (name, verdict) in &outcome.properties {
            if verdict.checks > 0 && keys::PROPERTIES.contains(&name.id()) {
                self.reached.insert(format!("checked/{}", name.id()));
            }
        }
    }

    fn reach(&mut self, goal: &str) {
        if !self.reached.contains(goal) {
            self.reached.insert(goal.to_owned());
        }
    }

    fn called(&mut self, instance: u32, call: &Call) {
        match call {
            Call::DeleteObject { .. } | Call::DeleteObjects { .. } => {
                self.deleting.insert(instance);
            }
            Call::ListObjectsV2 { continuation_token: Some(_), .. }
            | Call::ListObjectVersions { marker: Some(_), .. } => {
                self.reach("met/page-two");
            }
            _ => {}
        }
    }

    fn replied(&mut self, instance: u32, call: &Call, reply: &Reply) {
        self.deleting.remove(&instance);
        if let Reply::DeleteResult(Ok(result)) = reply
            && !result.errors.is_empty()
        {
            self.reach("met/batch-with-refusals");
        }
        if call.is_mutating() && is_unknown(reply) {
            self.reach("met/outcome-unknown");
        }
        if let Reply::Opened(Ok(event)) = reply
            && let Some(info) = &event.egress_info
        {
            let id = info.egress_id.to_string();
            if self.told.get(&id).is_some_and(|told| info.status < *told) {
                self.reach("met/status-went-back");
            }
            self.told.insert(id, info.status);
        }
    }
}

fn is_unknown(reply: &Reply) -> bool {
    let unknown = |error: &CallError| matches!(error, CallError::OutcomeUnknown(_));
    match reply {
        Reply::Egress(Err(error))
        | Reply::Put(Err(error))
        | Reply::Deleted(Err(error))
        | Reply::DeleteResult(Err(error))
        | Reply::Commit(Err(error))
        | Reply::Done(Err(error)) => unknown(error),
        _ => false,
    }
}

impl Witness for Goals {
    fn record(&mut self, _at: Time, _sequence: u64, fact: &Fact<'_>, state: &State) {
        match fact {
            Fact::Called { instance, call } => self.called(*instance, call),
            Fact::Replied { instance, call, reply } => self.replied(*instance, call, reply),
            Fact::Crashed { instance } if self.deleting.remove(instance) => self.reach("met/restart-in-deletion"),
            Fact::WebhookAnswered { attempt: 2.., .. } => self.reach("met/webhook-again"),
            Fact::WebhookDropped { .. } => self.reach("met/webhook-lost"),
            Fact::CommandGiven { command } => {
                if matches!(command.order, egress_sim_model::call::Order::LegalHold(_)) {
                    self.reach("met/hold-in-force");
                }
            }
            Fact::EgressChanged { egress, status: EgressStatus::Active, .. } => {
                let egress = state.egress(*egress);
                if egress.attempt > 0 && egress.is_composite() {
                    self.reach("met/two-composites-in-turn");
                }
            }
            _ => {}
        }
    }
}
