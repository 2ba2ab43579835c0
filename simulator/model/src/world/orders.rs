//! The operator's own organisation and its viewers: commands, contract ends, and who watches what, when.

use std::rc::Rc;

use super::{Event, World};
use crate::call::{Command, Hold, Link, Order};
use crate::scenario::{OrderKind, When};
use crate::state::{HoldState, TenantIx};
use crate::time::Span;
use crate::trace::{Fact, Occasion};
use crate::viewer;

/// How long before a recording may go its last viewer comes.
const LAST_LOOK: Span = Span::SECOND;

impl World<'_> {
    pub(super) fn prepare_orders(&mut self) {
        let scenario = Rc::clone(&self.state.scenario);
        for (ix, tenant) in scenario.tenants.iter().enumerate() {
            if let Some(end) = tenant.contract_end {
                self.queue.push(self.at(end), Event::ContractEnds { tenant: TenantIx(ix as u32) });
                self.owe(self.at(end) + tenant.delete_within);
            }
        }
        for (ix, command) in scenario.commands.iter().enumerate() {
            if let When::At(at) = command.when {
                self.queue.push(self.at(at), Event::CommandGiven { command: ix });
                self.owe(self.at(at));
            }
        }
    }

    /// A named step of the scenario is over: what comes `after` it may come.
    pub(crate) fn step_done(&mut self, step: &str) {
        if step.is_empty() {
            return;
        }
        self.faults.release(step);
        let scenario = Rc::clone(&self.state.scenario);
        for (ix, command) in scenario.commands.iter().enumerate() {
            if matches!(&command.when, When::After(name) if name == step) {
                self.queue.push(self.state.now, Event::CommandGiven { command: ix });
                self.owe(self.state.now);
            }
        }
    }

    pub(crate) fn command_given(&mut self, ix: usize) {
        let scenario = Rc::clone(&self.state.scenario);
        let command = &scenario.commands[ix];
        let tenant = self.state.tenant_named(&command.tenant).expect("the file's reader knows every tenant").ix;
        let hold = Hold { tenant: command.tenant.clone(), room: command.room.clone() };
        let now = self.state.now;
        let order = match command.order {
            OrderKind::LegalHold => {
                let holds = &mut self.state.tenants[tenant.0 as usize].holds;
                holds.push(HoldState { room: command.room.clone(), set_at: now, lifted_at: None });
                Order::LegalHold(hold)
            }
            OrderKind::LiftHold => {
                for standing in &mut self.state.tenants[tenant.0 as usize].holds {
                    if standing.lifted_at.is_none() && standing.room == command.room {
                        standing.lifted_at = Some(now);
                    }
                }
                let delete_within = self.state.tenant_rule(tenant).delete_within;
                if let Some(due) = self.state.tenant(tenant).deletion_due(delete_within) {
                    self.owe(due);
                }
                Order::LiftHold(hold)
            }
            OrderKind::Playback => {
                let at = now + scenario.promises.prompt;
                self.queue.push(at, Event::ViewsAll { tenant, room: command.room.clone() });
                self.owe(at);
                Order::Playback(hold)
            }
        };
        let id = if command.name.is_empty() { format!("command-{}", ix + 1) } else { command.name.clone() };
        self.give(Command { id, order });
        self.step_done(&command.name);
    }

    pub(super) fn contract_ends(&mut self, tenant: TenantIx) {
        let now = self.state.now;
        let state = &mut self.state.tenants[tenant.0 as usize];
        state.contract_ended = Some(now);
        let name = state.name.to_string();
        self.give(Command { id: format!("contract-end/{name}"), order: Order::ContractEnded(name) });
    }

    /// An egress has ended: what its recording will still be asked for.
    pub(crate) fn recording_ended(&mut self, egress: crate::state::EgressIx) {
        let now = self.state.now;
        let tenant = self.state.tenant_of(egress).ix;
        let rule = self.state.tenant_rule(tenant);
        let (retention, retention_max) = (rule.retention, rule.retention_max);
        let contract_end = rule.contract_end.map(|end| self.at(end));
        self.owe(now + self.state.scenario.promises.inventory_grace);
        if let Some(most) = retention_max {
            self.owe(now + most);
        }
        let retained = retention.map(|retention| now + retention);
        let kept_until = match (retained, contract_end) {
            (Some(retained), Some(end)) => Some(retained.min(end)),
            (one, other) => one.or(other),
        };
        if let Some(kept_until) = kept_until {
            let at = kept_until - LAST_LOOK;
            self.owe(kept_until);
            if at > now && self.state.tenant_rule(tenant).cdn.is_some() {
                let egress_id = self.state.egress(egress).info.egress_id.to_string();
                self.queue.push(at, Event::Views { egress_id, occasion: Occasion::LastDay });
            }
        }
    }

    /// Viewers open every link of an egress that stands.
    pub(super) fn views(&mut self, egress_id: &str, occasion: Occasion) {
        let links = self.state.ports.links.get(egress_id).cloned().unwrap_or_default();
        for link in links {
            self.view(&link, occasion);
        }
    }

    pub(super) fn views_all(&mut self, tenant: TenantIx, room: Option<&str>) {
        let name = self.state.tenant(tenant).name.to_string();
        let wanted: Vec<Link> = self
            .state
            .ports
            .links
            .values()
            .flatten()
            .filter(|link| {
                link.tenant == name
                    && room.is_none_or(|room| {
                        self.state.egress_named(&link.egress_id).is_some_and(|egress| &*egress.info.room_name == room)
                    })
            })
            .cloned()
            .collect();
        for link in wanted {
            self.view(&link, Occasion::Command);
        }
    }

    pub(super) fn view(&mut self, link: &Link, occasion: Occasion) {
        let outcome = viewer::watch(&self.state, link);
        self.log.emit(&self.state, &Fact::Viewed { link, occasion, outcome: &outcome });
    }
}
