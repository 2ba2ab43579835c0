//! Tags of objects and buckets.
//!
//! An object keeps its tags as `x-amz-tagging` spells them, a query string, because most have none and the worker's come so.

use super::Sink;
use crate::call::s3::configuration::Tags;
use crate::call::{CallError, ObjectId};

/// Tags of an object at most.
const MAX_TAGS: usize = 10;
/// Characters of a tag's key and of its value at most.
const MAX_LENGTHS: (usize, usize) = (128, 256);

/// The tags of a query string; what cannot be decoded stays as it is.
pub fn parse(query: &str) -> Tags {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decoded(key), decoded(value))
        })
        .collect()
}

/// Tags as a query string.
pub fn encode(tags: &Tags) -> String {
    let mut query = String::new();
    for (key, value) in tags {
        if !query.is_empty() {
            query.push('&');
        }
        encode_into(&mut query, key);
        query.push('=');
        encode_into(&mut query, value);
    }
    query
}

fn encode_into(query: &mut String, text: &str) {
    use std::fmt::Write as _;
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => query.push(char::from(byte)),
            _ => write!(query, "%{byte:02X}").expect("a String takes all that is written to it"),
        }
    }
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let mut ahead = rest.clone();
        let nibble = |byte: Option<u8>| char::from(byte?).to_digit(16);
        match byte {
            b'+' => bytes.push(b' '),
            b'%' => match (nibble(ahead.next()), nibble(ahead.next())) {
                (Some(high), Some(low)) => {
                    bytes.push((high << 4 | low) as u8);
                    rest = ahead;
                }
                _ => bytes.push(byte),
            },
            _ => bytes.push(byte),
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

/// # Errors
/// `InvalidTag` for what is too long, twice there, or S3's own; `BadRequest` for too many.
pub fn check(tags: &Tags, most: usize) -> Result<(), CallError> {
    let invalid = |what: &str| Err(CallError::rejected("InvalidTag", 400, what));
    if tags.len() > most {
        let what = format!("Object tags cannot be greater than {most}");
        return Err(CallError::rejected("BadRequest", 400, what));
    }
    for (place, (key, value)) in tags.iter().enumerate() {
        if key.is_empty() || key.chars().count() > MAX_LENGTHS.0 {
            return invalid("The TagKey you have provided is invalid");
        }
        if value.chars().count() > MAX_LENGTHS.1 {
            return invalid("The TagValue you have provided is invalid");
        }
        if key.starts_with("aws:") {
            return invalid("System tags cannot be added/updated by requester");
        }
        if tags[..place].iter().any(|(other, _)| other == key) {
            return invalid("Cannot provide multiple Tags with the same key");
        }
    }
    Ok(())
}

/// # Errors
/// As [`check`].
pub(super) fn check_of_object(tags: &Tags) -> Result<(), CallError> {
    check(tags, MAX_TAGS)
}

impl Sink {
    /// S3 `GetObjectTagging`: the tags, and the version.
    ///
    /// # Errors
    /// `NoSuchBucket`, `NoSuchKey`, `NoSuchVersion`; `MethodNotAllowed` for a delete marker.
    pub fn object_tags(&mut self, bucket: &str, id: &ObjectId) -> Result<(Tags, Option<String>), CallError> {
        let bucket = self.bucket_mut(bucket)?;
        let version = bucket.with_data(id)?;
        let tags = version.content.as_ref().map(|content| parse(&content.tagging)).unwrap_or_default();
        let version = version.id.clone();
        Ok((tags, bucket.told(version.as_ref())))
    }

    /// S3 `PutObjectTagging`, and with no tags `DeleteObjectTagging`: the version.
    ///
    /// # Errors
    /// As [`Sink::object_tags`]; as [`check`].
    pub fn put_object_tags(&mut self, bucket: &str, id: &ObjectId, tags: &Tags) -> Result<Option<String>, CallError> {
        let bucket = self.bucket_mut(bucket)?;
        check_of_object(tags)?;
        let version = bucket.with_data(id)?;
        if let Some(content) = &mut version.content {
            content.tagging = encode(tags).into();
        }
        let version = version.id.clone();
        Ok(bucket.told(version.as_ref()))
    }
}
