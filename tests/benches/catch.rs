//! The benchmark of the search: how many cases of the default campaign, and how many seconds, it takes to catch each broken
//! operator breaking the promise that it is meant to break. `make bench`, or `cargo bench --bench catch -- --seeds=1 NAME...` for some;
//! `--campaign=FILE` for another campaign.
//!
//! Aims: every one within 2,000 cases, half of them within 100. The reference operator is the control: nothing may catch it.

use std::io::Write as _;
use std::time::Duration;

use egress_sim_campaign::campaign::Campaign;
use egress_sim_operators::{About, OPERATORS};
use egress_sim_tests::catching::{CASES, Hunt, hunt};
use egress_sim_tests::in_parallel;

/// As in the binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Seeds under which each operator is hunted, unless `--seeds=N` says so.
const SEEDS: usize = 5;

fn main() {
    let seeds = std::env::args().find_map(|argument| argument.strip_prefix("--seeds=")?.parse().ok());
    let seeds: usize = seeds.unwrap_or(SEEDS).max(1);
    let named: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let wanted = |about: &&About| named.is_empty() || named.iter().any(|name| name == about.name);
    let operators: Vec<&About> = OPERATORS.iter().filter(wanted).collect();
    let file = std::env::args().find_map(|argument| Some(argument.strip_prefix("--campaign=")?.to_owned()));
    let campaign = file.map_or_else(Campaign::default, |path| {
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
        Campaign::parse(&text).unwrap_or_else(|error| panic!("{path}: {error}"))
    });
    let hunts = in_parallel(operators.len() * seeds, |ix| {
        let hunt = hunt(operators[ix / seeds], &campaign, (ix % seeds) as u64, CASES);
        eprint!(".");
        hunt
    });
    eprintln!();
    let mut rows: Vec<Row> =
        operators.iter().zip(hunts.chunks(seeds)).map(|(about, hunts)| Row::of(about, hunts)).collect();
    rows.sort_by_key(|row| (row.meant.is_some(), row.median, row.worst));
    print(&rows, &campaign.digest(), seeds);
}

/// One operator over all seeds. What was not found counts as one case more than the cap.
struct Row {
    name: &'static str,
    meant: Option<&'static str>,
    median: u64,
    worst: u64,
    found: usize,
    took: Duration,
    gave_up: usize,
    broken: Vec<String>,
}

impl Row {
    fn of(about: &About, hunts: &[Hunt]) -> Row {
        let cases = hunts.iter().map(|hunt| hunt.caught.as_ref().map_or(CASES + 1, |(cases, _)| *cases));
        let cases: Vec<u64> = cases.collect();
        Row {
            name: about.name,
            meant: about.breaks,
            worst: cases.iter().copied().max().unwrap_or_default(),
            median: median(cases),
            found: hunts.iter().filter(|hunt| hunt.caught.is_some()).count(),
            took: median(hunts.iter().map(|hunt| hunt.took).collect()),
            gave_up: hunts.iter().map(|hunt| hunt.gave_up.len()).sum(),
            broken: hunts.iter().flat_map(|hunt| hunt.broken.iter().cloned()).collect(),
        }
    }
}

fn median<T: Ord + Copy>(mut all: Vec<T>) -> T {
    all.sort_unstable();
    all[all.len() / 2]
}

fn print(rows: &[Row], digest: &str, seeds: usize) {
    let mut out = std::io::stdout().lock();
    let mut line = |text: String| writeln!(out, "{text}").expect("somebody reads it");
    line(format!("Campaign {digest}, {seeds} seeds, at most {CASES} cases each; medians over the seeds\n"));
    line(format!(
        "{:<28} {:<30} {:>6} {:>6} {:>10} {:>6}",
        "operator", "is meant to break", "cases", "worst", "ms", "found"
    ));
    let cell = |cases: u64| if cases > CASES { "-".to_owned() } else { cases.to_string() };
    for row in rows {
        line(format!(
            "{:<28} {:<30} {:>6} {:>6} {:>10.1} {:>4}/{seeds}",
            row.name,
            row.meant.unwrap_or("nothing"),
            cell(row.median),
            cell(row.worst),
            row.took.as_secs_f64() * 1e3,
            row.found,
        ));
    }
    let broken: Vec<&Row> = rows.iter().filter(|row| row.meant.is_some()).collect();
    if !broken.is_empty() {
        let half = median(broken.iter().map(|row| row.median).collect());
        let took = median(broken.iter().map(|row| row.took).collect());
        line(format!("\nmedian of the medians: {} cases, {:.1} ms", cell(half), took.as_secs_f64() * 1e3));
    }
    let missed = broken.iter().filter(|row| row.found == 0).map(|row| row.name).collect::<Vec<_>>();
    line(format!("not caught under any seed: {}", if missed.is_empty() { "none".into() } else { missed.join(", ") }));
    let sometimes = broken.iter().filter(|row| row.found > 0 && row.found < seeds);
    let sometimes = sometimes.map(|row| row.name).collect::<Vec<_>>();
    line(format!("under some seeds only: {}", if sometimes.is_empty() { "none".into() } else { sometimes.join(", ") }));
    let gave_up: usize = rows.iter().map(|row| row.gave_up).sum();
    if gave_up > 0 {
        line(format!("BUG: egress-sim itself gave up in {gave_up} cases"));
    }
    if let Some(reference) = rows.iter().find(|row| row.meant.is_none() && row.found > 0) {
        line(format!("BUG: the reference operator was caught breaking {}", reference.broken.join(", ")));
    }
}
