//! What happens when a contract ends, told as short stories.

use super::complete::Complete;
use super::links_gone::LinksGone;
use super::only_own::OnlyOwn;
use super::verified::Verified;
use crate::call::AuditAction::Delete;
use crate::call::{Call, HeadResult, ListVersionsPage, ObjectVersion, Reply, RowState, SinkKey};
use crate::property::stage::{ACME_1, ACME_10, Stage, composite, done, file, span};
use crate::scenario::Recording::Compliance;
use crate::state::EgressIx;

const GONE: HeadResult = HeadResult::NotFound { delete_marker: false };
const LINK: &str = "https://cdn.example/rec/standup.mp4";

/// A recording of `acme-10` in the versioned bucket, an hour long.
fn versioned(stage: &mut Stage, key: &str) -> EgressIx {
    let call = stage.call(ACME_10, Compliance, "versioned", "1h", &["alice"]);
    let egress = stage.start(call, composite(), vec![file("versions")]);
    stage.active(egress);
    stage.at("1h").hang_up(call);
    stage.complete(egress, &[key]);
    egress
}

mod complete {
    use super::*;

    fn stage() -> Stage {
        let mut stage = Stage::new(Complete::default());
        stage.recorded(ACME_1, "standup", "1h", &["a.mp4", "b.json"]);
        stage.at("10d").end_contract(ACME_1);
        stage
    }

    #[test]
    fn each_key_is_a_check_at_the_due_moment_inclusive() {
        for (deleted, violations) in [("100d", 0), ("100d1s", 1)] {
            let mut stage = stage();
            stage.at("90d").erase("rec", "a.mp4");
            stage.at(deleted).erase("rec", "b.json");
            assert_eq!(stage.at("200d").tally(), (2, violations), "the last one at {deleted}");
        }
    }

    #[test]
    fn the_message_says_what_is_left() {
        let message = stage().at("200d").complaint();
        assert!(
            message.starts_with(
                "nothing of tenant acme-1 may be left 90d after its contract's end, but 1 version of s3://rec/a.mp4"
            ),
            "{message}"
        );
    }

    #[test]
    fn object_lock_puts_it_off_for_a_day_behind_its_end_if_the_refusal_is_in_the_audit() {
        for (audited, deleted, violations) in
            [(true, "121d", 0), (true, "121d1s", 1), (false, "121d", 1), (true, "300d", 1)]
        {
            let mut stage = stage();
            stage.lock("rec", "a.mp4", "120d");
            if audited {
                stage.audit_refusal("rec", "a.mp4");
            }
            stage.at("20d").erase("rec", "b.json");
            stage.at(deleted).erase("rec", "a.mp4");
            assert_eq!(stage.at("400d").tally(), (2, violations), "audited: {audited}, deleted at {deleted}");
        }
    }

    #[test]
    fn a_lock_that_ended_a_day_before_excuses_nothing_and_one_beyond_the_run_is_not_exercised() {
        let mut ended = stage();
        ended.lock("rec", "a.mp4", "99d");
        ended.audit_refusal("rec", "a.mp4");
        assert_eq!(ended.at("400d").tally(), (2, 2));
        for (deleted, violations) in [("100d1h", 0), ("100d1h1s", 1)] {
            let mut just = stage();
            just.lock("rec", "a.mp4", "99d1h");
            just.audit_refusal("rec", "a.mp4");
            just.at("20d").erase("rec", "b.json");
            just.at(deleted).erase("rec", "a.mp4");
            assert_eq!(just.at("400d").tally(), (2, violations), "deleted at {deleted}");
        }
        let mut beyond = stage();
        beyond.lock("rec", "a.mp4", "3000d");
        beyond.audit_refusal("rec", "a.mp4");
        beyond.at("20d").erase("rec", "b.json");
        assert_eq!(beyond.at("400d").tally(), (1, 0));
    }

    #[test]
    fn a_hold_that_comes_while_it_is_locked_puts_it_off_again() {
        let mut stage = stage();
        stage.lock("rec", "a.mp4", "120d");
        stage.audit_refusal("rec", "a.mp4");
        stage.at("20d").erase("rec", "b.json");
        stage.at("110d").hold(ACME_1);
        stage.at("130d").lift(ACME_1);
        stage.at("220d").erase("rec", "a.mp4");
        assert_eq!(stage.at("400d").tally(), (2, 0), "130 days and 90");
    }

