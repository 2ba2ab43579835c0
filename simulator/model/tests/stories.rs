//! Scripted stories: a small world, a puppet for an operator, and what happens, in order.
//!
//! The puppet is a function of the delivery and the replies so far; the world cannot tell it from a real operator.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use egress_sim_model::call::{
    Answer, Boot, Call, CallError, Delivery, HeadResult, Link, ObjectId, Reply, Row, RowState, SinkKey, Timer, Write,
};
use egress_sim_model::livekit::{
    EgressStatus, FileOutput, Output, S3Upload, SegmentedFileOutput, Source, StartEgress, WebhookEvent,
};
use egress_sim_model::operator::{Guest, Host, Step, Trap, TrapKind};
use egress_sim_model::scenario::file;
use egress_sim_model::state::State;
use egress_sim_model::time::{Span, Time};
use egress_sim_model::trace::{Fact, Viewing, Witness};
use egress_sim_model::world::{Outcome, Run};

#[path = "stories/clock.rs"]
mod clock;
#[path = "stories/egress_life.rs"]
mod egress_life;
#[path = "stories/interference.rs"]
mod interference;
#[path = "stories/process.rs"]
mod process;
#[path = "stories/s3_requests.rs"]
mod s3_requests;
#[path = "stories/sink_faults.rs"]
mod sink_faults;
#[path = "stories/uploads.rs"]
mod uploads;

type Play = Rc<dyn Fn(&Delivery, &[Reply]) -> Step>;

/// An operator that plays a script.
struct Puppet(Play);

struct Strings {
    play: Play,
    delivery: Option<Delivery>,
    replies: Vec<Reply>,
}

impl Host for Puppet {
    fn start(&self, _boot: &Arc<Boot>) -> Box<dyn Guest> {
        Box::new(Strings { play: Rc::clone(&self.0), delivery: None, replies: Vec::new() })
    }
    fn name(&self) -> &'static str {
        "puppet"
    }
}

impl Guest for Strings {
    fn begin(&mut self, delivery: &Delivery) -> Step {
        self.delivery = Some(delivery.clone());
        self.replies.clear();
        (self.play)(delivery, &self.replies)
    }
    fn resume(&mut self, reply: Reply) -> Step {
        self.replies.push(reply);
        (self.play)(self.delivery.as_ref().expect("begun"), &self.replies)
    }
}

fn puppet(play: impl Fn(&Delivery, &[Reply]) -> Step + 'static) -> Puppet {
    Puppet(Rc::new(play))
}

/// Opens each webhook and hands the event on with the replies behind it; answers everything else with Ok.
fn on_event(play: impl Fn(&WebhookEvent, &[Reply]) -> Step + 'static) -> Puppet {
    puppet(move |delivery, replies| match (delivery, replies) {
        (Delivery::Webhook { delivery, .. }, []) => Step::Call(Call::WebhookOpen { delivery: *delivery }),
        (Delivery::Webhook { .. }, [Reply::Opened(Ok(event)), rest @ ..]) => play(event, rest),
        _ => Step::Done(Answer::Ok),
    })
}

const OK: Step = Step::Done(Answer::Ok);

/// What happened, one line a fact that the story cares about.
#[derive(Default)]
struct Diary(Rc<RefCell<Vec<String>>>);

impl Witness for Diary {
    fn record(&mut self, at: Time, _sequence: u64, fact: &Fact<'_>, state: &State) {
        let since = at.since(state.scenario.world.start);
        let line = match fact {
            Fact::EgressChanged { status, .. } => format!("egress {}", status.as_str_name()),
            Fact::WebhookAnswered { event, attempt, status, .. } => format!("{event} attempt {attempt}: {status}"),
            Fact::WebhookDropped { event, why, .. } => format!("{event} dropped: {why:?}"),
            Fact::Booted { boot } => format!("boot {}", boot.incarnation),
            Fact::Crashed { .. } => "crash".into(),
            Fact::Stopped { .. } => "stopped".into(),
            Fact::Trapped { trap, .. } => format!("trap {:?}", trap.kind),
            Fact::GivenUp { .. } => "given up".into(),
            Fact::Sink { change, .. } => {
                format!("{:?} {}", change.kind, change.key.rsplit('/').next().unwrap_or_default())
            }
            Fact::Viewed { outcome, .. } => format!("viewed {outcome:?}"),
            Fact::FaultStruck { kind, .. } => format!("fault {kind}"),
            _ => return,
        };
        self.0.borrow_mut().push(format!("{since} {line}"));
    }
}

