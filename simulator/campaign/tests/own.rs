//! What an operator's author promises beside what is built in counts like it: `check.always`, `check.sometimes`, and
//! properties in Rust.

use std::rc::Rc;

use egress_sim_campaign::campaign::{Campaign, Odds};
use egress_sim_campaign::judge::{Judge, Operator};
use egress_sim_campaign::reduce::Reducer;
use egress_sim_campaign::result::{Document, Part, Shard};
use egress_sim_campaign::search::{Range, Searched, search};
use egress_sim_model::operator::Host;
use egress_sim_model::property::{About, Mention, Property, Verdict};
use egress_sim_model::scenario::Limits;
use egress_sim_model::state::State;
use egress_sim_model::trace::{Fact, FactKind};
use egress_sim_native::NativeHost;
use egress_sim_sdk::{Boot, Cx, Delivery, Outcome};

/// It listens, and has promises of its own.
struct Listener {
    rooms: u32,
}

impl egress_sim_sdk::Operator for Listener {
    fn on_webhook(&mut self, cx: &mut Cx<'_>, delivery: Delivery) -> Outcome {
        let event = delivery.open(cx)?;
        self.rooms += u32::from(event.event == "room_started");
        cx.check().always("heard-once", delivery.attempt == 1, &format!("attempt {}", delivery.attempt));
        cx.check().sometimes("two-rooms", self.rooms == 2);
        cx.check().sometimes("a-hundred-rooms", self.rooms == 100);
        Ok(())
    }
}

struct Native;

impl Operator for Native {
    fn host(&self, _limits: &Limits) -> Result<Box<dyn Host>, String> {
        fn make(_: &Boot) -> Box<dyn egress_sim_sdk::Operator> {
            Box::new(Listener { rooms: 0 })
        }
        Ok(Box::new(NativeHost::new("listener", make)))
    }

    fn op(&self) -> &'static str {
        "listener"
    }
}

/// A rule of the house: no call has more than two people in it.
#[derive(Default)]
struct Crowds {
    joined: Vec<(String, u32)>,
}

impl Property for Crowds {
    fn about(&self) -> &'static About {
        &About {
            id: "house.crowds",
            promise: "no call has more than two people in it",
            why: "The room is small.",
            one_check: "participant",
            broken_by: "",
        }
    }

    fn wants(&self, kind: FactKind) -> bool {
        kind == FactKind::ParticipantJoined
    }

    fn observe(&mut self, fact: &Fact<'_>, state: &State, verdict: &mut Verdict) {
        let Fact::ParticipantJoined { room, recorder: false, .. } = fact else { return };
        let place = self.joined.iter().position(|(known, _)| known == room).unwrap_or_else(|| {
            self.joined.push(((*room).to_owned(), 0));
            self.joined.len() - 1
        });
        self.joined[place].1 += 1;
        let people = self.joined[place].1;
        let about = || vec![Mention::Room((*room).to_owned())];
        verdict.check(people <= 2, state.now, about, || format!("{people} people were in {room}"));
    }
}

fn crowds() -> Vec<Box<dyn Property>> {
    vec![Box::new(Crowds::default())]
}

fn campaign(properties: &[&str]) -> Campaign {
    Campaign {
        families: [("webhook".to_owned(), Odds(1, 1))].into_iter().collect(),
        properties: properties.iter().map(|id| (*id).to_owned()).collect(),
        ..Campaign::default()
    }
}

fn hunt(campaign: &Campaign, judge: &Judge<'_>) -> Searched {
    let range = Range { seed: 0, cases: Some(200), shard: Shard::default() };
    search(campaign, range, 2, judge, &mut |_| false).expect("a native operator has no limits")
}

fn document(campaign: &Campaign, searched: Searched) -> Document {
    let Searched { cases, hits, .. } = searched;
    let shard = Shard::default();
    Document::of(campaign, 0, "listener", vec![Part { shard, cases, hits, ..Part::default() }])
}

fn hits(document: &Document, goal: &str) -> Option<u64> {
    document.goals.iter().find(|known| known.id == goal).map(|known| known.hits)
}

#[test]
fn always_is_a_promise_that_is_searched_and_reduced() {
    let campaign = campaign(&["custom.heard-once"]);
    let judge = Judge::new(&Native, &campaign.properties);
    let searched = hunt(&campaign, &judge);
    let broken: Vec<&str> = searched.findings.keys().map(|found| found.property.as_str()).collect();
    assert!(!broken.is_empty() && broken.iter().all(|id| *id == "custom.heard-once"), "{broken:?}");
    let raw = searched.findings.values().next().expect("one at least");
    let (mut stop, mut better) = (|_: &_| false, |_: &_, _: &_| {});
    let begun = Reducer::new(&judge, &raw.scenario, "custom.heard-once", &mut stop, &mut better).expect("it runs");
    let reduced = begun.expect("it breaks").go().expect("it runs");
    assert_eq!((reduced.scenario.calls.len(), reduced.scenario.faults.len()), (1, 1));
    assert!(reduced.broken.first.message.contains("attempt 2"), "{}", reduced.broken.first.message);
    let document = document(&campaign, searched);
    assert!(hits(&document, "checked/custom.heard-once").is_some_and(|hits| hits > 100));
    assert_eq!(hits(&document, "checked/recording.gap"), None, "it was not asked for");
}

#[test]
fn what_is_never_so_is_a_goal_that_was_missed() {
    let campaign = campaign(&["custom.nothing"]);
    let searched = hunt(&campaign, &Judge::new(&Native, &campaign.properties));
    assert!(searched.findings.is_empty(), "{:?}", searched.findings.keys());
    let document = document(&campaign, searched);
    assert!(hits(&document, "sometimes/two-rooms").is_some_and(|hits| (1..200).contains(&hits)));
    assert_eq!(hits(&document, "sometimes/a-hundred-rooms"), Some(0));
    assert_eq!(document.verdict, "inconclusive");
}

#[test]
fn a_property_of_the_users_counts_whatever_is_asked_for() {
    let campaign = campaign(&["custom.nothing"]);
    let judge = Judge::new(&Native, &campaign.properties).with(&crowds);
    let searched = hunt(&campaign, &judge);
    assert!(searched.findings.keys().all(|found| found.property == "house.crowds"));
    let raw = searched.findings.values().next().expect("some call has three");
    let again = judge.run(&Rc::new(raw.scenario.clone())).expect("it runs");
    assert!(again.broken[0].first.message.starts_with("3 people were in "), "{:?}", again.broken);
    let document = document(&campaign, searched);
    assert_eq!(hits(&document, "checked/house.crowds"), Some(200));
}
