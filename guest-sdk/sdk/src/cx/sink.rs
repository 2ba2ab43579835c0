//! One bucket of the S3 sink.

use crate::bindings::egress_sim::operator::sink::{
    BucketVersioning, ByteRange, DeleteResult, DeletedObject, HeadResult, ListObjectVersionsPage, ListObjectsPage,
    MultipartUpload, Object, ObjectId, ObjectSummary, ObjectVersion, PutResult, VersionMarker,
};
use crate::error::Result;
use crate::imports::Imports;

/// See [`super::Cx::sink`].
pub struct Sink<'a> {
    pub(super) imports: &'a mut dyn Imports,
    pub(super) bucket: &'a str,
}

impl ObjectId {
    /// A key as a whole: on a versioned bucket its current version.
    pub fn key(key: &str) -> ObjectId {
        ObjectId { key: key.to_owned(), version_id: None }
    }

    /// One version of a key; `null` is one too.
    pub fn version(key: &str, version_id: &str) -> ObjectId {
        ObjectId { key: key.to_owned(), version_id: Some(version_id.to_owned()) }
    }
}

impl Sink<'_> {
    fn name(&self) -> String {
        self.bucket.to_owned()
    }

    /// `HeadObject`; a 404 is an answer.
    pub fn head(&mut self, key: &str) -> Result<HeadResult> {
        Ok(self.imports.head_object(self.name(), ObjectId::key(key))?)
    }

    /// `GetObject`, the whole of it.
    pub fn get(&mut self, key: &str) -> Result<Object> {
        Ok(self.imports.get_object(self.name(), ObjectId::key(key), None)?)
    }

    /// `GetObject` with a range, both ends inclusive.
    pub fn get_range(&mut self, key: &str, first: u64, last: u64) -> Result<Object> {
        Ok(self.imports.get_object(self.name(), ObjectId::key(key), Some(ByteRange { first, last }))?)
    }

    /// `PutObject`
    pub fn put(&mut self, key: &str, content_type: &str, body: Vec<u8>) -> Result<PutResult> {
        Ok(self.imports.put_object(self.name(), key.to_owned(), content_type.to_owned(), body)?)
    }

    /// `DeleteObject`. Without a version, a versioned bucket only puts a marker on top.
    pub fn delete(&mut self, id: ObjectId) -> Result<DeletedObject> {
        Ok(self.imports.delete_object(self.name(), id)?)
    }

    /// `DeleteObjects`, at most 1,000 at once, answering with the errors only. It answers 200 whatever happened to the
    /// single keys: read `errors`.
    pub fn delete_batch(&mut self, objects: Vec<ObjectId>) -> Result<DeleteResult> {
        Ok(self.imports.delete_objects(self.name(), objects, true)?)
    }

    /// One page of `ListObjectsV2`; `max_keys` 0 is S3's default of 1,000.
    pub fn objects_page(&mut self, prefix: &str, token: Option<String>, max_keys: u32) -> Result<ListObjectsPage> {
        Ok(self.imports.list_objects_v2(self.name(), prefix.to_owned(), token, max_keys)?)
    }

    /// `ListObjectsV2` to its last page: one call a page.
    pub fn objects(&mut self, prefix: &str) -> Result<Vec<ObjectSummary>> {
        let mut all = Vec::new();
        let mut token = None;
        loop {
            let page = self.objects_page(prefix, token, 0)?;
            all.extend(page.contents);
            token = page.next_continuation_token;
            if token.is_none() {
                return Ok(all);
            }
        }
    }

    /// One page of `ListObjectVersions`; `max_keys` 0 is S3's default of 1,000.
    pub fn versions_page(
        &mut self,
        prefix: &str,
        marker: Option<VersionMarker>,
        max_keys: u32,
    ) -> Result<ListObjectVersionsPage> {
        Ok(self.imports.list_object_versions(self.name(), prefix.to_owned(), marker, max_keys)?)
    }

    /// `ListObjectVersions` to its last page, delete markers among them: one call a page.
    pub fn versions(&mut self, prefix: &str) -> Result<Vec<ObjectVersion>> {
        let mut all = Vec::new();
        let mut marker = None;
        loop {
            let page = self.versions_page(prefix, marker, 0)?;
            all.extend(page.versions);
            marker = page.next;
            if marker.is_none() {
                return Ok(all);
            }
        }
    }

    /// `ListMultipartUploads`: what was begun and never finished. No list and no HEAD shows it.
    pub fn uploads(&mut self, prefix: &str) -> Result<Vec<MultipartUpload>> {
        Ok(self.imports.list_multipart_uploads(self.name(), prefix.to_owned())?)
    }

    /// `AbortMultipartUpload`
    pub fn abort_upload(&mut self, key: &str, upload_id: &str) -> Result<()> {
        Ok(self.imports.abort_multipart_upload(self.name(), key.to_owned(), upload_id.to_owned())?)
    }

    /// `GetBucketVersioning`
    pub fn versioning(&mut self) -> Result<BucketVersioning> {
        Ok(self.imports.get_bucket_versioning(self.name())?)
    }
}
