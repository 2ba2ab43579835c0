//! How long recordings are kept, told as short stories.

use super::not_early::NotEarly;
use super::not_late::NotLate;
use super::whole_recording::WholeRecording;
use crate::property::stage::{ACME_1, ACME_10, Stage, composite, file, span};
use crate::scenario::Recording::Compliance;

mod not_early {
    use super::*;

    #[test]
    fn retention_ends_on_the_instant() {
        for (deleted, violations) in [("30d59m59s", 1), ("30d1h", 0)] {
            let mut stage = Stage::new(NotEarly::default());
            stage.recorded(ACME_1, "standup", "1h", &["standup.mp4"]);
            stage.at(deleted).erase("rec", "standup.mp4");
            assert_eq!(stage.tally(), (1, violations), "deleted at {deleted}");
        }
    }

    #[test]
    fn the_contracts_end_cuts_it_short_and_a_hold_forbids_it() {
        // An order takes up to `prompt` to arrive.
        for (held, deleted, violations) in [(false, "3h", 0), (true, "2h29s", 0), (true, "2h30s", 1)] {
            let mut stage = Stage::new(NotEarly::default());
            stage.recorded(ACME_1, "standup", "1h", &["standup.mp4"]);
            stage.at("2h").end_contract(ACME_1);
            if held {
                stage.hold(ACME_1);
            }
            stage.at(deleted).erase("rec", "standup.mp4");
            assert_eq!(stage.tally(), (1, violations), "held: {held}, deleted at {deleted}");
        }
    }

    #[test]
    fn the_message_says_why_it_was_to_be_kept() {
        let mut stage = Stage::new(NotEarly::default());
        stage.recorded(ACME_1, "standup", "1h", &["standup.mp4"]);
        stage.at("1d1h").erase("rec", "standup.mp4");
        let message = stage.complaint();
        assert_eq!(
            message,
            "s3://rec/standup.mp4 of egress EG_0 of room standup (tenant acme-1) was deleted 29d before its \
             retention ends"
        );
    }

    #[test]
    fn a_marker_is_a_deletion_and_the_erasure_behind_it_the_same_one() {
        let mut stage = Stage::new(NotEarly::default());
        let call = stage.call(ACME_10, Compliance, "standup", "1h", &["alice"]);
        let egress = stage.start(call, composite(), vec![file("versions")]);
        stage.active(egress);
        stage.at("1h").hang_up(call);
        stage.complete(egress, &["standup.mp4"]);
        stage.mark("standup.mp4");
        stage.at("60d").erase("versions", "standup.mp4");
        assert_eq!(stage.tally(), (1, 1), "the marker came too early, the erasure did not");
    }

    #[test]
    fn without_retention_it_is_kept_until_the_contract_ends() {
        let mut stage = Stage::new(NotEarly::default());
        stage.scenario().tenants[0].retention = None;
        stage.recorded(ACME_1, "standup", "1h", &["standup.mp4"]);
        stage.at("100d").erase("rec", "standup.mp4");
        assert!(stage.complaint().contains("although it is to be kept until the contract ends"));
    }

    #[test]
    fn an_egress_under_way_is_kept() {
        let mut stage = Stage::new(NotEarly::default());
        let call = stage.call(ACME_1, Compliance, "standup", "1h", &["alice"]);
        let egress = stage.record(call);
        stage.upload(egress, "standup/s_0.ts");
        stage.erase("rec", "standup/s_0.ts");
        assert!(stage.complaint().contains("while its egress is still under way"));
    }

    #[test]
    fn not_exercised_without_deletion() {
        let mut stage = Stage::new(NotEarly::default());
        stage.recorded(ACME_1, "standup", "1h", &["standup.mp4"]);
        assert_eq!(stage.at("60d").finish().word(), "not_exercised");
    }
}

mod not_late {
    use super::*;

    fn stage() -> Stage {
        let mut stage = Stage::new(NotLate::default());
        stage.scenario().tenants[0].retention_max = Some(span("40d"));
        stage.recorded(ACME_1, "standup", "1h", &["standup.mp4", "EG_0.json"]);
        stage
    }

