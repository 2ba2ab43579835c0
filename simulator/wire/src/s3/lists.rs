//! Listings: keys, versions, uploads, parts.

use std::borrow::Cow;
use std::fmt::Write as _;

use egress_sim_model::call::s3::answer::{ListedPart, ListedUpload, ObjectsPage, S3Answer};
use egress_sim_model::call::s3::configuration::ChecksumAlgorithm;
use egress_sim_model::call::s3::request::{ListObjects, ListParts, ListUploads, ListVersions, S3Operation, UploadId};
use s3s::dto::{
    ChecksumAlgorithm as Algorithm, CommonPrefix, DeleteMarkerEntry, EncodingType, ListMultipartUploadsInput,
    ListMultipartUploadsOutput, ListObjectVersionsInput, ListObjectVersionsOutput, ListObjectsInput, ListObjectsOutput,
    ListObjectsV2Input, ListObjectsV2Output, ListPartsInput, ListPartsOutput, MultipartUpload, ObjectVersion,
    ObjectVersionStorageClass, Part, StorageClass,
};
use s3s::{S3Request, S3Response, S3Result, s3_error};

use super::checksum::{self, tell};
use super::rows::Rows;
use super::values::{counted, etag, initiator, owner, signed, timestamp, unsigned};
use super::{Caller, Door, response, the};

/// `encoding-type=url`: keys are percent-encoded.
pub(super) struct Encoder {
    pub(super) url: bool,
}

impl Encoder {
    fn of(encoding: Option<&EncodingType>) -> S3Result<Encoder> {
        match encoding.map(EncodingType::as_str) {
            None | Some("") => Ok(Encoder { url: false }),
            Some(EncodingType::URL) => Ok(Encoder { url: true }),
            Some(_) => Err(s3_error!(InvalidArgument, "Invalid Encoding Method specified in Request")),
        }
    }

    pub(super) fn text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if self.url { Cow::Owned(percent_encoded(text)) } else { Cow::Borrowed(text) }
    }

    fn some(&self, text: Option<&String>) -> Option<String> {
        text.map(|text| self.text(text).into_owned())
    }

    fn prefixes(&self, prefixes: &[String]) -> Option<Vec<CommonPrefix>> {
        let prefixes: Vec<CommonPrefix> =
            prefixes.iter().map(|prefix| CommonPrefix { prefix: Some(self.text(prefix).into_owned()) }).collect();
        (!prefixes.is_empty()).then_some(prefixes)
    }
}

pub(super) fn named(algorithm: ChecksumAlgorithm) -> Algorithm {
    Algorithm::from_static(algorithm.name())
}

fn given(text: Option<&String>) -> Option<String> {
    text.filter(|text| !text.is_empty()).cloned()
}

#[expect(clippy::unnecessary_wraps, reason = "it ends an operation, which may fail")]
fn with_rows<T>(rows: Rows, output: T) -> S3Result<S3Response<T>> {
    let mut response = S3Response::new(output);
    response.extensions.insert(rows);
    Ok(response)
}

/// What a page may have at most, as the response says it.
fn most(asked: Option<u32>) -> i32 {
    asked.unwrap_or(1000).cast_signed()
}

pub(super) async fn objects<D: Door>(
    caller: &Caller<'_, D>,
    request: S3Request<ListObjectsInput>,
) -> S3Result<S3Response<ListObjectsOutput>> {
    let input = request.input;
    let encoder = Encoder::of(input.encoding_type.as_ref())?;
    let max_keys = unsigned(input.max_keys, "max-keys")?;
    let list = ListObjects {
        prefix: input.prefix.clone().unwrap_or_default(),
        delimiter: given(input.delimiter.as_ref()),
        after: given(input.marker.as_ref()),
        token: None,
        max_keys,
    };
    let page = the!(
        caller.ask(input.bucket.clone(), S3Operation::ListObjects(list)).await?,
        S3Answer::Objects(page) => page
    );
    let ObjectsPage { contents, common_prefixes, next } = page;
    let truncated = next.is_some();
    let rows = Rows::of_objects(&contents, &encoder, true);
    with_rows(
        rows,
        ListObjectsOutput {
            name: Some(input.bucket),
            prefix: Some(encoder.text(&input.prefix.unwrap_or_default()).into_owned()),
            marker: Some(encoder.text(&input.marker.unwrap_or_default()).into_owned()),
            max_keys: Some(most(max_keys)),
            is_truncated: Some(truncated),
            common_prefixes: encoder.prefixes(&common_prefixes),
            // Without a delimiter the last key says it.
            next_marker: next
                .filter(|_| given(input.delimiter.as_ref()).is_some())
                .map(|(last, _)| encoder.text(&last).into_owned()),
            delimiter: encoder.some(input.delimiter.as_ref()),
            encoding_type: input.encoding_type,
            ..ListObjectsOutput::default()
        },
    )
}

