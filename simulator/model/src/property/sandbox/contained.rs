//! The guest stays within its limits and does not trap.
//!
//! Why: an operator that loops, grows without bound or panics is down until somebody starts it again, and the
//! webhooks of that time are lost.
//!
//! The rule: each incarnation ends because the run or a fault ends it, never by its own doing.
//!
//! Broken by `spins`, which never comes back from a delivery.

use crate::operator::TrapKind;
use crate::property::{About, Mention, Property, Verdict};
use crate::scenario::Limits;
use crate::state::State;
use crate::trace::{Fact, FactKind};

static ABOUT: About = About {
    id: "sandbox.contained",
    promise: "The operator stays within fuel, memory, stack, payload and calls, and does not trap.",
    why: "An operator that loops, grows or panics is down until it is started again, and misses what happens \
        meanwhile.",
    one_check: "incarnation",
    broken_by: "spins",
};

/// See the head of this file.
#[derive(Debug, Default)]
pub struct Contained;

impl Property for Contained {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn wants(&self, kind: FactKind) -> bool {
        matches!(kind, FactKind::Booted | FactKind::Trapped)
    }

    fn observe(&mut self, fact: &Fact<'_>, state: &State, verdict: &mut Verdict) {
        match *fact {
            Fact::Booted { .. } => verdict.held(),
            Fact::Trapped { instance, trap } => {
                verdict.overturned(state.now, vec![Mention::Instance(instance)], || {
                    let advice = advice(trap.kind, &state.scenario.limits);
                    format!("instance {instance} of the operator ended itself: {}. {advice}", trap.message)
                });
            }
            _ => {}
        }
    }
}

/// What to do about it.
fn advice(kind: TrapKind, limits: &Limits) -> String {
    match kind {
        TrapKind::Trap => "It panicked or did something that WebAssembly forbids: run it natively \
             (`native:NAME`) under a debugger to see where."
            .into(),
        TrapKind::OutOfFuel => format!(
            "One delivery used up {} units of fuel: look for a loop without end, cut the work into pieces with \
             timers, or raise [limits].fuel.",
            limits.fuel
        ),
        TrapKind::OutOfMemory => format!(
            "It wanted more than {} bytes of memory or {} table elements: read listings and scans page by page, \
             or raise [limits].memory_bytes.",
            limits.memory_bytes, limits.table_elements
        ),
        TrapKind::StackOverflow => format!(
            "It wanted more than {} bytes of stack: look for recursion without end, or raise [limits].stack_bytes.",
            limits.stack_bytes
        ),
        TrapKind::Payload => format!(
            "One call carried more than {} bytes: ask for smaller pages and ranges, or raise \
             [limits].host_payload_bytes.",
            limits.host_payload_bytes
        ),
        TrapKind::Calls => format!(
            "It made more than {} calls in one delivery, or had more than {} timers: go on in a timer, \
             or raise [limits].calls_per_delivery or timers.",
            limits.calls_per_delivery, limits.timers
        ),
        TrapKind::Run => format!(
            "Its deliveries made more than {} calls together, or carried more than {} bytes: look for work that is \
             taken up again and again and never done (`--trace FILE` has every call), or raise [limits].calls_per_run or \
             payload_bytes_per_run.",
            limits.calls_per_run, limits.payload_bytes_per_run
        ),
        TrapKind::Instantiation => {
            "The component could not be started: build it for the contract's world and wasm32-unknown-unknown.".into()
        }
    }
}
