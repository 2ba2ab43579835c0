//! Who may: the owner unless a policy denies it, everybody else if a policy or an ACL allows it.

use super::policy::{Judgement, Question};
use super::{Bucket, Sink};
use crate::call::CallError;
use crate::call::s3::configuration::Acl;
use crate::call::s3::request::{ListObjects, ListVersions, Requester, S3Operation, S3Request};

impl Sink {
    /// Whether a request may be carried out, as far as that can be said before it is.
    ///
    /// # Errors
    /// `AccessDenied`.
    pub fn authorize(&self, request: &S3Request) -> Result<(), CallError> {
        let Some(action) = request.action() else { return Ok(()) };
        let Some(bucket) = self.buckets.get(&request.bucket) else {
            // That a bucket is not there, everybody is told.
            let about_all = matches!(request.operation, S3Operation::ListBuckets(_) | S3Operation::CreateBucket(_));
            return if about_all && request.requester == Requester::Anonymous { Err(denied()) } else { Ok(()) };
        };
        let key = request.id().map(|(key, _)| key);
        let (prefix, delimiter) = match &request.operation {
            S3Operation::ListObjects(ListObjects { prefix, delimiter, .. })
            | S3Operation::ListObjectsV2(ListObjects { prefix, delimiter, .. })
            | S3Operation::ListObjectVersions(ListVersions { prefix, delimiter, .. }) => {
                (Some(prefix.as_str()), delimiter.as_deref())
            }
            _ => (None, None),
        };
        let may = |action: &str| bucket.may(&request.bucket, request.requester, action, key, (prefix, delimiter));
        let also: &[(&str, bool)] = match &request.operation {
            S3Operation::PutObject(put) => &of_new_object(&put.object),
            S3Operation::CopyObject(copy) => &of_new_object(&copy.object),
            S3Operation::CreateMultipartUpload(create) => &of_new_object(&create.object),
            _ => &[],
        };
        if !may(action) || also.iter().any(|(action, asked)| *asked && !may(action)) {
            return Err(denied());
        }
        let source = match &request.operation {
            S3Operation::CopyObject(copy) => Some(&copy.source),
            S3Operation::UploadPartCopy(copy) => Some(&copy.source),
            _ => None,
        };
        if let Some(source) = source {
            let action = if source.id.version_id.is_some() { "s3:GetObjectVersion" } else { "s3:GetObject" };
            self.may(request.requester, &source.bucket, action, Some(&source.id.key))?;
        }
        Ok(())
    }

    /// # Errors
    /// `AccessDenied`.
    pub fn may(&self, requester: Requester, bucket: &str, action: &str, key: Option<&str>) -> Result<(), CallError> {
        match self.buckets.get(bucket) {
            None => Ok(()),
            Some(place) if place.may(bucket, requester, action, key, (None, None)) => Ok(()),
            Some(_) => Err(denied()),
        }
    }
}

/// What else it takes to make such an object.
fn of_new_object(object: &crate::call::s3::request::NewObject) -> [(&'static str, bool); 4] {
    [
        ("s3:PutObjectTagging", object.tags.is_some()),
        ("s3:PutObjectAcl", object.attributes.acl != Acl::Private),
        ("s3:PutObjectRetention", object.lock.is_some_and(|lock| lock.retention.is_some())),
        ("s3:PutObjectLegalHold", object.lock.is_some_and(|lock| lock.legal_hold.is_some())),
    ]
}

impl Bucket {
    /// Whether somebody may do something with the bucket, or a key of it.
    pub fn may(
        &self,
        name: &str,
        requester: Requester,
        action: &str,
        key: Option<&str>,
        (prefix, delimiter): (Option<&str>, Option<&str>),
    ) -> bool {
        let block = self.settings.public_access_block.unwrap_or_default();
        let judgement = self.settings.policy.as_ref().map_or(Judgement::Silent, |policy| {
            let resource = match key {
                Some(key) => format!("arn:aws:s3:::{name}/{key}"),
                None => format!("arn:aws:s3:::{name}"),
            };
            policy.judge(&Question { requester, action, resource: &resource, prefix, delimiter })
        });
        match (requester, judgement) {
            // The owner can always take back what locks them out.
            (Requester::Owner, Judgement::Denied) => action.ends_with("BucketPolicy"),
            (Requester::Owner, _) => true,
            (Requester::Anonymous, Judgement::Denied) => false,
            (Requester::Anonymous, Judgement::Allowed) if !block.restrict_public_buckets => true,
            (Requester::Anonymous, _) => self.is_open(action, key, block.ignore_public_acls),
        }
    }

    /// Whether ACLs let everybody.
    fn is_open(&self, action: &str, key: Option<&str>, ignore_acls: bool) -> bool {
        let reads = |acl| matches!(acl, Acl::PublicRead | Acl::PublicReadWrite);
        let current =
            || key.and_then(|key| self.keys.get(key)).and_then(|versions| versions.current()?.content.as_ref());
        let of_object = || match current() {
            Some(content) => content.attributes.as_ref().map_or(Acl::Private, |attributes| attributes.acl),
            // That something is not there, whoever may list is told.
            None => self.settings.acl,
        };
        match action {
            "s3:GetObject" => self.public || (!ignore_acls && reads(of_object())),
            "s3:ListBucket" | "s3:ListBucketVersions" | "s3:ListBucketMultipartUploads" => {
                !ignore_acls && reads(self.settings.acl)
            }
            "s3:PutObject" | "s3:DeleteObject" => !ignore_acls && self.settings.acl == Acl::PublicReadWrite,
            _ => false,
        }
    }
}

pub(super) fn denied() -> CallError {
    CallError::rejected("AccessDenied", 403, "Access Denied")
}
