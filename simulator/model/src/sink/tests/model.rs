//! The sink against a model that is too simple to be wrong: a flat list of versions, searched from end to end.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::call::{HeadResult, ObjectVersion, Versioning};

/// One version or marker; the list is in the order in which they were made.
#[derive(Clone, Debug, PartialEq)]
struct Naive {
    key: &'static str,
    /// `null` for none.
    id: String,
    /// None: a marker.
    size: Option<u64>,
}

#[derive(Clone, Debug)]
enum Step {
    Put(usize, u64),
    Delete(usize),
    /// The version of this number among those of the key, or one that never was.
    Erase(usize, usize),
    Versioning(bool),
    Batch(Vec<(usize, Option<usize>)>),
}

/// Some are prefixes of others.
const KEYS: [&str; 6] = ["a", "a/", "a/1", "a/10", "a/2", "b"];

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let key = 0..KEYS.len();
    let step = prop_oneof![
        6 => (key.clone(), 0..100u64).prop_map(|(key, size)| Step::Put(key, size)),
        3 => key.clone().prop_map(Step::Delete),
        3 => (key.clone(), 0..4usize).prop_map(|(key, version)| Step::Erase(key, version)),
        1 => any::<bool>().prop_map(Step::Versioning),
        1 => vec((key, proptest::option::of(0..4usize)), 1..8).prop_map(Step::Batch),
    ];
    vec(step, 1..40)
}

/// Sink and model side by side.
struct Pair {
    bench: Bench,
    model: Vec<Naive>,
    versioning: Versioning,
}

impl Pair {
    fn new(versioned: bool) -> Pair {
        let mut pair = Pair { bench: Bench::new(), model: Vec::new(), versioning: Versioning::Unversioned };
        if versioned {
            pair.set_versioning(Versioning::Enabled);
        }
        pair
    }

    fn set_versioning(&mut self, versioning: Versioning) {
        self.versioning = versioning;
        self.bench.sink.set_versioning("plain", versioning).expect("it is enabled or suspended");
    }

    fn push(&mut self, key: &'static str, size: Option<u64>, id: Option<String>) {
        let id = id.unwrap_or_else(|| "null".into());
        if id == "null" {
            self.model.retain(|version| version.key != key || version.id != "null");
        }
        self.model.push(Naive { key, id, size });
    }

    fn address(&self, key: &'static str, number: Option<usize>) -> ObjectId {
        let known = |number| self.model.iter().filter(move |version| version.key == key).nth(number);
        let version_id = number.map(|number| known(number).map_or_else(|| "unheard-of".into(), |it| it.id.clone()));
        ObjectId { key: key.into(), version_id }
    }

    /// What a delete does to the model, and what the sink must have said.
    fn deleted(&mut self, key: &'static str, id: &ObjectId, answer: &DeletedObject) {
        assert_eq!((&*answer.key, &answer.version_id), (key, &id.version_id));
        match &id.version_id {
            Some(version) => {
                let gone = self.model.iter().position(|it| it.key == key && it.id == *version);
                let was_marker = gone.is_some_and(|gone| self.model.remove(gone).size.is_none());
                assert_eq!(answer.delete_marker, was_marker);
            }
            None if self.versioning == Versioning::Unversioned => {
                assert!(!answer.delete_marker);
                self.model.retain(|version| version.key != key);
            }
            None => {
                assert!(answer.delete_marker);
                self.push(key, None, answer.delete_marker_version_id.clone());
            }
        }
    }

    fn take(&mut self, step: &Step) {
        match step {
            Step::Put(key, size) => {
                let body = Body::Bytes(Bytes::from(vec![b'x'; *size as usize]));
                let (put, _) = self.bench.put_body("plain", KEYS[*key], body).expect("the put works");
                self.push(KEYS[*key], Some(*size), put.version_id);
            }
            Step::Delete(key) => self.delete(*key, None),
            Step::Erase(key, version) => self.delete(*key, Some(*version)),
            Step::Versioning(on) if self.versioning != Versioning::Unversioned => {
                self.set_versioning(if *on { Versioning::Enabled } else { Versioning::Suspended });
            }
            Step::Versioning(_) => {}
            Step::Batch(batch) => {
                let ids: Vec<ObjectId> =
                    batch.iter().map(|(key, version)| self.address(KEYS[*key], *version)).collect();
                let now = self.bench.tick();
                let (result, _) = self
                    .bench
                    .sink
                    .delete_many(Chance::new(7), now, "plain", &ids, false, Origin::Operator, &mut |_, _| None)
                    .expect("the batch works");
                for (((key, _), id), answer) in batch.iter().zip(&ids).zip(&result.deleted) {
                    self.deleted(KEYS[*key], id, answer);
                }
            }
        }
    }

