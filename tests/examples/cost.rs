//! Where the time of a run goes: `cost SCENARIO REPETITIONS [COMBINATION [COUNT]]`.
//!
//! It runs a scenario in both hosts, with the properties and without, and prints the CPU time of one run in milliseconds,
//! which a busy machine disturbs less than wall time, and the peak of resident memory so far. COMBINATION is one of the
//! printed names, COUNT another number of calls for the first rule of the scenario, in the same time. The combination
//! `facts` counts instead what the trace consists of.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::rc::Rc;

use egress_sim_model::operator::Host;
use egress_sim_model::property::builtin;
use egress_sim_model::scenario::Scenario;
use egress_sim_model::state::State;
use egress_sim_model::time::Time;
use egress_sim_model::trace::{Fact, Witness};
use egress_sim_model::world::Run;
use egress_sim_tests::{native, sandboxed, scenario};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let mut scenario = scenario(&arguments[1]);
    let repetitions: u32 = arguments[2].parse().expect("a number of repetitions");
    let only = arguments.get(3).map(String::as_str);
    if let Some(count) = arguments.get(4) {
        let count: u64 = count.parse().expect("a number of calls");
        let rule = &mut Rc::make_mut(&mut scenario).calls[0];
        rule.every.0 = rule.every.0 * rule.count / count;
        rule.count = count;
    }
    if only == Some("facts") {
        return facts(&scenario);
    }
    for (name, in_sandbox, with_properties) in
        [("wasm+props", true, true), ("wasm", true, false), ("native+props", false, true), ("native", false, false)]
    {
        if only.is_some_and(|only| only != name) {
            continue;
        }
        let host: Box<dyn Host> =
            if in_sandbox { Box::new(sandboxed("reference", &scenario)) } else { Box::new(native("reference")) };
        let before = on_cpu();
        for _ in 0..repetitions {
            let properties = if with_properties { builtin() } else { Vec::new() };
            let scenario = Rc::clone(&scenario);
            black_box(Run { scenario, host: &*host, older: None, properties, witness: None, progress: None }.go());
        }
        let mean = (on_cpu() - before) / f64::from(repetitions);
        println!("{name:12} {mean:9.3} ms, peak {}", peak_memory());
    }
}

/// Milliseconds that this thread has run.
fn on_cpu() -> f64 {
    let schedstat =
        std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux says how long a thread has run");
    let nanoseconds: f64 = schedstat.split(' ').next().and_then(|text| text.parse().ok()).expect("nanoseconds first");
    nanoseconds / 1e6
}

fn peak_memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux says what a process uses");
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    peak.expect("the peak is among it").trim().to_owned()
}

/// Counts facts by kind, and calls by name.
#[derive(Default)]
struct Counter(BTreeMap<String, u64>);

impl Witness for Counter {
    fn record(&mut self, _at: Time, _sequence: u64, fact: &Fact<'_>, _state: &State) {
        *self.0.entry(format!("{:?}", fact.kind())).or_default() += 1;
        if let Fact::Called { call, .. } = fact {
            *self.0.entry(format!("call {}", call.name())).or_default() += 1;
        }
    }
}

fn facts(scenario: &Rc<Scenario>) {
    let mut counter = Counter::default();
    let host = native("reference");
    let scenario = Rc::clone(scenario);
    let outcome =
        Run { scenario, host: &host, older: None, properties: vec![], witness: Some(&mut counter), progress: None }
            .go();
    for (what, count) in &counter.0 {
        println!("{count:9} {what}");
    }
    println!("{}", outcome.trace_hash);
}
