//! The process's door: what is meant for it is laid out, and answered.

use super::super::instances::Task;
use super::super::{InboxItem, World};
use super::{Outside, PROCESS};
use crate::call::{Answer, Delivery, Timer};
use crate::live::{Out, WakeUp};
use crate::time::{Span, Time};
use crate::trace::{Fact, WebhookFact};

impl World<'_> {
    /// Lays out what waits at the door. As long as nobody listens, what is durable waits.
    pub(in crate::world) fn hand_out(&mut self) {
        while let Some(item) = self.inbox.front().cloned() {
            let authentic = match &item {
                InboxItem::Webhook(handle) => self.webhook_open(*handle, self.state.now).is_ok(),
                _ => true,
            };
            let outside = self.outside();
            if !outside.listens || outside.untrusted || (!authentic && outside.is_busy()) {
                return;
            }
            self.inbox.pop_front();
            let lane = self.outside().free_lane();
            self.hand(lane as u32, item, authentic);
        }
    }

    fn hand(&mut self, number: u32, item: InboxItem, authentic: bool) {
        let (delivery, webhook, out) = match &item {
            InboxItem::Webhook(handle) => {
                let about = self.notifier.delivery(*handle);
                let (event, attempt) = (std::sync::Arc::clone(&about.event), about.attempt);
                let delivery = Delivery::Webhook { delivery: *handle, attempt };
                (delivery, Some(event), Out::Webhook { delivery: *handle, attempt })
            }
            InboxItem::Command(command, attempt) => {
                let order = self.commands[*command].clone();
                let out = Out::Command { number: *command, attempt: *attempt, command: order.clone() };
                (Delivery::Command(order), None, out)
            }
            InboxItem::Timer(timer, attempt) => {
                let out = Out::Timer { timer: timer.clone(), attempt: *attempt };
                (Delivery::Timer(timer.clone()), None, out)
            }
            InboxItem::WakeUp(wake_up, attempt) => {
                let name = format!("wake-up {}", wake_up.name);
                let timer = Timer { name, at: wake_up.at, payload: wake_up.path.clone() };
                (Delivery::Timer(timer), None, Out::WakeUp { wake_up: wake_up.clone(), attempt: *attempt })
            }
        };
        let webhook = webhook.as_ref().map(|event| WebhookFact {
            event: event.event,
            room: event.room.as_ref().map_or("", |room| &room.name),
            egress_id: event.egress_info.as_ref().map_or("", |info| &info.egress_id),
            authentic,
        });
        self.log.emit(&self.state, &Fact::DeliveryBegan { instance: number, delivery: &delivery, webhook });
        self.outside().lanes[number as usize] = Some(item.clone());
        if let Some(restart) = self.dies_at(PROCESS, "operator.delivery", &Task::Item(item)) {
            return self.breaks(number as usize, restart);
        }
        let outside = self.outside();
        outside.untrusted = !authentic;
        outside.out.push_back(out);
    }

    /// A webhook was answered with this HTTP status; 0: the connection was lost. False: nobody waits for that answer.
    pub(crate) fn webhook_answered_from_outside(&mut self, handle: u64, status: u16) -> bool {
        if self.webhook_url(handle).is_some() {
            self.delivery_answered(handle, status);
            return true;
        }
        let waits = |item: &InboxItem| matches!(item, InboxItem::Webhook(waits) if *waits == handle);
        let Some(lane) = self.outside().lane_of(waits) else { return false };
        if self.answer_breaks(lane) {
            return true;
        }
        self.lane_ends(lane, &answer(status));
        self.delivery_answered(handle, status);
        true
    }

    /// Anything else was answered with this HTTP status. False: nobody waits for that answer.
    pub(crate) fn work_answered_from_outside(&mut self, what: &Out, status: u16) -> bool {
        let waits = |item: &InboxItem| match (item, what) {
            (InboxItem::Command(waits, _), Out::Command { number, .. }) => waits == number,
            (InboxItem::Timer(waits, _), Out::Timer { timer, .. }) => waits == timer,
            (InboxItem::WakeUp(waits, _), Out::WakeUp { wake_up, .. }) => waits == wake_up,
            _ => false,
        };
        let Some(lane) = self.outside().lane_of(waits) else { return false };
        if self.answer_breaks(lane) {
            return true;
        }
        let done = (200..300).contains(&status);
        let given = if done { Answer::Ok } else { Answer::RetryLater(format!("status {status}")) };
        match self.lane_ends(lane, &given) {
            // It has no such route, and will not have one later.
            InboxItem::Command(number, _) if matches!(status, 404 | 405 | 501) => {
                let order = self.command_done(number).map(|command| command.order);
                self.outside().evidence.deaf_to(order.as_ref());
            }
            InboxItem::Command(number, _) if done => _ = self.command_done(number),
            _ if done => {}
            item => self.again(item),
        }
        true
    }

    /// Whether a fault takes the answer of what a lane carries.
    fn answer_breaks(&mut self, lane: usize) -> bool {
        let item = self.outside().lanes[lane].clone().expect("a lane is found by what it carries");
        let Some(restart) = self.dies_at(PROCESS, "operator.answer", &Task::Item(item)) else { return false };
        self.breaks(lane, restart);
        true
    }

    /// The process dies over what a lane carries; if nobody can kill it, that connection breaks.
    fn breaks(&mut self, lane: usize, restart: Span) {
        if self.outside().mortal {
            return self.process_dies(restart);
        }
        let item = self.lane_ends(lane, &answer(0));
        self.comes_back(item);
    }

    /// What was not answered comes again, each by its own rules.
    pub(super) fn comes_back(&mut self, item: InboxItem) {
        match item {
            InboxItem::Webhook(handle) => self.delivery_answered(handle, 0),
            item => self.again(item),
        }
    }

    fn lane_ends(&mut self, lane: usize, answer: &Answer) -> InboxItem {
        self.log.emit(&self.state, &Fact::DeliveryEnded { instance: lane as u32, answer });
        let outside = self.outside();
        outside.untrusted = false;
        outside.lanes[lane].take().expect("a lane is found by what it carries")
    }

    /// The moment of a wake-up: it is delivered, unless the one before it still waits.
    pub(crate) fn wakes(&mut self, name: &str) {
        let outside = self.outside();
        let Some(wake_up) = outside.wake_ups.remove(name) else { return };
        if let Some(every) = wake_up.every {
            let next = WakeUp { at: wake_up.at + every, ..wake_up.clone() };
            outside.wake_ups.insert(name.to_owned(), next);
        }
        let same = |item: &InboxItem| matches!(item, InboxItem::WakeUp(waits, _) if waits.name == name);
        let waits = self.outside().lane_of(same).is_some() || self.inbox.iter().any(same);
        if !waits {
            self.put_into_inbox(InboxItem::WakeUp(wake_up, 1));
        }
    }
}

impl Outside {
    /// The first wake-up to come. With `until`, one that comes again and again does so no longer than that.
    pub(crate) fn next_wake_up(&self, until: Option<Time>) -> Option<(Time, &str)> {
        let lasting = |wake_up: &&WakeUp| wake_up.every.is_none() || until.is_none_or(|until| wake_up.at <= until);
        self.wake_ups.values().filter(lasting).map(|wake_up| (wake_up.at, wake_up.name.as_str())).min()
    }

    fn is_busy(&self) -> bool {
        !self.pending.is_empty() || self.lanes.iter().any(Option::is_some)
    }

    fn free_lane(&mut self) -> usize {
        self.lanes.iter().position(Option::is_none).unwrap_or_else(|| {
            self.lanes.push(None);
            self.lanes.len() - 1
        })
    }

    fn lane_of(&self, wanted: impl Fn(&InboxItem) -> bool) -> Option<usize> {
        self.lanes.iter().position(|lane| lane.as_ref().is_some_and(&wanted))
    }
}

fn answer(status: u16) -> Answer {
    match status {
        200..300 => Answer::Ok,
        0 | 500.. => Answer::RetryLater(format!("status {status}")),
        _ => Answer::Reject(format!("status {status}")),
    }
}
