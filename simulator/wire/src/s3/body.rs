//! Bodies that come in: received once, summed up on the way, and not what they should be told apart. What is large goes to the
//! shelf while it comes in, if there is one.

use std::io;
use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use egress_sim_model::call::s3::configuration::Checksum;
use egress_sim_model::sink::Piece;
use futures_util::StreamExt as _;
use http::header::CONTENT_LENGTH;
use http::{HeaderMap, HeaderName};
use md5::{Digest as _, Md5};
use s3s::dto::StreamingBlob;
use s3s::stream::ByteStream as _;
use s3s::{S3Error, S3ErrorCode, S3Result, TrailingHeaders, s3_error};

use super::checksum::{self, Hasher};
use super::shelf::{Incoming, LARGE, Shelf, WRITTEN};

/// Bytes of one request's body at most.
const MOST: u64 = 5 << 30;

const DECODED_LENGTH: HeaderName = HeaderName::from_static("x-amz-decoded-content-length");

/// A body that arrived as announced.
pub(super) struct Received {
    /// All of it.
    pub(super) body: Piece,
    /// Its MD5.
    pub(super) md5: [u8; 16],
    /// By what it was to be summed up.
    pub(super) checksum: Option<Checksum>,
}

/// A body as far as it has come in.
struct Taken {
    shelf: Option<Arc<dyn Shelf>>,
    /// None: it is all in memory.
    incoming: Option<Box<dyn Incoming>>,
    /// What is not there yet.
    bytes: Vec<u8>,
    length: u64,
    announced: Option<usize>,
    /// It cannot be kept. The rest is received for nothing, because who still sends does not see an answer.
    failed: Option<S3Error>,
}

impl Taken {
    fn new(shelf: Option<Arc<dyn Shelf>>, announced: Option<usize>) -> Taken {
        let most = if shelf.is_some() { LARGE as usize } else { 64 << 20 };
        // What is announced is not always sent: it is room for the beginning.
        let bytes = Vec::with_capacity(announced.unwrap_or(0).min(most));
        Taken { shelf, incoming: None, bytes, length: 0, announced, failed: None }
    }

    async fn add(&mut self, piece: &[u8]) -> S3Result<()> {
        self.length += piece.len() as u64;
        if self.length > MOST {
            return Err(too_large());
        }
        if self.failed.is_some() {
            return Ok(());
        }
        if self.shelf.is_some() && (self.incoming.is_some() || self.length > LARGE) {
            // A piece that came in at once may be larger than what goes out at once.
            for piece in piece.chunks(WRITTEN) {
                if self.bytes.len() + piece.len() > WRITTEN
                    && let Err(error) = self.put_down().await
                {
                    self.incoming = None;
                    self.failed = Some(error);
                    return Ok(());
                }
                self.bytes.extend_from_slice(piece);
            }
            return Ok(());
        }
        if self.bytes.capacity() - self.bytes.len() < piece.len() {
            let whole = self.announced.unwrap_or(0).max(self.bytes.len() + piece.len());
            self.bytes.reserve_exact(whole - self.bytes.len());
        }
        self.bytes.extend_from_slice(piece);
        Ok(())
    }

    async fn put_down(&mut self) -> S3Result<()> {
        let incoming = match (&mut self.incoming, &self.shelf) {
            (Some(incoming), _) => incoming,
            (None, Some(place)) => self.incoming.insert(place.begin().await.map_err(|error| not_kept(&error))?),
            (None, None) => unreachable!("what has no shelf stays in memory"),
        };
        let bytes = std::mem::take(&mut self.bytes);
        self.bytes = incoming.write(bytes).await.map_err(|error| not_kept(&error))?;
        self.bytes.clear();
        Ok(())
    }

    async fn end(mut self) -> S3Result<Piece> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        if self.incoming.is_some() {
            self.put_down().await?;
        }
        if let Some(incoming) = self.incoming {
            return incoming.finish().await.map(Piece::kept).map_err(|error| not_kept(&error));
        }
        self.bytes.shrink_to_fit();
        Ok(Piece::Here(Bytes::from(self.bytes)))
    }
}

/// 500, as for anything that is the server's own fault; nothing is stored.
fn not_kept(error: &io::Error) -> S3Error {
    s3_error!(InternalError, "The body could not be kept: {error}")
}

/// All of a request's body.
pub(super) async fn receive(
    shelf: Option<Arc<dyn Shelf>>,
    body: Option<StreamingBlob>,
    headers: &HeaderMap,
    trailers: Option<TrailingHeaders>,
    content_md5: Option<&str>,
) -> S3Result<Received> {
    let expected = content_md5.map(md5_of).transpose()?;
    let said_before = checksum::said(headers)?;
    let mut hasher = checksum::wanted(headers, said_before.as_ref())?.map(Hasher::new);
    let mut md5 = Md5::new();
    let announced = body.as_ref().and_then(|body| body.remaining_length().exact()).or_else(|| length(headers));
    if announced.is_some_and(|length| length as u64 > MOST) {
        return Err(too_large());
    }
    let mut taken = Taken::new(shelf, announced);
    if let Some(mut body) = body {
        while let Some(piece) = body.next().await {
            let piece = piece.map_err(|error| broken_body(&*error))?;
            md5.update(&piece);
            if let Some(hasher) = &mut hasher {
                hasher.update(&piece);
            }
            taken.add(&piece).await?;
        }
    }
    if number(headers, DECODED_LENGTH).is_some_and(|length| length as u64 != taken.length) {
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
    if headers.contains_key(checksum::TRAILER) && said_behind.is_none() {
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
    Ok(Received { body: taken.end().await?, md5, checksum: sum })
}

/// As the headers announce it: behind the chunks, if it comes in such.
fn length(headers: &HeaderMap) -> Option<usize> {
    number(headers, DECODED_LENGTH).or_else(|| number(headers, CONTENT_LENGTH))
}

fn malformed_trailer(what: &'static str) -> S3Error {
    let code = S3ErrorCode::from_bytes(b"MalformedTrailerError").unwrap_or(S3ErrorCode::InvalidRequest);
    let mut error = S3Error::with_message(code, what);
    error.set_status_code(http::StatusCode::BAD_REQUEST);
    error
}

fn number(headers: &HeaderMap, name: HeaderName) -> Option<usize> {
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
