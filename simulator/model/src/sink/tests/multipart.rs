//! Multipart uploads.

use super::*;
use crate::call::HeadResult;
use crate::sink::multipart::CreateMultipartUpload;

const PART: usize = 5 << 20;

fn begin(bench: &mut Bench, bucket: &str, key: &str) -> String {
    let now = bench.tick();
    let create = CreateMultipartUpload {
        chance: Chance::new(7),
        now,
        bucket,
        key,
        content_type: "video/mp4".into(),
        metadata: Arc::default(),
        tagging: "".into(),
        origin: Origin::Operator,
    };
    let (upload_id, changes) = bench.sink.create_multipart_upload(create).expect("the upload begins");
    assert_eq!(changes[0].kind, ChangeKind::UploadBegun);
    assert_eq!(changes[0].version.as_deref(), Some(upload_id.as_str()));
    upload_id
}

fn complete(bench: &mut Bench, bucket: &str, upload: &str, parts: &[(u32, String)]) -> Result<PutResult, String> {
    let now = bench.tick();
    let done = bench.sink.complete_multipart_upload(Chance::new(7), now, bucket, "a", upload, parts);
    done.map(|(result, _)| result).map_err(|error| code(&error))
}

#[test]
fn the_parts_become_one_object() {
    let mut bench = Bench::new();
    let upload = begin(&mut bench, "kept", "a");
    let second = bench.sink.upload_part("kept", "a", &upload, 7, Bytes::from_static(b"end")).unwrap();
    bench.sink.upload_part("kept", "a", &upload, 1, Bytes::from_static(b"sent again below")).unwrap();
    let first = bench.sink.upload_part("kept", "a", &upload, 1, Bytes::from(vec![b'x'; PART])).unwrap();
    assert_eq!(bench.sink.head("kept", &id("a")).unwrap(), HeadResult::NotFound { delete_marker: false });
    assert!(bench.sink.list_object_versions("kept", "", None, 0).unwrap().versions.is_empty());

    let parts = [(1, first.to_string()), (7, second.bare())];
    let put = complete(&mut bench, "kept", &upload, &parts).unwrap();
    assert_eq!(put.etag.parts(), Some(2));
    assert!(put.version_id.is_some());
    let (head, bytes) = bench.sink.get("kept", &id("a"), Some((PART as u64 - 1, PART as u64 + 10))).unwrap();
    assert_eq!((head.size, head.etag, &*head.content_type), (PART as u64 + 3, put.etag, "video/mp4"));
    assert_eq!(&bytes[..], b"xend");
    assert!(bench.sink.list_multipart_uploads("kept", "").unwrap().is_empty());
    assert_eq!(complete(&mut bench, "kept", &upload, &parts).unwrap_err(), "NoSuchUpload 404");
}

#[test]
fn a_wrong_completion_leaves_the_upload() {
    let mut bench = Bench::new();
    let upload = begin(&mut bench, "plain", "a");
    let one = bench.sink.upload_part("plain", "a", &upload, 1, Bytes::from_static(b"small")).unwrap();
    let two = bench.sink.upload_part("plain", "a", &upload, 2, Bytes::from_static(b"small too")).unwrap();
    let (one, two) = ((1, one.to_string()), (2, two.to_string()));
    for (parts, refusal) in [
        (vec![], "MalformedXML 400"),
        (vec![two.clone(), one.clone()], "InvalidPartOrder 400"),
        (vec![one.clone(), one.clone()], "InvalidPartOrder 400"),
        (vec![one.clone(), (3, two.1.clone())], "InvalidPart 400"),
        (vec![(1, two.1.clone())], "InvalidPart 400"),
        (vec![one.clone(), two.clone()], "EntityTooSmall 400"),
    ] {
        assert_eq!(complete(&mut bench, "plain", &upload, &parts).unwrap_err(), refusal);
    }
    let number = bench.sink.upload_part("plain", "a", &upload, 10_001, Bytes::new()).unwrap_err();
    assert_eq!(code(&number), "InvalidArgument 400");
    assert!(complete(&mut bench, "plain", &upload, &[two]).is_ok(), "the last part may be small");
    assert_eq!(bench.text("plain", &id("a")).unwrap(), "small too");
}

#[test]
fn unfinished_uploads_are_listed_until_they_are_aborted() {
    let mut bench = Bench::new();
    let first = begin(&mut bench, "plain", "rec/b");
    let second = begin(&mut bench, "plain", "rec/b");
    begin(&mut bench, "plain", "rec/a");
    begin(&mut bench, "plain", "reception");
    let listed = bench.sink.list_multipart_uploads("plain", "rec/").unwrap();
    let keys: Vec<_> = listed.iter().map(|upload| upload.key.as_str()).collect();
    assert_eq!(keys, ["rec/a", "rec/b", "rec/b"]);
    assert_eq!((&listed[1].upload_id, &listed[2].upload_id), (&first, &second), "the oldest of a key first");

    let changes = bench.sink.abort_multipart_upload("plain", "rec/b", &first).unwrap();
    assert_eq!(changes[0].kind, ChangeKind::UploadAborted);
    assert_eq!(code(&bench.sink.abort_multipart_upload("plain", "rec/b", &first).unwrap_err()), "NoSuchUpload 404");
    let part = bench.sink.upload_part("plain", "rec/b", &first, 1, Bytes::new()).unwrap_err();
    assert_eq!(code(&part), "NoSuchUpload 404");
    assert_eq!(bench.sink.list_multipart_uploads("plain", "rec/b").unwrap().len(), 1);
}
