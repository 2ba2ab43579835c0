//! S3's own requests, with everything that its API has and the contract has not.
//!
//! They come by sockets. What the contract has as well goes on record as the contract's call ([`S3Request::plain`]), so that
//! promises are judged alike whichever door a request came by.

use serde::Serialize;

use super::configuration::{
    Acl, Attributes, ChecksumType, CorsRule, LifecycleRule, ObjectOwnership, PublicAccessBlock, Tags,
};
use super::{ObjectId, Versioning};
use crate::call::Call;
use crate::sink::{Lock, LockConfiguration, Piece, Retention};
use crate::time::Time;

/// A request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct S3Request {
    /// Who asks.
    pub requester: Requester,
    /// Bucket; empty for what is about none.
    pub bucket: String,
    /// What is asked.
    pub operation: S3Operation,
}

/// Who asks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub enum Requester {
    /// Whoever signs with the world's credentials: the owner of all buckets.
    #[default]
    Owner,
    /// Somebody who did not sign.
    Anonymous,
}

/// S3's operations, under S3's names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the names are S3's, and the S3 API documents them")]
pub enum S3Operation {
    ListBuckets(ListBuckets),
    CreateBucket(CreateBucket),
    HeadBucket,
    GetBucketLocation,
    DeleteBucket,
    GetBucketVersioning,
    PutBucketVersioning(Versioning),
    GetObjectLockConfiguration,
    PutObjectLockConfiguration(LockConfiguration),
    GetBucketPolicy,
    PutBucketPolicy(String),
    DeleteBucketPolicy,
    GetBucketPolicyStatus,
    GetBucketAcl,
    PutBucketAcl(Acl),
    GetBucketTagging,
    PutBucketTagging(Tags),
    DeleteBucketTagging,
    GetBucketCors,
    PutBucketCors(Vec<CorsRule>),
    DeleteBucketCors,
    GetBucketLifecycleConfiguration,
    PutBucketLifecycleConfiguration(Vec<LifecycleRule>),
    DeleteBucketLifecycle,
    GetPublicAccessBlock,
    PutPublicAccessBlock(PublicAccessBlock),
    DeletePublicAccessBlock,
    GetBucketOwnershipControls,
    PutBucketOwnershipControls(ObjectOwnership),
    DeleteBucketOwnershipControls,
    /// `OPTIONS`, and the question behind every request that says `Origin`.
    Options(CrossOrigin),
    HeadObject(Read),
    GetObject(Read),
    GetObjectAttributes(ObjectId),
    PutObject(Box<PutObject>),
    CopyObject(Box<CopyObject>),
    DeleteObject(DeleteObject),
    DeleteObjects(DeleteObjects),
    GetObjectTagging(ObjectId),
    PutObjectTagging(ObjectId, Tags),
    DeleteObjectTagging(ObjectId),
    GetObjectAcl(ObjectId),
    PutObjectAcl(ObjectId, Acl),
    GetObjectRetention(ObjectId),
    PutObjectRetention(PutObjectRetention),
    GetObjectLegalHold(ObjectId),
    PutObjectLegalHold(ObjectId, bool),
    ListObjects(ListObjects),
    ListObjectsV2(ListObjects),
    ListObjectVersions(ListVersions),
    CreateMultipartUpload(Box<CreateMultipartUpload>),
    UploadPart(UploadPart),
    UploadPartCopy(Box<UploadPartCopy>),
    CompleteMultipartUpload(Box<CompleteMultipartUpload>),
    AbortMultipartUpload(UploadId),
    ListParts(ListParts),
    ListMultipartUploads(ListUploads),
}

/// Of `ListBuckets`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ListBuckets {
    /// Only names that begin so.
    pub prefix: String,
    /// Behind this name.
    pub after: Option<String>,
    /// At most so many; none: all.
    pub max_buckets: Option<u32>,
}

/// Of `CreateBucket`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CreateBucket {
    /// `LocationConstraint`; none: us-east-1.
    pub location: Option<String>,
    /// `x-amz-bucket-object-lock-enabled`
    pub object_lock: bool,
    /// `x-amz-acl`
    pub acl: Acl,
    /// `x-amz-object-ownership`
    pub ownership: Option<ObjectOwnership>,
}

/// What a browser asks before, or with, a request from another origin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CrossOrigin {
    /// `Origin`
    pub origin: String,
    /// `Access-Control-Request-Method`, or the method itself.
    pub method: String,
    /// `Access-Control-Request-Headers`, in small letters.
    pub headers: Vec<String>,
}

/// `If-…`
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Conditions {
    /// `If-Match`: an entity tag without its quotes, or `*`.
    pub if_match: Option<String>,
    /// `If-None-Match`: likewise.
    pub if_none_match: Option<String>,
    /// `If-Modified-Since`
    pub if_modified_since: Option<Time>,
    /// `If-Unmodified-Since`
    pub if_unmodified_since: Option<Time>,
}

