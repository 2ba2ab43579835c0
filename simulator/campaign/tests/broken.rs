//! Every broken operator that can run without wasm: what the default campaign finds becomes a file that a person can read, and
//! that replays.

use std::fs;
use std::path::Path;
use std::rc::Rc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use egress_sim_campaign::campaign::Campaign;
use egress_sim_campaign::found::{self, Provenance};
use egress_sim_campaign::generate::{case, scenarios};
use egress_sim_campaign::judge::{Judge, Operator};
use egress_sim_campaign::reduce::{Reduced, Reducer};
use egress_sim_model::operator::Host;
use egress_sim_model::scenario::file::parse;
use egress_sim_model::scenario::{Limits, Scenario};
use egress_sim_model::trace::MODEL_VERSION;
use egress_sim_native::NativeHost;
use egress_sim_operators::OPERATORS;

/// Cases in which each is searched for here; how many it takes at most is measured by the benchmark of the search.
const CASES: u64 = 150;
/// Blocks of calls, of faults and of commands that a finding may have.
const BLOCKS: usize = 5;
/// Operators that are found within so few cases, at least.
const FOUND: usize = 40;

struct Native(&'static str);

impl Operator for Native {
    fn host(&self, _limits: &Limits) -> Result<Box<dyn Host>, String> {
        Ok(Box::new(NativeHost::new(self.0, egress_sim_operators::boot)))
    }
    fn op(&self) -> &str {
        self.0
    }
}

/// The first case in which the operator breaks what it is to break.
fn find(judge: &Judge<'_>, property: &str) -> Option<Scenario> {
    let campaign = Campaign::default();
    let (strategy, digest) = (scenarios(&campaign), campaign.digest());
    (0..CASES).map(|number| case(&strategy, &digest, 0, number)).find(|scenario| {
        let judged = judge.run(&Rc::new(scenario.clone())).expect("a native operator has no limits");
        judged.broken.iter().any(|broken| broken.property == property)
    })
}

fn reduced(judge: &Judge<'_>, scenario: &Scenario, property: &str) -> Reduced {
    let (mut stop, mut better) = (|_: &_| false, |_: &_, _: &_| {});
    let reducer = Reducer::new(judge, scenario, property, &mut stop, &mut better).expect("it runs");
    reducer.expect("the promise breaks").go().expect("it runs")
}

/// What is wrong with what becomes of a finding; none: nothing.
fn wrong(operator: &Native, judge: &Judge<'_>, scenario: &Scenario, property: &str, folder: &Path) -> Option<String> {
    let reduced = reduced(judge, scenario, property);
    let judged = judge.run(&Rc::new(reduced.scenario.clone())).expect("it runs");
    let provenance = Provenance {
        campaign: None,
        case: None,
        operator: operator.0.to_owned(),
        operator_digest: None,
        against: None,
        tool: String::new(),
        model: MODEL_VERSION,
        runs: reduced.progress.runs,
        trace_hash: judged.outcome.trace_hash.to_string(),
    };
    let file = found::with_provenance(&reduced.scenario, &reduced.fingerprint, &judged, &provenance);
    let path = found::save(folder, &file).expect("a folder of ours");
    let text = fs::read_to_string(path).expect("written a moment ago");
    let Scenario { calls, faults, commands, .. } = &file;
    if calls.len() > BLOCKS || faults.len() > BLOCKS || commands.len() > BLOCKS {
        return Some(format!("it has too many blocks:\n{text}"));
    }
    let Ok(read) = parse(&file.name, &text) else { return Some(format!("it cannot be read:\n{text}")) };
    if read != file {
        return Some(format!("it is read otherwise than it was written:\n{text}"));
    }
    let again = judge.run(&Rc::new(read)).expect("it runs");
    if !again.broken.iter().any(|broken| broken.property == property) {
        return Some(format!("it does not break {property} from its file:\n{text}"));
    }
    (again.outcome.trace_hash != judged.outcome.trace_hash).then(|| format!("it has another hash:\n{text}"))
}

#[test]
fn whatever_is_found_becomes_a_small_file_that_replays() {
    let broken: Vec<(&'static str, &'static str)> = OPERATORS
        .iter()
        .filter(|listed| !listed.breaks_sandbox)
        .filter_map(|listed| Some((listed.name, listed.breaks?)))
        .collect();
    let (next, found) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let amiss: Mutex<Vec<String>> = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some((name, property)) = broken.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let (operator, properties) = (Native(name), [(*property).to_owned()]);
                    let judge = Judge::new(&operator, &properties);
                    let Some(scenario) = find(&judge, property) else { continue };
                    found.fetch_add(1, Ordering::Relaxed);
                    let folder = tempfile::tempdir().expect("a folder");
                    if let Some(wrong) = wrong(&operator, &judge, &scenario, property, folder.path()) {
                        amiss.lock().expect("nobody panics while it is held").push(format!("{name}: {wrong}"));
                    }
                }
            });
        }
    });
    let amiss = amiss.into_inner().expect("nobody panics while it is held");
    assert!(amiss.is_empty(), "{}", amiss.join("\n"));
    let found = found.into_inner();
    assert!(found >= FOUND, "of {} broken operators only {found} were found", broken.len());
}
