//! LiveKit's notifier: queues, attempts, ages; and the signed bytes of a delivery, made when somebody looks.
//!
//! One queue for each egress and each room (livekit/protocol, `webhook/resource_url_notifier.go`): its events are sent
//! strictly one at a time, those of different queues side by side. Up to `webhook_attempts` attempts, 1, 2, 4, 8 s apart,
//! on no answer, on 429 and on 5xx other than 501; any other status counts as delivered. What waited longer than
//! `webhook_queue_age` is dropped unsent, what finds `webhook_queue_depth` events before it is not even queued.
//!
//! `sending` moves the queues, `faults` says what befalls an event on its way, `token` signs and verifies.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use bytes::Bytes;

use crate::call::{Refusal, Reply};
use crate::livekit::{EgressInfo, WebhookEvent};
use crate::scenario::Scenario;
use crate::state::{CallIx, EgressIx};
use crate::time::{Span, Time};
use crate::world::{API_KEY, API_SECRET, World};

mod faults;
mod sending;
pub mod token;

use faults::Copies;
use token::Sender;

/// What an event is about.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Subject {
    /// A room.
    Room { call: CallIx },
    /// A participant of it.
    Participant { call: CallIx, participant: usize },
    /// A track of theirs.
    Track { call: CallIx, participant: usize, track: usize },
    /// An egress's recorder as a participant.
    Recorder { egress: EgressIx },
    /// An egress.
    Egress { egress: EgressIx },
}

/// The notifier's memory. It is lost with the server, and nothing in it survives the run.
#[derive(Debug)]
pub(crate) struct Notifier {
    /// Names of the events that are sent at all; none: all.
    include: Option<Vec<String>>,
    queues: BTreeMap<Arc<str>, VecDeque<Queued>>,
    deliveries: BTreeMap<u64, Delivery>,
    deliveries_made: u64,
    /// Where everything goes besides to the operator.
    also: Vec<Arc<str>>,
    /// The scenario has faults that befall webhooks: only then is anything asked about them.
    hostile: bool,
}

/// An event in a queue. The first of a queue is the one that is being sent.
#[derive(Debug)]
struct Queued {
    event: Arc<WebhookEvent>,
    enqueued_at: Time,
    /// Attempts so far.
    attempts: u32,
    /// When its token was signed: at the first attempt.
    signed_at: Time,
    sender: Sender,
    /// When its token was signed by the clock of a receiver outside: at the first attempt.
    signed_outside: Option<Time>,
    /// Where it goes, if a request has asked for it; none: to the operator.
    url: Option<Arc<str>>,
    /// A fault: what is sent again once it was answered.
    copies: Option<Copies>,
    /// It is itself a fault's doing: no other befalls it before it is sent.
    by_fault: bool,
}

/// A delivery that the operator has at hand.
#[derive(Debug)]
pub(crate) struct Delivery {
    pub(crate) event: Arc<WebhookEvent>,
    /// From 1.
    pub(crate) attempt: u32,
    sender: Sender,
    /// When its token was signed.
    signed_at: Time,
    /// When its token was signed by the clock of a receiver outside.
    signed_outside: Option<Time>,
    /// Where it goes, if a request has asked for it; none: to the operator.
    url: Option<Arc<str>>,
    /// The answer has said when to come again.
    retry_after: Option<Span>,
    /// The queue that waits for the answer; none: nobody does.
    queue: Option<Arc<str>>,
}

impl Notifier {
    pub(crate) fn new(scenario: &Scenario) -> Notifier {
        Notifier {
            include: scenario.world.webhook_events.clone(),
            queues: BTreeMap::new(),
            deliveries: BTreeMap::new(),
            deliveries_made: 0,
            also: Vec::new(),
            hostile: scenario.faults.iter().any(|fault| fault.kind.name.starts_with("webhook.")),
        }
    }

    /// A delivery that waits or is being handled.
    pub(crate) fn delivery(&self, handle: u64) -> &Delivery {
        &self.deliveries[&handle]
    }

    /// The same, if it is not answered yet.
    pub(crate) fn delivery_if(&self, handle: u64) -> Option<&Delivery> {
        self.deliveries.get(&handle)
    }

    fn sends(&self, event: &str) -> bool {
        self.include.as_ref().is_none_or(|include| include.iter().any(|name| name == event))
    }

    fn deliver(&mut self, delivery: Delivery) -> u64 {
        self.deliveries_made += 1;
        self.deliveries.insert(self.deliveries_made, delivery);
        self.deliveries_made
    }
}

