//! The loop: events in order of time, one after another, and the operator's calls among them.
//!
//! A run is a plain synchronous loop over a time-ordered queue. The operator is a coroutine: a call that it makes is
//! one more event, at which faults are asked, the effect is applied, facts go out and the operator is resumed with
//! the reply. The parts of the world are `impl World` blocks beside this file: `rooms` (calls of the scenario), `room_service` (rooms by order),
//! `instances` (the operator's incarnations and what they are handed), `calls` (what each call does), `interference` (what
//! faults make of a call), `moments` (faults between calls), `deploy` (instances that replace one another), `clock` (what the
//! operator takes for the time), `ports` (durable ports), `orders` (commands, contract ends, viewers), and in their own folders
//! `egress` and `webhook`.

use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;
use std::sync::Arc;

use crate::call::{Call, Command, Surface};
use crate::chance::Chance;
use crate::egress::Recorders;
use crate::egress::upload::Late;
use crate::fault::kinds::strikes_by_itself;
use crate::fault::{Anchor, Fault, Faults, Point, Strike};
use crate::live::Ticket;
use crate::live::evidence::Unexercised;
use crate::livekit::WebhookEvent;
use crate::operator::Host;
use crate::property::operator::crash_safe;
use crate::property::{About, Monitor, Property, Verdict};
use crate::scenario::Scenario;
use crate::settled::{Audit, Settled};
use crate::sink::Sink;
use crate::state::{CallIx, EgressIx, Ports, State, TenantIx, TenantState};
use crate::text_map::TextMap;
use crate::time::{Span, Time};
use crate::trace::{Fact, Occasion, Trace, TraceHash, Witness};
use crate::webhook::Notifier;

mod buckets;
mod calls;
mod clock;
mod deletes;
mod deploy;
mod healing;
mod instances;
mod interference;
mod lifecycle;
mod lists;
mod log;
mod moments;
mod orders;
pub(crate) mod outside;
mod ports;
mod queue;
mod room_service;
mod rooms;
mod s3;

use healing::Healing;
pub(crate) use instances::InboxItem;
use instances::Instance;
use lifecycle::Lifecycle;
use log::Log;
use outside::Outside;
use queue::Queue;

/// LiveKit's API key in every world, what people's tooling already says.
pub const API_KEY: &str = "devkey";
/// LiveKit's API secret.
pub const API_SECRET: &str = "secret";

/// What a run is made of.
pub struct Run<'a> {
    /// The scenario.
    pub scenario: Rc<Scenario>,
    /// The operator.
    pub host: &'a dyn Host,
    /// What a deploy may roll back to, `[operator].older`. None: to the operator itself.
    pub older: Option<&'a dyn Host>,
    /// What is promised.
    pub properties: Vec<Box<dyn Property>>,
    /// Sees every record.
    pub witness: Option<&'a mut dyn Witness>,
    /// Called now and then with the share of the run's virtual time that is over, in thousandths.
    pub progress: Option<&'a mut dyn FnMut(u64)>,
}

/// What a run came to.
#[derive(Debug)]
pub struct Outcome {
    /// The hash over all records.
    pub trace_hash: TraceHash,
    /// The hash after each so many records.
    pub checkpoints: Vec<TraceHash>,
    /// Records of the trace.
    pub events: u64,
    /// The run's last moment.
    pub ended_at: Time,
    /// Each property with what it found, in order of `Run::properties`, and behind them the author's own checks.
    pub properties: Vec<(PropertyName, Verdict)>,
    /// How often each fault of the scenario struck, in its order.
    pub faults_fired: Vec<u64>,
    /// Counts of the report.
    pub counts: Counts,
    /// What it left behind, where that was asked for.
    pub settled: Option<Settled>,
    /// Promises that could not be judged, because the operator showed nothing that they could be judged by.
    pub unexercised: Vec<Unexercised>,
}

