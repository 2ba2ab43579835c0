//! The SDK's `Imports` on top of a coroutine: each method asks the world one call and waits for its reply.

use std::panic::resume_unwind;
use std::thread;

use corosensei::Yielder;
use egress_sim_model::call::{Call, Reply};
use egress_sim_sdk::{
    AuditRecord, BucketVersioning, ByteRange, CallError, CommitOutcome, DeleteResult, DeletedObject, EgressInfo,
    HeadResult, Imports, Level, Link, ListObjectVersionsPage, ListObjectsPage, MultipartUpload, Object, ObjectId,
    ParticipantInfo, Precondition, PutResult, RawDelivery, Refusal, Room, RoomCompositeEgressRequest, StateEntry,
    StoredRow, TrackEgressRequest, VersionMarker, WebhookEvent, Write,
};

use crate::contract;
use crate::guest::{Message, Output};
use crate::panics;

/// The payload of the unwinding that follows a crash. No panic, so no hook hears of it.
struct Crashed;

/// The way out of an operator.
pub struct World<'a> {
    yielder: &'a Yielder<Message, Output>,
    crashed: bool,
}

impl<'a> World<'a> {
    pub fn new(yielder: &'a Yielder<Message, Output>) -> World<'a> {
        World { yielder, crashed: false }
    }

    /// Whether the incarnation was dropped.
    pub fn crashed(&self) -> bool {
        self.crashed
    }

    /// Asks the world. None: the incarnation is gone, in this call or before.
    pub fn exchange(&mut self, call: Call) -> Option<Reply> {
        if self.crashed {
            return None;
        }
        match panics::outside(|| self.yielder.suspend(Output::Call(call))) {
            Message::Reply(reply) => Some(reply),
            Message::Crash => {
                self.crashed = true;
                None
            }
            Message::Delivery(delivery) => panic!("the world answered a call with a delivery: {delivery:?}"),
        }
    }

    /// Asks the world. A crash in this call unwinds the operator from here. None: it is unwinding already, from a crash or
    /// a panic of its own, and a destructor calls; a component would not have run that.
    fn ask(&mut self, call: Call) -> Option<Reply> {
        if self.crashed || thread::panicking() {
            return None;
        }
        let reply = self.exchange(call);
        if reply.is_none() {
            resume_unwind(Box::new(Crashed));
        }
        reply
    }
}

fn gone<T>() -> Result<T, CallError> {
    Err(CallError::NotSent("the instance is gone".to_owned()))
}

impl Imports for World<'_> {
    fn list_rooms(&mut self, names: Vec<String>) -> Result<Vec<Room>, CallError> {
        self.ask(contract::list_rooms(names)).map_or_else(gone, contract::into_rooms)
    }

    fn list_participants(&mut self, room: String) -> Result<Vec<ParticipantInfo>, CallError> {
        self.ask(contract::list_participants(room)).map_or_else(gone, contract::into_participants)
    }

    fn start_room_composite_egress(&mut self, request: RoomCompositeEgressRequest) -> Result<EgressInfo, CallError> {
        self.ask(contract::start_room_composite_egress(request)).map_or_else(gone, contract::into_egress)
    }

    fn start_track_egress(&mut self, request: TrackEgressRequest) -> Result<EgressInfo, CallError> {
        self.ask(contract::start_track_egress(request)).map_or_else(gone, contract::into_egress)
    }

    fn stop_egress(&mut self, egress_id: String) -> Result<EgressInfo, CallError> {
        self.ask(contract::stop_egress(egress_id)).map_or_else(gone, contract::into_egress)
    }

    fn list_egress(
        &mut self,
        room_name: String,
        egress_id: String,
        active: bool,
    ) -> Result<Vec<EgressInfo>, CallError> {
        self.ask(contract::list_egress(room_name, egress_id, active)).map_or_else(gone, contract::into_egress_list)
    }

    fn webhook_raw(&mut self, delivery: u64) -> RawDelivery {
        self.ask(contract::raw(delivery))
            .map_or_else(|| RawDelivery { authorization: String::new(), body: Vec::new() }, contract::into_raw)
    }

    fn webhook_open(&mut self, delivery: u64) -> Result<WebhookEvent, Refusal> {
        self.ask(contract::open(delivery)).map_or(Err(Refusal::MissingAuthorization), contract::into_opened)
    }

    fn head_object(&mut self, bucket: String, id: ObjectId) -> Result<HeadResult, CallError> {
        self.ask(contract::head_object(bucket, id)).map_or_else(gone, contract::into_head)
    }

    fn get_object(&mut self, bucket: String, id: ObjectId, range: Option<ByteRange>) -> Result<Object, CallError> {
        self.ask(contract::get_object(bucket, id, range)).map_or_else(gone, contract::into_object)
    }

    fn put_object(
        &mut self,
        bucket: String,
        key: String,
        content_type: String,
        body: Vec<u8>,
    ) -> Result<PutResult, CallError> {
        self.ask(contract::put_object(bucket, key, content_type, body)).map_or_else(gone, contract::into_put)
    }

