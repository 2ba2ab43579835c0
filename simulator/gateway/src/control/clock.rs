//! Time, for whoever drives the world and for a process that works in the background.

use std::time::Duration;

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use egress_sim_model::live::WakeUp;
use egress_sim_model::time::{Span, Time};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::evidence::at_or_in;
use super::route::Route;
use super::{Answer, Body, Nothing, bad, gone, moment, not_found, nothing, span, with};
use crate::driver::World;

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/", "The clock, and what is under way.", status).answers::<Status>(),
        Route::get("/clock", "The clock, and what is under way.", status).answers::<Status>(),
        Route::post("/clock/advance", "Moves the clock.", advance).takes::<Advance>().answers::<Now>(),
        Route::post("/leases", "Somebody works in the background: `auto` waits.", lease)
            .takes::<Lease>()
            .answers::<Leased>(),
        Route::delete("/leases/{lease}", "They are done.", release).answers::<Nothing>(),
        Route::get("/wake-ups", "Wake-ups that are to come.", wake_ups).answers::<Vec<ToCome>>(),
        Route::put("/wake-ups/{name}", "The world is to stop at a moment, and post to the operator.", wake)
            .takes::<Wake>()
            .answers::<First>(),
        Route::delete("/wake-ups/{name}", "It is not.", let_sleep).answers::<Nothing>(),
    ]
}

#[derive(Serialize, JsonSchema)]
struct Status {
    /// RFC 3339.
    now: String,
    /// When something happens of itself; null: nothing will.
    next: Option<String>,
    under_way: UnderWay,
}

#[derive(Serialize, JsonSchema)]
struct UnderWay {
    /// Without a reply.
    calls: usize,
    /// Without an answer.
    deliveries: usize,
    /// What they are for.
    leases: Vec<String>,
}

async fn status(State(world): State<World>) -> Answer<Status> {
    let status = with(&world, |driver| {
        let (calls, deliveries, leases) = driver.under_way();
        Status {
            now: driver.live.now().to_rfc3339(),
            next: driver.live.next_at().map(Time::to_rfc3339),
            under_way: UnderWay { calls, deliveries, leases },
        }
    });
    status.await.map(Json)
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Advance {
    /// By so much, such as `"90d"`.
    by: Option<String>,
    /// To this moment, RFC 3339.
    to: Option<String>,
}

#[derive(Serialize, JsonSchema)]
struct Now {
    /// RFC 3339.
    now: String,
}

async fn advance(State(world): State<World>, Body(wanted): Body<Advance>) -> Answer<Now> {
    let by = wanted.by.as_deref().map(|by| span("by", by)).transpose()?;
    let to = wanted.to.as_deref().map(|to| moment("to", to)).transpose()?;
    if by.is_none() == to.is_none() {
        return Err(bad("expected either \"by\", a duration such as \"90d\", or \"to\", a moment in RFC 3339"));
    }
    let moving = with(&world, move |driver| {
        let now = driver.live.now();
        let by = now.0.saturating_add(by.unwrap_or_default().0);
        driver.advance(to.unwrap_or(Time(by)))
    });
    let now = moving.await?.map_err(bad)?.await.map_err(|_| gone())?;
    Ok(Json(Now { now: now.to_rfc3339() }))
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Lease {
    /// What for.
    r#for: Option<String>,
    /// It ends of itself after so long, by the wall clock, such as `"1m"`.
    ttl: Option<String>,
}

#[derive(Serialize, JsonSchema)]
struct Leased {
    /// Its number.
    lease: u64,
}

async fn lease(State(world): State<World>, Body(wanted): Body<Lease>) -> Answer<Leased> {
    let what = wanted.r#for.unwrap_or_else(|| "work in the background".into());
    let ttl = wanted.ttl.as_deref().map(|ttl| span("ttl", ttl)).transpose()?;
    let ttl = ttl.map(|ttl| Duration::from_nanos(ttl.0));
    Ok(Json(Leased { lease: with(&world, move |driver| driver.lease(what, ttl)).await? }))
}

async fn release(State(world): State<World>, lease: Result<Path<u64>, PathRejection>) -> Answer<Nothing> {
    let Path(lease) = lease.map_err(|rejection| bad(rejection.body_text()))?;
    let done = with(&world, move |driver| driver.release(lease)).await?;
    if done { nothing() } else { Err(not_found(format!("there is no lease {lease}"))) }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Wake {
    /// When, RFC 3339.
    at: Option<String>,
    /// Or so long from now, such as `"1h"`.
    r#in: Option<String>,
    /// Again and again, so far apart, such as `"1d"`.
    every: Option<String>,
    /// Where it is posted to.
    path: Option<String>,
}

#[derive(Serialize, JsonSchema)]
struct First {
    /// When it comes for the first time, RFC 3339.
    at: String,
}

async fn wake(State(world): State<World>, Path(name): Path<String>, Body(wanted): Body<Wake>) -> Answer<First> {
    let every = wanted.every.as_deref().map(|every| span("every", every)).transpose()?;
    if every == Some(Span::ZERO) {
        return Err(bad("every: expected a duration that is longer than nothing"));
    }
    let path = wanted.path.unwrap_or_else(|| "/wake-ups".into());
    if !path.starts_with('/') || path.parse::<http::uri::PathAndQuery>().is_err() {
        return Err(bad(format!("path: \"{path}\" is no path on the operator's origin, such as \"/cron/daily\"")));
    }
    let at = match (at_or_in(&world, wanted.at.as_deref(), wanted.r#in.as_deref()).await?, every) {
        (Some(at), _) => at,
        (None, Some(every)) => {
            let now = with(&world, |driver| driver.live.now()).await?;
            Time(now.0.saturating_add(every.0))
        }
        (None, None) => return Err(bad("expected \"at\", \"in\" or \"every\"")),
    };
    with(&world, move |driver| driver.live.wake(WakeUp { name, at, every, path })).await?;
    Ok(Json(First { at: at.to_rfc3339() }))
}

/// A wake-up that is to come.
#[derive(Serialize, JsonSchema)]
struct ToCome {
    name: String,
    /// RFC 3339.
    at: String,
    /// How far apart; null: it comes once.
    every: Option<String>,
    /// Where it is posted to.
    path: String,
}

async fn wake_ups(State(world): State<World>) -> Answer<Vec<ToCome>> {
    let all = with(&world, |driver| {
        let words = |wake_up: &WakeUp| ToCome {
            name: wake_up.name.clone(),
            at: wake_up.at.to_rfc3339(),
            every: wake_up.every.map(|every| every.to_string()),
            path: wake_up.path.clone(),
        };
        driver.live.wake_ups().map(words).collect::<Vec<_>>()
    });
    all.await.map(Json)
}

async fn let_sleep(State(world): State<World>, Path(name): Path<String>) -> Answer<Nothing> {
    let named = name.clone();
    let known = with(&world, move |driver| driver.live.let_sleep(&named)).await?;
    if known { nothing() } else { Err(not_found(format!("there is no wake-up \"{name}\""))) }
}
