//! Faults at the operator's calls: every mutating call comes to its three bad ends, and each error says what it may say.

use super::*;

/// The world at the end, as far as calls of the operator can change it.
#[derive(Default)]
struct Lasting(Rc<RefCell<String>>);

impl Witness for Lasting {
    fn record(&mut self, _at: Time, _sequence: u64, _fact: &Fact<'_>, state: &State) {
        let egresses: Vec<_> = state.egresses.iter().map(|egress| (egress.end, egress.info.status)).collect();
        let ports = &state.ports;
        let objects = state.sink.objects_live();
        *self.0.borrow_mut() = format!(
            "{egresses:?} {objects} {:?} {:?} {} {:?} {:?}",
            ports.rows, ports.state, ports.audit_records, ports.links, ports.timers
        );
    }
}

/// What is left behind by an operator that makes `before` and then `call` in its first delivery, and what `call` was answered.
fn left_behind(before: &[Call], call: Option<&Call>, fault: &str) -> (String, Option<Reply>, Vec<u64>) {
    let calls: Vec<Call> = before.iter().chain(call).cloned().collect();
    let (watched, answer) = (before.len(), Rc::new(RefCell::new(None)));
    let heard = Rc::clone(&answer);
    let host = puppet(move |delivery, replies| {
        let first = matches!(delivery, Delivery::Command(command) if command.id == "go");
        if !first || heard.borrow().is_some() {
            return OK;
        }
        if let Some(reply) = replies.get(watched) {
            *heard.borrow_mut() = Some(reply.clone());
        }
        calls.get(replies.len()).cloned().map_or(OK, Step::Call)
    });
    // Three seconds into the call there is an egress if one was started before.
    let command = "[[command]]\nname = \"go\"\nat = \"3s\"\ndo = \"playback\"\ntenant = \"acme\"\n";
    let source =
        world("10m", &format!("[world]\nwebhook_events = [\"ingress_started\"]\nhorizon = \"5m\"\n{command}{fault}"));
    let scenario = file::parse("story", &source).unwrap_or_else(|error| panic!("{}", error.render("story.toml")));
    let lasting = Lasting::default();
    let text = Rc::clone(&lasting.0);
    let mut lasting = lasting;
    let run = Run {
        scenario: Rc::new(scenario),
        host: &host,
        older: None,
        properties: Vec::new(),
        witness: Some(&mut lasting),
        progress: None,
    };
    let outcome = run.go();
    let reply = answer.borrow_mut().take();
    (text.borrow().clone(), reply, outcome.faults_fired)
}

fn put(key: &str) -> Call {
    Call::PutObject {
        bucket: "rec".into(),
        key: key.into(),
        content_type: "text/plain".into(),
        body: bytes::Bytes::from_static(b"x"),
    }
}

fn object(key: &str) -> ObjectId {
    ObjectId { key: key.into(), version_id: None }
}

fn link() -> Link {
    Link { egress_id: "EG_a".into(), tenant: "acme".into(), url: "https://cdn.acme.example/rec/a".into() }
}

fn timer() -> Timer {
    Timer { name: "later".into(), at: Time(u64::MAX), payload: String::new() }
}

/// Each mutating call with what has to be there before it. `AbortMultipartUpload` is missing: no call begins an upload.
fn mutating() -> Vec<(Vec<Call>, Call)> {
    let record = egress_sim_model::call::AuditRecord {
        action: egress_sim_model::call::AuditAction::Publish,
        tenant: "acme".into(),
        egress_id: None,
        bucket: None,
        key: None,
        version_id: None,
        outcome: egress_sim_model::call::AuditOutcome::Done,
        idempotency_key: "1".into(),
    };
    let commit = Call::Commit { writes: vec![Write::PutState("a".into(), "1".into())], preconditions: Vec::new() };
    vec![
        (vec![], mp4()),
        (vec![], put("a")),
        (vec![put("a")], Call::DeleteObject { bucket: "rec".into(), id: object("a") }),
        (
            vec![put("a"), put("b")],
            Call::DeleteObjects { bucket: "rec".into(), objects: vec![object("a"), object("b")], quiet: false },
        ),
        (vec![], commit),
        (vec![], Call::AuditAppend(vec![record])),
        (vec![], Call::Publish(link())),
        (vec![Call::Publish(link())], Call::Retract { egress_id: "EG_a".into() }),
        (vec![], Call::SetTimer(timer())),
        (vec![Call::SetTimer(timer())], Call::CancelTimer { name: "later".into() }),
    ]
}

fn timeout_of(call: &Call) -> &'static str {
    match call.name().split('.').next() {
        Some("livekit") => "livekit.timeout",
        Some("s3") => "s3.timeout",
        _ => "store.timeout",
    }
}

/// A fault at the last call of a story: the one behind `before`, in which the same call may have been made.
fn at(kind: &str, effect: &str, before: &[Call], call: &Call) -> String {
    let nth = before.iter().filter(|earlier| earlier.name() == call.name()).count() + 1;
    format!("[[fault]]\ndo = \"{kind}\"\non = \"{}\"\nnth = {nth}\neffect = \"{effect}\"\n", call.name())
}