impl World<'_> {
    /// Puts an event into its queue, unless the server's filter leaves it out.
    pub(crate) fn notify(&mut self, event: &'static str, subject: Subject) {
        let request = match subject {
            Subject::Egress { egress } => Some(Arc::clone(&self.state.egress(egress).info.request)),
            _ => None,
        };
        let asked = request.as_ref().map_or(&[][..], |request| request.webhooks());
        let sends = self.notifier.sends(event);
        if !sends && asked.is_empty() {
            return;
        }
        let event = Arc::new(self.webhook_event(event, subject));
        if sends {
            self.tell(Arc::clone(&event));
        }
        for webhook in asked {
            self.enqueue_asked_for(Arc::clone(&event), &webhook.url);
        }
    }

    /// To the operator, and to whoever else is told everything.
    fn tell(&mut self, event: Arc<WebhookEvent>) {
        for at in 0..self.notifier.also.len() {
            let url = Arc::clone(&self.notifier.also[at]);
            self.enqueue_also(Arc::clone(&event), &url);
        }
        self.enqueue(event, false);
    }

    /// From now on these are told everything too.
    pub(crate) fn tell_also(&mut self, urls: impl Iterator<Item = Arc<str>>) {
        self.notifier.also = urls.collect();
    }

    /// The answer to a delivery says when to come again, as 429 and 503 may.
    pub(crate) fn retry_after(&mut self, handle: u64, wait: Span) {
        if let Some(delivery) = self.notifier.deliveries.get_mut(&handle) {
            delivery.retry_after = Some(wait);
        }
    }

    /// The end of an egress that could not be started without anybody asking.
    pub(crate) fn notify_unstarted(&mut self, call: CallIx, info: EgressInfo) {
        if !self.notifier.sends("egress_ended") {
            return;
        }
        let entity = format!("{} {}", self.entity(call), self.state.call(call).egresses.len());
        let event = WebhookEvent {
            id: self.chance.id("EV_", &format!("unstarted {entity}"), self.notifier.deliveries_made).into(),
            event: "egress_ended",
            created_at: self.state.now,
            room: Some(self.room_reference(call)),
            participant: None,
            track: None,
            egress_info: Some(info),
        };
        self.tell(Arc::new(event));
    }

    /// Where a delivery goes that a request has asked for.
    pub(crate) fn webhook_url(&self, handle: u64) -> Option<String> {
        Some(self.notifier.deliveries.get(&handle)?.url.as_ref()?.to_string())
    }

    /// When a delivery to somebody outside is to have been signed by their clock, which says `now`: the moment of the first
    /// attempt, as long as a token of then is good.
    pub(crate) fn signed_for_receiver(&mut self, handle: u64, now: Time) -> Time {
        let life = self.state.scenario.world.token_life;
        let Some(delivery) = self.notifier.deliveries.get_mut(&handle) else { return now };
        if let Some(signed) = delivery.signed_outside.filter(|signed| now < *signed + life) {
            return signed;
        }
        delivery.signed_outside = Some(now);
        if let Some(first) = delivery.queue.as_ref().and_then(|queue| self.notifier.queues.get_mut(queue)?.front_mut())
        {
            first.signed_outside = Some(now);
        }
        now
    }

    fn webhook_event(&self, event: &'static str, subject: Subject) -> WebhookEvent {
        let (entity, room, participant, track, egress_info) = match subject {
            Subject::Room { call } => (self.entity(call), self.room_message(call), None, None, None),
            Subject::Participant { call, participant } => {
                let who = self.participant_message(call, participant);
                let entity = format!("{}/{}", self.entity(call), who.identity);
                (entity, self.room_message(call), Some(who), None, None)
            }
            Subject::Track { call, participant, track } => {
                // Track events carry no more of the participant than sid and identity.
                let mut who = self.participant_message(call, participant);
                who.tracks.clear();
                who.joined_at = Time::default();
                let track = self.track_message(call, participant, track);
                let entity = format!("{}/{}", self.entity(call), track.sid);
                (entity, self.room_reference(call), Some(who), Some(track), None)
            }
            Subject::Recorder { egress } => {
                let call = self.state.egress(egress).call;
                let who = self.recorder_message(egress);
                (who.identity.to_string(), self.room_message(call), Some(who), None, None)
            }
            Subject::Egress { egress } => {
                let egress = self.state.egress(egress);
                let entity = format!("{}/{}", egress.info.egress_id, egress.info.status.as_str_name());
                (entity, self.room_reference(egress.call), None, None, Some(egress.info.clone()))
            }
        };
        WebhookEvent {
            id: self.chance.id("EV_", &format!("{event} {entity}"), 0).into(),
            event,
            created_at: self.state.now,
            room: Some(room),
            participant,
            track,
            egress_info,
        }
    }

    /// A call by name and attempt, for looked-up randomness.
    pub(crate) fn entity(&self, call: CallIx) -> String {
        let call = self.state.call(call);
        format!("{}#{}", call.room, call.session)
    }

    /// A delivery's event, if it passes verification by a clock that says `now`.
    pub(crate) fn webhook_open(&self, handle: u64, now: Time) -> Result<Arc<WebhookEvent>, Refusal> {
        let delivery = self.notifier.deliveries.get(&handle).ok_or(Refusal::MalformedBody)?;
        let life = self.state.scenario.world.token_life;
        token::opens(&delivery.sender, delivery.signed_at, life, now)?;
        Ok(Arc::clone(&delivery.event))
    }

    pub(crate) fn webhook_raw(&self, handle: u64) -> Reply {
        let signed_at = self.notifier.deliveries.get(&handle).map_or(self.state.now, |delivery| delivery.signed_at);
        let (authorization, body) = self.webhook_bytes(handle, signed_at, API_KEY, API_SECRET);
        Reply::Raw { authorization, body }
    }

    /// A delivery's `Authorization` and body, signed at a moment; both empty where there is no such delivery.
    pub(crate) fn webhook_bytes(&self, handle: u64, signed_at: Time, key: &str, secret: &str) -> (String, Bytes) {
        let Some(delivery) = self.notifier.deliveries.get(&handle) else { return (String::new(), Bytes::new()) };
        let life = self.state.scenario.world.token_life;
        token::deliver(&delivery.event, &delivery.sender, key, secret, signed_at, life)
    }

    /// From now on faults may befall webhooks.
    pub(crate) fn expect_trouble(&mut self) {
        self.notifier.hostile = true;
    }
}

#[cfg(test)]
mod tests;
