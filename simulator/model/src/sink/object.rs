//! `HeadObject`, `GetObject`, `PutObject`.

use std::sync::Arc;

use bytes::Bytes;

use super::{Body, Bucket, Change, ChangeKind, Content, Lock, Origin, Sink, Version, Versions, synthetic};
use crate::call::{CallError, HeadResult, ObjectHead, ObjectId, PutResult, Versioning};
use crate::chance::Chance;
use crate::time::Time;

/// Bytes of a key at most.
const MAX_KEY_BYTES: usize = 1024;

/// A `PutObject`.
#[derive(Clone, Debug)]
pub struct Put<'a> {
    /// Gives the version id.
    pub chance: Chance,
    /// `Last-Modified`.
    pub now: Time,
    /// Bucket.
    pub bucket: &'a str,
    /// Key.
    pub key: Arc<str>,
    /// Body.
    pub body: Body,
    /// `Content-Type`
    pub content_type: Arc<str>,
    /// `x-amz-meta-*`
    pub metadata: Arc<Vec<(String, String)>>,
    /// `x-amz-tagging`
    pub tagging: Arc<str>,
    /// Who puts.
    pub origin: Origin,
}

impl Sink {
    /// S3 `HeadObject`.
    ///
    /// # Errors
    /// `NoSuchBucket`; `MethodNotAllowed` (405) where the version asked for is a delete marker.
    pub fn head(&self, bucket: &str, id: &ObjectId) -> Result<HeadResult, CallError> {
        let bucket = self.bucket(bucket)?;
        Ok(match find(bucket, id)? {
            Found::Data(version, content) => HeadResult::Found(self.describe(bucket, version, content)),
            Found::Hidden => HeadResult::NotFound { delete_marker: true },
            Found::NoKey | Found::NoVersion => HeadResult::NotFound { delete_marker: false },
        })
    }

    /// S3 `GetObject`. The head speaks of the whole object, whatever range was asked for; a range is cut at its end.
    ///
    /// # Errors
    /// `NoSuchBucket`, `NoSuchKey`, `NoSuchVersion` (404); `MethodNotAllowed` (405) where the version asked for is a
    /// delete marker; `InvalidRange` (416).
    pub fn get(
        &self,
        bucket: &str,
        id: &ObjectId,
        range: Option<(u64, u64)>,
    ) -> Result<(ObjectHead, Bytes), CallError> {
        let bucket = self.bucket(bucket)?;
        let (version, content) = match find(bucket, id)? {
            Found::Data(version, content) => (version, content),
            Found::NoKey | Found::Hidden => {
                return Err(no_such_key());
            }
            Found::NoVersion => {
                return Err(no_such_version());
            }
        };
        let range = match range {
            None => 0..content.size,
            Some((first, last)) if first <= last && first < content.size => first..last.saturating_add(1),
            Some(_) => {
                return Err(invalid_range());
            }
        };
        Ok((self.describe(bucket, version, content), self.media.read(&content.body, range)))
    }

    /// S3 `PutObject`.
    ///
    /// # Errors
    /// `NoSuchBucket`, `KeyTooLongError`, `InvalidURI` for an empty key.
    pub fn put(&mut self, put: Put<'_>) -> Result<(PutResult, Vec<Change>), CallError> {
        self.put_locked(put, None)
    }

    /// S3 `PutObject` with `x-amz-object-lock-*`; none: the bucket's default.
    ///
    /// # Errors
    /// As [`Sink::put`]; `InvalidRequest` on a bucket without object lock, `InvalidArgument` for a retention that has run
    /// out already.
    pub fn put_locked(&mut self, put: Put<'_>, lock: Option<Lock>) -> Result<(PutResult, Vec<Change>), CallError> {
        let etag = self.media.etag(&put.body);
        let bucket = put.bucket;
        let change = self.store(put, lock)?;
        let version_id = self.buckets[bucket].told(change.version.as_ref());
        Ok((PutResult { etag, version_id }, vec![change]))
    }

    /// [`Sink::put`] by the egress worker, who does not read the answer: no entity tag is made.
    ///
    /// # Errors
    /// As [`Sink::put`].
    pub fn upload(&mut self, put: Put<'_>) -> Result<Change, CallError> {
        self.store(put, None)
    }

    fn store(&mut self, put: Put<'_>, lock: Option<Lock>) -> Result<Change, CallError> {
        let size = self.media.length(&put.body);
        let bucket = self.buckets.get_mut(put.bucket).ok_or_else(super::no_such_bucket)?;
        check_key(&put.key)?;
        lock.map_or(Ok(()), |lock| bucket.check_lock(&lock, put.now))?;
        let content = Content {
            body: put.body,
            size,
            etag: None,
            content_type: put.content_type,
            metadata: put.metadata,
            tagging: put.tagging,
            attributes: None,
        };
        Ok(bucket.store(put.chance, put.now, put.bucket, put.key, content, lock.map(Box::new), put.origin))
    }

    /// Replication: stores a version with data, by the name of its bucket, key and version, in another bucket too. None:
    /// it is not there, or the other bucket is not.
    pub fn copy(
        &mut self,
        chance: Chance,
        now: Time,
        bucket: &str,
        key: &Arc<str>,
        version: Option<&str>,
        to: &str,
    ) -> Option<Change> {
        let version = self.buckets.get(bucket)?.keys.get(key)?.named(version.unwrap_or("null"))?;
        let (content, origin) = (version.content.clone()?, version.origin);
        Some(self.buckets.get_mut(to)?.store(chance, now, to, Arc::clone(key), content, None, origin))
    }

