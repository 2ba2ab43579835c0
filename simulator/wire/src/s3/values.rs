//! What s3s and the model spell differently: times, entity tags, conditions, numbers, tags, permissions.

use std::time::{Duration, SystemTime};

use egress_sim_model::call::s3::configuration::{Acl, Tags};
use egress_sim_model::call::s3::request::{ByteRange, Conditions, CopySource};
use egress_sim_model::call::{EntityTag, ObjectId};
use egress_sim_model::sink::policy::ACCOUNT;
use egress_sim_model::time::Time;
use s3s::dto::{
    self, AccessControlPolicy, ETag, ETagCondition, Grant, Grantee, Initiator, Owner, Permission, Range, Tag,
    Timestamp, TimestampFormat, Type,
};
use s3s::{S3Error, S3ErrorCode, S3Result, s3_error};

/// Of the owner of everything.
pub(super) const DISPLAY_NAME: &str = "egress-sim";
/// Everybody.
const ALL_USERS: &str = "http://acs.amazonaws.com/groups/global/AllUsers";
/// Everybody who signs.
const AUTHENTICATED_USERS: &str = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers";

pub(super) fn not_understood(what: &str) -> S3Error {
    S3Error::with_message(S3ErrorCode::NotImplemented, format!("egress-sim does not have {what}"))
}

pub(super) fn timestamp(time: Time) -> Timestamp {
    Timestamp::from(SystemTime::UNIX_EPOCH + Duration::from_nanos(time.0))
}

/// None: before 1970, or after 2554.
pub(super) fn time(timestamp: &Timestamp) -> Option<Time> {
    let mut text = Vec::new();
    timestamp.format(TimestampFormat::DateTime, &mut text).ok()?;
    Time::from_rfc3339(std::str::from_utf8(&text).ok()?)
}

pub(super) fn http_date(time: Time) -> String {
    let mut text = Vec::new();
    match timestamp(time).format(TimestampFormat::HttpDate, &mut text) {
        Ok(()) => String::from_utf8(text).unwrap_or_default(),
        Err(_) => String::new(),
    }
}

/// `expiry-date="…", rule-id="…"`
pub(super) fn expiration(expiration: Option<&(Time, String)>) -> Option<String> {
    expiration.map(|(at, rule)| format!("expiry-date=\"{}\", rule-id=\"{rule}\"", http_date(*at)))
}

pub(super) fn etag(tag: EntityTag) -> ETag {
    ETag::Strong(tag.bare())
}

