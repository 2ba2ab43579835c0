//! Coverage: what must have happened in a campaign before its silence means anything.
//!
//! A goal has an id such as `fault/s3.timeout@s3.delete_objects` or `met/page-two`. A run reaches some ([`Coverage`] watches
//! it); a campaign is green only if no promise broke and every goal of [`wanted`] was reached. What is wanted follows from the
//! campaign, from the worlds that it makes ([`worlds`]), and from what the operator was seen to do: a fault at a call that the
//! operator never makes is no goal, and a `check.sometimes` that it was heard of is one.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use egress_sim_model::fault::{Default as ParameterDefault, Kind, points};
use egress_sim_model::property::builtin;
use serde::{Deserialize, Serialize};

use crate::campaign::Campaign;

mod met;
mod run;
pub mod worlds;

pub use run::Coverage;
use worlds::Worlds;

/// What the operator does in fewer cases than one in so many is no place where every fault must have struck. A fault is aimed
/// at each place in about fifty of the default campaign's cases; where it meets the operator in one case of five only, one
/// campaign in thousands would miss it by chance, and below that more and more would.
const RARELY: u64 = 5;

/// Moments that every operator goes through; the others are those of what it starts.
const OF_EVERY_OPERATOR: &[&str] =
    &["operator.answer", "operator.delivery", "operator.init", "webhook.answer", "webhook.attempt", "webhook.delivery"];

/// How often what was reached, by id, in cases. Beside goals it counts what the operator did (`did/s3.head_object`) and what it
/// broke (`broke/recording.gap`). What was seen to be possible and was not reached stands here with 0.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Hits(pub BTreeMap<String, u64>);

impl Hits {
    /// Adds what one run covered.
    pub fn add(&mut self, coverage: &mut Coverage) {
        let mut words = String::new();
        coverage.each(&mut |id, reached| {
            words.clear();
            write!(words, "{id}").expect("a String takes all that is written to it");
            match self.0.get_mut(&words) {
                Some(hits) => *hits += u64::from(reached),
                None => drop(self.0.insert(words.clone(), u64::from(reached))),
            }
        });
    }

    /// Adds a case in which a promise broke.
    pub fn add_broken(&mut self, property: &str) {
        *self.0.entry(format!("broke/{property}")).or_default() += 1;
    }

    /// In how many cases a promise broke.
    pub fn broken(&self, property: &str) -> u64 {
        self.of(&format!("broke/{property}"))
    }

    /// Adds another part of the campaign.
    pub fn merge(&mut self, other: &Hits) {
        for (goal, hits) in &other.0 {
            *self.0.entry(goal.clone()).or_default() += hits;
        }
    }

    /// Goals that were reached at least once.
    pub fn reached(&self) -> usize {
        self.0.iter().filter(|(id, hits)| **hits > 0 && !id.starts_with("did/") && !id.starts_with("broke/")).count()
    }

    /// How often a goal was reached.
    pub fn of(&self, goal: &str) -> u64 {
        self.0.get(goal).copied().unwrap_or_default()
    }
}

/// The goals of a campaign, in order of id, given what `cases` of its cases have shown of the operator.
pub fn wanted(campaign: &Campaign, hits: &Hits, cases: u64) -> Vec<String> {
    let does = |what: &str| hits.of(&format!("did/{what}")) * RARELY >= cases.max(1);
    let counts = |id: &str| campaign.properties.is_empty() || campaign.properties.iter().any(|wanted| wanted == id);
    let mut ids: BTreeSet<String> = BTreeSet::new();
    for kind in campaign.kinds() {
        ids.insert(format!("fault/{}", kind.name));
        ids.extend(forms(kind).map(|(parameter, word)| format!("fault/{}:{parameter}={word}", kind.name)));
        let met = points().filter(|point| kind.strikes_at(point) && (OF_EVERY_OPERATOR.contains(point) || does(point)));
        ids.extend(met.map(|point| format!("fault/{}@{point}", kind.name)));
    }
    let properties = builtin();
    ids.extend(properties.iter().map(|property| property.about().id).filter(|id| counts(id)).map(checked));
    ids.extend(met::wanted(campaign, &Worlds::of(campaign), &does));
    let shown = hits.0.keys().filter(|id| is_wanted_once_shown(id, &counts, &does));
    ids.extend(shown.cloned());
    ids.retain(|id| !is_waived(campaign, id));
    ids.into_iter().collect()
}