#[test]
fn every_mutating_call_comes_to_its_three_bad_ends() {
    for (before, call) in mutating() {
        let name = call.name();
        let (without, ..) = left_behind(&before, None, "");
        let (with, reply, _) = left_behind(&before, Some(&call), "");
        assert_ne!(with, without, "{name} changes something");
        assert!(!format!("{reply:?}").contains("Err"), "{name} works: {reply:?}");

        for (effect, left) in [("before", &without), ("after", &with)] {
            let (behind, reply, fired) =
                left_behind(&before, Some(&call), &at(timeout_of(&call), effect, &before, &call));
            assert_eq!((&behind, fired), (left, vec![1]), "{name}: an error {effect} its effect");
            assert!(format!("{reply:?}").contains("OutcomeUnknown"), "{name}: {reply:?}");
        }

        // After the crash the command comes again, and a puppet has no memory: the same call is made once more.
        let crash = at("operator.crash", "after", &before, &call);
        let (_, reply, fired) = left_behind(&before, Some(&call), &crash);
        assert_eq!(fired, [1], "{name}");
        assert!(reply.is_some(), "{name} is made again by the next incarnation");
    }
}

fn answer_under(call: &Call, fault: &str) -> CallError {
    let (_, reply, fired) = left_behind(&[], Some(call), fault);
    assert_eq!(fired, [1], "{fault}");
    match reply.expect("an answer") {
        Reply::Egress(Err(error)) | Reply::Put(Err(error)) | Reply::Head(Err(error)) | Reply::Commit(Err(error)) => {
            error
        }
        other => panic!("no error under {fault}: {other:?}"),
    }
}

fn rejected(code: &str, status: u16, message: &str) -> CallError {
    CallError::rejected(code, status, message)
}

#[test]
fn an_error_says_what_may_be_concluded_from_it() {
    let head = Call::HeadObject { bucket: "rec".into(), id: object("a") };
    let commit = Call::Commit { writes: vec![Write::PutState("a".into(), "1".into())], preconditions: Vec::new() };
    let not_sent = || CallError::NotSent("connection refused".into());
    let unknown = |why: &str| CallError::OutcomeUnknown(why.into());
    for (call, fault, error) in [
        (mp4(), "livekit.refused\"", rejected("unavailable", 503, "twirp error unknown: no response from servers")),
        (
            mp4(),
            "livekit.refused\"\ncode = \"permission_denied\"",
            rejected("permission_denied", 403, "permissions denied"),
        ),
        (mp4(), "livekit.unreachable\"\non = \"livekit.start_egress\"", not_sent()),
        (mp4(), "livekit.timeout\"", unknown("no answer within 10s")),
        (put("a"), "s3.refused\"", rejected("AccessDenied", 403, "Access Denied")),
        (head, "s3.refused\"", rejected("403", 403, "")),
        (put("a"), "s3.slow_down\"", rejected("SlowDown", 503, "Please reduce your request rate.")),
        (put("a"), "s3.internal_error\"", unknown("InternalError (500)")),
        (put("a"), "s3.broken_reply\"", unknown("connection reset by peer while the answer was read")),
        (put("a"), "s3.unreachable\"", not_sent()),
        (commit.clone(), "store.unavailable\"", not_sent()),
        (commit, "store.timeout\"\nwait = \"1s\"", unknown("no answer within 1s")),
    ] {
        assert_eq!(answer_under(&call, &format!("[[fault]]\ndo = \"{fault}\n")), error, "{fault}");
    }
}

/// When the egress starts and when its starter hears of it.
#[test]
fn a_slow_answer_is_overtaken_by_the_webhook_of_its_effect() {
    let fault = "[operator]\ninstances = 2\n[[fault]]\ndo = \"livekit.slow\"\nby = \"4s\"\n";
    let (_, lines) = tell(&world("1m", &format!("{EGRESS_ONLY}{fault}")), &starter(mp4()));
    let told: Vec<&str> = lines.iter().take(7).map(String::as_str).collect();
    assert_eq!(
        told,
        [
            "0s boot 1",
            "0s boot 1",
            "20ms fault livekit.slow",
            "20ms egress EGRESS_STARTING",
            "20ms egress_started attempt 1: 200",
            "2s20ms egress EGRESS_ACTIVE",
            "2s20ms egress_updated attempt 1: 200",
        ]
    );
    assert!(lines.contains(&"4s20ms room_started attempt 1: 200".to_owned()), "{lines:?}");
}

#[test]
fn a_call_fault_keeps_to_its_surface_room_and_tenant() {
    for filter in ["room = \"elsewhere\"", "tenant = \"nobody\"", "instance = 1"] {
        let fault = format!("[[fault]]\ndo = \"livekit.refused\"\nwhere = {{ {filter} }}\n");
        let fault = if filter.starts_with("tenant") {
            format!("[[tenant]]\nname = \"nobody\"\nbuckets = [\"rec\"]\n{fault}")
        } else {
            fault
        };
        let (_, reply, fired) = left_behind(&[], Some(&mp4()), &fault);
        assert_eq!(fired, [0], "{filter}");
        assert!(matches!(reply, Some(Reply::Egress(Ok(_)))), "{filter}: {reply:?}");
    }
    for filter in ["room = \"standup\"", "tenant = \"acme\"", "instance = 0"] {
        let fault = format!("[[fault]]\ndo = \"livekit.refused\"\nwhere = {{ {filter} }}\n");
        let (_, reply, fired) = left_behind(&[], Some(&mp4()), &fault);
        assert_eq!(fired, [1], "{filter}");
        assert!(matches!(reply, Some(Reply::Egress(Err(_)))), "{filter}: {reply:?}");
    }
}
