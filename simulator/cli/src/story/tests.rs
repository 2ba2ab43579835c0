//! Stories gathered from facts that are fed by hand.

use egress_sim_model::call::{Call, Reply};
use egress_sim_model::livekit::EgressStatus;
use egress_sim_model::state::EgressIx;

use super::*;
use crate::testing::world;

const ROOM: &str = "standup-0";

/// What happens at a second, told to the gatherer.
struct Telling {
    gatherer: Gatherer,
    state: State,
    sequence: u64,
}

impl Telling {
    /// Of a violation at a second, by the record of this number; none: time is up.
    fn until(second: u64, sequence: Option<u64>, about: Vec<Mention>) -> Telling {
        let state = world();
        let start = state.scenario.world.start;
        let violation = Violation { at: start + Span::seconds(second), message: String::new(), about, sequence };
        Telling { gatherer: Gatherer::new(&violation, start), state, sequence: 0 }
    }

    fn fact(&mut self, second: u64, fact: &Fact<'_>) {
        let at = self.state.scenario.world.start + Span::seconds(second);
        self.gatherer.record(at, self.sequence, fact, &self.state);
        self.sequence += 1;
    }

    fn egress(&mut self, second: u64, room: &str) {
        self.fact(
            second,
            &Fact::EgressChanged {
                egress: EgressIx(0),
                id: "EG_one",
                room,
                status: EgressStatus::Active,
                details: "",
                error: "",
            },
        );
    }

    fn fault(&mut self, second: u64, kind: &'static str) {
        self.fact(second, &Fact::FaultStruck { fault: 9, kind, at: "", within: None });
    }
}

fn room() -> Vec<Mention> {
    vec![Mention::Room(ROOM.into())]
}

/// One letter a line: record, fault, violation, or the number that is left out.
fn shape(story: &Story) -> Vec<String> {
    let letter = |line: &Line| match line {
        Line::Record { mark: Mark::None, .. } => "r".into(),
        Line::Record { mark: Mark::Injected, .. } => "f".into(),
        Line::Record { mark: Mark::Violation, .. } => "v".into(),
        Line::Elided(count) => count.to_string(),
        Line::TimeIsUp(_) => "t".into(),
    };
    story.lines.iter().map(letter).collect()
}

#[test]
fn a_short_story_is_told_whole_and_ends_with_the_violation() {
    let mut telling = Telling::until(5, Some(4), room());
    telling.egress(1, ROOM);
    telling.egress(2, "another room");
    telling.fault(3, "webhook.duplicate");
    telling.egress(4, ROOM);
    telling.egress(5, ROOM);
    telling.egress(5, ROOM);
    telling.egress(6, ROOM);
    assert_eq!(shape(&telling.gatherer.finish()), ["r", "f", "r", "v"]);
}

#[test]
fn a_long_story_keeps_beginning_end_and_faults_and_counts_the_rest() {
    let mut telling = Telling::until(1_000, Some(1_001), room());
    for second in 0..1_000 {
        if second == 500 {
            telling.fault(second, "egress.abort");
        }
        telling.egress(second, ROOM);
    }
    telling.egress(1_000, ROOM);
    let story = telling.gatherer.finish();
    assert!(story.lines.len() <= LINES, "{story:?}");
    let shape = shape(&story);
    let left_out: u64 = shape.iter().filter_map(|line| line.parse::<u64>().ok()).sum();
    let told = shape.iter().filter(|line| *line == "r" || *line == "v").count() as u64;
    assert_eq!(left_out + told, 1_001);
    assert_eq!(shape.first().map(String::as_str), Some("r"));
    assert_eq!(shape.last().map(String::as_str), Some("v"));
    assert_eq!(shape.iter().filter(|line| *line == "f").count(), 1);
}

