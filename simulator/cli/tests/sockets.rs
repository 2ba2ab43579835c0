//! `egress-sim serve` where something is wrong: arguments, addresses, requests, receivers. And how it ends.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::thread;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::Value;

mod served;

use served::{Served, command};

const HOUR: &str = r#"{"tenant":"default","room":"r","participants":["a"],"at":"0s","duration":"1h"}"#;

/// One request over a connection of its own: status and body.
fn request(address: &str, method: &str, path: &str, content_type: &str, body: &[u8]) -> (u16, String) {
    let (status, _, body) = exchange(address, method, path, &[("Content-Type", content_type)], body);
    (status, body)
}

/// The same with headers of one's own, and with those of the answer, in small letters.
fn exchange(
    address: &str,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> (u16, BTreeMap<String, String>, String) {
    let mut stream = TcpStream::connect(address).expect("it listens");
    let headers: Vec<String> = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let headers = headers.concat();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{headers}Content-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).expect("it reads");
    // It may have refused already what it has only begun to read.
    let _ = stream.write_all(body);
    let mut answer = String::new();
    let read = stream.read_to_string(&mut answer);
    let (head, body) =
        answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer from {address}{path}: {read:?}"));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    let lines = head.lines().filter_map(|line| line.split_once(": "));
    let headers = lines.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect();
    (status.unwrap_or_else(|| panic!("no status in {head}")), headers, body.to_owned())
}

