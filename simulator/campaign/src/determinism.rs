//! Whether a run can be made again: what two runs of the same are compared by, and the first record in which they differ.
//!
//! A verdict is worth something only if the run depends on nothing but scenario, operator and model version. So a share of a
//! campaign's cases is run twice ([`due`]), and so is whatever is to be reported. Two runs are compared by their [`Marks`];
//! only if these differ are the records themselves looked at.

use std::rc::Rc;

use egress_sim_model::chance::Chance;
use egress_sim_model::scenario::Scenario;
use egress_sim_model::state::State;
use egress_sim_model::time::Time;
use egress_sim_model::trace::{CHECKPOINT_EVERY, Fact, Witness, render};
use egress_sim_model::world::Outcome;
use serde::{Deserialize, Serialize};

use crate::campaign::Odds;
use crate::judge::Judge;

/// Records of one run that are kept for comparing, about 200 bytes each.
const KEPT: usize = 1 << 20;
/// Characters of a record that are shown.
const SHOWN: usize = 300;

/// What two runs of the same are compared by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marks {
    /// The hash over all records.
    pub hash: String,
    /// The hashes on the way.
    pub checkpoints: Vec<String>,
    /// Records.
    pub events: u64,
}

impl Marks {
    /// Of a run.
    pub fn of(outcome: &Outcome) -> Marks {
        Marks {
            hash: outcome.trace_hash.to_string(),
            checkpoints: outcome.checkpoints.iter().map(ToString::to_string).collect(),
            events: outcome.events,
        }
    }

    /// The last record up to which two runs are known to be the same.
    pub fn common(&self, other: &Marks) -> u64 {
        let same = self.checkpoints.iter().zip(&other.checkpoints).take_while(|(this, that)| this == that);
        same.count() as u64 * CHECKPOINT_EVERY
    }

    /// Where another run, which is described by `whose`, parts from this one; none: nowhere.
    pub fn parted(&self, other: &Marks, whose: &str) -> Option<String> {
        if self == other {
            return None;
        }
        let from = self.common(other);
        let common = from / CHECKPOINT_EVERY;
        let seen_at_checkpoint = common < self.checkpoints.len().min(other.checkpoints.len()) as u64;
        let place = if seen_at_checkpoint {
            format!("between records {from} and {} (checkpoint {})", from + CHECKPOINT_EVERY, common + 1)
        } else {
            format!("behind record {from} (after checkpoint {common}, the last one that both have)")
        };
        Some(format!(
            "{whose} parts from the first run {place}: {} records with hash {} against {} with {}",
            self.events, self.hash, other.events, other.hash
        ))
    }
}

/// One record of a run, as far as it takes to tell two of them apart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Its place in the trace, from 0.
    pub sequence: u64,
    /// Since the scenario's start.
    pub since_start: String,
    /// In words.
    pub text: String,
    /// Eight digits of the hash over what it carries.
    pub digest: String,
}

/// Keeps the records of a run, from one of them on.
#[derive(Debug, Default)]
pub struct Records {
    from: u64,
    most: usize,
    /// In order.
    pub kept: Vec<Record>,
}

impl Records {
    /// From the first one on.
    pub fn all() -> Records {
        Records { from: 0, most: KEPT, kept: Vec::new() }
    }

    /// From record `from` on, as many as lie between two checkpoints.
    pub fn behind(from: u64) -> Records {
        Records { from, most: CHECKPOINT_EVERY as usize, kept: Vec::new() }
    }

    /// The first record in which another run, described by `whose`, differs.
    pub fn differ(&self, other: &Records, whose: &str) -> Option<String> {
        let end = (self.from + self.most as u64).min(other.from + other.most as u64);
        let start = self.from.max(other.from);
        let of = |records: &Records| -> Vec<Record> {
            records.kept.iter().filter(|record| (start..end).contains(&record.sequence)).cloned().collect()
        };
        let (ours, theirs) = (of(self), of(other));
        let place = (0..ours.len().max(theirs.len())).find(|place| ours.get(*place) != theirs.get(*place))?;
        let words = |record: Option<&Record>| {
            record.map_or_else(
                || "nothing more: it has ended".to_owned(),
                |record| {
                    let shown: String = record.text.chars().take(SHOWN).collect();
                    format!("after {}: {shown}", record.since_start)
                },
            )
        };
        let (one, another) = (ours.get(place), theirs.get(place));
        let first = format!("the first record that differs is number {}", start + place as u64);
        Some(match (one, another) {
            (Some(one), Some(another)) if (&one.text, &one.since_start) == (&another.text, &another.since_start) => {
                format!("{first}, {}: it carries something else in {whose}", words(Some(one)))
            }
            _ => format!("{first}. In the first run, {}. In {whose}, {}", words(one), words(another)),
        })
    }
}

