//! What each message means, and what is repeated of it.

use egress_sim_model::call::ApiCall;
use egress_sim_model::livekit::{AudioCodec, AudioMatch, EgressInfo, MediaVideo, Rpc, StartEgress};
use egress_sim_model::scenario::file::parse;

use super::*;

const S3: &str = r#""s3":{"accessKey":"AK","secret":"hush","bucket":"rec","region":"eu-1"}"#;

fn started(method: &str, body: &str) -> StartEgress {
    let Call::StartEgress(request) = asked(json(&format!("Egress/{method}"), body)).call else { panic!("a start") };
    (*request).clone()
}

fn echoed(request: &StartEgress) -> Value {
    serde_json::from_str(&request.details.as_ref().expect("it came over HTTP").echo.json).expect("JSON")
}

#[test]
fn every_start_request_is_one_value_and_repeats_itself_without_secrets() {
    for (method, fields, rpc, is) in [
        ("StartRoomCompositeEgress", r#""roomName":"demo""#, Rpc::RoomComposite, "RoomComposite"),
        ("StartWebEgress", r#""url":"https://a.example""#, Rpc::Web, "Web"),
        ("StartParticipantEgress", r#""roomName":"demo","identity":"ada""#, Rpc::Participant, "Participant"),
        (
            "StartTrackCompositeEgress",
            r#""roomName":"demo","audioTrackId":"TR_A"#,
            Rpc::TrackComposite,
            "TrackComposite",
        ),
    ] {
        let fields = if fields.ends_with('"') { fields.to_owned() } else { format!("{fields}\"") };
        let body = format!(
            r#"{{{fields},"fileOutputs":[{{"filepath":"a.mp4",{S3}}}],"streamOutputs":[{{"urls":["rtmp://a.example/live/abcdefghij"]}}],
                "segmentOutputs":[{{"filenamePrefix":"s",{S3}}}],"imageOutputs":[{{"filenamePrefix":"i","captureInterval":5,{S3}}}]}}"#
        );
        let request = started(method, &body);
        assert_eq!(request.rpc(), method);
        assert!(format!("{:?}", request.source).starts_with(is), "{:?}", request.source);
        let [Output::File(_), Output::Stream(stream), Output::Segments(_), Output::Images(images)] =
            &request.outputs[..]
        else {
            panic!("{:?}", request.outputs)
        };
        assert_eq!((stream.urls[0].as_str(), images.capture_interval), ("rtmp://a.example/live/abcdefghij", 5));
        assert_eq!(request.details.as_ref().map(|details| details.echo.rpc), Some(rpc));
        let echo = echoed(&request);
        assert!(!echo.to_string().contains("hush") && !echo.to_string().contains("abcdefghij"), "{echo}");
        assert_eq!(echo["fileOutputs"][0]["s3"]["secret"], "{secret}");
        assert_eq!(echo["streamOutputs"][0]["urls"][0], "rtmp://a.example/live/{abc...hij}");
    }
}

#[test]
fn the_old_field_of_a_kind_counts_where_its_list_is_empty() {
    let body = format!(r#"{{"roomName":"demo","segments":{{"filenamePrefix":"s",{S3}}},"fileOutputs":[{{{S3}}}]}}"#);
    let request = started("StartRoomCompositeEgress", &body);
    assert!(matches!(&request.outputs[..], [Output::File(_), Output::Segments(_)]), "{:?}", request.outputs);
    assert_eq!(echoed(&request)["segments"]["s3"]["accessKey"], "{access_key}");
    let two = format!(r#"{{"roomName":"demo","fileOutputs":[{{{S3}}},{{{S3}}}]}}"#);
    // A quirk of the real server: a list of two goes out as it came.
    assert_eq!(echoed(&started("StartRoomCompositeEgress", &two))["fileOutputs"][0]["s3"]["secret"], "hush");
}

#[test]
fn the_unified_request_has_its_sources_and_shares_its_storage() {
    let body = format!(
        r#"{{"room_name":"demo","media":{{"video_track_id":"TR_V","audio":{{"routes":[{{"participant_identity":"ada"}}]}}}},
            "advanced":{{"audio_codec":"AAC","key_frame_interval":2.5}},"storage":{{{S3}}},
            "outputs":[{{"file":{{"filepath":"a"}}}},{{"segments":{{}},"storage":{{"s3":{{"bucket":"other"}}}}}},{{}}]}}"#
    );
    let request = started("StartEgress", &body);
    let Source::Media(media) = &request.source else { panic!("{:?}", request.source) };
    assert_eq!(media.video, Some(MediaVideo::Track("TR_V".into())));
    assert_eq!(
        media.audio.as_ref().map(|audio| audio.routes.as_slice()),
        Some(&[AudioMatch::Participant("ada".into())][..])
    );
    assert_eq!(request.encoding().audio_codec, AudioCodec::Aac);
    assert_eq!(request.encoding().key_frame_interval, Span::MILLISECOND.times(2500));
    let [Output::File(file), Output::Segments(segments), Output::Unset] = &request.outputs[..] else {
        panic!("{:?}", request.outputs)
    };
    assert_eq!((file.s3.bucket.as_str(), segments.s3.bucket.as_str()), ("rec", "other"));
    assert_eq!(echoed(&request)["storage"]["s3"]["secret"], "{secret}");
    assert_eq!(started("StartEgress", r#"{"roomName":"demo"}"#).source, Source::Unset);
    let template =
        started("StartEgress", r#"{"roomName":"demo","template":{"layout":"grid","customBaseUrl":"ftp://x"}}"#);
    assert!(matches!(&template.source, Source::RoomComposite { layout, .. } if layout == "grid"));
    let (status, _, body) = refused(json("Egress/StartEgress", r#"{"outputs":[{"file":{},"storage":{"gcp":{}}}]}"#));
    assert_eq!(status, 501, "never a wrong success: {body}");
}

#[test]
fn a_websocket_is_a_stream_and_only_known_keys_sign_webhooks() {
    let body = r#"{"roomName":"demo","trackId":"TR_A","websocketUrl":"wss://a.example/?t=secret","webhooks":[
        {"url":"http://a.example"},{"url":"http://b.example","signingKey":"devkey"},{"url":"http://c.example","signingKey":"no"},{}]}"#;
    let request = started("StartTrackEgress", body);
    assert!(matches!(&request.outputs[..], [Output::Stream(stream)] if stream.urls == ["wss://a.example/?t=secret"]));
    let urls: Vec<&str> = request.webhooks().iter().map(|webhook| webhook.url.as_str()).collect();
    assert_eq!(urls, ["http://a.example", "http://b.example"]);
    assert_eq!(echoed(&request)["websocketUrl"], "wss://a.example/?t={...}");
}

#[test]
fn rooms_are_made_with_all_that_is_recorded_of_them() {
    let body = format!(
        r#"{{"name":"demo","emptyTimeout":60,"departureTimeout":5,"maxParticipants":3,"metadata":"{{}}","egress":{{
            "room":{{"fileOutputs":[{{{S3}}}]}},"participant":{{"preset":"H264_1080P_30","fileOutputs":[{{{S3}}}]}},
            "tracks":{{"filepath":"t/",{S3}}}}}}}"#
    );
    let Call::Api(ApiCall::CreateRoom(request)) = asked(json("RoomService/CreateRoom", &body)).call else { panic!() };
    assert_eq!(
        (request.limits.empty_timeout, request.limits.departure_timeout, request.limits.max_participants),
        (60, 5, 3)
    );
    let rpc = |start: &Option<std::sync::Arc<StartEgress>>| {
        start.as_ref().map(|start| (start.rpc(), start.room_name.clone()))
    };
    assert_eq!(rpc(&request.egress.room), Some(("StartRoomCompositeEgress", "demo".into())));
    assert_eq!(rpc(&request.egress.participant), Some(("StartParticipantEgress", "demo".into())));
    assert_eq!(rpc(&request.egress.tracks), Some(("StartTrackEgress", "demo".into())));
}