pub(super) async fn objects_v2<D: Door>(
    caller: &Caller<'_, D>,
    request: S3Request<ListObjectsV2Input>,
) -> S3Result<S3Response<ListObjectsV2Output>> {
    let input = request.input;
    let encoder = Encoder::of(input.encoding_type.as_ref())?;
    let max_keys = unsigned(input.max_keys, "max-keys")?;
    if input.continuation_token.as_ref().is_some_and(String::is_empty) {
        return Err(s3_error!(InvalidArgument, "The continuation token provided is incorrect"));
    }
    let list = ListObjects {
        prefix: input.prefix.clone().unwrap_or_default(),
        delimiter: given(input.delimiter.as_ref()),
        after: given(input.start_after.as_ref()),
        token: input.continuation_token.clone(),
        max_keys,
    };
    let page = the!(
        caller.ask(input.bucket.clone(), S3Operation::ListObjectsV2(list)).await?,
        S3Answer::Objects(page) => page
    );
    let ObjectsPage { contents, common_prefixes, next } = page;
    let with_owner = input.fetch_owner.unwrap_or(false);
    let rows = contents.len() + common_prefixes.len();
    let xml = Rows::of_objects(&contents, &encoder, with_owner);
    with_rows(
        xml,
        ListObjectsV2Output {
            name: Some(input.bucket),
            prefix: Some(encoder.text(&input.prefix.unwrap_or_default()).into_owned()),
            max_keys: Some(most(max_keys)),
            key_count: Some(counted(rows)),
            continuation_token: input.continuation_token,
            is_truncated: Some(next.is_some()),
            next_continuation_token: next.map(|(_, token)| token),
            common_prefixes: encoder.prefixes(&common_prefixes),
            delimiter: encoder.some(input.delimiter.as_ref()),
            start_after: encoder.some(input.start_after.as_ref()),
            encoding_type: input.encoding_type,
            ..ListObjectsV2Output::default()
        },
    )
}

pub(super) async fn versions<D: Door>(
    caller: &Caller<'_, D>,
    request: S3Request<ListObjectVersionsInput>,
) -> S3Result<S3Response<ListObjectVersionsOutput>> {
    let input = request.input;
    let encoder = Encoder::of(input.encoding_type.as_ref())?;
    let max_keys = unsigned(input.max_keys, "max-keys")?;
    let list = ListVersions {
        prefix: input.prefix.clone().unwrap_or_default(),
        delimiter: given(input.delimiter.as_ref()),
        key_marker: given(input.key_marker.as_ref()),
        version_id_marker: given(input.version_id_marker.as_ref()),
        max_keys,
    };
    let page = the!(
        caller.ask(input.bucket.clone(), S3Operation::ListObjectVersions(list)).await?,
        S3Answer::Versions(page) => page
    );
    let (mut versions, mut markers) = (Vec::new(), Vec::new());
    for (row, listed) in page.versions {
        let key = Some(encoder.text(&row.key).into_owned());
        let (version_id, is_latest) = (Some(row.version_id), Some(row.is_latest));
        let last_modified = Some(timestamp(row.last_modified));
        match listed {
            None => markers.push(DeleteMarkerEntry { key, version_id, is_latest, last_modified, owner: Some(owner()) }),
            Some(listed) => versions.push(ObjectVersion {
                key,
                version_id,
                is_latest,
                last_modified,
                size: Some(signed(row.size)),
                e_tag: Some(etag(listed.summary.etag)),
                storage_class: Some(listed.storage_class.map_or_else(
                    || ObjectVersionStorageClass::from_static(ObjectVersionStorageClass::STANDARD),
                    ObjectVersionStorageClass::from,
                )),
                checksum_algorithm: listed.checksum.map(|(algorithm, _)| vec![named(algorithm)]),
                checksum_type: listed.checksum.map(|(_, kind)| checksum::kind(kind)),
                owner: Some(owner()),
                ..ObjectVersion::default()
            }),
        }
    }
    let is_truncated = Some(page.next.is_some());
    let (next_key_marker, next_version_id_marker) = page.next.unzip();
    response(ListObjectVersionsOutput {
        name: Some(input.bucket),
        prefix: Some(encoder.text(&input.prefix.unwrap_or_default()).into_owned()),
        max_keys: Some(most(max_keys)),
        is_truncated,
        key_marker: Some(encoder.text(&input.key_marker.unwrap_or_default()).into_owned()),
        version_id_marker: Some(input.version_id_marker.unwrap_or_default()),
        next_key_marker: encoder.some(next_key_marker.as_ref()),
        next_version_id_marker: next_version_id_marker.flatten(),
        versions: Some(versions),
        delete_markers: Some(markers),
        common_prefixes: encoder.prefixes(&page.common_prefixes),
        delimiter: encoder.some(input.delimiter.as_ref()),
        encoding_type: input.encoding_type,
        ..ListObjectVersionsOutput::default()
    })
}

