//! Tokens and bodies, byte for byte, and that the fast answer is the real one.

use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::livekit::{
    EgressInfo, EgressStatus, Output, Room, S3Upload, SegmentedFileOutput, SegmentsInfo, Source, StartEgress,
};

const KEY: &str = "devkey";
const SECRET: &str = "secret";
const LIFE: Span = Span::seconds(300);
const SIGNED_AT: Time = Time(1_763_800_060_123_456_789);

/// The `egress_ended` of a composite with one HLS output.
fn egress_ended() -> WebhookEvent {
    let s3 = S3Upload { bucket: "bk".into(), ..S3Upload::default() };
    let output = SegmentedFileOutput {
        filename_prefix: "d/s".into(),
        playlist_name: "d/p.m3u8".into(),
        segment_duration: 4,
        s3,
        ..SegmentedFileOutput::default()
    };
    let request = StartEgress {
        room_name: "demo".into(),
        source: Source::RoomComposite { layout: String::new(), audio_only: false, video_only: false },
        outputs: vec![Output::Segments(output)],
        details: None,
    };
    let (started_at, ended_at) = (Time(1_763_800_000_000_000_000), Time(1_763_800_060_000_000_000));
    let segments = SegmentsInfo {
        playlist_name: "d/p.m3u8".into(),
        playlist_location: "https://bk.s3.amazonaws.com/d/p.m3u8".into(),
        segment_count: 15,
        size: 1_234_567,
        started_at: Some(started_at),
        ended_at: Some(ended_at),
        duration: Span::seconds(60),
        ..SegmentsInfo::default()
    };
    let info = EgressInfo {
        egress_id: "EG_b".into(),
        room_id: "RM_a".into(),
        room_name: "demo".into(),
        status: EgressStatus::Complete,
        request: Arc::new(request),
        started_at: Some(started_at),
        updated_at: Some(ended_at),
        ended_at: Some(ended_at),
        file_results: vec![],
        segment_results: vec![segments],
        manifest_location: "https://bk.s3.amazonaws.com/d/EG_b.json".into(),
        details: "End reason: StopEgress API".into(),
        error: String::new(),
        error_code: 0,
        backup_storage_used: false,
        retry_count: 0,
        flaw: None,
        stream_results: Vec::new(),
        image_results: Vec::new(),
    };
    WebhookEvent {
        id: "EV_c".into(),
        event: "egress_ended",
        created_at: SIGNED_AT,
        room: Some(demo_room()),
        participant: None,
        track: None,
        egress_info: Some(info),
    }
}

fn demo_room() -> Room {
    Room {
        sid: "RM_a".into(),
        name: "demo".into(),
        metadata: r#"{"tenant":"acme-1"}"#.into(),
        creation_time: Time(1_763_799_999_500_000_000),
        num_participants: 2,
        active_recording: true,
        limits: None,
    }
}

/// A made-up delivery beside a genuine `room_started`.
fn by_stranger(forgery: Forgery) -> Sender {
    let seen = WebhookEvent { event: "room_started", egress_info: None, ..egress_ended() };
    Sender::Stranger(forgery, Arc::new(seen))
}

fn senders() -> Vec<Sender> {
    let livekit = [Sender::Livekit, Sender::NewerLivekit, Sender::Proxy];
    livekit.into_iter().chain(Forgery::ALL.map(by_stranger)).collect()
}

fn pretty(body: &[u8]) -> String {
    let value: serde_json::Value = serde_json::from_slice(body).expect("JSON");
    format!("{value:#}")
}

