//! Bodies: reading a request's whole, and giving an object's piece by piece.

use std::fmt::Write as _;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::{Bytes, BytesMut};
use egress_sim_model::call::{Call, CallError, HeadResult, ObjectHead, ObjectId, Reply};
use futures_util::{StreamExt, TryStreamExt, stream};
use http::HeaderMap;
use http_body_util::StreamBody;
use hyper::body::Frame;
use md5::{Digest, Md5};
use s3s::crypto::{Checksum as _, Crc32, Crc32c, Crc64Nvme, Sha1, Sha256};
use s3s::dto::{GetObjectInput, GetObjectOutput, Range, StreamingBlob};
use s3s::{Body, S3Error, S3ErrorCode, S3Response, S3Result, s3_error};

use super::{Door, etag, expect_empty, failed, response, signed, timestamp, wrong_reply};

/// Bytes that are asked for at once. A recording may have gigabytes: they are made while they are sent, and never lie in
/// memory as a whole.
const PIECE: u64 = 8 * 1024 * 1024;

/// All of a request's body.
pub(super) async fn whole(mut body: StreamingBlob) -> S3Result<Bytes> {
    let mut all = BytesMut::new();
    while let Some(piece) = body.next().await {
        all.extend_from_slice(&piece.map_err(|error| broken_body(&*error))?);
    }
    Ok(all.freeze())
}

/// What is wrong with a body that did not arrive as announced. s3s keeps the types to itself, so the text has to do.
fn broken_body(error: &(dyn std::error::Error + Send + Sync)) -> S3Error {
    let text = error.to_string();
    let code = if text.contains("SignatureMismatch") {
        S3ErrorCode::SignatureDoesNotMatch
    } else if text.contains("Sha256") || text.contains("hash") || text.contains("Hash") {
        S3ErrorCode::BadDigest
    } else {
        S3ErrorCode::IncompleteBody
    };
    S3Error::with_message(code, text)
}

/// `Content-MD5`.
pub(super) fn check_md5(expected: &str, body: &[u8]) -> S3Result<()> {
    let expected = BASE64_STANDARD
        .decode(expected)
        .ok()
        .filter(|digest| digest.len() == 16)
        .ok_or_else(|| s3_error!(InvalidDigest, "The Content-MD5 you specified is not valid."))?;
    if Md5::digest(body)[..] == expected[..] {
        return Ok(());
    }
    Err(s3_error!(BadDigest, "The Content-MD5 you specified did not match what we received."))
}

