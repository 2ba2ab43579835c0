//! The one mapping between the typed contract and the seam: each import of the WIT package is one function here
//! that makes its [`Call`], and each kind of answer is one `into_…` that takes the [`Reply`] apart.
//!
//! Both hosts compile this file, each against its own bindings as `super::wit`; so they cannot come to differ in what
//! the model sees. A reply of the wrong kind is the world's bug, and panics.

use bytes::Bytes;
use egress_sim_model::call::{self, Call, Reply};
use egress_sim_model::time::Time;

use super::wit::egress_sim::operator::{
    audit::AuditRecord,
    egress::{EgressInfo, RoomCompositeEgressRequest, TrackEgressRequest},
    log::Level,
    publish::Link,
    rooms::{ParticipantInfo, Room},
    sink::{
        BucketVersioning, ByteRange, DeleteResult, DeletedObject, HeadResult, ListObjectVersionsPage, ListObjectsPage,
        MultipartUpload, Object, ObjectId, PutResult, VersionMarker,
    },
    store::{CommitOutcome, Precondition, StateEntry, StoredRow, Write},
    types::{CallError, Rejection},
    webhook::{RawDelivery, Refusal, WebhookEvent},
};

#[path = "contract/deliver.rs"]
mod deliver;
#[path = "contract/livekit.rs"]
mod livekit;
#[path = "contract/store.rs"]
mod store;

pub use deliver::{answer, boot, command, timer};

// webhook

pub fn raw(delivery: u64) -> Call {
    Call::WebhookRaw { delivery }
}

pub fn into_raw(reply: Reply) -> RawDelivery {
    match reply {
        Reply::Raw { authorization, body } => RawDelivery { authorization, body: body.to_vec() },
        other => wrong_kind("webhook.raw", &other),
    }
}

pub fn open(delivery: u64) -> Call {
    Call::WebhookOpen { delivery }
}

pub fn into_opened(reply: Reply) -> Result<WebhookEvent, Refusal> {
    match reply {
        Reply::Opened(Ok(event)) => Ok(livekit::webhook_event(&event)),
        Reply::Opened(Err(refusal)) => Err(livekit::refusal(refusal)),
        other => wrong_kind("webhook.open", &other),
    }
}

// egress

pub fn start_room_composite_egress(request: RoomCompositeEgressRequest) -> Call {
    Call::StartEgress(std::sync::Arc::new(livekit::room_composite_request(request)))
}

pub fn start_track_egress(request: TrackEgressRequest) -> Call {
    Call::StartEgress(std::sync::Arc::new(livekit::track_request(request)))
}

pub fn stop_egress(egress_id: String) -> Call {
    Call::StopEgress { egress_id }
}

pub fn into_egress(reply: Reply) -> Result<EgressInfo, CallError> {
    match reply {
        Reply::Egress(result) => result.map(|info| livekit::egress_info(&info)).map_err(call_error),
        other => wrong_kind("livekit.Egress", &other),
    }
}

pub fn list_egress(room_name: String, egress_id: String, active: bool) -> Call {
    Call::ListEgress { room_name, egress_id, active }
}

pub fn into_egress_list(reply: Reply) -> Result<Vec<EgressInfo>, CallError> {
    match reply {
        Reply::EgressList(result) => {
            result.map(|infos| infos.iter().map(|info| livekit::egress_info(info)).collect()).map_err(call_error)
        }
        other => wrong_kind("livekit.list_egress", &other),
    }
}

// rooms

pub fn list_rooms(names: Vec<String>) -> Call {
    Call::ListRooms { names }
}

pub fn into_rooms(reply: Reply) -> Result<Vec<Room>, CallError> {
    match reply {
        Reply::Rooms(result) => result.map(|rooms| rooms.iter().map(livekit::room).collect()).map_err(call_error),
        other => wrong_kind("livekit.list_rooms", &other),
    }
}

pub fn list_participants(room: String) -> Call {
    Call::ListParticipants { room }
}

pub fn into_participants(reply: Reply) -> Result<Vec<ParticipantInfo>, CallError> {
    match reply {
        Reply::Participants(result) => {
            result.map(|all| all.iter().map(livekit::participant).collect()).map_err(call_error)
        }
        other => wrong_kind("livekit.list_participants", &other),
    }
}

// sink

pub fn head_object(bucket: String, id: ObjectId) -> Call {
    Call::HeadObject { bucket, id: object_id(id) }
}

pub fn into_head(reply: Reply) -> Result<HeadResult, CallError> {
    match reply {
        Reply::Head(result) => result.map(store::head_result).map_err(call_error),
        other => wrong_kind("s3.head_object", &other),
    }
}

