//! LiveKit's own mock convention (livekit/livekit, `cmd/test-server`), for which SDKs' test suites are written.
//!
//! A request is answered on its own, whatever is the case in the world: its fields come back where the reply has fields of the
//! same name, ids are placeholders, lists have one element. What is to go wrong the client says itself, in a header that it
//! sends along with every attempt. Tokens and grants are checked as a server does, unless the client says otherwise.

use std::time::Duration;

use bytes::Bytes;
use egress_sim_model::egress::error::http_status;
use egress_sim_model::time::Time;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header};
use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, ReflectMessage, Value};
use serde::Deserialize;

use super::grants::{self, Grants, Keys};
use super::{Encoding, Request, TwirpError, json, no_such_service, twirp_error, with_body};

/// The header with the directives, a JSON object.
pub const HEADER: &str = "x-lk-mock";
/// The header of a response that says which region it comes from.
const REGION: &str = "x-lk-mock-region";
/// The HTTP status of a failure that the directives do not say more of.
const FAIL_STATUS: u16 = 503;

/// What a client wants to see.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Directives {
    /// Regions that fail, by their index.
    fail_regions: Vec<usize>,
    /// `status`, or `drop`: the connection breaks.
    fail_mode: String,
    /// HTTP status of a failure; 0: 503.
    fail_status: u16,
    /// Twirp code of a failure; empty: what goes with the status.
    fail_twirp_code: String,
    /// Milliseconds until the answer, whatever it is.
    delay_ms: u64,
    /// HTTP status of `GET /settings/regions`; 0: 200.
    regions_status: u16,
    /// The reply's message in JSON.
    response: Option<serde_json::Value>,
    /// No token is needed.
    skip_auth: bool,
}

impl Directives {
    /// What does not parse says nothing, as there.
    fn of(headers: &HeaderMap) -> Directives {
        let given = headers.get(HEADER).and_then(|value| serde_json::from_slice(value.as_bytes()).ok());
        given.unwrap_or_default()
    }
}

/// An answer, and how long it takes. None: the connection breaks instead.
#[derive(Debug)]
pub struct Mocked {
    /// How long it takes.
    pub after: Duration,
    /// The answer.
    pub response: Option<Response<Bytes>>,
}

/// Whether a request asks for the mock.
pub fn is_asked_for(headers: &HeaderMap) -> bool {
    headers.contains_key(HEADER)
}

/// The answer to a request in the region of this index. `now` is the wall clock, by which clients mint their tokens.
pub fn answer(request: &Request<'_>, keys: &Keys, now: Time, region: usize) -> Mocked {
    let directives = Directives::of(request.headers);
    let after = Duration::from_millis(directives.delay_ms);
    let method = match routed(request) {
        Ok(method) => method,
        Err(error) => return Mocked { after: Duration::ZERO, response: Some(refused(&error)) },
    };
    let asked = decoded(&method, request.body);
    if let Err(code) = authorised(&method, request, &asked, &directives, keys, now) {
        let response = refused(&TwirpError::new(code, format!("mock: {code}")));
        return Mocked { after: Duration::ZERO, response: Some(response) };
    }
    if directives.fail_regions.contains(&region) {
        return Mocked { after, response: failure(&directives) };
    }
    let mut response = with_body(
        StatusCode::OK,
        method.encoding.content_type(),
        method.encoding.bytes(&reply(&method, &asked, &directives)).into(),
    );
    response.headers_mut().insert(REGION, HeaderValue::from(region));
    Mocked { after, response: Some(response) }
}

/// `GET /settings/regions`: every region, whoever asks.
pub fn regions(headers: &HeaderMap, urls: &[String]) -> Response<Bytes> {
    let wanted = Directives::of(headers).regions_status;
    let status = StatusCode::from_u16(wanted).unwrap_or(StatusCode::OK);
    let regions: Vec<_> = urls
        .iter()
        .enumerate()
        .map(|(index, url)| serde_json::json!({ "region": format!("mock-{index}"), "url": url, "distance": index.to_string() }))
        .collect();
    let body = serde_json::json!({ "regions": regions }).to_string();
    let mut response = with_body(status, "application/json", body.into());
    // What one test was told is not to be another's.
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("max-age=0"));
    response
}

/// A method with its messages and the grant that it needs.
struct Mock {
    request: MessageDescriptor,
    reply: MessageDescriptor,
    needs: Needs,
    encoding: Encoding,
}

