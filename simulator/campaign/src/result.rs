//! What a shard leaves behind: a small file, and how such files are put together.
//!
//! Putting together is commutative and idempotent: each part is known by its campaign, seed and shard, a part that is there
//! already changes nothing, and sums are made of the parts, not of sums. Goals are judged on the whole.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::campaign::Campaign;
use crate::goals::{Hits, wanted};

/// Part K of N of a campaign's cases, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "[u64; 2]", from = "[u64; 2]")]
pub struct Shard {
    /// K, from 1.
    pub part: u64,
    /// N.
    pub of: u64,
}

impl Default for Shard {
    fn default() -> Shard {
        Shard { part: 1, of: 1 }
    }
}

impl From<[u64; 2]> for Shard {
    fn from([part, of]: [u64; 2]) -> Shard {
        Shard { part, of }
    }
}

impl From<Shard> for [u64; 2] {
    fn from(shard: Shard) -> [u64; 2] {
        [shard.part, shard.of]
    }
}

impl Shard {
    /// Reads `K/N`.
    ///
    /// # Errors
    /// What was expected.
    pub fn parse(text: &str) -> Result<Shard, String> {
        let read = text.split_once('/').and_then(|(part, of)| Some((part.parse().ok()?, of.parse().ok()?)));
        match read {
            Some((part, of)) if (1..=of).contains(&part) => Ok(Shard { part, of }),
            _ => Err(format!("\"{text}\" is no shard: expected K/N with K from 1 to N, such as 2/8")),
        }
    }

    /// The number of this shard's case number `place`.
    pub const fn number(self, place: u64) -> u64 {
        place * self.of + self.part - 1
    }
}

/// What `fuzz --format json` prints and `merge` reads.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Document {
    /// 1.
    pub format: u32,
    /// Digest of the campaign.
    pub campaign: String,
    /// The campaign's seed.
    pub seed: u64,
    /// Which part it is; of a merged one, `[1, 1]` once all parts are there.
    pub shard: Shard,
    /// Cases run.
    pub cases: u64,
    /// Wall time; of a merged one, the sum.
    pub wall_ms: f64,
    /// `pass`, `violates`, `inconclusive` or `nondeterministic`.
    pub verdict: String,
    /// `OP`
    pub operator: String,
    /// Goals in order of id.
    pub goals: Vec<Goal>,
    /// What broke, in order of fingerprint.
    pub findings: Vec<Finding>,
    /// The parts that it is made of.
    pub parts: Vec<Part>,
}

/// A goal and how often it was reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Goal {
    /// Its id.
    pub id: String,
    /// Cases that reached it.
    pub hits: u64,
}

/// Something that broke, reduced.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Finding {
    /// Property and fault kinds.
    pub fingerprint: String,
    /// The property's id.
    pub property: String,
    /// Cases in which the promise broke so, as far as it is known before reduction.
    pub cases: u64,
    /// The file.
    pub scenario: String,
    /// `[[fault]]` blocks of the file.
    pub faults: u64,
    /// `[[call]]` blocks.
    pub calls: u64,
    /// `[[command]]` blocks.
    pub commands: u64,
    /// What was promised and what happened.
    #[serde(default)]
    pub message: String,
    /// Further promises that the same scenario breaks. Each is a finding of its own only where another scenario breaks it
    /// without this one.
    #[serde(default)]
    pub also_breaks: Vec<String>,
    /// Number of the first case.
    #[serde(default)]
    pub first_case: u64,
    /// The file's text, so that it survives the machine that found it.
    #[serde(default)]
    pub text: String,
}

/// One shard's share.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Part {
    /// Which.
    pub shard: Shard,
    /// Cases run.
    pub cases: u64,
    /// Wall time.
    pub wall_ms: f64,
    /// Goals reached.
    pub hits: Hits,
    /// What broke.
    pub findings: Vec<Finding>,
    /// It was nondeterministic.
    #[serde(default)]
    pub nondeterministic: bool,
}

