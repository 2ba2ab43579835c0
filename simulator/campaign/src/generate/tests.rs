use egress_sim_model::scenario::file::parse;
use egress_sim_model::scenario::write::write;

use super::*;

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