/// The same to the control API.
fn control(served: &Served, method: &str, path: &str, body: &str) -> (u16, String) {
    request(&served.control, method, path, "application/json", body.as_bytes())
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn what_cannot_be_served_ends_in_64_and_says_why() {
    let holder = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let taken = holder.local_addr().expect("an address").to_string();
    let scenario = format!("{}/../../scenarios/no-such.toml", env!("CARGO_MANIFEST_DIR"));
    let this_file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/sockets.rs");
    for (arguments, expected) in [
        (["--clock", "fast"], "expected real, auto, manual, or a factor such as 60x"),
        (["--clock", "0x"], "expected real, auto, manual, or a factor such as 60x"),
        (["--quiet", "soon"], "--quiet soon: "),
        (["--webhook", "127.0.0.1:8080/webhook"], "--webhook 127.0.0.1:8080/webhook: "),
        (["--webhook", "https://127.0.0.1/webhook"], "expected a url that begins with http://"),
        (["--scenario", &scenario], "no-such.toml"),
        (["--s3-dir", this_file], "sockets.rs, where large bodies are to go, cannot be written to: "),
        (["--livekit", &taken], "cannot be had: "),
    ] {
        let output = match arguments[0] {
            "--livekit" => Command::new(env!("CARGO_BIN_EXE_egress-sim")).arg("serve").args(arguments).output(),
            _ => command().args(arguments).output(),
        };
        let output = output.expect("the binary starts");
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(64), "{arguments:?}: {complaint}");
        assert!(complaint.contains(expected), "{arguments:?}: {complaint}");
        assert!(output.stdout.is_empty(), "{arguments:?}: nothing was served");
    }
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_it_at_once_and_well() {
    for signal in ["-INT", "-TERM"] {
        let directory = tempfile::tempdir().expect("a directory");
        let bodies = || std::fs::read_dir(directory.path()).expect("it is there").count();
        let mut served = Served::start(&["--s3-dir", directory.path().to_str().expect("UTF-8")]);
        assert_eq!(bodies(), 1, "a place of its own");
        // Somebody is connected, and stays so.
        let _connected = TcpStream::connect(&served.livekit).expect("it listens");
        let sent = Command::new("kill").args([signal, &served.process.id().to_string()]).status();
        assert!(sent.expect("kill is there").success());
        assert_eq!(served.process.wait().expect("it ends").code(), Some(0), "{signal}");
        assert_eq!(bodies(), 0, "{signal}: it tidies up");
    }
}

#[test]
fn the_control_api_refuses_in_json_and_goes_on() {
    let served = Served::start(&["--clock", "manual"]);
    for (method, path, body, status, words) in [
        ("POST", "/calls", "{", 400, "the body cannot be read: "),
        ("POST", "/calls", "[]", 400, "[[call]]"),
        ("POST", "/calls", r#"{"tenant":"else","participants":["a"],"at":"0s","duration":"1h"}"#, 400, "else"),
        ("POST", "/calls", r#"{"tenant":"default","rom":"r"}"#, 400, "rom"),
        ("POST", "/calls/none/participants", r#"{"identity":"a"}"#, 404, "there is no room"),
        ("POST", "/calls/none/participants", r#"{"identity":"a","tracks":["smell"]}"#, 400, "smell"),
        ("DELETE", "/calls/none", "", 404, "there is no room"),
        ("POST", "/faults", r#"{"do":"s3.slowdown"}"#, 400, "s3.slowdown"),
        ("POST", "/commands", r#"{"tenant":"else","at":"0s","do":"contract_ended"}"#, 400, "else"),
        ("POST", "/clock/advance", "{}", 400, "expected either"),
        ("POST", "/clock/advance", r#"{"by":"soon"}"#, 400, "by: "),
        ("POST", "/clock/advance", r#"{"bye":"1h"}"#, 400, "unknown field `bye`, expected `by` or `to`"),
        ("POST", "/leases", r#"{"ttl":"soon"}"#, 400, "ttl: "),
        ("PUT", "/timers/t", r#"{"payload":"x"}"#, 400, "expected either \"at\""),
        ("PUT", "/timers/t", r#"{"at":"2026-01-01T00:00:00Z","in":"1h"}"#, 400, "not both"),
        ("PUT", "/wake-ups/w", "{}", 400, "expected \"at\", \"in\" or \"every\""),
        ("PUT", "/wake-ups/w", r#"{"every":"0s"}"#, 400, "every: "),
        ("PUT", "/wake-ups/w", r#"{"in":"1h","path":"cron"}"#, 400, "path: \"cron\""),
        ("DELETE", "/wake-ups/w", "", 404, "there is no wake-up"),
        (
            "POST",
            "/commit",
            r#"{"writes":[{"put_row":{"egress_id":"EG"}}]}"#,
            400,
            "at writes[0].put_row: missing field",
        ),
        ("POST", "/audit", r#"[{"action":"burn"}]"#, 400, "at [0].action: unknown variant `burn`, expected one of"),
        ("GET", "/inventory?tenant=default&limit=many", "", 400, "limit"),
        ("GET", "/inventory/EG_none", "", 404, "there is no row of EG_none"),
        ("GET", "/state/a/b", "", 404, "there is no state key \"a/b\""),
        ("DELETE", "/faults/0", "", 404, "there is no fault 0"),
        ("DELETE", "/faults/first", "", 400, "first"),
        ("GET", "/verdicts", "", 409, "name a scenario"),
        ("POST", "/verdicts", "", 409, "name a scenario"),
        ("POST", "/scenario", "format = 2", 400, "scenario.toml"),
        ("POST", "/scenario", r#"{"format": 1, "tenants": []}"#, 400, "tenants"),
        ("POST", "/clock/advance", r#"{"by":"100000d","to":"2026-01-01T00:00:00Z"}"#, 400, "expected either"),
        ("POST", "/clock/advance", r#"{"to":"2400-01-01T00:00:00Z"}"#, 400, "no further than 2262"),
        ("DELETE", "/leases/7", "", 404, "there is no lease 7"),
        ("DELETE", "/leases/seven", "", 400, "seven"),
        ("GET", "/buckets/none", "", 404, "there is no bucket"),
        ("GET", "/nothing", "", 404, "docs/control-api.md"),
        ("PUT", "/calls", "", 405, "PUT"),
    ] {
        let (got, answer) = control(&served, method, path, body);
        assert_eq!(got, status, "{method} {path} {body}: {answer}");
        let error = json(&answer)["error"].as_str().unwrap_or_default().to_owned();
        assert!(error.contains(words), "{method} {path} {body}: {answer}");
    }
    assert_eq!(control(&served, "POST", "/calls", HOUR), (200, r#"{"room":"r"}"#.into()));
    assert_eq!(control(&served, "POST", "/calls", HOUR).0, 409, "the room is there already");
    let (status, answer) = control(&served, "POST", "/calls", &"x".repeat(2 * 1024 * 1024 + 1));
    assert_eq!(status, 413, "{answer}");
}

#[test]
fn livekits_api_refuses_what_is_too_large_or_nowhere() {
    let served = Served::start(&["--clock", "manual"]);
    let at = &served.livekit;
    assert_eq!(request(at, "GET", "/", "", b""), (200, "OK".into()));
    assert_eq!(request(at, "GET", "/nothing", "", b"").0, 404);
    let path = "/twirp/livekit.Egress/ListEgress";
    let large = vec![b' '; 10 * 1024 * 1024 + 1];
    let refused = request(at, "POST", path, "application/json", &large);
    assert_eq!(refused, (413, "request body too large".into()));
    let (status, answer) = request(at, "POST", path, "application/json", &large[..large.len() - 1]);
    assert_eq!(status, 400, "what is not too large is read: {answer}");
    assert_eq!(request(at, "GET", "/", "", b"").0, 200, "and it goes on");
}

/// What a client sends along: a token with every grant that these tests want.
fn bearer() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is later").as_secs();
    let video = serde_json::json!({ "roomRecord": true, "roomList": true });
    let claims = serde_json::json!({ "iss": "devkey", "nbf": now, "exp": now + 600, "video": video });
    let key = jsonwebtoken::EncodingKey::from_secret(b"secret");
    let token = jsonwebtoken::encode(&jsonwebtoken::Header::default(), &claims, &key);
    format!("Bearer {}", token.expect("HS256 signs with any secret"))
}

#[test]
fn any_origin_may_use_livekits_api() {
    let served = Served::start(&["--clock", "manual"]);
    let path = "/twirp/livekit.Egress/ListEgress";
    let origin = ("Origin", "https://app.acme.example");
    let asks = [
        origin,
        ("Access-Control-Request-Method", "POST"),
        ("Access-Control-Request-Headers", "authorization,content-type"),
    ];
    let (status, headers, body) = exchange(&served.livekit, "OPTIONS", path, &asks, b"");
    assert_eq!((status, body.as_str()), (204, ""), "no token is asked for");
    assert_eq!(headers["access-control-allow-origin"], "*");
    assert_eq!(headers["access-control-allow-headers"], "authorization,content-type");
    assert!(headers["access-control-allow-methods"].contains("POST"), "{headers:?}");
    let token = bearer();
    let sent = [origin, ("Content-Type", "application/json"), ("Authorization", token.as_str())];
    let (status, headers, _) = exchange(&served.livekit, "POST", path, &sent, b"{}");
    assert_eq!((status, headers["access-control-allow-origin"].as_str()), (200, "*"));
    // A page is to read a refusal, too.
    let (status, headers, _) = exchange(&served.livekit, "POST", path, &sent[..2], b"{}");
    assert_eq!((status, headers["access-control-allow-origin"].as_str()), (401, "*"));
    let (_, headers, _) = exchange(&served.livekit, "POST", path, &sent[1..], b"{}");
    assert!(!headers.contains_key("access-control-allow-origin"), "who has no origin is no page: {headers:?}");
}

#[test]
fn livekits_api_answers_json_with_every_field_by_its_proto_name() {
    let served = Served::start(&["--clock", "manual"]);
    assert_eq!(control(&served, "POST", "/calls", HOUR).0, 200);
    let token = bearer();
    let ask = |method: &str, body: &str| {
        let headers = [("Content-Type", "application/json"), ("Authorization", token.as_str())];
        let path = format!("/twirp/livekit.{method}");
        let (status, headers, body) = exchange(&served.livekit, "POST", &path, &headers, body.as_bytes());
        assert_eq!((status, headers["content-type"].as_str()), (200, "application/json"), "{body}");
        json(&body)
    };
    let file = r#"{"room_name":"r","fileOutputs":[{"filepath":"a","s3":{"bucket":"recordings","secret":"hush"}}]}"#;
    let info = ask("Egress/StartRoomCompositeEgress", file);
    let id = info["egress_id"].as_str().expect("by its proto name");
    assert_eq!((&info["status"], &info["ended_at"]), (&"EGRESS_STARTING".into(), &"0".into()), "defaults are said");
    assert_eq!((&info["error"], &info["backup_storage_used"]), (&"".into(), &false.into()));
    assert_eq!((&info["image_results"], &info["error_code"]), (&Value::Array(Vec::new()), &0.into()));
    assert!(info["started_at"].is_string(), "64 bits are text: {info}");
    let asked = &info["room_composite"];
    assert_eq!((&asked["audio_only"], &asked["file_outputs"][0]["s3"]["secret"]), (&false.into(), &"{secret}".into()));
    assert!(info.get("track").is_none() && info.get("egressId").is_none(), "{info}");
    let list = ask("Egress/ListEgress", &format!(r#"{{"egressId":"{id}"}}"#));
    assert_eq!((&list["items"][0]["egress_id"], &list["next_page_token"]), (&id.into(), &Value::Null));
    let rooms = ask("RoomService/ListRooms", "{}");
    let room = &rooms["rooms"][0];
    assert_eq!((&room["name"], &room["num_participants"], &room["version"]), (&"r".into(), &1.into(), &Value::Null));
}

#[test]
fn s3_refuses_who_does_not_sign_and_what_it_does_not_have() {
    let served = Served::start(&["--clock", "manual"]);
    for (method, path, body, status, code) in [
        ("GET", "/recordings/a", "", 403, "AccessDenied"),
        ("DELETE", "/recordings/a", "", 403, "AccessDenied"),
        ("PUT", "/recordings/a", "x", 403, "AccessDenied"),
        ("GET", "/no_bucket%00/a", "", 400, "InvalidBucketName"),
    ] {
        let (got, answer) = request(&served.s3, method, path, "", body.as_bytes());
        assert!(got == status && answer.contains(code), "{method} {path}: {got} {answer}");
    }
    assert_eq!(json(&control(&served, "GET", "/buckets/recordings", "").1), json("[]"), "nothing was stored");
}

/// Answers 500 to whatever comes, and tells of each request's first line.
fn refusing_receiver() -> (String, std::sync::mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}/webhook", listener.local_addr().expect("an address"));
    let (tell, told) = std::sync::mpsc::channel();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut stream = BufReader::new(stream);
            let (mut first, mut line, mut length) = (String::new(), String::new(), 0);
            while stream.read_line(&mut line).is_ok_and(|read| read > 2) {
                if first.is_empty() {
                    first.clone_from(&line);
                }
                let lower = line.to_ascii_lowercase();
                if let Some(value) = lower.strip_prefix("content-length:") {
                    length = value.trim().parse().expect("a length");
                }
                line.clear();
            }
            let mut body = vec![0; length];
            let answer = b"HTTP/1.1 500 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
            if stream.read_exact(&mut body).is_ok() && stream.get_mut().write_all(answer).is_ok() {
                let _ = tell.send(first);
            }
        }
    });
    (url, told)
}

#[test]
fn a_receiver_that_refuses_is_tried_five_times_in_virtual_time() {
    let (url, told) = refusing_receiver();
    let served = Served::start(&["--clock", "manual", "--quiet", "0s", "--webhook", &url]);
    assert_eq!(control(&served, "POST", "/calls", HOUR).0, 200);
    let before = json(&control(&served, "GET", "/clock", "").1)["now"].clone();
    // Waits of 1, 2, 4 and 8 s: `room_started` is given up, and `participant_joined`, next in its queue, begins.
    let (status, after) = control(&served, "POST", "/clock/advance", r#"{"by":"20s"}"#);
    assert_eq!(status, 200, "{after}");
    assert_ne!(json(&after)["now"], before);
    let attempts = told.try_iter().inspect(|first| assert!(first.starts_with("POST /webhook "), "{first}")).count();
    assert!((5..10).contains(&attempts), "{attempts} attempts in 20 s");
}

#[test]
fn a_receiver_that_is_not_there_holds_nothing_up() {
    let nobody = TcpListener::bind("127.0.0.1:0").expect("a free port").local_addr().expect("an address");
    let served = Served::start(&["--clock", "manual", "--webhook", &format!("http://{nobody}/webhook")]);
    assert_eq!(control(&served, "POST", "/calls", HOUR).0, 200);
    assert_eq!(control(&served, "POST", "/clock/advance", r#"{"by":"90d"}"#).0, 200);
    let clock = json(&control(&served, "GET", "/clock", "").1);
    assert_eq!(clock["under_way"]["deliveries"], 0, "{clock}");
}

const ROW: &str = r#"{"egress_id":"EG_1","tenant":"default","room":"r","bucket":"recordings","key":{"prefix":"r/"},"state":"stored",
    "details":{"by":"hand"}}"#;

fn commit(served: &Served, expect: &str) -> (u16, Value) {
    let body = format!(
        r#"{{"writes":[{{"put_row":{ROW}}},{{"put_state":{{"key":"a/b","value":"1"}}}}],
            "preconditions":[{{"subject":{{"row":"EG_1"}},"expect":{expect}}}]}}"#
    );
    let (status, answer) = control(served, "POST", "/commit", &body);
    (status, json(&answer))
}

#[test]
fn an_operator_shows_its_work_and_hears_of_conflicts() {
    let served = Served::start(&["--clock", "manual"]);
    let boot = json(&control(&served, "GET", "/boot", "").1);
    assert_eq!(boot["livekit"]["url"], format!("http://{}", served.livekit), "{boot}");
    assert_eq!(boot["tenants"][0]["buckets"][0]["name"], "recordings", "{boot}");
    assert_eq!(boot["tenants"][0]["delete_within_seconds"], 90 * 86_400, "{boot}");

    assert_eq!(commit(&served, r#""absent""#), (200, json(r#"{"revision":1}"#)));
    let (status, conflict) = commit(&served, r#""absent""#);
    assert_eq!((status, &conflict["conflict"]), (409, &json(r#"{"row":"EG_1"}"#)), "{conflict}");
    assert_eq!(commit(&served, r#"{"version_is":1}"#).0, 200);

    let stored = json(&control(&served, "GET", "/inventory/EG_1", "").1);
    assert_eq!((&stored["version"], &stored["row"]["details"]), (&2.into(), &json(r#"{"by":"hand"}"#)), "{stored}");
    assert_eq!((&stored["row"]["kind"], &stored["row"]["state"]), (&"composite".into(), &"stored".into()), "{stored}");
    for path in ["/inventory", "/inventory?tenant=default", "/inventory?tenant=default&after=EG_0&limit=1"] {
        assert_eq!(json(&control(&served, "GET", path, "").1), Value::Array(vec![stored.clone()]), "{path}");
    }
    let entry = json(&control(&served, "GET", "/state/a/b", "").1);
    assert_eq!(entry, json(r#"{"key":"a/b","value":"1","version":2}"#));
    assert_eq!(json(&control(&served, "GET", "/state?prefix=a/", "").1)[0], entry);

    let record = r#"{"action":"delete","tenant":"default","outcome":{"refused":"AccessDenied"},"idempotency_key":"k"}"#;
    assert_eq!(control(&served, "POST", "/audit", record).0, 200);
    assert_eq!(control(&served, "POST", "/audit", &format!("[{record},{record}]")).0, 200);
    let audit = json(&control(&served, "GET", "/audit", "").1);
    assert_eq!(audit[2]["record"]["outcome"], json(r#"{"refused":"AccessDenied"}"#), "{audit}");
    for (path, body) in [
        ("/publish", r#"{"egress_id":"EG_1","tenant":"default","url":"https://cdn/r/index.m3u8"}"#),
        ("/retract", r#"{"egress_id":"EG_1"}"#),
        ("/check/always", r#"{"name":"n","condition":true}"#),
        ("/check/sometimes", r#"{"name":"n","condition":true}"#),
    ] {
        assert_eq!(control(&served, "POST", path, body), (200, "{}".into()), "{path}");
    }
    let paths = json(&control(&served, "GET", "/openapi.json", "").1);
    assert!(paths["paths"]["/commit"]["post"].is_object(), "{paths}");
}

#[test]
fn a_failed_commit_says_what_may_have_happened_until_the_fault_is_cleared() {
    let served = Served::start(&["--clock", "manual"]);
    for (number, fault, status, failure) in [
        (0, r#"{"do":"store.unavailable","on":"store.commit","count":100}"#, 503, "not_sent"),
        (1, r#"{"do":"store.timeout","on":"store.commit","count":100}"#, 504, "outcome_unknown"),
    ] {
        let (_, answer) = control(&served, "POST", "/faults", fault);
        assert_eq!(answer, format!(r#"{{"fault":{number}}}"#));
        let (got, answer) = commit(&served, r#""absent""#);
        assert_eq!((got, &answer["failure"]), (status, &failure.into()), "{answer}");
        assert_eq!(control(&served, "DELETE", &format!("/faults/{number}"), "").0, 200);
        assert_eq!(control(&served, "DELETE", &format!("/faults/{number}"), "").0, 404, "it is cleared already");
    }
    assert_eq!(commit(&served, r#""absent""#).0, 409, "the one without an answer was stored");
    let faults = json(&control(&served, "GET", "/faults", "").1);
    assert_eq!(faults[1], json(r#"{"do":"store.timeout","fired":1,"cleared":true}"#));
}

#[test]
fn a_world_begins_anew_and_its_promises_are_judged() {
    let served = Served::start(&["--clock", "manual"]);
    assert_eq!(commit(&served, r#""absent""#).0, 200);
    assert_eq!(control(&served, "POST", "/reset", ""), (200, "{}".into()));
    assert_eq!(control(&served, "GET", "/inventory", "").1, "[]");

    let scenario = format!("{}/../../scenarios/compliance-call-small.toml", env!("CARGO_MANIFEST_DIR"));
    let scenario = std::fs::read_to_string(scenario).expect("it is there");
    assert_eq!(control(&served, "POST", "/scenario", &scenario), (200, "{}".into()));
    assert_eq!(control(&served, "POST", "/clock/advance", r#"{"by":"1d"}"#).0, 200);
    let broken = |verdicts: &Value, id: &str| {
        let found = verdicts.as_array().expect("verdicts are a list").iter().find(|found| found["id"] == id);
        found.is_some_and(|found| found["verdict"] == "violated")
    };
    let so_far = json(&control(&served, "GET", "/verdicts", "").1);
    assert!(broken(&so_far, "recording.composite-per-call"), "nobody recorded anything: {so_far:#}");
    let judged = json(&control(&served, "POST", "/verdicts", "").1);
    assert!(broken(&judged, "recording.composite-per-call"), "{judged:#}");
    assert_eq!(control(&served, "GET", "/verdicts", "").0, 409, "it is judged");
    assert_eq!(control(&served, "POST", "/reset", "").0, 200);
    let anew = json(&control(&served, "GET", "/verdicts", "").1);
    assert!(!broken(&anew, "recording.composite-per-call"), "{anew:#}");

    let trace = control(&served, "GET", "/trace", "").1;
    assert_eq!(trace, "", "nothing has happened yet");
    control(&served, "POST", "/clock/advance", r#"{"by":"1h"}"#);
    let trace = control(&served, "GET", "/trace", "").1;
    let first = json(trace.lines().next().expect("something has happened"));
    assert_eq!((&first["sequence"], &first["lane"]), (&0.into(), &"scenario".into()), "{first}");
}

#[test]
fn events_come_as_they_happen() {
    let served = Served::start(&["--clock", "manual"]);
    let mut stream = TcpStream::connect(&served.control).expect("it listens");
    write!(stream, "GET /trace HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n\r\n").expect("it reads");
    let mut lines = BufReader::new(stream).lines().map(|line| line.expect("UTF-8"));
    assert!(lines.any(|line| line == "content-type: text/event-stream"), "it is a stream of events");
    assert_eq!(control(&served, "POST", "/calls", HOUR).0, 200);
    let event = lines.find_map(|line| line.strip_prefix("data: ").map(json)).expect("a room has started");
    assert_eq!(event["text"], "room r started (none, mp4)", "{event}");
}

#[test]
fn a_lease_holds_the_clock_until_its_time_is_up() {
    let served = Served::start(&["--clock", "manual", "--quiet", "0s"]);
    let (_, lease) = control(&served, "POST", "/leases", r#"{"for":"the deletion of acme"}"#);
    assert_eq!(lease, r#"{"lease":1}"#);
    let clock = json(&control(&served, "GET", "/clock", "").1);
    assert_eq!(clock["under_way"]["leases"], json(r#"["the deletion of acme"]"#), "{clock}");
    assert_eq!(control(&served, "DELETE", "/leases/1", "").0, 200);
    assert_eq!(control(&served, "POST", "/leases", r#"{"ttl":"20ms"}"#).0, 200);
    let (status, answer) = control(&served, "POST", "/clock/advance", r#"{"by":"90d"}"#);
    assert_eq!(status, 200, "the lease has ended of itself: {answer}");
    let clock = json(&control(&served, "GET", "/clock", "").1);
    assert_eq!(clock["under_way"]["leases"], json("[]"), "{clock}");
}

#[test]
fn deliveries_are_told_attempt_by_attempt() {
    let (url, _told) = refusing_receiver();
    let served = Served::start(&["--clock", "manual", "--quiet", "0s", "--webhook", &url]);
    assert_eq!(control(&served, "POST", "/calls", HOUR).0, 200);
    assert_eq!(control(&served, "PUT", "/wake-ups/w", r#"{"in":"1h"}"#).0, 200);
    assert_eq!(json(&control(&served, "GET", "/wake-ups", "").1)[0]["path"], "/wake-ups");
    assert_eq!(control(&served, "DELETE", "/wake-ups/w", "").0, 200);
    assert_eq!(control(&served, "POST", "/clock/advance", r#"{"by":"20s"}"#).0, 200);
    let deliveries = json(&control(&served, "GET", "/deliveries", "").1);
    let attempts: Vec<&Value> = deliveries
        .as_array()
        .expect("deliveries are a list")
        .iter()
        .filter(|delivery| delivery["what"] == "room_started of room r")
        .collect();
    assert_eq!(attempts.len(), 5, "{deliveries:#}");
    for (attempt, number) in attempts.iter().zip(1..) {
        assert_eq!((&attempt["attempt"], &attempt["status"]), (&number.into(), &500.into()), "{attempt}");
    }
}
