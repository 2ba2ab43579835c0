//! What a bucket has been told: permissions, tags, origins, rules.
//!
//! Each setting is put whole, read back as it was put, and taken away; what never was told is an error of its own in S3.
//! A setting is checked when it is put, so that what stands here can be carried out.

use super::policy::Policy;
use super::{Bucket, Sink, tags};
use crate::call::s3::configuration::{
    Acl, Attributes, CorsRule, LifecycleRule, ObjectOwnership, PublicAccessBlock, Tags,
};
use crate::call::{CallError, ObjectId};

/// Rules of a bucket's CORS at most.
const MAX_CORS_RULES: usize = 100;
/// Tags of a bucket at most.
const MAX_BUCKET_TAGS: usize = 50;

/// See the module.
#[derive(Debug, Default)]
pub struct Settings {
    /// `x-amz-acl`
    pub acl: Acl,
    /// The bucket policy.
    pub policy: Option<Policy>,
    /// Tags.
    pub tags: Option<Tags>,
    /// From which origins a browser may ask.
    pub cors: Vec<CorsRule>,
    /// What goes when.
    pub lifecycle: Vec<LifecycleRule>,
    /// What is not to be public.
    pub public_access_block: Option<PublicAccessBlock>,
    /// Whose objects are, and whether there are ACLs.
    pub ownership: Option<ObjectOwnership>,
}

impl Bucket {
    /// # Errors
    /// `AccessControlListNotSupported` where ACLs are disabled, `AccessDenied` where public ones are blocked.
    pub(super) fn check_acl(&self, acl: Acl) -> Result<(), CallError> {
        if acl == Acl::Private {
            return Ok(());
        }
        if self.settings.ownership == Some(ObjectOwnership::BucketOwnerEnforced) {
            return Err(CallError::rejected("AccessControlListNotSupported", 400, "The bucket does not allow ACLs"));
        }
        let public = acl != Acl::AuthenticatedRead;
        if public && self.settings.public_access_block.is_some_and(|block| block.block_public_acls) {
            return Err(CallError::rejected("AccessDenied", 403, "Access Denied"));
        }
        Ok(())
    }
}

impl Sink {
    /// S3 `PutBucketPolicy`.
    ///
    /// # Errors
    /// `NoSuchBucket`; `MalformedPolicy`; `NotImplemented` for conditions that are not understood; `AccessDenied` for a public
    /// policy where those are blocked.
    pub fn put_policy(&mut self, name: &str, text: &str) -> Result<(), CallError> {
        let bucket = self.bucket_mut(name)?;
        let policy = Policy::parse(name, text)?;
        if policy.is_public() && bucket.settings.public_access_block.is_some_and(|block| block.block_public_policy) {
            return Err(CallError::rejected("AccessDenied", 403, "Access Denied"));
        }
        bucket.settings.policy = Some(policy);
        Ok(())
    }

    /// The policy, for `GetBucketPolicy` and `GetBucketPolicyStatus`.
    ///
    /// # Errors
    /// `NoSuchBucket`, `NoSuchBucketPolicy`.
    pub fn policy(&self, bucket: &str) -> Result<&Policy, CallError> {
        self.bucket(bucket)?
            .settings
            .policy
            .as_ref()
            .ok_or_else(|| CallError::rejected("NoSuchBucketPolicy", 404, "The bucket policy does not exist"))
    }

    /// S3 `PutBucketAcl`.
    ///
    /// # Errors
    /// `NoSuchBucket`; `AccessControlListNotSupported`; `AccessDenied` for a public ACL where those are blocked.
    pub fn put_bucket_acl(&mut self, bucket: &str, acl: Acl) -> Result<(), CallError> {
        let bucket = self.bucket_mut(bucket)?;
        bucket.check_acl(acl)?;
        bucket.settings.acl = acl;
        Ok(())
    }

    /// S3 `GetObjectAcl`.
    ///
    /// # Errors
    /// `NoSuchBucket`, `NoSuchKey`, `NoSuchVersion`; `MethodNotAllowed` for a delete marker.
    pub fn object_acl(&mut self, bucket: &str, id: &ObjectId) -> Result<Acl, CallError> {
        let content = self.bucket_mut(bucket)?.with_data(id)?.content.as_ref();
        Ok(content.and_then(|content| content.attributes.as_ref()).map_or(Acl::Private, |attributes| attributes.acl))
    }

