//! Bodies that come in: received once, summed up on the way, and not what they should be told apart.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use egress_sim_model::call::s3::configuration::Checksum;
use futures_util::StreamExt as _;
use http::HeaderMap;
use md5::{Digest as _, Md5};
use s3s::dto::StreamingBlob;
use s3s::stream::ByteStream as _;
use s3s::{S3Error, S3ErrorCode, S3Result, TrailingHeaders, s3_error};

use super::checksum::{self, Hasher};

/// Bytes of one request's body at most.
const MOST: u64 = 5 << 30;

/// A body that arrived as announced.
pub(super) struct Received {
    /// All of it.
    pub(super) bytes: Bytes,
    /// Its MD5.
    pub(super) md5: [u8; 16],
    /// By what it was to be summed up.
    pub(super) checksum: Option<Checksum>,
}

/// All of a request's body, in one piece of just its length.
pub(super) async fn receive(
    body: Option<StreamingBlob>,
    headers: &HeaderMap,
    trailers: Option<TrailingHeaders>,
    content_md5: Option<&str>,
) -> S3Result<Received> {
    let expected = content_md5.map(md5_of).transpose()?;
    let said_before = checksum::said(headers)?;
    let mut hasher = checksum::wanted(headers)?.map(Hasher::new);
    let mut md5 = Md5::new();
    let announced = body.as_ref().and_then(|body| body.remaining_length().exact()).or_else(|| length(headers));
    if announced.is_some_and(|length| length as u64 > MOST) {
        return Err(too_large());
    }
    // What is announced is not always sent: it is room for the beginning.
    let mut all = Vec::with_capacity(announced.unwrap_or(0).min(64 << 20));
    if let Some(mut body) = body {
        while let Some(piece) = body.next().await {
            let piece = piece.map_err(|error| broken_body(&*error))?;
            if all.len() as u64 + piece.len() as u64 > MOST {
                return Err(too_large());
            }
            if all.capacity() - all.len() < piece.len() {
                let whole = announced.unwrap_or(0).max(all.len() + piece.len());
                all.reserve_exact(whole - all.len());
            }
            md5.update(&piece);
            if let Some(hasher) = &mut hasher {
                hasher.update(&piece);
            }
            all.extend_from_slice(&piece);
        }
    }
    all.shrink_to_fit();
    if number(headers, "x-amz-decoded-content-length").is_some_and(|length| length != all.len()) {
        return Err(s3_error!(
            IncompleteBody,
            "You did not provide the number of bytes specified by the x-amz-decoded-content-length HTTP header"
        ));
    }
    let md5: [u8; 16] = md5.finalize().into();
    if expected.is_some_and(|expected| expected != md5) {
        return Err(s3_error!(BadDigest, "The Content-MD5 you specified did not match what we received."));
    }
    let sum = hasher.map(Hasher::finish);
    let said_behind = trailers.and_then(|trailers| trailers.take()).map(|trailers| checksum::said(&trailers));
    let said_behind = said_behind.transpose()?.flatten();
    if headers.contains_key("x-amz-trailer") && said_behind.is_none() {
        return Err(malformed_trailer("The request contained trailing data that was not well-formed"));
    }
    if said_before.is_some() && said_behind.is_some() {
        return Err(s3_error!(InvalidRequest, "Expecting a single x-amz-checksum- header"));
    }
    for said in [said_before, said_behind].into_iter().flatten() {
        match &sum {
            Some(sum) if sum.algorithm == said.algorithm => checksum::compare(&said, sum)?,
            _ => return Err(malformed_trailer("The trailer is not the one that was announced")),
        }
    }
    Ok(Received { bytes: all.into(), md5, checksum: sum })
}

/// As the headers announce it: behind the chunks, if it comes in such.
fn length(headers: &HeaderMap) -> Option<usize> {
    ["x-amz-decoded-content-length", "content-length"].iter().find_map(|name| number(headers, name))
}

fn malformed_trailer(what: &'static str) -> S3Error {
    let code = S3ErrorCode::from_bytes(b"MalformedTrailerError").unwrap_or(S3ErrorCode::InvalidRequest);
    let mut error = S3Error::with_message(code, what);
    error.set_status_code(http::StatusCode::BAD_REQUEST);
    error
}

fn number(headers: &HeaderMap, name: &str) -> Option<usize> {
    headers.get(name)?.to_str().ok()?.parse().ok()
}

fn too_large() -> S3Error {
    s3_error!(EntityTooLarge, "Your proposed upload exceeds the maximum allowed size")
}

/// `Content-MD5`
fn md5_of(header: &str) -> S3Result<[u8; 16]> {
    let digest = BASE64_STANDARD.decode(header).ok().and_then(|digest| digest.try_into().ok());
    digest.ok_or_else(|| s3_error!(InvalidDigest, "The Content-MD5 you specified is not valid."))
}

/// What is wrong with a body that did not arrive as announced. s3s keeps the types to itself, so the text has to do.
fn broken_body(error: &(dyn std::error::Error + Send + Sync)) -> S3Error {
    let text = error.to_string();
    let code = if text.contains("SignatureMismatch") {
        S3ErrorCode::SignatureDoesNotMatch
    } else if text.contains("Sha256") || text.contains("hash") || text.contains("Hash") {
        // The name that AWS has for it, which s3s has not.
        S3ErrorCode::from_bytes(b"XAmzContentSHA256Mismatch").unwrap_or(S3ErrorCode::BadDigest)
    } else {
        S3ErrorCode::IncompleteBody
    };
    let mut error = S3Error::with_message(code, text);
    if error.code().as_str() == "XAmzContentSHA256Mismatch" {
        error.set_message("The provided 'x-amz-content-sha256' header does not match what was computed.");
        error.set_status_code(http::StatusCode::BAD_REQUEST);
    }
    error
}
