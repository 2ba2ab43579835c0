//! LiveKit's notifier: queues, attempts, ages; and the signed bytes of a delivery, made when somebody looks.
//!
//! One queue for each egress and each room (livekit/protocol, `webhook/resource_url_notifier.go`): its events are sent
//! strictly one at a time, those of different queues side by side. Up to `webhook_attempts` attempts, 1, 2, 4, 8 s apart,
//! on no answer and on 5xx other than 501; any other status counts as delivered. What waited longer than
//! `webhook_queue_age` is dropped unsent, what finds `webhook_queue_depth` events before it is not even queued.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use crate::call::{Refusal, Reply};
use crate::fault::Point;
use crate::livekit::{EgressStatus, WebhookEvent};
use crate::scenario::WorldParameters;
use crate::scenario::keys::EVENTS;
use crate::state::{CallIx, EgressIx};
use crate::time::{Span, Time};
use crate::trace::{DropReason, Fact};
use crate::world::{API_KEY, API_SECRET, Event, InboxItem, World};

pub mod token;

use token::Forgery;

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
    /// A fault: sent again so often after it was answered, so long after each answer.
    again: Option<(u64, Span)>,
}

/// A delivery that the operator has at hand.
#[derive(Debug)]
pub(crate) struct Delivery {
    pub(crate) event: Arc<WebhookEvent>,
    /// From 1.
    pub(crate) attempt: u32,
    /// What is wrong with it; none: it is genuine.
    pub(crate) forgery: Option<Forgery>,
    /// When its token was signed.
    signed_at: Time,
    /// The queue that waits for the answer; none: nobody does.
    queue: Option<Arc<str>>,
}

impl Notifier {
    pub(crate) fn new(world: &WorldParameters) -> Notifier {
        Notifier {
            include: world.webhook_events.clone(),
            queues: BTreeMap::new(),
            deliveries: BTreeMap::new(),
            deliveries_made: 0,
        }
    }

