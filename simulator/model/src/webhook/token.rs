//! Signing and verifying webhook deliveries at virtual time.
//!
//! LiveKit signs a delivery with a JWT in the `Authorization` header, without `Bearer`: HS256, the API key as `iss`,
//! and the hash of the exact body as `sha256`. The JWT crate makes and checks the signature; what a moment means is
//! compared here, because its own checks read the wall clock.
//!
//! Most deliveries are never looked at as bytes. For those, [`opens`] says what [`verify`] would, without making any.

use std::sync::Arc;

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use bytes::Bytes;
use jsonwebtoken::crypto::rust_crypto;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::de::DeserializeOwned;
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

/// Who made the bytes of a delivery.
#[derive(Clone, Debug)]
pub enum Sender {
    /// LiveKit, as this build knows it.
    Livekit,
    /// LiveKit after an upgrade: its JSON has fields that are not in anybody's schema yet.
    NewerLivekit,
    /// LiveKit, but a proxy on the way has parsed the body and written it anew: the same event in other bytes.
    Proxy,
    /// Somebody without the secret, who may have seen this genuine delivery.
    Stranger(Forgery, Arc<WebhookEvent>),
}

/// How a delivery that LiveKit did not send gives itself away. Chosen by the fault `webhook.forged`.
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
    /// Signed well, but with an API key that is not the receiver's.
    UnknownKey,
    /// A token that says `"alg": "none"` and has no signature.
    Unsigned,
    /// The token of a genuine delivery, still alive, on another body.
    StolenToken,
}

impl Forgery {
    /// Every forgery, in the order in which people should read them.
    pub const ALL: [Forgery; 7] = [
        Forgery::WrongKey,
        Forgery::MissingAuth,
        Forgery::BodyTampered,
        Forgery::ExpiredToken,
        Forgery::UnknownKey,
        Forgery::Unsigned,
        Forgery::StolenToken,
    ];

    /// The name in scenario files.
    pub const fn name(self) -> &'static str {
        match self {
            Forgery::WrongKey => "wrong_key",
            Forgery::MissingAuth => "missing_auth",
            Forgery::BodyTampered => "body_tampered",
            Forgery::ExpiredToken => "expired_token",
            Forgery::UnknownKey => "unknown_key",
            Forgery::Unsigned => "unsigned",
            Forgery::StolenToken => "stolen_token",
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
            Forgery::BodyTampered | Forgery::StolenToken => Refusal::BodyMismatch,
            Forgery::ExpiredToken => Refusal::Expired,
            Forgery::UnknownKey => Refusal::UnknownApiKey,
            Forgery::Unsigned => Refusal::MalformedToken,
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
    let claims: Claims = claims(authorization, key, secret).map_err(|fault| match fault {
        Fault::Malformed | Fault::OtherAlgorithm => Refusal::MalformedToken,
        Fault::UnknownKey => Refusal::UnknownApiKey,
        Fault::BadSignature => Refusal::BadSignature,
    })?;
    still_good(claims.nbf, claims.exp.ok_or(Refusal::MalformedToken)?, now)?;
    if claims.sha256 == digest(body) { Ok(()) } else { Err(Refusal::BodyMismatch) }
}

/// What is wrong with a token before anybody looks at its times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is no JWT, or its claims are of other types.
    Malformed,
    /// Its issuer is not our API key.
    UnknownKey,
    /// It is not HS256.
    OtherAlgorithm,
    /// It was signed with another secret.
    BadSignature,
}

/// The claims of a token that was signed for whoever has `key` and `secret`: of a webhook, or of a call to LiveKit's API. What
/// its times mean is left to [`within_life`].
///
/// # Errors
/// The first thing wrong.
pub fn claims<C: DeserializeOwned>(token: &str, key: &str, secret: &str) -> Result<C, Fault> {
    #[derive(Deserialize)]
    struct Issuer {
        #[serde(default)]
        iss: String,
    }
    install_crypto();
    // The issuer chooses the secret, so it is read before anything can be trusted.
    let unverified: Issuer = jsonwebtoken::dangerous::insecure_decode_claims(token).map_err(|_| Fault::Malformed)?;
    if unverified.iss != key {
        return Err(Fault::UnknownKey);
    }
    let key = DecodingKey::from_secret(secret.as_bytes());
    match jsonwebtoken::decode::<C>(token, &key, &signature_only()) {
        Ok(token) => Ok(token.claims),
        Err(error) => Err(match error.kind() {
            ErrorKind::InvalidSignature => Fault::BadSignature,
            ErrorKind::InvalidAlgorithm => Fault::OtherAlgorithm,
            _ => Fault::Malformed,
        }),
    }
}

/// On which side of its life a token is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutOfLife {
    /// Before `nbf`.
    NotYet,
    /// Behind `exp`.
    Expired,
}

