//! Lifecycle rules: what is due, when, and what happens to it.

use std::collections::BTreeSet;

use super::*;
use crate::call::s3::configuration::{Expiration, LifecycleFilter, LifecycleRule, NoncurrentExpiration};

const DAY: Span = Span::seconds(86_400);

fn rule(prefix: &str) -> LifecycleRule {
    LifecycleRule {
        id: format!("rule {prefix}"),
        enabled: true,
        filter: LifecycleFilter { prefix: Some(prefix.into()), ..LifecycleFilter::default() },
        ..LifecycleRule::default()
    }
}

fn expires(prefix: &str, days: u32) -> LifecycleRule {
    LifecycleRule { expiration: Some(Expiration::Days(days)), ..rule(prefix) }
}

/// Noon of a day.
fn noon(day: u64) -> Time {
    Time((20_000 + day) * DAY.0 + DAY.0 / 2)
}

/// Midnight before it.
fn midnight(day: u64) -> Time {
    Time((20_000 + day) * DAY.0)
}

/// Keys with the number of their versions.
fn held(bench: &Bench, bucket: &str) -> Vec<String> {
    bench.sink.buckets[bucket].keys.iter().map(|(key, versions)| format!("{key}:{}", versions.0.len())).collect()
}

fn run(bench: &mut Bench, at: Time) -> Vec<(String, ChangeKind)> {
    let ran = bench.sink.run_lifecycle(Chance::new(7), at, DAY);
    ran.into_iter().flat_map(|(_, changes)| changes).map(|change| (change.key.to_string(), change.kind)).collect()
}

#[test]
fn what_is_put_at_noon_for_two_days_goes_at_the_third_midnight() {
    let mut bench = Bench::new();
    bench.now = noon(0);
    bench.put("plain", "a/1", "x");
    bench.put("plain", "b", "x");
    let rules = [expires("a/", 2)];
    bench.sink.put_lifecycle(DAY, "plain", &rules).unwrap();
    let moments = bench.sink.lifecycle_from_now(noon(1), DAY, "plain");
    assert_eq!(moments, BTreeSet::from([midnight(3)]));
    for day in [1, 2] {
        assert_eq!(run(&mut bench, midnight(day)), [], "day {day}");
    }
    assert_eq!(run(&mut bench, midnight(3)), [("a/1".into(), ChangeKind::Erased { last: true, current: true })]);
    assert_eq!(held(&bench, "plain"), ["b:1"]);
    assert_eq!(bench.sink.lifecycle_after_change(midnight(3), DAY, "plain"), BTreeSet::from([midnight(5)]));
}

#[test]
fn on_a_versioned_bucket_a_marker_comes_first_and_what_it_hides_goes_later() {
    let mut bench = Bench::new();
    bench.now = noon(0);
    bench.put("kept", "k", "one");
    bench.put("kept", "k", "two");
    let noncurrent = Some(NoncurrentExpiration { days: 1, keep: None });
    bench.sink.put_lifecycle(DAY, "kept", &[LifecycleRule { noncurrent, ..expires("", 3) }]).unwrap();
    let erased = |last| ("k".to_owned(), ChangeKind::Erased { last, current: false });
    assert_eq!(run(&mut bench, midnight(2)), [erased(false)], "the older one was noncurrent at once");
    assert_eq!(run(&mut bench, midnight(4)), [("k".into(), ChangeKind::MarkerMade)]);
    assert_eq!(run(&mut bench, midnight(4)), [], "once");
    assert_eq!(run(&mut bench, midnight(5)), [erased(false)]);
    assert_eq!(run(&mut bench, midnight(7)), [("k".into(), ChangeKind::MarkerRemoved { last: true })]);
}

#[test]
fn the_newest_noncurrent_versions_may_stay() {
    let mut bench = Bench::new();
    bench.now = noon(0);
    for text in ["1", "2", "3", "4"] {
        bench.put("kept", "k", text);
    }
    let noncurrent = Some(NoncurrentExpiration { days: 1, keep: Some(2) });
    bench.sink.put_lifecycle(DAY, "kept", &[LifecycleRule { noncurrent, ..rule("") }]).unwrap();
    assert_eq!(run(&mut bench, midnight(9)).len(), 1);
    assert_eq!(held(&bench, "kept"), ["k:3"]);
}

#[test]
fn a_locked_version_stays_and_a_marker_hides_it_all_the_same() {
    let mut bench = Bench::new();
    bench.now = noon(0);
    let first = bench.put("safe", "k", "one").version_id.expect("object lock brings versions");
    bench.sink.put_legal_hold("safe", &version("k", &first), true).unwrap();
    let noncurrent = Some(NoncurrentExpiration { days: 1, keep: None });
    bench.sink.put_lifecycle(DAY, "safe", &[LifecycleRule { noncurrent, ..expires("", 1) }]).unwrap();
    assert_eq!(run(&mut bench, midnight(2)), [("k".into(), ChangeKind::MarkerMade)]);
    assert_eq!(run(&mut bench, midnight(5)), []);
    bench.sink.put_legal_hold("safe", &version("k", &first), false).unwrap();
    assert_eq!(run(&mut bench, midnight(6)).len(), 1);
}

