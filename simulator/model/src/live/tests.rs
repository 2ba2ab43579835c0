use super::*;
use crate::call::{CallError, ObjectId};
use crate::livekit::{FileOutput, Output, S3Upload, Source, StartEgress};
use crate::scenario::file::parse;
use crate::time::Span;

const WORLD: &str = r#"
format = 1
[world]
livekit_latency = "20ms"
[[tenant]]
name = "acme"
buckets = ["rec"]
[[call]]
tenant = "acme"
room = "planned"
participants = ["alice"]
at = "1h"
duration = "1m"
"#;

fn scenario(more: &str) -> Rc<Scenario> {
    Rc::new(parse("live", &format!("{WORLD}{more}")).unwrap_or_else(|error| panic!("{}", error.render("live.toml"))))
}

fn after(live: &Live<'_>, span: Span) -> Time {
    live.state().scenario.world.start + span
}

fn composite(room: &str) -> Call {
    Call::StartEgress(Arc::new(StartEgress {
        room_name: room.into(),
        source: Source::RoomComposite { layout: String::new(), audio_only: false, video_only: false },
        outputs: vec![Output::File(FileOutput {
            filepath: "{room_name}.mp4".into(),
            s3: S3Upload { bucket: "rec".into(), ..S3Upload::default() },
            ..FileOutput::default()
        })],
        details: None,
    }))
}

fn replies(live: &mut Live<'_>) -> Vec<(Ticket, Reply)> {
    std::iter::from_fn(|| live.take())
        .filter_map(|out| if let Out::Reply { ticket, reply } = out { Some((ticket, reply)) } else { None })
        .collect()
}

/// Answers every webhook that lies there, and says which events they were.
fn hear(live: &mut Live<'_>, status: u16) -> Vec<String> {
    let mut heard = Vec::new();
    while let Some(out) = live.take() {
        if let Out::Webhook { delivery, .. } = out {
            let (_, body) = live.webhook(delivery, live.now(), ["devkey", "secret"]);
            let event: serde_json::Value = serde_json::from_slice(&body).expect("a webhook's body is JSON");
            heard.push(event["event"].as_str().expect("an event has a name").to_owned());
            assert!(live.webhook_answered(delivery, status));
            assert!(!live.webhook_answered(delivery, status), "a delivery is answered once");
        }
    }
    heard
}

#[test]
fn what_the_scenario_has_planned_happens_at_its_time_and_a_call_from_outside_takes_its_latency() {
    let scenario = scenario("");
    let mut live = Live::new(&scenario, Vec::new(), None);
    live.listens(true);
    live.reach(after(&live, Span::seconds(3600)));
    assert_eq!(hear(&mut live, 200)[0], "room_started");
    let ticket = live.ask(composite("planned"));
    assert!(live.take().is_none_or(|out| !matches!(out, Out::Reply { .. })), "not before its latency");
    live.reach(live.now() + Span::MILLISECOND.times(20));
    let answered = replies(&mut live);
    assert!(matches!(&answered[..], [(of, Reply::Egress(Ok(_)))] if *of == ticket), "{answered:?}");
    live.reach(after(&live, Span::seconds(3600 + 120)));
    let head = live
        .ask(Call::HeadObject { bucket: "rec".into(), id: ObjectId { key: "planned.mp4".into(), version_id: None } });
    live.reach(live.now() + Span::SECOND);
    let found = replies(&mut live).into_iter().find(|(ticket, _)| *ticket == head).expect("HEAD is answered");
    assert!(matches!(found.1, Reply::Head(Ok(crate::call::HeadResult::Found(_)))), "{found:?}");
}

#[test]
fn calls_that_nobody_has_planned_begin_and_end_by_order() {
    let scenario = scenario("");
    let mut live = Live::new(&scenario, Vec::new(), None);
    live.listens(true);
    let call = scenario::Call { room: "sudden".into(), ..scenario.calls[0].clone() };
    live.start_call(call.clone()).expect("acme is there");
    assert!(live.start_call(call.clone()).expect_err("it is there already").contains("sudden"));
    let stranger = scenario::Call { tenant: "globex".into(), room: "x".into(), ..call };
    assert!(live.start_call(stranger).expect_err("no such tenant").contains("there are: acme"));
    live.join("sudden", "bob", &[TrackSource::Microphone]).expect("bob is not there yet");
    assert!(live.join("sudden", "bob", &[]).is_err());
    live.reach(live.now() + Span::SECOND);
    assert!(live.leave("sudden", "bob") && !live.leave("sudden", "bob"));
    live.reach(live.now() + Span::SECOND);
    assert!(live.end_call("sudden") && !live.end_call("sudden"));
    let mut all = Vec::new();
    loop {
        let heard = hear(&mut live, 200);
        if heard.is_empty() {
            break;
        }
        all.extend(heard);
        live.reach(live.now());
    }
    let count = |name: &str| all.iter().filter(|event| *event == name).count();
    assert_eq!((count("participant_joined"), count("participant_left"), count("room_finished")), (2, 2, 1), "{all:?}");
    // The end that was planned for it comes, and finds nothing.
    live.reach(after(&live, Span::seconds(600)));
    assert!(hear(&mut live, 200).is_empty());
}

