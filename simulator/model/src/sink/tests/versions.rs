//! Heads, gets, puts and deletes, with and without versions.

use super::*;
use crate::call::{DeleteResult, HeadResult, Versioning};

fn found(head: &HeadResult) -> bool {
    matches!(head, HeadResult::Found(_))
}

const GONE: HeadResult = HeadResult::NotFound { delete_marker: false };
const HIDDEN: HeadResult = HeadResult::NotFound { delete_marker: true };

#[test]
fn a_plain_bucket_keeps_one_version_without_an_id() {
    let mut bench = Bench::new();
    let put = bench.put("plain", "a", "one");
    assert_eq!((put.etag.to_string().as_str(), put.version_id), ("\"f97c5d29941bfb1b2fdab0874906ab82\"", None));
    let (_, changes) = bench.put_body("plain", "a", Body::Bytes(Bytes::from_static(b"two"))).unwrap();
    assert_eq!(changes.len(), 1);
    assert_eq!(changes[0].kind, ChangeKind::Stored { size: 3 });
    assert_eq!(bench.text("plain", &id("a")).unwrap(), "two");
    assert_eq!(bench.text("plain", &version("a", "null")).unwrap(), "two");
    let HeadResult::Found(head) = bench.sink.head("plain", &id("a")).unwrap() else { panic!("it is there") };
    assert_eq!((head.size, head.version_id), (3, None));

    let (deleted, changes) = bench.delete("plain", &id("a"));
    assert!(!deleted.delete_marker);
    assert_eq!(changes, [ChangeKind::Erased { last: true, current: true }]);
    assert_eq!(bench.sink.head("plain", &id("a")).unwrap(), GONE);
    assert_eq!(bench.text("plain", &id("a")).unwrap_err(), "NoSuchKey 404");
    assert_eq!(bench.sink.versions_live(), 0);
}

#[test]
fn deleting_what_is_not_there_works() {
    let mut bench = Bench::new();
    assert_eq!(bench.delete("plain", &id("a")).1, []);
    assert_eq!(bench.delete("plain", &version("a", "null")).1, []);
    let (deleted, changes) = bench.delete("kept", &id("a"));
    assert_eq!(changes, [ChangeKind::MarkerMade]);
    assert!(deleted.delete_marker);
    assert_eq!(bench.delete("kept", &version("a", "unheard-of")).1, []);
    assert_eq!(bench.sink.objects_deleted, 0);
}

#[test]
fn a_delete_marker_hides_and_does_not_erase() {
    let mut bench = Bench::new();
    let first = bench.put("kept", "a", "one").version_id.expect("a versioned bucket");
    assert_eq!(first.len(), 32);
    let second = bench.put("kept", "a", "two").version_id.expect("a versioned bucket");
    assert_ne!(first, second);

    let (deleted, changes) = bench.delete("kept", &id("a"));
    let marker = deleted.delete_marker_version_id.expect("a marker");
    assert_eq!(changes, [ChangeKind::MarkerMade]);
    assert_eq!(bench.sink.head("kept", &id("a")).unwrap(), HIDDEN);
    assert_eq!(bench.text("kept", &id("a")).unwrap_err(), "NoSuchKey 404");
    assert_eq!(bench.text("kept", &version("a", &first)).unwrap(), "one");
    assert_eq!(code(&bench.sink.head("kept", &version("a", &marker)).unwrap_err()), "MethodNotAllowed 405");
    assert_eq!(bench.text("kept", &version("a", &marker)).unwrap_err(), "MethodNotAllowed 405");
    assert_eq!(bench.text("kept", &version("a", "unheard-of")).unwrap_err(), "NoSuchVersion 404");
    assert_eq!(bench.sink.head("kept", &version("a", "unheard-of")).unwrap(), GONE);

    let (removed, changes) = bench.delete("kept", &version("a", &marker));
    assert!(removed.delete_marker);
    assert_eq!(changes, [ChangeKind::MarkerRemoved { last: false }]);
    assert_eq!(bench.text("kept", &id("a")).unwrap(), "two", "the data is back");
    assert_eq!(bench.delete("kept", &version("a", &second)).1, [ChangeKind::Erased { last: false, current: true }]);
    assert_eq!(bench.delete("kept", &version("a", &first)).1, [ChangeKind::Erased { last: true, current: true }]);
    assert!(bench.sink.buckets["kept"].keys.is_empty());
    assert_eq!(bench.sink.objects_deleted, 2, "hidden once, and lost for good once");
}

