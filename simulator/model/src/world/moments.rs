//! Faults of the operator's process that strike between its calls: as a delivery is handed over or answered, in `init`, or
//! at a moment of their own.

use std::sync::Arc;

use super::World;
use super::instances::{InboxItem, Task};
use crate::call::Order;
use crate::fault::kinds::TURNS;
use crate::fault::{Fault, Point};
use crate::time::Span;

impl World<'_> {
    /// Asks for faults as an instance begins or answers a delivery. Whether it dies of it, and for how long it is down.
    pub(super) fn dies_at(&mut self, instance: u32, moment: &'static str, task: &Task) -> Option<Span> {
        let any = |kinds: &[&str]| self.faults.any_on(kinds, moment, None, None);
        if !any(&["operator.crash"]) && !any(TURNS) {
            return None;
        }
        let event = match task {
            Task::Item(InboxItem::Webhook(handle)) => Some(Arc::clone(&self.notifier.delivery(*handle).event)),
            _ => None,
        };
        let room = event.as_ref().and_then(|event| event.room.as_ref()).map(|room| &*room.name);
        let of_room = room.and_then(|room| self.state.rooms.get(room)).map(|call| self.state.call(*call).tenant);
        let commanded = match task {
            Task::Item(InboxItem::Command(command, _)) => match &self.commands[*command].order {
                Order::ContractEnded(tenant) => Some(tenant.clone()),
                Order::LegalHold(hold) | Order::LiftHold(hold) | Order::Playback(hold) => Some(hold.tenant.clone()),
            },
            _ => None,
        };
        let tenant = of_room.map(|tenant| self.state.tenant(tenant).name.to_string()).or(commanded);
        let point = Point {
            name: moment,
            event: event.as_ref().map(|event| event.event),
            room,
            tenant: tenant.as_deref(),
            instance: Some(instance),
            ..Point::default()
        };
        self.turns(&point);
        let strike = self.strike(&["operator.crash"], &point)?;
        Some(self.restart_of(&self.state.scenario.faults[strike.fault]))
    }

    /// Asks for faults that change how the operator runs from then on.
    pub(super) fn turns(&mut self, point: &Point<'_>) {
        // A process outside has its own clock, and is not ours to replace.
        if self.outside.is_some() {
            return;
        }
        if let Some(strike) = self.faults.strike_once(TURNS, point, self.state.now)
            && self.struck(strike, point)
        {
            self.turn(strike.fault);
        }
    }

    fn turn(&mut self, fault: usize) {
        match self.state.scenario.faults[fault].kind.name {
            "operator.deploy" => self.deploy(fault),
            _ => self.clock_changes(fault),
        }
    }

    /// The moment of a fault that strikes by itself. Where nothing runs that it could strike, it waits for the first match.
    pub(super) fn fault_due(&mut self, fault: usize) {
        let standing = self.first_standing(self.state.scenario.faults[fault].filter.instance);
        let kind = self.state.scenario.faults[fault].kind.name;
        if self.outside.is_some() {
            return self.fault_due_outside(fault);
        }
        if standing.is_none() && kind.starts_with("operator.") {
            return;
        }
        let Some(strike) = self.faults.strike_at(fault) else { return };
        if !self.struck(strike, &Point::default()) {
            return;
        }
        match standing {
            Some(instance) if kind == "operator.crash" => {
                let restart = self.restart_of(&self.state.scenario.faults[fault]);
                self.crashes(instance, restart);
            }
            _ => self.turn(fault),
        }
    }

    /// How long an instance is down that a fault ends.
    pub(super) fn restart_of(&self, fault: &Fault) -> Span {
        fault.span_given("restart").unwrap_or(self.state.scenario.operator.restart)
    }
}
