//! Multipart uploads with all that S3 can be told: checksums, copies as parts, conditions, pages of parts.

use super::multipart::{self, Completion};
use super::piece::{self, Piece};
use super::write::{Writing, invalid};
use super::{Change, Content, Part, Sink, Upload, checksum, lifecycle, read, tags, write};
use crate::call::s3::answer::{ListedPart, PartsPage, S3Answer, S3Failure, Stored};
use crate::call::s3::configuration::{Checksum, ChecksumAlgorithm, ChecksumType};
use crate::call::s3::request::{
    CompleteMultipartUpload, CompletedPart, CreateMultipartUpload, ListParts, Requester, UploadId, UploadPart,
    UploadPartCopy,
};
use crate::call::{CallError, EntityTag};
use crate::time::{Span, Time};

/// Completions of one bucket that are remembered: whoever lost an answer asks again within seconds, not a thousand uploads later.
const SAID_AGAIN: usize = 1000;

/// What a completion was answered.
#[derive(Clone, Debug)]
pub struct Completed {
    /// Key.
    pub key: String,
    /// `UploadId`
    pub upload_id: String,
    /// The answer.
    pub stored: Stored,
}

impl Sink {
    /// S3 `CreateMultipartUpload`: the upload's id, and how its parts are summed up.
    ///
    /// # Errors
    /// As [`Sink::put_in_full`]; `InvalidRequest` for a checksum that cannot be of that type; `NotImplemented` for a composite
    /// SHA-1.
    pub fn create_upload(
        &mut self,
        writing: Writing<'_>,
        create: &CreateMultipartUpload,
    ) -> Result<(S3Answer, Vec<Change>), CallError> {
        self.bucket(writing.bucket)?.check_new(&create.object, writing.now)?;
        let algorithm = create.object.attributes.checksum.as_ref().map(|sum| sum.algorithm);
        let checksum = summed_up(algorithm, create.checksum_type)?;
        let told = &create.object;
        let core = multipart::CreateMultipartUpload {
            chance: writing.chance,
            now: writing.now,
            bucket: writing.bucket,
            key: &create.key,
            content_type: told.content_type.as_deref().unwrap_or(write::DEFAULT_TYPE).into(),
            metadata: std::sync::Arc::new(told.metadata.clone()),
            tagging: told.tags.as_ref().map(tags::encode).unwrap_or_default().into(),
            origin: writing.origin,
        };
        let (upload_id, changes) = self.create_locked_multipart_upload(core, told.lock)?;
        let upload = self.upload_mut(writing.bucket, &create.key, &upload_id)?;
        let mut attributes = told.attributes.clone();
        attributes.checksum = None;
        upload.attributes = write::kept(&attributes);
        upload.checksum = checksum;
        Ok((S3Answer::UploadBegun { upload_id, checksum }, changes))
    }

    /// S3 `UploadPart`.
    ///
    /// # Errors
    /// `NoSuchBucket`, `NoSuchUpload`; `InvalidArgument` for a number outside 1 to 10,000; `InvalidRequest` for a checksum of
    /// another algorithm than the upload's.
    pub fn upload_part_in_full(&mut self, now: Time, bucket: &str, part: &UploadPart) -> Result<S3Answer, CallError> {
        multipart::check_number(part.part_number)?;
        let upload = self.upload_mut(bucket, &part.upload.key, &part.upload.upload_id)?;
        if let (Some((wanted, _)), Some(sum)) = (upload.checksum, &part.checksum)
            && wanted != sum.algorithm
        {
            let what = format!(
                "Checksum Type mismatch occurred, expected checksum Type: {}, actual checksum Type: {}",
                wanted.name().to_lowercase(),
                sum.algorithm.name().to_lowercase()
            );
            return Err(invalid(&what));
        }
        let etag = EntityTag::of(part.md5);
        let checksum = part.checksum.clone();
        upload
            .parts
            .insert(part.part_number, Part { etag, at: now, checksum: checksum.clone(), body: part.body.clone() });
        Ok(S3Answer::Part { etag, checksum, at: now })
    }

