//! Uploads in parts.

use egress_sim_model::call::s3::answer::S3Answer;
use egress_sim_model::call::s3::configuration::{Attributes, Checksum, ChecksumAlgorithm};
use egress_sim_model::call::s3::request::{
    CompleteMultipartUpload, CompletedPart, CreateMultipartUpload, NewObject, S3Operation, UploadId, UploadPart,
    UploadPartCopy,
};
use s3s::dto::{
    AbortMultipartUploadInput, AbortMultipartUploadOutput, ChecksumType, CompleteMultipartUploadInput,
    CompleteMultipartUploadOutput, CopyPartResult, CreateMultipartUploadInput, CreateMultipartUploadOutput,
    UploadPartCopyInput, UploadPartCopyOutput, UploadPartInput, UploadPartOutput,
};
use s3s::{S3Error, S3Request, S3Response, S3Result, s3_error};

use super::checksum::{self, tell, told};
use super::lists::named;
use super::objects::{new_object, tell_stored};
use super::values::{conditions, copy_source, etag, not_understood, timestamp};
use super::{Caller, Door, body, response, the};

pub(super) async fn create<D: Door>(
    caller: &Caller<'_, D>,
    request: S3Request<CreateMultipartUploadInput>,
) -> S3Result<S3Response<CreateMultipartUploadOutput>> {
    let input = request.input;
    let wanted = input.checksum_algorithm.as_ref().map(|algorithm| checksum::algorithm(algorithm.as_str()));
    let wanted = wanted.transpose()?.map(|algorithm| Checksum { algorithm, value: Vec::new(), parts: None });
    let encrypted = input.server_side_encryption.clone();
    let checksum_type = checksum::kind_named(input.checksum_type.as_ref().map(ChecksumType::as_str))?;
    let (bucket, key) = (input.bucket.clone(), input.key.clone());
    let create = CreateMultipartUpload { key: input.key, object: new_object!(input, wanted), checksum_type };
    let (upload_id, checksum) = the!(
        caller.ask(input.bucket, S3Operation::CreateMultipartUpload(Box::new(create))).await?,
        S3Answer::UploadBegun { upload_id, checksum } => (upload_id, checksum)
    );
    response(CreateMultipartUploadOutput {
        bucket: Some(bucket),
        checksum_algorithm: checksum.map(|(algorithm, _)| named(algorithm)),
        checksum_type: checksum.map(|(_, kind)| checksum::kind(kind)),
        key: Some(key),
        server_side_encryption: encrypted,
        upload_id: Some(upload_id),
        ..CreateMultipartUploadOutput::default()
    })
}

fn number(number: i32) -> S3Result<u32> {
    u32::try_from(number)
        .map_err(|_| s3_error!(InvalidArgument, "Part number must be an integer between 1 and 10000, inclusive"))
}

pub(super) async fn part<D: Door>(
    caller: &Caller<'_, D>,
    request: S3Request<UploadPartInput>,
) -> S3Result<S3Response<UploadPartOutput>> {
    let S3Request { input, headers, trailing_headers, .. } = request;
    let part_number = number(input.part_number)?;
    let received =
        body::receive(caller.door.shelf(), input.body, &headers, trailing_headers, input.content_md5.as_deref())
            .await?;
    let part = UploadPart {
        upload: UploadId { key: input.key, upload_id: input.upload_id },
        part_number,
        checksum: received.checksum,
        md5: received.md5,
        body: received.body,
    };
    let (tag, checksum) = the!(
        caller.ask(input.bucket, S3Operation::UploadPart(part)).await?,
        S3Answer::Part { etag, checksum, .. } => (etag, checksum)
    );
    let mut output = UploadPartOutput { e_tag: Some(etag(tag)), ..UploadPartOutput::default() };
    tell!(&checksum => output);
    response(output)
}

