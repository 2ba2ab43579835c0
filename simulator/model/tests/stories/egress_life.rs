//! What each fault of an egress's life does, told as stories.

use std::cell::RefCell;
use std::rc::Rc;

use egress_sim_model::call::{Call, CallError, Reply};
use egress_sim_model::livekit::{EgressInfo, EgressStatus, Output, Source};
use egress_sim_model::operator::Step;

use super::{EGRESS_ONLY, OK, Puppet, hls, mp4, on_event, starter, tell, world};

/// A call of a minute under one fault: what became of the egress and what is in the sink.
fn under(fault: &str, call: Call) -> Vec<String> {
    let (outcome, lines) = tell(&world("1m", &format!("{EGRESS_ONLY}[[fault]]\n{fault}\n")), &starter(call));
    assert_eq!(outcome.faults_fired, [1], "{fault}");
    let told = |line: &String| line.contains(" egress EGRESS_") || line.contains(" Stored {");
    lines.into_iter().filter(told).map(|line| brief(&line)).collect()
}

/// `12s20ms FAILED`, `12s20ms a.mp4`; the manifest is `EG.json`.
fn brief(line: &str) -> String {
    let (at, what) = line.split_once(' ').expect("a time and a fact");
    let what = what.strip_prefix("egress EGRESS_").unwrap_or_else(|| what.rsplit(' ').next().unwrap_or_default());
    let name = if what.starts_with("EG_") { "EG.json" } else { what };
    format!("{at} {name}")
}

/// Starts `call` and keeps the info of every egress webhook.
fn listener(call: Call) -> (Puppet, Rc<RefCell<Vec<EgressInfo>>>) {
    let heard: Rc<RefCell<Vec<EgressInfo>>> = Rc::default();
    let log = Rc::clone(&heard);
    let host = on_event(move |event, rest| {
        if event.event == "room_started" && rest.is_empty() {
            return Step::Call(call.clone());
        }
        log.borrow_mut().extend(event.egress_info.clone());
        OK
    });
    (host, heard)
}

/// The info of `egress_ended` under one fault.
fn ended(fault: &str, call: Call) -> EgressInfo {
    let (host, heard) = listener(call);
    tell(&world("1m", &format!("{EGRESS_ONLY}[[fault]]\n{fault}\n")), &host);
    let heard = heard.borrow();
    let last = heard.last().expect("an egress webhook").clone();
    assert!(!last.status.is_live(), "{last:?}");
    last
}

#[test]
fn an_abort_says_what_it_is_called() {
    let info = ended("do = \"egress.abort\"", mp4());
    assert_eq!(
        (info.status, info.error.as_str(), info.error_code),
        (EgressStatus::Aborted, "Start signal not received", 412)
    );
    let info = ended("do = \"egress.abort\"\nerror = \"signal_connection\"", mp4());
    let expected = (EgressStatus::Failed, "could not establish signal connection", 0);
    assert_eq!((info.status, info.error.as_str(), info.error_code), expected);
}

#[test]
fn a_frozen_pipeline_uploads_nothing_and_fails_later() {
    let fault = "do = \"egress.abort\"\non = \"egress.ending\"\ndelay = \"30s\"";
    assert_eq!(under(fault, mp4()), ["20ms STARTING", "2s20ms ACTIVE", "1m ENDING", "1m30s FAILED"]);
    let hls = under(fault, hls());
    assert_eq!(hls.last().map(String::as_str), Some("1m30s FAILED"));
    assert_eq!(hls[hls.len() - 2], "1m ENDING", "HLS keeps what it had, and gets no ENDLIST");
    let info = ended(fault, mp4());
    assert_eq!((info.error.as_str(), info.error_code), ("pipeline frozen", 500));
}

#[test]
fn who_is_killed_uploads_before_anybody_hears_of_it() {
    let fault = "do = \"egress.fail\"\nreason = \"oom\"\ndelay = \"20s\"";
    // 20 s of media at 250,000 bytes a second, uploaded at 50,000,000.
    assert_eq!(under(fault, mp4()), ["20ms STARTING", "2s20ms ACTIVE", "22s120ms a.mp4", "22s120ms FAILED"]);
    let info = ended(fault, mp4());
    assert_eq!((info.error.as_str(), info.error_code), ("OOM: 4.0 GB used", 403));
    assert!(info.manifest_location.is_empty() && !info.file_results[0].location.is_empty());
}

#[test]
fn a_lost_connection_leaves_file_and_manifest() {
    let fault = "do = \"egress.fail\"\nreason = \"room_connection\"\ndelay = \"20s\"";
    let told = under(fault, mp4());
    assert_eq!(told[2..], ["22s120ms a.mp4", "22s120ms EG.json", "22s120ms FAILED"]);
    assert_eq!(ended(fault, mp4()).error_code, 503);
}

