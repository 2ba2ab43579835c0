//! Object lock: versions that nobody may erase yet.
//!
//! A retention ends by itself on the virtual clock; a legal hold stands until somebody lifts it; either is enough. Both are
//! a version's, not a key's: a delete without a version id puts its marker on top of a locked version all the same, and new
//! versions may be written above it. COMPLIANCE binds everybody; GOVERNANCE yields to whoever may bypass it and says so in
//! the request.
//!
//! Source: S3 User Guide, Object Lock; S3 API, `PutObjectRetention`, `PutObjectLegalHold`, `PutObjectLockConfiguration`.

use serde::Serialize;

use super::object::{no_such_key, no_such_version};
use super::{Bucket, Sink, Version};
use crate::call::{CallError, ObjectId, Versioning};
use crate::scenario::{self, ObjectLock};
use crate::time::{Span, Time};

/// `ObjectLockRetentionMode`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LockMode {
    /// `GOVERNANCE`
    Governance,
    /// `COMPLIANCE`
    Compliance,
}

/// `Retention` of a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Retention {
    /// Whom it binds.
    pub mode: LockMode,
    /// `RetainUntilDate`: the version may be erased once this moment has passed.
    pub until: Time,
}

/// What locks a version.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Lock {
    /// None: there never was one, or it was taken away. One that has run out stays to be read.
    pub retention: Option<Retention>,
    /// Whether a legal hold is on; none: nobody has ever said.
    pub legal_hold: Option<bool>,
}

/// `ObjectLockConfiguration` of a bucket that has object lock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LockConfiguration {
    /// The retention of every version that is stored without one of its own; none: none.
    pub default: Option<DefaultRetention>,
}

/// See [`LockConfiguration::default`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct DefaultRetention {
    /// Mode.
    pub mode: LockMode,
    /// From the moment when the version is stored.
    pub period: Span,
}

impl Retention {
    /// Whether it still protects.
    pub fn stands(&self, now: Time) -> bool {
        now <= self.until
    }
}

impl Lock {
    /// Whether the version may not be erased now.
    pub fn forbids(&self, now: Time, bypass_governance: bool) -> bool {
        let retained = self.retention.is_some_and(|retention| {
            retention.stands(now) && !(bypass_governance && retention.mode == LockMode::Governance)
        });
        retained || self.legal_hold == Some(true)
    }
}

impl Version {
    /// Whether the version may not be erased now.
    pub fn is_locked(&self, now: Time, bypass_governance: bool) -> bool {
        self.lock.as_ref().is_some_and(|lock| lock.forbids(now, bypass_governance))
    }
}

impl LockConfiguration {
    /// As a scenario has it; none: the bucket has no object lock.
    pub fn of(bucket: &scenario::Bucket) -> Option<LockConfiguration> {
        let mode = match bucket.object_lock {
            ObjectLock::None => return None,
            ObjectLock::Governance => LockMode::Governance,
            ObjectLock::Compliance => LockMode::Compliance,
        };
        Some(LockConfiguration { default: bucket.lock_for.map(|period| DefaultRetention { mode, period }) })
    }
}

impl Bucket {
    /// What locks a version that is stored now without a lock of its own.
    pub(super) fn default_lock(&self, now: Time) -> Option<Box<Lock>> {
        let DefaultRetention { mode, period } = self.object_lock?.default?;
        Some(Box::new(Lock { retention: Some(Retention { mode, until: now + period }), legal_hold: None }))
    }

    /// # Errors
    /// `InvalidRequest` on a bucket without object lock, `InvalidArgument` for a retention that has run out already.
    pub(super) fn check_lock(&self, lock: &Lock, now: Time) -> Result<(), CallError> {
        if self.object_lock.is_none() {
            return Err(no_object_lock());
        }
        match lock.retention {
            Some(retention) if retention.until <= now => {
                Err(CallError::rejected("InvalidArgument", 400, "The retain until date must be in the future!"))
            }
            _ => Ok(()),
        }
    }

    /// The version with data that a request about its lock means.
    fn lockable(&mut self, id: &ObjectId) -> Result<&mut Version, CallError> {
        if self.object_lock.is_none() {
            return Err(no_object_lock());
        }
        self.with_data(id)
    }

    /// The version with data that a request means.
    pub(super) fn with_data(&mut self, id: &ObjectId) -> Result<&mut Version, CallError> {
        let versions = self.keys.get_mut(&id.key);
        let version = match (versions, &id.version_id) {
            (None, None) => return Err(no_such_key()),
            (None, Some(_)) => None,
            (Some(versions), None) => versions.0.last_mut(),
            (Some(versions), Some(name)) => versions.0.iter_mut().rfind(|version| version.name() == name),
        };
        match version {
            None => Err(no_such_version()),
            Some(version) if version.is_marker() => Err(is_marker()),
            Some(version) => Ok(version),
        }
    }
}

