//! AWS's Rust SDK for S3 against `egress-sim serve`, in depth: nothing in here knows that it is a fake.
//!
//! It reads the addresses as a line of JSON. Every check is an assertion; the last line is "all held".

use std::error::Error;
use std::fmt::Debug;
use std::time::{Duration, SystemTime};

use aws_sdk_s3::Client;
use aws_sdk_s3::client::Waiters;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::{Config, Credentials, Region};
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::primitives::{ByteStream, DateTime};
use aws_sdk_s3::types::{
    BucketVersioningStatus, ChecksumMode, ChecksumType, CompletedMultipartUpload, CompletedPart, Delete, ObjectIdentifier,
    ObjectLockLegalHold, ObjectLockLegalHoldStatus, ObjectLockMode, ObjectLockRetention, ObjectLockRetentionMode,
    VersioningConfiguration,
};
use tokio::task::JoinSet;

type Outcome<T = ()> = Result<T, Box<dyn Error + Send + Sync>>;

const MIB: usize = 1024 * 1024;

fn client(endpoint: &str, access_key: &str) -> Client {
    let config = Config::builder()
        .endpoint_url(endpoint)
        .region(Region::new("us-east-1"))
        .force_path_style(true)
        .credentials_provider(Credentials::new(access_key, "minioadmin", None, None, "test"))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .retry_config(RetryConfig::disabled())
        .build();
    Client::from_conf(config)
}

/// A refusal, by the status and the code that S3 gives for it.
#[track_caller]
fn refused<T: Debug, E: ProvideErrorMetadata + Debug>(result: Result<T, SdkError<E>>, status: u16, code: &str) {
    let error = result.expect_err(code);
    let got = error.raw_response().map(|response| response.status().as_u16());
    assert_eq!((got, error.code()), (Some(status), Some(code)), "{error:?}");
}

async fn text(s3: &Client, bucket: &str, key: &str, version: Option<&str>) -> Outcome<String> {
    let got = s3.get_object().bucket(bucket).key(key).set_version_id(version.map(str::to_owned)).send().await?;
    Ok(String::from_utf8(got.body.collect().await?.to_vec())?)
}

fn bytes(text: &str) -> ByteStream {
    ByteStream::from(text.as_bytes().to_vec())
}

/// As clean-up helpers do it: every version and marker, by pages, in batches, past what governs them. This SDK has no paginator
/// for versions.
async fn remove(s3: &Client, bucket: &str) -> Outcome {
    let (mut key, mut version) = (None, None);
    loop {
        let page = s3.list_object_versions().bucket(bucket).set_key_marker(key).set_version_id_marker(version).send().await?;
        let versions = page.versions().iter().map(|one| (one.key(), one.version_id()));
        let markers = page.delete_markers().iter().map(|one| (one.key(), one.version_id()));
        let mut all = Vec::new();
        for (key, version) in versions.chain(markers) {
            let one = ObjectIdentifier::builder().set_key(key.map(str::to_owned)).set_version_id(version.map(str::to_owned));
            all.push(one.build()?);
        }
        if !all.is_empty() {
            let delete = Delete::builder().set_objects(Some(all)).quiet(true).build()?;
            let done = s3.delete_objects().bucket(bucket).delete(delete).bypass_governance_retention(true).send().await?;
            assert!(done.errors().is_empty(), "{done:?}");
        }
        if page.is_truncated() != Some(true) {
            break;
        }
        (key, version) = (page.next_key_marker, page.next_version_id_marker);
    }
    s3.delete_bucket().bucket(bucket).send().await?;
    Ok(())
}