fn tell(source: &str, host: &Puppet) -> (Outcome, Vec<String>) {
    let scenario = file::parse("story", source).unwrap_or_else(|error| panic!("{}", error.render("story.toml")));
    let diary = Diary::default();
    let lines = Rc::clone(&diary.0);
    let mut diary = diary;
    let run = Run {
        scenario: Rc::new(scenario),
        host,
        older: None,
        properties: Vec::new(),
        witness: Some(&mut diary),
        progress: None,
    };
    let outcome = run.go();
    let lines = lines.borrow().clone();
    (outcome, lines)
}

/// One tenant, one call of `duration`, and whatever else is said.
fn world(duration: &str, rest: &str) -> String {
    format!(
        r#"
format = 1
[[tenant]]
name = "acme"
buckets = ["rec"]
cdn = "cdn.acme.example"
retention = "1d"
[[call]]
tenant = "acme"
room = "standup"
participants = ["alice", "bob"]
at = "0s"
duration = "{duration}"
recording = "compliance"
{rest}"#
    )
}

fn mp4() -> Call {
    start(Output::File(FileOutput {
        filepath: "acme/a.mp4".into(),
        disable_manifest: false,
        s3: bucket(),
        ..FileOutput::default()
    }))
}

fn hls() -> Call {
    start(Output::Segments(SegmentedFileOutput {
        filename_prefix: "acme/s".into(),
        playlist_name: "acme/p.m3u8".into(),
        live_playlist_name: "acme/live.m3u8".into(),
        segment_duration: 6,
        s3: bucket(),
        ..SegmentedFileOutput::default()
    }))
}

fn bucket() -> S3Upload {
    S3Upload { bucket: "rec".into(), ..S3Upload::default() }
}

fn start(output: Output) -> Call {
    let source = Source::RoomComposite { layout: String::new(), audio_only: false, video_only: false };
    Call::StartEgress(Arc::new(StartEgress {
        room_name: "standup".into(),
        source,
        outputs: vec![output],
        details: None,
    }))
}

/// Starts `call` when the room starts, and nothing else.
fn starter(call: Call) -> Puppet {
    on_event(move |event, rest| match (event.event, rest) {
        ("room_started", []) => Step::Call(call.clone()),
        _ => OK,
    })
}

const EGRESS_ONLY: &str =
    "[world]\nwebhook_events = [\"room_started\", \"egress_started\", \"egress_updated\", \"egress_ended\"]\n";

#[test]
fn a_recording_ends_with_its_room_and_is_uploaded() {
    let (outcome, lines) = tell(&world("1m", EGRESS_ONLY), &starter(mp4()));
    let told: Vec<&str> = lines.iter().map(String::as_str).collect();
    assert_eq!(
        told,
        [
            "0s boot 1",
            "20ms egress EGRESS_STARTING",
            "20ms room_started attempt 1: 200",
            "20ms egress_started attempt 1: 200",
            "2s20ms egress EGRESS_ACTIVE",
            "2s20ms egress_updated attempt 1: 200",
            "1m egress EGRESS_ENDING",
            "1m egress_updated attempt 1: 200",
            // 57.98 s of media at 250,000 bytes a second, uploaded at 50,000,000.
            "1m289ms900us Stored { size: 14495000 } a.mp4",
            &lines[9],
            "1m289ms900us egress EGRESS_COMPLETE",
            "1m289ms900us egress_ended attempt 1: 200",
        ]
    );
    assert!(lines[9].contains("EG_"), "the manifest comes last: {}", lines[9]);
    assert_eq!((outcome.counts.objects_put, outcome.counts.objects_live), (2, 2));
}

