//! What an operator may ask of the world, as a trait: one method for each imported function of the contract.

use crate::bindings::egress_sim::operator::audit::AuditRecord;
use crate::bindings::egress_sim::operator::egress::{EgressInfo, RoomCompositeEgressRequest, TrackEgressRequest};
use crate::bindings::egress_sim::operator::log::Level;
use crate::bindings::egress_sim::operator::publish::Link;
use crate::bindings::egress_sim::operator::rooms::{ParticipantInfo, Room};
use crate::bindings::egress_sim::operator::sink::{
    BucketVersioning, ByteRange, DeleteResult, DeletedObject, HeadResult, ListObjectVersionsPage, ListObjectsPage,
    MultipartUpload, Object, ObjectId, PutResult, VersionMarker,
};
use crate::bindings::egress_sim::operator::store::{CommitOutcome, Precondition, StateEntry, StoredRow, Write};
use crate::bindings::egress_sim::operator::types::{CallError, UnixNs};
use crate::bindings::egress_sim::operator::webhook::{RawDelivery, Refusal, WebhookEvent};

/// The world, as an operator reaches it. Inside a component it is the contract's imports; natively it is the simulator's
/// native host. Each method is one call of the trace, in both.
///
/// Methods have the names of the contract's functions; where such a name says little by itself (`open`, `set`, `now`) the
/// interface's name stands before it.
#[expect(missing_docs, reason = "each method is documented where it comes from: guest-sdk/wit/operator.wit")]
pub trait Imports {
    fn list_rooms(&mut self, names: Vec<String>) -> Result<Vec<Room>, CallError>;
    fn list_participants(&mut self, room: String) -> Result<Vec<ParticipantInfo>, CallError>;

    fn start_room_composite_egress(&mut self, request: RoomCompositeEgressRequest) -> Result<EgressInfo, CallError>;
    fn start_track_egress(&mut self, request: TrackEgressRequest) -> Result<EgressInfo, CallError>;
    fn stop_egress(&mut self, egress_id: String) -> Result<EgressInfo, CallError>;
    fn list_egress(&mut self, room_name: String, egress_id: String, active: bool)
    -> Result<Vec<EgressInfo>, CallError>;

    fn webhook_raw(&mut self, delivery: u64) -> RawDelivery;
    fn webhook_open(&mut self, delivery: u64) -> Result<WebhookEvent, Refusal>;

    fn head_object(&mut self, bucket: String, id: ObjectId) -> Result<HeadResult, CallError>;
    fn get_object(&mut self, bucket: String, id: ObjectId, range: Option<ByteRange>) -> Result<Object, CallError>;
    fn put_object(
        &mut self,
        bucket: String,
        key: String,
        content_type: String,
        body: Vec<u8>,
    ) -> Result<PutResult, CallError>;
    fn delete_object(&mut self, bucket: String, id: ObjectId) -> Result<DeletedObject, CallError>;
    fn delete_objects(
        &mut self,
        bucket: String,
        objects: Vec<ObjectId>,
        quiet: bool,
    ) -> Result<DeleteResult, CallError>;
    fn list_objects_v2(
        &mut self,
        bucket: String,
        prefix: String,
        continuation_token: Option<String>,
        max_keys: u32,
    ) -> Result<ListObjectsPage, CallError>;
    fn list_object_versions(
        &mut self,
        bucket: String,
        prefix: String,
        marker: Option<VersionMarker>,
        max_keys: u32,
    ) -> Result<ListObjectVersionsPage, CallError>;
    fn list_multipart_uploads(&mut self, bucket: String, prefix: String) -> Result<Vec<MultipartUpload>, CallError>;
    fn abort_multipart_upload(&mut self, bucket: String, key: String, upload_id: String) -> Result<(), CallError>;
    fn get_bucket_versioning(&mut self, bucket: String) -> Result<BucketVersioning, CallError>;

    fn commit(&mut self, writes: Vec<Write>, preconditions: Vec<Precondition>) -> Result<CommitOutcome, CallError>;
    fn inventory_get(&mut self, egress_id: String) -> Result<Option<StoredRow>, CallError>;
    fn inventory_scan(
        &mut self,
        tenant: String,
        after: Option<String>,
        limit: u32,
    ) -> Result<Vec<StoredRow>, CallError>;
    fn state_get(&mut self, key: String) -> Result<Option<StateEntry>, CallError>;
    fn state_scan(&mut self, prefix: String, after: Option<String>, limit: u32) -> Result<Vec<StateEntry>, CallError>;

    fn audit_append(&mut self, records: Vec<AuditRecord>) -> Result<(), CallError>;

    fn publish(&mut self, link: Link) -> Result<(), CallError>;
    fn retract(&mut self, egress_id: String) -> Result<(), CallError>;

    fn check_always(&mut self, name: String, condition: bool, details: String);
    fn check_sometimes(&mut self, name: String, condition: bool);

    fn clock_now(&mut self) -> UnixNs;

    fn timers_set(&mut self, name: String, at: UnixNs, payload: String) -> Result<(), CallError>;
    fn timers_cancel(&mut self, name: String) -> Result<(), CallError>;

    fn entropy_next_u64(&mut self) -> u64;

    fn log_write(&mut self, level: Level, message: String);
}
