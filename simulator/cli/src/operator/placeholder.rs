//! Stands in for `egress_sim_operators::{OPERATORS, boot}` until they are there.

use egress_sim_sdk::{Boot, Cx, Delivery, Operator, Outcome};

/// The list.
pub static OPERATORS: &[About] =
    &[About { name: "reference", summary: "does nothing yet", breaks: None, breaks_sandbox: false }];

/// An operator of the list.
pub struct About {
    pub name: &'static str,
    pub summary: &'static str,
    pub breaks: Option<&'static str>,
    pub breaks_sandbox: bool,
}

/// The operator that a boot asks for.
pub fn boot(_boot: &Boot) -> Box<dyn Operator> {
    Box::new(Nothing)
}

struct Nothing;

impl Operator for Nothing {
    fn on_webhook(&mut self, _cx: &mut Cx<'_>, _delivery: Delivery) -> Outcome {
        Ok(())
    }
}