#[test]
fn many_faults_do_not_drown_the_story() {
    let mut telling = Telling::until(1_000, Some(2_000), room());
    for second in 0..1_000 {
        telling.fault(second, "s3.slow_down");
        telling.egress(second, if second % 100 == 0 { ROOM } else { "another room" });
    }
    telling.egress(1_000, ROOM);
    let story = telling.gatherer.finish();
    assert!(story.lines.len() <= LINES);
    let shape = shape(&story);
    assert!(shape.iter().filter(|line| *line == "f").count() <= 4, "{shape:?}");
    assert!(shape.iter().filter(|line| *line == "r").count() >= 5, "{shape:?}");
}

#[test]
fn a_promise_that_nothing_broke_but_time_ends_with_that() {
    let mut telling = Telling::until(90, None, room());
    telling.egress(1, ROOM);
    telling.egress(100, ROOM);
    let story = telling.gatherer.finish();
    assert_eq!(shape(&story), ["r", "t"]);
    assert_eq!(story.lines[1], Line::TimeIsUp(Span::seconds(90)));
}

#[test]
fn nothing_at_all_is_a_story_too() {
    assert_eq!(shape(&Telling::until(90, None, room()).gatherer.finish()), ["t"]);
}

#[test]
fn a_quiet_record_can_be_the_violation() {
    let mut telling = Telling::until(5, Some(1), room());
    telling.egress(1, ROOM);
    telling.fact(5, &Fact::WebhookQueued { queue: "EG_one", event: "egress_ended", room: ROOM });
    assert_eq!(shape(&telling.gatherer.finish()), ["r", "v"]);
}

#[test]
fn of_several_records_at_one_moment_the_one_that_broke_the_promise_is_marked() {
    let append = Call::AuditAppend(Vec::new());
    let next = Call::Retract { egress_id: "EG_one".into() };
    let reply = Reply::Done(Ok(()));
    let mut telling = Telling::until(5, Some(1), vec![Mention::Instance(0)]);
    telling.fact(4, &Fact::Called { instance: 0, call: &append });
    telling.fact(5, &Fact::Audited { instance: 0, records: &[] });
    telling.fact(5, &Fact::Replied { instance: 0, call: &append, reply: &reply });
    telling.fact(5, &Fact::Called { instance: 0, call: &next });
    let story = telling.gatherer.finish();
    assert_eq!(shape(&story), ["v"]);
    assert!(matches!(&story.lines[0], Line::Record { text, .. } if text.starts_with("audited")), "{story:?}");
}

#[test]
fn a_violation_about_nobody_is_about_everybody() {
    let mut telling = Telling::until(5, Some(1), Vec::new());
    telling.egress(1, ROOM);
    telling.egress(5, "another room");
    assert_eq!(shape(&telling.gatherer.finish()), ["r", "v"]);
}
#[test]
fn the_violation_is_told_even_if_it_is_about_somebody_else() {
    let mut telling = Telling::until(5, Some(1), room());
    telling.egress(1, ROOM);
    telling.egress(5, "another room");
    telling.egress(5, ROOM);
    assert_eq!(shape(&telling.gatherer.finish()), ["r", "v"]);
}

#[test]
fn books_are_compared_at_the_moment_of_the_violation() {
    let mut telling = Telling::until(90, None, room());
    telling.egress(1, ROOM);
    assert!(telling.gatherer.books.is_none());
    let state = &telling.state;
    telling.gatherer.lapsed(state);
    assert!(telling.gatherer.books.is_some());
    telling.egress(2, ROOM);
    assert!(telling.gatherer.books.is_none(), "the world has moved on since another promise lapsed");
    telling.egress(91, ROOM);
    assert!(telling.gatherer.books.is_some());
    let mut telling = Telling::until(5, Some(1), room());
    telling.egress(1, ROOM);
    let state = &telling.state;
    telling.gatherer.lapsed(state);
    assert!(telling.gatherer.books.is_none(), "another promise lapsed");
    telling.egress(5, ROOM);
    assert!(telling.gatherer.books.is_some());
}
