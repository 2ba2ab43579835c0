//! Two small worlds, and what of one is otherwise than in the other.

use super::{Audit, Settled};
use crate::call::{AuditAction, AuditOutcome, AuditRecord, Command, Hold, Order, RowState, SinkKey};
use crate::property::stage::{ACME_1, ACME_10, Stage, done};
use crate::property::webhook::authentic::Authentic;

fn everything() -> SinkKey {
    SinkKey::Prefix(String::new())
}

/// A call in HLS, an hour long unless it is to end earlier, with a row and a link.
fn stage(end: &str, segments: u64) -> Stage {
    let mut stage = Stage::new(Authentic::default());
    let egress = stage.recorded_hls("standup", end, segments);
    stage.row(egress, everything(), RowState::Stored);
    stage.publish(egress, "https://cdn.example/rec/standup/p.m3u8");
    stage
}

fn settled(stage: &Stage, records: &[AuditRecord]) -> Settled {
    let mut audit = Audit::default();
    audit.append(records);
    Settled::of(&stage.state, &audit)
}

/// What two worlds are told apart by, the first with the crash.
fn difference(with: &Stage, without: &Stage) -> Option<String> {
    settled(with, &[]).difference(&settled(without, &[])).map(|difference| difference.words)
}

fn told(with: &[AuditRecord], without: &[AuditRecord]) -> Option<String> {
    let stage = stage("1h", 600);
    settled(&stage, with).difference(&settled(&stage, without)).map(|difference| difference.words)
}

#[test]
fn seconds_make_no_difference() {
    assert_eq!(difference(&stage("59m", 590), &stage("1h", 600)), None);
}

#[test]
fn a_link_published_twice_is_published() {
    let (without, mut with) = (stage("1h", 600), stage("1h", 600));
    let egress = with.state.egresses[0].ix;
    with.publish(egress, "https://cdn.example/rec/standup/p.m3u8");
    assert_eq!(difference(&with, &without), None);
    with.retract(egress);
    let words = difference(&with, &without).expect("there is no link");
    assert!(
        words.starts_with("of the call in room standup (tenant acme-1) there is a recording (composite, complete, ")
    );
    assert!(words.contains("in the sink: playlist, segments, links to: nothing) with the crash, and"), "{words}");
    assert!(words.ends_with("links to: playlist) without it"), "{words}");
}

#[test]
fn rows_and_what_is_in_the_sink_are_settled() {
    let (without, mut with) = (stage("1h", 2), stage("1h", 2));
    let egress = with.state.egresses[0].ix;
    with.row(egress, everything(), RowState::Recording);
    assert!(difference(&with, &without).is_some_and(|words| words.contains("a row `recording`")));
    with.row(egress, everything(), RowState::Stored);
    with.erase("rec", "standup/s_0.ts");
    assert_eq!(difference(&with, &without), None, "segments are there");
    with.erase("rec", "standup/s_1.ts");
    assert!(difference(&with, &without).is_some_and(|words| words.contains("in the sink: playlist, links")));
    with.abandon_upload(egress, "standup/s_1.ts");
    assert!(difference(&with, &without).is_some_and(|words| words.contains("playlist, an unfinished upload")));
}

#[test]
fn how_far_a_deletion_had_come_before_a_hold_is_a_matter_of_seconds() {
    let deleted = |stage: &mut Stage, row| {
        let egress = stage.state.egresses[0].ix;
        stage.row(egress, everything(), row);
        stage.retract(egress);
        stage.erase("rec", "standup/s_0.ts");
        stage.erase("rec", "standup/s_1.ts");
    };
    let (mut without, mut with) = (stage("1h", 2), stage("1h", 2));
    deleted(&mut without, RowState::Deleting);
    assert!(difference(&with, &without).is_some(), "nothing has come in between");
    without.hold(ACME_1);
    with.hold(ACME_1);
    assert_eq!(difference(&with, &without), None, "with the crash it had not begun");
    assert_eq!(difference(&without, &with), None);
    let record = AuditRecord { egress_id: Some("EG_0".into()), ..done(AuditAction::Delete, Some("standup/s_0.ts")) };
    let told = |records: &[AuditRecord]| settled(&without, records);
    assert_eq!(settled(&with, &[]).difference(&told(&[record])), None);
    let hold = done(AuditAction::LegalHold, None);
    assert!(settled(&with, &[]).difference(&told(&[hold])).is_some(), "the hold itself is another matter");
    without.lift(ACME_1);
    with.lift(ACME_1);
    assert!(difference(&with, &without).is_some(), "nothing stands in its way any more");
}

