//! The operator's clock against the servers': what it reads, what it accepts, and what is refused to it.

use super::*;
use egress_sim_model::call::Refusal;

/// What an operator hears that asks each surface something at each of these seconds of the run.
fn heard(seconds: &[u64], fault: &str) -> Vec<[Reply; 3]> {
    let heard: Rc<RefCell<Vec<[Reply; 3]>>> = Rc::default();
    let log = Rc::clone(&heard);
    let host = puppet(move |delivery, replies| {
        let Delivery::Command(_) = delivery else { return OK };
        match replies {
            [] => Step::Call(Call::Now),
            [_] => Step::Call(Call::ListRooms { names: Vec::new() }),
            [_, _] => Step::Call(Call::HeadObject {
                bucket: "rec".into(),
                id: ObjectId { key: "k".into(), version_id: None },
            }),
            _ => {
                log.borrow_mut().push(replies.to_vec().try_into().expect("three replies"));
                OK
            }
        }
    });
    let command = |second: &u64| format!("[[command]]\nat = \"{second}s\"\ndo = \"playback\"\ntenant = \"acme\"\n");
    let commands: String = seconds.iter().map(command).collect();
    let world_ = "[world]\nwebhook_events = [\"room_started\"]\nhorizon = \"1h\"\n";
    let (outcome, _) = tell(&world("10m", &format!("{world_}{commands}[[fault]]\n{fault}")), &host);
    assert_eq!(outcome.faults_fired, [1], "{fault}");
    heard.take()
}

/// Nanoseconds from the start of the world; negative before it.
fn read(reply: &Reply) -> i128 {
    let Reply::Now(now) = reply else { panic!("{reply:?}") };
    let start = Time::from_rfc3339("2026-01-01T00:00:00Z").expect("the default start");
    i128::from(now.0) - i128::from(start.0)
}

const SECOND: i128 = 1_000_000_000;

#[test]
fn a_clock_jumps_and_stays_or_jumps_back() {
    let reads =
        |fault: &str| -> Vec<i128> { heard(&[10, 70, 200], fault).iter().map(|replies| read(&replies[0])).collect() };
    let skew = |rest: &str| format!("do = \"clock.skew\"\nat = \"60s\"\n{rest}");
    assert_eq!(reads(&skew("")), [10 * SECOND, 100 * SECOND, 230 * SECOND]);
    assert_eq!(reads(&skew("direction = \"behind\"\n")), [10 * SECOND, 40 * SECOND, 170 * SECOND]);
    assert_eq!(reads(&skew("by = \"1h\"\nfor = \"2m\"\n")), [10 * SECOND, 3670 * SECOND, 200 * SECOND]);
    // Anchored to a delivery: the second one sees it already.
    let on = "do = \"clock.skew\"\non = \"operator.delivery\"\nnth = 3\n";
    assert_eq!(reads(on), [10 * SECOND, 100 * SECOND, 230 * SECOND], "the first delivery is room_started");
}

#[test]
fn servers_refuse_whoever_comes_from_another_time() {
    let refused = |by: &str, direction: &str| {
        let fault = format!("do = \"clock.skew\"\nat = \"0s\"\nby = \"{by}\"\ndirection = \"{direction}\"\n");
        let [_, rooms, head] = heard(&[10], &fault).remove(0);
        let livekit = match rooms {
            Reply::Rooms(Ok(_)) => None,
            Reply::Rooms(Err(CallError::Rejected(no))) => Some((no.status, no.message)),
            other => panic!("{other:?}"),
        };
        let sink = match head {
            Reply::Head(Ok(_)) => None,
            Reply::Head(Err(CallError::Rejected(no))) => Some(no.status),
            other => panic!("{other:?}"),
        };
        (livekit, sink)
    };
    let locked_out = Some((401, "invalid authorization token".to_owned()));
    assert_eq!(refused("60s", "ahead"), (None, None), "within the leeway");
    assert_eq!(refused("62s", "ahead"), (locked_out.clone(), None), "the token is not valid yet");
    assert_eq!(refused("10m59s", "behind"), (None, None), "ten minutes of life, one of leeway");
    assert_eq!(refused("11m2s", "behind"), (locked_out.clone(), None), "the token has run out");
    assert_eq!(refused("15m", "behind").1, None);
    assert_eq!(refused("15m1s", "behind"), (locked_out, Some(403)), "HEAD has no code, only 403");
}

