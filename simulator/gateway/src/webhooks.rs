//! What goes out: webhooks as LiveKit posts them; commands, timers and wake-ups as signed posts to the same origin; and
//! what is to be done with the operator's process.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use egress_sim_model::live::{Live, Out};
use egress_sim_model::time::Span;
use egress_sim_model::webhook::token;
use egress_sim_wire::evidence;
use egress_sim_wire::livekit::Keys;
use http::{Method, Request, Response, StatusCode, Uri, header};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use serde_json::Value;
use tokio::sync::mpsc::UnboundedReceiver;

use crate::driver::{World, wall_clock};

/// How long a token is good.
const TOKEN_LIFE: Span = Span::seconds(300);

/// How long a connection to the operator is kept that nothing goes over.
const IDLE: Duration = Duration::from_secs(2);

/// Something on its way out.
#[derive(Debug)]
pub struct Sending {
    /// Which world it is of.
    pub(crate) epoch: u64,
    /// Its number there.
    pub(crate) id: u64,
    /// What it is.
    pub(crate) out: Out,
    /// As it is posted; none: it is for whoever looks after the operator's process.
    post: Option<Post>,
}

/// A request in the making.
#[derive(Debug)]
pub(crate) struct Post {
    place: Place,
    content_type: &'static str,
    authorization: String,
    body: Bytes,
}

/// Where a request goes.
#[derive(Debug)]
enum Place {
    /// To the first who takes webhooks; the others have their own.
    Webhooks,
    /// To this path on their origins.
    Path(String),
    /// There alone: one of the others, or as a start request has asked for. A url that is none fails as if nobody was there.
    Asked(String),
}

impl Sending {
    pub(crate) const fn new(epoch: u64, id: u64, out: Out, post: Option<Post>) -> Sending {
        Sending { epoch, id, out, post }
    }
}

/// Where things go.
#[derive(Clone)]
pub struct Targets {
    /// Every url gets every webhook, by itself. Commands and timers go to all of them, and are taken once all took them.
    pub webhooks: Vec<Uri>,
    /// How long a receiver may take. LiveKit itself waits for ever; a test should end.
    pub patience: Duration,
    /// Who can kill the operator's process and start it again.
    pub keeper: Option<Arc<dyn Keeper>>,
}

impl std::fmt::Debug for Targets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Targets").field("webhooks", &self.webhooks).finish_non_exhaustive()
    }
}

/// Keeps the operator's process. Both may take their time.
pub trait Keeper: Send + Sync {
    /// Kills it at once, as a machine that loses power would.
    fn kill(&self);

    /// Starts it, and comes back when it listens.
    ///
    /// # Errors
    /// Why it does not.
    fn start(&self) -> Result<(), String>;
}

/// A request for what goes out, as of now.
pub(crate) fn post(live: &mut Live<'_>, out: &Out, keys: &Keys) -> Option<Post> {
    let signed = |path: &str, body: &Value| {
        let body = Bytes::from(body.to_string());
        let authorization = token::sign(&body, &keys.key, &keys.secret, wall_clock(), TOKEN_LIFE);
        Some(Post { place: Place::Path(path.to_owned()), content_type: "application/json", authorization, body })
    };
    match out {
        Out::Webhook { delivery, .. } => {
            let (authorization, body) = live.webhook(*delivery, wall_clock(), [&keys.key, &keys.secret]);
            let place = live.webhook_url(*delivery).map_or(Place::Webhooks, Place::Asked);
            Some(Post { place, content_type: "application/webhook+json", authorization, body })
        }
        Out::Command { attempt, command, .. } => signed("/commands", &evidence::command(command, *attempt)),
        Out::Timer { timer, attempt } => signed("/timers", &evidence::timer(timer, *attempt)),
        Out::WakeUp { wake_up, attempt } => signed(&wake_up.path, &evidence::wake_up(wake_up, *attempt)),
        Out::Reply { .. } | Out::Lost { .. } | Out::Dies | Out::Starts => None,
    }
}

/// What goes out, for people: its kind, what it is, and which attempt.
pub(crate) fn words(live: &Live<'_>, out: &Out) -> (&'static str, String, u32) {
    match out {
        Out::Webhook { delivery, attempt } => ("webhook", live.webhook_words(*delivery), *attempt),
        Out::Command { attempt, command, .. } => ("command", format!("the command {}", command.id), *attempt),
        Out::Timer { timer, attempt } => ("timer", format!("the timer {}", timer.name), *attempt),
        Out::WakeUp { wake_up, attempt } => ("wake_up", format!("the wake-up {}", wake_up.name), *attempt),
        Out::Dies => ("process", "the process is killed".into(), 1),
        Out::Starts => ("process", "the process is started".into(), 1),
        Out::Reply { .. } | Out::Lost { .. } => unreachable!("replies do not go out"),
    }
}

