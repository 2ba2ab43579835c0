//! `HeadObject`, `GetObject` and `GetObjectAttributes` with all that S3 tells: conditions, ranges, parts, every header.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use serde::Serialize;

use super::object::{Found, find, invalid_range, no_such_key, no_such_version};
use super::piece::Piece;
use super::{Body, Bucket, Content, Keep, MediaKind, Sink, Version, lifecycle, synthetic, tags};
use crate::call::s3::answer::{About, Described, S3Failure};
use crate::call::s3::request::{ByteRange, Read, Requester};
use crate::call::{CallError, EntityTag, ObjectId};
use crate::time::{Span, Time};

use super::condition::Outcome;

/// Bytes that are made at once: a recording may have gigabytes.
const PIECE: u64 = 1 << 20;

/// A body on its way out. Media are made while they are read; what is there is not copied.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reading {
    #[serde(skip)]
    from: Source,
    /// Bytes that are left.
    pub left: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Source {
    Pieces(VecDeque<Piece>),
    Media { kind: MediaKind, seed: u64, length: u64, left: Range<u64> },
}

/// Bytes of a body on its way out.
#[derive(Clone, Debug)]
pub enum Chunk {
    /// Bytes.
    Bytes(Bytes),
    /// Bytes that are kept elsewhere, for whoever carries them to read.
    Kept(Arc<dyn Keep>, Range<u64>),
}

impl Iterator for Reading {
    type Item = Chunk;

    fn next(&mut self) -> Option<Chunk> {
        let piece = match &mut self.from {
            Source::Pieces(pieces) => match pieces.pop_front()? {
                Piece::Here(bytes) => bytes,
                Piece::Kept(kept, Range { start, end }) => {
                    let cut = end.min(start + PIECE);
                    if cut < end {
                        pieces.push_front(Piece::Kept(Arc::clone(&kept), cut..end));
                    }
                    self.left -= cut - start;
                    return Some(Chunk::Kept(kept, start..cut));
                }
                Piece::Joined(_) => unreachable!("what is cut is not joined"),
            },
            Source::Media { left, .. } if left.is_empty() => return None,
            Source::Media { kind, seed, length, left } => {
                // Pieces begin where a piece begins, whatever range is read.
                let end = left.end.min((left.start / PIECE + 1) * PIECE);
                let piece = synthetic::read(*kind, *seed, *length, left.start..end);
                left.start = end;
                piece
            }
        };
        self.left -= piece.len() as u64;
        Some(Chunk::Bytes(piece))
    }
}

impl Sink {
    /// S3 `HeadObject` and `GetObjectAttributes`.
    ///
    /// # Errors
    /// `NoSuchBucket`, `NoSuchKey`, `NoSuchVersion`; `MethodNotAllowed` where the version asked for is a delete marker;
    /// `NotModified` (304), `PreconditionFailed` (412), `InvalidRange` (416), `InvalidPartNumber` (416); `AccessDenied`
    /// instead of a 404 for whoever may not list.
    pub fn head_in_full(
        &self,
        day: Span,
        requester: Requester,
        bucket: &str,
        read: &Read,
    ) -> Result<Box<Described>, S3Failure> {
        Ok(self.look(day, requester, bucket, read)?.0)
    }

    /// S3 `GetObject`.
    ///
    /// # Errors
    /// As [`Sink::head_in_full`].
    pub fn get_in_full(
        &self,
        day: Span,
        requester: Requester,
        bucket: &str,
        read: &Read,
    ) -> Result<(Box<Described>, Reading), S3Failure> {
        let (described, body) = self.look(day, requester, bucket, read)?;
        let (first, length) = described.part.unwrap_or((0, described.head.size));
        let range = first..first + length;
        Ok((described, self.reading(body, range)))
    }

    /// A range of a body.
    pub(super) fn reading(&self, body: &Body, range: Range<u64>) -> Reading {
        let left = range.end - range.start;
        let from = match body {
            &Body::Media { kind, seed, length } => Source::Media { kind, seed, length, left: range },
            body => Source::Pieces(self.media.pieces(body, range).into()),
        };
        Reading { from, left }
    }

