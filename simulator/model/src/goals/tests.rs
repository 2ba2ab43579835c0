//! Looks at a small world, in which one thing after another is left undone.

use super::{Goals, Shown, look};
use crate::call::{Command, Hold, Order, RowState, SinkKey};
use crate::property::stage::{ACME_1, Stage, span};
use crate::property::webhook::authentic::Authentic;
use crate::scenario::Recording::{Compliance, None as Nothing, Processing};
use crate::state::End;
use crate::time::Time;

/// A stage on which nobody in particular watches.
fn stage() -> Stage {
    Stage::new(Authentic::default())
}

fn at(stage: &Stage, offset: &str) -> Time {
    stage.state.scenario.world.start + span(offset)
}

/// Healed at the third hour.
fn goals(stage: &Stage) -> Goals {
    look(&stage.state, at(stage, "3h"), Shown::ALL)
}

fn complaint(stage: &Stage) -> String {
    match goals(stage) {
        Goals::Unmet(unmet) => {
            assert!(!unmet.about.is_empty(), "{}", unmet.words);
            unmet.words
        }
        other => panic!("{other:?}"),
    }
}

fn everything() -> SinkKey {
    SinkKey::Prefix(String::new())
}

#[test]
fn where_nothing_is_to_be_done_everything_is_reached() {
    assert_eq!(goals(&stage()), Goals::Met);
    let mut stage = stage();
    let egress = stage.recorded(ACME_1, "standup", "1h", &["a.mp4"]);
    stage.row(egress, everything(), RowState::Stored);
    assert_eq!(goals(&stage), Goals::Met);
}

#[test]
fn a_call_that_goes_on_is_to_be_recorded() {
    let mut stage = stage();
    let call = stage.call(ACME_1, Compliance, "standup", "2h", &["alice"]);
    assert_eq!(complaint(&stage), "nothing records the call in room standup (tenant acme-1), which goes on");
    let egress = stage.record(call);
    assert_eq!(complaint(&stage), "egress EG_0 of room standup (tenant acme-1) has no inventory row");
    stage.row(egress, everything(), RowState::Recording);
    assert_eq!(goals(&stage), Goals::UnderWay);
    stage.at("1h").ending(egress, End::Failed);
    assert!(complaint(&stage).starts_with("nothing records the call"));
}

#[test]
fn so_is_every_voice_of_a_processing_call() {
    let mut stage = stage();
    let call = stage.call(ACME_1, Processing, "standup", "2h", &["alice", "bob 10m..20m"]);
    let egress = stage.record_voice(call, "alice");
    stage.row(egress, everything(), RowState::Recording);
    assert_eq!(goals(&stage), Goals::UnderWay);
    stage.at("10m");
    assert!(complaint(&stage).starts_with("nothing records track TR_bob_microphone of the call"));
    stage.at("20m");
    assert_eq!(goals(&stage), Goals::UnderWay);
}

#[test]
fn what_begins_behind_the_healing_is_ordinary_business() {
    let mut stage = stage();
    stage.at("4h").call(ACME_1, Compliance, "standup", "2h", &["alice"]);
    assert_eq!(goals(&stage), Goals::Met);
    let mut stage = self::stage();
    stage.call(ACME_1, Nothing, "standup", "2h", &["alice"]);
    assert_eq!(goals(&stage), Goals::UnderWay, "nothing is to be recorded");
}

#[test]
fn no_egress_outlives_its_call() {
    let mut stage = stage();
    let call = stage.call(ACME_1, Compliance, "standup", "1h", &["alice"]);
    let egress = stage.record(call);
    stage.egress(egress).outlives_room = true;
    stage.row(egress, everything(), RowState::Recording);
    stage.at("1h").hang_up(call);
    assert!(complaint(&stage).ends_with("still records, although the call is over"));
}

