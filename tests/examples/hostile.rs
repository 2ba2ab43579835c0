//! Where the time of a hostile case goes: `hostile COMBINATION CASES [ROUNDS [CAMPAIGN]]`.
//!
//! It runs the first cases of a campaign, the default one if none is named, as a search does, one after another on one core, and prints the CPU time
//! of a case in microseconds (the fastest of the rounds, which a busy machine disturbs least) and cases a second.
//! COMBINATION: `wasm`, `native`, with nothing but the run `wasm-bare` and `native-bare` (no properties, no goals, no twins)
//! or not even that `wasm-boot` and `native-boot` (nothing happens but the operator's start), and
//! `generate`, which only makes the cases. `facts` counts instead what the cases consist of; `hashes` prints one hash over all.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::hint::black_box;
use std::rc::Rc;

use egress_sim_campaign::campaign::Campaign;
use egress_sim_campaign::generate::{case, scenarios};
use egress_sim_campaign::judge::{Judge, Operator};
use egress_sim_model::call::Delivery;
use egress_sim_model::operator::Host;
use egress_sim_model::scenario::{Limits, Scenario, Tenant};
use egress_sim_model::state::State;
use egress_sim_model::time::Time;
use egress_sim_model::trace::{Fact, Witness};
use egress_sim_model::world::Run;
use egress_sim_sandbox::SandboxHost;
use egress_sim_tests::{component, native};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

struct Reference {
    wasm: bool,
}

impl Operator for Reference {
    fn host(&self, limits: &Limits) -> Result<Box<dyn Host>, String> {
        if self.wasm {
            let host = SandboxHost::new(component(), "reference", limits).map_err(|error| error.to_string())?;
            Ok(Box::new(host))
        } else {
            Ok(Box::new(native("reference")))
        }
    }

    fn op(&self) -> &'static str {
        "builtin:reference"
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let combination = arguments[1].as_str();
    let cases: u64 = arguments[2].parse().expect("a number of cases");
    let rounds: u32 = arguments.get(3).map_or(1, |rounds| rounds.parse().expect("a number of rounds"));
    let campaign = arguments.get(4).map_or_else(Campaign::default, |path| {
        let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{path}: {error}"));
        Campaign::parse(&text).unwrap_or_else(|error| panic!("{path}: {error}"))
    });
    let digest = campaign.digest();
    let strategy = scenarios(&campaign);
    let make = |number| Rc::new(case(&strategy, &digest, 0, number));
    let operator = Reference { wasm: combination.starts_with("wasm") };
    let judge = Judge::new(&operator, &[]);
    match combination {
        "facts" => return facts((0..cases).map(make)),
        "hashes" => {
            let mut all = String::new();
            for number in 0..cases {
                let judged = judge.run(&make(number)).expect("it runs");
                let _ = writeln!(all, "{number} {} {:?}", judged.outcome.trace_hash, judged.outcome.properties);
            }
            return println!("{all}");
        }
        _ => {}
    }
    let mut best = f64::MAX;
    for _ in 0..rounds {
        let before = on_cpu();
        for number in 0..cases {
            let scenario = make(number);
            match combination {
                "generate" => {
                    black_box(scenario);
                }
                "wasm" | "native" => {
                    black_box(judge.run(&scenario).expect("it runs"));
                }
                _ => {
                    let scenario = if combination.ends_with("boot") { nothing_happens(&scenario) } else { scenario };
                    let host = operator.host(&scenario.limits).expect("limits as ever");
                    let run =
                        Run { scenario, host: &*host, older: None, properties: vec![], witness: None, progress: None };
                    black_box(run.go());
                }
            }
        }
        best = best.min((on_cpu() - before) / cases as f64);
    }
    println!("{combination:12} {best:9.1} us a case, {:7.0} a second", 1e6 / best);
}

/// The same world without calls, contracts that end, commands and faults: what is left is to start the operator.
fn nothing_happens(scenario: &Scenario) -> Rc<Scenario> {
    let tenants = scenario.tenants.iter().map(|tenant| Tenant { contract_end: None, ..tenant.clone() }).collect();
    Rc::new(Scenario { tenants, calls: vec![], commands: vec![], faults: vec![], ..scenario.clone() })
}

/// Microseconds that this thread has run.
fn on_cpu() -> f64 {
    let schedstat =
        std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux says how long a thread has run");
    let nanoseconds: f64 = schedstat.split(' ').next().and_then(|text| text.parse().ok()).expect("nanoseconds first");
    nanoseconds / 1e3
}

/// Counts facts by kind, deliveries by kind, calls by name.
#[derive(Default)]
struct Counter(BTreeMap<String, u64>);

impl Witness for Counter {
    fn record(&mut self, _at: Time, _sequence: u64, fact: &Fact<'_>, _state: &State) {
        *self.0.entry(format!("{:?}", fact.kind())).or_default() += 1;
        match fact {
            Fact::Called { call, .. } => *self.0.entry(format!("call {}", call.name())).or_default() += 1,
            Fact::Replied { call, reply, .. } => {
                // A guest is handed each text by itself: their number is what a reply costs.
                let texts = serde_json::to_string(reply).expect("replies are plain data").matches(":\"").count();
                *self.0.entry(format!("texts of {}", call.name())).or_default() += texts as u64;
            }
            Fact::DeliveryBegan { delivery, webhook, .. } => {
                let what = match delivery {
                    Delivery::Init(_) => "init".to_owned(),
                    Delivery::Webhook { .. } => webhook.map_or_else(String::new, |webhook| webhook.event.to_owned()),
                    Delivery::Command(_) => "command".to_owned(),
                    Delivery::Timer(timer) => format!("timer {}", timer.name.split('/').next().unwrap_or_default()),
                };
                *self.0.entry(format!("delivery {what}")).or_default() += 1;
            }
            _ => {}
        }
    }
}

fn facts(cases: impl Iterator<Item = Rc<Scenario>>) {
    let mut counter = Counter::default();
    let mut all = 0_u64;
    let (mut twins, mut seconds) = (0_u64, 0);
    let mut largest: Vec<(u64, String)> = Vec::new();
    for scenario in cases {
        let host = native("reference");
        let start = scenario.world.start;
        let may_crash = scenario.faults.iter().zip(0..).filter(|(fault, _)| fault.kind.ends_incarnations());
        let crashing: Vec<usize> = may_crash.map(|(_, place)| place).collect();
        let name = scenario.name.clone();
        let run =
            Run { scenario, host: &host, older: None, properties: vec![], witness: Some(&mut counter), progress: None };
        let outcome = run.go();
        all += 1;
        twins += u64::from(crashing.iter().any(|place| outcome.faults_fired[*place] > 0));
        seconds += outcome.ended_at.since(start).0 / 1_000_000_000;
        largest.push((outcome.counts.host_calls, name));
    }
    for (what, count) in &counter.0 {
        println!("{:9.2} {what}", *count as f64 / all as f64);
    }
    largest.sort_unstable();
    let at = |share: usize| &largest[(largest.len() - 1) * share / 100];
    println!("calls: median {:?}, 90 % {:?}, 99 % {:?}, most {:?}", at(50), at(90), at(99), at(100));
    println!(
        "twins {:.3} of the cases; virtual hours {:.1}",
        twins as f64 / all as f64,
        seconds as f64 / all as f64 / 3600.0
    );
}
