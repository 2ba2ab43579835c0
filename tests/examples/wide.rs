//! Threads or processes: `wide [JOBS [CASES]]` runs the same cases of the default campaign against the sandboxed reference
//! operator on one thread, on JOBS threads of this process, and in JOBS processes of one thread each, and prints cases a
//! second. Nothing is reduced, and what comes before the first case (compiling the component, starting a process) is left out,
//! so what differs is only what threads share: the address space, in which every instance maps and unmaps its memory under
//! one lock of the kernel, and the allocator.
//!
//! `cargo build --release --workspace --examples && target/release/examples/wide 2 4000`

use std::process::{Command, Stdio};
use std::time::Instant;

use egress_sim_campaign::campaign::Campaign;
use egress_sim_campaign::judge::{Judge, Operator};
use egress_sim_campaign::result::Shard;
use egress_sim_campaign::search::{Range, search};
use egress_sim_model::operator::Host;
use egress_sim_model::scenario::Limits;
use egress_sim_sandbox::SandboxHost;
use egress_sim_tests::component;

/// As in the binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const ROUNDS: usize = 3;
/// Cases that are run before the clock: pages are mapped and code is warm then.
const WARM: u64 = 100;

struct Reference;

impl Operator for Reference {
    fn host(&self, limits: &Limits) -> Result<Box<dyn Host>, String> {
        let host = SandboxHost::new(component(), "reference", limits).map_err(|error| error.to_string())?;
        Ok(Box::new(host))
    }

    fn op(&self) -> &'static str {
        "builtin:reference"
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [word, shard, cases] = &arguments[..]
        && word == "shard"
    {
        let shard = Shard::parse(shard).expect("K/N");
        return println!("{}", seconds(shard, cases.parse().expect("a number of cases"), 1));
    }
    let number =
        |place: usize, default: u64| arguments.get(place).map_or(default, |text| text.parse().expect("a number"));
    let jobs = number(0, std::thread::available_parallelism().map_or(2, |cores| cores.get() as u64));
    let cases = number(1, 4000);
    println!("{cases} cases of the default campaign, cases a second");
    println!("{:>12} {:>12} {:>12}", "1 thread", format!("{jobs} threads"), format!("{jobs} processes"));
    for _ in 0..ROUNDS {
        let rate = |seconds: f64| cases as f64 / seconds;
        let one = rate(seconds(Shard::default(), cases, 1));
        let threads = rate(seconds(Shard::default(), cases, jobs));
        let processes = rate(in_processes(cases, jobs));
        println!("{one:>12.0} {threads:>12.0} {processes:>12.0}");
    }
}

/// How long the cases of a shard take.
fn seconds(shard: Shard, cases: u64, jobs: u64) -> f64 {
    let campaign = Campaign::default();
    let judge = Judge::new(&Reference, &campaign.properties);
    let jobs = usize::try_from(jobs).expect("a machine has fewer cores");
    let go = |seed, cases| {
        let range = Range { seed, cases: Some(cases), shard };
        let searched = search(&campaign, range, jobs, &judge, &mut |_| false).expect("the default limits can be had");
        assert!(searched.bugs.is_empty(), "{:?}", searched.bugs);
    };
    go(1, WARM);
    let started = Instant::now();
    go(0, cases);
    started.elapsed().as_secs_f64()
}

/// Likewise in processes that run at the same time: as long as the slowest one takes.
fn in_processes(cases: u64, jobs: u64) -> f64 {
    let myself = std::env::current_exe().expect("a process knows its program");
    let start = |part| {
        let shard = format!("{part}/{jobs}");
        let mut command = Command::new(&myself);
        command.args(["shard", &shard, &cases.to_string()]).stdout(Stdio::piped()).spawn().expect("it starts once more")
    };
    let all: Vec<_> = (1..=jobs).map(start).collect();
    let took = all.into_iter().map(|one| {
        let output = one.wait_with_output().expect("it ends");
        String::from_utf8_lossy(&output.stdout).trim().parse::<f64>().expect("it prints seconds")
    });
    took.fold(0.0, f64::max)
}
