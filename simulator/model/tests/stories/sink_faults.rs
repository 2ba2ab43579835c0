//! Faults of the sink that are in the content of an answer, and object lock: what an operator sees of them.

use super::*;
use egress_sim_model::call::{
    Command, DeleteResult, DeletedObject, ListObjectsPage, ListVersionsPage, Order, Versioning,
};

/// What these calls are answered, one a second, on a bucket `rec` that is as `bucket` says; `copies` is the tenant's second.
/// Nothing else happens in the world.
fn asked(bucket: &str, calls: &[Call], fault: &str) -> (Vec<Reply>, Outcome) {
    let steps: Vec<Call> = calls.to_vec();
    let heard: Rc<RefCell<Vec<Reply>>> = Rc::default();
    let replies = Rc::clone(&heard);
    let host = puppet(move |delivery, now| match (delivery, now) {
        (Delivery::Command(Command { id, order: Order::Playback(_) }), []) => {
            let place: usize = id.parse().expect("a number");
            Step::Call(steps[place].clone())
        }
        (Delivery::Command(_), [reply]) => {
            replies.borrow_mut().push(reply.clone());
            OK
        }
        _ => OK,
    });
    let commands: Vec<String> = (0..calls.len())
        .map(|n| format!("[[command]]\nname = \"{n}\"\nat = \"{n}s\"\ndo = \"playback\"\ntenant = \"acme\"\n"))
        .collect();
    let source = format!(
        "format = 1\n[world]\nhorizon = \"90d\"\nlist_page = 2\n\
         [[tenant]]\nname = \"acme\"\nbuckets = [\"rec\", \"copies\"]\n\
         [[bucket]]\nname = \"rec\"\n{bucket}\n{}{fault}",
        commands.concat()
    );
    let (outcome, _) = tell(&source, &host);
    let replies = heard.borrow().clone();
    assert_eq!(replies.len(), calls.len());
    (replies, outcome)
}

fn put(key: &str) -> Call {
    Call::PutObject {
        bucket: "rec".into(),
        key: key.into(),
        content_type: "text/plain".into(),
        body: bytes::Bytes::from_static(b"x"),
    }
}

fn id(key: &str) -> ObjectId {
    ObjectId { key: key.into(), version_id: None }
}

fn delete(key: &str) -> Call {
    Call::DeleteObject { bucket: "rec".into(), id: id(key) }
}

fn delete_all(keys: &[&str], quiet: bool) -> Call {
    Call::DeleteObjects { bucket: "rec".into(), objects: keys.iter().map(|key| id(key)).collect(), quiet }
}

fn list(bucket: &str, token: Option<&str>) -> Call {
    Call::ListObjectsV2 {
        bucket: bucket.into(),
        prefix: String::new(),
        continuation_token: token.map(Into::into),
        max_keys: 0,
    }
}

fn versions() -> Call {
    Call::ListObjectVersions { bucket: "rec".into(), prefix: String::new(), marker: None, max_keys: 0 }
}

fn keys_of(reply: &Reply) -> Vec<&str> {
    match reply {
        Reply::Objects(Ok(ListObjectsPage { contents, .. })) => contents.iter().map(|row| &*row.key).collect(),
        Reply::Versions(Ok(ListVersionsPage { versions, .. })) => versions.iter().map(|row| &*row.key).collect(),
        other => panic!("a page, not {other:?}"),
    }
}

fn errors_of(reply: &Reply) -> (usize, Vec<(&str, &str)>) {
    let Reply::DeleteResult(Ok(DeleteResult { deleted, errors })) = reply else { panic!("{reply:?}") };
    (deleted.len(), errors.iter().map(|error| (&*error.key, &*error.code)).collect())
}

#[test]
fn a_batch_is_refused_from_either_end_and_by_key_and_quiet_batches_tell_refusals_too() {
    let puts = ["a", "b", "c/1", "c/2"].map(put);
    let batch = |quiet| [&puts[..], &[delete_all(&["a", "b", "c/1", "c/2"], quiet), list("rec", None)]].concat();
    for (parameters, refused) in [
        ("keys = 1", vec!["a"]),
        ("keys = 1\nfrom = \"last\"", vec!["c/2"]),
        ("keys = 9\nwhere = { key = \"c/*\" }", vec!["c/1", "c/2"]),
        ("keys = 1\nfrom = \"last\"\nwhere = { key = \"a\" }", vec!["a"]),
    ] {
        let fault = format!("[[fault]]\ndo = \"s3.batch_partial\"\ncode = \"AccessDenied\"\n{parameters}");
        for quiet in [false, true] {
            let (replies, _) = asked("", &batch(quiet), &fault);
            let (deleted, errors) = errors_of(&replies[4]);
            assert_eq!(deleted, if quiet { 0 } else { 4 - refused.len() });
            assert_eq!(errors, refused.iter().map(|key| (*key, "AccessDenied")).collect::<Vec<_>>());
            assert_eq!(keys_of(&replies[5]), refused);
        }
    }
}

