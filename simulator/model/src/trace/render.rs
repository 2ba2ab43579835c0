//! Facts in words: one line each, without colour, in the words of the domain.
//!
//! Trace files, failure stories and pages all show these lines. Text that a guest made stands in them as it is: whoever
//! prints it escapes it. [`mentions`] says whom a fact is about and [`is_notable`] whether a story is poorer without
//! it, so that a story of twelve lines can be picked from a million facts.

use std::fmt::Write as _;

use super::{Actor, DropReason, Fact, Occasion, Viewing, WebhookFact};
use crate::call::{Answer, Call, Command, Delivery, Hold, LogLevel, Order, RowState};
use crate::live::NOBODY;
use crate::operator::TrapKind;
use crate::sink::{Change, ChangeKind};
use crate::state::State;

mod ask;
mod mention;
mod tell;

pub use mention::mentions;

/// Letters of a version id that are shown: enough to tell those of one key apart.
const VERSION_LETTERS: usize = 8;

/// The fact as one line, without time and lane.
pub fn line(fact: &Fact<'_>, state: &State) -> String {
    match fact {
        Fact::RoomStarted { room, call, .. } => {
            let call = state.call(*call);
            format!("room {room} started ({}, {})", call.recording.name(), call.output.name())
        }
        Fact::RoomFinished { room, .. } => format!("room {room} finished"),
        Fact::ParticipantJoined { room, identity, recorder, .. } => {
            format!("{} joined {room}", participant(identity, *recorder))
        }
        Fact::ParticipantLeft { room, identity, recorder, .. } => {
            format!("{} left {room}", participant(identity, *recorder))
        }
        Fact::TrackPublished { room, identity, sid, source, .. } => {
            format!("{identity} published {} {sid} in {room}", source.name())
        }
        Fact::CommandGiven { command } => format!("command: {}", command_words(command)),
        Fact::EgressChanged { id, room, status, details, error, .. } => {
            let mut line = format!("{id} of {room} is {}", status.as_str_name());
            for text in [details, error] {
                if !text.is_empty() {
                    let _ = write!(line, " ({text})");
                }
            }
            line
        }
        Fact::Sink { by, bucket, change } => sink_line(*by, bucket, change, state),
        Fact::WebhookQueued { queue, event, .. } => format!("{event} queued for {queue}"),
        Fact::WebhookDropped { queue, event, why, .. } => {
            let why = match why {
                DropReason::Attempts => "every attempt failed",
                DropReason::Age => "it had waited too long",
                DropReason::Depth => "the queue was full",
                DropReason::Fault => "a fault took it",
            };
            format!("{event} for {queue} lost: {why}")
        }
        Fact::WebhookAnswered { event, room, attempt, status, .. } => match status {
            0 => format!("{event}{} not answered (attempt {attempt})", of(room)),
            status => format!("{event}{} answered {status} (attempt {attempt})", of(room)),
        },
        Fact::Booted { boot } => {
            format!("instance {} started (incarnation {})", boot.instance, boot.incarnation)
        }
        Fact::DeliveryBegan { delivery, webhook, .. } => began(delivery, webhook.as_ref()),
        Fact::Called { call, .. } => ask::line(call),
        Fact::Replied { call, reply, .. } => tell::line(call, reply),
        Fact::DeliveryEnded { answer, .. } => match answer {
            Answer::Ok => "done".into(),
            Answer::Reject(why) => format!("refused: {why}"),
            Answer::RetryLater(why) => format!("not now, send it again: {why}"),
        },
        Fact::Crashed { instance: NOBODY } => "the operator's process was killed".into(),
        Fact::Crashed { instance } => format!("instance {instance} crashed"),
        Fact::Stopped { instance } => format!("instance {instance} stopped: another has taken over"),
        Fact::Trapped { instance, trap } => {
            let kind = match trap.kind {
                TrapKind::Trap => "trapped",
                TrapKind::OutOfFuel => "ran out of fuel",
                TrapKind::OutOfMemory => "ran out of memory",
                TrapKind::StackOverflow => "overflowed its stack",
                TrapKind::Payload => "carried too much in one call",
                TrapKind::Calls => "made too many calls",
                TrapKind::Run => "comes to no end",
                TrapKind::Instantiation => "could not be started",
            };
            format!("instance {instance} {kind}: {}", trap.message)
        }
        Fact::GivenUp { instance } => format!("instance {instance} is not started again"),
        Fact::RowCommitted { egress_id, state: row } => match row {
            Some(row) => format!("row of {egress_id} is {}", row_state(*row)),
            None => format!("row of {egress_id} removed"),
        },
        Fact::Audited { records, .. } => format!("audited: {}", ask::audits(records)),
        Fact::Published { link } => format!("link to {} published: {}", link.egress_id, link.url),
        Fact::Retracted { egress_id } => format!("links to {egress_id} retracted"),
        Fact::Viewed { link, occasion, outcome } => {
            let occasion = match occasion {
                Occasion::Published => "just published",
                Occasion::Command => "on command",
                Occasion::LastDay => "on its last day",
            };
            match outcome {
                Viewing::Played { objects: 1 } => format!("{} played ({occasion})", link.url),
                Viewing::Played { objects } => format!("{} played, {objects} objects ({occasion})", link.url),
                Viewing::Failed { url, status: 0, why } => {
                    format!("{} does not play ({occasion}): {url} gave no answer: {why}", link.url)
                }
                Viewing::Failed { url, status, why } => {
                    format!("{} does not play ({occasion}): {url} gave {status}: {why}", link.url)
                }
            }
        }
        Fact::GoalsLooked { healed, met, unmet } => {
            let since = state.now.since(*healed);
            match (unmet, met) {
                (Some(unmet), _) => format!("{since} after the last fault: {}", unmet.words),
                (None, true) => format!("{since} after the last fault the operator's goals are reached"),
                (None, false) => format!("{since} after the last fault nothing is amiss, but calls of that time go on"),
            }
        }
        Fact::FaultStruck { fault, kind, .. } => {
            let name = state.scenario.faults.get(*fault).map_or("", |fault| fault.name.as_str());
            if name.is_empty() { format!("injected {kind}") } else { format!("injected {kind} ({name})") }
        }
    }
}

