//! All that was done to a live world, in order: enough to have the same run again.
//!
//! What sockets bring comes in an order that nobody chose, so a second run against the same process would be another one. But
//! the world itself is as determined as ever: given the same steps it makes the same records, so the story of a
//! failure and the trace are told by a replay, in which no process takes part.

use std::rc::Rc;

use super::{Live, Out, WakeUp};
use crate::call::Call;
use crate::fault::Fault;
use crate::livekit::TrackSource;
use crate::property::Property;
use crate::scenario::{self, Scenario};
use crate::time::{Span, Time};
use crate::trace::Witness;
use crate::world::Outcome;

/// See the head of this file.
#[derive(Debug, Default)]
pub struct Journal {
    steps: Vec<Step>,
}

/// One thing that was done to it.
#[derive(Debug)]
pub(super) enum Step {
    Reach(Time),
    Ask(Box<Call>),
    Listens(bool),
    Mortal(bool),
    Aside(bool),
    Starts,
    Up,
    Webhook(u64, u16),
    RetryAfter(u64, Span),
    TellsAlso(Vec<String>),
    Work(Box<Out>, u16),
    StartCall(Box<scenario::Call>),
    EndCall(String),
    Join(Box<(String, String, Vec<TrackSource>)>),
    Leave(Box<(String, String)>),
    Command(Box<scenario::Command>),
    Inject(Box<Fault>),
    Clear(usize),
    Wake(Box<WakeUp>),
    LetSleep(String),
}

impl Journal {
    pub(super) fn note(&mut self, step: Step) {
        self.steps.push(step);
    }

    /// The same run again, up to where it ended. `whole`: it ended because it was over.
    pub fn replay(
        &self,
        scenario: &Rc<Scenario>,
        properties: Vec<Box<dyn Property>>,
        witness: Option<&mut dyn Witness>,
        whole: bool,
    ) -> Outcome {
        let mut live = Live::new(scenario, properties, witness);
        for step in &self.steps {
            match step {
                Step::Reach(until) => live.reach(*until),
                Step::Ask(call) => _ = live.ask((**call).clone()),
                Step::Listens(listens) => live.listens(*listens),
                Step::Mortal(mortal) => live.is_mortal(*mortal),
                Step::Aside(aside) => live.works_aside(*aside),
                Step::Starts => live.process_starts(),
                Step::Up => live.process_is_up(),
                Step::Webhook(delivery, status) => _ = live.webhook_answered(*delivery, *status),
                Step::RetryAfter(delivery, wait) => live.retry_after(*delivery, *wait),
                Step::TellsAlso(urls) => live.tells_also(urls.clone()),
                Step::Work(what, status) => _ = live.work_answered(what, *status),
                Step::StartCall(call) => _ = live.start_call((**call).clone()),
                Step::EndCall(room) => _ = live.end_call(room),
                Step::Join(who) => _ = live.join(&who.0, &who.1, &who.2),
                Step::Leave(who) => _ = live.leave(&who.0, &who.1),
                Step::Command(command) => _ = live.command((**command).clone()),
                Step::Inject(fault) => _ = live.inject((**fault).clone()),
                Step::Clear(number) => _ = live.clear(*number),
                Step::Wake(wake_up) => live.wake((**wake_up).clone()),
                Step::LetSleep(name) => _ = live.let_sleep(name),
            }
            while live.take().is_some() {}
        }
        if whole { live.finish() } else { live.break_off() }
    }
}
