//! What only comes over HTTP, through a live world: rooms by order, every source and output of an egress, webhooks for
//! requests. How a request is read, `wire` tests.

use std::collections::BTreeSet;

use super::*;
use crate::call::{ApiCall, CallError, CreateRoom, RoomEgress};
use crate::livekit::{
    AudioConfig, AudioMatch, Details, Echo, EgressInfo, EgressStatus, Encoding, FileOutput, ImageFileSuffix,
    ImageOutput, MediaSource, Output, RoomLimits, Rpc, S3Upload, SegmentedFileOutput, Source, StartEgress,
    StreamOutput, StreamProtocol, StreamStatus, WebhookConfig,
};
use crate::scenario::file::parse;
use crate::time::Span;

mod limits;

const WORLD: &str = r#"
format = 1
[world]
horizon = "400d"
livekit_latency = "0s"
egress_start = "2s"
[[tenant]]
name = "acme"
buckets = ["rec"]
[[tenant]]
name = "globex"
buckets = ["other"]
[[call]]
tenant = "acme"
room = "demo"
participants = ["ada", "bob"]
at = "0s"
duration = "10h"
"#;

/// A world at its start, with the call going on.
struct Server {
    live: Live<'static>,
    /// Every webhook that was answered: where it went, what it says, `Authorization`.
    heard: Vec<(Option<String>, serde_json::Value, String)>,
    /// Statuses for the next attempts at urls of their own.
    refuses: Vec<u16>,
}

impl Server {
    fn new(more: &str) -> Server {
        Server::of(&format!("{WORLD}{more}"))
    }

    fn of(text: &str) -> Server {
        let scenario = Rc::new(parse("api", text).unwrap_or_else(|error| panic!("{}", error.render("api.toml"))));
        let mut live = Live::new(&scenario, Vec::new(), None);
        live.listens(true);
        let mut server = Server { live, heard: Vec::new(), refuses: Vec::new() };
        server.wait(0);
        server
    }

    fn ask(&mut self, call: Call) -> Reply {
        let wanted = self.live.ask(call);
        let now = self.live.now();
        self.live.reach(now);
        let mut answer = None;
        while let Some(out) = self.live.take() {
            match out {
                Out::Reply { ticket, reply } if ticket == wanted => answer = Some(reply),
                out => self.hear(&out),
            }
        }
        answer.expect("a call without latency is answered at once")
    }

    fn hear(&mut self, out: &Out) {
        let Out::Webhook { delivery, .. } = *out else { return };
        let url = self.live.webhook_url(delivery);
        let now = self.live.now();
        let (authorization, body) = self.live.webhook(delivery, now, ["devkey", "secret"]);
        let event = serde_json::from_slice(&body).expect("JSON");
        let status = if url.is_some() && !self.refuses.is_empty() { self.refuses.remove(0) } else { 200 };
        self.heard.push((url, event, authorization));
        if status == 429 {
            self.live.retry_after(delivery, Span::seconds(7));
        }
        assert!(self.live.webhook_answered(delivery, status));
    }

    /// Goes on second by second and takes every webhook.
    fn wait(&mut self, seconds: u64) {
        let start = self.live.now();
        for second in 0..=seconds {
            self.live.reach(start + Span::seconds(second));
            while let Some(out) = self.live.take() {
                self.hear(&out);
            }
        }
    }

    fn api(&mut self, call: ApiCall) -> Reply {
        self.ask(Call::Api(call))
    }

    fn start(&mut self, request: StartEgress) -> EgressInfo {
        match self.ask(Call::StartEgress(Arc::new(request))) {
            Reply::Egress(Ok(info)) => (*info).clone(),
            other => panic!("{other:?}"),
        }
    }

    fn info(&self, id: &str) -> &EgressInfo {
        &self.live.state().egress_named(id).expect("it was started").info
    }

    fn keys(&self, bucket: &str) -> BTreeSet<String> {
        self.live.state().sink.buckets[bucket].keys.iter().map(|(key, _)| key.to_string()).collect()
    }

    fn rooms(&self) -> Vec<&str> {
        self.live
            .state()
            .calls
            .iter()
            .filter(|call| !call.ended && !call.room.is_empty())
            .map(|call| &*call.room)
            .collect()
    }

    /// The ids of somebody's tracks: voice, picture.
    fn tracks(&self, person: usize) -> [String; 2] {
        let tracks = &self.live.state().calls[0].participants[person].tracks;
        [0, 1].map(|at| tracks[at].sid.to_string())
    }

