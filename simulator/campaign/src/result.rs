//! What a shard leaves behind: a small file, and how such files are put together.
//!
//! Putting together is commutative and idempotent: each part is known by its campaign, seed and shard, a part that is there
//! already changes nothing, and sums are made of the parts, not of sums. Goals are judged on the whole.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::campaign::Campaign;
use crate::coverage::{Hits, wanted};
use crate::distinct::{Candidate, distinct};

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
    /// The campaign itself, with everything that its file left out.
    pub settings: Campaign,
    /// Runs that were not the same again.
    #[serde(default)]
    pub parted: Vec<Parted>,
    /// Files that were replayed before anything random, in order of their paths.
    #[serde(default)]
    pub corpus: Vec<Replayed>,
    /// It was stopped before all of its cases were run.
    #[serde(default)]
    pub interrupted: bool,
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
    /// Cases in which the promise broke, by whatever faults.
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
    /// Further promises that the same scenario breaks, in order of time. Each is a finding of its own only where another
    /// scenario breaks it without this one.
    #[serde(default)]
    pub also_breaks: Vec<String>,
    /// How many of those break before this one.
    #[serde(default)]
    pub breaks_before: u64,
    /// Number of the case that it was reduced from.
    #[serde(default)]
    pub first_case: u64,
    /// Kinds of faults that struck in that case.
    #[serde(default)]
    pub kinds_before: u64,
    /// The file's text, so that it survives the machine that found it.
    #[serde(default)]
    pub text: String,
}

/// A run that was not the same again.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Parted {
    /// The number of the case; none: a file that was replayed.
    pub case: Option<u64>,
    /// The file that it lies in.
    pub scenario: String,
    /// Where two runs part, and the first record that differs.
    pub how: String,
}

/// A file of `found/` or of the regressions, replayed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Replayed {
    /// Where it lies, or lay: what was found and passes again is thrown away.
    pub path: String,
    /// The promise that it still breaks; none: it passes.
    pub property: Option<String>,
    /// What was promised and what happened.
    #[serde(default)]
    pub message: String,
}

/// One shard's share.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
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
    /// Runs that were not the same again.
    #[serde(default)]
    pub parted: Vec<Parted>,
    /// Files that were replayed first.
    #[serde(default)]
    pub corpus: Vec<Replayed>,
    /// It was stopped before all of its cases were run.
    #[serde(default)]
    pub interrupted: bool,
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
    /// The campaign of this digest has another one here.
    #[error(
        "campaign {0} is {1} for this build of egress-sim: merge by the version that searched, or search again by this one"
    )]
    OtherBuild(String, String),
    /// One part, told in two ways.
    #[error("part {0}/{1} is there twice, with different contents")]
    Contradiction(u64, u64),
}

impl Document {
    /// From its parts: sums, verdict, goals.
    pub fn of(campaign: &Campaign, seed: u64, operator: &str, parts: Vec<Part>) -> Document {
        let mut hits = Hits::default();
        for part in &parts {
            hits.merge(&part.hits);
        }
        let cases = parts.iter().map(|part| part.cases).sum();
        Document::assemble(campaign, seed, operator, wanted(campaign, &hits, cases), parts)
    }

    /// The same where the ids of the goals are known.
    pub fn assemble(
        campaign: &Campaign,
        seed: u64,
        operator: &str,
        wanted: Vec<String>,
        mut parts: Vec<Part>,
    ) -> Document {
        parts.sort_by_key(|part| part.shard);
        let mut hits = Hits::default();
        let mut findings: BTreeMap<String, Finding> = BTreeMap::new();
        for part in &parts {
            hits.merge(&part.hits);
            for finding in &part.findings {
                // One process reduces the case with the fewest kinds of faults, and of these the first.
                let first = |finding: &Finding| (finding.kinds_before, finding.first_case);
                match findings.get_mut(&finding.fingerprint) {
                    Some(known) if first(known) <= first(finding) => {}
                    Some(known) => known.clone_from(finding),
                    None => drop(findings.insert(finding.fingerprint.clone(), finding.clone())),
                }
            }
        }
        for finding in findings.values_mut() {
            finding.cases = hits.broken(&finding.property).max(finding.cases);
        }
        let findings = told_apart(findings.into_values().collect());
        let cases = parts.iter().map(|part| part.cases).sum();
        let goals: Vec<Goal> = wanted.into_iter().map(|id| Goal { hits: hits.of(&id), id }).collect();
        let interrupted = parts.iter().any(|part| part.interrupted);
        let mut parted: Vec<Parted> = parts.iter().flat_map(|part| part.parted.clone()).collect();
        parted.sort();
        parted.dedup();
        // Each part replays the same files. One that breaks anywhere breaks.
        let mut corpus: BTreeMap<String, Replayed> = BTreeMap::new();
        for replayed in parts.iter().flat_map(|part| &part.corpus) {
            let known = corpus.entry(replayed.path.clone()).or_insert_with(|| replayed.clone());
            if known.property.is_none() {
                known.clone_from(replayed);
            }
        }
        let verdict = if !parted.is_empty() {
            "nondeterministic"
        } else if !findings.is_empty() {
            "violates"
        } else if interrupted || goals.iter().any(|goal| goal.hits == 0) {
            "inconclusive"
        } else {
            "pass"
        };
        let only = if let [part] = &parts[..] { part.shard } else { Shard::default() };
        Document {
            format: 1,
            campaign: campaign.digest(),
            seed,
            shard: only,
            cases,
            wall_ms: parts.iter().map(|part| part.wall_ms).sum(),
            verdict: verdict.to_owned(),
            operator: operator.to_owned(),
            goals,
            findings,
            settings: campaign.clone(),
            parted,
            corpus: corpus.into_values().collect(),
            interrupted,
            parts,
        }
    }
}