#[test]
fn genuine_deliveries_are_refused_by_a_clock_that_is_off() {
    let opened = |by: &str, direction: &str| {
        let answers: Rc<RefCell<Vec<Result<(), Refusal>>>> = Rc::default();
        let log = Rc::clone(&answers);
        let host = puppet(move |delivery, replies| match (delivery, replies) {
            (Delivery::Webhook { delivery, .. }, []) => Step::Call(Call::WebhookOpen { delivery: *delivery }),
            (_, [Reply::Opened(opened)]) => {
                log.borrow_mut().push(opened.clone().map(|_| ()));
                OK
            }
            _ => OK,
        });
        let fault =
            format!("[[fault]]\ndo = \"clock.skew\"\nat = \"0s\"\nby = \"{by}\"\ndirection = \"{direction}\"\n");
        tell(&world("1m", &format!("[world]\nwebhook_events = [\"room_finished\"]\n{fault}")), &host);
        answers.take()
    };
    assert_eq!(opened("6m", "ahead"), [Ok(())], "five minutes of life, one of leeway");
    assert_eq!(opened("6m1s", "ahead"), [Err(Refusal::Expired)]);
    assert_eq!(opened("60s", "behind"), [Ok(())]);
    assert_eq!(opened("61s", "behind"), [Err(Refusal::Expired)], "not valid yet");
}

#[test]
fn a_skew_may_be_of_one_instance_alone() {
    let fault = "do = \"clock.skew\"\nat = \"0s\"\nwhere = { instance = 1 }\n[operator]\ninstances = 2\n";
    let reads: Vec<i128> = heard(&[10, 20, 30], fault).iter().map(|replies| read(&replies[0])).collect();
    assert_eq!(reads, [40 * SECOND, 20 * SECOND, 60 * SECOND], "instance 0 had room_started");
}

#[test]
fn a_coarse_clock_tells_whole_seconds() {
    let host = on_event(|_, rest| match rest {
        [] => Step::Call(Call::ListRooms { names: Vec::new() }),
        [_] => Step::Call(Call::Now),
        [_, now] => {
            assert_eq!(read(now), 0, "20 ms into the run");
            OK
        }
        _ => OK,
    });
    let fault = "[world]\nwebhook_events = [\"room_started\"]\n[[fault]]\ndo = \"clock.coarse\"\nat = \"0s\"\n";
    let (outcome, _) = tell(&world("1m", fault), &host);
    assert_eq!(outcome.counts.host_calls, 3, "it came to its assertion");
}

#[test]
fn a_retry_behind_the_life_of_its_token_is_refused() {
    // The token is signed at the first attempt and sent again as it is. Each S3 call takes 70 s here.
    let opened: Rc<RefCell<Vec<bool>>> = Rc::default();
    let log = Rc::clone(&opened);
    let host = puppet(move |delivery, replies| match (delivery, replies) {
        (Delivery::Webhook { delivery, .. }, []) => Step::Call(Call::WebhookOpen { delivery: *delivery }),
        (Delivery::Webhook { .. }, [Reply::Opened(opened)]) => {
            log.borrow_mut().push(opened.is_ok());
            let id = ObjectId { key: "k".into(), version_id: None };
            Step::Call(Call::HeadObject { bucket: "rec".into(), id })
        }
        (Delivery::Webhook { .. }, _) => Step::Done(Answer::RetryLater("not now".into())),
        _ => OK,
    });
    let slow = "[world]\nwebhook_events = [\"room_started\"]\nwebhook_attempts = 2\ns3_latency = \"70s\"\n";
    let (_, lines) = tell(&world("10m", &format!("{slow}token_life = \"1s\"\n")), &host);
    assert_eq!(opened.take(), [true, false], "{lines:?}");
    tell(&world("10m", slow), &host);
    assert_eq!(opened.take(), [true, true], "with five minutes of life it is still good");
}
