//! What an instance asks for, from the asking to the answer: limits, the wait, faults, the effect.

use super::{Pending, Work};
use crate::call::{Call, CallError, CommitOutcome, HeadResult, Reply};
use crate::operator::{Step, Trap, TrapKind};
use crate::time::{Span, Time};
use crate::trace::Fact;
use crate::world::interference::{Interference, Torn};
use crate::world::{Event, World};

impl World<'_> {
    /// Goes on with an instance until it waits for a later moment or has ended its delivery.
    pub(super) fn advance(&mut self, number: u32, mut step: Step) {
        loop {
            match step {
                Step::Call(call) => {
                    let Some(call) = self.admit(number, call) else { return };
                    let at = self.state.now + self.latency(&call);
                    let alone = self.queue.next_at().is_none_or(|next| at < next) && at <= self.end();
                    if !alone {
                        return self.wait_for(number, Pending::Effect(call), at);
                    }
                    // Nothing else happens before this call's effect: the detour over the queue would change nothing.
                    self.log.run_due(at, &self.state);
                    self.state.now = at;
                    match self.resolve(number, call) {
                        Some(next) => step = next,
                        None => return,
                    }
                }
                Step::Done(answer) => return self.ended(number, &answer),
                Step::Trapped(trap) => return self.trapped(number, &trap),
            }
        }
    }

    /// Puts a call on record, unless it breaks a limit that the model holds.
    fn admit(&mut self, number: u32, call: Call) -> Option<Call> {
        let bytes = self.log.emit(&self.state, &Fact::Called { instance: number, call: &call });
        let limits = &self.state.scenario.limits;
        let (calls_max, payload_max) = (limits.calls_per_delivery, limits.host_payload_bytes);
        let Work::Busy { calls, .. } = &mut self.instances[number as usize].work else {
            unreachable!("an idle instance made a call");
        };
        *calls += 1;
        if *calls > calls_max {
            let message = format!("more than {calls_max} calls in one delivery ([limits].calls_per_delivery)");
            self.trapped(number, &Trap { kind: TrapKind::Calls, message });
            return None;
        }
        if bytes > payload_max {
            let message = format!("{} carried {bytes} bytes, over [limits].host_payload_bytes", call.name());
            self.trapped(number, &Trap { kind: TrapKind::Payload, message });
            return None;
        }
        if !self.afford(number, 1, bytes) {
            return None;
        }
        Some(call)
    }

    /// Puts calls and bytes down to the run. False: it has no more of them, and the instance did not live on.
    fn afford(&mut self, number: u32, calls: u64, bytes: u64) -> bool {
        self.spent.calls += calls;
        self.spent.bytes += bytes;
        let limits = &self.state.scenario.limits;
        let (calls_max, bytes_max) = (limits.calls_per_run, limits.payload_bytes_per_run);
        let message = if self.spent.calls > calls_max {
            format!("more than {calls_max} calls in one run ([limits].calls_per_run)")
        } else if self.spent.bytes > bytes_max {
            format!("calls that carried more than {bytes_max} bytes in one run ([limits].payload_bytes_per_run)")
        } else {
            return true;
        };
        self.trapped(number, &Trap { kind: TrapKind::Run, message });
        false
    }

    /// An instance waits until `at`.
    fn wait_for(&mut self, number: u32, what: Pending, at: Time) {
        let instance = &mut self.instances[number as usize];
        let incarnation = instance.incarnation;
        let Work::Busy { pending, .. } = &mut instance.work else {
            unreachable!("an idle instance made a call");
        };
        *pending = Some(Box::new(what));
        self.queue.push(at, Event::CallGoesOn { instance: number, incarnation });
    }

    /// What an instance has waited for is there.
    pub(in crate::world) fn call_goes_on(&mut self, number: u32, incarnation: u32) {
        let instance = &mut self.instances[number as usize];
        if instance.incarnation != incarnation {
            return;
        }
        let Work::Busy { pending, .. } = &mut instance.work else { return };
        let next = match pending.take().map(|pending| *pending) {
            None => return,
            Some(Pending::Effect(call)) => self.resolve(number, call),
            Some(Pending::Answer(call, reply)) => self.answer(number, &call, reply),
        };
        if let Some(step) = next {
            self.advance(number, step);
        }
    }

    /// The moment of a call's effect: faults, effect, answer. None if the instance has to wait, or did not live to see it.
    fn resolve(&mut self, number: u32, call: Call) -> Option<Step> {
        let interference = self.interference(number, &call);
        let (reply, late) = match interference {
            Interference::Crash { applied, restart } => {
                if applied {
                    let _lost = self.apply(number, &call);
                }
                self.crashes(number, restart);
                return None;
            }
            Interference::Torn { writes, then } => (self.tear(number, &call, writes, &then)?, Span::ZERO),
            Interference::Fails { error, applied, after } => {
                if applied {
                    let _lost = self.apply(number, &call);
                }
                (call.failed(error), after)
            }
            Interference::Late(by) => (self.apply_within_limits(number, &call)?, by),
            Interference::CutShort => unreachable!("a guest is answered in values, not in XML"),
            Interference::None => (self.apply_within_limits(number, &call)?, Span::ZERO),
        };
        if late == Span::ZERO {
            return self.answer(number, &call, reply);
        }
        let at = self.state.now + late;
        self.wait_for(number, Pending::Answer(call, reply), at);
        None
    }

    /// Stores a part of a commit. None: the instance did not live to hear of it.
    fn tear(&mut self, number: u32, call: &Call, stored: usize, then: &Torn) -> Option<Reply> {
        let Call::Commit { writes, preconditions } = call else {
            unreachable!("{} writes nothing", call.name());
        };
        let outcome = self.commit(&writes[..stored.min(writes.len())], preconditions);
        match then {
            _ if matches!(outcome, CommitOutcome::Conflict(_)) => {}
            Torn::Acknowledged => {}
            Torn::Unknown => {
                return Some(call.failed(CallError::OutcomeUnknown("connection lost in the commit".into())));
            }
            Torn::Crash => {
                self.crashes(number, self.state.scenario.operator.restart);
                return None;
            }
        }
        Some(Reply::Commit(Ok(outcome)))
    }

    /// None: the reply would be more than a guest may be given. A recording may have gigabytes: its bytes are not even made
    /// for a guest that cannot take them.
    fn apply_within_limits(&mut self, number: u32, call: &Call) -> Option<Reply> {
        let body = self.body_bytes(call);
        if body > self.state.scenario.limits.host_payload_bytes {
            self.trapped(number, &too_long(call, body));
            return None;
        }
        Some(self.apply(number, call))
    }

    /// Puts an answer on record and gives it to the instance. None if that was too much for it.
    fn answer(&mut self, number: u32, call: &Call, reply: Reply) -> Option<Step> {
        let bytes = self.log.emit(&self.state, &Fact::Replied { instance: number, call, reply: &reply });
        if bytes > self.state.scenario.limits.host_payload_bytes {
            self.trapped(number, &too_long(call, bytes));
            return None;
        }
        if !self.afford(number, 0, bytes) {
            return None;
        }
        let guest = self.instances[number as usize].guest.as_mut().expect("a waiting instance is running");
        Some(guest.resume(reply))
    }

    /// Bytes of the body that a `GetObject` would bring; 0 for other calls, and where there is none.
    fn body_bytes(&self, call: &Call) -> u64 {
        let Call::GetObject { bucket, id, range } = call else { return 0 };
        let Ok(HeadResult::Found(head)) = self.state.sink.head(bucket, id) else { return 0 };
        range.map_or(head.size, |(first, last)| head.size.min(last.saturating_add(1)).saturating_sub(first))
    }
}

fn too_long(call: &Call, bytes: u64) -> Trap {
    Trap {
        kind: TrapKind::Payload,
        message: format!("the reply to {} has {bytes} bytes, over [limits].host_payload_bytes", call.name()),
    }
}