#[derive(Clone, Copy)]
enum Needs {
    RoomCreate,
    RoomList,
    RoomRecord,
    RoomAdmin,
    /// And the same for where somebody goes.
    Destination,
}

/// Of `livekit.Egress`, with their requests. `ListEgress` answers a list, the others the egress; all need the same grant.
const EGRESS: &[(&str, &str)] = &[
    ("ListEgress", "ListEgressRequest"),
    ("StartEgress", "StartEgressRequest"),
    ("StartParticipantEgress", "ParticipantEgressRequest"),
    ("StartRoomCompositeEgress", "RoomCompositeEgressRequest"),
    ("StartTrackCompositeEgress", "TrackCompositeEgressRequest"),
    ("StartTrackEgress", "TrackEgressRequest"),
    ("StartWebEgress", "WebEgressRequest"),
    ("StopEgress", "StopEgressRequest"),
    ("UpdateLayout", "UpdateLayoutRequest"),
    ("UpdateStream", "UpdateStreamRequest"),
];

/// Of `livekit.RoomService`: request, reply, grant.
const ROOMS: &[(&str, &str, &str, Needs)] = &[
    ("CreateRoom", "CreateRoomRequest", "Room", Needs::RoomCreate),
    ("DeleteRoom", "DeleteRoomRequest", "DeleteRoomResponse", Needs::RoomCreate),
    ("ForwardParticipant", "ForwardParticipantRequest", "ForwardParticipantResponse", Needs::Destination),
    ("GetParticipant", "RoomParticipantIdentity", "ParticipantInfo", Needs::RoomAdmin),
    ("ListParticipants", "ListParticipantsRequest", "ListParticipantsResponse", Needs::RoomAdmin),
    ("ListRooms", "ListRoomsRequest", "ListRoomsResponse", Needs::RoomList),
    ("MoveParticipant", "MoveParticipantRequest", "MoveParticipantResponse", Needs::Destination),
    ("MutePublishedTrack", "MuteRoomTrackRequest", "MuteRoomTrackResponse", Needs::RoomAdmin),
    ("PerformRpc", "PerformRpcRequest", "PerformRpcResponse", Needs::RoomAdmin),
    ("RemoveParticipant", "RoomParticipantIdentity", "RemoveParticipantResponse", Needs::RoomAdmin),
    ("SendData", "SendDataRequest", "SendDataResponse", Needs::RoomAdmin),
    ("UpdateParticipant", "UpdateParticipantRequest", "ParticipantInfo", Needs::RoomAdmin),
    ("UpdateRoomMetadata", "UpdateRoomMetadataRequest", "Room", Needs::RoomAdmin),
    ("UpdateSubscriptions", "UpdateSubscriptionsRequest", "UpdateSubscriptionsResponse", Needs::RoomAdmin),
];

/// Request, reply and grant of a method, by its path below `/twirp/`.
fn method(path: &str) -> Option<(&'static str, &'static str, Needs)> {
    if let Some(name) = path.strip_prefix("livekit.Egress/") {
        let &(name, request) = EGRESS.iter().find(|(known, _)| *known == name)?;
        let reply = if name == "ListEgress" { "ListEgressResponse" } else { "EgressInfo" };
        return Some((request, reply, Needs::RoomRecord));
    }
    let name = path.strip_prefix("livekit.RoomService/")?;
    let &(_, request, reply, needs) = ROOMS.iter().find(|(known, ..)| *known == name)?;
    Some((request, reply, needs))
}

fn routed(request: &Request<'_>) -> Result<Mock, TwirpError> {
    let path = request.path.strip_prefix("/twirp/").unwrap_or(request.path);
    let known = if request.method == Method::POST { method(path) } else { None };
    let (asked, reply, needs) = known.ok_or_else(|| no_such_service(path))?;
    let content_type = request.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    let encoding = if content_type.contains("json") { Encoding::Json } else { Encoding::Protobuf };
    Ok(Mock { request: json::message(asked), reply: json::message(reply), needs, encoding })
}

/// What does not decode is empty, as there.
fn decoded(method: &Mock, body: &Bytes) -> DynamicMessage {
    let read = match method.encoding {
        Encoding::Json => json::read(&method.request, body),
        Encoding::Protobuf => DynamicMessage::decode(method.request.clone(), body.clone()).ok(),
    };
    read.unwrap_or_else(|| DynamicMessage::new(method.request.clone()))
}

