//! The audit, told as short stories.

use super::complete::Complete;
use super::truthful::Truthful;
use crate::call::AuditAction::{Delete, LegalHold, LiftHold, Publish, RefuseWebhook, Retract};
use crate::call::{AuditOutcome, AuditRecord, Call, DeleteError, DeleteResult, ObjectId, Reply};
use crate::property::stage::{ACME_1, Stage, done};

const LINK: &str = "https://cdn.example/rec/a.mp4";

/// The sink refuses to delete a key of bucket `rec`.
fn refuse(stage: &mut Stage, key: &str, code: &str) {
    let objects = vec![ObjectId { key: key.into(), version_id: None }];
    let call = Call::DeleteObjects { bucket: "rec".into(), objects, quiet: true };
    let error = DeleteError { key: key.into(), version_id: None, code: code.into(), message: String::new() };
    stage.ask(&call, &Reply::DeleteResult(Ok(DeleteResult { deleted: Vec::new(), errors: vec![error] })));
}

fn refused(key: &str, code: &str) -> AuditRecord {
    AuditRecord { outcome: AuditOutcome::Refused(code.into()), ..done(Delete, Some(key)) }
}

mod truthful {
    use super::*;

    fn stage() -> Stage {
        let mut stage = Stage::new(Truthful::default());
        stage.recorded(ACME_1, "standup", "1h", &["a.mp4", "b.json"]);
        stage
    }

    #[test]
    fn a_record_behind_the_deletion_is_true_and_one_before_it_is_not() {
        let mut stage = stage();
        stage.erase("rec", "a.mp4");
        stage.audit(done(Delete, Some("a.mp4")));
        stage.audit(done(Delete, Some("b.json")));
        stage.erase("rec", "b.json");
        let verdict = stage.finish();
        assert_eq!((verdict.checks, verdict.violations), (2, 1));
        assert_eq!(
            verdict.first.expect("violated").message,
            "the audit records a deletion as done (s3://rec/b.json, tenant acme-1), but when that was written \
             it still had 1 version"
        );
    }

    #[test]
    fn what_never_was_cannot_be_deleted() {
        let mut stage = stage();
        stage.audit(done(Delete, Some("c.mp4")));
        assert!(stage.complaint().ends_with("it was never in the sink"));
    }

    #[test]
    fn a_record_without_key_speaks_of_all_keys() {
        let whole = || AuditRecord { egress_id: Some("EG_0".into()), ..done(Delete, None) };
        for record in [whole(), done(Delete, None)] {
            let mut stage = stage();
            stage.erase("rec", "a.mp4");
            stage.audit(record.clone());
            stage.erase("rec", "b.json");
            stage.audit(record);
            let verdict = stage.finish();
            assert_eq!((verdict.checks, verdict.violations), (2, 1));
            assert!(verdict.first.expect("violated").message.ends_with("s3://rec/b.json still had 1 version"));
        }
    }

    #[test]
    fn one_version_of_a_key() {
        let version = |id: &str| AuditRecord { version_id: Some(id.into()), ..done(Delete, Some("a.mp4")) };
        let mut stage = stage();
        stage.audit(version("null"));
        stage.erase("rec", "a.mp4");
        stage.audit(version("null"));
        stage.audit(version("v9"));
        let verdict = stage.finish();
        assert_eq!((verdict.checks, verdict.violations), (3, 2));
        assert!(verdict.first.expect("violated").message.ends_with("version null was still there"));
    }

    #[test]
    fn a_refusal_is_true_with_its_code() {
        let mut stage = stage();
        refuse(&mut stage, "a.mp4", "AccessDenied");
        stage.audit(refused("a.mp4", "AccessDenied"));
        stage.audit(refused("a.mp4", "SlowDown"));
        let verdict = stage.finish();
        assert_eq!((verdict.checks, verdict.violations), (2, 1));
        assert!(verdict.first.expect("violated").message.ends_with("the sink never refused it with SlowDown"));
    }