/// Whether a run's word that this is possible makes it a goal: the author's own checks, properties that were watched, and
/// both effects of a fault at a call that changes something, unless it is made rarely.
fn is_wanted_once_shown(id: &str, counts: &dyn Fn(&str) -> bool, does: &dyn Fn(&str) -> bool) -> bool {
    match id.split_once('/') {
        Some(("sometimes", _)) => true,
        Some(("checked", id)) => !id.starts_with("custom.") || counts(id),
        Some(("fault", rest)) => {
            let point = rest.split_once('@').and_then(|(_, at)| at.split_once(':')).map(|(point, _)| point);
            point.is_some_and(does)
        }
        _ => false,
    }
}

/// Whether a campaign does without a goal: it names it, what it is a part of (`fault/s3.slow` stands for
/// `fault/s3.slow@s3.put_object`), or a beginning (`told/*`).
fn is_waived(campaign: &Campaign, id: &str) -> bool {
    campaign.waive.iter().any(|waived| match (waived.strip_suffix('*'), id.strip_prefix(waived.as_str())) {
        (Some(beginning), _) => id.starts_with(beginning),
        (None, Some(rest)) => rest.is_empty() || rest.starts_with(['@', ':']),
        (None, None) => false,
    })
}

fn checked(id: &str) -> String {
    format!("checked/{id}")
}

/// The forms in which a kind strikes: each word of each parameter that has a choice, as far as a campaign makes them.
fn forms(kind: &'static Kind) -> impl Iterator<Item = (&'static str, &'static str)> {
    // A campaign has no older component to roll back to.
    let own = kind.parameters.iter().filter(|own| !(kind.name == "operator.deploy" && own.name == "to"));
    own.flat_map(|own| {
        let words = if let ParameterDefault::OneOf(words) = own.default { words } else { &[] };
        words.iter().map(|word| (own.name, *word))
    })
}

/// What a goal means.
pub fn meaning(goal: &str) -> String {
    let (class, rest) = goal.split_once('/').unwrap_or(("", goal));
    match class {
        "fault" => struck(rest),
        "checked" => format!("{rest} was put to the test"),
        "sometimes" => format!("the operator's own `sometimes` {rest} held"),
        _ => met::meaning(goal).unwrap_or_else(|| goal.to_owned()),
    }
}

fn struck(rest: &str) -> String {
    let (what, form) = rest.split_once(':').unwrap_or((rest, ""));
    let (kind, point) = what.split_once('@').unwrap_or((what, ""));
    let at = if point.is_empty() { String::new() } else { format!(" at {point}") };
    let with = form.split_once('=').map_or_else(String::new, |(name, word)| format!(" with {name} = \"{word}\""));
    format!("{kind} struck{at}{with}")
}

/// Goals that were not reached, a line for each group: what it is, and which are missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// `fault/s3.timeout`, `met/page-two`, `checked`.
    pub group: String,
    /// In words.
    pub meaning: String,
    /// Goals of the group that were not reached: what stands behind the group in their ids. Empty where the group is one
    /// goal, which was not reached.
    pub missing: Vec<String>,
    /// How many goals the group has.
    pub of: usize,
}

/// Groups what was not reached: faults by their kind, the others one by one. A fault that never struck is one line, and not
/// one for each place where it did not.
pub fn missing(goals: &[(&str, u64)]) -> Vec<Missing> {
    let hits: BTreeMap<&str, u64> = goals.iter().copied().collect();
    let mut groups: BTreeMap<&str, (Vec<String>, usize)> = BTreeMap::new();
    for (id, hits) in goals {
        let end = if id.starts_with("fault/") { id.find(['@', ':']).unwrap_or(id.len()) } else { id.len() };
        let (missing, of) = groups.entry(&id[..end]).or_default();
        *of += 1;
        if *hits == 0 {
            missing.push(id[end..].to_owned());
        }
    }
    groups.retain(|_, (missing, _)| !missing.is_empty());
    let line = |(group, (mut missing, of)): (&str, (Vec<String>, usize))| {
        if hits.get(group) == Some(&0) {
            missing.clear();
        }
        Missing { group: group.to_owned(), meaning: meaning(group), missing, of }
    };
    groups.into_iter().map(line).collect()
}

#[cfg(test)]
mod tests;
