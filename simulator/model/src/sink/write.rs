//! `PutObject`, `CopyObject` and the conditional `DeleteObject`, with all that S3 can be told.

use std::sync::Arc;

use super::object::check_key;
use super::read::{self, current_etag};
use super::{Alike, Body, Bucket, Change, Content, Lock, Origin, Sink, Version, condition, lifecycle, piece, tags};
use crate::call::s3::answer::{Copied, S3Failure, Stored};
use crate::call::s3::configuration::Attributes;
use crate::call::s3::request::{Conditions, CopyObject, NewObject, PutObject, Requester};
use crate::call::{CallError, EntityTag, ObjectId, PutResult};
use crate::chance::Chance;
use crate::time::{Span, Time};

use super::condition::Outcome;

/// What S3 takes for the type of what comes without one.
pub const DEFAULT_TYPE: &str = "binary/octet-stream";
/// Bytes of `x-amz-meta-*`, names and values together, at most.
const MAX_METADATA: usize = 2048;
/// Bytes of a copy's source at most; more is copied in parts.
const MAX_COPY: u64 = 5 << 30;

/// Whose write it is, and when.
#[derive(Clone, Copy, Debug)]
pub struct Writing<'a> {
    /// Gives ids.
    pub chance: Chance,
    /// `Last-Modified`.
    pub now: Time,
    /// How long a day of the lifecycle is.
    pub day: Span,
    /// Bucket.
    pub bucket: &'a str,
    /// Who writes.
    pub origin: Origin,
}

impl Sink {
    /// S3 `PutObject`.
    ///
    /// # Errors
    /// `NoSuchBucket`, `KeyTooLongError`, `InvalidURI`; `PreconditionFailed` and what else conditions come to; `MetadataTooLarge`,
    /// `InvalidTag`, `InvalidStorageClass`; what locks and ACLs come to.
    pub fn put_in_full(
        &mut self,
        writing: Writing<'_>,
        put: &PutObject,
    ) -> Result<(Box<Stored>, Vec<Change>), CallError> {
        let bucket = self.bucket(writing.bucket)?;
        bucket.check_new(&put.object, writing.now)?;
        check_key(&put.key)?;
        if put.conditions != Conditions::default() {
            let current = current_etag(self, bucket, &put.key);
            put.conditions.on_write(current.map(|(etag, _)| etag))?;
        }
        let content = Content {
            size: put.body.len(),
            body: put.body.clone().into(),
            etag: Some(EntityTag::of(put.md5)),
            ..self.alike.fresh(&put.object)
        };
        Ok(self.stored(writing, &put.key, content, put.object.lock))
    }

    /// Puts a version on top, and says so.
    pub(super) fn stored(
        &mut self,
        writing: Writing<'_>,
        key: &str,
        content: Content,
        lock: Option<Lock>,
    ) -> (Box<Stored>, Vec<Change>) {
        let Writing { chance, now, day, bucket: name, origin } = writing;
        let etag = self.media.etag_of(&content);
        let checksum = content.attributes.as_ref().and_then(|attributes| attributes.checksum.clone());
        let bucket = self.buckets.get_mut(name).expect("whoever stores has looked");
        let change = bucket.store(chance, now, name, key.into(), content, lock.map(Box::new), origin);
        let bucket = &*bucket;
        let version = bucket.keys.get(key).and_then(super::Versions::current).expect("it was stored a moment ago");
        let put = PutResult { etag, version_id: bucket.told(change.version.as_ref()) };
        let expiration = lifecycle::expiration_of(bucket, day, key, version);
        (Box::new(Stored { put, checksum, expiration }), vec![change])
    }

