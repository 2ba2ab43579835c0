//! The sink: S3 in memory, with S3's own codes.
//!
//! It knows buckets, keys, versions, markers and uploads; whose a recording is, it does not know beyond a version's
//! `origin`. Every method that changes something returns its [`Change`]s for the trace. Reads and writes are strongly
//! consistent, as S3's are. A refusal is a value with S3's code and status; what a fault makes of a call is decided
//! by the caller, before or after it asks the sink.
//!
//! `object` heads, gets and puts; `delete`, `list`, `lock`, `multipart` and `past` do what they say; `body` holds what objects are made
//! of, `playlist` and `synthetic` two kinds of it, `piece` what somebody brought.
//!
//! What S3 can beyond the contract, for requests by sockets: `buckets` come and go, `settings` is what they are told, `access`
//! and `policy` say who may, `cors` from where; `read`, `write`, `parts`, `listing` and `tags` are the fuller forms of what the
//! contract has, with `condition`, `checksum` and `alike`; `lifecycle` is the rules that the virtual clock runs.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use serde::Serialize;

use crate::call::s3::configuration::{Attributes, Checksum, ChecksumAlgorithm, ChecksumType};
use crate::call::{CallError, EntityTag, Versioning};
use crate::scenario::Scenario;
use crate::state::EgressIx;
use crate::text_map::TextMap;
use crate::time::Time;

mod access;
pub mod alike;
pub mod body;
pub mod buckets;
pub mod checksum;
pub mod condition;
mod cors;
pub mod delete;
pub mod error;
pub mod lifecycle;
pub mod list;
pub mod listing;
pub mod lock;
pub mod multipart;
pub mod object;
pub mod parts;
pub mod past;
pub mod piece;
pub mod playlist;
pub mod policy;
pub mod read;
pub mod settings;
mod synthetic;
pub mod tags;
#[cfg(test)]
pub(crate) mod tests;
pub mod write;

pub use alike::Alike;
pub use body::{Body, Media, MediaKind};
pub use delete::{Delete, Fate};
pub use lock::{Lock, LockConfiguration, LockMode, Retention};
pub use object::Put;
pub use parts::Completed;
pub use piece::{Keep, Piece};
pub use playlist::{PlaylistId, PlaylistView, SegmentEntry};
pub use read::Reading;
pub use settings::Settings;

/// S3's own limit: rows of a list page, and keys of a batch delete.
pub const MAX_KEYS: usize = 1000;

/// All buckets.
#[derive(Debug)]
pub struct Sink {
    /// By name.
    pub buckets: BTreeMap<String, Bucket>,
    /// What synthetic bodies are made from.
    pub media: Media,
    /// Keys of one list page at most.
    pub list_page: usize,
    /// How often a key lost its current version by a delete.
    pub objects_deleted: u64,
    /// What most objects are told alike, once.
    pub alike: Alike,
}

