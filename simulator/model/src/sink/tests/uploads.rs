//! Multipart uploads as sockets bring them: sums, copies, conditions, repetition.

use bytes::Bytes;
use md5::{Digest as _, Md5};

use super::*;
use crate::call::s3::answer::S3Answer;
use crate::call::s3::configuration::{Checksum, ChecksumAlgorithm, ChecksumType};
use crate::call::s3::request::{
    CompleteMultipartUpload, CompletedPart, Conditions, CopySource, CreateMultipartUpload, ListParts, NewObject,
    Requester, UploadId, UploadPart, UploadPartCopy,
};
use crate::sink::Piece;
use crate::sink::write::Writing;

const DAY: Span = Span::seconds(86_400);
const LARGE: usize = 5 << 20;

pub(super) fn writing<'b>(bench: &mut Bench, bucket: &'b str) -> Writing<'b> {
    Writing { chance: Chance::new(7), now: bench.tick(), day: DAY, bucket, origin: Origin::Operator }
}

pub(super) fn begin(bench: &mut Bench, bucket: &str, key: &str) -> String {
    begin_summed(bench, bucket, key, None).expect("it begins")
}

fn begin_summed(
    bench: &mut Bench,
    bucket: &str,
    key: &str,
    sum: Option<(ChecksumAlgorithm, ChecksumType)>,
) -> Result<String, String> {
    let mut object = NewObject::default();
    object.attributes.checksum = sum.map(|(algorithm, _)| Checksum { algorithm, value: Vec::new(), parts: None });
    let checksum_type = sum.map(|(_, kind)| kind);
    let create = CreateMultipartUpload { key: key.into(), object, checksum_type };
    let writing = writing(bench, bucket);
    match bench.sink.create_upload(writing, &create) {
        Ok((S3Answer::UploadBegun { upload_id, .. }, _)) => Ok(upload_id),
        Ok(other) => panic!("{other:?}"),
        Err(error) => Err(code(&error)),
    }
}

fn part(bench: &mut Bench, id: &str, number: u32, body: Vec<u8>, checksum: Option<Checksum>) -> Result<String, String> {
    let upload = UploadId { key: "k".into(), upload_id: id.into() };
    let md5 = Md5::digest(&body).into();
    let part = UploadPart { upload, part_number: number, checksum, md5, body: Piece::Here(body.into()) };
    match bench.sink.upload_part_in_full(bench.now, "plain", &part) {
        Ok(S3Answer::Part { etag, .. }) => Ok(etag.to_string()),
        Ok(other) => panic!("{other:?}"),
        Err(error) => Err(code(&error)),
    }
}

fn complete(id: &str, parts: &[(u32, &str)]) -> CompleteMultipartUpload {
    CompleteMultipartUpload {
        upload: UploadId { key: "k".into(), upload_id: id.into() },
        parts: parts
            .iter()
            .map(|(number, etag)| CompletedPart { number: *number, etag: (*etag).into(), checksum: None })
            .collect(),
        checksum: None,
        size: None,
        conditions: Conditions::default(),
    }
}

fn completed(bench: &mut Bench, complete: &CompleteMultipartUpload) -> Result<String, String> {
    let writing = writing(bench, "plain");
    let result = bench.sink.complete_upload(writing, complete);
    result.map(|(stored, _)| stored.put.etag.to_string()).map_err(|error| code(&error))
}

fn large() -> Vec<u8> {
    (0..LARGE).map(|at| (at / 7) as u8).collect()
}