    /// S3 `UploadPartCopy`.
    ///
    /// # Errors
    /// As [`Sink::upload_part_in_full`]; as [`Sink::copy_object`] of the source; `InvalidRange` for a range that the source has
    /// not; `NotImplemented` where parts are to be summed up, because a copy has no sum.
    pub fn upload_part_copy(
        &mut self,
        requester: Requester,
        now: Time,
        bucket: &str,
        copy: &UploadPartCopy,
    ) -> Result<S3Answer, S3Failure> {
        multipart::check_number(copy.part_number)?;
        let upload = self.upload_mut(bucket, &copy.upload.key, &copy.upload.upload_id)?;
        if upload.checksum.is_some_and(|(_, kind)| kind == ChecksumType::FullObject) {
            let what = "egress-sim does not sum up parts that are copied";
            return Err(CallError::rejected("NotImplemented", 501, what).into());
        }
        let (_, content) = self.source(requester, &copy.source)?;
        let range = match copy.range {
            None => 0..content.size,
            Some((first, last)) if first <= last && last < content.size => first..last + 1,
            Some(_) => {
                return Err(CallError::rejected("InvalidRange", 416, "The requested range is not satisfiable").into());
            }
        };
        let pieces = self.media.pieces(&content.body, range.clone());
        let etag = match piece::here(&pieces) {
            Some(bytes) => write::digest(&bytes),
            None => write::digest_of_kept(self.media.etag_of(content), &range),
        };
        let (etag, body) = (EntityTag::of(etag), Piece::joined(pieces));
        let upload = self.upload_mut(bucket, &copy.upload.key, &copy.upload.upload_id)?;
        upload.parts.insert(copy.part_number, Part { etag, at: now, checksum: None, body });
        Ok(S3Answer::Part { etag, checksum: None, at: now })
    }

    /// S3 `CompleteMultipartUpload`. Said again, it answers as the first time, as long as it is remembered.
    ///
    /// # Errors
    /// As [`Sink::complete_multipart_upload`]; `InvalidPart` for a part's checksum that it has not, `BadDigest` for one of the
    /// whole; `InvalidRequest` for another size; what conditions come to.
    pub fn complete_upload(
        &mut self,
        writing: Writing<'_>,
        complete: &CompleteMultipartUpload,
    ) -> Result<(Box<Stored>, Vec<Change>), CallError> {
        let UploadId { key, upload_id } = &complete.upload;
        let bucket = self.bucket(writing.bucket)?;
        let Some(upload) = bucket.uploads.get(&(key.clone(), upload_id.clone())) else {
            return Ok((self.completed_before(writing, key, upload_id)?, Vec::new()));
        };
        let named: Vec<(u32, String)> = complete.parts.iter().map(|part| (part.number, part.etag.clone())).collect();
        let Completion { body, etag } = multipart::assemble(upload, &named)?;
        let checksum = sum_of(upload, complete)?;
        let size = self.media.length(&body);
        if complete.size.is_some_and(|said| said != size) {
            return Err(invalid("The provided 'x-amz-mp-object-size' header does not match what was computed."));
        }
        let current = read::current_etag(self, bucket, key);
        complete.conditions.on_write(current.map(|(etag, _)| etag))?;
        let upload = self.take_upload(writing.bucket, key, upload_id)?;
        let mut attributes = upload.attributes.as_deref().cloned().unwrap_or_default();
        attributes.checksum = checksum;
        let content = Content {
            body,
            size,
            etag: Some(etag),
            content_type: upload.content_type,
            metadata: upload.metadata,
            tagging: upload.tagging,
            attributes: write::kept(&attributes),
        };
        let writing = Writing { origin: upload.origin, ..writing };
        let (stored, changes) = self.stored(writing, key, content, upload.lock.as_deref().copied());
        let completed = &mut self.bucket_mut(writing.bucket)?.completed;
        if completed.len() == SAID_AGAIN {
            completed.pop_front();
        }
        completed.push_back(Completed { key: key.clone(), upload_id: upload_id.clone(), stored: (*stored).clone() });
        Ok((stored, changes))
    }

    /// An answer that was lost, given again.
    fn completed_before(&self, writing: Writing<'_>, key: &str, upload_id: &str) -> Result<Box<Stored>, CallError> {
        let mut completed = self.bucket(writing.bucket)?.completed.iter().rev();
        let before = completed.find(|before| before.upload_id == upload_id && before.key == key);
        before.map(|before| Box::new(before.stored.clone())).ok_or_else(multipart::no_such_upload)
    }

