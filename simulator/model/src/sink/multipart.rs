//! Multipart uploads: invisible to HEAD and LIST until they are completed, and stored all the same.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use bytes::Bytes;
use md5::{Digest, Md5};

use super::object::{check_key, opaque_id};
use super::{Body, Change, ChangeKind, Content, Lock, Origin, Part, Sink, Upload};
use crate::call::{CallError, EntityTag, MultipartUpload, PutResult};
use crate::chance::Chance;
use crate::time::Time;

/// Bytes of every part but the last at least.
const MIN_PART_BYTES: u64 = 5 << 20;
/// The highest part number.
const MAX_PART_NUMBER: u32 = 10_000;

/// A `CreateMultipartUpload`.
#[derive(Clone, Debug)]
pub struct CreateMultipartUpload<'a> {
    /// Gives the upload id.
    pub chance: Chance,
    /// `Initiated`.
    pub now: Time,
    /// Bucket.
    pub bucket: &'a str,
    /// Key.
    pub key: &'a str,
    /// `Content-Type`
    pub content_type: Arc<str>,
    /// `x-amz-meta-*`
    pub metadata: Arc<Vec<(String, String)>>,
    /// `x-amz-tagging`
    pub tagging: Arc<str>,
    /// Who uploads.
    pub origin: Origin,
}

impl Sink {
    /// S3 `CreateMultipartUpload`: the `UploadId`.
    ///
    /// # Errors
    /// `NoSuchBucket`, `KeyTooLongError`, `InvalidURI` for an empty key.
    pub fn create_multipart_upload(
        &mut self,
        create: CreateMultipartUpload<'_>,
    ) -> Result<(String, Vec<Change>), CallError> {
        self.create_locked_multipart_upload(create, None)
    }

    /// S3 `CreateMultipartUpload` with `x-amz-object-lock-*`, for the object that it becomes; none: the bucket's default, from
    /// its completion on.
    ///
    /// # Errors
    /// As [`Sink::create_multipart_upload`]; `InvalidRequest` on a bucket without object lock, `InvalidArgument` for a
    /// retention that has run out already.
    pub fn create_locked_multipart_upload(
        &mut self,
        create: CreateMultipartUpload<'_>,
        lock: Option<Lock>,
    ) -> Result<(String, Vec<Change>), CallError> {
        let CreateMultipartUpload { chance, now, key, origin, .. } = create;
        let bucket = self.bucket_mut(create.bucket)?;
        check_key(key)?;
        lock.map_or(Ok(()), |lock| bucket.check_lock(&lock, now))?;
        let entity = format!("{}/{key}", create.bucket);
        // Two uploads of one key may begin at the same instant.
        let mut attempt = now.0;
        let id = loop {
            let drawn = chance.draw("s3.upload", &entity, attempt);
            let id = opaque_id(drawn) + &opaque_id(!drawn);
            if !bucket.uploads.contains_key(&(key.to_owned(), id.clone())) {
                break id;
            }
            attempt = attempt.wrapping_add(1);
        };
        let upload = Upload {
            initiated: now,
            origin,
            content_type: create.content_type,
            metadata: create.metadata,
            tagging: create.tagging,
            attributes: None,
            checksum: None,
            lock: lock.map(Box::new),
            parts: BTreeMap::new(),
        };
        bucket.uploads.insert((key.to_owned(), id.clone()), upload);
        let change =
            Change { key: key.into(), version: Some(id.as_str().into()), kind: ChangeKind::UploadBegun, origin };
        Ok((id, vec![change]))
    }

    /// S3 `UploadPart`: the part's entity tag. A part that is sent again replaces the first.
    ///
    /// # Errors
    /// `NoSuchBucket`, `NoSuchUpload`; `InvalidArgument` for a number outside 1 to 10,000.
    pub fn upload_part(
        &mut self,
        bucket: &str,
        key: &str,
        upload_id: &str,
        part_number: u32,
        body: Bytes,
    ) -> Result<EntityTag, CallError> {
        let bucket = self.bucket_mut(bucket)?;
        check_number(part_number)?;
        let upload = bucket.uploads.get_mut(&(key.to_owned(), upload_id.to_owned())).ok_or_else(no_such_upload)?;
        let etag = EntityTag::of(Md5::digest(&body).into());
        let at = upload.initiated;
        upload.parts.insert(part_number, Part { etag, at, checksum: None, body: body.into() });
        Ok(etag)
    }

