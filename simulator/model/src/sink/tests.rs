//! What the tests of the sink share: a small scenario and short ways to ask.

use std::sync::Arc;

use bytes::Bytes;

use super::{Body, Change, ChangeKind, Delete, Fate, Origin, Put, Sink};
use crate::call::{CallError, DeletedObject, ObjectId, PutResult};
use crate::chance::Chance;
use crate::scenario::{Bucket, ObjectLock, OperatorTable, Promises, Scenario, Severity, Tenant, WorldParameters};
use crate::state::EgressIx;
use crate::time::{Span, Time};

mod bodies;
mod lifecycle;
mod listing;
mod lists;
mod locks;
mod model;
mod multipart;
mod pieces;
mod requests;
mod settings;
mod uploads;
mod versions;

/// Two tenants with a CDN each; `acme` owns `plain` and `kept` (versioned), `globex` owns `other`, and `open` is public.
/// `safe` has object lock without a default, `vault` locks for 20 s in COMPLIANCE.
pub(crate) fn scenario() -> Scenario {
    let tenant = |name: &str, buckets: &[&str]| Tenant {
        name: name.into(),
        buckets: buckets.iter().map(|bucket| (*bucket).into()).collect(),
        cdn: Some(format!("cdn.{name}.example")),
        retention: None,
        retention_max: None,
        delete_within: Span::seconds(90 * 86_400),
        contract_end: None,
    };
    Scenario {
        name: "sink".into(),
        title: String::new(),
        severity: Severity::Medium,
        seed: 7,
        question: String::new(),
        expected: String::new(),
        world: WorldParameters::default(),
        limits: crate::scenario::Limits::default(),
        promises: Promises::default(),
        operator: OperatorTable::default(),
        tenants: vec![tenant("acme", &["plain", "kept"]), tenant("globex", &["other"])],
        buckets: vec![
            Bucket { versioning: true, ..Bucket::named("kept") },
            Bucket { public: true, ..Bucket::named("open") },
            Bucket { object_lock: ObjectLock::Governance, ..Bucket::named("safe") },
            Bucket { object_lock: ObjectLock::Compliance, lock_for: Some(Span::seconds(20)), ..Bucket::named("vault") },
        ],
        calls: Vec::new(),
        commands: Vec::new(),
        faults: Vec::new(),
        expects: Vec::new(),
        found: toml::Table::new(),
    }
}

pub(crate) fn id(key: &str) -> ObjectId {
    ObjectId { key: key.into(), version_id: None }
}

fn version(key: &str, version: &str) -> ObjectId {
    ObjectId { key: key.into(), version_id: Some(version.into()) }
}

/// A sink and a clock that ticks with every write.
pub(crate) struct Bench {
    pub(crate) sink: Sink,
    pub(crate) now: Time,
}

impl Bench {
    pub(crate) fn new() -> Bench {
        let scenario = scenario();
        Bench { sink: Sink::new(&scenario), now: scenario.world.start }
    }

    fn tick(&mut self) -> Time {
        self.now += Span::SECOND;
        self.now
    }

    pub(crate) fn put_body(
        &mut self,
        bucket: &str,
        key: &str,
        body: Body,
    ) -> Result<(PutResult, Vec<Change>), CallError> {
        let put = self.a_put(bucket, key, body);
        self.sink.put(put)
    }

    fn a_put<'b>(&mut self, bucket: &'b str, key: &str, body: Body) -> Put<'b> {
        Put {
            chance: Chance::new(7),
            now: self.tick(),
            bucket,
            key: key.into(),
            body,
            content_type: "text/plain".into(),
            metadata: Arc::default(),
            tagging: "".into(),
            origin: Origin::Egress(EgressIx(0)),
        }
    }

    /// A delete request of the operator's.
    fn request<'b>(&mut self, bucket: &'b str) -> Delete<'b> {
        let now = self.tick();
        Delete { chance: Chance::new(7), now, bucket, origin: Origin::Operator, bypass_governance: false }
    }

    pub(crate) fn put(&mut self, bucket: &str, key: &str, text: &'static str) -> PutResult {
        self.put_body(bucket, key, Body::Bytes(Bytes::from_static(text.as_bytes()))).expect("the put works").0
    }

    pub(crate) fn delete(&mut self, bucket: &str, id: &ObjectId) -> (DeletedObject, Vec<ChangeKind>) {
        let request = self.request(bucket);
        let (deleted, changes) = self.sink.delete(request, id).expect("the delete works");
        (deleted, changes.into_iter().map(|change| change.kind).collect())
    }

    fn text(&self, bucket: &str, id: &ObjectId) -> Result<String, String> {
        match self.sink.get(bucket, id, None) {
            Ok((_, bytes)) => Ok(String::from_utf8(bytes.to_vec()).expect("text was put")),
            Err(error) => Err(code(&error)),
        }
    }
}

/// S3's code and status of a refusal.
fn code(error: &CallError) -> String {
    match error {
        CallError::Rejected(rejection) => format!("{} {}", rejection.code, rejection.status),
        other => panic!("the sink itself always answers, not {other:?}"),
    }
}
