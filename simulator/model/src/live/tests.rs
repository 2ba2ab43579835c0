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
