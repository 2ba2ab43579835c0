//! What S3 answers to [`super::S3Request`]s.

use std::sync::Arc;

use serde::Serialize;

use super::configuration::{
    Acl, Attributes, Checksum, ChecksumAlgorithm, ChecksumType, CorsRule, LifecycleRule, ObjectOwnership,
    PublicAccessBlock, Tags,
};
use super::{DeleteResult, DeletedObject, HeadResult, ListObjectsPage, ListVersionsPage, ObjectHead, PutResult};
use super::{EntityTag, MultipartUpload, ObjectSummary, ObjectVersion, Versioning};
use crate::call::{Call, CallError, Reply};
use crate::sink::{Lock, LockConfiguration, Reading, Retention};
use crate::time::Time;

/// An answer that is no error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum S3Answer {
    /// To what answers nothing but that it worked.
    Done,
    /// To `ListBuckets`.
    Buckets(BucketsPage),
    /// To `HeadBucket` and `GetBucketLocation`: the region.
    Region(String),
    /// To `GetBucketVersioning`.
    Versioning(Versioning),
    /// To `GetObjectLockConfiguration`.
    LockConfiguration(LockConfiguration),
    /// To `GetBucketPolicy`.
    Policy(String),
    /// To `GetBucketPolicyStatus`.
    PolicyStatus {
        /// Everybody may do something.
        is_public: bool,
    },
    /// To `GetBucketAcl` and `GetObjectAcl`.
    Acl(Acl),
    /// To `GetBucketTagging` and `GetObjectTagging`, with the version.
    Tags(Tags, Option<String>),
    /// To `PutObjectTagging` and `DeleteObjectTagging`: the version.
    Tagged(Option<String>),
    /// To `GetBucketCors`.
    Cors(Vec<CorsRule>),
    /// To `GetBucketLifecycleConfiguration`.
    Lifecycle(Vec<LifecycleRule>),
    /// To `GetPublicAccessBlock`.
    PublicAccessBlock(PublicAccessBlock),
    /// To `GetBucketOwnershipControls`.
    Ownership(ObjectOwnership),
    /// To `Options`: the rule that allows it, with the origin to name.
    CrossOrigin(CorsRule),
    /// To `HeadObject` and `GetObjectAttributes`.
    Head(Box<Described>),
    /// To `GetObject`.
    Object(Box<Described>, Reading),
    /// To `PutObject` and `CompleteMultipartUpload`.
    Put(Box<Stored>),
    /// To `CopyObject`.
    Copied(Box<Copied>),
    /// To `DeleteObject`.
    Deleted(DeletedObject),
    /// To `DeleteObjects`.
    DeleteResult(DeleteResult),
    /// To `GetObjectRetention`.
    Retention(Retention),
    /// To `GetObjectLegalHold`.
    LegalHold(bool),
    /// To `ListObjects` and `ListObjectsV2`.
    Objects(ObjectsPage),
    /// To `ListObjectVersions`.
    Versions(VersionsPage),
    /// To `CreateMultipartUpload`.
    UploadBegun {
        /// `UploadId`
        upload_id: String,
        /// How its parts are to be summed up.
        checksum: Option<(ChecksumAlgorithm, ChecksumType)>,
    },
    /// To `UploadPart` and `UploadPartCopy`.
    Part {
        /// `ETag`
        etag: EntityTag,
        /// The part's checksum.
        checksum: Option<Checksum>,
        /// When it was copied.
        at: Time,
    },
    /// To `ListParts`.
    Parts(PartsPage),
    /// To `ListMultipartUploads`.
    Uploads(UploadsPage),
    /// This, of which the caller gets only the beginning; of what is no XML, nothing.
    CutShort(Box<S3Answer>),
}

/// What becomes of an answer that is cut short.
pub const CUT_SHORT: &str = "the answer's XML ends in the middle";

/// What HEAD tells of an object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Described {
    /// What the contract tells too; of the whole object.
    pub head: ObjectHead,
    /// `x-amz-meta-*`
    pub metadata: Arc<Vec<(String, String)>>,
    /// Everything else.
    pub attributes: Attributes,
    /// How many tags there are.
    pub tags: u32,
    /// What locks it.
    pub lock: Option<Lock>,
    /// `x-amz-expiration`: when a lifecycle rule takes it, and which.
    pub expiration: Option<(Time, String)>,
    /// The first byte that was asked for, and how many; none: all were.
    pub part: Option<(u64, u64)>,
    /// Sizes of the parts that it was uploaded in; empty: it was not.
    pub parts: Vec<u64>,
}

/// What a stored object is told to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Stored {
    /// Entity tag and version.
    pub put: PutResult,
    /// `x-amz-checksum-*`
    pub checksum: Option<Checksum>,
    /// `x-amz-expiration`
    pub expiration: Option<(Time, String)>,
}

/// What a copy is told to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Copied {
    /// The copy.
    pub stored: Stored,
    /// `LastModified` of the copy.
    pub last_modified: Time,
    /// The version of the source.
    pub source_version: Option<String>,
}

/// A page of `ListBuckets`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct BucketsPage {
    /// Name, moment of creation, region; in order of name.
    pub buckets: Vec<(String, Time, String)>,
    /// There are more.
    pub truncated: bool,
}

