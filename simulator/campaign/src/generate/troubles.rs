//! Faults that take more than one thing right: the call, its parameter, the moment and how long.
//!
//! Any kind at any point is what finds the unexpected, but of such faults few meet a call that an operator makes at that
//! moment. These are what the services' users and every on-call engineer know; reports of each stand with its kind. They are
//! about services and processes, not about some operator: each may strike every time, and leaves the rest to chance. Some never
//! come alone: what ails a node ails all that it does.

use egress_sim_model::fault::{Anchor, Default as ParameterDefault, Fault, Filter, Kind, Value};
use egress_sim_model::time::Span;
use proptest::prelude::*;
use proptest::sample::select;

use super::faults::{LOSING, Scene};
use crate::campaign::surface;

/// A trouble, with what it leaves to chance.
struct Trouble {
    kind: &'static str,
    moment: Moment,
    /// Of each parameter the values that it may have, as the file spells them.
    with: &'static [(&'static str, &'static [&'static str])],
    /// How long; an empty text: once.
    lasts: &'static [&'static str],
    /// `where.event`; none: any.
    events: &'static [&'static str],
    /// The worlds in which an operator can get over it.
    bearable: fn(&Scene) -> bool,
    /// Its kind may lose events, but like this it only holds them up, for less than anybody waits.
    brief: bool,
    /// What comes along with it, where faults of that kind are in.
    beside: Option<&'static Trouble>,
}

/// When a trouble begins.
enum Moment {
    /// At one of the first times that one of these is reached.
    Reached(&'static [&'static str]),
    /// Before anything else.
    Always,
    /// While a contract ends.
    ContractEnd,
    /// While a call ends, and no other one begins.
    QuietEnd,
}

const ONCE: &[&str] = &[""];
const SHORT: &[&str] = &["2s", "8s"];

const fn at(kind: &'static str, points: &'static [&'static str]) -> Trouble {
    Trouble {
        kind,
        moment: Moment::Reached(points),
        with: &[],
        lasts: ONCE,
        events: &[],
        bearable: |_| true,
        brief: false,
        beside: None,
    }
}

impl Trouble {
    const fn with(self, with: &'static [(&'static str, &'static [&'static str])]) -> Trouble {
        Trouble { with, ..self }
    }

    const fn lasting(self, lasts: &'static [&'static str]) -> Trouble {
        Trouble { lasts, ..self }
    }

    const fn of(self, events: &'static [&'static str]) -> Trouble {
        Trouble { events, ..self }
    }

    const fn where_bearable(self, bearable: fn(&Scene) -> bool) -> Trouble {
        Trouble { bearable, ..self }
    }

    const fn when(self, moment: Moment) -> Trouble {
        Trouble { moment, ..self }
    }

    const fn briefly(self) -> Trouble {
        Trouble { brief: true, ..self }
    }

    const fn beside(self, other: &'static Trouble) -> Trouble {
        Trouble { beside: Some(other), ..self }
    }
}

const START: &[&str] = &["livekit.start_egress"];
const DELIVERY: &[&str] = &["webhook.delivery"];

/// Of each egress, what its worker reports on the way comes behind what is reported later.
static LATE_UPDATES: Trouble = at("webhook.reorder", &[])
    .when(Moment::Always)
    .with(&[("by", &["30s", "1m"])])
    .lasting(&["1d"])
    .of(&["egress_updated"]);

