//! The seam: everything an operator may ask ([`Call`]) and everything it may be told ([`Reply`], [`Delivery`]).
//!
//! There is no second way into the world. The typed contract of the sandbox, a native operator and, over
//! sockets, a Twirp or S3 request all become a `Call`; a call is where a fault is injected, where an operator
//! may crash and where another instance may run. All of these are plain values that serialise canonically,
//! because the trace hash is taken over them.

use std::sync::Arc;

use bytes::Bytes;
use serde::Serialize;

use crate::livekit::{EgressInfo, ParticipantInfo, Room, StartEgress, TrackInfo, WebhookEvent};
use crate::scenario::ObjectLock;
use crate::time::{Span, Time};

mod api;
mod ports;
pub mod s3;

pub use api::{ApiCall, CreateRoom, RoomEgress, UpdateParticipant};
pub use ports::{
    AuditAction, AuditOutcome, AuditRecord, CommitOutcome, Expectation, Link, Precondition, Row, RowState, SinkKey,
    StateEntry, StoredRow, Subject, Timer, Write,
};
use s3::answer::{S3Answer, S3Failure};
use s3::request::S3Request;
pub use s3::{
    DeleteError, DeleteResult, DeletedObject, EntityTag, HeadResult, ListObjectsPage, ListVersionsPage,
    MultipartUpload, ObjectHead, ObjectId, ObjectSummary, ObjectVersion, PutResult, Versioning,
};

