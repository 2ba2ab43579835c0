//! Every answer to a bad call that a client can cause, through a world: code, HTTP status, text, prefix.

use std::rc::Rc;

use egress_sim_model::live::{Live, Out};
use egress_sim_model::scenario::file::parse;

use super::*;

const WORLD: &str = r#"
format = 1
[world]
livekit_latency = "20ms"
egress_start = "2s"
[[tenant]]
name = "acme"
buckets = ["rec"]
[[call]]
tenant = "acme"
room = "demo"
participants = ["ada"]
at = "0s"
duration = "10h"
"#;

const S3: &str = r#""s3":{"bucket":"rec"}"#;
const PREFIX: &str = "twirp error unknown: ";

struct Server<'a> {
    live: Live<'a>,
}

impl Server<'_> {
    fn new(world: &str) -> Server<'static> {
        let scenario = Rc::new(parse("errors", world).unwrap_or_else(|error| panic!("{}", error.render("errors"))));
        let mut live = Live::new(&scenario, Vec::new(), None);
        live.reach(live.now());
        Server { live }
    }

    /// Status and body of the answer.
    fn ask(&mut self, method: &str, body: &str) -> (u16, Value) {
        let asked = match json(method, body) {
            Begun::Answered(response) => return told(&response),
            Begun::Asks(asked) => asked,
        };
        let wanted = self.live.ask(asked.call.clone());
        self.live.reach(self.live.now() + Span::MILLISECOND.times(20));
        loop {
            match self.live.take().expect("it is answered after its latency") {
                Out::Reply { ticket, reply } if ticket == wanted => {
                    return told(&asked.answer(&reply).expect("no broken connection"));
                }
                _ => {}
            }
        }
    }

    fn wait(&mut self, seconds: u64) {
        self.live.reach(self.live.now() + Span::seconds(seconds));
    }
}

fn told(response: &Response<Bytes>) -> (u16, Value) {
    (response.status().as_u16(), serde_json::from_slice(response.body()).expect("JSON"))
}