    /// S3 `CopyObject`.
    ///
    /// # Errors
    /// As [`Sink::put_in_full`]; `NoSuchKey`, `NoSuchVersion` of the source; `InvalidRequest` for a source of more than 5 GiB, a
    /// delete marker, or a copy onto itself that changes nothing.
    pub fn copy_object(
        &mut self,
        requester: Requester,
        writing: Writing<'_>,
        copy: &CopyObject,
    ) -> Result<(Box<Copied>, Vec<Change>), S3Failure> {
        self.bucket(writing.bucket)?.check_new(&copy.object, writing.now)?;
        check_key(&copy.key)?;
        let told_anew = copy.replace_metadata.then(|| self.alike.fresh(&copy.object));
        let source = &copy.source;
        let (version, content) = self.source(requester, source)?;
        if content.size > MAX_COPY {
            return Err(invalid(
                "The specified copy source is larger than the maximum allowable size for a copy source: 5368709120",
            )
            .into());
        }
        let same_place = source.bucket == writing.bucket && source.id.key == copy.key;
        let class = copy.object.attributes.storage_class.is_some();
        let website = copy.object.attributes.website_redirect_location.is_some();
        if same_place
            && source.id.version_id.is_none()
            && !(copy.replace_metadata || copy.replace_tags || class || website)
        {
            return Err(invalid("This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.").into());
        }
        let source_version = self.buckets[&source.bucket].told(version.id.as_ref());
        let mut made = if let Some(told_anew) = told_anew {
            told_anew
        } else {
            let told = content.attributes.as_deref().cloned().unwrap_or_default();
            let attributes = Attributes {
                storage_class: copy.object.attributes.storage_class.clone(),
                website_redirect_location: copy.object.attributes.website_redirect_location.clone(),
                acl: copy.object.attributes.acl,
                ..told
            };
            Content { attributes: kept(&attributes), ..content.clone() }
        };
        made.body = content.body.clone();
        made.size = content.size;
        // A copy is one piece, whatever its source was uploaded in; of synthetic media nobody knows the digest.
        made.etag = match (&content.body, content.etag) {
            (Body::Joined(pieces), Some(etag)) if etag.parts().is_some() => {
                let whole = 0..content.size;
                let digest = piece::here(pieces).map_or_else(|| digest_of_kept(etag, &whole), |bytes| digest(&bytes));
                Some(EntityTag::of(digest))
            }
            (Body::Bytes(bytes), Some(etag)) if etag.parts().is_some() => {
                Some(EntityTag::of(digest(std::slice::from_ref(bytes))))
            }
            (_, etag) => etag,
        };
        if let Some(attributes) = &mut made.attributes {
            let whole = content.attributes.as_ref().and_then(|told| told.checksum.clone());
            Arc::make_mut(attributes).checksum = whole.filter(|sum| sum.parts.is_none());
        }
        made.tagging = match (copy.replace_tags, &copy.object.tags) {
            (true, Some(tags)) => tags::encode(tags).into(),
            (true, None) => "".into(),
            (false, _) => Arc::clone(&content.tagging),
        };
        let current = current_etag(self, self.bucket(writing.bucket)?, &copy.key);
        copy.conditions.on_write(current.map(|(etag, _)| etag))?;
        let (stored, changes) = self.stored(writing, &copy.key, made, copy.object.lock);
        Ok((Box::new(Copied { stored: *stored, last_modified: writing.now, source_version }), changes))
    }

    /// What a copy is to be made of.
    pub(super) fn source(
        &self,
        requester: Requester,
        source: &crate::call::s3::request::CopySource,
    ) -> Result<(&Version, &Content), S3Failure> {
        let bucket = self.bucket(&source.bucket)?;
        let (version, content) = read::found(bucket, requester, &source.bucket, &source.id).map_err(|failure| {
            let marker = failure.about.as_ref().is_some_and(|about| about.last_modified.is_some());
            if marker {
                invalid("The source of a copy request may not specifically refer to a delete marker by version id.")
                    .into()
            } else {
                S3Failure::from(failure.error)
            }
        })?;
        match source.conditions.on_read(self.media.etag_of(content), version.at) {
            Outcome::Holds => Ok((version, content)),
            Outcome::NotModified | Outcome::Failed => Err(condition::failed("x-amz-copy-source-If-Match").into()),
        }
    }

