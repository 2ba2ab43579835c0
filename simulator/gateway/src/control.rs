//! The control API: JSON over HTTP, for tests and people. Everything that it does is an errand to the world's thread.
//!
//! A refusal is `{"error": "…"}` with status 400, 404, 405, 409 or 413. `docs/control-api.md` lists the routes.

use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequest, Path, Request, State};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use bytes::Bytes;
use egress_sim_model::livekit::{TrackSource, proto};
use egress_sim_model::scenario::Scenario;
use egress_sim_model::scenario::file::parse;
use egress_sim_model::scenario::write::write;
use egress_sim_model::time::{Span, Time};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::driver::{Driver, World};

/// The service.
pub fn router(world: World) -> Router {
    Router::new()
        .route("/", get(status))
        .route("/clock", get(status))
        .route("/clock/advance", post(advance))
        .route("/leases", post(lease))
        .route("/leases/{lease}", delete(release))
        .route("/calls", post(start_call))
        .route("/calls/{room}", delete(end_call))
        .route("/calls/{room}/participants", post(join))
        .route("/calls/{room}/participants/{identity}", delete(leave))
        .route("/faults", get(faults).post(inject))
        .route("/commands", post(command))
        .route("/egresses", get(egresses))
        .route("/buckets", get(buckets))
        .route("/buckets/{bucket}", get(objects))
        .fallback(async |method: Method, request: Request| {
            not_found(format!("there is no {method} {}; docs/control-api.md lists what there is", request.uri().path()))
        })
        .method_not_allowed_fallback(async |method: Method, request: Request| {
            let path = request.uri().path();
            Refusal(StatusCode::METHOD_NOT_ALLOWED, format!("{path} is there, but not with {method}"))
        })
        .with_state(world)
}

/// A refusal in words.
#[derive(Debug)]
struct Refusal(StatusCode, String);

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.0, Json(json!({ "error": self.1 }))).into_response()
    }
}

/// A request's body as JSON, whatever `Content-Type` says.
struct Body<T>(T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Body<T>, Refusal> {
        let bytes = Bytes::from_request(request, state)
            .await
            .map_err(|rejection| Refusal(rejection.status(), rejection.body_text()))?;
        serde_json::from_slice(&bytes).map(Body).map_err(|error| bad(format!("the body cannot be read: {error}")))
    }
}

type Answer = Result<Json<Value>, Refusal>;

fn bad(words: impl Into<String>) -> Refusal {
    Refusal(StatusCode::BAD_REQUEST, words.into())
}

fn not_found(words: impl Into<String>) -> Refusal {
    Refusal(StatusCode::NOT_FOUND, words.into())
}

fn gone() -> Refusal {
    Refusal(StatusCode::SERVICE_UNAVAILABLE, "the world is gone".into())
}

async fn with<T: Send + 'static>(
    world: &World,
    errand: impl FnOnce(&mut Driver<'_>) -> T + Send + 'static,
) -> Result<T, Refusal> {
    world.with(errand).await.ok_or_else(gone)
}

async fn status(State(world): State<World>) -> Answer {
    let status = with(&world, |driver| {
        let (calls, deliveries, leases) = driver.under_way();
        json!({
            "now": driver.live.now().to_rfc3339(),
            "next": driver.live.next_at().map(Time::to_rfc3339),
            "under_way": { "calls": calls, "deliveries": deliveries, "leases": leases },
        })
    });
    status.await.map(Json)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    /// By so much, such as `"90d"`.
    by: Option<String>,
    /// To this moment, RFC 3339.
    to: Option<String>,
}

async fn advance(State(world): State<World>, Body(wanted): Body<Advance>) -> Answer {
    let by = wanted.by.as_deref().map(Span::parse).transpose().map_err(|why| bad(format!("by: {why}")))?;
    let to = match wanted.to.as_deref() {
        Some(text) => Some(Time::from_rfc3339(text).ok_or_else(|| bad(format!("to: \"{text}\" is not RFC 3339")))?),
        None => None,
    };
    if by.is_none() == to.is_none() {
        return Err(bad("expected either \"by\", a duration such as \"90d\", or \"to\", a moment in RFC 3339"));
    }
    let moving = with(&world, move |driver| {
        let now = driver.live.now();
        let by = now.0.saturating_add(by.unwrap_or_default().0);
        driver.advance(to.unwrap_or(Time(by)))
    });
    let now = moving.await?.map_err(bad)?.await.map_err(|_| gone())?;
    Ok(Json(json!({ "now": now.to_rfc3339() })))
}

async fn lease(State(world): State<World>, Body(wanted): Body<Value>) -> Answer {
    let what = wanted["for"].as_str().unwrap_or("work in the background").to_owned();
    Ok(Json(json!({ "lease": with(&world, move |driver| driver.lease(what)).await? })))
}

async fn release(State(world): State<World>, lease: Result<Path<u64>, PathRejection>) -> Answer {
    let Path(lease) = lease.map_err(|rejection| bad(rejection.body_text()))?;
    let done = with(&world, move |driver| driver.release(lease)).await?;
    if done { Ok(Json(json!({}))) } else { Err(not_found(format!("there is no lease {lease}"))) }
}

