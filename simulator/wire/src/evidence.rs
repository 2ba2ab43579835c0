//! The evidence ports as JSON: what an operator process sends to show its work, what it is answered, and what it is posted.
//!
//! Fields and words are those of the contract in `guest-sdk/wit`, in snake case; moments are RFC 3339, lengths of time seconds.
//! `docs/control-api.md` shows each of them.

use std::sync::Arc;

use egress_sim_model::call::{
    self, Call, CallError, CommitOutcome, Expectation, Order, Rejection, Reply, RowState, SinkKey, Subject,
};
use egress_sim_model::live::WakeUp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

mod answers;

pub use answers::{Audited, Boot, Committed, Kept, Stored};

/// `POST /commit`: all writes, or none of them.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Commit {
    /// What to write.
    pub writes: Vec<Write>,
    /// What must be so before.
    #[serde(default)]
    pub preconditions: Vec<Precondition>,
}

/// One write.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Write {
    /// Insert or replace.
    PutRow(Row),
    /// Remove a row by egress id.
    DeleteRow(String),
    /// Insert or replace.
    PutState(Entry),
    /// Remove a key.
    DeleteState(String),
}

/// A state key with its value.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Key.
    pub key: String,
    /// Value.
    pub value: String,
}

/// A demand on the store before a commit.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Precondition {
    /// Of what.
    pub subject: Of,
    /// What.
    pub expect: Expect,
}

/// What a precondition speaks of.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Of {
    /// An inventory row, by egress id.
    Row(String),
    /// A state key.
    State(String),
}

/// What it demands.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Expect {
    /// Not there.
    Absent,
    /// There, with this version.
    VersionIs(u64),
}

/// One recording of the operator's inventory.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// `EG_…`; the row's key.
    pub egress_id: String,
    /// Tenant.
    pub tenant: String,
    /// The room's name.
    pub room: String,
    /// Bucket.
    pub bucket: String,
    /// Where in it.
    pub key: SinkKey,
    /// The same key or prefix may lie in this bucket, too.
    #[serde(default)]
    pub backup_bucket: Option<String>,
    /// `composite`, `track`, or a word of the operator's own.
    #[serde(default = "composite")]
    pub kind: String,
    /// How far it is.
    pub state: RowState,
    /// Any JSON.
    #[serde(default)]
    pub details: Value,
}

fn composite() -> String {
    "composite".into()
}

/// `POST /publish`
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Link {
    /// The recording.
    pub egress_id: String,
    /// Whose.
    pub tenant: String,
    /// Where viewers go.
    pub url: String,
}

/// `POST /retract`
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Retract {
    /// Every link of this egress.
    pub egress_id: String,
}

/// `POST /check/always`
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Always {
    /// The `NAME` of `custom.NAME`.
    pub name: String,
    /// Whether it holds.
    pub condition: bool,
    /// For the message where it does not.
    #[serde(default)]
    pub details: String,
}

/// `POST /check/sometimes`
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sometimes {
    /// The `NAME` of `custom.NAME`.
    pub name: String,
    /// Whether it happened.
    pub condition: bool,
}

