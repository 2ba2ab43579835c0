//! Single objects as sockets bring and ask for them: conditions, ranges, copies, tags, what is told of them.

use bytes::Bytes;
use md5::{Digest as _, Md5};

use super::uploads::writing;
use super::*;
use crate::call::s3::request::{ByteRange, Conditions, CopyObject, CopySource, NewObject, PutObject, Read, Requester};
use crate::sink::read::Chunk;
use crate::sink::tags;

const DAY: Span = Span::seconds(86_400);

fn put(bench: &mut Bench, key: &str, body: &'static str, conditions: Conditions) -> Result<String, String> {
    let md5 = Md5::digest(body).into();
    let body = Bytes::from_static(body.as_bytes()).into();
    let put = PutObject { key: key.into(), object: NewObject::default(), conditions, md5, body };
    let writing = writing(bench, "kept");
    bench.sink.put_in_full(writing, &put).map(|(stored, _)| stored.put.etag.to_string()).map_err(|error| code(&error))
}

fn on(if_match: Option<&str>, if_none_match: Option<&str>) -> Conditions {
    let plain = |tag: &str| tag.trim_matches('"').to_owned();
    Conditions { if_match: if_match.map(plain), if_none_match: if_none_match.map(plain), ..Conditions::default() }
}

#[test]
fn a_put_may_depend_on_what_is_current() {
    let mut bench = Bench::new();
    let first = put(&mut bench, "k", "one", on(None, Some("*"))).unwrap();
    for (conditions, outcome) in [
        (on(None, Some("*")), Some("PreconditionFailed 412")),
        (on(Some("other"), None), Some("PreconditionFailed 412")),
        (on(None, Some(&first)), Some("NotImplemented 501")),
        (on(Some(&first), None), None),
        (on(Some("*"), None), None),
    ] {
        assert_eq!(put(&mut bench, "k", "one", conditions.clone()).err().as_deref(), outcome, "{conditions:?}");
    }
    assert_eq!(put(&mut bench, "none", "x", on(Some("*"), None)).unwrap_err(), "NoSuchKey 404");
    bench.delete("kept", &id("k"));
    assert!(put(&mut bench, "k", "two", on(None, Some("*"))).is_ok(), "below a marker nothing is current");
}

#[test]
fn a_read_may_depend_on_the_entity_tag_and_then_on_the_date() {
    let mut bench = Bench::new();
    let etag = put(&mut bench, "k", "one", Conditions::default()).unwrap();
    let (at, before, after) = (bench.now, bench.now - Span::seconds(9), bench.now + Span::seconds(9));
    let ask = |conditions: Conditions, modified: Option<Time>, unmodified: Option<Time>| {
        let conditions = Conditions { if_modified_since: modified, if_unmodified_since: unmodified, ..conditions };
        let read = Read { conditions, ..Read::of(id("k")) };
        bench.sink.head_in_full(DAY, Requester::Owner, "kept", &read).map_err(|failure| {
            assert_eq!(
                failure.about.unwrap().etag.map(|told| told.to_string()),
                Some(etag.clone()),
                "it is told with a refusal, too"
            );
            code(&failure.error)
        })
    };
    let (holds, not_modified, failed) = (None, Some("NotModified 304"), Some("PreconditionFailed 412"));
    for (conditions, modified, unmodified, outcome) in [
        (on(Some(&etag), None), None, None, holds),
        (on(Some("other"), None), None, None, failed),
        (on(None, Some(&etag)), None, None, not_modified),
        (on(None, Some("*")), None, None, not_modified),
        (on(None, Some("other")), None, None, holds),
        (on(None, None), Some(before), None, holds),
        (on(None, None), Some(at), None, not_modified),
        (on(None, None), None, Some(at), holds),
        (on(None, None), None, Some(before), failed),
        (on(Some(&etag), None), None, Some(before), holds),
        (on(None, Some("other")), Some(after), None, holds),
    ] {
        let found = ask(conditions.clone(), modified, unmodified).err();
        assert_eq!(found.as_deref(), outcome, "{conditions:?} {modified:?} {unmodified:?}");
    }
}

