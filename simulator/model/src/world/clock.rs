//! What the operator's clocks say, and what the servers make of whoever comes with a wrong one.

use super::interference::s3_error;
use super::{Event, World};
use crate::call::{Call, CallError, Surface};
use crate::egress::error;
use crate::time::{Span, Time};
use crate::webhook::token;

/// How far the time of a request may be from S3's own.
const S3_TOLERANCE: Span = Span::seconds(15 * 60);

impl World<'_> {
    /// The time as an instance reads it.
    pub(crate) fn operator_now(&self, instance: u32) -> Time {
        let mut now = self.state.now;
        let mut coarse = false;
        for fault in &self.clock_faults {
            let fault = &self.state.scenario.faults[*fault];
            if fault.filter.instance.is_some_and(|wanted| wanted != u64::from(instance)) {
                continue;
            }
            match (fault.kind.name, fault.kind.name == "clock.skew" && fault.text("direction") == "ahead") {
                ("clock.coarse", _) => coarse = true,
                (_, true) => now += fault.span("by"),
                (_, false) => now = now - fault.span("by"),
            }
        }
        if coarse { Time(now.0 - now.0 % Span::SECOND.0) } else { now }
    }

    /// A fault of the clock comes into force, for good or for its window.
    pub(super) fn clock_changes(&mut self, fault: usize) {
        self.clock_faults.push(fault);
        if let Some(window) = self.state.scenario.faults[fault].window {
            self.queue.push(self.state.now + window, Event::ClockBack { fault });
        }
    }

    /// It is over.
    pub(super) fn clock_back(&mut self, fault: usize) {
        self.clock_faults.retain(|standing| *standing != fault);
    }

    /// What a server answers to a call that was dated by a clock too far from its own.
    pub(super) fn refused_for_the_time(&self, instance: u32, call: &Call) -> Option<CallError> {
        if self.clock_faults.is_empty() {
            return None;
        }
        let (theirs, now) = (self.operator_now(instance), self.state.now);
        match call.surface() {
            Surface::Livekit => token::admits(theirs, now).is_err().then(error::invalid_token),
            Surface::S3 => {
                let apart = Span(theirs.0.abs_diff(now.0));
                (apart > S3_TOLERANCE).then(|| s3_error(call, "RequestTimeTooSkewed"))
            }
            Surface::Ports | Surface::Host => None,
        }
    }
}
