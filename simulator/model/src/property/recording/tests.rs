//! What is recorded, and what is not, told as short stories.

use super::composite_per_call::composite_per_call;
use super::consent::Consent;
use super::gap::Gap;
use super::no_overlap::NoOverlap;
use super::own_buckets::OwnBuckets;
use super::stopped::Stopped;
use super::tracks::tracks;
use crate::livekit::Source;
use crate::property::stage::{ACME_1, ACME_10, Stage, composite, file, segments, span};
use crate::scenario::Recording::{Compliance, None, Processing};
use crate::state::End;

const TWO: &[&str] = &["alice", "bob"];

mod composite_per_call {
    use super::*;

    fn stage() -> Stage {
        Stage::new(composite_per_call())
    }

    #[test]
    fn one_recording_of_everybody_holds() {
        let mut stage = stage();
        let call = stage.call(ACME_1, Compliance, "standup", "1h", TWO);
        let egress = stage.at("10s").record(call);
        stage.at("1h").hang_up(call);
        stage.complete(egress, &["standup.mp4"]);
        assert_eq!(stage.tally(), (1, 0));
    }

    #[test]
    fn what_a_fault_keeps_from_the_sink_is_nobodys_fault() {
        let mut stage = stage();
        let call = stage.call(ACME_1, Compliance, "standup", "1h", TWO);
        let egress = stage.record(call);
        stage.at("1h").hang_up(call);
        stage.lose(egress, "standup.mp4");
        stage.fail(egress);
        stage.egress(egress).end = Some(End::SourceClosed);
        assert_eq!(stage.tally().1, 0);
    }

    #[test]
    fn nothing_recorded_is_said_at_the_calls_end() {
        let mut stage = stage();
        let call = stage.call(ACME_1, Compliance, "standup", "1h", TWO);
        stage.at("1h").hang_up(call);
        assert!(stage.complaint().contains(
            "room standup (tenant acme-1) must end with one composite recording \
            of everybody, but nothing was recorded at all"
        ));
    }

    #[test]
    fn track_egresses_are_no_evidence() {
        let mut stage = stage();
        let call = stage.call(ACME_1, Compliance, "standup", "1h", TWO);
        let voices = [stage.record_voice(call, "alice"), stage.record_voice(call, "bob")];
        stage.at("1h").hang_up(call);
        for egress in voices {
            stage.complete(egress, &["track.ogg"]);
        }
        assert!(stage.complaint().contains("only 2 track egresses ran, which are no evidence"));
    }

    #[test]
    fn two_at_once_are_one_too_many() {
        let mut stage = stage();
        let call = stage.call(ACME_1, Compliance, "standup", "1h", TWO);
        let both = [stage.record(call), stage.at("2s").record(call)];
        stage.at("1h").hang_up(call);
        for egress in both {
            stage.complete(egress, &["standup.mp4"]);
        }
        assert!(
            stage
                .complaint()
                .contains("there are 2 composites, and egress EG_1 began 59m58s before egress EG_0 had ended")
        );
    }

    #[test]
    fn file_and_segments_at_once_are_one_too_many() {
        let mut stage = stage();
        let call = stage.call(ACME_1, Compliance, "standup", "1h", TWO);
        let egress = stage.start(call, composite(), vec![file("rec"), segments("rec")]);
        stage.active(egress);
        stage.at("1h").hang_up(call);
        stage.complete(egress, &["standup.mp4"]);
        assert!(stage.complaint().contains("egress EG_0 wrote 2 outputs"));
    }

    #[test]
    fn who_joined_before_the_recording_began_is_missed() {
        let mut stage = stage();
        let call = stage.call(ACME_1, Compliance, "standup", "1h", TWO);
        let egress = stage.at("16s").record(call);
        stage.at("1h").hang_up(call);
        stage.complete(egress, &["standup.mp4"]);
        assert!(stage.complaint().contains("alice is not heard for 1s, from 15s after the call's start"));
    }

