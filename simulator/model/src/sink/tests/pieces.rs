//! Bodies that are kept elsewhere: handed on by reference, never read, and let go with their last version.

use std::io;
use std::ops::Range;
use std::sync::Weak;

use bytes::Bytes;
use md5::{Digest as _, Md5};

use super::uploads::{begin, writing};
use super::*;
use crate::call::EntityTag;
use crate::call::s3::answer::{Copied, S3Answer};
use crate::call::s3::request::{
    CompleteMultipartUpload, CompletedPart, Conditions, CopyObject, CopySource, NewObject, PutObject, Read, Requester,
    UploadId, UploadPart, UploadPartCopy,
};
use crate::sink::read::Chunk;
use crate::sink::{Keep, Piece};

const DAY: Span = Span::seconds(86_400);
const PART: usize = 5 << 20;

/// Bytes that count upwards, kept by the test.
#[derive(Debug)]
struct Kept {
    first: u8,
    length: u64,
}

impl Keep for Kept {
    fn length(&self) -> u64 {
        self.length
    }

    fn read(&self, range: Range<u64>) -> io::Result<Bytes> {
        Ok(range.map(|at| self.first.wrapping_add(at as u8)).collect())
    }
}

fn kept(first: u8, length: usize) -> (Piece, Weak<Kept>) {
    let kept = Arc::new(Kept { first, length: length as u64 });
    let held = Arc::downgrade(&kept);
    (Piece::kept(kept), held)
}

fn put(bench: &mut Bench, key: &str, body: Piece) -> EntityTag {
    let (object, conditions) = (NewObject::default(), Conditions::default());
    let put = PutObject { key: key.into(), object, conditions, md5: [9; 16], body };
    let writing = writing(bench, "plain");
    bench.sink.put_in_full(writing, &put).expect("it is put").0.put.etag
}

/// What a GET carries, and how many chunks of it are fetched from elsewhere.
fn read(bench: &Bench, key: &str, range: Option<(u64, u64)>) -> (Vec<u8>, usize) {
    let range = range.map(|(first, last)| crate::call::s3::request::ByteRange::Between(first, last));
    let read = Read { range, ..Read::of(id(key)) };
    let (described, reading) = bench.sink.get_in_full(DAY, Requester::Owner, "plain", &read).expect("it is there");
    let left = reading.left;
    let (mut bytes, mut fetched) = (Vec::new(), 0);
    for chunk in reading {
        match chunk {
            Chunk::Bytes(here) => bytes.extend_from_slice(&here),
            Chunk::Kept(kept, range) => {
                assert!(range.end - range.start <= 1 << 20, "nobody holds it whole");
                bytes.extend_from_slice(&kept.read(range).expect("it is kept"));
                fetched += 1;
            }
        }
    }
    assert_eq!((left, described.part.map_or(described.head.size, |part| part.1)), (bytes.len() as u64, left));
    (bytes, fetched)
}

fn counted(first: u8, range: Range<usize>) -> Vec<u8> {
    range.map(|at| first.wrapping_add(at as u8)).collect()
}

fn part(bench: &mut Bench, upload: &str, number: u32, body: Piece) -> String {
    let upload = UploadId { key: "k".into(), upload_id: upload.into() };
    let part = UploadPart { upload, part_number: number, checksum: None, md5: [number as u8; 16], body };
    match bench.sink.upload_part_in_full(bench.now, "plain", &part) {
        Ok(S3Answer::Part { etag, .. }) => etag.bare(),
        other => panic!("{other:?}"),
    }
}

fn complete(bench: &mut Bench, upload: &str, parts: &[(u32, String)]) -> EntityTag {
    let part = |(number, etag): &(u32, String)| CompletedPart { number: *number, etag: etag.clone(), checksum: None };
    let complete = CompleteMultipartUpload {
        upload: UploadId { key: "k".into(), upload_id: upload.into() },
        parts: parts.iter().map(part).collect(),
        checksum: None,
        size: None,
        conditions: Conditions::default(),
    };
    let writing = writing(bench, "plain");
    bench.sink.complete_upload(writing, &complete).expect("it is complete").0.put.etag
}

fn source(key: &str) -> CopySource {
    CopySource { bucket: "plain".into(), id: id(key), conditions: Conditions::default() }
}

/// `k` copied to `copy`, as it is.
fn copy(bench: &mut Bench) -> Box<Copied> {
    let copy = CopyObject {
        key: "copy".into(),
        source: source("k"),
        replace_metadata: false,
        replace_tags: false,
        object: NewObject::default(),
        conditions: Conditions::default(),
    };
    let writing = writing(bench, "plain");
    bench.sink.copy_object(Requester::Owner, writing, &copy).expect("it is copied").0
}

#[test]
fn what_is_kept_elsewhere_is_read_in_chunks_and_let_go_with_its_version() {
    let mut bench = Bench::new();
    let (body, held) = kept(3, (2 << 20) + 5);
    assert_eq!(put(&mut bench, "k", body), EntityTag::of([9; 16]));
    assert_eq!(read(&bench, "k", None), (counted(3, 0..(2 << 20) + 5), 3));
    assert_eq!(read(&bench, "k", Some((7, 9))), (counted(3, 7..10), 1));
    let described = bench.sink.head_in_full(DAY, Requester::Owner, "plain", &Read::of(id("k"))).expect("it is there");
    assert_eq!(described.parts, [0; 0], "it came in one piece");

    let copied = copy(&mut bench);
    assert_eq!(copied.stored.put.etag, EntityTag::of([9; 16]));
    put(&mut bench, "k", Piece::Here(Bytes::from_static(b"other")));
    assert_eq!(held.strong_count(), 1, "the copy has it");
    bench.delete("plain", &id("copy"));
    assert_eq!(held.strong_count(), 0);
}