#[test]
fn a_hold_alone_hides_nothing() {
    let (mut without, mut with) = (stage("1h", 2), stage("1h", 2));
    let egress = with.state.egresses[0].ix;
    with.row(egress, everything(), RowState::Recording);
    without.hold(ACME_1);
    with.hold(ACME_1);
    assert!(difference(&with, &without).is_some_and(|words| words.contains("a row `recording`")));
}

#[test]
fn an_egress_counts_if_it_left_anything() {
    let (without, mut with) = (stage("1h", 2), stage("1h", 2));
    let call = with.state.calls[0].ix;
    let second = with.start(call, crate::property::stage::composite(), vec![crate::property::stage::file("rec")]);
    with.fail(second);
    assert_eq!(difference(&with, &without), None);
    with.row(second, everything(), RowState::Recording);
    let words = difference(&with, &without).expect("there is a row more");
    assert!(
        words.contains("(composite, failed, a row `recording`, in the sink: nothing, links to: nothing) with"),
        "{words}"
    );
}

#[test]
fn one_more_attempt_that_failed_makes_no_difference_if_the_books_say_so() {
    let (without, mut with) = (stage("1h", 2), stage("1h", 2));
    let call = with.state.calls[0].ix;
    let second = with.start(call, crate::property::stage::composite(), vec![crate::property::stage::file("rec")]);
    with.active(second);
    with.fail(second);
    for row in [RowState::Failed, RowState::Deleted] {
        with.row(second, everything(), row);
        assert_eq!(difference(&with, &without), None);
    }
    with.row(second, everything(), RowState::Deleting);
    assert!(difference(&with, &without).is_some_and(|words| words.contains("a row `deleting`")));
    with.row(second, everything(), RowState::Failed);
    with.publish(second, "https://cdn.example/rec/other.mp4");
    assert!(difference(&with, &without).is_some_and(|words| words.contains("links to: something that is not there")));
    with.retract(second);
    with.upload(second, "other.mp4");
    assert_eq!(difference(&with, &without), None, "its row tells of what it left");
    assert_eq!(difference(&without, &with), None);
    with.row(second, everything(), RowState::Deleted);
    assert!(difference(&with, &without).is_some_and(|words| words.contains("in the sink: the file")));
}

#[test]
fn one_more_recording_makes_no_difference_if_it_is_like_another() {
    let two = |row| {
        let mut stage = Stage::new(Authentic::default());
        let call = stage.call(ACME_1, crate::scenario::Recording::Compliance, "standup", "1h", &["alice"]);
        for (key, row) in [("a.mp4", RowState::Stored), ("b.mp4", row)] {
            let egress = stage.record(call);
            stage.complete(egress, &[key]);
            stage.row(egress, everything(), row);
        }
        stage
    };
    let mut one = Stage::new(Authentic::default());
    let egress = one.recorded(ACME_1, "standup", "1h", &["a.mp4"]);
    one.row(egress, everything(), RowState::Stored);
    assert_eq!(difference(&two(RowState::Stored), &one), None);
    assert!(difference(&two(RowState::Recording), &one).is_some_and(|words| words.contains("a row `recording`")));
}

