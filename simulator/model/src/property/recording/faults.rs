//! What faults of an egress excuse, and what they do not, told as short stories.

use super::composite_per_call::composite_per_call;
use super::gap::Gap;
use super::no_overlap::NoOverlap;
use super::stopped::Stopped;
use super::tracks::tracks;
use crate::property::stage::{ACME_1, Stage, composite, file, span};
use crate::scenario::Recording::{Compliance, Processing};
use crate::state::End;

const ALICE: &[&str] = &["alice"];

#[test]
fn a_call_whose_only_recording_was_lost_at_its_end_is_excused() {
    let mut stage = Stage::new(composite_per_call());
    let call = stage.call(ACME_1, Compliance, "standup", "1h", ALICE);
    let egress = stage.record(call);
    stage.at("1h").hang_up(call);
    stage.at("1h30s").fail(egress);
    assert_eq!(stage.tally(), (1, 0));
}

#[test]
fn a_call_whose_recording_was_lost_before_its_end_is_not() {
    let mut stage = Stage::new(composite_per_call());
    let call = stage.call(ACME_1, Compliance, "standup", "1h", ALICE);
    let egress = stage.record(call);
    stage.at("50m").fail(egress);
    stage.at("1h").hang_up(call);
    assert!(stage.complaint().contains("none of the 1 composite that ran has a whole recording in the sink"));
}

#[test]
fn what_the_operator_stopped_in_time_is_no_excuse() {
    let mut stage = Stage::new(composite_per_call());
    let call = stage.call(ACME_1, Compliance, "standup", "1h", ALICE);
    let egress = stage.start(call, composite(), vec![file("rec")]);
    stage.at("1h").ending(egress, End::Stopped);
    stage.hang_up(call);
    assert!(stage.complaint().contains("none of the 1 composite"), "it neither failed nor stored anything");
}

#[test]
fn a_dead_worker_is_replaced_within_the_gap_of_the_first_sign() {
    for (begins, tally) in [("10m20s", (1, 0)), ("11m14s", (1, 0)), ("11m16s", (1, 1))] {
        let mut stage = Stage::watched_by(vec![Box::new(composite_per_call()), Box::new(Gap::default())]);
        let call = stage.call(ACME_1, Compliance, "standup", "1h", ALICE);
        let egress = stage.record(call);
        stage.at("10m").die(egress, "15s");
        let second = stage.at(begins).record(call);
        stage.at("1h").hang_up(call);
        stage.complete(second, &["two.mp4"]);
        for (about, verdict) in stage.finish_all() {
            assert_eq!((verdict.checks, verdict.violations), tally, "{} with a successor at {begins}", about.id);
        }
    }
}

#[test]
fn who_never_replaces_a_dead_worker_is_told_why() {
    let mut stage = Stage::new(Gap::default());
    let call = stage.call(ACME_1, Compliance, "standup", "1h", ALICE);
    let egress = stage.record(call);
    stage.at("10m").die(egress, "15s");
    assert!(stage.at("30m").complaint().contains("ended by itself (its worker died without a word)"));
}

#[test]
fn a_dead_worker_records_nothing_beside_its_successor_and_needs_no_stop() {
    let mut stage = Stage::watched_by(vec![Box::new(NoOverlap), Box::new(Stopped::default())]);
    let call = stage.call(ACME_1, Compliance, "standup", "1h", ALICE);
    let egress = stage.record(call);
    stage.at("10m").die(egress, "15s");
    let second = stage.record(call);
    stage.at("1h").hang_up(call);
    stage.complete(second, &["two.mp4"]);
    for (about, verdict) in stage.at("2h").finish_all() {
        assert_eq!((verdict.checks, verdict.violations), (2, 0), "{}", about.id);
    }
}

#[test]
fn the_time_of_a_slow_start_is_not_the_operators() {
    for (delay, tally) in [("0s", (1, 1)), ("40s", (1, 0))] {
        let mut stage = Stage::new(composite_per_call());
        let call = stage.call(ACME_1, Compliance, "standup", "1h", ALICE);
        let egress = stage.start(call, composite(), vec![file("rec")]);
        stage.egress(egress).start_delay = span(delay);
        stage.at("50s").active(egress);
        stage.at("1h").hang_up(call);
        stage.complete(egress, &["standup.mp4"]);
        assert_eq!(stage.tally(), tally, "delayed by {delay}");
    }
}

#[test]
fn a_track_that_a_dead_worker_took_is_excused_until_the_gap_is_over() {
    for (length, tally) in [("11m", (1, 0)), ("12m", (1, 1))] {
        let mut stage = Stage::new(tracks());
        let call = stage.call(ACME_1, Processing, "standup", length, ALICE);
        let egress = stage.record_voice(call, "alice");
        stage.at("10m").die(egress, "15s");
        stage.at(length).hang_up(call);
        assert_eq!(stage.tally(), tally, "a call of {length}");
    }
}