#[test]
fn an_ignored_delete_is_answered_like_any_other_and_changes_nothing() {
    for bucket in ["", "versioning = true"] {
        let calls = [put("a"), put("b"), delete("a"), delete_all(&["a", "b"], false), versions()];
        let fault = "[[fault]]\ndo = \"s3.delete_ignored\"\non = \"s3.delete_object\"\n\
                     [[fault]]\ndo = \"s3.delete_ignored\"\non = \"s3.delete_objects\"\nfrom = \"last\"";
        let (replies, outcome) = asked(bucket, &calls, fault);
        let versioned = !bucket.is_empty();
        let Reply::Deleted(Ok(DeletedObject { delete_marker, delete_marker_version_id, .. })) = &replies[2] else {
            panic!("{:?}", replies[2])
        };
        assert_eq!((*delete_marker, delete_marker_version_id.is_some()), (versioned, versioned));
        assert_eq!(errors_of(&replies[3]), (2, vec![]));
        let left: &[&str] = if versioned { &["a", "a"] } else { &["b"] };
        assert_eq!(keys_of(&replies[4]), left, "the batch deleted its first key, and nothing else was");
        assert_eq!((outcome.counts.objects_live, outcome.counts.objects_deleted), (1, 1));
    }
}

#[test]
fn what_is_replicated_comes_later_and_no_deletion_follows_it() {
    let fault =
        "[[fault]]\ndo = \"s3.replica\"\nwhere = { bucket = \"rec\" }\nto = \"copies\"\nby = \"3s\"\ncount = 2\n";
    let calls = [put("a"), list("copies", None), put("b"), delete("b"), list("copies", None), delete("a")];
    let late = [&calls[..], &[versions(), list("copies", None)]].concat();
    let (replies, outcome) = asked("", &late, fault);
    assert_eq!(keys_of(&replies[1]), [""; 0]);
    assert_eq!(keys_of(&replies[4]), ["a"], "b is gone before its copy is made");
    assert_eq!(keys_of(&replies[7]), ["a"], "and a, which is gone now, has one");
    assert_eq!((outcome.faults_fired, outcome.counts.objects_live), (vec![2], 1));
}

#[test]
fn a_replica_goes_to_the_last_bucket_of_the_recordings_tenant_if_none_is_named() {
    let source =
        world("1m", "[[fault]]\ndo = \"s3.replica\"\nfor = \"1d\"\nby = \"1m\"\n[[bucket]]\nname = \"copies\"")
            .replace("buckets = [\"rec\"]", "buckets = [\"rec\", \"copies\"]");
    let (outcome, lines) = tell(&source, &starter(mp4()));
    assert_eq!((outcome.counts.objects_put, outcome.counts.objects_live), (2, 4));
    assert!(lines.iter().any(|line| line.starts_with("2m289ms900us Stored")), "{lines:?}");
}

#[test]
fn a_stale_listing_misses_the_newest_and_shows_what_is_gone() {
    for bucket in ["", "versioning = true"] {
        let calls = [put("a"), put("b"), delete("a"), list("rec", None), versions(), list("rec", None)];
        let fault = "[[fault]]\ndo = \"s3.stale_list\"\nby = \"2500ms\"\ncount = 2";
        let (replies, _) = asked(bucket, &calls, fault);
        assert_eq!(keys_of(&replies[3]), ["a"], "as it was when only a had been put");
        assert_eq!(keys_of(&replies[4]), ["a", "b"], "and a moment later");
        assert_eq!(keys_of(&replies[5]), ["b"], "the last one tells the truth");
    }
}