async fn objects(s3: &Client) -> Outcome {
    const B: &str = "objects";
    s3.create_bucket().bucket(B).send().await?;
    s3.wait_until_bucket_exists().bucket(B).wait(Duration::from_secs(5)).await?;
    // Sent as this SDK sends everything: with a checksum in a trailer, which it checks again as it reads.
    let put = s3.put_object().bucket(B).key("k ü+").content_type("text/plain").metadata("room", "standup-7");
    let put = put.body(bytes("0123456789")).send().await?;
    assert_eq!(put.e_tag(), Some("\"781e5e245d69b566979b86e28d23f2c7\""));
    assert!(put.checksum_crc32().is_some(), "its default: {put:?}");
    s3.wait_until_object_exists().bucket(B).key("k ü+").wait(Duration::from_secs(5)).await?;
    let head = s3.head_object().bucket(B).key("k ü+").checksum_mode(ChecksumMode::Enabled).send().await?;
    assert_eq!((head.content_length(), head.content_type()), (Some(10), Some("text/plain")));
    assert_eq!(head.metadata().and_then(|all| all.get("room")).map(String::as_str), Some("standup-7"));
    assert_eq!((head.checksum_crc32(), head.checksum_type()), (put.checksum_crc32(), Some(&ChecksumType::FullObject)));
    let got = s3.get_object().bucket(B).key("k ü+").send().await?;
    assert_eq!(got.checksum_crc32(), put.checksum_crc32(), "this SDK asks for it of itself");
    assert_eq!(got.body.collect().await?.to_vec(), b"0123456789");

    for (range, part, said) in [
        ("bytes=2-4", "234", "bytes 2-4/10"),
        ("bytes=7-", "789", "bytes 7-9/10"),
        ("bytes=-3", "789", "bytes 7-9/10"),
        ("bytes=8-99", "89", "bytes 8-9/10"),
    ] {
        let got = s3.get_object().bucket(B).key("k ü+").range(range).send().await?;
        assert_eq!(got.content_range(), Some(said));
        assert_eq!(got.body.collect().await?.to_vec(), part.as_bytes());
    }
    refused(s3.get_object().bucket(B).key("k ü+").range("bytes=10-").send().await, 416, "InvalidRange");

    let again = || s3.put_object().bucket(B).key("once");
    let first = again().if_none_match("*").body(bytes("one")).send().await?;
    refused(again().if_none_match("*").body(bytes("two")).send().await, 412, "PreconditionFailed");
    refused(again().if_match("\"other\"").body(bytes("two")).send().await, 412, "PreconditionFailed");
    again().set_if_match(first.e_tag).body(bytes("two")).send().await?;
    assert_eq!(text(s3, B, "once", None).await?, "two");
    let unchanged = s3.get_object().bucket(B).key("k ü+").set_if_none_match(put.e_tag).send().await;
    assert_eq!(unchanged.expect_err("304").raw_response().map(|response| response.status().as_u16()), Some(304));

    let wrong = s3.put_object().bucket(B).key("sum").checksum_crc32_c("4waSgw==").body(bytes("123456780"));
    refused(wrong.send().await, 400, "BadDigest");
    s3.put_object().bucket(B).key("sum").checksum_crc32_c("4waSgw==").body(bytes("123456789")).send().await?;
    refused(s3.get_object().bucket(B).key("none").send().await, 404, "NoSuchKey");
    refused(s3.head_object().bucket(B).key("none").send().await, 404, "NotFound");
    refused(s3.get_object().bucket("nowhere").key("k").send().await, 404, "NoSuchBucket");
    refused(s3.create_bucket().bucket(B).send().await, 409, "BucketAlreadyOwnedByYou");
    refused(s3.delete_bucket().bucket(B).send().await, 409, "BucketNotEmpty");
    refused(s3.get_bucket_website().bucket(B).send().await, 501, "NotImplemented");
    remove(s3, B).await?;
    s3.wait_until_bucket_not_exists().bucket(B).wait(Duration::from_secs(5)).await?;
    Ok(())
}

async fn credentials(s3: &Client, endpoint: &str) -> Outcome {
    let stranger = client(endpoint, "nobody");
    refused(stranger.list_objects_v2().bucket("recordings").send().await, 403, "InvalidAccessKeyId");
    let names = s3.list_buckets().send().await?;
    assert_eq!(names.buckets().iter().filter_map(|one| one.name()).collect::<Vec<_>>(), ["recordings"]);
    Ok(())
}