    #[test]
    fn what_replication_copied_is_to_go_too() {
        for (erased, violations) in [(true, 0), (false, 1)] {
            let mut stage = Stage::new(Complete::default());
            let egress = stage.recorded(ACME_1, "standup", "1h", &["a.mp4"]);
            stage.replicate(egress, "a.mp4", "versions");
            stage.at("10d").end_contract(ACME_1);
            stage.erase("rec", "a.mp4");
            if erased {
                stage.erase("versions", "a.mp4");
            }
            assert_eq!(stage.at("200d").tally(), (2, violations), "the copy erased: {erased}");
        }
    }

    #[test]
    fn what_lies_in_the_backup_storage_is_something_left() {
        let mut stage = Stage::new(Complete::default()).with_backup();
        let egress = stage.recorded(ACME_1, "standup", "1h", &["a.mp4"]);
        stage.upload_to_backup(egress, "a.mp4");
        stage.end_contract(ACME_1);
        stage.erase("rec", "a.mp4");
        let verdict = stage.at("200d").finish();
        assert_eq!((verdict.checks, verdict.violations), (2, 1), "the key is two objects");
        let message = verdict.first.expect("violated").message;
        assert!(message.contains("but 1 version of s3://versions/a.mp4 of egress EG_0"), "{message}");
    }

    #[test]
    fn a_delete_marker_is_something_left() {
        let mut stage = Stage::new(Complete::default());
        versioned(&mut stage, "a.mp4");
        stage.at("1d").end_contract(ACME_10);
        stage.mark("a.mp4");
        assert!(stage.at("200d").complaint().contains("but 1 version and 1 delete marker of"));
    }

    #[test]
    fn so_is_an_unfinished_upload() {
        let mut stage = Stage::new(Complete::default());
        let egress = stage.recorded(ACME_1, "standup", "1h", &["a.mp4"]);
        stage.abandon_upload(egress, "late.mp4");
        stage.end_contract(ACME_1);
        stage.erase("rec", "a.mp4");
        let verdict = stage.at("200d").finish();
        assert_eq!((verdict.checks, verdict.violations), (1, 1));
        assert!(verdict.first.expect("violated").message.contains("an unfinished upload of s3://rec/late.mp4"));
    }

    #[test]
    fn a_hold_moves_the_date() {
        let mut stage = stage();
        stage.at("20d").hold(ACME_1);
        stage.at("50d").lift(ACME_1);
        let due = stage.state.now + span("90d");
        assert_eq!(stage.at("200d").finish().first.expect("violated").at, due);
    }

    #[test]
    fn not_exercised_while_held_or_before_it_is_due() {
        let mut held = stage();
        held.hold(ACME_1);
        assert_eq!(held.at("300d").finish().word(), "not_exercised");
        assert_eq!(stage().at("99d").finish().word(), "not_exercised");
    }
}

mod verified {
    use super::*;

    fn stage() -> (Stage, EgressIx) {
        let mut stage = Stage::new(Verified::default());
        let egress = stage.recorded(ACME_1, "standup", "1h", &["a.mp4"]);
        (stage, egress)
    }

    #[test]
    fn a_head_behind_the_deletion_proves_it() {
        let (mut stage, egress) = stage();
        stage.erase("rec", "a.mp4");
        stage.head("rec", "a.mp4", GONE);
        stage.audit(done(Delete, Some("a.mp4")));
        stage.row(egress, SinkKey::Exact("a.mp4".into()), RowState::Deleted);
        assert_eq!(stage.tally(), (1, 0), "the second report is no further check");
    }

    #[test]
    fn one_before_it_a_marker_and_none_at_all_do_not() {
        for answer in [None, Some(HeadResult::NotFound { delete_marker: true })] {
            let (mut stage, egress) = stage();
            stage.head("rec", "a.mp4", GONE);
            stage.erase("rec", "a.mp4");
            if let Some(answer) = answer {
                stage.head("rec", "a.mp4", answer);
            }
            stage.row(egress, SinkKey::Exact("a.mp4".into()), RowState::Deleted);
            let message = stage.complaint();
            assert_eq!(
                message,
                "the inventory reports s3://rec/a.mp4 deleted, but since its last change no HEAD had answered \
                 404 for it"
            );
        }
    }

    fn list_versions(stage: &mut Stage, prefix: &str, shown: &[&str], next: Option<&str>) {
        let version = |key: &&str| ObjectVersion {
            key: (*key).into(),
            version_id: "v0".into(),
            is_latest: true,
            delete_marker: false,
            size: 0,
            last_modified: stage.state.now,
        };
        let page = ListVersionsPage {
            versions: shown.iter().map(version).collect(),
            next: next.map(|key| (key.into(), "v0".into())),
        };
        let call =
            Call::ListObjectVersions { bucket: "versions".into(), prefix: prefix.into(), marker: None, max_keys: 0 };
        stage.ask(&call, &Reply::Versions(Ok(page)));
    }

