//! The operator's process: crashes between calls, deploys, several instances, and a store that loses what it acknowledged.

use super::*;

const ROOM_STARTED: &str = "[world]\nwebhook_events = [\"room_started\"]\nhorizon = \"10m\"\n";

/// Which instance begins which delivery, and what ends an instance.
#[derive(Default)]
struct Shifts(Rc<RefCell<Vec<String>>>);

impl Witness for Shifts {
    fn record(&mut self, at: Time, _sequence: u64, fact: &Fact<'_>, state: &State) {
        let since = at.since(state.scenario.world.start);
        let line = match fact {
            Fact::Booted { boot } => format!("{} of {} starts", boot.instance, boot.name),
            Fact::DeliveryBegan { instance, webhook: Some(webhook), .. } => format!("{instance} has {}", webhook.event),
            Fact::Crashed { instance } => format!("{instance} dies"),
            Fact::Stopped { instance } => format!("{instance} stops"),
            _ => return,
        };
        self.0.borrow_mut().push(format!("{since} {line}"));
    }
}

struct Named(&'static str, Puppet);

impl Host for Named {
    fn start(&self, boot: &Arc<Boot>) -> Box<dyn Guest> {
        self.1.start(boot)
    }
    fn name(&self) -> &str {
        self.0
    }
}

fn shifts(source: &str, play: impl Fn(&Delivery, &[Reply]) -> Step + 'static) -> (Outcome, Vec<String>) {
    let scenario = file::parse("story", source).unwrap_or_else(|error| panic!("{}", error.render("story.toml")));
    let shifts = Shifts::default();
    let lines = Rc::clone(&shifts.0);
    let mut shifts = shifts;
    let play: Play = Rc::new(play);
    let (new, older) = (Named("new", Puppet(Rc::clone(&play))), Named("older", Puppet(play)));
    let run = Run {
        scenario: Rc::new(scenario),
        host: &new,
        older: Some(&older),
        properties: Vec::new(),
        witness: Some(&mut shifts),
        progress: None,
    };
    let outcome = run.go();
    let lines = lines.borrow().clone();
    (outcome, lines)
}

fn head() -> Call {
    Call::HeadObject { bucket: "rec".into(), id: ObjectId { key: "k".into(), version_id: None } }
}

fn put() -> Call {
    Call::PutObject {
        bucket: "rec".into(),
        key: "k".into(),
        content_type: "text/plain".into(),
        body: bytes::Bytes::from_static(b"x"),
    }
}

#[test]
fn init_dies_at_its_beginning_or_at_a_call_in_it() {
    let init = puppet(|delivery, replies| match (delivery, replies.len()) {
        (Delivery::Init(_), 0) => Step::Call(Call::Now),
        (Delivery::Init(_), 1) => Step::Call(head()),
        _ => OK,
    });
    let at = |nth: u64, count: u64| {
        format!(
            "{ROOM_STARTED}[[fault]]\ndo = \"operator.crash\"\non = \"operator.init\"\nnth = {nth}\ncount = {count}\n"
        )
    };
    let (outcome, lines) = tell(&world("1m", &at(1, 3)), &init);
    assert_eq!(outcome.faults_fired, [3]);
    let told: Vec<&str> = lines.iter().filter(|line| !line.contains("fault")).map(String::as_str).collect();
    assert_eq!(
        told,
        [
            "0s boot 1",
            "0s crash",
            "0s room_started attempt 1: 0",
            "1s boot 2",
            "1s crash",
            "1s room_started attempt 2: 0",
            "2s boot 3",
            "2s crash",
            "3s room_started attempt 3: 0",
            "3s boot 4",
            "7s room_started attempt 4: 200",
        ]
    );
    // The third match is the second call in init, 30 ms later.
    let (_, lines) = tell(&world("1m", &at(3, 1)), &init);
    assert!(lines.contains(&"30ms crash".to_owned()), "{lines:?}");
}

#[test]
fn a_delivery_that_its_handler_did_not_outlive_comes_again() {
    for (point, handled) in [("operator.delivery", 1), ("operator.answer", 2)] {
        let count = Rc::new(RefCell::new(0));
        let seen = Rc::clone(&count);
        let host = puppet(move |delivery, replies| {
            let counts = matches!(delivery, Delivery::Command(_)) && replies.is_empty();
            *seen.borrow_mut() += u32::from(counts);
            OK
        });
        let command = "[[command]]\nat = \"5s\"\ndo = \"playback\"\ntenant = \"acme\"\n";
        let fault = format!("[[fault]]\ndo = \"operator.crash\"\non = \"{point}\"\nnth = 2\nrestart = \"20s\"\n");
        let (outcome, lines) = tell(&world("1m", &format!("{ROOM_STARTED}{command}{fault}")), &host);
        assert_eq!((*count.borrow(), &outcome.faults_fired[..]), (handled, &[1][..]), "{point}: {lines:?}");
        assert!(lines.contains(&"5s crash".to_owned()) && lines.contains(&"25s boot 2".to_owned()), "{lines:?}");
    }
}

#[test]
fn orders_about_one_hold_come_in_their_order_and_others_do_not_wait() {
    let heard = Rc::new(RefCell::new(Vec::new()));
    let seen = Rc::clone(&heard);
    let host = puppet(move |delivery, _| {
        let Delivery::Command(command) = delivery else { return OK };
        let again = seen.borrow().contains(&command.id);
        seen.borrow_mut().push(command.id.clone());
        if again || command.id != "set" { OK } else { Step::Done(Answer::RetryLater("not now".into())) }
    });
    let orders = [("set", "legal_hold", ""), ("lift", "lift_hold", ""), ("room", "legal_hold", "room = \"standup\"")];
    let orders = orders.iter().chain(&[("set-anew", "legal_hold", ""), ("watch", "playback", "")]);
    let commands: Vec<String> = orders
        .map(|(name, order, room)| {
            format!("[[command]]\nname = \"{name}\"\nat = \"5s\"\ndo = \"{order}\"\ntenant = \"acme\"\n{room}\n")
        })
        .collect();
    tell(&world("1m", &format!("{ROOM_STARTED}{}", commands.concat())), &host);
    assert_eq!(*heard.borrow(), ["set", "room", "watch", "set", "lift", "set-anew"]);
}

#[test]
fn a_crash_at_its_moment_needs_no_call() {
    let crash = format!("{ROOM_STARTED}[[fault]]\ndo = \"operator.crash\"\nat = \"10s\"\n");
    let (outcome, lines) = tell(&world("1m", &crash), &puppet(|_, _| OK));
    assert_eq!(lines[2..], ["10s fault operator.crash", "10s crash", "11s boot 2"]);
    assert_eq!(outcome.faults_fired, [1]);

    // In the middle of a call whose effect is still to come: it never does.
    let storing = on_event(|_, rest| if rest.is_empty() { Step::Call(put()) } else { OK });
    let slow = crash.replace("horizon", "s3_latency = \"15s\"\nwebhook_attempts = 1\nhorizon");
    let (outcome, lines) = tell(&world("1m", &slow), &storing);
    assert!(lines.contains(&"10s crash".to_owned()), "{lines:?}");
    assert_eq!(outcome.counts.objects_put, 0);
}

#[test]
fn a_crash_at_a_moment_when_nobody_runs_waits_for_the_next_call() {
    let faults = format!(
        "{ROOM_STARTED}[[fault]]\ndo = \"operator.crash\"\nat = \"10s\"\nrestart = \"10s\"\n\
        [[fault]]\ndo = \"operator.crash\"\nat = \"15s\"\n"
    );
    let host = puppet(|delivery, replies| match (delivery, replies) {
        (Delivery::Init(_), []) => Step::Call(Call::Now),
        _ => OK,
    });
    let (outcome, lines) = tell(&world("1m", &faults), &host);
    assert_eq!(outcome.faults_fired, [1, 1]);
    assert_eq!(lines.iter().filter(|line| line.starts_with("20s crash")).count(), 1, "{lines:?}");
}

#[test]
fn deliveries_go_to_idle_instances_in_turn() {
    let rooms = "count = 4\nevery = \"1m\"\n[operator]\ninstances = 3\n";
    let source = world("10s", &format!("{rooms}{ROOM_STARTED}")).replace("\"standup\"", "\"standup-{n}\"");
    let (_, lines) = shifts(&source, |_, _| OK);
    assert_eq!(
        lines[3..],
        ["0s 0 has room_started", "1m 1 has room_started", "2m 2 has room_started", "3m 0 has room_started"]
    );
}

/// A call a minute, and a deploy at 90 s.
fn deploy(parameters: &str) -> String {
    let rooms = "count = 4\nevery = \"1m\"\n";
    let fault = format!("[[fault]]\ndo = \"operator.deploy\"\nat = \"90s\"\n{parameters}");
    let older = "[operator]\nolder = \"builtin:reference\"\n";
    world("10s", &format!("{rooms}{older}{ROOM_STARTED}{fault}")).replace("\"standup\"", "\"standup-{n}\"")
}

#[test]
fn old_and_new_both_take_deliveries_until_the_old_one_goes() {
    let (_, lines) = shifts(&deploy("overlap = \"80s\"\n"), |_, _| OK);
    assert_eq!(
        lines,
        [
            "0s 0 of new starts",
            "0s 0 has room_started",
            "1m 0 has room_started",
            "1m30s 1 of new starts",
            "2m 1 has room_started",
            "2m50s 0 stops",
            "3m 1 has room_started",
        ]
    );
    let (_, lines) = shifts(&deploy("to = \"older\"\noverlap = \"10s\"\n"), |_, _| OK);
    assert_eq!(lines[3..5], ["1m30s 1 of older starts", "1m40s 0 stops"]);
}

#[test]
fn the_old_one_ends_what_it_has_in_hand_or_is_killed() {
    let slow = |delivery: &Delivery, replies: &[Reply]| match (delivery, replies) {
        (Delivery::Webhook { .. }, []) => Step::Call(head()),
        _ => OK,
    };
    let source = |drain: &str| {
        let world = "s3_latency = \"50s\"\nhorizon";
        deploy(&format!("overlap = \"10s\"\ndrain = \"{drain}\"\n")).replace("horizon", world)
    };
    // The second call's delivery takes it from 60 s to 110 s; it is taken out of service at 100 s.
    let (outcome, lines) = shifts(&source("30s"), slow);
    assert!(lines.contains(&"1m50s 0 stops".to_owned()), "{lines:?}");
    assert_eq!(outcome.counts.webhooks, 4);
    let (_, lines) = shifts(&source("5s"), slow);
    assert!(lines.contains(&"1m45s 0 dies".to_owned()), "{lines:?}");
    assert!(lines.contains(&"1m46s 1 has room_started".to_owned()), "the killed delivery comes again: {lines:?}");
    assert!(!lines.iter().any(|line| line.contains("0 of new starts") && !line.starts_with("0s")), "{lines:?}");
}

#[test]
fn a_deploy_goes_from_instance_to_instance() {
    let two = deploy("overlap = \"10s\"\n").replace("older =", "instances = 2\nolder =");
    let (_, lines) = shifts(&two, |_, _| OK);
    let told: Vec<&String> = lines.iter().filter(|line| !line.contains("has")).collect();
    assert_eq!(told[2..], ["1m30s 2 of new starts", "1m40s 3 of new starts", "1m40s 0 stops", "1m50s 1 stops"]);
    let one = two.replace("do = \"operator.deploy\"", "do = \"operator.deploy\"\nwhere = { instance = 1 }");
    let (_, lines) = shifts(&one, |_, _| OK);
    let told: Vec<&String> = lines.iter().filter(|line| !line.contains("has")).collect();
    assert_eq!(told[2..], ["1m30s 2 of new starts", "1m40s 1 stops"]);
}

#[test]
fn a_roll_back_needs_an_older_operator() {
    let source = deploy("to = \"older\"\n").replace("older = \"builtin:reference\"\n", "");
    let error = file::parse("story", &source).expect_err("nothing to roll back to").render("story.toml");
    assert!(error.contains("there is no older operator to roll back to"), "{error}");
}

/// Two keys committed at once, then what each of them reads, by a puppet that does it all in one delivery.
fn committed(fault: &str) -> (Vec<Reply>, Vec<String>) {
    let heard: Rc<RefCell<Vec<Reply>>> = Rc::default();
    let log = Rc::clone(&heard);
    let host = puppet(move |delivery, replies| {
        let Delivery::Command(_) = delivery else { return OK };
        *log.borrow_mut() = replies.to_vec();
        let get = |key: &str| Step::Call(Call::StateGet { key: key.into() });
        let puts = vec![Write::PutState("a".into(), "1".into()), Write::PutState("b".into(), "1".into())];
        match replies.len() {
            0 | 3 => get("a"),
            1 | 4 => get("b"),
            2 if replies.iter().any(|reply| matches!(reply, Reply::State(Ok(Some(_))))) => OK,
            2 => Step::Call(Call::Commit { writes: puts, preconditions: Vec::new() }),
            _ => OK,
        }
    });
    let command = "[[command]]\nat = \"5s\"\ndo = \"playback\"\ntenant = \"acme\"\n";
    let (outcome, lines) = tell(&world("1m", &format!("{ROOM_STARTED}{command}[[fault]]\n{fault}")), &host);
    assert_eq!(outcome.faults_fired, [1], "{fault}");
    let heard = heard.borrow().clone();
    (heard, lines)
}

fn found(replies: &[Reply]) -> Vec<bool> {
    let state = |reply: &Reply| matches!(reply, Reply::State(Ok(Some(_))));
    replies.iter().filter(|reply| matches!(reply, Reply::State(_))).map(state).collect()
}

#[test]
fn a_store_may_lose_or_tear_a_commit_where_the_scenario_says_so() {
    let (replies, _) = committed("do = \"store.lost_write\"\n");
    assert!(matches!(replies[2], Reply::Commit(Ok(_))), "acknowledged: {replies:?}");
    assert_eq!(found(&replies), [false, false, false, false]);

    let (replies, _) = committed("do = \"store.torn_commit\"\nthen = \"error\"\n");
    assert!(matches!(replies[2], Reply::Commit(Err(CallError::OutcomeUnknown(_)))), "{replies:?}");
    assert_eq!(found(&replies), [false, false, true, false]);

    let (replies, lines) = committed("do = \"store.torn_commit\"\n");
    assert!(lines.contains(&"5s3ms crash".to_owned()), "{lines:?}");
    assert_eq!(found(&replies), [true, false], "what the next incarnation finds");
}