impl Sink {
    /// S3 `GetObjectLockConfiguration`.
    ///
    /// # Errors
    /// `NoSuchBucket`; `ObjectLockConfigurationNotFoundError` (404).
    pub fn object_lock_configuration(&self, bucket: &str) -> Result<LockConfiguration, CallError> {
        self.bucket(bucket)?.object_lock.ok_or_else(|| {
            CallError::rejected(
                "ObjectLockConfigurationNotFoundError",
                404,
                "Object Lock configuration does not exist for this bucket",
            )
        })
    }

    /// S3 `PutObjectLockConfiguration`: for versions that are stored from now on. Object lock cannot be taken away again.
    ///
    /// # Errors
    /// `NoSuchBucket`; `InvalidBucketState` (409) unless versioning is enabled.
    pub fn put_object_lock_configuration(
        &mut self,
        bucket: &str,
        configuration: LockConfiguration,
    ) -> Result<(), CallError> {
        let bucket = self.bucket_mut(bucket)?;
        if bucket.versioning != Versioning::Enabled {
            return Err(CallError::rejected(
                "InvalidBucketState",
                409,
                "Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration",
            ));
        }
        bucket.object_lock = Some(configuration);
        Ok(())
    }

    /// S3 `GetObjectRetention`; one that has run out is told too.
    ///
    /// # Errors
    /// `NoSuchBucket`, `NoSuchKey`, `NoSuchVersion`; `InvalidRequest` on a bucket without object lock;
    /// `MethodNotAllowed` for a delete marker; `NoSuchObjectLockConfiguration` (404) where there is none.
    pub fn retention(&mut self, bucket: &str, id: &ObjectId) -> Result<Retention, CallError> {
        let version = self.bucket_mut(bucket)?.lockable(id)?;
        version.lock.as_ref().and_then(|lock| lock.retention).ok_or_else(no_lock)
    }

    /// S3 `PutObjectRetention`; none takes it away. A retention that stands can be made longer in the same mode; whatever
    /// else needs `bypass_governance`, and in COMPLIANCE nothing else is possible.
    ///
    /// # Errors
    /// As [`Sink::retention`]; `InvalidArgument` for a moment that has passed; `AccessDenied` (403).
    pub fn put_retention(
        &mut self,
        now: Time,
        bucket: &str,
        id: &ObjectId,
        retention: Option<Retention>,
        bypass_governance: bool,
    ) -> Result<(), CallError> {
        let bucket = self.bucket_mut(bucket)?;
        bucket.check_lock(&Lock { retention, legal_hold: None }, now)?;
        let version = bucket.lockable(id)?;
        let standing = version.lock.as_ref().and_then(|lock| lock.retention).filter(|old| old.stands(now));
        if let Some(old) = standing {
            let longer = retention.is_some_and(|new| new.mode == old.mode && new.until >= old.until);
            let bypassed = bypass_governance && old.mode == LockMode::Governance;
            if !(longer || bypassed) {
                return Err(protected());
            }
        }
        version.lock.get_or_insert_default().retention = retention;
        Ok(())
    }

    /// S3 `GetObjectLegalHold`: whether it is on.
    ///
    /// # Errors
    /// As [`Sink::retention`].
    pub fn legal_hold(&mut self, bucket: &str, id: &ObjectId) -> Result<bool, CallError> {
        let version = self.bucket_mut(bucket)?.lockable(id)?;
        version.lock.as_ref().and_then(|lock| lock.legal_hold).ok_or_else(no_lock)
    }

    /// S3 `PutObjectLegalHold`. It has no date and no mode, and whoever may set it may lift it.
    ///
    /// # Errors
    /// As [`Sink::retention`], without `NoSuchObjectLockConfiguration`.
    pub fn put_legal_hold(&mut self, bucket: &str, id: &ObjectId, on: bool) -> Result<(), CallError> {
        let version = self.bucket_mut(bucket)?.lockable(id)?;
        version.lock.get_or_insert_default().legal_hold = Some(on);
        Ok(())
    }
}

/// What S3 says where a delete marker cannot be meant.
pub(super) fn is_marker() -> CallError {
    CallError::rejected("MethodNotAllowed", 405, "The specified method is not allowed against this resource.")
}

/// What S3 says to whoever would erase a locked version.
pub(super) fn protected() -> CallError {
    CallError::rejected("AccessDenied", 403, PROTECTED)
}

/// What S3 says of a locked version.
pub const PROTECTED: &str = "Access Denied because object protected by object lock.";

fn no_object_lock() -> CallError {
    CallError::rejected("InvalidRequest", 400, "Bucket is missing Object Lock Configuration")
}

fn no_lock() -> CallError {
    CallError::rejected(
        "NoSuchObjectLockConfiguration",
        404,
        "The specified object does not have a ObjectLock configuration",
    )
}