#[test]
fn hls_lists_a_segment_only_once_it_is_uploaded_and_ends_with_the_list() {
    let (outcome, lines) = tell(&world("20s", EGRESS_ONLY), &starter(hls()));
    let stored: Vec<String> = lines
        .iter()
        .filter_map(|line| line.split_once("Stored { size: "))
        .map(|(_, rest)| rest.split_once("} ").expect("a name").1.to_owned())
        .collect();
    let manifest = stored.last().expect("a manifest").clone();
    assert_eq!(
        stored,
        [
            "s_00000.ts",
            "p.m3u8",
            "live.m3u8",
            "s_00001.ts",
            "p.m3u8",
            "live.m3u8",
            "s_00002.ts",
            "p.m3u8",
            "live.m3u8",
            &manifest
        ],
        "17.98 s of media are three segments; the last list of each kind carries ENDLIST"
    );
    assert_eq!(outcome.counts.objects_put, 6);
}

#[test]
fn livekit_tries_five_times_and_then_forgets() {
    let host = puppet(|delivery, _| match delivery {
        Delivery::Webhook { .. } => Step::Done(Answer::RetryLater("not now".into())),
        _ => OK,
    });
    let events = "[world]\nwebhook_events = [\"room_started\"]\n";
    let (_, lines) = tell(&world("1m", events), &host);
    assert_eq!(
        lines,
        [
            "0s boot 1",
            "0s room_started attempt 1: 503",
            "1s room_started attempt 2: 503",
            "3s room_started attempt 3: 503",
            "7s room_started attempt 4: 503",
            "15s room_started attempt 5: 503",
            "15s room_started dropped: Attempts",
        ]
    );
}

#[test]
fn a_slow_handler_makes_the_next_event_of_its_queue_age_out() {
    // Each S3 call takes 40 s here, so that `room_finished`, ten seconds behind `room_started`, waits too long.
    let host = on_event(|event, rest| match (event.event, rest.len()) {
        ("room_started", 0) => {
            Step::Call(Call::HeadObject { bucket: "rec".into(), id: ObjectId { key: "k".into(), version_id: None } })
        }
        _ => OK,
    });
    let events = "[world]\nwebhook_events = [\"room_started\", \"room_finished\"]\ns3_latency = \"45s\"\n";
    let (_, lines) = tell(&world("10s", events), &host);
    assert_eq!(lines, ["0s boot 1", "45s room_started attempt 1: 200", "45s room_finished dropped: Age"]);
}

#[test]
fn a_crash_loses_the_delivery_and_livekit_sends_it_again() {
    let fault = "[world]\nwebhook_events = [\"room_started\"]\n[[fault]]\ndo = \"operator.crash\"\non = \"livekit.start_egress\"\neffect = \"after\"\n";
    let (outcome, lines) = tell(&world("1m", fault), &starter(mp4()));
    assert_eq!(
        lines[..7],
        [
            "0s boot 1",
            "20ms fault operator.crash",
            "20ms egress EGRESS_STARTING",
            "20ms crash",
            "20ms room_started attempt 1: 0",
            "1s20ms boot 2",
            "1s40ms egress EGRESS_STARTING",
        ],
        "the effect stands, the reply is lost, and a careless operator starts another one"
    );
    assert_eq!((outcome.counts.egresses, outcome.counts.incarnations), (2, 2));
}

#[test]
fn an_operator_that_keeps_trapping_is_given_up() {
    let host = puppet(|delivery, _| match delivery {
        Delivery::Webhook { .. } => Step::Trapped(Trap { kind: TrapKind::Trap, message: "unreachable".into() }),
        _ => OK,
    });
    let source = world("1m", "count = 20\nevery = \"2m\"\n").replace("\"standup\"", "\"standup-{n}\"");
    let (outcome, lines) = tell(&source, &host);
    assert_eq!(lines.iter().filter(|line| line.contains("trap Trap")).count(), 8);
    assert!(lines.iter().any(|line| line.ends_with("given up")));
    assert_eq!(outcome.counts.incarnations, 8);
    assert_eq!(outcome.counts.calls, 20, "the world goes on without it");
}