#[test]
fn a_stale_listing_has_the_data_of_then_also_of_a_key_that_was_overwritten() {
    let calls = [put("a"), put("a"), list("rec", None)];
    let fault = "[[fault]]\ndo = \"s3.stale_list\"\nby = \"1500ms\"";
    let (replies, _) = asked("", &calls, fault);
    let Reply::Objects(Ok(page)) = &replies[2] else { panic!("a page") };
    assert_eq!(page.contents.len(), 1);
    let Reply::Put(Ok(_)) = &replies[0] else { panic!("a put") };
    let (fresh, _) = asked("", &calls, "");
    let Reply::Objects(Ok(now)) = &fresh[2] else { panic!("a page") };
    assert_eq!(now.contents[0].last_modified.since(page.contents[0].last_modified), Span::SECOND);
}

#[test]
fn only_the_token_of_a_next_page_expires() {
    // Hexadecimal of `b`: what a page of two keys ends with.
    let calls = [put("a"), put("b"), put("c"), list("rec", None), list("rec", Some("62")), list("rec", Some("62"))];
    let (replies, outcome) = asked("", &calls, "[[fault]]\ndo = \"s3.token_expired\"");
    let Reply::Objects(Ok(ListObjectsPage { next_continuation_token, .. })) = &replies[3] else { panic!("a page") };
    assert_eq!(next_continuation_token.as_deref(), Some("62"));
    let Reply::Objects(Err(CallError::Rejected(no))) = &replies[4] else { panic!("{:?}", replies[4]) };
    assert_eq!((no.code.as_str(), no.status), ("InvalidArgument", 400));
    assert_eq!(keys_of(&replies[5]), ["c"]);
    assert_eq!(outcome.faults_fired, [1]);
}

#[test]
fn suspended_versioning_writes_null_versions() {
    let ask = Call::GetBucketVersioning { bucket: "rec".into() };
    let calls = [ask.clone(), put("a"), ask.clone(), put("a"), put("a"), versions(), delete("a"), versions()];
    let (replies, _) = asked("versioning = true", &calls, "[[fault]]\ndo = \"s3.versioning_suspended\"");
    assert_eq!(replies[0], Reply::Versioning(Ok(Versioning::Enabled)));
    assert_eq!(replies[2], Reply::Versioning(Ok(Versioning::Suspended)));
    let rows = |reply: &Reply| -> Vec<(bool, bool)> {
        let Reply::Versions(Ok(page)) = reply else { panic!("a page") };
        page.versions.iter().map(|row| (row.version_id == "null", row.delete_marker)).collect()
    };
    assert_eq!(rows(&replies[5]), [(true, false), (false, false)]);
    assert_eq!(rows(&replies[7]), [(true, true), (false, false)], "the null version is lost, the older one stays");

    let (replies, outcome) =
        asked("object_lock = \"governance\"", &calls, "[[fault]]\ndo = \"s3.versioning_suspended\"");
    assert_eq!(replies[2], Reply::Versioning(Ok(Versioning::Enabled)), "S3 forbids it where there is object lock");
    assert_eq!(outcome.faults_fired, [0]);
}

#[test]
fn the_operator_hears_access_denied_for_a_locked_version_and_the_run_waits_for_the_locks_end() {
    let lock = |period: &str| format!("object_lock = \"compliance\"\nlock_for = \"{period}\"");
    let erase = |version: &str| {
        let id = ObjectId { key: "a".into(), version_id: Some(version.into()) };
        Call::DeleteObjects { bucket: "rec".into(), objects: vec![id], quiet: true }
    };
    let (replies, outcome) = asked(&lock("1m"), &[put("a"), delete("a")], "");
    assert!(matches!(&replies[1], Reply::Deleted(Ok(deleted)) if deleted.delete_marker), "a marker, and no deletion");
    let unlocked = outcome.ended_at;
    let Reply::Put(Ok(put_result)) = &replies[0] else { panic!("a put") };
    let version = put_result.version_id.clone().expect("object lock brings versions");
    let (replies, outcome) = asked(&lock("1m"), &[put("a"), erase(&version)], "");
    assert_eq!(errors_of(&replies[1]).1, [("a", "AccessDenied")]);
    assert_eq!(outcome.counts.versions_live, 1);
    // Without the refusal the last thing owed is the answer to the last command, after thirty seconds.
    let longer = Span::parse("1d29s30ms").expect("a duration");
    assert_eq!(outcome.ended_at.since(unlocked), longer, "a day behind the lock's end");
}
