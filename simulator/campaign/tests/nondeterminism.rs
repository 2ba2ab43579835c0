//! An operator that does not always do the same: proof that the checks of determinism can fail.

use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use egress_sim_campaign::campaign::{Campaign, Determinism, Odds};
use egress_sim_campaign::determinism::{self, Marks};
use egress_sim_campaign::generate::{case, scenarios};
use egress_sim_campaign::judge::{Judge, Operator};
use egress_sim_campaign::result::Shard;
use egress_sim_campaign::search::{Range, Searched, search};
use egress_sim_model::call::{Boot, Call, Delivery, LogLevel, Reply};
use egress_sim_model::operator::{Guest, Host, Step};
use egress_sim_model::scenario::Limits;
use egress_sim_native::NativeHost;

/// The reference operator, but each incarnation first logs how many there were in this process.
#[derive(Default)]
struct Counting(Arc<AtomicU64>);

struct CountingHost(NativeHost, Arc<AtomicU64>);

struct CountingGuest {
    inner: Box<dyn Guest>,
    number: u64,
    held: Option<Delivery>,
    begun: bool,
}

impl Operator for Counting {
    fn host(&self, _limits: &Limits) -> Result<Box<dyn Host>, String> {
        let inner = NativeHost::new("reference", egress_sim_operators::boot);
        Ok(Box::new(CountingHost(inner, Arc::clone(&self.0))))
    }
    fn op(&self) -> &'static str {
        "counting"
    }
}

impl Host for CountingHost {
    fn start(&self, boot: &Arc<Boot>) -> Box<dyn Guest> {
        let number = self.1.fetch_add(1, Ordering::Relaxed);
        Box::new(CountingGuest { inner: self.0.start(boot), number, held: None, begun: false })
    }
    fn name(&self) -> &str {
        self.0.name()
    }
}

impl Guest for CountingGuest {
    fn begin(&mut self, delivery: &Delivery) -> Step {
        if self.begun {
            return self.inner.begin(delivery);
        }
        self.begun = true;
        self.held = Some(delivery.clone());
        Step::Call(Call::Log { level: LogLevel::Info, message: format!("incarnation {} of many", self.number) })
    }
    fn resume(&mut self, reply: Reply) -> Step {
        match self.held.take() {
            Some(delivery) => self.inner.begin(&delivery),
            None => self.inner.resume(reply),
        }
    }
}

struct Reference;
impl Operator for Reference {
    fn host(&self, _limits: &Limits) -> Result<Box<dyn Host>, String> {
        Ok(Box::new(NativeHost::new("reference", egress_sim_operators::boot)))
    }
    fn op(&self) -> &'static str {
        "reference"
    }
}

fn repeated(operator: &dyn Operator, repeat: Odds, jobs: usize) -> Searched {
    let campaign = Campaign { determinism: Determinism { repeat, fresh: 0 }, ..Campaign::default() };
    let judge = Judge::new(operator, &[]);
    let range = Range { seed: 0, cases: Some(60), shard: Shard::default() };
    search(&campaign, range, jobs, &judge, &mut |_| false).expect("it runs")
}

#[test]
fn a_share_of_the_cases_is_run_twice_and_what_is_not_the_same_again_is_told() {
    let searched = repeated(&Counting::default(), Odds(1, 4), 2);
    let due: BTreeSet<u64> = (0..60).filter(|k| determinism::due(Odds(1, 4), 0, *k)).collect();
    assert!((5..=30).contains(&due.len()), "{due:?}");
    assert_eq!(searched.repeated, due.len() as u64);
    assert_eq!(searched.parted.iter().map(|one| one.number).collect::<BTreeSet<_>>(), due);
    let how = &searched.parted[0].how;
    assert!(how.starts_with("a second run in the same thread parts from the first run "), "{how}");
    assert!(how.contains("the first record that differs is number 2. In the first run, after 0s: "), "{how}");
    assert_eq!(how.matches("→ log.write info: incarnation ").count(), 2, "{how}");

    let none = repeated(&Counting::default(), Odds(0, 1), 2);
    assert_eq!((none.repeated, none.parted.len()), (0, 0));
}

#[test]
fn a_sound_operator_is_the_same_again() {
    let searched = repeated(&Reference, Odds(1, 1), 2);
    assert_eq!((searched.repeated, searched.parted.len()), (60, 0), "{:?}", searched.parted);
}

#[test]
fn what_happens_only_now_and_then_is_told_as_such() {
    let strategy = scenarios(&Campaign::default());
    let scenario = Rc::new(case(&strategy, "x", 0, 0));
    let elsewhere = Marks { hash: "ff".into(), checkpoints: Vec::new(), events: 1 };
    let how = determinism::again(&Judge::new(&Reference, &[]), &scenario, &elsewhere).expect("it runs");
    assert!(how.expect("they differ").ends_with("two further runs did not part, so it does not happen each time."));
}
