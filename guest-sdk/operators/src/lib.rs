//! Operators for egress-sim: the reference operator, which keeps every promise, and broken ones, each of which breaks one
//! in the way that people really break it.
//!
//! One build serves all: which operator an incarnation is, its boot says. The same crate is a WebAssembly component and,
//! natively, a library.

use egress_sim_sdk::{Boot, Cx, Delivery, Error, Operator, Outcome};

pub mod broken;
pub mod reference;

use reference::desk::Desk;
use reference::{Conduct, Reference, Steps};

/// An operator that is built in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct About {
    /// The NAME of `native:NAME` and `builtin:broken/NAME`, and `reference`.
    pub name: &'static str,
    /// What it does, in one sentence.
    pub summary: &'static str,
    /// The property that it is meant to break; none: the sound one.
    pub breaks: Option<&'static str>,
    /// It exists to be stopped by the sandbox: natively nothing would stop it, and `native:` refuses it.
    pub breaks_sandbox: bool,
}

/// All of them, the sound one first.
pub const OPERATORS: &[About] = broken::OPERATORS;

/// The operator of this name, with or without `broken/` before it; an empty name is the reference. None: there is none.
pub fn make(name: &str, boot: &Boot) -> Option<Box<dyn Operator>> {
    let desk = Desk::new(boot);
    let steps: Box<dyn Steps> = match name {
        "" | "reference" => Box::new(Reference(desk)),
        _ => broken::make(name.strip_prefix("broken/").unwrap_or(name), desk)?,
    };
    Some(Box::new(Conduct(steps)))
}

/// The operator that a boot asks for, as hosts make it. A name that is unknown makes one that says so in `init`.
pub fn boot(boot: &Boot) -> Box<dyn Operator> {
    make(&boot.name, boot).unwrap_or_else(|| Box::new(Nobody(boot.name.clone())))
}

egress_sim_sdk::export!(boot);

struct Nobody(String);

impl Operator for Nobody {
    fn init(&mut self, _cx: &mut Cx<'_>, _boot: &Boot) -> Outcome {
        Err(Error::reject(format!("there is no operator named \"{}\" in this component", self.0)))
    }

    fn on_webhook(&mut self, _cx: &mut Cx<'_>, _delivery: Delivery) -> Outcome {
        Err(Error::reject("this operator is nobody"))
    }
}
