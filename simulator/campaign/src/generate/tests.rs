use egress_sim_model::scenario::file::parse;
use egress_sim_model::scenario::write::write;

use super::*;
use crate::campaign::Odds;

fn strategy() -> impl Strategy<Value = Scenario> {
    scenarios(&Campaign::default())
}

#[test]
fn every_case_is_a_file_that_is_read_back_as_it_was() {
    let strategy = strategy();
    for number in 0..500 {
        let case = case(&strategy, "digest", 1, number);
        let text = write(&case);
        let read = parse(&case.name, &text).unwrap_or_else(|error| panic!("{}\n{text}", error.render("case.toml")));
        assert_eq!(read, case, "{text}");
    }
}

#[test]
fn a_case_depends_on_its_number_alone() {
    let (one, other) = (strategy(), strategy());
    let later = case(&one, "digest", 1, 7);
    let _between = case(&one, "digest", 1, 8);
    assert_eq!(case(&other, "digest", 1, 7), later);
    assert_ne!(case(&one, "digest", 2, 7).faults, later.faults);
    assert_ne!(case(&one, "other", 1, 7).faults, later.faults);
}

#[test]
fn a_family_is_in_or_out_as_a_whole_and_every_kind_comes() {
    let strategy = strategy();
    let campaign = Campaign::default();
    let mut seen = std::collections::BTreeSet::new();
    let mut without_any = 0;
    for number in 0..2000 {
        let case = case(&strategy, "digest", 3, number);
        without_any += u32::from(case.faults.is_empty());
        seen.extend(case.faults.iter().map(|fault| fault.kind.name));
    }
    let missing: Vec<_> = campaign.kinds().filter(|kind| !seen.contains(kind.name)).map(|kind| kind.name).collect();
    assert!(missing.is_empty(), "never made: {missing:?}");
    assert!(without_any > 0, "the sane world is a case, too");
}

#[test]
fn every_parameter_of_the_world_is_drawn_and_tracks_are_told_where_they_are_recorded() {
    let strategy = strategy();
    let (mut filtered, mut backed_up, mut locked, mut tight, mut forgetful) = (0, 0, 0, 0, 0);
    for number in 0..500 {
        let case = case(&strategy, "digest", 4, number);
        let events = case.world.webhook_events.as_ref();
        filtered += u32::from(events.is_some());
        let tracks = case.calls.iter().any(|call| call.recording == Recording::Processing);
        assert!(!tracks || events.is_none_or(|events| events.iter().any(|event| event == "track_published")));
        backed_up += u32::from(case.world.backup_bucket.is_some());
        locked += u32::from(case.buckets.iter().any(|bucket| bucket.lock_for.is_some()));
        let slack = |tenant: &Tenant| Some(Span(tenant.retention_max?.0 - tenant.retention?.0));
        tight += u32::from(case.tenants.iter().filter_map(slack).any(|slack| slack == Span::seconds(600)));
        forgetful += u32::from(case.world.info_retention == Span::seconds(3600));
    }
    for (what, seen) in [
        ("a filter of events", filtered),
        ("backup storage", backed_up),
        ("object lock", locked),
        ("a tight retention_max", tight),
        ("a LiveKit that forgets", forgetful),
    ] {
        assert!((20..480).contains(&seen), "{what} in {seen} of 500 cases");
    }
}

#[test]
fn odds_decide_whether_faults_are_those_that_are_known() {
    let only = |typical| {
        let strategy = scenarios(&Campaign { typical, ..Campaign::default() });
        let mut skews = Vec::new();
        for number in 0..400 {
            let faults = case(&strategy, "digest", 5, number).faults;
            skews.extend(faults.into_iter().filter(|fault| fault.kind.name == "clock.coarse"));
        }
        skews.len()
    };
    assert_eq!(only(Odds(1, 1)), 0, "a coarse clock is none of the known troubles");
    assert!(only(Odds(0, 1)) > 0);
}
