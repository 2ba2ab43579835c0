//! S3's operations as [`Call`]s, on top of s3s, which does routing, signatures, streaming and XML.
//!
//! What the world's sink can be asked by an operator is here: heads, reads, writes, deletions, listings, versions. Every other
//! operation answers S3's `NotImplemented`, which s3s does by itself; so does a parameter that would change the meaning of a
//! request and is not understood. An outcome that the caller is not to know is told to the server by [`BREAK`].

use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use bytes::Bytes;
use egress_sim_model::call::{Call, CallError, HeadResult, ListObjectsPage, ObjectId, Rejection, Reply, Versioning};
use egress_sim_model::time::Time;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use s3s::dto::{
    AbortMultipartUploadInput, AbortMultipartUploadOutput, BucketVersioningStatus, DeleteMarkerEntry,
    DeleteObjectInput, DeleteObjectOutput, DeleteObjectsInput, DeleteObjectsOutput, DeletedObject, ETag, EncodingType,
    Error, GetBucketVersioningInput, GetBucketVersioningOutput, GetObjectInput, GetObjectOutput, HeadBucketInput,
    HeadBucketOutput, HeadObjectInput, HeadObjectOutput, ListMultipartUploadsInput, ListMultipartUploadsOutput,
    ListObjectVersionsInput, ListObjectVersionsOutput, ListObjectsV2Input, ListObjectsV2Output, MultipartUpload,
    Object, ObjectStorageClass, ObjectVersion, PutObjectInput, PutObjectOutput, Timestamp,
};
use s3s::{S3, S3Error, S3ErrorCode, S3Request, S3Response, S3Result, s3_error};

mod read;

/// A header that never leaves: the server breaks the connection instead of sending this response.
pub const BREAK: HeaderName = HeaderName::from_static("x-egress-sim-break");

/// Keys of one page where the request does not say.
const PAGE: i32 = 1000;

/// The way to the world.
#[async_trait]
pub trait Door: Clone + Send + Sync + 'static {
    /// Asks, and waits for the reply as long as that takes.
    async fn ask(&self, call: Call) -> Reply;
}

/// The S3 service.
#[derive(Clone, Debug)]
pub struct Service<D>(pub D);

#[expect(clippy::unnecessary_wraps, reason = "it ends every operation, which may fail")]
fn response<T>(output: T) -> S3Result<S3Response<T>> {
    Ok(S3Response::new(output))
}

/// A failed call as S3's error.
fn failed(error: &CallError) -> S3Error {
    match error {
        CallError::Rejected(Rejection { code, status, message }) => {
            // Without a body the code is the status alone; s3s wants some code, and HEAD sends none.
            let code = S3ErrorCode::from_bytes(code.as_bytes()).unwrap_or(S3ErrorCode::AccessDenied);
            let mut error = S3Error::with_message(code, message.clone());
            error.set_status_code(StatusCode::from_u16(*status).unwrap_or(StatusCode::BAD_REQUEST));
            error
        }
        CallError::OutcomeUnknown(what) if what.starts_with("InternalError") => {
            s3_error!(InternalError, "We encountered an internal error. Please try again.")
        }
        CallError::NotSent(_) | CallError::OutcomeUnknown(_) => {
            let mut error = s3_error!(InternalError);
            error.set_headers(HeaderMap::from_iter([(BREAK, HeaderValue::from_static("1"))]));
            error
        }
    }
}

fn not_understood(parameter: &str) -> S3Error {
    S3Error::with_message(S3ErrorCode::NotImplemented, format!("egress-sim does not have {parameter} yet"))
}

fn timestamp(time: Time) -> Timestamp {
    Timestamp::from(SystemTime::UNIX_EPOCH + Duration::from_nanos(time.0))
}

/// Entity tags come with their quotes.
fn etag(quoted: &str) -> ETag {
    ETag::Strong(quoted.trim_matches('"').to_owned())
}