pub(super) async fn uploads<D: Door>(
    caller: &Caller<'_, D>,
    request: S3Request<ListMultipartUploadsInput>,
) -> S3Result<S3Response<ListMultipartUploadsOutput>> {
    let input = request.input;
    let encoder = Encoder::of(input.encoding_type.as_ref())?;
    let max_uploads = unsigned(input.max_uploads, "max-uploads")?;
    let list = ListUploads {
        prefix: input.prefix.clone().unwrap_or_default(),
        delimiter: given(input.delimiter.as_ref()),
        key_marker: given(input.key_marker.as_ref()),
        upload_id_marker: given(input.upload_id_marker.as_ref()),
        max_uploads,
    };
    let page = the!(
        caller.ask(input.bucket.clone(), S3Operation::ListMultipartUploads(list)).await?,
        S3Answer::Uploads(page) => page
    );
    let uploads = page.uploads.into_iter().map(|ListedUpload { upload, storage_class, checksum }| MultipartUpload {
        checksum_algorithm: checksum.map(|(algorithm, _)| named(algorithm)),
        checksum_type: checksum.map(|(_, kind)| checksum::kind(kind)),
        initiated: Some(timestamp(upload.initiated)),
        initiator: Some(initiator()),
        key: Some(encoder.text(&upload.key).into_owned()),
        owner: Some(owner()),
        storage_class: Some(class(storage_class)),
        upload_id: Some(upload.upload_id),
    });
    let uploads: Vec<MultipartUpload> = uploads.collect();
    let is_truncated = Some(page.next.is_some());
    let (next_key_marker, next_upload_id_marker) = page.next.unzip();
    response(ListMultipartUploadsOutput {
        bucket: Some(input.bucket),
        common_prefixes: encoder.prefixes(&page.common_prefixes),
        delimiter: encoder.some(input.delimiter.as_ref()),
        encoding_type: input.encoding_type,
        is_truncated,
        key_marker: Some(encoder.text(&input.key_marker.unwrap_or_default()).into_owned()),
        max_uploads: Some(most(max_uploads)),
        next_key_marker: encoder.some(next_key_marker.as_ref()),
        next_upload_id_marker: next_upload_id_marker.flatten(),
        prefix: Some(encoder.text(&input.prefix.unwrap_or_default()).into_owned()),
        upload_id_marker: Some(input.upload_id_marker.unwrap_or_default()),
        uploads: Some(uploads),
        ..ListMultipartUploadsOutput::default()
    })
}

pub(super) async fn parts<D: Door>(
    caller: &Caller<'_, D>,
    request: S3Request<ListPartsInput>,
) -> S3Result<S3Response<ListPartsOutput>> {
    let input = request.input;
    let after = unsigned(input.part_number_marker, "part-number-marker")?.unwrap_or(0);
    let max_parts = unsigned(input.max_parts, "max-parts")?;
    let upload = UploadId { key: input.key.clone(), upload_id: input.upload_id.clone() };
    let list = ListParts { upload, after, max_parts };
    let page = the!(
        caller.ask(input.bucket.clone(), S3Operation::ListParts(list)).await?,
        S3Answer::Parts(page) => page
    );
    let ended = page.parts.last().map_or(after, |part| part.number);
    let parts = page.parts.into_iter().map(|ListedPart { number, etag: tag, size, at, checksum }| {
        let mut part = Part {
            e_tag: Some(etag(tag)),
            last_modified: Some(timestamp(at)),
            part_number: Some(number.cast_signed()),
            size: Some(signed(size)),
            ..Part::default()
        };
        tell!(&checksum => part);
        part
    });
    response(ListPartsOutput {
        abort_date: page.abort.as_ref().map(|(at, _)| timestamp(*at)),
        abort_rule_id: page.abort.map(|(_, rule)| rule),
        bucket: Some(input.bucket),
        checksum_algorithm: page.checksum.map(|(algorithm, _)| named(algorithm)),
        checksum_type: page.checksum.map(|(_, kind)| checksum::kind(kind)),
        initiator: Some(initiator()),
        is_truncated: Some(page.truncated),
        key: Some(input.key),
        max_parts: Some(most(max_parts)),
        next_part_number_marker: Some(ended.cast_signed()),
        owner: Some(owner()),
        part_number_marker: Some(after.cast_signed()),
        parts: Some(parts.collect()),
        storage_class: Some(class(page.storage_class)),
        upload_id: Some(input.upload_id),
        ..ListPartsOutput::default()
    })
}

fn class(class: Option<String>) -> StorageClass {
    class.map_or_else(|| StorageClass::from_static(StorageClass::STANDARD), StorageClass::from)
}

/// As S3 encodes keys in a listing: everything but unreserved characters and `/`.
fn percent_encoded(key: &str) -> String {
    let mut encoded = String::with_capacity(key.len());
    for byte in key.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => encoded.push(byte as char),
            _ => drop(write!(encoded, "%{byte:02X}")),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_in_a_listing_is_encoded_as_s3_does() {
        assert_eq!(percent_encoded("a b/ü+~.mp4"), "a%20b/%C3%BC%2B~.mp4");
    }
}
