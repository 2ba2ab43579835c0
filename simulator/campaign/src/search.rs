//! Runs the cases of a campaign, on several threads, and gathers what broke.
//!
//! What is found depends on the cases alone: each thread takes the next number, and results are put in order of their number
//! before anything is made of them.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{self, AssertUnwindSafe};
use std::rc::Rc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use egress_sim_model::scenario::Scenario;

use crate::campaign::Campaign;
use crate::coverage::Hits;
use crate::determinism::{self, Marks, again};
use crate::fingerprint::Fingerprint;
use crate::generate::{case, scenarios};
use crate::judge::Judge;
use crate::result::Shard;

/// Which cases are run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// The campaign's seed.
    pub seed: u64,
    /// Numbers below this one; none: until it is stopped.
    pub cases: Option<u64>,
    /// Of them, those that fall to this shard.
    pub shard: Shard,
}

/// What a search has come to so far, for whoever watches.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Cases run.
    pub cases: u64,
    /// Different things that broke.
    pub findings: usize,
    /// Goals reached at least once, as of a few cases ago.
    pub goals: usize,
}

/// Everything that a search came to.
#[derive(Clone, Debug, Default)]
pub struct Searched {
    /// Cases run.
    pub cases: u64,
    /// Goals.
    pub hits: Hits,
    /// What broke, by fingerprint: the first case that did, and how many.
    pub findings: BTreeMap<Fingerprint, Raw>,
    /// Cases in which egress-sim itself gave up: their numbers with what it said.
    pub bugs: Vec<(u64, String)>,
    /// Cases that were run twice, see [`determinism::due`].
    pub repeated: u64,
    /// Those of them that were not the same again.
    pub parted: Vec<Parted>,
}

/// A case that was not the same again.
#[derive(Clone, Debug)]
pub struct Parted {
    /// Its number.
    pub number: u64,
    /// Its scenario.
    pub scenario: Scenario,
    /// Where the two runs part.
    pub how: String,
}

/// A finding before it is reduced.
#[derive(Clone, Debug)]
pub struct Raw {
    /// Number of the case: of those in which the fewest other things are amiss, the first.
    pub first: u64,
    /// Its scenario.
    pub scenario: Scenario,
    /// How many cases.
    pub cases: u64,
    /// How many things are amiss in it.
    pub amiss: usize,
}

/// What one case came to.
struct Case {
    number: u64,
    broken: Vec<Fingerprint>,
    scenario: Option<Scenario>,
}

#[derive(Default)]
struct Gathered {
    cases: Vec<Case>,
    hits: Hits,
    count: u64,
    known: BTreeSet<Fingerprint>,
    bugs: Vec<(u64, String)>,
    repeated: u64,
    parted: Vec<Parted>,
    /// Goals reached, counted now and then.
    reached: usize,
    failed: Option<String>,
}

/// Runs the cases of `range` on `jobs` threads, the campaign's share of them twice. `watch` is told behind each case how it
/// stands, and stops the search by saying so.
///
/// # Errors
/// Where the operator cannot be run under the campaign's limits.
pub fn search(
    campaign: &Campaign,
    range: Range,
    jobs: usize,
    judge: &Judge<'_>,
    watch: &mut (dyn FnMut(&Progress) -> bool + Send),
) -> Result<Searched, String> {
    let digest = campaign.digest();
    let next = AtomicU64::new(0);
    let stopped = AtomicBool::new(false);
    let gathered = Mutex::new(Gathered::default());
    let watch = Mutex::new(watch);
    std::thread::scope(|scope| {
        for _ in 0..jobs.max(1) {
            scope.spawn(|| {
                let strategy = scenarios(campaign);
                while !stopped.load(Ordering::Relaxed) {
                    let number = range.shard.number(next.fetch_add(1, Ordering::Relaxed));
                    if range.cases.is_some_and(|cases| number >= cases) {
                        return;
                    }
                    let scenario = Rc::new(case(&strategy, &digest, range.seed, number));
                    let judged = panic::catch_unwind(AssertUnwindSafe(|| {
                        let judged = judge.run(&scenario)?;
                        let due = determinism::due(campaign.determinism.repeat, range.seed, number);
                        let how = if due { again(judge, &scenario, &Marks::of(&judged.outcome))? } else { None };
                        Ok((judged, due, how))
                    }));
                    let mut gathered = gathered.lock().expect("no thread panics while it holds the lock");
                    match judged {
                        Err(panic) => {
                            let message = panic.downcast_ref::<String>().map(String::as_str);
                            let message = message.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or_default();
                            let place = egress_sim_model::world::current_run::describe().unwrap_or_default();
                            gathered.bugs.push((number, format!("{message} ({place})")));
                        }
                        Ok(Err(error)) => {
                            gathered.failed.get_or_insert(error);
                            stopped.store(true, Ordering::Relaxed);
                        }
                        Ok(Ok((mut judged, due, how))) => {
                            gathered.repeated += u64::from(due);
                            let parted = how.map(|how| Parted { number, scenario: (*scenario).clone(), how });
                            gathered.parted.extend(parted);
                            let broken: Vec<Fingerprint> =
                                judged.broken.iter().map(|one| Fingerprint::of(one, &judged)).collect();
                            gathered.hits.add(&mut judged.coverage);
                            for one in &judged.broken {
                                gathered.hits.add_broken(&one.property);
                            }
                            if !broken.is_empty() {
                                gathered.known.extend(broken.iter().cloned());
                                gathered.cases.push(Case { number, broken, scenario: Some((*scenario).clone()) });
                            }
                        }
                    }
                    gathered.count += 1;
                    if gathered.count.is_multiple_of(16) {
                        gathered.reached = gathered.hits.reached();
                    }
                    let progress =
                        Progress { cases: gathered.count, findings: gathered.known.len(), goals: gathered.reached };
                    drop(gathered);
                    let mut watch = watch.lock().expect("a watcher does not panic");
                    if watch(&progress) {
                        stopped.store(true, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    let Gathered { mut cases, hits, count, mut bugs, repeated, mut parted, failed, .. } =
        gathered.into_inner().expect("no thread panics while it holds the lock");
    if let Some(failed) = failed {
        return Err(failed);
    }
    cases.sort_unstable_by_key(|case| case.number);
    bugs.sort_unstable();
    parted.sort_unstable_by_key(|one| one.number);
    let mut findings: BTreeMap<Fingerprint, Raw> = BTreeMap::new();
    for case in cases {
        let scenario = case.scenario.expect("a case that broke something keeps its scenario");
        let amiss = case.broken.len();
        for fingerprint in case.broken {
            let raw = Raw { first: case.number, scenario: scenario.clone(), cases: 1, amiss };
            findings
                .entry(fingerprint)
                .and_modify(|known| {
                    let cases = known.cases + 1;
                    if amiss < known.amiss {
                        known.clone_from(&raw);
                    }
                    known.cases = cases;
                })
                .or_insert_with(|| raw.clone());
        }
    }
    Ok(Searched { cases: count, hits, findings, bugs, repeated, parted })
}
