//! `livekit.Egress` and `livekit.RoomService` over Twirp: routes, content types, tokens, error bodies.
//!
//! As livekit-server 1.13 answers: token first, then route and content type, then the body, then the grant, then the call
//! itself. A request becomes at most one [`Call`]; [`Asked::answer`] makes the response of its reply.

use bytes::Bytes;
use egress_sim_model::call::{Call, CallError, Rejection, Reply};
use egress_sim_model::egress::error::http_status;
use egress_sim_model::time::Time;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header};

mod egress;
mod grants;
mod json;
pub mod mock;
mod rooms;

pub use grants::Keys;

use grants::{Grants, TokenError};

/// Bytes of a request's body at most: `limit.max_api_request_body_size`.
pub const BODY_LIMIT: usize = 10 * 1024 * 1024;

/// A request, read whole.
#[derive(Debug)]
pub struct Request<'a> {
    /// Method.
    pub method: &'a Method,
    /// Path without query.
    pub path: &'a str,
    /// The value of `access_token` in the query, where there is no header.
    pub access_token: Option<&'a str>,
    /// Headers.
    pub headers: &'a HeaderMap,
    /// Body.
    pub body: &'a Bytes,
}

/// What a request comes to.
#[derive(Debug)]
pub enum Begun {
    /// It is answered without the world.
    Answered(Response<Bytes>),
    /// The world is asked.
    Asks(Asked),
}

/// A request whose call is under way.
#[derive(Debug)]
pub struct Asked {
    /// What is asked.
    pub call: Call,
    encoding: Encoding,
    reads: Reads,
}

/// How the reply is read.
#[derive(Debug)]
enum Reads {
    Egress,
    EgressList,
    Room,
    Rooms,
    Participants,
    Participant,
    Track,
    /// As a message without fields, of this name.
    Empty(&'static str),
}

/// A body's encoding; the response's is the request's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encoding {
    Json,
    Protobuf,
}

impl Encoding {
    const fn content_type(self) -> &'static str {
        match self {
            Encoding::Json => "application/json",
            Encoding::Protobuf => "application/protobuf",
        }
    }
}

/// A refusal with a Twirp code.
#[derive(Debug)]
struct TwirpError {
    code: &'static str,
    message: String,
    /// `meta.twirp_invalid_route`.
    route: Option<String>,
}

impl TwirpError {
    fn new(code: &'static str, message: impl Into<String>) -> TwirpError {
        TwirpError { code, message: message.into(), route: None }
    }

    fn permission_denied() -> TwirpError {
        TwirpError::new("unauthenticated", "permissions denied")
    }
}

/// Begins a request. `now` is the wall clock, by which clients mint their tokens.
pub fn begin(request: &Request<'_>, keys: &Keys, now: Time) -> Begun {
    let grants = match grants::of(request, keys, now) {
        Ok(grants) => grants,
        Err(error) => return Begun::Answered(unauthorised(&error)),
    };
    match route(request, grants.as_ref(), keys) {
        Ok(asked) => Begun::Asks(asked),
        Err(error) => Begun::Answered(twirp_error(error.code, &error.message, error.route.as_deref())),
    }
}

fn route(request: &Request<'_>, grants: Option<&Grants>, keys: &Keys) -> Result<Asked, TwirpError> {
    let bad_route = |message: String| TwirpError {
        route: Some(format!("{} {}", request.method, request.path)),
        ..TwirpError::new("bad_route", message)
    };
    let path = request.path.replacen("//", "/", 1);
    let (service, method) = path
        .strip_prefix("/twirp/")
        .and_then(|rest| rest.split_once('/'))
        .ok_or_else(|| bad_route(format!("no handler for path \"{path}\"")))?;
    if request.method != Method::POST {
        return Err(bad_route(format!("unsupported method \"{}\" (only POST is allowed)", request.method)));
    }
    let content_type = request.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    let encoding = match content_type.split(';').next().unwrap_or("").trim().to_ascii_lowercase().as_str() {
        "application/json" => Encoding::Json,
        "application/protobuf" => Encoding::Protobuf,
        _ => return Err(bad_route(format!("unexpected Content-Type: \"{content_type}\""))),
    };
    let no_handler = || bad_route(format!("no handler for path \"{path}\""));
    let (call, reads) = match service {
        "livekit.Egress" => egress::read(method, encoding, request.body, grants, keys, no_handler)?,
        "livekit.RoomService" => rooms::read(method, encoding, request.body, grants, keys, no_handler)?,
        "livekit.Ingress" | "livekit.SIP" | "livekit.AgentDispatchService" | "livekit.Connector" => {
            return Err(no_such_service(service));
        }
        _ => return Err(no_handler()),
    };
    Ok(Asked { call, encoding, reads })
}

