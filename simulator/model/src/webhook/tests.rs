//! What arrives at an operator's door, and when, under each fault: a small world and an operator that only listens.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use crate::call::{Answer, Boot, Call, Delivery, Reply};
use crate::livekit::{FileOutput, Output, S3Upload, Source, StartEgress};
use crate::operator::{Guest, Host, Step};
use crate::scenario::file;
use crate::state::State;
use crate::time::Time;
use crate::trace::{Fact, Witness};
use crate::world::Run;

/// Opens every delivery, starts a recording when the room starts, and answers 200 to what is authentic.
struct Listener;

struct Ear(Delivery);

impl Host for Listener {
    fn start(&self, boot: &Arc<Boot>) -> Box<dyn Guest> {
        Box::new(Ear(Delivery::Init(Arc::clone(boot))))
    }

    fn name(&self) -> &'static str {
        "listener"
    }
}

impl Guest for Ear {
    fn begin(&mut self, delivery: &Delivery) -> Step {
        self.0 = delivery.clone();
        match delivery {
            Delivery::Webhook { delivery, .. } => Step::Call(Call::WebhookRaw { delivery: *delivery }),
            _ => Step::Done(Answer::Ok),
        }
    }

    fn resume(&mut self, reply: Reply) -> Step {
        let Delivery::Webhook { delivery, .. } = self.0 else { return Step::Done(Answer::Ok) };
        match reply {
            Reply::Raw { .. } => Step::Call(Call::WebhookOpen { delivery }),
            Reply::Opened(Err(_)) => Step::Done(Answer::Reject("not authentic".into())),
            Reply::Opened(Ok(event)) if event.event == "room_started" => Step::Call(record()),
            _ => Step::Done(Answer::Ok),
        }
    }
}

fn record() -> Call {
    let s3 = S3Upload { bucket: "rec".into(), ..S3Upload::default() };
    Call::StartEgress(Arc::new(StartEgress {
        room_name: "standup".into(),
        source: Source::RoomComposite { layout: String::new(), audio_only: false, video_only: false },
        outputs: vec![Output::File(FileOutput {
            filepath: "acme/a.mp4".into(),
            disable_manifest: true,
            s3,
            ..FileOutput::default()
        })],
        details: None,
    }))
}

/// What the listener heard, how it was answered, and what was lost: a line each.
#[derive(Default)]
struct Diary {
    lines: Rc<RefCell<Vec<String>>>,
    ids: Vec<Arc<str>>,
}

impl Witness for Diary {
    fn record(&mut self, at: Time, _sequence: u64, fact: &Fact<'_>, state: &State) {
        let since = at.since(state.scenario.world.start);
        let line = match fact {
            Fact::Replied { reply: Reply::Opened(Ok(event)), .. } => {
                let place = self.ids.iter().position(|id| *id == event.id).unwrap_or_else(|| {
                    self.ids.push(Arc::clone(&event.id));
                    self.ids.len() - 1
                });
                let end = event.egress_info.as_ref().map_or(String::new(), |info| {
                    let status = info.status.as_str_name().trim_start_matches("EGRESS_");
                    format!("{status} {}{} B", spaced(&info.error), info.file_results[0].size)
                });
                format!("{} {end}#{place}", event.event)
            }
            Fact::Replied { reply: Reply::Opened(Err(refusal)), .. } => format!("{refusal:?}"),
            Fact::WebhookAnswered { event, attempt, status: 0, .. } => format!("{event} attempt {attempt} lost"),
            Fact::WebhookDropped { event, why, .. } => format!("{event} dropped: {why:?}"),
            _ => return,
        };
        self.lines.borrow_mut().push(format!("{since} {line}"));
    }
}

fn spaced(error: &str) -> String {
    if error.is_empty() { String::new() } else { format!("{error} ") }
}

/// What happens in a call of a minute with these events only and this fault.
fn hear(events: &[&str], fault: &str) -> Vec<String> {
    hear_in(&format!("[world]\nwebhook_events = {events:?}\n"), fault)
}

/// The same without a filter of events.
fn hear_all(fault: &str) -> Vec<String> {
    hear_in("", fault)
}