/// A page of `ListObjects` or `ListObjectsV2`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ObjectsPage {
    /// In order of key.
    pub contents: Vec<ListedObject>,
    /// In order.
    pub common_prefixes: Vec<String>,
    /// The key or common prefix that the page ends with, and `NextContinuationToken`; none on the last page.
    pub next: Option<(String, String)>,
}

/// A row of [`ObjectsPage`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ListedObject {
    /// What the contract tells too.
    pub summary: ObjectSummary,
    /// Unless it is STANDARD.
    pub storage_class: Option<String>,
    /// With the number of parts, if they were summed up.
    pub checksum: Option<(ChecksumAlgorithm, ChecksumType)>,
}

/// A page of `ListObjectVersions`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct VersionsPage {
    /// In order of key, newest version first; with entity tag and storage class of what is no marker.
    pub versions: Vec<(ObjectVersion, Option<ListedObject>)>,
    /// In order.
    pub common_prefixes: Vec<String>,
    /// `NextKeyMarker` and `NextVersionIdMarker`, which a common prefix has not; none on the last page.
    pub next: Option<(String, Option<String>)>,
}

/// A page of `ListParts`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PartsPage {
    /// In order of number.
    pub parts: Vec<ListedPart>,
    /// There are more.
    pub truncated: bool,
    /// Of the upload.
    pub storage_class: Option<String>,
    /// How its parts are to be summed up.
    pub checksum: Option<(ChecksumAlgorithm, ChecksumType)>,
    /// When a lifecycle rule aborts it, and which.
    pub abort: Option<(Time, String)>,
}

/// A row of [`PartsPage`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ListedPart {
    /// `PartNumber`
    pub number: u32,
    /// `ETag`
    pub etag: EntityTag,
    /// Bytes.
    pub size: u64,
    /// `LastModified`
    pub at: Time,
    /// Its checksum.
    pub checksum: Option<Checksum>,
}

/// A page of `ListMultipartUploads`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct UploadsPage {
    /// In order of key, the oldest first; with storage class and how parts are summed up.
    pub uploads: Vec<ListedUpload>,
    /// In order.
    pub common_prefixes: Vec<String>,
    /// `NextKeyMarker` and `NextUploadIdMarker`; none on the last page.
    pub next: Option<(String, Option<String>)>,
}

/// A row of [`UploadsPage`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ListedUpload {
    /// What the contract tells too.
    pub upload: MultipartUpload,
    /// Unless it is STANDARD.
    pub storage_class: Option<String>,
    /// How its parts are to be summed up.
    pub checksum: Option<(ChecksumAlgorithm, ChecksumType)>,
}

/// An error, with what S3 says beside it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct S3Failure {
    /// The error.
    pub error: CallError,
    /// The object that it is about, as far as its headers tell.
    pub about: Option<Box<About>>,
}

/// What the headers of an error tell of the object.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct About {
    /// `x-amz-delete-marker: true`
    pub delete_marker: bool,
    /// `x-amz-version-id`
    pub version_id: Option<String>,
    /// `Last-Modified`
    pub last_modified: Option<Time>,
    /// `ETag`
    pub etag: Option<EntityTag>,
}

impl From<CallError> for S3Failure {
    fn from(error: CallError) -> S3Failure {
        S3Failure { error, about: None }
    }
}

/// What the contract's call, which [`super::S3Request::plain`] has made of the request, would have been answered.
///
/// # Panics
/// For an answer to something else.
pub fn plain(answer: &Result<S3Answer, S3Failure>, call: &Call) -> Reply {
    let answer = match answer {
        Ok(answer) => answer,
        Err(S3Failure { error: CallError::Rejected(no), about }) if matches!(call, Call::HeadObject { .. }) => {
            return match no.status {
                404 if no.code != "NoSuchBucket" => {
                    let delete_marker = about.as_ref().is_some_and(|about| about.delete_marker);
                    Reply::Head(Ok(HeadResult::NotFound { delete_marker }))
                }
                500 => call.failed(unknown(&no.code)),
                // The answer to HEAD has no body.
                status => call.failed(CallError::rejected(&status.to_string(), status, "")),
            };
        }
        Err(S3Failure { error: CallError::Rejected(no), .. }) if no.status == 500 => {
            return call.failed(unknown(&no.code));
        }
        Err(failure) => return call.failed(failure.error.clone()),
    };
    match answer {
        S3Answer::CutShort(_) => call.failed(CallError::OutcomeUnknown(CUT_SHORT.into())),
        S3Answer::Head(described) => Reply::Head(Ok(HeadResult::Found(described.head.clone()))),
        S3Answer::Deleted(deleted) => Reply::Deleted(Ok(deleted.clone())),
        S3Answer::DeleteResult(result) => Reply::DeleteResult(Ok(result.clone())),
        S3Answer::Objects(page) => Reply::Objects(Ok(ListObjectsPage {
            contents: page.contents.iter().map(|listed| listed.summary.clone()).collect(),
            next_continuation_token: page.next.as_ref().map(|(_, token)| token.clone()),
        })),
        S3Answer::Versions(page) => Reply::Versions(Ok(ListVersionsPage {
            versions: page.versions.iter().map(|(version, _)| version.clone()).collect(),
            next: page.next.clone().map(|(key, version)| (key, version.unwrap_or_default())),
        })),
        other => unreachable!("{} is not answered by {other:?}", call.name()),
    }
}

/// A server that fails in mid-request does not know what it has done.
fn unknown(code: &str) -> CallError {
    CallError::OutcomeUnknown(format!("{code} (500)"))
}
