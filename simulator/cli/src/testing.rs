//! For tests: a world in which nothing has happened yet, and operators that are not always the same.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use egress_sim_model::call::{Boot, Call, Delivery, LogLevel, Reply};
use egress_sim_model::operator::{Guest, Host, Step};
use egress_sim_model::scenario::file::parse;
use egress_sim_model::sink::Sink;
use egress_sim_model::state::{Ports, State};
use egress_sim_model::text_map::TextMap;
use egress_sim_native::NativeHost;

use crate::operator::Loaded;

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

/// The built-in operator `name`, but each of its incarnations first logs what `note` says. `op` is what reports call it.
pub fn noting(op: &str, name: &'static str, note: impl Fn() -> String + Send + Sync + 'static) -> Rc<Loaded> {
    let note: Arc<Note> = Arc::new(note);
    Rc::new(Loaded::own(op, move || {
        Box::new(Noting { inner: NativeHost::new(name, egress_sim_operators::boot), note: Arc::clone(&note) })
    }))
}

type Note = dyn Fn() -> String + Send + Sync;

struct Noting {
    inner: NativeHost,
    note: Arc<Note>,
}

struct NotingGuest {
    inner: Box<dyn Guest>,
    /// Until it was logged.
    note: Option<String>,
    /// The first delivery, while it waits for that.
    held: Option<Delivery>,
}

impl Host for Noting {
    fn start(&self, boot: &Arc<Boot>) -> Box<dyn Guest> {
        Box::new(NotingGuest { inner: self.inner.start(boot), note: Some((self.note)()), held: None })
    }

    fn name(&self) -> &str {
        self.inner.name()
    }
}

impl Guest for NotingGuest {
    fn begin(&mut self, delivery: &Delivery) -> Step {
        match self.note.take() {
            Some(message) => {
                self.held = Some(delivery.clone());
                Step::Call(Call::Log { level: LogLevel::Info, message })
            }
            None => self.inner.begin(delivery),
        }
    }

    fn resume(&mut self, reply: Reply) -> Step {
        match self.held.take() {
            Some(delivery) => self.inner.begin(&delivery),
            None => self.inner.resume(reply),
        }
    }
}