pub(super) fn signed(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

pub(super) fn counted(number: usize) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

/// A number that must not be negative.
pub(super) fn unsigned(number: Option<i32>, parameter: &str) -> S3Result<Option<u32>> {
    let wrong = |_| s3_error!(InvalidArgument, "Argument {parameter} must be an integer between 0 and 2147483647");
    number.map(|number| u32::try_from(number).map_err(wrong)).transpose()
}

pub(super) fn id(key: String, version_id: Option<String>) -> ObjectId {
    ObjectId { key, version_id: version_id.filter(|version| !version.is_empty()) }
}

fn wanted(condition: Option<ETagCondition>) -> Option<String> {
    Some(match condition? {
        ETagCondition::Any => "*".to_owned(),
        ETagCondition::ETag(etag) => etag.into_value(),
    })
}

pub(super) fn if_match(condition: Option<ETagCondition>) -> Option<String> {
    wanted(condition)
}

pub(super) fn conditions(
    if_match: Option<ETagCondition>,
    if_none_match: Option<ETagCondition>,
    if_modified_since: Option<&Timestamp>,
    if_unmodified_since: Option<&Timestamp>,
) -> Conditions {
    Conditions {
        if_match: wanted(if_match),
        if_none_match: wanted(if_none_match),
        if_modified_since: if_modified_since.and_then(time),
        if_unmodified_since: if_unmodified_since.and_then(time),
    }
}

pub(super) fn byte_range(range: Range) -> ByteRange {
    match range {
        Range::Int { first, last: Some(last) } => ByteRange::Between(first, last),
        Range::Int { first, last: None } => ByteRange::From(first),
        Range::Suffix { length } => ByteRange::Last(length),
    }
}

pub(super) fn copy_source(source: dto::CopySource, conditions: Conditions) -> S3Result<CopySource> {
    match source {
        dto::CopySource::Bucket { bucket, key, version_id } => {
            Ok(CopySource { bucket: bucket.into(), id: id(key.into(), version_id.map(Into::into)), conditions })
        }
        _ => Err(not_understood("access points and outposts")),
    }
}

pub(super) fn tags(set: Vec<Tag>) -> Tags {
    set.into_iter().map(|tag| (tag.key.unwrap_or_default(), tag.value.unwrap_or_default())).collect()
}

pub(super) fn tag_set(tags: Tags) -> Vec<Tag> {
    tags.into_iter().map(|(key, value)| Tag { key: Some(key), value: Some(value) }).collect()
}

pub(super) fn owner() -> Owner {
    Owner { display_name: Some(DISPLAY_NAME.into()), id: Some(ACCOUNT.into()) }
}

pub(super) fn initiator() -> Initiator {
    Initiator { display_name: Some(DISPLAY_NAME.into()), id: Some(ACCOUNT.into()) }
}

/// A canned ACL by its name; none: private.
pub(super) fn acl(name: Option<&str>) -> S3Result<Acl> {
    match name {
        None | Some("private" | "bucket-owner-read" | "bucket-owner-full-control") => Ok(Acl::Private),
        Some("public-read") => Ok(Acl::PublicRead),
        Some("public-read-write") => Ok(Acl::PublicReadWrite),
        Some("authenticated-read") => Ok(Acl::AuthenticatedRead),
        Some("aws-exec-read" | "log-delivery-write") => Err(not_understood("ACLs for AWS's own services")),
        Some(_) => Err(s3_error!(InvalidArgument, "The ACL is not one of the canned ones")),
    }
}

/// What an ACL means in grants.
pub(super) fn grants(acl: Acl) -> Vec<Grant> {
    let everybody = |uri: &str, permission: &'static str| Grant {
        grantee: Some(Grantee {
            display_name: None,
            email_address: None,
            id: None,
            type_: Type::from_static(Type::GROUP),
            uri: Some(uri.to_owned()),
        }),
        permission: Some(Permission::from_static(permission)),
    };
    let own = Grant {
        grantee: Some(Grantee {
            display_name: owner().display_name,
            email_address: None,
            id: owner().id,
            type_: Type::from_static(Type::CANONICAL_USER),
            uri: None,
        }),
        permission: Some(Permission::from_static(Permission::FULL_CONTROL)),
    };
    let others = match acl {
        Acl::Private => Vec::new(),
        Acl::PublicRead => vec![everybody(ALL_USERS, Permission::READ)],
        Acl::PublicReadWrite => {
            vec![everybody(ALL_USERS, Permission::READ), everybody(ALL_USERS, Permission::WRITE)]
        }
        Acl::AuthenticatedRead => vec![everybody(AUTHENTICATED_USERS, Permission::READ)],
    };
    std::iter::once(own).chain(others).collect()
}

/// The canned ACL that grants come to, if there is one.
pub(super) fn acl_of_grants(policy: AccessControlPolicy) -> S3Result<Acl> {
    let (mut read, mut write, mut authenticated) = (false, false, false);
    for Grant { grantee, permission } in policy.grants.unwrap_or_default() {
        let grantee = grantee.ok_or_else(|| s3_error!(MalformedACLError))?;
        let permission = permission.ok_or_else(|| s3_error!(MalformedACLError))?;
        match (grantee.uri.as_deref(), permission.as_str()) {
            (Some(ALL_USERS), Permission::READ) => read = true,
            (Some(ALL_USERS), Permission::WRITE) => write = true,
            (Some(AUTHENTICATED_USERS), Permission::READ) => authenticated = true,
            (None, Permission::FULL_CONTROL) if grantee.id.as_deref().is_none_or(|id| id == ACCOUNT) => {}
            _ => return Err(not_understood("ACLs that are none of the canned ones")),
        }
    }
    match (read, write, authenticated) {
        (false, false, false) => Ok(Acl::Private),
        (true, false, false) => Ok(Acl::PublicRead),
        (true, true, false) => Ok(Acl::PublicReadWrite),
        (false, false, true) => Ok(Acl::AuthenticatedRead),
        _ => Err(not_understood("ACLs that are none of the canned ones")),
    }
}