/// `Range`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum ByteRange {
    /// `bytes=first-last`, both inclusive.
    Between(u64, u64),
    /// `bytes=first-`
    From(u64),
    /// `bytes=-length`
    Last(u64),
}

/// Of `HeadObject` and `GetObject`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Read {
    /// Key and version.
    pub id: ObjectId,
    /// `If-…`
    pub conditions: Conditions,
    /// `Range`
    pub range: Option<ByteRange>,
    /// `partNumber`
    pub part_number: Option<u32>,
}

impl Read {
    /// All of it, whatever it is.
    pub fn of(id: ObjectId) -> Read {
        Read { id, conditions: Conditions::default(), range: None, part_number: None }
    }
}

/// What a request says of the object that it makes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct NewObject {
    /// `Content-Type`
    pub content_type: Option<String>,
    /// `x-amz-meta-*`, in order of name.
    pub metadata: Vec<(String, String)>,
    /// Everything else that HEAD tells.
    pub attributes: Attributes,
    /// `x-amz-tagging`; none: not said.
    pub tags: Option<Tags>,
    /// `x-amz-object-lock-*`; none: not said.
    pub lock: Option<Lock>,
}

/// Of `PutObject`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PutObject {
    /// Key.
    pub key: String,
    /// What it is to be.
    pub object: NewObject,
    /// `If-Match` and `If-None-Match`.
    pub conditions: Conditions,
    /// MD5 of the body.
    pub md5: [u8; 16],
    /// The body, which is on record by its MD5.
    #[serde(skip)]
    pub body: Piece,
}

/// A source of a copy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CopySource {
    /// Bucket.
    pub bucket: String,
    /// Key and version.
    pub id: ObjectId,
    /// `x-amz-copy-source-if-*`
    pub conditions: Conditions,
}

/// Of `CopyObject`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CopyObject {
    /// Key of the copy.
    pub key: String,
    /// What is copied.
    pub source: CopySource,
    /// `x-amz-metadata-directive: REPLACE`
    pub replace_metadata: bool,
    /// `x-amz-tagging-directive: REPLACE`
    pub replace_tags: bool,
    /// What the copy is to be, as far as it is not as its source.
    pub object: NewObject,
    /// `If-Match` and `If-None-Match`, of what stands at the key.
    pub conditions: Conditions,
}

/// Of `DeleteObject`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DeleteObject {
    /// Key and version.
    pub id: ObjectId,
    /// `x-amz-bypass-governance-retention`
    pub bypass_governance: bool,
    /// `If-Match`
    pub if_match: Option<String>,
}

/// Of `DeleteObjects`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DeleteObjects {
    /// At most 1,000.
    pub objects: Vec<ObjectId>,
    /// Only errors in the answer.
    pub quiet: bool,
    /// `x-amz-bypass-governance-retention`
    pub bypass_governance: bool,
}

/// Of `PutObjectRetention`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PutObjectRetention {
    /// Key and version.
    pub id: ObjectId,
    /// None: it is taken away.
    pub retention: Option<Retention>,
    /// `x-amz-bypass-governance-retention`
    pub bypass_governance: bool,
}

/// Of `ListObjects` and `ListObjectsV2`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ListObjects {
    /// Only keys that begin so.
    pub prefix: String,
    /// Keys that are alike up to this are one common prefix; none: there are no such.
    pub delimiter: Option<String>,
    /// `marker`, `start-after`.
    pub after: Option<String>,
    /// From an earlier page; it counts, and `after` does not.
    pub token: Option<String>,
    /// None: 1,000.
    pub max_keys: Option<u32>,
}

/// Of `ListObjectVersions`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ListVersions {
    /// Only keys that begin so.
    pub prefix: String,
    /// Keys that are alike up to this are one common prefix; none: there are no such.
    pub delimiter: Option<String>,
    /// `key-marker`
    pub key_marker: Option<String>,
    /// `version-id-marker`
    pub version_id_marker: Option<String>,
    /// None: 1,000.
    pub max_keys: Option<u32>,
}

/// An upload.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UploadId {
    /// Key.
    pub key: String,
    /// `UploadId`
    pub upload_id: String,
}

/// Of `CreateMultipartUpload`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CreateMultipartUpload {
    /// Key.
    pub key: String,
    /// What it is to be; its checksum names an algorithm only.
    pub object: NewObject,
    /// `x-amz-checksum-type`
    pub checksum_type: Option<ChecksumType>,
}

/// Of `UploadPart`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UploadPart {
    /// The upload.
    pub upload: UploadId,
    /// From 1 to 10,000.
    pub part_number: u32,
    /// Its checksum, in the upload's algorithm.
    pub checksum: Option<super::configuration::Checksum>,
    /// MD5 of the body.
    pub md5: [u8; 16],
    /// The body, which is on record by its MD5.
    #[serde(skip)]
    pub body: Piece,
}