async fn multipart(s3: &Client) -> Outcome {
    const B: &str = "parts";
    s3.create_bucket().bucket(B).send().await?;
    let whole: Vec<u8> = (0..12 * MIB).map(|at| (at / 7) as u8).collect();
    let upload = s3.create_multipart_upload().bucket(B).key("k").content_type("video/mp4").send().await?;
    let id = upload.upload_id().expect("an id");
    let mut parts = Vec::new();
    // The last one first: their numbers give the order.
    for (number, body) in (1..).zip(whole.chunks(5 * MIB)).collect::<Vec<_>>().into_iter().rev() {
        let part = s3.upload_part().bucket(B).key("k").upload_id(id).part_number(number);
        let part = part.body(ByteStream::from(body.to_vec())).send().await?;
        assert!(part.checksum_crc32().is_some(), "its default: {part:?}");
        let named = CompletedPart::builder().part_number(number).set_e_tag(part.e_tag).set_checksum_crc32(part.checksum_crc32);
        parts.push(named.build());
    }
    let complete = |parts: Vec<CompletedPart>| {
        let of = s3.complete_multipart_upload().bucket(B).key("k").upload_id(id);
        of.multipart_upload(CompletedMultipartUpload::builder().set_parts(Some(parts)).build()).send()
    };
    let listed = s3.list_parts().bucket(B).key("k").upload_id(id).send().await?;
    let sizes = listed.parts().iter().map(|part| (part.part_number(), part.size()));
    let mib = |count: usize| i64::try_from(count * MIB).ok();
    assert_eq!(sizes.collect::<Vec<_>>(), [(Some(1), mib(5)), (Some(2), mib(5)), (Some(3), mib(2))]);
    refused(complete(parts.clone()).await, 400, "InvalidPartOrder");
    refused(s3.head_object().bucket(B).key("k").send().await, 404, "NotFound");
    parts.reverse();
    let done = complete(parts).await?;
    assert!(done.e_tag().is_some_and(|tag| tag.ends_with("-3\"")), "{done:?}");
    let got = s3.get_object().bucket(B).key("k").send().await?;
    assert_eq!((got.content_type(), got.content_length()), (Some("video/mp4"), mib(12)));
    assert_eq!(got.body.collect().await?.to_vec(), whole, "of three parts");
    let across = s3.get_object().bucket(B).key("k").range(format!("bytes={}-{}", 5 * MIB - 3, 5 * MIB + 3)).send().await?;
    assert_eq!(across.body.collect().await?.to_vec(), whole[5 * MIB - 3..=5 * MIB + 3]);
    let third = s3.get_object().bucket(B).key("k").part_number(3).send().await?;
    assert_eq!(third.parts_count(), Some(3));
    assert_eq!(third.body.collect().await?.to_vec(), whole[10 * MIB..]);

    let left = s3.create_multipart_upload().bucket(B).key("left").send().await?;
    let left = left.upload_id().expect("an id");
    let uploads = s3.list_multipart_uploads().bucket(B).send().await?;
    assert_eq!(uploads.uploads().iter().map(|one| one.upload_id()).collect::<Vec<_>>(), [Some(left)]);
    s3.abort_multipart_upload().bucket(B).key("left").upload_id(left).send().await?;
    let again = s3.abort_multipart_upload().bucket(B).key("left").upload_id(left).send().await;
    refused(again, 404, "NoSuchUpload");
    remove(s3, B).await
}

async fn presigned(s3: &Client) -> Outcome {
    let signed = || PresigningConfig::expires_in(Duration::from_secs(60));
    let put = s3.put_object().bucket("recordings").key("by link + ü").presigned(signed()?).await?;
    let client = reqwest::Client::new();
    let with = |mut request: reqwest::RequestBuilder, signed: &aws_sdk_s3::presigning::PresignedRequest| {
        for (name, value) in signed.headers() {
            request = request.header(name, value);
        }
        request
    };
    assert_eq!(with(client.put(put.uri()), &put).body("by link").send().await?.status(), 200);
    let get = s3.get_object().bucket("recordings").key("by link + ü").presigned(signed()?).await?;
    assert_eq!(with(client.get(get.uri()), &get).send().await?.text().await?, "by link");
    let altered = get.uri().replace("X-Amz-Expires=60", "X-Amz-Expires=61");
    assert_ne!(altered, get.uri());
    assert_eq!(client.get(altered).send().await?.status(), 403, "it is what was signed");
    let past = PresigningConfig::builder().start_time(SystemTime::now() - Duration::from_secs(600));
    let past = past.expires_in(Duration::from_secs(60)).build()?;
    let late = s3.get_object().bucket("recordings").key("by link + ü").presigned(past).await?;
    assert_eq!(client.get(late.uri()).send().await?.status(), 403, "its time is over");
    s3.delete_object().bucket("recordings").key("by link + ü").send().await?;
    Ok(())
}