    /// S3 `PutObjectAcl`.
    ///
    /// # Errors
    /// As [`Sink::object_acl`] and [`Sink::put_bucket_acl`].
    pub fn put_object_acl(&mut self, bucket: &str, id: &ObjectId, acl: Acl) -> Result<(), CallError> {
        let bucket = self.bucket_mut(bucket)?;
        bucket.check_acl(acl)?;
        if let Some(content) = &mut bucket.with_data(id)?.content {
            let told = content.attributes.as_deref().cloned().unwrap_or_default();
            content.attributes = super::write::kept(&Attributes { acl, ..told });
        }
        Ok(())
    }

    /// S3 `PutBucketTagging`.
    ///
    /// # Errors
    /// `NoSuchBucket`, `InvalidTag`.
    pub fn put_bucket_tags(&mut self, bucket: &str, put: &Tags) -> Result<(), CallError> {
        let bucket = self.bucket_mut(bucket)?;
        tags::check(put, MAX_BUCKET_TAGS)?;
        bucket.settings.tags = Some(put.clone());
        Ok(())
    }

    /// S3 `GetBucketTagging`.
    ///
    /// # Errors
    /// `NoSuchBucket`, `NoSuchTagSet`.
    pub fn bucket_tags(&self, bucket: &str) -> Result<Tags, CallError> {
        let tags = self.bucket(bucket)?.settings.tags.clone();
        tags.ok_or_else(|| CallError::rejected("NoSuchTagSet", 404, "The TagSet does not exist"))
    }

    /// S3 `PutBucketCors`.
    ///
    /// # Errors
    /// `NoSuchBucket`; `MalformedXML` for no rules or more than 100; `InvalidRequest` for a method or a wildcard that S3 does
    /// not take.
    pub fn put_cors(&mut self, bucket: &str, rules: &[CorsRule]) -> Result<(), CallError> {
        let bucket = self.bucket_mut(bucket)?;
        if rules.is_empty() || rules.len() > MAX_CORS_RULES {
            return Err(super::malformed_xml());
        }
        for rule in rules {
            if let Some(method) = rule.methods.iter().find(|method| !METHODS.contains(&method.as_str())) {
                let what = format!("Found unsupported HTTP method in CORS config. Unsupported method is {method}");
                return Err(CallError::rejected("InvalidRequest", 400, what));
            }
            if rule.origins.is_empty() || rule.methods.is_empty() {
                return Err(super::malformed_xml());
            }
            let starred = rule.origins.iter().chain(&rule.headers).find(|text| text.matches('*').count() > 1);
            if let Some(text) = starred {
                let what = format!("AllowedOrigin \"{text}\" can not have more than one wildcard.");
                return Err(CallError::rejected("InvalidRequest", 400, what));
            }
        }
        bucket.settings.cors = rules.to_vec();
        Ok(())
    }

    /// S3 `GetBucketCors`.
    ///
    /// # Errors
    /// `NoSuchBucket`, `NoSuchCORSConfiguration`.
    pub fn cors(&self, bucket: &str) -> Result<Vec<CorsRule>, CallError> {
        let rules = &self.bucket(bucket)?.settings.cors;
        if rules.is_empty() {
            return Err(CallError::rejected("NoSuchCORSConfiguration", 404, "The CORS configuration does not exist"));
        }
        Ok(rules.clone())
    }

    /// S3 `GetPublicAccessBlock`.
    ///
    /// # Errors
    /// `NoSuchBucket`, `NoSuchPublicAccessBlockConfiguration`.
    pub fn public_access_block(&self, bucket: &str) -> Result<PublicAccessBlock, CallError> {
        self.bucket(bucket)?.settings.public_access_block.ok_or_else(|| {
            CallError::rejected(
                "NoSuchPublicAccessBlockConfiguration",
                404,
                "The public access block configuration was not found",
            )
        })
    }

    /// S3 `GetBucketOwnershipControls`.
    ///
    /// # Errors
    /// `NoSuchBucket`, `OwnershipControlsNotFoundError`.
    pub fn ownership(&self, bucket: &str) -> Result<ObjectOwnership, CallError> {
        self.bucket(bucket)?.settings.ownership.ok_or_else(|| {
            CallError::rejected("OwnershipControlsNotFoundError", 404, "The bucket ownership controls were not found")
        })
    }

    /// What a bucket has been told, to be changed without any condition.
    ///
    /// # Errors
    /// `NoSuchBucket`.
    pub fn settings_mut(&mut self, bucket: &str) -> Result<&mut Settings, CallError> {
        Ok(&mut self.bucket_mut(bucket)?.settings)
    }

    /// What a bucket has been told.
    ///
    /// # Errors
    /// `NoSuchBucket`.
    pub fn settings(&self, bucket: &str) -> Result<&Settings, CallError> {
        Ok(&self.bucket(bucket)?.settings)
    }
}

const METHODS: [&str; 5] = ["GET", "PUT", "POST", "DELETE", "HEAD"];