    /// S3 `CompleteMultipartUpload`: the object of these parts (number and entity tag), in this order. Parts that are not
    /// named are dropped.
    ///
    /// # Errors
    /// `NoSuchBucket`, `NoSuchUpload`; `MalformedXML` without parts, `InvalidPartOrder`, `InvalidPart`, `EntityTooSmall`,
    /// all with the upload left as it was.
    pub fn complete_multipart_upload(
        &mut self,
        chance: Chance,
        now: Time,
        bucket: &str,
        key: &str,
        upload_id: &str,
        parts: &[(u32, String)],
    ) -> Result<(PutResult, Vec<Change>), CallError> {
        let place = self.bucket_mut(bucket)?;
        let upload_key = (key.to_owned(), upload_id.to_owned());
        let upload = place.uploads.get(&upload_key).ok_or_else(no_such_upload)?;
        let Completion { body, etag } = assemble(upload, parts)?;
        let upload = place.uploads.remove(&upload_key).expect("it was there a moment ago");
        let content = Content {
            size: parts.iter().filter_map(|(number, _)| upload.parts.get(number)).map(|part| part.body.len()).sum(),
            body,
            etag: Some(etag),
            content_type: upload.content_type,
            metadata: upload.metadata,
            tagging: upload.tagging,
            attributes: upload.attributes,
        };
        let stored = place.store(chance, now, bucket, key.into(), content, upload.lock, upload.origin);
        let version_id = place.told(stored.version.as_ref());
        Ok((PutResult { etag, version_id }, vec![stored]))
    }

    /// S3 `AbortMultipartUpload`.
    ///
    /// # Errors
    /// `NoSuchBucket`, `NoSuchUpload`.
    pub fn abort_multipart_upload(
        &mut self,
        bucket: &str,
        key: &str,
        upload_id: &str,
    ) -> Result<Vec<Change>, CallError> {
        let bucket = self.bucket_mut(bucket)?;
        let upload = bucket.uploads.remove(&(key.to_owned(), upload_id.to_owned())).ok_or_else(no_such_upload)?;
        Ok(vec![Change {
            key: key.into(),
            version: Some(upload_id.into()),
            kind: ChangeKind::UploadAborted,
            origin: upload.origin,
        }])
    }

    /// S3 `ListMultipartUploads`, all pages at once: by key, the oldest of a key first.
    ///
    /// # Errors
    /// `NoSuchBucket`.
    pub fn list_multipart_uploads(&self, bucket: &str, prefix: &str) -> Result<Vec<MultipartUpload>, CallError> {
        let from = Bound::Included((prefix.to_owned(), String::new()));
        let uploads = self.bucket(bucket)?.uploads.range((from, Bound::Unbounded));
        let mut listed: Vec<MultipartUpload> = uploads
            .take_while(|((key, _), _)| key.starts_with(prefix))
            .map(|((key, upload_id), upload)| MultipartUpload {
                key: key.clone(),
                upload_id: upload_id.clone(),
                initiated: upload.initiated,
            })
            .collect();
        listed.sort_by(|one, other| (&one.key, one.initiated).cmp(&(&other.key, other.initiated)));
        Ok(listed)
    }
}

/// What the parts that are named make.
pub(super) struct Completion {
    pub(super) body: Body,
    pub(super) etag: EntityTag,
}

/// The body and entity tag of the parts that are named.
pub(super) fn assemble(upload: &Upload, named: &[(u32, String)]) -> Result<Completion, CallError> {
    if named.is_empty() {
        return Err(super::malformed_xml());
    }
    if !named.is_sorted_by(|(one, _), (next, _)| one < next) {
        return Err(CallError::rejected("InvalidPartOrder", 400, "The list of parts was not in ascending order."));
    }
    let part = |(number, etag): &(u32, String)| {
        let part = upload.parts.get(number);
        part.filter(|part| part.etag.is(etag)).ok_or_else(invalid_part)
    };
    let parts: Vec<&Part> = named.iter().map(part).collect::<Result<_, _>>()?;
    if parts[..parts.len() - 1].iter().any(|part| part.body.len() < MIN_PART_BYTES) {
        return Err(CallError::rejected(
            "EntityTooSmall",
            400,
            "Your proposed upload is smaller than the minimum allowed size",
        ));
    }
    let mut digests = Md5::new();
    for part in &parts {
        digests.update(part.etag.digest());
    }
    let body = match parts.as_slice() {
        [one] => one.body.clone().into(),
        many => Body::Joined(many.iter().map(|part| part.body.clone()).collect()),
    };
    Ok(Completion { body, etag: EntityTag::of_parts(digests.finalize().into(), parts.len() as u32) })
}

/// # Errors
/// `InvalidArgument` for a number outside 1 to 10,000.
pub(super) fn check_number(part_number: u32) -> Result<(), CallError> {
    if (1..=MAX_PART_NUMBER).contains(&part_number) {
        return Ok(());
    }
    let what = "Part number must be an integer between 1 and 10000, inclusive";
    Err(CallError::rejected("InvalidArgument", 400, what))
}

pub(super) fn invalid_part() -> CallError {
    CallError::rejected("InvalidPart", 400, "One or more of the specified parts could not be found.")
}

pub(super) fn no_such_upload() -> CallError {
    CallError::rejected(
        "NoSuchUpload",
        404,
        "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.",
    )
}
