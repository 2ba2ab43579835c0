//! The thread that owns the world: it says what time it is, brings in what comes, and gives out what goes.
//!
//! With the clock `auto` it jumps to the next event when nothing is under way: no call without a reply, no delivery without
//! an answer, no lease held, and nothing new for the length of the quiet window since something last came or went. While a
//! call waits for its reply, time goes on to it, whatever else is under way: its caller stands still until then. A clock that
//! somebody moves goes the same way up to where it is to be, so that the hour that it skips is as full of answers as any.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use async_trait::async_trait;
use egress_sim_model::call::{Call, Reply};
use egress_sim_model::live::{Live, Out, Ticket};
use egress_sim_model::scenario::Scenario;
use egress_sim_model::time::Time;
use egress_sim_wire::s3::Door;
use tokio::sync::{mpsc as tokio_mpsc, oneshot};

use crate::clock::{Clock, LATEST, Mode};

/// Something that is done with the world, in its thread.
type Errand = Box<dyn FnOnce(&mut Driver<'_>) + Send>;

enum Message {
    Ask(Call, oneshot::Sender<Reply>),
    Errand(Errand),
}

/// The way to the world, for everybody.
#[derive(Clone, Debug)]
pub struct World {
    messages: mpsc::Sender<Message>,
}

/// What the driver has under way, besides the world itself.
#[derive(Debug)]
pub struct Driver<'a> {
    /// The world.
    pub live: Live<'a>,
    clock: Clock,
    quiet: Duration,
    /// Whether anything has come or gone since the last quiet window: somebody may be thinking about it.
    stirred: bool,
    /// Somebody moves the clock.
    moving: Option<Moving>,
    waiting: BTreeMap<Ticket, oneshot::Sender<Reply>>,
    /// Deliveries that are out and not answered.
    out: usize,
    /// Leases that operators hold while they work in the background.
    leases: BTreeMap<u64, String>,
    leases_made: u64,
    outgoing: tokio_mpsc::UnboundedSender<Out>,
}

/// A clock on its way.
#[derive(Debug)]
struct Moving {
    until: Time,
    told: Vec<oneshot::Sender<Time>>,
}

/// How the world is driven.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The clock.
    pub mode: Mode,
    /// How long nothing must have come before `auto` jumps.
    pub quiet: Duration,
    /// Whether anybody takes deliveries.
    pub listens: bool,
    /// Who gets every webhook besides, each in its own time.
    pub tells_also: Vec<String>,
}

/// Starts the thread. What goes out besides replies comes by the receiver.
pub fn start(scenario: Scenario, settings: Settings) -> (World, tokio_mpsc::UnboundedReceiver<Out>) {
    let (messages, inbox) = mpsc::channel();
    let (outgoing, outbox) = tokio_mpsc::unbounded_channel();
    std::thread::Builder::new()
        .name("world".into())
        .spawn(move || {
            let scenario = Rc::new(scenario);
            let mut live = Live::new(&scenario, Vec::new(), None);
            live.listens(settings.listens);
            live.tells_also(settings.tells_also);
            let clock = Clock::new(settings.mode, live.now());
            let mut driver = Driver {
                live,
                clock,
                quiet: settings.quiet,
                stirred: true,
                moving: None,
                waiting: BTreeMap::new(),
                out: 0,
                leases: BTreeMap::new(),
                leases_made: 0,
                outgoing,
            };
            driver.drive(&inbox);
        })
        .expect("a thread can be started");
    (World { messages }, outbox)
}

