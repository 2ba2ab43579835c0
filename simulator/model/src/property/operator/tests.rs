//! The operator as a process, told as short stories.

use super::bounded::{Bounded, FAILURES_MAX};
use super::converges::Converges;
use super::crash_safe::{CrashSafe, compare};
use crate::call::{
    Call, CallError, CommitOutcome, DeleteError, DeleteResult, HeadResult, ObjectId, Reply, RowState, SinkKey, Subject,
};
use crate::goals::Goals;
use crate::operator::TrapKind;
use crate::property::stage::{ACME_1, Stage, span};
use crate::settled::{Audit, Settled};

fn everything() -> SinkKey {
    SinkKey::Prefix(String::new())
}

fn head(key: &str) -> Call {
    Call::HeadObject { bucket: "rec".into(), id: ObjectId { key: key.into(), version_id: None } }
}

fn slow_down() -> Reply {
    Reply::Head(Err(CallError::rejected("SlowDown", 503, "Please reduce your request rate.")))
}

fn gone() -> Reply {
    Reply::Head(Ok(HeadResult::NotFound { delete_marker: false }))
}

#[test]
fn ten_failures_are_patience_and_one_more_is_a_loop() {
    let mut stage = Stage::new(Bounded::default());
    stage.deliver(true);
    for _ in 0..FAILURES_MAX {
        stage.ask(&head("a.mp4"), &slow_down());
        stage.ask(&Call::Now, &Reply::Now(stage.state.now));
    }
    stage.answer();
    stage.deliver(true);
    for _ in 0..=FAILURES_MAX {
        stage.ask(&head("a.mp4"), &slow_down());
    }
    stage.ask(&head("a.mp4"), &slow_down());
    let verdict = stage.finish();
    assert_eq!((verdict.checks, verdict.violations), (2, 1));
    assert_eq!(
        verdict.first.expect("violated").message,
        "nothing that fails is tried over and over again, but instance 0 made one and the same s3.head_object 11 times within \
         one delivery, and each time it failed"
    );
}

#[test]
fn other_arguments_are_another_call_and_success_begins_anew() {
    let mut stage = Stage::new(Bounded::default());
    stage.deliver(true);
    for number in 0..30 {
        stage.ask(&head(&format!("{number}.mp4")), &slow_down());
    }
    for _ in 0..30 {
        stage.ask(&head("a.mp4"), &slow_down());
        stage.ask(&head("a.mp4"), &gone());
    }
    assert_eq!(stage.tally(), (1, 0));
}

#[test]
fn a_404_is_an_answer_and_conflicts_and_refused_keys_are_failures() {
    let commit = Call::Commit { writes: Vec::new(), preconditions: Vec::new() };
    let conflict = Reply::Commit(Ok(CommitOutcome::Conflict(Subject::State("open/RM".into()))));
    let batch = Call::DeleteObjects { bucket: "rec".into(), objects: Vec::new(), quiet: true };
    let error = DeleteError { key: "a".into(), version_id: None, code: "AccessDenied".into(), message: String::new() };
    let refused = Reply::DeleteResult(Ok(DeleteResult { deleted: Vec::new(), errors: vec![error] }));
    for (call, reply, violations) in [(head("a.mp4"), gone(), 0), (commit, conflict, 1), (batch, refused, 1)] {
        let mut stage = Stage::new(Bounded::default());
        stage.deliver(true);
        for _ in 0..30 {
            stage.ask(&call, &reply);
        }
        assert_eq!(stage.tally(), (1, violations), "{}", call.name());
    }
}

#[test]
fn more_calls_than_a_delivery_may_make_break_it_once() {
    let mut stage = Stage::new(Bounded::default());
    stage.deliver(true);
    stage.trap(TrapKind::OutOfFuel);
    stage.deliver(true);
    stage.trap(TrapKind::Calls);
    stage.deliver(true);
    stage.trap(TrapKind::Run);
    assert_eq!(stage.tally(), (3, 2), "fuel is another promise");
    let mut stage = Stage::new(Bounded::default());
    stage.deliver(true);
    for _ in 0..30 {
        stage.ask(&head("a.mp4"), &slow_down());
    }
    stage.trap(TrapKind::Calls);
    assert_eq!(stage.tally(), (1, 1), "a loop that ends at the limit is one violation");
}

/// A call whose row is left as `recording`, or not.
fn struck(converge: &str, settled: bool) -> Stage {
    let mut stage = Stage::new(Converges::default());
    stage.scenario().promises.converge = span(converge);
    let egress = stage.recorded(ACME_1, "standup", "1h", &["a.mp4"]);
    stage.strike();
    stage.row(egress, everything(), if settled { RowState::Stored } else { RowState::Recording });
    stage
}

#[test]
fn a_look_that_finds_everything_reached_is_the_check() {
    let mut stage = struck("1h", true);
    assert_eq!(stage.at("1h1m").look("1h"), Goals::Met);
    assert_eq!(stage.tally(), (1, 0));
}

#[test]
fn what_is_still_amiss_when_time_is_up_breaks_it() {
    let mut stage = struck("1h", false);
    stage.at("1h1m").look("1h");
    stage.at("2h").look("1h");
    assert_eq!(
        stage.complaint(),
        "once faults stop the operator reaches its goals within 1h, but 1h after the last fault egress EG_0 of room standup \
         (tenant acme-1) has ended, but its inventory row says `recording`"
    );
}

#[test]
fn a_run_that_ends_before_and_one_without_faults_say_nothing() {
    let mut stage = struck("7d", false);
    stage.at("1h1m").look("1h");
    assert_eq!(stage.finish().word(), "not_exercised");
    let mut stage = Stage::new(Converges::default());
    stage.recorded(ACME_1, "standup", "1h", &["a.mp4"]);
    assert_eq!(stage.finish().word(), "not_exercised");
}

#[test]
fn another_fault_gives_time_anew() {
    let mut stage = struck("1h", false);
    stage.at("2h").look("1h");
    stage.at("3h").strike();
    let egress = stage.state.egresses[0].ix;
    stage.row(egress, everything(), RowState::Stored);
    stage.at("3h1m").look("3h");
    assert_eq!(stage.tally(), (1, 0));
}

#[test]
fn each_crash_is_a_check_and_another_settled_state_overturns_one() {
    let settled = |row| {
        let mut stage = Stage::new(CrashSafe);
        let egress = stage.recorded(ACME_1, "standup", "1h", &["a.mp4"]);
        stage.row(egress, everything(), row);
        (Settled::of(&stage.state, &Audit::default()), stage.state.now)
    };
    let mut stage = Stage::new(CrashSafe);
    stage.crash();
    stage.crash();
    stage.trap(TrapKind::Trap);
    let mut verdict = stage.finish();
    assert_eq!((verdict.checks, verdict.violations), (2, 0));
    let ((with, at), (without, _)) = (settled(RowState::Recording), settled(RowState::Stored));
    compare(&without, &without, at, &mut verdict);
    assert_eq!((verdict.checks, verdict.violations), (2, 0));
    compare(&with, &without, at, &mut verdict);
    assert_eq!((verdict.checks, verdict.violations), (2, 1));
    let message = verdict.first.expect("violated").message;
    assert!(message.starts_with("a crash leaves the same settled state, but of the call in room standup"), "{message}");
}
