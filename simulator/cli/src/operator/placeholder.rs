//! Stands in for the native host and the built-in operators until they are there: one operator that
//! answers everything with Ok and does nothing.

use std::sync::Arc;

use egress_sim_model::call::{Answer, Boot, Delivery, Reply};
use egress_sim_model::operator::{Guest, Host, Step};

/// For `egress_sim_operators::OPERATORS`.
pub static OPERATORS: &[Listed] =
    &[Listed { name: "reference", summary: "does nothing yet", breaks: None, breaks_sandbox: false }];

/// An operator of the list.
pub struct Listed {
    pub name: &'static str,
    pub summary: &'static str,
    pub breaks: Option<&'static str>,
    pub breaks_sandbox: bool,
}

/// For `egress_sim_builtin::OPERATORS`.
pub static BUILTIN: &[u8] = b"";

/// For `egress_sim_native::NativeHost`.
pub struct NativeHost(String);

impl NativeHost {
    pub fn new(name: &str, _make: fn()) -> NativeHost {
        NativeHost(name.into())
    }
}

impl Host for NativeHost {
    fn start(&self, _boot: &Arc<Boot>) -> Box<dyn Guest> {
        Box::new(Nothing)
    }

    fn name(&self) -> &str {
        &self.0
    }
}

/// For `egress_sim_operators::boot`.
pub fn make() {}

struct Nothing;

impl Guest for Nothing {
    fn begin(&mut self, _delivery: &Delivery) -> Step {
        Step::Done(Answer::Ok)
    }

    fn resume(&mut self, _reply: Reply) -> Step {
        Step::Done(Answer::Ok)
    }
}
