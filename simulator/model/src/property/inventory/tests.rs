//! The operator's inventory, told as short stories.

use super::complete::Complete;
use super::no_phantom::NoPhantom;
use crate::call::RowState::{Deleted, Deleting, Recording, Stored};
use crate::call::SinkKey::{Exact, Prefix};
use crate::property::stage::{ACME_1, ACME_10, Stage, span};
use crate::scenario::Recording::Compliance;
use crate::state::EgressIx;

mod complete {
    use super::*;

    /// A recording of an hour, with a row from its start that covers `prefix`.
    fn stage(prefix: &str) -> (Stage, EgressIx) {
        let mut stage = Stage::new(Complete::default());
        let call = stage.call(ACME_1, Compliance, "standup", "1h", &["alice"]);
        let egress = stage.record(call);
        stage.row(egress, Prefix(prefix.into()), Recording);
        stage.at("1h").hang_up(call);
        stage.complete(egress, &["standup/a.mp4", "standup/EG_0.json"]);
        (stage, egress)
    }

    #[test]
    fn each_stored_key_is_a_check() {
        let (mut stage, _) = stage("standup/");
        assert_eq!(stage.at("2h").tally(), (2, 0));
    }

    #[test]
    fn a_row_that_covers_too_little() {
        let (mut stage, _) = stage("standup/a");
        let verdict = stage.at("2h").finish();
        assert_eq!((verdict.checks, verdict.violations), (2, 1));
        let message = verdict.first.expect("violated").message;
        assert!(message.contains("but for s3://rec/standup/EG_0.json of egress EG_0"), "{message}");
        assert!(message.ends_with("the row names everything below s3://rec/standup/a"), "{message}");
    }

    #[test]
    fn what_lies_in_the_backup_storage_is_covered_by_a_row_that_names_it() {
        let (tally, _) = recorded_into_both(Stage::new(Complete::default()).with_backup());
        assert_eq!(tally, (2, 0));
        let (tally, message) = recorded_into_both(Stage::new(Complete::default()));
        assert_eq!(tally, (2, 1), "{message}");
        assert!(message.contains("but for s3://versions/standup/EG_0.json of egress EG_0"), "{message}");
    }

    fn recorded_into_both(mut stage: Stage) -> ((u64, u64), String) {
        let call = stage.call(ACME_1, Compliance, "standup", "1h", &["alice"]);
        let egress = stage.record(call);
        stage.row(egress, Prefix("standup/".into()), Recording);
        stage.at("1h").hang_up(call);
        stage.upload_to_backup(egress, "standup/EG_0.json");
        stage.complete(egress, &["standup/a.mp4"]);
        let verdict = stage.at("2h").finish();
        ((verdict.checks, verdict.violations), verdict.first.map(|first| first.message).unwrap_or_default())
    }

    #[test]
    fn a_prefix_that_covers_a_neighbour_too() {
        let (mut stage, _) = stage("standup");
        stage.recorded(ACME_10, "standup-10", "1h1m", &["standup-10/a.mp4"]);
        assert!(
            stage.at("1h6m").complaint().contains("which covers s3://rec/standup-10/a.mp4 of another recording too")
        );
    }

    #[test]
    fn a_row_that_comes_only_at_the_end_is_late() {
        let mut stage = Stage::new(Complete::default());
        let egress = stage.recorded(ACME_1, "standup", "1h", &["a.mp4"]);
        stage.row(egress, Exact("a.mp4".into()), Stored);
        let start = stage.state.scenario.world.start;
        let verdict = stage.at("2h").finish();
        assert_eq!((verdict.checks, verdict.violations), (1, 1));
        let first = verdict.first.expect("violated");
        assert_eq!(first.at, start + span("5m"));
        assert!(first.message.starts_with("5m after egress EG_0"), "{}", first.message);
    }

    #[test]
    fn a_row_stays_but_may_become_deleted() {
        let (mut stage, egress) = stage("standup/");
        stage.at("2h").row(egress, Prefix("standup/".into()), Deleted);
        assert_eq!(stage.tally(), (2, 0));
    }

    #[test]
    fn a_removed_row_breaks_it() {
        let (mut stage, egress) = stage("standup/");
        stage.at("2h").remove_row(egress);
        let verdict = stage.finish();
        assert_eq!((verdict.checks, verdict.violations), (2, 1));
        assert!(verdict.first.expect("violated").message.ends_with("was removed"));
    }

    #[test]
    fn a_failed_egress_needs_a_row_once_it_was_active() {
        for (active, tally) in [(true, (1, 2)), (false, (0, 0))] {
            let mut stage = Stage::new(Complete::default());
            let call = stage.call(ACME_1, Compliance, "standup", "1h", &["alice"]);
            let egress = stage.record(call);
            if !active {
                stage.egress(egress).active_at = None;
            }
            stage.at("1m").fail(egress);
            assert_eq!(stage.at("2h").tally(), tally, "active: {active}");
        }
    }