/// Of `UploadPartCopy`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UploadPartCopy {
    /// The upload.
    pub upload: UploadId,
    /// From 1 to 10,000.
    pub part_number: u32,
    /// What is copied.
    pub source: CopySource,
    /// `x-amz-copy-source-range`, both inclusive.
    pub range: Option<(u64, u64)>,
}

/// A part, as `CompleteMultipartUpload` names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CompletedPart {
    /// From 1 to 10,000.
    pub number: u32,
    /// With or without quotes.
    pub etag: String,
    /// The part's checksum, if it is said: it must be what the part has.
    pub checksum: Option<super::configuration::Checksum>,
}

/// Of `CompleteMultipartUpload`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CompleteMultipartUpload {
    /// The upload.
    pub upload: UploadId,
    /// Its parts, in order.
    pub parts: Vec<CompletedPart>,
    /// The whole object's checksum, if it is said.
    pub checksum: Option<super::configuration::Checksum>,
    /// `x-amz-mp-object-size`
    pub size: Option<u64>,
    /// `If-Match` and `If-None-Match`.
    pub conditions: Conditions,
}

/// Of `ListParts`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ListParts {
    /// The upload.
    pub upload: UploadId,
    /// Behind this part.
    pub after: u32,
    /// None: 1,000.
    pub max_parts: Option<u32>,
}

/// Of `ListMultipartUploads`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ListUploads {
    /// Only keys that begin so.
    pub prefix: String,
    /// Keys that are alike up to this are one common prefix; none: there are no such.
    pub delimiter: Option<String>,
    /// `key-marker`
    pub key_marker: Option<String>,
    /// `upload-id-marker`
    pub upload_id_marker: Option<String>,
    /// None: 1,000.
    pub max_uploads: Option<u32>,
}

impl S3Request {
    /// The contract's call that asks the same, for what promises are judged by; none: the contract has none.
    pub fn plain(&self) -> Option<Call> {
        let bucket = self.bucket.clone();
        Some(match &self.operation {
            S3Operation::HeadObject(read) => Call::HeadObject { bucket, id: read.id.clone() },
            S3Operation::DeleteObject(delete) => Call::DeleteObject { bucket, id: delete.id.clone() },
            S3Operation::DeleteObjects(DeleteObjects { objects, quiet, .. }) => {
                Call::DeleteObjects { bucket, objects: objects.clone(), quiet: *quiet }
            }
            // A listing that rolls keys up shows less than it has seen.
            S3Operation::ListObjectsV2(list) if list.delimiter.is_none() && list.after.is_none() => {
                Call::ListObjectsV2 {
                    bucket,
                    prefix: list.prefix.clone(),
                    continuation_token: list.token.clone(),
                    max_keys: list.max_keys.unwrap_or(0),
                }
            }
            S3Operation::ListObjectVersions(list) if list.delimiter.is_none() => Call::ListObjectVersions {
                bucket,
                prefix: list.prefix.clone(),
                marker: list.key_marker.clone().map(|key| (key, list.version_id_marker.clone().unwrap_or_default())),
                max_keys: list.max_keys.unwrap_or(0),
            },
            _ => return None,
        })
    }

    /// The key that it is about, and its version.
    pub fn id(&self) -> Option<(&str, Option<&str>)> {
        fn of(id: &ObjectId) -> (&str, Option<&str>) {
            (&id.key, id.version_id.as_deref())
        }
        Some(match &self.operation {
            S3Operation::HeadObject(read) | S3Operation::GetObject(read) => of(&read.id),
            S3Operation::GetObjectAttributes(id)
            | S3Operation::GetObjectTagging(id)
            | S3Operation::PutObjectTagging(id, _)
            | S3Operation::DeleteObjectTagging(id)
            | S3Operation::GetObjectAcl(id)
            | S3Operation::PutObjectAcl(id, _)
            | S3Operation::GetObjectRetention(id)
            | S3Operation::GetObjectLegalHold(id)
            | S3Operation::PutObjectLegalHold(id, _) => of(id),
            S3Operation::DeleteObject(delete) => of(&delete.id),
            S3Operation::PutObjectRetention(put) => of(&put.id),
            S3Operation::PutObject(put) => (&put.key, None),
            S3Operation::CopyObject(copy) => (&copy.key, None),
            S3Operation::CreateMultipartUpload(create) => (&create.key, None),
            S3Operation::UploadPart(part) => (&part.upload.key, None),
            S3Operation::UploadPartCopy(part) => (&part.upload.key, None),
            S3Operation::CompleteMultipartUpload(complete) => (&complete.upload.key, None),
            S3Operation::AbortMultipartUpload(upload) => (&upload.key, None),
            S3Operation::ListParts(list) => (&list.upload.key, None),
            _ => return None,
        })
    }

    /// The keys that it is about.
    pub fn keys(&self) -> Vec<&str> {
        match &self.operation {
            S3Operation::DeleteObjects(delete) => delete.objects.iter().map(|id| id.key.as_str()).collect(),
            _ => self.id().into_iter().map(|(key, _)| key).collect(),
        }
    }
}