/// Sends what comes, side by side: the world sees to it that what must wait for an answer waits.
pub async fn send(world: World, targets: Targets, mut outbox: UnboundedReceiver<Sending>) {
    let client: Client<HttpConnector, Full<Bytes>> = Client::builder(TokioExecutor::new())
        // Servers close idle connections after five seconds or so; a request must not meet that.
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(IDLE)
        .build(connector());
    while let Some(sending) = outbox.recv().await {
        let (world, targets, client) = (world.clone(), targets.clone(), client.clone());
        tokio::spawn(async move {
            let Some(post) = &sending.post else { return keep(&world, &targets, sending).await };
            let patience = targets.patience;
            match tokio::time::timeout(patience, deliver(&targets, &client, post)).await {
                Ok((status, wait)) => {
                    world
                        .with(move |driver| {
                            if let Some(wait) = wait {
                                driver.retry_after(&sending, wait);
                            }
                            driver.answered(&sending, status);
                        })
                        .await
                }
                Err(_) => world.with(move |driver| driver.never_answered(&sending, patience)).await,
            };
        });
    }
}

/// What is not posted is done with the process.
async fn keep(world: &World, targets: &Targets, sending: Sending) {
    let keeper = targets.keeper.clone();
    let dies = matches!(sending.out, Out::Dies);
    let done = tokio::task::spawn_blocking(move || match keeper {
        Some(keeper) if dies => {
            keeper.kill();
            Ok(())
        }
        Some(keeper) => keeper.start(),
        None => unreachable!("only a process that somebody keeps is killed"),
    });
    let done = done.await.unwrap_or_else(|error| Err(error.to_string()));
    world
        .with(move |driver| match done {
            Ok(()) => driver.answered(&sending, 200),
            Err(why) => driver.process_failed(&sending, why),
        })
        .await;
}

fn connector() -> HttpConnector {
    let mut connector = HttpConnector::new();
    // Header and body leave in separate writes: without this each request waits for the other side's ACK.
    connector.set_nodelay(true);
    connector
}

/// The status, 0 for no answer, and when to come again if that was said.
async fn deliver(targets: &Targets, client: &Client<HttpConnector, Full<Bytes>>, post: &Post) -> (u16, Option<Span>) {
    let (mut worst, mut wait) = (200, None);
    let places: Vec<Option<Uri>> = match &post.place {
        Place::Asked(url) => vec![url.parse().ok()],
        Place::Path(path) => targets.webhooks.iter().map(|target| on_origin(target, path)).collect(),
        Place::Webhooks => targets.webhooks.iter().take(1).cloned().map(Some).collect(),
    };
    for target in places {
        let Some(target) = target else { return (0, None) };
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(target)
            .header(header::CONTENT_TYPE, post.content_type)
            .header(header::USER_AGENT, "LiveKit");
        if !post.authorization.is_empty() {
            request = request.header(header::AUTHORIZATION, &post.authorization);
        }
        let Ok(request) = request.body(Full::new(post.body.clone())) else { return (0, None) };
        let status = match client.request(request).await {
            Ok(response) => {
                let status = response.status().as_u16();
                wait = retry_after(&response);
                // The answer's body means nothing; it is read so that the connection can be used again.
                let _ = response.into_body().collect().await;
                status
            }
            Err(_) => 0,
        };
        if !(200..300).contains(&status) && (200..300).contains(&worst) {
            worst = status;
        }
    }
    (worst, wait)
}

/// What a receiver says that is too busy: in how many seconds it can be asked again.
fn retry_after<T>(response: &Response<T>) -> Option<Span> {
    let busy = matches!(response.status(), StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE);
    let seconds = response.headers().get(header::RETRY_AFTER).filter(|_| busy)?.to_str().ok()?;
    seconds.parse().ok().map(Span::seconds)
}

fn on_origin(target: &Uri, path: &str) -> Option<Uri> {
    let mut parts = target.clone().into_parts();
    parts.path_and_query = path.parse().ok();
    Uri::from_parts(parts).ok()
}