#[test]
fn a_call_that_only_one_has_is_named() {
    let (without, mut with) = (stage("1h", 2), stage("1h", 2));
    with.recorded(ACME_10, "other", "2h", &["a.mp4"]);
    let words = difference(&with, &without).expect("there is a call more");
    assert!(words.starts_with("of the call in room other (tenant acme-10) there is a recording"), "{words}");
    assert!(words.ends_with("and no recording without it"), "{words}");
}

#[test]
fn the_audit_tells_of_each_thing_once() {
    let of = |key: &str, idempotency_key: &str| AuditRecord {
        egress_id: Some("EG_0".into()),
        idempotency_key: idempotency_key.into(),
        ..done(AuditAction::Delete, Some(key))
    };
    let once = of("standup/p.m3u8", "one");
    assert_eq!(told(&[once.clone(), once.clone()], std::slice::from_ref(&once)), None);
    let words = told(&[once.clone(), of("standup/p.m3u8", "two")], std::slice::from_ref(&once)).expect("told twice");
    assert_eq!(
        words,
        "without the crash the audit of tenant acme-1 tells of the deletion of playlist of the composite of the call in \
         room standup (tenant acme-1), with it not"
    );
    assert!(told(&[], std::slice::from_ref(&once)).is_some());
    let segment = |number: u64| of(&format!("standup/s_{number}.ts"), &number.to_string());
    assert_eq!(told(&[segment(0), segment(1)], &[segment(0)]), None, "how many there are depends on seconds");
}

#[test]
fn what_is_tried_again_or_was_refused_settles_nothing() {
    let with = |outcome| AuditRecord { outcome, ..done(AuditAction::Delete, Some("a.mp4")) };
    assert_eq!(told(&[with(AuditOutcome::Failed("SlowDown".into()))], &[]), None);
    assert_eq!(told(&[done(AuditAction::RefuseWebhook, None)], &[]), None);
    assert_eq!(told(&[with(AuditOutcome::Refused("AccessDenied".into()))], &[]), None);
    assert!(told(&[with(AuditOutcome::Done)], &[]).is_some());
}

#[test]
fn a_command_that_is_never_answered_is_named() {
    let (without, mut with) = (stage("1h", 2), stage("1h", 2));
    let order = Order::LegalHold(Hold { tenant: with.state.tenant(ACME_1).name.to_string(), room: None });
    with.state.unanswered.insert(0, (with.state.now, Command { id: "hold".into(), order }));
    assert_eq!(difference(&with, &without).as_deref(), Some("with the crash the command hold is never answered"));
}

#[test]
fn whom_a_fault_strikes_is_no_doing_of_the_operators() {
    let lost = |fault: Option<usize>| {
        let mut stage = stage("1h", 1);
        let egress = stage.state.egresses[0].ix;
        stage.erase("rec", "standup/s_0.ts");
        stage.egress(egress).struck.extend(fault);
        stage
    };
    assert!(
        difference(&lost(None), &stage("1h", 1)).is_some_and(|words| words.contains("in the sink: playlist, links"))
    );
    assert_eq!(difference(&lost(Some(0)), &stage("1h", 1)), None);
    assert_eq!(difference(&stage("1h", 1), &lost(Some(0))), None);
    let deleted = [done(AuditAction::Delete, Some("standup/s_0.ts"))]
        .map(|record| AuditRecord { egress_id: Some("EG_0".into()), ..record });
    let (with, without) = (lost(Some(0)), stage("1h", 1));
    assert_eq!(settled(&with, &deleted).difference(&settled(&without, &[])), None);
    assert!(settled(&without, &deleted).difference(&settled(&without, &[])).is_some());
}