#[test]
fn a_range_is_cut_and_one_that_begins_behind_the_end_is_refused() {
    let mut bench = Bench::new();
    put(&mut bench, "k", "0123456789", Conditions::default()).unwrap();
    put(&mut bench, "empty", "", Conditions::default()).unwrap();
    let read = |key: &str, range, part_number| {
        let read = Read { range, part_number, ..Read::of(id(key)) };
        let result = bench.sink.get_in_full(DAY, Requester::Owner, "kept", &read);
        result.map_err(|failure| code(&failure.error)).map(|(described, reading)| {
            let body: Vec<u8> = reading.flat_map(bytes_of).collect();
            (described.part, String::from_utf8(body).expect("text was put"))
        })
    };
    let some = |first, length, text: &str| Ok((Some((first, length)), text.to_owned()));
    let beyond = || Err("InvalidRange 416".to_owned());
    for (range, expected) in [
        (ByteRange::Between(2, 4), some(2, 3, "234")),
        (ByteRange::Between(8, 99), some(8, 2, "89")),
        (ByteRange::From(7), some(7, 3, "789")),
        (ByteRange::Last(3), some(7, 3, "789")),
        (ByteRange::Last(99), some(0, 10, "0123456789")),
        (ByteRange::Between(4, 2), beyond()),
        (ByteRange::From(10), beyond()),
        (ByteRange::Last(0), beyond()),
    ] {
        assert_eq!(read("k", Some(range), None), expected, "{range:?}");
    }
    assert_eq!(read("k", None, Some(1)), some(0, 10, "0123456789"));
    assert_eq!(read("k", None, Some(2)).unwrap_err(), "InvalidPartNumber 416");
    assert_eq!(read("k", Some(ByteRange::From(0)), Some(1)).unwrap_err(), "InvalidRequest 400");
    assert_eq!(read("empty", None, None), Ok((None, String::new())));
    assert_eq!(read("empty", Some(ByteRange::From(0)), None), beyond());
}

#[test]
fn media_are_read_in_pieces_that_are_the_same_whatever_range_is_asked() {
    let mut bench = Bench::new();
    let media = Body::Media { kind: crate::sink::MediaKind::Mp4, seed: 3, length: 3_000_000 };
    bench.put_body("plain", "m", media.clone()).unwrap();
    let read = Read { range: Some(ByteRange::Between(1_000_000, 2_200_000)), ..Read::of(id("m")) };
    let (_, reading) = bench.sink.get_in_full(DAY, Requester::Owner, "plain", &read).unwrap();
    assert_eq!(reading.left, 1_200_001);
    let pieces: Vec<Bytes> = reading.map(bytes_of).collect();
    assert!(pieces.len() > 1, "nobody holds it whole");
    assert_eq!(pieces.concat(), bench.sink.media.read(&media, 1_000_000..2_200_001));
}

fn bytes_of(chunk: Chunk) -> Bytes {
    match chunk {
        Chunk::Bytes(bytes) => bytes,
        Chunk::Kept(kept, range) => kept.read(range).expect("it is kept"),
    }
}

fn copy(from: &str, to: &str) -> CopyObject {
    CopyObject {
        key: to.into(),
        source: CopySource { bucket: "kept".into(), id: id(from), conditions: Conditions::default() },
        replace_metadata: false,
        replace_tags: false,
        object: NewObject::default(),
        conditions: Conditions::default(),
    }
}

fn copied(bench: &mut Bench, copy: &CopyObject) -> Result<(), String> {
    let writing = writing(bench, "kept");
    let result = bench.sink.copy_object(Requester::Owner, writing, copy);
    result.map(drop).map_err(|failure| code(&failure.error))
}

