//! `run --operator http://…`: a service that runs by itself is driven through scenarios over real sockets.
//!
//! One set of servers stands for all scenarios, and has one world after another. Each is run to its end with the clock `auto`;
//! what broke is told from a replay of what the sockets brought, in which the service takes no part.

use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use egress_sim_gateway::clock::Mode;
use egress_sim_gateway::driver::{self, Begin, Ended, Until};
use egress_sim_gateway::server::{self, Served};
use egress_sim_gateway::spill::Spill;
use egress_sim_gateway::webhooks::{Keeper, Targets};
use egress_sim_model::live::WakeUp;
use egress_sim_model::property;
use egress_sim_model::scenario::Scenario;
use egress_sim_model::time::Span;
use egress_sim_wire::livekit::Keys;
use http::Uri;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

use super::{Eyes, Run};
use crate::exit::Exit;
use crate::operator::Loaded;
use crate::process::{Process, Service, answers_at};
use crate::report::Report;
use crate::scenarios::Source;
use crate::serve::{runtime, spill, target};
use crate::story::Gatherer;
use crate::trace_file::TraceFile;
use crate::{UserError, bug, console, interrupt};

/// What people's tooling already says.
const S3_KEYS: (&str, &str) = ("minioadmin", "minioadmin");

/// Whether an `OP` is a service that runs by itself.
pub fn is_url(op: &str) -> bool {
    op.starts_with("http://") || op.starts_with("https://")
}

/// Nothing that is said of sockets means anything to an operator that is loaded.
///
/// # Errors
/// A flag that was given all the same.
pub fn refuse(arguments: &Run) -> Result<(), UserError> {
    let given = &arguments.sockets;
    let flags = [
        ("--exec", given.exec.is_some()),
        ("--livekit", given.livekit.is_some()),
        ("--s3", given.s3.is_some()),
        ("--console", given.console.is_some()),
        ("--s3-dir", given.s3_dir.is_some()),
        ("--quiet", given.quiet.is_some()),
        ("--wake-up", !given.wake_up.is_empty()),
        ("--patience", given.patience.is_some()),
        ("--time-limit", given.time_limit.is_some()),
    ];
    match flags.iter().find(|(_, given)| *given) {
        Some((flag, _)) => Err(UserError(format!("{flag} is for a running service: --operator http://…"))),
        None => Ok(()),
    }
}

/// Servers, and the service that is driven.
pub struct Stage<'a> {
    arguments: &'a Run,
    loaded: Loaded,
    runtime: Runtime,
    served: Served,
    service: Service,
    /// The service's process, if it is ours.
    process: Option<Arc<Process>>,
    _spilled: Spilled,
    patience: Duration,
    time_limit: Duration,
    /// What the service is woken for: how often, and where.
    wake_ups: Vec<(Span, String)>,
    ci: bool,
    /// Whether the trace file was written.
    pub traced: Result<(), UserError>,
}

/// Where large bodies are, until the last scenario has been run.
struct Spilled(Option<Arc<Spill>>);

impl Drop for Spilled {
    fn drop(&mut self) {
        // The world's thread holds it as well, and nobody waits for that.
        if let Some(spill) = &self.0 {
            spill.clear();
        }
    }
}

