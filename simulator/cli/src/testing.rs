//! A world for tests, in which nothing has happened yet.

use std::collections::BTreeMap;
use std::rc::Rc;

use egress_sim_model::scenario::file::parse;
use egress_sim_model::sink::Sink;
use egress_sim_model::state::{Ports, State};
use egress_sim_model::text_map::TextMap;

/// One tenant, one call to come.
pub fn world() -> State {
    let text = "format = 1\n[[tenant]]\nname = \"acme-1\"\nbuckets = [\"rec-eu-1\"]\n[[call]]\ntenant = \"acme-1\"\n\
                room = \"standup-0\"\nparticipants = [\"alice\"]\nat = \"1h\"\nduration = \"30m\"\n";
    let scenario = parse("story", text).unwrap_or_else(|error| panic!("{}", error.render("story")));
    State {
        now: scenario.world.start,
        tenants: Vec::new(),
        calls: Vec::new(),
        rooms: BTreeMap::new(),
        egresses: Vec::new(),
        egress_by_id: TextMap::new(),
        sink: Sink::new(&scenario),
        ports: Ports::default(),
        unanswered: BTreeMap::new(),
        scenario: Rc::new(scenario),
    }
}
