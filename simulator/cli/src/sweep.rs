//! `--sweep crashes`: a scenario once without a crash, and once for each call of the operator with a crash there.
//!
//! What a single run comes to is the model's business ([`egress_sim_model::sweep`]); here they are only spread over the cores.
//! Each worker takes the next place that nobody has taken. The first place in order at which the operator comes to harm is
//! the result, whoever finds it, so it does not depend on the number of workers.

use std::num::NonZero;
use std::panic::resume_unwind;
use std::rc::Rc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use egress_sim_model::operator::Host;
use egress_sim_model::scenario::Scenario;
use egress_sim_model::sweep::{Baseline, CrashPoint, Harm, Hosts, Place};
use serde::Serialize;

use crate::UserError;
use crate::operator::Loaded;
use crate::report::Report;

/// What a sweep came to. Serialises as `sweep` of a run.
#[derive(Clone, Debug, Serialize)]
pub struct Sweep {
    /// What was swept: `crashes`.
    pub of: &'static str,
    /// Calls of the operator in the run without a crash.
    pub calls: u64,
    /// Places at which it could crash: before each call's effect, and after it where the call changes anything.
    pub points: u64,
    /// Runs that it takes: one for all points between which nothing happens.
    pub runs: u64,
    /// The whole sweep.
    pub wall_ms: f64,
    /// The first crash that did harm; none: all settle alike, and no promise is broken that holds without it.
    pub failure: Option<Failure>,
}

/// A crash that did harm.
#[derive(Clone, Debug, Serialize)]
pub struct Failure {
    /// The number of the call, from 1.
    pub call: u64,
    /// Its name.
    pub name: &'static str,
    /// `before` or `after`.
    pub effect: &'static str,
    /// When, RFC 3339.
    pub at: String,
    /// Ids of the promises that only the crash breaks, `operator.crash-safe` if the settled state is another.
    pub broken: Vec<String>,
    /// What was promised and what happened.
    pub message: String,
    /// The block that makes the crash a part of the scenario.
    pub fault: String,
    /// What `--crash-at` takes.
    #[serde(serialize_with = "as_text")]
    pub crash_at: CrashPoint,
    /// The run with this crash, with its story.
    #[serde(skip)]
    pub report: Option<Box<Report>>,
}

fn as_text<S: serde::Serializer>(point: &CrashPoint, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(point)
}

impl Failure {
    fn of(place: Place, harm: Harm) -> Failure {
        Failure {
            call: place.point.call,
            name: place.name,
            effect: if place.point.after { "after" } else { "before" },
            at: place.at.to_rfc3339(),
            broken: harm.broken,
            message: harm.message,
            fault: place.point.block(),
            crash_at: place.point,
            report: None,
        }
    }
}

/// Sweeps over the crashes of a scenario with this operator, on as many cores as there are.
///
/// # Errors
/// As [`Loaded::host`].
pub fn crashes(scenario: &Rc<Scenario>, loaded: &Loaded, older: Option<&Loaded>) -> Result<Sweep, UserError> {
    let workers = thread::available_parallelism().map_or(1, NonZero::get);
    crashes_on(workers, scenario, loaded, older)
}

fn crashes_on(
    workers: usize,
    scenario: &Rc<Scenario>,
    loaded: &Loaded,
    older: Option<&Loaded>,
) -> Result<Sweep, UserError> {
    let started = Instant::now();
    let pair = || -> Result<Pair, UserError> {
        Ok(Pair { host: loaded.host(scenario)?, older: older.map(|older| older.host(scenario)).transpose()? })
    };
    let baseline = Baseline::of(scenario, pair()?.hosts());
    let hosts = (0..workers).map(|_| pair()).collect::<Result<Vec<_>, _>>()?;
    let found = first_harm(&baseline, scenario, hosts);
    Ok(Sweep {
        of: "crashes",
        calls: baseline.calls,
        points: baseline.points,
        runs: baseline.places.len() as u64,
        wall_ms: started.elapsed().as_secs_f64() * 1e3,
        failure: found.map(|(place, harm)| Failure::of(baseline.places[place], harm)),
    })
}

/// What a worker runs.
struct Pair {
    host: Box<dyn Host + Send>,
    older: Option<Box<dyn Host + Send>>,
}

impl Pair {
    fn hosts(&self) -> Hosts<'_> {
        Hosts { host: &*self.host, older: self.older.as_deref().map(|older| older as &dyn Host) }
    }
}

/// The first place in order at which a crash does harm, and what harm.
fn first_harm(baseline: &Baseline, scenario: &Scenario, hosts: Vec<Pair>) -> Option<(usize, Harm)> {
    let next = AtomicUsize::new(0);
    // Nothing behind the first place that is known to do harm needs to be looked at.
    let end = AtomicUsize::new(baseline.places.len());
    let first: Mutex<Option<(usize, Harm)>> = Mutex::new(None);
    let work = |hosts: Hosts<'_>| {
        loop {
            let place = next.fetch_add(1, Ordering::Relaxed);
            if place >= end.load(Ordering::Relaxed) {
                return;
            }
            let Some(harm) = baseline.crash(scenario, baseline.places[place].point, hosts) else { continue };
            end.fetch_min(place, Ordering::Relaxed);
            let mut first = first.lock().unwrap_or_else(PoisonError::into_inner);
            if first.as_ref().is_none_or(|(known, _)| place < *known) {
                *first = Some((place, harm));
            }
        }
    };
    thread::scope(|scope| {
        let workers: Vec<_> = hosts.into_iter().map(|pair| scope.spawn(|| work({ pair }.hosts()))).collect();
        for worker in workers {
            if let Err(panic) = worker.join() {
                // With its own words: the hook has noted them already.
                resume_unwind(panic);
            }
        }
    });
    first.into_inner().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use egress_sim_model::scenario::file::parse;

    use super::*;
    use crate::operator::Choice;

    fn sweep(workers: usize, op: &str) -> Sweep {
        let text = "format = 1\n[[tenant]]\nname = \"acme\"\nbuckets = [\"rec\"]\ncdn = \"cdn.acme.example\"\n[[call]]\n\
                    tenant = \"acme\"\nroom = \"standup\"\nparticipants = [\"alice\"]\nat = \"1h\"\nduration = \"5m\"\n\
                    recording = \"compliance\"\n";
        let scenario = Rc::new(parse("swept", text).expect("a sound file"));
        let loaded = Choice::parse(op, Path::new("")).and_then(|choice| choice.load(op)).expect("a built-in operator");
        crashes_on(workers, &scenario, &loaded, None).expect("sound limits")
    }

    #[test]
    fn the_sound_operator_settles_alike_wherever_it_dies() {
        let sweep = sweep(2, "native:reference");
        assert!(sweep.failure.is_none(), "{:?}", sweep.failure);
        assert!(sweep.points > sweep.calls && sweep.calls > 10, "{sweep:?}");
    }

    #[test]
    fn the_first_harm_is_the_same_whatever_the_number_of_workers() {
        let [one, many] = [1, 7].map(|workers| sweep(workers, "native:broken/publishes-last").failure.expect("harm"));
        assert_eq!((one.call, one.effect, &one.message), (many.call, many.effect, &many.message));
        assert_eq!((one.name, &*one.broken), ("store.commit", &["operator.crash-safe".to_owned()][..]));
        assert_eq!(one.effect, "after");
        assert!(one.message.contains("links to: nothing) with the crash"), "{}", one.message);
    }
}
