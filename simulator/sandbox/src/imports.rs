//! The contract's imports: each asks the world one call and waits for its reply.

use crate::contract;
use crate::guest::State;
use crate::wit::egress_sim::operator::{
    audit, check, clock, egress, entropy, log, publish, rooms, sink, store, timers, types, webhook,
};
use types::CallError;

impl types::Host for State {}

impl rooms::Host for State {
    async fn list_rooms(&mut self, names: Vec<String>) -> Result<Vec<rooms::Room>, CallError> {
        contract::into_rooms(self.ask(contract::list_rooms(names)).await)
    }

    async fn list_participants(&mut self, room: String) -> Result<Vec<rooms::ParticipantInfo>, CallError> {
        contract::into_participants(self.ask(contract::list_participants(room)).await)
    }
}

impl egress::Host for State {
    async fn start_room_composite_egress(
        &mut self,
        request: egress::RoomCompositeEgressRequest,
    ) -> Result<egress::EgressInfo, CallError> {
        contract::into_egress(self.ask(contract::start_room_composite_egress(request)).await)
    }

    async fn start_track_egress(
        &mut self,
        request: egress::TrackEgressRequest,
    ) -> Result<egress::EgressInfo, CallError> {
        contract::into_egress(self.ask(contract::start_track_egress(request)).await)
    }

    async fn stop_egress(&mut self, egress_id: String) -> Result<egress::EgressInfo, CallError> {
        contract::into_egress(self.ask(contract::stop_egress(egress_id)).await)
    }

    async fn list_egress(
        &mut self,
        room_name: String,
        egress_id: String,
        active: bool,
    ) -> Result<Vec<egress::EgressInfo>, CallError> {
        contract::into_egress_list(self.ask(contract::list_egress(room_name, egress_id, active)).await)
    }
}

impl webhook::Host for State {
    async fn raw(&mut self, delivery: u64) -> webhook::RawDelivery {
        contract::into_raw(self.ask(contract::raw(delivery)).await)
    }

    async fn open(&mut self, delivery: u64) -> Result<webhook::WebhookEvent, webhook::Refusal> {
        contract::into_opened(self.ask(contract::open(delivery)).await)
    }
}

impl sink::Host for State {
    async fn head_object(&mut self, bucket: String, id: sink::ObjectId) -> Result<sink::HeadResult, CallError> {
        contract::into_head(self.ask(contract::head_object(bucket, id)).await)
    }

    async fn get_object(
        &mut self,
        bucket: String,
        id: sink::ObjectId,
        range: Option<sink::ByteRange>,
    ) -> Result<sink::Object, CallError> {
        contract::into_object(self.ask(contract::get_object(bucket, id, range)).await)
    }

    async fn put_object(
        &mut self,
        bucket: String,
        key: String,
        content_type: String,
        body: Vec<u8>,
    ) -> Result<sink::PutResult, CallError> {
        contract::into_put(self.ask(contract::put_object(bucket, key, content_type, body)).await)
    }

    async fn delete_object(&mut self, bucket: String, id: sink::ObjectId) -> Result<sink::DeletedObject, CallError> {
        contract::into_deleted(self.ask(contract::delete_object(bucket, id)).await)
    }

    async fn delete_objects(
        &mut self,
        bucket: String,
        objects: Vec<sink::ObjectId>,
        quiet: bool,
    ) -> Result<sink::DeleteResult, CallError> {
        contract::into_delete_result(self.ask(contract::delete_objects(bucket, objects, quiet)).await)
    }

    async fn list_objects_v2(
        &mut self,
        bucket: String,
        prefix: String,
        continuation_token: Option<String>,
        max_keys: u32,
    ) -> Result<sink::ListObjectsPage, CallError> {
        contract::into_objects(self.ask(contract::list_objects_v2(bucket, prefix, continuation_token, max_keys)).await)
    }

