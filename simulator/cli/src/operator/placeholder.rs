//! Stands in for the sandbox, the native host and the built-in operators until they are there: one operator that
//! answers everything with Ok and does nothing.

use std::sync::Arc;

use egress_sim_model::call::{Answer, Boot, Delivery, Reply};
use egress_sim_model::operator::{Guest, Host, Step};
use egress_sim_model::scenario::Limits;

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

/// For `egress_sim_sandbox::Operator`.
#[derive(Clone)]
pub struct Operator;

#[derive(Debug, thiserror::Error)]
#[error("{0} cannot be loaded: this build has no sandbox yet")]
pub struct LoadError(String);

impl Operator {
    pub fn load(bytes: &[u8], name: &str) -> Result<Operator, LoadError> {
        if bytes.is_empty() { Ok(Operator) } else { Err(LoadError(name.into())) }
    }

    pub fn digest(&self) -> &'static str {
        ""
    }
}

/// For `egress_sim_sandbox::SandboxHost`.
pub struct SandboxHost(String);

impl SandboxHost {
    #[expect(clippy::unnecessary_wraps, reason = "the real one may fail")]
    pub fn new(_operator: &Operator, name: &str, _limits: &Limits) -> Result<SandboxHost, LoadError> {
        Ok(SandboxHost(name.into()))
    }
}

impl Host for SandboxHost {
    fn start(&self, _boot: &Arc<Boot>) -> Box<dyn Guest> {
        Box::new(Nothing)
    }

    fn name(&self) -> &str {
        &self.0
    }
}

/// For `egress_sim_native::NativeHost`.
pub struct NativeHost(SandboxHost);

impl NativeHost {
    pub fn new(name: &str, _make: fn()) -> NativeHost {
        NativeHost(SandboxHost(name.into()))
    }
}

impl Host for NativeHost {
    fn start(&self, boot: &Arc<Boot>) -> Box<dyn Guest> {
        self.0.start(boot)
    }

    fn name(&self) -> &str {
        self.0.name()
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