pub fn get_object(bucket: String, id: ObjectId, range: Option<ByteRange>) -> Call {
    Call::GetObject { bucket, id: object_id(id), range: range.map(|range| (range.first, range.last)) }
}

pub fn into_object(reply: Reply) -> Result<Object, CallError> {
    match reply {
        Reply::Object(result) => result
            .map(|(head, body)| Object { head: store::object_head(head), body: body.to_vec() })
            .map_err(call_error),
        other => wrong_kind("s3.get_object", &other),
    }
}

pub fn put_object(bucket: String, key: String, content_type: String, body: Vec<u8>) -> Call {
    Call::PutObject { bucket, key, content_type, body: Bytes::from(body) }
}

pub fn into_put(reply: Reply) -> Result<PutResult, CallError> {
    match reply {
        Reply::Put(result) => {
            result.map(|put| PutResult { etag: put.etag.to_string(), version_id: put.version_id }).map_err(call_error)
        }
        other => wrong_kind("s3.put_object", &other),
    }
}

pub fn delete_object(bucket: String, id: ObjectId) -> Call {
    Call::DeleteObject { bucket, id: object_id(id) }
}

pub fn into_deleted(reply: Reply) -> Result<DeletedObject, CallError> {
    match reply {
        Reply::Deleted(result) => result.map(store::deleted_object).map_err(call_error),
        other => wrong_kind("s3.delete_object", &other),
    }
}

pub fn delete_objects(bucket: String, objects: Vec<ObjectId>, quiet: bool) -> Call {
    Call::DeleteObjects { bucket, objects: objects.into_iter().map(object_id).collect(), quiet }
}

pub fn into_delete_result(reply: Reply) -> Result<DeleteResult, CallError> {
    match reply {
        Reply::DeleteResult(result) => result.map(store::delete_result).map_err(call_error),
        other => wrong_kind("s3.delete_objects", &other),
    }
}

pub fn list_objects_v2(bucket: String, prefix: String, continuation_token: Option<String>, max_keys: u32) -> Call {
    Call::ListObjectsV2 { bucket, prefix, continuation_token, max_keys }
}

pub fn into_objects(reply: Reply) -> Result<ListObjectsPage, CallError> {
    match reply {
        Reply::Objects(result) => result.map(store::objects_page).map_err(call_error),
        other => wrong_kind("s3.list_objects_v2", &other),
    }
}

pub fn list_object_versions(bucket: String, prefix: String, marker: Option<VersionMarker>, max_keys: u32) -> Call {
    let marker = marker.map(|marker| (marker.key, marker.version_id));
    Call::ListObjectVersions { bucket, prefix, marker, max_keys }
}

pub fn into_versions(reply: Reply) -> Result<ListObjectVersionsPage, CallError> {
    match reply {
        Reply::Versions(result) => result.map(store::versions_page).map_err(call_error),
        other => wrong_kind("s3.list_object_versions", &other),
    }
}

pub fn list_multipart_uploads(bucket: String, prefix: String) -> Call {
    Call::ListMultipartUploads { bucket, prefix }
}

pub fn into_uploads(reply: Reply) -> Result<Vec<MultipartUpload>, CallError> {
    match reply {
        Reply::Uploads(result) => {
            result.map(|uploads| uploads.into_iter().map(store::multipart_upload).collect()).map_err(call_error)
        }
        other => wrong_kind("s3.list_multipart_uploads", &other),
    }
}

pub fn abort_multipart_upload(bucket: String, key: String, upload_id: String) -> Call {
    Call::AbortMultipartUpload { bucket, key, upload_id }
}

pub fn get_bucket_versioning(bucket: String) -> Call {
    Call::GetBucketVersioning { bucket }
}

pub fn into_versioning(reply: Reply) -> Result<BucketVersioning, CallError> {
    match reply {
        Reply::Versioning(result) => result.map(store::versioning).map_err(call_error),
        other => wrong_kind("s3.get_bucket_versioning", &other),
    }
}

// store

pub fn commit(writes: Vec<Write>, preconditions: Vec<Precondition>) -> Call {
    Call::Commit {
        writes: writes.into_iter().map(store::write).collect(),
        preconditions: preconditions.into_iter().map(store::precondition).collect(),
    }
}

pub fn into_commit(reply: Reply) -> Result<CommitOutcome, CallError> {
    match reply {
        Reply::Commit(result) => result.map(store::commit_outcome).map_err(call_error),
        other => wrong_kind("store.commit", &other),
    }
}