fn composite(more: &str) -> String {
    format!(r#"{{"roomName":"demo"{more}}}"#)
}

fn file(more: &str) -> String {
    format!(r#""fileOutputs":[{{"filepath":"a"{more},{S3}}}]"#)
}

#[test]
fn what_a_worker_refuses() {
    let mut server = Server::new(WORLD);
    let field = |field: &str| format!("request has missing or invalid field: {field}");
    let (file, segments) = (file(""), |more: &str| format!(r#""segmentOutputs":[{{{S3}{more}}}]"#));
    let stream = |urls: &str| format!(r#""streamOutputs":[{{"protocol":"RTMP","urls":[{urls}]}}]"#);
    let images = format!(r#""imageOutputs":[{{{S3}}}]"#);
    let unified = |rest: &str| format!(r#"{{"roomName":"demo",{rest}}}"#);
    let a_file = format!(r#""outputs":[{{"file":{{}},"storage":{{{S3}}}}}]"#);
    let template = format!(r#""template":{{}},{a_file}"#);
    let passthrough = |rest: &str| unified(&format!(r#""preset":"PASSTHROUGH",{rest}"#));
    for (method, body, words) in [
        ("StartRoomCompositeEgress", composite(""), field("output")),
        ("StartRoomCompositeEgress", composite(r#","fileOutputs":[{}]"#), field("output")),
        (
            "StartRoomCompositeEgress",
            composite(&format!(r#","fileOutputs":[{{{S3}}},{{{S3}}}]"#)),
            field("multiple file outputs"),
        ),
        (
            "StartRoomCompositeEgress",
            composite(r#","streamOutputs":[{"protocol":"SRT"},{}]"#),
            field("multiple stream outputs"),
        ),
        (
            "StartRoomCompositeEgress",
            composite(&format!(r#","segmentOutputs":[{{{S3}}},{{{S3}}}]"#)),
            field("multiple segmented file outputs"),
        ),
        (
            "StartRoomCompositeEgress",
            composite(&format!(r#","audioOnly":true,"videoOnly":true,{file}"#)),
            field("audio_only and video_only"),
        ),
        (
            "StartRoomCompositeEgress",
            composite(&format!(r#","customBaseUrl":"ftp://a",{file}"#)),
            field("template base url"),
        ),
        ("StartRoomCompositeEgress", composite(&format!(r#","audioOnly":true,{images}"#)), field("audio_only images")),
        ("StartRoomCompositeEgress", composite(&format!(r#","preset":"PASSTHROUGH",{file}"#)), field("preset")),
        ("StartRoomCompositeEgress", composite(&format!(r#","advanced":{{"width":1281}},{file}"#)), field("width")),
        ("StartRoomCompositeEgress", composite(&format!(r#","advanced":{{"height":8}},{file}"#)), field("height")),
        ("StartRoomCompositeEgress", composite(&format!(r#","advanced":{{"depth":7}},{file}"#)), field("depth")),
        (
            "StartRoomCompositeEgress",
            composite(&format!(",{}", segments(r#","playlistName":"p","livePlaylistName":"p""#))),
            field("live_playlist_name cannot be identical to playlist_name"),
        ),
        (
            "StartRoomCompositeEgress",
            composite(&format!(",{}", segments(r#","playlistName":"p","livePlaylistName":"d/l""#))),
            field("live_playlist_name must be in same directory as playlist_name"),
        ),
        (
            "StartRoomCompositeEgress",
            composite(&format!(r#","advanced":{{"audioCodec":"OPUS","videoCodec":"H264_MAIN"}},{}"#, segments(""))),
            "format application/x-mpegurl incompatible with codec audio/opus".into(),
        ),
        (
            "StartRoomCompositeEgress",
            composite(&format!(r#","advanced":{{"videoCodec":"VP8"}},{}"#, segments(""))),
            "format application/x-mpegurl incompatible with codec video/vp8".into(),
        ),
        (
            "StartRoomCompositeEgress",
            composite(&format!(r#","audioOnly":true,"fileOutputs":[{{"fileType":"OGG",{S3}}}],{}"#, segments(""))),
            "no supported codec is compatible with all outputs".into(),
        ),
        ("StartRoomCompositeEgress", composite(&format!(",{}", stream(""))), field("stream url")),
        ("StartRoomCompositeEgress", composite(r#","streamOutputs":[{}]"#), field("stream protocol")),
        (
            "StartRoomCompositeEgress",
            composite(r#","streamOutputs":[{"urls":["http://a.example/live/key"]}]"#),
            "invalid url http://a.example/live/key: invalid protocol".into(),
        ),
        (
            "StartRoomCompositeEgress",
            composite(&format!(",{}", stream(r#""srt://a.example""#))),
            "invalid url srt://a.example: invalid scheme".into(),
        ),
        ("StartTrackCompositeEgress", composite(&format!(",{file}")), field("audio_track_id or video_track_id")),
        ("StartParticipantEgress", composite(&format!(",{file}")), field("identity")),
        ("StartTrackEgress", composite(&format!(r#","file":{{{S3}}}"#)), field("track_id")),
        ("StartTrackEgress", composite(r#","trackId":"TR_A""#), field("output")),
        ("StartWebEgress", format!(r#"{{"url":"ftp://a.example",{file}}}"#), field("web url")),
        ("StartWebEgress", r#"{"url":"https://a.example"}"#.into(), field("output")),
        ("StartEgress", unified(&a_file), field("source")),
        ("StartEgress", unified(&format!(r#""media":{{}},{a_file}"#)), field("audio or video")),
        ("StartEgress", unified(r#""template":{},"outputs":[{}]"#), field("output config")),
        ("StartEgress", unified(r#""template":{},"outputs":[]"#), field("output")),
        ("StartEgress", format!("{{{template}}}"), field("token or api key/secret")),
        ("StartEgress", passthrough(&template), field("passthrough source")),
        (
            "StartEgress",
            passthrough(&format!(r#""media":{{"audio":{{"captureAll":true}}}},{a_file}"#)),
            field("passthrough capture_all"),
        ),
        (
            "StartEgress",
            passthrough(&format!(r#""media":{{"participantVideo":{{"identity":"ada"}}}},{a_file}"#)),
            field("passthrough track_id"),
        ),
        ("StartEgress", passthrough(r#""media":{"videoTrackId":"TR_V"},"outputs":[]"#), field("passthrough outputs")),
        (
            "StartEgress",
            passthrough(&format!(
                r#""media":{{"videoTrackId":"TR_V"}},"outputs":[{{"segments":{{}},"storage":{{{S3}}}}}]"#
            )),
            field("passthrough output"),
        ),
        (
            "StartEgress",
            passthrough(&format!(
                r#""media":{{"videoTrackId":"TR_V"}},"outputs":[{{"file":{{"fileType":"MP3"}},"storage":{{{S3}}}}}]"#
            )),
            field("passthrough file_type"),
        ),
    ] {
        let (status, body_told) = server.ask(&format!("Egress/{method}"), &body);
        let expected = serde_json::json!({ "code": "invalid_argument", "msg": format!("{PREFIX}{words}") });
        assert_eq!((status, body_told), (400, expected), "{method} {body}");
    }
    assert!(server.live.state().egresses.is_empty(), "none of them was started");
}

#[test]
fn nobody_assumes_a_role_here() {
    let mut server = Server::new(WORLD);
    let words = format!("{PREFIX}S3 upload using AssumeRole is disabled for this account");
    let expected = serde_json::json!({ "code": "permission_denied", "msg": words });
    let s3 = r#""s3":{"bucket":"rec","assumeRoleArn":"arn:aws:iam::1:role/r","assumeRoleExternalId":"x"}"#;
    for (method, body) in [
        ("StartRoomCompositeEgress", composite(&format!(r#","fileOutputs":[{{{s3}}}]"#))),
        ("StartRoomCompositeEgress", composite(&format!(r#","segmentOutputs":[{{{s3}}}]"#))),
        ("StartRoomCompositeEgress", composite(&format!(r#","imageOutputs":[{{{s3}}}]"#))),
        ("StartTrackEgress", composite(&format!(r#","trackId":"TR_A","file":{{{s3}}}"#))),
        ("StartEgress", composite(&format!(r#","template":{{}},"outputs":[{{"file":{{}}}}],"storage":{{{s3}}}"#))),
    ] {
        assert_eq!(server.ask(&format!("Egress/{method}"), &body), (403, expected.clone()), "{method} {body}");
    }
}

#[test]
fn what_is_not_there_and_what_is_over() {
    let mut server = Server::new(WORLD);
    let refused = |code: &str, words: &str| serde_json::json!({ "code": code, "msg": words });
    let unknown = refused("not_found", &format!("{PREFIX}egress does not exist"));
    for (method, body) in [
        ("StopEgress", r#"{"egressId":"EG_none"}"#),
        ("UpdateLayout", r#"{"egressId":"EG_none","layout":"grid"}"#),
        ("UpdateStream", r#"{"egressId":"EG_none"}"#),
        ("ListEgress", r#"{"egressId":"EG_none"}"#),
    ] {
        assert_eq!(server.ask(&format!("Egress/{method}"), body), (404, unknown.clone()), "{method}");
    }
    assert_eq!(server.ask("Egress/ListEgress", r#"{"roomName":"nowhere"}"#).1["items"], Value::Array(Vec::new()));
    // The room comes before anything that is wrong with the rest.
    let no_room = refused("not_found", &format!("{PREFIX}requested room does not exist"));
    for method in [
        "StartRoomCompositeEgress",
        "StartParticipantEgress",
        "StartTrackCompositeEgress",
        "StartTrackEgress",
        "StartEgress",
    ] {
        assert_eq!(
            server.ask(&format!("Egress/{method}"), r#"{"roomName":"nowhere"}"#),
            (404, no_room.clone()),
            "{method}"
        );
    }
    let (_, info) = server.ask("Egress/StartRoomCompositeEgress", &composite(&format!(",{}", file(""))));
    let id = info["egress_id"].as_str().expect("it was started").to_owned();
    let by_id = format!(r#"{{"egressId":"{id}","addOutputUrls":["rtmp://a.example/live/key"]}}"#);
    let not_streaming = refused("invalid_argument", &format!("{PREFIX}UpdateStream called on non-streaming egress"));
    assert_eq!(server.ask("Egress/UpdateStream", &by_id), (400, not_streaming));
    server.wait(60);
    assert_eq!(server.ask("Egress/StopEgress", &by_id).1["status"], "EGRESS_ENDING");
    assert_eq!(
        server.ask("Egress/UpdateStream", &by_id).1["msg"],
        "egress with status EGRESS_ENDING cannot be updated"
    );
    server.wait(60);
    for (method, verb) in [("StopEgress", "stopped"), ("UpdateStream", "updated")] {
        let words = format!("egress with status EGRESS_COMPLETE cannot be {verb}");
        assert_eq!(server.ask(&format!("Egress/{method}"), &by_id), (412, refused("failed_precondition", &words)));
    }
    let gone = refused("not_found", &format!("{PREFIX}participant does not exist"));
    assert_eq!(server.ask("Egress/UpdateLayout", &by_id), (404, gone));
}

#[test]
fn what_the_room_service_refuses() {
    let mut server = Server::new(WORLD);
    let long = "x".repeat(257);
    let large = "x".repeat(64_001);
    for (method, body, status, code, words) in [
        ("CreateRoom", "{}".to_owned(), 400, "invalid_argument", format!("{PREFIX}no room name")),
        (
            "CreateRoom",
            format!(r#"{{"name":"{long}"}}"#),
            400,
            "invalid_argument",
            format!("{PREFIX}room name length exceeds limits"),
        ),
        (
            "CreateRoom",
            format!(r#"{{"name":"a","metadata":"{large}"}}"#),
            400,
            "invalid_argument",
            "metadata size exceeds limits 64000".into(),
        ),
        (
            "DeleteRoom",
            r#"{"room":"nowhere"}"#.into(),
            404,
            "not_found",
            format!("{PREFIX}requested room does not exist"),
        ),
        (
            "GetParticipant",
            r#"{"room":"demo","identity":"eve"}"#.into(),
            404,
            "not_found",
            format!("{PREFIX}participant does not exist"),
        ),
        (
            "RemoveParticipant",
            r#"{"room":"demo","identity":"eve"}"#.into(),
            404,
            "not_found",
            format!("{PREFIX}participant does not exist"),
        ),
        (
            "UpdateParticipant",
            r#"{"room":"demo","identity":"eve"}"#.into(),
            404,
            "not_found",
            format!("{PREFIX}participant does not exist"),
        ),
        (
            "MutePublishedTrack",
            r#"{"room":"demo","identity":"ada","trackSid":"TR_none","muted":true}"#.into(),
            404,
            "not_found",
            format!("{PREFIX}track is not found"),
        ),
    ] {
        let expected = serde_json::json!({ "code": code, "msg": words });
        assert_eq!(server.ask(&format!("RoomService/{method}"), &body), (status, expected), "{method}");
    }
    let sid = server.live.state().calls[0].participants[0].tracks[0].sid.to_string();
    let mute = |muted: bool| format!(r#"{{"room":"demo","identity":"ada","trackSid":"{sid}","muted":{muted}}}"#);
    assert_eq!(server.ask("RoomService/MutePublishedTrack", &mute(true)).1["track"]["muted"], true);
    let (status, body) = server.ask("RoomService/MutePublishedTrack", &mute(false));
    assert_eq!((status, &body["msg"]), (412, &Value::from(format!("{PREFIX}remote unmute not enabled"))));
}

#[test]
fn a_server_of_old_has_no_prefix_and_a_full_one_no_answer() {
    let mut server = Server::new(&WORLD.replace("[world]", "[world]\nerror_prefix = false\negress_capacity = 1"));
    assert_eq!(server.ask("Egress/StopEgress", r#"{"egressId":"EG_none"}"#).1["msg"], "egress does not exist");
    let start = composite(&format!(",{}", file("")));
    assert_eq!(server.ask("Egress/StartRoomCompositeEgress", &start).0, 200);
    let full = serde_json::json!({ "code": "unavailable", "msg": "no response from servers" });
    assert_eq!(server.ask("Egress/StartRoomCompositeEgress", &start), (503, full));
}

#[test]
fn a_token_without_the_grant_is_refused_as_none_is() {
    let path = "/twirp/livekit.Egress/ListEgress";
    let expected =
        (401, "application/json".to_owned(), r#"{"code":"unauthenticated","msg":"permissions denied"}"#.to_owned());
    for video in [None, Some(Grants { room_list: true, room_admin: true, ..Grants::default() })] {
        let token = signed(&keys(), NOW, Some(NOW.unix_seconds() + 600), video);
        assert_eq!(refused(post(path, "application/json", &format!("Bearer {token}"), b"{}")), expected);
    }
    let token =
        signed(&keys(), NOW, Some(NOW.unix_seconds() + 600), Some(Grants { room_record: true, ..Grants::default() }));
    assert!(matches!(post(path, "application/json", &format!("Bearer {token}"), b"{}"), Begun::Asks(_)));
}

#[test]
fn what_is_no_protobuf_is_malformed() {
    for method in ["Egress/StartEgress", "Egress/ListEgress", "RoomService/CreateRoom"] {
        let path = format!("/twirp/livekit.{method}");
        let (status, kind, body) = refused(post(&path, "application/protobuf", &bearer(), b"\xff"));
        assert_eq!((status, kind.as_str()), (400, "application/json"), "errors are JSON whatever was asked in");
        assert_eq!(body, r#"{"code":"malformed","msg":"the protobuf request could not be decoded"}"#);
    }
}

#[test]
fn tokens_without_an_end_or_of_another_algorithm_are_refused() {
    let path = "/twirp/livekit.Egress/ListEgress";
    let endless = signed(&keys(), NOW, None, None);
    let none = format!("{}.{}.", "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0", endless.split('.').nth(1).expect("claims"));
    for (token, words) in
        [(endless, "invalid authorization token: token has no expiry (exp)"), (none, "invalid authorization token")]
    {
        let (status, kind, body) = refused(post(path, "application/json", &format!("Bearer {token}"), b"{}"));
        assert_eq!((status, kind.as_str()), (401, "text/plain; charset=utf-8"), "{body}");
        assert!(body.starts_with(words), "{body}");
    }
    // In the query, where a browser cannot set headers.
    let token = mint(&keys(), "demo", NOW, Span::seconds(600));
    let (headers, body) = (headers("application/json", ""), Bytes::from_static(b"{}"));
    let request = Request { method: &Method::POST, path, access_token: Some(&token), headers: &headers, body: &body };
    assert!(matches!(begin(&request, &keys(), NOW), Begun::Asks(_)));
}