fn hear_in(world: &str, fault: &str) -> Vec<String> {
    let source = format!(
        r#"
format = 1
{world}
[[tenant]]
name = "acme"
buckets = ["rec"]
retention = "1d"
[[call]]
tenant = "acme"
room = "standup"
participants = ["alice"]
at = "0s"
duration = "1m"
recording = "compliance"
[[fault]]
{fault}"#
    );
    let scenario = file::parse("story", &source).unwrap_or_else(|error| panic!("{}", error.render("story.toml")));
    let mut diary = Diary::default();
    let lines = Rc::clone(&diary.lines);
    let run = Run {
        scenario: Rc::new(scenario),
        host: &Listener,
        older: None,
        properties: Vec::new(),
        witness: Some(&mut diary),
        progress: None,
    };
    assert_ne!(run.go().faults_fired, [0], "the fault has struck");
    lines.take()
}

const ROOM: &[&str] = &["room_started", "room_finished"];
const EGRESS: &[&str] = &["room_started", "egress_started", "egress_updated", "egress_ended"];

#[test]
fn an_event_of_one_sort_never_comes() {
    let lines = hear(EGRESS, "do = \"webhook.drop\"\nwhere = { event = \"egress_ended\" }");
    assert_eq!(lines.last().expect("a line"), "1m289ms900us egress_ended dropped: Fault");
}

#[test]
fn only_the_first_event_of_a_room_comes() {
    let events = ["room_started", "participant_joined", "participant_left", "room_finished"];
    let lines = hear(&events, "do = \"webhook.drop\"\nnth = 2\ncount = 1000\nwhere = { room = \"standup\" }");
    assert_eq!(lines[0], "0s room_started #0");
    assert!(lines.len() > 4 && lines[1..].iter().all(|line| line.ends_with("dropped: Fault")), "{lines:?}");
}

#[test]
fn nothing_comes_while_a_window_is_open() {
    let lines = hear(ROOM, "do = \"webhook.drop\"\nat = \"30s\"\nfor = \"1m\"\nwhere = { tenant = \"acme\" }");
    assert_eq!(lines, ["0s room_started #0", "1m room_finished dropped: Fault"]);
}

#[test]
fn the_same_bytes_again() {
    let lines = hear(ROOM, "do = \"webhook.duplicate\"\nwhere = { event = \"room_finished\" }\ntimes = 2");
    assert_eq!(lines[1..], ["1m room_finished #1", "1m1s room_finished #1", "1m2s room_finished #1"]);
}

#[test]
fn a_replay_is_refused_once_its_token_has_expired() {
    let replay = |delay| {
        let fault = format!("do = \"webhook.duplicate\"\nwhere = {{ event = \"room_started\" }}\ndelay = \"{delay}\"");
        hear(&["room_started"], &fault)
    };
    // Answered at 20 ms; its `exp` is five minutes behind its second, and clocks may be a minute apart.
    assert_eq!(replay("5m59s")[1], "5m59s20ms room_started #0");
    assert_eq!(replay("6m")[1], "6m20ms Expired");
}

#[test]
fn the_same_news_under_a_new_id_have_a_token_of_their_own() {
    let fault =
        "do = \"webhook.duplicate\"\nwhere = { event = \"egress_started\" }\ncopy = \"new_id\"\ndelay = \"10m\"";
    let lines = hear(EGRESS, fault);
    assert_eq!(lines[1], "20ms egress_started STARTING 0 B#1");
    assert_eq!(lines.last().expect("a line"), "10m20ms egress_started STARTING 0 B#5");
}

#[test]
fn a_handler_that_dies_reports_a_poorer_end() {
    let lines = hear(EGRESS, "do = \"webhook.duplicate\"\nwhere = { event = \"egress_ended\" }\ncopy = \"poorer\"");
    assert_eq!(
        lines[4..],
        ["1m289ms900us egress_ended COMPLETE 14495000 B#4", "1m1s289ms900us egress_ended FAILED exit status 1 0 B#5"]
    );
}

