//! Lifecycle rules, which really run.
//!
//! Something is due so many days after it came, rounded up to the next midnight UTC, and a day is as long as the world says. Then
//! a current version goes as a delete without a version id would take it, a noncurrent one for good unless object lock keeps it,
//! a delete marker that is alone disappears, and an unfinished upload is aborted. Nothing is looked at between midnights.
//!
//! Source: S3 User Guide, "Understanding object expiration" and "Lifecycle configuration elements".

use std::collections::BTreeSet;
use std::sync::Arc;

use super::delete::Delete;
use super::{Bucket, Change, Content, Origin, Sink, Upload, Version, Versions, tags};
use crate::call::s3::configuration::{Expiration, LifecycleFilter, LifecycleRule};
use crate::call::{CallError, ObjectId};
use crate::chance::Chance;
use crate::time::{Span, Time};

/// Rules of a bucket at most.
const MAX_RULES: usize = 1000;
/// Characters of a rule's id at most.
const MAX_ID: usize = 255;

/// So many days later, rounded up to the next midnight.
fn due(from: Time, days: u32, day: Span) -> Time {
    let then = from + day.times(u64::from(days));
    Time(then.0.div_ceil(day.0.max(1)).saturating_mul(day.0.max(1)))
}

/// The first midnight behind a moment.
fn next_midnight(now: Time, day: Span) -> Time {
    due(Time(now.0.saturating_add(1)), 0, day)
}

impl LifecycleRule {
    fn is_about(&self, key: &str, content: Option<&Content>) -> bool {
        self.enabled && self.filter.is_about(key, content)
    }
}

impl LifecycleFilter {
    /// A marker has neither tags nor a size.
    fn is_about(&self, key: &str, content: Option<&Content>) -> bool {
        let larger = |least: u64| content.is_some_and(|content| content.size > least);
        let smaller = |most: u64| content.is_some_and(|content| content.size < most);
        let tagged = || {
            let has = content.map(|content| tags::parse(&content.tagging)).unwrap_or_default();
            self.tags.iter().all(|tag| has.contains(tag))
        };
        self.prefix.as_ref().is_none_or(|prefix| key.starts_with(prefix.as_str()))
            && self.larger_than.is_none_or(larger)
            && self.smaller_than.is_none_or(smaller)
            && (self.tags.is_empty() || tagged())
    }
}

/// When a rule takes a current version, and which: the first that does.
pub(super) fn expiration_of(bucket: &Bucket, day: Span, key: &str, version: &Version) -> Option<(Time, String)> {
    if bucket.settings.lifecycle.is_empty() {
        return None;
    }
    let current = bucket.keys.get(key)?.0.last()?;
    let content = version.content.as_ref().filter(|_| current.id == version.id)?;
    let rules = bucket.settings.lifecycle.iter().filter(|rule| rule.is_about(key, Some(content)));
    let dues = rules.filter_map(|rule| Some((expires(rule, version.at, day)?, rule.id.clone())));
    dues.min_by_key(|(at, _)| *at)
}

fn expires(rule: &LifecycleRule, from: Time, day: Span) -> Option<Time> {
    match rule.expiration? {
        Expiration::Days(days) => Some(due(from, days, day)),
        Expiration::Date(date) => Some(date),
        Expiration::ExpiredObjectDeleteMarker(_) => None,
    }
}

/// When a rule aborts an upload, and which.
pub(super) fn abort_of(bucket: &Bucket, day: Span, key: &str, upload: &Upload) -> Option<(Time, String)> {
    let about = |rule: &&LifecycleRule| {
        rule.enabled && rule.filter.prefix.as_ref().is_none_or(|prefix| key.starts_with(prefix.as_str()))
    };
    let rules = bucket.settings.lifecycle.iter().filter(about);
    let dues = rules.filter_map(|rule| Some((due(upload.initiated, rule.abort_uploads_after?, day), rule.id.clone())));
    dues.min_by_key(|(at, _)| *at)
}

/// What is to be done with a key.
enum Deed {
    /// A delete without a version id.
    Expire,
    /// A version or a marker goes for good.
    Erase(String),
}