#[test]
fn a_copy_is_as_its_source_but_for_what_it_is_told() {
    let mut bench = Bench::new();
    let md5 = Md5::digest("x").into();
    let object = NewObject {
        content_type: Some("video/mp4".into()),
        metadata: vec![("room".into(), "standup".into())],
        tags: Some(vec![("a".into(), "b".into())]),
        ..NewObject::default()
    };
    let body = Bytes::from_static(b"x");
    let source = PutObject { key: "k".into(), object, conditions: Conditions::default(), md5, body: body.into() };
    let at = writing(&mut bench, "kept");
    bench.sink.put_in_full(at, &source).unwrap();
    let told = |bench: &mut Bench, key: &str| {
        let read = bench.sink.head_in_full(DAY, Requester::Owner, "kept", &Read::of(id(key))).unwrap();
        (read.head.content_type.clone(), read.metadata.len(), bench.sink.object_tags("kept", &id(key)).unwrap().0)
    };
    copied(&mut bench, &copy("k", "same")).unwrap();
    let tagged = vec![("a".to_owned(), "b".to_owned())];
    assert_eq!(told(&mut bench, "same"), ("video/mp4".into(), 1, tagged.clone()));
    copied(&mut bench, &CopyObject { replace_metadata: true, ..copy("k", "other") }).unwrap();
    assert_eq!(told(&mut bench, "other"), ("binary/octet-stream".into(), 0, tagged));
    copied(&mut bench, &CopyObject { replace_tags: true, ..copy("k", "untagged") }).unwrap();
    assert_eq!(told(&mut bench, "untagged").2, []);

    assert_eq!(copied(&mut bench, &copy("k", "k")).unwrap_err(), "InvalidRequest 400", "onto itself, as it is");
    assert!(copied(&mut bench, &CopyObject { replace_metadata: true, ..copy("k", "k") }).is_ok());
    assert_eq!(copied(&mut bench, &copy("none", "x")).unwrap_err(), "NoSuchKey 404");
    let marker = bench.delete("kept", &id("k")).0.delete_marker_version_id.expect("a marker");
    assert_eq!(copied(&mut bench, &copy("k", "x")).unwrap_err(), "NoSuchKey 404");
    let mut of_marker = copy("k", "x");
    of_marker.source.id = version("k", &marker);
    assert_eq!(copied(&mut bench, &of_marker).unwrap_err(), "InvalidRequest 400");
}

#[test]
fn a_delete_may_depend_on_the_entity_tag() {
    let mut bench = Bench::new();
    let etag = put(&mut bench, "k", "one", Conditions::default()).unwrap();
    for (key, tag, outcome) in [
        ("k", etag.trim_matches('"'), None),
        ("k", "*", None),
        ("k", "other", Some("PreconditionFailed 412")),
        ("none", "*", Some("PreconditionFailed 412")),
    ] {
        let found = bench.sink.check_delete("kept", &id(key), tag).err().map(|error| code(&error));
        assert_eq!(found.as_deref(), outcome, "{key} {tag}");
    }
}

#[test]
fn tags_survive_their_spelling_and_have_limits() {
    let tags = vec![("a b".to_owned(), "ü+&=%".to_owned()), ("c".to_owned(), String::new())];
    assert_eq!(tags::parse(&tags::encode(&tags)), tags);
    assert_eq!(
        tags::parse("a=b+c&d&%zz=%4"),
        [("a", "b c"), ("d", ""), ("%zz", "%4")].map(|(k, v)| (k.into(), v.into()))
    );
    let one = |key: &str, value: &str| vec![(key.to_owned(), value.to_owned())];
    for (tags, refused) in [
        (one("k", "v"), false),
        (one("", "v"), true),
        (one(&"k".repeat(129), "v"), true),
        (one("k", &"v".repeat(257)), true),
        (one("aws:k", "v"), true),
        ([one("k", "v"), one("k", "w")].concat(), true),
        ((0..11).map(|number| (number.to_string(), String::new())).collect(), true),
    ] {
        assert_eq!(tags::check(&tags, 10).is_err(), refused, "{tags:?}");
    }
}

#[test]
fn whoever_may_not_list_is_not_told_what_is_not_there() {
    let mut bench = Bench::new();
    let read = |bench: &Bench, key: &str| {
        let result = bench.sink.head_in_full(DAY, Requester::Anonymous, "open", &Read::of(id(key)));
        result.map(drop).map_err(|failure| code(&failure.error))
    };
    bench.put("open", "k", "x");
    assert_eq!(read(&bench, "k"), Ok(()));
    assert_eq!(read(&bench, "none").unwrap_err(), "AccessDenied 403");
    bench.sink.put_bucket_acl("open", crate::call::s3::configuration::Acl::PublicRead).unwrap();
    assert_eq!(read(&bench, "none").unwrap_err(), "NoSuchKey 404");
}