impl Driver<'_> {
    /// Until nobody is left who could bring anything.
    fn drive(&mut self, inbox: &mpsc::Receiver<Message>) {
        loop {
            self.catch_up();
            let message = match self.patience() {
                None => inbox.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(wait) => inbox.recv_timeout(wait),
            };
            match message {
                Ok(message) => {
                    self.catch_up();
                    self.take_in(message);
                    // What has come in the meantime belongs to the same moment.
                    while let Ok(more) = inbox.try_recv() {
                        self.take_in(more);
                    }
                }
                Err(RecvTimeoutError::Timeout) => self.jump(),
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn take_in(&mut self, message: Message) {
        self.stirred = true;
        match message {
            Message::Ask(call, reply) => {
                let ticket = self.live.ask(call);
                self.waiting.insert(ticket, reply);
            }
            Message::Errand(errand) => errand(self),
        }
    }

    /// Makes it the time that the clock says, and gives out what came of it.
    fn catch_up(&mut self) {
        let now = self.clock.now().unwrap_or_else(|| self.live.now());
        self.reach(now);
    }

    /// How long to wait for messages before something happens of itself; none: for ever.
    fn patience(&self) -> Option<Duration> {
        let jumps = self.moving.is_some() || self.clock.mode() == Mode::Auto;
        let stands = matches!(self.clock.mode(), Mode::Manual | Mode::Auto);
        let next = self.live.next_at();
        if !self.waiting.is_empty() && (jumps || stands) {
            // Somebody waits for a reply: only time is between.
            return next.map(|_| Duration::ZERO);
        }
        if !jumps {
            return self.clock.until(next?);
        }
        if self.out > 0 || !self.leases.is_empty() || (next.is_none() && self.moving.is_none()) {
            return None;
        }
        Some(if self.stirred { self.quiet } else { Duration::ZERO })
    }

    /// Nothing has come: whatever is next happens.
    fn jump(&mut self) {
        self.stirred = false;
        let next = self.live.next_at();
        if self.waiting.is_empty()
            && let Some(moving) = self.moving.take_if(|moving| next.is_none_or(|next| next > moving.until))
        {
            self.reach(moving.until);
            self.clock.moved(self.live.now());
            for told in moving.told {
                // Whoever moved it may have hung up.
                let _ = told.send(self.live.now());
            }
        } else if let Some(next) = next
            && (self.moving.is_some() || self.clock.now().is_none())
        {
            self.reach(next);
        }
    }

    /// Moves the world to a moment.
    pub fn reach(&mut self, until: Time) {
        self.live.reach(until);
        while let Some(out) = self.live.take() {
            self.stirred = true;
            match out {
                Out::Reply { ticket, reply } => {
                    // Whoever asked may have hung up.
                    let _ = self.waiting.remove(&ticket).map(|waiting| waiting.send(reply));
                }
                out => {
                    self.out += 1;
                    if self.outgoing.send(out).is_err() {
                        self.out -= 1;
                    }
                }
            }
        }
    }

    /// Moves the clock: it is told once the clock is there, and everybody has answered what came up on the way. A moment that
    /// is past changes nothing.
    ///
    /// # Errors
    /// A moment after [`LATEST`].
    pub fn advance(&mut self, until: Time) -> Result<oneshot::Receiver<Time>, String> {
        if until > LATEST {
            return Err(format!("the clock goes no further than {}", LATEST.to_rfc3339()));
        }
        let (tell, told) = oneshot::channel();
        let moving = self.moving.get_or_insert(Moving { until, told: Vec::new() });
        moving.until = moving.until.max(until);
        moving.told.push(tell);
        Ok(told)
    }

    /// A delivery was answered: a webhook with an HTTP status (0: no answer), anything else by having been taken.
    pub fn answered(&mut self, what: &Out, status: u16) {
        let known = match what {
            Out::Webhook { delivery, .. } => self.live.webhook_answered(*delivery, status),
            other => self.live.work_answered(other, (200..300).contains(&status)),
        };
        assert!(known, "{what:?} is answered once");
        self.out -= 1;
    }

    /// Somebody works in the background: `auto` waits for them.
    pub fn lease(&mut self, what: String) -> u64 {
        self.leases_made += 1;
        self.leases.insert(self.leases_made, what);
        self.leases_made
    }

    /// They are done. False: there is no such lease.
    pub fn release(&mut self, lease: u64) -> bool {
        self.leases.remove(&lease).is_some()
    }

    /// What is under way: calls, deliveries, leases.
    pub fn under_way(&self) -> (usize, usize, Vec<String>) {
        (self.waiting.len(), self.out, self.leases.values().cloned().collect())
    }
}

impl World {
    /// Does something with the world, and says what came of it. None: the world is gone.
    pub async fn with<T: Send + 'static>(
        &self,
        errand: impl FnOnce(&mut Driver<'_>) -> T + Send + 'static,
    ) -> Option<T> {
        let (answer, answered) = oneshot::channel();
        let errand: Errand = Box::new(move |driver| {
            // Whoever sent it may have gone.
            let _ = answer.send(errand(driver));
        });
        self.messages.send(Message::Errand(errand)).ok()?;
        answered.await.ok()
    }
}

#[async_trait]
impl Door for World {
    async fn ask(&self, call: Call) -> Reply {
        let gone = call.failed(egress_sim_model::call::CallError::NotSent("the world is gone".into()));
        let (reply, answered) = oneshot::channel();
        if self.messages.send(Message::Ask(call, reply)).is_err() {
            return gone;
        }
        answered.await.unwrap_or(gone)
    }
}

/// The wall clock, as the world counts time.
pub fn wall_clock() -> Time {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Time(u64::try_from(since.as_nanos()).unwrap_or(u64::MAX))
}
