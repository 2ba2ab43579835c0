//! Listings with all that S3 can be asked: delimiters, where to begin, storage classes, pages of uploads.
//!
//! Keys that are alike up to a delimiter behind the prefix are one row, their common prefix, wherever they stand; a row is a
//! row for the size of a page. What a page ends with is all that the next one needs.

use std::ops::Bound;
use std::sync::Arc;

use super::list::{key_of_token, token_of_key};
use super::{Content, MAX_KEYS, Sink, Version};
use crate::call::s3::answer::{ListedObject, ListedUpload, ObjectsPage, UploadsPage, VersionsPage};
use crate::call::s3::configuration::ChecksumType;
use crate::call::s3::request::{ListObjects, ListUploads, ListVersions};
use crate::call::{CallError, MultipartUpload, ObjectSummary, ObjectVersion};
use crate::time::Time;

/// The common prefix of a key; none: it is a row of its own.
fn rolled_up<'k>(key: &'k str, prefix: &str, delimiter: Option<&str>) -> Option<&'k str> {
    let delimiter = delimiter.filter(|delimiter| !delimiter.is_empty())?;
    let at = key[prefix.len()..].find(delimiter)?;
    Some(&key[..prefix.len() + at + delimiter.len()])
}

/// Behind every key that begins so, as far as keys are text.
fn behind(prefix: &str) -> String {
    format!("{prefix}{}", char::MAX)
}

impl Sink {
    /// S3 `ListObjects` and `ListObjectsV2`; of the bucket as it was at a moment, or as it is.
    ///
    /// # Errors
    /// `NoSuchBucket`; `InvalidArgument` for a token that no page ended with.
    pub fn list_objects(
        &self,
        moment: Option<Time>,
        bucket: &str,
        list: &ListObjects,
    ) -> Result<ObjectsPage, CallError> {
        let bucket = self.bucket(bucket)?;
        let past = moment.map(|moment| bucket.at(moment, &list.prefix));
        let bucket = past.as_ref().unwrap_or(bucket);
        let from_token = list.token.as_deref().map(key_of_token).transpose()?;
        let after = from_token.as_ref().or(list.after.as_ref()).filter(|after| !after.is_empty());
        let most = self.rows(list.max_keys);
        let mut page = ObjectsPage::default();
        if most == 0 {
            return Ok(page);
        }
        let delimiter = list.delimiter.as_deref();
        // A page that ended with a common prefix has shown all that it stands for.
        let shown = after.filter(|after| {
            after.starts_with(&list.prefix) && rolled_up(after, &list.prefix, delimiter) == Some(after.as_str())
        });
        let mut from = match (shown, after) {
            (Some(shown), _) => Bound::Included(behind(shown)),
            (None, Some(after)) => Bound::Excluded(after.clone()),
            (None, None) => Bound::Unbounded,
        };
        // The key or common prefix that the page ends with.
        let ended = |page: &ObjectsPage| {
            let key = page.contents.last().map(|listed| &*listed.summary.key);
            let common = page.common_prefixes.last().map(String::as_str);
            key.max(common).map(|last| (last.to_owned(), token_of_key(last)))
        };
        // Each turn goes up to the next common prefix, which is jumped over.
        loop {
            let mut jump = None;
            for (key, versions) in bucket.with_prefix(&list.prefix, borrowed(&from)) {
                let Some(version) = versions.current() else { continue };
                let Some(content) = version.content.as_ref() else { continue };
                if page.contents.len() + page.common_prefixes.len() == most {
                    page.next = ended(&page);
                    return Ok(page);
                }
                if let Some(common) = rolled_up(key, &list.prefix, delimiter) {
                    page.common_prefixes.push(common.to_owned());
                    jump = Some(Bound::Included(behind(common)));
                    break;
                }
                page.contents.push(self.listed(key, version, content));
            }
            match jump {
                Some(further) => from = further,
                None => return Ok(page),
            }
        }
    }

    fn listed(&self, key: &Arc<str>, version: &Version, content: &Content) -> ListedObject {
        let attributes = content.attributes.as_deref();
        let checksum = attributes.and_then(|attributes| attributes.checksum.as_ref()).map(|sum| {
            let kind = if sum.parts.is_some() { ChecksumType::Composite } else { ChecksumType::FullObject };
            (sum.algorithm, kind)
        });
        ListedObject {
            summary: ObjectSummary {
                key: Arc::clone(key),
                size: content.size,
                etag: self.media.etag_of(content),
                last_modified: version.at,
            },
            storage_class: attributes.and_then(|attributes| attributes.storage_class.clone()),
            checksum,
        }
    }

