//! How long the search takes to catch an operator: what the benchmark of the search prints, and the test that holds its floor.
//!
//! An operator is caught by the first case of the default campaign in which it breaks the promise that it is meant to break,
//! and the reference operator keeps it in the same case: else the world would be to blame.

use std::panic::{self, AssertUnwindSafe};
use std::rc::Rc;
use std::time::{Duration, Instant};

use egress_sim_campaign::campaign::Campaign;
use egress_sim_campaign::generate::{case, scenarios};
use egress_sim_campaign::judge::{Judge, Operator};
use egress_sim_model::operator::Host;
use egress_sim_model::scenario::{Limits, Scenario};
use egress_sim_native::NativeHost;
use egress_sim_operators::About;
use egress_sim_sandbox::SandboxHost;

use crate::component;

/// Cases within which every broken operator is to be caught.
pub const CASES: u64 = 2000;

/// What a hunt for one operator under one seed came to. Cases count from one.
#[derive(Clone, Debug, Default)]
pub struct Hunt {
    /// The first case in which the meant promise broke, and the case; none: not within the cap.
    pub caught: Option<(u64, Scenario)>,
    /// The promises that broke in it.
    pub broken: Vec<String>,
    /// How long it took, making the cases included.
    pub took: Duration,
    /// Numbers of the cases in which egress-sim itself gave up.
    pub gave_up: Vec<u64>,
}

/// Hunts an operator through the first `cap` cases of a campaign under `seed`. Those that exist to be stopped by the sandbox
/// run in it, the others natively. The reference operator is hunted for any promise, and has nobody to compare with.
///
/// # Panics
/// If a host cannot be made under the campaign's limits.
pub fn hunt(about: &About, campaign: &Campaign, seed: u64, cap: u64) -> Hunt {
    let (digest, strategy) = (campaign.digest(), scenarios(campaign));
    let (operator, reference) = (BuiltIn(*about), BuiltIn(egress_sim_operators::OPERATORS[0]));
    let meant: Vec<String> = about.breaks.into_iter().map(str::to_owned).collect();
    let (judge, control) = (Judge::new(&operator, &meant), Judge::new(&reference, &meant));
    let broken = |judge: &Judge<'_>, scenario: &Rc<Scenario>| {
        let judged = judge.run(scenario).unwrap_or_else(|error| panic!("{}: {error}", about.name));
        judged.broken.into_iter().map(|one| one.property).collect::<Vec<String>>()
    };
    let began = Instant::now();
    let mut hunt = Hunt::default();
    for number in 0..cap {
        let scenario = Rc::new(case(&strategy, &digest, seed, number));
        let Ok(found) = panic::catch_unwind(AssertUnwindSafe(|| broken(&judge, &scenario))) else {
            hunt.gave_up.push(number);
            continue;
        };
        // What the sound operator breaks as well, the world is to blame for.
        if !found.is_empty() && (meant.is_empty() || broken(&control, &scenario).is_empty()) {
            hunt.broken = found;
            hunt.caught = Some((number + 1, (*scenario).clone()));
            break;
        }
    }
    hunt.took = began.elapsed();
    hunt
}

/// A built-in operator, in the host that it is for.
#[derive(Debug)]
pub struct BuiltIn(pub About);

impl Operator for BuiltIn {
    fn host(&self, limits: &Limits) -> Result<Box<dyn Host>, String> {
        if self.0.breaks_sandbox {
            let name = format!("broken/{}", self.0.name);
            return Ok(Box::new(SandboxHost::new(component(), &name, limits).map_err(|error| error.to_string())?));
        }
        Ok(Box::new(NativeHost::new(self.0.name, egress_sim_operators::boot)))
    }

    fn op(&self) -> &str {
        self.0.name
    }
}