#[test]
fn nobody_at_the_door_and_500_are_tried_again() {
    let scenario = scenario("");
    let mut live = Live::new(&scenario, Vec::new(), None);
    live.reach(after(&live, Span::seconds(3600)));
    assert!(live.take().is_none(), "nobody listens");
    live.listens(true);
    live.reach(after(&live, Span::seconds(3601)));
    assert_eq!(hear(&mut live, 500), ["room_started"]);
    live.reach(after(&live, Span::seconds(3602)));
    assert!(live.take().is_none(), "the third attempt comes two seconds behind the second");
    live.reach(after(&live, Span::seconds(3603)));
    // What is behind it in its queue goes out as soon as it is answered.
    assert_eq!(hear(&mut live, 200)[..2], ["room_started", "participant_joined"]);
}

#[test]
fn an_injected_fault_strikes_and_a_crash_is_a_broken_connection() {
    let scenario = scenario("");
    let mut live = Live::new(&scenario, Vec::new(), None);
    live.listens(true);
    live.reach(after(&live, Span::seconds(3600)));
    let with_fault = parse(
        "faults",
        &format!("{WORLD}[[fault]]\ndo = \"operator.crash\"\non = \"livekit.start_egress\"\neffect = \"after\"\n"),
    )
    .unwrap_or_else(|error| panic!("{}", error.render("faults.toml")));
    live.inject(with_fault.faults[0].clone());
    live.ask(composite("planned"));
    live.reach(live.now() + Span::SECOND);
    let answered = replies(&mut live);
    assert!(
        matches!(&answered[..], [(_, Reply::Egress(Err(CallError::OutcomeUnknown(_))))]),
        "the connection broke: {answered:?}"
    );
    assert_eq!(live.state().egresses.len(), 1, "and the egress was started");
    assert_eq!(live.fired(), [1]);
}

fn fault(table: &str) -> Fault {
    let with_fault = parse("faults", &format!("{WORLD}[[fault]]\n{table}\n"));
    with_fault.unwrap_or_else(|error| panic!("{}", error.render("faults.toml"))).faults[0].clone()
}

fn outs(live: &mut Live<'_>) -> Vec<Out> {
    std::iter::from_fn(|| live.take()).collect()
}

/// A live world whose process is up, at the moment at which the planned call begins.
fn begun<'a>(scenario: &Rc<Scenario>, mortal: bool) -> Live<'a> {
    let mut live = Live::new(scenario, Vec::new(), None);
    live.keep_journal();
    live.is_mortal(mortal);
    live.process_starts();
    live.process_is_up();
    live.reach(after(&live, Span::seconds(3600)));
    live
}

#[test]
fn a_killed_process_hears_nothing_until_it_is_up_again() {
    let scenario = scenario("");
    let mut live = begun(&scenario, true);
    live.inject(fault("do = \"operator.crash\"\non = \"livekit.start_egress\"\neffect = \"after\"\nrestart = \"2s\""));
    let Some(Out::Webhook { delivery, .. }) = live.take() else { panic!("room_started comes first") };
    let ticket = live.ask(composite("planned"));
    live.reach(live.now() + Span::MILLISECOND.times(20));
    assert_eq!(outs(&mut live), [Out::Lost { ticket }, Out::Dies]);
    assert!(!live.webhook_answered(delivery, 200), "the connection broke with it");
    assert_eq!(live.state().egresses.len(), 1, "and the egress was started");
    live.reach(live.now() + Span::SECOND);
    assert_eq!(outs(&mut live), [], "room_started is tried again, and nobody is there");
    live.reach(live.now() + Span::SECOND);
    assert_eq!(outs(&mut live), [Out::Starts]);
    live.process_is_up();
    live.reach(live.now() + Span::SECOND.times(2));
    let again = [5, 6].map(|delivery| Out::Webhook { delivery, attempt: 3 });
    assert_eq!(outs(&mut live), again, "room_started and egress_started come once more");
    assert_eq!(live.boot().incarnation, 2);
}

#[test]
fn where_nobody_can_kill_it_a_crash_takes_the_delivery_or_its_answer() {
    for point in ["operator.delivery", "operator.answer"] {
        let scenario = scenario("");
        let mut live = Live::new(&scenario, Vec::new(), None);
        live.listens(true);
        live.inject(fault(&format!("do = \"operator.crash\"\non = \"{point}\"")));
        live.reach(after(&live, Span::seconds(3600)));
        assert_eq!(
            hear(&mut live, 200).first().map(String::as_str),
            (point == "operator.answer").then_some("room_started")
        );
        assert_eq!(live.fired(), [1], "{point}");
        live.reach(live.now() + Span::SECOND);
        assert_eq!(hear(&mut live, 200)[0], "room_started", "{point}: it comes again");
    }
}