#[test]
fn a_crashed_handler_knows_nothing_of_what_it_stored() {
    let fault = "do = \"egress.fail\"\nreason = \"handler_crash\"\ndelay = \"20s\"";
    assert_eq!(under(fault, mp4()), ["20ms STARTING", "2s20ms ACTIVE", "22s20ms FAILED"]);
    let told = under(fault, hls());
    assert!(told.contains(&"14s50ms s_00001.ts".to_owned()), "{told:?}");
    let info = ended(fault, hls());
    assert_eq!((info.error.as_str(), info.error_code), ("exit status 1", 500));
    let result = &info.segment_results[0];
    assert_eq!((result.playlist_name.as_str(), result.segment_count, result.started_at), ("acme/p.m3u8", 0, None));
}

#[test]
fn an_early_end_is_complete_and_says_why() {
    let fault = "do = \"egress.ends_early\"\nreason = \"cpu_exhausted\"";
    let told = under(fault, mp4());
    assert_eq!(told[2..], ["12s20ms ENDING", "12s70ms a.mp4", "12s70ms EG.json", "12s70ms COMPLETE"]);
    assert_eq!(ended(fault, mp4()).details, "End reason: CPU exhausted");
}

#[test]
fn at_its_limit_an_egress_has_ended_and_still_uploads() {
    let fault = "do = \"egress.limit_reached\"\ndelay = \"10s\"";
    let told = under(fault, mp4());
    assert_eq!(
        told[2..],
        ["12s20ms LIMIT_REACHED", "12s70ms a.mp4", "12s70ms EG.json", "12s70ms LIMIT_REACHED"],
        "the second time only what LiveKit knows has changed"
    );
    let info = ended(fault, mp4());
    assert_eq!((info.error_code, info.error.as_str()), (413, "Session limit reached"));
    assert!(info.ended_at.is_some() && info.file_results[0].location.is_empty(), "nothing is uploaded yet");
    let told = under(fault, hls());
    let after = told.iter().skip_while(|line| !line.ends_with("LIMIT_REACHED")).filter(|line| line.ends_with("p.m3u8"));
    assert_eq!(after.count(), 1, "ENDLIST comes behind the end: {told:?}");
}

#[test]
fn a_slow_start_is_aborted_by_a_stop() {
    assert_eq!(under("do = \"egress.slow_start\"\nby = \"20s\"", mp4())[..2], ["20ms STARTING", "22s20ms ACTIVE"]);
    let told = under("do = \"egress.slow_start\"\nby = \"2m\"", mp4());
    assert_eq!(told, ["20ms STARTING", "1m ABORTED"], "the room's end is a stop too");
}

#[test]
fn the_end_that_is_cut_off_is_nowhere() {
    let whole = ended("do = \"egress.outlives_room\"\nat = \"1h\"", mp4());
    let cut = ended("do = \"egress.cut_short\"\nby = \"7s\"", mp4());
    assert_eq!(cut.status, EgressStatus::Complete);
    assert_eq!(whole.file_results[0].duration.0 - cut.file_results[0].duration.0, 7_000_000_000);
    assert_eq!(cut.file_results[0].size, whole.file_results[0].size - 7 * 250_000);
    let cut = ended("do = \"egress.cut_short\"\nby = \"7s\"", hls());
    // 57.98 s are ten segments, of which nine were uploaded before the end.
    assert_eq!((cut.segment_results[0].segment_count, cut.segment_results[0].duration.0), (9, 54_000_000_000));
}

#[test]
fn a_retried_egress_has_other_names_under_the_same_id() {
    let (host, heard) = listener(mp4());
    let fault = "[[fault]]\ndo = \"egress.retried\"\nleaves = \"partial\"\n";
    let (_, lines) = tell(&world("1m", &format!("{EGRESS_ONLY}{fault}")), &host);
    let stored: Vec<String> = lines.iter().filter(|line| line.contains("Stored {")).map(|line| brief(line)).collect();
    assert_eq!(stored, ["2s20ms a.mp4", "1m279ms900us a-1.mp4", "1m279ms900us EG.json"]);
    let heard = heard.borrow();
    let named: Vec<_> = heard.iter().map(|info| (info.retry_count, info.file_results[0].filename.as_str())).collect();
    assert_eq!(named, [(0, "acme/a.mp4"), (1, "acme/a-1.mp4"), (1, "acme/a-1.mp4"), (1, "acme/a-1.mp4")]);
    assert!(heard.iter().all(|info| info.egress_id == heard[0].egress_id));
}