/// Something the operator asks of the world.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Call {
    /// `webhook.raw`: headers and bytes of a delivery.
    WebhookRaw {
        /// The handle that came with the delivery.
        delivery: u64,
    },
    /// `webhook.open`: the delivery verified and decoded.
    WebhookOpen {
        /// The handle that came with the delivery.
        delivery: u64,
    },
    /// `livekit.Egress/Start…Egress`.
    StartEgress(Arc<StartEgress>),
    /// `livekit.Egress/StopEgress`.
    StopEgress {
        /// `EG_…`
        egress_id: String,
    },
    /// `livekit.Egress/ListEgress`; empty strings filter nothing.
    ListEgress {
        /// Only of this room.
        room_name: String,
        /// Only this one; the other filters are then ignored.
        egress_id: String,
        /// Only STARTING, ACTIVE and ENDING.
        active: bool,
    },
    /// `livekit.RoomService/ListRooms`; empty: all.
    ListRooms {
        /// Only these.
        names: Vec<String>,
    },
    /// `livekit.RoomService/ListParticipants`.
    ListParticipants {
        /// The room's name.
        room: String,
    },
    /// S3 `HeadObject`.
    HeadObject {
        /// Bucket.
        bucket: String,
        /// Key and version.
        id: ObjectId,
    },
    /// S3 `GetObject`.
    GetObject {
        /// Bucket.
        bucket: String,
        /// Key and version.
        id: ObjectId,
        /// `Range: bytes=first-last`, both inclusive.
        range: Option<(u64, u64)>,
    },
    /// S3 `PutObject`.
    PutObject {
        /// Bucket.
        bucket: String,
        /// Key.
        key: String,
        /// `Content-Type`.
        content_type: String,
        /// The body.
        body: Bytes,
    },
    /// S3 `DeleteObject`.
    DeleteObject {
        /// Bucket.
        bucket: String,
        /// Key and version.
        id: ObjectId,
    },
    /// S3 `DeleteObjects`.
    DeleteObjects {
        /// Bucket.
        bucket: String,
        /// At most 1,000.
        objects: Vec<ObjectId>,
        /// Only errors in the reply.
        quiet: bool,
    },
    /// S3 `ListObjectsV2`.
    ListObjectsV2 {
        /// Bucket.
        bucket: String,
        /// Only keys that begin so.
        prefix: String,
        /// From an earlier page.
        continuation_token: Option<String>,
        /// 0: the default of 1,000.
        max_keys: u32,
    },
    /// S3 `ListObjectVersions`.
    ListObjectVersions {
        /// Bucket.
        bucket: String,
        /// Only keys that begin so.
        prefix: String,
        /// `KeyMarker` and `VersionIdMarker` of an earlier page.
        marker: Option<(String, String)>,
        /// 0: the default of 1,000.
        max_keys: u32,
    },
    /// S3 `ListMultipartUploads`.
    ListMultipartUploads {
        /// Bucket.
        bucket: String,
        /// Only keys that begin so.
        prefix: String,
    },
    /// S3 `AbortMultipartUpload`.
    AbortMultipartUpload {
        /// Bucket.
        bucket: String,
        /// Key.
        key: String,
        /// `UploadId`.
        upload_id: String,
    },
    /// S3 `GetBucketVersioning`.
    GetBucketVersioning {
        /// Bucket.
        bucket: String,
    },
    /// `store.commit`.
    Commit {
        /// All or none.
        writes: Vec<Write>,
        /// All must hold.
        preconditions: Vec<Precondition>,
    },
    /// `store.inventory-get`.
    InventoryGet {
        /// `EG_…`
        egress_id: String,
    },
    /// `store.inventory-scan`.
    InventoryScan {
        /// Rows of this tenant.
        tenant: String,
        /// Behind this egress id.
        after: Option<String>,
        /// At most so many.
        limit: u32,
    },
    /// `store.state-get`.
    StateGet {
        /// Key.
        key: String,
    },
    /// `store.state-scan`.
    StateScan {
        /// Keys that begin so.
        prefix: String,
        /// Behind this key.
        after: Option<String>,
        /// At most so many.
        limit: u32,
    },
    /// `audit.append`.
    AuditAppend(Vec<AuditRecord>),
    /// `publish.publish`.
    Publish(Link),
    /// `publish.retract`.
    Retract {
        /// Every link of this egress.
        egress_id: String,
    },
    /// `check.always`.
    CheckAlways {
        /// The `NAME` of `custom.NAME`.
        name: String,
        /// Whether it holds.
        condition: bool,
        /// For the message where it does not.
        details: String,
    },
    /// `check.sometimes`.
    CheckSometimes {
        /// The `NAME` of `custom.NAME`.
        name: String,
        /// Whether it happened.
        condition: bool,
    },
    /// `clock.now`.
    Now,
    /// `timers.set`.
    SetTimer(Timer),
    /// `timers.cancel`.
    CancelTimer {
        /// The timer's name.
        name: String,
    },
    /// `entropy.next-u64`.
    Entropy,
    /// `log.write`.
    Log {
        /// Severity.
        level: LogLevel,
        /// Text.
        message: String,
    },
    /// A request of S3's own API, by a socket.
    S3(Box<S3Request>),
    /// What LiveKit's API has over HTTP beside what the contract has.
    Api(ApiCall),
}

