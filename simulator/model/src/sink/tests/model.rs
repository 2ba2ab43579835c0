//! The sink against a model that is too simple to be wrong: a flat list of versions, searched from end to end.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::call::{HeadResult, ObjectVersion, Versioning};
use crate::sink::{LockMode, Retention};

/// One version or marker; the list is in the order in which they were made.
#[derive(Clone, Debug, PartialEq)]
struct Naive {
    key: &'static str,
    /// `null` for none.
    id: String,
    /// None: a marker.
    size: Option<u64>,
    retention: Option<Retention>,
    held: bool,
}

#[derive(Clone, Debug)]
enum Step {
    Put(usize, u64),
    Delete(usize),
    /// The version of this number among those of the key, or one that never was; with the bypass header or not.
    Erase(usize, usize, bool),
    /// The mode, and seconds from now on; none: it is taken away.
    Retain(usize, usize, Option<(LockMode, u64)>, bool),
    Hold(usize, usize, bool),
    Versioning(bool),
    Batch(Vec<(usize, Option<usize>)>),
}

/// Some are prefixes of others.
const KEYS: [&str; 6] = ["a", "a/", "a/1", "a/10", "a/2", "b"];

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let key = 0..KEYS.len();
    let mode = prop_oneof![Just(LockMode::Governance), Just(LockMode::Compliance)];
    let step = prop_oneof![
        6 => (key.clone(), 0..100u64).prop_map(|(key, size)| Step::Put(key, size)),
        3 => key.clone().prop_map(Step::Delete),
        3 => (key.clone(), 0..4usize, any::<bool>()).prop_map(|(key, version, bypass)| Step::Erase(key, version, bypass)),
        2 => (key.clone(), 0..4usize, proptest::option::of((mode, 1..30u64)), any::<bool>())
            .prop_map(|(key, version, retention, bypass)| Step::Retain(key, version, retention, bypass)),
        1 => (key.clone(), 0..4usize, any::<bool>()).prop_map(|(key, version, on)| Step::Hold(key, version, on)),
        1 => any::<bool>().prop_map(Step::Versioning),
        1 => vec((key, proptest::option::of(0..4usize)), 1..8).prop_map(Step::Batch),
    ];
    vec(step, 1..40)
}

/// Sink and model side by side.
struct Pair {
    bench: Bench,
    bucket: &'static str,
    model: Vec<Naive>,
    versioning: Versioning,
    /// Seconds of the default retention.
    locks_for: Option<u64>,
}

/// What kind of bucket it is about.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Plain,
    Versioned,
    /// Object lock without a default.
    Lockable,
    /// COMPLIANCE for twenty seconds.
    Locked,
}

impl Pair {
    fn new(kind: Kind) -> Pair {
        let (bucket, versioning, locks_for) = match kind {
            Kind::Plain => ("plain", Versioning::Unversioned, None),
            Kind::Versioned => ("kept", Versioning::Enabled, None),
            Kind::Lockable => ("safe", Versioning::Enabled, None),
            Kind::Locked => ("vault", Versioning::Enabled, Some(20)),
        };
        Pair { bench: Bench::new(), bucket, model: Vec::new(), versioning, locks_for }
    }

    fn has_lock(&self) -> bool {
        matches!(self.bucket, "safe" | "vault")
    }

    fn set_versioning(&mut self, versioning: Versioning) {
        let answer = self.bench.sink.set_versioning(self.bucket, versioning);
        if self.has_lock() && versioning == Versioning::Suspended {
            assert_eq!(code(&answer.unwrap_err()), "InvalidBucketState 409");
            return;
        }
        answer.expect("it is enabled or suspended");
        self.versioning = versioning;
    }

