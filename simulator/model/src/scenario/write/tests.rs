//! What is written is read back as it was, and written again as it is.

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use super::write;
use crate::fault::kinds::s3::LAST_BUCKET;
use crate::fault::{self, Anchor, Default as ParameterDefault, Fault, Filter, KINDS, Kind, Value, points};
use crate::livekit::TrackSource;
use crate::scenario::file::parse;
use crate::scenario::{
    Bucket, Call, Command, Expect, ExpectedVerdict, Limits, ObjectLock, OperatorTable, OrderKind, OutputKind,
    Participant, Promises, Recording, Scenario, Severity, Tenant, When, WorldParameters, keys,
};
use crate::time::{Span, Time};

const DAY: u64 = 86_400_000_000_000;

fn prose() -> impl Strategy<Value = String> {
    "[ -~éß☎\n\t\r\"'\\\\]{0,40}"
}

fn name() -> impl Strategy<Value = String> {
    "[a-z0-9 .'\"\\\\é#=-]{1,10}"
}

fn span(max: u64) -> impl Strategy<Value = Span> {
    prop_oneof![(0..max).prop_map(Span), (0..=max / 1_000_000_000).prop_map(Span::seconds),]
        .prop_map(move |span| Span(span.0.clamp(1, max)))
}

fn world() -> impl Strategy<Value = WorldParameters> {
    let events = proptest::option::of(subsequence(keys::EVENTS, 1..=keys::EVENTS.len()));
    let numbers = (1..=100_u32, 1..=1000_u32, 0..5_u32, 1..=1000_u32, 1..u64::from(u32::MAX), any::<bool>());
    let spans = (span(DAY), span(DAY), span(DAY), span(DAY), span(DAY), span(DAY));
    (0..4_000_000_000_000_000_000_u64, events, numbers, spans, any::<bool>()).prop_map(
        |(start, events, numbers, spans, usual)| {
            if usual {
                return WorldParameters::default();
            }
            let (webhook_attempts, webhook_queue_depth, egress_capacity, list_page, bytes, error_prefix) = numbers;
            let (settle, webhook_queue_age, token_life, info_retention, egress_start, livekit_latency) = spans;
            WorldParameters {
                start: Time(start),
                horizon: Span(1000 * DAY),
                settle,
                webhook_events: events.map(|events| events.into_iter().map(Into::into).collect()),
                webhook_attempts,
                webhook_queue_depth,
                webhook_queue_age,
                token_life,
                info_retention,
                egress_start,
                egress_capacity,
                file_output_max_duration: settle,
                stream_output_max_duration: token_life,
                segment_output_max_duration: egress_start,
                image_output_max_duration: livekit_latency,
                upload_bytes_per_second: bytes,
                media_bytes_per_second: bytes / 2 + 1,
                livekit_latency,
                s3_latency: Span::ZERO,
                list_page,
                lifecycle_day: Span(DAY),
                error_prefix,
                // Names a bucket: see `scenario`.
                backup_bucket: None,
            }
        },
    )
}

fn limits() -> impl Strategy<Value = Limits> {
    (1..1_000_000_000_000_u64, 1..1_000_000_u64).prop_map(|(fuel, timers)| Limits { fuel, timers, ..Limits::default() })
}

fn promises() -> impl Strategy<Value = Promises> {
    (span(DAY), span(DAY)).prop_map(|(gap, converge)| Promises { gap, converge, ..Promises::default() })
}

fn free(floats: bool) -> impl Strategy<Value = toml::Table> {
    let leaf = prop_oneof![
        any::<i64>().prop_map(toml::Value::Integer),
        prose().prop_map(toml::Value::String),
        any::<bool>().prop_map(toml::Value::Boolean),
        (-1e9..1e9).prop_map(move |number: f64| if floats {
            toml::Value::Float(number)
        } else {
            toml::Value::Boolean(true)
        }),
    ];
    let value = leaf.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..3).prop_map(toml::Value::Array),
            btree_map(name(), inner, 0..3).prop_map(|table| toml::Value::Table(table.into_iter().collect())),
        ]
    });
    btree_map(name(), value, 0..3).prop_map(|table| table.into_iter().collect())
}

fn operator() -> impl Strategy<Value = OperatorTable> {
    (name(), name(), 1..=100_u32, span(DAY), free(true)).prop_map(|(use_, older, instances, restart, config)| {
        OperatorTable { use_, older: Some(older), instances, restart, config }
    })
}

fn bucket_name(number: usize) -> String {
    format!("rec-{number}")
}

