//! What an S3 operation is called, whether it changes anything, and which permission it takes.

use super::request::{S3Operation, S3Request};

impl S3Operation {
    /// The name that faults anchor to with `on`: `s3.put_bucket_policy`. What the contract has too has the contract's name.
    pub const fn name(&self) -> &'static str {
        match self {
            S3Operation::ListBuckets(_) => "s3.list_buckets",
            S3Operation::CreateBucket(_) => "s3.create_bucket",
            S3Operation::HeadBucket => "s3.head_bucket",
            S3Operation::GetBucketLocation => "s3.get_bucket_location",
            S3Operation::DeleteBucket => "s3.delete_bucket",
            S3Operation::GetBucketVersioning => "s3.get_bucket_versioning",
            S3Operation::PutBucketVersioning(_) => "s3.put_bucket_versioning",
            S3Operation::GetObjectLockConfiguration => "s3.get_object_lock_configuration",
            S3Operation::PutObjectLockConfiguration(_) => "s3.put_object_lock_configuration",
            S3Operation::GetBucketPolicy => "s3.get_bucket_policy",
            S3Operation::PutBucketPolicy(_) => "s3.put_bucket_policy",
            S3Operation::DeleteBucketPolicy => "s3.delete_bucket_policy",
            S3Operation::GetBucketPolicyStatus => "s3.get_bucket_policy_status",
            S3Operation::GetBucketAcl => "s3.get_bucket_acl",
            S3Operation::PutBucketAcl(_) => "s3.put_bucket_acl",
            S3Operation::GetBucketTagging => "s3.get_bucket_tagging",
            S3Operation::PutBucketTagging(_) => "s3.put_bucket_tagging",
            S3Operation::DeleteBucketTagging => "s3.delete_bucket_tagging",
            S3Operation::GetBucketCors => "s3.get_bucket_cors",
            S3Operation::PutBucketCors(_) => "s3.put_bucket_cors",
            S3Operation::DeleteBucketCors => "s3.delete_bucket_cors",
            S3Operation::GetBucketLifecycleConfiguration => "s3.get_bucket_lifecycle_configuration",
            S3Operation::PutBucketLifecycleConfiguration(_) => "s3.put_bucket_lifecycle_configuration",
            S3Operation::DeleteBucketLifecycle => "s3.delete_bucket_lifecycle",
            S3Operation::GetPublicAccessBlock => "s3.get_public_access_block",
            S3Operation::PutPublicAccessBlock(_) => "s3.put_public_access_block",
            S3Operation::DeletePublicAccessBlock => "s3.delete_public_access_block",
            S3Operation::GetBucketOwnershipControls => "s3.get_bucket_ownership_controls",
            S3Operation::PutBucketOwnershipControls(_) => "s3.put_bucket_ownership_controls",
            S3Operation::DeleteBucketOwnershipControls => "s3.delete_bucket_ownership_controls",
            S3Operation::Options(_) => "s3.options",
            S3Operation::HeadObject(_) => "s3.head_object",
            S3Operation::GetObject(_) => "s3.get_object",
            S3Operation::GetObjectAttributes(_) => "s3.get_object_attributes",
            S3Operation::PutObject(_) => "s3.put_object",
            S3Operation::CopyObject(_) => "s3.copy_object",
            S3Operation::DeleteObject(_) => "s3.delete_object",
            S3Operation::DeleteObjects(_) => "s3.delete_objects",
            S3Operation::GetObjectTagging(_) => "s3.get_object_tagging",
            S3Operation::PutObjectTagging(..) => "s3.put_object_tagging",
            S3Operation::DeleteObjectTagging(_) => "s3.delete_object_tagging",
            S3Operation::GetObjectAcl(_) => "s3.get_object_acl",
            S3Operation::PutObjectAcl(..) => "s3.put_object_acl",
            S3Operation::GetObjectRetention(_) => "s3.get_object_retention",
            S3Operation::PutObjectRetention(_) => "s3.put_object_retention",
            S3Operation::GetObjectLegalHold(_) => "s3.get_object_legal_hold",
            S3Operation::PutObjectLegalHold(..) => "s3.put_object_legal_hold",
            S3Operation::ListObjects(_) => "s3.list_objects",
            S3Operation::ListObjectsV2(_) => "s3.list_objects_v2",
            S3Operation::ListObjectVersions(_) => "s3.list_object_versions",
            S3Operation::CreateMultipartUpload(_) => "s3.create_multipart_upload",
            S3Operation::UploadPart(_) => "s3.upload_part",
            S3Operation::UploadPartCopy(_) => "s3.upload_part_copy",
            S3Operation::CompleteMultipartUpload(_) => "s3.complete_multipart_upload",
            S3Operation::AbortMultipartUpload(_) => "s3.abort_multipart_upload",
            S3Operation::ListParts(_) => "s3.list_parts",
            S3Operation::ListMultipartUploads(_) => "s3.list_multipart_uploads",
        }
    }

    /// Whether it changes anything.
    pub fn is_mutating(&self) -> bool {
        let (_, name) = self.name().split_once('.').expect("a surface and a name");
        let reads = ["get_", "head_", "list_", "options"];
        !reads.iter().any(|beginning| name.starts_with(beginning))
    }
}