/// The Twirp code of the refusal, where there is one.
fn authorised(
    method: &Mock,
    request: &Request<'_>,
    asked: &DynamicMessage,
    directives: &Directives,
    keys: &Keys,
    now: Time,
) -> Result<(), &'static str> {
    if directives.skip_auth {
        return Ok(());
    }
    let grants = grants::of(request, keys, now).ok().flatten().ok_or("unauthenticated")?;
    if method.needs.are_met_by(&grants, asked) { Ok(()) } else { Err("permission_denied") }
}

impl Needs {
    fn are_met_by(self, grants: &Grants, asked: &DynamicMessage) -> bool {
        let text = |name: &str| match asked.get_field_by_name(name).as_deref() {
            Some(Value::String(text)) => text.clone(),
            _ => String::new(),
        };
        let in_room = || grants.room_admin && (text("room").is_empty() || grants.room == text("room"));
        match self {
            Needs::RoomCreate => grants.room_create,
            Needs::RoomList => grants.room_list,
            Needs::RoomRecord => grants.room_record,
            Needs::RoomAdmin => in_room(),
            Needs::Destination => {
                let to = text("destination_room");
                in_room() && (to.is_empty() || grants.destination_room == to)
            }
        }
    }
}

fn refused(error: &TwirpError) -> Response<Bytes> {
    twirp_error(error.code, &error.message, None)
}

/// None: the connection breaks.
fn failure(directives: &Directives) -> Option<Response<Bytes>> {
    if directives.fail_mode == "drop" {
        return None;
    }
    let wanted = if directives.fail_status == 0 { FAIL_STATUS } else { directives.fail_status };
    let status = StatusCode::from_u16(wanted).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
    let code = match directives.fail_twirp_code.as_str() {
        "" => code_of(status.as_u16()),
        code => code,
    };
    let mut response = twirp_error(code, "mock: injected failure", None);
    *response.status_mut() = status;
    Some(response)
}

/// The code that goes with a status.
fn code_of(status: u16) -> &'static str {
    const CODES: [&str; 9] = [
        "invalid_argument",
        "unauthenticated",
        "permission_denied",
        "not_found",
        "deadline_exceeded",
        "already_exists",
        "resource_exhausted",
        "internal",
        "unavailable",
    ];
    CODES.into_iter().find(|code| http_status(code) == status).unwrap_or("unknown")
}

fn reply(method: &Mock, asked: &DynamicMessage, directives: &Directives) -> DynamicMessage {
    let wanted = directives.response.as_ref().and_then(|wanted| {
        let text = serde_json::to_vec(wanted).ok()?;
        json::read(&method.reply, &text)
    });
    wanted.unwrap_or_else(|| populated(&method.reply, Some(asked), true))
}

/// A message with plausible values: what the request says under the same names, placeholders for ids, and, at the top, one
/// element in each list.
fn populated(of: &MessageDescriptor, asked: Option<&DynamicMessage>, lists: bool) -> DynamicMessage {
    let mut message = DynamicMessage::new(of.clone());
    for field in of.fields() {
        if let Some(value) = asked.and_then(|asked| echoed(&field, asked)) {
            message.set_field(&field, value);
        } else if is_id(&field) {
            message.set_field(&field, Value::String(format!("MOCK_{}", field.name().to_uppercase())));
        } else if let (true, true, Kind::Message(inner)) = (lists, field.is_list(), field.kind()) {
            let element = populated(&inner, None, false);
            message.set_field(&field, Value::List(vec![Value::Message(element)]));
        }
    }
    message
}

fn echoed(field: &FieldDescriptor, asked: &DynamicMessage) -> Option<Value> {
    let same = asked.descriptor().get_field_by_name(field.name())?;
    let scalar = !matches!(field.kind(), Kind::Message(_) | Kind::Enum(_)) && !field.is_list() && !field.is_map();
    let fits = scalar && same.kind() == field.kind() && !same.is_list() && asked.has_field(&same);
    fits.then(|| asked.get_field(&same).into_owned())
}

fn is_id(field: &FieldDescriptor) -> bool {
    let name = field.name();
    let named_so = matches!(name, "id" | "sid") || name.ends_with("_id") || name.ends_with("_sid");
    named_so && field.kind() == Kind::String && !field.is_list() && field.containing_oneof().is_none()
}

impl Encoding {
    fn bytes(self, message: &DynamicMessage) -> Vec<u8> {
        use prost::Message as _;
        match self {
            Encoding::Json => json::bytes(message),
            Encoding::Protobuf => message.encode_to_vec(),
        }
    }
}