/// Whose verdict it is.
#[derive(Clone, Debug)]
pub enum PropertyName {
    /// A property.
    Property(&'static About),
    /// `check.always` of the operator's author, as `custom.NAME`.
    Custom(String),
}

impl PropertyName {
    /// As reports spell it.
    pub fn id(&self) -> &str {
        match self {
            PropertyName::Property(about) => about.id,
            PropertyName::Custom(id) => id,
        }
    }
}

/// `counts` of the JSON report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Counts {
    /// Calls of the scenario that started.
    pub calls: u64,
    /// Egresses.
    pub egresses: u64,
    /// Deliveries answered.
    pub webhooks: u64,
    /// Calls through the seam.
    pub host_calls: u64,
    /// Keys that were ever stored.
    pub objects_put: u64,
    /// Keys that lost their current version by a delete.
    pub objects_deleted: u64,
    /// Keys with a current version at the end.
    pub objects_live: u64,
    /// Versions and markers at the end.
    pub versions_live: u64,
    /// HEAD requests.
    pub heads: u64,
    /// Audit records.
    pub audit_records: u64,
    /// Incarnations of the operator.
    pub incarnations: u64,
}

/// What is going to happen.
#[derive(Debug)]
pub(crate) enum Event {
    /// Call number `n` of a rule of the scenario begins.
    CallStarts { rule: usize, n: u64 },
    /// Somebody joins who was not there from the start.
    Joins { call: CallIx, participant: usize },
    /// Somebody leaves before the end.
    Leaves { call: CallIx, participant: usize },
    /// A call ends.
    CallEnds { call: CallIx },
    /// A command of the scenario is given.
    CommandGiven { command: usize },
    /// A contract ends.
    ContractEnds { tenant: TenantIx },
    /// An egress's pipeline plays.
    EgressActive { egress: EgressIx },
    /// A fault that struck an egress takes effect.
    EgressTroubled { egress: EgressIx, fault: usize },
    /// LiveKit notices that the recorder of a dead worker is gone.
    RecorderMissed { egress: EgressIx },
    /// A segment of an egress is uploaded, unless the plan has changed since.
    SegmentStored { egress: EgressIx, plan: u32 },
    /// An image of an egress is uploaded.
    ImageStored { egress: EgressIx, result: usize },
    /// It is noticed that some streams of an egress reach nobody.
    StreamsMissed { egress: EgressIx },
    /// The longest that a session may last is over. `attempt`: the retry count when it began.
    SessionLimit { egress: EgressIx, attempt: i32 },
    /// The streams of an egress that ends are closed.
    StreamsClosed { egress: EgressIx },
    /// A room that was made by order has been empty for so long as it waits, unless that has changed since.
    RoomIdles { call: CallIx, idle: u32 },
    /// A version is copied to another bucket.
    Replicates { copying: buckets::Copying },
    /// All of an egress is uploaded.
    EgressStored { egress: EgressIx },
    /// A queue of the notifier tries again.
    QueueTries { queue: Arc<str> },
    /// An upload that was reported long ago reaches the sink.
    UploadArrives { egress: EgressIx, late: Box<Late> },
    /// One delivery beside the queues.
    ExtraDelivery { delivery: u64 },
    /// One event more, which a fault has made up.
    Reports { event: Arc<WebhookEvent> },
    /// A call of an instance takes effect, or is answered.
    CallGoesOn { instance: u32, incarnation: u32 },
    /// A call from outside takes effect, or is answered.
    OutsideGoesOn { ticket: Ticket },
    /// An instance is started again.
    Restarts { instance: u32 },
    /// The moment of a fault that strikes by itself.
    FaultDue { fault: usize },
    /// The window of a fault of the clock is over.
    ClockBack { fault: usize },
    /// A deploy comes to an instance.
    Deploys { fault: usize, instance: u32 },
    /// A deploy takes an instance out of service, which may go on for so long.
    Retires { instance: u32, drain: Span },
    /// An instance that is out of service has had its time.
    Drained { instance: u32 },
    /// A timer of the operator is due, unless it was set anew since.
    TimerDue { name: String, setting: u64 },
    /// Something that was answered with "later" is handed over again.
    Again { item: InboxItem },
    /// Viewers open the links of an egress.
    Views { egress_id: String, occasion: Occasion },
    /// Viewers open the links of a tenant's recordings.
    ViewsAll { tenant: TenantIx, room: Option<String> },
    /// Somebody looks how far the operator has come since the last fault.
    LooksAtGoals,
    /// Lifecycle rules of the buckets may have something to do.
    LifecycleRuns,
}