#[test]
fn a_forged_delivery_is_handed_over_alone_and_its_calls_are_its_own() {
    let scenario = scenario("");
    let mut live = begun(&scenario, false);
    live.inject(fault("do = \"webhook.forged\"\non = \"webhook.delivery\""));
    while let Some(Out::Webhook { delivery, .. }) = live.take() {
        live.webhook_answered(delivery, 200);
        if live.fired() == [1] {
            break;
        }
    }
    let waiting: Vec<u64> = outs(&mut live)
        .iter()
        .filter_map(|out| if let Out::Webhook { delivery, .. } = out { Some(*delivery) } else { None })
        .collect();
    let opens = |live: &Live<'_>, delivery: u64| live.world.webhook_open(delivery, live.now()).is_ok();
    let forged: Vec<&u64> = waiting.iter().filter(|delivery| !opens(&live, **delivery)).collect();
    assert!(forged.is_empty() || waiting.len() == 1, "it does not come beside others: {waiting:?}");
    let mut alone = 0;
    let mut out: Vec<u64> = waiting;
    while let Some(delivery) = out.pop() {
        if !opens(&live, delivery) {
            alone += 1;
            assert!(out.is_empty(), "nothing else is out");
            live.reach(live.now() + Span::SECOND);
            assert_eq!(outs(&mut live), [], "and nothing comes while it is");
        }
        live.webhook_answered(delivery, 200);
        out.extend(outs(&mut live).iter().filter_map(|out| match out {
            Out::Webhook { delivery, .. } => Some(*delivery),
            _ => None,
        }));
    }
    assert_eq!(alone, 1);
}

#[test]
fn wake_ups_come_again_and_again_but_are_no_reason_to_go_on() {
    let scenario = scenario("");
    let mut live = begun(&scenario, false);
    let day = Span::seconds(86_400);
    let wake_up = |name: &str, every| WakeUp { name: name.into(), at: live.now() + day, every, path: "/cron".into() };
    let (daily, once) = (wake_up("daily", Some(day)), wake_up("once", None));
    live.wake(daily);
    live.wake(once);
    hear(&mut live, 200);
    live.reach(live.now() + day);
    let woken = outs(&mut live);
    let names: Vec<&str> = woken
        .iter()
        .filter_map(|out| if let Out::WakeUp { wake_up, .. } = out { Some(wake_up.name.as_str()) } else { None })
        .collect();
    assert_eq!(names, ["daily", "once"]);
    live.reach(live.now() + day.times(3));
    assert_eq!(outs(&mut live), [], "as long as one is not answered, the next waits for nobody");
    for out in woken.iter().filter(|out| matches!(out, Out::WakeUp { .. })) {
        assert!(live.work_answered(out, 204));
    }
    live.reach(live.now() + day);
    assert_eq!(outs(&mut live).len(), 1);
    assert!(live.next_at().is_some(), "the next one is to come");
    assert_eq!(live.next_worth_it(), None, "but the run is over");
    assert!(live.let_sleep("daily") && !live.let_sleep("daily"));
    assert_eq!(live.next_at(), None);
}

#[test]
fn a_command_is_given_until_it_is_taken_or_has_no_route() {
    for (status, again) in [(200, false), (500, true), (404, false)] {
        let scenario = scenario("[[command]]\nat = \"10s\"\ndo = \"legal_hold\"\ntenant = \"acme\"\n");
        let mut live = Live::new(&scenario, Vec::new(), None);
        live.reach(after(&live, Span::seconds(20)));
        assert_eq!(outs(&mut live), [], "nobody listens, and it waits");
        live.listens(true);
        let given = outs(&mut live);
        assert!(matches!(given[..], [Out::Command { attempt: 1, .. }]), "{given:?}");
        assert!(live.work_answered(&given[0], status));
        live.reach(live.now() + Span::SECOND);
        let next = outs(&mut live);
        assert_eq!(matches!(next[..], [Out::Command { attempt: 2, .. }]), again, "{status}: {next:?}");
    }
}

#[test]
fn a_journal_makes_the_same_records_again() {
    let scenario = scenario("");
    let mut live = begun(&scenario, true);
    live.inject(fault("do = \"operator.crash\"\non = \"livekit.start_egress\"\neffect = \"before\""));
    hear(&mut live, 200);
    live.ask(composite("planned"));
    live.reach(live.now() + Span::SECOND.times(2));
    live.process_is_up();
    live.ask(composite("planned"));
    let at = live.now() + Span::seconds(60);
    live.wake(WakeUp { name: "w".into(), at, every: None, path: "/w".into() });
    live.reach(live.now() + Span::seconds(90));
    hear(&mut live, 503);
    live.join("planned", "bob", &[TrackSource::Microphone]).expect_err("the call is over");
    live.start_call(scenario::Call { room: "sudden".into(), ..scenario.calls[0].clone() }).expect("acme is there");
    live.end_call("sudden");
    let journal = live.take_journal().expect("it was kept");
    let first = live.break_off();
    let again = journal.replay(&scenario, Vec::new(), None, false);
    assert_eq!((first.events, first.trace_hash), (again.events, again.trace_hash));
    assert!(first.events > 40 && first.counts.incarnations == 2, "{first:?}");
}
