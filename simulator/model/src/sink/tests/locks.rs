//! Object lock: what it keeps, from whom, and for how long.

use super::*;
use crate::call::{HeadResult, Versioning};
use crate::sink::lock::DefaultRetention;
use crate::sink::multipart::CreateMultipartUpload;
use crate::sink::{Lock, LockConfiguration, LockMode, Retention};

/// The id of a version of `a` that was put just now.
fn put(bench: &mut Bench, bucket: &str) -> ObjectId {
    let version = bench.put(bucket, "a", "one").version_id.expect("object lock brings versions");
    super::version("a", &version)
}

fn retain(bench: &mut Bench, id: &ObjectId, mode: LockMode, seconds: u64, bypass: bool) -> Result<(), String> {
    let now = bench.tick();
    let retention = Retention { mode, until: now + Span::seconds(seconds) };
    bench.sink.put_retention(now, "safe", id, Some(retention), bypass).map_err(|error| code(&error))
}

fn refusal(bench: &mut Bench, bucket: &str, id: &ObjectId, bypass_governance: bool) -> Option<String> {
    let request = Delete { bypass_governance, ..bench.request(bucket) };
    bench.sink.delete(request, id).err().map(|error| code(&error))
}

#[test]
fn a_locked_version_cannot_be_erased_until_its_retention_has_ended() {
    let mut bench = Bench::new();
    let id = put(&mut bench, "vault");
    let until = bench.sink.retention("vault", &id).unwrap().until;
    assert_eq!(until, bench.now + Span::seconds(20));
    let request = bench.request("vault");
    let CallError::Rejected(no) = bench.sink.delete(request, &id).unwrap_err() else { panic!("S3 answers") };
    assert_eq!((no.code.as_str(), no.status), ("AccessDenied", 403));
    assert_eq!(no.message, "Access Denied because object protected by object lock.");
    assert_eq!(refusal(&mut bench, "vault", &id, true).as_deref(), Some("AccessDenied 403"), "nobody may");
    assert!(matches!(bench.sink.head("vault", &id).unwrap(), HeadResult::Found(_)));

    bench.now = until - Span::SECOND;
    assert!(refusal(&mut bench, "vault", &id, false).is_some(), "to the second");
    assert_eq!(bench.now, until);
    assert!(refusal(&mut bench, "vault", &id, false).is_none(), "once the moment has passed");
    assert_eq!(bench.sink.versions_live(), 0);
}

#[test]
fn a_delete_without_a_version_puts_its_marker_on_a_locked_one() {
    let mut bench = Bench::new();
    let first = put(&mut bench, "vault");
    assert_eq!(bench.delete("vault", &id("a")).1, [ChangeKind::MarkerMade]);
    assert_eq!(bench.sink.head("vault", &id("a")).unwrap(), HeadResult::NotFound { delete_marker: true });
    assert_eq!(bench.text("vault", &first).unwrap(), "one");
    bench.put("vault", "a", "two");
    assert_eq!(bench.text("vault", &id("a")).unwrap(), "two");
}

#[test]
fn a_marker_is_never_locked() {
    let mut bench = Bench::new();
    put(&mut bench, "vault");
    let (marker, _) = bench.delete("vault", &id("a"));
    let marker = version("a", &marker.delete_marker_version_id.expect("a marker"));
    assert!(refusal(&mut bench, "vault", &marker, false).is_none());
    assert_eq!(bench.text("vault", &id("a")).unwrap(), "one");
}

#[test]
fn a_batch_refuses_what_is_locked_and_deletes_the_rest_also_when_it_is_quiet() {
    let mut bench = Bench::new();
    let (locked, free) = (put(&mut bench, "safe"), put(&mut bench, "safe"));
    bench.sink.put_legal_hold("safe", &locked, true).unwrap();
    let request = bench.request("safe");
    let ids = [locked.clone(), free.clone()];
    let (result, changes) = bench.sink.delete_many(request, &ids, true, &mut |_, _| Fate::AsAsked).unwrap();
    let [error] = &result.errors[..] else { panic!("one is locked") };
    assert_eq!((&error.version_id, error.code.as_str()), (&locked.version_id, "AccessDenied"));
    assert_eq!(changes.len(), 1);
    assert_eq!(bench.text("safe", &free).unwrap_err(), "NoSuchVersion 404");
}