impl Call {
    /// The name that faults anchor to with `on`, traces show and counts use: `s3.delete_objects`.
    pub const fn name(&self) -> &'static str {
        match self {
            Call::WebhookRaw { .. } => "webhook.raw",
            Call::WebhookOpen { .. } => "webhook.open",
            Call::StartEgress(_) => "livekit.start_egress",
            Call::StopEgress { .. } => "livekit.stop_egress",
            Call::ListEgress { .. } => "livekit.list_egress",
            Call::ListRooms { .. } => "livekit.list_rooms",
            Call::ListParticipants { .. } => "livekit.list_participants",
            Call::HeadObject { .. } => "s3.head_object",
            Call::GetObject { .. } => "s3.get_object",
            Call::PutObject { .. } => "s3.put_object",
            Call::DeleteObject { .. } => "s3.delete_object",
            Call::DeleteObjects { .. } => "s3.delete_objects",
            Call::ListObjectsV2 { .. } => "s3.list_objects_v2",
            Call::ListObjectVersions { .. } => "s3.list_object_versions",
            Call::ListMultipartUploads { .. } => "s3.list_multipart_uploads",
            Call::AbortMultipartUpload { .. } => "s3.abort_multipart_upload",
            Call::GetBucketVersioning { .. } => "s3.get_bucket_versioning",
            Call::Commit { .. } => "store.commit",
            Call::InventoryGet { .. } => "store.inventory_get",
            Call::InventoryScan { .. } => "store.inventory_scan",
            Call::StateGet { .. } => "store.state_get",
            Call::StateScan { .. } => "store.state_scan",
            Call::AuditAppend(_) => "audit.append",
            Call::Publish(_) => "publish.publish",
            Call::Retract { .. } => "publish.retract",
            Call::CheckAlways { .. } => "check.always",
            Call::CheckSometimes { .. } => "check.sometimes",
            Call::Now => "clock.now",
            Call::SetTimer(_) => "timers.set",
            Call::CancelTimer { .. } => "timers.cancel",
            Call::Entropy => "entropy.next_u64",
            Call::Log { .. } => "log.write",
            Call::S3(request) => request.operation.name(),
            Call::Api(call) => call.name(),
        }
    }

    /// Who answers it.
    pub const fn surface(&self) -> Surface {
        match self {
            Call::StartEgress(_)
            | Call::StopEgress { .. }
            | Call::ListEgress { .. }
            | Call::ListRooms { .. }
            | Call::ListParticipants { .. }
            | Call::Api(_) => Surface::Livekit,
            Call::HeadObject { .. }
            | Call::GetObject { .. }
            | Call::PutObject { .. }
            | Call::DeleteObject { .. }
            | Call::DeleteObjects { .. }
            | Call::ListObjectsV2 { .. }
            | Call::ListObjectVersions { .. }
            | Call::ListMultipartUploads { .. }
            | Call::AbortMultipartUpload { .. }
            | Call::GetBucketVersioning { .. }
            | Call::S3(_) => Surface::S3,
            Call::Commit { .. }
            | Call::InventoryGet { .. }
            | Call::InventoryScan { .. }
            | Call::StateGet { .. }
            | Call::StateScan { .. }
            | Call::AuditAppend(_)
            | Call::Publish(_)
            | Call::Retract { .. }
            | Call::SetTimer(_)
            | Call::CancelTimer { .. } => Surface::Ports,
            Call::WebhookRaw { .. }
            | Call::WebhookOpen { .. }
            | Call::CheckAlways { .. }
            | Call::CheckSometimes { .. }
            | Call::Now
            | Call::Entropy
            | Call::Log { .. } => Surface::Host,
        }
    }

    /// Whether the call changes anything that outlives the delivery: LiveKit, the sink, a durable port, a link.
    /// Logging, auditing a refusal and the author's own checks do not count.
    pub fn is_mutating(&self) -> bool {
        if let Call::S3(request) = self {
            return request.operation.is_mutating();
        }
        matches!(
            self,
            Call::StartEgress(_)
                | Call::StopEgress { .. }
                | Call::PutObject { .. }
                | Call::DeleteObject { .. }
                | Call::DeleteObjects { .. }
                | Call::AbortMultipartUpload { .. }
                | Call::Commit { .. }
                | Call::AuditAppend(_)
                | Call::Publish(_)
                | Call::Retract { .. }
                | Call::SetTimer(_)
                | Call::CancelTimer { .. }
        ) || matches!(self, Call::Api(call) if call.is_mutating())
    }
}

