//! What an operator is to have reached once nothing goes wrong any more, as a look at one moment's state.
//!
//! Promises say what must never happen; goals say what must come true in the end, whatever went wrong before. They are
//! about what was begun before the world was healed: calls, commands, and whatever is overdue. What begins later is
//! ordinary business, in which something is always half done.
//!
//! The goals, in the order in which the first unmet one is named:
//!
//! - every command is answered;
//! - a call that goes on and is to be recorded is being recorded: a compliance call by a composite, a processing call by an
//!   egress for each audio track that is published now;
//! - no egress records a call that is over;
//! - every egress that became ACTIVE has an inventory row, and of one that has ended the row says how it ended;
//! - no row says `deleting` of a recording of which nothing is left, unless a legal hold stands on it;
//! - nothing is in the sink that is overdue for deletion, by the contract's end or by `retention_max`, except what object lock
//!   protects, or has protected within the last [`TO_DELETE`].

use crate::call::{Order, RowState};
use crate::livekit::Source;
use crate::property::locks::TO_DELETE;
use crate::property::{Mention, custody, words};
use crate::scenario::Recording;
use crate::state::{CallIx, EgressIx, Object, State};
use crate::time::Time;

/// What a look found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Goals {
    /// Every goal is reached.
    Met,
    /// Nothing is amiss, but a call that began before is not over yet: what went wrong may still show at its end.
    UnderWay,
    /// This goal, and perhaps others, is not reached.
    Unmet(Unmet),
}

/// A goal that is not reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unmet {
    /// What is the case instead, in domain words: a clause that begins with its subject.
    pub words: String,
    /// Whom it is about.
    pub about: Vec<Mention>,
}

/// What an operator shows of its work: goals that only this could show to be reached are not asked for without it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shown {
    /// It keeps an inventory that can be read.
    pub rows: bool,
    /// It can be told that a contract has ended.
    pub told_of_contract_ends: bool,
}

impl Shown {
    /// All of it, as every guest does.
    pub const ALL: Shown = Shown { rows: true, told_of_contract_ends: true };
}

/// Looks at what was begun until `healed`.
pub fn look(state: &State, healed: Time, shown: Shown) -> Goals {
    if let Some(unmet) = unanswered(state, healed) {
        return Goals::Unmet(unmet);
    }
    let mut under_way = false;
    for call in state.calls.iter().take_while(|call| call.started_at <= healed) {
        under_way |= !call.ended;
        if let Some(unmet) = unrecorded(state, call.ix) {
            return Goals::Unmet(unmet);
        }
        for &ix in &call.egresses {
            under_way |= state.egress(ix).info.status.is_live();
            if let Some(unmet) = unfinished(state, ix, shown) {
                return Goals::Unmet(unmet);
            }
        }
    }
    if shown.told_of_contract_ends
        && let Some(unmet) = overdue(state)
    {
        return Goals::Unmet(unmet);
    }
    if under_way { Goals::UnderWay } else { Goals::Met }
}

fn unanswered(state: &State, healed: Time) -> Option<Unmet> {
    let (_, (given, command)) = state.unanswered.iter().find(|(_, (given, _))| *given <= healed)?;
    let tenant = match &command.order {
        Order::ContractEnded(tenant) => tenant,
        Order::LegalHold(hold) | Order::LiftHold(hold) | Order::Playback(hold) => &hold.tenant,
    };
    let words = format!(
        "the command {} of tenant {tenant} is not answered {} after it was given",
        command.id,
        state.now.since(*given)
    );
    Some(Unmet { words, about: vec![Mention::Tenant(tenant.clone())] })
}