    #[test]
    fn holds_links_and_forgeries() {
        let mut before = stage();
        let mut behind = stage();
        let egress = behind.state.egresses[0].ix;
        behind.hold(ACME_1);
        behind.lift(ACME_1);
        behind.publish(egress, LINK);
        behind.deliver(false);
        for action in [LegalHold, LiftHold, Publish, RefuseWebhook] {
            before.audit(done(action, None));
            behind.audit(done(action, None));
        }
        assert_eq!(before.tally(), (4, 4));
        assert_eq!(behind.tally(), (4, 0));
    }

    #[test]
    fn a_retraction_leaves_no_link() {
        let mut stage = stage();
        let egress = stage.state.egresses[0].ix;
        stage.publish(egress, LINK);
        stage.audit(AuditRecord { egress_id: Some("EG_0".into()), ..done(Retract, None) });
        assert!(stage.complaint().contains(&format!("its link {LINK} still stands")));
    }

    #[test]
    fn not_exercised_without_record() {
        assert_eq!(stage().finish().word(), "not_exercised");
    }
}

mod complete {
    use super::*;

    fn stage() -> Stage {
        let mut stage = Stage::new(Complete::default());
        stage.recorded(ACME_1, "standup", "1h", &["a.mp4", "b.json"]);
        stage
    }

    #[test]
    fn each_deleted_key_is_a_check() {
        let mut stage = stage();
        stage.erase("rec", "a.mp4");
        stage.erase("rec", "b.json");
        stage.audit(done(Delete, Some("a.mp4")));
        let verdict = stage.at("2h").finish();
        assert_eq!((verdict.checks, verdict.violations), (2, 1));
        let message = verdict.first.expect("violated").message;
        assert_eq!(message, "s3://rec/b.json was deleted, but the audit has no record of its deletion");
    }

    #[test]
    fn a_key_is_deleted_with_its_current_version() {
        let mut stage = stage();
        let egress = stage.state.egresses[0].ix;
        for _ in 0..3 {
            stage.replicate(egress, "a.mp4", "versions");
        }
        stage.erase_version("a.mp4", "v0");
        assert_eq!(stage.at("2h").finish().word(), "not_exercised");
        let mut stage = self::stage();
        let egress = stage.state.egresses[0].ix;
        for _ in 0..3 {
            stage.replicate(egress, "a.mp4", "versions");
        }
        stage.erase_version("a.mp4", "v2");
        let verdict = stage.at("2h").finish();
        assert_eq!((verdict.checks, verdict.violations), (1, 1), "what is left is not what it was");
    }

    #[test]
    fn a_record_of_the_egress_speaks_of_all_its_keys() {
        let mut stage = stage();
        stage.erase("rec", "a.mp4");
        stage.audit(AuditRecord { egress_id: Some("EG_0".into()), ..done(Delete, None) });
        assert_eq!(stage.at("2h").tally(), (1, 0));
    }

    #[test]
    fn a_denial_is_recorded_and_a_delay_need_not_be() {
        let mut stage = stage();
        refuse(&mut stage, "a.mp4", "AccessDenied");
        refuse(&mut stage, "b.json", "AccessDenied");
        refuse(&mut stage, "c", "SlowDown");
        stage.audit(refused("a.mp4", "AccessDenied"));
        assert_eq!(stage.at("2h").tally(), (2, 1));
    }

    #[test]
    fn each_hold_has_a_record_of_its_own() {
        let mut stage = stage();
        stage.hold(ACME_1);
        stage.lift(ACME_1);
        stage.hold(ACME_1);
        stage.audit(done(LegalHold, None));
        stage.audit(done(LegalHold, None));
        stage.audit(done(LiftHold, None));
        let verdict = stage.at("2h").finish();
        assert_eq!((verdict.checks, verdict.violations), (3, 1), "the same idempotency key is the same record");
        let message = verdict.first.expect("violated").message;
        assert!(
            message.contains("ordered a legal hold for tenant acme-1, but the audit has no record of it"),
            "{message}"
        );
    }

    #[test]
    fn not_exercised_by_the_last_five_minutes() {
        let mut stage = stage();
        stage.erase("rec", "a.mp4");
        stage.hold(ACME_1);
        refuse(&mut stage, "b.json", "AccessDenied");
        assert_eq!(stage.at("1h4m59s").finish().word(), "not_exercised");
    }
}
