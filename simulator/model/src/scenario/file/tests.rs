//! What people get to read when a file is wrong, and what is read from a file that is right.

use super::parse;
use crate::fault::{Anchor, Value};
use crate::scenario::{FORMAT, Participant, Scenario, When};
use crate::time::{Span, Time};

/// A file around what a test is about: one tenant, one call.
fn file(rest: &str) -> String {
    format!(
        r#"format = {FORMAT}

[[tenant]]
name = "acme-1"
buckets = ["rec-eu-1", "rec-eu-2"]

[[call]]
tenant = "acme-1"
room = "standup"
participants = ["alice", "bob"]
at = "1h"
duration = "30m"
recording = "compliance"
{rest}"#
    )
}

fn messages(source: &str) -> String {
    parse("broken", source).expect_err("the file is broken").render("scenarios/broken.toml")
}

fn good(source: &str) -> Scenario {
    parse("good", source).unwrap_or_else(|error| panic!("{}", error.render("good.toml")))
}

/// Each of these is a snapshot of what a person reads.
macro_rules! broken {
    ($($name:ident: $source:expr;)*) => {
        $(#[test]
        fn $name() {
            insta::assert_snapshot!(stringify!($name), messages(&$source));
        })*
    };
}

broken! {
    unknown_key: file("[[command]]\ndo = \"playback\"\nat = \"2h\"\ntenent = \"acme-1\"\n");
    unknown_key_far_from_any: file("[[bucket]]\nname = \"rec-eu-1\"\nencryption = true\n");
    unknown_table: file("[wrld]\nhorizon = \"1d\"\n");
    key_of_another_table: format!("horizon = \"1d\"\n{}", file(""));
    bad_duration: file("[world]\nhorizon = \"90\"\nsettle = \"1m1h\"\ns3_latency = 30\negress_start = \"2 s\"\n");
    unknown_replica: file("[[fault]]\ndo = \"s3.replica\"\nto = \"rec-eu-3\"\n");
    unknown_tenant: file("").replace("tenant = \"acme-1\"", "tenant = \"acme1\"");
    unknown_bucket: file("[[fault]]\ndo = \"s3.slow_down\"\nwhere = { bucket = \"rec-eu-3\" }\n");
    unknown_backup_bucket: file("[world]\nbackup_bucket = \"rec-backup\"\n");
    misspelt_bucket_table: file("[[bucket]]\nname = \"rec-eu1\"\nversioning = true\n");
    bad_bucket_names: file("").replace("[\"rec-eu-1\", \"rec-eu-2\"]", "[\"Rec\", \"10.0.0.1\", \"ok-1\"]");
    same_live_room: file("[[call]]\ntenant = \"acme-1\"\nroom = \"standup\"\nparticipants = [\"carol\"]\nat = \"80m\"\nduration = \"1h\"\n");
    same_live_room_by_template: file("[[call]]\ntenant = \"acme-1\"\nroom = \"stand{n}\"\nparticipants = [\"carol\"]\nat = \"0s\"\nevery = \"1m\"\ncount = 200\nduration = \"2h\"\n[[call]]\ntenant = \"acme-1\"\nroom = \"stand7\"\nparticipants = [\"carol\"]\nat = \"1h\"\nduration = \"2h\"\n");
    same_live_room_within_a_rule: file("count = 3\nevery = \"10m\"\n");
    zero_counts: file("count = 0\n[world]\nwebhook_attempts = 0\nlist_page = 0\nhorizon = \"0s\"\n[operator]\ninstances = 0\n[[fault]]\ndo = \"webhook.drop\"\nnth = 0\ncount = 0\n[[fault]]\ndo = \"webhook.duplicate\"\ntimes = 0\n");
    numbers_too_large: file("count = 5_000_000\nevery = \"1s\"\nsegment = \"600000d\"\n[world]\nlist_page = 1001\nwebhook_attempts = 99999999999999999999999999\nseed = 1\n");
    too_many_calls: file("[[call]]\ntenant = \"acme-1\"\nroom = \"r-{n}\"\nparticipants = [\"carol\"]\nat = \"1h\"\nevery = \"1s\"\ncount = 1_000_000\nduration = \"1h\"\n");
    negative_number: file("count = -1\n");
    wrong_types: file("count = \"3\"\noutput = 4\nsegment = 6.0\n[world]\nerror_prefix = \"true\"\nwebhook_events = \"room_started\"\nhorizon = true\n[operator]\nuse = [\"builtin:reference\"]\n");
    wrong_brackets: "format = 1\n[tenant]\nname = \"acme\"\n[[world]]\nhorizon = \"1d\"\n";
    floats: file("[promises]\ngap = 1.5\n[world]\nlist_page = 1e2\n[operator.config]\nok = 1.5\nbad = nan\n[found]\nshare = 0.5\n");
    truncated: file("[[fault]]\ndo = \"s3.batch_partial\"\ncode = \"Slow");
    truncated_in_a_list: file("[world]\nwebhook_events = [\"room_started\",\n");
    no_toml: "format: 1\nworld:\n  horizon: 1d\n";
    duplicate_key: file("duration = \"1h\"\n[world]\nhorizon = \"1d\"\n[world]\nsettle = \"1d\"\n");
    empty: "";
    format_missing: "title = \"x\"\n";
    format_newer: "format = 2\n[whatever]\nkey = 1.5\n";
    format_zero: "format = 0\n";
    missing_keys: "format = 1\n[[tenant]]\nname = \"acme\"\n[[call]]\ntenant = \"acme\"\n";
    call_times: file("[[call]]\ntenant = \"acme-1\"\nroom = \"late\"\nparticipants = [\"carol\"]\nat = \"500d\"\nduration = \"1h\"\n[[call]]\ntenant = \"acme-1\"\nroom = \"many-{n}\"\nparticipants = [\"carol\"]\nat = \"1d\"\nevery = \"1d\"\ncount = 500\nduration = \"1h\"\n[[call]]\ntenant = \"acme-1\"\nroom = \"long\"\nparticipants = [\"carol\"]\nat = \"1d\"\nduration = \"200000d\"\n[[call]]\ntenant = \"acme-1\"\nroom = \"far-{n}\"\nparticipants = [\"carol\"]\nat = \"1d\"\nevery = \"200000d\"\ncount = 2000\nduration = \"1h\"\n");
    count_without_every: file("count = 3\n");
    segments: file("segment = \"1500ms\"\n[[call]]\ntenant = \"acme-1\"\nroom = \"zero\"\nparticipants = [\"carol\"]\nat = \"1d\"\nduration = \"1h\"\nsegment = \"0s\"\n");
    participants: "format = 1\n[[tenant]]\nname = \"acme\"\nbuckets = [\"rec\"]\n[[call]]\ntenant = \"acme\"\nroom = \"r\"\nat = \"1h\"\nduration = \"10m\"\n[[call.participant]]\nidentity = \"alice\"\njoin = \"5m\"\nleave = \"5m\"\n[[call.participant]]\nidentity = \"bob\"\njoin = \"10m\"\n[[call.participant]]\nidentity = \"alice\"\ntracks = [\"microfone\", \"camera\", \"camera\"]\n[[call]]\ntenant = \"acme\"\nroom = \"nobody\"\nat = \"1h\"\nduration = \"10m\"\n[[call]]\ntenant = \"acme\"\nroom = \"both\"\nparticipants = [\"alice\", \"alice\"]\nat = \"1h\"\nduration = \"10m\"\n[[call.participant]]\nidentity = \"bob\"\n";
    room_templates: file("").replace("standup", "standup-{i}");
    duplicate_names: file("name = \"one\"\n[[tenant]]\nname = \"acme-1\"\nbuckets = [\"rec-eu-1\"]\n[[bucket]]\nname = \"rec-eu-1\"\n[[bucket]]\nname = \"rec-eu-1\"\n[[command]]\nname = \"one\"\ndo = \"playback\"\nat = \"2h\"\ntenant = \"acme-1\"\n[[expect]]\nverdict = \"pass\"\n[[expect]]\noperator = \"builtin:reference\"\nverdict = \"inconclusive\"\n");
    retention: file("").replace("buckets = [", "retention = \"30d\"\nretention_max = \"10d\"\ndelete_within = \"0s\"\ncontract_end = \"210000d\"\nbuckets = [");
    unknown_fault: file("[[fault]]\ndo = \"webhook.dup\"\ndelay = \"1s\"\n[[fault]]\ndo = \"moon.eclipse\"\n[[fault]]\ndo = \"store.eclipse\"\n");
    fault_parameters: file("[[fault]]\ndo = \"s3.batch_partial\"\nkey = 1\ndelay = \"1s\"\n[[fault]]\ndo = \"operator.crash\"\neffect = \"befor\"\n");
    fault_points: file("[[fault]]\ndo = \"s3.slow_down\"\non = \"s3.put_objects\"\n[[fault]]\ndo = \"webhook.drop\"\non = \"s3.put_object\"\n[[fault]]\ndo = \"s3.slow_down\"\non = \"*\"\n");
    fault_times: file("[[fault]]\ndo = \"webhook.drop\"\nat = \"1h\"\non = \"webhook.delivery\"\n[[fault]]\ndo = \"webhook.drop\"\nat = \"1h\"\nnth = 2\n[[fault]]\ndo = \"s3.slow_down\"\ncount = 2\nfor = \"1h\"\n[[fault]]\ndo = \"s3.slow_down\"\nat = \"900d\"\n");
    fault_where: file("[[fault]]\ndo = \"webhook.drop\"\nwhere = { event = \"egress_end\", tenant = \"acme-2\", rooom = \"standup\" }\n");
    command_times: file("[[command]]\ndo = \"playback\"\ntenant = \"acme-1\"\n[[command]]\ndo = \"hold\"\ntenant = \"acme-1\"\nat = \"1d\"\nafter = \"x\"\n[[command]]\ndo = \"legal_hold\"\ntenant = \"acme-1\"\nat = \"401d\"\n");
    unknown_step: file("name = \"the-call\"\n[[command]]\ndo = \"playback\"\nafter = \"the-cal\"\ntenant = \"acme-1\"\n");
    circle_of_steps: file("[[command]]\nname = \"a\"\ndo = \"playback\"\nafter = \"b\"\ntenant = \"acme-1\"\n[[fault]]\nname = \"b\"\ndo = \"webhook.drop\"\nafter = \"c\"\n[[command]]\nname = \"c\"\ndo = \"playback\"\nafter = \"a\"\ntenant = \"acme-1\"\n[[command]]\nname = \"d\"\ndo = \"playback\"\nafter = \"d\"\ntenant = \"acme-1\"\n");
    expectations: file("[[expect]]\nverdict = \"passes\"\n[[expect]]\noperator = \"builtin:broken/x\"\nviolates = [\"deletion.complet\", \"custom.mine\"]\ncounts = { egreses = 1, heads = -1 }\n");
    start_without_offset: file("[world]\nstart = 2026-01-01T00:00:00\n");
    start_beyond_the_clock: file("[world]\nstart = 2600-01-01T00:00:00Z\n");
    horizon_beyond_the_clock: file("[world]\nhorizon = \"200000d\"\n");
    lock_without_mode: file("[[bucket]]\nname = \"rec-eu-1\"\nlock_for = \"1d\"\n");
    cdn_with_scheme: file("").replace("buckets = [", "cdn = \"https://cdn.acme.example/\"\nbuckets = [");
}

