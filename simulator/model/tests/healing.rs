//! After the last fault: when somebody looks how far the operator has come, and how long the run goes on for it.
//!
//! The operator answers everything and does nothing, so a compliance call is amiss for as long as it goes on.

use std::rc::Rc;
use std::sync::Arc;

use egress_sim_model::call::{Answer, Boot, Delivery, Reply};
use egress_sim_model::operator::{Guest, Host, Step};
use egress_sim_model::scenario::file;
use egress_sim_model::state::State;
use egress_sim_model::time::Time;
use egress_sim_model::trace::{Fact, Witness};
use egress_sim_model::world::{Outcome, Run};

struct Idle;

impl Host for Idle {
    fn start(&self, _boot: &Arc<Boot>) -> Box<dyn Guest> {
        Box::new(Idle)
    }
    fn name(&self) -> &'static str {
        "idle"
    }
}

impl Guest for Idle {
    fn begin(&mut self, _delivery: &Delivery) -> Step {
        Step::Done(Answer::Ok)
    }
    fn resume(&mut self, _reply: Reply) -> Step {
        unreachable!("it never asks for anything")
    }
}

/// When somebody looked, and what they found.
#[derive(Default)]
struct Looks(Vec<String>);

impl Witness for Looks {
    fn record(&mut self, at: Time, _sequence: u64, fact: &Fact<'_>, state: &State) {
        if let Fact::GoalsLooked { met, unmet, .. } = fact {
            let found = match (met, unmet) {
                (true, _) => "met",
                (false, None) => "under way",
                (false, Some(_)) => "unmet",
            };
            self.0.push(format!("{} {found}", at.since(state.scenario.world.start)));
        }
    }
}

/// A call that begins at once; its first webhook is lost if `fault` says so.
fn looks(duration: &str, rest: &str, fault: &str) -> (Vec<String>, Outcome) {
    let source = format!(
        "format = 1\n{rest}\n[[tenant]]\nname = \"acme\"\nbuckets = [\"rec\"]\n[[call]]\ntenant = \"acme\"\n\
         room = \"standup\"\nparticipants = [\"alice\"]\nat = \"0s\"\nduration = \"{duration}\"\n\
         recording = \"compliance\"\n{fault}"
    );
    let scenario =
        Rc::new(file::parse("healing", &source).unwrap_or_else(|error| panic!("{}", error.render("healing"))));
    let mut looks = Looks::default();
    let run =
        Run { scenario, host: &Idle, older: None, properties: Vec::new(), witness: Some(&mut looks), progress: None };
    let outcome = run.go();
    (looks.0, outcome)
}

const DROP: &str = "[[fault]]\ndo = \"webhook.drop\"\n";

#[test]
fn without_a_fault_nobody_looks() {
    let (found, outcome) = looks("5m", "[world]\nsettle = \"0s\"", "");
    assert_eq!((found.len(), outcome.ended_at.since(Time(0)).0 % 3_600_000_000_000), (0, 300_000_000_000));
}

#[test]
fn looks_come_at_growing_distances_until_everything_is_reached() {
    let (found, outcome) = looks("5m", "[world]\nsettle = \"0s\"", DROP);
    assert_eq!(found, ["1m unmet", "2m unmet", "4m unmet", "8m met"]);
    let ended = outcome.ended_at.since(Time(0)).0 % 3_600_000_000_000;
    assert_eq!(ended, 480_000_000_000, "the run goes on for them and no longer");
}

#[test]
fn the_last_look_is_at_the_end_of_the_promised_time() {
    let (found, _) = looks("1h", "[promises]\nconverge = \"5m\"", DROP);
    assert_eq!(found, ["1m unmet", "2m unmet", "4m unmet", "5m unmet"]);
    let (found, _) = looks("1h", "[promises]\nconverge = \"30s\"", DROP);
    assert_eq!(found, ["30s unmet"]);
}

#[test]
fn the_world_is_healed_when_a_window_closes() {
    let (found, _) = looks("12m", "", "[[fault]]\ndo = \"webhook.drop\"\nat = \"0s\"\nfor = \"10m\"\n");
    assert_eq!(found, ["11m unmet", "12m met"]);
}

#[test]
fn another_strike_begins_anew() {
    let late = "[[fault]]\ndo = \"webhook.drop\"\nwhere = { event = \"room_finished\" }\n";
    let (found, _) = looks("3m", "", &format!("{DROP}{late}"));
    assert_eq!(found, ["1m unmet", "2m unmet", "4m met"]);
}
