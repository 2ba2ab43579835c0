//! What faults of an egress excuse, and what they do not, told as short stories.

use super::composite_per_call::composite_per_call;
use super::gap::Gap;
use super::no_overlap::NoOverlap;
use super::stopped::Stopped;
use super::tracks::tracks;
use crate::livekit::EgressStatus;
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

#[test]
fn between_two_that_are_stored_others_may_have_failed_but_nobody_may_have_paused() {
    for (third, tally) in [("20m5s", (1, 0)), ("21m", (1, 0)), ("21m1s", (1, 1))] {
        let mut stage = Stage::new(composite_per_call());
        let call = stage.call(ACME_1, Compliance, "standup", "1h", ALICE);
        let first = stage.record(call);
        stage.at("10m").ending(first, End::SourceClosed);
        stage.complete(first, &["one.mp4"]);
        let second = stage.at("10m5s").record(call);
        stage.at("20m").fail(second);
        let last = stage.at(third).record(call);
        stage.at("1h").hang_up(call);
        stage.complete(last, &["three.mp4"]);
        assert_eq!(stage.tally(), tally, "the third one at {third}");
    }
}

#[test]
fn an_end_that_nothing_recorded_between_is_no_excuse() {
    let mut stage = Stage::new(composite_per_call());
    let call = stage.call(ACME_1, Compliance, "standup", "1h", ALICE);
    let first = stage.record(call);
    stage.at("10m").ending(first, End::SourceClosed);
    stage.complete(first, &["one.mp4"]);
    let last = stage.at("20m").record(call);
    stage.at("1h").hang_up(call);
    stage.complete(last, &["two.mp4"]);
    assert!(stage.complaint().contains("went on only 10m after egress EG_0 had ended by itself"));
}

#[test]
fn at_its_limit_a_call_is_judged_behind_the_last_upload() {
    for (stored, tally) in [(true, (1, 0)), (false, (1, 1))] {
        let mut stage = Stage::new(composite_per_call());
        let call = stage.call(ACME_1, Compliance, "standup", "1h", ALICE);
        let egress = stage.record(call);
        stage.at("59m50s").limit(egress);
        stage.at("1h").hang_up(call);
        stage.at("1h5m");
        if stored {
            stage.drained(egress, &["standup.mp4"]);
        }
        assert_eq!(stage.tally(), tally, "stored: {stored}");
    }
}

#[test]
fn one_that_never_played_because_it_was_kept_from_starting_is_excused() {
    for (delay, tally) in [("0s", (1, 1)), ("2h", (1, 0))] {
        let mut stage = Stage::new(composite_per_call());
        let call = stage.call(ACME_1, Compliance, "standup", "1h", ALICE);
        let egress = stage.start(call, composite(), vec![file("rec")]);
        stage.egress(egress).start_delay = span(delay);
        stage.at("1h").fail(egress);
        stage.egress(egress).end = Some(End::SourceClosed);
        stage.hang_up(call);
        assert_eq!(stage.tally(), tally, "delayed by {delay}");
    }
}

#[test]
fn what_is_lost_behind_a_good_end_of_the_media_is_excused() {
    for (failed, dead, tally) in [(true, false, (1, 0)), (false, true, (1, 0)), (false, false, (1, 1))] {
        let mut stage = Stage::new(composite_per_call());
        let call = stage.call(ACME_1, Compliance, "standup", "1h", ALICE);
        let egress = stage.record(call);
        stage.at("1h").ending(egress, End::SourceClosed);
        stage.hang_up(call);
        stage.at("1h1m");
        if dead {
            stage.die(egress, "15s");
        }
        if failed {
            stage.fail(egress);
            stage.egress(egress).end = Some(End::SourceClosed);
            assert_eq!(stage.egress(egress).info.status, EgressStatus::Failed);
        }
        assert_eq!(stage.tally(), tally, "failed: {failed}, dead: {dead}");
    }
}

#[test]
fn who_was_killed_and_still_uploads_is_no_second_recorder() {
    for (killed, violations) in [(true, 0), (false, 1)] {
        let mut stage = Stage::new(NoOverlap);
        let call = stage.call(ACME_1, Compliance, "standup", "1h", ALICE);
        let first = stage.record(call);
        let now = stage.at("10m").state.now;
        stage.egress(first).stopped_at = killed.then_some(now);
        stage.record(call);
        assert_eq!(stage.tally(), (2, violations), "killed: {killed}");
    }
}

#[test]
fn a_track_whose_upload_a_fault_took_is_excused_and_one_that_was_stopped_is_not() {
    for (spoilt, tally) in [(true, (1, 0)), (false, (1, 1))] {
        let mut stage = Stage::new(tracks());
        let call = stage.call(ACME_1, Processing, "standup", "1h", ALICE);
        let egress = stage.record_voice(call, "alice");
        stage.at("1h");
        if spoilt {
            stage.hang_up(call);
            stage.lose(egress, "alice.ogg");
            stage.complete(egress, &[]);
        } else {
            stage.ending(egress, End::Stopped);
            stage.hang_up(call);
        }
        assert_eq!(stage.tally(), tally, "spoilt: {spoilt}");
    }
}
