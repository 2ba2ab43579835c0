//! `ListObjectsV2` and `ListObjectVersions`.
//!
//! Keys come in the order of their bytes, pages are found by range and never by counting, and what a page ends with is all
//! that the next one needs: nothing is remembered between them.

use std::ops::Bound;
use std::sync::Arc;

use super::{Bucket, MAX_KEYS, Sink, Versions};
use crate::call::{CallError, ListObjectsPage, ListVersionsPage, ObjectSummary, ObjectVersion};
use crate::time::Time;

impl Sink {
    /// S3 `ListObjectsV2`: keys with a current version. `max_keys` 0 is the default of 1,000.
    ///
    /// # Errors
    /// `NoSuchBucket`; `InvalidArgument` for a token that no page ended with.
    pub fn list_objects_v2(
        &self,
        bucket: &str,
        prefix: &str,
        continuation_token: Option<&str>,
        max_keys: u32,
    ) -> Result<ListObjectsPage, CallError> {
        self.list_objects_v2_at(None, bucket, prefix, continuation_token, max_keys)
    }

    /// [`Sink::list_objects_v2`] of the bucket as it was at a moment; none: now.
    ///
    /// # Errors
    /// As [`Sink::list_objects_v2`].
    pub fn list_objects_v2_at(
        &self,
        moment: Option<Time>,
        bucket: &str,
        prefix: &str,
        continuation_token: Option<&str>,
        max_keys: u32,
    ) -> Result<ListObjectsPage, CallError> {
        let bucket = self.bucket(bucket)?;
        let past = moment.map(|moment| bucket.at(moment, prefix));
        let bucket = past.as_ref().unwrap_or(bucket);
        let behind = continuation_token.map(key_of_token).transpose()?;
        let from = behind.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
        let page = self.page(max_keys);
        let mut contents = Vec::new();
        for (key, versions) in bucket.with_prefix(prefix, from) {
            let Some((version, content)) =
                versions.current().and_then(|version| Some((version, version.content.as_ref()?)))
            else {
                continue;
            };
            if contents.len() == page {
                let next = contents.last().map(|last: &ObjectSummary| token_of_key(&last.key));
                return Ok(ListObjectsPage { contents, next_continuation_token: next });
            }
            contents.push(ObjectSummary {
                key: Arc::clone(key),
                size: content.size,
                etag: self.media.etag_of(content),
                last_modified: version.at,
            });
        }
        Ok(ListObjectsPage { contents, next_continuation_token: None })
    }

    /// S3 `ListObjectVersions`: every version and delete marker, the newest of a key first. `marker` is the last row of the
    /// page before; without a version id it stands behind the whole key. `max_keys` 0 is the default of 1,000.
    ///
    /// Where the marker's version was erased since, the page goes on with what is left of its key.
    ///
    /// # Errors
    /// `NoSuchBucket`.
    pub fn list_object_versions(
        &self,
        bucket: &str,
        prefix: &str,
        marker: Option<(&str, &str)>,
        max_keys: u32,
    ) -> Result<ListVersionsPage, CallError> {
        self.list_object_versions_at(None, bucket, prefix, marker, max_keys)
    }

    /// [`Sink::list_object_versions`] of the bucket as it was at a moment; none: now.
    ///
    /// # Errors
    /// As [`Sink::list_object_versions`].
    pub fn list_object_versions_at(
        &self,
        moment: Option<Time>,
        bucket: &str,
        prefix: &str,
        marker: Option<(&str, &str)>,
        max_keys: u32,
    ) -> Result<ListVersionsPage, CallError> {
        let bucket = self.bucket(bucket)?;
        let past = moment.map(|moment| bucket.at(moment, prefix));
        let bucket = past.as_ref().unwrap_or(bucket);
        let from = match marker {
            None => Bound::Unbounded,
            Some((key, "")) => Bound::Excluded(key),
            Some((key, _)) => Bound::Included(key),
        };
        let page = self.page(max_keys);
        let mut rows = Vec::new();
        for (key, versions) in bucket.with_prefix(prefix, from) {
            let listed = marker.filter(|(last, _)| *last == &**key).and_then(|(_, id)| versions.position(id));
            // Newest first is from the end; what stands from `listed` on was on the page before.
            let left = &versions.0[..listed.unwrap_or(versions.0.len())];
            for (place, version) in left.iter().enumerate().rev() {
                if rows.len() == page {
                    let next = rows.last().map(|last: &ObjectVersion| (last.key.clone(), last.version_id.clone()));
                    return Ok(ListVersionsPage { versions: rows, next });
                }
                rows.push(ObjectVersion {
                    key: key.as_ref().to_owned(),
                    version_id: version.name().to_owned(),
                    is_latest: place + 1 == versions.0.len(),
                    delete_marker: version.is_marker(),
                    size: version.content.as_ref().map_or(0, |content| content.size),
                    last_modified: version.at,
                });
            }
        }
        Ok(ListVersionsPage { versions: rows, next: None })
    }

    /// Rows of one page.
    fn page(&self, max_keys: u32) -> usize {
        let asked = if max_keys == 0 { MAX_KEYS } else { max_keys as usize };
        asked.min(self.list_page)
    }
}

impl Bucket {
    /// Keys that begin with `prefix` and lie behind `from`, in order of their bytes.
    pub fn with_prefix<'b>(
        &'b self,
        prefix: &'b str,
        from: Bound<&str>,
    ) -> impl Iterator<Item = (&'b Arc<str>, &'b Versions)> {
        let from = match from {
            Bound::Included(key) | Bound::Excluded(key) if key >= prefix => from,
            _ => Bound::Included(prefix),
        };
        self.keys.range(from).take_while(move |(key, _)| key.starts_with(prefix))
    }
}

/// A token says which key was the last one, in hexadecimal, so that nobody takes it for a key.
pub(super) fn token_of_key(key: &str) -> String {
    use std::fmt::Write as _;
    let mut token = String::with_capacity(key.len() * 2);
    for byte in key.bytes() {
        write!(token, "{byte:02x}").expect("a String takes all that is written to it");
    }
    token
}

pub(super) fn key_of_token(token: &str) -> Result<String, CallError> {
    let nibble = |letter: &u8| char::from(*letter).to_digit(16);
    let byte = |pair: &[u8]| Some((nibble(pair.first()?)? << 4 | nibble(pair.get(1)?)?) as u8);
    let key: Option<Vec<u8>> = token.as_bytes().chunks(2).map(byte).collect();
    key.and_then(|key| String::from_utf8(key).ok())
        .ok_or_else(|| CallError::rejected("InvalidArgument", 400, "The continuation token provided is incorrect"))
}
