//! The operator as a coroutine, seen from the world.
//!
//! A [`Guest`] is one incarnation: it is begun with a delivery, asks for something, is resumed with the answer, and
//! ends. The sandbox and the native host implement it; the world cannot tell them apart. Dropping a guest in the
//! middle of a call is the crash.

use std::sync::Arc;

use crate::call::{Answer, Boot, Call, Delivery, Reply};

/// What a guest does next.
#[derive(Debug)]
pub enum Step {
    /// It asks, and waits for the reply.
    Call(Call),
    /// It ended the delivery.
    Done(Answer),
    /// It ended itself: the incarnation is over.
    Trapped(Trap),
}

/// Why an incarnation ended by its own doing. Only that it did is part of the trace hash; the wording belongs to
/// the host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trap {
    /// What kind.
    pub kind: TrapKind,
    /// For people: the host's words.
    pub message: String,
}

/// The kinds of end that a sandbox can tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrapKind {
    /// A panic, an unreachable instruction, a wild access.
    Trap,
    /// `[limits].fuel` was used up inside one delivery.
    OutOfFuel,
    /// `[limits].memory_bytes` or `table_elements` was reached.
    OutOfMemory,
    /// `[limits].stack_bytes` was reached.
    StackOverflow,
    /// `[limits].host_payload_bytes` was reached by one call.
    Payload,
    /// `[limits].calls_per_delivery` or `timers` was reached.
    Calls,
    /// `[limits].calls_per_run` or `payload_bytes_per_run` was reached: whatever it is at, it comes to no end.
    Run,
    /// The component could not be instantiated.
    Instantiation,
}

/// One incarnation of an operator.
pub trait Guest {
    /// Hands over a delivery. Only called when the last step was not a call.
    fn begin(&mut self, delivery: &Delivery) -> Step;
    /// Answers the call of the last step.
    fn resume(&mut self, reply: Reply) -> Step;
}

/// Something that can start incarnations of one operator.
pub trait Host {
    /// A fresh incarnation, which has not run yet: its first delivery is [`Delivery::Init`].
    fn start(&self, boot: &Arc<Boot>) -> Box<dyn Guest>;
    /// The NAME of `builtin:broken/NAME` and `native:NAME`; empty for an operator from a file.
    fn name(&self) -> &str;
}