async fn listings_and_batches(s3: &Client) -> Outcome {
    const B: &str = "many";
    s3.create_bucket().bucket(B).send().await?;
    let keys: Vec<String> = (0..2500).map(|number| format!("rec/{number:04} ü+")).collect();
    for some in keys.chunks(50) {
        let mut puts = JoinSet::new();
        for key in some {
            puts.spawn(s3.put_object().bucket(B).key(key).body(bytes(key)).send());
        }
        for put in puts.join_all().await {
            put?;
        }
    }
    let mut pages = s3.list_objects_v2().bucket(B).prefix("rec/").into_paginator().send();
    let (mut found, mut sizes) = (Vec::new(), Vec::new());
    while let Some(page) = pages.next().await {
        let page = page?;
        sizes.push(page.contents().len());
        found.extend(page.contents().iter().filter_map(|one| one.key().map(str::to_owned)));
    }
    assert_eq!((found, sizes), (keys.clone(), vec![1000, 1000, 500]));
    let folded = s3.list_objects_v2().bucket(B).delimiter("/").send().await?;
    assert_eq!(folded.common_prefixes().iter().map(|one| one.prefix()).collect::<Vec<_>>(), [Some("rec/")]);
    let after = s3.list_objects_v2().bucket(B).start_after(&keys[2497]).send().await?;
    assert_eq!(after.key_count(), Some(2));

    let delete = |keys: &[String]| {
        let objects = keys.iter().map(|key| ObjectIdentifier::builder().key(key).build()).collect::<Result<_, _>>();
        objects.and_then(|objects| Delete::builder().set_objects(Some(objects)).build())
    };
    let done = s3.delete_objects().bucket(B).delete(delete(&keys[..1000])?).send().await?;
    assert_eq!((done.deleted().len(), done.errors().len()), (1000, 0));
    let page = s3.list_objects_v2().bucket(B).max_keys(1).send().await?;
    assert_eq!(page.contents()[0].key(), Some(keys[1000].as_str()));
    assert_eq!(page.is_truncated(), Some(true));
    let one_too_many = s3.delete_objects().bucket(B).delete(delete(&keys[..1001])?).send().await;
    refused(one_too_many, 400, "MalformedXML");
    remove(s3, B).await
}

async fn versions(s3: &Client) -> Outcome {
    const B: &str = "versions";
    s3.create_bucket().bucket(B).send().await?;
    let enabled = VersioningConfiguration::builder().status(BucketVersioningStatus::Enabled).build();
    s3.put_bucket_versioning().bucket(B).versioning_configuration(enabled).send().await?;
    let mut ids = Vec::new();
    for body in ["one", "two"] {
        let put = s3.put_object().bucket(B).key("k").body(bytes(body)).send().await?;
        ids.push(put.version_id.expect("its own"));
    }
    assert_eq!(text(s3, B, "k", None).await?, "two");
    assert_eq!(text(s3, B, "k", Some(&ids[0])).await?, "one");
    let gone = s3.delete_object().bucket(B).key("k").send().await?;
    assert_eq!(gone.delete_marker(), Some(true));
    let marker = gone.version_id().expect("its own");
    refused(s3.get_object().bucket(B).key("k").send().await, 404, "NoSuchKey");
    let named = s3.get_object().bucket(B).key("k").version_id(marker).send().await;
    refused(named, 405, "MethodNotAllowed");
    let listed = s3.list_object_versions().bucket(B).send().await?;
    let rows = listed.versions().iter().map(|one| (one.version_id(), one.is_latest()));
    assert_eq!(rows.collect::<Vec<_>>(), [(Some(ids[1].as_str()), Some(false)), (Some(ids[0].as_str()), Some(false))]);
    let markers = listed.delete_markers().iter().map(|one| (one.version_id(), one.is_latest()));
    assert_eq!(markers.collect::<Vec<_>>(), [(Some(marker), Some(true))]);
    let back = s3.delete_object().bucket(B).key("k").version_id(marker).send().await?;
    assert_eq!((back.delete_marker(), back.version_id()), (Some(true), Some(marker)));
    assert_eq!(text(s3, B, "k", None).await?, "two", "without its marker it is back");
    s3.delete_object().bucket(B).key("k").version_id(&ids[1]).send().await?;
    assert_eq!(text(s3, B, "k", None).await?, "one", "what was below is the newest now");
    remove(s3, B).await
}

