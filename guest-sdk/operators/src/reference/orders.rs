//! Orders of the operator's own organisation: contract ends and legal holds.

use std::collections::BTreeMap;

use egress_sim_sdk::{
    AuditAction, AuditOutcome, AuditRecord, Command, Commit, Cx, Error, Hold, Order, Outcome, Result, StateEntry,
};

use super::Steps;
use super::sweep;

/// Held recordings that are taken up again by one commit.
const PAGE: u32 = 500;

/// The legal holds that stand for a tenant.
pub struct Holds {
    /// On everything.
    all: Option<StateEntry>,
    /// By room.
    rooms: BTreeMap<String, StateEntry>,
}

impl Holds {
    /// Whether one stands on recordings of a room.
    pub fn stand_on(&self, room: &str) -> bool {
        self.on(room).is_some()
    }

    /// What was written down of a hold that stands on recordings of a room.
    pub fn on(&self, room: &str) -> Option<&StateEntry> {
        self.all.as_ref().or_else(|| self.rooms.get(room))
    }

    /// Whether any stands.
    pub fn any(&self) -> bool {
        self.all.is_some() || !self.rooms.is_empty()
    }
}

impl dyn Steps {
    /// A command. It comes again until it is answered, so each part of this can be done twice.
    pub fn ordered(&mut self, cx: &mut Cx<'_>, command: &Command) -> Outcome {
        match &command.order {
            Order::ContractEnded(tenant) => self.contract_ended(cx, tenant),
            Order::LegalHold(hold) => {
                cx.commit(Commit::new().put_state(&hold_key(hold), command.id.as_str()))?;
                self.audit_hold(cx, command)
            }
            Order::LiftHold(hold) => {
                cx.commit(Commit::new().delete_state(&hold_key(hold)))?;
                self.audit_hold(cx, command)?;
                if cx.state().get(&sweep::contract_key(&hold.tenant))?.is_some() {
                    self.watch_from_now(cx, &hold.tenant)?;
                }
                self.take_up(cx, &hold.tenant)
            }
            // Every stored recording is published as soon as it is stored.
            Order::Playback(_) => Ok(()),
        }
    }

    /// Notes that the contract has ended, from which moment on nothing new is kept, and begins the sweep.
    fn contract_ended(&mut self, cx: &mut Cx<'_>, tenant: &str) -> Outcome {
        let key = sweep::contract_key(tenant);
        match cx.commit(Commit::new().put_state(&key, sweep::Pass::default().to_json()).expect_no_state(&key)) {
            Ok(_) | Err(Error::Conflict(_)) => {}
            Err(error) => return Err(error),
        }
        self.watch_from_now(cx, tenant)?;
        self.sweep_on(cx, tenant)
    }

    /// Plans the deletion of recordings that were left alone because of a hold. Those that another hold stands on are put
    /// aside again by the sweep itself.
    fn take_up(&mut self, cx: &mut Cx<'_>, tenant: &str) -> Outcome {
        let prefix = sweep::held_key(tenant, "");
        let mut after = None;
        loop {
            // Never from the first again: what another hold stands on may be put aside as fast as it is taken up.
            let page = cx.state().scan(&prefix, after, PAGE)?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.key.clone());
            let now = self.desk().now(cx);
            self.wake(cx, tenant, now)?;
            let commit = page.iter().fold(Commit::new(), |commit, entry| {
                let egress_id = &entry.key[prefix.len()..];
                commit.delete_state(&entry.key).put_state(&sweep::due_key(tenant, now, egress_id), "")
            });
            cx.commit(commit)?;
            // Once more: where another instance was quicker than this commit, it found nothing to do.
            self.wake(cx, tenant, now)?;
            if page.len() < PAGE as usize {
                return Ok(());
            }
        }
    }
}

/// The holds that stand for a tenant.
pub fn holds_of(cx: &mut Cx<'_>, tenant: &str) -> Result<Holds> {
    let prefix = format!("hold/{tenant}/");
    let mut holds = Holds { all: None, rooms: BTreeMap::new() };
    for entry in cx.state().all(&prefix)? {
        match entry.key[prefix.len()..].strip_prefix("room/") {
            None => holds.all = Some(entry),
            Some(room) => _ = holds.rooms.insert(room.to_owned(), entry),
        }
    }
    Ok(holds)
}

fn hold_key(hold: &Hold) -> String {
    match &hold.room {
        None => format!("hold/{}/all", hold.tenant),
        Some(room) => format!("hold/{}/room/{room}", hold.tenant),
    }
}

/// What the audit says of a hold; none: the command is about something else.
pub fn hold_record(command: &Command) -> Option<AuditRecord> {
    let (action, hold) = match &command.order {
        Order::LegalHold(hold) => (AuditAction::LegalHold, hold),
        Order::LiftHold(hold) => (AuditAction::LiftHold, hold),
        Order::ContractEnded(_) | Order::Playback(_) => return None,
    };
    Some(AuditRecord {
        action,
        tenant: hold.tenant.clone(),
        egress_id: None,
        bucket: None,
        key: None,
        version_id: None,
        outcome: AuditOutcome::Done,
        idempotency_key: format!("hold/{}", command.id),
    })
}