    /// A delivery that waits or is being handled.
    pub(crate) fn delivery(&self, handle: u64) -> &Delivery {
        &self.deliveries[&handle]
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
        if !self.notifier.sends(event) {
            return;
        }
        let event = Arc::new(self.webhook_event(event, subject));
        let queue = match &event.egress_info {
            Some(info) => Arc::clone(&info.egress_id),
            None => event.room.as_ref().map_or_else(|| Arc::from(""), |room| Arc::clone(&room.name)),
        };
        let room = event.room.as_ref().map_or("", |room| &room.name);
        let depth = self.notifier.queues.get(&queue).map_or(0, VecDeque::len);
        if depth as u64 >= u64::from(self.state.scenario.world.webhook_queue_depth) {
            let fact = Fact::WebhookDropped { queue: &queue, event: event.event, room, why: DropReason::Depth };
            self.log.emit(&self.state, &fact);
            return;
        }
        self.log.emit(&self.state, &Fact::WebhookQueued { queue: &queue, event: event.event, room });
        let enqueued_at = self.state.now;
        let queued = Queued { event, enqueued_at, attempts: 0, signed_at: enqueued_at, again: None };
        self.notifier.queues.entry(Arc::clone(&queue)).or_default().push_back(queued);
        if depth == 0 {
            self.send_first(&queue);
        }
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

    /// The first event of a queue has just come to the front: faults, age, first attempt.
    fn send_first(&mut self, queue: &Arc<str>) {
        loop {
            let Some(first) = self.notifier.queues.get(queue).and_then(VecDeque::front) else {
                self.notifier.queues.remove(queue);
                return;
            };
            let event = Arc::clone(&first.event);
            let age = self.state.now.since(first.enqueued_at);
            let dropped = if age > self.state.scenario.world.webhook_queue_age {
                Some(DropReason::Age)
            } else if self.strike_delivery("webhook.drop", &event).is_some() {
                Some(DropReason::Fault)
            } else {
                None
            };
            if let Some(why) = dropped {
                self.lose_first(queue, why);
                continue;
            }
            if let Some((times, delay)) = self.strike_delivery("webhook.duplicate", &event) {
                self.first_of(queue).again = Some((times, delay));
            }
            let now = self.state.now;
            self.first_of(queue).signed_at = now;
            self.attempt(queue);
            self.forge_beside(&event);
            return;
        }
    }

    fn first_of(&mut self, queue: &Arc<str>) -> &mut Queued {
        let events = self.notifier.queues.get_mut(queue).expect("a queue that is being sent exists");
        events.front_mut().expect("a queue that is being sent has a first event")
    }

    fn lose_first(&mut self, queue: &Arc<str>, why: DropReason) {
        let events = self.notifier.queues.get_mut(queue).expect("a queue that is being sent exists");
        let lost = events.pop_front().expect("a queue that is being sent has a first event");
        let room = lost.event.room.as_ref().map_or("", |room| &room.name);
        self.log.emit(&self.state, &Fact::WebhookDropped { queue, event: lost.event.event, room, why });
    }

    /// Sends the first event of a queue. Nobody at the door is an answer too.
    fn attempt(&mut self, queue: &Arc<str>) {
        let up = self.operator_is_up();
        let first = self.first_of(queue);
        first.attempts += 1;
        let delivery = Delivery {
            event: Arc::clone(&first.event),
            attempt: first.attempts,
            forgery: None,
            signed_at: first.signed_at,
            queue: Some(Arc::clone(queue)),
        };
        let handle = self.notifier.deliver(delivery);
        if up {
            self.put_into_inbox(InboxItem::Webhook(handle));
        } else {
            self.delivery_answered(handle, 0);
        }
    }

    pub(crate) fn queue_tries(&mut self, queue: &Arc<str>) {
        self.attempt(queue);
    }

    /// A delivery beside the queues: a duplicate or a forgery.
    pub(crate) fn extra_delivery(&mut self, handle: u64) {
        if self.operator_is_up() {
            self.put_into_inbox(InboxItem::Webhook(handle));
        } else {
            self.delivery_answered(handle, 0);
        }
    }

    /// The operator has answered with this HTTP status; 0: the connection was lost.
    pub(crate) fn delivery_answered(&mut self, handle: u64, status: u16) {
        let delivery = self.notifier.deliveries.remove(&handle).expect("a delivery is answered once");
        let room = delivery.event.room.as_ref().map_or("", |room| &room.name);
        let event = delivery.event.event;
        let attempt = delivery.attempt;
        self.log.emit(&self.state, &Fact::WebhookAnswered { delivery: handle, event, room, attempt, status });
        let Some(queue) = delivery.queue else { return };
        let failed = status == 0 || (status >= 500 && status != 501);
        if failed && attempt < self.state.scenario.world.webhook_attempts {
            let wait = Span::SECOND.times(1 << (attempt - 1).min(30));
            self.queue.push(self.state.now + wait, Event::QueueTries { queue });
            return;
        }
        if failed {
            self.lose_first(&queue, DropReason::Attempts);
        } else {
            let again = self.first_of(&queue).again;
            let events = self.notifier.queues.get_mut(&queue).expect("a queue that is being sent exists");
            events.pop_front();
            let (times, delay) = again.unwrap_or_default();
            for time in 1..=times {
                let copy = Delivery {
                    event: Arc::clone(&delivery.event),
                    attempt: 1,
                    forgery: None,
                    signed_at: delivery.signed_at,
                    queue: None,
                };
                let copy = self.notifier.deliver(copy);
                self.queue.push(self.state.now + delay.times(time), Event::ExtraDelivery { delivery: copy });
            }
        }
        self.send_first(&queue);
    }

    /// Asks for a fault at this delivery; of `webhook.duplicate`, how often and after how long.
    fn strike_delivery(&mut self, kind: &'static str, event: &WebhookEvent) -> Option<(u64, Span)> {
        if !self.faults.has(kind) {
            return None;
        }
        let call = event.room.as_ref().and_then(|room| self.state.rooms.get(&room.name)).copied();
        let tenant = call.map(|call| std::sync::Arc::clone(&self.state.tenant(self.state.call(call).tenant).name));
        let point = Point {
            name: "webhook.delivery",
            event: Some(event.event),
            tenant: tenant.as_deref(),
            room: event.room.as_ref().map(|room| &*room.name),
            ..Point::default()
        };
        let strike = self.strike(&[kind], &point)?;
        let fault = self.faults.fault(strike);
        match kind {
            "webhook.duplicate" => Some((fault.integer("times"), fault.span("delay"))),
            _ => Some((strike.fault as u64, Span::ZERO)),
        }
    }

    /// Somebody without the secret sends a delivery of their own beside a genuine one.
    fn forge_beside(&mut self, genuine: &WebhookEvent) {
        let Some((fault, _)) = self.strike_delivery("webhook.forged", genuine) else { return };
        let fault = &self.state.scenario.faults[fault as usize];
        let forgery = Forgery::from_name(fault.text("forgery")).expect("the file's reader knows every forgery");
        let claims = EVENTS.iter().find(|name| **name == fault.text("claims")).copied();
        let claims = claims.expect("the file's reader knows every event that can be claimed");
        let now = self.state.now;
        let call = genuine.room.as_ref().and_then(|room| self.state.rooms.get(&room.name)).copied();
        let last = call.and_then(|call| self.state.call(call).egresses.last().copied());
        let mut egress_info =
            genuine.egress_info.clone().or_else(|| last.map(|last| self.state.egress(last).info.clone()));
        if let Some(info) = &mut egress_info
            && claims == "egress_ended"
        {
            info.status = EgressStatus::Complete;
            info.ended_at = Some(now);
        }
        let event = WebhookEvent {
            id: self.chance.id("EV_", &format!("forged {}", genuine.id), 0).into(),
            event: claims,
            created_at: now,
            egress_info: if claims.starts_with("egress_") { egress_info } else { None },
            ..genuine.clone()
        };
        let delivery =
            Delivery { event: Arc::new(event), attempt: 1, forgery: Some(forgery), signed_at: now, queue: None };
        let handle = self.notifier.deliver(delivery);
        self.extra_delivery(handle);
    }

    /// A delivery's event, if it passes verification by a clock that says `now`.
    pub(crate) fn webhook_open(&self, handle: u64, now: Time) -> Result<Arc<WebhookEvent>, Refusal> {
        let delivery = self.notifier.deliveries.get(&handle).ok_or(Refusal::MalformedBody)?;
        let life = self.state.scenario.world.token_life;
        token::opens(delivery.forgery, delivery.signed_at, life, now)?;
        Ok(Arc::clone(&delivery.event))
    }

    pub(crate) fn webhook_raw(&self, handle: u64) -> Reply {
        let Some(delivery) = self.notifier.deliveries.get(&handle) else {
            return Reply::Raw { authorization: String::new(), body: bytes::Bytes::new() };
        };
        let life = self.state.scenario.world.token_life;
        let (authorization, body) =
            token::deliver(&delivery.event, delivery.forgery, API_KEY, API_SECRET, delivery.signed_at, life);
        Reply::Raw { authorization, body }
    }
}