async fn object_lock(s3: &Client) -> Outcome {
    const B: &str = "vault";
    s3.create_bucket().bucket(B).object_lock_enabled_for_bucket(true).send().await?;
    let until = DateTime::from(SystemTime::now() + Duration::from_secs(24 * 3600));
    let put = |key: &str| s3.put_object().bucket(B).key(key).body(bytes("x"));
    let governed = put("g").object_lock_mode(ObjectLockMode::Governance).object_lock_retain_until_date(until).send().await?;
    let held = put("h").object_lock_legal_hold_status(ObjectLockLegalHoldStatus::On).send().await?;
    let governed = governed.version_id().expect("its own");
    let held = held.version_id().expect("its own");
    let head = s3.head_object().bucket(B).key("g").send().await?;
    assert_eq!(head.object_lock_mode(), Some(&ObjectLockMode::Governance));
    let delete = |key: &str, version: &str| s3.delete_object().bucket(B).key(key).version_id(version);
    refused(delete("g", governed).send().await, 403, "AccessDenied");
    refused(delete("h", held).bypass_governance_retention(true).send().await, 403, "AccessDenied");
    let identifiers = [("g", governed), ("h", held)];
    let identifiers = identifiers.map(|(key, version)| ObjectIdentifier::builder().key(key).version_id(version).build());
    let all = identifiers.into_iter().collect::<Result<_, _>>()?;
    let batch = Delete::builder().set_objects(Some(all)).build()?;
    let done = s3.delete_objects().bucket(B).delete(batch).send().await?;
    assert_eq!(done.errors().iter().map(|error| error.code()).collect::<Vec<_>>(), [Some("AccessDenied"); 2]);
    assert!(done.deleted().is_empty(), "{done:?}");

    let sooner = ObjectLockRetention::builder().mode(ObjectLockRetentionMode::Governance);
    let sooner = sooner.retain_until_date(DateTime::from(SystemTime::now() + Duration::from_secs(3600))).build();
    let shorten = || s3.put_object_retention().bucket(B).key("g").retention(sooner.clone());
    refused(shorten().send().await, 403, "AccessDenied");
    shorten().bypass_governance_retention(true).send().await?;
    let kept = s3.get_object_retention().bucket(B).key("g").send().await?;
    assert_eq!(kept.retention().and_then(|one| one.mode()), Some(&ObjectLockRetentionMode::Governance));
    let plainly = s3.delete_object().bucket(B).key("g").send().await?;
    assert_eq!(plainly.delete_marker(), Some(true), "a marker may go on top of what is locked");
    delete("g", governed).bypass_governance_retention(true).send().await?;
    let off = ObjectLockLegalHold::builder().status(ObjectLockLegalHoldStatus::Off).build();
    s3.put_object_legal_hold().bucket(B).key("h").legal_hold(off).send().await?;
    delete("h", held).send().await?;
    remove(s3, B).await
}

#[tokio::main]
async fn main() -> Outcome {
    let mut line = String::new();
    std::io::stdin().read_line(&mut line)?;
    let at: serde_json::Value = serde_json::from_str(&line)?;
    let endpoint = at["s3"].as_str().expect("an address");
    let s3 = client(endpoint, "minioadmin");
    objects(&s3).await?;
    credentials(&s3, endpoint).await?;
    multipart(&s3).await?;
    presigned(&s3).await?;
    listings_and_batches(&s3).await?;
    versions(&s3).await?;
    object_lock(&s3).await?;
    println!("all held");
    Ok(())
}
