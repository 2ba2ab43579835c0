//! LiveKit's API on a socket: health, regions, CORS, and Twirp over `wire`.
//!
//! Where a request asks for LiveKit's mock convention, or comes to a test server, `wire::livekit::mock` answers it, and the
//! world hears nothing of it.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header};
use axum::routing::get;
use bytes::Bytes;
use egress_sim_wire::livekit::{self, Begun, Keys, mock};
use egress_sim_wire::s3::Door;

use crate::driver::{World, wall_clock};
use crate::server::Broken;

#[derive(Clone, Debug)]
struct Api {
    world: World,
    keys: Keys,
}

/// One region of a test server.
#[derive(Clone, Debug)]
struct Region {
    keys: Keys,
    index: usize,
    /// Where all of them are.
    urls: Arc<[String]>,
}

/// The service.
pub fn router(world: World, keys: Keys) -> Router {
    Router::new()
        .route("/", get(async || "OK"))
        .route("/settings/regions", get(async |headers: HeaderMap| mock::regions(&headers, &[]).map(Body::from)))
        .fallback(twirp)
        .with_state(Api { world, keys })
}

/// The region of this index of a test server that listens at `urls`: whatever is asked, the request alone decides.
pub fn test_server(keys: Keys, index: usize, urls: Arc<[String]>) -> Router {
    async fn regions(State(region): State<Region>, headers: HeaderMap) -> Response<Body> {
        mock::regions(&headers, &region.urls).map(Body::from)
    }
    async fn twirp(State(region): State<Region>, request: Request) -> Response<Body> {
        with_origin(request, async |request| match read(request).await {
            Ok(read) => mocked(&read, &region.keys, region.index).await,
            Err(response) => response,
        })
        .await
    }
    Router::new()
        .route("/", get(async || "OK"))
        .route("/settings/regions", get(regions))
        .fallback(twirp)
        .with_state(Region { keys, index, urls })
}

async fn twirp(State(api): State<Api>, request: Request) -> Response<Body> {
    with_origin(request, async |request| match read(request).await {
        Ok(read) if mock::is_asked_for(&read.parts.headers) => mocked(&read, &api.keys, 0).await,
        Ok(read) => answer(&api, &read).await,
        Err(response) => response,
    })
    .await
}

async fn with_origin(request: Request, answer: impl AsyncFnOnce(Request) -> Response<Bytes>) -> Response<Body> {
    let origin = request.headers().get(header::ORIGIN).cloned();
    let mut response = if request.method() == Method::OPTIONS {
        preflight(request.headers())
    } else {
        answer(request).await.map(Body::from)
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

/// A request to Twirp, read whole.
struct Read {
    parts: Parts,
    body: Bytes,
}

impl Read {
    fn request(&self) -> livekit::Request<'_> {
        let pairs = self.parts.uri.query().into_iter().flat_map(|query| query.split('&'));
        livekit::Request {
            method: &self.parts.method,
            path: self.parts.uri.path(),
            access_token: pairs.into_iter().find_map(|pair| pair.strip_prefix("access_token=")),
            headers: &self.parts.headers,
            body: &self.body,
        }
    }
}

async fn read(request: Request) -> Result<Read, Response<Bytes>> {
    let (parts, body) = request.into_parts();
    if !parts.uri.path().contains("/twirp/") {
        let mut response = Response::new(Bytes::from_static(b"404 page not found\n"));
        *response.status_mut() = StatusCode::NOT_FOUND;
        return Err(response);
    }
    let body = to_bytes(body, livekit::BODY_LIMIT).await.map_err(|_| livekit::too_large())?;
    Ok(Read { parts, body })
}

async fn answer(api: &Api, read: &Read) -> Response<Bytes> {
    match livekit::begin(&read.request(), &api.keys, wall_clock()) {
        Begun::Answered(response) => response,
        Begun::Asks(asked) => {
            let reply = api.world.ask(asked.call.clone()).await;
            asked.answer(&reply).unwrap_or_else(Broken::response)
        }
    }
}

async fn mocked(read: &Read, keys: &Keys, region: usize) -> Response<Bytes> {
    let mocked = mock::answer(&read.request(), keys, wall_clock(), region);
    // What a client wants to wait for, it waits for by its own clock.
    tokio::time::sleep(mocked.after).await;
    mocked.response.unwrap_or_else(Broken::response)
}
