//! What befalls an event on its way, and what comes beside it: the effects of the kinds in `fault/kinds/webhook.rs`.
//!
//! An event is asked about once, when it comes to the front of its queue (`webhook.delivery`), each attempt when it is
//! made (`webhook.attempt`), each answer when it goes back (`webhook.answer`). What a fault adds is asked about nothing but
//! its attempts and answers, so that a window does not feed on itself.

use std::sync::Arc;

use super::token::{Forgery, Sender};
use super::{Delivery, Queued};
use crate::fault::{Point, Strike};
use crate::livekit::{EgressInfo, EgressStatus, FileInfo, SegmentsInfo, WebhookEvent};
use crate::scenario::keys::EVENTS;
use crate::state::CallIx;
use crate::time::{Span, Time};
use crate::world::{Event, World};

/// An event that no server of today sends.
const UNKNOWN_EVENT: &str = "room_of_the_future";

/// What is going to happen to an event.
pub(super) struct Fate {
    /// It is lost.
    pub(super) lost: bool,
    pub(super) sender: Sender,
    pub(super) copies: Option<Copies>,
    pub(super) hold: Option<Hold>,
    /// An event of a newer server follows it.
    unknown_event: bool,
}

impl Default for Fate {
    fn default() -> Fate {
        Fate { lost: false, sender: Sender::Livekit, copies: None, hold: None, unknown_event: false }
    }
}

/// Something on the way keeps a delivery, which is signed already.
#[derive(Clone, Copy, Debug)]
pub(super) enum Hold {
    /// So long, and the rest of its queue waits for it.
    InFront(Span),
    /// So long, while the rest of its queue overtakes it.
    Aside(Span),
}

/// Further deliveries of what was delivered.
#[derive(Clone, Copy, Debug)]
pub(super) struct Copies {
    times: u64,
    /// From the answer to the first, and from one to the next.
    delay: Span,
    sort: CopySort,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum CopySort {
    /// Byte for byte.
    Same,
    /// The same news under a new id.
    NewId,
    /// As the worker reports it whose handler has died.
    Poorer,
}

impl World<'_> {
    /// Asks for the faults at an event that has come to the front of its queue.
    pub(super) fn fate_of(&mut self, event: &WebhookEvent) -> Fate {
        let mut fate = Fate::default();
        if !self.notifier.hostile {
            return fate;
        }
        let strike = |world: &mut Self, kind| world.strike_webhook(kind, "webhook.delivery", event);
        if strike(self, "webhook.drop").is_some() {
            fate.lost = true;
            return fate;
        }
        if let Some(strike) = strike(self, "webhook.newer_server") {
            fate.unknown_event = self.faults.fault(strike).text("what") == "unknown_event";
            if !fate.unknown_event {
                fate.sender = Sender::NewerLivekit;
            }
        }
        if strike(self, "webhook.altered").is_some() {
            fate.sender = Sender::Proxy;
        }
        if let Some(strike) = strike(self, "webhook.duplicate") {
            let fault = self.faults.fault(strike);
            let sort = match fault.text("copy") {
                "same" => CopySort::Same,
                "new_id" => CopySort::NewId,
                _ => CopySort::Poorer,
            };
            fate.copies = Some(Copies { times: fault.integer("times"), delay: fault.span("delay"), sort });
        }
        if let Some(strike) = strike(self, "webhook.delay") {
            fate.hold = Some(Hold::InFront(self.faults.fault(strike).span("by")));
        }
        if let Some(strike) = strike(self, "webhook.reorder") {
            fate.hold = Some(Hold::Aside(self.faults.fault(strike).span("by")));
        }
        if let Some(strike) = strike(self, "webhook.storm") {
            let until = self.faults.window_end(strike);
            let by = until.map_or_else(|| self.faults.fault(strike).span("by"), |end| end.since(self.state.now));
            fate.hold = Some(Hold::Aside(by));
        }
        fate
    }

    /// Whether an attempt ends before the operator's door.
    pub(super) fn is_unreachable(&mut self, event: &WebhookEvent) -> bool {
        self.notifier.hostile && self.strike_webhook("webhook.unreachable", "webhook.attempt", event).is_some()
    }

    /// Whether an answer that was given does not reach the queue that waits for it.
    pub(super) fn answer_is_lost(&mut self, delivery: &Delivery, status: u16) -> bool {
        self.notifier.hostile
            && status != 0
            && delivery.queue.is_some()
            && self.strike_webhook("webhook.lost_ack", "webhook.answer", &delivery.event).is_some()
    }

    fn strike_webhook(&mut self, kind: &'static str, point: &'static str, event: &WebhookEvent) -> Option<Strike> {
        if !self.faults.has(kind) {
            return None;
        }
        let call = self.call_of(event);
        let tenant = call.map(|call| Arc::clone(&self.state.tenant(self.state.call(call).tenant).name));
        let point = Point {
            name: point,
            event: Some(event.event),
            tenant: tenant.as_deref(),
            room: event.room.as_ref().map(|room| &*room.name),
            ..Point::default()
        };
        self.strike(&[kind], &point)
    }

    fn call_of(&self, event: &WebhookEvent) -> Option<CallIx> {
        event.room.as_ref().and_then(|room| self.state.rooms.get(&room.name)).copied()
    }

