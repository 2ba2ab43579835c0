//! Single objects: heads, reads, writes, copies, tags, permissions.

use std::sync::Arc;
use std::{io, iter};

use egress_sim_model::call::s3::answer::{Copied, Described, S3Answer, Stored};
use egress_sim_model::call::s3::configuration::{Acl, Attributes, Checksum, ChecksumAlgorithm};
use egress_sim_model::call::s3::request::{CopyObject, NewObject, PutObject, Read, S3Operation};
use egress_sim_model::sink::read::{Chunk, Reading};
use egress_sim_model::sink::{Lock, LockMode, Retention};
use futures_util::{StreamExt as _, stream};
use http::header::{IF_MATCH, IF_NONE_MATCH};
use http::{HeaderMap, HeaderName, StatusCode};
use http_body_util::StreamBody;
use hyper::body::Frame;
use s3s::dto::{
    CopyObjectInput, CopyObjectOutput, CopyObjectResult, DeleteObjectTaggingInput, DeleteObjectTaggingOutput,
    ETagCondition, GetObjectAclInput, GetObjectAclOutput, GetObjectAttributesInput, GetObjectAttributesOutput,
    GetObjectAttributesParts, GetObjectInput, GetObjectOutput, GetObjectTaggingInput, GetObjectTaggingOutput,
    HeadObjectInput, HeadObjectOutput, MetadataDirective, ObjectCannedACL, ObjectLockLegalHoldStatus, ObjectLockMode,
    ObjectPart, PutObjectAclInput, PutObjectAclOutput, PutObjectInput, PutObjectOutput, PutObjectTaggingInput,
    PutObjectTaggingOutput, ServerSideEncryption, StorageClass, StreamingBlob, TaggingDirective, Timestamp,
};
use s3s::{Body, S3Error, S3Request, S3Response, S3Result, s3_error};

use super::checksum::{self, tell};
use super::shelf::Shelf;
use super::values::{
    acl, acl_of_grants, byte_range, conditions, copy_source, counted, etag, expiration, grants, id, owner, signed,
    tag_set, tags, time, timestamp, unsigned,
};
use super::{Caller, Door, body, response, the};

/// `partNumber`
fn part_number(number: Option<i32>) -> S3Result<Option<u32>> {
    let wrong = || s3_error!(InvalidArgument, "Part number must be an integer between 1 and 10000, inclusive");
    let number = unsigned(number, "partNumber").map_err(|_| wrong())?;
    match number {
        Some(0 | 10_001..) => Err(wrong()),
        number => Ok(number),
    }
}

/// What HEAD and GET ask, in fields of the same names.
macro_rules! read {
    ($input:expr, $part_number:expr) => {
        Read {
            id: id($input.key, $input.version_id),
            conditions: conditions(
                $input.if_match,
                $input.if_none_match,
                $input.if_modified_since.as_ref(),
                $input.if_unmodified_since.as_ref(),
            ),
            range: $input.range.map(byte_range),
            part_number: $part_number,
        }
    };
}

/// What HEAD and GET tell in headers of the same names.
macro_rules! describe {
    ($described:expr, $with_checksum:expr => $output:expr) => {{
        let Described { head, metadata, attributes, lock, expiration: expires, part, .. } = $described;
        $output.accept_ranges = Some("bytes".into());
        $output.cache_control = attributes.cache_control.clone();
        $output.content_disposition = attributes.content_disposition.clone();
        $output.content_encoding = attributes.content_encoding.clone();
        $output.content_language = attributes.content_language.clone();
        $output.content_length = Some(signed(part.map_or(head.size, |(_, length)| length)));
        $output.content_range =
            part.map(|(first, length)| format!("bytes {first}-{}/{}", first + length - length.min(1), head.size));
        $output.content_type = Some(head.content_type.clone());
        $output.e_tag = Some(etag(head.etag));
        $output.expiration = expiration(expires.as_ref());
        $output.expires = attributes.expires.map(timestamp);
        $output.last_modified = Some(timestamp(head.last_modified));
        $output.metadata = (!metadata.is_empty()).then(|| metadata.iter().cloned().collect());
        let retention = lock.as_ref().and_then(|lock| lock.retention);
        $output.object_lock_mode = retention.map(|retention| ObjectLockMode::from_static(mode(retention.mode)));
        $output.object_lock_retain_until_date = retention.map(|retention| timestamp(retention.until));
        $output.object_lock_legal_hold_status = lock.as_ref().and_then(|lock| lock.legal_hold).map(|on| {
            ObjectLockLegalHoldStatus::from_static(if on {
                ObjectLockLegalHoldStatus::ON
            } else {
                ObjectLockLegalHoldStatus::OFF
            })
        });
        $output.server_side_encryption = encryption(attributes);
        $output.storage_class = attributes.storage_class.clone().map(StorageClass::from);
        $output.version_id = head.version_id.clone();
        $output.website_redirect_location = attributes.website_redirect_location.clone();
        // A range has no checksum of its own.
        if let Some(checksum) = attributes.checksum.as_ref().filter(|_| $with_checksum && part.is_none()) {
            tell!(Some(checksum) => $output);
            $output.checksum_type = Some(checksum::kind_of(checksum));
        }
    }};
}