    fn delete(&mut self, key: usize, version: Option<usize>) {
        let id = self.address(KEYS[key], version);
        let (answer, _) = self.bench.delete("plain", &id);
        self.deleted(KEYS[key], &id, &answer);
    }

    fn current(&self, key: &str) -> Option<&Naive> {
        self.model.iter().rfind(|version| version.key == key)
    }

    fn compare(&self, prefix: &str, page: u32) {
        for key in KEYS {
            match (self.bench.sink.head("plain", &id(key)).expect("the bucket is there"), self.current(key)) {
                (HeadResult::Found(head), Some(version)) => assert_eq!(Some(head.size), version.size),
                (HeadResult::NotFound { delete_marker }, version) => {
                    assert_eq!(delete_marker, version.is_some());
                    assert!(version.is_none_or(|version| version.size.is_none()));
                }
                (HeadResult::Found(_), None) => panic!("{key} is not there"),
            }
        }
        let mut sorted: Vec<&str> = KEYS.to_vec();
        sorted.sort_unstable();
        let asked = sorted.into_iter().filter(|key| key.starts_with(prefix));
        let mut objects = Vec::new();
        let mut versions = Vec::new();
        for key in asked {
            objects.extend(self.current(key).and_then(|it| Some((key.to_owned(), it.size?))));
            let of_key = self.model.iter().rev().filter(|it| it.key == key).enumerate();
            versions.extend(of_key.map(|(place, it)| (it.clone(), place == 0)));
        }
        assert_eq!(self.objects(prefix, 0), objects);
        assert_eq!(self.objects(prefix, page), objects);
        for page in [0, page] {
            let listed = self.versions(prefix, page);
            assert_eq!(listed.len(), versions.len());
            for (row, (version, latest)) in listed.iter().zip(&versions) {
                assert_eq!((row.key.as_str(), &row.version_id), (version.key, &version.id));
                assert_eq!((row.delete_marker, row.is_latest), (version.size.is_none(), *latest));
                assert_eq!(row.size, version.size.unwrap_or(0));
            }
        }
        assert_eq!(self.bench.sink.versions_live(), self.model.len() as u64);
    }

    fn objects(&self, prefix: &str, page: u32) -> Vec<(String, u64)> {
        let mut all = Vec::new();
        let mut token: Option<String> = None;
        loop {
            let listed = self.bench.sink.list_objects_v2("plain", prefix, token.as_deref(), page).expect("a page");
            assert!(page == 0 || listed.contents.len() <= page as usize);
            assert!(listed.next_continuation_token.is_none() || !listed.contents.is_empty());
            all.extend(listed.contents.into_iter().map(|row| (row.key, row.size)));
            token = listed.next_continuation_token;
            if token.is_none() {
                return all;
            }
        }
    }

    fn versions(&self, prefix: &str, page: u32) -> Vec<ObjectVersion> {
        let mut all = Vec::new();
        let mut next: Option<(String, String)> = None;
        loop {
            let marker = next.as_ref().map(|(key, version)| (key.as_str(), version.as_str()));
            let listed = self.bench.sink.list_object_versions("plain", prefix, marker, page).expect("a page");
            assert!(page == 0 || listed.versions.len() <= page as usize);
            all.extend(listed.versions);
            next = listed.next;
            if next.is_none() {
                return all;
            }
        }
    }
}

proptest! {
    #[test]
    fn the_sink_does_what_the_model_does(
        versioned in any::<bool>(),
        steps in steps(),
        prefix in prop_oneof![Just(""), Just("a"), Just("a/1"), Just("c")],
        page in 1..5u32,
    ) {
        let mut pair = Pair::new(versioned);
        for step in &steps {
            pair.take(step);
            pair.compare(prefix, page);
        }
    }
}