    #[test]
    fn a_picture_alone_hears_nobody() {
        let mut stage = stage();
        let call = stage.call(ACME_1, Compliance, "standup", "1h", TWO);
        let silent = Source::RoomComposite { layout: String::new(), audio_only: false, video_only: true };
        let egress = stage.start(call, silent, vec![file("rec")]);
        stage.active(egress);
        stage.at("1h").hang_up(call);
        stage.complete(egress, &["standup.mp4"]);
        assert!(stage.complaint().contains("alice is not heard"));
    }

    #[test]
    fn a_successor_within_the_gap_goes_on() {
        for (begins, tally) in [("31m", (1, 0)), ("31m1s", (1, 1))] {
            let mut stage = stage();
            let call = stage.call(ACME_1, Compliance, "standup", "1h", TWO);
            let first = stage.record(call);
            stage.at("30m").ending(first, End::Failed);
            stage.complete(first, &["one.mp4"]);
            let second = stage.at(begins).record(call);
            stage.at("1h").hang_up(call);
            stage.complete(second, &["two.mp4"]);
            assert_eq!(stage.tally(), tally, "successor at {begins}");
        }
    }

    #[test]
    fn what_a_failed_egress_took_with_it_is_not_the_operators_doing() {
        let mut stage = stage();
        let call = stage.call(ACME_1, Compliance, "standup", "1h", TWO);
        let lost = stage.record(call);
        stage.at("10m").fail(lost);
        let second = stage.at("10m5s").record(call);
        stage.at("1h").hang_up(call);
        stage.complete(second, &["two.mp4"]);
        assert_eq!(stage.tally(), (1, 0));
    }

    #[test]
    fn an_operator_that_stops_and_starts_again_breaks_the_chain() {
        let mut stage = stage();
        let call = stage.call(ACME_1, Compliance, "standup", "1h", TWO);
        let first = stage.record(call);
        stage.at("30m").ending(first, End::Stopped);
        stage.complete(first, &["one.mp4"]);
        let second = stage.at("30m10s").record(call);
        stage.at("1h").hang_up(call);
        stage.complete(second, &["two.mp4"]);
        assert!(stage.complaint().contains("the operator stopped egress EG_0, and egress EG_1 went on 10s later"));
    }

    #[test]
    fn who_leaves_early_or_comes_late_must_be_heard_only_then() {
        let mut stage = stage();
        let call = stage.call(ACME_1, Compliance, "standup", "1h", &["alice 10m..", "bob 0s..5s"]);
        let egress = stage.at("10m15s").record(call);
        stage.at("1h").hang_up(call);
        stage.complete(egress, &["standup.mp4"]);
        assert_eq!(stage.tally(), (1, 0));
    }

    #[test]
    fn not_exercised_by_short_running_or_other_calls() {
        let mut stage = stage();
        let short = stage.call(ACME_1, Compliance, "short", "10s", TWO);
        let other = stage.call(ACME_1, None, "other", "10s", TWO);
        let running = stage.call(ACME_1, Compliance, "running", "1h", TWO);
        stage.record(running);
        stage.at("10s").hang_up(short);
        stage.hang_up(other);
        assert_eq!(stage.at("30m").finish().word(), "not_exercised");
    }

    #[test]
    fn an_egress_that_never_ends_is_judged_at_the_end() {
        let mut stage = stage();
        let call = stage.call(ACME_1, Compliance, "standup", "1h", TWO);
        let egress = stage.record(call);
        stage.egress(egress).outlives_room = true;
        stage.at("1h").hang_up(call);
        assert!(stage.at("2h").complaint().contains("none of the 1 composite that ran has a whole recording"));
    }
}

mod no_overlap {
    use super::*;

    #[test]
    fn one_after_the_other_holds() {
        let mut stage = Stage::new(NoOverlap);
        let call = stage.call(ACME_1, Compliance, "standup", "1h", TWO);
        let first = stage.record(call);
        stage.at("10m").ending(first, End::Failed);
        stage.at("11m").record(call);
        assert_eq!(stage.tally(), (2, 0));
    }

    #[test]
    fn the_second_of_two_is_the_culprit() {
        let mut stage = Stage::new(NoOverlap);
        let call = stage.call(ACME_1, Compliance, "standup", "1h", TWO);
        stage.record(call);
        stage.record(call);
        let verdict = stage.finish();
        assert_eq!((verdict.checks, verdict.violations), (2, 1));
        let message = verdict.first.expect("violated").message;
        assert!(
            message.contains("egress EG_1 of room standup (tenant acme-1) was started while egress EG_0"),
            "{message}"
        );
    }