/// A bucket.
#[derive(Debug, Default)]
pub struct Bucket {
    /// Region.
    pub region: String,
    /// Versioning; enabled for ever where there is object lock.
    pub versioning: Versioning,
    /// Object lock; none: the bucket has none.
    pub object_lock: Option<LockConfiguration>,
    /// Anonymous reads allowed.
    pub public: bool,
    /// `CreationDate`
    pub created: Time,
    /// What it has been told; most have been told nothing.
    pub settings: Box<Settings>,
    /// By key; a key without a version is not in here.
    pub keys: TextMap<Versions>,
    /// What is gone, for listings that lag behind; none: there are no such listings.
    pub ghosts: Option<Vec<past::Ghost>>,
    /// Unfinished multipart uploads, by key and upload id.
    pub uploads: BTreeMap<(String, String), Upload>,
    /// What those that a socket has completed were answered, to be said again: the newest last.
    pub completed: VecDeque<Completed>,
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
#[derive(Clone, Debug)]
pub struct Version {
    /// None: the `null` version.
    pub id: Option<Arc<str>>,
    /// `Last-Modified`.
    pub at: Time,
    /// The data; none: a delete marker.
    pub content: Option<Content>,
    /// What keeps it from being erased; none: nothing ever did.
    pub lock: Option<Box<Lock>>,
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
#[derive(Clone, Debug)]
pub struct Content {
    /// The body, by reference.
    pub body: Body,
    /// Bytes.
    pub size: u64,
    /// Of a multipart upload, or where it came with the body; otherwise it is made when somebody asks.
    pub etag: Option<EntityTag>,
    /// `Content-Type`
    pub content_type: Arc<str>,
    /// `x-amz-meta-*`
    pub metadata: Arc<Vec<(String, String)>>,
    /// `x-amz-tagging`
    pub tagging: Arc<str>,
    /// What else HEAD tells; none: nothing.
    pub attributes: Option<Arc<Attributes>>,
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
    /// What else HEAD is to tell; none: nothing.
    pub attributes: Option<Arc<Attributes>>,
    /// How its parts are summed up; none: they are not.
    pub checksum: Option<(ChecksumAlgorithm, ChecksumType)>,
    /// The lock of the object to come; none: the bucket's default.
    pub lock: Option<Box<Lock>>,
    /// By part number, 1 to 10,000.
    pub parts: BTreeMap<u32, Part>,
}

/// A part of an upload.
#[derive(Clone, Debug)]
pub struct Part {
    /// `ETag`
    pub etag: EntityTag,
    /// `LastModified`
    pub at: Time,
    /// Its checksum, in the upload's algorithm.
    pub checksum: Option<Checksum>,
    /// The data.
    pub body: Piece,
}

/// What a change did to a bucket; the unit of the trace and of the properties.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// Key.
    pub key: Arc<str>,
    /// The version it is about; none: the `null` version. Of an unfinished upload: its `UploadId`.
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
    /// A version with data was stored and is current. Where it replaced the `null` version, on a bucket without
    /// versioning or with versioning suspended, this is the only change: an overwritten key stays current.
    Stored {
        /// Bytes.
        size: u64,
    },
    /// A delete marker was put on top; with versioning suspended it may have replaced a `null` marker.
    MarkerMade,
    /// A version with data was erased by a delete: by its id, by a delete on a bucket without versioning, or, with
    /// versioning suspended, the `null` version in favour of the marker that the next change tells of.
    Erased {
        /// Nothing is left of the key: no version, no marker.
        last: bool,
        /// It was current: a GET does not find it any more, but an older version, or nothing.
        #[serde(skip)]
        current: bool,
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

impl Versions {
    /// The version of this id as S3 spells it; `null` is the one without.
    pub fn named(&self, id: &str) -> Option<&Version> {
        self.position(id).map(|place| &self.0[place])
    }

    /// Where the version of this id stands; from the newest on, because that is how listings and deletions go.
    fn position(&self, id: &str) -> Option<usize> {
        self.0.iter().rposition(|version| version.name() == id)
    }
}

impl Version {
    /// The version id as S3 spells it: `null` for the one without.
    pub fn name(&self) -> &str {
        self.id.as_deref().unwrap_or("null")
    }
}

impl Sink {
    /// The empty buckets of a scenario.
    pub fn new(scenario: &Scenario) -> Sink {
        let bucket = |table: crate::scenario::Bucket| {
            let (versioning, object_lock) = (table.versioning(), LockConfiguration::of(&table));
            let (region, public, created) = (table.region, table.public, scenario.world.start);
            let bucket = Bucket { region, versioning, object_lock, public, created, ..Bucket::default() };
            (table.name, bucket)
        };
        Sink {
            buckets: scenario.all_buckets().into_iter().map(bucket).collect(),
            media: Media::default(),
            list_page: (scenario.world.list_page as usize).clamp(1, MAX_KEYS),
            objects_deleted: 0,
            alike: Alike::default(),
        }
    }

    /// S3 `GetBucketVersioning`.
    ///
    /// # Errors
    /// `NoSuchBucket`.
    pub fn versioning(&self, bucket: &str) -> Result<Versioning, CallError> {
        Ok(self.bucket(bucket)?.versioning)
    }

    /// S3 `PutBucketVersioning`. What is stored stays as it is.
    ///
    /// # Errors
    /// `NoSuchBucket`; `IllegalVersioningConfigurationException` for [`Versioning::Unversioned`]: versioning that was
    /// ever enabled can only be suspended; `InvalidBucketState` (409) for [`Versioning::Suspended`] where there is object
    /// lock.
    pub fn set_versioning(&mut self, bucket: &str, versioning: Versioning) -> Result<(), CallError> {
        let bucket = self.bucket_mut(bucket)?;
        if versioning == Versioning::Unversioned {
            return Err(CallError::rejected(
                "IllegalVersioningConfigurationException",
                400,
                "The Versioning element must be specified",
            ));
        }
        if versioning == Versioning::Suspended && bucket.object_lock.is_some() {
            return Err(CallError::rejected(
                "InvalidBucketState",
                409,
                "An Object Lock configuration is present on this bucket, so the versioning state cannot be changed.",
            ));
        }
        bucket.versioning = versioning;
        Ok(())
    }

    /// Keys with a current version, in all buckets.
    pub fn objects_live(&self) -> u64 {
        let live = |bucket: &Bucket| bucket.keys.values().filter(|versions| versions.current().is_some()).count();
        self.buckets.values().map(|bucket| live(bucket) as u64).sum()
    }

    /// Versions and delete markers, in all buckets.
    pub fn versions_live(&self) -> u64 {
        self.buckets.values().flat_map(|bucket| bucket.keys.values()).map(|versions| versions.0.len() as u64).sum()
    }

    /// The current version of a key with its data; none too where a delete marker hides it.
    pub fn current(&self, bucket: &str, key: &str) -> Option<&Version> {
        self.buckets.get(bucket)?.keys.get(key)?.current()
    }

    fn bucket(&self, name: &str) -> Result<&Bucket, CallError> {
        self.buckets.get(name).ok_or_else(no_such_bucket)
    }

    fn bucket_mut(&mut self, name: &str) -> Result<&mut Bucket, CallError> {
        self.buckets.get_mut(name).ok_or_else(no_such_bucket)
    }
}

pub(crate) fn malformed_xml() -> CallError {
    CallError::rejected(
        "MalformedXML",
        400,
        "The XML you provided was not well-formed or did not validate against our published schema",
    )
}

fn no_such_bucket() -> CallError {
    CallError::rejected("NoSuchBucket", 404, "The specified bucket does not exist")
}