/// The world during a run.
pub(crate) struct World<'a> {
    pub(crate) state: State,
    pub(crate) log: Log<'a>,
    pub(crate) queue: Queue<Event>,
    pub(crate) chance: Chance,
    pub(crate) faults: Faults,
    /// Rooms that exist, by name.
    pub(crate) live_rooms: BTreeMap<Arc<str>, CallIx>,
    pub(crate) recorders: Recorders,
    pub(crate) notifier: Notifier,
    host: &'a dyn Host,
    older: &'a dyn Host,
    instances: Vec<Instance>,
    /// Instead of instances: a process on sockets.
    pub(crate) outside: Option<Outside>,
    /// Where the search for an idle instance begins.
    next_instance: usize,
    inbox: VecDeque<InboxItem>,
    /// What the operator's organisation was told, by the number that inbox items carry.
    commands: Vec<Command>,
    customs: BTreeMap<String, Verdict>,
    entropy_drawn: u64,
    timers_set: u64,
    traps: u32,
    /// Towards the limits of the run.
    spent: instances::Spent,
    /// Faults of the operator's clock that are in force, by their place in the scenario.
    clock_faults: Vec<usize>,
    /// The latest moment at which something is still owed.
    last_obligation: Time,
    healing: Healing,
    lifecycle: Lifecycle,
    /// This is a twin run: crashes strike without effect.
    spared: bool,
}

impl Run<'_> {
    /// Runs the scenario to its end. Where the operator's process died in it, and [`crash_safe`] is among the properties, its
    /// twin is run, too: the same without crashes.
    ///
    /// # Panics
    /// On a bug of ours; the panic hook of the command line adds scenario, seed and event number from
    /// [`current_run`].
    pub fn go(self) -> Outcome {
        self.with_twin(false)
    }

    /// As [`Run::go`], and always says what the run left behind, for whoever compares two operators.
    ///
    /// # Panics
    /// As [`Run::go`].
    pub fn go_and_settle(self) -> Outcome {
        self.with_twin(true)
    }

    fn with_twin(self, settles: bool) -> Outcome {
        let (scenario, host, older) = (Rc::clone(&self.scenario), self.host, self.older);
        let may_crash = scenario.faults.iter().any(|fault| fault.kind.ends_incarnations());
        let judged = self.properties.iter().any(|property| property.about().id == crash_safe::ID);
        let mut outcome = self.play(settles || (may_crash && judged), false);
        let ended_at = outcome.ended_at;
        let crashed = outcome.properties.iter_mut().find(|(name, verdict)| {
            matches!(name, PropertyName::Property(about) if about.id == crash_safe::ID) && verdict.checks > 0
        });
        if let (Some((_, verdict)), Some(with)) = (crashed, &outcome.settled) {
            let twin = Run { scenario, host, older, properties: Vec::new(), witness: None, progress: None };
            let without = twin.play(true, true).settled.expect("it was asked for");
            crash_safe::compare(with, &without, ended_at, verdict);
        }
        outcome
    }

    /// Runs the scenario to its end and says what it left behind, for whoever has a run to compare it with; no twin is run.
    pub fn settle(self) -> Outcome {
        self.play(true, false)
    }

    fn play(self, settles: bool, spared: bool) -> Outcome {
        let Run { scenario, host, older, properties, witness, mut progress } = self;
        current_run::begin(&scenario);
        let mut world = World::new(&scenario, [host, older.unwrap_or(host)], Monitor::new(properties), witness);
        if spared {
            world.spared = true;
            world.log.trace = Trace::unhashed();
        }
        world.log.audit = settles.then(Audit::default);
        world.prepare();
        let start = scenario.world.start;
        let mut handled: u64 = 0;
        while let Some(at) = world.queue.next_at() {
            if at > world.end() {
                break;
            }
            world.step();
            handled += 1;
            if handled.is_multiple_of(1024) {
                current_run::reached(world.log.trace.len());
                if let Some(progress) = &mut progress {
                    progress(at.since(start).0 / (world.end().since(start).0 / 1000).max(1));
                }
            }
        }
        let outcome = world.finish();
        current_run::end();
        outcome
    }
}

