//! A world that is driven from outside: the same world, queue and records as a run, with a process on sockets for an operator.
//!
//! Whoever drives it says what time it is ([`Live::reach`]), brings calls ([`Live::ask`]) and fetches what comes of them
//! ([`Live::take`]): replies, webhooks, commands. Nothing happens between two of those steps. Calls, participants,
//! commands and faults that no scenario has written down may be added while it goes on. [`journal`] keeps what was done, so
//! that a run can be told again, [`evidence`] what of it can be judged.

use std::rc::Rc;
use std::sync::Arc;

use bytes::Bytes;

use self::evidence::Unexercised;
use self::journal::{Journal, Step};
use crate::call::{Boot, Call, Command, Reply, Timer};
use crate::fault::{Anchor, Fault};
use crate::livekit::TrackSource;
use crate::operator::{Guest, Host};
use crate::property::{About, Monitor, Property, Verdict};
use crate::scenario::{self, Scenario};
use crate::state::{CallIx, State};
use crate::time::{Span, Time};
use crate::trace::Witness;
use crate::world::outside::Outside;
use crate::world::{Outcome, PropertyName, World};

pub mod evidence;
pub mod journal;

/// The instance of calls that can be put down to no delivery: several were in hand, or none, or the process worked aside.
pub const NOBODY: u32 = u32::MAX;

/// A call that came from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ticket(pub u64);

/// Something that is to go out.
#[derive(Clone, Debug, PartialEq)]
pub enum Out {
    /// The reply to a call.
    Reply {
        /// The call.
        ticket: Ticket,
        /// The reply.
        reply: Reply,
    },
    /// A webhook; [`Live::webhook`] makes its bytes, [`Live::webhook_answered`] wants the status.
    Webhook {
        /// Its handle.
        delivery: u64,
        /// From 1.
        attempt: u32,
    },
    /// A command of the operator's organisation; [`Live::work_answered`] wants to know whether it was taken.
    Command {
        /// Its number.
        number: usize,
        /// From 1.
        attempt: u32,
        /// What.
        command: Command,
    },
    /// A durable timer that is due; [`Live::work_answered`] wants to know whether it was taken.
    Timer {
        /// The timer.
        timer: Timer,
        /// From 1.
        attempt: u32,
    },
    /// What the process asked to be woken for; [`Live::work_answered`] wants to know whether it was taken.
    WakeUp {
        /// What.
        wake_up: WakeUp,
        /// From 1.
        attempt: u32,
    },
    /// The connection of a call breaks: there is no reply.
    Lost {
        /// The call.
        ticket: Ticket,
    },
    /// A fault kills the process: everything that it has asked for and been handed breaks.
    Dies,
    /// The process is started again; [`Live::process_is_up`] wants to know when it listens.
    Starts,
}

/// A moment at which a process outside wants to be called, because its own clock will not come to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WakeUp {
    /// Setting it again replaces it.
    pub name: String,
    /// When, the next time.
    pub at: Time,
    /// Again and again, so far apart; none: once.
    pub every: Option<Span>,
    /// Where it is posted to.
    pub path: String,
}

/// A world between two steps.
pub struct Live<'a> {
    world: World<'a>,
    journal: Option<Journal>,
}

impl std::fmt::Debug for Live<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Live").field("now", &self.world.state.now).finish_non_exhaustive()
    }
}

/// There is no guest in a live world.
struct Nobody;

impl Host for Nobody {
    fn start(&self, _boot: &Arc<Boot>) -> Box<dyn Guest> {
        unreachable!("a live world has no instances")
    }

    fn name(&self) -> &'static str {
        ""
    }
}