    fn look(
        &self,
        day: Span,
        requester: Requester,
        name: &str,
        read: &Read,
    ) -> Result<(Box<Described>, &Body), S3Failure> {
        let bucket = self.bucket(name)?;
        let (version, content) = found(bucket, requester, name, &read.id)?;
        let etag = self.media.etag_of(content);
        let about = || About {
            version_id: bucket.told(version.id.as_ref()),
            last_modified: Some(version.at),
            etag: Some(etag),
            ..About::default()
        };
        let refused = |error| Err(S3Failure { error, about: Some(Box::new(about())) });
        match read.conditions.on_read(etag, version.at) {
            Outcome::Holds => {}
            Outcome::NotModified => return refused(CallError::rejected("NotModified", 304, "Not Modified")),
            Outcome::Failed => return refused(super::condition::failed("If-Match")),
        }
        let parts = parts_of(content);
        let part = match (read.part_number, read.range) {
            (None, None) => None,
            (Some(_), Some(_)) => {
                let what = "Cannot specify both Range header and partNumber query parameter";
                return refused(CallError::rejected("InvalidRequest", 400, what));
            }
            (None, Some(range)) => {
                let Some(range) = cut(range, content.size) else { return refused(invalid_range()) };
                Some(range)
            }
            (Some(number), None) => {
                let Some(range) = of_part(number, &parts, content.size) else {
                    let what = "The requested partnumber is not satisfiable";
                    return refused(CallError::rejected("InvalidPartNumber", 416, what));
                };
                Some(range)
            }
        };
        let expiration = lifecycle::expiration_of(bucket, day, &read.id.key, version);
        let described = Described {
            head: self.describe(bucket, version, content),
            metadata: Arc::clone(&content.metadata),
            attributes: content.attributes.as_deref().cloned().unwrap_or_default(),
            tags: u32::try_from(tags::parse(&content.tagging).len()).unwrap_or(u32::MAX),
            lock: version.lock.as_deref().copied(),
            expiration,
            part,
            parts,
        };
        Ok((Box::new(described), &content.body))
    }
}

/// The version with data that a read means.
pub(super) fn found<'b>(
    bucket: &'b Bucket,
    requester: Requester,
    name: &str,
    id: &ObjectId,
) -> Result<(&'b Version, &'b Content), S3Failure> {
    let nothing = |error: CallError, about| {
        // Whoever may not list is not told what is not there.
        let told = bucket.may(name, requester, "s3:ListBucket", None, (None, None));
        Err(if told { S3Failure { error, about } } else { super::access::denied().into() })
    };
    match find(bucket, id) {
        Ok(Found::Data(version, content)) => Ok((version, content)),
        Ok(Found::NoKey) => nothing(no_such_key(), None),
        Ok(Found::NoVersion) => nothing(no_such_version(), None),
        Ok(Found::Hidden) => {
            let marker = bucket.keys.get(&id.key).and_then(|versions| versions.0.last());
            nothing(no_such_key(), Some(Box::new(about_marker(bucket, marker))))
        }
        Err(error) => {
            let named = id.version_id.as_deref().unwrap_or_default();
            let marker = bucket.keys.get(&id.key).and_then(|versions| versions.named(named));
            let last_modified = marker.map(|marker| marker.at);
            let about = About { last_modified, ..about_marker(bucket, marker) };
            Err(S3Failure { error, about: Some(Box::new(about)) })
        }
    }
}

fn about_marker(bucket: &Bucket, marker: Option<&Version>) -> About {
    let version_id = marker.and_then(|marker| bucket.told(marker.id.as_ref()));
    About { delete_marker: true, version_id, ..About::default() }
}

/// Sizes of the parts that an object was uploaded in; empty: it was not.
pub(super) fn parts_of(content: &Content) -> Vec<u64> {
    match &content.body {
        Body::Joined(pieces) if content.etag.is_some_and(|etag| etag.parts().is_some()) => {
            pieces.iter().map(Piece::len).collect()
        }
        Body::Bytes(bytes) if content.etag.is_some_and(|etag| etag.parts() == Some(1)) => vec![bytes.len() as u64],
        _ => Vec::new(),
    }
}

/// First byte and length; none: it cannot be satisfied.
fn cut(range: ByteRange, size: u64) -> Option<(u64, u64)> {
    let (first, end) = match range {
        ByteRange::Between(first, last) if first <= last => (first, size.min(last.saturating_add(1))),
        ByteRange::Between(..) => return None,
        ByteRange::From(first) => (first, size),
        ByteRange::Last(length) => (size.saturating_sub(length), size),
    };
    (first < end).then(|| (first, end - first))
}

fn of_part(number: u32, parts: &[u64], size: u64) -> Option<(u64, u64)> {
    let place = number.checked_sub(1)? as usize;
    match parts {
        // What came in one piece is its own first part.
        [] => (place == 0).then_some((0, size)),
        parts => Some((parts[..place.min(parts.len())].iter().sum(), *parts.get(place)?)),
    }
}

/// When it was stored, for conditions on what is current.
pub(super) fn current_etag(sink: &Sink, bucket: &Bucket, key: &str) -> Option<(EntityTag, Time)> {
    let version = bucket.keys.get(key)?.current()?;
    Some((sink.media.etag_of(version.content.as_ref()?), version.at))
}
