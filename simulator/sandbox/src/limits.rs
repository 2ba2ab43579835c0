//! `[limits]` as wasmtime enforces them, and the words for how a guest came to its end.

use egress_sim_model::operator::{Trap, TrapKind};
use egress_sim_model::scenario::Limits;
use wasmtime::{Error, ResourceLimiter};

use crate::engine::MAX_TABLE_ELEMENTS;

/// Core instances of one component; real ones have two to five.
const MAX_INSTANCES: usize = 100;
/// Tables of one component.
const MAX_TABLES: usize = 200;
/// Memories of one component.
const MAX_MEMORIES: usize = 64;

/// Growth of memories and tables, counted over the whole incarnation. The first refusal is remembered: a guest whose
/// allocator was refused usually traps in its own words.
#[derive(Debug)]
pub struct Growth {
    memory_left: u64,
    table_left: u64,
    /// What was refused in this delivery.
    refused: Option<&'static str>,
}

impl Growth {
    pub fn new(limits: &Limits) -> Growth {
        Growth {
            memory_left: limits.memory_bytes,
            table_left: limits.table_elements.min(MAX_TABLE_ELEMENTS),
            refused: None,
        }
    }

    /// A refusal that the guest survived is forgotten with the delivery it happened in.
    pub fn next_delivery(&mut self) {
        self.refused = None;
    }
}

impl ResourceLimiter for Growth {
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        // Beyond its own maximum the guest only fails itself.
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(true);
        }
        Ok(take(&mut self.memory_left, current, desired) || {
            self.refused = Some("memory_bytes");
            false
        })
    }

    fn table_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(true);
        }
        Ok(take(&mut self.table_left, current, desired) || {
            self.refused = Some("table_elements");
            false
        })
    }

    fn instances(&self) -> usize {
        MAX_INSTANCES
    }

    fn tables(&self) -> usize {
        MAX_TABLES
    }

    fn memories(&self) -> usize {
        MAX_MEMORIES
    }
}

fn take(left: &mut u64, current: usize, desired: usize) -> bool {
    let more = desired.saturating_sub(current) as u64;
    match left.checked_sub(more) {
        Some(rest) => {
            *left = rest;
            true
        }
        None => false,
    }
}

/// Names the end that `error` was, `before` the first delivery or in one.
pub fn end_of(error: &Error, growth: &Growth, limits: &Limits, before: bool) -> Trap {
    let (kind, message) = match error.downcast_ref::<wasmtime::Trap>() {
        Some(wasmtime::Trap::OutOfFuel) => {
            (TrapKind::OutOfFuel, format!("used up its fuel of {} in one delivery ([limits].fuel)", limits.fuel))
        }
        Some(wasmtime::Trap::StackOverflow) => (
            TrapKind::StackOverflow,
            format!("ran out of its stack of {} bytes ([limits].stack_bytes)", limits.stack_bytes),
        ),
        _ if growth.refused.is_some() => {
            let limit = growth.refused.unwrap_or_default();
            (TrapKind::OutOfMemory, format!("wanted more than [limits].{limit} allows, and then: {error:#}"))
        }
        _ if is_payload(error) => (
            TrapKind::Payload,
            format!("passed more than {} bytes in one call ([limits].host_payload_bytes)", limits.host_payload_bytes),
        ),
        _ if before => (TrapKind::Instantiation, format!("could not be instantiated: {error:#}")),
        _ => (TrapKind::Trap, format!("{error:#}")),
    };
    Trap { kind, message }
}

/// wasmtime keeps the type of this error to itself; a test holds its words.
fn is_payload(error: &Error) -> bool {
    error.root_cause().to_string().contains("fuel allocated for hostcalls has been exhausted")
}