/// One table of a scenario file, as JSON with the file's keys, read by the file's own reader.
async fn table(world: &World, table: &'static str, wanted: Value) -> Result<Scenario, Refusal> {
    let known = with(world, |driver| {
        let scenario = &driver.live.state().scenario;
        write(&Scenario {
            calls: Vec::new(),
            commands: Vec::new(),
            faults: Vec::new(),
            expects: Vec::new(),
            ..(**scenario).clone()
        })
    });
    if !wanted.is_object() {
        return Err(bad(format!("expected an object with the keys of one [[{table}]]")));
    }
    let wanted = toml::to_string(&json!({ table: [wanted] }))
        .map_err(|error| bad(format!("this cannot be a [[{table}]] of a scenario: {error}")))?;
    let text = format!("{}\n{wanted}", known.await?);
    parse("control", &text).map_err(|error| {
        let all = error.problems().iter().map(|problem| match &problem.help {
            Some(help) => format!("{} ({help})", problem.message),
            None => problem.message.clone(),
        });
        bad(format!("[[{table}]]: {}", all.collect::<Vec<_>>().join("; ")))
    })
}

async fn start_call(State(world): State<World>, Body(wanted): Body<Value>) -> Answer {
    let mut scenario = table(&world, "call", wanted).await?;
    let call = scenario.calls.pop().ok_or_else(|| bad("expected the keys of one [[call]]"))?;
    let room = call.room_name(0);
    let begun = with(&world, move |driver| driver.live.start_call(call)).await?;
    begun.map_err(|why| Refusal(StatusCode::CONFLICT, why))?;
    Ok(Json(json!({ "room": room })))
}

async fn end_call(State(world): State<World>, Path(room): Path<String>) -> Answer {
    let named = room.clone();
    let done = with(&world, move |driver| driver.live.end_call(&named)).await?;
    if done { Ok(Json(json!({}))) } else { Err(not_found(format!("there is no room \"{room}\""))) }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Join {
    identity: String,
    #[serde(default)]
    tracks: Vec<String>,
}

async fn join(State(world): State<World>, Path(room): Path<String>, Body(who): Body<Join>) -> Answer {
    let sources =
        [TrackSource::Camera, TrackSource::Microphone, TrackSource::ScreenShare, TrackSource::ScreenShareAudio];
    let tracks = who.tracks.iter().map(|name| {
        let found = sources.into_iter().find(|source| source.name() == name);
        found.ok_or_else(|| {
            bad(format!(
                "tracks: there is no \"{name}\"; expected camera, microphone, screen_share, screen_share_audio"
            ))
        })
    });
    let tracks = tracks.collect::<Result<Vec<_>, _>>()?;
    with(&world, move |driver| driver.live.join(&room, &who.identity, &tracks)).await?.map_err(not_found)?;
    Ok(Json(json!({})))
}

async fn leave(State(world): State<World>, Path((room, identity)): Path<(String, String)>) -> Answer {
    let done = with(&world, move |driver| driver.live.leave(&room, &identity)).await?;
    if done { Ok(Json(json!({}))) } else { Err(not_found("nobody of that name is in that room")) }
}

async fn inject(State(world): State<World>, Body(wanted): Body<Value>) -> Answer {
    let mut scenario = table(&world, "fault", wanted).await?;
    let fault = scenario.faults.pop().ok_or_else(|| bad("expected the keys of one [[fault]]"))?;
    with(&world, move |driver| driver.live.inject(fault)).await?;
    Ok(Json(json!({})))
}

async fn faults(State(world): State<World>) -> Answer {
    let faults = with(&world, |driver| {
        let fired = driver.live.fired();
        let all = driver.live.state().scenario.faults.iter().zip(fired);
        all.map(|(fault, fired)| json!({ "do": fault.kind.name, "fired": fired })).collect::<Value>()
    });
    faults.await.map(Json)
}

async fn command(State(world): State<World>, Body(wanted): Body<Value>) -> Answer {
    let mut scenario = table(&world, "command", wanted).await?;
    let command = scenario.commands.pop().ok_or_else(|| bad("expected the keys of one [[command]]"))?;
    with(&world, move |driver| driver.live.command(command)).await?.map_err(bad)?;
    Ok(Json(json!({})))
}

async fn egresses(State(world): State<World>) -> Answer {
    let all = with(&world, |driver| {
        let all = driver.live.state().egresses.iter();
        all.map(|egress| {
            serde_json::from_slice(&proto::canonical_json(&proto::egress_info(&egress.info))).unwrap_or(Value::Null)
        })
        .collect::<Vec<Value>>()
    });
    Ok(Json(Value::Array(all.await?)))
}

async fn buckets(State(world): State<World>) -> Answer {
    let all = with(&world, |driver| {
        let buckets = driver.live.state().sink.buckets.iter();
        buckets
            .map(
                |(name, bucket)| json!({ "name": name, "region": bucket.region, "keys": bucket.keys.values().count() }),
            )
            .collect::<Vec<Value>>()
    });
    Ok(Json(Value::Array(all.await?)))
}

async fn objects(State(world): State<World>, Path(name): Path<String>) -> Answer {
    let named = name.clone();
    let all = with(&world, move |driver| {
        let bucket = driver.live.state().sink.buckets.get(&named)?;
        let versions = bucket.keys.iter().flat_map(|(key, versions)| {
            versions.0.iter().map(move |version| {
                json!({
                    "key": key,
                    "version_id": version.name(),
                    "delete_marker": version.is_marker(),
                    "size": version.content.as_ref().map(|content| content.size),
                    "last_modified": version.at.to_rfc3339(),
                })
            })
        });
        Some(versions.collect::<Vec<Value>>())
    });
    let all = all.await?.ok_or_else(|| not_found(format!("there is no bucket \"{name}\"")))?;
    Ok(Json(Value::Array(all)))
}
