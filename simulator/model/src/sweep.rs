//! Sweeps: one scenario, and what becomes of it when the operator's process dies at this call of it, or at that one.
//!
//! A run is a pure function, so up to its crash each run of a sweep is the run without one: the calls of that one are the places
//! where the others crash, each before its effect, and after it too where it changes anything. What they are
//! compared by is the settled state, and the promises that the run without a crash has kept. The runs know nothing of each
//! other; whoever sweeps may let them go side by side.
//!
//! Points between which nothing happens are one: a crash before a call finds the very world, with the same delivery in
//! hand, that a crash behind the call before it finds, milliseconds apart; and a call that only reads leaves the world that it
//! found. Only the first of such a row is run. Where the scenario has faults or several instances, each is: a fault may count a
//! reading call, and another instance may see the milliseconds.

use std::collections::BTreeSet;
use std::fmt;
use std::rc::Rc;
use std::str::FromStr;

use crate::fault::{Anchor, Fault, Filter, Value, kinds};
use crate::operator::Host;
use crate::property::operator::crash_safe;
use crate::property::{Property, builtin};
use crate::scenario::Scenario;
use crate::settled::Settled;
use crate::state::State;
use crate::time::Time;
use crate::trace::{Fact, Witness};
use crate::world::{Outcome, Run};

/// A moment at which the operator's process dies: what `operator.crash` on `operator.call` anchors to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CrashPoint {
    /// Which of the operator's calls, from 1, in order of their effects.
    pub call: u64,
    /// The call takes effect, and the process does not live to hear of it.
    pub after: bool,
}

impl CrashPoint {
    /// The scenario with this crash behind its own faults. What is expected of the scenario is not expected of this one.
    pub fn added_to(self, scenario: &Scenario) -> Scenario {
        let effect = if self.after { "after" } else { "before" };
        let crash = Fault {
            name: String::new(),
            kind: &kinds::operator::CRASH,
            anchor: Anchor::On { point: kinds::operator::CRASH.on.into(), nth: self.call, count: 1 },
            window: None,
            filter: Filter::default(),
            parameters: [("effect", Value::Text(effect.into()))].into(),
        };
        let mut with = Scenario { expects: Vec::new(), ..scenario.clone() };
        with.faults.push(crash);
        with
    }

    /// The block that a scenario file says it with.
    pub fn block(self) -> String {
        let effect = if self.after { "effect = \"after\"\n" } else { "" };
        format!("[[fault]]\ndo = \"operator.crash\"\nnth = {}\n{effect}", self.call)
    }
}

impl fmt::Display for CrashPoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.call, if self.after { ":after" } else { "" })
    }
}

impl FromStr for CrashPoint {
    type Err = String;

    /// `17`, or `17:after`.
    fn from_str(text: &str) -> Result<CrashPoint, String> {
        let (number, after) = match text.split_once(':') {
            None => (text, false),
            Some((number, "before")) => (number, false),
            Some((number, "after")) => (number, true),
            Some((_, other)) => return Err(format!("\"{other}\" is neither before nor after")),
        };
        match number.parse() {
            Ok(call) if call > 0 => Ok(CrashPoint { call, after }),
            _ => Err("expected the number of a call, from 1, such as 17 or 17:after".into()),
        }
    }
}

/// A place of a sweep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Where the process dies.
    pub point: CrashPoint,
    /// In which call.
    pub name: &'static str,
    /// When.
    pub at: Time,
}

/// The operator, and what a deploy may roll back to.
#[derive(Clone, Copy)]
pub struct Hosts<'a> {
    /// See [`Run::host`].
    pub host: &'a dyn Host,
    /// See [`Run::older`].
    pub older: Option<&'a dyn Host>,
}

impl std::fmt::Debug for Hosts<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hosts").field("host", &self.host.name()).finish_non_exhaustive()
    }
}

/// The run without a crash, which the others are compared with.
#[derive(Debug)]
pub struct Baseline {
    /// What it left behind.
    settled: Settled,
    /// The promises that it broke: the crash is not to blame for those.
    broken: BTreeSet<String>,
    /// Where to crash, in order; of points between which nothing happens the first.
    pub places: Vec<Place>,
    /// All points.
    pub points: u64,
    /// Calls of the operator.
    pub calls: u64,
}

/// What a crash came to that it should not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Harm {
    /// Ids of promises that broke and do not without the crash; of [`crash_safe`], if the settled state is another.
    pub broken: Vec<String>,
    /// In words.
    pub message: String,
}