fn tenants() -> impl Strategy<Value = Vec<Tenant>> {
    let one = (
        name(),
        subsequence((0..6).map(bucket_name).collect::<Vec<_>>(), 1..6),
        proptest::option::of("[a-z.-]{1,10}"),
        proptest::option::of(span(30 * DAY)),
        proptest::option::of(span(30 * DAY)),
        span(100 * DAY),
        proptest::option::of(span(100 * DAY)),
    );
    vec(one, 1..4).prop_map(|all| {
        all.into_iter()
            .enumerate()
            .map(|(number, (name, buckets, cdn, retention, longer, delete_within, contract_end))| Tenant {
                name: format!("{name}{number}"),
                buckets,
                cdn,
                retention,
                retention_max: longer.map(|longer| retention.unwrap_or_default() + longer),
                delete_within,
                contract_end,
            })
            .collect()
    })
}

fn buckets() -> impl Strategy<Value = Vec<Bucket>> {
    let one = (
        select(vec!["us-east-1", "eu-central-1"]),
        any::<bool>(),
        select(vec![ObjectLock::None, ObjectLock::Governance, ObjectLock::Compliance]),
        span(DAY),
        any::<bool>(),
    );
    (vec(one, 6), subsequence((0..6).collect::<Vec<_>>(), 0..6)).prop_map(|(all, chosen)| {
        let numbered = all.into_iter().enumerate().filter(|(number, _)| chosen.contains(number));
        numbered
            .map(|(number, (region, versioning, object_lock, lock_for, public))| Bucket {
                name: bucket_name(number),
                region: region.into(),
                versioning,
                object_lock,
                lock_for: (object_lock != ObjectLock::None).then_some(lock_for),
                public,
            })
            .collect()
    })
}

fn participants() -> impl Strategy<Value = Vec<Participant>> {
    let tracks =
        vec![TrackSource::Microphone, TrackSource::Camera, TrackSource::ScreenShare, TrackSource::ScreenShareAudio];
    let one =
        (name(), any::<bool>(), span(30_000_000_000), proptest::option::of(span(DAY)), subsequence(tracks, 0..=4));
    vec(one, 1..4).prop_map(|all| {
        let numbered = all.into_iter().enumerate();
        numbered
            .map(|(number, (identity, usual, join, stays, tracks))| {
                let named = Participant::named(&format!("{identity}{number}"));
                if usual {
                    named
                } else {
                    Participant { join, leave: stays.map(|stays| join + stays), tracks, ..named }
                }
            })
            .collect()
    })
}

fn calls(tenants: Vec<Tenant>) -> impl Strategy<Value = Vec<Call>> {
    let names: Vec<String> = tenants.into_iter().map(|tenant| tenant.name).collect();
    let one = (
        (select(names), name(), any::<bool>(), participants()),
        (span(100 * DAY), 1..50_u64, span(DAY), span(DAY)),
        select(vec![Recording::Compliance, Recording::Processing, Recording::None]),
        select(vec![OutputKind::Mp4, OutputKind::Hls]),
        1..100_u64,
    );
    vec(one, 0..4).prop_map(|all| {
        let numbered = all.into_iter().enumerate();
        numbered
            .map(
                |(
                    number,
                    ((tenant, room, named, participants), (at, count, every, longer), recording, output, segment),
                )| Call {
                    name: if named { format!("call {number}") } else { String::new() },
                    tenant,
                    // The number in front keeps the rules apart.
                    room: format!("{number}-{room}{}{{tenant}}", if count > 1 { "-{n}-" } else { "" }),
                    participants,
                    at,
                    count,
                    every: if count > 1 { every } else { Span::ZERO },
                    duration: Span::seconds(60) + longer,
                    recording,
                    output,
                    segment: Span::seconds(segment),
                },
            )
            .collect()
    })
}

fn after(calls: &[Call], pick: usize) -> Option<String> {
    let named: Vec<&Call> = calls.iter().filter(|call| !call.name.is_empty()).collect();
    named.get(pick % named.len().max(1)).map(|call| call.name.clone())
}

