//! One world's time: what comes in, what goes out, and when it goes on.
//!
//! With the clock `auto` it jumps to the next event when nothing is under way: no request that is still coming in, no call
//! without a reply, no delivery without an answer, no lease held, and nothing new for the length of the quiet window since
//! something last came or went. While a call waits for its reply, time goes on to it, whatever else is under way: its caller
//! stands still until then. A clock that somebody moves goes the same way up to where it is to be, so that the hour that it
//! skips is as full of answers as any.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::sync::mpsc::RecvTimeoutError;
use std::time::{Duration, Instant};

use egress_sim_model::call::Reply;
use egress_sim_model::live::{Live, Out, Ticket};
use egress_sim_model::scenario::Scenario;
use egress_sim_model::time::{Span, Time};
use tokio::sync::oneshot;

use super::attempts::{Attempt, Attempts};
use super::leases::Leases;
use super::{Begin, Ended, Message, Records, Run, Way};
use crate::clock::{Clock, LATEST, Mode};
use crate::webhooks::{Sending, post, words};

/// How often it is looked whether a request has come in whole.
const COMING_IN: Duration = Duration::from_micros(200);

/// A world and all that is under way besides it.
pub struct Driver<'a> {
    /// The world.
    pub live: Live<'a>,
    /// Its records.
    pub records: Records,
    /// Whether promises are watched over.
    pub watched: bool,
    /// What it began as.
    pub began: Began,
    way: &'a Way,
    /// Which of the thread's worlds it is: what belongs to an earlier one is over.
    epoch: u64,
    clock: Clock,
    /// Whether anything has come or gone since the last quiet window: somebody may be thinking about it.
    stirred: bool,
    /// Somebody moves the clock.
    moving: Option<Moving>,
    waiting: BTreeMap<Ticket, oneshot::Sender<Reply>>,
    attempts: Attempts,
    leases: Leases,
    run: Option<Run>,
    /// The operator is being started: nothing happens of itself.
    held: bool,
    /// The operator's process is dead: what still comes of it is not heard.
    dead: bool,
    end: Option<End>,
}

/// What a world began as, for whoever wants it anew.
#[derive(Clone, Debug)]
pub struct Began {
    /// What happens in it.
    pub scenario: Scenario,
    /// Whether promises are watched over.
    pub watched: bool,
    /// Whether anybody takes deliveries.
    pub listens: bool,
}

/// A clock on its way.
#[derive(Debug)]
struct Moving {
    until: Time,
    told: Vec<oneshot::Sender<Time>>,
}

enum End {
    Over,
    BrokenOff(String),
}

/// What comes after a world.
pub(super) enum After {
    /// Another one.
    Another(Box<Begin>),
    /// Nothing yet.
    Nothing,
    /// Nothing any more: everybody has gone.
    Gone,
}

/// What to do until the next message.
enum Pace {
    /// Whatever is next happens at once.
    Go,
    /// It happens if nothing comes for so long.
    GoAfter(Duration),
    /// Nothing happens; look again after so long.
    Look(Duration),
    /// Nothing happens.
    Stand,
}

impl std::fmt::Debug for Driver<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Driver").field("live", &self.live).field("epoch", &self.epoch).finish_non_exhaustive()
    }
}

