//! The sink: S3 in memory, with S3's own codes.
//!
//! It knows buckets, keys, versions, markers and uploads; whose a recording is, it does not know beyond a version's
//! `origin`. Every method that changes something returns its [`Change`]s for the trace.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use serde::Serialize;

use crate::call::Versioning;
use crate::state::EgressIx;
use crate::time::Time;

pub mod body;
pub mod delete;
pub mod list;
pub mod multipart;
pub mod object;

pub use body::{Body, Media};

/// All buckets.
#[derive(Debug)]
pub struct Sink {
    /// By name.
    pub buckets: BTreeMap<String, Bucket>,
    /// What synthetic bodies are made from.
    pub media: Media,
    /// Keys of one list page at most.
    pub list_page: usize,
}

/// A bucket.
#[derive(Debug, Default)]
pub struct Bucket {
    /// Region.
    pub region: String,
    /// Versioning.
    pub versioning: Versioning,
    /// Anonymous reads allowed.
    pub public: bool,
    /// By key; a key without a version is not in here.
    pub keys: BTreeMap<Arc<str>, Versions>,
    /// Unfinished multipart uploads, by key and upload id.
    pub uploads: BTreeMap<(String, String), Upload>,
    /// Version ids given out, which makes the next one.
    pub(crate) versions_made: u64,
}

/// The versions of one key, oldest first; the last one is current.
#[derive(Debug, Default)]
pub struct Versions(pub Vec<Version>);

impl Versions {
    /// The current version, unless it is a delete marker.
    pub fn current(&self) -> Option<&Version> {
        self.0.last().filter(|version| !version.is_marker())
    }
}

/// One version of a key, or a delete marker.
#[derive(Debug)]
pub struct Version {
    /// None: the `null` version.
    pub id: Option<Arc<str>>,
    /// `Last-Modified`.
    pub at: Time,
    /// The data; none: a delete marker.
    pub content: Option<Content>,
    /// Who made it.
    pub origin: Origin,
}

impl Version {
    /// Whether it is a delete marker.
    pub const fn is_marker(&self) -> bool {
        self.content.is_none()
    }
}

/// The data of a version.
#[derive(Debug)]
pub struct Content {
    /// The body, by reference.
    pub body: Body,
    /// Bytes.
    pub size: u64,
    /// With quotes.
    pub etag: Arc<str>,
    /// `Content-Type`
    pub content_type: Arc<str>,
    /// `x-amz-meta-*`
    pub metadata: Arc<Vec<(String, String)>>,
    /// `x-amz-tagging`
    pub tagging: Arc<str>,
}

/// Who made a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Origin {
    /// An egress.
    Egress(EgressIx),
    /// A put or delete of the operator's.
    Operator,
}

/// An unfinished multipart upload.
#[derive(Debug)]
pub struct Upload {
    /// When it began.
    pub initiated: Time,
    /// Who began it.
    pub origin: Origin,
    /// `Content-Type`
    pub content_type: Arc<str>,
    /// `x-amz-meta-*`
    pub metadata: Arc<Vec<(String, String)>>,
    /// `x-amz-tagging`
    pub tagging: Arc<str>,
    /// By part number, 1 to 10,000.
    pub parts: BTreeMap<u32, Part>,
}

/// A part of an upload.
#[derive(Clone, Debug)]
pub struct Part {
    /// With quotes.
    pub etag: String,
    /// The data.
    pub body: Bytes,
}

/// What a change did to a bucket; the unit of the trace and of the properties.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// Key.
    pub key: Arc<str>,
    /// The version it is about; none: the `null` version.
    pub version: Option<Arc<str>>,
    /// What.
    pub kind: ChangeKind,
    /// Who made the version that it is about.
    #[serde(skip)]
    pub origin: Origin,
}

/// See [`Change`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// A version with data was stored and is current.
    Stored {
        /// Bytes.
        size: u64,
    },
    /// A delete marker was put on top.
    MarkerMade,
    /// A version with data was erased; on an unversioned bucket also by being overwritten.
    Erased {
        /// Nothing is left of the key: no version, no marker.
        last: bool,
    },
    /// A delete marker was removed.
    MarkerRemoved {
        /// Nothing is left of the key.
        last: bool,
    },
    /// A multipart upload was begun.
    UploadBegun,
    /// A multipart upload was aborted.
    UploadAborted,
}