fn commands(tenants: &[Tenant], calls: Vec<Call>) -> impl Strategy<Value = Vec<Command>> + use<> {
    let names: Vec<String> = tenants.iter().map(|tenant| tenant.name.clone()).collect();
    let one = (
        select(names),
        proptest::option::of(name()),
        span(100 * DAY),
        proptest::option::of(any::<usize>()),
        select(vec![OrderKind::LegalHold, OrderKind::LiftHold, OrderKind::Playback]),
    );
    vec(one, 0..3).prop_map(move |all| {
        let numbered = all.into_iter().enumerate();
        numbered
            .map(|(number, (tenant, room, at, pick, order))| Command {
                name: if number == 0 { String::new() } else { format!("command {number}") },
                when: pick.and_then(|pick| after(&calls, pick)).map_or(When::At(at), When::After),
                order,
                tenant,
                room,
            })
            .collect()
    })
}

fn parameter(default: ParameterDefault) -> BoxedStrategy<Value> {
    match default {
        ParameterDefault::Integer(_) => (1..1000_u64).prop_map(Value::Integer).boxed(),
        ParameterDefault::Span(_) | ParameterDefault::SpanOf(_) => span(DAY).prop_map(Value::Span).boxed(),
        ParameterDefault::Text(_) => name().prop_map(Value::Text).boxed(),
        ParameterDefault::OneOf(words) => select(words).prop_map(|word| Value::Text(word.into())).boxed(),
    }
}

fn one_fault(kind: &'static Kind, tenants: &[Tenant], calls: Vec<Call>) -> impl Strategy<Value = Fault> + use<> {
    let all: Vec<&str> = points().filter(|point| kind.strikes_at(point)).chain(kind.points.iter().copied()).collect();
    let on = (select(all), 1..9_u64, 1..9_u64).prop_map(|(point, nth, count)| Anchor::On {
        point: point.into(),
        nth,
        count,
    });
    let at = span(100 * DAY).prop_map(Anchor::At);
    let step = any::<usize>().prop_map(move |pick| after(&calls, pick).map_or(Anchor::At(Span::SECOND), Anchor::After));
    let filter = (
        proptest::option::of(select(keys::EVENTS)),
        proptest::option::of(select(tenants[0].buckets.clone())),
        proptest::option::of(name()),
        proptest::option::of(select(tenants.iter().map(|tenant| tenant.name.clone()).collect::<Vec<_>>())),
        proptest::option::of(name()),
        proptest::option::of(0..9_u64),
    )
        .prop_map(|(event, bucket, key, tenant, room, instance)| {
            let event = event.map(Into::into);
            Filter { event, bucket, key, tenant, room, instance }
        });
    let parameters: Vec<_> = kind
        .parameters
        .iter()
        .map(|own| {
            let value = match own.default {
                ParameterDefault::Text(text) if text == LAST_BUCKET => {
                    select(tenants[0].buckets.clone()).prop_map(Value::Text).boxed()
                }
                default => parameter(default),
            };
            proptest::option::of(value.prop_map(|value| (own.name, value)))
        })
        .collect();
    (
        prop_oneof![on, at, step],
        proptest::option::of(span(DAY)),
        prop_oneof![Just(Filter::default()).boxed(), filter.boxed()],
        parameters,
    )
        .prop_map(move |(anchor, window, filter, parameters)| Fault {
            name: String::new(),
            kind,
            window: window.filter(|_| !matches!(anchor, Anchor::On { count: 2.., .. })),
            anchor,
            filter,
            parameters: parameters.into_iter().flatten().collect(),
        })
}

fn faults(tenants: Vec<Tenant>, calls: Vec<Call>) -> impl Strategy<Value = Vec<Fault>> {
    let one = select(KINDS).prop_flat_map(move |kind| one_fault(kind, &tenants, calls.clone()));
    vec(one, 0..4).prop_map(|mut all| {
        for (number, fault) in all.iter_mut().enumerate().skip(1) {
            fault.name = format!("fault {number}");
        }
        all
    })
}

fn expects() -> impl Strategy<Value = Vec<Expect>> {
    let counts = subsequence(keys::COUNTS.keys, 0..4).prop_flat_map(|keys| {
        let numbers = vec(0..1_000_000_u64, keys.len());
        numbers.prop_map(move |numbers| keys.iter().map(|key| key.name.to_owned()).zip(numbers).collect())
    });
    let verdict = prop_oneof![
        Just((ExpectedVerdict::Pass, Vec::new())),
        Just((ExpectedVerdict::Inconclusive, Vec::new())),
        subsequence(keys::PROPERTIES, 1..4).prop_map(|ids| (
            ExpectedVerdict::Violates,
            ids.into_iter().map(String::from).chain(["custom.mine".into()]).collect()
        )),
    ];
    vec((verdict, counts), 0..3).prop_map(|all| {
        let numbered = all.into_iter().enumerate();
        numbered
            .map(|(number, ((verdict, violates), counts))| Expect {
                operator: if number == 0 { "builtin:reference".into() } else { format!("builtin:broken/{number}") },
                verdict,
                violates,
                counts,
            })
            .collect()
    })
}

