//! Where the time of a run goes.
use egress_sim_model::world::Run;
use egress_sim_tests::*;
use std::rc::Rc;
#[global_allocator]
static A: mimalloc::MiMalloc = mimalloc::MiMalloc;
fn main() {
    let args: Vec<String> = std::env::args().collect();
    let scenario = scenario(&args[1]);
    let n: u32 = args[2].parse().unwrap();
    let only = args.get(3).cloned();
    let scenario = if let Some(count) = args.get(4) {
        let mut s = (*scenario).clone();
        s.calls[0].count = count.parse().unwrap();
        Rc::new(s)
    } else {
        scenario
    };
    for (what, native_host, props) in
        [("wasm+props", false, true), ("wasm", false, false), ("native+props", true, true), ("native", true, false)]
    {
        if only.as_deref().is_some_and(|only| only != what) {
            continue;
        }
        let w = sandboxed("reference", &scenario);
        let nat = native("reference");
        let host: &dyn egress_sim_model::operator::Host = if native_host { &nat } else { &w };
        let mut best = f64::MAX;
        let t0 = std::time::Instant::now();
        for _ in 0..n {
            let t = std::time::Instant::now();
            let out = Run {
                scenario: Rc::clone(&scenario),
                host,
                properties: if props { egress_sim_model::property::builtin() } else { vec![] },
                witness: None,
                progress: None,
            }
            .go();
            best = best.min(t.elapsed().as_secs_f64() * 1e3);
            std::hint::black_box(out);
        }
        println!("{what}: best {best:.3} ms, mean {:.3}", t0.elapsed().as_secs_f64() * 1e3 / f64::from(n));
    }
}
