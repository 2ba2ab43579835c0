//! An example to copy: `proptest!` tests over the scenarios of a campaign, for an operator of yours.
//!
//! It takes a host for the operator ([`Native`] for one written with the Rust SDK, under a debugger if you like; [`Component`] for
//! WebAssembly in any language), a campaign that says what worlds there are, and, where the built-in promises are not enough, a
//! [`Property`] of your own. Your crate needs, as dev-dependencies, `proptest` and of egress-sim `model`, `campaign`, and `native`
//! or `sandbox`.
//!
//! proptest makes what fails smaller before it reports it. It knows values, and not what they mean: it goes on by halves and
//! shorter lists, keeps whatever still fails, for whatever reason, and stops after `max_shrink_iters` runs. `egress-sim reduce`
//! knows scenarios: it keeps the same promise broken by the same kinds of faults, takes whole families, blocks and people out,
//! and gives everything plain names. So a failing test prints the scenario as a file ([`told`]); save it, and let
//! `egress-sim reduce` go on from there.

use std::rc::Rc;

use egress_sim_campaign::campaign::{Campaign, Odds, Sizes};
use egress_sim_campaign::generate::scenarios;
use egress_sim_campaign::judge::{Judge, Judged, Operator};
use egress_sim_model::operator::Host;
use egress_sim_model::property::{About, Mention, Property, Verdict};
use egress_sim_model::scenario::write::write;
use egress_sim_model::scenario::{Limits, Scenario};
use egress_sim_model::sink::ChangeKind;
use egress_sim_model::state::State;
use egress_sim_model::trace::{Actor, Fact, FactKind};
use egress_sim_native::NativeHost;
use egress_sim_sandbox::{Operator as Wasm, SandboxHost};
use egress_sim_tests::component;
use proptest::prelude::*;
use proptest::test_runner::{RngSeed, TestCaseError, TestError, TestRunner};

/// An operator of the Rust SDK, in this process. Yours: `NativeHost::new("mine", my_crate::make)`.
struct Native(&'static str);

impl Operator for Native {
    fn host(&self, _limits: &Limits) -> Result<Box<dyn Host>, String> {
        Ok(Box::new(NativeHost::new(self.0, egress_sim_operators::boot)))
    }

    fn op(&self) -> &str {
        self.0
    }
}

/// A component in the sandbox. Yours: `Wasm::load(&std::fs::read("mine.wasm")?, "mine.wasm")?`, once, because it is compiled then.
struct Component(&'static Wasm);

impl Operator for Component {
    fn host(&self, limits: &Limits) -> Result<Box<dyn Host>, String> {
        let host = SandboxHost::new(self.0, "reference", limits).map_err(|error| error.to_string())?;
        Ok(Box::new(host))
    }

    fn op(&self) -> &'static str {
        "the component"
    }
}

/// What worlds there are: small ones, in which webhooks and LiveKit's API misbehave. `Campaign::parse` reads a file instead.
fn campaign() -> Campaign {
    let families = ["webhook", "livekit"].map(|family| (family.to_owned(), Odds(1, 1)));
    Campaign {
        families: families.into_iter().collect(),
        size: Sizes { tenants: [1, 2], calls: [1, 2], faults: [0, 2], ..Sizes::default() },
        ..Campaign::default()
    }
}

/// A rule of the house: whatever LiveKit stores for a tenant lies below a folder of the tenant's name.
struct OwnFolder;

impl Property for OwnFolder {
    fn about(&self) -> &'static About {
        &About {
            id: "house.own-folder",
            promise: "every recording lies below a folder of its tenant's name",
            why: "The bucket's policy for auditors goes by the folder.",
            one_check: "stored object",
            broken_by: "",
        }
    }

    fn wants(&self, kind: FactKind) -> bool {
        kind == FactKind::Sink
    }

    fn observe(&mut self, fact: &Fact<'_>, state: &State, verdict: &mut Verdict) {
        let Fact::Sink { by: Actor::Egress(egress), bucket, change } = fact else { return };
        if !matches!(change.kind, ChangeKind::Stored { .. }) {
            return;
        }
        let tenant = &state.tenant(state.call(state.egress(*egress).call).tenant).name;
        let own = change.key.strip_prefix(&**tenant).is_some_and(|rest| rest.starts_with('/'));
        let about = || vec![Mention::Key((*bucket).to_owned(), change.key.to_string())];
        verdict.check(own, state.now, about, || format!("{} of tenant {tenant} lies in no folder of it", change.key));
    }
}

/// The rules of the house.
fn rules() -> Vec<Box<dyn Property>> {
    vec![Box::new(OwnFolder)]
}

/// The promises that these tests are about; none would mean all of them.
fn promises() -> Vec<String> {
    ["recording.no-overlap", "recording.own-buckets", "recording.consent"].map(str::to_owned).to_vec()
}

/// Fails a test where a promise broke, and says which, with the scenario.
fn told(judged: &Judged, scenario: &Scenario) -> Result<(), TestCaseError> {
    let broken: Vec<String> =
        judged.broken.iter().map(|broken| format!("{}: {}", broken.property, broken.first.message)).collect();
    if broken.is_empty() {
        return Ok(());
    }
    Err(TestCaseError::fail(format!("{}\n\nas a scenario file:\n\n{}", broken.join("\n"), write(scenario))))
}

fn keeps_its_promises(operator: &dyn Operator, scenario: Scenario) -> Result<(), TestCaseError> {
    let scenario = Rc::new(scenario);
    let promises = promises();
    let judge = Judge::new(operator, &promises).with(&rules);
    let judged = judge.run(&scenario).map_err(TestCaseError::fail)?;
    told(&judged, &scenario)
}

/// The same cases each time, as a test should have; leave `rng_seed` out for others on each run. What fails is kept as a
/// scenario file, which outlives changes of the generator, as proptest's own files of seeds do not.
fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, rng_seed: RngSeed::Fixed(1), failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config(48))]

    #[test]
    fn the_operator_keeps_its_promises_natively(scenario in scenarios(&campaign())) {
        keeps_its_promises(&Native("reference"), scenario)?;
    }

    #[test]
    fn the_operator_keeps_its_promises_as_a_component(scenario in scenarios(&campaign())) {
        keeps_its_promises(&Component(component()), scenario)?;
    }
}

/// What a failing test of these would print.
fn smallest(operator: &dyn Operator) -> (String, Scenario) {
    let mut runner = TestRunner::new(config(400));
    match runner.run(&scenarios(&campaign()), |scenario| keeps_its_promises(operator, scenario)) {
        Err(TestError::Fail(reason, scenario)) => (reason.to_string(), scenario),
        other => panic!("{other:?} although the operator is broken"),
    }
}

#[test]
fn what_fails_is_made_small_and_told_as_a_file() {
    let (reason, scenario) = smallest(&Native("starts-again-on-timeout"));
    let blocks = (scenario.calls.len(), scenario.faults.len(), scenario.commands.len());
    println!("{reason}");
    assert!(reason.starts_with("recording.no-overlap"), "{reason}");
    assert!(reason.contains("do = \"livekit.timeout\""), "{reason}");
    assert_eq!(blocks, (1, 1, 0), "{reason}");
}