#[test]
fn with_versioning_suspended_a_delete_loses_the_null_version_only() {
    let mut bench = Bench::new();
    let old = bench.put("kept", "a", "old").version_id.expect("a versioned bucket");
    bench.sink.set_versioning("kept", Versioning::Suspended).unwrap();
    assert_eq!(bench.put("kept", "a", "null one").version_id.as_deref(), Some("null"));
    bench.put("kept", "a", "null two");
    assert_eq!(bench.sink.versions_live(), 2, "a null version replaces the one before");

    let (deleted, changes) = bench.delete("kept", &id("a"));
    assert_eq!(changes, [ChangeKind::Erased { last: false, current: true }, ChangeKind::MarkerMade]);
    assert_eq!(deleted.delete_marker_version_id.as_deref(), Some("null"));
    assert_eq!(bench.delete("kept", &id("a")).1, [ChangeKind::MarkerMade]);
    assert_eq!(bench.sink.versions_live(), 2, "one old version and one null marker");
    assert_eq!(bench.text("kept", &version("a", &old)).unwrap(), "old");
    assert_eq!(bench.sink.head("kept", &id("a")).unwrap(), HIDDEN);
}

#[test]
fn objects_from_before_versioning_are_the_null_version() {
    let mut bench = Bench::new();
    bench.put("plain", "a", "before");
    bench.sink.set_versioning("plain", Versioning::Enabled).unwrap();
    let HeadResult::Found(head) = bench.sink.head("plain", &id("a")).unwrap() else { panic!("it is there") };
    assert_eq!(head.version_id.as_deref(), Some("null"));
    bench.put("plain", "a", "after");
    assert_eq!(bench.text("plain", &version("a", "null")).unwrap(), "before");
    assert_eq!(bench.sink.versioning("plain").unwrap(), Versioning::Enabled);
    let back = bench.sink.set_versioning("plain", Versioning::Unversioned).unwrap_err();
    assert_eq!(code(&back), "IllegalVersioningConfigurationException 400");
}

#[test]
fn nothing_works_in_a_bucket_that_is_not_there() {
    let mut bench = Bench::new();
    let (chance, now) = (Chance::new(0), Time(0));
    let delete = bench.request("nowhere");
    let sink = &mut bench.sink;
    for refused in [
        sink.head("nowhere", &id("a")).unwrap_err(),
        sink.get("nowhere", &id("a"), None).unwrap_err(),
        sink.list_objects_v2("nowhere", "", None, 0).unwrap_err(),
        sink.list_object_versions("nowhere", "", None, 0).unwrap_err(),
        sink.list_multipart_uploads("nowhere", "").unwrap_err(),
        sink.versioning("nowhere").unwrap_err(),
        sink.set_versioning("nowhere", Versioning::Enabled).unwrap_err(),
        sink.delete(delete, &id("a")).unwrap_err(),
        sink.pretend_to_delete(delete, &id("a")).unwrap_err(),
        sink.delete_many(delete, &[id("a")], false, &mut |_, _| Fate::AsAsked).unwrap_err(),
        sink.object_lock_configuration("nowhere").unwrap_err(),
        sink.put_legal_hold("nowhere", &id("a"), true).unwrap_err(),
        sink.upload_part("nowhere", "a", "u", 1, Bytes::new()).unwrap_err(),
        sink.complete_multipart_upload(chance, now, "nowhere", "a", "u", &[]).unwrap_err(),
        sink.abort_multipart_upload("nowhere", "a", "u").unwrap_err(),
        bench.put_body("nowhere", "a", Body::Bytes(Bytes::new())).unwrap_err(),
    ] {
        assert_eq!(code(&refused), "NoSuchBucket 404");
    }
}

