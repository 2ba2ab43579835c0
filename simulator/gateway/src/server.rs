//! Listening, and the servers together.

mod unread;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use bytes::Bytes;
use egress_sim_wire::livekit::Keys;
use egress_sim_wire::s3::shelf::Shelf;
use http::{Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tower::ServiceExt;

use crate::clock::Mode;
use crate::driver::{self, Settings, World};
use crate::s3::S3;
use crate::spill::Spill;
use crate::webhooks::{self, Targets};
use crate::{control, livekit};

/// What is to listen where, and what it is to be like.
#[derive(Clone)]
pub struct Serve {
    /// LiveKit's API.
    pub livekit: SocketAddr,
    /// S3.
    pub s3: SocketAddr,
    /// The control API.
    pub control: SocketAddr,
    /// Where webhooks go, and how patiently.
    pub targets: Targets,
    /// How time goes.
    pub clock: Mode,
    /// See [`Settings::quiet`].
    pub quiet: Duration,
    /// Where the regions of a test server for SDKs listen; none: there is none.
    pub test_server: Vec<SocketAddr>,
    /// LiveKit's API key.
    pub keys: Keys,
    /// S3's credentials.
    pub s3_keys: (String, String),
    /// Where large bodies go; none: they stay in memory.
    pub s3_dir: Option<Arc<Spill>>,
}

/// Servers that listen.
#[derive(Debug)]
pub struct Served {
    /// Where LiveKit's API listens.
    pub livekit: SocketAddr,
    /// Where S3 listens.
    pub s3: SocketAddr,
    /// Where the control API listens.
    pub control: SocketAddr,
    /// Where the regions of the test server listen.
    pub test_server: Vec<SocketAddr>,
    /// The way to the world behind them. There is none before [`World::begin`].
    pub world: World,
}

/// Listens at all three addresses, and serves until the runtime ends.
///
/// # Errors
/// An address that cannot be listened at: which, and why.
pub async fn serve(what: Serve) -> Result<Served, String> {
    let listeners = [
        listen(what.livekit, "the LiveKit API").await?,
        listen(what.s3, "S3").await?,
        listen(what.control, "the control API").await?,
    ];
    let [livekit_at, s3_at, control_at] =
        [0, 1, 2].map(|at| listeners[at].local_addr().expect("a listener has an address"));
    let settings = Settings {
        mode: what.clock,
        quiet: what.quiet,
        keys: what.keys.clone(),
        shelf: what.s3_dir.map(|spill| spill as Arc<dyn Shelf>),
        tells_also: what.targets.webhooks.iter().skip(1).map(ToString::to_string).collect(),
    };
    let (world, outbox) = driver::start(settings);
    let [livekit_listener, s3_listener, control_listener] = listeners;
    let (access_key, secret_key) = what.s3_keys;
    let own = control::Own {
        livekit_url: format!("http://{livekit_at}"),
        s3_url: format!("http://{s3_at}"),
        keys: what.keys.clone(),
        s3_keys: (access_key.clone(), secret_key.clone()),
    };
    let test_server = serve_regions(&what.test_server, &what.keys).await?;
    tokio::spawn(webhooks::send(world.clone(), what.targets, outbox));
    tokio::spawn(serve_router(livekit_listener, livekit::router(world.clone(), what.keys), Some(world.clone())));
    tokio::spawn(serve_router(control_listener, control::router(world.clone(), own), None));
    tokio::spawn(serve_s3(s3_listener, S3::new(world.clone(), &access_key, &secret_key), world.clone()));
    Ok(Served { livekit: livekit_at, s3: s3_at, control: control_at, test_server, world })
}

/// Listens at an address for each region of a test server.
async fn serve_regions(addresses: &[SocketAddr], keys: &Keys) -> Result<Vec<SocketAddr>, String> {
    let mut listeners = Vec::new();
    for address in addresses {
        listeners.push(listen(*address, "a region of the test server").await?);
    }
    let at: Vec<SocketAddr> =
        listeners.iter().map(|listener| listener.local_addr().expect("a listener has an address")).collect();
    let urls: Arc<[String]> = at.iter().map(|address| format!("http://{address}")).collect();
    for (index, listener) in listeners.into_iter().enumerate() {
        tokio::spawn(serve_router(listener, livekit::test_server(keys.clone(), index, Arc::clone(&urls)), None));
    }
    Ok(at)
}

async fn listen(address: SocketAddr, what: &str) -> Result<TcpListener, String> {
    TcpListener::bind(address).await.map_err(|error| {
        format!("{address}, where {what} is to listen, cannot be had: {error}; name another address, or port 0 for any")
    })
}

/// A response that stands for a broken connection: it is never sent.
#[derive(Clone, Copy, Debug)]
pub struct Broken;

impl Broken {
    /// For a server that can only say so in a response.
    pub fn response() -> Response<Bytes> {
        let mut response = Response::new(Bytes::new());
        *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        response.extensions_mut().insert(Broken);
        response
    }
}

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the world broke this connection")
    }
}

impl std::error::Error for Broken {}

/// `clock`: a world whose clock stands while a request comes in.
async fn serve_router(listener: TcpListener, router: Router, clock: Option<World>) {
    accept(listener, move |stream| {
        let (router, clock) = (router.clone(), clock.clone());
        async move {
            let service = tower::service_fn(move |request: http::Request<hyper::body::Incoming>| {
                let router = router.clone();
                let in_flight = clock.as_ref().map(World::request);
                async move {
                    let _in_flight = in_flight;
                    let (request, rest) = unread::split(request);
                    let response = router.oneshot(request.map(axum::body::Body::new)).await;
                    let mut response = response.unwrap_or_else(|never: Infallible| match never {});
                    if response.extensions().get::<Broken>().is_some() {
                        return Err(Broken);
                    }
                    rest.settle(&mut response).await;
                    Ok(response)
                }
            });
            let connection = auto::Builder::new(TokioExecutor::new());
            // A client that goes away in mid-request, or a connection that is to break, is nothing to tell anybody.
            let _ = connection.serve_connection(TokioIo::new(stream), TowerToHyperService::new(service)).await;
        }
    })
    .await;
}

async fn serve_s3(listener: TcpListener, service: S3, clock: World) {
    accept(listener, move |stream| {
        let (service, clock) = (service.clone(), clock.clone());
        async move {
            let service = tower::service_fn(move |request: http::Request<hyper::body::Incoming>| {
                let service = service.clone();
                let in_flight = clock.request();
                async move {
                    let _in_flight = in_flight;
                    let (request, rest) = unread::split(request);
                    let mut response = service.answer(request.map(s3s::Body::http_body)).await.map_err(|_| Broken)?;
                    rest.settle(&mut response).await;
                    Ok::<_, Broken>(response)
                }
            });
            let connection = auto::Builder::new(TokioExecutor::new());
            let _ = connection.serve_connection(TokioIo::new(stream), TowerToHyperService::new(service)).await;
        }
    })
    .await;
}

async fn accept<F: Future<Output = ()> + Send + 'static>(
    listener: TcpListener,
    serve: impl Fn(TcpStream) -> F + Send + 'static,
) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                // Header and body leave in separate writes: without this each answer waits 40 ms for the other side's ACK.
                let _ = stream.set_nodelay(true);
                tokio::spawn(serve(stream));
            }
            // Too many open files, most likely: those that are open have to end first.
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
}