    /// Whether a delete's `If-Match` holds.
    ///
    /// # Errors
    /// `PreconditionFailed`; `NoSuchBucket`.
    pub fn check_delete(&self, bucket: &str, id: &ObjectId, if_match: &str) -> Result<(), CallError> {
        let bucket = self.bucket(bucket)?;
        let versions = bucket.keys.get(&id.key);
        let version = versions.and_then(|versions| match &id.version_id {
            Some(name) => versions.named(name),
            None => versions.current(),
        });
        let etag = version.and_then(|version| version.content.as_ref()).map(|content| self.media.etag_of(content));
        match etag {
            Some(etag) if if_match == "*" || etag.is(if_match) => Ok(()),
            _ => Err(condition::failed("If-Match")),
        }
    }
}

impl Bucket {
    /// # Errors
    /// What is wrong with what a new object is to be.
    pub(super) fn check_new(&self, object: &NewObject, now: Time) -> Result<(), CallError> {
        self.check_acl(object.attributes.acl)?;
        object.lock.map_or(Ok(()), |lock| self.check_lock(&lock, now))?;
        object.tags.as_ref().map_or(Ok(()), tags::check_of_object)?;
        let metadata: usize = object.metadata.iter().map(|(name, value)| name.len() + value.len()).sum();
        if metadata > MAX_METADATA {
            return Err(CallError::rejected(
                "MetadataTooLarge",
                400,
                "Your metadata headers exceed the maximum allowed metadata size",
            ));
        }
        match object.attributes.storage_class.as_deref() {
            Some(class) if !STORAGE_CLASSES.contains(&class) => {
                Err(CallError::rejected("InvalidStorageClass", 400, "The storage class you specified is not valid"))
            }
            _ => Ok(()),
        }
    }
}

const STORAGE_CLASSES: [&str; 8] = [
    "STANDARD",
    "REDUCED_REDUNDANCY",
    "STANDARD_IA",
    "ONEZONE_IA",
    "INTELLIGENT_TIERING",
    "GLACIER",
    "DEEP_ARCHIVE",
    "GLACIER_IR",
];

impl Alike {
    /// What a request says of an object, without its body.
    fn fresh(&mut self, object: &NewObject) -> Content {
        Content {
            body: Body::Bytes(bytes::Bytes::new()),
            size: 0,
            etag: None,
            content_type: self.content_type(object.content_type.as_deref().unwrap_or(DEFAULT_TYPE)),
            metadata: self.metadata(&object.metadata),
            tagging: object.tags.as_ref().map_or_else(Arc::default, |tags| tags::encode(tags).into()),
            attributes: kept(&object.attributes),
        }
    }
}

/// Most objects are told nothing.
pub(super) fn kept(attributes: &Attributes) -> Option<Arc<Attributes>> {
    let nothing = Attributes::default();
    if *attributes == nothing {
        return None;
    }
    let storage_class = attributes.storage_class.clone().filter(|class| class != "STANDARD");
    let attributes = Attributes { storage_class, ..attributes.clone() };
    (attributes != nothing).then(|| Arc::new(attributes))
}

/// A digest for some of the bytes behind an entity tag that are kept elsewhere, where nobody reads them for it: it differs as they
/// do.
pub(super) fn digest_of_kept(etag: EntityTag, range: &std::ops::Range<u64>) -> [u8; 16] {
    use md5::{Digest as _, Md5};
    Md5::digest(format!("{etag} {}-{}", range.start, range.end)).into()
}

pub(super) fn digest(parts: &[bytes::Bytes]) -> [u8; 16] {
    use md5::{Digest as _, Md5};
    let mut whole = Md5::new();
    for part in parts {
        whole.update(part);
    }
    whole.finalize().into()
}

pub(super) fn invalid(what: &str) -> CallError {
    CallError::rejected("InvalidRequest", 400, what)
}