#[test]
fn one_track_that_is_struck_hides_no_other() {
    let stage = |struck: usize, lost: usize| {
        let mut stage = Stage::new(Authentic::default());
        let call = stage.call(ACME_1, crate::scenario::Recording::Processing, "standup", "1h", &["alice", "bob"]);
        let voices = ["alice", "bob"].map(|identity| stage.record_voice(call, identity));
        stage.egress(voices[struck]).struck.insert(0);
        stage.at("1h").hang_up(call);
        for (place, egress) in voices.into_iter().enumerate() {
            let key = format!("{place}.ogg");
            stage.complete(egress, &[&key]);
            stage.row(egress, everything(), if place == lost { RowState::Failed } else { RowState::Stored });
        }
        stage
    };
    assert_eq!(difference(&stage(0, 0), &stage(1, 1)), None, "a fault struck one voice or the other");
    let words = difference(&stage(0, 0), &stage(0, 1)).expect("a voice is missing that no fault has struck otherwise");
    assert!(words.contains("alice's microphone, complete, a row `failed`"), "{words}");
}

#[test]
fn a_struck_recording_is_missed_where_the_other_run_has_none() {
    let mut struck = stage("1h", 1);
    let egress = struck.state.egresses[0].ix;
    struck.egress(egress).struck.insert(0);
    let mut nothing = Stage::new(Authentic::default());
    let call = nothing.call(ACME_1, crate::scenario::Recording::Compliance, "standup", "1h", &["alice"]);
    nothing.at("1h").hang_up(call);
    assert!(difference(&nothing, &struck).is_some_and(|words| words.contains("there is no recording with the crash")));
}

/// Alice and, for ten minutes and a half, Bob; his worker dies after ten minutes, and others take his place or not.
fn with_a_dead_worker(length: &str, others: impl Fn(&mut Stage, crate::state::CallIx)) -> Stage {
    let mut stage = Stage::new(Authentic::default());
    let people = ["alice", &format!("bob 0s..{length}")];
    let call = stage.call(ACME_1, crate::scenario::Recording::Processing, "standup", "1h", &people);
    let dead = stage.record_voice(call, "bob");
    stage.at("10m").die(dead, "5s");
    stage.row(dead, everything(), RowState::Failed);
    others(&mut stage, call);
    stage.at("1h").hang_up(call);
    stage
}

fn replaced(stage: &mut Stage, call: crate::state::CallIx) {
    let second = stage.at("10m20s").record_voice(call, "bob");
    stage.at("10m30s").ending(second, crate::state::End::SourceClosed);
    stage.complete(second, &["bob.ogg"]);
    stage.row(second, everything(), RowState::Stored);
}

#[test]
fn who_came_too_late_for_a_track_is_forgiven_while_the_promise_allows_it() {
    for (length, alike) in [("10m30s", true), ("11m5s", true), ("11m6s", false)] {
        let (with, without) = (with_a_dead_worker(length, |_, _| {}), with_a_dead_worker(length, replaced));
        assert_eq!(difference(&with, &without).is_none(), alike, "there for {length}");
        assert_eq!(difference(&without, &with).is_none(), alike, "there for {length}");
        let deleted = [AuditRecord { egress_id: Some("EG_1".into()), ..done(AuditAction::Delete, Some("bob.ogg")) }];
        let differ = settled(&without, &deleted).difference(&settled(&with, &[]));
        assert_eq!(differ.is_none(), alike, "there for {length}, and deleted");
    }
}

#[test]
fn who_began_nothing_for_a_track_has_lost_it_however_short_it_was() {
    let nothing = {
        let mut stage = Stage::new(Authentic::default());
        let call =
            stage.call(ACME_1, crate::scenario::Recording::Processing, "standup", "1h", &["alice", "bob 0s..10s"]);
        stage.at("1h").hang_up(call);
        stage
    };
    let words = difference(&nothing, &with_a_dead_worker("10s", replaced)).expect("nobody tried");
    assert!(words.contains("there is no recording with the crash"), "{words}");
}

#[test]
fn a_replacement_that_the_books_have_not_closed_is_told_apart() {
    let open = |stage: &mut Stage, call| {
        replaced(stage, call);
        let second = stage.state.egresses[1].ix;
        stage.row(second, everything(), RowState::Recording);
    };
    let (with, without) = (with_a_dead_worker("10m30s", open), with_a_dead_worker("10m30s", replaced));
    assert!(difference(&with, &without).is_some_and(|words| words.contains("a row `recording`")));
}
