//! How webhooks are taken, told as short stories.

use std::sync::Arc;

use super::authentic::Authentic;
use super::prompt::Prompt;
use crate::call::AuditAction::{Delete, RefuseWebhook};
use crate::call::{Call, CommitOutcome, LogLevel, Refusal, Reply};
use crate::livekit::WebhookEvent;
use crate::property::stage::{Stage, done};

fn commit(stage: &mut Stage) {
    let call = Call::Commit { writes: Vec::new(), preconditions: Vec::new() };
    stage.ask(&call, &Reply::Commit(Ok(CommitOutcome::Committed(1))));
}

#[test]
fn genuine_deliveries_may_change_what_they_like() {
    let mut stage = Stage::new(Authentic::default());
    stage.deliver(true);
    commit(&mut stage);
    stage.answer();
    assert_eq!(stage.tally(), (1, 0));
}

#[test]
fn a_forged_one_may_be_refused_and_written_down() {
    let mut stage = Stage::new(Authentic::default());
    stage.deliver(false);
    stage.ask(&Call::Log { level: LogLevel::Warn, message: "forged".into() }, &Reply::Nothing);
    stage.audit(done(RefuseWebhook, None));
    stage.answer();
    commit(&mut stage);
    assert_eq!(stage.tally(), (1, 0), "what comes behind it is another matter");
}

#[test]
fn a_forged_one_changes_nothing() {
    let mut stage = Stage::new(Authentic::default());
    stage.deliver(false);
    commit(&mut stage);
    commit(&mut stage);
    let verdict = stage.finish();
    assert_eq!((verdict.checks, verdict.violations), (1, 1));
    assert_eq!(
        verdict.first.expect("violated").message,
        "a delivery of egress_ended of room standup, egress EG_0 does not pass verification, but handling it \
         made the call store.commit"
    );
}

#[test]
fn what_passes_verification_a_moment_later_may_be_believed() {
    for (delivery, opens, violations) in [(1, true, 0), (2, true, 1), (1, false, 1)] {
        let mut stage = Stage::new(Authentic::default());
        stage.deliver(false);
        let created_at = stage.state.now;
        let (room, participant, track, egress_info) = (None, None, None, None);
        let event = WebhookEvent {
            id: "EV_0".into(),
            event: "egress_ended",
            created_at,
            room,
            participant,
            track,
            egress_info,
        };
        let reply = Reply::Opened(if opens { Ok(Arc::new(event)) } else { Err(Refusal::Expired) });
        stage.ask(&Call::WebhookOpen { delivery }, &reply);
        commit(&mut stage);
        assert_eq!(stage.tally(), (1, violations), "delivery {delivery} passes: {opens}");
    }
}

#[test]
fn other_audit_records_are_changes() {
    let mut stage = Stage::new(Authentic::default());
    stage.deliver(false);
    stage.audit(done(Delete, Some("a.mp4")));
    assert_eq!(stage.tally(), (1, 1));
}

#[test]
fn not_exercised_without_delivery() {
    let mut stage = Stage::new(Authentic::default());
    commit(&mut stage);
    assert_eq!(stage.finish().word(), "not_exercised");
}

#[test]
fn an_answer_in_time_is_prompt_and_one_moment_later_is_not() {
    let mut stage = Stage::new(Prompt::default());
    stage.at("1h").deliver(true);
    stage.at("1h30s").answer();
    stage.at("2h").deliver(false);
    stage.at("2h31s").answer();
    stage.at("3h").deliver(true);
    stage.answer();
    let verdict = stage.finish();
    assert_eq!((verdict.checks, verdict.violations), (3, 1));
    assert_eq!(
        verdict.first.expect("violated").message,
        "a webhook is answered within 30s, but instance 0 was still at egress_ended of egress EG_0, room standup by then"
    );
}

#[test]
fn a_handler_that_dies_gives_no_late_answer() {
    let mut stage = Stage::new(Prompt::default());
    stage.deliver(true);
    stage.at("10s").crash();
    stage.at("1h").deliver(true);
    stage.at("1h10s").trap(crate::operator::TrapKind::OutOfFuel);
    stage.at("2h");
    assert_eq!(stage.finish().word(), "not_exercised");
}

#[test]
fn one_that_never_ends_is_late_when_its_time_is_up() {
    let mut stage = Stage::new(Prompt::default());
    stage.deliver(true);
    stage.at("20s");
    assert_eq!(stage.finish().word(), "not_exercised");
    let mut stage = Stage::new(Prompt::default());
    stage.deliver(true);
    stage.at("1h");
    assert_eq!(stage.tally(), (1, 1));
}
