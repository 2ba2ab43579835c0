//! `egress-sim serve`: the world behind sockets, until it is interrupted.

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use egress_sim_gateway::clock::Mode;
use egress_sim_gateway::driver::{Begin, Until, wall_clock};
use egress_sim_gateway::server::{self, Served};
use egress_sim_gateway::spill::Spill;
use egress_sim_gateway::webhooks::Targets;
use egress_sim_model::scenario::Scenario;
use egress_sim_model::scenario::file::parse;
use egress_sim_model::time::Span;
use egress_sim_wire::livekit::Keys;
use tokio::runtime::Runtime;

use crate::arguments::Serve;
use crate::exit::Exit;
use crate::scenarios::{self, Source};
use crate::{UserError, bug, console, interrupt};

/// How long a receiver of webhooks may take. LiveKit itself waits for ever; a test should end.
const PATIENCE: Duration = Duration::from_mins(2);

/// The world where nobody names one: somewhere for recordings to go, no time lost in calls, and no end in sight.
const WORLD: &str = r#"
format = 1
[world]
horizon = "36500d"
livekit_latency = "0s"
s3_latency = "0s"
[[tenant]]
name = "default"
buckets = ["recordings"]
"#;

/// Serves until the process is interrupted.
///
/// # Errors
/// An argument, a scenario or an address that cannot be used.
pub fn serve(arguments: &Serve) -> Result<Exit, UserError> {
    let clock = Mode::parse(&arguments.clock).map_err(|why| UserError(format!("--clock: {why}")))?;
    let quiet =
        Span::parse(&arguments.quiet).map_err(|why| UserError(format!("--quiet {}: {why}", arguments.quiet)))?;
    let webhooks = arguments.webhook.iter().map(|url| target("--webhook", url)).collect::<Result<Vec<_>, _>>()?;
    let begin = Begin {
        scenario: scenario(arguments)?,
        watched: arguments.scenario.is_some(),
        until: Until::Replaced { listens: !webhooks.is_empty() },
    };
    let spill = spill(arguments.s3_dir.as_deref())?;
    let what = server::Serve {
        livekit: arguments.livekit,
        s3: arguments.s3,
        control: arguments.console,
        targets: Targets { webhooks, patience: PATIENCE, keeper: None },
        clock,
        quiet: Duration::from_nanos(quiet.0),
        test_server: arguments.test_server.clone(),
        keys: Keys { key: arguments.api_key.clone(), secret: arguments.api_secret.clone() },
        s3_keys: ("minioadmin".into(), "minioadmin".into()),
        s3_dir: spill.clone(),
    };
    interrupt::ends_well(spill);
    bug::end_at_panics();
    let runtime = runtime()?;
    runtime.block_on(async {
        let Served { livekit, s3, control, test_server, world } = server::serve(what).await.map_err(UserError)?;
        world.begin(begin);
        console::print(&format!(
            "LiveKit API   http://{livekit}  key {}, secret {}\n\
             S3            http://{s3}  minioadmin, minioadmin\n\
             control API   http://{control}\n",
            arguments.api_key, arguments.api_secret
        ))?;
        if let [first, ..] = test_server.as_slice() {
            console::print(&format!("test server   http://{first}  {} regions\n", test_server.len()))?;
        }
        // Nothing ends it but a signal.
        std::future::pending::<()>().await;
        drop(world);
        Ok(Exit::Held)
    })
}

/// Threads to serve with: one for each core but that of the world's own thread. More of them wake each other for every request,
/// and on a machine with two cores a request takes twice the work.
///
/// # Errors
/// A system that gives none.
pub fn runtime() -> Result<Runtime, UserError> {
    let cores = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    let threads = builder.worker_threads(cores.saturating_sub(1).max(1)).enable_all().build();
    threads.map_err(|error| UserError(format!("no threads can be started to serve with: {error}")))
}

fn scenario(arguments: &Serve) -> Result<Scenario, UserError> {
    let Some(path) = &arguments.scenario else {
        let mut world = parse("serve", WORLD).expect("our own scenario is well formed");
        world.world.start = wall_clock();
        return Ok(world);
    };
    let mut read = scenarios::read_all(std::slice::from_ref(path))?;
    let (Some(Source { scenario, .. }), true) = (read.pop(), read.is_empty()) else {
        return Err(UserError(format!("--scenario {}: expected one file", path.display())));
    };
    scenario.map_err(|broken| UserError(broken.plain))
}

/// Where large bodies are to go; none: they stay in memory.
///
/// # Errors
/// A directory that cannot be written to.
pub fn spill(directory: Option<&Path>) -> Result<Option<Arc<Spill>>, UserError> {
    let spill = directory.map(Spill::open).transpose();
    spill.map_err(|why| UserError(format!("--s3-dir: {why}")))
}

/// Where webhooks are to go.
///
/// # Errors
/// Anything but a url that begins with `http://`; `flag` is where it was given.
pub fn target(flag: &str, url: &str) -> Result<http::Uri, UserError> {
    let uri: http::Uri = url.parse().map_err(|error| UserError(format!("{flag} {url}: {error}")))?;
    if uri.scheme_str() == Some("http") && uri.host().is_some() {
        return Ok(uri);
    }
    Err(UserError(format!(
        "{flag} {url}: expected a url that begins with http://, such as http://127.0.0.1:8080/webhook"
    )))
}