fn no_such_service(service: &str) -> TwirpError {
    TwirpError::new("unimplemented", format!("egress-sim has no {service}: it is about recording"))
}

/// Decodes a request's body.
fn decode<M>(encoding: Encoding, body: &Bytes) -> Result<M, TwirpError>
where
    M: prost::Message + Default + serde::de::DeserializeOwned,
{
    match encoding {
        Encoding::Json => serde_json::from_slice(body)
            .map_err(|_| TwirpError::new("malformed", "the json request could not be decoded")),
        Encoding::Protobuf => M::decode(body.clone())
            .map_err(|_| TwirpError::new("malformed", "the protobuf request could not be decoded")),
    }
}

impl Asked {
    /// The response to a reply; none: the connection is to be broken, because the outcome is unknown to the caller.
    pub fn answer(self, reply: &Reply) -> Option<Response<Bytes>> {
        let failed = |error: &CallError| match error {
            CallError::Rejected(Rejection { code, message, .. }) => Some(twirp_error(code, message, None)),
            CallError::NotSent(_) | CallError::OutcomeUnknown(_) => None,
        };
        macro_rules! or_failed {
            ($result:expr) => {
                match $result {
                    Ok(value) => value,
                    Err(error) => return failed(error),
                }
            };
        }
        let body = match (&self.reads, reply) {
            (Reads::Egress, Reply::Egress(result)) => egress::info(self.encoding, or_failed!(result)),
            (Reads::EgressList, Reply::EgressList(result)) => egress::list(self.encoding, or_failed!(result)),
            (Reads::Room, Reply::Room(result)) => rooms::room(self.encoding, or_failed!(result)),
            (Reads::Rooms, Reply::Rooms(result)) => rooms::rooms(self.encoding, or_failed!(result)),
            (Reads::Participants, Reply::Participants(result)) => {
                rooms::participants(self.encoding, or_failed!(result))
            }
            (Reads::Participant, Reply::Participant(result)) => rooms::participant(self.encoding, or_failed!(result)),
            (Reads::Track, Reply::Track(result)) => rooms::track(self.encoding, or_failed!(result)),
            (Reads::Empty(name), Reply::Done(result)) => {
                or_failed!(result);
                rooms::empty(self.encoding, name)
            }
            (reads, reply) => unreachable!("{reads:?} cannot be read from {reply:?}"),
        };
        Some(with_body(StatusCode::OK, self.encoding.content_type(), body.into()))
    }
}

/// A message in an encoding.
fn encode(encoding: Encoding, name: &str, message: &impl prost::Message) -> Vec<u8> {
    match encoding {
        Encoding::Json => json::reply(name, message),
        Encoding::Protobuf => message.encode_to_vec(),
    }
}

/// A Twirp error. Its content type is bare: LiveKit's Node SDK compares it as a whole.
fn twirp_error(code: &str, message: &str, route: Option<&str>) -> Response<Bytes> {
    let mut body = serde_json::json!({ "code": code, "msg": message });
    if let Some(route) = route {
        body["meta"] = serde_json::json!({ "twirp_invalid_route": route });
    }
    let status = StatusCode::from_u16(http_status(code)).expect("Twirp's codes have HTTP statuses");
    with_body(status, "application/json", body.to_string().into())
}

/// What the token middleware says: plain text, not Twirp.
fn unauthorised(error: &TokenError) -> Response<Bytes> {
    with_body(StatusCode::UNAUTHORIZED, "text/plain; charset=utf-8", error.to_string().into())
}

/// The body is larger than [`BODY_LIMIT`].
pub fn too_large() -> Response<Bytes> {
    with_body(StatusCode::PAYLOAD_TOO_LARGE, "text/plain; charset=utf-8", "request body too large".into())
}

fn with_body(status: StatusCode, content_type: &'static str, body: Bytes) -> Response<Bytes> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

#[cfg(test)]
mod tests;
