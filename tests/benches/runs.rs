//! The budgets of the project as benchmarks: `make bench`. Ratios are taken within one run of the bench; nothing here is
//! asserted, because a timed test fails on a busy machine.

use std::hint::black_box;
use std::rc::Rc;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use egress_sim_model::sweep::{Baseline, Hosts};
use egress_sim_tests::{native, run, sandboxed, scenario};

/// As in the binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Whole runs of small scenarios, a fresh instance each, in both hosts: their ratio is the price of the sandbox.
fn small(criterion: &mut Criterion) {
    for path in ["compliance-call-small.toml", "hls-small.toml", "contract-end-small.toml"] {
        let scenario = scenario(path);
        let mut group = criterion.benchmark_group(path);
        group.throughput(Throughput::Elements(1));
        let wasm = sandboxed("reference", &scenario);
        group.bench_function("wasm", |bench| bench.iter(|| black_box(run(&scenario, &wasm))));
        let native = native("reference");
        group.bench_function("native", |bench| bench.iter(|| black_box(run(&scenario, &native))));
        group.finish();
    }
}

/// The large ones, and contract end with ten times the recordings.
fn large(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("large");
    group.sample_size(10).warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(10));
    for path in ["hls-980-segments.toml", "compliance-call.toml", "contract-end-12000.toml"] {
        let scenario = scenario(path);
        let wasm = sandboxed("reference", &scenario);
        group.bench_function(format!("{path}/wasm"), |bench| bench.iter(|| black_box(run(&scenario, &wasm))));
        let native = native("reference");
        group.bench_function(format!("{path}/native"), |bench| bench.iter(|| black_box(run(&scenario, &native))));
    }
    let mut tenfold = (*scenario("contract-end-12000.toml")).clone();
    let bulk = tenfold.calls.iter_mut().max_by_key(|call| call.count).expect("the scenario has calls");
    bulk.count *= 10;
    bulk.every.0 /= 10;
    let tenfold = Rc::new(tenfold);
    let wasm = sandboxed("reference", &tenfold);
    group.bench_function("contract-end-12000.toml, ten times the recordings/wasm", |bench| {
        bench.iter(|| black_box(run(&tenfold, &wasm)));
    });
    group.finish();
}

/// A crash at each call, on one core: the budget is 2 s for 300 calls on the cores that there are.
fn sweeps(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("sweep");
    group.sample_size(10).warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(10));
    for path in ["compliance-call-small.toml", "contract-end-small.toml"] {
        let scenario = scenario(path);
        let wasm = sandboxed("reference", &scenario);
        group.bench_function(path, |bench| {
            bench.iter(|| {
                let baseline = Baseline::of(&scenario, Hosts { host: &wasm, older: None });
                baseline
                    .places
                    .iter()
                    .filter_map(|place| baseline.crash(&scenario, place.point, Hosts { host: &wasm, older: None }))
                    .count()
            });
        });
    }
    group.finish();
}

criterion_group!(benches, small, large, sweeps);
criterion_main!(benches);
