//! Lists and their pages.

use super::*;
use crate::call::Versioning;

fn keys(bench: &Bench, bucket: &str, prefix: &str, max_keys: u32) -> Vec<Vec<String>> {
    let mut pages = Vec::new();
    let mut token: Option<String> = None;
    loop {
        let page = bench.sink.list_objects_v2(bucket, prefix, token.as_deref(), max_keys).unwrap();
        pages.push(page.contents.into_iter().map(|row| row.key.to_string()).collect());
        token = page.next_continuation_token;
        if token.is_none() {
            return pages;
        }
    }
}

#[test]
fn a_prefix_is_a_prefix_and_nothing_else() {
    let mut bench = Bench::new();
    for key in ["acme-10/a", "acme-1/b", "acme-1/a", "acme", "Acme-1/a", "acme-1/ä"] {
        bench.put("plain", key, "");
    }
    assert_eq!(keys(&bench, "plain", "acme-1/", 0), [["acme-1/a", "acme-1/b", "acme-1/ä"]]);
    assert_eq!(keys(&bench, "plain", "acme-1", 2), [vec!["acme-1/a", "acme-1/b"], vec!["acme-1/ä", "acme-10/a"]]);
    assert_eq!(keys(&bench, "plain", "zebra", 0), [Vec::<String>::new()]);
    assert_eq!(keys(&bench, "plain", "", 0)[0][0], "Acme-1/a", "in the order of bytes");
}

#[test]
fn a_token_outlives_the_key_it_stands_for() {
    let mut bench = Bench::new();
    for key in ["a", "b", "c"] {
        bench.put("plain", key, "");
    }
    let page = bench.sink.list_objects_v2("plain", "", None, 1).unwrap();
    let token = page.next_continuation_token.expect("there is more");
    assert_ne!(token, "a", "a token is not a key");
    bench.delete("plain", &id("a"));
    let page = bench.sink.list_objects_v2("plain", "", Some(&token), 1).unwrap();
    assert_eq!(&*page.contents[0].key, "b");
    for token in ["xyz", "6", "ff", "+1"] {
        let refused = bench.sink.list_objects_v2("plain", "", Some(token), 1).unwrap_err();
        assert_eq!(code(&refused), "InvalidArgument 400");
    }
}

#[test]
fn the_page_length_of_the_world_caps_the_callers() {
    let mut bench = Bench::new();
    bench.sink.list_page = 2;
    for key in ["a", "b", "c"] {
        bench.put("plain", key, "");
    }
    assert_eq!(keys(&bench, "plain", "", 1000).len(), 2);
    assert_eq!(keys(&bench, "plain", "", 0)[0].len(), 2);
    assert_eq!(keys(&bench, "plain", "", 1)[0].len(), 1);
    assert_eq!(bench.sink.list_object_versions("plain", "", None, 0).unwrap().versions.len(), 2);

    let mut scenario = scenario();
    scenario.world.list_page = 5000;
    assert_eq!(Sink::new(&scenario).list_page, 1000);
}

#[test]
fn a_marker_hides_a_key_from_the_list_and_not_from_the_versions() {
    let mut bench = Bench::new();
    bench.put("kept", "a", "one");
    bench.put("kept", "b", "one");
    bench.delete("kept", &id("a"));
    assert_eq!(keys(&bench, "kept", "", 1), [["b"]]);
    let rows = bench.sink.list_object_versions("kept", "", None, 0).unwrap().versions;
    let shown: Vec<_> = rows.iter().map(|row| (row.key.as_str(), row.delete_marker, row.is_latest)).collect();
    assert_eq!(shown, [("a", true, true), ("a", false, false), ("b", false, true)]);
}

#[test]
fn a_bucket_that_was_never_versioned_lists_null_versions() {
    let mut bench = Bench::new();
    bench.put("plain", "a", "one");
    let rows = bench.sink.list_object_versions("plain", "", None, 0).unwrap().versions;
    assert_eq!((rows[0].version_id.as_str(), rows[0].is_latest, rows[0].size), ("null", true, 3));
}

#[test]
fn the_versions_of_one_key_may_fill_several_pages() {
    let mut bench = Bench::new();
    let ids: Vec<String> = (0..5).map(|_| bench.put("kept", "a", "x").version_id.expect("versioned")).collect();
    bench.put("kept", "b", "x");
    let page = bench.sink.list_object_versions("kept", "", None, 2).unwrap();
    let (key, last) = page.next.expect("there is more");
    assert_eq!((key.as_str(), &last), ("a", &ids[3]), "the newest first");
    let page = bench.sink.list_object_versions("kept", "", Some(("a", &last)), 2).unwrap();
    assert_eq!(page.versions[0].version_id, ids[2]);
    assert!(!page.versions[0].is_latest);
    let page = bench.sink.list_object_versions("kept", "", Some(("a", "")), 2).unwrap();
    assert_eq!(page.versions[0].key, "b", "without a version the marker stands behind the key");
}

#[test]
fn erasing_page_by_page_leaves_nothing() {
    for versioning in [Versioning::Enabled, Versioning::Suspended] {
        let mut bench = Bench::new();
        for round in 0..7 {
            for key in ["a", "b", "c"] {
                bench.put("kept", key, "x");
                if round % 3 == 2 {
                    bench.delete("kept", &id(key));
                }
            }
        }
        bench.sink.set_versioning("kept", versioning).unwrap();
        let mut next: Option<(String, String)> = None;
        loop {
            let marker = next.as_ref().map(|(key, version)| (key.as_str(), version.as_str()));
            let page = bench.sink.list_object_versions("kept", "", marker, 4).unwrap();
            for row in &page.versions {
                bench.delete("kept", &version(&row.key, &row.version_id));
            }
            next = page.next;
            if next.is_none() {
                break;
            }
        }
        assert_eq!(bench.sink.versions_live(), 0);
    }
}