    fn events(&self, url: Option<&str>) -> Vec<&str> {
        let there = self.heard.iter().filter(|(to, ..)| to.as_deref() == url);
        there.map(|(_, event, _)| event["event"].as_str().expect("an event has a name")).collect()
    }
}

fn s3() -> S3Upload {
    S3Upload { bucket: "rec".into(), ..S3Upload::default() }
}

fn file(filepath: &str) -> Output {
    Output::File(FileOutput { filepath: filepath.into(), s3: s3(), ..FileOutput::default() })
}

fn images(prefix: &str, seconds: u32, filename_suffix: ImageFileSuffix) -> Output {
    let filename_prefix = prefix.into();
    Output::Images(ImageOutput {
        capture_interval: seconds,
        filename_prefix,
        filename_suffix,
        s3: s3(),
        ..ImageOutput::default()
    })
}

fn streams(urls: &[&str]) -> Output {
    let urls = urls.iter().map(|url| (*url).to_owned()).collect();
    Output::Stream(StreamOutput { protocol: StreamProtocol::Rtmp, urls })
}

fn of(source: Source, outputs: Vec<Output>) -> StartEgress {
    StartEgress { room_name: "demo".into(), source, outputs, details: None }
}

fn composite(outputs: Vec<Output>) -> StartEgress {
    of(Source::default(), outputs)
}

fn details(rpc: Rpc, json: &str, webhooks: &[&str]) -> Arc<Details> {
    let webhooks =
        webhooks.iter().map(|url| WebhookConfig { url: (*url).into(), signing_key: String::new() }).collect();
    let echo = Echo { rpc, json: json.into() };
    Arc::new(Details { echo, encoding: Encoding::default(), custom_base_url: String::new(), webhooks })
}

fn create(name: &str, metadata: &str) -> CreateRoom {
    CreateRoom { name: name.into(), metadata: metadata.into(), ..CreateRoom::default() }
}