impl<'a> Driver<'a> {
    pub(super) fn new(
        way: &'a Way,
        live: Live<'a>,
        records: Records,
        run: Option<Run>,
        began: Began,
        epoch: u64,
    ) -> Driver<'a> {
        let clock = Clock::new(way.settings.mode, live.now());
        Driver {
            live,
            records,
            watched: began.watched,
            began,
            way,
            epoch,
            clock,
            stirred: true,
            moving: None,
            waiting: BTreeMap::new(),
            attempts: Attempts::default(),
            leases: Leases::default(),
            held: run.is_some(),
            run,
            dead: false,
            end: None,
        }
    }

    /// Until another world begins, this one is over, or nobody is left who could bring anything.
    pub(super) fn drive(mut self) -> After {
        loop {
            self.catch_up();
            if self.run.as_ref().is_some_and(|run| Instant::now() >= run.deadline) {
                self.break_off(format!("its time was up, by the wall clock{}", self.under_way_words()));
            }
            if let Some(end) = self.end.take() {
                return self.ends(end);
            }
            let pace = self.pace();
            let message = match self.patience(&pace) {
                None => self.way.inbox.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(wait) => self.way.inbox.recv_timeout(wait),
            };
            match message {
                Ok(message) => {
                    self.catch_up();
                    if let Some(begin) = self.take_in(message) {
                        return After::Another(begin);
                    }
                    // What has come in the meantime belongs to the same moment.
                    while let Ok(more) = self.way.inbox.try_recv() {
                        if let Some(begin) = self.take_in(more) {
                            return After::Another(begin);
                        }
                    }
                }
                Err(RecvTimeoutError::Timeout) => self.nothing_came(&pace),
                Err(RecvTimeoutError::Disconnected) => return After::Gone,
            }
        }
    }

    fn take_in(&mut self, message: Message) -> Option<Box<Begin>> {
        self.stirred = true;
        match message {
            // A dead process asks for nothing.
            Message::Ask(..) if self.dead => {}
            Message::Ask(call, reply) => {
                let ticket = self.live.ask(call);
                self.waiting.insert(ticket, reply);
            }
            Message::Errand(errand) => errand(self),
            Message::Begin(begin) => return Some(begin),
        }
        None
    }

    /// Makes it the time that the clock says, and gives out what came of it.
    fn catch_up(&mut self) {
        if self.held && self.waiting.is_empty() {
            return;
        }
        let now = self.clock.now().unwrap_or_else(|| self.live.now());
        self.reach(now);
    }

    fn pace(&self) -> Pace {
        let jumps = self.moving.is_some() || self.clock.mode() == Mode::Auto;
        let stands = matches!(self.clock.mode(), Mode::Manual | Mode::Auto);
        if !self.waiting.is_empty() && (jumps || stands) {
            // Somebody waits for a reply: only time is between.
            return if self.live.next_at().is_some() { Pace::Go } else { Pace::Stand };
        }
        if !jumps {
            let until = self.live.next_at().and_then(|next| self.clock.until(next));
            return until.map_or(Pace::Stand, Pace::GoAfter);
        }
        let idle = self.live.next_worth_it().is_none() && self.moving.is_none() && self.run.is_none();
        if self.attempts.out() > 0 || !self.leases.is_empty() || self.held || idle {
            return Pace::Stand;
        }
        if self.way.in_flight.load(Ordering::Relaxed) > 0 {
            return Pace::Look(COMING_IN);
        }
        if self.stirred { Pace::GoAfter(self.way.settings.quiet) } else { Pace::Go }
    }

    /// How long to wait for messages; none: for ever.
    fn patience(&self, pace: &Pace) -> Option<Duration> {
        let wait = match pace {
            Pace::Go => return Some(Duration::ZERO),
            Pace::GoAfter(wait) | Pace::Look(wait) => return Some(*wait),
            Pace::Stand => self.leases.first_end(),
        };
        let most = self.run.as_ref().map(|run| run.patience);
        [wait, most].into_iter().flatten().min()
    }

    fn nothing_came(&mut self, pace: &Pace) {
        match pace {
            Pace::Go | Pace::GoAfter(_) => self.jump(),
            Pace::Look(_) => self.stirred = true,
            Pace::Stand if self.leases.expire() => self.leases_changed(),
            // A delivery has its own patience, and so has the start of a process.
            Pace::Stand if self.attempts.out() > 0 || self.held => {}
            Pace::Stand => {
                let patience = self.run.as_ref().map(|run| run.patience).unwrap_or_default();
                let leases = self.leases.words().join(", ");
                self.break_off(format!("nothing came for {patience:?} while a lease was held for {leases}"));
            }
        }
    }

    fn under_way_words(&self) -> String {
        let (calls, deliveries, leases) = self.under_way();
        let parts = [
            (calls > 0).then(|| format!("{calls} calls without a reply")),
            (deliveries > 0).then(|| format!("{deliveries} deliveries without an answer")),
            (!leases.is_empty()).then(|| format!("a lease for {}", leases.join(", "))),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        if parts.is_empty() { String::new() } else { format!("; under way were {}", parts.join(", ")) }
    }

    /// Nothing has come: whatever is next happens.
    fn jump(&mut self) {
        self.stirred = false;
        let free = self.waiting.is_empty() && self.moving.is_none();
        let next = if free { self.live.next_worth_it() } else { self.live.next_at() };
        if self.run.is_some() && next.is_none_or(|next| next > self.live.end()) {
            self.end = Some(End::Over);
        } else if self.waiting.is_empty()
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
                Out::Lost { ticket } => drop(self.waiting.remove(&ticket)),
                out => self.give_out(out),
            }
        }
    }

    fn give_out(&mut self, out: Out) {
        if matches!(out, Out::Dies) {
            self.dead = true;
            self.waiting.clear();
            self.leases = Leases::default();
        }
        if matches!(out, Out::Starts) {
            self.dead = false;
        }
        let (kind, what, attempt) = words(&self.live, &out);
        let id = self.attempts.goes_out(self.live.now(), kind, what, attempt);
        let post = post(&mut self.live, &out, &self.way.settings.keys);
        if self.way.outgoing.send(Sending::new(self.epoch, id, out, post)).is_err() {
            self.attempts.answered(id, 0);
        }
    }

    /// The answer that is to come says when to come again.
    pub fn retry_after(&mut self, sent: &Sending, wait: Span) {
        if let (true, Out::Webhook { delivery, .. }) = (sent.epoch == self.epoch, &sent.out) {
            self.live.retry_after(*delivery, wait);
        }
    }

    /// What went out was answered with an HTTP status; 0: no answer came.
    pub fn answered(&mut self, sent: &Sending, status: u16) {
        if sent.epoch != self.epoch {
            return;
        }
        self.attempts.answered(sent.id, status);
        // False: the process it was handed to has died over it.
        let _known = match &sent.out {
            Out::Webhook { delivery, .. } => self.live.webhook_answered(*delivery, status),
            Out::Dies => true,
            Out::Starts => {
                self.live.process_is_up();
                true
            }
            other => self.live.work_answered(other, status),
        };
    }

    /// No answer came to what went out for as long as anybody waits: a run ends, another world takes the connection for lost.
    pub fn never_answered(&mut self, sent: &Sending, waited: Duration) {
        if sent.epoch != self.epoch {
            return;
        }
        if self.run.is_some() {
            let what = self.attempts.words(sent.id);
            self.break_off(format!("the operator had not answered {what} after {waited:?}"));
        }
        self.answered(sent, 0);
    }

    /// The process could not be killed or started.
    pub fn process_failed(&mut self, sent: &Sending, why: String) {
        if sent.epoch == self.epoch {
            self.attempts.answered(sent.id, 0);
            self.break_off(why);
        }
    }

    pub(super) fn operator_listens(&mut self) {
        self.live.process_is_up();
        self.held = false;
    }

    /// A run ends here, whatever was still to come.
    pub fn break_off(&mut self, why: String) {
        if self.run.is_some() && self.end.is_none() {
            self.end = Some(End::BrokenOff(why));
        }
    }

    /// Whether this world is a run, which nobody may replace.
    pub const fn is_run(&self) -> bool {
        self.run.is_some()
    }

    fn ends(mut self, end: End) -> After {
        let Some(run) = self.run.take() else { return After::Nothing };
        let journal = self.live.take_journal().unwrap_or_default();
        let (outcome, broken_off) = match end {
            End::Over => (self.live.finish(), None),
            End::BrokenOff(why) => (self.live.break_off(), Some(why)),
        };
        // Whoever began it may have gone.
        let _ = run.ended.send(Ended { outcome, journal, broken_off });
        After::Nothing
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

    /// Somebody works in the background: `auto` waits for them, but no longer than `ttl`.
    pub fn lease(&mut self, what: String, ttl: Option<Duration>) -> u64 {
        let lease = self.leases.take(what, ttl);
        self.leases_changed();
        lease
    }

    /// They are done. False: there is no such lease.
    pub fn release(&mut self, lease: u64) -> bool {
        let known = self.leases.end(lease);
        self.leases_changed();
        known
    }

    fn leases_changed(&mut self) {
        self.stirred = true;
        self.live.works_aside(!self.leases.is_empty());
    }

    /// What is under way: calls, deliveries, leases.
    pub fn under_way(&self) -> (usize, usize, Vec<String>) {
        (self.waiting.len(), self.attempts.out(), self.leases.words())
    }

    /// What went out.
    pub fn attempts(&self) -> Vec<Attempt> {
        self.attempts.all()
    }
}
