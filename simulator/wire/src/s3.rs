//! S3's operations as [`Call`]s, on top of s3s, which does routing, signatures, streaming and XML.
//!
//! Nothing is decided here: a request becomes an [`S3Request`], the world's answer becomes a response, and what neither has is
//! answered by S3's `NotImplemented`, which s3s does by itself. An outcome that the caller is not to know is told to the
//! server by [`BREAK`], one of which they are to see only the beginning by [`CUT_SHORT`].
//!
//! `objects`, `uploads`, `lists`, `deletes`, `locks`, `buckets` and `settings` hold S3's operations, `body` and `checksum` what
//! comes in, `rows` what a page of a listing is, `shelf` where it goes if it is too large for memory, `values` what both sides spell differently, `gate` what is refused before it is understood, `front` what every
//! answer carries.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use egress_sim_model::call::s3::answer::{About, S3Answer, S3Failure};
use egress_sim_model::call::s3::request::{Requester, S3Operation, S3Request};
use egress_sim_model::call::{Call, CallError, Rejection, Reply};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
#[allow(clippy::wildcard_imports, reason = "a hundred types of S3's own; a test build does not mind")]
use s3s::dto::*;
use s3s::{S3, S3Error, S3ErrorCode, S3Response, S3Result, s3_error};

mod body;
mod buckets;
mod checksum;
mod deletes;
pub mod front;
pub mod gate;
mod lists;
mod locks;
mod objects;
mod rows;
mod settings;
pub mod shelf;
mod uploads;
mod values;

use shelf::Shelf;

/// A header that never leaves: the server breaks the connection instead of sending this response.
pub const BREAK: HeaderName = HeaderName::from_static("x-egress-sim-break");

/// A header that never leaves: only the beginning of this response's XML is sent; where it has none, the connection breaks.
pub const CUT_SHORT: HeaderName = HeaderName::from_static("x-egress-sim-cut-short");

/// The way to the world.
#[async_trait]
pub trait Door: Clone + Send + Sync + 'static {
    /// Asks, and waits for the reply as long as that takes.
    async fn ask(&self, call: Call) -> Reply;

    /// Where bodies go that are too large for memory; none: all stay in memory.
    fn shelf(&self) -> Option<Arc<dyn Shelf>> {
        None
    }
}

/// The S3 service.
#[derive(Clone, Debug)]
pub struct Service<D>(pub D);

/// Somebody who asks the world.
struct Caller<'d, D> {
    door: &'d D,
    requester: Requester,
    /// The answer is to be cut short.
    cut_short: AtomicBool,
}

impl<D: Door> Caller<'_, D> {
    async fn ask(&self, bucket: String, operation: S3Operation) -> S3Result<S3Answer> {
        match ask(self.door, self.requester, bucket, operation).await {
            Ok(S3Answer::CutShort(whole)) => {
                self.cut_short.store(true, Ordering::Relaxed);
                Ok(*whole)
            }
            Ok(answer) => Ok(answer),
            Err(failure) => Err(failed(&failure)),
        }
    }

    fn answers<T>(self, response: S3Result<S3Response<T>>) -> S3Result<S3Response<T>> {
        let mut response = response?;
        if self.cut_short.into_inner() {
            response.headers.insert(CUT_SHORT, HeaderValue::from_static("1"));
        }
        Ok(response)
    }
}

/// Asks the world.
pub(crate) async fn ask<D: Door>(
    door: &D,
    requester: Requester,
    bucket: String,
    operation: S3Operation,
) -> Result<S3Answer, S3Failure> {
    match door.ask(Call::S3(Box::new(S3Request { requester, bucket, operation }))).await {
        Reply::S3(answer) => *answer,
        reply => unreachable!("the world answered something else than was asked: {reply:?}"),
    }
}

/// Operations, each with the function that carries it out.
macro_rules! operations {
    ($($name:ident($input:ty) -> $output:ty = $module:ident::$function:ident;)*) => {
        #[async_trait]
        impl<D: Door> S3 for Service<D> {
            $(
                async fn $name(&self, request: s3s::S3Request<$input>) -> S3Result<S3Response<$output>> {
                    let requester = if request.credentials.is_some() { Requester::Owner } else { Requester::Anonymous };
                    let caller = Caller { door: &self.0, requester, cut_short: AtomicBool::new(false) };
                    let response = $module::$function(&caller, request).await;
                    caller.answers(response)
                }
            )*
        }
    };
}