impl Baseline {
    /// Runs the scenario as it is.
    ///
    /// # Panics
    /// As [`Run::go`].
    pub fn of(scenario: &Rc<Scenario>, hosts: Hosts<'_>) -> Baseline {
        let merges = scenario.faults.is_empty() && scenario.operator.instances == 1;
        let mut calls = Calls { merges, ..Calls::default() };
        let run = Run {
            scenario: Rc::clone(scenario),
            host: hosts.host,
            older: hosts.older,
            properties: promises(),
            witness: Some(&mut calls),
            progress: None,
        };
        let outcome = run.settle();
        let broken = broken(&outcome).map(|(id, _)| id.to_owned()).collect();
        let settled = outcome.settled.expect("it was asked for");
        Baseline { settled, broken, places: calls.places, points: calls.points, calls: calls.made }
    }

    /// Runs the scenario with a crash at this point, and says what harm it did.
    ///
    /// # Panics
    /// As [`Run::go`].
    pub fn crash(&self, scenario: &Scenario, point: CrashPoint, hosts: Hosts<'_>) -> Option<Harm> {
        let scenario = Rc::new(point.added_to(scenario));
        let Hosts { host, older } = hosts;
        let run = Run { scenario, host, older, properties: promises(), witness: None, progress: None };
        let outcome = run.settle();
        let mut harm = Harm { broken: Vec::new(), message: String::new() };
        for (id, message) in broken(&outcome).filter(|(id, _)| !self.broken.contains(*id)) {
            if harm.broken.is_empty() {
                message.clone_into(&mut harm.message);
            }
            harm.broken.push(id.to_owned());
        }
        if let Some(difference) = outcome.settled.and_then(|with| with.difference(&self.settled)) {
            if harm.broken.is_empty() {
                harm.message = crash_safe::message(&difference);
            }
            harm.broken.push(crash_safe::ID.into());
        }
        (!harm.broken.is_empty()).then_some(harm)
    }
}

/// All of them but the one that the sweep itself judges.
fn promises() -> Vec<Box<dyn Property>> {
    builtin().into_iter().filter(|property| property.about().id != crash_safe::ID).collect()
}

fn broken(outcome: &Outcome) -> impl Iterator<Item = (&str, &str)> {
    outcome.properties.iter().filter_map(|(name, verdict)| Some((name.id(), verdict.first.as_ref()?.message.as_str())))
}

/// Takes down every call as it takes effect. One that a limit of the model stops never does, and is no place to crash.
#[derive(Debug, Default)]
struct Calls {
    /// Points between which nothing happens are one.
    merges: bool,
    made: u64,
    points: u64,
    places: Vec<Place>,
    /// The instance whose reply was the last thing that happened.
    last: Option<u32>,
    /// Since the last call was made: whether anything had happened before it since the reply to the one before, and when
    /// the first thing happened behind it.
    before: bool,
    behind: Option<Time>,
}

impl Witness for Calls {
    fn record(&mut self, at: Time, _sequence: u64, fact: &Fact<'_>, _state: &State) {
        match *fact {
            Fact::Called { instance, .. } => {
                self.before = self.last != Some(instance);
                self.behind = None;
            }
            Fact::Replied { instance, call, .. } => {
                self.made += 1;
                // What happens at the moment of the reply is the call's own effect.
                let elsewhere = self.before || self.behind.is_some_and(|behind| behind < at);
                self.place(CrashPoint { call: self.made, after: false }, elsewhere, call.name(), at);
                if call.is_mutating() {
                    self.place(CrashPoint { call: self.made, after: true }, true, call.name(), at);
                }
                self.last = Some(instance);
            }
            _ => {
                self.last = None;
                self.behind.get_or_insert(at);
            }
        }
    }
}

impl Calls {
    fn place(&mut self, point: CrashPoint, elsewhere: bool, name: &'static str, at: Time) {
        self.points += 1;
        if elsewhere || !self.merges {
            self.places.push(Place { point, name, at });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_is_read_as_it_is_written() {
        for point in [CrashPoint { call: 17, after: false }, CrashPoint { call: 1, after: true }] {
            assert_eq!(point.to_string().parse(), Ok(point));
        }
        assert_eq!("17:before".parse(), Ok(CrashPoint { call: 17, after: false }));
        for wrong in ["", "0", "-1", "x", "17:later", "17:"] {
            assert!(wrong.parse::<CrashPoint>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_block_says_the_same_as_the_point() {
        let file = "format = 1\n[[tenant]]\nname = \"acme\"\nbuckets = [\"rec\"]\n[[call]]\ntenant = \"acme\"\n\
                    room = \"standup\"\nparticipants = [\"alice\"]\nat = \"1h\"\nduration = \"5m\"\n";
        let without = crate::scenario::file::parse("point", file).expect("a sound file");
        for point in [CrashPoint { call: 17, after: false }, CrashPoint { call: 1, after: true }] {
            let with =
                crate::scenario::file::parse("point", &(file.to_owned() + &point.block())).expect("a sound file");
            let (written, added) = (&with.faults[0], &point.added_to(&without).faults[0]);
            assert_eq!((&written.anchor, written.kind.name), (&added.anchor, added.kind.name));
            assert_eq!(written.text("effect"), added.text("effect"));
        }
    }
}