pub(super) const fn mode(mode: LockMode) -> &'static str {
    match mode {
        LockMode::Governance => "GOVERNANCE",
        LockMode::Compliance => "COMPLIANCE",
    }
}

pub(super) fn encryption(attributes: &Attributes) -> Option<ServerSideEncryption> {
    attributes.encrypted.then(|| ServerSideEncryption::from_static(ServerSideEncryption::AES256))
}

pub(super) async fn head<D: Door>(
    caller: &Caller<'_, D>,
    request: S3Request<HeadObjectInput>,
) -> S3Result<S3Response<HeadObjectOutput>> {
    let input = request.input;
    let asked = part_number(input.part_number)?;
    let read = read!(input, asked);
    let described = the!(caller.ask(input.bucket, S3Operation::HeadObject(read)).await?, S3Answer::Head(head) => head);
    let mut output = HeadObjectOutput::default();
    describe!(&*described, input.checksum_mode.is_some() => output);
    output.parts_count = asked.filter(|_| !described.parts.is_empty()).map(|_| counted(described.parts.len()));
    let partial = output.content_range.is_some();
    let mut response = S3Response::new(output);
    if partial {
        response.status = Some(StatusCode::PARTIAL_CONTENT);
    }
    Ok(response)
}

pub(super) async fn get<D: Door>(
    caller: &Caller<'_, D>,
    request: S3Request<GetObjectInput>,
) -> S3Result<S3Response<GetObjectOutput>> {
    let anonymous = request.credentials.is_none();
    let input = request.input;
    let overrides = input.response_cache_control.is_some()
        || input.response_content_disposition.is_some()
        || input.response_content_encoding.is_some()
        || input.response_content_language.is_some()
        || input.response_content_type.is_some()
        || input.response_expires.is_some();
    if anonymous && overrides {
        return Err(s3_error!(
            InvalidRequest,
            "Request specific response headers cannot be used for anonymous GET requests."
        ));
    }
    let asked = part_number(input.part_number)?;
    let read = read!(input, asked);
    let (described, reading) = the!(
        caller.ask(input.bucket, S3Operation::GetObject(read)).await?,
        S3Answer::Object(described, reading) => (described, reading)
    );
    let mut output = GetObjectOutput::default();
    describe!(&*described, input.checksum_mode.is_some() => output);
    output.parts_count = asked.filter(|_| !described.parts.is_empty()).map(|_| counted(described.parts.len()));
    output.tag_count = (described.tags > 0).then(|| described.tags.cast_signed());
    output.body = Some(outgoing(caller.door.shelf(), reading));
    response(output)
}

fn outgoing(shelf: Option<Arc<dyn Shelf>>, mut reading: Reading) -> StreamingBlob {
    // Most bodies are one piece.
    let first = match reading.next() {
        None => return StreamingBlob::from(Body::empty()),
        Some(Chunk::Bytes(bytes)) if reading.left == 0 => return StreamingBlob::from(Body::from(bytes)),
        Some(first) => first,
    };
    let chunks = stream::iter(iter::once(first).chain(reading));
    let frames = chunks.then(move |chunk| {
        let shelf = shelf.clone();
        async move {
            let bytes = match chunk {
                Chunk::Bytes(bytes) => bytes,
                Chunk::Kept(kept, range) => {
                    let shelf = shelf.ok_or_else(|| io::Error::other("what is kept has a shelf"))?;
                    shelf.read(kept, range).await?
                }
            };
            Ok::<_, io::Error>(Frame::data(bytes))
        }
    });
    StreamingBlob::from(Body::http_body_unsync(StreamBody::new(frames)))
}