impl Document {
    /// As it is written down: the hits of an only part leave out what stands among the goals anyway.
    pub fn in_short(mut self) -> Document {
        if let [part] = &mut self.parts[..] {
            for goal in &self.goals {
                if goal.hits > 0 && part.hits.of(&goal.id) == goal.hits {
                    part.hits.0.remove(&goal.id);
                }
            }
        }
        self
    }

    /// [`Document::in_short`] undone.
    pub fn in_full(mut self) -> Document {
        if let [part] = &mut self.parts[..] {
            for goal in self.goals.iter().filter(|goal| goal.hits > 0) {
                part.hits.0.entry(goal.id.clone()).or_insert(goal.hits);
            }
        }
        self
    }
}

/// Several parts have each reduced one bug for the sake of another promise: as one process would, the smaller one stays.
fn told_apart(findings: Vec<Finding>) -> Vec<Finding> {
    let promise = |finding: &Finding| finding.fingerprint.split('/').next().unwrap_or_default().to_owned();
    let meant: Vec<String> = findings.iter().map(promise).collect();
    let candidates: Vec<Candidate<'_>> = findings
        .iter()
        .zip(&meant)
        .map(|(finding, meant)| Candidate {
            blocks: finding.calls + finding.faults + finding.commands,
            length: finding.text.len(),
            meant,
            also: finding.also_breaks.iter().map(String::as_str).collect(),
            before: finding.breaks_before,
        })
        .collect();
    let kept: BTreeSet<usize> = distinct(&candidates).into_iter().collect();
    findings.into_iter().enumerate().filter(|(place, _)| kept.contains(place)).map(|(_, one)| one).collect()
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
    let here = first.settings.digest();
    if here != first.campaign {
        return Err(MergeError::OtherBuild(first.campaign.clone(), here));
    }
    Ok(Document::of(&first.settings, first.seed, &first.operator, parts))
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
                    breaks_before: 0,
                    first_case: 9 - k,
                    kinds_before: 2,
                    text: String::new(),
                })
                .collect(),
            parted: Vec::new(),
            corpus: Vec::new(),
            interrupted: false,
        }
    }

    const A: &str = "checked/recording.gap";
    const B: &str = "checked/recording.stopped";
    const BROKE: &str = "broke/recording.gap";

    /// A campaign with two goals, A and B.
    fn campaign() -> Campaign {
        Campaign {
            families: BTreeMap::new(),
            properties: ["recording.gap", "recording.stopped"].map(str::to_owned).to_vec(),
            waive: ["met/*", "status/*", "told/*"].map(str::to_owned).to_vec(),
            ..Campaign::default()
        }
    }

    fn document(part: Part) -> Document {
        Document::of(&campaign(), 0, "builtin:reference", vec![part])
    }

    #[test]
    fn merging_does_not_care_about_order_or_repetition() {
        let all = [
            document(part(1, &[(A, 1)], &[])),
            document(part(2, &[(BROKE, 2)], &[("x", 3)])),
            document(part(3, &[(B, 2), (BROKE, 2)], &[("x", 1), ("y", 1)])),
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
    fn what_breaks_together_is_one_finding_wherever_it_was_reduced() {
        let found = |k, property: &str, also: &str| {
            let mut one = part(k, &[(A, 1)], &[(property, 1)]);
            one.findings[0].property = property.to_owned();
            one.findings[0].also_breaks = vec![also.to_owned()];
            one.findings[0].breaks_before = u64::from(property > also);
            document(one)
        };
        let ids = |documents: &[Document]| {
            let whole = merge(documents).expect("one campaign");
            whole.findings.into_iter().map(|finding| finding.property).collect::<Vec<_>>()
        };
        let (gap, stopped) = ("recording.gap", "recording.stopped");
        assert_eq!(ids(&[found(1, gap, stopped), found(2, stopped, gap)]), [gap]);
        // It breaks without the other one somewhere: that is a finding.
        assert_eq!(ids(&[found(1, gap, stopped), found(2, stopped, "audit.complete")]), [gap, stopped]);
    }

    #[test]
    fn goals_are_judged_on_the_whole() {
        let (one, other) = (document(part(1, &[(A, 1)], &[])), document(part(2, &[(B, 1)], &[])));
        assert_eq!((one.verdict.as_str(), other.verdict.as_str()), ("inconclusive", "inconclusive"));
        assert_eq!(merge(&[one, other]).expect("one campaign").verdict, "pass");
    }

    #[test]
    fn what_is_left_out_of_a_file_comes_back() {
        let whole = document(part(1, &[(A, 1), (B, 0), (BROKE, 2), ("did/s3.head_object", 7)], &[("x", 3)]));
        let short = whole.clone().in_short();
        assert_eq!(short.parts[0].hits.0.len(), 3, "A stands among the goals");
        assert_eq!(short.in_full(), whole);
        let merged = merge(&[whole, document(part(2, &[(A, 1)], &[]))]).expect("one campaign");
        assert_eq!(merged.clone().in_short(), merged);
    }

    #[test]
    fn what_the_operator_does_is_judged_on_the_whole() {
        let shown = |k, hits: u64| document(part(k, &[("sometimes/busy", hits)], &[]));
        let has =
            |document: &Document| document.goals.iter().find(|goal| goal.id == "sometimes/busy").map(|goal| goal.hits);
        let (one, other) = (shown(1, 0), shown(2, 3));
        assert_eq!((has(&one), has(&other)), (Some(0), Some(3)));
        assert_eq!(has(&merge(&[one, other]).expect("one campaign")), Some(3));
    }

    #[test]
    fn silence_of_what_was_interrupted_or_not_the_same_again_is_no_pass() {
        let hits = [("a", 1), ("b", 1)];
        let stopped = document(Part { interrupted: true, ..part(1, &hits, &[]) });
        assert_eq!((stopped.verdict.as_str(), stopped.interrupted), ("inconclusive", true));
        let found = document(Part { interrupted: true, ..part(1, &hits, &[("x", 1)]) });
        assert_eq!(found.verdict, "violates");
        let parted = Parted { case: Some(7), scenario: "found/case-7.toml".into(), how: "it parts".into() };
        let parted = document(Part { parted: vec![parted], ..part(2, &hits, &[("x", 1)]) });
        assert_eq!(merge(&[stopped, parted]).expect("one campaign").verdict, "nondeterministic");
    }

    #[test]
    fn a_file_that_breaks_anywhere_breaks() {
        let replayed = |property: Option<&str>| Replayed {
            path: "scenarios/regressions/a.toml".into(),
            property: property.map(str::to_owned),
            message: String::new(),
        };
        let of = |k, property| document(Part { corpus: vec![replayed(property)], ..part(k, &[], &[]) });
        let whole = merge(&[of(1, None), of(2, Some("recording.gap")), of(3, None)]).expect("one campaign");
        assert_eq!(whole.corpus, [replayed(Some("recording.gap"))]);
    }

    #[test]
    fn what_does_not_belong_together_is_refused() {
        let one = document(part(1, &[], &[]));
        let contradiction = document(part(1, &[(A, 1)], &[]));
        assert_eq!(merge(&[one.clone(), contradiction]), Err(MergeError::Contradiction(1, 3)));
        let elsewhere = Document { campaign: "def".into(), ..one.clone() };
        assert!(merge(&[one.clone(), elsewhere]).expect_err("two campaigns").to_string().contains("campaigns"));
        let of_other_build = Document { campaign: "def".into(), ..one.clone() };
        let refused = merge(&[of_other_build]).expect_err("no campaign of this build has that digest");
        assert!(refused.to_string().starts_with("campaign def is "), "{refused}");
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
