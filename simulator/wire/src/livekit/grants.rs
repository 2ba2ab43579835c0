//! Tokens of LiveKit's API: HS256 JWTs whose `iss` is an API key and whose `video` says what they are good for.
//!
//! The model's `webhook::token` knows what a token is; here is what the server says where one is refused.

use std::fmt;

use egress_sim_model::time::Time;
use egress_sim_model::webhook::token::{Fault, OutOfLife, claims, within_life};
use serde::{Deserialize, Serialize};

use super::Request;

/// The API key that the server knows.
#[derive(Clone, Debug)]
pub struct Keys {
    /// `devkey`, unless somebody wants another.
    pub key: String,
    /// Its secret.
    pub secret: String,
}

/// `VideoGrant`, as far as recording needs it.
#[expect(clippy::struct_excessive_bools, reason = "a grant is a row of switches")]
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Grants {
    pub(super) room_create: bool,
    pub(super) room_list: bool,
    pub(super) room_record: bool,
    pub(super) room_admin: bool,
    pub(super) room: String,
    pub(super) destination_room: String,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Claims {
    pub(super) iss: String,
    pub(super) nbf: Option<i64>,
    pub(super) exp: Option<i64>,
    pub(super) video: Option<Grants>,
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
    let claims: Claims = claims(token, &keys.key, &keys.secret).map_err(|fault| match fault {
        Fault::Malformed => TokenError::Malformed,
        Fault::UnknownKey => TokenError::UnknownKey,
        Fault::BadSignature => TokenError::Refused("go-jose/go-jose: error in cryptographic primitive"),
        Fault::OtherAlgorithm => TokenError::Refused("go-jose/go-jose: unexpected signature algorithm"),
    })?;
    let expires = claims.exp.ok_or(TokenError::Refused("token has no expiry (exp)"))?;
    within_life(claims.nbf, expires, now).map_err(|side| {
        TokenError::Refused(match side {
            OutOfLife::Expired => "go-jose/go-jose/jwt: validation failed, token is expired (exp)",
            OutOfLife::NotYet => "go-jose/go-jose/jwt: validation failed, token not valid yet (nbf)",
        })
    })?;
    Ok(claims.video.unwrap_or_default())
}
