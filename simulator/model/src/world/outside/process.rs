//! The life of the process outside, where whoever drives the world can kill it and start it again.

use std::sync::Arc;

use super::super::instances::Task;
use super::super::{Event, InboxItem, World};
use super::PROCESS;
use crate::call::Boot;
use crate::fault::Point;
use crate::live::{NOBODY, Out};
use crate::time::Span;
use crate::trace::Fact;

impl World<'_> {
    /// What the process is told at its start.
    pub(crate) fn boot_outside(&self) -> Boot {
        let incarnations = self.outside.as_ref().map_or(0, |outside| outside.incarnations);
        self.boot("", PROCESS, incarnations.max(1))
    }

    /// The process is being started: what it asks for from now on belongs to its start.
    pub(crate) fn process_starts(&mut self) {
        let outside = self.outside();
        outside.incarnations += 1;
        outside.booting = true;
        outside.first = outside.incarnations == 1;
        let boot = Arc::new(self.boot_outside());
        self.log.emit(&self.state, &Fact::Booted { boot: &boot });
    }

    /// It listens.
    pub(crate) fn process_is_up(&mut self) {
        if let Some(restart) = self.dies_at(PROCESS, "operator.init", &Task::Init)
            && self.outside().mortal
        {
            return self.process_dies(restart);
        }
        let outside = self.outside();
        outside.booting = false;
        outside.first = false;
        outside.listens = true;
    }

    /// A fault kills the process; the next comes so much later.
    pub(in crate::world) fn process_dies(&mut self, restart: Span) {
        self.log.emit(&self.state, &Fact::Crashed { instance: NOBODY });
        let outside = self.outside();
        outside.listens = false;
        outside.booting = false;
        outside.first = false;
        outside.untrusted = false;
        outside.aside = false;
        let in_hand: Vec<(u32, InboxItem)> =
            (0..).zip(&mut outside.lanes).filter_map(|(number, lane)| Some((number, lane.take()?))).collect();
        // What was not fetched yet is never handed over.
        outside.out.retain(|out| matches!(out, Out::Reply { .. } | Out::Lost { .. }));
        outside.out.push_back(Out::Dies);
        for (number, item) in in_hand {
            self.log.emit(&self.state, &Fact::Crashed { instance: number });
            self.comes_back(item);
        }
        self.close_the_door();
        self.queue.push(self.state.now + restart, Event::Restarts { instance: PROCESS });
    }

    /// The moment of a fault that strikes by itself. Where nothing runs that it could strike, it waits for the first match; of
    /// what befalls the process, nothing but its death can be had.
    pub(in crate::world) fn fault_due_outside(&mut self, fault: usize) {
        let of_the_operator = self.state.scenario.faults[fault].kind.name;
        let can_die = of_the_operator == "operator.crash" && self.outside().mortal && self.outside().listens;
        if !can_die {
            return;
        }
        let Some(strike) = self.faults.strike_at(fault) else { return };
        if self.struck(strike, &Point::default()) {
            let restart = self.restart_of(&self.state.scenario.faults[fault]);
            self.process_dies(restart);
        }
    }

    /// The moment at which it is to be started again.
    pub(in crate::world) fn process_returns(&mut self) {
        self.process_starts();
        self.outside().out.push_back(Out::Starts);
    }
}
