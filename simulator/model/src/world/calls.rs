//! What each call does. The one place where a [`Call`] meets the surfaces of the world.

use super::World;
use crate::call::{Call, CallError, Reply, Surface};
use crate::fault::{Point, Strike};
use crate::property::{Mention, Verdict};
use crate::sink::{Body, Change, Origin, Put};
use crate::trace::{Actor, Fact};

impl World<'_> {
    /// Carries a call out and says what is answered.
    pub(super) fn apply(&mut self, instance: u32, call: &Call) -> Reply {
        if call.surface() == Surface::S3 {
            return self.apply_s3(instance, call);
        }
        match call {
            Call::WebhookRaw { delivery } => self.webhook_raw(*delivery),
            Call::WebhookOpen { delivery } => Reply::Opened(self.webhook_open(*delivery, self.operator_now(instance))),
            Call::StartEgress(request) => Reply::Egress(self.start_egress(request)),
            Call::StopEgress { egress_id } => Reply::Egress(self.stop_egress(egress_id)),
            Call::ListEgress { room_name, egress_id, active } => {
                Reply::EgressList(self.list_egress(room_name, egress_id, *active))
            }
            Call::ListRooms { names } => Reply::Rooms(Ok(self.list_rooms(names))),
            Call::ListParticipants { room } => Reply::Participants(self.list_participants(room)),
            Call::Api(call) => self.apply_api(call),
            Call::Commit { writes, preconditions } => Reply::Commit(Ok(self.commit(writes, preconditions))),
            Call::InventoryGet { egress_id } => Reply::Row(Ok(self.state.ports.rows.get(egress_id).cloned())),
            Call::InventoryScan { tenant, after, limit } => {
                Reply::Rows(Ok(self.state.ports.scan_rows(tenant, after.as_deref(), *limit)))
            }
            Call::StateGet { key } => Reply::State(Ok(self.state.ports.state.get(key).cloned())),
            Call::StateScan { prefix, after, limit } => {
                Reply::States(Ok(self.state.ports.scan_state(prefix, after.as_deref(), *limit)))
            }
            Call::AuditAppend(records) => {
                self.state.ports.audit_records += records.len() as u64;
                self.log.emit(&self.state, &Fact::Audited { instance, records });
                Reply::Done(Ok(()))
            }
            Call::Publish(link) => {
                self.publish(link);
                Reply::Done(Ok(()))
            }
            Call::Retract { egress_id } => {
                self.retract(egress_id);
                Reply::Done(Ok(()))
            }
            Call::CheckAlways { name, condition, details } => {
                self.check_always(instance, name, *condition, details);
                Reply::Nothing
            }
            Call::Now => Reply::Now(self.operator_now(instance)),
            Call::SetTimer(timer) => Reply::Done(self.set_timer(timer)),
            Call::CancelTimer { name } => {
                self.state.ports.timers.remove(name);
                Reply::Done(Ok(()))
            }
            Call::Entropy => {
                let counter = self.entropy_drawn;
                self.entropy_drawn += 1;
                Reply::Entropy(self.chance.draw("entropy", &instance.to_string(), counter))
            }
            Call::CheckSometimes { .. } | Call::Log { .. } => Reply::Nothing,
            _ => unreachable!("{} is of another surface", call.name()),
        }
    }

    fn check_always(&mut self, instance: u32, name: &str, condition: bool, details: &str) {
        let now = self.state.now;
        let sequence = self.log.failed_check(instance);
        let verdict: &mut Verdict = self.customs.entry(format!("custom.{name}")).or_default();
        verdict.check(
            condition,
            now,
            || vec![Mention::Instance(instance)],
            || format!("the operator's own promise `{name}` does not hold: {details}"),
        );
        if !condition && verdict.violations == 1 {
            verdict.first.iter_mut().for_each(|first| first.sequence = sequence);
        }
    }

    fn apply_s3(&mut self, instance: u32, call: &Call) -> Reply {
        self.before_s3_call(instance, call);
        let now = self.state.now;
        let chance = self.chance;
        let origin = Origin::Operator;
        match call {
            Call::HeadObject { bucket, id } => Reply::Head(self.state.sink.head(bucket, id)),
            Call::GetObject { bucket, id, range } => Reply::Object(self.state.sink.get(bucket, id, *range)),
            Call::ListObjectsV2 { bucket, prefix, continuation_token, max_keys } => {
                let token = continuation_token.as_deref();
                Reply::Objects(self.list_objects_v2(instance, call, (bucket, prefix), token, *max_keys))
            }
            Call::ListObjectVersions { bucket, prefix, marker, max_keys } => {
                let marker = marker.as_ref().map(|(key, version)| (key.as_str(), version.as_str()));
                Reply::Versions(self.list_object_versions(instance, call, (bucket, prefix), marker, *max_keys))
            }
            Call::ListMultipartUploads { bucket, prefix } => {
                Reply::Uploads(self.state.sink.list_multipart_uploads(bucket, prefix))
            }
            Call::GetBucketVersioning { bucket } => Reply::Versioning(self.state.sink.versioning(bucket)),
            Call::PutObject { bucket, key, content_type, body } => {
                let put = Put {
                    chance,
                    now,
                    bucket,
                    key: key.as_str().into(),
                    body: Body::Bytes(body.clone()),
                    content_type: content_type.as_str().into(),
                    metadata: std::sync::Arc::default(),
                    tagging: "".into(),
                    origin,
                };
                let result = self.state.sink.put(put);
                Reply::Put(self.changed_by_operator(instance, bucket, result))
            }
            // Who deletes a tenant's recordings day by day has no permission to bypass governance.
            Call::DeleteObject { bucket, id } => Reply::Deleted(self.delete_object(instance, call, bucket, id, false)),
            Call::DeleteObjects { bucket, objects, quiet } => {
                Reply::DeleteResult(self.delete_objects(instance, call, bucket, (objects, &[]), *quiet, false))
            }
            Call::AbortMultipartUpload { bucket, key, upload_id } => {
                let result = self.state.sink.abort_multipart_upload(bucket, key, upload_id);
                Reply::Done(self.changed_by_operator(instance, bucket, result.map(|changes| ((), changes))))
            }
            Call::S3(request) => Reply::S3(Box::new(self.s3_request(instance, call, request))),
            _ => unreachable!("{} is not an S3 call", call.name()),
        }
    }

    /// Puts the changes of an S3 call on record.
    pub(super) fn changed_by_operator<T>(
        &mut self,
        instance: u32,
        bucket: &str,
        result: Result<(T, Vec<Change>), CallError>,
    ) -> Result<T, CallError> {
        let (reply, changes) = result?;
        for change in &changes {
            self.log.emit(&self.state, &Fact::Sink { by: Actor::Operator(instance), bucket, change });
            self.after_store(bucket, change);
        }
        Ok(reply)
    }

    pub(super) fn strike_s3(&mut self, kinds: &[&str], instance: u32, call: &Call) -> Option<Strike> {
        let keys = call.keys();
        let point = Point {
            name: call.name(),
            bucket: call.bucket(),
            keys: &keys,
            instance: Some(instance),
            ..Point::default()
        };
        self.strike(kinds, &point)
    }
}