fn signed(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

fn id(key: String, version_id: Option<String>) -> ObjectId {
    ObjectId { key, version_id }
}

fn page_size(max_keys: Option<i32>) -> S3Result<u32> {
    u32::try_from(max_keys.unwrap_or(PAGE)).map_err(|_| s3_error!(InvalidArgument, "max-keys must not be negative"))
}

fn expect_empty<T>(what: Option<&T>, parameter: &str) -> S3Result<()> {
    if what.is_some() { Err(not_understood(parameter)) } else { Ok(()) }
}

fn wrong_reply(reply: &Reply) -> ! {
    unreachable!("the world answered something else than was asked: {reply:?}")
}

#[async_trait]
impl<D: Door> S3 for Service<D> {
    async fn head_object(&self, request: S3Request<HeadObjectInput>) -> S3Result<S3Response<HeadObjectOutput>> {
        let input = request.input;
        let call = Call::HeadObject { bucket: input.bucket, id: id(input.key, input.version_id) };
        match self.0.ask(call).await {
            Reply::Head(Ok(HeadResult::Found(head))) => response(HeadObjectOutput {
                accept_ranges: Some("bytes".into()),
                content_length: Some(signed(head.size)),
                content_type: Some(head.content_type),
                e_tag: Some(etag(&head.etag)),
                last_modified: Some(timestamp(head.last_modified)),
                version_id: head.version_id,
                ..HeadObjectOutput::default()
            }),
            Reply::Head(Ok(HeadResult::NotFound { delete_marker })) => {
                let mut error = s3_error!(NoSuchKey);
                if delete_marker {
                    let marker = (HeaderName::from_static("x-amz-delete-marker"), HeaderValue::from_static("true"));
                    error.set_headers(HeaderMap::from_iter([marker]));
                }
                Err(error)
            }
            Reply::Head(Err(error)) => Err(failed(&error)),
            reply => wrong_reply(&reply),
        }
    }

    async fn get_object(&self, request: S3Request<GetObjectInput>) -> S3Result<S3Response<GetObjectOutput>> {
        read::get_object(&self.0, request.input).await
    }

    async fn put_object(&self, request: S3Request<PutObjectInput>) -> S3Result<S3Response<PutObjectOutput>> {
        let S3Request { input, headers, trailing_headers, .. } = request;
        expect_empty(input.if_match.as_ref(), "If-Match on PutObject")?;
        expect_empty(input.if_none_match.as_ref(), "If-None-Match on PutObject")?;
        expect_empty(input.tagging.as_ref(), "x-amz-tagging")?;
        expect_empty(input.object_lock_mode.as_ref(), "x-amz-object-lock-mode")?;
        expect_empty(input.metadata.as_ref().filter(|metadata| !metadata.is_empty()), "x-amz-meta-*")?;
        let body = match input.body {
            Some(body) => read::whole(body).await?,
            None => Bytes::new(),
        };
        if let Some(expected) = input.content_md5 {
            read::check_md5(&expected, &body)?;
        }
        read::check_sums(&headers, &body)?;
        if let Some(trailers) = trailing_headers.and_then(|trailers| trailers.take()) {
            read::check_sums(&trailers, &body)?;
        }
        let content_type = input.content_type.unwrap_or_else(|| "binary/octet-stream".to_owned());
        let call = Call::PutObject { bucket: input.bucket, key: input.key, content_type, body };
        match self.0.ask(call).await {
            Reply::Put(Ok(put)) => response(PutObjectOutput {
                e_tag: Some(etag(&put.etag)),
                version_id: put.version_id,
                ..PutObjectOutput::default()
            }),
            Reply::Put(Err(error)) => Err(failed(&error)),
            reply => wrong_reply(&reply),
        }
    }

    async fn delete_object(&self, request: S3Request<DeleteObjectInput>) -> S3Result<S3Response<DeleteObjectOutput>> {
        let input = request.input;
        expect_empty(input.if_match.as_ref(), "If-Match on DeleteObject")?;
        let call = Call::DeleteObject { bucket: input.bucket, id: id(input.key, input.version_id) };
        match self.0.ask(call).await {
            Reply::Deleted(Ok(deleted)) => response(DeleteObjectOutput {
                delete_marker: deleted.delete_marker.then_some(true),
                version_id: deleted.delete_marker_version_id.or(deleted.version_id),
                ..DeleteObjectOutput::default()
            }),
            Reply::Deleted(Err(error)) => Err(failed(&error)),
            reply => wrong_reply(&reply),
        }
    }

    async fn delete_objects(
        &self,
        request: S3Request<DeleteObjectsInput>,
    ) -> S3Result<S3Response<DeleteObjectsOutput>> {
        let DeleteObjectsInput { bucket, delete, .. } = request.input;
        let objects = delete.objects.into_iter().map(|object| id(object.key, object.version_id)).collect();
        let call = Call::DeleteObjects { bucket, objects, quiet: delete.quiet.unwrap_or(false) };
        match self.0.ask(call).await {
            Reply::DeleteResult(Ok(result)) => {
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
            Reply::DeleteResult(Err(error)) => Err(failed(&error)),
            reply => wrong_reply(&reply),
        }
    }

    async fn list_objects_v2(
        &self,
        request: S3Request<ListObjectsV2Input>,
    ) -> S3Result<S3Response<ListObjectsV2Output>> {
        let input = request.input;
        expect_empty(input.delimiter.as_ref().filter(|delimiter| !delimiter.is_empty()), "delimiter")?;
        expect_empty(input.start_after.as_ref().filter(|key| !key.is_empty()), "start-after")?;
        let max_keys = page_size(input.max_keys)?;
        let prefix = input.prefix.clone().unwrap_or_default();
        let call = Call::ListObjectsV2 {
            bucket: input.bucket.clone(),
            prefix,
            continuation_token: input.continuation_token.clone(),
            max_keys,
        };
        match self.0.ask(call).await {
            Reply::Objects(Ok(ListObjectsPage { contents, next_continuation_token })) => {
                let encode = encoder(input.encoding_type.as_ref());
                let contents: Vec<Object> = contents
                    .into_iter()
                    .map(|object| Object {
                        key: Some(encode(&object.key)),
                        size: Some(signed(object.size)),
                        e_tag: Some(etag(&object.etag)),
                        last_modified: Some(timestamp(object.last_modified)),
                        storage_class: Some(ObjectStorageClass::from_static(ObjectStorageClass::STANDARD)),
                        ..Object::default()
                    })
                    .collect();
                response(ListObjectsV2Output {
                    name: Some(input.bucket),
                    prefix: input.prefix,
                    max_keys: Some(max_keys.cast_signed()),
                    key_count: i32::try_from(contents.len()).ok(),
                    continuation_token: input.continuation_token,
                    is_truncated: Some(next_continuation_token.is_some()),
                    next_continuation_token,
                    contents: Some(contents),
                    encoding_type: input.encoding_type,
                    ..ListObjectsV2Output::default()
                })
            }
            Reply::Objects(Err(error)) => Err(failed(&error)),
            reply => wrong_reply(&reply),
        }
    }

    async fn list_object_versions(
        &self,
        request: S3Request<ListObjectVersionsInput>,
    ) -> S3Result<S3Response<ListObjectVersionsOutput>> {
        let input = request.input;
        expect_empty(input.delimiter.as_ref().filter(|delimiter| !delimiter.is_empty()), "delimiter")?;
        let max_keys = page_size(input.max_keys)?;
        let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        let marker = given(&input.key_marker).map(|key| (key, given(&input.version_id_marker).unwrap_or_default()));
        let prefix = input.prefix.clone().unwrap_or_default();
        let call = Call::ListObjectVersions { bucket: input.bucket.clone(), prefix, marker, max_keys };
        match self.0.ask(call).await {
            Reply::Versions(Ok(page)) => {
                let encode = encoder(input.encoding_type.as_ref());
                let (markers, versions): (Vec<_>, Vec<_>) =
                    page.versions.into_iter().partition(|version| version.delete_marker);
                let versions = versions.into_iter().map(|version| ObjectVersion {
                    key: Some(encode(&version.key)),
                    version_id: Some(version.version_id),
                    is_latest: Some(version.is_latest),
                    size: Some(signed(version.size)),
                    last_modified: Some(timestamp(version.last_modified)),
                    ..ObjectVersion::default()
                });
                let markers = markers.into_iter().map(|marker| DeleteMarkerEntry {
                    key: Some(encode(&marker.key)),
                    version_id: Some(marker.version_id),
                    is_latest: Some(marker.is_latest),
                    last_modified: Some(timestamp(marker.last_modified)),
                    ..DeleteMarkerEntry::default()
                });
                let (next_key_marker, next_version_id_marker) = page.next.unzip();
                response(ListObjectVersionsOutput {
                    name: Some(input.bucket),
                    prefix: input.prefix,
                    max_keys: Some(max_keys.cast_signed()),
                    is_truncated: Some(next_key_marker.is_some()),
                    key_marker: input.key_marker,
                    version_id_marker: input.version_id_marker,
                    next_key_marker,
                    next_version_id_marker,
                    versions: Some(versions.collect()),
                    delete_markers: Some(markers.collect()),
                    encoding_type: input.encoding_type,
                    ..ListObjectVersionsOutput::default()
                })
            }
            Reply::Versions(Err(error)) => Err(failed(&error)),
            reply => wrong_reply(&reply),
        }
    }

    async fn list_multipart_uploads(
        &self,
        request: S3Request<ListMultipartUploadsInput>,
    ) -> S3Result<S3Response<ListMultipartUploadsOutput>> {
        let input = request.input;
        let prefix = input.prefix.clone().unwrap_or_default();
        match self.0.ask(Call::ListMultipartUploads { bucket: input.bucket.clone(), prefix }).await {
            Reply::Uploads(Ok(uploads)) => {
                let uploads = uploads.into_iter().map(|upload| MultipartUpload {
                    key: Some(upload.key),
                    upload_id: Some(upload.upload_id),
                    initiated: Some(timestamp(upload.initiated)),
                    ..MultipartUpload::default()
                });
                response(ListMultipartUploadsOutput {
                    bucket: Some(input.bucket),
                    prefix: input.prefix,
                    is_truncated: Some(false),
                    uploads: Some(uploads.collect()),
                    ..ListMultipartUploadsOutput::default()
                })
            }
            Reply::Uploads(Err(error)) => Err(failed(&error)),
            reply => wrong_reply(&reply),
        }
    }

    async fn abort_multipart_upload(
        &self,
        request: S3Request<AbortMultipartUploadInput>,
    ) -> S3Result<S3Response<AbortMultipartUploadOutput>> {
        let AbortMultipartUploadInput { bucket, key, upload_id, .. } = request.input;
        match self.0.ask(Call::AbortMultipartUpload { bucket, key, upload_id }).await {
            Reply::Done(Ok(())) => response(AbortMultipartUploadOutput::default()),
            Reply::Done(Err(error)) => Err(failed(&error)),
            reply => wrong_reply(&reply),
        }
    }

    async fn get_bucket_versioning(
        &self,
        request: S3Request<GetBucketVersioningInput>,
    ) -> S3Result<S3Response<GetBucketVersioningOutput>> {
        match self.0.ask(Call::GetBucketVersioning { bucket: request.input.bucket }).await {
            Reply::Versioning(Ok(versioning)) => {
                let status = match versioning {
                    Versioning::Unversioned => None,
                    Versioning::Enabled => Some(BucketVersioningStatus::ENABLED),
                    Versioning::Suspended => Some(BucketVersioningStatus::SUSPENDED),
                };
                response(GetBucketVersioningOutput {
                    status: status.map(BucketVersioningStatus::from_static),
                    ..GetBucketVersioningOutput::default()
                })
            }
            Reply::Versioning(Err(error)) => Err(failed(&error)),
            reply => wrong_reply(&reply),
        }
    }

    async fn head_bucket(&self, request: S3Request<HeadBucketInput>) -> S3Result<S3Response<HeadBucketOutput>> {
        match self.0.ask(Call::GetBucketVersioning { bucket: request.input.bucket }).await {
            Reply::Versioning(Ok(_)) => response(HeadBucketOutput::default()),
            Reply::Versioning(Err(error)) => Err(failed(&error)),
            reply => wrong_reply(&reply),
        }
    }
}

/// `encoding-type=url`: keys are percent-encoded.
fn encoder(encoding: Option<&EncodingType>) -> impl Fn(&str) -> String + use<> {
    let url = encoding.is_some_and(|encoding| encoding.as_str() == EncodingType::URL);
    move |key| if url { read::percent_encoded(key) } else { key.to_owned() }
}
