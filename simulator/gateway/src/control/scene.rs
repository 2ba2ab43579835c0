//! The world itself: calls, participants, faults, commands, and what there is of egresses and objects.

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use egress_sim_model::livekit::{TrackSource, proto};
use egress_sim_model::scenario::Scenario;
use egress_sim_model::scenario::file::parse;
use egress_sim_model::scenario::write::write;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::route::Route;
use super::{Answer, Body, Nothing, Refusal, bad, not_found, nothing, with};
use crate::driver::World;

/// The keys of one table of a scenario file.
type Table = Map<String, Value>;

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::post("/calls", "A call begins now: the keys of one [[call]].", start_call)
            .takes::<Table>()
            .answers::<Begun>(),
        Route::delete("/calls/{room}", "A call ends.", end_call).answers::<Nothing>(),
        Route::post("/calls/{room}/participants", "Somebody joins and publishes.", join)
            .takes::<Join>()
            .answers::<Nothing>(),
        Route::delete("/calls/{room}/participants/{identity}", "Somebody leaves.", leave).answers::<Nothing>(),
        Route::get("/faults", "Faults, and how often they have struck.", faults).answers::<Vec<InForce>>(),
        Route::post("/faults", "A fault comes into force: the keys of one [[fault]].", inject)
            .takes::<Table>()
            .answers::<Injected>(),
        Route::delete("/faults/{number}", "A fault strikes no more.", clear).answers::<Nothing>(),
        Route::post("/commands", "A command is given: the keys of one [[command]].", command)
            .takes::<Table>()
            .answers::<Nothing>(),
        Route::get("/egresses", "Every EgressInfo.", egresses).answers::<Vec<Table>>(),
        Route::get("/buckets", "Every bucket.", buckets).answers::<Vec<Bucket>>(),
        Route::get("/buckets/{bucket}", "Every version in a bucket.", objects).answers::<Vec<Listed>>(),
    ]
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

#[derive(Serialize, JsonSchema)]
struct Begun {
    /// Its name.
    room: String,
}

async fn start_call(State(world): State<World>, Body(wanted): Body<Value>) -> Answer<Begun> {
    let mut scenario = table(&world, "call", wanted).await?;
    let call = scenario.calls.pop().ok_or_else(|| bad("expected the keys of one [[call]]"))?;
    let room = call.room_name(0);
    let begun = with(&world, move |driver| driver.live.start_call(call)).await?;
    begun.map_err(|why| Refusal(StatusCode::CONFLICT, why))?;
    Ok(Json(Begun { room }))
}

async fn end_call(State(world): State<World>, Path(room): Path<String>) -> Answer<Nothing> {
    let named = room.clone();
    let done = with(&world, move |driver| driver.live.end_call(&named)).await?;
    if done { nothing() } else { Err(not_found(format!("there is no room \"{room}\""))) }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Join {
    identity: String,
    #[serde(default)]
    tracks: Vec<String>,
}

async fn join(State(world): State<World>, Path(room): Path<String>, Body(who): Body<Join>) -> Answer<Nothing> {
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
    nothing()
}

async fn leave(State(world): State<World>, Path((room, identity)): Path<(String, String)>) -> Answer<Nothing> {
    let done = with(&world, move |driver| driver.live.leave(&room, &identity)).await?;
    if done { nothing() } else { Err(not_found("nobody of that name is in that room")) }
}

#[derive(Serialize, JsonSchema)]
struct Injected {
    /// Its number.
    fault: usize,
}

async fn inject(State(world): State<World>, Body(wanted): Body<Value>) -> Answer<Injected> {
    let mut scenario = table(&world, "fault", wanted).await?;
    let fault = scenario.faults.pop().ok_or_else(|| bad("expected the keys of one [[fault]]"))?;
    let number = with(&world, move |driver| driver.live.inject(fault)).await?;
    Ok(Json(Injected { fault: number }))
}

/// A fault of the scenario, or one that was injected.
#[derive(Serialize, JsonSchema)]
struct InForce {
    /// Its kind.
    r#do: &'static str,
    /// How often it has struck.
    fired: u64,
    /// It strikes no more.
    cleared: bool,
}

async fn faults(State(world): State<World>) -> Answer<Vec<InForce>> {
    let faults = with(&world, |driver| {
        let (fired, cleared) = (driver.live.fired(), driver.live.cleared());
        let all = driver.live.state().scenario.faults.iter().zip(fired).zip(cleared);
        all.map(|((fault, fired), cleared)| InForce { r#do: fault.kind.name, fired, cleared }).collect::<Vec<_>>()
    });
    faults.await.map(Json)
}

async fn clear(State(world): State<World>, number: Result<Path<usize>, PathRejection>) -> Answer<Nothing> {
    let Path(number) = number.map_err(|rejection| bad(rejection.body_text()))?;
    let done = with(&world, move |driver| driver.live.clear(number)).await?;
    if done {
        nothing()
    } else {
        Err(not_found(format!("there is no fault {number} in force; GET /faults lists them")))
    }
}

async fn command(State(world): State<World>, Body(wanted): Body<Value>) -> Answer<Nothing> {
    let mut scenario = table(&world, "command", wanted).await?;
    let command = scenario.commands.pop().ok_or_else(|| bad("expected the keys of one [[command]]"))?;
    with(&world, move |driver| driver.live.command(command)).await?.map_err(bad)?;
    nothing()
}

async fn egresses(State(world): State<World>) -> Answer<Vec<Value>> {
    let all = with(&world, |driver| {
        let all = driver.live.state().egresses.iter();
        all.map(|egress| {
            serde_json::from_slice(&proto::canonical_json(&proto::egress_info(&egress.info))).unwrap_or(Value::Null)
        })
        .collect::<Vec<Value>>()
    });
    all.await.map(Json)
}

#[derive(Serialize, JsonSchema)]
struct Bucket {
    name: String,
    region: String,
    /// How many have a version.
    keys: usize,
}

async fn buckets(State(world): State<World>) -> Answer<Vec<Bucket>> {
    let all = with(&world, |driver| {
        let buckets = driver.live.state().sink.buckets.iter();
        let told = buckets.map(|(name, bucket)| Bucket {
            name: name.clone(),
            region: bucket.region.clone(),
            keys: bucket.keys.values().count(),
        });
        told.collect::<Vec<_>>()
    });
    all.await.map(Json)
}

#[derive(Serialize, JsonSchema)]
struct Listed {
    key: String,
    version_id: String,
    delete_marker: bool,
    /// In bytes; null: a delete marker.
    size: Option<u64>,
    /// RFC 3339.
    last_modified: String,
}

async fn objects(State(world): State<World>, Path(name): Path<String>) -> Answer<Vec<Listed>> {
    let named = name.clone();
    let all = with(&world, move |driver| {
        let bucket = driver.live.state().sink.buckets.get(&named)?;
        let versions = bucket.keys.iter().flat_map(|(key, versions)| {
            versions.0.iter().map(move |version| Listed {
                key: key.to_string(),
                version_id: version.name().to_owned(),
                delete_marker: version.is_marker(),
                size: version.content.as_ref().map(|content| content.size),
                last_modified: version.at.to_rfc3339(),
            })
        });
        Some(versions.collect::<Vec<_>>())
    });
    all.await?.map(Json).ok_or_else(|| not_found(format!("there is no bucket \"{name}\"")))
}