/// Whether it is `now` within the life of a token, with a minute's leeway at both ends. Times are seconds since the Unix
/// epoch.
///
/// # Errors
/// On which side it is not.
pub fn within_life(nbf: Option<i64>, exp: i64, now: Time) -> Result<(), OutOfLife> {
    let nanoseconds = |seconds: i64| i128::from(seconds) * i128::from(Span::SECOND.0);
    let (now, leeway) = (i128::from(now.0), i128::from(LEEWAY.0));
    if nbf.is_some_and(|nbf| now + leeway < nanoseconds(nbf)) {
        return Err(OutOfLife::NotYet);
    }
    if now - leeway > nanoseconds(exp) { Err(OutOfLife::Expired) } else { Ok(()) }
}

/// The event in a body that [`verify`] accepted. Unknown fields are ignored.
///
/// # Errors
/// [`Refusal::MalformedBody`]
pub fn decode(body: &[u8]) -> Result<livekit_protocol::WebhookEvent, Refusal> {
    serde_json::from_slice(body).map_err(|_| Refusal::MalformedBody)
}

/// The `Authorization` header, empty for none, and the body of a delivery that was signed at `signed_at`.
pub fn deliver(
    event: &WebhookEvent,
    sender: &Sender,
    key: &str,
    secret: &str,
    signed_at: Time,
    life: Span,
) -> (String, Bytes) {
    let body = body(event);
    let sign = |body: &[u8]| sign(body, key, secret, signed_at, life);
    let (forgery, seen) = match sender {
        Sender::Livekit => return (sign(&body), body),
        Sender::NewerLivekit => {
            let body = with_unknown_field(&body);
            return (sign(&body), body);
        }
        Sender::Proxy => return (sign(&body), rewritten(&body)),
        Sender::Stranger(forgery, seen) => (forgery, seen),
    };
    match forgery {
        Forgery::WrongKey => (self::sign(&body, key, &format!("not {secret}"), signed_at, life), body),
        Forgery::MissingAuth => (String::new(), body),
        // Still the same event for a receiver who does not look at the hash.
        Forgery::BodyTampered => (sign(&body), [&body[..], b" "].concat().into()),
        Forgery::ExpiredToken => {
            let expired_at = signed_at.unix_seconds() - EXPIRED_FOR;
            let issued_at = expired_at - (life.0 / Span::SECOND.0).cast_signed();
            (token(&body, key, secret, issued_at, expired_at), body)
        }
        Forgery::UnknownKey => (self::sign(&body, &format!("not-{key}"), secret, signed_at, life), body),
        Forgery::Unsigned => (unsigned(&sign(&body)), body),
        Forgery::StolenToken => (sign(&self::body(seen)), body),
    }
}

/// What [`verify`] says at `now` to what [`deliver`] makes, without making it.
///
/// # Errors
/// As [`verify`].
pub fn opens(sender: &Sender, signed_at: Time, life: Span, now: Time) -> Result<(), Refusal> {
    let mismatch = match sender {
        Sender::Livekit | Sender::NewerLivekit => false,
        Sender::Proxy | Sender::Stranger(Forgery::BodyTampered | Forgery::StolenToken, _) => true,
        Sender::Stranger(forgery, _) => return Err(forgery.refusal()),
    };
    still_good(Some(signed_at.unix_seconds()), (signed_at + life).unix_seconds(), now)?;
    if mismatch { Err(Refusal::BodyMismatch) } else { Ok(()) }
}

/// The body with a field more, as a server of next year might send it.
fn with_unknown_field(body: &[u8]) -> Bytes {
    let rest = body.strip_prefix(b"{").expect("the body is a JSON object");
    [&br#"{"aFieldOfTheFuture":{"since":"2.0"},"#[..], rest].concat().into()
}

/// The body as a proxy writes it that has parsed it.
fn rewritten(body: &[u8]) -> Bytes {
    let value: serde_json::Value = serde_json::from_slice(body).expect("the body is JSON");
    serde_json::to_vec_pretty(&value).expect("a JSON value is JSON").into()
}

/// The token with its claims, but with a header that asks for no signature.
fn unsigned(signed: &str) -> String {
    let claims = signed.split('.').nth(1).expect("a JWT has three parts");
    format!("{}.{claims}.", BASE64_URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"JWT"}"#))
}

/// Whether LiveKit's API lets somebody in at `now` whose clock said `minted_at` when they made their token for a call.
///
/// # Errors
/// [`Refusal::Expired`], which stands for "not yet" too.
pub fn admits(minted_at: Time, now: Time) -> Result<(), Refusal> {
    still_good(Some(minted_at.unix_seconds()), (minted_at + API_TOKEN_LIFE).unix_seconds(), now)
}

/// Receivers do not tell the two ends of a token's life apart.
fn still_good(nbf: Option<i64>, exp: i64, now: Time) -> Result<(), Refusal> {
    within_life(nbf, exp, now).map_err(|_| Refusal::Expired)
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
mod tests;