    #[test]
    fn gone_in_time_holds_inclusive() {
        for (deleted, violations) in [("40d1h", 0), ("41d", 2)] {
            let mut stage = stage();
            stage.at(deleted).erase("rec", "standup.mp4");
            stage.erase("rec", "EG_0.json");
            assert_eq!(stage.at("60d").tally(), (2, violations), "deleted at {deleted}");
        }
    }

    #[test]
    fn object_lock_puts_it_off_if_the_refusal_is_in_the_audit() {
        for (audited, deleted, violations) in [(true, "51d", 0), (true, "51d1s", 1), (false, "50d", 1)] {
            let mut stage = stage();
            stage.lock("rec", "standup.mp4", "50d");
            if audited {
                stage.audit_refusal("rec", "standup.mp4");
            }
            stage.at("35d").erase("rec", "EG_0.json");
            stage.at(deleted).erase("rec", "standup.mp4");
            assert_eq!(stage.at("60d").tally(), (2, violations), "audited: {audited}, deleted at {deleted}");
        }
    }

    #[test]
    fn the_message_says_what_is_left() {
        assert!(
            stage()
                .at("60d")
                .complaint()
                .contains("must be gone 40d after the egress's end, but it still has 1 version")
        );
    }

    #[test]
    fn a_hold_moves_the_date_behind_its_lifting() {
        let mut stage = stage();
        stage.at("35d").hold(ACME_1);
        stage.at("50d").lift(ACME_1);
        let due = stage.state.now + span("90d");
        let verdict = stage.at("200d").finish();
        assert_eq!((verdict.checks, verdict.violations), (2, 2));
        assert_eq!(verdict.first.expect("violated").at, due);
    }

    #[test]
    fn not_exercised_while_held_without_maximum_or_behind_the_end() {
        let mut held = stage();
        held.at("35d").hold(ACME_1);
        assert_eq!(held.at("300d").finish().word(), "not_exercised");
        assert_eq!(stage().at("39d").finish().word(), "not_exercised");
        let mut without = Stage::new(NotLate::default());
        without.recorded(ACME_1, "standup", "1h", &["standup.mp4"]);
        assert_eq!(without.at("300d").finish().word(), "not_exercised");
    }
}

mod whole_recording {
    use super::*;

    fn stage() -> Stage {
        let mut stage = Stage::new(WholeRecording::default());
        stage.recorded(ACME_1, "standup", "1h", &["standup.mp4", "EG_0.json"]);
        stage.at("40d").erase("rec", "standup.mp4");
        stage
    }

    #[test]
    fn all_of_it_within_a_day_holds() {
        for (deleted, violations) in [("41d", 0), ("41d1s", 1)] {
            let mut stage = stage();
            stage.at(deleted).erase("rec", "EG_0.json");
            assert_eq!(stage.at("50d").tally(), (1, violations), "the rest at {deleted}");
        }
    }

    #[test]
    fn what_is_left_is_named_also_when_the_run_ends_sooner() {
        let message = stage().at("40d1h").complaint();
        assert!(message.contains("the 2 objects of egress EG_0"), "{message}");
        assert!(message.contains("1 was left: s3://rec/EG_0.json among them, with 1 version"), "{message}");
    }

    #[test]
    fn what_is_locked_may_follow_a_day_behind_its_lock_if_the_refusal_is_in_the_audit() {
        for (audited, deleted, violations) in [(true, "51d", 0), (true, "51d1s", 1), (false, "42d", 1)] {
            let mut stage = stage();
            stage.lock("rec", "EG_0.json", "50d");
            if audited {
                stage.audit_refusal("rec", "EG_0.json");
            }
            stage.at(deleted).erase("rec", "EG_0.json");
            assert_eq!(stage.at("60d").tally(), (1, violations), "audited: {audited}, the rest at {deleted}");
        }
    }

    #[test]
    fn a_hold_stops_the_clock() {
        let mut stage = stage();
        stage.hold(ACME_1);
        assert_eq!(stage.at("50d").finish().word(), "not_exercised");
    }

    #[test]
    fn not_exercised_without_deletion() {
        let mut stage = Stage::new(WholeRecording::default());
        stage.recorded(ACME_1, "standup", "1h", &["standup.mp4"]);
        assert_eq!(stage.at("50d").finish().word(), "not_exercised");
    }
}
