//! `DeleteObject` and `DeleteObjects`.
//!
//! A delete without a version id erases nothing on a versioned bucket: it puts a marker on top. What erases is a delete
//! with the version's id, unless object lock forbids it. Deleting what is not there works.

use std::sync::Arc;

use super::lock::{self, PROTECTED};
use super::{Bucket, Change, ChangeKind, MAX_KEYS, Origin, Sink, Version};
use crate::call::{CallError, DeleteError, DeleteResult, DeletedObject, ObjectId, Versioning};
use crate::chance::Chance;
use crate::time::Time;

/// What the deletions of one request have in common.
#[derive(Clone, Copy, Debug)]
pub struct Delete<'a> {
    /// Gives the ids of markers.
    pub chance: Chance,
    /// `Last-Modified` of markers, and what retentions are compared with.
    pub now: Time,
    /// Bucket.
    pub bucket: &'a str,
    /// Who deletes.
    pub origin: Origin,
    /// `x-amz-bypass-governance-retention`, from somebody who has the permission; without effect where nothing is locked.
    pub bypass_governance: bool,
}

/// What becomes of one key of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// What was asked for.
    AsAsked,
    /// It is refused.
    Refused {
        /// S3's code.
        code: String,
        /// S3's text.
        message: String,
    },
    /// It is reported as deleted, and is not.
    Ignored,
}

/// Says for each key of a batch, with its place in it, what a fault makes of it.
pub type Fates<'a> = dyn FnMut(usize, &ObjectId) -> Fate + 'a;

impl Sink {
    /// S3 `DeleteObject`.
    ///
    /// # Errors
    /// `NoSuchBucket`; `AccessDenied` (403) for a version that is locked.
    pub fn delete(&mut self, delete: Delete<'_>, id: &ObjectId) -> Result<(DeletedObject, Vec<Change>), CallError> {
        let mut changes = Vec::new();
        let mut request = Request { delete, changes: &mut changes, hidden: 0 };
        let bucket = self.buckets.get_mut(delete.bucket).ok_or_else(super::no_such_bucket)?;
        let deleted = request.delete(bucket, id).ok_or_else(lock::protected)?;
        self.objects_deleted += request.hidden;
        Ok((deleted, changes))
    }

    /// What S3 would answer to [`Sink::delete`], and nothing else of it.
    ///
    /// # Errors
    /// As [`Sink::delete`].
    pub fn pretend_to_delete(&self, delete: Delete<'_>, id: &ObjectId) -> Result<DeletedObject, CallError> {
        let bucket = self.bucket(delete.bucket)?;
        if delete.is_forbidden(bucket, id) {
            return Err(lock::protected());
        }
        Ok(delete.pretended(bucket, id))
    }

    /// S3 `DeleteObjects`. `fates` is asked before each key. Refusals are told in `quiet` too, and so is what object lock
    /// forbids.
    ///
    /// # Errors
    /// `NoSuchBucket`; `MalformedXML` for no ids or more than 1,000, with nothing done.
    pub fn delete_many(
        &mut self,
        delete: Delete<'_>,
        ids: &[ObjectId],
        quiet: bool,
        fates: &mut Fates<'_>,
    ) -> Result<(DeleteResult, Vec<Change>), CallError> {
        let place = self.buckets.get_mut(delete.bucket).ok_or_else(super::no_such_bucket)?;
        if ids.is_empty() || ids.len() > MAX_KEYS {
            return Err(super::malformed_xml());
        }
        let mut changes = Vec::with_capacity(ids.len());
        let mut result = DeleteResult::default();
        if !quiet {
            result.deleted.reserve_exact(ids.len());
        }
        let mut request = Request { delete, changes: &mut changes, hidden: 0 };
        for (number, id) in ids.iter().enumerate() {
            let deleted = match fates(number, id) {
                Fate::Refused { code, message } => Err((code, message)),
                Fate::Ignored if !delete.is_forbidden(place, id) => Ok(delete.pretended(place, id)),
                Fate::AsAsked | Fate::Ignored => {
                    request.delete(place, id).ok_or_else(|| ("AccessDenied".to_owned(), PROTECTED.to_owned()))
                }
            };
            match deleted {
                Ok(deleted) if !quiet => result.deleted.push(deleted),
                Ok(_) => {}
                Err((code, message)) => {
                    let ObjectId { key, version_id } = id.clone();
                    result.errors.push(DeleteError { key, version_id, code, message });
                }
            }
        }
        self.objects_deleted += request.hidden;
        Ok((result, changes))
    }
}

