use egress_sim_model::livekit::{Output, Source};
use egress_sim_model::time::Span;
use jsonwebtoken::{EncodingKey, Header};
use serde_json::Value;

use super::grants::Claims;
use super::*;

mod errors;
mod mocked;
mod requests;

const NOW: Time = Time(1_800_000_000_000_000_000);

fn keys() -> Keys {
    Keys { key: "devkey".into(), secret: "secret".into() }
}

/// A token with every grant, for one room.
fn mint(keys: &Keys, room: &str, now: Time, life: Span) -> String {
    let video = Grants {
        room_create: true,
        room_list: true,
        room_record: true,
        room_admin: true,
        room: room.to_owned(),
        destination_room: "other".to_owned(),
    };
    signed(keys, now, Some((now + life).unix_seconds()), Some(video))
}

fn signed(keys: &Keys, now: Time, exp: Option<i64>, video: Option<Grants>) -> String {
    let claims = Claims { iss: keys.key.clone(), nbf: Some(now.unix_seconds()), exp, video };
    // Looking at any token has the crate choose its cryptography.
    let _ = egress_sim_model::webhook::token::verify("x", b"", "", "", now);
    jsonwebtoken::encode(&Header::default(), &claims, &EncodingKey::from_secret(keys.secret.as_bytes()))
        .expect("HS256 signs with any secret")
}

fn bearer() -> String {
    format!("Bearer {}", mint(&keys(), "demo", NOW, Span::seconds(600)))
}

fn headers(content_type: &str, authorization: &str) -> HeaderMap {
    let pairs = [(header::CONTENT_TYPE, content_type), (header::AUTHORIZATION, authorization)];
    let given = pairs.into_iter().filter(|(_, value)| !value.is_empty());
    given.map(|(name, value)| (name, HeaderValue::from_str(value).expect("plain text"))).collect()
}

fn post(path: &str, content_type: &str, authorization: &str, body: &[u8]) -> Begun {
    let (headers, body) = (headers(content_type, authorization), Bytes::copy_from_slice(body));
    let request = Request { method: &Method::POST, path, access_token: None, headers: &headers, body: &body };
    begin(&request, &keys(), NOW)
}

fn json(method: &str, body: &str) -> Begun {
    post(&format!("/twirp/livekit.{method}"), "application/json;charset=UTF-8", &bearer(), body.as_bytes())
}

fn asked(begun: Begun) -> Asked {
    match begun {
        Begun::Asks(asked) => asked,
        Begun::Answered(response) => panic!("{response:?}"),
    }
}

/// Status, content type, and the body as text.
fn refused(begun: Begun) -> (u16, String, String) {
    match begun {
        Begun::Answered(response) => read(&response),
        Begun::Asks(asked) => panic!("{asked:?}"),
    }
}

fn read(response: &Response<Bytes>) -> (u16, String, String) {
    let kind = response.headers()[header::CONTENT_TYPE].to_str().expect("plain text").to_owned();
    (response.status().as_u16(), kind, String::from_utf8(response.body().to_vec()).expect("UTF-8"))
}