impl From<Commit> for Call {
    fn from(commit: Commit) -> Call {
        Call::Commit {
            writes: commit.writes.into_iter().map(Into::into).collect(),
            preconditions: commit.preconditions.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<Write> for call::Write {
    fn from(write: Write) -> call::Write {
        match write {
            Write::PutRow(row) => call::Write::PutRow(Arc::new(row.into())),
            Write::DeleteRow(egress_id) => call::Write::DeleteRow(egress_id),
            Write::PutState(Entry { key, value }) => call::Write::PutState(key, value),
            Write::DeleteState(key) => call::Write::DeleteState(key),
        }
    }
}

impl From<Precondition> for call::Precondition {
    fn from(precondition: Precondition) -> call::Precondition {
        call::Precondition {
            subject: match precondition.subject {
                Of::Row(egress_id) => Subject::Row(egress_id),
                Of::State(key) => Subject::State(key),
            },
            expect: match precondition.expect {
                Expect::Absent => Expectation::Absent,
                Expect::VersionIs(version) => Expectation::VersionIs(version),
            },
        }
    }
}

impl From<Row> for call::Row {
    fn from(row: Row) -> call::Row {
        call::Row {
            egress_id: row.egress_id,
            tenant: row.tenant,
            room: row.room,
            bucket: row.bucket,
            key: row.key,
            backup_bucket: row.backup_bucket,
            kind: row.kind,
            state: row.state,
            details: if row.details.is_null() { String::new() } else { row.details.to_string() },
        }
    }
}

impl From<Link> for Call {
    fn from(link: Link) -> Call {
        Call::Publish(call::Link { egress_id: link.egress_id, tenant: link.tenant, url: link.url })
    }
}

impl From<Retract> for Call {
    fn from(retract: Retract) -> Call {
        Call::Retract { egress_id: retract.egress_id }
    }
}

impl From<Always> for Call {
    fn from(check: Always) -> Call {
        Call::CheckAlways { name: check.name, condition: check.condition, details: check.details }
    }
}

impl From<Sometimes> for Call {
    fn from(check: Sometimes) -> Call {
        Call::CheckSometimes { name: check.name, condition: check.condition }
    }
}

/// HTTP status and body of the answer to a call of an evidence port.
pub fn answer(call: &Call, reply: &Reply) -> (u16, Value) {
    let nothing_there = |what: String| (404, json!({ "error": format!("there is no {what}") }));
    let answered = match reply {
        Reply::Commit(Ok(CommitOutcome::Committed(revision))) => {
            return (200, json!(Committed { revision: *revision }));
        }
        Reply::Commit(Ok(CommitOutcome::Conflict(subject))) => {
            let (of, words) = match subject {
                Subject::Row(egress_id) => (Of::Row(egress_id.clone()), format!("row {egress_id}")),
                Subject::State(key) => (Of::State(key.clone()), format!("state key \"{key}\"")),
            };
            let error = format!("{words} is not as `preconditions` expect; nothing was written");
            return (409, json!({ "error": error, "conflict": of }));
        }
        Reply::Row(Ok(None)) => return nothing_there(format!("row of {}", call.egress_id().unwrap_or_default())),
        Reply::State(Ok(None)) => {
            let key = if let Call::StateGet { key } = call { key.as_str() } else { "" };
            return nothing_there(format!("state key \"{key}\""));
        }
        Reply::Row(Ok(Some(stored))) => Ok(json!(Stored::from(stored))),
        Reply::Rows(Ok(rows)) => Ok(rows.iter().map(Stored::from).map(|row| json!(row)).collect()),
        Reply::State(Ok(Some(entry))) => Ok(json!(Kept::from(entry))),
        Reply::States(Ok(entries)) => Ok(entries.iter().map(Kept::from).map(|entry| json!(entry)).collect()),
        Reply::Done(Ok(())) | Reply::Nothing => Ok(json!({})),
        Reply::Commit(Err(error))
        | Reply::Row(Err(error))
        | Reply::Rows(Err(error))
        | Reply::State(Err(error))
        | Reply::States(Err(error))
        | Reply::Done(Err(error)) => Err(error),
        other => unreachable!("{} is not answered with {other:?}", call.name()),
    };
    answered.map_or_else(failed, |answer| (200, answer))
}

/// The three things that a failure can mean.
fn failed(error: &CallError) -> (u16, Value) {
    match error {
        CallError::Rejected(Rejection { code, status, message }) => {
            (*status, json!({ "error": message, "failure": "rejected", "code": code }))
        }
        CallError::NotSent(why) => (503, json!({ "error": why, "failure": "not_sent" })),
        CallError::OutcomeUnknown(why) => (504, json!({ "error": why, "failure": "outcome_unknown" })),
    }
}

/// The body of a post to `/commands`.
pub fn command(command: &call::Command, attempt: u32) -> Value {
    let (what, tenant, room) = match &command.order {
        Order::ContractEnded(tenant) => ("contract_ended", tenant, None),
        Order::LegalHold(hold) => ("legal_hold", &hold.tenant, hold.room.as_deref()),
        Order::LiftHold(hold) => ("lift_hold", &hold.tenant, hold.room.as_deref()),
        Order::Playback(hold) => ("playback", &hold.tenant, hold.room.as_deref()),
    };
    json!({ "id": command.id, "attempt": attempt, "do": what, "tenant": tenant, "room": room })
}

/// The body of a post to `/timers`.
pub fn timer(timer: &call::Timer, attempt: u32) -> Value {
    json!({ "timer": timer.name, "payload": timer.payload, "at": timer.at.to_rfc3339(), "attempt": attempt })
}

/// The body of a post to a wake-up's path.
pub fn wake_up(wake_up: &WakeUp, attempt: u32) -> Value {
    json!({ "wake_up": wake_up.name, "at": wake_up.at.to_rfc3339(), "attempt": attempt })
}
