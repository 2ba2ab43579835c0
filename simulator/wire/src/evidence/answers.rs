//! What the evidence ports answer.

use egress_sim_model::call::{self, AuditRecord};
use egress_sim_model::time::{Span, Time};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use super::Row;

/// `POST /commit`: all of it was written.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Committed {
    /// The version of everything that was written.
    pub revision: u64,
}

/// A row as the store has it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Stored {
    row: Row,
    /// Rises with each commit that writes it.
    version: u64,
}

impl From<&call::StoredRow> for Stored {
    fn from(stored: &call::StoredRow) -> Stored {
        let row = &*stored.row;
        Stored {
            row: Row {
                egress_id: row.egress_id.clone(),
                tenant: row.tenant.clone(),
                room: row.room.clone(),
                bucket: row.bucket.clone(),
                key: row.key.clone(),
                backup_bucket: row.backup_bucket.clone(),
                kind: row.kind.clone(),
                state: row.state,
                details: serde_json::from_str(&row.details).unwrap_or_else(|_| json!(row.details)),
            },
            version: stored.version,
        }
    }
}

/// A state key as the store has it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Kept {
    key: String,
    value: String,
    /// Rises with each commit that writes it.
    version: u64,
}

impl From<&call::StateEntry> for Kept {
    fn from(entry: &call::StateEntry) -> Kept {
        Kept { key: entry.key.clone(), value: entry.value.clone(), version: entry.version }
    }
}

/// A line of the audit.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Audited {
    /// When it was appended, RFC 3339.
    at: String,
    record: AuditRecord,
}

impl Audited {
    /// A record that was appended then.
    pub fn new(at: Time, record: &AuditRecord) -> Audited {
        Audited { at: at.to_rfc3339(), record: record.clone() }
    }
}

/// `GET /boot`: what an operator would read from its environment.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Boot {
    instance: u32,
    incarnation: u32,
    livekit: LiveKit,
    s3: S3,
    tenants: Vec<Tenant>,
    backup_bucket: Option<Bucket>,
    /// `[operator.config]` of the scenario.
    config: Value,
}

#[derive(Debug, Serialize, JsonSchema)]
struct LiveKit {
    url: String,
    api_key: String,
    api_secret: String,
}

#[derive(Debug, Serialize, JsonSchema)]
struct S3 {
    url: String,
    access_key: String,
    secret_key: String,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Tenant {
    name: String,
    buckets: Vec<Bucket>,
    cdn: Option<String>,
    retention_seconds: Option<Seconds>,
    retention_max_seconds: Option<Seconds>,
    delete_within_seconds: Seconds,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Bucket {
    name: String,
    region: String,
    versioned: bool,
    /// `none`, `governance`, `compliance`.
    object_lock: &'static str,
}

/// Whole seconds as an integer, for whoever reads it as one.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(untagged)]
enum Seconds {
    Whole(u64),
    Broken(f64),
}

impl From<Span> for Seconds {
    fn from(span: Span) -> Seconds {
        if span.0.is_multiple_of(Span::SECOND.0) {
            Seconds::Whole(span.0 / Span::SECOND.0)
        } else {
            Seconds::Broken(span.0 as f64 / Span::SECOND.0 as f64)
        }
    }
}

impl From<&call::BootBucket> for Bucket {
    fn from(bucket: &call::BootBucket) -> Bucket {
        Bucket {
            name: bucket.name.clone(),
            region: bucket.region.clone(),
            versioned: bucket.versioned,
            object_lock: bucket.object_lock.name(),
        }
    }
}

/// With the addresses at which the servers really listen.
impl From<call::Boot> for Boot {
    fn from(boot: call::Boot) -> Boot {
        let tenants = boot.tenants.iter().map(|tenant| Tenant {
            name: tenant.name.clone(),
            buckets: tenant.buckets.iter().map(Bucket::from).collect(),
            cdn: tenant.cdn.clone(),
            retention_seconds: tenant.retention.map(Seconds::from),
            retention_max_seconds: tenant.retention_max.map(Seconds::from),
            delete_within_seconds: tenant.delete_within.into(),
        });
        Boot {
            instance: boot.instance,
            incarnation: boot.incarnation,
            tenants: tenants.collect(),
            backup_bucket: boot.backup_bucket.as_ref().map(Bucket::from),
            config: serde_json::from_str(&boot.config).unwrap_or(Value::Null),
            livekit: LiveKit { url: boot.livekit_url, api_key: boot.api_key, api_secret: boot.api_secret },
            s3: S3 { url: boot.s3_url, access_key: boot.s3_access_key, secret_key: boot.s3_secret_key },
        }
    }
}