#[test]
fn node_sends_one_output_twice_and_means_it_once() {
    let file = r#"{"filepath":"{room_name}.mp4","s3":{"accessKey":"a","secret":"s","bucket":"rec","region":"eu-1"}}"#;
    let body = format!(r#"{{"roomName":"demo","layout":"grid","file":{file},"fileOutputs":[{file}]}}"#);
    let Call::StartEgress(request) = asked(json("Egress/StartRoomCompositeEgress", &body)).call else {
        panic!("a start");
    };
    assert_eq!(request.room_name, "demo");
    assert!(matches!(&request.source, Source::RoomComposite { layout, .. } if layout == "grid"));
    let [Output::File(file)] = &request.outputs[..] else { panic!("{:?}", request.outputs) };
    assert_eq!(
        (file.filepath.as_str(), file.s3.bucket.as_str(), file.s3.region.as_str()),
        ("{room_name}.mp4", "rec", "eu-1")
    );
}

#[test]
fn json_takes_either_spelling_and_protobuf_is_answered_in_protobuf() {
    use prost::Message as _;
    for body in [r#"{"egress_id":"EG_1","futureField":1}"#, r#"{"egressId":"EG_1"}"#] {
        let asked = asked(json("Egress/StopEgress", body));
        assert!(matches!(&asked.call, Call::StopEgress { egress_id } if egress_id == "EG_1"));
    }
    let body = livekit_protocol::ListEgressRequest { room_name: "demo".into(), active: true, ..Default::default() };
    let asked =
        asked(post("/twirp/livekit.Egress/ListEgress", "application/protobuf", &bearer(), &body.encode_to_vec()));
    assert!(matches!(&asked.call, Call::ListEgress { room_name, active: true, .. } if room_name == "demo"));
    let response = asked.answer(&Reply::EgressList(Ok(Vec::new()))).expect("an answer");
    assert_eq!(read(&response), (200, "application/protobuf".into(), String::new()));
}

#[test]
fn a_refusal_of_the_world_is_a_twirp_error_and_silence_is_silence() {
    let start = || asked(json("Egress/StopEgress", "{}"));
    let no = CallError::rejected("not_found", 404, "twirp error unknown: egress does not exist");
    let response = start().answer(&Reply::Egress(Err(no))).expect("an answer");
    let (status, kind, body) = read(&response);
    assert_eq!((status, kind.as_str()), (404, "application/json"));
    let body: Value = serde_json::from_str(&body).expect("JSON");
    assert_eq!(body, serde_json::json!({"code": "not_found", "msg": "twirp error unknown: egress does not exist"}));
    let lost = CallError::OutcomeUnknown("no answer".into());
    assert!(start().answer(&Reply::Egress(Err(lost))).is_none());
}

#[test]
fn what_the_router_refuses() {
    for (path, content_type, code, words) in [
        ("/twirp/livekit.Egress/StartEgres", "application/json", "bad_route", "no handler for path"),
        ("/twirp/livekit.Nothing/List", "application/json", "bad_route", "no handler for path"),
        ("/twirp/livekit.Egress/ListEgress", "text/plain", "bad_route", r#"unexpected Content-Type: \"text/plain\""#),
        ("/twirp/livekit.Egress/ListEgress", "", "bad_route", r#"unexpected Content-Type: \"\""#),
        ("/twirp/livekit.SIP/ListSIPTrunk", "application/json", "unimplemented", "about recording"),
        ("/twirp/livekit.RoomService/PerformRpc", "application/json", "unimplemented", "PerformRpc"),
        ("/twirp/livekit.RoomService/Perform", "application/json", "bad_route", "no handler for path"),
    ] {
        let (status, kind, body) = refused(post(path, content_type, &bearer(), b"{}"));
        assert_eq!(status, http_status(code), "{path}: {body}");
        assert_eq!(kind, "application/json", "Node's SDK compares it as a whole");
        assert!(body.contains(&format!(r#""code":"{code}""#)) && body.contains(words), "{path}: {body}");
    }
    let (status, _, body) = refused(json("Egress/ListEgress", "{"));
    assert_eq!((status, body.contains("the json request could not be decoded")), (400, true), "{body}");
    let (headers, body) = (headers("application/json", &bearer()), Bytes::new());
    let path = "/twirp/livekit.Egress/ListEgress";
    let get = Request { method: &Method::GET, path, access_token: None, headers: &headers, body: &body };
    let (status, _, body) = refused(begin(&get, &keys(), NOW));
    assert!(status == 404 && body.contains(r#"unsupported method \"GET\" (only POST is allowed)"#), "{body}");
    assert!(body.contains(&format!(r#""twirp_invalid_route":"GET {path}""#)), "{body}");
}

#[test]
fn tokens_are_refused_in_plain_text_and_missing_grants_by_twirp() {
    let path = "/twirp/livekit.Egress/ListEgress";
    let late = mint(&keys(), "", Time(NOW.0 - 3_600_000_000_000), Span::seconds(600));
    let early = mint(&keys(), "", Time(NOW.0 + 3_600_000_000_000), Span::seconds(600));
    let other_secret = mint(&Keys { secret: "else".into(), ..keys() }, "", NOW, Span::seconds(600));
    let other_key = mint(&Keys { key: "else".into(), ..keys() }, "", NOW, Span::seconds(600));
    for (authorization, words) in [
        ("Basic abc".to_owned(), "invalid authorization header. Must start with Bearer "),
        ("Bearer abc".to_owned(), "invalid authorization token"),
        (format!("Bearer {other_key}"), "invalid API key"),
        (format!("Bearer {other_secret}"), "invalid authorization token: "),
        (format!("Bearer {late}"), "invalid authorization token: "),
        (format!("Bearer {early}"), "invalid authorization token: "),
    ] {
        let (status, kind, body) = refused(post(path, "application/json", &authorization, b"{}"));
        assert_eq!((status, kind.as_str()), (401, "text/plain; charset=utf-8"), "{authorization}: {body}");
        assert!(body.starts_with(words), "{authorization}: {body}");
    }
    let (status, kind, body) = refused(post(path, "application/json", "", b"{}"));
    assert_eq!((status, kind.as_str()), (401, "application/json"));
    assert_eq!(body, r#"{"code":"unauthenticated","msg":"permissions denied"}"#);
    // The grant is for room "demo".
    let (status, _, _) = refused(json("RoomService/ListParticipants", r#"{"room":"other"}"#));
    assert_eq!(status, 401);
    assert!(matches!(json("RoomService/ListParticipants", r#"{"room":"demo"}"#), Begun::Asks(_)));
}

#[test]
fn a_room_is_told_with_all_its_fields() {
    let asked = asked(json("RoomService/ListRooms", "{}"));
    let room = egress_sim_model::livekit::Room {
        sid: "RM_1".into(),
        name: "demo".into(),
        metadata: "{}".into(),
        creation_time: NOW,
        num_participants: 2,
        active_recording: true,
        limits: None,
    };
    let response = asked.answer(&Reply::Rooms(Ok(vec![room]))).expect("an answer");
    let body: Value = serde_json::from_slice(response.body()).expect("JSON");
    let room = &body["rooms"][0];
    assert_eq!((&room["num_participants"], &room["active_recording"]), (&Value::from(2), &Value::from(true)));
    assert_eq!((&room["creation_time"], &room["max_participants"]), (&Value::from("1800000000"), &Value::from(0)));
    assert_eq!(room["enabled_codecs"], Value::Array(Vec::new()));
}