#[test]
fn problems_stand_in_order_of_the_file_and_point_at_the_value() {
    let source = file("count = 0\nsegment = \"x\"\n");
    let error = parse("broken", &source).unwrap_err();
    let pointed: Vec<&str> = error.problems().iter().map(|problem| &source[problem.at.clone()]).collect();
    assert_eq!(pointed, ["0", "\"x\""]);
}

#[test]
fn miette_shows_every_problem() {
    let source = file("count = 0\ncolour = 1\n");
    let error = parse("broken", &source).unwrap_err().with_path("scenarios/broken.toml");
    let mut shown = String::new();
    let theme = miette::GraphicalTheme::unicode_nocolor();
    miette::GraphicalReportHandler::new_themed(theme).with_width(100).render_report(&mut shown, &error).unwrap();
    insta::assert_snapshot!(shown);
}

#[test]
fn tabs_carriage_returns_and_wide_letters_keep_the_place() {
    let source = "format = 1\r\ntitle = \"Zürich ☎\"\t\r\n\tseverity = \"bad\"\r\n";
    insta::assert_snapshot!(messages(source));
}

#[test]
fn a_file_with_nothing_but_its_format_has_every_default() {
    let scenario = good("format = 1");
    assert_eq!(scenario.name, "good");
    assert_eq!(scenario.world, crate::scenario::WorldParameters::default());
    assert_eq!(scenario.limits, crate::scenario::Limits::default());
    assert_eq!(scenario.promises, crate::scenario::Promises::default());
    assert_eq!(scenario.operator, crate::scenario::OperatorTable::default());
    assert_eq!(scenario.severity, crate::scenario::Severity::default());
}