#[test]
fn too_many_calls_in_one_delivery_are_a_trap_of_the_model() {
    let host = puppet(|delivery, _| match delivery {
        Delivery::Webhook { .. } => Step::Call(Call::Now),
        _ => OK,
    });
    let limits =
        "[world]\nwebhook_events = [\"room_started\"]\nwebhook_attempts = 1\n[limits]\ncalls_per_delivery = 50\n";
    let (_, lines) = tell(&world("1m", limits), &host);
    assert!(lines.contains(&"0s trap Calls".to_owned()), "{lines:?}");
}

#[test]
fn an_operator_that_comes_to_no_end_is_not_started_again() {
    let restless = puppet(|delivery, replies| match delivery {
        Delivery::Webhook { .. } if replies.len() < 30 => Step::Call(Call::Now),
        _ => OK,
    });
    let rooms = "count = 4\nevery = \"2m\"\n[world]\nwebhook_events = [\"room_started\"]\nwebhook_attempts = 1\n";
    let rooms = world("1m", rooms).replace("\"standup\"", "\"standup-{n}\"");
    let ends = |limits: &str, incarnations: u64| {
        let (outcome, lines) = tell(&format!("{rooms}[limits]\n{limits}\n"), &restless);
        assert_eq!(outcome.counts.calls, 4, "the world goes on without it");
        assert_eq!(outcome.counts.incarnations, incarnations);
        let own = |line: &&String| line.contains("trap") || line.contains("given up");
        (lines.iter().filter(own).cloned().collect::<Vec<_>>(), outcome.counts.host_calls)
    };
    let (lines, calls) = ends("calls_per_run = 100", 1);
    assert_eq!(lines, ["6m trap Run", "6m given up"], "within the fourth delivery, and no delivery is long");
    assert_eq!(calls, 101);
    let (lines, calls) = ends("payload_bytes_per_run = 2000", 1);
    assert_eq!(lines, ["2m trap Run", "2m given up"]);
    assert!((31..60).contains(&calls), "{calls} calls with their replies are two thousand bytes");
    assert_eq!(ends("calls_per_run = 120", 1).0, [""; 0], "so many are allowed");
}

#[test]
fn a_reply_that_is_too_long_is_not_even_made() {
    let host = on_event(|event, rest| match (event.event, rest.len()) {
        ("room_started", 0) => Step::Call(mp4()),
        ("egress_ended", 0) => Step::Call(Call::GetObject {
            bucket: "rec".into(),
            id: ObjectId { key: "acme/a.mp4".into(), version_id: None },
            range: None,
        }),
        _ => OK,
    });
    let (_, lines) = tell(&world("1m", ""), &host);
    assert!(lines.iter().any(|line| line.ends_with("trap Payload")), "{lines:?}");
}

#[test]
fn duplicates_and_forgeries_come_beside_the_queue() {
    let seen: Rc<RefCell<Vec<String>>> = Rc::default();
    let log = Rc::clone(&seen);
    let host = puppet(move |delivery, replies| match (delivery, replies) {
        (Delivery::Webhook { delivery, .. }, []) => Step::Call(Call::WebhookOpen { delivery: *delivery }),
        (Delivery::Webhook { .. }, [Reply::Opened(opened)]) => {
            log.borrow_mut().push(match opened {
                Ok(event) => format!("{} {}", event.event, event.id),
                Err(refusal) => format!("{refusal:?}"),
            });
            OK
        }
        _ => OK,
    });
    let faults = "[world]\nwebhook_events = [\"room_started\", \"room_finished\"]\n\
        [[fault]]\ndo = \"webhook.duplicate\"\nwhere = { event = \"room_started\" }\n\
        [[fault]]\ndo = \"webhook.forged\"\nwhere = { event = \"room_finished\" }\n";
    let (outcome, _) = tell(&world("1m", faults), &host);
    let seen = seen.borrow();
    assert_eq!(seen.len(), 4);
    assert_eq!(seen[0], seen[1], "the same id twice");
    assert!(seen[2].starts_with("room_finished"));
    assert_eq!(seen[3], "BadSignature");
    assert_eq!(outcome.faults_fired, [1, 1]);
}

