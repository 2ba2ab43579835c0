//! Books that are right, and the ways in which they are not.

use super::*;
use crate::property::stage::{Stage, done};
use crate::property::webhook::authentic::Authentic;

/// A call in HLS that was recorded in two segments, and has ended.
fn recorded() -> (Stage, crate::state::EgressIx) {
    let mut stage = Stage::new(Authentic::default());
    let egress = stage.recorded_hls("standup", "1h", 2);
    (stage, egress)
}

fn told(stage: &Stage, audited: &Audited) -> Vec<(String, String)> {
    let found = disagreements(&stage.state, audited, &[], 9);
    assert_eq!(found.others, 0);
    found.told.into_iter().map(|one| (one.books.join("; "), one.world.join("; "))).collect()
}

#[test]
fn books_that_say_what_is_are_left_out() {
    let (mut stage, egress) = recorded();
    stage.row(egress, SinkKey::Prefix(String::new()), RowState::Stored);
    assert_eq!(told(&stage, &Audited::default()), []);
}

#[test]
fn objects_without_a_row_are_told_by_name() {
    let (stage, _) = recorded();
    let [(books, world)] = &told(&stage, &Audited::default())[..] else { panic!("one recording") };
    assert_eq!(books, "no row");
    assert!(world.starts_with("EGRESS_COMPLETE, over for "), "{world}");
    assert!(world.contains("; in the sink: s3://rec/"), "{world}");
}

#[test]
fn a_row_that_covers_something_else_is_told() {
    let (mut stage, egress) = recorded();
    stage.row(egress, SinkKey::Exact("elsewhere.mp4".into()), RowState::Stored);
    let [(books, _)] = &told(&stage, &Audited::default())[..] else { panic!("one recording") };
    assert_eq!(books, "a row `stored` for s3://rec/elsewhere.mp4");
}

#[test]
fn what_is_called_deleted_and_is_there_is_told_by_row_and_by_audit() {
    let (mut stage, egress) = recorded();
    stage.row(egress, SinkKey::Prefix(String::new()), RowState::Deleted);
    let key = stage.state.egress(egress).objects[0].key.to_string();
    let mut audited = Audited::default();
    audited.append(&[done(AuditAction::Delete, Some(&key))]);
    let [(books, world)] = &told(&stage, &audited)[..] else { panic!("one recording") };
    assert_eq!(*books, format!("a row `deleted` for s3://rec/*; the audit: deleted s3://rec/{key}"));
    assert!(world.ends_with("; it is still there: 1 version"), "{world}");
}

#[test]
fn a_link_to_nothing_is_told() {
    let (mut stage, egress) = recorded();
    stage.row(egress, SinkKey::Prefix(String::new()), RowState::Stored);
    stage.publish(egress, "https://cdn.example/rec/nothing.m3u8");
    let [(books, world)] = &told(&stage, &Audited::default())[..] else { panic!("one recording") };
    assert_eq!(books, "a link to https://cdn.example/rec/nothing.m3u8");
    assert_eq!(world, "it leads to nothing in the sink");
}

#[test]
fn the_recording_that_is_asked_about_comes_first_and_the_others_are_counted() {
    let (mut stage, _) = recorded();
    stage.at("2h");
    let second = stage.recorded_hls("retro", "3h", 2);
    let id = stage.state.egress(second).info.egress_id.to_string();
    let found = disagreements(&stage.state, &Audited::default(), &[Mention::Egress(id.clone())], 1);
    assert_eq!((found.told.len(), found.others), (1, 1));
    assert!(found.told[0].recording.contains(&id), "{found:?}");
}