/// Why results cannot be put together.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MergeError {
    /// Nothing was given.
    #[error("there is nothing to merge")]
    Nothing,
    /// Different campaigns, seeds, operators or splits.
    #[error("results of different {what} cannot be merged: {one} and {other}")]
    Different {
        /// Of what.
        what: &'static str,
        /// One.
        one: String,
        /// The other.
        other: String,
    },
    /// One part, told in two ways.
    #[error("part {0}/{1} is there twice, with different contents")]
    Contradiction(u64, u64),
}

impl Document {
    /// From its parts: sums, verdict, goals.
    pub fn of(campaign: &Campaign, seed: u64, operator: &str, parts: Vec<Part>) -> Document {
        Document::assemble(campaign.digest(), seed, operator.to_owned(), &wanted(campaign), parts)
    }

    fn assemble(campaign: String, seed: u64, operator: String, wanted: &[String], mut parts: Vec<Part>) -> Document {
        parts.sort_by_key(|part| part.shard);
        let mut hits = Hits::default();
        let mut findings: BTreeMap<String, Finding> = BTreeMap::new();
        for part in &parts {
            hits.merge(&part.hits);
            for finding in &part.findings {
                let known = findings.entry(finding.fingerprint.clone());
                known
                    .and_modify(|known| {
                        let cases = known.cases + finding.cases;
                        let size = |finding: &Finding| {
                            (finding.faults + finding.calls + finding.commands, finding.text.len(), finding.first_case)
                        };
                        if size(finding) < size(known) {
                            known.clone_from(finding);
                        }
                        known.cases = cases;
                    })
                    .or_insert_with(|| finding.clone());
            }
        }
        let goals: Vec<Goal> = wanted.iter().map(|id| Goal { id: id.clone(), hits: hits.of(id) }).collect();
        let verdict = if parts.iter().any(|part| part.nondeterministic) {
            "nondeterministic"
        } else if !findings.is_empty() {
            "violates"
        } else if goals.iter().any(|goal| goal.hits == 0) {
            "inconclusive"
        } else {
            "pass"
        };
        let only = if let [part] = &parts[..] { part.shard } else { Shard::default() };
        Document {
            format: 1,
            campaign,
            seed,
            shard: only,
            cases: parts.iter().map(|part| part.cases).sum(),
            wall_ms: parts.iter().map(|part| part.wall_ms).sum(),
            verdict: verdict.to_owned(),
            operator,
            goals,
            findings: findings.into_values().collect(),
            parts,
        }
    }
}