#[test]
fn a_fault_cannot_pretend_that_a_locked_version_was_deleted() {
    let mut bench = Bench::new();
    let locked = put(&mut bench, "vault");
    let request = bench.request("vault");
    assert_eq!(code(&bench.sink.pretend_to_delete(request, &locked).unwrap_err()), "AccessDenied 403");
    let (result, _) = bench.sink.delete_many(request, &[locked], false, &mut |_, _| Fate::Ignored).unwrap();
    assert_eq!((result.deleted.len(), result.errors.len()), (0, 1));
}

#[test]
fn governance_yields_to_whoever_may_bypass_it_and_says_so() {
    let mut bench = Bench::new();
    let id = put(&mut bench, "safe");
    retain(&mut bench, &id, LockMode::Governance, 100, false).unwrap();
    assert!(refusal(&mut bench, "safe", &id, false).is_some());
    let denied = Err("AccessDenied 403".to_owned());
    assert_eq!(retain(&mut bench, &id, LockMode::Governance, 10, false), denied, "shorter");
    assert_eq!(retain(&mut bench, &id, LockMode::Compliance, 200, false), denied, "another mode");
    retain(&mut bench, &id, LockMode::Governance, 200, false).expect("longer is allowed");
    retain(&mut bench, &id, LockMode::Governance, 10, true).expect("bypassed");
    assert!(refusal(&mut bench, "safe", &id, true).is_none());
}

#[test]
fn compliance_can_only_become_longer() {
    let mut bench = Bench::new();
    let id = put(&mut bench, "safe");
    retain(&mut bench, &id, LockMode::Compliance, 100, false).unwrap();
    let denied = Err("AccessDenied 403".to_owned());
    for bypass in [false, true] {
        assert_eq!(retain(&mut bench, &id, LockMode::Compliance, 50, bypass), denied);
        assert_eq!(retain(&mut bench, &id, LockMode::Governance, 500, bypass), denied);
        let now = bench.tick();
        assert!(bench.sink.put_retention(now, "safe", &id, None, bypass).is_err());
    }
    retain(&mut bench, &id, LockMode::Compliance, 200, false).expect("longer is allowed");
    bench.now = bench.sink.retention("safe", &id).unwrap().until + Span::SECOND;
    retain(&mut bench, &id, LockMode::Governance, 1, false).expect("what has run out binds nobody");
}

#[test]
fn a_hold_stands_beside_a_retention_and_has_no_end() {
    let mut bench = Bench::new();
    let id = put(&mut bench, "vault");
    assert_eq!(code(&bench.sink.legal_hold("vault", &id).unwrap_err()), "NoSuchObjectLockConfiguration 404");
    bench.sink.put_legal_hold("vault", &id, true).unwrap();
    bench.now += Span::seconds(86_400 * 3_650);
    assert!(refusal(&mut bench, "vault", &id, true).is_some(), "the retention is long over");
    bench.sink.put_legal_hold("vault", &id, false).unwrap();
    assert_eq!(bench.sink.legal_hold("vault", &id), Ok(false));
    assert!(refusal(&mut bench, "vault", &id, false).is_none());
}

#[test]
fn a_put_may_bring_a_lock_of_its_own() {
    let mut bench = Bench::new();
    let body = || Body::Bytes(Bytes::from_static(b"one"));
    let put = bench.a_put("vault", "a", body());
    let until = put.now + Span::seconds(5);
    let lock = Lock { retention: Some(Retention { mode: LockMode::Governance, until }), legal_hold: Some(true) };
    let (result, _) = bench.sink.put_locked(put, Some(lock)).unwrap();
    let id = version("a", &result.version_id.expect("object lock brings versions"));
    assert_eq!(bench.sink.retention("vault", &id).unwrap().until, until, "and not the bucket's default");
    assert_eq!(bench.sink.legal_hold("vault", &id), Ok(true));

    let put = bench.a_put("kept", "a", body());
    assert_eq!(code(&bench.sink.put_locked(put, Some(lock)).unwrap_err()), "InvalidRequest 400");
    bench.now = until;
    let put = bench.a_put("vault", "a", body());
    assert_eq!(code(&bench.sink.put_locked(put, Some(lock)).unwrap_err()), "InvalidArgument 400");
    assert_eq!(bench.sink.versions_live(), 1);
}