/// What a body is summed up by, and how.
type Sum = (&'static str, fn(&[u8]) -> Vec<u8>);

const SUMS: [Sum; 5] = [
    ("crc32", |body| Crc32::checksum(body).to_vec()),
    ("crc32c", |body| Crc32c::checksum(body).to_vec()),
    ("crc64nvme", |body| Crc64Nvme::checksum(body).to_vec()),
    ("sha1", |body| Sha1::checksum(body).as_ref().to_vec()),
    ("sha256", |body| Sha256::checksum(body).as_ref().to_vec()),
];

/// `x-amz-checksum-*`, before a body or after it.
pub(super) fn check_sums(headers: &HeaderMap, body: &[u8]) -> S3Result<()> {
    for (name, sum) in SUMS {
        let header = format!("x-amz-checksum-{name}");
        let Some(expected) = headers.get(&header) else { continue };
        let expected = BASE64_STANDARD
            .decode(expected)
            .map_err(|_| s3_error!(InvalidRequest, "Value for {header} header is invalid."))?;
        if sum(body) != expected {
            let name = name.to_uppercase();
            return Err(s3_error!(BadDigest, "The {name} you specified did not match the calculated checksum."));
        }
    }
    Ok(())
}

pub(super) async fn get_object<D: Door>(door: &D, input: GetObjectInput) -> S3Result<S3Response<GetObjectOutput>> {
    expect_empty(input.if_match.as_ref(), "If-Match on GetObject")?;
    expect_empty(input.if_none_match.as_ref(), "If-None-Match on GetObject")?;
    expect_empty(input.part_number.as_ref(), "partNumber")?;
    let place = Place { bucket: input.bucket, id: ObjectId { key: input.key, version_id: input.version_id } };
    let wanted = match input.range {
        None => None,
        Some(Range::Int { first, last }) => Some((first, last.unwrap_or(u64::MAX))),
        Some(Range::Suffix { length }) => match door.ask(place.head()).await {
            Reply::Head(Ok(HeadResult::Found(head))) => Some((head.size.saturating_sub(length), u64::MAX)),
            Reply::Head(Ok(HeadResult::NotFound { .. })) => return Err(s3_error!(NoSuchKey)),
            Reply::Head(Err(error)) => return Err(failed(&error)),
            reply => wrong_reply(&reply),
        },
    };
    let (first, last) = wanted.unwrap_or((0, u64::MAX));
    let (head, piece) = match place.piece(door, first, last).await {
        Ok(read) => read,
        // Of an empty object no range is satisfiable.
        Err(CallError::Rejected(no)) if wanted.is_none() && no.code == "InvalidRange" => {
            match door.ask(Call::GetObject { bucket: place.bucket.clone(), id: place.id.clone(), range: None }).await {
                Reply::Object(Ok(read)) => read,
                Reply::Object(Err(error)) => return Err(failed(&error)),
                reply => wrong_reply(&reply),
            }
        }
        Err(error) => return Err(failed(&error)),
    };
    let last = last.min(head.size.saturating_sub(1));
    let length = if head.size == 0 { 0 } else { last - first + 1 };
    let output = GetObjectOutput {
        accept_ranges: Some("bytes".into()),
        content_length: Some(signed(length)),
        content_range: wanted.map(|_| format!("bytes {first}-{last}/{}", head.size)),
        content_type: Some(head.content_type),
        e_tag: Some(etag(&head.etag)),
        last_modified: Some(timestamp(head.last_modified)),
        version_id: head.version_id,
        ..GetObjectOutput::default()
    };
    let sent = first + piece.len() as u64;
    let begun = stream::once(async move { Ok::<Bytes, std::io::Error>(piece) });
    let rest = stream::try_unfold((door.clone(), place, sent), move |(door, place, at)| async move {
        if length == 0 || at > last {
            return Ok(None);
        }
        let (_, piece) =
            place.piece(&door, at, last).await.map_err(|error| std::io::Error::other(format!("{error:?}")))?;
        let next = at + piece.len() as u64;
        Ok(Some((piece, (door, place, next))))
    });
    let frames = begun.chain(rest.into_stream()).map_ok(Frame::data);
    let body = StreamingBlob::from(Body::http_body_unsync(StreamBody::new(frames)));
    response(GetObjectOutput { body: Some(body), ..output })
}

struct Place {
    bucket: String,
    id: ObjectId,
}

impl Place {
    fn head(&self) -> Call {
        Call::HeadObject { bucket: self.bucket.clone(), id: self.id.clone() }
    }

    async fn piece<D: Door>(&self, door: &D, first: u64, last: u64) -> Result<(ObjectHead, Bytes), CallError> {
        let last = last.min(first.saturating_add(PIECE - 1));
        let call = Call::GetObject { bucket: self.bucket.clone(), id: self.id.clone(), range: Some((first, last)) };
        match door.ask(call).await {
            Reply::Object(read) => read,
            reply => wrong_reply(&reply),
        }
    }
}

/// As S3 encodes keys in a listing: everything but unreserved characters and `/`.
pub(super) fn percent_encoded(key: &str) -> String {
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
    fn a_body_that_is_not_what_was_summed_up_is_refused() {
        // The check value of each sum, of the digits 1 to 9, as its catalogue has it.
        for (name, sum) in [
            ("crc32", "y/Q5Jg=="),
            ("crc32c", "4waSgw=="),
            ("crc64nvme", "rosUhgp5mIg="),
            ("sha1", "98O8HYCOBHMq32eZZczDTKeuNEE="),
        ] {
            let headers = |value: &'static str| {
                let name = http::HeaderName::try_from(format!("x-amz-checksum-{name}")).expect("a name");
                HeaderMap::from_iter([(name, http::HeaderValue::from_static(value))])
            };
            let code = |value, body: &[u8]| check_sums(&headers(value), body).map_err(|error| error.code().clone());
            assert_eq!(code(sum, b"123456789"), Ok(()), "{name}");
            assert_eq!(code(sum, b"123456780"), Err(S3ErrorCode::BadDigest), "{name}");
            assert_eq!(code("?", b"123456789"), Err(S3ErrorCode::InvalidRequest), "{name}");
        }
    }

    #[test]
    fn a_key_in_a_listing_is_encoded_as_s3_does() {
        assert_eq!(percent_encoded("a b/ü+~.mp4"), "a%20b/%C3%BC%2B~.mp4");
    }
}