    #[test]
    fn at_its_limit_the_grace_runs_from_the_last_upload() {
        let mut stage = Stage::new(Complete::default());
        let call = stage.call(ACME_1, Compliance, "standup", "1h", &["alice"]);
        let egress = stage.record(call);
        stage.row(egress, Prefix("s_".into()), Recording);
        stage.at("10m").limit(egress);
        stage.at("20m").drained(egress, &["s_0.ts", "s_1.ts"]);
        assert_eq!(stage.at("2h").tally(), (2, 0), "each key once");
    }

    #[test]
    fn not_exercised_before_the_grace_is_over() {
        let mut stage = Stage::new(Complete::default());
        let call = stage.call(ACME_1, Compliance, "standup", "1h", &["alice"]);
        stage.record(call);
        assert_eq!(stage.at("4m").finish().word(), "not_exercised");
    }
}

mod no_phantom {
    use super::*;

    fn stage() -> (Stage, EgressIx) {
        let mut stage = Stage::new(NoPhantom::default());
        let egress = stage.recorded(ACME_1, "standup", "1h", &["a.mp4"]);
        (stage, egress)
    }

    #[test]
    fn a_stored_row_with_its_objects_holds_once() {
        let (mut stage, egress) = stage();
        stage.row(egress, Exact("a.mp4".into()), Stored);
        stage.row(egress, Exact("a.mp4".into()), Stored);
        stage.row(egress, Exact("a.mp4".into()), Deleting);
        stage.erase("rec", "a.mp4");
        assert_eq!(stage.tally(), (1, 0));
    }

    #[test]
    fn deleting_under_a_stored_row_breaks_it() {
        let (mut stage, egress) = stage();
        stage.row(egress, Exact("a.mp4".into()), Stored);
        stage.erase("rec", "a.mp4");
        let verdict = stage.finish();
        assert_eq!((verdict.checks, verdict.violations), (1, 1));
        assert!(
            verdict
                .first
                .expect("violated")
                .message
                .ends_with("was deleted while its inventory row still said `stored`")
        );
    }

    #[test]
    fn what_livekit_only_takes_for_stored_is_missing() {
        let (mut stage, egress) = stage();
        stage.lose(egress, "b.mp4");
        stage.row(egress, Exact("a.mp4".into()), Stored);
        assert!(stage.complaint().ends_with("but s3://rec/b.mp4 is not in the sink"));
    }

    #[test]
    fn nor_does_an_older_version_make_up_for_it() {
        let (mut stage, egress) = stage();
        stage.lose(egress, "a.mp4");
        stage.row(egress, Exact("a.mp4".into()), Stored);
        assert!(stage.complaint().ends_with("s3://rec/a.mp4 is in the sink only as it was before its last upload"));
    }

    #[test]
    fn a_failed_egress_is_not_stored() {
        let mut stage = Stage::new(NoPhantom::default());
        let call = stage.call(ACME_1, Compliance, "standup", "1h", &["alice"]);
        let egress = stage.record(call);
        stage.fail(egress);
        stage.row(egress, Exact("a.mp4".into()), Stored);
        assert!(stage.complaint().ends_with("but the egress ended EGRESS_FAILED with nothing in the sink"));
    }

    #[test]
    fn nor_is_one_under_way_a_missing_object_or_another_key() {
        let mut under_way = Stage::new(NoPhantom::default());
        let call = under_way.call(ACME_1, Compliance, "standup", "1h", &["alice"]);
        let egress = under_way.record(call);
        under_way.row(egress, Exact("a.mp4".into()), Stored);
        assert!(under_way.complaint().contains("the egress is EGRESS_ACTIVE"));

        let (mut missing, egress) = stage();
        missing.erase("rec", "a.mp4");
        missing.row(egress, Exact("a.mp4".into()), Stored);
        assert!(missing.complaint().ends_with("s3://rec/a.mp4 is not in the sink"));

        let (mut elsewhere, egress) = stage();
        elsewhere.row(egress, Exact("b.mp4".into()), Stored);
        assert!(elsewhere.complaint().ends_with("it names none of the egress's 1 object"));
    }

    #[test]
    fn nor_is_one_that_still_uploads_behind_its_limit() {
        let limited = |early: bool| {
            let mut stage = Stage::new(NoPhantom::default());
            let call = stage.call(ACME_1, Compliance, "standup", "1h", &["alice"]);
            let egress = stage.record(call);
            stage.upload(egress, "s_0.ts");
            stage.at("10m").limit(egress);
            if early {
                stage.row(egress, Prefix("s_".into()), Stored);
            }
            stage.drained(egress, &["s_1.ts"]);
            stage.row(egress, Prefix("s_".into()), Stored);
            stage
        };
        assert_eq!(limited(false).tally(), (1, 0));
        assert!(limited(true).complaint().contains("is EGRESS_LIMIT_REACHED and has not stored everything yet"));
    }

    #[test]
    fn not_exercised_by_other_states() {
        let (mut stage, egress) = stage();
        stage.row(egress, Exact("a.mp4".into()), Recording);
        assert_eq!(stage.finish().word(), "not_exercised");
    }
}