    async fn list_object_versions(
        &mut self,
        bucket: String,
        prefix: String,
        marker: Option<sink::VersionMarker>,
        max_keys: u32,
    ) -> Result<sink::ListObjectVersionsPage, CallError> {
        contract::into_versions(self.ask(contract::list_object_versions(bucket, prefix, marker, max_keys)).await)
    }

    async fn list_multipart_uploads(
        &mut self,
        bucket: String,
        prefix: String,
    ) -> Result<Vec<sink::MultipartUpload>, CallError> {
        contract::into_uploads(self.ask(contract::list_multipart_uploads(bucket, prefix)).await)
    }

    async fn abort_multipart_upload(
        &mut self,
        bucket: String,
        key: String,
        upload_id: String,
    ) -> Result<(), CallError> {
        contract::into_done(self.ask(contract::abort_multipart_upload(bucket, key, upload_id)).await)
    }

    async fn get_bucket_versioning(&mut self, bucket: String) -> Result<sink::BucketVersioning, CallError> {
        contract::into_versioning(self.ask(contract::get_bucket_versioning(bucket)).await)
    }
}

impl store::Host for State {
    async fn commit(
        &mut self,
        writes: Vec<store::Write>,
        preconditions: Vec<store::Precondition>,
    ) -> Result<store::CommitOutcome, CallError> {
        contract::into_commit(self.ask(contract::commit(writes, preconditions)).await)
    }

    async fn inventory_get(&mut self, egress_id: String) -> Result<Option<store::StoredRow>, CallError> {
        contract::into_row(self.ask(contract::inventory_get(egress_id)).await)
    }

    async fn inventory_scan(
        &mut self,
        tenant: String,
        after: Option<String>,
        limit: u32,
    ) -> Result<Vec<store::StoredRow>, CallError> {
        contract::into_rows(self.ask(contract::inventory_scan(tenant, after, limit)).await)
    }

    async fn state_get(&mut self, key: String) -> Result<Option<store::StateEntry>, CallError> {
        contract::into_state(self.ask(contract::state_get(key)).await)
    }

    async fn state_scan(
        &mut self,
        prefix: String,
        after: Option<String>,
        limit: u32,
    ) -> Result<Vec<store::StateEntry>, CallError> {
        contract::into_states(self.ask(contract::state_scan(prefix, after, limit)).await)
    }
}

impl audit::Host for State {
    async fn append(&mut self, records: Vec<audit::AuditRecord>) -> Result<(), CallError> {
        contract::into_done(self.ask(contract::append(records)).await)
    }
}

impl publish::Host for State {
    async fn publish(&mut self, link: publish::Link) -> Result<(), CallError> {
        contract::into_done(self.ask(contract::publish(link)).await)
    }

    async fn retract(&mut self, egress_id: String) -> Result<(), CallError> {
        contract::into_done(self.ask(contract::retract(egress_id)).await)
    }
}

impl check::Host for State {
    async fn always(&mut self, name: String, condition: bool, details: String) {
        contract::into_nothing(self.ask(contract::always(name, condition, details)).await);
    }

    async fn sometimes(&mut self, name: String, condition: bool) {
        contract::into_nothing(self.ask(contract::sometimes(name, condition)).await);
    }
}

impl clock::Host for State {
    async fn now(&mut self) -> u64 {
        contract::into_now(self.ask(contract::now()).await)
    }
}

impl timers::Host for State {
    async fn set(&mut self, name: String, at: u64, payload: String) -> Result<(), CallError> {
        contract::into_done(self.ask(contract::set_timer(name, at, payload)).await)
    }

    async fn cancel(&mut self, name: String) -> Result<(), CallError> {
        contract::into_done(self.ask(contract::cancel_timer(name)).await)
    }
}

impl entropy::Host for State {
    async fn next_u64(&mut self) -> u64 {
        contract::into_entropy(self.ask(contract::next_u64()).await)
    }
}

impl log::Host for State {
    async fn write(&mut self, level: log::Level, message: String) {
        contract::into_nothing(self.ask(contract::log(level, message)).await);
    }
}
