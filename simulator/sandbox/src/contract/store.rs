//! S3's messages and the durable ports between the contract and the model.

use std::sync::Arc;

use egress_sim_model::call;

use super::super::wit::egress_sim::operator::audit::{AuditAction, AuditOutcome, AuditRecord};
use super::super::wit::egress_sim::operator::sink::{
    BucketVersioning, DeleteError, DeleteResult, DeletedObject, HeadResult, ListObjectVersionsPage, ListObjectsPage,
    MultipartUpload, ObjectHead, ObjectSummary, ObjectVersion, VersionMarker,
};
use super::super::wit::egress_sim::operator::store::{
    CommitOutcome, Expectation, Precondition, Row, RowState, SinkKey, StateEntry, StoredRow, Subject, Write,
};

pub fn object_head(head: call::ObjectHead) -> ObjectHead {
    ObjectHead {
        size: head.size,
        etag: head.etag.to_string(),
        content_type: head.content_type,
        last_modified: head.last_modified.0,
        version_id: head.version_id,
    }
}

pub fn head_result(result: call::HeadResult) -> HeadResult {
    match result {
        call::HeadResult::Found(head) => HeadResult::Found(object_head(head)),
        call::HeadResult::NotFound { delete_marker } => HeadResult::NotFound(delete_marker),
    }
}

pub fn deleted_object(deleted: call::DeletedObject) -> DeletedObject {
    DeletedObject {
        key: deleted.key,
        version_id: deleted.version_id,
        delete_marker: deleted.delete_marker,
        delete_marker_version_id: deleted.delete_marker_version_id,
    }
}

pub fn delete_result(result: call::DeleteResult) -> DeleteResult {
    let error = |error: call::DeleteError| DeleteError {
        key: error.key,
        version_id: error.version_id,
        code: error.code,
        message: error.message,
    };
    DeleteResult {
        deleted: result.deleted.into_iter().map(deleted_object).collect(),
        errors: result.errors.into_iter().map(error).collect(),
    }
}

pub fn objects_page(page: call::ListObjectsPage) -> ListObjectsPage {
    let summary = |object: call::ObjectSummary| ObjectSummary {
        key: object.key.to_string(),
        size: object.size,
        etag: object.etag.to_string(),
        last_modified: object.last_modified.0,
    };
    ListObjectsPage {
        contents: page.contents.into_iter().map(summary).collect(),
        next_continuation_token: page.next_continuation_token,
    }
}

pub fn versions_page(page: call::ListVersionsPage) -> ListObjectVersionsPage {
    let version = |version: call::ObjectVersion| ObjectVersion {
        key: version.key,
        version_id: version.version_id,
        is_latest: version.is_latest,
        delete_marker: version.delete_marker,
        size: version.size,
        last_modified: version.last_modified.0,
    };
    ListObjectVersionsPage {
        versions: page.versions.into_iter().map(version).collect(),
        next: page.next.map(|(key, version_id)| VersionMarker { key, version_id }),
    }
}

pub fn multipart_upload(upload: call::MultipartUpload) -> MultipartUpload {
    MultipartUpload { key: upload.key, upload_id: upload.upload_id, initiated: upload.initiated.0 }
}

pub fn versioning(versioning: call::Versioning) -> BucketVersioning {
    match versioning {
        call::Versioning::Unversioned => BucketVersioning::Unversioned,
        call::Versioning::Enabled => BucketVersioning::Enabled,
        call::Versioning::Suspended => BucketVersioning::Suspended,
    }
}

pub fn write(write: Write) -> call::Write {
    match write {
        Write::PutRow(row) => call::Write::PutRow(Arc::new(into_row(row))),
        Write::DeleteRow(egress_id) => call::Write::DeleteRow(egress_id),
        Write::PutState((key, value)) => call::Write::PutState(key, value),
        Write::DeleteState(key) => call::Write::DeleteState(key),
    }
}

pub fn precondition(precondition: Precondition) -> call::Precondition {
    call::Precondition {
        subject: match precondition.subject {
            Subject::Row(egress_id) => call::Subject::Row(egress_id),
            Subject::State(key) => call::Subject::State(key),
        },
        expect: match precondition.expect {
            Expectation::Absent => call::Expectation::Absent,
            Expectation::VersionIs(version) => call::Expectation::VersionIs(version),
        },
    }
}

pub fn commit_outcome(outcome: call::CommitOutcome) -> CommitOutcome {
    match outcome {
        call::CommitOutcome::Committed(revision) => CommitOutcome::Committed(revision),
        call::CommitOutcome::Conflict(call::Subject::Row(egress_id)) => {
            CommitOutcome::Conflict(Subject::Row(egress_id))
        }
        call::CommitOutcome::Conflict(call::Subject::State(key)) => CommitOutcome::Conflict(Subject::State(key)),
    }
}

pub fn stored_row(stored: &call::StoredRow) -> StoredRow {
    let row = &stored.row;
    StoredRow {
        row: Row {
            egress_id: row.egress_id.clone(),
            tenant: row.tenant.clone(),
            room: row.room.clone(),
            bucket: row.bucket.clone(),
            key: match &row.key {
                call::SinkKey::Exact(key) => SinkKey::Exact(key.clone()),
                call::SinkKey::Prefix(prefix) => SinkKey::Prefix(prefix.clone()),
            },
            backup_bucket: row.backup_bucket.clone(),
            kind: row.kind.clone(),
            state: match row.state {
                call::RowState::Recording => RowState::Recording,
                call::RowState::Stored => RowState::Stored,
                call::RowState::Failed => RowState::Failed,
                call::RowState::Deleting => RowState::Deleting,
                call::RowState::Deleted => RowState::Deleted,
            },
            details: row.details.clone(),
        },
        version: stored.version,
    }
}

pub fn state_entry(entry: call::StateEntry) -> StateEntry {
    StateEntry { key: entry.key, value: entry.value, version: entry.version }
}

pub fn audit_record(record: AuditRecord) -> call::AuditRecord {
    call::AuditRecord {
        action: match record.action {
            AuditAction::Delete => call::AuditAction::Delete,
            AuditAction::LegalHold => call::AuditAction::LegalHold,
            AuditAction::LiftHold => call::AuditAction::LiftHold,
            AuditAction::Publish => call::AuditAction::Publish,
            AuditAction::Retract => call::AuditAction::Retract,
            AuditAction::RefuseWebhook => call::AuditAction::RefuseWebhook,
        },
        tenant: record.tenant,
        egress_id: record.egress_id,
        bucket: record.bucket,
        key: record.key,
        version_id: record.version_id,
        outcome: match record.outcome {
            AuditOutcome::Done => call::AuditOutcome::Done,
            AuditOutcome::Refused(code) => call::AuditOutcome::Refused(code),
            AuditOutcome::Failed(code) => call::AuditOutcome::Failed(code),
        },
        idempotency_key: record.idempotency_key,
    }
}

fn into_row(row: Row) -> call::Row {
    call::Row {
        egress_id: row.egress_id,
        tenant: row.tenant,
        room: row.room,
        bucket: row.bucket,
        key: match row.key {
            SinkKey::Exact(key) => call::SinkKey::Exact(key),
            SinkKey::Prefix(prefix) => call::SinkKey::Prefix(prefix),
        },
        backup_bucket: row.backup_bucket,
        kind: row.kind,
        state: match row.state {
            RowState::Recording => call::RowState::Recording,
            RowState::Stored => call::RowState::Stored,
            RowState::Failed => call::RowState::Failed,
            RowState::Deleting => call::RowState::Deleting,
            RowState::Deleted => call::RowState::Deleted,
        },
        details: row.details,
    }
}