    fn delete_object(&mut self, bucket: String, id: ObjectId) -> Result<DeletedObject, CallError> {
        self.ask(contract::delete_object(bucket, id)).map_or_else(gone, contract::into_deleted)
    }

    fn delete_objects(
        &mut self,
        bucket: String,
        objects: Vec<ObjectId>,
        quiet: bool,
    ) -> Result<DeleteResult, CallError> {
        self.ask(contract::delete_objects(bucket, objects, quiet)).map_or_else(gone, contract::into_delete_result)
    }

    fn list_objects_v2(
        &mut self,
        bucket: String,
        prefix: String,
        continuation_token: Option<String>,
        max_keys: u32,
    ) -> Result<ListObjectsPage, CallError> {
        let call = contract::list_objects_v2(bucket, prefix, continuation_token, max_keys);
        self.ask(call).map_or_else(gone, contract::into_objects)
    }

    fn list_object_versions(
        &mut self,
        bucket: String,
        prefix: String,
        marker: Option<VersionMarker>,
        max_keys: u32,
    ) -> Result<ListObjectVersionsPage, CallError> {
        let call = contract::list_object_versions(bucket, prefix, marker, max_keys);
        self.ask(call).map_or_else(gone, contract::into_versions)
    }

    fn list_multipart_uploads(&mut self, bucket: String, prefix: String) -> Result<Vec<MultipartUpload>, CallError> {
        self.ask(contract::list_multipart_uploads(bucket, prefix)).map_or_else(gone, contract::into_uploads)
    }

    fn abort_multipart_upload(&mut self, bucket: String, key: String, upload_id: String) -> Result<(), CallError> {
        self.ask(contract::abort_multipart_upload(bucket, key, upload_id)).map_or_else(gone, contract::into_done)
    }

    fn get_bucket_versioning(&mut self, bucket: String) -> Result<BucketVersioning, CallError> {
        self.ask(contract::get_bucket_versioning(bucket)).map_or_else(gone, contract::into_versioning)
    }

    fn commit(&mut self, writes: Vec<Write>, preconditions: Vec<Precondition>) -> Result<CommitOutcome, CallError> {
        self.ask(contract::commit(writes, preconditions)).map_or_else(gone, contract::into_commit)
    }

    fn inventory_get(&mut self, egress_id: String) -> Result<Option<StoredRow>, CallError> {
        self.ask(contract::inventory_get(egress_id)).map_or_else(gone, contract::into_row)
    }

    fn inventory_scan(
        &mut self,
        tenant: String,
        after: Option<String>,
        limit: u32,
    ) -> Result<Vec<StoredRow>, CallError> {
        self.ask(contract::inventory_scan(tenant, after, limit)).map_or_else(gone, contract::into_rows)
    }

    fn state_get(&mut self, key: String) -> Result<Option<StateEntry>, CallError> {
        self.ask(contract::state_get(key)).map_or_else(gone, contract::into_state)
    }

    fn state_scan(&mut self, prefix: String, after: Option<String>, limit: u32) -> Result<Vec<StateEntry>, CallError> {
        self.ask(contract::state_scan(prefix, after, limit)).map_or_else(gone, contract::into_states)
    }

    fn audit_append(&mut self, records: Vec<AuditRecord>) -> Result<(), CallError> {
        self.ask(contract::append(records)).map_or_else(gone, contract::into_done)
    }

    fn publish(&mut self, link: Link) -> Result<(), CallError> {
        self.ask(contract::publish(link)).map_or_else(gone, contract::into_done)
    }

    fn retract(&mut self, egress_id: String) -> Result<(), CallError> {
        self.ask(contract::retract(egress_id)).map_or_else(gone, contract::into_done)
    }

    fn check_always(&mut self, name: String, condition: bool, details: String) {
        if let Some(reply) = self.ask(contract::always(name, condition, details)) {
            contract::into_nothing(reply);
        }
    }

    fn check_sometimes(&mut self, name: String, condition: bool) {
        if let Some(reply) = self.ask(contract::sometimes(name, condition)) {
            contract::into_nothing(reply);
        }
    }

    fn clock_now(&mut self) -> u64 {
        self.ask(contract::now()).map_or(0, contract::into_now)
    }

    fn timers_set(&mut self, name: String, at: u64, payload: String) -> Result<(), CallError> {
        self.ask(contract::set_timer(name, at, payload)).map_or_else(gone, contract::into_done)
    }

    fn timers_cancel(&mut self, name: String) -> Result<(), CallError> {
        self.ask(contract::cancel_timer(name)).map_or_else(gone, contract::into_done)
    }

    fn entropy_next_u64(&mut self) -> u64 {
        self.ask(contract::next_u64()).map_or(0, contract::into_entropy)
    }

    fn log_write(&mut self, level: Level, message: String) {
        if let Some(reply) = self.ask(contract::log(level, message)) {
            contract::into_nothing(reply);
        }
    }
}
