//! Hostile cases a second, on one core: the budget of a campaign is 1,000 with the operator in the sandbox. `make bench`
//! prints it. As in `runs`, nothing is asserted.

use std::hint::black_box;
use std::rc::Rc;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use egress_sim_campaign::campaign::Campaign;
use egress_sim_campaign::generate::{case, scenarios};
use egress_sim_campaign::judge::{Judge, Operator};
use egress_sim_model::fault::{Anchor, Fault, Filter, kind};
use egress_sim_model::operator::Host;
use egress_sim_model::scenario::Limits;
use egress_sim_model::time::Span;
use egress_sim_sandbox::SandboxHost;
use egress_sim_tests::{component, native, run, sandboxed, scenario};

/// As in the binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Cases of one measurement: enough for the rare large ones to have their share.
const CASES: u64 = 200;

struct Sandboxed;
struct Native;

impl Operator for Sandboxed {
    fn host(&self, limits: &Limits) -> Result<Box<dyn Host>, String> {
        let host = SandboxHost::new(component(), "reference", limits).map_err(|error| error.to_string())?;
        Ok(Box::new(host))
    }

    fn op(&self) -> &'static str {
        "builtin:reference"
    }
}

impl Operator for Native {
    fn host(&self, _limits: &Limits) -> Result<Box<dyn Host>, String> {
        Ok(Box::new(native("reference")))
    }

    fn op(&self) -> &'static str {
        "native:reference"
    }
}

/// The first cases of the default campaign, made, run and judged as a search does; each sample is all of them.
fn small(criterion: &mut Criterion) {
    let campaign = Campaign::default();
    let digest = campaign.digest();
    let strategy = scenarios(&campaign);
    let operators: [(&str, &dyn Operator); 2] = [("wasm", &Sandboxed), ("native", &Native)];
    let mut group = criterion.benchmark_group("hostile cases");
    group.sample_size(10).warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(10));
    group.throughput(Throughput::Elements(CASES));
    for (name, operator) in operators {
        let judge = Judge::new(operator, &[]);
        group.bench_function(name, |bench| {
            bench.iter(|| {
                for number in 0..CASES {
                    let scenario = Rc::new(case(&strategy, &digest, 0, number));
                    black_box(judge.run(&scenario).expect("it runs under the campaign's limits"));
                }
            });
        });
    }
    group.finish();
}

/// The contract's end with 12,000 recordings, and the same with the sink refusing a key of every batch for a while, webhooks
/// sent twice, and the operator dying in the deletion. The last one is run twice, the second time without the crash.
fn large(criterion: &mut Criterion) {
    let plain = scenario("contract-end-12000.toml");
    let mut hostile = (*plain).clone();
    hostile.faults = [("s3.batch_partial", "s3.delete_objects", 5), ("webhook.duplicate", "webhook.delivery", 100)]
        .map(|(name, point, count)| fault(name, point, 2, count))
        .into();
    let hostile_only = Rc::new(hostile.clone());
    hostile.faults.push(fault("operator.crash", "s3.delete_objects", 3, 1));
    let mut group = criterion.benchmark_group("contract-end-12000.toml");
    group.sample_size(10).warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(10));
    for (name, scenario) in
        [("plain", plain), ("with faults", hostile_only), ("with faults, a crash and its twin", Rc::new(hostile))]
    {
        let wasm = sandboxed("reference", &scenario);
        group.bench_function(name, |bench| bench.iter(|| black_box(run(&scenario, &wasm))));
    }
    group.finish();
}

fn fault(name: &str, point: &str, nth: u64, count: u64) -> Fault {
    Fault {
        name: String::new(),
        kind: kind(name).expect("a fault of ours"),
        anchor: Anchor::On { point: point.into(), nth, count },
        window: None::<Span>,
        filter: Filter::default(),
        parameters: std::collections::BTreeMap::new(),
    }
}

criterion_group!(benches, small, large);
criterion_main!(benches);