pub fn inventory_get(egress_id: String) -> Call {
    Call::InventoryGet { egress_id }
}

pub fn into_row(reply: Reply) -> Result<Option<StoredRow>, CallError> {
    match reply {
        Reply::Row(result) => result.map(|row| row.as_ref().map(store::stored_row)).map_err(call_error),
        other => wrong_kind("store.inventory_get", &other),
    }
}

pub fn inventory_scan(tenant: String, after: Option<String>, limit: u32) -> Call {
    Call::InventoryScan { tenant, after, limit }
}

pub fn into_rows(reply: Reply) -> Result<Vec<StoredRow>, CallError> {
    match reply {
        Reply::Rows(result) => result.map(|rows| rows.iter().map(store::stored_row).collect()).map_err(call_error),
        other => wrong_kind("store.inventory_scan", &other),
    }
}

pub fn state_get(key: String) -> Call {
    Call::StateGet { key }
}

pub fn into_state(reply: Reply) -> Result<Option<StateEntry>, CallError> {
    match reply {
        Reply::State(result) => result.map(|entry| entry.map(store::state_entry)).map_err(call_error),
        other => wrong_kind("store.state_get", &other),
    }
}

pub fn state_scan(prefix: String, after: Option<String>, limit: u32) -> Call {
    Call::StateScan { prefix, after, limit }
}

pub fn into_states(reply: Reply) -> Result<Vec<StateEntry>, CallError> {
    match reply {
        Reply::States(result) => {
            result.map(|entries| entries.into_iter().map(store::state_entry).collect()).map_err(call_error)
        }
        other => wrong_kind("store.state_scan", &other),
    }
}

// audit, publish, check

pub fn append(records: Vec<AuditRecord>) -> Call {
    Call::AuditAppend(records.into_iter().map(store::audit_record).collect())
}

pub fn publish(link: Link) -> Call {
    Call::Publish(call::Link { egress_id: link.egress_id, tenant: link.tenant, url: link.url })
}

pub fn retract(egress_id: String) -> Call {
    Call::Retract { egress_id }
}

pub fn always(name: String, condition: bool, details: String) -> Call {
    Call::CheckAlways { name, condition, details }
}

pub fn sometimes(name: String, condition: bool) -> Call {
    Call::CheckSometimes { name, condition }
}

// clock, timers, entropy, log

pub fn now() -> Call {
    Call::Now
}

pub fn into_now(reply: Reply) -> u64 {
    match reply {
        Reply::Now(Time(nanoseconds)) => nanoseconds,
        other => wrong_kind("clock.now", &other),
    }
}

pub fn set_timer(name: String, at: u64, payload: String) -> Call {
    Call::SetTimer(call::Timer { name, at: Time(at), payload })
}

pub fn cancel_timer(name: String) -> Call {
    Call::CancelTimer { name }
}

pub fn next_u64() -> Call {
    Call::Entropy
}

pub fn into_entropy(reply: Reply) -> u64 {
    match reply {
        Reply::Entropy(bits) => bits,
        other => wrong_kind("entropy.next_u64", &other),
    }
}

pub fn log(level: Level, message: String) -> Call {
    let level = match level {
        Level::Debug => call::LogLevel::Debug,
        Level::Info => call::LogLevel::Info,
        Level::Warn => call::LogLevel::Warn,
        Level::Error => call::LogLevel::Error,
    };
    Call::Log { level, message }
}

// what several share

/// Of every call that answers no more than whether it worked.
pub fn into_done(reply: Reply) -> Result<(), CallError> {
    match reply {
        Reply::Done(result) => result.map_err(call_error),
        other => wrong_kind("a call without a value", &other),
    }
}

/// Of every call that cannot fail and has nothing to say.
pub fn into_nothing(reply: Reply) {
    match reply {
        Reply::Nothing => {}
        other => wrong_kind("a call without an answer", &other),
    }
}

fn object_id(id: ObjectId) -> call::ObjectId {
    call::ObjectId { key: id.key, version_id: id.version_id }
}

fn call_error(error: call::CallError) -> CallError {
    match error {
        call::CallError::Rejected(call::Rejection { code, status, message }) => {
            CallError::Rejected(Rejection { code, status, message })
        }
        call::CallError::NotSent(why) => CallError::NotSent(why),
        call::CallError::OutcomeUnknown(why) => CallError::OutcomeUnknown(why),
    }
}

#[cold]
fn wrong_kind(call: &str, reply: &Reply) -> ! {
    panic!("the world answered {call} with a reply of another kind: {reply:?}")
}