fn unrecorded(state: &State, ix: CallIx) -> Option<Unmet> {
    let call = state.call(ix);
    if call.ended {
        return None;
    }
    let live = || call.egresses.iter().map(|ix| state.egress(*ix)).filter(|egress| egress.is_recording());
    let missing = match call.recording {
        Recording::None => None,
        Recording::Compliance => {
            let recorded = live().any(crate::state::Egress::is_composite);
            (!recorded).then(|| format!("nothing records {}, which goes on", words::call(state, ix)))
        }
        Recording::Processing => {
            let present =
                |person: &&crate::state::ParticipantState| person.joins_at <= state.now && state.now < person.leaves_at;
            let mut tracks = call.participants.iter().filter(present).flat_map(|person| &person.tracks);
            let silent = tracks.find(|track| {
                let records =
                    |source: &Source| matches!(source, Source::Track { track_id } if **track_id == *track.sid);
                track.source.is_audio() && !live().any(|egress| records(&egress.info.request.source))
            });
            silent.map(|track| format!("nothing records track {} of {}", track.sid, words::call(state, ix)))
        }
    };
    missing.map(|words| Unmet { words, about: words::about_call(state, ix) })
}

fn unfinished(state: &State, ix: EgressIx, shown: Shown) -> Option<Unmet> {
    let egress = state.egress(ix);
    let unmet = |what: &str| {
        let words = format!("{} {what}", words::egress(state, ix));
        Some(Unmet { words, about: words::about_egress(state, ix) })
    };
    if egress.is_recording() && state.call(egress.call).ended {
        return unmet("still records, although the call is over");
    }
    if !shown.rows {
        return None;
    }
    let ended = !egress.info.status.is_live();
    let row = state.ports.rows.get(&egress.info.egress_id).map(|stored| stored.row.state);
    match row {
        None if egress.active_at.is_some() || !egress.objects.is_empty() => unmet("has no inventory row"),
        Some(RowState::Recording) if ended => unmet("has ended, but its inventory row says `recording`"),
        Some(RowState::Deleting) if !custody::is_held(state, ix) && is_gone(state, ix) => {
            unmet("is gone from the sink, but its inventory row says `deleting`")
        }
        _ => None,
    }
}

fn overdue(state: &State) -> Option<Unmet> {
    for tenant in &state.tenants {
        let rule = state.tenant_rule(tenant.ix);
        let contract = tenant.deletion_due(rule.delete_within);
        if contract.is_none_or(|due| due >= state.now) && rule.retention_max.is_none() {
            continue;
        }
        let calls = state.calls.iter().filter(|call| call.tenant == tenant.ix);
        for &ix in calls.flat_map(|call| &call.egresses) {
            if custody::is_held(state, ix) {
                continue;
            }
            let lifted = tenant.holds.iter().filter_map(|hold| hold.lifted_at).max().map(|at| at + rule.delete_within);
            let ended = state.egress(ix).info.ended_at;
            let kept_until =
                ended.zip(rule.retention_max).map(|(ended, most)| (ended + most).max(lifted.unwrap_or(ended)));
            let due = [contract, kept_until].into_iter().flatten().min();
            if due.is_some_and(|due| due < state.now) && !is_deleted_as_far_as_may_be(state, ix) {
                let words = format!("{} is overdue for deletion and still in the sink", words::egress(state, ix));
                return Some(Unmet { words, about: words::about_egress(state, ix) });
            }
        }
    }
    None
}

/// Whether nothing is left of what an egress stored.
fn is_gone(state: &State, ix: EgressIx) -> bool {
    let objects = &state.egress(ix).objects;
    objects.iter().all(|object| custody::remains(state, &object.bucket, &object.key, ix).is_none())
}

/// Whether nothing is left of it that anybody could have deleted by now: object lock protects the rest, or has until
/// [`TO_DELETE`] ago. Nobody learns when a lock ends but by trying.
fn is_deleted_as_far_as_may_be(state: &State, ix: EgressIx) -> bool {
    let locked = |object: &Object| {
        let versions = custody::versions(state, &object.bucket, &object.key);
        versions
            .is_some_and(|versions| versions.0.iter().any(|version| version.is_locked(state.now - TO_DELETE, false)))
    };
    let gone = |object: &Object| custody::remains(state, &object.bucket, &object.key, ix).is_none();
    state.egress(ix).objects.iter().all(|object| gone(object) || locked(object))
}

#[cfg(test)]
mod tests;