#[test]
fn a_row_says_how_its_egress_ended() {
    let mut stage = stage();
    let egress = stage.recorded(ACME_1, "standup", "1h", &["a.mp4"]);
    stage.row(egress, everything(), RowState::Recording);
    assert!(complaint(&stage).ends_with("has ended, but its inventory row says `recording`"));
    stage.row(egress, everything(), RowState::Failed);
    assert_eq!(goals(&stage), Goals::Met);
}

#[test]
fn an_egress_that_never_began_needs_no_row() {
    let mut stage = stage();
    let call = stage.call(ACME_1, Compliance, "standup", "1h", &["alice"]);
    let egress = stage.start(call, crate::property::stage::composite(), vec![crate::property::stage::file("rec")]);
    stage.fail(egress);
    stage.at("1h").hang_up(call);
    assert_eq!(goals(&stage), Goals::Met);
}

#[test]
fn a_deletion_that_was_begun_is_finished_unless_a_hold_stands() {
    let mut stage = stage();
    let egress = stage.recorded(ACME_1, "standup", "1h", &["a.mp4"]);
    stage.row(egress, everything(), RowState::Deleting);
    assert_eq!(goals(&stage), Goals::Met, "it is not gone, and nothing is overdue");
    stage.erase("rec", "a.mp4");
    assert!(complaint(&stage).ends_with("is gone from the sink, but its inventory row says `deleting`"));
    stage.hold(ACME_1);
    assert_eq!(goals(&stage), Goals::Met);
}

#[test]
fn what_is_overdue_is_gone() {
    let mut stage = stage();
    stage.scenario().tenants[0].retention_max = Some(span("60d"));
    let egress = stage.recorded(ACME_1, "standup", "1h", &["a.mp4"]);
    stage.row(egress, everything(), RowState::Stored);
    stage.at("59d");
    assert_eq!(goals(&stage), Goals::Met);
    stage.at("61d");
    assert!(complaint(&stage).ends_with("is overdue for deletion and still in the sink"));
    stage.hold(ACME_1);
    assert_eq!(goals(&stage), Goals::Met);
    stage.at("62d").lift(ACME_1);
    assert_eq!(goals(&stage), Goals::Met, "it now has `delete_within`");
    stage.at("153d");
    assert!(complaint(&stage).ends_with("is overdue for deletion and still in the sink"));
}

#[test]
fn the_end_of_a_contract_makes_overdue_too() {
    let mut stage = stage();
    let egress = stage.recorded(ACME_1, "standup", "1h", &["a.mp4"]);
    stage.row(egress, everything(), RowState::Stored);
    stage.at("10d").end_contract(ACME_1);
    stage.at("100d");
    assert_eq!(goals(&stage), Goals::Met);
    stage.at("101d");
    assert!(complaint(&stage).ends_with("is overdue for deletion and still in the sink"));
}

#[test]
fn what_was_locked_has_a_day_behind_the_end_of_its_lock() {
    let mut stage = stage();
    let egress = stage.recorded(ACME_1, "standup", "1h", &["a.mp4"]);
    stage.row(egress, everything(), RowState::Deleting);
    stage.lock("rec", "a.mp4", "120d");
    stage.at("10d").end_contract(ACME_1);
    stage.at("101d");
    assert_eq!(goals(&stage), Goals::Met, "nobody can delete it");
    stage.at("121d");
    assert_eq!(goals(&stage), Goals::Met, "nobody can know that it is free");
    stage.at("121d1s");
    assert!(complaint(&stage).ends_with("is overdue for deletion and still in the sink"));
}

#[test]
fn every_command_is_answered() {
    let mut stage = stage();
    let given = at(&stage, "2h");
    let order = Order::LegalHold(Hold { tenant: "acme-1".into(), room: None });
    stage.state.unanswered.insert(0, (given, Command { id: "hold".into(), order }));
    stage.at("4h");
    assert_eq!(complaint(&stage), "the command hold of tenant acme-1 is not answered 2h after it was given");
    stage.state.unanswered.get_mut(&0).expect("it is there").0 = at(&stage, "4h");
    assert_eq!(goals(&stage), Goals::Met, "it was given behind the healing");
}