#[test]
fn a_rule_is_about_what_its_filter_says() {
    let all = ["large:1", "small:1", "tagged:1"];
    let of = |filter: LifecycleFilter| LifecycleRule { filter, ..expires("", 1) };
    let nothing = LifecycleFilter::default();
    for (rule, gone) in [
        (of(LifecycleFilter { larger_than: Some(5), ..nothing.clone() }), "large:1"),
        (of(LifecycleFilter { smaller_than: Some(5), prefix: Some("sm".into()), ..nothing.clone() }), "small:1"),
        (of(LifecycleFilter { tags: vec![("keep".into(), "no".into())], ..nothing.clone() }), "tagged:1"),
        (of(LifecycleFilter { tags: vec![("keep".into(), "yes".into())], ..nothing.clone() }), "nothing"),
        (LifecycleRule { enabled: false, ..of(nothing.clone()) }, "nothing"),
        (LifecycleRule { expiration: Some(Expiration::Date(midnight(30))), ..of(nothing) }, "nothing"),
    ] {
        let mut bench = Bench { sink: Sink::new(&scenario()), now: noon(0) };
        for (key, text) in [("small", "x"), ("large", "xxxxxxxxxx"), ("tagged", "x")] {
            bench.put("plain", key, text);
        }
        bench.sink.put_object_tags("plain", &id("tagged"), &vec![("keep".into(), "no".into())]).unwrap();
        bench.sink.put_lifecycle(DAY, "plain", std::slice::from_ref(&rule)).unwrap();
        run(&mut bench, midnight(2));
        let left: Vec<&str> = all.into_iter().filter(|key| *key != gone).collect();
        assert_eq!(held(&bench, "plain"), left, "{rule:?}");
    }
}

#[test]
fn an_upload_that_nobody_completes_is_aborted() {
    let mut bench = Bench::new();
    bench.now = noon(0);
    super::uploads::begin(&mut bench, "plain", "k");
    bench.sink.put_lifecycle(DAY, "plain", &[LifecycleRule { abort_uploads_after: Some(1), ..rule("") }]).unwrap();
    assert_eq!(run(&mut bench, midnight(1)), []);
    assert_eq!(run(&mut bench, midnight(2)), [("k".into(), ChangeKind::UploadAborted)]);
}

#[test]
fn a_day_is_as_long_as_the_world_says() {
    let mut bench = Bench::new();
    let minute = Span::seconds(60);
    bench.now = midnight(0);
    bench.put("plain", "k", "x");
    bench.sink.put_lifecycle(minute, "plain", &[expires("", 2)]).unwrap();
    let moments = bench.sink.lifecycle_from_now(bench.now, minute, "plain");
    assert_eq!(moments, BTreeSet::from([midnight(0) + Span::seconds(180)]));
}

#[test]
fn what_cannot_be_a_rule_is_refused() {
    let mut bench = Bench::new();
    let tagged = LifecycleFilter { tags: vec![("a".into(), "b".into())], ..LifecycleFilter::default() };
    for (rules, refusal) in [
        (vec![], "MalformedXML 400"),
        (vec![rule("")], "InvalidRequest 400"),
        (vec![expires("", 0)], "InvalidArgument 400"),
        (vec![LifecycleRule { expiration: Some(Expiration::Date(noon(0))), ..rule("") }], "InvalidArgument 400"),
        (vec![expires("a", 1), LifecycleRule { id: "rule a".into(), ..expires("b", 1) }], "InvalidArgument 400"),
        (vec![LifecycleRule { id: "x".repeat(256), ..expires("", 1) }], "InvalidArgument 400"),
        (vec![LifecycleRule { abort_uploads_after: Some(0), ..rule("") }], "InvalidArgument 400"),
        (vec![LifecycleRule { abort_uploads_after: Some(1), filter: tagged, ..rule("") }], "InvalidRequest 400"),
        (vec![expires("", 1); 1001], "MalformedXML 400"),
    ] {
        let found = bench.sink.put_lifecycle(DAY, "plain", &rules).unwrap_err();
        assert_eq!(code(&found), refusal, "{:?}", rules.first());
    }
    assert_eq!(code(&bench.sink.lifecycle("plain").unwrap_err()), "NoSuchLifecycleConfiguration 404");
    bench.sink.put_lifecycle(DAY, "plain", &[LifecycleRule { id: String::new(), ..expires("", 1) }]).unwrap();
    assert_eq!(bench.sink.lifecycle("plain").unwrap()[0].id, "rule-1", "each has a name");
}
