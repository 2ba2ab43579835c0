//! LiveKit's API on a socket: health, regions, CORS, and Twirp over `wire`.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header};
use axum::routing::get;
use bytes::Bytes;
use egress_sim_wire::livekit::{self, Begun, Keys};
use egress_sim_wire::s3::Door;

use crate::driver::{World, wall_clock};
use crate::server::Broken;

#[derive(Clone, Debug)]
struct Api {
    world: World,
    keys: Keys,
}

/// The service.
pub fn router(world: World, keys: Keys) -> Router {
    Router::new()
        .route("/", get(async || "OK"))
        .route("/settings/regions", get(async || ([(header::CONTENT_TYPE, "application/json")], r#"{"regions":[]}"#)))
        .fallback(twirp)
        .with_state(Api { world, keys })
}

async fn twirp(State(api): State<Api>, request: Request) -> Response<Body> {
    let origin = request.headers().get(header::ORIGIN).cloned();
    let mut response = if request.method() == Method::OPTIONS {
        preflight(request.headers())
    } else {
        answer(&api, request).await.map(Body::from)
    };
    if origin.is_some() {
        response.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    }
    response
}

/// Any origin may do anything: LiveKit's server is as open.
fn preflight(headers: &HeaderMap) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let allowed = headers.get(header::ACCESS_CONTROL_REQUEST_HEADERS).cloned();
    let allowed = allowed.unwrap_or(HeaderValue::from_static("*"));
    response.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_HEADERS, allowed);
    response.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("POST, GET, OPTIONS"));
    response
}

async fn answer(api: &Api, request: Request) -> Response<Bytes> {
    let (parts, body) = request.into_parts();
    if !parts.uri.path().contains("/twirp/") {
        let mut response = Response::new(Bytes::from_static(b"404 page not found\n"));
        *response.status_mut() = StatusCode::NOT_FOUND;
        return response;
    }
    let Ok(body) = to_bytes(body, livekit::BODY_LIMIT).await else { return livekit::too_large() };
    let access_token =
        parts.uri.query().and_then(|query| query.split('&').find_map(|pair| pair.strip_prefix("access_token=")));
    let request = livekit::Request {
        method: &parts.method,
        path: parts.uri.path(),
        access_token,
        headers: &parts.headers,
        body: &body,
    };
    match livekit::begin(&request, &api.keys, wall_clock()) {
        Begun::Answered(response) => response,
        Begun::Asks(asked) => {
            let reply = api.world.ask(asked.call.clone()).await;
            asked.answer(&reply).unwrap_or_else(Broken::response)
        }
    }
}