/// What PUT, copy and the beginning of an upload say of an object, in fields of the same names.
macro_rules! new_object {
    ($input:expr, $checksum:expr) => {{
        let mut metadata: Vec<(String, String)> = $input.metadata.unwrap_or_default().into_iter().collect();
        metadata.sort();
        NewObject {
            content_type: $input.content_type.map(|kind| kind.to_string()).filter(|kind| !kind.is_empty()),
            metadata,
            attributes: Attributes {
                cache_control: $input.cache_control,
                content_disposition: $input.content_disposition,
                content_encoding: $input.content_encoding.as_deref().and_then($crate::s3::objects::of_the_object),
                content_language: $input.content_language,
                expires: $input.expires.as_ref().and_then($crate::s3::values::time),
                website_redirect_location: $input.website_redirect_location,
                storage_class: $input.storage_class.map(|class| class.as_str().to_owned()),
                encrypted: $input.server_side_encryption.is_some(),
                checksum: $checksum,
                acl: $crate::s3::values::acl($input.acl.as_ref().map(|acl| acl.as_str()))?,
            },
            tags: $input.tagging.map(|query| egress_sim_model::sink::tags::parse(&query)),
            lock: $crate::s3::objects::lock(
                $input.object_lock_mode.as_ref().map(|mode| mode.as_str()),
                $input.object_lock_retain_until_date.as_ref(),
                $input.object_lock_legal_hold_status.as_ref().map(|status| status.as_str()),
            )?,
        }
    }};
}
/// What PUT and the completion of an upload tell of what they stored, in fields of the same names.
macro_rules! tell_stored {
    ($stored:expr => $output:expr) => {{
        let egress_sim_model::call::s3::answer::Stored { put, checksum, expiration } = $stored;
        $output.e_tag = Some($crate::s3::values::etag(put.etag));
        $output.version_id = put.version_id;
        $output.expiration = $crate::s3::values::expiration(expiration.as_ref());
        $output.checksum_type = checksum.as_ref().map($crate::s3::checksum::kind_of);
        $crate::s3::checksum::tell!(&checksum => $output);
    }};
}
pub(super) use {new_object, tell_stored};

/// `Content-Encoding` without what was of the request only.
pub(super) fn of_the_object(encoding: &str) -> Option<String> {
    let kept: Vec<&str> =
        encoding.split(',').map(str::trim).filter(|one| !one.is_empty() && *one != "aws-chunked").collect();
    (!kept.is_empty()).then(|| kept.join(","))
}

/// `x-amz-object-lock-*`
pub(super) fn lock(mode: Option<&str>, until: Option<&Timestamp>, hold: Option<&str>) -> S3Result<Option<Lock>> {
    let retention = match (mode, until) {
        (None, None) => None,
        (Some(mode), Some(until)) => Some(retention(mode, until)?),
        _ => {
            return Err(s3_error!(
                InvalidArgument,
                "x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be supplied"
            ));
        }
    };
    let legal_hold = match hold {
        None => None,
        Some(ObjectLockLegalHoldStatus::ON) => Some(true),
        Some(ObjectLockLegalHoldStatus::OFF) => Some(false),
        Some(_) => return Err(s3_error!(InvalidArgument, "Legal Hold must be either of 'ON' or 'OFF'")),
    };
    Ok((retention.is_some() || legal_hold.is_some()).then_some(Lock { retention, legal_hold }))
}

/// # Errors
/// `InvalidArgument` for another mode, or a moment before 1970.
pub(super) fn retention(mode: &str, until: &Timestamp) -> S3Result<Retention> {
    let mode = match mode {
        "GOVERNANCE" => LockMode::Governance,
        "COMPLIANCE" => LockMode::Compliance,
        _ => return Err(s3_error!(InvalidArgument, "Unknown wormMode directive.")),
    };
    let past = || s3_error!(InvalidArgument, "The retain until date must be in the future!");
    Ok(Retention { mode, until: time(until).ok_or_else(past)? })
}