#[test]
fn an_upload_is_the_object_of_its_parts_and_says_so_as_often_as_it_is_asked() {
    let mut bench = Bench::new();
    let upload = begin(&mut bench, "plain", "k");
    let first = part(&mut bench, &upload, 1, large(), None).unwrap();
    let last = part(&mut bench, &upload, 3, b"end".to_vec(), None).unwrap();
    for (parts, refusal) in [
        (vec![], "MalformedXML 400"),
        (vec![(3, last.as_str()), (1, first.as_str())], "InvalidPartOrder 400"),
        (vec![(1, "\"0\"")], "InvalidPart 400"),
        (vec![(2, first.as_str())], "InvalidPart 400"),
    ] {
        assert_eq!(completed(&mut bench, &complete(&upload, &parts)).unwrap_err(), refusal, "{parts:?}");
    }
    let whole = complete(&upload, &[(1, &first), (3, &last)]);
    let other_size = CompleteMultipartUpload { size: Some(1), ..whole.clone() };
    assert_eq!(completed(&mut bench, &other_size).unwrap_err(), "InvalidRequest 400");
    let etag = completed(&mut bench, &whole).unwrap();
    assert!(etag.ends_with("-2\""), "{etag}");
    assert_eq!(completed(&mut bench, &whole), Ok(etag.clone()), "an answer that was lost is given again");
    assert_eq!(bench.sink.buckets["plain"].keys.len(), 1);
    let (head, body) = bench.sink.get("plain", &id("k"), None).unwrap();
    assert_eq!((head.etag.to_string(), head.size as usize), (etag, LARGE + 3));
    assert_eq!(body, [large(), b"end".to_vec()].concat());
    let across = bench.sink.get("plain", &id("k"), Some((LARGE as u64 - 2, LARGE as u64))).unwrap().1;
    assert_eq!(across[..], [&large()[LARGE - 2..], b"e"].concat()[..], "a range goes across parts");
}

#[test]
fn a_small_part_must_be_the_last() {
    let mut bench = Bench::new();
    let upload = begin(&mut bench, "plain", "k");
    let tags = [1, 2].map(|number| part(&mut bench, &upload, number, b"x".to_vec(), None).unwrap());
    let both = complete(&upload, &[(1, &tags[0]), (2, &tags[1])]);
    assert_eq!(completed(&mut bench, &both).unwrap_err(), "EntityTooSmall 400");
    assert!(completed(&mut bench, &complete(&upload, &[(2, &tags[1])])).unwrap().ends_with("-1\""));
}

#[test]
fn what_is_current_must_be_what_a_completion_was_told() {
    let mut bench = Bench::new();
    bench.put("plain", "k", "before");
    let upload = begin(&mut bench, "plain", "k");
    let tag = part(&mut bench, &upload, 1, b"x".to_vec(), None).unwrap();
    let on = |if_match: Option<&str>, if_none_match: Option<&str>| CompleteMultipartUpload {
        conditions: Conditions {
            if_match: if_match.map(Into::into),
            if_none_match: if_none_match.map(Into::into),
            ..Conditions::default()
        },
        ..complete(&upload, &[(1, &tag)])
    };
    assert_eq!(completed(&mut bench, &on(None, Some("*"))).unwrap_err(), "PreconditionFailed 412");
    assert_eq!(completed(&mut bench, &on(Some("other"), None)).unwrap_err(), "PreconditionFailed 412");
    assert_eq!(bench.text("plain", &id("k")).unwrap(), "before");
    assert!(completed(&mut bench, &on(Some("*"), None)).is_ok());
}

