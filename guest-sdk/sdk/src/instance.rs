//! One incarnation of an operator, as a host drives it: the same code in a component and natively.

use std::any::Any;
use std::panic::PanicHookInfo;

use crate::bindings::exports::egress_sim::operator::handler::{Boot, Command, Failure, Timer};
use crate::cx::Cx;
use crate::error::Outcome;
use crate::imports::Imports;
use crate::operator::{Delivery, Operator};

/// Makes an operator for an incarnation. It must not fail: what can fail belongs into [`Operator::init`].
pub type Make = fn(&Boot) -> Box<dyn Operator>;

/// An incarnation. Nothing but the first `init` comes before everything else; the host sees to that.
#[derive(Default)]
pub struct Instance {
    operator: Option<Box<dyn Operator>>,
}

impl Instance {
    /// An incarnation that has not heard of its boot yet.
    pub const fn new() -> Instance {
        Instance { operator: None }
    }

    /// `handler.init`. A second one, after the first failed, starts over with a fresh operator.
    pub fn init(&mut self, imports: &mut dyn Imports, boot: &Boot, make: Make) -> Result<(), Failure> {
        let operator = self.operator.insert(make(boot));
        answer(operator.init(&mut Cx::new(imports), boot))
    }

    /// `handler.on-webhook`
    pub fn on_webhook(&mut self, imports: &mut dyn Imports, delivery: u64, attempt: u32) -> Result<(), Failure> {
        let delivery = Delivery { handle: delivery, attempt };
        answer(self.operator()?.on_webhook(&mut Cx::new(imports), delivery))
    }

    /// `handler.on-command`
    pub fn on_command(&mut self, imports: &mut dyn Imports, command: Command) -> Result<(), Failure> {
        answer(self.operator()?.on_command(&mut Cx::new(imports), command))
    }

    /// `handler.on-timer`
    pub fn on_timer(&mut self, imports: &mut dyn Imports, timer: Timer) -> Result<(), Failure> {
        answer(self.operator()?.on_timer(&mut Cx::new(imports), timer))
    }

    fn operator(&mut self) -> Result<&mut dyn Operator, Failure> {
        match &mut self.operator {
            Some(operator) => Ok(operator.as_mut()),
            None => Err(Failure::RetryLater("init was not called yet".into())),
        }
    }
}

fn answer(outcome: Outcome) -> Result<(), Failure> {
    outcome.map_err(Failure::from)
}

/// How a panic is told to `log.write`, with level error, before the incarnation ends. Of the place only the file's name is
/// told: its folder differs between machines, and the log is part of the trace.
pub fn panic_report(info: &PanicHookInfo<'_>) -> String {
    let message = panic_message(info.payload());
    match info.location() {
        Some(place) => {
            let file = place.file().rsplit(['/', '\\']).next().unwrap_or_default();
            format!("panicked at {file}:{}: {message}", place.line())
        }
        None => format!("panicked: {message}"),
    }
}

fn panic_message(payload: &dyn Any) -> &str {
    payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
}