    /// S3 `ListObjectVersions`; of the bucket as it was at a moment, or as it is.
    ///
    /// # Errors
    /// `NoSuchBucket`; `InvalidArgument` for a version marker without a key marker.
    pub fn list_versions(
        &self,
        moment: Option<Time>,
        bucket: &str,
        list: &ListVersions,
    ) -> Result<VersionsPage, CallError> {
        let bucket = self.bucket(bucket)?;
        let past = moment.map(|moment| bucket.at(moment, &list.prefix));
        let bucket = past.as_ref().unwrap_or(bucket);
        let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        let (key_marker, version_marker) = (given(&list.key_marker), given(&list.version_id_marker));
        if version_marker.is_some() && key_marker.is_none() {
            return Err(CallError::rejected(
                "InvalidArgument",
                400,
                "A version-id marker cannot be specified without a key marker.",
            ));
        }
        let most = self.rows(list.max_keys);
        let mut page = VersionsPage::default();
        if most == 0 {
            return Ok(page);
        }
        let delimiter = list.delimiter.as_deref();
        let shown = key_marker.as_ref().filter(|marker| {
            marker.starts_with(&list.prefix) && rolled_up(marker, &list.prefix, delimiter) == Some(marker.as_str())
        });
        let mut from = match (shown, &key_marker, &version_marker) {
            (Some(shown), ..) => Bound::Included(behind(shown)),
            (None, Some(key), Some(_)) => Bound::Included(key.clone()),
            (None, Some(key), None) => Bound::Excluded(key.clone()),
            (None, None, _) => Bound::Unbounded,
        };
        let mut ended = None;
        loop {
            let mut jump = None;
            'keys: for (key, versions) in bucket.with_prefix(&list.prefix, borrowed(&from)) {
                let common = rolled_up(key, &list.prefix, delimiter);
                let listed = version_marker
                    .as_ref()
                    .filter(|_| key_marker.as_deref() == Some(&**key))
                    .and_then(|marker| versions.0.iter().rposition(|version| version.name() == marker));
                // Newest first is from the end; what stands from `listed` on was on the page before.
                let left = &versions.0[..listed.unwrap_or(versions.0.len())];
                for (place, version) in left.iter().enumerate().rev() {
                    if page.versions.len() + page.common_prefixes.len() == most {
                        page.next = ended;
                        return Ok(page);
                    }
                    if let Some(common) = common {
                        page.common_prefixes.push(common.to_owned());
                        ended = Some((common.to_owned(), None));
                        jump = Some(Bound::Included(behind(common)));
                        break 'keys;
                    }
                    ended = Some((key.as_ref().to_owned(), Some(version.name().to_owned())));
                    let row = ObjectVersion {
                        key: key.as_ref().to_owned(),
                        version_id: version.name().to_owned(),
                        is_latest: place + 1 == versions.0.len(),
                        delete_marker: version.is_marker(),
                        size: version.content.as_ref().map_or(0, |content| content.size),
                        last_modified: version.at,
                    };
                    let listed = version.content.as_ref().map(|content| self.listed(key, version, content));
                    page.versions.push((row, listed));
                }
            }
            match jump {
                Some(further) => from = further,
                None => return Ok(page),
            }
        }
    }

    /// S3 `ListMultipartUploads`: by key, the oldest of a key first.
    ///
    /// # Errors
    /// `NoSuchBucket`.
    pub fn list_uploads(&self, bucket: &str, list: &ListUploads) -> Result<UploadsPage, CallError> {
        let bucket = self.bucket(bucket)?;
        let most = self.rows(list.max_uploads);
        let mut uploads: Vec<_> = bucket.uploads.iter().filter(|((key, _), _)| key.starts_with(&list.prefix)).collect();
        uploads.sort_by(|((one, one_id), first), ((other, other_id), second)| {
            (one, first.initiated, one_id).cmp(&(other, second.initiated, other_id))
        });
        let delimiter = list.delimiter.as_deref();
        let key_marker = list.key_marker.as_deref().filter(|marker| !marker.is_empty());
        let id_marker = list.upload_id_marker.as_deref().filter(|marker| !marker.is_empty());
        let mut page = UploadsPage::default();
        // Whether the upload of the marker has come by, among those of its key.
        let mut passed = false;
        let mut ended = None;
        for ((key, id), upload) in uploads {
            let common = rolled_up(key, &list.prefix, delimiter);
            if let Some(marker) = key_marker {
                let before = match key.as_str().cmp(marker) {
                    std::cmp::Ordering::Less => true,
                    std::cmp::Ordering::Equal => {
                        let before = !passed;
                        passed |= id_marker == Some(id.as_str());
                        before
                    }
                    std::cmp::Ordering::Greater => common == Some(marker),
                };
                if before {
                    continue;
                }
            }
            if common.is_some_and(|common| page.common_prefixes.last().is_some_and(|last| last == common)) {
                continue;
            }
            if page.uploads.len() + page.common_prefixes.len() == most {
                page.next = ended;
                return Ok(page);
            }
            if let Some(common) = common {
                ended = Some((common.to_owned(), None));
                page.common_prefixes.push(common.to_owned());
                continue;
            }
            ended = Some((key.clone(), Some(id.clone())));
            page.uploads.push(ListedUpload {
                upload: MultipartUpload { key: key.clone(), upload_id: id.clone(), initiated: upload.initiated },
                storage_class: upload.attributes.as_ref().and_then(|told| told.storage_class.clone()),
                checksum: upload.checksum,
            });
        }
        Ok(page)
    }

    /// Rows of one page.
    pub(super) fn rows(&self, asked: Option<u32>) -> usize {
        asked.map_or(MAX_KEYS, |asked| asked as usize).min(self.list_page)
    }
}

fn borrowed(bound: &Bound<String>) -> Bound<&str> {
    match bound {
        Bound::Included(key) => Bound::Included(key),
        Bound::Excluded(key) => Bound::Excluded(key),
        Bound::Unbounded => Bound::Unbounded,
    }
}