#[test]
fn parts_that_are_summed_up_sum_up_the_object() {
    let sum = |value: &[u8]| Checksum { algorithm: ChecksumAlgorithm::Crc32, value: value.into(), parts: None };
    // CRC-32 of "1234" and of "56789"; that of "123456789" is the check value of the catalogue.
    let (first, second) = ([0x9B, 0xE3, 0xE0, 0xA3], [0xBE, 0xB5, 0x6B, 0x8E]);
    for (kind, parts) in [(ChecksumType::FullObject, None), (ChecksumType::Composite, Some(1))] {
        let mut bench = Bench::new();
        let upload = begin_summed(&mut bench, "plain", "k", Some((ChecksumAlgorithm::Crc32, kind))).unwrap();
        let wrong = Checksum { algorithm: ChecksumAlgorithm::Sha256, value: vec![0; 32], parts: None };
        assert_eq!(part(&mut bench, &upload, 1, b"1234".to_vec(), Some(wrong)).unwrap_err(), "InvalidRequest 400");
        let tag = part(&mut bench, &upload, 1, b"1234".to_vec(), Some(sum(&first))).unwrap();
        let mut one = complete(&upload, &[(1, &tag)]);
        one.parts[0].checksum = Some(sum(&second));
        assert_eq!(completed(&mut bench, &one).unwrap_err(), "InvalidPart 400", "that is not its sum");
        one.parts[0].checksum = Some(sum(&first));
        one.checksum = Some(sum(&[0; 4]));
        assert_eq!(completed(&mut bench, &one).unwrap_err(), "BadDigest 400");
        one.checksum = None;
        let writing = writing(&mut bench, "plain");
        let stored = bench.sink.complete_upload(writing, &one).unwrap().0;
        assert_eq!(stored.checksum.map(|sum| sum.parts), Some(parts), "{kind:?}");
    }
    let mut bench = Bench::new();
    for (sum, refusal) in [
        ((ChecksumAlgorithm::Crc64Nvme, ChecksumType::Composite), "InvalidRequest 400"),
        ((ChecksumAlgorithm::Sha256, ChecksumType::FullObject), "InvalidRequest 400"),
        ((ChecksumAlgorithm::Sha1, ChecksumType::Composite), "NotImplemented 501"),
    ] {
        assert_eq!(begin_summed(&mut bench, "plain", "k", Some(sum)).unwrap_err(), refusal);
    }
}

#[test]
fn a_part_may_be_a_copy_of_what_is_there() {
    let mut bench = Bench::new();
    bench.put("kept", "source", "0123456789");
    let upload = begin(&mut bench, "plain", "k");
    let copy = |key: &str, range| UploadPartCopy {
        upload: UploadId { key: "k".into(), upload_id: upload.clone() },
        part_number: 1,
        source: CopySource { bucket: "kept".into(), id: id(key), conditions: Conditions::default() },
        range,
    };
    let mut ask = |key: &str, range| {
        let result = bench.sink.upload_part_copy(Requester::Owner, bench.now, "plain", &copy(key, range));
        result.map_err(|failure| code(&failure.error))
    };
    assert_eq!(ask("none", None).unwrap_err(), "NoSuchKey 404");
    assert_eq!(ask("source", Some((5, 10))).unwrap_err(), "InvalidRange 416");
    let S3Answer::Part { etag, .. } = ask("source", Some((2, 4))).unwrap() else { panic!("a part") };
    completed(&mut bench, &complete(&upload, &[(1, &etag.to_string())])).unwrap();
    assert_eq!(bench.text("plain", &id("k")).unwrap(), "234");
}

#[test]
fn parts_are_listed_by_number_and_in_pages() {
    let mut bench = Bench::new();
    let upload = begin(&mut bench, "plain", "k");
    for number in [4, 1, 9] {
        part(&mut bench, &upload, number, b"x".to_vec(), None).unwrap();
    }
    assert_eq!(part(&mut bench, &upload, 10_001, Bytes::new().to_vec(), None).unwrap_err(), "InvalidArgument 400");
    let page = |after, max_parts| {
        let upload = UploadId { key: "k".into(), upload_id: upload.clone() };
        let page = bench.sink.list_parts(DAY, "plain", &ListParts { upload, after, max_parts }).unwrap();
        (page.parts.iter().map(|part| part.number).collect::<Vec<_>>(), page.truncated)
    };
    assert_eq!(page(0, None), (vec![1, 4, 9], false));
    assert_eq!(page(0, Some(2)), (vec![1, 4], true));
    assert_eq!(page(4, Some(2)), (vec![9], false));
}