#[test]
fn a_call_has_the_defaults_of_the_format() {
    let scenario = good(&file(""));
    let call = &scenario.calls[0];
    assert_eq!((call.count, call.segment), (1, Span::seconds(6)));
    assert_eq!(call.participants, [Participant::named("alice"), Participant::named("bob")]);
    assert_eq!(scenario.tenants[0].delete_within, Span::seconds(90 * 86_400));
}

#[test]
fn start_is_a_moment_of_toml_or_a_text() {
    let written = good("format = 1\n[world]\nstart = 2026-03-01T02:00:00.5+02:00");
    assert_eq!(written.world.start.to_rfc3339(), "2026-03-01T00:00:00.5Z");
    assert_eq!(good("format = 1\n[world]\nstart = \"2026-03-01T00:00:00.5Z\"").world.start, written.world.start);
    assert_eq!(good("format = 1\n[world]\nstart = 1970-01-01T00:00:00Z").world.start, Time(0));
}

#[test]
fn one_room_may_be_used_by_one_call_after_another() {
    let after = file(
        "[[call]]\ntenant = \"acme-1\"\nroom = \"standup\"\nparticipants = [\"carol\"]\nat = \"1h31m\"\nduration = \"1h\"\n",
    );
    assert_eq!(good(&after).calls.len(), 2);
    assert_eq!(good(&file("count = 3\nevery = \"31m\"\n")).calls[0].count, 3);
    let at_once = after.replace("1h31m", "1h30m");
    assert!(parse("broken", &at_once).is_err(), "the first one is live until the very moment");
}

