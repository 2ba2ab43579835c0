//! Operators.
use egress_sim_sdk::{Boot, Cx, Delivery, Operator, Outcome};

struct Nothing;

impl Operator for Nothing {
    fn on_webhook(&mut self, cx: &mut Cx<'_>, delivery: Delivery) -> Outcome {
        delivery.open(cx)?;
        Ok(())
    }
}

fn boot(_boot: &Boot) -> Box<dyn Operator> {
    Box::new(Nothing)
}

egress_sim_sdk::export!(boot);
