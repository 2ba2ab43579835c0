//! Handlers answer within `prompt`.
//!
//! Why: LiveKit sends the events of one egress, and of one room, strictly one after another, and drops unsent what has waited
//! longer than 30 s (livekit/protocol, `webhook/resource_url_notifier.go`). A handler that takes its time makes the events
//! behind it vanish, and nobody is told.
//!
//! The rule: from the moment when an instance begins to handle a webhook to its answer, whatever the answer, it takes no longer
//! than `prompt`. What a delivery waits at the door is not counted, and a handler that dies gives no answer that could be
//! late: LiveKit hears of a broken connection at once. A delivery that is still being handled when the run ends is
//! judged if its time was up.
//!
//! Broken by `slow-handler`, which waits for an upload before it answers.

use std::collections::BTreeMap;

use crate::property::{About, Mention, Property, Verdict};
use crate::state::State;
use crate::time::Time;
use crate::trace::{Fact, FactKind};

static ABOUT: About = About {
    id: "webhook.prompt",
    promise: "Handlers of webhooks answer within `prompt`, before the queue behind them ages out.",
    why: "LiveKit sends the events of a room or an egress one after another: those that wait too long are dropped.",
    one_check: "delivery",
    broken_by: "slow-handler",
};

/// See the head of this file.
#[derive(Debug, Default)]
pub struct Prompt {
    /// The webhook that each instance is at, unless it was judged.
    handling: BTreeMap<u32, Handling>,
}

#[derive(Debug)]
struct Handling {
    due: Time,
    event: String,
    about: Vec<Mention>,
}

impl Property for Prompt {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn wants(&self, kind: FactKind) -> bool {
        matches!(kind, FactKind::DeliveryBegan | FactKind::DeliveryEnded | FactKind::Crashed | FactKind::Trapped)
    }

    fn observe(&mut self, fact: &Fact<'_>, state: &State, verdict: &mut Verdict) {
        match *fact {
            Fact::DeliveryBegan { instance, webhook: Some(webhook), .. } => {
                let mut about = Vec::new();
                if !webhook.egress_id.is_empty() {
                    about.push(Mention::Egress(webhook.egress_id.to_owned()));
                }
                if !webhook.room.is_empty() {
                    about.push(Mention::Room(webhook.room.to_owned()));
                }
                about.push(Mention::Instance(instance));
                let due = state.now + state.scenario.promises.prompt;
                self.handling.insert(instance, Handling { due, event: webhook.event.to_owned(), about });
            }
            Fact::DeliveryEnded { instance, .. } if self.handling.remove(&instance).is_some() => verdict.held(),
            Fact::Crashed { instance } | Fact::Trapped { instance, .. } => {
                self.handling.remove(&instance);
            }
            _ => {}
        }
    }

    fn next_due(&self) -> Option<Time> {
        self.handling.values().map(|handling| handling.due).min()
    }

    fn due(&mut self, at: Time, state: &State, verdict: &mut Verdict) {
        for (instance, late) in self.handling.extract_if(.., |_, handling| handling.due <= at) {
            let prompt = state.scenario.promises.prompt;
            let of: Vec<String> = late
                .about
                .iter()
                .filter(|mention| !matches!(mention, Mention::Instance(_)))
                .map(ToString::to_string)
                .collect();
            let of = if of.is_empty() { String::new() } else { format!(" of {}", of.join(", ")) };
            verdict.violated(at, late.about, || {
                format!(
                    "a webhook is answered within {prompt}, but instance {instance} was still at {}{of} by then",
                    late.event
                )
            });
        }
    }
}
