//! Strategies for faults: of the surfaces that are in, any kind at any of its points.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use egress_sim_model::fault::{Anchor, Default as ParameterDefault, Fault, Filter, KINDS, Kind, Value, points};
use egress_sim_model::scenario::{Scenario, keys};
use egress_sim_model::time::Span;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::troubles::troubles;
use crate::campaign::{Campaign, Odds, surface};

/// Webhook faults after which the operator may never have heard of an event.
pub(super) const LOSING: &[&str] =
    &["webhook.altered", "webhook.delay", "webhook.drop", "webhook.reorder", "webhook.storm", "webhook.unreachable"];

/// Faults of a case.
pub(super) fn faults(campaign: &Campaign, families: &[String], base: &Scenario) -> BoxedStrategy<Vec<Fault>> {
    let [fewest, most] = campaign.size.faults.map(|count| count as usize);
    let scene = Scene::of(campaign, base);
    let is_in = |kind: &&Kind| families.iter().any(|family| family == surface(kind.name));
    let kinds: Vec<&'static Kind> = (campaign.kinds().filter(is_in))
        .filter(|kind| !scene.losable.is_empty() || !LOSING.contains(&kind.name))
        .collect();
    if kinds.is_empty() {
        return Just(Vec::new()).boxed();
    }
    let Odds(share, of) = campaign.typical;
    let typical = troubles(&kinds, &scene).filter(|_| share > 0);
    let aimed = aimed(&kinds, &scene);
    let any = select(kinds).prop_flat_map(move |kind| fault(kind, &scene));
    // A campaign is green only if every kind has struck wherever it may, in each effect: that is some hundred places.
    let random = prop_oneof![1 => aimed, 1 => any].prop_map(|fault| vec![fault]);
    let faults = match typical {
        Some(typical) if share == of => vec(typical, fewest..=most).boxed(),
        Some(typical) => vec(prop_oneof![share => typical, of - share => random], fewest..=most).boxed(),
        None => vec(random, fewest..=most).boxed(),
    };
    faults
        .prop_map(move |faults| {
            let mut faults = faults.concat();
            faults.truncate(most);
            with_one_skew(faults)
        })
        .boxed()
}

/// Skews add up, and a clock that is more than a minute off lets nobody in, for good: no operator could record anything.
fn with_one_skew(mut faults: Vec<Fault>) -> Vec<Fault> {
    let mut skewed = false;
    faults.retain(|fault| fault.kind.name != "clock.skew" || !std::mem::replace(&mut skewed, true));
    faults
}

/// Nobody joins for so long before and behind a call's end that counts as quiet. Who is struck there loses no event that is
/// spared, though the trouble may last: a clock that is wrong by minutes takes each token for expired.
const QUIET: Span = Span::seconds(30);

/// What filters and anchors can name.
#[derive(Clone)]
pub(super) struct Scene {
    rooms: Vec<String>,
    tenants: Vec<String>,
    buckets: Vec<String>,
    /// When things happen: calls, contract ends.
    moments: Vec<Span>,
    pub(super) contract_ends: Vec<Span>,
    /// Of the last call of each block, where no other call begins meanwhile: see [`QUIET`].
    pub(super) quiet_ends: Vec<Span>,
    instances: u32,
    /// No tenant has a `retention_max`: whatever arrives in the sink may lie there until a contract ends.
    pub(super) is_unhurried: bool,
    /// Webhook events that are sent.
    pub(super) events: Vec<&'static str>,
    /// Those of them that may be lost.
    pub(super) losable: Vec<&'static str>,
    /// Seconds.
    window: [u64; 2],
}

impl Scene {
    fn of(campaign: &Campaign, base: &Scenario) -> Scene {
        let contract_ends: Vec<Span> = base.tenants.iter().filter_map(|tenant| tenant.contract_end).collect();
        let sent = base.world.webhook_events.as_deref();
        let events: Vec<&'static str> = (keys::EVENTS.iter().copied())
            .filter(|event| sent.is_none_or(|sent| sent.iter().any(|name| name == event)))
            .collect();
        let call_starts: Vec<Span> =
            base.calls.iter().flat_map(|call| (0..call.count).map(|number| call.start(number))).collect();
        let ends = base.calls.iter().map(|call| call.start(call.count - 1) + call.duration);
        let is_quiet =
            |end: &Span| !call_starts.iter().any(|start| start.0 + QUIET.0 > end.0 && start.0 < end.0 + QUIET.0);
        let spared = |event: &str| campaign.spare.iter().any(|spared| spared == event);
        Scene {
            rooms: base.calls.iter().map(|call| call.room_name(0)).collect(),
            tenants: base.tenants.iter().map(|tenant| tenant.name.clone()).collect(),
            buckets: base.all_buckets().into_iter().map(|bucket| bucket.name).collect(),
            moments: base.calls.iter().map(|call| call.at).chain(contract_ends.iter().copied()).collect(),
            contract_ends,
            quiet_ends: ends.filter(is_quiet).collect(),
            instances: base.operator.instances,
            is_unhurried: base.tenants.iter().all(|tenant| tenant.retention_max.is_none()),
            losable: events.iter().copied().filter(|event| !spared(event)).collect(),
            events,
            window: campaign.size.window.map(u64::from),
        }
    }
}

