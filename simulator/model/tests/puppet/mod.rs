//! A puppet for an operator, the small world that it plays in, and a diary of what happens there.
//!
//! The puppet is a function of the delivery and the replies so far; the world cannot tell it from a real operator.
#![allow(dead_code, reason = "each test file is a crate of its own and uses a part of this")]

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use egress_sim_model::call::{Answer, Boot, Call, Delivery, Reply};
use egress_sim_model::livekit::{FileOutput, Output, S3Upload, SegmentedFileOutput, Source, StartEgress, WebhookEvent};
use egress_sim_model::operator::{Guest, Host, Step};
use egress_sim_model::scenario::file;
use egress_sim_model::state::State;
use egress_sim_model::time::Time;
use egress_sim_model::trace::{Fact, Witness};
use egress_sim_model::world::{Outcome, Run};

pub type Play = Rc<dyn Fn(&Delivery, &[Reply]) -> Step>;

/// An operator that plays a script.
pub struct Puppet(Play);

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

pub fn puppet(play: impl Fn(&Delivery, &[Reply]) -> Step + 'static) -> Puppet {
    Puppet(Rc::new(play))
}

/// Opens each webhook and hands the event on with the replies behind it; answers everything else with Ok.
pub fn on_event(play: impl Fn(&WebhookEvent, &[Reply]) -> Step + 'static) -> Puppet {
    puppet(move |delivery, replies| match (delivery, replies) {
        (Delivery::Webhook { delivery, .. }, []) => Step::Call(Call::WebhookOpen { delivery: *delivery }),
        (Delivery::Webhook { .. }, [Reply::Opened(Ok(event)), rest @ ..]) => play(event, rest),
        _ => Step::Done(Answer::Ok),
    })
}

pub const OK: Step = Step::Done(Answer::Ok);

/// What happened, one line a fact that the story cares about.
#[derive(Default)]
pub struct Diary(Rc<RefCell<Vec<String>>>);

impl Witness for Diary {
    fn record(&mut self, at: Time, _sequence: u64, fact: &Fact<'_>, state: &State) {
        let since = at.since(state.scenario.world.start);
        let line = match fact {
            Fact::EgressChanged { status, .. } => format!("egress {}", status.as_str_name()),
            Fact::WebhookAnswered { event, attempt, status, .. } => format!("{event} attempt {attempt}: {status}"),
            Fact::WebhookDropped { event, why, .. } => format!("{event} dropped: {why:?}"),
            Fact::Booted { boot } => format!("boot {}", boot.incarnation),
            Fact::Crashed { .. } => "crash".into(),
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

pub fn tell(source: &str, host: &Puppet) -> (Outcome, Vec<String>) {
    let scenario = file::parse("story", source).unwrap_or_else(|error| panic!("{}", error.render("story.toml")));
    let diary = Diary::default();
    let lines = Rc::clone(&diary.0);
    let mut diary = diary;
    let run =
        Run { scenario: Rc::new(scenario), host, properties: Vec::new(), witness: Some(&mut diary), progress: None };
    let outcome = run.go();
    let lines = lines.borrow().clone();
    (outcome, lines)
}

/// One tenant, one call of `duration`, and whatever else is said.
pub fn world(duration: &str, rest: &str) -> String {
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

pub fn mp4() -> Call {
    start(Output::File(FileOutput { filepath: "acme/a.mp4".into(), disable_manifest: false, s3: bucket() }))
}

pub fn hls() -> Call {
    start(Output::Segments(SegmentedFileOutput {
        filename_prefix: "acme/s".into(),
        playlist_name: "acme/p.m3u8".into(),
        live_playlist_name: "acme/live.m3u8".into(),
        segment_duration: 6,
        s3: bucket(),
        ..SegmentedFileOutput::default()
    }))
}

pub fn bucket() -> S3Upload {
    S3Upload { bucket: "rec".into(), ..S3Upload::default() }
}

pub fn start(output: Output) -> Call {
    let source = Source::RoomComposite { layout: String::new(), audio_only: false, video_only: false };
    Call::StartEgress(Arc::new(StartEgress { room_name: "standup".into(), source, outputs: vec![output] }))
}

/// Starts `call` when the room starts, and nothing else.
pub fn starter(call: Call) -> Puppet {
    on_event(move |event, rest| match (event.event, rest) {
        ("room_started", []) => Step::Call(call.clone()),
        _ => OK,
    })
}

pub const EGRESS_ONLY: &str =
    "[world]\nwebhook_events = [\"room_started\", \"egress_started\", \"egress_updated\", \"egress_ended\"]\n";