    /// What a reply tells of a version.
    pub(super) fn describe(&self, bucket: &Bucket, version: &Version, content: &Content) -> ObjectHead {
        ObjectHead {
            size: content.size,
            etag: self.media.etag_of(content),
            content_type: content.content_type.to_string(),
            last_modified: version.at,
            version_id: bucket.told(version.id.as_ref()),
        }
    }
}

pub(super) fn no_such_key() -> CallError {
    CallError::rejected("NoSuchKey", 404, "The specified key does not exist.")
}

pub(super) fn no_such_version() -> CallError {
    CallError::rejected("NoSuchVersion", 404, "The specified version does not exist.")
}

pub(super) fn invalid_range() -> CallError {
    CallError::rejected("InvalidRange", 416, "The requested range is not satisfiable")
}

/// # Errors
/// `KeyTooLongError`, `InvalidURI`.
pub(super) fn check_key(key: &str) -> Result<(), CallError> {
    match key.len() {
        0 => Err(CallError::rejected("InvalidURI", 400, "Couldn't parse the specified URI.")),
        1..=MAX_KEY_BYTES => Ok(()),
        _ => Err(CallError::rejected("KeyTooLongError", 400, "Your key is too long")),
    }
}

/// What a key, or one version of it, leads to.
pub(super) enum Found<'b> {
    /// Data.
    Data(&'b Version, &'b Content),
    /// The current version is a delete marker.
    Hidden,
    /// Nothing.
    NoKey,
    /// A key, perhaps, but no such version.
    NoVersion,
}

/// # Errors
/// `MethodNotAllowed` where the version asked for is a delete marker.
pub(super) fn find<'b>(bucket: &'b Bucket, id: &ObjectId) -> Result<Found<'b>, CallError> {
    let versions = bucket.keys.get(&id.key);
    let version = match &id.version_id {
        Some(name) => versions.and_then(|versions| versions.named(name)),
        None => versions.and_then(|versions| versions.0.last()),
    };
    Ok(match (version, &id.version_id) {
        (Some(version), asked) => match (&version.content, asked) {
            (Some(content), _) => Found::Data(version, content),
            (None, None) => Found::Hidden,
            (None, Some(_)) => {
                return Err(super::lock::is_marker());
            }
        },
        (None, None) => Found::NoKey,
        (None, Some(_)) => Found::NoVersion,
    })
}

impl Bucket {
    /// Puts a version with data on top, with a lock of its own or the bucket's default.
    #[expect(clippy::too_many_arguments, reason = "these are the parts of a version")]
    pub(super) fn store(
        &mut self,
        chance: Chance,
        now: Time,
        name: &str,
        key: Arc<str>,
        content: Content,
        lock: Option<Box<Lock>>,
        origin: Origin,
    ) -> Change {
        let kind = ChangeKind::Stored { size: content.size };
        let enabled = self.versioning == Versioning::Enabled;
        let lock = lock.or_else(|| self.default_lock(now));
        let versions = self.keys.or_default(Arc::clone(&key));
        let mut overwritten = None;
        let id = if enabled {
            Some(versions.next_id(chance, now, name, &key))
        } else {
            overwritten = versions.take_null();
            None
        };
        versions.push(Version { id: id.clone(), at: now, content: Some(content), lock, origin });
        if let Some(overwritten) = overwritten {
            self.put_aside(&key, &overwritten, now);
        }
        Change { key, version: id, kind, origin }
    }

    /// A version id as replies have it: none on a bucket that was never versioned.
    pub(super) fn told(&self, id: Option<&Arc<str>>) -> Option<String> {
        match self.versioning {
            Versioning::Unversioned => None,
            Versioning::Enabled | Versioning::Suspended => Some(id.map_or("null", |id| id).to_owned()),
        }
    }
}

impl Versions {
    /// Puts a version on top.
    pub(super) fn push(&mut self, version: Version) {
        // Most keys have one version for ever: no room for a second before it comes.
        if self.0.is_empty() {
            self.0.reserve_exact(1);
        }
        self.0.push(version);
    }

    /// Removes the `null` version or marker.
    pub(super) fn take_null(&mut self) -> Option<Version> {
        let place = self.0.iter().rposition(|version| version.id.is_none())?;
        Some(self.0.remove(place))
    }

    /// A fresh version id. It depends on key and time alone, so that what happens to other keys does not move it.
    pub(super) fn next_id(&self, chance: Chance, now: Time, bucket: &str, key: &str) -> Arc<str> {
        let entity = format!("{bucket}/{key}");
        let at_this_instant = || self.0.iter().rev().take_while(|version| version.at == now);
        let mut attempt = now.0;
        loop {
            let id: Arc<str> = opaque_id(chance.draw("s3.version", &entity, attempt)).into();
            if at_this_instant().all(|version| version.id.as_ref() != Some(&id)) {
                return id;
            }
            attempt = attempt.wrapping_add(1);
        }
    }
}

/// 32 letters, as S3's version ids have them.
pub(super) fn opaque_id(drawn: u64) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._";
    let mut id = String::with_capacity(32);
    let mut word = drawn;
    while id.len() < 32 {
        word = synthetic::mix(word);
        for sixth in 0..8 {
            id.push(char::from(LETTERS[(word >> (8 * sixth) & 63) as usize]));
        }
    }
    id
}