impl Call {
    /// The bucket that it is about.
    pub fn bucket(&self) -> Option<&str> {
        match self {
            Call::HeadObject { bucket, .. }
            | Call::GetObject { bucket, .. }
            | Call::PutObject { bucket, .. }
            | Call::DeleteObject { bucket, .. }
            | Call::DeleteObjects { bucket, .. }
            | Call::ListObjectsV2 { bucket, .. }
            | Call::ListObjectVersions { bucket, .. }
            | Call::ListMultipartUploads { bucket, .. }
            | Call::AbortMultipartUpload { bucket, .. }
            | Call::GetBucketVersioning { bucket } => Some(bucket),
            Call::S3(request) => Some(&request.bucket),
            _ => None,
        }
    }

    /// The room that it is about, by name.
    pub fn room(&self) -> Option<&str> {
        match self {
            Call::StartEgress(request) => Some(&request.room_name),
            Call::ListEgress { room_name, .. } => Some(room_name),
            Call::ListParticipants { room } => Some(room),
            Call::Api(call) => call.room(),
            _ => None,
        }
    }

    /// The egress that it is about, by id.
    pub fn egress_id(&self) -> Option<&str> {
        match self {
            Call::StopEgress { egress_id }
            | Call::ListEgress { egress_id, .. }
            | Call::InventoryGet { egress_id }
            | Call::Retract { egress_id } => Some(egress_id),
            Call::Publish(link) => Some(&link.egress_id),
            Call::Api(call) => call.egress_id(),
            _ => None,
        }
    }

    /// The keys that it is about.
    pub fn keys(&self) -> Vec<&str> {
        match self {
            Call::HeadObject { id, .. } | Call::GetObject { id, .. } | Call::DeleteObject { id, .. } => vec![&id.key],
            Call::PutObject { key, .. } | Call::AbortMultipartUpload { key, .. } => vec![key],
            Call::DeleteObjects { objects, .. } => objects.iter().map(|id| id.key.as_str()).collect(),
            Call::S3(request) => request.keys(),
            _ => Vec::new(),
        }
    }

    /// The reply of the right kind that says that the call failed.
    ///
    /// # Panics
    /// For a call that cannot fail.
    pub fn failed(&self, error: CallError) -> Reply {
        match self {
            Call::StartEgress(_) | Call::StopEgress { .. } => Reply::Egress(Err(error)),
            Call::ListEgress { .. } => Reply::EgressList(Err(error)),
            Call::ListRooms { .. } => Reply::Rooms(Err(error)),
            Call::ListParticipants { .. } => Reply::Participants(Err(error)),
            Call::Api(call) => call.failed(error),
            Call::HeadObject { .. } => Reply::Head(Err(error)),
            Call::GetObject { .. } => Reply::Object(Err(error)),
            Call::PutObject { .. } => Reply::Put(Err(error)),
            Call::DeleteObject { .. } => Reply::Deleted(Err(error)),
            Call::DeleteObjects { .. } => Reply::DeleteResult(Err(error)),
            Call::ListObjectsV2 { .. } => Reply::Objects(Err(error)),
            Call::ListObjectVersions { .. } => Reply::Versions(Err(error)),
            Call::ListMultipartUploads { .. } => Reply::Uploads(Err(error)),
            Call::GetBucketVersioning { .. } => Reply::Versioning(Err(error)),
            Call::S3(_) => Reply::S3(Box::new(Err(error.into()))),
            Call::Commit { .. } => Reply::Commit(Err(error)),
            Call::InventoryGet { .. } => Reply::Row(Err(error)),
            Call::InventoryScan { .. } => Reply::Rows(Err(error)),
            Call::StateGet { .. } => Reply::State(Err(error)),
            Call::StateScan { .. } => Reply::States(Err(error)),
            Call::AbortMultipartUpload { .. }
            | Call::AuditAppend(_)
            | Call::Publish(_)
            | Call::Retract { .. }
            | Call::SetTimer(_)
            | Call::CancelTimer { .. } => Reply::Done(Err(error)),
            Call::WebhookRaw { .. }
            | Call::WebhookOpen { .. }
            | Call::CheckAlways { .. }
            | Call::CheckSometimes { .. }
            | Call::Now
            | Call::Entropy
            | Call::Log { .. } => unreachable!("{} cannot fail", self.name()),
        }
    }
}