pub(super) async fn put<D: Door>(
    caller: &Caller<'_, D>,
    request: S3Request<PutObjectInput>,
) -> S3Result<S3Response<PutObjectOutput>> {
    let S3Request { input, headers, trailing_headers, .. } = request;
    let received =
        body::receive(caller.door.shelf(), input.body, &headers, trailing_headers, input.content_md5.as_deref())
            .await?;
    let encrypted = input.server_side_encryption.clone();
    let put = PutObject {
        key: input.key,
        conditions: conditions(input.if_match, input.if_none_match, None, None),
        object: new_object!(input, received.checksum),
        md5: received.md5,
        body: received.body,
    };
    let stored = the!(
        caller.ask(input.bucket, S3Operation::PutObject(Box::new(put))).await?,
        S3Answer::Put(stored) => *stored
    );
    let mut output = PutObjectOutput { server_side_encryption: encrypted, ..PutObjectOutput::default() };
    tell_stored!(stored => output);
    response(output)
}

pub(super) async fn copy<D: Door>(
    caller: &Caller<'_, D>,
    request: S3Request<CopyObjectInput>,
) -> S3Result<S3Response<CopyObjectOutput>> {
    let mut input = request.input;
    // s3s does not read them.
    let own_conditions = |headers: &HeaderMap| {
        let condition = |name: HeaderName| {
            let wrong = |_| s3_error!(InvalidArgument, "{name} is not an entity tag");
            headers
                .get(&name)
                .map(|value| ETagCondition::parse_http_header(value.as_bytes()).map_err(wrong))
                .transpose()
        };
        Ok::<_, S3Error>(conditions(condition(IF_MATCH)?, condition(IF_NONE_MATCH)?, None, None))
    };
    let directive = |directive: Option<&str>| match directive {
        None | Some("COPY") => Ok(false),
        Some("REPLACE") => Ok(true),
        Some(_) => Err(s3_error!(InvalidArgument, "Unknown directive.")),
    };
    let encrypted = input.server_side_encryption.clone();
    let copy = CopyObject {
        key: std::mem::take(&mut input.key),
        replace_metadata: directive(input.metadata_directive.as_ref().map(MetadataDirective::as_str))?,
        replace_tags: directive(input.tagging_directive.as_ref().map(TaggingDirective::as_str))?,
        conditions: own_conditions(&request.headers)?,
        source: copy_source(
            input.copy_source,
            conditions(
                input.copy_source_if_match,
                input.copy_source_if_none_match,
                input.copy_source_if_modified_since.as_ref(),
                input.copy_source_if_unmodified_since.as_ref(),
            ),
        )?,
        object: new_object!(input, None::<Checksum>),
    };
    let copied = the!(
        caller.ask(input.bucket, S3Operation::CopyObject(Box::new(copy))).await?,
        S3Answer::Copied(copied) => *copied
    );
    let Copied { stored: Stored { put, checksum, expiration: expires }, last_modified, source_version } = copied;
    let mut result = CopyObjectResult {
        e_tag: Some(etag(put.etag)),
        last_modified: Some(timestamp(last_modified)),
        ..CopyObjectResult::default()
    };
    tell!(&checksum => result);
    response(CopyObjectOutput {
        copy_object_result: Some(result),
        copy_source_version_id: source_version,
        expiration: expiration(expires.as_ref()),
        server_side_encryption: encrypted,
        version_id: put.version_id,
        ..CopyObjectOutput::default()
    })
}

