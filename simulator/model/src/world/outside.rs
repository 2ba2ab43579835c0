//! The operator as somebody outside: a process that comes by sockets, instead of a guest whose every step is known.
//!
//! Its calls belong to no delivery and may come side by side; what is meant for it is laid out until somebody fetches it. It
//! cannot be crashed: where a fault would have an instance die in a call, its connection breaks, before or after the effect.
//! Everything else is as for a guest: faults, effects, records.

use std::collections::{BTreeMap, VecDeque};

use super::interference::Interference;
use super::{Event, InboxItem, World};
use crate::call::s3::answer;
use crate::call::{Answer, Call, CallError, Delivery, Reply};
use crate::live::{Out, Ticket};
use crate::time::Span;
use crate::trace::{Fact, WebhookFact};

/// The instance that calls from outside are put down to.
const CALLER: u32 = 0;

/// What is under way between the world and the process outside.
#[derive(Debug, Default)]
pub(crate) struct Outside {
    /// Whether anybody takes deliveries.
    pub(crate) listens: bool,
    /// Calls that have not taken effect or been answered yet.
    pending: BTreeMap<Ticket, Pending>,
    tickets: u64,
    /// What each lane carries. A delivery is put on record under the number of its lane, as if that were an instance, because an
    /// instance has one delivery at a time.
    lanes: Vec<Option<InboxItem>>,
    /// Fetched by [`crate::live::Live::take`].
    pub(crate) out: VecDeque<Out>,
}

#[derive(Debug)]
enum Pending {
    Effect(Call),
    Answer(Call, Reply),
}

/// What goes on record of a call: what the contract has too goes by the contract's name, whichever way it came.
fn plain(call: &Call) -> Option<Call> {
    if let Call::S3(request) = call { request.plain() } else { None }
}

impl Outside {
    fn free_lane(&mut self) -> usize {
        self.lanes.iter().position(Option::is_none).unwrap_or_else(|| {
            self.lanes.push(None);
            self.lanes.len() - 1
        })
    }

    fn lane_of(&self, wanted: impl Fn(&InboxItem) -> bool) -> Option<usize> {
        self.lanes.iter().position(|lane| lane.as_ref().is_some_and(&wanted))
    }
}