/// Who answers a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Surface {
    /// LiveKit's server.
    Livekit,
    /// The sink.
    S3,
    /// The operator's durable ports.
    Ports,
    /// The host itself, at once.
    Host,
}

/// The world's answer to a [`Call`], in the same order of variants as far as they differ in shape.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Reply {
    /// To `WebhookRaw`.
    Raw {
        /// The `Authorization` header.
        authorization: String,
        /// The signed bytes.
        body: Bytes,
    },
    /// To `WebhookOpen`.
    Opened(Result<Arc<WebhookEvent>, Refusal>),
    /// To `StartEgress` and `StopEgress`.
    Egress(Result<Arc<EgressInfo>, CallError>),
    /// To `ListEgress`.
    EgressList(Result<Vec<Arc<EgressInfo>>, CallError>),
    /// To `ListRooms`.
    Rooms(Result<Vec<Room>, CallError>),
    /// To `ListParticipants`.
    Participants(Result<Vec<ParticipantInfo>, CallError>),
    /// To `HeadObject`.
    Head(Result<HeadResult, CallError>),
    /// To `GetObject`.
    Object(Result<(ObjectHead, Bytes), CallError>),
    /// To `PutObject`.
    Put(Result<PutResult, CallError>),
    /// To `DeleteObject`.
    Deleted(Result<DeletedObject, CallError>),
    /// To `DeleteObjects`.
    DeleteResult(Result<DeleteResult, CallError>),
    /// To `ListObjectsV2`.
    Objects(Result<ListObjectsPage, CallError>),
    /// To `ListObjectVersions`.
    Versions(Result<ListVersionsPage, CallError>),
    /// To `ListMultipartUploads`.
    Uploads(Result<Vec<MultipartUpload>, CallError>),
    /// To `GetBucketVersioning`.
    Versioning(Result<Versioning, CallError>),
    /// To `Commit`.
    Commit(Result<CommitOutcome, CallError>),
    /// To `InventoryGet`.
    Row(Result<Option<StoredRow>, CallError>),
    /// To `InventoryScan`.
    Rows(Result<Vec<StoredRow>, CallError>),
    /// To `StateGet`.
    State(Result<Option<StateEntry>, CallError>),
    /// To `StateScan`.
    States(Result<Vec<StateEntry>, CallError>),
    /// To calls that answer nothing but whether they worked.
    Done(Result<(), CallError>),
    /// To `Now`.
    Now(Time),
    /// To `Entropy`.
    Entropy(u64),
    /// To calls that always work.
    Nothing,
    /// To `S3`.
    S3(Box<Result<S3Answer, S3Failure>>),
    /// To calls that make or change a room.
    Room(Result<Room, CallError>),
    /// To calls about one participant.
    Participant(Result<ParticipantInfo, CallError>),
    /// To `MutePublishedTrack`.
    Track(Result<TrackInfo, CallError>),
}

/// A definite no, in the peer's own words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rejection {
    /// Twirp or S3 code.
    pub code: String,
    /// HTTP status.
    pub status: u16,
    /// Text.
    pub message: String,
}

/// Why a call gave no answer of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum CallError {
    /// A definite no.
    Rejected(Rejection),
    /// The request never left.
    NotSent(String),
    /// The request left, no answer came: it may or may not have happened.
    OutcomeUnknown(String),
}

impl CallError {
    /// A definite no.
    pub fn rejected(code: &str, status: u16, message: impl Into<String>) -> CallError {
        CallError::Rejected(Rejection { code: code.to_owned(), status, message: message.into() })
    }
}

