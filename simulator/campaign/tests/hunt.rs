//! Search and reduction with the built-in operators, natively: what is broken is found, made small, and says why.

use std::rc::Rc;

use egress_sim_campaign::campaign::{Campaign, Sizes};
use egress_sim_campaign::fingerprint::{Fingerprint, Kind};
use egress_sim_campaign::judge::{Judge, Operator, SETTLED};
use egress_sim_campaign::necessity::{self, Step};
use egress_sim_campaign::reduce::{Reduced, Reducer};
use egress_sim_campaign::result::Shard;
use egress_sim_campaign::search::{Range, Searched, search};
use egress_sim_model::operator::Host;
use egress_sim_model::scenario::write::write;
use egress_sim_model::scenario::{Limits, Scenario};
use egress_sim_native::NativeHost;

struct Native(&'static str);

impl Operator for Native {
    fn host(&self, _limits: &Limits) -> Result<Box<dyn Host>, String> {
        Ok(Box::new(NativeHost::new(self.0, egress_sim_operators::boot)))
    }
    fn op(&self) -> &str {
        self.0
    }
}

fn hunt(operator: &Native, cases: u64, jobs: usize, shard: Shard) -> Searched {
    let campaign = Campaign::default();
    let judge = Judge::new(operator, &[]);
    let range = Range { seed: 0, cases: Some(cases), shard };
    search(&campaign, range, jobs, &judge, &mut |_| false).expect("a native operator has no limits")
}

fn smallest(operator: &Native, scenario: &Scenario, property: &str) -> Reduced {
    let judge = Judge::new(operator, &[]);
    let (mut stop, mut better) = (|_: &_| false, |_: &_, _: &_| {});
    let reducer = Reducer::new(&judge, scenario, property, &mut stop, &mut better).expect("it runs");
    reducer.expect("the promise breaks").go().expect("it runs")
}

#[test]
fn what_is_found_depends_on_the_cases_alone() {
    let operator = Native("two-composites");
    let whole = hunt(&operator, 120, 2, Shard::default());
    let again = hunt(&operator, 120, 1, Shard::default());
    let told = |searched: &Searched| {
        let findings = searched.findings.iter();
        findings.map(|(fingerprint, raw)| (fingerprint.to_string(), raw.first, raw.cases)).collect::<Vec<_>>()
    };
    assert!(!whole.findings.is_empty());
    assert_eq!(told(&whole), told(&again));
    assert_eq!(whole.hits, again.hits);
    let parts: Vec<Searched> = (1..=2).map(|part| hunt(&operator, 120, 1, Shard { part, of: 2 })).collect();
    assert_eq!(parts.iter().map(|part| part.cases).sum::<u64>(), 120);
    let mut hits = parts[0].hits.clone();
    hits.merge(&parts[1].hits);
    assert_eq!(hits, whole.hits);
}

#[test]
fn a_finding_becomes_a_file_that_a_person_can_read() {
    let operator = Native("two-composites");
    let searched = hunt(&operator, 120, 2, Shard::default());
    let (_, raw) = searched
        .findings
        .iter()
        .find(|(fingerprint, _)| fingerprint.property == "recording.no-overlap")
        .expect("it starts a second composite");
    let reduced = smallest(&operator, &raw.scenario, "recording.no-overlap");
    let Scenario { calls, faults, commands, tenants, .. } = &reduced.scenario;
    let text = write(&reduced.scenario);
    assert_eq!((calls.len(), faults.len(), commands.len(), tenants.len()), (1, 1, 0, 1), "{text}");
    assert_eq!(calls[0].count, 1, "{text}");
    // Reducing what is reduced changes nothing.
    let again = smallest(&operator, &reduced.scenario, "recording.no-overlap");
    assert_eq!(write(&again.scenario), text);

    let judge = Judge::new(&operator, &[]);
    let explained = necessity::explain(&judge, &reduced.scenario, reduced.fingerprint.kind).expect("it runs");
    assert!(explained.judged.breaks.contains(&"recording.no-overlap".to_owned()));
    let [needed] = &explained.necessities[..] else { panic!("one fault: {explained:?}") };
    assert_eq!(needed.step, Step::Fault(0));
    assert!(!needed.without_it.contains(&"recording.no-overlap".to_owned()), "{needed:?}");
    assert!(needed.parting.is_some(), "{needed:?}");
}

#[test]
fn where_no_fault_is_needed_the_commands_and_the_end_of_the_contract_are_asked() {
    let operator = Native("ignores-holds");
    let judge = Judge::new(&operator, &[]);
    let text = include_str!("../../../scenarios/contract-end-small.toml");
    let scenario = egress_sim_model::scenario::file::parse("hold", text).expect("a scenario of ours");
    let reduced = smallest(&operator, &scenario, "retention.not-early");
    assert!(reduced.scenario.faults.is_empty(), "{}", write(&reduced.scenario));
    let explained = necessity::explain(&judge, &reduced.scenario, reduced.fingerprint.kind).expect("it runs");
    let hold = explained.necessities.iter().find(|needed| needed.step == Step::Command(0)).expect("a legal hold");
    assert!(!hold.without_it.contains(&"retention.not-early".to_owned()), "{hold:?}");
    assert!(hold.parting.as_ref().is_some_and(|parting| parting.with_it.is_some()), "{hold:?}");
}

#[test]
fn twelve_thousand_recordings_become_one() {
    let operator = Native("keeps-links");
    let text = include_str!("../../../scenarios/contract-end-12000.toml");
    let mut scenario = egress_sim_model::scenario::file::parse("large", text).expect("a scenario of ours");
    for call in &mut scenario.calls {
        call.count = call.count.min(400);
    }
    let reduced = smallest(&operator, &scenario, "deletion.links-gone");
    let calls: u64 = reduced.scenario.calls.iter().map(|call| call.count).sum();
    assert_eq!(calls, 1, "{}", write(&reduced.scenario));
}

/// What a differential search of a few cases comes to.
fn apart(new: &'static str, old: &'static str, properties: &[String]) -> Vec<Fingerprint> {
    let (new, old) = (Native(new), Native(old));
    let judge = Judge::new(&new, properties).against(&old);
    let range = Range { seed: 0, cases: Some(60), shard: Shard::default() };
    let found = search(&Campaign::default(), range, 2, &judge, &mut |_| false).expect("it runs");
    found.findings.into_keys().collect()
}

#[test]
fn of_two_operators_what_only_one_breaks_is_found_whichever_it_is() {
    assert_eq!(apart("keeps-links", "keeps-links", &[]), []);
    let of =
        |found: &[Fingerprint], kind| found.iter().any(|one| one.property == "deletion.links-gone" && one.kind == kind);
    let worse = apart("keeps-links", "reference", &[]);
    assert!(of(&worse, Kind::Broken) && !of(&worse, Kind::BrokenByOther), "{worse:?}");
    let better = apart("reference", "keeps-links", &[]);
    assert!(of(&better, Kind::BrokenByOther) && !of(&better, Kind::Broken), "{better:?}");
}

#[test]
fn two_operators_that_keep_the_same_and_settle_otherwise_are_told_apart() {
    let none = ["recording.consent".to_owned()];
    let found = apart("keeps-links", "reference", &none);
    assert!(found.iter().all(|one| one.property == SETTLED && one.kind == Kind::SettledOtherwise), "{found:?}");
    let (new, old) = (Native("keeps-links"), Native("reference"));
    let judge = Judge::new(&new, &none).against(&old);
    let strategy = egress_sim_campaign::generate::scenarios(&Campaign::default());
    let digest = Campaign::default().digest();
    let mut cases = (0..60).map(|number| egress_sim_campaign::generate::case(&strategy, &digest, 0, number));
    let scenario = cases.find(|scenario| {
        let judged = judge.run(&Rc::new(scenario.clone())).expect("it runs");
        judged.broken.iter().any(|one| one.kind == Kind::SettledOtherwise)
    });
    let scenario = scenario.expect("a link that stays is left behind");
    let (mut stop, mut better) = (|_: &_| false, |_: &_, _: &_| {});
    let begun = Reducer::new(&judge, &scenario, SETTLED, &mut stop, &mut better).expect("it runs");
    let reduced = begun.expect("they settle otherwise").go().expect("it runs");
    let message = &reduced.broken.first.message;
    assert!(message.contains("with keeps-links") && message.contains("with reference"), "{message}");
    assert_eq!(reduced.scenario.calls.len(), 1, "{}", write(&reduced.scenario));
}

#[test]
fn a_friendly_world_has_no_faults_in_it() {
    let campaign = Campaign {
        families: std::collections::BTreeMap::new(),
        size: Sizes { faults: [0, 4], ..Sizes::default() },
        ..Campaign::default()
    };
    let operator = Native("reference");
    let judge = Judge::new(&operator, &[]);
    let range = Range { seed: 5, cases: Some(200), shard: Shard::default() };
    let searched = search(&campaign, range, 2, &judge, &mut |_| false).expect("it runs");
    assert!(searched.findings.is_empty(), "{:?}", searched.findings.iter().next().map(|(_, raw)| write(&raw.scenario)));
    let strategy = egress_sim_campaign::generate::scenarios(&campaign);
    let case = egress_sim_campaign::generate::case(&strategy, "x", 0, 0);
    assert!(judge.run(&Rc::new(case)).expect("it runs").struck.is_empty());
}