impl<'a> World<'a> {
    pub(crate) fn new(
        scenario: &Rc<Scenario>,
        [host, older]: [&'a dyn Host; 2],
        monitor: Monitor,
        witness: Option<&'a mut dyn Witness>,
    ) -> World<'a> {
        let tenants = scenario
            .tenants
            .iter()
            .enumerate()
            .map(|(ix, tenant)| TenantState {
                ix: TenantIx(ix as u32),
                name: Arc::from(tenant.name.as_str()),
                contract_ended: None,
                holds: Vec::new(),
            })
            .collect();
        let state = State {
            scenario: Rc::clone(scenario),
            now: scenario.world.start,
            tenants,
            calls: Vec::new(),
            rooms: BTreeMap::new(),
            egresses: Vec::new(),
            egress_by_id: TextMap::new(),
            sink: Sink::new(scenario),
            ports: Ports::default(),
            unanswered: BTreeMap::new(),
        };
        World {
            state,
            log: Log::new(monitor, witness),
            queue: Queue::new(),
            chance: Chance::new(scenario.seed),
            faults: Faults::new(scenario),
            live_rooms: BTreeMap::new(),
            recorders: Recorders::default(),
            notifier: Notifier::new(scenario),
            host,
            older,
            instances: Vec::new(),
            outside: None,
            next_instance: 0,
            inbox: VecDeque::new(),
            commands: Vec::new(),
            customs: BTreeMap::new(),
            entropy_drawn: 0,
            timers_set: 0,
            traps: 0,
            spent: instances::Spent::default(),
            clock_faults: Vec::new(),
            last_obligation: scenario.world.start,
            healing: Healing::new(&scenario.promises),
            lifecycle: Lifecycle::default(),
            spared: false,
        }
    }

    /// Puts everything into the queue that the scenario knows from the start.
    pub(crate) fn prepare(&mut self) {
        let scenario = Rc::clone(&self.state.scenario);
        if self.faults.has("s3.stale_list") {
            self.state.sink.remember();
        }
        if self.outside.is_none() {
            self.boot_instances(scenario.operator.instances);
        }
        for (rule, call) in scenario.calls.iter().enumerate() {
            self.queue.push(self.at(call.start(0)), Event::CallStarts { rule, n: 0 });
            self.owe(self.at(call.start(call.count.saturating_sub(1)) + call.duration));
        }
        self.prepare_orders();
        for fault in 0..scenario.faults.len() {
            self.plan_fault(fault);
        }
    }

    fn plan_fault(&mut self, ix: usize) {
        let scenario = Rc::clone(&self.state.scenario);
        let fault = &scenario.faults[ix];
        if let Anchor::At(at) = fault.anchor {
            self.owe(self.at(at) + fault.window.unwrap_or_default());
            if strikes_by_itself(fault.kind.name) {
                self.queue.push(self.at(at), Event::FaultDue { fault: ix });
            }
        }
    }

    /// One fault more, which the scenario did not have when the world began.
    pub(crate) fn add_fault(&mut self, fault: Fault) {
        Rc::make_mut(&mut self.state.scenario).faults.push(fault);
        self.faults.extend(&self.state.scenario);
        if self.faults.has("s3.stale_list") {
            self.state.sink.remember();
        }
        self.expect_trouble();
        self.plan_fault(self.state.scenario.faults.len() - 1);
    }