    /// S3 `ListParts`.
    ///
    /// # Errors
    /// `NoSuchBucket`, `NoSuchUpload`.
    pub fn list_parts(&self, day: Span, bucket: &str, list: &ListParts) -> Result<PartsPage, CallError> {
        let place = self.bucket(bucket)?;
        let id = (list.upload.key.clone(), list.upload.upload_id.clone());
        let upload = place.uploads.get(&id).ok_or_else(multipart::no_such_upload)?;
        let most = self.rows(list.max_parts);
        let mut rows = upload.parts.range(list.after.saturating_add(1)..).map(|(number, part)| ListedPart {
            number: *number,
            etag: part.etag,
            size: part.body.len(),
            at: part.at,
            checksum: part.checksum.clone(),
        });
        let parts: Vec<ListedPart> = rows.by_ref().take(most).collect();
        Ok(PartsPage {
            truncated: most > 0 && rows.next().is_some(),
            parts,
            storage_class: upload.attributes.as_ref().and_then(|told| told.storage_class.clone()),
            checksum: upload.checksum,
            abort: lifecycle::abort_of(place, day, &list.upload.key, upload),
        })
    }

    pub(super) fn upload_mut(&mut self, bucket: &str, key: &str, id: &str) -> Result<&mut Upload, CallError> {
        let uploads = &mut self.bucket_mut(bucket)?.uploads;
        uploads.get_mut(&(key.to_owned(), id.to_owned())).ok_or_else(multipart::no_such_upload)
    }

    fn take_upload(&mut self, bucket: &str, key: &str, id: &str) -> Result<Upload, CallError> {
        let uploads = &mut self.bucket_mut(bucket)?.uploads;
        uploads.remove(&(key.to_owned(), id.to_owned())).ok_or_else(multipart::no_such_upload)
    }
}

/// How parts are summed up where this is asked for.
fn summed_up(
    algorithm: Option<ChecksumAlgorithm>,
    kind: Option<ChecksumType>,
) -> Result<Option<(ChecksumAlgorithm, ChecksumType)>, CallError> {
    let Some(algorithm) = algorithm else { return Ok(None) };
    let only_whole = algorithm == ChecksumAlgorithm::Crc64Nvme;
    let only_composite = matches!(algorithm, ChecksumAlgorithm::Sha1 | ChecksumAlgorithm::Sha256);
    let kind = kind.unwrap_or(if only_whole { ChecksumType::FullObject } else { ChecksumType::Composite });
    if (only_whole && kind == ChecksumType::Composite) || (only_composite && kind == ChecksumType::FullObject) {
        let word = if kind == ChecksumType::Composite { "COMPOSITE" } else { "FULL_OBJECT" };
        let what = format!(
            "The {word} checksum type cannot be used with the {} checksum algorithm.",
            algorithm.name().to_lowercase()
        );
        return Err(invalid(&what));
    }
    if algorithm == ChecksumAlgorithm::Sha1 {
        let what = "egress-sim does not sum up parts by SHA1";
        return Err(CallError::rejected("NotImplemented", 501, what));
    }
    Ok(Some((algorithm, kind)))
}

/// The checksum of what a completion makes.
fn sum_of(upload: &Upload, complete: &CompleteMultipartUpload) -> Result<Option<Checksum>, CallError> {
    for CompletedPart { number, checksum, .. } in &complete.parts {
        let stored = upload.parts.get(number).and_then(|part| part.checksum.as_ref());
        if checksum.as_ref().is_some_and(|said| stored.is_some_and(|stored| stored != said)) {
            return Err(multipart::invalid_part());
        }
    }
    let Some((algorithm, kind)) = upload.checksum else { return Ok(None) };
    let parts = complete.parts.iter().filter_map(|part| upload.parts.get(&part.number));
    let sums: Option<Vec<(&Checksum, u64)>> =
        parts.map(|part| Some((part.checksum.as_ref()?, part.body.len()))).collect();
    // A part that came without a checksum leaves the object without.
    let Some(sums) = sums else { return Ok(None) };
    let sum = match kind {
        ChecksumType::FullObject => checksum::whole(algorithm, &sums),
        ChecksumType::Composite => {
            checksum::composite(algorithm, &sums.into_iter().map(|(sum, _)| sum).collect::<Vec<_>>())
        }
    };
    if let (Some(said), Some(sum)) = (&complete.checksum, &sum)
        && (said.algorithm != sum.algorithm || said.value != sum.value)
    {
        let what = format!("The {} you specified did not match the calculated checksum.", said.algorithm.name());
        return Err(CallError::rejected("BadDigest", 400, what));
    }
    Ok(sum)
}