impl Witness for Records {
    fn record(&mut self, at: Time, sequence: u64, fact: &Fact<'_>, state: &State) {
        if sequence < self.from || self.kept.len() >= self.most {
            return;
        }
        let bytes = postcard::to_stdvec(fact).expect("facts serialise into memory");
        self.kept.push(Record {
            sequence,
            since_start: at.since(state.scenario.world.start).to_string(),
            text: render::line(fact, state),
            digest: blake3::hash(&bytes).to_hex()[..8].to_owned(),
        });
    }
}

/// Whether case `number` of a campaign under `seed` is one of the share that is run twice. It is looked up, so it neither
/// depends on other cases nor moves them, and each shard has its part.
pub fn due(share: Odds, seed: u64, number: u64) -> bool {
    Chance::new(seed).draw("determinism", "", number) % u64::from(share.1.max(1)) < u64::from(share.0)
}

/// Runs a scenario once more in this thread. None: it is the same again. Else where the two runs part, with the first record
/// that differs, as far as it does so again.
///
/// # Errors
/// Where the operator cannot be run under the scenario's limits.
pub fn again(judge: &Judge<'_>, scenario: &Rc<Scenario>, first: &Marks) -> Result<Option<String>, String> {
    let second = Marks::of(&judge.bare(scenario, None)?);
    let Some(how) = first.parted(&second, "a second run in the same thread") else { return Ok(None) };
    let mut records = [Records::all(), Records::all()];
    for records in &mut records {
        judge.bare(scenario, Some(records))?;
    }
    let [one, another] = &records;
    Ok(Some(with_record(&how, one.differ(another, "the second one").as_deref())))
}

/// Where two runs part, with the record if there is one.
pub fn with_record(how: &str, record: Option<&str>) -> String {
    match record {
        Some(record) => format!("{how}. With records kept, {record}."),
        None => format!("{how}. With records kept, two further runs did not part, so it does not happen each time."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(hash: &str, checkpoints: &[&str], events: u64) -> Marks {
        Marks { hash: hash.into(), checkpoints: checkpoints.iter().map(|&hash| hash.to_owned()).collect(), events }
    }

    fn records(from: u64, texts: &[&str]) -> Records {
        let record = |(text, sequence): (&&str, u64)| Record {
            sequence,
            since_start: format!("{sequence}s"),
            text: (*text).to_owned(),
            digest: blake3::hash(text.as_bytes()).to_hex()[..8].to_owned(),
        };
        Records { from, most: KEPT, kept: texts.iter().zip(from..).map(record).collect() }
    }

    #[test]
    fn runs_part_at_the_first_checkpoint_that_differs() {
        let one = run("ff", &["a", "b", "c"], 13_000);
        assert_eq!(one.parted(&one.clone(), "a second run"), None);
        let told = one.parted(&run("ee", &["a", "x", "y"], 13_001), "a second run").expect("they differ");
        assert!(told.starts_with("a second run parts from the first run between records 4096 and 8192 (checkpoint 2)"));
        let told = one.parted(&run("ee", &["a", "b", "c"], 13_000), "a fresh process").expect("they differ");
        assert!(told.contains("behind record 12288 (after checkpoint 3, "), "{told}");
    }

    #[test]
    fn the_first_record_that_differs_is_shown_from_both_sides() {
        let one = records(0, &["room started", "alice joined", "room finished"]);
        assert_eq!(one.differ(&records(0, &["room started", "alice joined", "room finished"]), "b"), None);
        let told = one.differ(&records(0, &["room started", "bob joined"]), "the other").expect("they differ");
        assert_eq!(
            told,
            "the first record that differs is number 1. In the first run, after 1s: alice joined. In the other, after \
             1s: bob joined"
        );
        let told = one.differ(&records(0, &["room started"]), "the other").expect("one ends earlier");
        assert!(told.ends_with("In the other, nothing more: it has ended"), "{told}");
        let told = one.differ(&records(1, &["alice joined", "room closed"]), "the other").expect("a part of it");
        assert!(told.contains("is number 2."), "{told}");
        let mut other = records(0, &["room started"]);
        other.kept[0].digest = "0".into();
        let told = records(0, &["room started"]).differ(&other, "the other").expect("it carries something else");
        assert!(told.ends_with("number 0, after 0s: room started: it carries something else in the other"), "{told}");
    }

    #[test]
    fn the_share_is_about_what_the_odds_say_in_each_shard() {
        let of = |share, part: u64| (0..64_000_u64).filter(|k| k % 8 == part && due(share, 0, *k)).count();
        for part in 0..8 {
            assert!((90..=160).contains(&of(Odds(1, 64), part)), "{}", of(Odds(1, 64), part));
        }
        assert_eq!((of(Odds(0, 1), 0), of(Odds(1, 1), 0)), (0, 8_000));
    }
}
