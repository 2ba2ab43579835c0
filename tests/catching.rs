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
use egress_sim_model::scenario::Limits;
use egress_sim_native::NativeHost;
use egress_sim_operators::About;
use egress_sim_sandbox::SandboxHost;

use crate::component;

/// Cases within which every broken operator is to be caught.
pub const CASES: u64 = 2000;

/// What a hunt for one operator under one seed came to. Cases count from one.
#[derive(Clone, Debug, Default)]
pub struct Hunt {
    /// The first case in which the meant promise broke; none: not within the cap.
    pub meant: Option<u64>,
    /// The first in which any did.
    pub any: Option<u64>,
    /// The promises that broke on the way to it.
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
    let judge = Judge::new(&operator, &[]);
    let judge = if about.breaks.is_some() { judge.against(&reference) } else { judge };
    let began = Instant::now();
    let mut hunt = Hunt::default();
    for number in 0..cap {
        let scenario = Rc::new(case(&strategy, &digest, seed, number));
        let Ok(judged) = panic::catch_unwind(AssertUnwindSafe(|| judge.run(&scenario))) else {
            hunt.gave_up.push(number);
            continue;
        };
        let broken = judged.unwrap_or_else(|error| panic!("{}: {error}", about.name)).broken;
        if !broken.is_empty() {
            hunt.any.get_or_insert(number + 1);
        }
        let caught = broken.iter().any(|one| about.breaks.is_none_or(|meant| one.property == meant));
        hunt.broken.extend(broken.into_iter().map(|one| one.property));
        if caught {
            hunt.meant = Some(number + 1);
            break;
        }
    }
    hunt.took = began.elapsed();
    hunt.broken.sort_unstable();
    hunt.broken.dedup();
    hunt
}

/// A built-in operator, in the host that it is for.
struct BuiltIn(About);

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