#[test]
fn what_was_uploaded_in_parts_is_locked_too() {
    for lock in [None, Some(Lock { retention: None, legal_hold: Some(true) })] {
        let mut bench = Bench::new();
        let chance = Chance::new(7);
        let create = CreateMultipartUpload {
            chance,
            now: bench.tick(),
            bucket: "vault",
            key: "a",
            content_type: "text/plain".into(),
            metadata: Arc::default(),
            tagging: "".into(),
            origin: Origin::Operator,
        };
        let (upload, _) = bench.sink.create_locked_multipart_upload(create, lock).unwrap();
        let part = bench.sink.upload_part("vault", "a", &upload, 1, Bytes::from_static(b"one")).unwrap();
        let now = bench.tick();
        let done =
            bench.sink.complete_multipart_upload(chance, now, "vault", "a", &upload, &[(1, part.bare())]).unwrap().0;
        let id = version("a", &done.version_id.expect("object lock brings versions"));
        assert_eq!(bench.sink.retention("vault", &id).is_ok(), lock.is_none(), "the default only where none was given");
        assert_eq!(refusal(&mut bench, "vault", &id, true).as_deref(), Some("AccessDenied 403"));
    }
}

#[test]
fn object_lock_is_for_versioned_buckets_and_for_ever() {
    let mut bench = Bench::new();
    assert_eq!(bench.sink.versioning("safe"), Ok(Versioning::Enabled), "without a word of it in the scenario");
    assert_eq!(code(&bench.sink.set_versioning("safe", Versioning::Suspended).unwrap_err()), "InvalidBucketState 409");
    let default = Some(DefaultRetention { mode: LockMode::Governance, period: Span::seconds(3) });
    let configuration = LockConfiguration { default };
    assert_eq!(
        code(&bench.sink.put_object_lock_configuration("plain", configuration).unwrap_err()),
        "InvalidBucketState 409"
    );
    assert_eq!(
        code(&bench.sink.object_lock_configuration("kept").unwrap_err()),
        "ObjectLockConfigurationNotFoundError 404"
    );
    let before = put(&mut bench, "kept");
    bench.sink.put_object_lock_configuration("kept", configuration).unwrap();
    assert_eq!(bench.sink.object_lock_configuration("kept"), Ok(configuration));
    let after = put(&mut bench, "kept");
    assert!(bench.sink.retention("kept", &before).is_err(), "only what is stored from then on");
    assert!(refusal(&mut bench, "kept", &after, false).is_some());
}

#[test]
fn what_has_no_lock_to_speak_of_says_so() {
    let mut bench = Bench::new();
    put(&mut bench, "kept");
    let now = bench.tick();
    let mut ask = |bucket: &str, id: &ObjectId| {
        let answers = [
            bench.sink.retention(bucket, id).map(|_| ()),
            bench.sink.put_retention(now, bucket, id, None, false),
            bench.sink.put_legal_hold(bucket, id, true),
        ];
        answers.map(|answer| code(&answer.unwrap_err()))
    };
    assert_eq!(ask("kept", &id("a")), ["InvalidRequest 400"; 3]);
    assert_eq!(ask("safe", &id("a")), ["NoSuchKey 404"; 3]);
    assert_eq!(ask("safe", &version("a", "unheard-of")), ["NoSuchVersion 404"; 3]);
    bench.delete("safe", &id("a"));
    let mut on_marker = || code(&bench.sink.put_legal_hold("safe", &id("a"), true).unwrap_err());
    assert_eq!(on_marker(), "MethodNotAllowed 405");
}
