//! Tokens of LiveKit's API: HS256 JWTs whose `iss` is an API key and whose `video` says what they are good for.
//!
//! The signature is checked by the JWT crate, times by us against the clock that is passed in.

use std::fmt;

use egress_sim_model::time::{Span, Time};
use jsonwebtoken::crypto::rust_crypto;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};

use super::Request;

/// How far clocks may be apart, in seconds.
const LEEWAY: i64 = 60;

/// The API key that the server knows.
#[derive(Clone, Debug)]
pub struct Keys {
    /// `devkey`, unless somebody wants another.
    pub key: String,
    /// Its secret.
    pub secret: String,
}

/// `VideoGrant`, as far as recording needs it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Grants {
    pub(super) room_create: bool,
    pub(super) room_list: bool,
    pub(super) room_record: bool,
    pub(super) room_admin: bool,
    pub(super) room: String,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Claims {
    iss: String,
    nbf: Option<i64>,
    exp: Option<i64>,
    video: Option<Grants>,
}

/// Why a token is refused. The texts are the server's.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum TokenError {
    NotBearer,
    Malformed,
    UnknownKey,
    Refused(&'static str),
}

impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TokenError::NotBearer => f.write_str("invalid authorization header. Must start with Bearer "),
            TokenError::Malformed => f.write_str("invalid authorization token"),
            TokenError::UnknownKey => f.write_str("invalid API key"),
            TokenError::Refused(why) => write!(f, "invalid authorization token: {why}"),
        }
    }
}

/// What a request may do; none: it has no token at all.
pub(super) fn of(request: &Request<'_>, keys: &Keys, now: Time) -> Result<Option<Grants>, TokenError> {
    let token = match request.headers.get(http::header::AUTHORIZATION) {
        Some(header) => {
            let header = header.to_str().map_err(|_| TokenError::Malformed)?;
            header.strip_prefix("Bearer ").ok_or(TokenError::NotBearer)?
        }
        None => match request.access_token {
            Some(token) => token,
            None => return Ok(None),
        },
    };
    verify(token, keys, now).map(Some)
}

fn verify(token: &str, keys: &Keys, now: Time) -> Result<Grants, TokenError> {
    install_crypto();
    let unverified: Claims =
        jsonwebtoken::dangerous::insecure_decode_claims(token).map_err(|_| TokenError::Malformed)?;
    if unverified.iss != keys.key {
        return Err(TokenError::UnknownKey);
    }
    let mut signature_only = Validation::new(Algorithm::HS256);
    signature_only.validate_exp = false;
    signature_only.validate_nbf = false;
    signature_only.validate_aud = false;
    signature_only.required_spec_claims.clear();
    let key = DecodingKey::from_secret(keys.secret.as_bytes());
    let claims = jsonwebtoken::decode::<Claims>(token, &key, &signature_only)
        .map_err(|error| match error.kind() {
            ErrorKind::InvalidSignature => TokenError::Refused("go-jose/go-jose: error in cryptographic primitive"),
            ErrorKind::InvalidAlgorithm => TokenError::Refused("go-jose/go-jose: unexpected signature algorithm"),
            _ => TokenError::Malformed,
        })?
        .claims;
    let now = now.unix_seconds();
    let expires = claims.exp.ok_or(TokenError::Refused("token has no expiry (exp)"))?;
    if now - LEEWAY > expires {
        return Err(TokenError::Refused("go-jose/go-jose/jwt: validation failed, token is expired (exp)"));
    }
    if claims.nbf.is_some_and(|from| now + LEEWAY < from) {
        return Err(TokenError::Refused("go-jose/go-jose/jwt: validation failed, token not valid yet (nbf)"));
    }
    Ok(claims.video.unwrap_or_default())
}

/// A token with every grant, for tests and for people with curl.
pub fn mint(keys: &Keys, room: &str, now: Time, life: Span) -> String {
    install_crypto();
    let video =
        Grants { room_create: true, room_list: true, room_record: true, room_admin: true, room: room.to_owned() };
    let claims = Claims {
        iss: keys.key.clone(),
        nbf: Some(now.unix_seconds()),
        exp: Some((now + life).unix_seconds()),
        video: Some(video),
    };
    let key = EncodingKey::from_secret(keys.secret.as_bytes());
    jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &key).expect("HS256 signs with any secret")
}

/// The JWT crate wants one provider a process; who installs first may.
fn install_crypto() {
    let _ = rust_crypto::DEFAULT_PROVIDER.install_default();
}
