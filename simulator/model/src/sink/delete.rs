//! `DeleteObject` and `DeleteObjects`.
//!
//! A delete without a version id erases nothing on a versioned bucket: it puts a marker on top. What erases is a delete
//! with the version's id. Deleting what is not there works.

use std::sync::Arc;

use super::{Bucket, Change, ChangeKind, MAX_KEYS, Origin, Sink, Version};
use crate::call::{CallError, DeleteError, DeleteResult, DeletedObject, ObjectId, Versioning};
use crate::chance::Chance;
use crate::time::Time;

/// Says for each key of a batch, with its place in it, whether a fault refuses it: S3's code and a message.
pub type Refuse<'a> = dyn FnMut(usize, &ObjectId) -> Option<(String, String)> + 'a;

impl Sink {
    /// S3 `DeleteObject`.
    ///
    /// # Errors
    /// `NoSuchBucket`.
    pub fn delete(
        &mut self,
        chance: Chance,
        now: Time,
        bucket: &str,
        id: &ObjectId,
        origin: Origin,
    ) -> Result<(DeletedObject, Vec<Change>), CallError> {
        let mut changes = Vec::new();
        let mut request = Request { chance, now, bucket, origin, changes: &mut changes, hidden: 0 };
        let deleted = request.delete(self.buckets.get_mut(bucket).ok_or_else(super::no_such_bucket)?, id);
        self.objects_deleted += request.hidden;
        Ok((deleted, changes))
    }

    /// S3 `DeleteObjects`. `refuse` is asked before each key. Refusals are told in `quiet` too.
    ///
    /// # Errors
    /// `NoSuchBucket`; `MalformedXML` for no ids or more than 1,000, with nothing done.
    #[expect(clippy::too_many_arguments, reason = "a request has that many parts; naming them once more helps nobody")]
    pub fn delete_many(
        &mut self,
        chance: Chance,
        now: Time,
        bucket: &str,
        ids: &[ObjectId],
        quiet: bool,
        origin: Origin,
        refuse: &mut Refuse<'_>,
    ) -> Result<(DeleteResult, Vec<Change>), CallError> {
        let place = self.buckets.get_mut(bucket).ok_or_else(super::no_such_bucket)?;
        if ids.is_empty() || ids.len() > MAX_KEYS {
            return Err(CallError::rejected(
                "MalformedXML",
                400,
                "The XML you provided was not well-formed or did not validate against our published schema",
            ));
        }
        let mut changes = Vec::with_capacity(ids.len());
        let mut result = DeleteResult::default();
        if !quiet {
            result.deleted.reserve_exact(ids.len());
        }
        let mut request = Request { chance, now, bucket, origin, changes: &mut changes, hidden: 0 };
        for (number, id) in ids.iter().enumerate() {
            if let Some((code, message)) = refuse(number, id) {
                let ObjectId { key, version_id } = id.clone();
                result.errors.push(DeleteError { key, version_id, code, message });
                continue;
            }
            let deleted = request.delete(place, id);
            if !quiet {
                result.deleted.push(deleted);
            }
        }
        self.objects_deleted += request.hidden;
        Ok((result, changes))
    }
}

/// A delete request under way.
struct Request<'a> {
    chance: Chance,
    now: Time,
    bucket: &'a str,
    origin: Origin,
    changes: &'a mut Vec<Change>,
    /// Keys that lost their current version.
    hidden: u64,
}

impl Request<'_> {
    fn delete(&mut self, bucket: &mut Bucket, id: &ObjectId) -> DeletedObject {
        match &id.version_id {
            Some(version) => self.erase(bucket, &id.key, version),
            None if bucket.versioning == Versioning::Unversioned => {
                if let Some((key, versions)) = bucket.keys.remove_entry(&id.key) {
                    self.hidden += 1;
                    for version in versions.0 {
                        self.tell_erased(Arc::clone(&key), version, true);
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
        }
    }

    /// Puts a delete marker on top, also of a key that never was.
    fn mark(&mut self, bucket: &mut Bucket, key: &str) -> DeletedObject {
        let known = bucket.keys.get_key_value(key).map(|(key, _)| Arc::clone(key));
        let key: Arc<str> = known.unwrap_or_else(|| key.into());
        let versions = bucket.keys.or_default(Arc::clone(&key));
        self.hidden += u64::from(versions.current().is_some());
        let id = if bucket.versioning == Versioning::Enabled {
            Some(versions.next_id(self.chance, self.now, self.bucket, &key))
        } else {
            if let Some(null) = versions.take_null()
                && !null.is_marker()
            {
                self.tell_erased(Arc::clone(&key), null, false);
            }
            None
        };
        versions.push(Version { id: id.clone(), at: self.now, content: None, origin: self.origin });
        let marker = id.as_deref().unwrap_or("null").to_owned();
        let deleted = DeletedObject {
            key: key.as_ref().to_owned(),
            version_id: None,
            delete_marker: true,
            delete_marker_version_id: Some(marker),
        };
        self.changes.push(Change { key, version: id, kind: ChangeKind::MarkerMade, origin: self.origin });
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
        let erased = versions.0.remove(place);
        self.hidden += u64::from(was_current && versions.current().is_none());
        let last = versions.0.is_empty();
        if last {
            bucket.keys.remove(key);
        }
        if erased.is_marker() {
            deleted.delete_marker = true;
            deleted.delete_marker_version_id = Some(version.to_owned());
        }
        self.tell_erased(known, erased, last);
        deleted
    }

    fn tell_erased(&mut self, key: Arc<str>, erased: Version, last: bool) {
        let kind = if erased.is_marker() { ChangeKind::MarkerRemoved { last } } else { ChangeKind::Erased { last } };
        self.changes.push(Change { key, version: erased.id, kind, origin: erased.origin });
    }
}
