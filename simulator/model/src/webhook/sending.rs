//! The queues: each sends its first event, waits for the answer, tries again or goes on.

use std::collections::VecDeque;
use std::sync::Arc;

use super::faults::{Fate, Hold};
use super::token::Sender;
use super::{Delivery, Queued};
use crate::live::Out;
use crate::livekit::WebhookEvent;
use crate::time::Span;
use crate::trace::{DropReason, Fact};
use crate::world::{Event, InboxItem, World};

impl World<'_> {
    /// Puts an event into its queue, and sends it if nothing waits there before it.
    pub(super) fn enqueue(&mut self, event: Arc<WebhookEvent>, by_fault: bool) {
        self.enqueue_to(event, by_fault, None);
    }

    /// Puts an event into the queue of what a request wants to be told itself: one for each egress, whatever the urls.
    pub(super) fn enqueue_asked_for(&mut self, event: Arc<WebhookEvent>, url: &str) {
        // What a fault makes of the event, it makes of the operator's.
        self.enqueue_to(event, true, Some((url.into(), " webhooks")));
    }

    /// Puts an event into the queue of one more url that is told everything: each has queues of its own.
    pub(super) fn enqueue_also(&mut self, event: Arc<WebhookEvent>, url: &Arc<str>) {
        self.enqueue_to(event, true, Some((Arc::clone(url), &format!(" {url}"))));
    }

    fn enqueue_to(&mut self, event: Arc<WebhookEvent>, by_fault: bool, elsewhere: Option<(Arc<str>, &str)>) {
        let queue: Arc<str> = match &event.egress_info {
            Some(info) => Arc::clone(&info.egress_id),
            None => event.room.as_ref().map_or_else(|| Arc::from(""), |room| Arc::clone(&room.name)),
        };
        let (queue, url) = match elsewhere {
            Some((url, own)) => (format!("{queue}{own}").into(), Some(url)),
            None => (queue, None),
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
        let queued = Queued {
            event,
            enqueued_at,
            attempts: 0,
            signed_at: enqueued_at,
            sender: Sender::Livekit,
            signed_outside: None,
            url,
            copies: None,
            by_fault,
        };
        self.notifier.queues.entry(Arc::clone(&queue)).or_default().push_back(queued);
        if depth == 0 {
            self.send_first(&queue);
        }
    }

    /// The first event of a queue has just come to the front: age, faults, first attempt.
    fn send_first(&mut self, queue: &Arc<str>) {
        loop {
            let Some(first) = self.notifier.queues.get(queue).and_then(VecDeque::front) else {
                self.notifier.queues.remove(queue);
                return;
            };
            let (event, by_fault) = (Arc::clone(&first.event), first.by_fault);
            if self.state.now.since(first.enqueued_at) > self.state.scenario.world.webhook_queue_age {
                self.lose_first(queue, DropReason::Age);
                continue;
            }
            let fate = if by_fault { Fate::default() } else { self.fate_of(&event) };
            if fate.lost {
                self.lose_first(queue, DropReason::Fault);
                continue;
            }
            let now = self.state.now;
            let first = self.first_of(queue);
            first.signed_at = now;
            first.sender = fate.sender.clone();
            first.copies = fate.copies;
            let aside = matches!(fate.hold, Some(Hold::Aside(_)));
            if aside && !by_fault {
                // As long as it is in the queue: what comes along with it would find nobody in front, and be sent twice.
                self.company_of(&event, &fate);
            }
            match fate.hold {
                None => self.attempt(queue),
                Some(Hold::InFront(by)) => self.attempt_later(queue, by),
                Some(Hold::Aside(by)) => self.set_aside(queue, by),
            }
            // What was set aside does not hold the others up.
            if !aside {
                if !by_fault {
                    self.company_of(&event, &fate);
                }
                return;
            }
        }
    }

    fn first_of(&mut self, queue: &Arc<str>) -> &mut Queued {
        let events = self.notifier.queues.get_mut(queue).expect("a queue that is being sent exists");
        events.front_mut().expect("a queue that is being sent has a first event")
    }

    fn take_first(&mut self, queue: &Arc<str>) -> Queued {
        let events = self.notifier.queues.get_mut(queue).expect("a queue that is being sent exists");
        events.pop_front().expect("a queue that is being sent has a first event")
    }

    fn lose_first(&mut self, queue: &Arc<str>, why: DropReason) {
        let lost = self.take_first(queue);
        let room = lost.event.room.as_ref().map_or("", |room| &room.name);
        self.log.emit(&self.state, &Fact::WebhookDropped { queue, event: lost.event.event, room, why });
    }

    fn attempt_later(&mut self, queue: &Arc<str>, by: Span) {
        let at = self.state.now + by;
        self.owe(at);
        self.queue.push(at, Event::QueueTries { queue: Arc::clone(queue) });
    }

    /// Gives the first event of a queue a queue of its own, as LiveKit does with what lingers in a queue that it has
    /// retired: it keeps its attempts, and the others do not wait for it.
    fn set_aside(&mut self, queue: &Arc<str>, by: Span) {
        let first = self.take_first(queue);
        let aside: Arc<str> = format!("{queue}/{}", first.event.id).into();
        self.notifier.queues.insert(Arc::clone(&aside), VecDeque::from([first]));
        self.attempt_later(&aside, by);
    }

    /// Sends the first event of a queue. Nobody at the door is an answer too.
    fn attempt(&mut self, queue: &Arc<str>) {
        let event = Arc::clone(&self.first_of(queue).event);
        let elsewhere = self.first_of(queue).url.is_some();
        let arrives = (elsewhere || self.operator_is_up()) && !self.is_unreachable(&event);
        let first = self.first_of(queue);
        first.attempts += 1;
        let attempt = first.attempts;
        let delivery = Delivery {
            event,
            attempt,
            sender: first.sender.clone(),
            signed_at: first.signed_at,
            signed_outside: first.signed_outside,
            url: first.url.clone(),
            retry_after: None,
            queue: Some(Arc::clone(queue)),
        };
        let handle = self.notifier.deliver(delivery);
        match (arrives, &mut self.outside) {
            // Not the operator's business, and not put on record as handed to it.
            (true, Some(outside)) if elsewhere => outside.out.push_back(Out::Webhook { delivery: handle, attempt }),
            (true, _) if !elsewhere => self.put_into_inbox(InboxItem::Webhook(handle)),
            _ => self.delivery_answered(handle, 0),
        }
    }

    pub(crate) fn queue_tries(&mut self, queue: &Arc<str>) {
        self.attempt(queue);
    }

    /// A delivery beside the queues: a second one of the same, or a forgery.
    pub(crate) fn extra_delivery(&mut self, handle: u64) {
        if self.operator_is_up() {
            self.put_into_inbox(InboxItem::Webhook(handle));
        } else {
            self.delivery_answered(handle, 0);
        }
    }

    /// LiveKit reports something once more, or something that is not so.
    pub(crate) fn extra_event(&mut self, event: Arc<WebhookEvent>) {
        self.enqueue(event, true);
    }

    /// The operator has answered with this HTTP status; 0: the connection was lost.
    pub(crate) fn delivery_answered(&mut self, handle: u64, status: u16) {
        let delivery = self.notifier.deliveries.remove(&handle).expect("a delivery is answered once");
        let status = if self.answer_is_lost(&delivery, status) { 0 } else { status };
        let room = delivery.event.room.as_ref().map_or("", |room| &room.name);
        let event = delivery.event.event;
        let attempt = delivery.attempt;
        self.log.emit(&self.state, &Fact::WebhookAnswered { delivery: handle, event, room, attempt, status });
        let Some(queue) = delivery.queue else { return };
        let failed = matches!(status, 0 | 429) || (status >= 500 && status != 501);
        if failed && attempt < self.state.scenario.world.webhook_attempts {
            let wait = delivery.retry_after.unwrap_or(Span::SECOND.times(1 << (attempt - 1).min(30)));
            self.queue.push(self.state.now + wait, Event::QueueTries { queue });
            return;
        }
        if failed {
            self.lose_first(&queue, DropReason::Attempts);
        } else {
            let sent = self.take_first(&queue);
            self.send_copies(&sent);
        }
        self.send_first(&queue);
    }
}