/// What the rules do with a key now.
fn deeds(bucket: &Bucket, key: &str, versions: &Versions, now: Time, day: Span) -> Vec<Deed> {
    let mut deeds = Vec::new();
    let rules = || bucket.settings.lifecycle.iter();
    let Some((current, others)) = versions.0.split_last() else { return deeds };
    match &current.content {
        Some(content) => {
            let due = |rule: &LifecycleRule| {
                rule.is_about(key, Some(content)) && expires(rule, current.at, day).is_some_and(|at| at <= now)
            };
            if rules().any(due) {
                deeds.push(Deed::Expire);
            }
        }
        None if others.is_empty() => {
            let due = |rule: &LifecycleRule| {
                rule.is_about(key, None)
                    && match rule.expiration {
                        Some(Expiration::ExpiredObjectDeleteMarker(asked)) => asked,
                        _ => expires(rule, current.at, day).is_some_and(|at| at <= now),
                    }
            };
            if rules().any(due) {
                deeds.push(Deed::Erase(current.name().to_owned()));
            }
        }
        None => {}
    }
    for (place, version) in others.iter().enumerate() {
        let noncurrent_since = versions.0[place + 1].at;
        let newer = others.len() - 1 - place;
        let due = |rule: &LifecycleRule| {
            rule.is_about(key, version.content.as_ref())
                && rule.noncurrent.is_some_and(|noncurrent| {
                    due(noncurrent_since, noncurrent.days, day) <= now
                        && noncurrent.keep.is_none_or(|keep| newer >= keep as usize)
                })
        };
        if rules().any(due) && !version.is_locked(now, false) {
            deeds.push(Deed::Erase(version.name().to_owned()));
        }
    }
    deeds
}

impl Sink {
    /// S3 `PutBucketLifecycleConfiguration`: it replaces all rules.
    ///
    /// # Errors
    /// `NoSuchBucket`; `MalformedXML`, `InvalidArgument`, `InvalidRequest` for what cannot be a rule.
    pub fn put_lifecycle(&mut self, day: Span, bucket: &str, rules: &[LifecycleRule]) -> Result<(), CallError> {
        let bucket = self.bucket_mut(bucket)?;
        if rules.is_empty() || rules.len() > MAX_RULES {
            return Err(super::malformed_xml());
        }
        let mut ids = BTreeSet::new();
        for rule in rules {
            check(rule, day)?;
            if !rule.id.is_empty() && !ids.insert(&rule.id) {
                return Err(argument("Rule ID must be unique. Found same ID for more than one rule"));
            }
        }
        let named = |(place, rule): (usize, &LifecycleRule)| {
            let id = if rule.id.is_empty() { format!("rule-{}", place + 1) } else { rule.id.clone() };
            LifecycleRule { id, ..rule.clone() }
        };
        bucket.settings.lifecycle = rules.iter().enumerate().map(named).collect();
        Ok(())
    }

    /// S3 `GetBucketLifecycleConfiguration`.
    ///
    /// # Errors
    /// `NoSuchBucket`, `NoSuchLifecycleConfiguration`.
    pub fn lifecycle(&self, bucket: &str) -> Result<Vec<LifecycleRule>, CallError> {
        let rules = &self.bucket(bucket)?.settings.lifecycle;
        if rules.is_empty() {
            let what = "The lifecycle configuration does not exist";
            return Err(CallError::rejected("NoSuchLifecycleConfiguration", 404, what));
        }
        Ok(rules.clone())
    }

    /// Moments at which rules may have something to do, because something in the bucket has just changed.
    pub fn lifecycle_after_change(&self, now: Time, day: Span, bucket: &str) -> BTreeSet<Time> {
        let mut moments = BTreeSet::new();
        let Some(bucket) = self.buckets.get(bucket) else { return moments };
        for rule in bucket.settings.lifecycle.iter().filter(|rule| rule.enabled) {
            match rule.expiration {
                Some(Expiration::Days(days)) => moments.extend([due(now, days, day)]),
                Some(Expiration::Date(date)) => moments.extend([next_midnight(now.max(date), day)]),
                Some(Expiration::ExpiredObjectDeleteMarker(_)) => moments.extend([next_midnight(now, day)]),
                None => {}
            }
            if let Some(noncurrent) = rule.noncurrent {
                moments.insert(due(now, noncurrent.days, day));
                // What was kept for being new may be so no more.
                moments.extend(noncurrent.keep.map(|_| next_midnight(now, day)));
            }
            moments.extend(rule.abort_uploads_after.map(|days| due(now, days, day)));
        }
        moments
    }