#[test]
fn what_hangs_holds_its_queue_up_until_it_ages_out() {
    let lines = hear(EGRESS, "do = \"webhook.delay\"\nwhere = { event = \"egress_started\" }\nby = \"45s\"");
    assert_eq!(
        lines[1..],
        [
            "45s20ms egress_started STARTING 0 B#1",
            // ACTIVE, two seconds behind it, waited for 43 s.
            "45s20ms egress_updated dropped: Age",
            "1m egress_updated ENDING 0 B#2",
            "1m289ms900us egress_ended COMPLETE 14495000 B#3",
        ]
    );
}

#[test]
fn what_hangs_longer_than_its_token_lives_is_refused() {
    let late = |by| hear(&["room_started"], &format!("do = \"webhook.delay\"\nby = \"{by}\""));
    assert_eq!(late("6m"), ["6m room_started #0"]);
    assert_eq!(late("361s"), ["6m1s Expired"]);
}

#[test]
fn what_is_overtaken_arrives_as_it_was() {
    let lines = hear(EGRESS, "do = \"webhook.reorder\"\nwhere = { event = \"egress_updated\" }\nby = \"2m\"");
    assert_eq!(
        lines[2..],
        [
            "1m egress_updated ENDING 0 B#2",
            "1m289ms900us egress_ended COMPLETE 14495000 B#3",
            "2m2s20ms egress_updated ACTIVE 0 B#4",
        ],
        "ACTIVE behind COMPLETE"
    );
    let lines = hear(ROOM, "do = \"webhook.reorder\"\nwhere = { event = \"room_started\" }\nby = \"2m\"");
    assert_eq!(lines, ["1m room_finished #0", "2m room_started #1"]);
}

#[test]
fn what_was_overtaken_keeps_its_attempts() {
    let faults = "do = \"webhook.reorder\"\nby = \"30s\"\n[[fault]]\ndo = \"webhook.unreachable\"\ncount = 2";
    let lines = hear(&["room_started"], faults);
    assert_eq!(lines, ["30s room_started attempt 1 lost", "31s room_started attempt 2 lost", "33s room_started #0"]);
}

#[test]
fn a_lost_answer_makes_livekit_send_again() {
    let fault = "do = \"webhook.lost_ack\"\nwhere = { event = \"room_finished\" }\n";
    let lines = hear(ROOM, fault);
    assert_eq!(
        lines[1..],
        ["1m room_finished #1", "1m room_finished attempt 1 lost", "1m1s room_finished #1"],
        "the same id"
    );
    let lines = hear(ROOM, &format!("{fault}count = 5"));
    assert_eq!(lines.iter().filter(|line| line.ends_with("room_finished #1")).count(), 5);
    assert_eq!(lines.last().expect("a line"), "1m15s room_finished dropped: Attempts");
}

#[test]
fn one_attempt_that_fails_is_made_up_for() {
    let lines = hear(ROOM, "do = \"webhook.unreachable\"\nnth = 2");
    assert_eq!(
        lines,
        ["0s room_started #0", "1m room_finished attempt 1 lost", "1m1s room_finished #1"],
        "the second attempt of the run is the first of room_finished"
    );
}

#[test]
fn an_outage_loses_what_has_spent_its_attempts_and_what_waited_too_long() {
    let events = ["room_started", "participant_joined", "room_finished"];
    let lines = hear(&events, "do = \"webhook.unreachable\"\nat = \"0s\"\nfor = \"50s\"");
    assert_eq!(lines.iter().filter(|line| line.contains("room_started attempt")).count(), 5);
    assert_eq!(
        lines[5..],
        [
            "15s room_started dropped: Attempts",
            "15s participant_joined attempt 1 lost",
            "16s participant_joined attempt 2 lost",
            "18s participant_joined attempt 3 lost",
            "22s participant_joined attempt 4 lost",
            "30s participant_joined attempt 5 lost",
            "30s participant_joined dropped: Attempts",
            "1m room_finished #0",
        ]
    );
    let lines = hear(
        &["room_started", "participant_joined", "track_published"],
        "do = \"webhook.unreachable\"\nat = \"0s\"\nfor = \"50s\"\n",
    );
    assert_eq!(lines.last().expect("a line"), "45s track_published dropped: Age", "the third in the queue");
}