pub(super) async fn part_copy<D: Door>(
    caller: &Caller<'_, D>,
    request: S3Request<UploadPartCopyInput>,
) -> S3Result<S3Response<UploadPartCopyOutput>> {
    let input = request.input;
    let copy = UploadPartCopy {
        upload: UploadId { key: input.key, upload_id: input.upload_id },
        part_number: number(input.part_number)?,
        range: input.copy_source_range.as_deref().map(range).transpose()?,
        source: copy_source(
            input.copy_source,
            conditions(
                input.copy_source_if_match,
                input.copy_source_if_none_match,
                input.copy_source_if_modified_since.as_ref(),
                input.copy_source_if_unmodified_since.as_ref(),
            ),
        )?,
    };
    let (tag, at) = the!(
        caller.ask(input.bucket, S3Operation::UploadPartCopy(Box::new(copy))).await?,
        S3Answer::Part { etag, at, .. } => (etag, at)
    );
    response(UploadPartCopyOutput {
        copy_part_result: Some(CopyPartResult {
            e_tag: Some(etag(tag)),
            last_modified: Some(timestamp(at)),
            ..CopyPartResult::default()
        }),
        ..UploadPartCopyOutput::default()
    })
}

/// `bytes=first-last`, and nothing else.
fn range(text: &str) -> S3Result<(u64, u64)> {
    let bounds = text.strip_prefix("bytes=").and_then(|range| range.split_once('-'));
    let bounds = bounds.and_then(|(first, last)| Some((first.parse().ok()?, last.parse().ok()?)));
    bounds.ok_or_else(|| {
        s3_error!(
            InvalidArgument,
            "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based offsets of the first and last bytes to copy"
        )
    })
}

pub(super) async fn complete<D: Door>(
    caller: &Caller<'_, D>,
    request: S3Request<CompleteMultipartUploadInput>,
) -> S3Result<S3Response<CompleteMultipartUploadOutput>> {
    let input = request.input;
    let parts = input.multipart_upload.as_ref().and_then(|upload| upload.parts.clone()).unwrap_or_default();
    let part = |part: s3s::dto::CompletedPart| {
        Ok::<_, S3Error>(CompletedPart {
            number: number(part.part_number.ok_or_else(|| s3_error!(MalformedXML))?)?,
            checksum: told!(part)?,
            etag: part.e_tag.ok_or_else(|| s3_error!(MalformedXML))?.into_value(),
        })
    };
    let complete = CompleteMultipartUpload {
        upload: UploadId { key: input.key.clone(), upload_id: input.upload_id.clone() },
        parts: parts.into_iter().map(part).collect::<Result<_, _>>()?,
        checksum: told!(input)?,
        size: input.mpu_object_size.and_then(|size| u64::try_from(size).ok()),
        conditions: conditions(input.if_match, input.if_none_match, None, None),
    };
    let stored = the!(
        caller.ask(input.bucket.clone(), S3Operation::CompleteMultipartUpload(Box::new(complete))).await?,
        S3Answer::Put(stored) => *stored
    );
    let mut output = CompleteMultipartUploadOutput {
        location: Some(format!("/{}/{}", input.bucket, input.key)),
        bucket: Some(input.bucket),
        key: Some(input.key),
        ..CompleteMultipartUploadOutput::default()
    };
    tell_stored!(stored => output);
    response(output)
}

pub(super) async fn abort<D: Door>(
    caller: &Caller<'_, D>,
    request: S3Request<AbortMultipartUploadInput>,
) -> S3Result<S3Response<AbortMultipartUploadOutput>> {
    let AbortMultipartUploadInput { bucket, key, upload_id, if_match_initiated_time, .. } = request.input;
    if if_match_initiated_time.is_some() {
        return Err(not_understood("conditions on an abort"));
    }
    let asked = S3Operation::AbortMultipartUpload(UploadId { key, upload_id });
    the!(caller.ask(bucket, asked).await?, S3Answer::Done => ());
    response(AbortMultipartUploadOutput::default())
}