operations! {
    abort_multipart_upload(AbortMultipartUploadInput) -> AbortMultipartUploadOutput = uploads::abort;
    complete_multipart_upload(CompleteMultipartUploadInput) -> CompleteMultipartUploadOutput = uploads::complete;
    copy_object(CopyObjectInput) -> CopyObjectOutput = objects::copy;
    create_bucket(CreateBucketInput) -> CreateBucketOutput = buckets::create;
    create_multipart_upload(CreateMultipartUploadInput) -> CreateMultipartUploadOutput = uploads::create;
    delete_bucket(DeleteBucketInput) -> DeleteBucketOutput = buckets::delete;
    delete_bucket_cors(DeleteBucketCorsInput) -> DeleteBucketCorsOutput = settings::delete_cors;
    delete_bucket_lifecycle(DeleteBucketLifecycleInput) -> DeleteBucketLifecycleOutput = settings::delete_lifecycle;
    delete_bucket_ownership_controls(DeleteBucketOwnershipControlsInput) -> DeleteBucketOwnershipControlsOutput = settings::delete_ownership;
    delete_bucket_policy(DeleteBucketPolicyInput) -> DeleteBucketPolicyOutput = settings::delete_policy;
    delete_bucket_tagging(DeleteBucketTaggingInput) -> DeleteBucketTaggingOutput = settings::delete_tags;
    delete_object(DeleteObjectInput) -> DeleteObjectOutput = deletes::one;
    delete_object_tagging(DeleteObjectTaggingInput) -> DeleteObjectTaggingOutput = objects::delete_tags;
    delete_objects(DeleteObjectsInput) -> DeleteObjectsOutput = deletes::many;
    delete_public_access_block(DeletePublicAccessBlockInput) -> DeletePublicAccessBlockOutput = settings::delete_public_access_block;
    get_bucket_acl(GetBucketAclInput) -> GetBucketAclOutput = settings::get_acl;
    get_bucket_cors(GetBucketCorsInput) -> GetBucketCorsOutput = settings::get_cors;
    get_bucket_lifecycle_configuration(GetBucketLifecycleConfigurationInput) -> GetBucketLifecycleConfigurationOutput = settings::get_lifecycle;
    get_bucket_location(GetBucketLocationInput) -> GetBucketLocationOutput = buckets::location;
    get_bucket_ownership_controls(GetBucketOwnershipControlsInput) -> GetBucketOwnershipControlsOutput = settings::get_ownership;
    get_bucket_policy(GetBucketPolicyInput) -> GetBucketPolicyOutput = settings::get_policy;
    get_bucket_policy_status(GetBucketPolicyStatusInput) -> GetBucketPolicyStatusOutput = settings::get_policy_status;
    get_bucket_tagging(GetBucketTaggingInput) -> GetBucketTaggingOutput = settings::get_tags;
    get_bucket_versioning(GetBucketVersioningInput) -> GetBucketVersioningOutput = buckets::versioning;
    get_object(GetObjectInput) -> GetObjectOutput = objects::get;
    get_object_acl(GetObjectAclInput) -> GetObjectAclOutput = objects::get_acl;
    get_object_attributes(GetObjectAttributesInput) -> GetObjectAttributesOutput = objects::attributes;
    get_object_legal_hold(GetObjectLegalHoldInput) -> GetObjectLegalHoldOutput = locks::get_hold;
    get_object_lock_configuration(GetObjectLockConfigurationInput) -> GetObjectLockConfigurationOutput = locks::get_configuration;
    get_object_retention(GetObjectRetentionInput) -> GetObjectRetentionOutput = locks::get_retention;
    get_object_tagging(GetObjectTaggingInput) -> GetObjectTaggingOutput = objects::get_tags;
    get_public_access_block(GetPublicAccessBlockInput) -> GetPublicAccessBlockOutput = settings::get_public_access_block;
    head_bucket(HeadBucketInput) -> HeadBucketOutput = buckets::head;
    head_object(HeadObjectInput) -> HeadObjectOutput = objects::head;
    list_buckets(ListBucketsInput) -> ListBucketsOutput = buckets::list;
    list_multipart_uploads(ListMultipartUploadsInput) -> ListMultipartUploadsOutput = lists::uploads;
    list_object_versions(ListObjectVersionsInput) -> ListObjectVersionsOutput = lists::versions;
    list_objects(ListObjectsInput) -> ListObjectsOutput = lists::objects;
    list_objects_v2(ListObjectsV2Input) -> ListObjectsV2Output = lists::objects_v2;
    list_parts(ListPartsInput) -> ListPartsOutput = lists::parts;
    put_bucket_acl(PutBucketAclInput) -> PutBucketAclOutput = settings::put_acl;
    put_bucket_cors(PutBucketCorsInput) -> PutBucketCorsOutput = settings::put_cors;
    put_bucket_lifecycle_configuration(PutBucketLifecycleConfigurationInput) -> PutBucketLifecycleConfigurationOutput = settings::put_lifecycle;
    put_bucket_ownership_controls(PutBucketOwnershipControlsInput) -> PutBucketOwnershipControlsOutput = settings::put_ownership;
    put_bucket_policy(PutBucketPolicyInput) -> PutBucketPolicyOutput = settings::put_policy;
    put_bucket_tagging(PutBucketTaggingInput) -> PutBucketTaggingOutput = settings::put_tags;
    put_bucket_versioning(PutBucketVersioningInput) -> PutBucketVersioningOutput = buckets::put_versioning;
    put_object(PutObjectInput) -> PutObjectOutput = objects::put;
    put_object_acl(PutObjectAclInput) -> PutObjectAclOutput = objects::put_acl;
    put_object_legal_hold(PutObjectLegalHoldInput) -> PutObjectLegalHoldOutput = locks::put_hold;
    put_object_lock_configuration(PutObjectLockConfigurationInput) -> PutObjectLockConfigurationOutput = locks::put_configuration;
    put_object_retention(PutObjectRetentionInput) -> PutObjectRetentionOutput = locks::put_retention;
    put_object_tagging(PutObjectTaggingInput) -> PutObjectTaggingOutput = objects::put_tags;
    put_public_access_block(PutPublicAccessBlockInput) -> PutPublicAccessBlockOutput = settings::put_public_access_block;
    upload_part(UploadPartInput) -> UploadPartOutput = uploads::part;
    upload_part_copy(UploadPartCopyInput) -> UploadPartCopyOutput = uploads::part_copy;
}