static TROUBLES: &[Trouble] = &[
    // LiveKit started it, and nobody was told, or late.
    at("livekit.timeout", START).with(&[("effect", &["after"])]),
    at("livekit.slow", START).with(&[("by", &["5s", "15s"])]),
    at("livekit.refused", START).with(&[("code", &["unavailable", "not_found", "resource_exhausted"])]),
    // A process dies between two things that belong together.
    at("operator.crash", &["store.commit", "timers.set"]).with(&[("effect", &["before", "after"])]),
    at("operator.crash", &["publish.publish"]).with(&[("effect", &["before", "after"])]),
    at("operator.crash", &["livekit.start_egress", "s3.delete_objects", "audit.append"])
        .with(&[("effect", &["before", "after"])]),
    at("operator.crash", &["store.commit", "timers.set"]).lasting(&["4s", "8s"]),
    // What another instance does while one of them waits for the store; a commit without an answer; a failover.
    at("store.slow", &["store.state_get", "timers.set", "store.commit"])
        .with(&[("by", &["5s", "15s"])])
        .lasting(&["", "8s"]),
    at("store.slow", &["store.state_get"]).with(&[("by", &["5s", "15s"])]).lasting(&["8s", "30s"]),
    at("store.timeout", &["store.commit"]).with(&[("effect", &["after"])]),
    at("store.unavailable", &["audit.append"]),
    at("store.unavailable", &["publish.publish", "store.commit"]),
    // The sink throttles a deletion, refuses it in part, or forgets to answer; a policy hides what is there.
    at("s3.slow_down", &[]).when(Moment::ContractEnd).lasting(SHORT),
    at("s3.slow_down", &["s3.list_object_versions", "s3.delete_objects"]).lasting(&["", "2s", "8s"]),
    at("s3.batch_partial", &["s3.delete_objects"]).with(&[("code", &["AccessDenied", "SlowDown", "InternalError"])]),
    at("s3.refused", &["s3.head_object"]).with(&[("code", &["AccessDenied", "InvalidAccessKeyId"])]),
    at("s3.timeout", &["s3.delete_objects"]).with(&[("effect", &["before"])]),
    // Somebody suspends the versioning of a bucket that has versions already.
    at(
        "s3.versioning_suspended",
        &[
            "s3.delete_objects",
            "s3.get_object",
            "s3.list_multipart_uploads",
            "s3.list_object_versions",
            "s3.list_objects_v2",
        ],
    ),
    // Replication is a setting of the bucket: it is there all the time.
    at("s3.replica", &[]).when(Moment::Always).with(&[("by", &["15m", "6h"])]).lasting(&["1d"]),
    // The storage fails a worker.
    at("upload.fail", &["upload.file", "upload.segment", "upload.playlist_end"])
        .with(&[("leftover", &["none", "multipart"])]),
    at("upload.lost", &["upload.file", "upload.segment"]).with(&[("poisons", &["one", "rest"])]),
    // It arrives hours later, behind its own deletion. Behind a `retention_max` it would be there too long whoever looks when.
    at("upload.late", &["upload.file", "upload.manifest", "upload.segment"])
        .with(&[("by", &["6h"])])
        .where_bearable(|scene| scene.is_unhurried),
    // A worker dies, is killed, or takes its time.
    at("egress.stuck", &["egress.ending", "egress.active"]),
    at("egress.fail", &["egress.active"]).with(&[("reason", &["cpu_exhausted", "oom", "handler_crash"])]),
    // On a node that has too much to do the handler is killed, and the node's own reports are late.
    at("egress.fail", &["egress.active"]).with(&[("reason", &["cpu_exhausted", "oom"])]).beside(&LATE_UPDATES),
    at("egress.abort", &["egress.active", "egress.start"]),
    at("egress.ends_early", &["egress.active"]),
    at("egress.slow_start", &["egress.start"]).with(&[("by", &["1m"])]),
    at("egress.retried", &["egress.start"]).with(&[("leaves", &["partial", "nothing"])]),
    // LiveKit says what is not so, says it twice, or in words of its next version; somebody else says it.
    at("webhook.spurious", DELIVERY).with(&[("claims", &["room_finished"])]).of(&["track_published", "egress_started"]),
    at("webhook.spurious", DELIVERY).with(&[("claims", &["egress_ended"])]).of(&["egress_started", "egress_updated"]),
    at("webhook.duplicate", DELIVERY).with(&[("copy", &["same", "new_id"])]).of(&["room_started", "egress_ended"]),
    at("webhook.duplicate", DELIVERY)
        .with(&[("copy", &["same", "new_id"]), ("delay", &["30s", "1m"])])
        .of(&["egress_started", "egress_updated"]),
    at("webhook.reorder", DELIVERY).with(&[("by", &["30s", "1m"])]).of(&["egress_updated", "egress_started"]),
    at("webhook.reorder", &[])
        .when(Moment::Always)
        .with(&[("by", &["30s", "1m"])])
        .lasting(&["1d"])
        .of(&["egress_updated", "egress_started"]),
    // A relay in front of several instances kept everything for a moment: they get what belongs together at once.
    at("webhook.storm", DELIVERY).lasting(SHORT).briefly(),
    at("webhook.newer_server", &[])
        .when(Moment::Always)
        .with(&[("what", &["unknown_field", "unknown_event"])])
        .lasting(&["1d"]),
    at("webhook.forged", DELIVERY).with(&[("forgery", &["stolen_token", "expired_token"])]),
    at("webhook.altered", DELIVERY).of(&["egress_ended", "egress_updated", "room_finished"]),
    at("webhook.drop", DELIVERY).of(&["egress_ended", "room_finished"]),
    // A machine comes back from a pause with the time at which it went.
    at("clock.skew", &[])
        .when(Moment::QuietEnd)
        .with(&[("by", &["9m"]), ("direction", &["behind"])])
        .lasting(&["8s", "15s"]),
];

/// Faults that are one of the troubles of these kinds; none: there is no such trouble.
pub(super) fn troubles(kinds: &[&'static Kind], scene: &Scene) -> Option<BoxedStrategy<Vec<Fault>>> {
    let one = |trouble: &'static Trouble| {
        let kind = *kinds.iter().find(|kind| kind.name == trouble.kind && (trouble.bearable)(scene))?;
        strategy(trouble, kind, scene)
    };
    let possible: Vec<BoxedStrategy<Vec<Fault>>> = TROUBLES
        .iter()
        .filter_map(|trouble| {
            let first = one(trouble)?;
            Some(match trouble.beside.and_then(one) {
                Some(other) => (first, other).prop_map(|(first, other)| vec![first, other]).boxed(),
                None => first.prop_map(|first| vec![first]).boxed(),
            })
        })
        .collect();
    (!possible.is_empty()).then(|| proptest::strategy::Union::new(possible).boxed())
}

