//! Whole runs as a table.
use egress_sim_tests::*;

#[test]
fn survey() {
    let only = std::env::var("ONLY").unwrap_or_default();
    let ops = std::env::var("OPS").unwrap_or_default();
    for path in scenario_files() {
        if path == "contract-end-12000.toml" && only.is_empty() || !path.contains(&only) {
            continue;
        }
        let scenario = scenario(&path);
        for about in egress_sim_operators::OPERATORS {
            if !ops.is_empty() && !ops.split(',').any(|o| o == about.name) {
                continue;
            }
            let name = if about.name == "reference" { "reference".into() } else { format!("broken/{}", about.name) };
            let host = sandboxed(&name, &scenario);
            let t = std::time::Instant::now();
            let out = run(&scenario, &host);
            let ms = t.elapsed().as_secs_f64() * 1e3;
            println!(
                "{path} {} ms={ms:.1} events={} {:?} {:?}",
                about.name,
                out.events,
                broken(&out),
                out.faults_fired
            );
            if about.name == "reference" {
                println!("{}{:?}", story(&out), out.counts);
                for (n, v) in &out.properties {
                    println!("   {} {} {}", n.id(), v.word(), v.checks);
                }
            }
        }
    }
}
