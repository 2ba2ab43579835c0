//! The list and the monitor.

use std::cell::RefCell;
use std::rc::Rc;

use super::stage::{ACME_1, Stage, done};
use super::{About, Monitor, Property, Verdict, builtin};
use crate::call::{AuditAction, HeadResult, RowState, SinkKey};
use crate::scenario::Recording;
use crate::scenario::keys::PROPERTIES;
use crate::state::State;
use crate::time::{Span, Time};
use crate::trace::{Fact, FactKind};

#[test]
fn the_list_is_complete_and_in_order() {
    let ids: Vec<&str> = builtin().iter().map(|property| property.about().id).collect();
    assert_eq!(ids, PROPERTIES);
}

#[test]
fn every_property_says_what_it_is() {
    for property in builtin() {
        let about = property.about();
        for text in [about.promise, about.why, about.one_check, about.broken_by] {
            assert!(!text.is_empty(), "{} lacks words", about.id);
        }
    }
}

#[test]
fn nothing_is_exercised_in_an_empty_run() {
    let stage = Stage::new(super::recording::no_overlap::NoOverlap);
    for (about, verdict) in Monitor::new(builtin()).finish(&stage.state) {
        assert_eq!(verdict.word(), "not_exercised", "{}", about.id);
    }
}

#[test]
fn what_is_overturned_is_no_further_check() {
    let mut verdict = Verdict::default();
    verdict.held();
    verdict.overturned(Time(1), Vec::new(), || "broken");
    assert_eq!((verdict.checks, verdict.violations, verdict.word()), (1, 1, "violated"));
}

/// A contract of `count` calls with a file and a manifest each, by an operator that does everything as it should.
fn sound_contract(count: u64) -> Vec<(&'static About, Verdict)> {
    let mut stage = Stage::watched_by(builtin());
    stage.boot();
    let key = |n: u64| format!("acme-1/{n}/a.mp4");
    let manifest = |n: u64| format!("acme-1/{n}/EG.json");
    let prefix = |n: u64| SinkKey::Prefix(format!("acme-1/{n}/"));
    let mut egresses = Vec::new();
    for n in 0..count {
        stage.deliver(true);
        let call = stage.call(ACME_1, Recording::Compliance, &format!("room-{n}"), "30m", &["alice", "bob"]);
        let egress = stage.record(call);
        stage.row(egress, prefix(n), RowState::Recording);
        stage.answer();
        stage.at(&format!("{}m", n * 30 + 30)).hang_up(call);
        stage.complete(egress, &[&key(n), &manifest(n)]);
        stage.row(egress, prefix(n), RowState::Stored);
        stage.publish(egress, &format!("https://cdn.example/rec/{}", key(n)));
        egresses.push(egress);
    }
    stage.at("300d").end_contract(ACME_1);
    for (n, egress) in (0..count).zip(egresses) {
        stage.row(egress, prefix(n), RowState::Deleting);
        stage.retract(egress);
        for key in [key(n), manifest(n)] {
            stage.erase("rec", &key);
            stage.head("rec", &key, HeadResult::NotFound { delete_marker: false });
            stage.audit(done(AuditAction::Delete, Some(&key)));
        }
        stage.row(egress, prefix(n), RowState::Deleted);
    }
    stage.at("391d").finish_all()
}

#[test]
fn a_sound_operator_holds_all_that_it_exercises() {
    let tallies: Vec<(&str, u64)> = sound_contract(7)
        .into_iter()
        .map(|(about, verdict)| {
            assert_eq!(verdict.first, None, "{}", about.id);
            (about.id, verdict.checks)
        })
        .filter(|(_, checks)| *checks > 0)
        .collect();
    assert_eq!(
        tallies,
        [
            ("recording.composite-per-call", 7),
            ("recording.no-overlap", 7),
            ("recording.stopped", 7),
            ("recording.own-buckets", 7),
            ("playlist.via-cdn", 7),
            ("retention.not-early", 14),
            ("retention.whole-recording", 7),
            ("deletion.complete", 14),
            ("deletion.verified", 14),
            ("deletion.only-own", 14),
            ("deletion.links-gone", 7),
            ("inventory.complete", 14),
            ("inventory.no-phantom", 7),
            ("audit.truthful", 14),
            ("audit.complete", 14),
            ("webhook.authentic", 7),
            ("webhook.prompt", 7),
            ("operator.bounded", 7),
            ("sandbox.contained", 1),
        ]
    );
}

/// Writes down what it is shown.
struct Scribe {
    name: &'static str,
    due: Vec<Time>,
    written: Rc<RefCell<Vec<(&'static str, Time)>>>,
}

static SCRIBE: About = About { id: "test.scribe", promise: "", why: "", one_check: "", broken_by: "" };

impl Property for Scribe {
    fn about(&self) -> &'static About {
        &SCRIBE
    }

    fn wants(&self, kind: FactKind) -> bool {
        kind == FactKind::RoomStarted
    }

    fn observe(&mut self, fact: &Fact<'_>, state: &State, _verdict: &mut Verdict) {
        assert_eq!(fact.kind(), FactKind::RoomStarted, "it wants nothing else");
        self.due.insert(0, state.now + Span::SECOND);
        self.due.sort_unstable();
    }

    fn next_due(&self) -> Option<Time> {
        self.due.first().copied()
    }

    fn due(&mut self, at: Time, _state: &State, _verdict: &mut Verdict) {
        self.written.borrow_mut().push((self.name, at));
        self.due.retain(|due| *due > at);
    }
}

#[test]
fn deadlines_run_in_order_of_time_and_then_of_the_list() {
    let written = Rc::new(RefCell::new(Vec::new()));
    let scribe = |name, due: &[u64]| -> Box<dyn Property> {
        Box::new(Scribe { name, due: due.iter().copied().map(Time).collect(), written: Rc::clone(&written) })
    };
    let mut monitor = Monitor::new(vec![scribe("a", &[20, 30, 40]), scribe("b", &[10, 30])]);
    let stage = Stage::new(super::recording::no_overlap::NoOverlap);
    assert_eq!(monitor.next_due(), Some(Time(10)));
    monitor.run_due(Time(30), &stage.state);
    assert_eq!(*written.borrow(), [("b", Time(10)), ("a", Time(20))], "strictly before");
    monitor.run_due(Time(31), &stage.state);
    assert_eq!(written.borrow()[2..], [("a", Time(30)), ("b", Time(30))]);
    assert_eq!(monitor.next_due(), Some(Time(40)));
}

#[test]
fn the_end_of_the_run_runs_what_is_due_by_then_and_no_more() {
    let written = Rc::new(RefCell::new(Vec::new()));
    let scribe = Scribe { name: "a", due: Vec::new(), written: Rc::clone(&written) };
    let mut stage = Stage::new(scribe);
    stage.call(ACME_1, Recording::None, "one", "1h", &[]);
    stage.at("1s").call(ACME_1, Recording::None, "two", "1h", &[]);
    let now = stage.state.now;
    stage.finish();
    assert_eq!(*written.borrow(), [("a", now)], "the one that is due at the last moment");
}
