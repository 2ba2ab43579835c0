//! What S3 is asked and answers. Names and meanings are the S3 API's.
//!
//! Here what the contract has; `request`, `answer` and `configuration` have the rest of the API, which comes by sockets.

use std::sync::Arc;

use serde::Serialize;

use crate::time::Time;

pub mod answer;
pub mod configuration;
mod etag;
mod operation;
pub mod request;

pub use etag::EntityTag;

/// A key, or one version of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct ObjectId {
    /// Key.
    pub key: String,
    /// None: the current one.
    pub version_id: Option<String>,
}

/// What `HeadObject` tells of an object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ObjectHead {
    /// Bytes.
    pub size: u64,
    /// `ETag`.
    pub etag: EntityTag,
    /// `Content-Type`.
    pub content_type: String,
    /// `Last-Modified`.
    pub last_modified: Time,
    /// None on a bucket that was never versioned.
    pub version_id: Option<String>,
}

/// The answer to `HeadObject`; a 404 is an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum HeadResult {
    /// 200.
    Found(ObjectHead),
    /// 404.
    NotFound {
        /// With `x-amz-delete-marker: true`: the data is still there.
        delete_marker: bool,
    },
}

/// The answer to `PutObject`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PutResult {
    /// `ETag`.
    pub etag: EntityTag,
    /// On a versioned bucket.
    pub version_id: Option<String>,
}

/// One deletion that worked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DeletedObject {
    /// Key.
    pub key: String,
    /// The version that was asked for.
    pub version_id: Option<String>,
    /// A marker was made, or the version deleted was one.
    pub delete_marker: bool,
    /// Its version id.
    pub delete_marker_version_id: Option<String>,
}

/// One deletion inside a batch that did not work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DeleteError {
    /// Key.
    pub key: String,
    /// The version that was asked for.
    pub version_id: Option<String>,
    /// S3's code.
    pub code: String,
    /// Text.
    pub message: String,
}

/// The body of a `DeleteObjects` answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct DeleteResult {
    /// What worked; empty where `quiet` was asked for.
    pub deleted: Vec<DeletedObject>,
    /// What did not.
    pub errors: Vec<DeleteError>,
}

/// One row of `ListObjectsV2`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ObjectSummary {
    /// Key.
    pub key: Arc<str>,
    /// Bytes.
    pub size: u64,
    /// `ETag`.
    pub etag: EntityTag,
    /// `LastModified`.
    pub last_modified: Time,
}

/// One page of `ListObjectsV2`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ListObjectsPage {
    /// In order of key.
    pub contents: Vec<ObjectSummary>,
    /// None on the last page.
    pub next_continuation_token: Option<String>,
}

/// One row of `ListObjectVersions`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ObjectVersion {
    /// Key.
    pub key: String,
    /// `null` where the bucket was not versioned at the time.
    pub version_id: String,
    /// The key's current version.
    pub is_latest: bool,
    /// A delete marker.
    pub delete_marker: bool,
    /// Bytes.
    pub size: u64,
    /// `LastModified`.
    pub last_modified: Time,
}

/// One page of `ListObjectVersions`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ListVersionsPage {
    /// In order of key, newest version first.
    pub versions: Vec<ObjectVersion>,
    /// `NextKeyMarker` and `NextVersionIdMarker`; none on the last page.
    pub next: Option<(String, String)>,
}

/// One row of `ListMultipartUploads`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MultipartUpload {
    /// Key.
    pub key: String,
    /// `UploadId`.
    pub upload_id: String,
    /// When it began.
    pub initiated: Time,
}

/// `GetBucketVersioning`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub enum Versioning {
    /// Never enabled.
    #[default]
    Unversioned,
    /// `Enabled`.
    Enabled,
    /// `Suspended`.
    Suspended,
}