    /// Moments at which rules that have just been put have something to do.
    pub fn lifecycle_from_now(&self, now: Time, day: Span, bucket: &str) -> BTreeSet<Time> {
        let mut moments = BTreeSet::new();
        let Some(bucket) = self.buckets.get(bucket) else { return moments };
        // What would have been due long ago is due at the next midnight.
        let mut add = |at: Time| moments.insert(if at > now { at } else { next_midnight(now, day) });
        for rule in bucket.settings.lifecycle.iter().filter(|rule| rule.enabled) {
            for version in bucket.keys.values().flat_map(|versions| &versions.0) {
                add(expires(rule, version.at, day).unwrap_or(now));
                if let Some(noncurrent) = rule.noncurrent {
                    add(due(version.at, noncurrent.days, day));
                }
            }
            for upload in bucket.uploads.values() {
                rule.abort_uploads_after.into_iter().for_each(|days| {
                    add(due(upload.initiated, days, day));
                });
            }
        }
        moments
    }

    /// Runs the rules of all buckets, as S3 does every midnight, and says what came of it, by bucket.
    pub fn run_lifecycle(&mut self, chance: Chance, now: Time, day: Span) -> Vec<(String, Vec<Change>)> {
        let names: Vec<String> = self
            .buckets
            .iter()
            .filter(|(_, bucket)| bucket.settings.lifecycle.iter().any(|rule| rule.enabled))
            .map(|(name, _)| name.clone())
            .collect();
        names
            .into_iter()
            .map(|name| {
                let changes = self.run_lifecycle_of(chance, now, day, &name);
                (name, changes)
            })
            .filter(|(_, changes)| !changes.is_empty())
            .collect()
    }

    fn run_lifecycle_of(&mut self, chance: Chance, now: Time, day: Span, name: &str) -> Vec<Change> {
        let bucket = &self.buckets[name];
        let due: Vec<(Arc<str>, Vec<Deed>)> = bucket
            .keys
            .iter()
            .map(|(key, versions)| (Arc::clone(key), deeds(bucket, key, versions, now, day)))
            .filter(|(_, deeds)| !deeds.is_empty())
            .collect();
        let aborted: Vec<(String, String)> = bucket
            .uploads
            .iter()
            .filter(|((key, _), upload)| abort_of(bucket, day, key, upload).is_some_and(|(at, _)| at <= now))
            .map(|(id, _)| id.clone())
            .collect();
        let delete = Delete { chance, now, bucket: name, origin: Origin::Operator, bypass_governance: false };
        let mut changes = Vec::new();
        for (key, deeds) in due {
            for deed in deeds {
                let version_id = match deed {
                    Deed::Expire => None,
                    Deed::Erase(version) => Some(version),
                };
                let id = ObjectId { key: key.to_string(), version_id };
                if let Ok((_, more)) = self.delete(delete, &id) {
                    changes.extend(more);
                }
            }
        }
        for (key, id) in aborted {
            changes.extend(self.abort_multipart_upload(name, &key, &id).into_iter().flatten());
        }
        changes
    }
}

fn check(rule: &LifecycleRule, day: Span) -> Result<(), CallError> {
    if rule.id.chars().count() > MAX_ID {
        return Err(argument("ID length should not exceed allowed limit of 255"));
    }
    let some = rule.expiration.is_some() || rule.noncurrent.is_some() || rule.abort_uploads_after.is_some();
    if !some {
        return Err(request("At least one action needs to be specified in a rule"));
    }
    match rule.expiration {
        Some(Expiration::Days(0)) => return Err(argument("'Days' for Expiration action must be a positive integer")),
        Some(Expiration::Date(date)) if date.0 % day.0.max(1) != 0 => {
            return Err(argument("'Date' must be at midnight GMT"));
        }
        Some(Expiration::ExpiredObjectDeleteMarker(_)) if !rule.filter.tags.is_empty() => {
            return Err(request("ExpiredObjectDeleteMarker cannot be specified with Tags."));
        }
        _ => {}
    }
    if rule.noncurrent.is_some_and(|noncurrent| noncurrent.days == 0) {
        return Err(argument("'NoncurrentDays' for NoncurrentVersionExpiration action must be a positive integer"));
    }
    match rule.abort_uploads_after {
        Some(0) => {
            Err(argument("'DaysAfterInitiation' for AbortIncompleteMultipartUpload action must be a positive integer"))
        }
        Some(_) if !rule.filter.tags.is_empty() => {
            Err(request("AbortIncompleteMultipartUpload cannot be specified with Tags."))
        }
        _ => Ok(()),
    }
}

fn argument(what: &str) -> CallError {
    CallError::rejected("InvalidArgument", 400, what)
}

fn request(what: &str) -> CallError {
    CallError::rejected("InvalidRequest", 400, what)
}
