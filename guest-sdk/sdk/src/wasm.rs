//! The component's side: imports that go to the contract, and the incarnation behind its exports.

use std::cell::RefCell;

use crate::bindings::egress_sim::operator as wit;
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
use crate::bindings::exports::egress_sim::operator::handler::{Boot, Command, Failure, Timer};
use crate::imports::Imports;
use crate::instance::{Instance, Make, panic_report};

thread_local! {
    /// The component's own incarnation: the exports are free functions, and it has to live somewhere between two of them.
    static INSTANCE: RefCell<Instance> = const { RefCell::new(Instance::new()) };
}

/// `handler.init`, for [`crate::export!`].
pub fn init(boot: &Boot, make: Make) -> Result<(), Failure> {
    std::panic::set_hook(Box::new(|info| Wasm.log_write(Level::Error, panic_report(info))));
    INSTANCE.with_borrow_mut(|instance| instance.init(&mut Wasm, boot, make))
}

/// `handler.on-webhook`, for [`crate::export!`].
pub fn on_webhook(delivery: u64, attempt: u32) -> Result<(), Failure> {
    INSTANCE.with_borrow_mut(|instance| instance.on_webhook(&mut Wasm, delivery, attempt))
}

/// `handler.on-command`, for [`crate::export!`].
pub fn on_command(command: Command) -> Result<(), Failure> {
    INSTANCE.with_borrow_mut(|instance| instance.on_command(&mut Wasm, command))
}

/// `handler.on-timer`, for [`crate::export!`].
pub fn on_timer(timer: Timer) -> Result<(), Failure> {
    INSTANCE.with_borrow_mut(|instance| instance.on_timer(&mut Wasm, timer))
}

/// [`Imports`] that go to the contract.
#[derive(Clone, Copy, Debug)]
pub struct Wasm;

impl Imports for Wasm {
    fn list_rooms(&mut self, names: Vec<String>) -> Result<Vec<Room>, CallError> {
        wit::rooms::list_rooms(&names)
    }

    fn list_participants(&mut self, room: String) -> Result<Vec<ParticipantInfo>, CallError> {
        wit::rooms::list_participants(&room)
    }

    fn start_room_composite_egress(&mut self, request: RoomCompositeEgressRequest) -> Result<EgressInfo, CallError> {
        wit::egress::start_room_composite_egress(&request)
    }

    fn start_track_egress(&mut self, request: TrackEgressRequest) -> Result<EgressInfo, CallError> {
        wit::egress::start_track_egress(&request)
    }

    fn stop_egress(&mut self, egress_id: String) -> Result<EgressInfo, CallError> {
        wit::egress::stop_egress(&egress_id)
    }

    fn list_egress(
        &mut self,
        room_name: String,
        egress_id: String,
        active: bool,
    ) -> Result<Vec<EgressInfo>, CallError> {
        wit::egress::list_egress(&room_name, &egress_id, active)
    }

    fn webhook_raw(&mut self, delivery: u64) -> RawDelivery {
        wit::webhook::raw(delivery)
    }

    fn webhook_open(&mut self, delivery: u64) -> Result<WebhookEvent, Refusal> {
        wit::webhook::open(delivery)
    }

    fn head_object(&mut self, bucket: String, id: ObjectId) -> Result<HeadResult, CallError> {
        wit::sink::head_object(&bucket, &id)
    }

    fn get_object(&mut self, bucket: String, id: ObjectId, range: Option<ByteRange>) -> Result<Object, CallError> {
        wit::sink::get_object(&bucket, &id, range)
    }

    fn put_object(
        &mut self,
        bucket: String,
        key: String,
        content_type: String,
        body: Vec<u8>,
    ) -> Result<PutResult, CallError> {
        wit::sink::put_object(&bucket, &key, &content_type, &body)
    }

    fn delete_object(&mut self, bucket: String, id: ObjectId) -> Result<DeletedObject, CallError> {
        wit::sink::delete_object(&bucket, &id)
    }

    fn delete_objects(
        &mut self,
        bucket: String,
        objects: Vec<ObjectId>,
        quiet: bool,
    ) -> Result<DeleteResult, CallError> {
        wit::sink::delete_objects(&bucket, &objects, quiet)
    }

    fn list_objects_v2(
        &mut self,
        bucket: String,
        prefix: String,
        continuation_token: Option<String>,
        max_keys: u32,
    ) -> Result<ListObjectsPage, CallError> {
        wit::sink::list_objects_v2(&bucket, &prefix, continuation_token.as_deref(), max_keys)
    }

    fn list_object_versions(
        &mut self,
        bucket: String,
        prefix: String,
        marker: Option<VersionMarker>,
        max_keys: u32,
    ) -> Result<ListObjectVersionsPage, CallError> {
        wit::sink::list_object_versions(&bucket, &prefix, marker.as_ref(), max_keys)
    }

    fn list_multipart_uploads(&mut self, bucket: String, prefix: String) -> Result<Vec<MultipartUpload>, CallError> {
        wit::sink::list_multipart_uploads(&bucket, &prefix)
    }

    fn abort_multipart_upload(&mut self, bucket: String, key: String, upload_id: String) -> Result<(), CallError> {
        wit::sink::abort_multipart_upload(&bucket, &key, &upload_id)
    }

    fn get_bucket_versioning(&mut self, bucket: String) -> Result<BucketVersioning, CallError> {
        wit::sink::get_bucket_versioning(&bucket)
    }

    fn commit(&mut self, writes: Vec<Write>, preconditions: Vec<Precondition>) -> Result<CommitOutcome, CallError> {
        wit::store::commit(&writes, &preconditions)
    }

    fn inventory_get(&mut self, egress_id: String) -> Result<Option<StoredRow>, CallError> {
        wit::store::inventory_get(&egress_id)
    }

    fn inventory_scan(
        &mut self,
        tenant: String,
        after: Option<String>,
        limit: u32,
    ) -> Result<Vec<StoredRow>, CallError> {
        wit::store::inventory_scan(&tenant, after.as_deref(), limit)
    }

    fn state_get(&mut self, key: String) -> Result<Option<StateEntry>, CallError> {
        wit::store::state_get(&key)
    }

    fn state_scan(&mut self, prefix: String, after: Option<String>, limit: u32) -> Result<Vec<StateEntry>, CallError> {
        wit::store::state_scan(&prefix, after.as_deref(), limit)
    }

    fn audit_append(&mut self, records: Vec<AuditRecord>) -> Result<(), CallError> {
        wit::audit::append(&records)
    }

    fn publish(&mut self, link: Link) -> Result<(), CallError> {
        wit::publish::publish(&link)
    }

    fn retract(&mut self, egress_id: String) -> Result<(), CallError> {
        wit::publish::retract(&egress_id)
    }

    fn check_always(&mut self, name: String, condition: bool, details: String) {
        wit::check::always(&name, condition, &details);
    }

    fn check_sometimes(&mut self, name: String, condition: bool) {
        wit::check::sometimes(&name, condition);
    }

    fn clock_now(&mut self) -> UnixNs {
        wit::clock::now()
    }

    fn timers_set(&mut self, name: String, at: UnixNs, payload: String) -> Result<(), CallError> {
        wit::timers::set(&name, at, &payload)
    }

    fn timers_cancel(&mut self, name: String) -> Result<(), CallError> {
        wit::timers::cancel(&name)
    }

    fn entropy_next_u64(&mut self) -> u64 {
        wit::entropy::next_u64()
    }

    fn log_write(&mut self, level: Level, message: String) {
        wit::log::write(level, &message);
    }
}