    #[test]
    fn tracks_and_other_calls_do_not_count() {
        let mut stage = Stage::new(NoOverlap);
        let call = stage.call(ACME_1, Processing, "one", "1h", TWO);
        stage.record_voice(call, "alice");
        stage.record_voice(call, "bob");
        assert_eq!(stage.finish().word(), "not_exercised");
    }
}

mod gap {
    use super::*;

    #[test]
    fn a_replacement_in_time_holds_even_if_it_fails_too() {
        let mut stage = Stage::new(Gap::default());
        let call = stage.call(ACME_1, Compliance, "standup", "1h", TWO);
        let first = stage.record(call);
        stage.at("10m").fail(first);
        let second = stage.at("10m30s").record(call);
        stage.at("10m50s").fail(second);
        stage.at("11m20s").record(call);
        assert_eq!(stage.at("1h").tally(), (2, 0));
    }

    #[test]
    fn no_replacement_is_said_when_the_gap_is_over() {
        let mut stage = Stage::new(Gap::default());
        let call = stage.call(ACME_1, Compliance, "standup", "1h", TWO);
        let first = stage.record(call);
        stage.at("10m").fail(first);
        stage.at("11m1s").record(call);
        let start = stage.state.scenario.world.start;
        let first = stage.finish().first.expect("violated");
        assert_eq!(first.at, start + span("11m"));
        assert!(
            first
                .message
                .contains("ended by itself (Start signal not received) 50m before its call, and 1m later no other")
        );
    }

    #[test]
    fn not_exercised_where_the_operator_or_the_call_ended_it() {
        let mut stage = Stage::new(Gap::default());
        let call = stage.call(ACME_1, Compliance, "standup", "1h", TWO);
        let first = stage.record(call);
        stage.at("10m").ending(first, End::Stopped);
        let second = stage.at("20m").record(call);
        stage.at("59m30s").fail(second);
        stage.at("1h").hang_up(call);
        assert_eq!(stage.at("2h").finish().word(), "not_exercised");
    }
}

mod stopped {
    use super::*;

    #[test]
    fn what_ends_with_its_room_holds() {
        let mut stage = Stage::new(Stopped::default());
        let call = stage.call(ACME_1, Compliance, "standup", "1h", TWO);
        stage.record(call);
        stage.at("1h").hang_up(call);
        assert_eq!(stage.at("2h").tally(), (1, 0));
    }

    #[test]
    fn what_outlives_its_room_must_be_stopped_within_the_grace() {
        for (stopped, violations) in [("1h1m", 0), ("1h1m1s", 1)] {
            let mut stage = Stage::new(Stopped::default());
            let call = stage.call(ACME_1, Compliance, "standup", "1h", TWO);
            let egress = stage.record(call);
            stage.egress(egress).outlives_room = true;
            stage.at("1h").hang_up(call);
            stage.at(stopped).ending(egress, End::Stopped);
            assert_eq!(stage.at("2h").tally(), (1, violations), "stopped at {stopped}");
        }
    }

    #[test]
    fn the_message_says_how_long() {
        let mut stage = Stage::new(Stopped::default());
        let call = stage.call(ACME_1, Compliance, "standup", "1h", TWO);
        let egress = stage.record(call);
        stage.egress(egress).outlives_room = true;
        stage.at("1h").hang_up(call);
        assert!(stage.at("2h").complaint().contains("1m after that end it is still EGRESS_ACTIVE"));
    }

    #[test]
    fn not_exercised_while_the_call_runs() {
        let mut stage = Stage::new(Stopped::default());
        let call = stage.call(ACME_1, Compliance, "standup", "1h", TWO);
        stage.record(call);
        assert_eq!(stage.at("30m").finish().word(), "not_exercised");
    }
}

mod own_buckets {
    use super::*;

    #[test]
    fn an_own_bucket_holds_and_anothers_does_not() {
        for (bucket, violations) in [("rec", 0), ("versions", 1)] {
            let mut stage = Stage::new(OwnBuckets);
            let call = stage.call(ACME_1, Compliance, "standup", "1h", TWO);
            stage.start(call, composite(), vec![file(bucket)]);
            assert_eq!(stage.tally(), (1, violations), "{bucket}");
        }
    }