impl<'a> Live<'a> {
    /// A world at the scenario's start. Everything in the scenario happens at its time.
    pub fn new(
        scenario: &Rc<Scenario>,
        properties: Vec<Box<dyn Property>>,
        witness: Option<&'a mut dyn Witness>,
    ) -> Live<'a> {
        let mut world = World::new(scenario, [&Nobody, &Nobody], Monitor::new(properties), witness);
        world.outside = Some(Outside::default());
        world.prepare();
        Live { world, journal: None }
    }

    /// From now on all that is done to it is written down. Nothing may have been done to it yet.
    pub fn keep_journal(&mut self) {
        self.journal = Some(Journal::default());
    }

    /// Nobody will ask what its records hash to, or count what was put: no work is done for it.
    pub fn nobody_counts(&mut self) {
        self.world.log.nobody_counts();
    }

    fn note(&mut self, step: impl FnOnce() -> Step) {
        if let Some(journal) = &mut self.journal {
            journal.note(step());
        }
    }

    /// Virtual time.
    pub fn now(&self) -> Time {
        self.world.state.now
    }

    /// What is the case.
    pub fn state(&self) -> &State {
        &self.world.state
    }

    /// When something happens next of itself; none: nothing does.
    pub fn next_at(&self) -> Option<Time> {
        self.next(None)
    }

    /// The same for a clock that jumps: what only happens again and again is no reason to go on when the run is over.
    pub fn next_worth_it(&self) -> Option<Time> {
        self.next(Some(self.end()))
    }

    fn next(&self, until: Option<Time>) -> Option<Time> {
        let wakes = self.world.outside.as_ref().and_then(|outside| outside.next_wake_up(until)).map(|(at, _)| at);
        [self.world.queue.next_at(), wakes].into_iter().flatten().min()
    }

    /// The run's last moment, as far as is known now.
    pub fn end(&self) -> Time {
        self.world.end()
    }

    /// Lets everything happen that is due by `until`, and makes it that time; a time that is past changes nothing.
    pub fn reach(&mut self, until: Time) {
        self.note(|| Step::Reach(until));
        loop {
            let happens = self.world.queue.next_at().filter(|at| *at <= until);
            let outside = self.world.outside.as_ref();
            let wakes = outside.and_then(|outside| outside.next_wake_up(None)).filter(|(at, _)| *at <= until);
            match (happens, wakes) {
                (happens, Some((at, name))) if happens.is_none_or(|happens| at < happens) => {
                    let name = name.to_owned();
                    self.is_now(at);
                    self.world.wakes(&name);
                    self.world.hand_over();
                }
                (Some(_), _) => self.world.step(),
                (None, _) => break,
            }
        }
        self.is_now(until);
    }

    fn is_now(&mut self, now: Time) {
        if now > self.world.state.now {
            self.world.log.run_due(now, &self.world.state);
            self.world.state.now = now;
        }
    }

    /// Somebody asks for something, now. The reply lies in [`Live::take`] once it is that time.
    pub fn ask(&mut self, call: Call) -> Ticket {
        self.note(|| Step::Ask(Box::new(call.clone())));
        self.world.asked_from_outside(call)
    }

    /// Whether anybody takes deliveries from now on. While nobody does, LiveKit's attempts to deliver fail, and what is
    /// durable waits.
    pub fn listens(&mut self, listens: bool) {
        self.note(|| Step::Listens(listens));
        self.outside().listens = listens;
        self.world.hand_over();
    }

    /// Whether faults may kill the process: whoever drives the world can do it, and start it again.
    pub fn is_mortal(&mut self, mortal: bool) {
        self.note(|| Step::Mortal(mortal));
        self.outside().mortal = mortal;
    }

    /// Whether the process works at something that no delivery waits for: its calls are then put down to none.
    pub fn works_aside(&mut self, aside: bool) {
        self.note(|| Step::Aside(aside));
        self.outside().aside = aside;
    }

    /// The process is being started.
    pub fn process_starts(&mut self) {
        self.note(|| Step::Starts);
        self.world.process_starts();
    }

    /// It listens, and takes deliveries from now on.
    pub fn process_is_up(&mut self) {
        self.note(|| Step::Up);
        self.world.process_is_up();
        self.world.hand_over();
    }

    /// What the process would read from its environment.
    pub fn boot(&self) -> Boot {
        self.world.boot_outside()
    }

    /// The process is to be woken.
    pub fn wake(&mut self, wake_up: WakeUp) {
        self.note(|| Step::Wake(Box::new(wake_up.clone())));
        self.outside().wake_ups.insert(wake_up.name.clone(), wake_up);
    }

    /// It is not. False: there is no such wake-up.
    pub fn let_sleep(&mut self, name: &str) -> bool {
        self.note(|| Step::LetSleep(name.to_owned()));
        self.outside().wake_ups.remove(name).is_some()
    }

    /// Wake-ups that are to come, by name.
    pub fn wake_ups(&self) -> impl Iterator<Item = &WakeUp> {
        self.world.outside.iter().flat_map(|outside| outside.wake_ups.values())
    }

    /// The next thing that is to go out, in the order in which they came about.
    pub fn take(&mut self) -> Option<Out> {
        self.outside().out.pop_front()
    }

    /// `Authorization` and body of a delivery. Its token is signed by the receiver's clock, which nobody can move; the
    /// times in the body are the world's. A further attempt carries the token of the first, as LiveKit's do, unless so much of
    /// the receiver's time has passed since that it has run out.
    pub fn webhook(&mut self, delivery: u64, receiver_now: Time, [key, secret]: [&str; 2]) -> (String, Bytes) {
        let signed_at = self.world.signed_for_receiver(delivery, receiver_now);
        self.world.webhook_bytes(delivery, signed_at, key, secret)
    }

    /// Urls that get every webhook besides whoever takes deliveries, each in queues of its own.
    pub fn tells_also(&mut self, urls: Vec<String>) {
        self.note(|| Step::TellsAlso(urls.clone()));
        self.world.tell_also(urls.into_iter().map(Into::into));
    }

    /// The answer that a delivery is about to have says when to come again, as 429 and 503 may.
    pub fn retry_after(&mut self, delivery: u64, wait: Span) {
        self.note(|| Step::RetryAfter(delivery, wait));
        self.world.retry_after(delivery, wait);
    }

    /// Where a delivery goes that is meant for one url; none: to whoever takes deliveries.
    pub fn webhook_url(&self, delivery: u64) -> Option<String> {
        self.world.webhook_url(delivery)
    }

    /// A delivery in a few words, for people.
    pub fn webhook_words(&self, delivery: u64) -> String {
        let Some(delivery) = self.world.notifier.delivery_if(delivery) else { return String::new() };
        let event = &delivery.event;
        match (&event.egress_info, &event.room) {
            (Some(info), _) => format!("{} of {}", event.event, info.egress_id),
            (None, Some(room)) => format!("{} of room {}", event.event, room.name),
            (None, None) => event.event.to_owned(),
        }
    }

    /// A webhook was answered with this HTTP status; 0: the connection was lost. False: nobody waits for that.
    pub fn webhook_answered(&mut self, delivery: u64, status: u16) -> bool {
        self.note(|| Step::Webhook(delivery, status));
        let known = self.world.webhook_answered_from_outside(delivery, status);
        self.world.hand_over();
        known
    }

    /// A command, a timer or a wake-up was answered with this HTTP status: any 2xx has taken it. False: nobody waits for that.
    pub fn work_answered(&mut self, what: &Out, status: u16) -> bool {
        self.note(|| Step::Work(Box::new(what.clone()), status));
        let known = self.world.work_answered_from_outside(what, status);
        self.world.hand_over();
        known
    }

    /// A call that no scenario has planned begins now; its `at` does not count.
    ///
    /// # Errors
    /// A tenant that the scenario does not have, or a room that is there already.
    pub fn start_call(&mut self, call: scenario::Call) -> Result<(), String> {
        self.note(|| Step::StartCall(Box::new(call.clone())));
        let scenario = Rc::make_mut(&mut self.world.state.scenario);
        if !scenario.tenants.iter().any(|tenant| tenant.name == call.tenant) {
            let names: Vec<&str> = scenario.tenants.iter().map(|tenant| tenant.name.as_str()).collect();
            return Err(format!("there is no tenant \"{}\"; there are: {}", call.tenant, names.join(", ")));
        }
        let room = call.room_name(0);
        if self.world.live_rooms.contains_key(room.as_str()) {
            return Err(format!("room \"{room}\" is there already"));
        }
        scenario.calls.push(call);
        let rule = scenario.calls.len() - 1;
        self.world.call_starts(rule, 0);
        self.world.hand_over();
        Ok(())
    }

    /// A call ends now. False: there is no such room.
    pub fn end_call(&mut self, room: &str) -> bool {
        self.note(|| Step::EndCall(room.to_owned()));
        let Some(call) = self.room(room) else { return false };
        self.world.ends_now(call);
        self.world.hand_over();
        true
    }

    /// Somebody joins a call and publishes tracks.
    ///
    /// # Errors
    /// A room that is not there, or an identity that is in it.
    pub fn join(&mut self, room: &str, identity: &str, tracks: &[TrackSource]) -> Result<(), String> {
        self.note(|| Step::Join(Box::new((room.to_owned(), identity.to_owned(), tracks.to_vec()))));
        let call = self.room(room).ok_or_else(|| format!("there is no room \"{room}\""))?;
        self.world.joins_now(call, identity, tracks)?;
        self.world.hand_over();
        Ok(())
    }

    /// Somebody leaves a call. False: they are not in it, or the room is not there.
    pub fn leave(&mut self, room: &str, identity: &str) -> bool {
        self.note(|| Step::Leave(Box::new((room.to_owned(), identity.to_owned()))));
        let Some(call) = self.room(room) else { return false };
        let Some(participant) = self.world.present(call, identity) else { return false };
        self.world.leaves_now(call, participant);
        self.world.hand_over();
        true
    }

    /// A command of the operator's organisation, now.
    ///
    /// # Errors
    /// A tenant that the scenario does not have.
    pub fn command(&mut self, command: scenario::Command) -> Result<(), String> {
        self.note(|| Step::Command(Box::new(command.clone())));
        let scenario = Rc::make_mut(&mut self.world.state.scenario);
        if !scenario.tenants.iter().any(|tenant| tenant.name == command.tenant) {
            return Err(format!("there is no tenant \"{}\"", command.tenant));
        }
        scenario.commands.push(command);
        let number = scenario.commands.len() - 1;
        self.world.command_given(number);
        self.world.hand_over();
        Ok(())
    }

    /// A fault that no scenario has planned is in force from now on; an `at` in the past means now. Its number, for
    /// [`Live::clear`].
    pub fn inject(&mut self, fault: Fault) -> usize {
        self.note(|| Step::Inject(Box::new(fault.clone())));
        let since_start = self.now().since(self.world.state.scenario.world.start);
        let fault = match fault.anchor {
            Anchor::At(at) => Fault { anchor: Anchor::At(at.max(since_start)), ..fault },
            _ => fault,
        };
        self.world.add_fault(fault);
        self.world.state.scenario.faults.len() - 1
    }

    /// A fault strikes no more. False: there is no such fault, or it was cleared before.
    pub fn clear(&mut self, fault: usize) -> bool {
        self.note(|| Step::Clear(fault));
        self.world.faults.clear(fault)
    }

    /// Which faults were cleared, in the order of [`Live::fired`].
    pub fn cleared(&self) -> Vec<bool> {
        self.world.faults.cleared()
    }

    /// How often each fault has struck, those of the scenario first, then those injected, in their order.
    pub fn fired(&self) -> Vec<u64> {
        self.world.faults.fired()
    }

    /// What each promise has come to so far. What can only be judged when the run is over is not in it.
    pub fn verdicts(&self) -> Vec<(&'static About, Verdict)> {
        self.world.log.monitor.so_far()
    }

    /// What each promise has come to if the run is over now, and why some could not be judged. They are not watched over any
    /// more.
    pub fn judge(&mut self) -> (Vec<(PropertyName, Verdict)>, Vec<Unexercised>) {
        self.world.judge()
    }

    /// Takes the journal out, if one was kept.
    pub fn take_journal(&mut self) -> Option<Journal> {
        self.journal.take()
    }

    /// The run is over: what it came to.
    pub fn finish(self) -> Outcome {
        self.world.finish()
    }

    /// The run is broken off: what it came to until now.
    pub fn break_off(self) -> Outcome {
        let now = self.now();
        self.world.finish_at(now)
    }

    fn room(&self, name: &str) -> Option<CallIx> {
        self.world.live_rooms.get(name).copied()
    }

    fn outside(&mut self) -> &mut Outside {
        self.world.outside.as_mut().expect("a live world has somebody outside")
    }
}

#[cfg(test)]
mod api_tests;
#[cfg(test)]
mod tests;