#[test]
fn every_way_to_say_when_is_read() {
    let scenario = good(&file(
        "name = \"the-call\"\n[[command]]\nname = \"look\"\ndo = \"playback\"\nafter = \"the-call\"\ntenant = \"acme-1\"\n\
         [[fault]]\ndo = \"s3.batch_partial\"\non = \"s3.delete_objects\"\nnth = 2\ncode = \"SlowDown\"\nkeys = 3\n\
         [[fault]]\ndo = \"s3.slow_down\"\nat = \"2h\"\nfor = \"10m\"\n\
         [[fault]]\ndo = \"webhook.drop\"\nafter = \"look\"\n\
         [[fault]]\ndo = \"webhook.duplicate\"\n[fault.where]\nevent = \"egress_ended\"\n",
    ));
    assert_eq!(scenario.commands[0].when, When::After("the-call".into()));
    let [partial, slow, drop, duplicate] = &scenario.faults[..] else { panic!("four faults") };
    assert_eq!(partial.anchor, Anchor::On { point: "s3.delete_objects".into(), nth: 2, count: 1 });
    assert_eq!(partial.parameters["code"], Value::Text("SlowDown".into()));
    assert_eq!(partial.integer("keys"), 3);
    assert_eq!((&slow.anchor, slow.window), (&Anchor::At(Span::seconds(7200)), Some(Span::seconds(600))));
    assert_eq!(drop.anchor, Anchor::After("look".into()));
    assert_eq!(duplicate.anchor, Anchor::On { point: "webhook.delivery".into(), nth: 1, count: 1 });
    assert_eq!(duplicate.filter.event.as_deref(), Some("egress_ended"));
    assert_eq!(duplicate.span("delay"), Span::SECOND);
}

#[test]
fn what_later_features_need_is_part_of_the_format() {
    let scenario = good(&file(
        "[world]\nlifecycle_day = \"1s\"\nwebhook_events = [\"egress_ended\"]\n[operator]\ninstances = 3\n\
         [operator.config]\nratio = 0.5\nnested = { list = [1, \"two\"] }\n\
         [[bucket]]\nname = \"rec-eu-1\"\nobject_lock = \"compliance\"\nlock_for = \"30d\"\n\
         [[command]]\ndo = \"legal_hold\"\nat = \"1d\"\ntenant = \"acme-1\"\nroom = \"nobody-has-it\"\n",
    ));
    assert_eq!(scenario.operator.instances, 3);
    assert_eq!(scenario.operator.config["ratio"].as_float(), Some(0.5));
    assert_eq!(scenario.buckets[0].lock_for, Some(Span::seconds(30 * 86_400)));
}

#[test]
fn a_seed_may_be_any_64_bits() {
    assert_eq!(good("format = 1\nseed = 0xffff_ffff_ffff_ffff").seed, u64::MAX);
}

#[test]
fn a_million_calls_are_checked_quickly_enough_to_be_written_by_hand() {
    let many = "format = 1\n[[tenant]]\nname = \"a\"\nbuckets = [\"rec\"]\n".to_owned()
        + &["x-{n}", "x-{n}-y", "{n}-z"]
            .map(|room| {
                format!(
                    "[[call]]\ntenant = \"a\"\nroom = \"{room}\"\nparticipants = [\"p\"]\nat = \"1h\"\nevery = \"30s\"\n\
                     count = 300_000\nduration = \"1h\"\n"
                )
            })
            .concat();
    assert_eq!(good(&many).calls.len(), 3);
}