    #[test]
    fn the_message_names_both() {
        let mut stage = Stage::new(OwnBuckets);
        let call = stage.call(ACME_1, Compliance, "standup", "1h", TWO);
        stage.start(call, composite(), vec![file("versions")]);
        assert!(stage.complaint().contains("writes into bucket versions, but its tenant's buckets are rec"));
    }

    #[test]
    fn not_exercised_without_egress() {
        let mut stage = Stage::new(OwnBuckets);
        stage.call(ACME_10, Compliance, "standup", "1h", TWO);
        assert_eq!(stage.finish().word(), "not_exercised");
    }
}

mod tracks {
    use super::*;

    #[test]
    fn each_voice_is_a_check_of_its_own() {
        let mut stage = Stage::new(tracks());
        let call = stage.call(ACME_1, Processing, "standup", "1h", TWO);
        let voice = stage.at("10s").record_voice(call, "alice");
        stage.at("1h").hang_up(call);
        stage.complete(voice, &["alice.ogg"]);
        let verdict = stage.finish();
        assert_eq!((verdict.checks, verdict.violations), (2, 1));
        let message = verdict.first.expect("violated").message;
        assert!(
            message.contains("bob's microphone track TR_bob_microphone has none: 0 track egresses ran"),
            "{message}"
        );
    }

    #[test]
    fn a_voice_that_is_recorded_too_late_is_missing() {
        let mut stage = Stage::new(tracks());
        let call = stage.call(ACME_1, Processing, "standup", "1h", &["alice 10m..20m"]);
        let voice = stage.at("11m").record_voice(call, "alice");
        stage.at("20m").ending(voice, End::SourceClosed);
        stage.complete(voice, &["alice.ogg"]);
        stage.at("1h").hang_up(call);
        assert!(stage.complaint().contains("is missing for 45s, from 10m15s after the call's start"));
    }

    #[test]
    fn a_composite_is_no_raw_file() {
        let mut stage = Stage::new(tracks());
        let call = stage.call(ACME_1, Processing, "standup", "1h", &["alice"]);
        let egress = stage.record(call);
        stage.at("1h").hang_up(call);
        stage.complete(egress, &["standup.mp4"]);
        assert_eq!(stage.tally(), (1, 1));
    }

    #[test]
    fn not_exercised_by_short_stays_or_compliance_calls() {
        let mut stage = Stage::new(tracks());
        let one = stage.call(ACME_1, Processing, "one", "1h", &["alice 0s..15s"]);
        let other = stage.call(ACME_1, Compliance, "other", "1h", TWO);
        stage.at("1h").hang_up(one);
        stage.hang_up(other);
        assert_eq!(stage.finish().word(), "not_exercised");
    }
}

mod consent {
    use super::*;

    #[test]
    fn a_call_that_nobody_records_holds() {
        let mut stage = Stage::new(Consent::default());
        let call = stage.call(ACME_1, None, "private", "1h", TWO);
        stage.at("1h").hang_up(call);
        assert_eq!(stage.tally(), (1, 0));
    }

    #[test]
    fn an_egress_breaks_it_at_once_and_once_a_call() {
        let mut stage = Stage::new(Consent::default());
        let call = stage.call(ACME_1, None, "private", "1h", TWO);
        stage.record(call);
        stage.at("1h").hang_up(call);
        let verdict = stage.finish();
        assert_eq!((verdict.checks, verdict.violations), (1, 1));
        let first = verdict.first.expect("violated");
        assert_eq!(first.at, stage.state.scenario.world.start);
        assert!(
            first.message.contains("the call in room private (tenant acme-1) must not be recorded, but egress EG_0")
        );
    }

    #[test]
    fn not_exercised_by_other_calls() {
        let mut stage = Stage::new(Consent::default());
        let call = stage.call(ACME_1, Compliance, "standup", "1h", TWO);
        stage.record(call);
        stage.at("1h").hang_up(call);
        assert_eq!(stage.finish().word(), "not_exercised");
    }
}
