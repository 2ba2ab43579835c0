//! What the durable ports hold: inventory, state, audit, links and timers. What is the same as JSON is read as it is told.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::state::Object;
use crate::time::Time;

/// State of an inventory row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RowState {
    /// The egress is under way.
    Recording,
    /// The recording is in the sink.
    Stored,
    /// The egress failed; there may be pieces in the sink.
    Failed,
    /// Deletion was begun.
    Deleting,
    /// Deleted and verified.
    Deleted,
}

/// Where a recording lies.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SinkKey {
    /// One object.
    Exact(String),
    /// Everything that begins so, and nothing else lies there.
    Prefix(String),
}

impl SinkKey {
    /// Whether `key` is part of it.
    pub fn covers(&self, key: &str) -> bool {
        match self {
            SinkKey::Exact(exact) => exact == key,
            SinkKey::Prefix(prefix) => key.starts_with(prefix.as_str()),
        }
    }
}

/// One recording of the operator's inventory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
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
    pub backup_bucket: Option<String>,
    /// `composite`, `track`, or a word of the operator's own.
    pub kind: String,
    /// State.
    pub state: RowState,
    /// Free JSON.
    pub details: String,
}

impl Row {
    /// The bucket, and the backup bucket where there is one.
    pub fn buckets(&self) -> impl Iterator<Item = &str> {
        [self.bucket.as_str()].into_iter().chain(self.backup_bucket.as_deref())
    }

    /// Whether an object is part of it.
    pub fn covers(&self, object: &Object) -> bool {
        self.key.covers(&object.key) && self.buckets().any(|bucket| *bucket == *object.bucket)
    }
}

/// A row as the store has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StoredRow {
    /// The row; shared, because facts and replies carry it along.
    pub row: Arc<Row>,
    /// Rises with each commit that writes it.
    pub version: u64,
}

/// A state key as the store has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StateEntry {
    /// Key.
    pub key: String,
    /// Value.
    pub value: String,
    /// Rises with each commit that writes it.
    pub version: u64,
}

/// One write of a commit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Write {
    /// Insert or replace.
    PutRow(Arc<Row>),
    /// Remove a row by egress id.
    DeleteRow(String),
    /// Insert or replace key and value.
    PutState(String, String),
    /// Remove a key.
    DeleteState(String),
}

/// What a precondition speaks of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Subject {
    /// An inventory row, by egress id.
    Row(String),
    /// A state key.
    State(String),
}

/// What it demands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Expectation {
    /// Not there.
    Absent,
    /// There, with this version.
    VersionIs(u64),
}

/// A demand on the store before a commit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Precondition {
    /// Of what.
    pub subject: Subject,
    /// What.
    pub expect: Expectation,
}

/// The answer to a commit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum CommitOutcome {
    /// Under this revision.
    Committed(u64),
    /// This subject was not as expected; nothing was written.
    Conflict(Subject),
}

/// What an audit record is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AuditAction {
    /// A deletion.
    Delete,
    /// A legal hold was set.
    LegalHold,
    /// A legal hold was lifted.
    LiftHold,
    /// A link was published.
    Publish,
    /// A link was retracted.
    Retract,
    /// A delivery was refused.
    RefuseWebhook,
}

/// How it went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AuditOutcome {
    /// It happened.
    Done,
    /// A definite no, with the code.
    Refused(String),
    /// It will be tried again, with the code.
    Failed(String),
}

/// One line of the audit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AuditRecord {
    /// About what.
    pub action: AuditAction,
    /// Whose.
    pub tenant: String,
    /// Which recording.
    pub egress_id: Option<String>,
    /// Bucket.
    pub bucket: Option<String>,
    /// Key.
    pub key: Option<String>,
    /// One version of it; none on a delete: every version.
    pub version_id: Option<String>,
    /// How it went.
    pub outcome: AuditOutcome,
    /// The same action told twice carries the same key.
    pub idempotency_key: String,
}

/// A playback link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Link {
    /// The recording.
    pub egress_id: String,
    /// Whose.
    pub tenant: String,
    /// Where viewers go.
    pub url: String,
}

/// A durable timer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Timer {
    /// Name; setting it again replaces it.
    pub name: String,
    /// When.
    pub at: Time,
    /// Free text.
    pub payload: String,
}