#[test]
fn stopping_is_idempotent_while_ending_and_a_definite_no_afterwards() {
    let statuses: Rc<RefCell<Vec<String>>> = Rc::default();
    let log = Rc::clone(&statuses);
    let host = on_event(move |event, rest| {
        let stop = || {
            let info = event.egress_info.as_ref().expect("an egress event");
            Step::Call(Call::StopEgress { egress_id: info.egress_id.to_string() })
        };
        match (event.event, rest) {
            ("room_started", []) => Step::Call(mp4()),
            ("egress_updated" | "egress_ended", []) => stop(),
            ("egress_updated" | "egress_ended", [Reply::Egress(reply)]) => {
                log.borrow_mut().push(match reply {
                    Ok(info) => info.status.as_str_name().to_owned(),
                    Err(CallError::Rejected(rejection)) => rejection.message.clone(),
                    Err(other) => format!("{other:?}"),
                });
                OK
            }
            _ => OK,
        }
    });
    let slow_upload = format!("{EGRESS_ONLY}upload_bytes_per_second = 1000\n");
    let (_, lines) = tell(&world("1m", &slow_upload), &host);
    assert_eq!(
        *statuses.borrow(),
        ["EGRESS_ENDING", "EGRESS_ENDING", "egress with status EGRESS_COMPLETE cannot be stopped"]
    );
    assert_eq!(lines.iter().filter(|line| line.contains(EgressStatus::Complete.as_str_name())).count(), 1);
}

#[test]
fn an_egress_outlives_its_room_only_if_a_fault_says_so() {
    let fault = format!("{EGRESS_ONLY}[[fault]]\ndo = \"egress.outlives_room\"\n");
    let (_, lines) = tell(&world("1m", &fault), &starter(mp4()));
    assert!(!lines.iter().any(|line| line.contains("ENDING")), "{lines:?}");
}

#[test]
fn an_aborted_egress_leaves_nothing_behind() {
    let fault = format!("{EGRESS_ONLY}[[fault]]\ndo = \"egress.abort\"\non = \"egress.active\"\ndelay = \"10s\"\n");
    let (outcome, lines) = tell(&world("1m", &fault), &starter(mp4()));
    assert!(lines.contains(&"12s20ms egress EGRESS_FAILED".to_owned()), "{lines:?}");
    assert_eq!(outcome.counts.objects_put, 0);
}

#[test]
fn timers_are_replaced_by_name_and_come_back_until_they_are_done() {
    let rung: Rc<RefCell<Vec<(u64, String)>>> = Rc::default();
    let log = Rc::clone(&rung);
    let host = puppet(move |delivery, replies| match (delivery, replies) {
        (Delivery::Init(_), [] | [_]) => {
            let (at, payload) = if replies.is_empty() { (10, "first") } else { (20, "second") };
            let at = Time(1_767_225_600_000_000_000) + Span::seconds(at);
            Step::Call(Call::SetTimer(Timer { name: "t".into(), at, payload: payload.into() }))
        }
        (Delivery::Timer(timer), []) => {
            log.borrow_mut().push((timer.at.0 - 1_767_225_600_000_000_000, timer.payload.clone()));
            let done = log.borrow().len() == 3;
            Step::Done(if done { Answer::Ok } else { Answer::RetryLater("busy".into()) })
        }
        _ => OK,
    });
    tell(&world("1m", ""), &host);
    let due = Span::seconds(20).0;
    assert_eq!(*rung.borrow(), vec![(due, "second".to_owned()); 3]);
}