/// Any scenario that the reader accepts.
fn scenario() -> impl Strategy<Value = Scenario> {
    let actors = tenants().prop_flat_map(|tenants| {
        let calls = calls(tenants.clone());
        (Just(tenants), calls)
    });
    let acts = actors.prop_flat_map(|(tenants, calls)| {
        let commands = commands(&tenants, calls.clone());
        let faults = faults(tenants.clone(), calls.clone());
        (Just(tenants), Just(calls), commands, faults)
    });
    let severity = select(vec![Severity::Low, Severity::Medium, Severity::High, Severity::Critical]);
    let head = (name(), prose(), severity, any::<u64>(), prose(), prose());
    (head, world(), limits(), promises(), operator(), acts, buckets(), expects(), free(false)).prop_map(
        |(
            head,
            mut world,
            limits,
            promises,
            operator,
            (tenants, calls, commands, faults),
            mut buckets,
            expects,
            found,
        )| {
            let (name, title, severity, seed, question, expected) = head;
            // A bucket's table of nobody, while a tenant's bucket has none, counts as misspelt.
            buckets.retain(|bucket| tenants.iter().any(|tenant| tenant.buckets.contains(&bucket.name)));
            let backup = tenants.iter().flat_map(|tenant| &tenant.buckets).last();
            world.backup_bucket = backup.filter(|_| seed % 2 == 0).cloned();
            Scenario {
                name,
                title,
                severity,
                seed,
                question,
                expected,
                world,
                limits,
                promises,
                operator,
                tenants,
                buckets,
                calls,
                commands,
                faults,
                expects,
                found,
            }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_is_read_back(scenario in scenario()) {
        let file = write(&scenario);
        let read = parse("another-name", &file);
        let read = read.unwrap_or_else(|error| panic!("{}\n{file}", error.render("written.toml")));
        prop_assert_eq!(&read, &scenario, "{}", file);
        prop_assert_eq!(write(&read), file);
    }

    #[test]
    fn no_text_makes_the_reader_panic(scenario in scenario(), cut in any::<prop::sample::Index>(), put in prose()) {
        let file = write(&scenario);
        let at = file.floor_char_boundary(cut.index(file.len()));
        let broken = [&file[..at], &put, &file[at..]].concat();
        for text in [&broken, &file[..at]] {
            if let Err(error) = parse("broken", text) {
                prop_assert!(error.render("broken.toml").contains(": error: "));
            }
        }
    }
}

#[test]
fn a_file_is_written_in_one_way() {
    let source = r#"
        format = 1
        expected = "all of it"
        title = "every block"
        seed = 0x07
        [[expect]]
        counts = { heads = 3, calls = 1 }
        verdict = "violates"
        violates = ["deletion.complete", "audit.truthful"]
        operator = "builtin:broken/sweep-first-page-only"
        [[fault]]
        keys = 2
        do = "s3.batch_partial"
        where = { tenant = "acme", bucket = "rec" }
        [[fault]]
        name = "slow"
        do = "s3.slow_down"
        at = "24h"
        for = "60m"
        [[command]]
        after = "slow"
        do = "legal_hold"
        tenant = "acme"
        [[call]]
        duration = "90m"
        tenant = "acme"
        room = "{tenant}-{n}"
        at = "0s"
        every = "2h"
        count = 3
        participants = ["alice"]
        segment = "6s"
        output = "mp4"
        [[call]]
        tenant = "acme"
        room = "late"
        at = "1h"
        duration = "5m"
        recording = "compliance"
        [[call.participant]]
        tracks = ["camera", "microphone"]
        join = "30s"
        identity = "bob"
        [[bucket]]
        versioning = true
        name = "rec"
        [[tenant]]
        buckets = ["rec"]
        name = "acme"
        [operator.config]
        b.c = 1.5
        a = [1, 2]
        [world]
        list_page = 1_000
        horizon = "1000h"
        start = 2026-01-01T00:00:00Z
        [found]
        seed = 4
    "#;
    insta::assert_snapshot!(write(&parse("every-block", source).unwrap()));
}

#[test]
fn kinds_are_told_apart_by_name() {
    assert!(KINDS.iter().all(|kind| fault::kind(kind.name).is_some_and(|found| std::ptr::eq(found, *kind))));
}