/// Why a delivery is not to be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// No `Authorization` header.
    MissingAuthorization,
    /// Not a JWT.
    MalformedToken,
    /// `iss` is not our API key.
    UnknownApiKey,
    /// Signed with another secret.
    BadSignature,
    /// Past `exp`, or before `nbf`, with a minute's leeway.
    Expired,
    /// The claim `sha256` is not the body's.
    BodyMismatch,
    /// Not a `WebhookEvent`.
    MalformedBody,
}

/// Severity of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LogLevel {
    /// Debug.
    Debug,
    /// Info.
    Info,
    /// Warn.
    Warn,
    /// Error.
    Error,
}

/// Something that is handed to the operator; it answers with an [`Answer`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Delivery {
    /// A fresh instance.
    Init(Arc<Boot>),
    /// A webhook; its content comes with `WebhookOpen` or `WebhookRaw`.
    Webhook {
        /// Handle.
        delivery: u64,
        /// From 1.
        attempt: u32,
    },
    /// From the operator's own organisation.
    Command(Command),
    /// A timer it set.
    Timer(Timer),
}

/// How the operator answered a delivery.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Answer {
    /// 200.
    Ok,
    /// 4xx: do not send it again.
    Reject(String),
    /// 503: send it again.
    RetryLater(String),
}

/// `[operator]` and the tenants, as an operator process would read them from its environment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Boot {
    /// Which operator of a component that holds several. Not part of the trace hash.
    #[serde(skip)]
    pub name: String,
    /// Which instance, from 0.
    pub instance: u32,
    /// From 1.
    pub incarnation: u32,
    /// LiveKit's address.
    pub livekit_url: String,
    /// LiveKit's API key.
    pub api_key: String,
    /// LiveKit's API secret.
    pub api_secret: String,
    /// The sink's address.
    pub s3_url: String,
    /// The sink's access key.
    pub s3_access_key: String,
    /// The sink's secret key.
    pub s3_secret_key: String,
    /// Tenants.
    pub tenants: Vec<BootTenant>,
    /// The egress worker's backup storage.
    pub backup_bucket: Option<BootBucket>,
    /// `[operator.config]` as JSON.
    pub config: String,
}

/// What an operator knows of a tenant from the start. The contract's end comes as a command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BootTenant {
    /// Name.
    pub name: String,
    /// Buckets.
    pub buckets: Vec<BootBucket>,
    /// Host name of the CDN.
    pub cdn: Option<String>,
    /// Kept at least so long after the egress's end; none: until the contract ends.
    pub retention: Option<Span>,
    /// Kept at most so long.
    pub retention_max: Option<Span>,
    /// Nothing is left so long after the contract's end.
    pub delete_within: Span,
}

/// A bucket, as the operator's own configuration describes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BootBucket {
    /// Name.
    pub name: String,
    /// Region.
    pub region: String,
    /// Versioning is on.
    pub versioned: bool,
    /// Default mode of its object lock.
    pub object_lock: ObjectLock,
}

/// From the operator's own organisation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Command {
    /// The same on every delivery of it.
    pub id: String,
    /// What.
    pub order: Order,
}

/// What a command orders.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Order {
    /// The tenant's contract ended.
    ContractEnded(String),
    /// Keep, whatever the contract says.
    LegalHold(Hold),
    /// The hold is over.
    LiftHold(Hold),
    /// Somebody wants to watch.
    Playback(Hold),
}

impl Order {
    /// Whether both are about one and the same legal hold.
    pub fn is_of_the_hold_of(&self, other: &Order) -> bool {
        self.hold().is_some_and(|hold| other.hold() == Some(hold))
    }

    const fn hold(&self) -> Option<&Hold> {
        match self {
            Order::LegalHold(hold) | Order::LiftHold(hold) => Some(hold),
            Order::ContractEnded(_) | Order::Playback(_) => None,
        }
    }
}

/// Whose recordings a command speaks of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Hold {
    /// Tenant.
    pub tenant: String,
    /// None: all of the tenant.
    pub room: Option<String>,
}