#[expect(clippy::unnecessary_wraps, reason = "it ends every operation, which may fail")]
fn response<T>(output: T) -> S3Result<S3Response<T>> {
    Ok(S3Response::new(output))
}

/// A failed request as S3's error.
pub(crate) fn failed(failure: &S3Failure) -> S3Error {
    match &failure.error {
        CallError::Rejected(Rejection { code, status, message }) => {
            let code = S3ErrorCode::from_bytes(code.as_bytes()).unwrap_or(S3ErrorCode::AccessDenied);
            let mut error = S3Error::with_message(code, message.clone());
            error.set_status_code(StatusCode::from_u16(*status).unwrap_or(StatusCode::BAD_REQUEST));
            if let Some(about) = &failure.about {
                error.set_headers(headers(about));
            }
            error
        }
        CallError::NotSent(_) | CallError::OutcomeUnknown(_) => {
            let mut error = s3_error!(InternalError);
            error.set_headers(HeaderMap::from_iter([(BREAK, HeaderValue::from_static("1"))]));
            error
        }
    }
}

/// What an error's headers tell of the object.
fn headers(about: &About) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let mut add = |name: &'static str, value: String| {
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    };
    if about.delete_marker {
        add("x-amz-delete-marker", "true".into());
    }
    about.version_id.iter().for_each(|version| add("x-amz-version-id", version.clone()));
    about.etag.iter().for_each(|etag| add("etag", etag.to_string()));
    about.last_modified.iter().for_each(|at| add("last-modified", values::http_date(*at)));
    headers
}

fn wrong_answer(answer: &S3Answer) -> ! {
    unreachable!("the world answered something else than was asked: {answer:?}")
}

/// What an answer of one sort holds.
macro_rules! the {
    ($answer:expr, $pattern:pat => $value:expr) => {
        match $answer {
            $pattern => $value,
            other => $crate::s3::wrong_answer(&other),
        }
    };
}
pub(crate) use the;