#[test]
fn the_body_is_proto3_json() {
    insta::assert_snapshot!(pretty(&body(&egress_ended())), @r#"
    {
      "createdAt": "1763800060",
      "egressInfo": {
        "details": "End reason: StopEgress API",
        "egressId": "EG_b",
        "endedAt": "1763800060000000000",
        "manifestLocation": "https://bk.s3.amazonaws.com/d/EG_b.json",
        "roomComposite": {
          "roomName": "demo",
          "segmentOutputs": [
            {
              "filenamePrefix": "d/s",
              "playlistName": "d/p.m3u8",
              "s3": {
                "accessKey": "{access_key}",
                "bucket": "bk",
                "secret": "{secret}"
              },
              "segmentDuration": 4
            }
          ]
        },
        "roomId": "RM_a",
        "roomName": "demo",
        "segmentResults": [
          {
            "duration": "60000000000",
            "endedAt": "1763800060000000000",
            "playlistLocation": "https://bk.s3.amazonaws.com/d/p.m3u8",
            "playlistName": "d/p.m3u8",
            "segmentCount": "15",
            "size": "1234567",
            "startedAt": "1763800000000000000"
          }
        ],
        "segments": {
          "duration": "60000000000",
          "endedAt": "1763800060000000000",
          "playlistLocation": "https://bk.s3.amazonaws.com/d/p.m3u8",
          "playlistName": "d/p.m3u8",
          "segmentCount": "15",
          "size": "1234567",
          "startedAt": "1763800000000000000"
        },
        "startedAt": "1763800000000000000",
        "status": "EGRESS_COMPLETE",
        "updatedAt": "1763800060000000000"
      },
      "event": "egress_ended",
      "id": "EV_c",
      "room": {
        "name": "demo",
        "sid": "RM_a"
      }
    }
    "#);
    let room_started = WebhookEvent { event: "room_started", egress_info: None, ..egress_ended() };
    insta::assert_snapshot!(pretty(&body(&room_started)), @r#"
    {
      "createdAt": "1763800060",
      "event": "room_started",
      "id": "EV_c",
      "room": {
        "activeRecording": true,
        "creationTime": "1763799999",
        "creationTimeMs": "1763799999500",
        "departureTimeout": 20,
        "emptyTimeout": 300,
        "metadata": "{\"tenant\":\"acme-1\"}",
        "name": "demo",
        "numParticipants": 2,
        "sid": "RM_a"
      }
    }
    "#);
}

#[test]
fn the_body_reads_back() {
    let event = egress_ended();
    let decoded = decode(&body(&event)).expect("our own JSON");
    assert_eq!(decoded, proto::webhook_event(&event));
    assert_eq!(decode(br#"{"event":"egress_ended","ofTheFuture":{"a":[1]}}"#).expect("JSON").event, "egress_ended");
    assert_eq!(decode(b"[]"), Err(Refusal::MalformedBody));
    assert_eq!(decode(br#"{"event":"#), Err(Refusal::MalformedBody));
}

#[test]
fn the_token_is_always_the_same() {
    let signed = sign(b"{}", KEY, SECRET, SIGNED_AT, LIFE);
    insta::assert_snapshot!(signed, @"eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJkZXZrZXkiLCJpYXQiOjE3NjM4MDAwNjAsIm5iZiI6MTc2MzgwMDA2MCwiZXhwIjoxNzYzODAwMzYwLCJzaGEyNTYiOiJSQk52bzFXelo0b1JScTBXOStoa25wVDdUOElmNTM2REVNQmc5aHlxLzRvPSJ9.35PJK816luNpwocfAg3Jk7yAViL2vizSuUspdE35EZk");
    let claims: serde_json::Value = jsonwebtoken::dangerous::insecure_decode_claims(&signed).expect("a JWT");
    insta::assert_snapshot!(claims, @r#"{"exp":1763800360,"iat":1763800060,"iss":"devkey","nbf":1763800060,"sha256":"RBNvo1WzZ4oRRq0W9+hknpT7T8If536DEMBg9hyq/4o="}"#);
}

#[test]
fn each_forgery_fails_for_its_own_reason() {
    let event = egress_ended();
    for forgery in Forgery::ALL {
        assert_eq!(Forgery::from_name(forgery.name()), Some(forgery));
        let (authorization, body) = deliver(&event, &by_stranger(forgery), KEY, SECRET, SIGNED_AT, LIFE);
        assert_eq!(verify(&authorization, &body, KEY, SECRET, SIGNED_AT), Err(forgery.refusal()));
        assert_eq!(decode(&body).expect("still the event").event, "egress_ended");
    }
    assert_eq!(Forgery::from_name("forged"), None);
}

#[test]
fn a_newer_server_signs_what_nobody_knows() {
    let event = egress_ended();
    let (authorization, body) = deliver(&event, &Sender::NewerLivekit, KEY, SECRET, SIGNED_AT, LIFE);
    assert_eq!(verify(&authorization, &body, KEY, SECRET, SIGNED_AT), Ok(()));
    let value: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
    assert_eq!(value["aFieldOfTheFuture"]["since"], "2.0");
    assert_eq!(decode(&body).expect("the rest is as ever"), proto::webhook_event(&event));
}

#[test]
fn a_proxy_that_writes_json_anew_breaks_the_hash() {
    let event = egress_ended();
    let (genuine, original) = deliver(&event, &Sender::Livekit, KEY, SECRET, SIGNED_AT, LIFE);
    let (authorization, body) = deliver(&event, &Sender::Proxy, KEY, SECRET, SIGNED_AT, LIFE);
    assert_eq!(authorization, genuine, "LiveKit signed it");
    assert_ne!(body, original);
    assert_eq!(verify(&authorization, &body, KEY, SECRET, SIGNED_AT), Err(Refusal::BodyMismatch));
    assert_eq!(decode(&body).expect("the same event"), proto::webhook_event(&event));
}

#[test]
fn a_stolen_token_is_that_of_the_genuine_delivery() {
    let seen = Arc::new(WebhookEvent { event: "room_started", egress_info: None, ..egress_ended() });
    let thief = Sender::Stranger(Forgery::StolenToken, Arc::clone(&seen));
    let (stolen, body) = deliver(&egress_ended(), &thief, KEY, SECRET, SIGNED_AT, LIFE);
    let (genuine, original) = deliver(&seen, &Sender::Livekit, KEY, SECRET, SIGNED_AT, LIFE);
    assert_eq!(stolen, genuine);
    assert_eq!(verify(&stolen, &original, KEY, SECRET, SIGNED_AT), Ok(()));
    assert_eq!(verify(&stolen, &body, KEY, SECRET, SIGNED_AT), Err(Refusal::BodyMismatch));
}

#[test]
fn a_token_lives_a_minute_longer_than_it_says() {
    let (authorization, body) = deliver(&egress_ended(), &Sender::Livekit, KEY, SECRET, SIGNED_AT, LIFE);
    let verify = |now| verify(&authorization, &body, KEY, SECRET, now);
    // `exp` and `nbf` are whole seconds.
    let signed_at = Time(1_763_800_060_000_000_000);
    assert_eq!(verify(signed_at + Span::seconds(360)), Ok(()));
    assert_eq!(verify(signed_at + Span::seconds(360) + Span(1)), Err(Refusal::Expired));
    assert_eq!(verify(signed_at - Span::seconds(60)), Ok(()));
    assert_eq!(verify(signed_at - Span::seconds(60) - Span(1)), Err(Refusal::Expired));
}

#[test]
fn what_is_not_our_token_is_refused_first() {
    let body = b"{}";
    let verify = |authorization: &str| verify(authorization, body, KEY, SECRET, SIGNED_AT);
    let signed = sign(body, KEY, SECRET, SIGNED_AT, LIFE);
    assert_eq!(verify(""), Err(Refusal::MissingAuthorization));
    assert_eq!(verify("no token"), Err(Refusal::MalformedToken));
    assert_eq!(verify(&format!("Bearer {signed}")), Err(Refusal::MalformedToken));
    assert_eq!(verify(&sign(body, "other", SECRET, SIGNED_AT, LIFE)), Err(Refusal::UnknownApiKey));
    let claims = || Claims { iss: KEY.into(), iat: None, nbf: None, exp: None, sha256: digest(body) };
    let sign_as = |algorithm, claims: &Claims| {
        jsonwebtoken::encode(&Header::new(algorithm), claims, &EncodingKey::from_secret(SECRET.as_bytes()))
            .expect("a secret signs")
    };
    assert_eq!(verify(&sign_as(Algorithm::HS256, &claims())), Err(Refusal::MalformedToken), "exp is required");
    let endless = Claims { exp: Some(i64::MAX), ..claims() };
    assert_eq!(verify(&sign_as(Algorithm::HS256, &endless)), Ok(()), "nbf is not");
    assert_eq!(verify(&sign_as(Algorithm::HS512, &endless)), Err(Refusal::MalformedToken), "HS256 only");
    let unsigned = BASE64_STANDARD.encode(r#"{"alg":"none"}"#) + &signed[signed.find('.').expect("a JWT")..];
    assert_eq!(verify(unsigned.trim_end_matches('=')), Err(Refusal::MalformedToken));
}

proptest! {
    #[test]
    fn the_fast_answer_is_the_answer(
        sender in prop::sample::select(senders()),
        signed_at in prop_oneof![0..4_000_000_000_000u64, SIGNED_AT.0..SIGNED_AT.0 + 2_000_000_000, Just(u64::MAX)],
        life in prop_oneof![0..1_000_000_000u64, Just(LIFE.0), any::<u64>()],
        age in prop_oneof![0..2_000_000_000u64, 355_000_000_000..365_000_000_000u64, any::<u64>()],
    ) {
        let event = WebhookEvent { room: Some(demo_room()), egress_info: None, ..egress_ended() };
        let (signed_at, life) = (Time(signed_at), Span(life));
        let now = signed_at + Span(age);
        let (authorization, body) = deliver(&event, &sender, KEY, SECRET, signed_at, life);
        prop_assert_eq!(
            verify(&authorization, &body, KEY, SECRET, now),
            opens(&sender, signed_at, life, now)
        );
    }
}