#[test]
fn a_storm_keeps_everything_until_its_window_ends() {
    let lines = hear(EGRESS, "do = \"webhook.storm\"\nat = \"1s\"\nfor = \"4m\"");
    assert_eq!(
        lines[2..],
        [
            "4m1s egress_updated ACTIVE 0 B#2",
            "4m1s egress_updated ENDING 0 B#3",
            "4m1s egress_ended COMPLETE 14495000 B#4",
        ],
        "none waits for another and none ages out"
    );
    let lines = hear(EGRESS, "do = \"webhook.storm\"\nat = \"1s\"\nfor = \"400s\"");
    assert_eq!(
        lines[2..],
        ["6m41s Expired", "6m41s egress_updated ENDING 0 B#2", "6m41s egress_ended COMPLETE 14495000 B#3"],
        "what was signed more than six minutes ago is refused"
    );
    let lines = hear(ROOM, "do = \"webhook.storm\"\nnth = 2");
    assert_eq!(lines[1], "2m room_finished #1", "without a window, a minute");
}

#[test]
fn what_a_proxy_has_altered_is_refused_and_not_sent_again() {
    let lines = hear(ROOM, "do = \"webhook.altered\"\nwhere = { event = \"room_finished\" }");
    assert_eq!(lines[1..], ["1m BodyMismatch"]);
}

#[test]
fn a_newer_server_is_authentic() {
    let unknown = "do = \"webhook.newer_server\"\nwhere = { event = \"room_finished\" }\nwhat = \"unknown_field\"";
    assert_eq!(hear(ROOM, unknown)[1..], ["1m room_finished #1"]);
    let fault = "do = \"webhook.newer_server\"\nwhere = { event = \"room_started\" }";
    let every = hear_all(fault);
    let unknown = every.iter().position(|line| line.contains("room_of_the_future")).expect("it comes");
    let next = every.iter().position(|line| line.contains("participant_joined")).expect("alice joins");
    assert!(unknown < next, "right behind the one that it follows: {every:?}");
}

#[test]
fn each_forgery_comes_beside_the_genuine_one_and_is_refused() {
    for (forgery, refusal) in [
        ("wrong_key", "BadSignature"),
        ("missing_auth", "MissingAuthorization"),
        ("body_tampered", "BodyMismatch"),
        ("expired_token", "Expired"),
        ("unknown_key", "UnknownApiKey"),
        ("unsigned", "MalformedToken"),
        ("stolen_token", "BodyMismatch"),
    ] {
        let fault =
            format!("do = \"webhook.forged\"\nforgery = \"{forgery}\"\nwhere = {{ event = \"room_finished\" }}");
        assert_eq!(hear(ROOM, &fault)[1..], ["1m room_finished #1".to_owned(), format!("1m {refusal}")]);
    }
}

#[test]
fn an_end_is_reported_that_has_not_come() {
    let fault = "do = \"webhook.spurious\"\nwhere = { event = \"room_started\" }\ndelay = \"30s\"";
    assert_eq!(hear(ROOM, fault)[1..], ["30s room_finished #1", "1m room_finished #2"]);
    let fault = "do = \"webhook.spurious\"\nwhere = { event = \"egress_started\" }\nclaims = \"egress_ended\"";
    let lines = hear(EGRESS, fault);
    assert_eq!(lines[2], "1s20ms egress_ended ABORTED Start signal not received 0 B#2");
    assert_eq!(lines.last().expect("a line"), "1m289ms900us egress_ended COMPLETE 14495000 B#5", "and then it does");
}

#[test]
fn what_a_fault_adds_is_no_match_for_another() {
    let lines = hear(ROOM, "do = \"webhook.duplicate\"\nat = \"0s\"\nfor = \"1d\"\ncopy = \"new_id\"");
    assert_eq!(lines, ["0s room_started #0", "1s20ms room_started #1", "1m room_finished #2", "1m1s room_finished #3"]);
}
