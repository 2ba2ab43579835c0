//! The evidence ports: an operator shows its work. Each is a call into the world.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use egress_sim_model::call::{AuditRecord, Call, Timer};
use egress_sim_model::time::Time;
use egress_sim_wire::evidence::{self, Always, Boot, Commit, Committed, Kept, Link, Retract, Sometimes, Stored};
use schemars::JsonSchema;
use serde::Deserialize;

use super::route::Route;
use super::{Answer, Asked, Body, Nothing, Own, Refusal, bad, moment, read, span, with};
use crate::driver::World;
use crate::server::Broken;

/// Rows and state keys of one page where the request does not say.
const PAGE: u32 = 1000;

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/boot", "What an operator would read from its environment.", boot).answers::<Boot>(),
        Route::post("/commit", "Writes inventory rows and state keys: all of them or none.", asks::<Commit>)
            .takes::<Commit>()
            .answers::<Committed>(),
        Route::get("/inventory", "Rows of one tenant, or of all.", rows)
            .query(&["tenant", "after", "limit"])
            .answers::<Vec<Stored>>(),
        Route::get("/inventory/{egress_id}", "One row.", row).answers::<Stored>(),
        Route::get("/state", "State keys that begin so.", entries)
            .query(&["prefix", "after", "limit"])
            .answers::<Vec<Kept>>(),
        Route::get("/state/{*key}", "One state key.", entry).answers::<Kept>(),
        Route::post("/audit", "Appends one record, or a list of them.", audit).takes::<Records>().answers::<Nothing>(),
        Route::post("/publish", "Gives viewers a playback link.", asks::<Link>).takes::<Link>().answers::<Nothing>(),
        Route::post("/retract", "Takes back every link of an egress.", asks::<Retract>)
            .takes::<Retract>()
            .answers::<Nothing>(),
        Route::post("/check/always", "A promise of the author's own: it must hold each time.", asks::<Always>)
            .takes::<Always>()
            .answers::<Nothing>(),
        Route::post("/check/sometimes", "It must happen at least once in a campaign.", asks::<Sometimes>)
            .takes::<Sometimes>()
            .answers::<Nothing>(),
        Route::put("/timers/{name}", "Sets a durable timer.", set_timer).takes::<SetTimer>().answers::<Nothing>(),
        Route::delete("/timers/{name}", "Cancels a timer.", cancel_timer).answers::<Nothing>(),
    ]
}

/// A call, and the answer to it.
async fn asked(world: &World, call: Call) -> Response {
    let Some(reply) = world.reply(call.clone()).await else { return Broken::response().map(axum::body::Body::from) };
    let (status, answer) = evidence::answer(&call, &reply);
    (StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST), Json(answer)).into_response()
}

async fn asks<T: Into<Call>>(State(world): State<World>, Body(wanted): Body<T>) -> Response {
    asked(&world, wanted.into()).await
}

async fn boot(State(world): State<World>, State(own): State<Own>) -> Answer<Boot> {
    let mut boot = with(&world, |driver| driver.live.boot()).await?;
    boot.livekit_url = own.livekit_url;
    boot.s3_url = own.s3_url;
    (boot.api_key, boot.api_secret) = (own.keys.key, own.keys.secret);
    (boot.s3_access_key, boot.s3_secret_key) = own.s3_keys;
    Ok(Json(boot.into()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Scan {
    tenant: Option<String>,
    #[serde(default)]
    prefix: String,
    after: Option<String>,
    limit: Option<u32>,
}

async fn rows(State(world): State<World>, Asked(scan): Asked<Scan>) -> Result<Response, Refusal> {
    let limit = scan.limit.unwrap_or(PAGE);
    if let Some(tenant) = scan.tenant {
        return Ok(asked(&world, Call::InventoryScan { tenant, after: scan.after, limit }).await);
    }
    let all = with(&world, |driver| {
        let rows = &driver.live.state().ports.rows;
        rows.values().map(Stored::from).collect::<Vec<_>>()
    });
    Ok(Json(all.await?).into_response())
}

async fn row(State(world): State<World>, Path(egress_id): Path<String>) -> Response {
    asked(&world, Call::InventoryGet { egress_id }).await
}

async fn entries(State(world): State<World>, Asked(scan): Asked<Scan>) -> Response {
    let limit = scan.limit.unwrap_or(PAGE);
    asked(&world, Call::StateScan { prefix: scan.prefix, after: scan.after, limit }).await
}

async fn entry(State(world): State<World>, Path(key): Path<String>) -> Response {
    asked(&world, Call::StateGet { key }).await
}

/// One record, or a list of them.
#[derive(JsonSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "it only describes the body: what is wrong in one of the two is to be told by itself")]
enum Records {
    One(AuditRecord),
    Many(Vec<AuditRecord>),
}

async fn audit(State(world): State<World>, body: Bytes) -> Result<Response, Refusal> {
    let many = body.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[');
    let records: Vec<AuditRecord> = if many { read(&body)? } else { vec![read(&body)?] };
    Ok(asked(&world, Call::AuditAppend(records)).await)
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct SetTimer {
    /// When, RFC 3339.
    at: Option<String>,
    /// Or so long from now, such as `"90d"`.
    r#in: Option<String>,
    /// Free text.
    #[serde(default)]
    payload: String,
}

/// A moment that is given as `at`, or as `in` so long from now.
pub(super) async fn at_or_in(world: &World, at: Option<&str>, within: Option<&str>) -> Result<Option<Time>, Refusal> {
    match (at, within) {
        (Some(_), Some(_)) => Err(bad("expected either \"at\" or \"in\", not both")),
        (Some(at), None) => moment("at", at).map(Some),
        (None, Some(within)) => {
            let within = span("in", within)?;
            let now = with(world, |driver| driver.live.now()).await?;
            Ok(Some(Time(now.0.saturating_add(within.0))))
        }
        (None, None) => Ok(None),
    }
}

async fn set_timer(
    State(world): State<World>,
    Path(name): Path<String>,
    Body(wanted): Body<SetTimer>,
) -> Result<Response, Refusal> {
    let at = at_or_in(&world, wanted.at.as_deref(), wanted.r#in.as_deref()).await?;
    let at =
        at.ok_or_else(|| bad("expected either \"at\", a moment in RFC 3339, or \"in\", a duration such as \"90d\""))?;
    Ok(asked(&world, Call::SetTimer(Timer { name, at, payload: wanted.payload })).await)
}

async fn cancel_timer(State(world): State<World>, Path(name): Path<String>) -> Response {
    asked(&world, Call::CancelTimer { name }).await
}
