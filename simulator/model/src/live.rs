//! A world that is driven from outside: the same world, queue and records as a run, with a process on sockets for an operator.
//!
//! Whoever drives it says what time it is ([`Live::reach`]), brings calls ([`Live::ask`]) and fetches what comes of them
//! ([`Live::take`]): replies, webhooks, commands. Nothing happens between two of those steps. Calls, participants,
//! commands and faults that no scenario has written down may be added while it goes on.

use std::rc::Rc;
use std::sync::Arc;

use bytes::Bytes;

use crate::call::{Boot, Call, Command, Reply, Timer};
use crate::fault::{Anchor, Fault};
use crate::livekit::TrackSource;
use crate::operator::{Guest, Host};
use crate::property::{Monitor, Property};
use crate::scenario::{self, Scenario};
use crate::state::{CallIx, State};
use crate::time::{Span, Time};
use crate::trace::Witness;
use crate::world::outside::Outside;
use crate::world::{Outcome, World};

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
}

/// A world between two steps.
pub struct Live<'a> {
    world: World<'a>,
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
        Live { world }
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
        self.world.queue.next_at()
    }

    /// Lets everything happen that is due by `until`, and makes it that time; a time that is past changes nothing.
    pub fn reach(&mut self, until: Time) {
        self.world.hand_over();
        while self.next_at().is_some_and(|at| at <= until) {
            self.world.step();
        }
        if until > self.world.state.now {
            self.world.log.run_due(until, &self.world.state);
            self.world.state.now = until;
        }
    }

    /// Somebody asks for something, now. The reply lies in [`Live::take`] once it is that time.
    pub fn ask(&mut self, call: Call) -> Ticket {
        self.world.asked_from_outside(call)
    }

    /// Whether anybody takes deliveries from now on. While nobody does, LiveKit's attempts to deliver fail.
    pub fn listens(&mut self, listens: bool) {
        self.outside().listens = listens;
    }

    /// The next thing that is to go out, in the order in which they came about.
    pub fn take(&mut self) -> Option<Out> {
        // An answer or an order from outside may have put something before the door.
        self.world.hand_over();
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
    pub fn tells_also(&mut self, urls: impl IntoIterator<Item = String>) {
        self.world.tell_also(urls.into_iter().map(Into::into));
    }

    /// The answer that a delivery is about to have says when to come again, as 429 and 503 may.
    pub fn retry_after(&mut self, delivery: u64, wait: Span) {
        self.world.retry_after(delivery, wait);
    }

    /// Where a delivery goes that is meant for one url; none: to whoever takes deliveries.
    pub fn webhook_url(&self, delivery: u64) -> Option<String> {
        self.world.webhook_url(delivery)
    }

    /// A webhook was answered with this HTTP status; 0: the connection was lost. False: nobody waits for that.
    pub fn webhook_answered(&mut self, delivery: u64, status: u16) -> bool {
        self.world.webhook_answered_from_outside(delivery, status)
    }

    /// A command or a timer was taken, or has to come again. False: nobody waits for that.
    pub fn work_answered(&mut self, what: &Out, done: bool) -> bool {
        self.world.work_answered_from_outside(what, done)
    }

    /// A call that no scenario has planned begins now; its `at` does not count.
    ///
    /// # Errors
    /// A tenant that the scenario does not have, or a room that is there already.
    pub fn start_call(&mut self, call: scenario::Call) -> Result<(), String> {
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
        Ok(())
    }

    /// A call ends now. False: there is no such room.
    pub fn end_call(&mut self, room: &str) -> bool {
        let Some(call) = self.room(room) else { return false };
        self.world.ends_now(call);
        true
    }

    /// Somebody joins a call and publishes tracks.
    ///
    /// # Errors
    /// A room that is not there, or an identity that is in it.
    pub fn join(&mut self, room: &str, identity: &str, tracks: &[TrackSource]) -> Result<(), String> {
        let call = self.room(room).ok_or_else(|| format!("there is no room \"{room}\""))?;
        self.world.joins_now(call, identity, tracks)
    }

    /// Somebody leaves a call. False: they are not in it, or the room is not there.
    pub fn leave(&mut self, room: &str, identity: &str) -> bool {
        let Some(call) = self.room(room) else { return false };
        let Some(participant) = self.world.present(call, identity) else { return false };
        self.world.leaves_now(call, participant);
        true
    }

    /// A command of the operator's organisation, now.
    ///
    /// # Errors
    /// A tenant that the scenario does not have.
    pub fn command(&mut self, command: scenario::Command) -> Result<(), String> {
        let scenario = Rc::make_mut(&mut self.world.state.scenario);
        if !scenario.tenants.iter().any(|tenant| tenant.name == command.tenant) {
            return Err(format!("there is no tenant \"{}\"", command.tenant));
        }
        scenario.commands.push(command);
        let number = scenario.commands.len() - 1;
        self.world.command_given(number);
        Ok(())
    }

    /// A fault that no scenario has planned is in force from now on; an `at` in the past means now.
    pub fn inject(&mut self, fault: Fault) {
        let since_start = self.now().since(self.world.state.scenario.world.start);
        let fault = match fault.anchor {
            Anchor::At(at) => Fault { anchor: Anchor::At(at.max(since_start)), ..fault },
            _ => fault,
        };
        self.world.add_fault(fault);
    }

    /// How often each fault has struck, those of the scenario first, then those injected, in their order.
    pub fn fired(&self) -> Vec<u64> {
        self.world.faults.fired()
    }

    /// Ends the world and says what it came to.
    pub fn finish(self) -> Outcome {
        self.world.finish()
    }

    fn room(&self, name: &str) -> Option<CallIx> {
        self.world.live_rooms.get(name).copied()
    }

    fn outside(&mut self) -> &mut Outside {
        self.world.outside.as_mut().expect("a live world has somebody outside")
    }
}

#[cfg(test)]
mod tests;
