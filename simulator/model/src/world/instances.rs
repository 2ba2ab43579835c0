//! The operator's instances: incarnations, what they are handed, how they end, and when they come back.
//!
//! An instance handles one delivery at a time. Webhooks wait at its door as open connections and break with it;
//! commands and timers are durable and are handed over until they are answered without "later".

use std::sync::Arc;

use super::{Event, World};
use crate::call::{Answer, Boot, BootBucket, BootTenant, Call, Command, Delivery, Reply, Timer, Versioning};
use crate::live::WakeUp;
use crate::operator::{Guest, Trap, TrapKind};
use crate::time::Span;
use crate::trace::{Fact, WebhookFact};

mod asking;

/// Traps of a run after which an operator that keeps trapping is not started again: its verdict stands, and a guest that
/// loops for ever would otherwise burn its fuel for every webhook of the scenario.
const TRAPS_MAX: u32 = 8;

/// The longest wait before a command or timer is handed over again.
const AGAIN_MAX: Span = Span::seconds(60);

/// Something that waits for an instance.
#[derive(Clone, Debug)]
pub(crate) enum InboxItem {
    /// A webhook's delivery, by handle.
    Webhook(u64),
    /// A command, by its place in `World::commands`, with the number of the attempt.
    Command(usize, u32),
    /// A timer that is due, with the number of the attempt.
    Timer(Timer, u32),
    /// What a process outside asked to be woken for, with the number of the attempt.
    WakeUp(WakeUp, u32),
}

/// What all instances together have had of a run's limits.
#[derive(Debug, Default)]
pub(super) struct Spent {
    /// Of `[limits].calls_per_run`.
    calls: u64,
    /// Of `[limits].payload_bytes_per_run`.
    bytes: u64,
}

/// One of the operator's instances.
pub(super) struct Instance {
    guest: Option<Box<dyn Guest>>,
    incarnation: u32,
    work: Work,
    /// Given up: not started again.
    over: bool,
    /// Its component is the older one.
    older: bool,
    /// Whether deliveries are for it.
    pub(super) service: Service,
}

/// Where an instance stands in its life, as deploys see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Service {
    /// It takes deliveries.
    Serving,
    /// It ends what it has in hand.
    Leaving,
    /// Another has taken over.
    Gone,
}

impl Instance {
    /// One that has not been started yet.
    pub(super) const fn new(older: bool) -> Instance {
        Instance { guest: None, incarnation: 0, work: Work::Idle, over: false, older, service: Service::Serving }
    }

    /// Whether it handles a delivery.
    pub(super) const fn is_busy(&self) -> bool {
        self.guest.is_some() && matches!(self.work, Work::Busy { .. })
    }

    /// Whether it waits for a delivery.
    fn is_idle(&self) -> bool {
        self.guest.is_some() && matches!(self.work, Work::Idle) && self.service == Service::Serving
    }

    /// Ends it for good; whether it was running.
    pub(super) fn leave(&mut self) -> bool {
        self.service = Service::Gone;
        self.guest.take().is_some()
    }
}

enum Work {
    /// Nothing to do, or not running.
    Idle,
    /// Busy with a delivery.
    Busy {
        what: Task,
        calls: u64,
        /// What it waits for.
        pending: Option<Box<Pending>>,
    },
}

enum Pending {
    /// The effect of a call, and the answer with it.
    Effect(Call),
    /// The answer to a call that has taken effect, or never will.
    Answer(Call, Reply),
}

/// What an instance is busy with.
pub(super) enum Task {
    /// Its start.
    Init,
    /// A delivery.
    Item(InboxItem),
}

