//! Listings with delimiters and markers, page by page.

use super::*;
use crate::call::s3::request::{ListObjects, ListUploads, ListVersions};

const KEYS: [&str; 7] = ["a", "b/1", "b/2", "b/c/3", "d", "e/f", "z"];

fn filled(list_page: usize) -> Bench {
    let mut bench = Bench::new();
    for key in KEYS {
        bench.put("kept", key, "x");
    }
    bench.sink.list_page = list_page;
    bench
}

/// Every page's rows, common prefixes with `*` behind them, in the order of both.
fn pages(bench: &Bench, first: &ListObjects) -> Vec<Vec<String>> {
    let mut pages = Vec::new();
    let mut ask = first.clone();
    loop {
        let page = bench.sink.list_objects(None, "kept", &ask).expect("it can be listed");
        let keys = page.contents.iter().map(|listed| listed.summary.key.to_string());
        let mut rows: Vec<String> =
            keys.chain(page.common_prefixes.iter().map(|prefix| format!("{prefix}*"))).collect();
        rows.sort();
        pages.push(rows);
        let Some((_, token)) = page.next else { return pages };
        ask.token = Some(token);
    }
}

fn ask(prefix: &str, delimiter: &str, after: &str, max_keys: u32) -> ListObjects {
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    ListObjects {
        prefix: prefix.into(),
        delimiter: some(delimiter),
        after: some(after),
        token: None,
        max_keys: Some(max_keys),
    }
}

#[test]
fn keys_that_are_alike_up_to_a_delimiter_are_one_row_of_a_page() {
    let bench = filled(1000);
    let all: Vec<Vec<&str>> = vec![KEYS.to_vec()];
    for (asked, expected) in [
        (ask("", "", "", 1000), all),
        (ask("", "/", "", 1000), vec![vec!["a", "b/*", "d", "e/*", "z"]]),
        (ask("", "/", "", 2), vec![vec!["a", "b/*"], vec!["d", "e/*"], vec!["z"]]),
        (ask("", "/", "", 1), vec![vec!["a"], vec!["b/*"], vec!["d"], vec!["e/*"], vec!["z"]]),
        (ask("b/", "/", "", 1000), vec![vec!["b/1", "b/2", "b/c/*"]]),
        (ask("b", "/", "", 1000), vec![vec!["b/*"]]),
        (ask("", "c/", "", 1000), vec![vec!["a", "b/1", "b/2", "b/c/*", "d", "e/f", "z"]]),
        (ask("", "", "b/2", 2), vec![vec!["b/c/3", "d"], vec!["e/f", "z"]]),
        (ask("", "/", "b/", 1000), vec![vec!["d", "e/*", "z"]]),
        (ask("", "/", "b/1", 1000), vec![vec!["b/*", "d", "e/*", "z"]]),
        (ask("", "/", "zz", 1000), vec![vec![]]),
        (ask("x", "/", "", 1000), vec![vec![]]),
        (ask("", "/", "", 0), vec![vec![]]),
    ] {
        assert_eq!(pages(&bench, &asked), expected, "{asked:?}");
    }
}

#[test]
fn the_worlds_page_is_the_largest() {
    let bench = filled(2);
    assert_eq!(pages(&bench, &ask("", "", "", 1000)).len(), 4);
}

#[test]
fn a_prefix_of_which_nothing_is_left_is_no_row() {
    let mut bench = filled(1000);
    for key in ["b/1", "b/2", "b/c/3"] {
        bench.delete("kept", &id(key));
    }
    assert_eq!(pages(&bench, &ask("", "/", "", 1000)), [["a", "d", "e/*", "z"]]);
    let versions = ListVersions { delimiter: Some("/".into()), ..ListVersions::default() };
    let page = bench.sink.list_versions(None, "kept", &versions).unwrap();
    assert_eq!(page.common_prefixes, ["b/", "e/"], "markers are versions");
}

#[test]
fn versions_go_on_behind_their_marker() {
    let mut bench = Bench::new();
    let mut expected = Vec::new();
    for key in ["a/1", "b", "c"] {
        let ids = [1, 2].map(|_| bench.put("kept", key, "x").version_id.expect("it is versioned"));
        if key != "a/1" {
            expected.extend(ids.into_iter().rev().map(|id| (key.to_owned(), Some(id))));
        }
    }
    expected.insert(0, ("a/".to_owned(), None));
    let mut list = ListVersions { delimiter: Some("/".into()), max_keys: Some(1), ..ListVersions::default() };
    let mut rows = Vec::new();
    loop {
        let page = bench.sink.list_versions(None, "kept", &list).unwrap();
        rows.extend(page.common_prefixes.into_iter().map(|prefix| (prefix, None)));
        rows.extend(page.versions.into_iter().map(|(row, _)| (row.key, Some(row.version_id))));
        let Some((key, version)) = page.next else { break };
        (list.key_marker, list.version_id_marker) = (Some(key), version);
    }
    assert_eq!(rows, expected);
    let alone = ListVersions { version_id_marker: Some("x".into()), ..ListVersions::default() };
    assert_eq!(code(&bench.sink.list_versions(None, "kept", &alone).unwrap_err()), "InvalidArgument 400");
}

#[test]
fn uploads_come_by_key_and_age_and_go_on_behind_their_marker() {
    let mut bench = Bench::new();
    let begun: Vec<(String, String)> = ["l/1", "m", "l/1", "l/2"]
        .map(|key| (key.to_owned(), super::uploads::begin(&mut bench, "plain", key)))
        .to_vec();
    let of = |places: [usize; 4]| places.map(|place| begun[place].clone());
    let mut list = ListUploads { max_uploads: Some(1), ..ListUploads::default() };
    let mut rows = Vec::new();
    loop {
        let page = bench.sink.list_uploads("plain", &list).unwrap();
        rows.extend(page.uploads.into_iter().map(|listed| (listed.upload.key, listed.upload.upload_id)));
        let Some((key, id)) = page.next else { break };
        (list.key_marker, list.upload_id_marker) = (Some(key), id);
    }
    assert_eq!(rows, of([0, 2, 3, 1]));
    let rolled = ListUploads { delimiter: Some("/".into()), ..ListUploads::default() };
    let page = bench.sink.list_uploads("plain", &rolled).unwrap();
    assert_eq!((page.common_prefixes, page.uploads.len()), (vec!["l/".to_owned()], 1));
    let behind = ListUploads { key_marker: Some("l/1".into()), ..ListUploads::default() };
    assert_eq!(bench.sink.list_uploads("plain", &behind).unwrap().uploads.len(), 2, "behind the whole key");
}
