//! Search and reduction with the built-in operators, natively: what is broken is found, made small, and says why.

use std::rc::Rc;

use egress_sim_campaign::campaign::{Campaign, Sizes};
use egress_sim_campaign::judge::{Judge, Operator};
use egress_sim_campaign::necessity;
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
    let needed = necessity::of_each_fault(&judge, &reduced.scenario).expect("it runs");
    assert_eq!(needed.len(), 1);
    assert!(!needed[0].without_it.contains(&"recording.no-overlap".to_owned()), "{needed:?}");
    assert!(needed[0].parting.is_some(), "{needed:?}");
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

#[test]
fn the_other_operator_takes_the_blame_for_what_it_breaks_too() {
    let (new, old) = (Native("keeps-links"), Native("keeps-links"));
    let campaign = Campaign::default();
    let alone = Judge::new(&new, &[]);
    let differential = Judge::new(&new, &[]).against(&old);
    let range = Range { seed: 0, cases: Some(60), shard: Shard::default() };
    let found = search(&campaign, range, 2, &alone, &mut |_| false).expect("it runs");
    assert!(!found.findings.is_empty());
    let found = search(&campaign, range, 2, &differential, &mut |_| false).expect("it runs");
    assert!(found.findings.is_empty(), "{:?}", found.findings.keys());
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