#[test]
fn every_room_method_wants_its_own_grant() {
    let methods = [
        ("CreateRoom", r#"{"name":"demo"}"#, "create"),
        ("DeleteRoom", r#"{"room":"demo"}"#, "create"),
        ("ListRooms", "{}", "list"),
        ("ListParticipants", r#"{"room":"demo"}"#, "admin"),
        ("GetParticipant", r#"{"room":"demo","identity":"ada"}"#, "admin"),
        ("RemoveParticipant", r#"{"room":"demo","identity":"ada"}"#, "admin"),
        ("MutePublishedTrack", r#"{"room":"demo","identity":"ada","trackSid":"TR_A","muted":true}"#, "admin"),
        ("UpdateParticipant", r#"{"room":"demo","identity":"ada","attributes":{"b":"1","a":""}}"#, "admin"),
        ("UpdateSubscriptions", r#"{"room":"demo","identity":"ada","trackSids":["TR_A"]}"#, "admin"),
        ("SendData", r#"{"room":"demo","data":"aGVsbG8="}"#, "admin"),
        ("UpdateRoomMetadata", r#"{"room":"demo","metadata":"x"}"#, "admin"),
    ];
    let with = |grant: &str| Grants {
        room_create: grant == "create",
        room_list: grant == "list",
        room_record: grant == "record",
        room_admin: grant == "admin" || grant == "other",
        room: if grant == "other" { "other" } else { "demo" }.into(),
        destination_room: String::new(),
    };
    for (method, body, needed) in methods {
        for grant in ["create", "list", "record", "admin", "other", "none"] {
            let expires = Some((NOW + Span::seconds(600)).unix_seconds());
            let token = format!("Bearer {}", signed(&keys(), NOW, expires, Some(with(grant))));
            let begun =
                post(&format!("/twirp/livekit.RoomService/{method}"), "application/json", &token, body.as_bytes());
            if grant == needed {
                assert!(matches!(begun, Begun::Asks(_)), "{method} with {grant}");
            } else {
                let (status, kind, words) = refused(begun);
                assert_eq!((status, kind.as_str()), (401, "application/json"), "{method} with {grant}");
                assert_eq!(words, r#"{"code":"unauthenticated","msg":"permissions denied"}"#);
            }
        }
    }
}

/// The first egress of a world in which one was started by this request.
fn told(method: &str, body: &str) -> EgressInfo {
    let world = "format = 1\n[[tenant]]\nname = \"acme\"\nbuckets = [\"rec\"]\n[[call]]\ntenant = \"acme\"\nroom = \"demo\"\n\
                 participants = [\"ada\"]\nat = \"0s\"\nduration = \"1h\"\n";
    let scenario = std::rc::Rc::new(parse("told", world).unwrap_or_else(|error| panic!("{}", error.render("told"))));
    let mut live = egress_sim_model::live::Live::new(&scenario, Vec::new(), None);
    live.reach(live.now());
    live.ask(asked(json(&format!("Egress/{method}"), body)).call);
    live.reach(live.now() + Span::SECOND);
    live.state().egresses[0].info.clone()
}

#[test]
fn a_reply_has_every_field_in_snake_case_and_the_request_as_it_came() {
    let body = format!(
        r#"{{"roomName":"demo","audioMixing":"DUAL_CHANNEL_AGENT","fileOutputs":[{{"filepath":"a.mp4",{S3}}}]}}"#
    );
    let info = told("StartRoomCompositeEgress", &body);
    let reply = Reply::Egress(Ok(std::sync::Arc::new(info)));
    let response = asked(json("Egress/StopEgress", "{}")).answer(&reply).expect("an answer");
    let told: Value = serde_json::from_slice(response.body()).expect("JSON");
    assert_eq!(told["room_composite"]["audio_mixing"], "DUAL_CHANNEL_AGENT");
    assert_eq!(told["room_composite"]["file_outputs"][0]["s3"]["access_key"], "{access_key}");
    assert_eq!((&told["status"], &told["ended_at"]), (&Value::from("EGRESS_STARTING"), &Value::from("0")));
    assert_eq!(told["file"]["filename"], "a.mp4", "the deprecated field beside the list");
    assert_eq!(told["stream_results"], Value::Array(Vec::new()));
    assert!(told.get("web").is_none() && told.get("stream").is_none(), "unset members of a oneof: {told}");
}