#[test]
fn a_retried_hls_renames_playlists_and_segments() {
    let told = under("do = \"egress.retried\"", hls());
    for name in ["s-1_00000.ts", "p-1.m3u8", "live-1.m3u8"] {
        assert!(told.iter().any(|line| line.ends_with(name)), "{name}: {told:?}");
    }
    assert!(!told.iter().any(|line| line.ends_with(" p.m3u8")), "{told:?}");
    let partial = under("do = \"egress.retried\"\nleaves = \"partial\"", hls());
    assert_eq!(partial[1..3], ["2s20ms s_00000.ts", "2s20ms p.m3u8"]);
}

#[test]
fn poor_results_are_told_and_the_files_are_there() {
    let told = |what: &str, call: Call| {
        let info = ended(&format!("do = \"egress.poor_result\"\nwhat = \"{what}\""), call);
        info.as_told().into_owned()
    };
    assert!(told("no_results", mp4()).file_results.is_empty());
    assert!(told("no_results", hls()).segment_results.is_empty());
    let file = told("negative_duration", mp4()).file_results.remove(0);
    assert_eq!((file.ended_at, file.duration.0), (None, 0));
    assert!(!file.location.is_empty());
    let info = told("no_location", hls());
    assert!(info.segment_results[0].playlist_location.is_empty() && info.manifest_location.is_empty());
    assert!(under("do = \"egress.poor_result\"", mp4()).iter().any(|line| line.ends_with("a.mp4")));
}

#[test]
fn a_literal_name_is_the_key() {
    let host = on_event(|event, rest| match (event.event, rest) {
        ("track_published", []) => {
            let Step::Call(Call::StartEgress(request)) = Step::Call(mp4()) else { unreachable!("a start") };
            let mut request = (*request).clone();
            let track = event.track.as_ref().expect("a track event");
            request.source = Source::Track { track_id: track.sid.to_string() };
            let [Output::File(file)] = request.outputs.as_mut_slice() else { unreachable!("one file") };
            file.filepath = "acme/{publisher_identity}-{track_source}".into();
            Step::Call(Call::StartEgress(request.into()))
        }
        _ => OK,
    });
    let (_, lines) = tell(&world("1m", "[[fault]]\ndo = \"egress.literal_name\"\n"), &host);
    let stored: Vec<&str> = lines.iter().filter(|line| line.contains("Stored {")).map(String::as_str).collect();
    assert!(stored.iter().any(|line| line.ends_with(" {publisher_identity}-{track_source}.ogg")), "{stored:?}");
    assert!(stored.iter().any(|line| line.ends_with(" alice-camera.webm")), "only the first one: {stored:?}");
}

/// Starts `call`; at `participant_left` of a recorder and at `room_finished` it stops the egress and lists what is live.
fn stopper(call: Call) -> (Puppet, Rc<RefCell<Vec<String>>>) {
    let heard: Rc<RefCell<Vec<String>>> = Rc::default();
    let log = Rc::clone(&heard);
    let egress_id: Rc<RefCell<String>> = Rc::default();
    let host = on_event(move |event, rest| match (event.event, rest) {
        ("room_started", []) => Step::Call(call.clone()),
        ("egress_started", []) => {
            *egress_id.borrow_mut() = event.egress_info.as_ref().expect("an egress event").egress_id.to_string();
            OK
        }
        ("room_finished", []) => Step::Call(Call::StopEgress { egress_id: egress_id.borrow().clone() }),
        ("room_finished", [_]) => {
            Step::Call(Call::ListEgress { room_name: String::new(), egress_id: String::new(), active: true })
        }
        ("room_finished", [Reply::Egress(stopped), Reply::EgressList(listed)]) => {
            let stopped = match stopped {
                Ok(info) => info.status.as_str_name().to_owned(),
                Err(CallError::Rejected(no)) => format!("{} {}", no.status, no.message),
                Err(other) => format!("{other:?}"),
            };
            let listed = listed.as_ref().expect("it always answers");
            let listed: Vec<&str> = listed.iter().map(|info| info.status.as_str_name()).collect();
            log.borrow_mut().push(format!("{stopped}; live: {}", listed.join(", ")));
            OK
        }
        ("participant_left", []) if event.participant.as_ref().is_some_and(|who| who.identity.starts_with("EG_")) => {
            log.borrow_mut().push("recorder left".into());
            OK
        }
        _ => OK,
    });
    (host, heard)
}

#[test]
fn a_dead_worker_stays_what_it_was_for_ever() {
    let cases = [
        ("egress.start", "EGRESS_STARTING", false, mp4()),
        ("egress.active", "EGRESS_ACTIVE", true, mp4()),
        ("egress.ending", "EGRESS_ENDING", true, mp4()),
        ("egress.active", "EGRESS_ACTIVE", true, hls()),
        ("egress.ending", "EGRESS_ENDING", true, hls()),
    ];
    for (point, status, joined, call) in cases {
        let (host, heard) = stopper(call);
        let fault = format!("[[fault]]\ndo = \"egress.stuck\"\non = \"{point}\"\n");
        let (_, lines) = tell(&world("1m", &fault), &host);
        let last = lines.iter().rfind(|line| line.contains("egress EGRESS_")).expect("an egress");
        assert!(last.ends_with(status), "{point}: {last}");
        assert!(!lines.iter().any(|line| line.contains("EG_")), "no manifest: {lines:?}");
        let mut expected = vec![format!("408 twirp error unknown: request timed out; live: {status}")];
        if joined {
            expected.insert(0, "recorder left".to_owned());
        }
        assert_eq!(*heard.borrow(), expected, "{point}");
    }
}

