//! The operator as somebody outside: a process that comes by sockets, instead of a guest whose every step is known.
//!
//! Its calls come side by side, and nobody says which delivery they belong to: while it has exactly one in hand, and no
//! work aside, they are put down to that one, else to nobody. What is meant for it is laid out until somebody fetches it
//! (`door`). Where a fault has it die, whoever drives the world kills the process, if it can, and starts it again
//! (`process`); if it cannot, the connection breaks, before or after the effect. Everything else is as for a guest: faults,
//! effects, records.

use std::collections::{BTreeMap, VecDeque};

use super::interference::{Interference, Torn};
use super::{Event, InboxItem, World};
use crate::call::s3::answer::{self, S3Answer};
use crate::call::{Call, CallError, CommitOutcome, Reply, Surface};
use crate::live::evidence::Evidence;
use crate::live::{NOBODY, Out, Ticket, WakeUp};
use crate::time::Span;
use crate::trace::Fact;

mod door;
mod process;

/// The instance that faults take the process for.
const PROCESS: u32 = 0;

/// What is under way between the world and the process outside.
#[derive(Debug, Default)]
pub(crate) struct Outside {
    /// Whether anybody takes deliveries.
    pub(crate) listens: bool,
    /// Whoever drives the world can kill the process and start it again.
    pub(crate) mortal: bool,
    /// The process has been started and does not listen yet.
    pub(crate) booting: bool,
    /// It has never listened yet: the world has not begun for it, and what comes for it waits.
    pub(crate) first: bool,
    /// It says that it works at something that no delivery waits for.
    pub(crate) aside: bool,
    /// How often it was started.
    incarnations: u32,
    /// Calls that have not taken effect or been answered yet.
    pending: BTreeMap<Ticket, Pending>,
    tickets: u64,
    /// What each lane carries. A delivery is put on record under the number of its lane, as if that were an instance, because an
    /// instance has one delivery at a time.
    lanes: Vec<Option<InboxItem>>,
    /// A delivery is out that would not pass verification: as long as it is, nothing else is handed over, so that what it
    /// makes the operator do is known.
    untrusted: bool,
    /// What it asked to be woken for, by name.
    pub(crate) wake_ups: BTreeMap<String, WakeUp>,
    /// What it has shown of its work.
    pub(crate) evidence: Evidence,
    /// Fetched by [`crate::live::Live::take`].
    pub(crate) out: VecDeque<Out>,
}

#[derive(Debug)]
struct Pending {
    /// The lane of the delivery that it is put down to, or [`NOBODY`].
    by: u32,
    call: Call,
    /// What goes on record instead.
    plain: Option<Call>,
    /// None: it has not taken effect yet.
    reply: Option<Reply>,
}

/// What goes on record of a call: what the contract has too goes by the contract's name, whichever way it came.
fn plain(call: &Call) -> Option<Call> {
    if let Call::S3(request) = call { request.plain() } else { None }
}

/// What a call comes to.
enum Met {
    /// This, so much later.
    Answer(Reply, Span),
    /// The process dies in it and comes back so much later.
    Death(Span),
}

