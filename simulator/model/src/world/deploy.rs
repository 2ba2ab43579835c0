//! Rolling deploys: a new instance beside an old one, for a while, and then without it.
//!
//! The new one is an instance of its own, with the next free number: whatever is told of an instance, in the trace and to the
//! properties, is about one line of incarnations of one component.

use super::instances::{Instance, Service};
use super::{Event, World};
use crate::time::Span;
use crate::trace::Fact;

impl World<'_> {
    /// Deploys over the instance that the fault names, or over all that are in service, one after another.
    pub(super) fn deploy(&mut self, fault: usize) {
        let overlap = self.state.scenario.faults[fault].span("overlap");
        let wanted = self.state.scenario.faults[fault].filter.instance;
        let in_service: Vec<u32> = self.in_service(wanted).collect();
        for (place, instance) in in_service.into_iter().enumerate() {
            let at = self.state.now + overlap.times(place as u64);
            self.queue.push(at, Event::Deploys { fault, instance });
        }
    }

    /// A new instance starts beside an old one.
    pub(super) fn deploys(&mut self, fault: usize, old: u32) {
        if !self.in_service(Some(u64::from(old))).any(|found| found == old) {
            return;
        }
        let fault = &self.state.scenario.faults[fault];
        let (overlap, drain) = (fault.span("overlap"), fault.span("drain"));
        let older = fault.text("to") == "older";
        let new = self.instances.len() as u32;
        self.instances.push(Instance::new(older));
        self.restarts(new);
        self.queue.push(self.state.now + overlap, Event::Retires { instance: old, drain });
    }

    /// An old instance is handed nothing more, and goes once it has nothing in hand.
    pub(super) fn retires(&mut self, number: u32, drain: Span) {
        let instance = &mut self.instances[number as usize];
        instance.service = Service::Leaving;
        if instance.is_busy() {
            self.queue.push(self.state.now + drain, Event::Drained { instance: number });
        } else {
            self.is_gone(number);
        }
    }

    /// An old instance has had its time.
    pub(super) fn drained(&mut self, number: u32) {
        if self.instances[number as usize].service == Service::Leaving {
            self.crashes(number, Span::ZERO);
        }
    }

    /// An old instance has ended what it had in hand.
    pub(super) fn is_gone(&mut self, number: u32) {
        if self.instances[number as usize].leave() {
            self.log.emit(&self.state, &Fact::Stopped { instance: number });
        }
        self.close_the_door();
    }
}