    /// Sends again what `webhook.duplicate` has chosen. What is the same to the byte was kept by somebody on the way and
    /// comes beside the queue; what is new is LiveKit's own, and waits in it.
    pub(super) fn send_copies(&mut self, sent: &Queued) {
        let Some(Copies { times, delay, sort }) = sent.copies else { return };
        for time in 1..=times {
            let at = self.state.now + delay.times(time);
            self.owe(at);
            if sort != CopySort::Same {
                let event = Arc::new(self.told_again(&sent.event, sort, time, at));
                self.queue.push(at, Event::Reports { event });
                continue;
            }
            let copy = Delivery {
                event: Arc::clone(&sent.event),
                attempt: 1,
                sender: sent.sender.clone(),
                signed_at: sent.signed_at,
                signed_outside: sent.signed_outside,
                url: sent.url.clone(),
                retry_after: None,
                queue: None,
            };
            let delivery = self.notifier.deliver(copy);
            self.queue.push(at, Event::ExtraDelivery { delivery });
        }
    }

    fn told_again(&self, event: &WebhookEvent, sort: CopySort, time: u64, at: Time) -> WebhookEvent {
        let mut again = event.clone();
        again.id = self.chance.id("EV_", &format!("again {}", event.id), time).into();
        again.created_at = at;
        if let Some(info) = again.egress_info.as_mut().filter(|_| sort == CopySort::Poorer)
            && !info.status.is_live()
        {
            info.status = EgressStatus::Failed;
            info.error = "exit status 1".into();
            info.error_code = 500;
            info.ended_at = Some(at);
            forget_results(info);
        }
        again
    }

    /// What comes beside an event or right behind it.
    pub(super) fn company_of(&mut self, event: &Arc<WebhookEvent>, fate: &Fate) {
        if !self.notifier.hostile {
            return;
        }
        self.forge_beside(event);
        self.claim_behind(event);
        if fate.unknown_event && self.notifier.sends(UNKNOWN_EVENT) {
            let id = self.chance.id("EV_", &format!("unknown {}", event.id), 0).into();
            let room = self.call_of(event).map(|call| self.room_message(call));
            let created_at = self.state.now;
            let unknown = WebhookEvent {
                id,
                event: UNKNOWN_EVENT,
                created_at,
                room,
                participant: None,
                track: None,
                egress_info: None,
            };
            self.enqueue(Arc::new(unknown), true);
        }
    }

    /// Somebody without the secret sends a delivery of their own beside a genuine one.
    fn forge_beside(&mut self, genuine: &Arc<WebhookEvent>) {
        let Some(strike) = self.strike_webhook("webhook.forged", "webhook.delivery", genuine) else { return };
        let fault = self.faults.fault(strike);
        let forgery = Forgery::from_name(fault.text("forgery")).expect("the file's reader knows every forgery");
        let claims = claimed(fault.text("claims"));
        let now = self.state.now;
        let mut egress_info = self.egress_at(genuine);
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
            ..(**genuine).clone()
        };
        let sender = Sender::Stranger(forgery, Arc::clone(genuine));
        let delivery = Delivery {
            event: Arc::new(event),
            attempt: 1,
            sender,
            signed_at: now,
            signed_outside: None,
            url: None,
            retry_after: None,
            queue: None,
        };
        let handle = self.notifier.deliver(delivery);
        self.extra_delivery(handle);
    }

    /// LiveKit itself reports an end that has not come. Its records, which one can ask for, are right.
    fn claim_behind(&mut self, genuine: &WebhookEvent) {
        let Some(strike) = self.strike_webhook("webhook.spurious", "webhook.delivery", genuine) else { return };
        let fault = self.faults.fault(strike);
        let claims = claimed(fault.text("claims"));
        let at = self.state.now + fault.span("delay");
        let Some(call) = self.call_of(genuine).filter(|_| self.notifier.sends(claims)) else { return };
        let egress_info = if claims == "egress_ended" { self.egress_at(genuine) } else { None };
        if claims == "egress_ended" && egress_info.is_none() {
            return;
        }
        let room = if egress_info.is_some() { self.room_reference(call) } else { self.room_message(call) };
        let egress_info = egress_info.map(|mut info| {
            // As a second worker ends that was given the same id.
            info.status = EgressStatus::Aborted;
            info.error = "Start signal not received".into();
            info.error_code = 412;
            info.details = "End reason: Failure".into();
            info.updated_at = Some(at);
            info.ended_at = Some(at);
            forget_results(&mut info);
            info
        });
        let event = WebhookEvent {
            id: self.chance.id("EV_", &format!("spurious {}", genuine.id), 0).into(),
            event: claims,
            created_at: at,
            room: Some(room),
            participant: None,
            track: None,
            egress_info,
        };
        self.owe(at);
        self.queue.push(at, Event::Reports { event: Arc::new(event) });
    }

    /// The egress that an event is about, else the last one of its call.
    fn egress_at(&self, event: &WebhookEvent) -> Option<EgressInfo> {
        let last = || self.call_of(event).and_then(|call| self.state.call(call).egresses.last().copied());
        event.egress_info.clone().or_else(|| last().map(|last| self.state.egress(last).info.clone()))
    }
}

fn claimed(name: &str) -> &'static str {
    EVENTS.iter().find(|event| **event == name).expect("the file's reader knows every event that can be claimed")
}

/// Leaves of the results what the request said, as a worker knows it that has not seen the recording.
fn forget_results(info: &mut EgressInfo) {
    for file in &mut info.file_results {
        *file = FileInfo { filename: std::mem::take(&mut file.filename), ..FileInfo::default() };
    }
    for segments in &mut info.segment_results {
        *segments = SegmentsInfo {
            playlist_name: std::mem::take(&mut segments.playlist_name),
            live_playlist_name: std::mem::take(&mut segments.live_playlist_name),
            ..SegmentsInfo::default()
        };
    }
    info.manifest_location.clear();
}