impl<'a> Stage<'a> {
    /// Listens at the three addresses.
    ///
    /// # Errors
    /// An argument or an address that cannot be used.
    pub fn open(arguments: &'a Run, op: &str) -> Result<Stage<'a>, UserError> {
        let given = &arguments.sockets;
        for (flag, is_given) in
            [("--check-determinism", arguments.check_determinism), ("--sweep", arguments.sweep.is_some())]
        {
            if is_given {
                return Err(UserError(format!(
                    "{flag} wants an operator that is loaded: sockets bring things in an order that nobody chose"
                )));
            }
        }
        let service = Service::at(target("--operator", op)?, given.exec.is_some())?;
        let length = |flag: &str, text: &Option<String>, default: &str| {
            let text = text.as_deref().unwrap_or(default);
            let span = Span::parse(text).map_err(|why| UserError(format!("{flag} {text}: {why}")))?;
            Ok::<_, UserError>(Duration::from_nanos(span.0))
        };
        let quiet = length("--quiet", &given.quiet, "2ms")?;
        let patience = length("--patience", &given.patience, "30s")?;
        let time_limit = length("--time-limit", &given.time_limit, "15m")?;
        let wake_ups = given.wake_up.iter().map(|text| wake_up(text)).collect::<Result<Vec<_>, _>>()?;
        let at = |given: Option<SocketAddr>, port: u16| given.unwrap_or_else(|| ([127, 0, 0, 1], port).into());
        let process = given.exec.as_ref().map(|command| Arc::new(Process::new(command, &service, patience)));
        let keeper = process.clone().map(|process| process as Arc<dyn Keeper>);
        let spill = spill(given.s3_dir.as_deref())?;
        let what = server::Serve {
            livekit: at(given.livekit, 7880),
            s3: at(given.s3, 9000),
            control: at(given.console, 7979),
            targets: Targets { webhooks: vec![service.url.clone()], patience, keeper },
            clock: Mode::Auto,
            quiet,
            test_server: Vec::new(),
            keys: Keys { key: "devkey".into(), secret: "secret".into() },
            s3_keys: (S3_KEYS.0.into(), S3_KEYS.1.into()),
            s3_dir: spill.clone(),
        };
        interrupt::ends_all(spill.clone());
        bug::end_at_panics();
        let runtime = runtime()?;
        let served = runtime.block_on(server::serve(what)).map_err(UserError)?;
        if let Some(process) = &process {
            process.is_told(environment(&served, &service.url));
        }
        Ok(Stage {
            arguments,
            loaded: Loaded::on_sockets(op),
            runtime,
            served,
            service,
            process,
            _spilled: Spilled(spill),
            patience,
            time_limit,
            wake_ups,
            ci: console::ci(),
            traced: Ok(()),
        })
    }

    /// One scenario. Whatever goes wrong with it stops no other.
    pub fn one(&mut self, source: Source) -> Report {
        let (name, path) = (source.name(), source.path.display().to_string());
        let op = self.loaded.op.clone();
        let scenario = match source.scenario {
            Ok(scenario) => Rc::new(match self.arguments.crash_at {
                Some(point) => point.added_to(&scenario),
                None => scenario,
            }),
            Err(broken) => {
                console::error(&broken.drawn);
                return Report::error(name, path, op, broken.plain, Exit::Usage);
            }
        };
        let (ended, wall) = match self.play(&scenario) {
            Ok(played) => played,
            Err(error) => {
                console::error(&format!("{path}: {error}"));
                return Report::error(name, path, op, error.0, Exit::Usage);
            }
        };
        let report = self.judged(&scenario, path, ended, wall);
        if report.exit != Exit::Held
            && let Some(said) = self.process.as_ref().and_then(|process| process.last_words())
        {
            console::error(&format!("{}: the last that the service said:\n{said}", report.path));
        }
        report
    }

    /// From the world's beginning to its end.
    fn play(&self, scenario: &Scenario) -> Result<(Ended, Duration), UserError> {
        let world = &self.served.world;
        let (ended, told) = oneshot::channel();
        let run = driver::Run {
            mortal: self.process.is_some(),
            patience: self.patience,
            deadline: Instant::now() + self.time_limit,
            ended,
        };
        world.begin(Begin { scenario: scenario.clone(), watched: true, until: Until::Over(run) });
        let wake_ups = self.wake_ups.clone();
        self.runtime.block_on(world.with(move |driver| {
            for (every, path) in wake_ups {
                let at = driver.live.now() + every;
                driver.live.wake(WakeUp { name: path.clone(), at, every: Some(every), path });
            }
            driver.live.process_starts();
        }));
        let up = match &self.process {
            Some(process) => {
                let (world, handle) = (world.clone(), self.runtime.handle().clone());
                let begun = process.begins(move |why| {
                    let why = format!("the service ended by itself: {why}");
                    handle.block_on(world.with(|driver| driver.break_off(why)));
                });
                begun.and_then(|()| process.start())
            }
            None => answers_at(&self.service, self.patience),
        };
        if let Err(why) = up {
            if let Some(process) = &self.process {
                process.kill();
            }
            self.runtime.block_on(world.with(|driver| driver.break_off(String::new())));
            return Err(UserError(why));
        }
        let started = Instant::now();
        self.runtime.block_on(world.operator_is_up());
        let ended = self.runtime.block_on(told).expect("a run ends before its world does");
        let wall = started.elapsed();
        if let Some(process) = &self.process {
            process.kill();
        }
        Ok((ended, wall))
    }

    /// What it came to; told by a replay, where there is anything to tell.
    fn judged(&mut self, scenario: &Rc<Scenario>, path: String, ended: Ended, wall: Duration) -> Report {
        let Ended { outcome, journal, broken_off } = ended;
        let whole = broken_off.is_none();
        let report = Report::judge(scenario, path, &self.loaded, &outcome, self.ci);
        let mut report = report.outside(self.arguments.sockets.exec.clone(), &outcome.unexercised, broken_off);
        report.wall_ms = wall.as_secs_f64() * 1e3;
        report.crash_at = self.arguments.crash_at;
        let start = scenario.world.start;
        let mut eyes =
            Eyes { gatherer: report.main_violation().map(|violation| Gatherer::new(violation, start)), trace: None };
        if let Some(file) = &self.arguments.trace {
            match TraceFile::create(file) {
                Ok(trace) => eyes.trace = Some(trace),
                Err(error) => self.traced = Err(error),
            }
        }
        if eyes.gatherer.is_none() && eyes.trace.is_none() {
            return report;
        }
        let again = journal.replay(scenario, property::builtin(), Some(&mut eyes), whole);
        if let Some(trace) = eyes.trace {
            self.traced = trace.finish();
        }
        assert_eq!(again.trace_hash, outcome.trace_hash, "the same steps make the same records");
        report.story = eyes.gatherer.map(Gatherer::finish);
        report
    }
}

/// `EVERY=PATH`
fn wake_up(text: &str) -> Result<(Span, String), UserError> {
    let parts = text.split_once('=').and_then(|(every, path)| Some((Span::parse(every).ok()?, path)));
    match parts {
        Some((every, path)) if every > Span::ZERO && path.starts_with('/') => Ok((every, path.to_owned())),
        _ => Err(UserError(format!("--wake-up {text}: expected how often and where, such as 1d=/cron/daily"))),
    }
}

/// What a service reads from its environment, as people's tooling spells it.
fn environment(served: &Served, url: &Uri) -> Vec<(&'static str, String)> {
    vec![
        ("LIVEKIT_URL", format!("http://{}", served.livekit)),
        ("LIVEKIT_API_KEY", "devkey".into()),
        ("LIVEKIT_API_SECRET", "secret".into()),
        ("AWS_ENDPOINT_URL_S3", format!("http://{}", served.s3)),
        ("AWS_ACCESS_KEY_ID", S3_KEYS.0.into()),
        ("AWS_SECRET_ACCESS_KEY", S3_KEYS.1.into()),
        ("AWS_REGION", "us-east-1".into()),
        ("EGRESS_SIM_URL", format!("http://{}", served.control)),
        ("PORT", url.port_u16().unwrap_or(80).to_string()),
    ]
}
