//! The control API: JSON over HTTP, for operators, tests and people. Everything that it does is a call into the world or an
//! errand to its thread.
//!
//! A refusal is `{"error": "…"}` with a status that says why. The routes are one table, of which the server and
//! `/openapi.json` are made; `docs/control-api.md` tells of them.

use axum::extract::{FromRef, FromRequest, FromRequestParts, Query, Request};
use axum::http::request::Parts;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use bytes::Bytes;
use egress_sim_model::time::{Span, Time};
use egress_sim_wire::livekit::Keys;
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::driver::{Driver, World};

mod clock;
mod evidence;
mod openapi;
mod route;
mod scene;
mod told;

#[cfg(test)]
mod tests;

use route::Route;

/// The server's own addresses and keys, for whoever boots.
#[derive(Clone, Debug)]
pub struct Own {
    /// `http://…` of LiveKit's API.
    pub livekit_url: String,
    /// `http://…` of S3.
    pub s3_url: String,
    /// LiveKit's API key.
    pub keys: Keys,
    /// S3's credentials.
    pub s3_keys: (String, String),
}

#[derive(Clone, Debug)]
struct Api {
    world: World,
    own: Own,
}

impl FromRef<Api> for World {
    fn from_ref(api: &Api) -> World {
        api.world.clone()
    }
}

impl FromRef<Api> for Own {
    fn from_ref(api: &Api) -> Own {
        api.own.clone()
    }
}

/// Every route.
fn routes() -> Vec<Route> {
    let mut routes = evidence::routes();
    routes.extend(clock::routes());
    routes.extend(scene::routes());
    routes.extend(told::routes());
    routes.push(openapi::route());
    routes
}

/// The service.
pub fn router(world: World, own: Own) -> Router {
    let router = routes().into_iter().fold(Router::new(), |router, route| router.route(route.path, route.does));
    router
        .fallback(async |method: Method, request: Request| {
            let path = request.uri().path();
            not_found(format!(
                "there is no {method} {path}; docs/control-api.md and GET /openapi.json list what there is"
            ))
        })
        .method_not_allowed_fallback(async |method: Method, request: Request| {
            let path = request.uri().path();
            Refusal(StatusCode::METHOD_NOT_ALLOWED, format!("{path} is there, but not with {method}"))
        })
        .with_state(Api { world, own })
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
        read(&bytes).map(Body)
    }
}

/// What stands behind the `?`.
struct Asked<T>(T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Asked<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Asked<T>, Refusal> {
        let Query(asked) =
            Query::from_request_parts(parts, state).await.map_err(|rejection| bad(rejection.body_text()))?;
        Ok(Asked(asked))
    }
}

/// JSON as a value; what is wrong is told with its place.
fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Refusal> {
    // An empty body is what whoever has nothing to say sends.
    let bytes = if bytes.is_empty() { b"{}" } else { bytes };
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let place = error.path().to_string();
        let place = if ["", ".", "?"].contains(&&*place) { String::new() } else { format!("at {place}: ") };
        bad(format!("the body cannot be read: {place}{}", error.inner()))
    })?;
    json.end().map_err(|error| bad(format!("the body cannot be read: {error}")))?;
    Ok(value)
}

type Answer<T> = Result<Json<T>, Refusal>;

/// `{}`: there is nothing more to say.
#[derive(Serialize, JsonSchema)]
struct Nothing {}

fn bad(words: impl Into<String>) -> Refusal {
    Refusal(StatusCode::BAD_REQUEST, words.into())
}

fn not_found(words: impl Into<String>) -> Refusal {
    Refusal(StatusCode::NOT_FOUND, words.into())
}

fn gone() -> Refusal {
    Refusal(StatusCode::SERVICE_UNAVAILABLE, "there is no world now: one has ended, and the next has not begun".into())
}

#[expect(clippy::unnecessary_wraps, reason = "it ends routes that may refuse")]
fn nothing() -> Answer<Nothing> {
    Ok(Json(Nothing {}))
}

fn moment(key: &str, text: &str) -> Result<Time, Refusal> {
    Time::from_rfc3339(text)
        .ok_or_else(|| bad(format!("{key}: \"{text}\" is no moment in RFC 3339, such as \"2026-03-01T00:00:00Z\"")))
}

fn span(key: &str, text: &str) -> Result<Span, Refusal> {
    Span::parse(text).map_err(|why| bad(format!("{key}: {why}")))
}

async fn with<T: Send + 'static>(
    world: &World,
    errand: impl FnOnce(&mut Driver<'_>) -> T + Send + 'static,
) -> Result<T, Refusal> {
    world.with(errand).await.ok_or_else(gone)
}
