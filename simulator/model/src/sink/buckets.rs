//! Buckets come and go.

use super::{Bucket, Change, ChangeKind, LockConfiguration, Settings, Sink};
use crate::call::s3::answer::BucketsPage;
use crate::call::s3::request::{CreateBucket, ListBuckets};
use crate::call::{CallError, Versioning};
use crate::time::Time;

/// Where a bucket is that does not say.
const DEFAULT_REGION: &str = "us-east-1";

impl Sink {
    /// S3 `ListBuckets`.
    pub fn list_buckets(&self, list: &ListBuckets) -> BucketsPage {
        let behind = |name: &&String| list.after.as_ref().is_none_or(|after| *name > after);
        let mut buckets = self
            .buckets
            .iter()
            .filter(|(name, _)| name.starts_with(&list.prefix) && behind(name))
            .map(|(name, bucket)| (name.clone(), bucket.created, bucket.region.clone()));
        let most = list.max_buckets.map_or(usize::MAX, |most| most as usize);
        let page = buckets.by_ref().take(most).collect();
        BucketsPage { buckets: page, truncated: buckets.next().is_some() }
    }

    /// S3 `CreateBucket`.
    ///
    /// # Errors
    /// `BucketAlreadyOwnedByYou` (409); `InvalidLocationConstraint`, also for `us-east-1`, which is said by saying nothing.
    pub fn create_bucket(&mut self, now: Time, name: &str, create: &CreateBucket) -> Result<(), CallError> {
        if self.buckets.contains_key(name) {
            return Err(CallError::rejected(
                "BucketAlreadyOwnedByYou",
                409,
                "Your previous request to create the named bucket succeeded and you already own it.",
            ));
        }
        let region = match create.location.as_deref() {
            None | Some("") => DEFAULT_REGION,
            Some("EU") => "eu-west-1",
            Some(region) if region != DEFAULT_REGION && is_region(region) => region,
            Some(_) => {
                return Err(CallError::rejected(
                    "InvalidLocationConstraint",
                    400,
                    "The specified location-constraint is not valid",
                ));
            }
        };
        let settings = Settings { ownership: create.ownership, ..Settings::default() };
        let mut bucket = Bucket {
            region: region.to_owned(),
            created: now,
            settings: Box::new(settings),
            // Whoever wants to see the past of the others will ask for this one too.
            ghosts: self.buckets.values().any(|other| other.ghosts.is_some()).then(Vec::new),
            ..Bucket::default()
        };
        bucket.check_acl(create.acl)?;
        bucket.settings.acl = create.acl;
        if create.object_lock {
            bucket.versioning = Versioning::Enabled;
            bucket.object_lock = Some(LockConfiguration::default());
        }
        self.buckets.insert(name.to_owned(), bucket);
        Ok(())
    }

    /// S3 `HeadBucket` and `GetBucketLocation`: the region.
    ///
    /// # Errors
    /// `NoSuchBucket`.
    pub fn region(&self, bucket: &str) -> Result<String, CallError> {
        Ok(self.bucket(bucket)?.region.clone())
    }

    /// S3 `DeleteBucket`. Uploads that were not completed go with it.
    ///
    /// # Errors
    /// `NoSuchBucket`; `BucketNotEmpty` (409) while there is a version or a delete marker.
    pub fn delete_bucket(&mut self, name: &str) -> Result<Vec<Change>, CallError> {
        let bucket = self.bucket(name)?;
        if !bucket.keys.is_empty() {
            let what = if bucket.versioning == Versioning::Unversioned {
                "The bucket you tried to delete is not empty"
            } else {
                "The bucket you tried to delete is not empty. You must delete all versions in the bucket."
            };
            return Err(CallError::rejected("BucketNotEmpty", 409, what));
        }
        let bucket = self.buckets.remove(name).expect("it was there a moment ago");
        let aborted = |((key, id), upload): ((String, String), super::Upload)| Change {
            key: key.into(),
            version: Some(id.into()),
            kind: ChangeKind::UploadAborted,
            origin: upload.origin,
        };
        Ok(bucket.uploads.into_iter().map(aborted).collect())
    }
}

/// `eu-central-1` and the like, which is all that can be said without a list that grows old.
fn is_region(text: &str) -> bool {
    let mut parts = text.split('-');
    let number = parts.next_back().is_some_and(|number| number.len() == 1 && number.as_bytes()[0].is_ascii_digit());
    number
        && parts.clone().count() >= 2
        && parts.all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase()))
}