impl Delete<'_> {
    /// Whether object lock forbids it. It never forbids a marker.
    fn is_forbidden(&self, bucket: &Bucket, id: &ObjectId) -> bool {
        let Some(name) = id.version_id.as_deref().filter(|_| bucket.object_lock.is_some()) else { return false };
        let version = bucket.keys.get(&id.key).and_then(|versions| versions.named(name));
        version.is_some_and(|version| version.is_locked(self.now, self.bypass_governance))
    }

    /// The answer to a deletion that is not carried out.
    fn pretended(&self, bucket: &Bucket, id: &ObjectId) -> DeletedObject {
        let versions = bucket.keys.get(&id.key);
        let marker = match &id.version_id {
            Some(name) => {
                let version = versions.and_then(|versions| versions.named(name));
                version.filter(|version| version.is_marker()).map(|_| name.clone())
            }
            None => match bucket.versioning {
                Versioning::Unversioned => None,
                Versioning::Suspended => Some("null".to_owned()),
                Versioning::Enabled => {
                    let none = super::Versions::default();
                    let id = versions.unwrap_or(&none).next_id(self.chance, self.now, self.bucket, &id.key);
                    Some(id.as_ref().to_owned())
                }
            },
        };
        DeletedObject {
            key: id.key.clone(),
            version_id: id.version_id.clone(),
            delete_marker: marker.is_some(),
            delete_marker_version_id: marker,
        }
    }
}

/// A delete request under way.
struct Request<'a> {
    delete: Delete<'a>,
    changes: &'a mut Vec<Change>,
    /// Keys that lost their current version.
    hidden: u64,
}

impl Request<'_> {
    /// None: object lock forbids it.
    fn delete(&mut self, bucket: &mut Bucket, id: &ObjectId) -> Option<DeletedObject> {
        if self.delete.is_forbidden(bucket, id) {
            return None;
        }
        Some(match &id.version_id {
            Some(version) => self.erase(bucket, &id.key, version),
            None if bucket.versioning == Versioning::Unversioned => {
                if let Some((key, versions)) = bucket.keys.remove_entry(&id.key) {
                    self.hidden += 1;
                    for version in versions.0 {
                        bucket.put_aside(&key, &version, self.delete.now);
                        self.tell_erased(Arc::clone(&key), version, true, true);
                    }
                }
                DeletedObject {
                    key: id.key.clone(),
                    version_id: None,
                    delete_marker: false,
                    delete_marker_version_id: None,
                }
            }
            None => self.mark(bucket, &id.key),
        })
    }

    /// Puts a delete marker on top, also of a key that never was.
    fn mark(&mut self, bucket: &mut Bucket, key: &str) -> DeletedObject {
        let known = bucket.keys.get_key_value(key).map(|(key, _)| Arc::clone(key));
        let key: Arc<str> = known.unwrap_or_else(|| key.into());
        let versioning = bucket.versioning;
        let versions = bucket.keys.or_default(Arc::clone(&key));
        self.hidden += u64::from(versions.current().is_some());
        let mut replaced = None;
        let id = if versioning == Versioning::Enabled {
            Some(versions.next_id(self.delete.chance, self.delete.now, self.delete.bucket, &key))
        } else {
            replaced = versions.take_null();
            None
        };
        versions.push(Version {
            id: id.clone(),
            at: self.delete.now,
            content: None,
            lock: None,
            origin: self.delete.origin,
        });
        if let Some(null) = replaced {
            bucket.put_aside(&key, &null, self.delete.now);
            if !null.is_marker() {
                self.tell_erased(Arc::clone(&key), null, false, true);
            }
        }
        let marker = id.as_deref().unwrap_or("null").to_owned();
        let deleted = DeletedObject {
            key: key.as_ref().to_owned(),
            version_id: None,
            delete_marker: true,
            delete_marker_version_id: Some(marker),
        };
        self.changes.push(Change { key, version: id, kind: ChangeKind::MarkerMade, origin: self.delete.origin });
        deleted
    }

    /// Removes one version or marker for good.
    fn erase(&mut self, bucket: &mut Bucket, key: &str, version: &str) -> DeletedObject {
        let mut deleted = DeletedObject {
            key: key.to_owned(),
            version_id: Some(version.to_owned()),
            delete_marker: false,
            delete_marker_version_id: None,
        };
        let Some((known, versions)) = bucket.keys.get_key_value_mut(key) else {
            return deleted;
        };
        let Some(place) = versions.position(version) else {
            return deleted;
        };
        let known = Arc::clone(known);
        let was_current = versions.current().is_some();
        let current = place + 1 == versions.0.len();
        let erased = versions.0.remove(place);
        self.hidden += u64::from(was_current && versions.current().is_none());
        let last = versions.0.is_empty();
        if last {
            bucket.keys.remove(key);
        }
        bucket.put_aside(&known, &erased, self.delete.now);
        if erased.is_marker() {
            deleted.delete_marker = true;
            deleted.delete_marker_version_id = Some(version.to_owned());
        }
        self.tell_erased(known, erased, last, current);
        deleted
    }

    fn tell_erased(&mut self, key: Arc<str>, erased: Version, last: bool, current: bool) {
        let kind =
            if erased.is_marker() { ChangeKind::MarkerRemoved { last } } else { ChangeKind::Erased { last, current } };
        self.changes.push(Change { key, version: erased.id, kind, origin: erased.origin });
    }
}