    /// The next event.
    pub(crate) fn step(&mut self) {
        let (at, event) = self.queue.pop().expect("whoever steps has seen an event");
        assert!(at >= self.state.now, "time ran backwards from {:?} to {at:?}: {event:?}", self.state.now);
        self.log.run_due(at, &self.state);
        self.state.now = at;
        self.handle(event);
        self.hand_over();
    }

    fn handle(&mut self, event: Event) {
        match event {
            Event::CallStarts { rule, n } => self.call_starts(rule, n),
            Event::Joins { call, participant } if !self.state.call(call).ended => self.joins(call, participant),
            // The call was ended from outside before they came.
            Event::Joins { .. } => {}
            Event::Leaves { call, participant } => self.leaves(call, participant),
            Event::CallEnds { call } => self.call_ends(call),
            Event::CommandGiven { command } => self.command_given(command),
            Event::ContractEnds { tenant } => self.contract_ends(tenant),
            Event::EgressActive { egress } => self.egress_active(egress),
            Event::EgressTroubled { egress, fault } => self.egress_troubled(egress, fault),
            Event::RecorderMissed { egress } => self.recorder_missed(egress),
            Event::SegmentStored { egress, plan } => self.segment_stored(egress, plan),
            Event::EgressStored { egress } => self.egress_stored(egress),
            Event::ImageStored { egress, result } => self.image_stored(egress, result),
            Event::StreamsMissed { egress } => self.streams_missed(egress),
            Event::SessionLimit { egress, attempt } => self.session_limit_reached(egress, attempt),
            Event::StreamsClosed { egress } => self.streams_closed(egress),
            Event::RoomIdles { call, idle } => self.room_idles(call, idle),
            Event::Replicates { copying } => self.replicates(&copying),
            Event::QueueTries { queue } => self.queue_tries(&queue),
            Event::UploadArrives { egress, late } => self.upload_arrives(egress, *late),
            Event::ExtraDelivery { delivery } => self.extra_delivery(delivery),
            Event::Reports { event } => self.extra_event(event),
            Event::CallGoesOn { instance, incarnation } => self.call_goes_on(instance, incarnation),
            Event::OutsideGoesOn { ticket } => self.outside_goes_on(ticket),
            Event::Restarts { instance } => self.restarts(instance),
            Event::FaultDue { fault } => self.fault_due(fault),
            Event::ClockBack { fault } => self.clock_back(fault),
            Event::Deploys { fault, instance } => self.deploys(fault, instance),
            Event::Retires { instance, drain } => self.retires(instance, drain),
            Event::Drained { instance } => self.drained(instance),
            Event::TimerDue { name, setting } => self.timer_due(&name, setting),
            Event::Again { item } => self.inbox.push_back(item),
            Event::Views { egress_id, occasion } => self.views(&egress_id, occasion),
            Event::ViewsAll { tenant, room } => self.views_all(tenant, room.as_deref()),
            Event::LooksAtGoals => self.looks_at_goals(),
            Event::LifecycleRuns => self.lifecycle_runs(),
        }
    }

    /// The moment that lies `offset` behind the world's start.
    pub(crate) fn at(&self, offset: Span) -> Time {
        self.state.scenario.world.start + offset
    }

    /// Something is owed at `at`: the run does not end before.
    pub(crate) fn owe(&mut self, at: Time) {
        self.last_obligation = self.last_obligation.max(at);
    }

    /// The run's last moment, as far as is known now: the horizon, or `settle` behind the last obligation. What is owed
    /// behind the horizon is not waited for.
    pub(crate) fn end(&self) -> Time {
        let world = &self.state.scenario.world;
        let horizon = world.start + world.horizon;
        horizon.min(self.last_obligation.min(horizon) + world.settle)
    }

    pub(crate) fn emit(&mut self, fact: &Fact<'_>) -> u64 {
        self.log.emit(&self.state, fact)
    }

    /// Asks whether a fault of one of these kinds strikes, and puts it on record.
    pub(crate) fn strike(&mut self, kinds: &[&str], point: &Point<'_>) -> Option<Strike> {
        let strike = self.faults.strike(kinds, point, self.state.now)?;
        self.struck(strike, point).then_some(strike)
    }