fn fault(kind: &'static Kind, scene: &Scene) -> impl Strategy<Value = Fault> + use<> {
    let [shortest, longest] = scene.window;
    let seconds = (shortest..=longest).prop_map(|seconds| Some(Span::seconds(seconds)));
    let window = prop_oneof![3 => Just(None), 1 => seconds];
    let parameters: Vec<_> = kind
        .parameters
        .iter()
        .filter(|own| !(kind.name == "operator.deploy" && own.name == "to"))
        .map(|own| {
            let name = own.name;
            parameter(own.default).prop_map(move |value| value.map(|value| (name, value)))
        })
        .collect();
    (anchor(kind, scene), window, filter(kind, scene), parameters).prop_map(
        move |(anchor, window, filter, parameters)| Fault {
            name: String::new(),
            kind,
            window: window.filter(|_| !matches!(anchor, Anchor::On { count: 2.., .. })),
            anchor,
            filter,
            parameters: parameters.into_iter().flatten().collect(),
        },
    )
}

/// Every kind at every point where it may strike and in each effect, each as often as any other: what is rarely called is
/// struck, too.
fn aimed(kinds: &[&'static Kind], scene: &Scene) -> impl Strategy<Value = Fault> + use<> {
    let struck = |kind: &&'static Kind| {
        let (kind, effects) = (*kind, effects(kind));
        places(kind).iter().flat_map(move |point| effects.clone().into_iter().map(move |effect| (kind, *point, effect)))
    };
    let places: Vec<_> = kinds.iter().flat_map(struck).collect();
    let scene = scene.clone();
    (select(places), prop_oneof![3 => Just(1_u64), 1 => 2..4_u64]).prop_flat_map(move |((kind, point, effect), nth)| {
        let anchor = Anchor::On { point: point.into(), nth, count: 1 };
        fault(kind, &scene).prop_map(move |mut fault| {
            fault.anchor = anchor.clone();
            fault.parameters.extend(effect.map(|effect| ("effect", Value::Text(effect.into()))));
            fault
        })
    })
}

/// The points at which a kind may strike, found out once: each case asks for those of most kinds.
fn places(kind: &'static Kind) -> &'static [&'static str] {
    static PLACES: OnceLock<BTreeMap<&'static str, Vec<&'static str>>> = OnceLock::new();
    let of = |kind: &&'static Kind| (kind.name, points().filter(|point| kind.strikes_at(point)).collect());
    &PLACES.get_or_init(|| KINDS.iter().map(of).collect())[kind.name]
}

/// The effects that a kind may have; one that is none where it has no choice.
fn effects(kind: &'static Kind) -> Vec<Option<&'static str>> {
    let words = kind.parameters.iter().find(|own| own.name == "effect").map(|own| own.default);
    match words {
        Some(ParameterDefault::OneOf(words)) => words.iter().copied().map(Some).collect(),
        _ => vec![None],
    }
}

/// Mostly the nth match of a point, because that survives the deletion of what has nothing to do with it.
fn anchor(kind: &'static Kind, scene: &Scene) -> impl Strategy<Value = Anchor> + use<> {
    let point = prop_oneof![2 => Just(kind.on), 3 => select(places(kind))];
    let nth = prop_oneof![4 => 1..6_u64, 1 => 1..60_u64];
    let count = prop_oneof![4 => Just(1_u64), 1 => 2..4_u64];
    let on = (point, nth, count).prop_map(|(point, nth, count)| Anchor::On { point: point.into(), nth, count });
    let at = (select(scene.moments.clone()), 0..400_u64)
        .prop_map(|(moment, seconds)| Anchor::At(moment + Span::seconds(seconds)));
    prop_oneof![4 => on, 1 => at]
}

fn filter(kind: &'static Kind, scene: &Scene) -> BoxedStrategy<Filter> {
    let room = select(scene.rooms.clone()).prop_map(|room| Filter { room: Some(room), ..Filter::default() });
    let tenant = select(scene.tenants.clone()).prop_map(|name| Filter { tenant: Some(name), ..Filter::default() });
    let bucket = select(scene.buckets.clone()).prop_map(|name| Filter { bucket: Some(name), ..Filter::default() });
    let loses = LOSING.contains(&kind.name) && scene.losable.len() < scene.events.len();
    let event = select(if loses { scene.losable.clone() } else { scene.events.clone() })
        .prop_map(|event| Filter { event: Some(event.into()), ..Filter::default() });
    let instance =
        (0..u64::from(scene.instances)).prop_map(|number| Filter { instance: Some(number), ..Filter::default() });
    let anything = Just(Filter::default());
    match surface(kind.name) {
        "webhook" if loses => event.boxed(),
        "webhook" => prop_oneof![2 => anything, 3 => event, 1 => room].boxed(),
        "s3" | "upload" => prop_oneof![4 => anything, 1 => bucket].boxed(),
        "operator" => prop_oneof![4 => anything, 1 => instance].boxed(),
        "egress" | "livekit" => prop_oneof![4 => anything, 1 => room, 1 => tenant].boxed(),
        _ => anything.boxed(),
    }
}

/// None: the default.
fn parameter(default: ParameterDefault) -> BoxedStrategy<Option<Value>> {
    let given = match default {
        ParameterDefault::Integer(_) => (1..4_u64).prop_map(Value::Integer).boxed(),
        ParameterDefault::Span(text) => {
            let usual = Span::parse(text).expect("the defaults of a fault kind are tested");
            let around = [usual.0 / 4, usual.0 / 2, usual.0].map(|nanoseconds| Value::Span(Span(nanoseconds)));
            select(around.to_vec()).boxed()
        }
        ParameterDefault::Text(_) | ParameterDefault::SpanOf(_) => return Just(None).boxed(),
        ParameterDefault::OneOf(words) => select(words).prop_map(|word| Value::Text(word.into())).boxed(),
    };
    prop_oneof![1 => Just(None), 2 => given.prop_map(Some)].boxed()
}