#[test]
fn parts_that_are_kept_elsewhere_become_one_object_and_parts_of_another() {
    let mut bench = Bench::new();
    let upload = begin(&mut bench, "plain", "k");
    let (first, held) = kept(0, PART);
    let tags = [
        (1, part(&mut bench, &upload, 1, first)),
        (2, part(&mut bench, &upload, 2, Piece::Here(Bytes::from(vec![7; PART])))),
        (3, part(&mut bench, &upload, 3, kept(100, 10).0)),
    ];
    let whole: Vec<u8> = [counted(0, 0..PART), vec![7; PART], counted(100, 0..10)].concat();
    let expected: [u8; 16] = Md5::digest([[1; 16], [2; 16], [3; 16]].concat()).into();
    assert_eq!(complete(&mut bench, &upload, &tags), EntityTag::of_parts(expected, 3));
    assert_eq!(read(&bench, "k", None).0, whole);
    let (from, to) = (PART - 2, 2 * PART + 3);
    assert_eq!(read(&bench, "k", Some((from as u64, to as u64 - 1))).0, whole[from..to]);

    // A part of the next upload begins in one piece of this one and ends in another.
    let upload = begin(&mut bench, "plain", "k");
    let copy = |number, range| UploadPartCopy {
        upload: UploadId { key: "k".into(), upload_id: upload.clone() },
        part_number: number,
        source: source("k"),
        range: Some(range),
    };
    let mut copied = |number: u32, range: (usize, usize)| {
        let copy = copy(number, (range.0 as u64, range.1 as u64 - 1));
        match bench.sink.upload_part_copy(Requester::Owner, bench.now, "plain", &copy) {
            Ok(S3Answer::Part { etag, .. }) => (number, etag.bare()),
            other => panic!("{other:?}"),
        }
    };
    let (one, two, three) = (copied(1, (5, PART + 5)), copied(2, (6, PART + 6)), copied(3, (PART, PART + 4)));
    assert_ne!(one.1, two.1, "other bytes, another tag");
    let known: [u8; 16] = Md5::digest([7; 4]).into();
    assert_eq!(three.1, EntityTag::of(known).bare(), "what is here is summed up as ever");
    complete(&mut bench, &upload, &[one, two, three]);
    let expected = [&whole[5..PART + 5], &whole[6..PART + 6], &whole[PART..PART + 4]].concat();
    assert_eq!(read(&bench, "k", None).0, expected);
    let described = bench.sink.head_in_full(DAY, Requester::Owner, "plain", &Read::of(id("k"))).expect("it is there");
    assert_eq!(described.parts, [PART as u64, PART as u64, 4], "the parts are those of the upload");
    assert!(held.strong_count() > 0);
    bench.delete("plain", &id("k"));
    assert_eq!(held.strong_count(), 0);
}

#[test]
fn a_copy_of_parts_is_one_piece_with_a_tag_of_its_own() {
    let mut bench = Bench::new();
    let mut copied_tags = Vec::new();
    for is_kept in [false, true] {
        let upload = begin(&mut bench, "plain", "k");
        let first = if is_kept { kept(0, PART).0 } else { Piece::Here(counted(0, 0..PART).into()) };
        let tags = [
            (1, part(&mut bench, &upload, 1, first)),
            (2, part(&mut bench, &upload, 2, Bytes::from_static(b"end").into())),
        ];
        complete(&mut bench, &upload, &tags);
        let etag = copy(&mut bench).stored.put.etag;
        assert_eq!(etag.parts(), None);
        let described =
            bench.sink.head_in_full(DAY, Requester::Owner, "plain", &Read::of(id("copy"))).expect("it is there");
        assert_eq!((described.head.etag, described.parts.len()), (etag, 0));
        assert_eq!(read(&bench, "copy", None).0, [counted(0, 0..PART), b"end".to_vec()].concat());
        copied_tags.push(etag);
    }
    let known: [u8; 16] = Md5::digest([counted(0, 0..PART), b"end".to_vec()].concat()).into();
    assert_eq!(copied_tags[0], EntityTag::of(known));
    assert_ne!(copied_tags[1], copied_tags[0], "nobody has read what is kept elsewhere");
}

#[test]
fn a_completion_is_remembered_until_a_thousand_others_have_come() {
    let mut bench = Bench::new();
    let one = |bench: &mut Bench| {
        let upload = begin(bench, "plain", "k");
        let tags = [(1, part(bench, &upload, 1, Bytes::from_static(b"x").into()))];
        complete(bench, &upload, &tags);
        (upload, tags)
    };
    let (first, tags) = one(&mut bench);
    for _ in 0..999 {
        one(&mut bench);
    }
    complete(&mut bench, &first, &tags);
    one(&mut bench);
    assert_eq!(bench.sink.buckets["plain"].completed.len(), 1000);
    assert!(bench.sink.buckets["plain"].completed.iter().all(|completed| completed.upload_id != first));
}