#[test]
fn commits_are_all_or_nothing() {
    use egress_sim_model::call::{CommitOutcome, Expectation, Precondition, Subject};
    let outcomes: Rc<RefCell<Vec<Reply>>> = Rc::default();
    let log = Rc::clone(&outcomes);
    let row = Arc::new(Row {
        egress_id: "EG_a".into(),
        tenant: "acme".into(),
        room: "standup".into(),
        bucket: "rec".into(),
        key: SinkKey::Prefix("acme/".into()),
        backup_bucket: None,
        kind: "composite".into(),
        state: RowState::Recording,
        details: "{}".into(),
    });
    let claim = move || {
        Step::Call(Call::Commit {
            writes: vec![Write::PutState("k".into(), "v".into()), Write::PutRow(Arc::clone(&row))],
            preconditions: vec![Precondition { subject: Subject::State("k".into()), expect: Expectation::Absent }],
        })
    };
    let host = puppet(move |delivery, replies| match (delivery, replies.len()) {
        (Delivery::Init(_), 0 | 1) => claim(),
        (Delivery::Init(_), 2) => Step::Call(Call::InventoryScan { tenant: "acme".into(), after: None, limit: 10 }),
        (Delivery::Init(_), _) => {
            log.borrow_mut().extend(replies.iter().cloned());
            OK
        }
        _ => OK,
    });
    tell(&world("1m", ""), &host);
    let outcomes = outcomes.borrow();
    assert_eq!(outcomes[0], Reply::Commit(Ok(CommitOutcome::Committed(1))));
    assert_eq!(outcomes[1], Reply::Commit(Ok(CommitOutcome::Conflict(Subject::State("k".into())))));
    let Reply::Rows(Ok(rows)) = &outcomes[2] else { panic!("{:?}", outcomes[2]) };
    assert_eq!((rows.len(), rows[0].version), (1, 1));
}

#[test]
fn a_link_is_watched_when_it_is_published_and_on_its_last_day() {
    let publish = |url: &'static str| {
        on_event(move |event, rest| match (event.event, rest.len()) {
            ("room_started", 0) => Step::Call(mp4()),
            ("egress_ended", 0) => Step::Call(Call::Publish(Link {
                egress_id: event.egress_info.as_ref().expect("an egress event").egress_id.to_string(),
                tenant: "acme".into(),
                url: url.into(),
            })),
            _ => OK,
        })
    };
    let views =
        |lines: Vec<String>| -> Vec<String> { lines.into_iter().filter(|line| line.contains("viewed")).collect() };
    let (_, lines) = tell(&world("1m", EGRESS_ONLY), &publish("https://cdn.acme.example/rec/acme/a.mp4"));
    let played = format!("viewed {:?}", Viewing::Played { objects: 1 });
    let told = views(lines);
    assert_eq!(told.len(), 2);
    assert!(told[0].starts_with("1m") && told[0].ends_with(&played), "{told:?}");
    assert!(told[1].starts_with("1d59s") && told[1].ends_with(&played), "{told:?}");
    let (_, lines) = tell(&world("1m", EGRESS_ONLY), &publish("https://rec.s3.amazonaws.com/acme/a.mp4"));
    assert!(views(lines)[0].contains("403"), "the sink is private");
}

#[test]
fn heads_see_what_the_egress_stored() {
    let heads: Rc<RefCell<Vec<Reply>>> = Rc::default();
    let log = Rc::clone(&heads);
    let host = on_event(move |event, rest| match (event.event, rest) {
        ("room_started", []) => Step::Call(mp4()),
        ("egress_started" | "egress_ended", []) => Step::Call(Call::HeadObject {
            bucket: "rec".into(),
            id: ObjectId { key: "acme/a.mp4".into(), version_id: None },
        }),
        ("egress_started" | "egress_ended", [head]) => {
            log.borrow_mut().push(head.clone());
            OK
        }
        _ => OK,
    });
    let (outcome, _) = tell(&world("1m", EGRESS_ONLY), &host);
    let heads = heads.borrow();
    assert_eq!(heads[0], Reply::Head(Ok(HeadResult::NotFound { delete_marker: false })));
    let Reply::Head(Ok(HeadResult::Found(head))) = &heads[1] else { panic!("{:?}", heads[1]) };
    assert_eq!((head.size, head.content_type.as_str()), (14_495_000, "video/mp4"));
    assert_eq!(outcome.counts.heads, 2);
}