pub(super) async fn attributes<D: Door>(
    caller: &Caller<'_, D>,
    request: S3Request<GetObjectAttributesInput>,
) -> S3Result<S3Response<GetObjectAttributesOutput>> {
    let input = request.input;
    let asked =
        |name: &str| input.object_attributes.iter().any(|one| one.as_str().split(',').any(|one| one.trim() == name));
    let object = id(input.key.clone(), input.version_id.clone());
    let described = the!(
        caller.ask(input.bucket.clone(), S3Operation::GetObjectAttributes(object)).await?,
        S3Answer::Head(head) => head
    );
    let most = unsigned(input.max_parts, "max-parts")?.unwrap_or(1000) as usize;
    let after = unsigned(input.part_number_marker, "part-number-marker")?.unwrap_or(0) as usize;
    let parts = (!described.parts.is_empty() && asked("ObjectParts")).then(|| {
        let page: Vec<ObjectPart> = (described.parts.iter().enumerate())
            .skip(after)
            .take(most)
            .map(|(place, size)| ObjectPart {
                part_number: Some(counted(place + 1)),
                size: Some(signed(*size)),
                ..ObjectPart::default()
            })
            .collect();
        let reached = after + page.len();
        GetObjectAttributesParts {
            is_truncated: Some(reached < described.parts.len()),
            max_parts: Some(counted(most)),
            next_part_number_marker: Some(counted(reached)),
            part_number_marker: Some(counted(after)),
            // S3 lists parts of what was summed up in parts, and counts them otherwise.
            parts: described.attributes.checksum.is_some().then_some(page),
            total_parts_count: Some(counted(described.parts.len())),
        }
    });
    let checksum = described.attributes.checksum.as_ref().filter(|_| asked("Checksum")).map(|sum| {
        let mut told = s3s::dto::Checksum { checksum_type: Some(checksum::kind_of(sum)), ..Default::default() };
        tell!(Some(sum) => told);
        told
    });
    response(GetObjectAttributesOutput {
        checksum,
        e_tag: asked("ETag").then(|| etag(described.head.etag)),
        last_modified: Some(timestamp(described.head.last_modified)),
        object_parts: parts,
        object_size: asked("ObjectSize").then(|| signed(described.head.size)),
        storage_class: asked("StorageClass").then(|| {
            described.attributes.storage_class.clone().unwrap_or_else(|| StorageClass::STANDARD.to_owned()).into()
        }),
        version_id: described.head.version_id.clone(),
        ..GetObjectAttributesOutput::default()
    })
}

pub(super) async fn get_tags<D: Door>(
    caller: &Caller<'_, D>,
    request: S3Request<GetObjectTaggingInput>,
) -> S3Result<S3Response<GetObjectTaggingOutput>> {
    let input = request.input;
    let asked = S3Operation::GetObjectTagging(id(input.key, input.version_id));
    let (tags, version_id) =
        the!(caller.ask(input.bucket, asked).await?, S3Answer::Tags(tags, version) => (tags, version));
    response(GetObjectTaggingOutput { tag_set: tag_set(tags), version_id })
}

pub(super) async fn put_tags<D: Door>(
    caller: &Caller<'_, D>,
    request: S3Request<PutObjectTaggingInput>,
) -> S3Result<S3Response<PutObjectTaggingOutput>> {
    let input = request.input;
    let asked = S3Operation::PutObjectTagging(id(input.key, input.version_id), tags(input.tagging.tag_set));
    let version_id = the!(caller.ask(input.bucket, asked).await?, S3Answer::Tagged(version) => version);
    response(PutObjectTaggingOutput { version_id })
}

pub(super) async fn delete_tags<D: Door>(
    caller: &Caller<'_, D>,
    request: S3Request<DeleteObjectTaggingInput>,
) -> S3Result<S3Response<DeleteObjectTaggingOutput>> {
    let input = request.input;
    let asked = S3Operation::DeleteObjectTagging(id(input.key, input.version_id));
    let version_id = the!(caller.ask(input.bucket, asked).await?, S3Answer::Tagged(version) => version);
    response(DeleteObjectTaggingOutput { version_id })
}

pub(super) async fn get_acl<D: Door>(
    caller: &Caller<'_, D>,
    request: S3Request<GetObjectAclInput>,
) -> S3Result<S3Response<GetObjectAclOutput>> {
    let input = request.input;
    let asked = S3Operation::GetObjectAcl(id(input.key, input.version_id));
    let acl: Acl = the!(caller.ask(input.bucket, asked).await?, S3Answer::Acl(acl) => acl);
    response(GetObjectAclOutput { grants: Some(grants(acl)), owner: Some(owner()), ..GetObjectAclOutput::default() })
}

pub(super) async fn put_acl<D: Door>(
    caller: &Caller<'_, D>,
    request: S3Request<PutObjectAclInput>,
) -> S3Result<S3Response<PutObjectAclOutput>> {
    let input = request.input;
    let wanted = match input.access_control_policy {
        Some(policy) => acl_of_grants(policy)?,
        None => acl(input.acl.as_ref().map(ObjectCannedACL::as_str))?,
    };
    let asked = S3Operation::PutObjectAcl(id(input.key, input.version_id), wanted);
    the!(caller.ask(input.bucket, asked).await?, S3Answer::Done => ());
    response(PutObjectAclOutput::default())
}