impl S3Request {
    /// The permission that it takes, as policies name it; none: a question that everybody may ask.
    ///
    /// What a request takes beside it, for its tags, its source or the keys of a batch, the sink asks for where it does it.
    pub fn action(&self) -> Option<&'static str> {
        let versioned = self.id().is_some_and(|(_, version)| version.is_some());
        let either = |plain, of_version| if versioned { of_version } else { plain };
        Some(match &self.operation {
            S3Operation::ListBuckets(_) => "s3:ListAllMyBuckets",
            S3Operation::CreateBucket(_) => "s3:CreateBucket",
            S3Operation::HeadBucket | S3Operation::ListObjects(_) | S3Operation::ListObjectsV2(_) => "s3:ListBucket",
            S3Operation::GetBucketLocation => "s3:GetBucketLocation",
            S3Operation::DeleteBucket => "s3:DeleteBucket",
            S3Operation::GetBucketVersioning => "s3:GetBucketVersioning",
            S3Operation::PutBucketVersioning(_) => "s3:PutBucketVersioning",
            S3Operation::GetObjectLockConfiguration => "s3:GetBucketObjectLockConfiguration",
            S3Operation::PutObjectLockConfiguration(_) => "s3:PutBucketObjectLockConfiguration",
            S3Operation::GetBucketPolicy => "s3:GetBucketPolicy",
            S3Operation::PutBucketPolicy(_) => "s3:PutBucketPolicy",
            S3Operation::DeleteBucketPolicy => "s3:DeleteBucketPolicy",
            S3Operation::GetBucketPolicyStatus => "s3:GetBucketPolicyStatus",
            S3Operation::GetBucketAcl => "s3:GetBucketAcl",
            S3Operation::PutBucketAcl(_) => "s3:PutBucketAcl",
            S3Operation::GetBucketTagging => "s3:GetBucketTagging",
            S3Operation::PutBucketTagging(_) | S3Operation::DeleteBucketTagging => "s3:PutBucketTagging",
            S3Operation::GetBucketCors => "s3:GetBucketCORS",
            S3Operation::PutBucketCors(_) | S3Operation::DeleteBucketCors => "s3:PutBucketCORS",
            S3Operation::GetBucketLifecycleConfiguration => "s3:GetLifecycleConfiguration",
            S3Operation::PutBucketLifecycleConfiguration(_) | S3Operation::DeleteBucketLifecycle => {
                "s3:PutLifecycleConfiguration"
            }
            S3Operation::GetPublicAccessBlock => "s3:GetBucketPublicAccessBlock",
            S3Operation::PutPublicAccessBlock(_) | S3Operation::DeletePublicAccessBlock => {
                "s3:PutBucketPublicAccessBlock"
            }
            S3Operation::GetBucketOwnershipControls => "s3:GetBucketOwnershipControls",
            S3Operation::PutBucketOwnershipControls(_) | S3Operation::DeleteBucketOwnershipControls => {
                "s3:PutBucketOwnershipControls"
            }
            S3Operation::HeadObject(_) | S3Operation::GetObject(_) => either("s3:GetObject", "s3:GetObjectVersion"),
            S3Operation::GetObjectAttributes(_) => either("s3:GetObjectAttributes", "s3:GetObjectVersionAttributes"),
            S3Operation::PutObject(_)
            | S3Operation::CopyObject(_)
            | S3Operation::CreateMultipartUpload(_)
            | S3Operation::UploadPart(_)
            | S3Operation::UploadPartCopy(_)
            | S3Operation::CompleteMultipartUpload(_) => "s3:PutObject",
            S3Operation::DeleteObject(_) => either("s3:DeleteObject", "s3:DeleteObjectVersion"),
            // Of a batch it is asked for each key.
            S3Operation::Options(_) | S3Operation::DeleteObjects(_) => return None,
            S3Operation::GetObjectTagging(_) => either("s3:GetObjectTagging", "s3:GetObjectVersionTagging"),
            S3Operation::PutObjectTagging(..) => either("s3:PutObjectTagging", "s3:PutObjectVersionTagging"),
            S3Operation::DeleteObjectTagging(_) => either("s3:DeleteObjectTagging", "s3:DeleteObjectVersionTagging"),
            S3Operation::GetObjectAcl(_) => either("s3:GetObjectAcl", "s3:GetObjectVersionAcl"),
            S3Operation::PutObjectAcl(..) => either("s3:PutObjectAcl", "s3:PutObjectVersionAcl"),
            S3Operation::GetObjectRetention(_) => "s3:GetObjectRetention",
            S3Operation::PutObjectRetention(_) => "s3:PutObjectRetention",
            S3Operation::GetObjectLegalHold(_) => "s3:GetObjectLegalHold",
            S3Operation::PutObjectLegalHold(..) => "s3:PutObjectLegalHold",
            S3Operation::ListObjectVersions(_) => "s3:ListBucketVersions",
            S3Operation::AbortMultipartUpload(_) => "s3:AbortMultipartUpload",
            S3Operation::ListParts(_) => "s3:ListMultipartUploadParts",
            S3Operation::ListMultipartUploads(_) => "s3:ListBucketMultipartUploads",
        })
    }
}