fn strategy(
    trouble: &'static Trouble,
    kind: &'static Kind,
    scene: &Scene,
) -> Option<impl Strategy<Value = Fault> + use<>> {
    let parameters: Vec<_> = trouble
        .with
        .iter()
        .map(|(name, values)| {
            let own = kind.parameters.iter().find(|own| own.name == *name);
            let own = own.unwrap_or_else(|| panic!("{} has no {name}", kind.name));
            select(*values).prop_map(|text| (own.name, value(own.default, text)))
        })
        .collect();
    let lasts = select(trouble.lasts).prop_map(span);
    Some((anchor(trouble, scene)?, lasts, filter(trouble, kind, scene)?, parameters).prop_map(
        move |(anchor, window, filter, parameters)| Fault {
            name: String::new(),
            kind,
            anchor,
            window,
            filter,
            parameters: parameters.into_iter().collect(),
        },
    ))
}

/// None: there is no such moment in this world.
fn anchor(trouble: &Trouble, scene: &Scene) -> Option<BoxedStrategy<Anchor>> {
    let around = |moments: &[Span]| {
        (!moments.is_empty()).then(|| {
            (select(moments.to_vec()), 0..5_u64)
                .prop_map(|(moment, seconds)| Anchor::At(moment + Span::seconds(seconds)))
                .boxed()
        })
    };
    match trouble.moment {
        Moment::Always => Some(Just(Anchor::At(Span::ZERO)).boxed()),
        Moment::ContractEnd => around(&scene.contract_ends),
        Moment::QuietEnd => around(&scene.quiet_ends),
        Moment::Reached(points) => {
            let nth = prop_oneof![4 => 1..5_u64, 2 => 1..13_u64, 1 => 1..40_u64];
            let reached = (select(points), nth);
            Some(reached.prop_map(|(point, nth)| Anchor::On { point: point.into(), nth, count: 1 }).boxed())
        }
    }
}

/// None: no event that it could strike is sent, or all of them are spared.
fn filter(trouble: &Trouble, kind: &Kind, scene: &Scene) -> Option<BoxedStrategy<Filter>> {
    if surface(kind.name) != "webhook" {
        return Some(Just(Filter::default()).boxed());
    }
    let loses = LOSING.contains(&kind.name) && !trouble.brief;
    let possible = if loses { &scene.losable } else { &scene.events };
    let wanted = |event: &&str| trouble.events.is_empty() || trouble.events.contains(event);
    let events: Vec<&'static str> = possible.iter().copied().filter(wanted).collect();
    if trouble.events.is_empty() && !loses {
        return Some(Just(Filter::default()).boxed());
    }
    (!events.is_empty())
        .then(|| select(events).prop_map(|event| Filter { event: Some(event.into()), ..Filter::default() }).boxed())
}

fn span(text: &str) -> Option<Span> {
    (!text.is_empty()).then(|| Span::parse(text).expect("the spans of the troubles are tested"))
}

fn value(default: ParameterDefault, text: &'static str) -> Value {
    match default {
        ParameterDefault::Integer(_) => Value::Integer(text.parse().expect("the numbers of the troubles are tested")),
        ParameterDefault::Span(_) | ParameterDefault::SpanOf(_) => {
            Value::Span(span(text).expect("the spans of the troubles are tested"))
        }
        ParameterDefault::Text(_) | ParameterDefault::OneOf(_) => Value::Text(text.into()),
    }
}

#[cfg(test)]
mod tests {
    use egress_sim_model::fault;

    use super::*;

    #[test]
    fn every_trouble_is_one_that_its_kind_can_be() {
        for trouble in TROUBLES {
            let kind = fault::kind(trouble.kind).unwrap_or_else(|| panic!("there is no {}", trouble.kind));
            if let Moment::Reached(points) = trouble.moment {
                for point in points {
                    assert!(kind.strikes_at(point), "{} at {point}", kind.name);
                }
            }
            for (name, values) in trouble.with {
                let own = kind.parameters.iter().find(|own| own.name == *name);
                let own = own.unwrap_or_else(|| panic!("{} has no {name}", kind.name));
                for text in *values {
                    let given = value(own.default, text);
                    if let (ParameterDefault::OneOf(words), Value::Text(word)) = (own.default, given) {
                        assert!(words.contains(&word.as_str()), "{} {name} = {word}", kind.name);
                    }
                }
            }
            for text in trouble.lasts {
                let _ = span(text);
            }
        }
    }
}