    #[test]
    fn a_versioned_bucket_wants_a_listing_that_reaches_over_the_key() {
        let cases: [(&str, &[&str], Option<&str>, u64); 5] = [
            ("b.mp4", &[], None, 0),
            ("", &["a.mp4", "c.mp4"], None, 0),
            ("", &["a.mp4"], Some("a.mp4"), 1),
            ("", &["b.mp4"], None, 1),
            ("c", &[], None, 1),
        ];
        for (prefix, shown, next, violations) in cases {
            let mut stage = Stage::new(Verified::default());
            let egress = versioned(&mut stage, "b.mp4");
            stage.erase("versions", "b.mp4");
            stage.head("versions", "b.mp4", GONE);
            list_versions(&mut stage, prefix, shown, next);
            stage.row(egress, SinkKey::Exact("b.mp4".into()), RowState::Deleted);
            assert_eq!(stage.tally(), (1, violations), "prefix {prefix}, shown {shown:?}, next {next:?}");
        }
    }

    #[test]
    fn the_message_says_what_is_missing() {
        let mut stage = Stage::new(Verified::default());
        let egress = versioned(&mut stage, "b.mp4");
        stage.head("versions", "b.mp4", GONE);
        stage.row(egress, SinkKey::Exact("b.mp4".into()), RowState::Deleted);
        assert!(stage.complaint().contains("no version listing had found it gone, and the bucket is versioned"));
    }

    #[test]
    fn not_exercised_without_report() {
        let (mut stage, _) = stage();
        stage.erase("rec", "a.mp4");
        assert_eq!(stage.finish().word(), "not_exercised");
    }
}

mod only_own {
    use super::*;

    fn stage() -> Stage {
        let mut stage = Stage::new(OnlyOwn);
        stage.recorded(ACME_1, "one", "1h", &["acme-1/a.mp4"]);
        stage.recorded(ACME_10, "two", "2h", &["acme-10/a.mp4"]);
        stage.at("1d").end_contract(ACME_1);
        stage
    }

    #[test]
    fn the_tenants_own_objects_hold() {
        let mut stage = stage();
        stage.erase("rec", "acme-1/a.mp4");
        assert_eq!(stage.tally(), (1, 0));
    }

    #[test]
    fn the_neighbours_do_not() {
        let mut stage = stage();
        stage.erase("rec", "acme-1/a.mp4");
        stage.erase("rec", "acme-10/a.mp4");
        let verdict = stage.finish();
        assert_eq!((verdict.checks, verdict.violations), (2, 1));
        let message = verdict.first.expect("violated").message;
        assert!(
            message.starts_with(
                "the contract of tenant acme-1 has ended, that of tenant acme-10 has not, but s3://rec/acme-10/a.mp4"
            ),
            "{message}"
        );
    }

    #[test]
    fn the_neighbours_own_retention_may_be_over() {
        let mut stage = stage();
        stage.at("31d").erase("rec", "acme-10/a.mp4");
        assert_eq!(stage.tally(), (1, 0));
    }

    #[test]
    fn not_exercised_without_deletion() {
        assert_eq!(stage().finish().word(), "not_exercised");
    }
}

mod links_gone {
    use super::*;

    fn stage() -> (Stage, EgressIx) {
        let mut stage = Stage::new(LinksGone::default());
        let egress = stage.recorded(ACME_1, "standup", "1h", &["standup.mp4"]);
        stage.publish(egress, LINK);
        stage.at("40d").erase("rec", "standup.mp4");
        (stage, egress)
    }

    #[test]
    fn a_link_is_retracted_in_time_or_too_late() {
        for (retracted, violations) in [("40d5m", 0), ("40d6m", 1)] {
            let (mut stage, egress) = stage();
            stage.at(retracted).retract(egress);
            assert_eq!(stage.at("50d").tally(), (1, violations), "retracted at {retracted}");
        }
    }

    #[test]
    fn the_message_names_the_link() {
        assert!(
            stage()
                .0
                .at("50d")
                .complaint()
                .ends_with(&format!("was deleted, but 5m later its link {LINK} still stands"))
        );
    }

    #[test]
    fn publishing_it_again_later_breaks_it() {
        let (mut stage, egress) = stage();
        stage.retract(egress);
        stage.at("41d").publish(egress, LINK);
        assert_eq!(stage.tally(), (2, 1));
    }

    #[test]
    fn at_the_end_only_what_is_retracted_counts() {
        let (mut retracted, egress) = stage();
        retracted.retract(egress);
        assert_eq!(retracted.tally(), (1, 0));
        assert_eq!(stage().0.finish().word(), "not_exercised");
    }
}
