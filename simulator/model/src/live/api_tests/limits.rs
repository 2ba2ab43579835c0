//! `session_limits` of the egress worker.

use super::*;

/// With limits of a minute for files, half of one for streams, and none for the rest.
fn limited() -> Server {
    let limits = "[world]\nfile_output_max_duration = \"1m\"\nstream_output_max_duration = \"30s\"";
    Server::of(&WORLD.replace("[world]", limits))
}

#[test]
fn a_session_ends_at_the_shortest_limit_of_its_outputs() {
    let mut server = limited();
    let stream = || streams(&["rtmp://a.example/live/key"]);
    let both = server.start(composite(vec![file("both"), stream()])).egress_id;
    let recorded = server.start(composite(vec![file("recorded")])).egress_id;
    let pictures = server.start(composite(vec![images("pictures", 20, ImageFileSuffix::Index)])).egress_id;
    let began = server.info(&both).started_at.expect("said at the start");
    server.wait(29);
    assert_eq!(server.info(&both).status, EgressStatus::Active);
    server.wait(1);
    let ended = server.info(&both).clone();
    assert_eq!((ended.status, ended.error_code), (EgressStatus::LimitReached, 413));
    assert_eq!(
        (ended.error.as_str(), ended.details.as_str()),
        ("Session limit reached", "End reason: Session limit reached")
    );
    assert_eq!(ended.ended_at, Some(began + Span::seconds(30)), "the start counts, too");
    assert_eq!(ended.file_results[0].duration, Span::seconds(28), "it was active for so long");
    assert_eq!(server.info(&recorded).status, EgressStatus::Active);
    server.wait(35);
    assert_eq!(server.info(&recorded).status, EgressStatus::LimitReached);
    assert!(server.keys("rec").contains("recorded.mp4"), "what there is of it is uploaded: {:?}", server.keys("rec"));
    server.wait(3600);
    assert_eq!(server.info(&pictures).status, EgressStatus::Active, "there is no limit for images");
    let told: Vec<_> = server
        .heard
        .iter()
        .map(|(_, event, _)| event)
        .filter(|event| event["egressInfo"]["egressId"] == *both)
        .collect();
    let names: Vec<_> = told.iter().map(|event| event["event"].as_str().expect("a name")).collect();
    assert_eq!(names, ["egress_started", "egress_updated", "egress_ended"], "there is no ENDING in between");
}

#[test]
fn a_limit_that_comes_before_the_start_aborts_and_one_behind_the_end_does_nothing() {
    let mut server =
        Server::of(&WORLD.replace("egress_start = \"2s\"", "egress_start = \"2s\"\nfile_output_max_duration = \"1s\""));
    let early = server.start(composite(vec![file("early")])).egress_id;
    server.wait(2);
    let aborted = server.info(&early);
    assert_eq!((aborted.status, aborted.error_code), (EgressStatus::Aborted, 412));
    assert_eq!(aborted.error, "Session limit reached before start signal");
    let mut server = limited();
    let stopped = server.start(composite(vec![file("stopped")])).egress_id;
    server.wait(10);
    server.ask(Call::StopEgress { egress_id: stopped.to_string() });
    server.wait(120);
    assert_eq!(server.info(&stopped).status, EgressStatus::Complete);
}