impl World<'_> {
    /// Starts every instance before anything else happens.
    pub(super) fn boot_instances(&mut self, count: u32) {
        for instance in 0..count {
            self.instances.push(Instance::new(false));
            self.queue.push(self.state.now, Event::Restarts { instance });
        }
    }

    /// Starts the next incarnation of an instance.
    pub(super) fn restarts(&mut self, number: u32) {
        if self.outside.is_some() {
            return self.process_returns();
        }
        let instance = &self.instances[number as usize];
        if instance.over || instance.service != Service::Serving {
            return;
        }
        let incarnation = instance.incarnation + 1;
        let host = if instance.older { self.older } else { self.host };
        let boot = Arc::new(self.boot(host.name(), number, incarnation));
        self.log.emit(&self.state, &Fact::Booted { boot: &boot });
        let guest = host.start(&boot);
        let instance = &mut self.instances[number as usize];
        instance.guest = Some(guest);
        instance.incarnation = incarnation;
        self.begin(number, Task::Init, &Delivery::Init(boot));
    }

    pub(super) fn boot(&self, name: &str, instance: u32, incarnation: u32) -> Boot {
        let scenario = &self.state.scenario;
        let bucket = |name: &String| {
            let bucket = scenario.bucket(name);
            let versioned = bucket.versioning() == Versioning::Enabled;
            BootBucket { name: bucket.name, region: bucket.region, versioned, object_lock: bucket.object_lock }
        };
        let tenants = scenario
            .tenants
            .iter()
            .map(|tenant| BootTenant {
                name: tenant.name.clone(),
                buckets: tenant.buckets.iter().map(bucket).collect(),
                cdn: tenant.cdn.clone(),
                retention: tenant.retention,
                retention_max: tenant.retention_max,
                delete_within: tenant.delete_within,
            })
            .collect();
        Boot {
            name: name.to_owned(),
            instance,
            incarnation,
            livekit_url: "http://127.0.0.1:7880".into(),
            api_key: super::API_KEY.into(),
            api_secret: super::API_SECRET.into(),
            s3_url: "http://127.0.0.1:9000".into(),
            s3_access_key: "minioadmin".into(),
            s3_secret_key: "minioadmin".into(),
            tenants,
            backup_bucket: scenario.world.backup_bucket.as_ref().map(bucket),
            config: serde_json::to_string(&scenario.operator.config).expect("TOML tables are JSON objects"),
        }
    }

    /// Whether anybody answers the door.
    pub(crate) fn operator_is_up(&self) -> bool {
        match &self.outside {
            Some(outside) => outside.listens || outside.first,
            None => {
                self.instances.iter().any(|instance| instance.guest.is_some() && instance.service == Service::Serving)
            }
        }
    }

    /// The numbers of the instances that take deliveries, or of this one if it does.
    pub(super) fn in_service(&self, wanted: Option<u64>) -> impl Iterator<Item = u32> + '_ {
        let serving = self.instances.iter().zip(0..).filter(|(instance, _)| instance.service == Service::Serving);
        serving.map(|(_, number)| number).filter(move |number| wanted.is_none_or(|wanted| wanted == u64::from(*number)))
    }

    /// The first running instance that is in service, or this one if it is.
    pub(super) fn first_standing(&self, wanted: Option<u64>) -> Option<u32> {
        self.in_service(wanted).find(|number| self.instances[*number as usize].guest.is_some())
    }

    /// Whether an instance has not come further than `init`.
    pub(super) fn is_booting(&self, number: u32) -> bool {
        if let Some(outside) = &self.outside {
            return outside.booting;
        }
        let instance = self.instances.get(number as usize);
        instance.is_some_and(|instance| matches!(instance.work, Work::Busy { what: Task::Init, .. }))
    }

    /// Puts something before the operator's door; it is handed over at the end of the event.
    pub(crate) fn put_into_inbox(&mut self, item: InboxItem) {
        self.inbox.push_back(item);
    }

    /// Hands what waits to idle instances in turn, as a load balancer does.
    pub(crate) fn hand_over(&mut self) {
        if self.outside.is_some() {
            return self.hand_out();
        }
        while !self.inbox.is_empty() {
            let count = self.instances.len();
            let mut turn = (0..count).map(|step| (self.next_instance + step) % count);
            let Some(number) = turn.find(|number| self.instances[*number].is_idle()) else { return };
            self.next_instance = number + 1;
            let item = self.inbox.pop_front().expect("the inbox was not empty");
            let delivery = match &item {
                InboxItem::Webhook(handle) => {
                    let attempt = self.notifier.delivery(*handle).attempt;
                    Delivery::Webhook { delivery: *handle, attempt }
                }
                InboxItem::Command(command, _) => Delivery::Command(self.commands[*command].clone()),
                InboxItem::Timer(timer, _) => Delivery::Timer(timer.clone()),
                InboxItem::WakeUp(..) => unreachable!("only a process outside is woken"),
            };
            self.begin(number as u32, Task::Item(item), &delivery);
        }
    }

    fn begin(&mut self, number: u32, what: Task, delivery: &Delivery) {
        let webhook = match &what {
            Task::Item(InboxItem::Webhook(handle)) => {
                let delivery = self.notifier.delivery(*handle);
                Some(WebhookFact {
                    event: delivery.event.event,
                    room: delivery.event.room.as_ref().map_or("", |room| &room.name),
                    egress_id: delivery.event.egress_info.as_ref().map_or("", |info| &info.egress_id),
                    authentic: self.webhook_open(*handle, self.operator_now(number)).is_ok(),
                })
            }
            _ => None,
        };
        self.log.emit(&self.state, &Fact::DeliveryBegan { instance: number, delivery, webhook });
        let moment = if matches!(what, Task::Init) { "operator.init" } else { "operator.delivery" };
        let dies = self.dies_at(number, moment, &what);
        self.instances[number as usize].work = Work::Busy { what, calls: 0, pending: None };
        if let Some(restart) = dies {
            return self.crashes(number, restart);
        }
        let instance = &mut self.instances[number as usize];
        let step = instance.guest.as_mut().expect("only a running instance is handed anything").begin(delivery);
        self.advance(number, step);
    }

    fn ended(&mut self, number: u32, answer: &Answer) {
        self.log.emit(&self.state, &Fact::DeliveryEnded { instance: number, answer });
        let instance = &mut self.instances[number as usize];
        let Work::Busy { what, calls, .. } = std::mem::replace(&mut instance.work, Work::Idle) else {
            unreachable!("an idle instance ended a delivery");
        };
        if matches!(what, Task::Item(_))
            && let Some(restart) = self.dies_at(number, "operator.answer", &what)
        {
            self.instances[number as usize].work = Work::Busy { what, calls, pending: None };
            return self.crashes(number, restart);
        }
        match what {
            Task::Init => {
                if *answer != Answer::Ok {
                    let words = match answer {
                        Answer::Reject(words) | Answer::RetryLater(words) => words.clone(),
                        Answer::Ok => String::new(),
                    };
                    let message = format!("`init` failed: {words}");
                    self.trapped(number, &Trap { kind: TrapKind::Trap, message });
                }
            }
            Task::Item(InboxItem::Webhook(handle)) => {
                let status = match answer {
                    Answer::Ok => 200,
                    Answer::Reject(_) => 400,
                    Answer::RetryLater(_) => 503,
                };
                self.delivery_answered(handle, status);
            }
            Task::Item(item) => {
                if matches!(answer, Answer::RetryLater(_)) {
                    self.again(item);
                } else if let InboxItem::Command(number, _) = item {
                    self.command_done(number);
                }
            }
        }
        if self.instances[number as usize].service == Service::Leaving {
            self.is_gone(number);
        }
    }

    /// A fault ends an incarnation; the next comes so much later.
    pub(super) fn crashes(&mut self, number: u32, restart: Span) {
        self.log.emit(&self.state, &Fact::Crashed { instance: number });
        self.goes_down(number, Some(restart));
    }

    /// An incarnation ended itself.
    fn trapped(&mut self, number: u32, trap: &Trap) {
        self.log.emit(&self.state, &Fact::Trapped { instance: number, trap });
        self.traps += 1;
        let again = self.traps < TRAPS_MAX && trap.kind != TrapKind::Run;
        if !again {
            self.log.emit(&self.state, &Fact::GivenUp { instance: number });
            self.instances[number as usize].over = true;
        }
        let restart = self.state.scenario.operator.restart;
        self.goes_down(number, again.then_some(restart));
    }

    fn goes_down(&mut self, number: u32, restart: Option<Span>) {
        let instance = &mut self.instances[number as usize];
        instance.guest = None;
        let work = std::mem::replace(&mut instance.work, Work::Idle);
        if instance.service != Service::Serving {
            instance.service = Service::Gone;
        } else if let Some(restart) = restart {
            self.queue.push(self.state.now + restart, Event::Restarts { instance: number });
        }
        if let Work::Busy { what: Task::Item(item), .. } = work {
            match item {
                InboxItem::Webhook(handle) => self.delivery_answered(handle, 0),
                item => self.again(item),
            }
        }
        self.close_the_door();
    }

    /// Connections that wait at the door of a process break with it, unless another one answers the door.
    pub(super) fn close_the_door(&mut self) {
        if !self.operator_is_up() {
            let waiting: Vec<u64> = self
                .inbox
                .iter()
                .filter_map(|item| if let InboxItem::Webhook(handle) = item { Some(*handle) } else { None })
                .collect();
            self.inbox.retain(|item| !matches!(item, InboxItem::Webhook(_)));
            for handle in waiting {
                self.delivery_answered(handle, 0);
            }
        }
    }

    /// A command or timer that was not done is handed over again, after 1 s, 2 s, 4 s … 60 s.
    pub(super) fn again(&mut self, item: InboxItem) {
        let (item, attempt) = match item {
            InboxItem::Command(command, attempt) => (InboxItem::Command(command, attempt + 1), attempt),
            InboxItem::Timer(timer, attempt) => (InboxItem::Timer(timer, attempt + 1), attempt),
            InboxItem::WakeUp(wake_up, attempt) => (InboxItem::WakeUp(wake_up, attempt + 1), attempt),
            InboxItem::Webhook(_) => unreachable!("LiveKit's notifier decides about webhooks"),
        };
        let wait = AGAIN_MAX.min(Span::SECOND.times(1 << attempt.saturating_sub(1).min(6)));
        self.queue.push(self.state.now + wait, Event::Again { item });
    }

    /// A command for the operator. What is ordered about one legal hold is handed over in its order, each when the one before
    /// is answered: nothing else says which of two is the last word.
    pub(super) fn give(&mut self, command: Command) {
        self.log.emit(&self.state, &Fact::CommandGiven { command: &command });
        let number = self.commands.len();
        let waits = self.state.unanswered.values().any(|(_, before)| before.order.is_of_the_hold_of(&command.order));
        self.state.unanswered.insert(number, (self.state.now, command.clone()));
        self.commands.push(command);
        if !waits {
            self.put_into_inbox(InboxItem::Command(number, 1));
        }
    }

    /// A command is not handed over again, and what waited for it may come; none: that is known already.
    pub(super) fn command_done(&mut self, number: usize) -> Option<Command> {
        let (_, done) = self.state.unanswered.remove(&number)?;
        let mut waiting = self.state.unanswered.iter();
        let next = waiting.find(|(_, (_, waits))| waits.order.is_of_the_hold_of(&done.order)).map(|(next, _)| *next);
        if let Some(next) = next {
            self.put_into_inbox(InboxItem::Command(next, 1));
        }
        Some(done)
    }
}