/// Whether a story is poorer without the fact. What only repeats another fact, or happens in every delivery, is not
/// notable: a commit shows as its rows, a stored segment as its playlist.
pub fn is_notable(fact: &Fact<'_>) -> bool {
    match fact {
        Fact::TrackPublished { .. } | Fact::WebhookQueued { .. } => false,
        Fact::ParticipantJoined { recorder, .. } | Fact::ParticipantLeft { recorder, .. } => !recorder,
        Fact::Sink { change, .. } => !matches!(change.kind, ChangeKind::Stored { .. }) || !is_segment(&change.key),
        Fact::WebhookAnswered { status, .. } => !(200..300).contains(status),
        Fact::Booted { boot } => boot.incarnation > 1,
        Fact::DeliveryBegan { webhook: Some(webhook), .. } => !webhook.authentic || !is_of_participants(webhook.event),
        Fact::DeliveryBegan { delivery, .. } => !matches!(delivery, Delivery::Init(_)),
        Fact::DeliveryEnded { answer, .. } => **answer != Answer::Ok,
        Fact::Called { call, .. } => match call {
            Call::Log { level, .. } => matches!(level, LogLevel::Warn | LogLevel::Error),
            Call::CheckAlways { condition, .. } => !condition,
            Call::Commit { .. } | Call::Publish(_) | Call::Retract { .. } | Call::AuditAppend(_) => false,
            call => call.is_mutating(),
        },
        Fact::Replied { reply, .. } => tell::is_notable(reply),
        Fact::GoalsLooked { unmet, .. } => unmet.is_some(),
        _ => true,
    }
}

/// Participants and tracks come in numbers, and the scenario's own lines tell of them.
fn is_of_participants(event: &str) -> bool {
    event.starts_with("participant_") || event.starts_with("track_")
}

fn participant(identity: &str, recorder: bool) -> String {
    if recorder { format!("recorder {identity}") } else { identity.to_owned() }
}

/// ` of ROOM`, or nothing where there is no room.
fn of(room: &str) -> String {
    if room.is_empty() { String::new() } else { format!(" of {room}") }
}