/// Puts results together.
///
/// # Errors
/// Results that do not belong together.
pub fn merge(documents: &[Document]) -> Result<Document, MergeError> {
    let Some((first, others)) = documents.split_first() else { return Err(MergeError::Nothing) };
    let differ = |what, one: &dyn ToString, other: &dyn ToString| MergeError::Different {
        what,
        one: one.to_string(),
        other: other.to_string(),
    };
    for other in others {
        if other.campaign != first.campaign {
            return Err(differ("campaigns", &first.campaign, &other.campaign));
        }
        if other.seed != first.seed {
            return Err(differ("seeds", &first.seed, &other.seed));
        }
        if other.operator != first.operator {
            return Err(differ("operators", &first.operator, &other.operator));
        }
    }
    let mut parts: Vec<Part> = Vec::new();
    for part in documents.iter().flat_map(|document| &document.parts) {
        match parts.iter().find(|known| known.shard == part.shard) {
            Some(known) if known == part => {}
            Some(_) => return Err(MergeError::Contradiction(part.shard.part, part.shard.of)),
            None => parts.push(part.clone()),
        }
    }
    if let Some(other) = parts.iter().find(|part| part.shard.of != parts[0].shard.of) {
        return Err(differ("splits", &parts[0].shard.of, &other.shard.of));
    }
    let wanted: Vec<String> = first.goals.iter().map(|goal| goal.id.clone()).collect();
    Ok(Document::assemble(first.campaign.clone(), first.seed, first.operator.clone(), &wanted, parts))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(k: u64, hits: &[(&str, u64)], findings: &[(&str, u64)]) -> Part {
        Part {
            shard: Shard { part: k, of: 3 },
            cases: 10,
            wall_ms: 1.0,
            hits: Hits(hits.iter().map(|(id, hits)| ((*id).to_owned(), *hits)).collect()),
            findings: findings
                .iter()
                .map(|(fingerprint, faults)| Finding {
                    fingerprint: (*fingerprint).to_owned(),
                    property: "recording.gap".into(),
                    cases: 2,
                    scenario: format!("found/{k}.toml"),
                    faults: *faults,
                    calls: 1,
                    commands: 0,
                    message: String::new(),
                    also_breaks: Vec::new(),
                    first_case: k,
                    text: String::new(),
                })
                .collect(),
            nondeterministic: false,
        }
    }

    fn document(part: Part) -> Document {
        Document::assemble("abc".into(), 0, "builtin:reference".into(), &["a".into(), "b".into()], vec![part])
    }

    #[test]
    fn merging_does_not_care_about_order_or_repetition() {
        let all = [
            document(part(1, &[("a", 1)], &[])),
            document(part(2, &[], &[("x", 3)])),
            document(part(3, &[("b", 2)], &[("x", 1), ("y", 1)])),
        ];
        let whole = merge(&all).expect("one campaign");
        assert_eq!((whole.cases, whole.verdict.as_str()), (30, "violates"));
        assert_eq!(whole.goals.iter().map(|goal| goal.hits).collect::<Vec<_>>(), [1, 2]);
        assert_eq!(whole.findings.len(), 2);
        assert_eq!((whole.findings[0].scenario.as_str(), whole.findings[0].cases), ("found/3.toml", 4));
        for order in [[2, 1, 0], [1, 0, 2]] {
            let shuffled: Vec<Document> = order.iter().map(|ix| all[*ix].clone()).collect();
            assert_eq!(merge(&shuffled), Ok(whole.clone()));
        }
        let halfway = merge(&all[..2]).expect("one campaign");
        assert_eq!(merge(&[halfway, all[2].clone(), all[0].clone()]), Ok(whole.clone()));
        assert_eq!(merge(std::slice::from_ref(&whole)), Ok(whole));
    }

    #[test]
    fn goals_are_judged_on_the_whole() {
        let (one, other) = (document(part(1, &[("a", 1)], &[])), document(part(2, &[("b", 1)], &[])));
        assert_eq!((one.verdict.as_str(), other.verdict.as_str()), ("inconclusive", "inconclusive"));
        assert_eq!(merge(&[one, other]).expect("one campaign").verdict, "pass");
    }

    #[test]
    fn what_does_not_belong_together_is_refused() {
        let one = document(part(1, &[], &[]));
        let contradiction = document(part(1, &[("a", 1)], &[]));
        assert_eq!(merge(&[one.clone(), contradiction]), Err(MergeError::Contradiction(1, 3)));
        let elsewhere = Document { campaign: "def".into(), ..one.clone() };
        assert!(merge(&[one.clone(), elsewhere]).expect_err("two campaigns").to_string().contains("campaigns"));
        let reseeded = Document { seed: 1, ..one.clone() };
        assert!(merge(&[one, reseeded]).expect_err("two seeds").to_string().contains("seeds"));
        assert_eq!(merge(&[]), Err(MergeError::Nothing));
    }

    #[test]
    fn shards_part_the_numbers() {
        let mut all: Vec<u64> =
            (1..=3).flat_map(|part| (0..4).map(move |place| Shard { part, of: 3 }.number(place))).collect();
        all.sort_unstable();
        assert_eq!(all, (0..12).collect::<Vec<_>>());
        assert_eq!(Shard::parse("2/8"), Ok(Shard { part: 2, of: 8 }));
        for wrong in ["0/8", "9/8", "2", "a/b", "2/0"] {
            assert!(Shard::parse(wrong).is_err(), "{wrong}");
        }
    }
}