#[test]
fn a_range_is_inclusive_and_cut_at_the_end() {
    let mut bench = Bench::new();
    bench.put("plain", "a", "0123456789");
    bench.put("plain", "empty", "");
    let read = |key: &str, first, last| bench.sink.get("plain", &id(key), Some((first, last)));
    assert_eq!(&read("a", 0, 0).unwrap().1[..], b"0");
    assert_eq!(&read("a", 7, u64::MAX).unwrap().1[..], b"789");
    assert_eq!(read("a", 2, 3).unwrap().0.size, 10, "the head tells of the whole object");
    for (key, first, last) in [("a", 10, 12), ("a", 5, 4), ("empty", 0, 0)] {
        assert_eq!(code(&read(key, first, last).unwrap_err()), "InvalidRange 416");
    }
}

#[test]
fn keys_have_a_length() {
    let mut bench = Bench::new();
    let mut put = |key: &str| bench.put_body("plain", key, Body::Bytes(Bytes::new()));
    assert!(put(&"k".repeat(1024)).is_ok());
    assert_eq!(code(&put(&"k".repeat(1025)).unwrap_err()), "KeyTooLongError 400");
    assert_eq!(code(&put("").unwrap_err()), "InvalidURI 400");
}

fn batch(bench: &mut Bench, ids: &[ObjectId], quiet: bool) -> Result<(DeleteResult, Vec<Change>), CallError> {
    let request = bench.request("plain");
    let mut fates = |_: usize, id: &ObjectId| match id.key.as_str() {
        "b" => Fate::Refused { code: "SlowDown".to_owned(), message: "Reduce your rate.".to_owned() },
        _ => Fate::AsAsked,
    };
    bench.sink.delete_many(request, ids, quiet, &mut fates)
}

#[test]
fn a_batch_answers_for_each_key() {
    let mut bench = Bench::new();
    for key in ["a", "b", "c"] {
        bench.put("plain", key, key);
    }
    let ids = ["a", "b", "missing"].map(id);
    let (result, changes) = batch(&mut bench, &ids, false).unwrap();
    let deleted: Vec<&str> = result.deleted.iter().map(|deleted| deleted.key.as_str()).collect();
    assert_eq!(deleted, ["a", "missing"]);
    assert_eq!((result.errors[0].key.as_str(), result.errors[0].code.as_str()), ("b", "SlowDown"));
    assert_eq!(changes.len(), 1);
    assert_eq!(bench.sink.objects_live(), 2);

    let (result, _) = batch(&mut bench, &["b", "c"].map(id), true).unwrap();
    assert_eq!((result.deleted.len(), result.errors.len()), (0, 1), "quiet hides successes only");
    assert!(found(&bench.sink.head("plain", &id("b")).unwrap()));
    assert_eq!(bench.sink.objects_deleted, 2);
}

#[test]
fn a_batch_of_none_or_too_many_does_nothing() {
    let mut bench = Bench::new();
    bench.put("plain", "k0", "");
    let ids: Vec<ObjectId> = (0..1001).map(|number| id(&format!("k{number}"))).collect();
    assert_eq!(code(&batch(&mut bench, &ids, false).unwrap_err()), "MalformedXML 400");
    assert_eq!(code(&batch(&mut bench, &[], false).unwrap_err()), "MalformedXML 400");
    assert!(found(&bench.sink.head("plain", &id("k0")).unwrap()));
    assert_eq!(batch(&mut bench, &ids[..1000], false).unwrap().0.deleted.len(), 1000);
    assert_eq!(bench.sink.objects_live(), 0);
}

#[test]
fn version_ids_do_not_depend_on_other_keys_and_differ_within_an_instant() {
    let mut alone = Bench::new();
    alone.tick();
    let expected = alone.put("kept", "a", "");
    let mut together = Bench::new();
    together.put("kept", "b", "");
    assert_eq!(together.put("kept", "a", ""), expected);

    let ids = vec![id("a"); 3];
    let request = alone.request("kept");
    let (result, _) = alone.sink.delete_many(request, &ids, false, &mut |_, _| Fate::AsAsked).unwrap();
    let mut markers: Vec<_> = result.deleted.iter().map(|deleted| deleted.delete_marker_version_id.clone()).collect();
    markers.sort();
    markers.dedup();
    assert_eq!(markers.len(), 3);
}