impl World<'_> {
    fn outside(&mut self) -> &mut Outside {
        self.outside.as_mut().expect("only a live world has anybody outside")
    }

    /// A call comes in.
    pub(crate) fn asked_from_outside(&mut self, call: Call) -> Ticket {
        let plain = plain(&call);
        let outside = self.outside();
        outside.evidence.seen(&call);
        let by = outside.caller();
        self.log.emit(&self.state, &Fact::Called { instance: by, call: plain.as_ref().unwrap_or(&call) });
        let at = self.state.now + self.latency(&call);
        let outside = self.outside();
        outside.tickets += 1;
        let ticket = Ticket(outside.tickets);
        outside.pending.insert(ticket, Pending { by, call, plain, reply: None });
        self.queue.push(at, Event::OutsideGoesOn { ticket });
        ticket
    }

    /// The moment of a call's effect, or of its late answer.
    pub(super) fn outside_goes_on(&mut self, ticket: Ticket) {
        let mut pending =
            self.outside().pending.remove(&ticket).expect("a call from outside goes on while it is pending");
        match pending.reply.take() {
            None => self.outside_resolves(ticket, pending),
            Some(reply) => self.outside_answers(ticket, &pending, reply),
        }
    }

    fn outside_resolves(&mut self, ticket: Ticket, pending: Pending) {
        match self.outcome_outside(pending.by, &pending.call) {
            Met::Answer(reply, Span::ZERO) => self.outside_answers(ticket, &pending, reply),
            Met::Answer(reply, late) => {
                let at = self.state.now + late;
                self.outside().pending.insert(ticket, Pending { reply: Some(reply), ..pending });
                self.queue.push(at, Event::OutsideGoesOn { ticket });
            }
            Met::Death(restart) => {
                self.outside().out.push_back(Out::Lost { ticket });
                self.process_dies(restart);
            }
        }
    }

    /// What becomes of a call, its effect included.
    fn outcome_outside(&mut self, by: u32, call: &Call) -> Met {
        match self.interference(PROCESS, call) {
            Interference::None => Met::Answer(self.apply(by, call), Span::ZERO),
            Interference::Late(wait) => Met::Answer(self.apply(by, call), wait),
            Interference::CutShort => {
                let mut reply = self.apply(by, call);
                if let Reply::S3(answer) = &mut reply
                    && let Ok(answer) = &mut **answer
                {
                    let whole = std::mem::replace(answer, S3Answer::Done);
                    *answer = S3Answer::CutShort(Box::new(whole));
                }
                Met::Answer(reply, Span::ZERO)
            }
            Interference::Fails { error, applied, after } => {
                if applied {
                    let _lost = self.apply(by, call);
                }
                Met::Answer(call.failed(error), after)
            }
            Interference::Crash { restart, applied } => {
                // What the host itself answers comes over no connection that could break.
                let stands = call.surface() == Surface::Host && !self.outside().mortal;
                let reply = (applied || stands).then(|| self.apply(by, call));
                match reply {
                    Some(reply) if stands => Met::Answer(reply, Span::ZERO),
                    _ => self.dies_or_breaks(call, restart),
                }
            }
            Interference::Torn { writes, then } => {
                let Call::Commit { writes: all, preconditions } = call else {
                    unreachable!("{} writes nothing", call.name());
                };
                let outcome = self.commit(&all[..writes.min(all.len())], preconditions);
                match then {
                    _ if matches!(outcome, CommitOutcome::Conflict(_)) => {}
                    Torn::Acknowledged => {}
                    Torn::Unknown => {
                        let lost = CallError::OutcomeUnknown("the connection broke in the commit".into());
                        return Met::Answer(call.failed(lost), Span::ZERO);
                    }
                    Torn::Crash => return self.dies_or_breaks(call, self.state.scenario.operator.restart),
                }
                Met::Answer(Reply::Commit(Ok(outcome)), Span::ZERO)
            }
        }
    }

    fn dies_or_breaks(&mut self, call: &Call, restart: Span) -> Met {
        if self.outside().mortal {
            return Met::Death(restart);
        }
        Met::Answer(call.failed(CallError::OutcomeUnknown("the connection broke".into())), Span::ZERO)
    }

    fn outside_answers(&mut self, ticket: Ticket, pending: &Pending, reply: Reply) {
        let Pending { by, call, plain, .. } = pending;
        let by = *by;
        match (plain, &reply) {
            (Some(plain), Reply::S3(answer)) => {
                let reply = answer::plain(answer, plain);
                self.log.emit(&self.state, &Fact::Replied { instance: by, call: plain, reply: &reply });
            }
            _ => drop(self.log.emit(&self.state, &Fact::Replied { instance: by, call, reply: &reply })),
        }
        self.outside().out.push_back(Out::Reply { ticket, reply });
    }
}

impl Outside {
    /// Whom a call that comes now is put down to.
    fn caller(&self) -> u32 {
        let mut busy = (0..).zip(&self.lanes).filter(|(_, lane)| lane.is_some()).map(|(number, _)| number);
        match (busy.next(), busy.next()) {
            (Some(only), None) if !self.aside => only,
            _ => NOBODY,
        }
    }
}