fn refusal(reply: Reply) -> String {
    match reply {
        Reply::Room(Err(CallError::Rejected(no)))
        | Reply::Egress(Err(CallError::Rejected(no)))
        | Reply::Done(Err(CallError::Rejected(no))) => format!("{} {}", no.code, no.message),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_room_closes_when_nobody_comes_and_when_nobody_is_left() {
    let mut server = Server::new("");
    let limits = RoomLimits { empty_timeout: 60, departure_timeout: 5, max_participants: 1 };
    for name in ["lonely", "busy"] {
        server.api(ApiCall::CreateRoom(Arc::new(CreateRoom { limits, ..create(name, "") })));
    }
    server.live.join("busy", "ada", &[]).expect("there is a place");
    assert!(server.live.join("busy", "bob", &[]).expect_err("it is for one").contains("for 1 participants"));
    server.wait(59);
    assert_eq!(server.rooms(), ["demo", "lonely", "busy"]);
    server.wait(1);
    assert_eq!(server.rooms(), ["demo", "busy"], "nobody came");
    server.live.leave("busy", "ada");
    server.wait(3);
    server.live.join("busy", "ada", &[]).expect("she comes back");
    server.wait(100);
    assert_eq!(server.rooms(), ["demo", "busy"], "who comes back in time keeps it open");
    server.live.leave("busy", "ada");
    server.wait(6);
    assert_eq!(server.rooms(), ["demo"]);
    let rooms = server.events(None).into_iter().filter(|name| name.starts_with("room_")).count();
    assert_eq!(rooms, 5, "started three times, finished twice");
    // The default of the server, where the request says nothing.
    server.api(ApiCall::CreateRoom(Arc::new(create("default", ""))));
    server.wait(299);
    assert_eq!(server.rooms(), ["demo", "default"]);
    server.wait(2);
    assert_eq!(server.rooms(), ["demo"]);
}

#[test]
fn metadata_says_whose_a_room_is_as_long_as_nothing_is_recorded() {
    let mut server = Server::new("");
    let said = r#"{"tenant":"globex","recording":"compliance","output":"hls","segment":2}"#;
    server.api(ApiCall::CreateRoom(Arc::new(create("made", said))));
    server.api(ApiCall::CreateRoom(Arc::new(create("free", "anything"))));
    let tenants =
        |server: &Server| -> Vec<u32> { server.live.state().calls.iter().map(|call| call.tenant.0).collect() };
    assert_eq!(tenants(&server), [0, 1, 0]);
    assert_eq!(server.live.state().calls[1].recording, scenario::Recording::Compliance);
    let update = |metadata: &str| ApiCall::UpdateRoomMetadata { room: "free".into(), metadata: metadata.into() };
    server.api(update(said));
    assert_eq!(tenants(&server), [0, 1, 1]);
    server.start(StartEgress { room_name: "free".into(), ..composite(vec![file("a")]) });
    server.api(update("{}"));
    assert_eq!(tenants(&server), [0, 1, 1], "what was recorded does not change hands");
    assert_eq!(&*server.live.state().calls[2].metadata, "{}");
    // What a scenario has planned stays its tenant's, whatever is written on it.
    server.api(ApiCall::UpdateRoomMetadata { room: "demo".into(), metadata: said.into() });
    assert_eq!(tenants(&server), [0, 1, 1]);
}

#[test]
fn a_world_without_tenants_has_no_rooms_to_make() {
    let scenario = Rc::new(parse("bare", "format = 1\n").unwrap_or_else(|error| panic!("{}", error.render("bare"))));
    let mut live = Live::new(&scenario, Vec::new(), None);
    live.ask(Call::Api(ApiCall::CreateRoom(Arc::new(create("made", "")))));
    let page = Source::Web { url: "https://a.example".into(), audio_only: false, video_only: false };
    live.ask(Call::StartEgress(Arc::new(StartEgress { room_name: String::new(), ..of(page, vec![file("a")]) })));
    live.reach(live.now() + Span::SECOND);
    let replies: Vec<String> = std::iter::from_fn(|| live.take())
        .map(|out| if let Out::Reply { reply, .. } = out { refusal(reply) } else { panic!("{out:?}") })
        .collect();
    assert!(replies[0].contains("no tenant") && replies[1].contains("no response"), "{replies:?}");
}

#[test]
fn all_kinds_of_outputs_in_one_request_end_together() {
    let mut server = Server::new("");
    let hls = SegmentedFileOutput {
        filename_prefix: "all/s".into(),
        segment_duration: 10,
        s3: s3(),
        ..SegmentedFileOutput::default()
    };
    let outputs = vec![
        file("all/f"),
        streams(&["rtmp://a.example/live/abcdefghij"]),
        Output::Segments(hls),
        images("all/i", 20, ImageFileSuffix::Index),
        images("all/now", 0, ImageFileSuffix::NoneOverwrite),
    ];
    let id = server.start(composite(outputs)).egress_id;
    server.wait(67);
    assert_eq!(server.info(&id).image_results[0].image_count, 0, "the store hears of images at the end only");
    assert!(server.keys("rec").contains("all/i_00002.jpeg"), "they are in the sink all the same");
    server.ask(Call::StopEgress { egress_id: id.to_string() });
    server.wait(20);
    let info = server.info(&id);
    assert_eq!(info.status, EgressStatus::Complete, "{}", info.error);
    let counts: Vec<u64> = info.image_results.iter().map(|images| images.image_count).collect();
    assert_eq!((counts, info.segment_results[0].segment_count), (vec![4, 7], 7));
    assert_eq!(
        (info.stream_results[0].status, info.stream_results[0].duration),
        (StreamStatus::Finished, Span::seconds(65))
    );
    let keys = server.keys("rec");
    let pictures: Vec<&str> = keys.iter().map(String::as_str).filter(|key| key.contains(".jpeg")).collect();
    assert_eq!(
        pictures,
        ["all/i_00000.jpeg", "all/i_00001.jpeg", "all/i_00002.jpeg", "all/i_00003.jpeg", "all/now.jpeg"]
    );
    assert!(keys.contains(&format!("all/{id}.json")) && keys.contains("all/f.mp4") && keys.contains("all/s.m3u8"));
}

#[test]
fn images_alone_keep_time_by_their_names() {
    let mut server = Server::new("");
    let id = server.start(composite(vec![images("t/", 30, ImageFileSuffix::Timestamp)])).egress_id;
    server.wait(40);
    server.ask(Call::StopEgress { egress_id: id.to_string() });
    server.wait(5);
    assert_eq!(server.info(&id).status, EgressStatus::Complete);
    let keys = server.keys("rec");
    let at = |seconds: u32| format!("t/demo-2026-01-01T000000_202601010000{seconds:02}000.jpeg");
    assert!(keys.contains(&at(2)) && keys.contains(&at(32)) && keys.len() == 3, "{keys:?}");
}

#[test]
fn a_stream_to_nowhere_fails_and_takes_the_egress_along_if_it_was_all() {
    let mut server = Server::new("");
    let nowhere = "rtmp://live.invalid/app/key";
    let alone = server.start(composite(vec![streams(&[nowhere])])).egress_id;
    let beside = server.start(composite(vec![streams(&[nowhere, "rtmp://a.example/app/key"])])).egress_id;
    let stored = server.start(composite(vec![streams(&[nowhere]), file("f")])).egress_id;
    server.wait(10);
    let told = |id: &str| {
        let info = server.info(id);
        (info.status, info.error_code, info.stream_results[0].status)
    };
    assert_eq!(told(&alone), (EgressStatus::Failed, 503, StreamStatus::Failed));
    assert!(server.info(&alone).error.contains("live.invalid"), "{}", server.info(&alone).error);
    assert_eq!(told(&beside), (EgressStatus::Active, 0, StreamStatus::Failed));
    assert_eq!(told(&stored), (EgressStatus::Active, 0, StreamStatus::Failed));
}

#[test]
fn streams_come_and_go_and_the_last_one_ends_the_egress() {
    let mut server = Server::new("");
    let first = "rtmp://a.example/app/first".to_owned();
    let second = "rtmps://b.example/app/second".to_owned();
    let id = server.start(composite(vec![streams(&[&first])])).egress_id;
    server.wait(5);
    let mut update = |add: &[&String], remove: &[&String]| {
        let owned = |urls: &[&String]| urls.iter().map(|url| (*url).clone()).collect();
        let call = ApiCall::UpdateStream {
            egress_id: id.to_string(),
            add_output_urls: owned(add),
            remove_output_urls: owned(remove),
        };
        server.api(call)
    };
    let Reply::Egress(Ok(info)) = update(&[&second, &second], &[&first]) else { panic!("it is a stream") };
    let statuses: Vec<StreamStatus> = info.stream_results.iter().map(|stream| stream.status).collect();
    assert_eq!(statuses, [StreamStatus::Finished, StreamStatus::Active], "what is there already is not added twice");
    let wrong = "srt://a.example".to_owned();
    assert_eq!(
        refusal(update(&[&wrong], &[&first])),
        "invalid_argument twirp error unknown: invalid url srt://a.example: invalid scheme\n\
         stream rtmp://a.example/app/{f...t} not found",
        "all that is wrong, under the first code"
    );
    let Reply::Egress(Ok(info)) = update(&[], &[&second]) else { panic!("it is a stream") };
    assert_eq!((info.status, info.details.as_str()), (EgressStatus::Ending, "End reason: All streams stopped"));
    server.wait(1);
    assert_eq!(server.info(&id).status, EgressStatus::Complete);
    let egress: Vec<&str> = server.events(None).into_iter().filter(|name| name.starts_with("egress")).collect();
    assert_eq!(egress, ["egress_started", "egress_updated", "egress_updated", "egress_updated", "egress_ended"]);
}

#[test]
fn a_source_is_waited_for_half_a_minute_and_ends_its_egress_when_it_goes() {
    let mut server = Server::new("");
    let [voice, picture] = server.tracks(0);
    let [bobs, _] = server.tracks(1);
    let both = Source::TrackComposite { audio_track_id: voice, video_track_id: picture };
    let pair = Source::TrackComposite { audio_track_id: bobs, video_track_id: server.tracks(0)[1].clone() };
    let person = |identity: &str| Source::Participant { identity: identity.into(), screen_share: false };
    let media = |audio: AudioConfig| Source::Media(MediaSource { video: None, audio: Some(audio) });
    let adas = media(AudioConfig { capture_all: false, routes: vec![AudioMatch::Participant("ada".into())] });
    let all = media(AudioConfig { capture_all: true, routes: Vec::new() });
    let mut start = |source: Source, name: &str| server.start(of(source, vec![file(name)])).egress_id;
    let ids = [
        start(both, "t/{publisher_identity}"),
        start(person("ada"), ""),
        start(adas, "m/ada"),
        start(pair, "t/pair"),
        start(all, "m/all"),
        start(person("eve"), "p/eve"),
        start(person("late"), "p/{publisher_identity}"),
    ];
    server.wait(20);
    server.live.join("demo", "late", &[TrackSource::Microphone]).expect("a new face");
    server.wait(20);
    let told = |server: &Server, at: usize| (server.info(&ids[at]).status, server.info(&ids[at]).details.clone());
    assert_eq!(server.info(&ids[5]).error, "participant eve not found");
    assert_eq!((server.info(&ids[5]).status, server.info(&ids[5]).error_code), (EgressStatus::Failed, 404));
    assert_eq!(told(&server, 6).0, EgressStatus::Active, "who comes in time is recorded");
    server.live.leave("demo", "ada");
    server.wait(10);
    let closed = (EgressStatus::Complete, "End reason: Source closed".to_owned());
    for at in 0..3 {
        assert_eq!(told(&server, at), closed, "{at}");
    }
    assert_eq!(told(&server, 3).0, EgressStatus::Active, "one of its tracks is still there");
    assert_eq!(told(&server, 4).0, EgressStatus::Active, "whoever is there");
    let name = |at: usize| server.info(&ids[at]).file_results[0].filename.clone();
    assert_eq!((name(0), name(2), name(6)), ("t/ada.mp4".into(), "m/ada.ogg".into(), "p/late.mp4".into()));
    assert!(name(1).starts_with("ada-2026-01-01T"), "{}", name(1));
}

#[test]
fn a_page_is_recorded_without_a_room_for_whoever_has_the_bucket() {
    let mut server = Server::new("");
    let page = Source::Web { url: "https://a.example/".into(), audio_only: false, video_only: false };
    let others =
        S3Upload { bucket: "other".into(), endpoint: "http://s3.example:9000".into(), force_path_style: true, ..s3() };
    let output = Output::File(FileOutput { filepath: "w/".into(), s3: others, ..FileOutput::default() });
    let request = StartEgress { room_name: String::new(), ..of(page, vec![output]) };
    let id = server.start(request.clone()).egress_id;
    let second = server.start(request).egress_id;
    assert_ne!(id, second);
    let state = server.live.state();
    let egress = state.egress_named(&id).expect("it was started");
    assert_eq!(&*state.tenant_of(egress.ix).name, "globex");
    assert_eq!((&*egress.info.room_name, &*egress.info.room_id), ("", ""));
    server.live.end_call("demo");
    server.wait(60);
    assert_eq!(server.info(&id).status, EgressStatus::Active, "no room ends it");
    server.ask(Call::StopEgress { egress_id: id.to_string() });
    server.wait(5);
    let file = &server.info(&id).file_results[0];
    assert_eq!(file.location, format!("http://s3.example:9000/other/{}", file.filename));
    let started =
        server.heard.iter().find(|(_, event, _)| event["egressInfo"]["egressId"] == *id).expect("it was told");
    assert_eq!(started.1["room"], serde_json::json!({}));
    let joined = server.heard.iter().filter(|(_, event, _)| event["participant"]["identity"] == *id).count();
    assert_eq!(joined, 0, "nobody sees its recorder");
}

#[test]
fn a_layout_is_the_recorders_metadata() {
    let mut server = Server::new("");
    let id = server.start(composite(vec![file("a")])).egress_id;
    let update = || ApiCall::UpdateLayout { egress_id: id.to_string(), layout: "speaker".into() };
    let gone = "not_found twirp error unknown: participant does not exist";
    assert_eq!(refusal(server.api(update())), gone, "not before it is in the room");
    server.wait(3);
    assert!(matches!(server.api(update()), Reply::Egress(Ok(_))));
    server.ask(Call::StopEgress { egress_id: id.to_string() });
    server.wait(1);
    assert_eq!(refusal(server.api(update())), gone);
    let left =
        server.heard.iter().find(|(_, event, _)| event["event"] == "participant_left").expect("the recorder left");
    assert_eq!(left.1["participant"]["metadata"], r#"{"layout":"speaker"}"#);
}

#[test]
fn a_room_records_itself_its_people_and_their_tracks() {
    let template = |rpc, json: &str, outputs| {
        let request = StartEgress { room_name: "auto".into(), ..composite(outputs) };
        Some(Arc::new(StartEgress { details: Some(details(rpc, json, &[])), ..request }))
    };
    let egress = RoomEgress {
        room: template(Rpc::RoomComposite, r#"{"roomName":"auto"}"#, vec![file("auto/all")]),
        participant: template(Rpc::Participant, r#"{"roomName":"auto"}"#, vec![file("auto/{publisher_identity}")]),
        tracks: template(
            Rpc::Track,
            r#"{"roomName":"auto","file":{"filepath":"auto/track"}}"#,
            vec![file("auto/track")],
        ),
    };
    let mut server = Server::new("");
    let made = server.api(ApiCall::CreateRoom(Arc::new(CreateRoom { egress: egress.clone(), ..create("auto", "") })));
    assert!(matches!(made, Reply::Room(Ok(_))), "{made:?}");
    server.live.join("auto", "ada", &[TrackSource::Microphone, TrackSource::Camera]).expect("ada comes");
    server.wait(30);
    let names = |server: &Server| -> Vec<String> {
        server.live.state().egresses.iter().map(|egress| egress.info.file_results[0].filename.clone()).collect()
    };
    let started = names(&server);
    assert_eq!(started[..2], ["auto/all.mp4", "auto/ada.mp4"]);
    assert!(started[2].starts_with("auto/track-TR_AM") && started[3].starts_with("auto/track-TR_VC"), "{started:?}");
    // The room is there already: nothing is recorded a second time.
    server.api(ApiCall::CreateRoom(Arc::new(CreateRoom { egress, ..create("auto", "") })));
    assert_eq!(names(&server).len(), 4);
    let echo = &server.live.state().egresses[1].info.request.details.as_ref().expect("an echo").echo;
    assert_eq!(echo.json, r#"{"identity":"ada","roomName":"auto"}"#);
    server.api(ApiCall::DeleteRoom { room: "auto".into() });
    server.wait(30);
    assert!(server.live.state().egresses.iter().all(|egress| egress.info.status == EgressStatus::Complete));
}

#[test]
fn an_egress_that_cannot_start_by_itself_leaves_only_its_end() {
    let bad = StartEgress { room_name: "auto".into(), ..composite(Vec::new()) };
    let bad = StartEgress { details: Some(details(Rpc::Participant, r#"{"roomName":"auto"}"#, &[])), ..bad };
    let egress = RoomEgress { participant: Some(Arc::new(bad)), ..RoomEgress::default() };
    let mut server = Server::new("");
    server.api(ApiCall::CreateRoom(Arc::new(CreateRoom { egress, ..create("auto", "") })));
    server.live.join("auto", "ada", &[TrackSource::Microphone]).expect("ada comes");
    server.wait(1);
    let ends: Vec<&serde_json::Value> =
        server.heard.iter().map(|(_, event, _)| event).filter(|event| event["event"] == "egress_ended").collect();
    let [end] = ends[..] else { panic!("{ends:?}") };
    let info = &end["egressInfo"];
    assert_eq!(info["error"], "request has missing or invalid field: output");
    assert_eq!((&info["status"], &info["roomName"]), (&"EGRESS_FAILED".into(), &"auto".into()));
    assert!(info.get("egressId").is_none() && info.get("startedAt").is_none(), "{info}");
    assert!(server.live.state().egresses.is_empty());
}

#[test]
fn a_request_is_told_itself_in_order_under_one_token() {
    let mut server = Server::new(
        "[[fault]]\ndo = \"webhook.drop\"\non = \"webhook.delivery\"\nwhere = { event = \"egress_started\" }\n",
    );
    // Nobody takes anything else.
    server.live.listens(false);
    let own = "http://a.example/hook";
    server.refuses = vec![500, 200];
    let request =
        StartEgress { details: Some(details(Rpc::RoomComposite, "{}", &[own])), ..composite(vec![file("a")]) };
    let id = server.start(request).egress_id;
    server.wait(10);
    server.ask(Call::StopEgress { egress_id: id.to_string() });
    server.wait(10);
    assert_eq!(
        server.events(Some(own)),
        ["egress_started", "egress_started", "egress_updated", "egress_updated", "egress_ended"],
        "what is refused comes again, and the rest waits for it"
    );
    let attempts: Vec<_> = server.heard.iter().filter(|(to, ..)| to.is_some()).take(2).collect();
    assert_eq!(attempts[0], attempts[1], "id, body and token of a retry are those of the first attempt");
    assert!(server.events(None).iter().all(|name| !name.starts_with("egress")));
}

#[test]
fn each_url_has_its_own_queue_and_a_busy_one_says_when_to_come_again() {
    let mut server = Server::new("");
    server.live.tells_also(vec!["http://b.example".to_owned()]);
    server.refuses = vec![429, 503, 404];
    let id = server.start(composite(vec![file("a")])).egress_id;
    let heard = |server: &Server| server.events(Some("http://b.example")).len();
    assert_eq!((heard(&server), server.events(None).contains(&"egress_started")), (1, true));
    server.wait(6);
    assert_eq!(heard(&server), 3, "the recorder's own events are the room's, which nothing holds up");
    server.wait(1);
    let told: Vec<&str> = server.events(Some("http://b.example"));
    assert_eq!(told.iter().filter(|name| **name == "egress_started").count(), 2, "seven seconds later: {told:?}");
    let _ = id;
}
