//! Signing and verifying webhook deliveries at virtual time.
//!
//! LiveKit signs a delivery with a JWT in the `Authorization` header, without `Bearer`: HS256, the API key as `iss`,
//! and the hash of the exact body as `sha256`. The JWT crate makes and checks the signature; what a moment means is
//! compared here, because its own checks read the wall clock.
//!
//! Most deliveries are never looked at as bytes. For those, [`opens`] says what [`verify`] would, without making any.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use jsonwebtoken::crypto::rust_crypto;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::call::Refusal;
use crate::livekit::{WebhookEvent, proto};
use crate::time::{Span, Time};

/// How far clocks may be apart, on both ends of a token's life.
const LEEWAY: Span = Span::seconds(60);
/// How long a token for LiveKit's API is good, as its Node SDK mints them.
const API_TOKEN_LIFE: Span = Span::seconds(600);
/// How long ago the token of a forged delivery ran out, in seconds.
const EXPIRED_FOR: i64 = 3600;

/// What is wrong with a delivery that LiveKit did not send. Chosen by the fault `webhook.forged`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Forgery {
    /// Signed in the name of the right API key, with another secret.
    WrongKey,
    /// No `Authorization` header.
    MissingAuth,
    /// The body was changed after it was signed.
    BodyTampered,
    /// A genuine token of long ago.
    ExpiredToken,
}

impl Forgery {
    /// Every forgery, in the order in which people should read them.
    pub const ALL: [Forgery; 4] =
        [Forgery::WrongKey, Forgery::MissingAuth, Forgery::BodyTampered, Forgery::ExpiredToken];

    /// The name in scenario files.
    pub const fn name(self) -> &'static str {
        match self {
            Forgery::WrongKey => "wrong_key",
            Forgery::MissingAuth => "missing_auth",
            Forgery::BodyTampered => "body_tampered",
            Forgery::ExpiredToken => "expired_token",
        }
    }

    /// The forgery that scenario files call so.
    pub fn from_name(name: &str) -> Option<Forgery> {
        Forgery::ALL.into_iter().find(|forgery| forgery.name() == name)
    }

    /// What a receiver that verifies has against it.
    pub const fn refusal(self) -> Refusal {
        match self {
            Forgery::WrongKey => Refusal::BadSignature,
            Forgery::MissingAuth => Refusal::MissingAuthorization,
            Forgery::BodyTampered => Refusal::BodyMismatch,
            Forgery::ExpiredToken => Refusal::Expired,
        }
    }
}

/// The claims of a webhook token. Times are seconds since the Unix epoch, negative before it.
#[derive(Serialize, Deserialize)]
struct Claims {
    #[serde(default)]
    iss: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    iat: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    nbf: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exp: Option<i64>,
    #[serde(default)]
    sha256: String,
}

/// The body of a delivery: proto3 JSON of `livekit.WebhookEvent`, the same bytes for the same event.
pub fn body(event: &WebhookEvent) -> Bytes {
    proto::canonical_json(&proto::webhook_event(event)).into()
}

/// The `Authorization` header of a delivery with this body, signed at `now` and good for `life`.
pub fn sign(body: &[u8], key: &str, secret: &str, now: Time, life: Span) -> String {
    token(body, key, secret, now.unix_seconds(), (now + life).unix_seconds())
}

/// Whether LiveKit signed these bytes for the receiver who has `key` and `secret`, as LiveKit's own receivers see it.
///
/// # Errors
/// The first thing wrong, in the order header, token, API key, signature, times, body.
pub fn verify(authorization: &str, body: &[u8], key: &str, secret: &str, now: Time) -> Result<(), Refusal> {
    if authorization.is_empty() {
        return Err(Refusal::MissingAuthorization);
    }
    // The issuer chooses the secret, so it is read before anything can be trusted.
    let unverified: Claims =
        jsonwebtoken::dangerous::insecure_decode_claims(authorization).map_err(|_| Refusal::MalformedToken)?;
    if unverified.iss != key {
        return Err(Refusal::UnknownApiKey);
    }
    install_crypto();
    let key = DecodingKey::from_secret(secret.as_bytes());
    let claims = match jsonwebtoken::decode::<Claims>(authorization, &key, &signature_only()) {
        Ok(token) => token.claims,
        Err(error) if matches!(error.kind(), ErrorKind::InvalidSignature) => return Err(Refusal::BadSignature),
        Err(_) => return Err(Refusal::MalformedToken),
    };
    within_life(claims.nbf, claims.exp.ok_or(Refusal::MalformedToken)?, now)?;
    if claims.sha256 == digest(body) { Ok(()) } else { Err(Refusal::BodyMismatch) }
}

/// The event in a body that [`verify`] accepted. Unknown fields are ignored.
///
/// # Errors
/// [`Refusal::MalformedBody`]
pub fn decode(body: &[u8]) -> Result<livekit_protocol::WebhookEvent, Refusal> {
    serde_json::from_slice(body).map_err(|_| Refusal::MalformedBody)
}

