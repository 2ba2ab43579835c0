//! What goes out: webhooks as LiveKit posts them, commands and timers as signed posts to `/commands` on the same origin.

use std::time::Duration;

use bytes::Bytes;
use egress_sim_model::live::Out;
use egress_sim_model::time::Span;
use egress_sim_model::webhook::token;
use egress_sim_wire::livekit::Keys;
use http::{Method, Request, Response, StatusCode, Uri, header};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tokio::sync::mpsc::UnboundedReceiver;

use crate::driver::{World, wall_clock};

/// How long a receiver may take. LiveKit itself waits for ever; a test should end.
const PATIENCE: Duration = Duration::from_mins(2);

/// How long a token is good.
const TOKEN_LIFE: Span = Span::seconds(300);

/// Where things go.
#[derive(Clone, Debug)]
pub struct Targets {
    /// Every url gets every webhook, by itself. Commands and timers go to all of them, and are taken once all took them.
    pub webhooks: Vec<Uri>,
    /// What they are signed with.
    pub keys: Keys,
}

/// Sends what comes, side by side: the world sees to it that what must wait for an answer waits.
pub async fn send(world: World, targets: Targets, mut outbox: UnboundedReceiver<Out>) {
    let client: Client<HttpConnector, Full<Bytes>> = Client::builder(TokioExecutor::new()).build_http();
    while let Some(out) = outbox.recv().await {
        let (world, targets, client) = (world.clone(), targets.clone(), client.clone());
        tokio::spawn(async move {
            let status = deliver(&world, &targets, &client, &out).await;
            world.with(move |driver| driver.answered(&out, status)).await;
        });
    }
}

async fn deliver(world: &World, targets: &Targets, client: &Client<HttpConnector, Full<Bytes>>, out: &Out) -> u16 {
    let mut meant_for: Option<Vec<Uri>> = None;
    let (path, content_type, authorization, body) = match out {
        Out::Webhook { delivery, .. } => {
            let handle = *delivery;
            let Keys { key, secret } = targets.keys.clone();
            let made = world
                .with(move |driver| {
                    let url = driver.live.webhook_url(handle);
                    (url, driver.live.webhook(handle, wall_clock(), [&key, &secret]))
                })
                .await;
            let Some((url, (authorization, body))) = made else { return 0 };
            // What is meant for one url goes there alone. A url that is none fails as if nobody was there.
            let Ok(url) = url.map(|url| url.parse::<Uri>()).transpose() else { return 0 };
            meant_for = Some(url.or_else(|| targets.webhooks.first().cloned()).into_iter().collect());
            (None, "application/webhook+json", authorization, body)
        }
        Out::Command { attempt, command, .. } => {
            let body = serde_json::json!({ "id": command.id, "attempt": attempt, "order": command.order });
            let body = Bytes::from(body.to_string());
            (Some("/commands"), "application/json", signed(&targets.keys, &body), body)
        }
        Out::Timer { timer, attempt } => {
            let body = serde_json::json!({ "timer": timer.name, "payload": timer.payload, "attempt": attempt });
            let body = Bytes::from(body.to_string());
            (Some("/timers"), "application/json", signed(&targets.keys, &body), body)
        }
        Out::Reply { .. } => return 0,
    };
    let mut worst = 200;
    for target in meant_for.as_ref().unwrap_or(&targets.webhooks) {
        let target = path.map_or_else(|| Some(target.clone()), |path| on_origin(target, path));
        let Some(target) = target else { return 0 };
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(target)
            .header(header::CONTENT_TYPE, content_type)
            .header(header::USER_AGENT, "LiveKit");
        if !authorization.is_empty() {
            request = request.header(header::AUTHORIZATION, &authorization);
        }
        let Ok(request) = request.body(Full::new(body.clone())) else { return 0 };
        let status = match tokio::time::timeout(PATIENCE, client.request(request)).await {
            Ok(Ok(response)) => {
                let status = response.status().as_u16();
                if let (Out::Webhook { delivery, .. }, Some(wait)) = (out, retry_after(&response)) {
                    let delivery = *delivery;
                    world.with(move |driver| driver.live.retry_after(delivery, wait)).await;
                }
                // The answer's body means nothing; it is read so that the connection can be used again.
                let _ = response.into_body().collect().await;
                status
            }
            _ => 0,
        };
        if !(200..300).contains(&status) && (200..300).contains(&worst) {
            worst = status;
        }
    }
    worst
}

/// What a receiver says that is too busy: in how many seconds it can be asked again.
fn retry_after<T>(response: &Response<T>) -> Option<Span> {
    let busy = matches!(response.status(), StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE);
    let seconds = response.headers().get(header::RETRY_AFTER).filter(|_| busy)?.to_str().ok()?;
    seconds.parse().ok().map(Span::seconds)
}

fn signed(keys: &Keys, body: &[u8]) -> String {
    token::sign(body, &keys.key, &keys.secret, wall_clock(), TOKEN_LIFE)
}

fn on_origin(target: &Uri, path: &str) -> Option<Uri> {
    let mut parts = target.clone().into_parts();
    parts.path_and_query = path.parse().ok();
    Uri::from_parts(parts).ok()
}