/// Event, attempt and what is wrong with a delivery.
fn began(delivery: &Delivery, webhook: Option<&WebhookFact<'_>>) -> String {
    match delivery {
        Delivery::Init(boot) => format!("init (incarnation {})", boot.incarnation),
        Delivery::Webhook { delivery, attempt } => {
            let mut line = webhook.map_or_else(
                || format!("webhook {delivery} delivered"),
                |webhook| {
                    let subject = if webhook.egress_id.is_empty() { webhook.room } else { webhook.egress_id };
                    format!("{}{} delivered", webhook.event, of(subject))
                },
            );
            let _ = write!(line, " (attempt {attempt})");
            if webhook.is_some_and(|webhook| !webhook.authentic) {
                line.push_str(", forged");
            }
            line
        }
        Delivery::Command(command) => format!("command delivered: {}", command_words(command)),
        Delivery::Timer(timer) => format!("timer {} rings", timer.name),
    }
}

fn command_words(command: &Command) -> String {
    let hold = |what: &str, hold: &Hold| match &hold.room {
        Some(room) => format!("{what} {} room {room}", hold.tenant),
        None => format!("{what} {}, all rooms", hold.tenant),
    };
    match &command.order {
        Order::ContractEnded(tenant) => format!("contract of {tenant} ended"),
        Order::LegalHold(which) => hold("legal hold on", which),
        Order::LiftHold(which) => hold("legal hold lifted from", which),
        Order::Playback(which) => hold("playback of", which),
    }
}

fn sink_line(by: Actor, bucket: &str, change: &Change, state: &State) -> String {
    let by = match by {
        Actor::Egress(ix) => state
            .egresses
            .get(ix.0 as usize)
            .map_or_else(|| "egress".into(), |egress| egress.info.egress_id.to_string()),
        Actor::Operator(_) => "operator".into(),
        Actor::Lifecycle => "lifecycle rule".into(),
        Actor::Replication => "replication".into(),
    };
    let key = place(bucket, &change.key, change.version.as_deref());
    match change.kind {
        ChangeKind::Stored { size } => format!("{key} stored by {by}, {}", bytes(size)),
        ChangeKind::MarkerMade => format!("{key} hidden under a delete marker by {by}"),
        ChangeKind::Erased { last: true, .. } => format!("{key} erased by {by}, nothing is left of it"),
        ChangeKind::Erased { last: false, .. } => format!("{key} erased by {by}"),
        ChangeKind::MarkerRemoved { last: true } => format!("delete marker of {key} removed by {by}, nothing is left"),
        ChangeKind::MarkerRemoved { last: false } => format!("delete marker of {key} removed by {by}"),
        ChangeKind::UploadBegun => format!("{key} upload begun by {by}"),
        ChangeKind::UploadAborted => format!("{key} upload aborted by {by}"),
    }
}

/// `bucket/key`, with the beginning of the version where there is one.
fn place(bucket: &str, key: &str, version: Option<&str>) -> String {
    match version {
        Some(version) => match version.char_indices().nth(VERSION_LETTERS) {
            Some((end, _)) => format!("{bucket}/{key}@{}…", &version[..end]),
            None => format!("{bucket}/{key}@{version}"),
        },
        None => format!("{bucket}/{key}"),
    }
}

fn is_segment(key: &str) -> bool {
    key.rsplit_once('.').is_some_and(|(_, extension)| extension == "ts")
}

const fn row_state(state: RowState) -> &'static str {
    match state {
        RowState::Recording => "recording",
        RowState::Stored => "stored",
        RowState::Failed => "failed",
        RowState::Deleting => "deleting",
        RowState::Deleted => "deleted",
    }
}

/// `1 key`, `12 keys`.
fn plural(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

/// Whole bytes below 1 kB, then kB, MB and GB cut off to whole ones.
fn bytes(size: u64) -> String {
    match size {
        0..1_000 => format!("{size} B"),
        1_000..1_000_000 => format!("{} kB", size / 1_000),
        1_000_000..1_000_000_000 => format!("{} MB", size / 1_000_000),
        _ => format!("{} GB", size / 1_000_000_000),
    }
}

#[cfg(test)]
mod tests;