/// The `Authorization` header, empty for none, and the body of a delivery that was queued at `signed_at`.
pub fn deliver(
    event: &WebhookEvent,
    forgery: Option<Forgery>,
    key: &str,
    secret: &str,
    signed_at: Time,
    life: Span,
) -> (String, Bytes) {
    let body = body(event);
    match forgery {
        None => (sign(&body, key, secret, signed_at, life), body),
        Some(Forgery::WrongKey) => (sign(&body, key, &format!("not {secret}"), signed_at, life), body),
        Some(Forgery::MissingAuth) => (String::new(), body),
        Some(Forgery::BodyTampered) => {
            let authorization = sign(&body, key, secret, signed_at, life);
            // Still the same event for a receiver who does not look at the hash.
            (authorization, [&body[..], b" "].concat().into())
        }
        Some(Forgery::ExpiredToken) => {
            let expired_at = signed_at.unix_seconds() - EXPIRED_FOR;
            let issued_at = expired_at - (life.0 / Span::SECOND.0).cast_signed();
            (token(&body, key, secret, issued_at, expired_at), body)
        }
    }
}

/// What [`verify`] says at `now` to what [`deliver`] makes, without making it.
///
/// # Errors
/// As [`verify`].
pub fn opens(forgery: Option<Forgery>, signed_at: Time, life: Span, now: Time) -> Result<(), Refusal> {
    match forgery {
        Some(forgery @ (Forgery::WrongKey | Forgery::MissingAuth | Forgery::ExpiredToken)) => Err(forgery.refusal()),
        None | Some(Forgery::BodyTampered) => {
            within_life(Some(signed_at.unix_seconds()), (signed_at + life).unix_seconds(), now)?;
            forgery.map_or(Ok(()), |forgery| Err(forgery.refusal()))
        }
    }
}

/// Whether LiveKit's API lets somebody in at `now` whose clock said `minted_at` when they made their token for a call.
///
/// # Errors
/// [`Refusal::Expired`], which stands for "not yet" too.
pub fn admits(minted_at: Time, now: Time) -> Result<(), Refusal> {
    within_life(Some(minted_at.unix_seconds()), (minted_at + API_TOKEN_LIFE).unix_seconds(), now)
}

fn within_life(nbf: Option<i64>, exp: i64, now: Time) -> Result<(), Refusal> {
    let nanoseconds = |seconds: i64| i128::from(seconds) * i128::from(Span::SECOND.0);
    let (now, leeway) = (i128::from(now.0), i128::from(LEEWAY.0));
    let too_early = nbf.is_some_and(|nbf| now + leeway < nanoseconds(nbf));
    let too_late = now - leeway > nanoseconds(exp);
    if too_early || too_late { Err(Refusal::Expired) } else { Ok(()) }
}

fn token(body: &[u8], key: &str, secret: &str, issued_at: i64, expires_at: i64) -> String {
    let claims = Claims {
        iss: key.to_owned(),
        iat: Some(issued_at),
        nbf: Some(issued_at),
        exp: Some(expires_at),
        sha256: digest(body),
    };
    install_crypto();
    jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &EncodingKey::from_secret(secret.as_bytes()))
        .expect("HS256 signs with any secret")
}

/// HS256 and nothing else: the crate's own checks of time and audience are off.
fn signature_only() -> Validation {
    let mut validation = Validation::new(Algorithm::HS256);
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    validation
}

/// The JWT crate keeps one provider a process and panics if it has to guess between two, which happens as soon as
/// another crate in the build turns its other provider on. HS256 is the same with any: who installs first may.
fn install_crypto() {
    let _ = rust_crypto::DEFAULT_PROVIDER.install_default();
}

fn digest(body: &[u8]) -> String {
    BASE64_STANDARD.encode(Sha256::digest(body))
}

#[cfg(test)]
mod tests {
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
        }
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
        let deliver = |forgery| deliver(&event, forgery, KEY, SECRET, SIGNED_AT, LIFE);
        let (authorization, body) = deliver(None);
        assert_eq!(verify(&authorization, &body, KEY, SECRET, SIGNED_AT), Ok(()));
        for forgery in Forgery::ALL {
            assert_eq!(Forgery::from_name(forgery.name()), Some(forgery));
            let (authorization, body) = deliver(Some(forgery));
            assert_eq!(verify(&authorization, &body, KEY, SECRET, SIGNED_AT), Err(forgery.refusal()));
            assert_eq!(decode(&body).expect("still the event").event, "egress_ended");
        }
        assert_eq!(Forgery::from_name("forged"), None);
    }

    #[test]
    fn a_token_lives_a_minute_longer_than_it_says() {
        let (authorization, body) = deliver(&egress_ended(), None, KEY, SECRET, SIGNED_AT, LIFE);
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
            forgery in prop::sample::select(&[
                None,
                Some(Forgery::WrongKey),
                Some(Forgery::MissingAuth),
                Some(Forgery::BodyTampered),
                Some(Forgery::ExpiredToken),
            ][..]),
            signed_at in prop_oneof![0..4_000_000_000_000u64, SIGNED_AT.0..SIGNED_AT.0 + 2_000_000_000, Just(u64::MAX)],
            life in prop_oneof![0..1_000_000_000u64, Just(LIFE.0), any::<u64>()],
            age in prop_oneof![0..2_000_000_000u64, 355_000_000_000..365_000_000_000u64, any::<u64>()],
        ) {
            let event = WebhookEvent { room: Some(demo_room()), egress_info: None, ..egress_ended() };
            let (signed_at, life) = (Time(signed_at), Span(life));
            let now = signed_at + Span(age);
            let (authorization, body) = deliver(&event, forgery, KEY, SECRET, signed_at, life);
            prop_assert_eq!(
                verify(&authorization, &body, KEY, SECRET, now),
                opens(forgery, signed_at, life, now)
            );
        }
    }
}