impl World<'_> {
    fn outside(&mut self) -> &mut Outside {
        self.outside.as_mut().expect("only a live world has anybody outside")
    }

    /// A call comes in.
    pub(crate) fn asked_from_outside(&mut self, call: Call) -> Ticket {
        let plain = plain(&call);
        self.log.emit(&self.state, &Fact::Called { instance: CALLER, call: plain.as_ref().unwrap_or(&call) });
        let at = self.state.now + self.latency(&call);
        let outside = self.outside();
        outside.tickets += 1;
        let ticket = Ticket(outside.tickets);
        outside.pending.insert(ticket, Pending::Effect(call));
        self.queue.push(at, Event::OutsideGoesOn { ticket });
        ticket
    }

    /// The moment of a call's effect, or of its late answer.
    pub(super) fn outside_goes_on(&mut self, ticket: Ticket) {
        match self.outside().pending.remove(&ticket).expect("a call from outside goes on while it is pending") {
            Pending::Effect(call) => self.outside_resolves(ticket, call),
            Pending::Answer(call, reply) => self.outside_answers(ticket, &call, reply),
        }
    }

    fn outside_resolves(&mut self, ticket: Ticket, call: Call) {
        let (reply, late) = match self.interference(CALLER, &call) {
            Interference::None => (self.apply(CALLER, &call), Span::ZERO),
            Interference::Late(by) => (self.apply(CALLER, &call), by),
            Interference::Fails { error, applied, after } => {
                if applied {
                    let _lost = self.apply(CALLER, &call);
                }
                (call.failed(error), after)
            }
            Interference::Crash { applied, .. } => {
                if applied {
                    let _lost = self.apply(CALLER, &call);
                }
                (call.failed(CallError::OutcomeUnknown("the connection broke".into())), Span::ZERO)
            }
            Interference::Torn { writes, .. } => {
                if let Call::Commit { writes: all, preconditions } = &call {
                    self.commit(&all[..writes.min(all.len())], preconditions);
                }
                (call.failed(CallError::OutcomeUnknown("the connection broke in the commit".into())), Span::ZERO)
            }
        };
        if late == Span::ZERO {
            return self.outside_answers(ticket, &call, reply);
        }
        let at = self.state.now + late;
        self.outside().pending.insert(ticket, Pending::Answer(call, reply));
        self.queue.push(at, Event::OutsideGoesOn { ticket });
    }

    fn outside_answers(&mut self, ticket: Ticket, call: &Call, reply: Reply) {
        match (plain(call), &reply) {
            (Some(plain), Reply::S3(answer)) => {
                let reply = answer::plain(answer, &plain);
                self.log.emit(&self.state, &Fact::Replied { instance: CALLER, call: &plain, reply: &reply });
            }
            _ => drop(self.log.emit(&self.state, &Fact::Replied { instance: CALLER, call, reply: &reply })),
        }
        self.outside().out.push_back(Out::Reply { ticket, reply });
    }

    /// Lays out what waits at the door.
    pub(super) fn hand_out(&mut self) {
        while let Some(item) = self.inbox.pop_front() {
            let lane = self.outside().free_lane();
            let number = lane as u32;
            let (delivery, webhook, out) = match &item {
                InboxItem::Webhook(handle) => {
                    let about = self.notifier.delivery(*handle);
                    let (event, attempt) = (std::sync::Arc::clone(&about.event), about.attempt);
                    (
                        Delivery::Webhook { delivery: *handle, attempt },
                        Some((event, self.webhook_open(*handle, self.state.now).is_ok())),
                        Out::Webhook { delivery: *handle, attempt },
                    )
                }
                InboxItem::Command(command, attempt) => {
                    let order = self.commands[*command].clone();
                    let out = Out::Command { number: *command, attempt: *attempt, command: order.clone() };
                    (Delivery::Command(order), None, out)
                }
                InboxItem::Timer(timer, attempt) => {
                    let out = Out::Timer { timer: timer.clone(), attempt: *attempt };
                    (Delivery::Timer(timer.clone()), None, out)
                }
            };
            let webhook = webhook.as_ref().map(|(event, authentic)| WebhookFact {
                event: event.event,
                room: event.room.as_ref().map_or("", |room| &room.name),
                egress_id: event.egress_info.as_ref().map_or("", |info| &info.egress_id),
                authentic: *authentic,
            });
            self.log.emit(&self.state, &Fact::DeliveryBegan { instance: number, delivery: &delivery, webhook });
            let outside = self.outside();
            outside.lanes[lane] = Some(item);
            outside.out.push_back(out);
        }
    }

    /// A webhook was answered with this HTTP status; 0: the connection was lost. False: nobody waits for that answer.
    pub(crate) fn webhook_answered_from_outside(&mut self, handle: u64, status: u16) -> bool {
        let lane = self.outside().lane_of(|item| matches!(item, InboxItem::Webhook(waits) if *waits == handle));
        let Some(lane) = lane else { return false };
        self.lane_ends(lane, &answer(status));
        self.delivery_answered(handle, status);
        true
    }

    /// A command or a timer was answered. False: nobody waits for that answer.
    pub(crate) fn work_answered_from_outside(&mut self, what: &Out, done: bool) -> bool {
        let lane = self.outside().lane_of(|item| match (item, what) {
            (InboxItem::Command(waits, _), Out::Command { number, .. }) => waits == number,
            (InboxItem::Timer(waits, _), Out::Timer { timer, .. }) => waits == timer,
            _ => false,
        });
        let Some(lane) = lane else { return false };
        let answer = if done { Answer::Ok } else { Answer::RetryLater("the operator did not take it".into()) };
        let item = self.lane_ends(lane, &answer);
        match (item, done) {
            (item, false) => self.again(item),
            (InboxItem::Command(number, _), true) => _ = self.state.unanswered.remove(&number),
            (_, true) => {}
        }
        true
    }

    fn lane_ends(&mut self, lane: usize, answer: &Answer) -> InboxItem {
        self.log.emit(&self.state, &Fact::DeliveryEnded { instance: lane as u32, answer });
        self.outside().lanes[lane].take().expect("a lane is found by what it carries")
    }
}

fn answer(status: u16) -> Answer {
    match status {
        200..300 => Answer::Ok,
        0 | 500.. => Answer::RetryLater(format!("status {status}")),
        _ => Answer::Reject(format!("status {status}")),
    }
}
