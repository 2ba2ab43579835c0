//! Deletions, one by one and in batches.

use egress_sim_model::call::s3::answer::S3Answer;
use egress_sim_model::call::s3::request::{DeleteObject, DeleteObjects, S3Operation};
use s3s::dto::{DeleteObjectInput, DeleteObjectOutput, DeleteObjectsInput, DeleteObjectsOutput, DeletedObject, Error};
use s3s::{S3Request, S3Response, S3Result, s3_error};

use super::values::{id, if_match, not_understood};
use super::{Caller, Door, response, the};

pub(super) async fn one<D: Door>(
    caller: &Caller<'_, D>,
    request: S3Request<DeleteObjectInput>,
) -> S3Result<S3Response<DeleteObjectOutput>> {
    let input = request.input;
    let delete = DeleteObject {
        id: id(input.key, input.version_id),
        bypass_governance: input.bypass_governance_retention.unwrap_or(false),
        if_match: if_match(input.if_match),
    };
    let deleted = the!(
        caller.ask(input.bucket, S3Operation::DeleteObject(delete)).await?,
        S3Answer::Deleted(deleted) => deleted
    );
    response(DeleteObjectOutput {
        delete_marker: deleted.delete_marker.then_some(true),
        version_id: deleted.delete_marker_version_id.or(deleted.version_id),
        ..DeleteObjectOutput::default()
    })
}

pub(super) async fn many<D: Door>(
    caller: &Caller<'_, D>,
    request: S3Request<DeleteObjectsInput>,
) -> S3Result<S3Response<DeleteObjectsOutput>> {
    let summed_up =
        |name: &str| name == "content-md5" || name.starts_with("x-amz-checksum-") || name == "x-amz-trailer";
    if !request.headers.keys().any(|name| summed_up(name.as_str())) {
        return Err(s3_error!(
            InvalidRequest,
            "Missing required header for this request: Content-MD5 OR x-amz-checksum-*"
        ));
    }
    let DeleteObjectsInput { bucket, delete, bypass_governance_retention, .. } = request.input;
    let conditional = |object: &s3s::dto::ObjectIdentifier| {
        object.e_tag.is_some() || object.size.is_some() || object.last_modified_time.is_some()
    };
    if delete.objects.iter().any(conditional) {
        return Err(not_understood("conditions on single keys of a batch"));
    }
    let delete = DeleteObjects {
        objects: delete.objects.into_iter().map(|object| id(object.key, object.version_id)).collect(),
        quiet: delete.quiet.unwrap_or(false),
        bypass_governance: bypass_governance_retention.unwrap_or(false),
    };
    let result = the!(
        caller.ask(bucket, S3Operation::DeleteObjects(delete)).await?,
        S3Answer::DeleteResult(result) => result
    );
    let deleted = result.deleted.into_iter().map(|one| DeletedObject {
        key: Some(one.key),
        version_id: one.version_id,
        delete_marker: one.delete_marker.then_some(true),
        delete_marker_version_id: one.delete_marker_version_id,
    });
    let errors = result.errors.into_iter().map(|one| Error {
        code: Some(one.code),
        key: Some(one.key),
        message: Some(one.message),
        version_id: one.version_id,
    });
    response(DeleteObjectsOutput {
        deleted: Some(deleted.collect()),
        errors: Some(errors.collect()),
        ..DeleteObjectsOutput::default()
    })
}