    fn push(&mut self, key: &'static str, size: Option<u64>, id: Option<String>) {
        let id = id.unwrap_or_else(|| "null".into());
        if id == "null" {
            self.model.retain(|version| version.key != key || version.id != "null");
        }
        let until = self.locks_for.filter(|_| size.is_some()).map(|seconds| self.bench.now + Span::seconds(seconds));
        let retention = until.map(|until| Retention { mode: LockMode::Compliance, until });
        self.model.push(Naive { key, id, size, retention, held: false });
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
                let (put, _) = self.bench.put_body(self.bucket, KEYS[*key], body).expect("the put works");
                self.push(KEYS[*key], Some(*size), put.version_id);
            }
            Step::Delete(key) => self.delete(*key, None, false),
            Step::Erase(key, version, bypass) => self.delete(*key, Some(*version), *bypass),
            Step::Retain(key, version, retention, bypass) => self.retain(KEYS[*key], *version, *retention, *bypass),
            Step::Hold(key, version, on) => self.hold(KEYS[*key], *version, *on),
            Step::Versioning(on) if self.versioning != Versioning::Unversioned => {
                self.set_versioning(if *on { Versioning::Enabled } else { Versioning::Suspended });
            }
            Step::Versioning(_) => {}
            Step::Batch(batch) => {
                let ids: Vec<ObjectId> =
                    batch.iter().map(|(key, version)| self.address(KEYS[*key], *version)).collect();
                let request = self.bench.request(self.bucket);
                let (result, _) = self
                    .bench
                    .sink
                    .delete_many(request, &ids, false, &mut |_, _| Fate::AsAsked)
                    .expect("the batch works");
                let mut deleted = result.deleted.iter();
                let mut refused = result.errors.iter();
                for ((key, _), id) in batch.iter().zip(&ids) {
                    if self.is_locked(KEYS[*key], id, false) {
                        let error = refused.next().expect("a locked version is refused");
                        assert_eq!((&error.key, &error.version_id), (&id.key, &id.version_id));
                        assert_eq!(error.code, "AccessDenied");
                    } else {
                        self.deleted(KEYS[*key], id, deleted.next().expect("nothing forbids it"));
                    }
                }
                assert!(deleted.next().is_none() && refused.next().is_none());
            }
        }
    }

    fn delete(&mut self, key: usize, version: Option<usize>, bypass: bool) {
        let id = self.address(KEYS[key], version);
        let request = Delete { bypass_governance: bypass, ..self.bench.request(self.bucket) };
        let pretended = self.bench.sink.pretend_to_delete(request, &id);
        let answer = self.bench.sink.delete(request, &id).map(|(answer, _)| answer);
        assert_eq!(pretended, answer);
        match answer {
            Err(error) => {
                assert_eq!(code(&error), "AccessDenied 403");
                assert!(self.is_locked(KEYS[key], &id, bypass));
            }
            Ok(answer) => {
                assert!(!self.is_locked(KEYS[key], &id, bypass));
                self.deleted(KEYS[key], &id, &answer);
            }
        }
    }

    /// Where the version of an address stands in the model; none where it names none or one that is not there.
    fn place(&self, key: &str, id: &ObjectId) -> Option<usize> {
        self.model.iter().position(|it| it.key == key && Some(&it.id) == id.version_id.as_ref())
    }

    fn is_locked(&self, key: &str, id: &ObjectId, bypass: bool) -> bool {
        let now = self.bench.now;
        self.place(key, id).map(|place| &self.model[place]).is_some_and(|it| {
            let forbids = |it: Retention| now <= it.until && !(bypass && it.mode == LockMode::Governance);
            it.held || it.retention.is_some_and(forbids)
        })
    }

    fn retain(&mut self, key: &'static str, version: usize, wanted: Option<(LockMode, u64)>, bypass: bool) {
        let id = self.address(key, Some(version));
        let now = self.bench.tick();
        let wanted = wanted.map(|(mode, seconds)| Retention { mode, until: now + Span::seconds(seconds) });
        let answer = self.bench.sink.put_retention(now, self.bucket, &id, wanted, bypass);
        let Some(place) = self.lockable(key, &id, answer.as_ref().err()) else { return };
        let old = self.model[place].retention.filter(|old| now <= old.until);
        let allowed = match (old, wanted) {
            (None, _) => true,
            (Some(old), Some(new)) if old.mode == new.mode && new.until >= old.until => true,
            (Some(old), _) => bypass && old.mode == LockMode::Governance,
        };
        assert_eq!(answer.is_ok(), allowed);
        if allowed {
            self.model[place].retention = wanted;
        }
        let told = self.bench.sink.retention(self.bucket, &id).map_err(|error| code(&error));
        let known = self.model[place].retention.ok_or_else(|| "NoSuchObjectLockConfiguration 404".to_owned());
        assert_eq!(told, known);
    }

    fn hold(&mut self, key: &'static str, version: usize, on: bool) {
        let id = self.address(key, Some(version));
        let answer = self.bench.sink.put_legal_hold(self.bucket, &id, on);
        let Some(place) = self.lockable(key, &id, answer.as_ref().err()) else { return };
        answer.expect("whoever may set a hold may lift it");
        self.model[place].held = on;
        assert_eq!(self.bench.sink.legal_hold(self.bucket, &id), Ok(on));
    }

    /// Where a version stands that can have a lock; where it cannot, the sink has said so.
    fn lockable(&self, key: &str, id: &ObjectId, answer: Option<&CallError>) -> Option<usize> {
        let place = self.place(key, id);
        let wanted = match place {
            _ if !self.has_lock() => "InvalidRequest 400",
            None => "NoSuchVersion 404",
            Some(place) if self.model[place].size.is_none() => "MethodNotAllowed 405",
            Some(_) => return place,
        };
        assert_eq!(answer.map(code), Some(wanted.to_owned()));
        None
    }

    fn current(&self, key: &str) -> Option<&Naive> {
        self.model.iter().rfind(|version| version.key == key)
    }

    fn compare(&self, prefix: &str, page: u32) {
        for key in KEYS {
            match (self.bench.sink.head(self.bucket, &id(key)).expect("the bucket is there"), self.current(key)) {
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
            let listed = self.bench.sink.list_objects_v2(self.bucket, prefix, token.as_deref(), page).expect("a page");
            assert!(page == 0 || listed.contents.len() <= page as usize);
            assert!(listed.next_continuation_token.is_none() || !listed.contents.is_empty());
            all.extend(listed.contents.into_iter().map(|row| (row.key.to_string(), row.size)));
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
            let listed = self.bench.sink.list_object_versions(self.bucket, prefix, marker, page).expect("a page");
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
        kind in prop_oneof![Just(Kind::Plain), Just(Kind::Versioned), Just(Kind::Lockable), Just(Kind::Locked)],
        steps in steps(),
        prefix in prop_oneof![Just(""), Just("a"), Just("a/1"), Just("c")],
        page in 1..5u32,
    ) {
        let mut pair = Pair::new(kind);
        for step in &steps {
            pair.take(step);
            pair.compare(prefix, page);
        }
    }
}
