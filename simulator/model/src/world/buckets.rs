//! What happens to a bucket behind everybody's back: replication out of it, versioning that is suspended.

use std::sync::Arc;

use super::{Event, World};
use crate::call::Versioning;
use crate::fault::Point;
use crate::fault::kinds::s3::LAST_BUCKET;
use crate::sink::{Change, ChangeKind, Origin};
use crate::trace::{Actor, Fact};

const REPLICA: &str = "s3.replica";
const SUSPENDED: &str = "s3.versioning_suspended";

/// A version that is to be copied.
#[derive(Debug)]
pub(crate) struct Copying {
    bucket: String,
    to: String,
    key: Arc<str>,
    /// None: the `null` version, as it is by then.
    version: Option<Arc<str>>,
}

impl World<'_> {
    /// Sees to what follows when something has changed, and asks for faults when it was stored.
    pub(crate) fn after_store(&mut self, bucket: &str, change: &Change) {
        self.lifecycle_after_change(bucket);
        if !matches!(change.kind, ChangeKind::Stored { .. }) || !self.faults.any_of(&[REPLICA, SUSPENDED]) {
            return;
        }
        let call = match change.origin {
            Origin::Egress(ix) => Some(self.state.egress(ix).call),
            Origin::Operator => None,
        };
        let tenant = call.map(|call| self.state.tenant(self.state.call(call).tenant).ix);
        let room = call.map(|call| Arc::clone(&self.state.call(call).room));
        let name = tenant.map(|tenant| Arc::clone(&self.state.tenant(tenant).name));
        let keys = [&*change.key];
        let point = Point {
            name: "sink.stored",
            bucket: Some(bucket),
            keys: &keys,
            tenant: name.as_deref(),
            room: room.as_deref(),
            ..Point::default()
        };
        let last_bucket = tenant.and_then(|tenant| self.state.tenant_rule(tenant).buckets.last().cloned());
        if let Some(strike) = self.faults.has(REPLICA).then(|| self.strike(&[REPLICA], &point)).flatten() {
            let fault = self.faults.fault(strike);
            let to = Some(fault.text("to").to_owned()).filter(|to| to != LAST_BUCKET).or(last_bucket);
            let at = self.state.now + fault.span("by");
            if let Some(to) = to.filter(|to| to != bucket) {
                let copying = Copying {
                    bucket: bucket.to_owned(),
                    to,
                    key: Arc::clone(&change.key),
                    version: change.version.clone(),
                };
                self.queue.push(at, Event::Replicates { copying });
                self.owe(at);
            }
        }
        if self.can_be_suspended(bucket) && self.strike(&[SUSPENDED], &point).is_some() {
            self.suspend_versioning(bucket);
        }
    }

    /// Asks for faults when a bucket is asked something.
    pub(super) fn before_s3_call(&mut self, instance: u32, call: &crate::call::Call) {
        if let Some(bucket) = call.bucket()
            && self.can_be_suspended(bucket)
            && self.strike_s3(&[SUSPENDED], instance, call).is_some()
        {
            self.suspend_versioning(bucket);
        }
    }

    /// Where there is object lock, S3 itself forbids it.
    fn can_be_suspended(&self, bucket: &str) -> bool {
        let enabled = |bucket: &crate::sink::Bucket| bucket.versioning == Versioning::Enabled;
        self.faults.has(SUSPENDED)
            && self.state.sink.buckets.get(bucket).is_some_and(|bucket| enabled(bucket) && bucket.object_lock.is_none())
    }

    fn suspend_versioning(&mut self, bucket: &str) {
        self.state.sink.set_versioning(bucket, Versioning::Suspended).expect("it is enabled, without object lock");
    }

    /// A version arrives in the bucket that it is replicated to, unless it is gone where it came from.
    pub(crate) fn replicates(&mut self, copying: &Copying) {
        let Copying { bucket, to, key, version } = copying;
        let now = self.state.now;
        if let Some(change) = self.state.sink.copy(self.chance, now, bucket, key, version.as_deref(), to) {
            self.log.emit(&self.state, &Fact::Sink { by: Actor::Replication, bucket: to, change: &change });
            self.lifecycle_after_change(to);
        }
    }
}
