//! What happened, what came of it, and the world anew.

use std::convert::Infallible;
use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use egress_sim_model::live::evidence::Unexercised;
use egress_sim_model::property::Verdict;
use egress_sim_model::scenario::Scenario;
use egress_sim_model::scenario::file::parse;
use egress_sim_wire::evidence::Audited;
use futures_util::stream::{self, Stream, StreamExt as _};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

use super::route::Route;
use super::{Answer, Nothing, Refusal, bad, gone, nothing, read, with};
use crate::driver::{Attempt, Began, Begin, Driver, Line, Until, World};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/audit", "The operator's audit so far.", audit).answers::<Vec<Audited>>(),
        Route::get("/deliveries", "What went out, attempt by attempt.", deliveries).answers::<Vec<Attempt>>(),
        Route::get("/trace", "What happened so far, a record a line, or as server-sent events.", trace),
        Route::get("/verdicts", "The promises so far.", verdicts).answers::<Vec<Told>>(),
        Route::post("/verdicts", "The promises, judged as if the run ended here.", judge).answers::<Vec<Told>>(),
        Route::post("/reset", "The world begins anew.", reset).answers::<Nothing>(),
        Route::post("/scenario", "The world begins anew with this one.", load)
            .takes::<Map<String, Value>>()
            .answers::<Nothing>(),
    ]
}

async fn audit(State(world): State<World>) -> Answer<Vec<Audited>> {
    with(&world, |driver| driver.records.audit()).await.map(Json)
}

async fn deliveries(State(world): State<World>) -> Answer<Vec<Attempt>> {
    with(&world, |driver| driver.attempts()).await.map(Json)
}

async fn trace(State(world): State<World>, headers: HeaderMap) -> Result<Response, Refusal> {
    let (lines, news) = with(&world, |driver| driver.records.lines()).await?;
    let accepts = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    if accepts.contains("text/event-stream") {
        let events = stream::iter(lines)
            .chain(to_come(news))
            .map(|line| Ok::<_, Infallible>(Event::default().data(written(&line))));
        return Ok(Sse::new(events).keep_alive(KeepAlive::default()).into_response());
    }
    let body: String = lines.iter().flat_map(|line| [written(line), "\n".into()]).collect();
    Ok(([(header::CONTENT_TYPE, "application/jsonl")], body).into_response())
}

fn written(line: &Line) -> String {
    serde_json::to_string(line).expect("texts and numbers serialise")
}

/// Records as they come. Whoever is too slow misses some, and sees it by their numbers.
fn to_come(news: broadcast::Receiver<Arc<Line>>) -> impl Stream<Item = Arc<Line>> {
    stream::unfold(news, async |mut news| {
        loop {
            match news.recv().await {
                Ok(line) => return Some((line, news)),
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return None,
            }
        }
    })
}

/// A promise, and how it stands.
#[derive(Serialize, JsonSchema)]
struct Told {
    id: String,
    /// `held`, `violated`, `not_exercised`.
    verdict: &'static str,
    /// How often it was put to the test.
    checks: u64,
    violations: u64,
    /// When it broke first, RFC 3339.
    at: Option<String>,
    /// How it broke, or why it was not put to the test.
    message: Option<String>,
}

fn told(id: &str, verdict: &Verdict, unexercised: &[Unexercised]) -> Told {
    let reason = unexercised.iter().find(|found| found.id == id).map(|found| found.reason.to_owned());
    Told {
        id: id.to_owned(),
        verdict: verdict.word(),
        checks: verdict.checks,
        violations: verdict.violations,
        at: verdict.first.as_ref().map(|first| first.at.to_rfc3339()),
        message: verdict.first.as_ref().map(|first| first.message.clone()).or(reason),
    }
}

/// What nobody watches over has no verdict.
fn is_watched(driver: &Driver<'_>) -> Result<(), Refusal> {
    if driver.watched {
        return Ok(());
    }
    Err(Refusal(
        StatusCode::CONFLICT,
        "nobody watches over the promises: name a scenario, with --scenario or POST /scenario".into(),
    ))
}

async fn verdicts(State(world): State<World>) -> Answer<Vec<Told>> {
    let all = with(&world, |driver| {
        is_watched(driver)?;
        let found = driver.live.verdicts();
        Ok(found.iter().map(|(about, verdict)| told(about.id, verdict, &[])).collect::<Vec<_>>())
    });
    all.await?.map(Json)
}

async fn judge(State(world): State<World>) -> Answer<Vec<Told>> {
    let all = with(&world, |driver| {
        is_watched(driver)?;
        replaceable(driver)?;
        let (found, unexercised) = driver.live.judge();
        driver.watched = false;
        Ok(found.iter().map(|(name, verdict)| told(name.id(), verdict, &unexercised)).collect::<Vec<_>>())
    });
    all.await?.map(Json)
}

fn replaceable(driver: &Driver<'_>) -> Result<(), Refusal> {
    if driver.is_run() {
        return Err(Refusal(StatusCode::CONFLICT, "this world is run to its end by `egress-sim run`".into()));
    }
    Ok(())
}

async fn reset(State(world): State<World>) -> Answer<Nothing> {
    let again = with(&world, |driver| {
        replaceable(driver)?;
        Ok(driver.began.clone())
    });
    let Began { scenario, watched, listens } = again.await??;
    begins(&world, scenario, watched, listens)
}

async fn load(State(world): State<World>, body: Bytes) -> Answer<Nothing> {
    let text = std::str::from_utf8(&body).map_err(|error| bad(format!("expected UTF-8: {error}")))?;
    let is_json = text.trim_start().starts_with('{');
    let toml = if is_json {
        let keys: Map<String, Value> = read(&body)?;
        toml::to_string(&keys).map_err(|error| bad(format!("this cannot be a scenario: {error}")))?
    } else {
        text.to_owned()
    };
    let scenario = parse("scenario", &toml).map_err(|error| bad(error.render("scenario.toml")))?;
    let listens = with(&world, |driver| replaceable(driver).map(|()| driver.began.listens)).await??;
    begins(&world, scenario, true, listens)
}

fn begins(world: &World, scenario: Scenario, watched: bool, listens: bool) -> Answer<Nothing> {
    if !world.begin(Begin { scenario, watched, until: Until::Replaced { listens } }) {
        return Err(gone());
    }
    nothing()
}