#[test]
fn the_recorder_of_a_dead_worker_is_missed_after_a_while() {
    let (host, _) = stopper(mp4());
    let fault = "[[fault]]\ndo = \"egress.stuck\"\ndelay = \"5s\"\nmissed_after = \"12s\"\n";
    let (_, lines) = tell(&world("1m", fault), &host);
    let left: Vec<&String> = lines.iter().filter(|line| line.contains("participant_left")).collect();
    assert!(left[0].starts_with("19s20ms participant_left attempt 1"), "{left:?}");
}

#[test]
fn a_dead_worker_takes_no_place() {
    let start_again = on_event(|event, rest| match (event.event, rest.len()) {
        ("room_started" | "participant_left", 0) => Step::Call(mp4()),
        _ => OK,
    });
    let fault = "[world]\negress_capacity = 1\n[[fault]]\ndo = \"egress.stuck\"\n";
    let (outcome, _) = tell(&world("1m", fault), &start_again);
    assert!(outcome.counts.egresses >= 2);
}

#[test]
fn a_worker_that_is_full_takes_no_more() {
    let answers: Rc<RefCell<Vec<String>>> = Rc::default();
    let log = Rc::clone(&answers);
    let host = on_event(move |event, rest| match (event.event, rest) {
        ("room_started", [] | [_]) => Step::Call(mp4()),
        ("room_started", answers) => {
            log.borrow_mut().extend(answers.iter().map(|answer| match answer {
                Reply::Egress(Ok(info)) => info.status.as_str_name().to_owned(),
                Reply::Egress(Err(CallError::Rejected(no))) => format!("{} {}", no.status, no.message),
                other => format!("{other:?}"),
            }));
            OK
        }
        _ => OK,
    });
    let (outcome, _) = tell(&world("1m", "[world]\negress_capacity = 1\n"), &host);
    assert_eq!(*answers.borrow(), ["EGRESS_STARTING", "503 twirp error unknown: no response from servers"]);
    assert_eq!(outcome.counts.egresses, 1);
}

#[test]
fn livekit_forgets_an_egress_a_day_after_its_end() {
    use egress_sim_model::call::{Delivery, Timer};
    use egress_sim_model::time::Span;
    let found: Rc<RefCell<Vec<String>>> = Rc::default();
    let log = Rc::clone(&found);
    let egress_id: Rc<RefCell<String>> = Rc::default();
    let host = super::puppet(move |delivery, replies| match (delivery, replies) {
        (Delivery::Webhook { delivery, .. }, []) => Step::Call(Call::WebhookOpen { delivery: *delivery }),
        (Delivery::Webhook { .. }, [Reply::Opened(Ok(event)), rest @ ..]) => match (event.event, rest) {
            ("room_started", []) => Step::Call(mp4()),
            ("egress_ended", []) => {
                let info = event.egress_info.as_ref().expect("an egress event");
                *egress_id.borrow_mut() = info.egress_id.to_string();
                let ended = info.ended_at.expect("it has ended");
                let at = ended + Span::seconds(86_399);
                Step::Call(Call::SetTimer(Timer { name: "before".into(), at, payload: String::new() }))
            }
            ("egress_ended", [_]) => {
                let at = event.egress_info.as_ref().and_then(|info| info.ended_at).expect("it has ended");
                let at = at + Span::seconds(86_400);
                Step::Call(Call::SetTimer(Timer { name: "behind".into(), at, payload: String::new() }))
            }
            _ => OK,
        },
        (Delivery::Timer(_), []) => {
            let egress_id = egress_id.borrow().clone();
            Step::Call(Call::ListEgress { room_name: String::new(), egress_id, active: false })
        }
        (Delivery::Timer(timer), [Reply::EgressList(listed)]) => {
            let listed = listed.as_ref().map_or_else(|no| format!("{no:?}"), |found| format!("{} found", found.len()));
            log.borrow_mut().push(format!("{}: {listed}", timer.name));
            OK
        }
        _ => OK,
    });
    tell(&world("1m", ""), &host);
    let found = found.borrow();
    assert_eq!(found[0], "before: 1 found");
    assert!(found[1].starts_with("behind: Rejected") && found[1].contains("egress does not exist"), "{found:?}");
}