    /// Puts a strike on record, and says whether it is carried out: in a twin run what ends incarnations is not.
    fn struck(&mut self, strike: Strike, point: &Point<'_>) -> bool {
        let fault = self.faults.fault(strike);
        let (kind, step) = (fault.kind.name, fault.name.clone());
        let spared = self.spared && fault.kind.ends_incarnations();
        self.emit(&Fact::FaultStruck { fault: strike.fault, kind, at: point.name, within: point.within });
        self.wounded(self.faults.window_end(strike));
        self.step_done(&step);
        !spared
    }

    pub(crate) fn finish(self) -> Outcome {
        let ended_at = self.end();
        self.finish_at(ended_at)
    }

    /// The run ends here, whatever was still to come.
    pub(crate) fn finish_at(mut self, ended_at: Time) -> Outcome {
        self.log.run_due(ended_at + Span(1), &self.state);
        self.state.now = ended_at;
        let settled = self.log.audit.take().map(|audit| Settled::of(&self.state, &audit));
        let mut counts = self.log.counts;
        counts.audit_records = self.state.ports.audit_records;
        counts.objects_put += self.state.egresses.iter().map(|egress| egress.objects.len() as u64).sum::<u64>();
        counts.objects_deleted = self.state.sink.objects_deleted;
        counts.objects_live = self.state.sink.objects_live();
        counts.versions_live = self.state.sink.versions_live();
        let (properties, unexercised) = self.judge();
        Outcome {
            trace_hash: self.log.trace.hash(),
            checkpoints: self.log.trace.checkpoints().to_vec(),
            events: self.log.trace.len(),
            ended_at,
            properties,
            faults_fired: self.faults.fired(),
            counts,
            settled,
            unexercised,
        }
    }

    /// What each promise came to, if the run is over now. They are not watched over any more.
    pub(crate) fn judge(&mut self) -> (Vec<(PropertyName, Verdict)>, Vec<Unexercised>) {
        let of_ours = self.log.finish(&self.state).into_iter();
        let of_ours = of_ours.map(|(about, verdict)| (PropertyName::Property(about), verdict));
        let customs = std::mem::take(&mut self.customs).into_iter();
        let customs = customs.map(|(id, verdict)| (PropertyName::Custom(id), verdict));
        let mut properties: Vec<_> = of_ours.chain(customs).collect();
        let unexercised = self.outside.as_ref().map(|outside| outside.evidence.withhold(&self.state, &mut properties));
        (properties, unexercised.unwrap_or_default())
    }

    /// How long after a call its effect comes.
    fn latency(&self, call: &Call) -> Span {
        let world = &self.state.scenario.world;
        match call.surface() {
            Surface::Livekit => world.livekit_latency,
            Surface::S3 => world.s3_latency,
            Surface::Ports => ports::LATENCY,
            Surface::Host => Span::ZERO,
        }
    }
}

/// Which run this thread is in, for the message of a panic.
pub mod current_run {
    use std::cell::RefCell;

    use crate::scenario::Scenario;

    thread_local! {
        static CURRENT: RefCell<Option<(String, u64, u64)>> = const { RefCell::new(None) };
    }

    pub(super) fn begin(scenario: &Scenario) {
        CURRENT.set(Some((scenario.name.clone(), scenario.seed, 0)));
    }

    pub(super) fn reached(events: u64) {
        CURRENT.with_borrow_mut(|current| {
            if let Some((_, _, reached)) = current {
                *reached = events;
            }
        });
    }

    pub(super) fn end() {
        CURRENT.set(None);
    }

    /// Scenario, seed, and the number of an event at or a little before the panic; none outside a run.
    pub fn describe() -> Option<String> {
        CURRENT.with_borrow(|current| {
            let (name, seed, event) = current.as_ref()?;
            Some(format!("scenario {name}, seed {seed}, event {event}"))
        })
    }
}
