//! What is refused before it is understood: headers and parameters that would change a request's meaning.
//!
//! Who may do what is the world's affair, so whoever does not sign passes here.

use async_trait::async_trait;
use egress_sim_model::sink::policy::ACCOUNT;
use http::HeaderMap;
use s3s::access::{S3Access, S3AccessContext};
use s3s::{S3Error, S3ErrorCode, S3Result, s3_error};

use super::values::not_understood;

/// See the module.
#[derive(Clone, Copy, Debug)]
pub struct Gate;

/// Headers, or beginnings of such, that ask for what is not there.
const REFUSED: [(&str, &str); 7] = [
    ("x-amz-server-side-encryption-", "encryption with keys of your own"),
    ("x-amz-copy-source-server-side-encryption-", "encryption with keys of your own"),
    ("x-amz-grant-", "grants in headers; canned ACLs there are"),
    ("x-amz-mfa", "MFA delete"),
    ("x-amz-write-offset-bytes", "appends"),
    ("x-amz-if-match-", "conditions on size and date of a delete"),
    ("x-amz-rename-source", "RenameObject"),
];

/// Parameters without a value that name a part of a bucket or an object which is known here or to s3s.
const KNOWN: [&str; 35] = [
    "accelerate",
    "acl",
    "analytics",
    "attributes",
    "cors",
    "delete",
    "encryption",
    "intelligent-tiering",
    "inventory",
    "legal-hold",
    "lifecycle",
    "location",
    "logging",
    "metadataTable",
    "metrics",
    "notification",
    "object-lock",
    "ownershipControls",
    "policy",
    "policyStatus",
    "prefix",
    "publicAccessBlock",
    "replication",
    "requestPayment",
    "restore",
    "retention",
    "select",
    "session",
    "tagging",
    "torrent",
    "uploads",
    "versioning",
    "versions",
    "website",
    "delimiter",
];

#[async_trait]
impl S3Access for Gate {
    async fn check(&self, cx: &mut S3AccessContext<'_>) -> S3Result<()> {
        check_headers(cx.headers())?;
        check_query(cx.uri().query().unwrap_or_default())
    }
}

fn check_headers(headers: &HeaderMap) -> S3Result<()> {
    for (name, value) in headers {
        let name = name.as_str();
        if !name.starts_with("x-amz-") {
            continue;
        }
        if let Some((_, what)) = REFUSED.iter().find(|(beginning, _)| name.starts_with(beginning)) {
            return Err(not_understood(what));
        }
        match name {
            "x-amz-server-side-encryption" if value != "AES256" => {
                return Err(not_understood("encryption with keys of KMS"));
            }
            "x-amz-expected-bucket-owner" | "x-amz-source-expected-bucket-owner" if value != ACCOUNT => {
                return Err(s3_error!(AccessDenied, "Access Denied"));
            }
            _ => {}
        }
    }
    Ok(())
}

/// A parameter without a value names a part of a bucket or an object; s3s takes one that it does not know for nothing, and
/// would delete the bucket instead of its part.
fn check_query(query: &str) -> S3Result<()> {
    let valued = [
        "marker",
        "key-marker",
        "version-id-marker",
        "upload-id-marker",
        "continuation-token",
        "start-after",
        "encoding-type",
        "versionId",
        "max-keys",
    ];
    for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        let known = KNOWN.contains(&name) || valued.contains(&name);
        if value.is_empty() && !known && !name.starts_with("response-") {
            return Err(not_understood(&format!("?{name}")));
        }
        if name == "X-Amz-Expires" && value.parse::<u64>().is_ok_and(|seconds| seconds > 604_800) {
            return Err(S3Error::with_message(
                S3ErrorCode::from_bytes(b"AuthorizationQueryParametersError").unwrap_or(S3ErrorCode::InvalidRequest),
                "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than 604800 seconds",
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_that_is_not_known_is_not_taken_for_the_whole() {
        for (query, refused) in [
            ("", false),
            ("list-type=2&prefix=&delimiter=%2F", false),
            ("versioning", false),
            ("lifecycle=", false),
            ("v=2", false),
            ("abac", true),
            ("metadataConfiguration=", true),
        ] {
            assert_eq!(check_query(query).is_err(), refused, "{query}");
        }
    }

    #[test]
    fn what_would_mean_something_else_is_refused_by_its_header() {
        for (name, value, code) in [
            ("x-amz-server-side-encryption", "AES256", None),
            ("x-amz-server-side-encryption", "aws:kms", Some("NotImplemented")),
            ("x-amz-server-side-encryption-customer-algorithm", "AES256", Some("NotImplemented")),
            ("x-amz-grant-read", "id=1", Some("NotImplemented")),
            ("x-amz-expected-bucket-owner", "000000000000", None),
            ("x-amz-expected-bucket-owner", "111111111111", Some("AccessDenied")),
            ("x-amz-meta-x", "y", None),
        ] {
            let headers =
                HeaderMap::from_iter([(http::HeaderName::from_static(name), http::HeaderValue::from_static(value))]);
            let found = check_headers(&headers).err().map(|error| error.code().as_str().to_owned());
            assert_eq!(found.as_deref(), code, "{name}: {value}");
        }
    }
}
