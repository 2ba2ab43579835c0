//! Only verified deliveries change anything.
//!
//! Why: the receiver's address is public. Whoever believes an unsigned `egress_ended` lets a stranger write the
//! inventory, start recorders or have recordings deleted.
//!
//! The rule: while an instance handles a delivery that would not pass verification, it makes no call that changes
//! anything. Logging, and an audit record that says that a webhook was refused, change nothing. Genuine deliveries
//! are checks that hold. Whether a token is valid depends on the clock, and that may be put right, or wrong, before the operator
//! gets to verify it: one that `webhook.open` lets pass has passed.
//!
//! Broken by `trusts-unsigned`, which reads the body and leaves the signature alone.

use std::collections::BTreeMap;

use crate::call::{AuditAction, Call, Delivery, Reply};
use crate::property::{About, Mention, Property, Verdict};
use crate::state::State;
use crate::trace::{Fact, FactKind};

static ABOUT: About = About {
    id: "webhook.authentic",
    promise: "Only deliveries that pass verification change anything.",
    why: "The receiver's address is public: who believes an unsigned event lets a stranger command the operator.",
    one_check: "delivery",
    broken_by: "trusts-unsigned",
};

/// See the head of this file.
#[derive(Debug, Default)]
pub struct Authentic {
    /// What each instance handles that it must not trust.
    untrusted: BTreeMap<u32, Untrusted>,
}

#[derive(Debug)]
struct Untrusted {
    delivery: u64,
    event: String,
    /// Whom it claims to be about.
    about: Vec<Mention>,
}

impl Property for Authentic {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn wants(&self, kind: FactKind) -> bool {
        matches!(
            kind,
            FactKind::DeliveryBegan
                | FactKind::Called
                | FactKind::Replied
                | FactKind::DeliveryEnded
                | FactKind::Crashed
                | FactKind::Trapped
        )
    }

    fn observe(&mut self, fact: &Fact<'_>, state: &State, verdict: &mut Verdict) {
        match *fact {
            Fact::DeliveryBegan { instance, webhook: Some(webhook), delivery: Delivery::Webhook { delivery, .. } } => {
                verdict.held();
                if webhook.authentic {
                    return;
                }
                let mut about = vec![Mention::Instance(instance)];
                if !webhook.room.is_empty() {
                    about.push(Mention::Room(webhook.room.to_owned()));
                }
                if !webhook.egress_id.is_empty() {
                    about.push(Mention::Egress(webhook.egress_id.to_owned()));
                }
                let untrusted = Untrusted { delivery: *delivery, event: webhook.event.to_owned(), about };
                self.untrusted.insert(instance, untrusted);
            }
            Fact::Replied { instance, call: Call::WebhookOpen { delivery }, reply: Reply::Opened(Ok(_)) }
                if self.untrusted.get(&instance).is_some_and(|untrusted| untrusted.delivery == *delivery) =>
            {
                self.untrusted.remove(&instance);
            }
            Fact::Called { instance, call } if changes_something(call) => {
                let Some(Untrusted { event, about, .. }) = self.untrusted.remove(&instance) else { return };
                let of: Vec<String> = about[1..].iter().map(ToString::to_string).collect();
                verdict.overturned(state.now, about, || {
                    let of = if of.is_empty() { String::new() } else { format!(" of {}", of.join(", ")) };
                    format!(
                        "a delivery of {event}{of} does not pass verification, but handling it made the call {}",
                        call.name()
                    )
                });
            }
            Fact::DeliveryEnded { instance, .. } | Fact::Crashed { instance } | Fact::Trapped { instance, .. } => {
                self.untrusted.remove(&instance);
            }
            _ => {}
        }
    }
}

fn changes_something(call: &Call) -> bool {
    match call {
        Call::AuditAppend(records) => records.iter().any(|record| record.action != AuditAction::RefuseWebhook),
        other => other.is_mutating(),
    }
}
