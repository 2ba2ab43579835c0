//! The convention of LiveKit's test server.

use super::*;

fn ask(service: &str, directives: &str, authorization: &str, body: &str, region: usize) -> mock::Mocked {
    let mut headers = headers("application/json", authorization);
    headers.insert(mock::HEADER, HeaderValue::from_str(directives).expect("plain text"));
    let body = Bytes::copy_from_slice(body.as_bytes());
    let path = format!("/twirp/livekit.{service}");
    let request = Request { method: &Method::POST, path: &path, access_token: None, headers: &headers, body: &body };
    mock::answer(&request, &keys(), NOW, region)
}

fn told(mocked: mock::Mocked) -> (u16, Value) {
    let response = mocked.response.expect("no broken connection");
    (response.status().as_u16(), serde_json::from_slice(response.body()).expect("JSON"))
}

#[test]
fn a_reply_repeats_the_request_and_makes_up_ids() {
    let body = r#"{"name":"echo","metadata":"{}","emptyTimeout":300,"max_participants":50}"#;
    let (status, room) = told(ask("RoomService/CreateRoom", "{}", &bearer(), body, 0));
    assert_eq!((status, &room["name"], &room["empty_timeout"]), (200, &Value::from("echo"), &Value::from(300)));
    assert_eq!(room["sid"], "MOCK_SID");
    let (_, list) = told(ask("Egress/ListEgress", "", &bearer(), "{}", 0));
    assert_eq!(list["items"][0]["egress_id"], "MOCK_EGRESS_ID", "directives that are none say nothing");
    let (_, info) = told(ask("Egress/UpdateLayout", "{}", &bearer(), r#"{"egressId":"EG_abc"}"#, 0));
    assert_eq!(info["egress_id"], "EG_abc");
}

#[test]
fn directives_decide_what_goes_wrong_where() {
    let create =
        |directives: &str, region| ask("RoomService/CreateRoom", directives, "Bearer placeholder", "{}", region);
    assert_eq!(told(create("{}", 0)).0, 401);
    assert_eq!(told(create(r#"{"skipAuth":true}"#, 0)).0, 200);
    let fails = r#"{"skipAuth":true,"failRegions":[0,2],"delayMs":40}"#;
    let mocked = create(fails, 0);
    assert_eq!(mocked.after.as_millis(), 40);
    let (status, body) = told(mocked);
    assert_eq!((status, &body["code"]), (503, &Value::from("unavailable")));
    let well = create(fails, 1).response.expect("region 1 is well");
    assert_eq!((well.status().as_u16(), &well.headers()["x-lk-mock-region"]), (200, &HeaderValue::from_static("1")));
    let (status, body) = told(create(r#"{"skipAuth":true,"failRegions":[0],"failStatus":400}"#, 0));
    assert_eq!((status, &body["code"]), (400, &Value::from("invalid_argument")));
    let (status, body) = told(create(r#"{"skipAuth":true,"failRegions":[0],"failTwirpCode":"aborted"}"#, 0));
    assert_eq!((status, &body["code"]), (503, &Value::from("aborted")));
    assert!(create(r#"{"skipAuth":true,"failRegions":[0],"failMode":"drop"}"#, 0).response.is_none());
    let wanted = r#"{"response":{"track":{"sid":"TR_video1"}}}"#;
    let (_, muted) = told(ask("RoomService/MutePublishedTrack", wanted, &bearer(), r#"{"room":"demo"}"#, 0));
    assert_eq!(muted["track"]["sid"], "TR_video1");
}

#[test]
fn grants_are_enforced_by_method_and_room() {
    for (service, body, status) in [
        ("RoomService/ListParticipants", r#"{"room":"demo"}"#, 200),
        ("RoomService/ListParticipants", r#"{"room":"else"}"#, 403),
        ("RoomService/MoveParticipant", r#"{"room":"demo","destinationRoom":"other"}"#, 200),
        ("RoomService/MoveParticipant", r#"{"room":"demo","destinationRoom":"else"}"#, 403),
        ("SIP/ListSIPTrunk", "{}", 501),
    ] {
        assert_eq!(told(ask(service, "{}", &bearer(), body, 0)).0, status, "{service} {body}");
    }
    let other = format!("Bearer {}", mint(&Keys { secret: "else".into(), ..keys() }, "demo", NOW, Span::seconds(600)));
    assert_eq!(told(ask("Egress/ListEgress", "{}", &other, "{}", 0)).0, 401);
}

#[test]
fn regions_are_told_in_order_and_fail_by_order() {
    let urls = ["http://127.0.0.1:1".to_owned(), "http://127.0.0.1:2".to_owned()];
    let response = mock::regions(&HeaderMap::new(), &urls);
    let told: Value = serde_json::from_slice(response.body()).expect("JSON");
    assert_eq!(
        (&told["regions"][1]["url"], &told["regions"][1]["distance"]),
        (&Value::from(urls[1].clone()), &Value::from("1"))
    );
    assert_eq!(response.headers()[header::CACHE_CONTROL], "max-age=0");
    let headers = [(http::HeaderName::from_static(mock::HEADER), HeaderValue::from_static(r#"{"regionsStatus":500}"#))];
    assert_eq!(mock::regions(&headers.into_iter().collect(), &urls).status().as_u16(), 500);
}
