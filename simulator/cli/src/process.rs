//! `--exec`: the operator's process, started for a scenario and ended with it, killed by faults and started again.
//!
//! It runs in a shell and a process group of its own, so that whatever it has started ends with it. What it says on
//! stdout and stderr is kept, and its end shown where something went wrong.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::net::{TcpListener, TcpStream, ToSocketAddrs as _};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use egress_sim_gateway::webhooks::Keeper;
use http::Uri;
use tempfile::TempDir;

use crate::{UserError, console};

/// How often it is tried whether a service listens.
const BETWEEN: Duration = Duration::from_millis(5);

/// How long sockets of a killed process may outlive it.
const LINGERING: Duration = Duration::from_secs(2);

/// Bytes and lines of what a service said that are shown.
const SHOWN_BYTES: u64 = 8 << 10;
const SHOWN_LINES: usize = 20;

/// Every process that runs, for whoever ends the program.
static RUNNING: Mutex<Vec<u32>> = Mutex::new(Vec::new());

/// The directory of the scenario that is played, for the same.
static DIRECTORY: Mutex<Option<TempDir>> = Mutex::new(None);

/// What a service reads from its environment to find the directory.
const DIRECTORY_VARIABLE: &str = "EGRESS_SIM_DIR";

/// The ports that a service may be given: below what Linux (32768), macOS and Windows (49152) give to whoever asks for any.
const FIRST_OWN_PORT: u16 = 20_000;
/// See [`FIRST_OWN_PORT`].
const OWN_PORTS: u32 = 12_000;

/// Where a service takes webhooks.
#[derive(Clone, Debug)]
pub struct Service {
    /// As it was given, with its port.
    pub url: Uri,
    /// `host:port`
    address: String,
}

impl Service {
    /// Of a url. `ours`: we start it, so port 0 is any that is free.
    ///
    /// # Errors
    /// Port 0 of a service that is not ours; no free port.
    pub fn at(url: Uri, ours: bool) -> Result<Service, UserError> {
        let host = url.host().unwrap_or_default().to_owned();
        let port = match url.port_u16() {
            Some(0) if ours => free_port(&host)?,
            Some(0) => {
                return Err(UserError("--operator: port 0 is for --exec, which says by PORT which one it is".into()));
            }
            given => given.unwrap_or(80),
        };
        let address = format!("{host}:{port}");
        let mut parts = url.into_parts();
        parts.authority = address.parse().ok();
        let url = Uri::from_parts(parts).map_err(|error| UserError(format!("--operator: {error}")))?;
        Ok(Service { url, address })
    }

    fn listens(&self) -> bool {
        let addresses = self.address.to_socket_addrs();
        addresses.is_ok_and(|mut addresses| {
            addresses.any(|address| TcpStream::connect_timeout(&address, Duration::from_secs(1)).is_ok())
        })
    }
}

/// A port that nothing listens at. The service listens there a moment later, so it is none of those that the system gives to
/// whoever asks for any.
fn free_port(host: &str) -> Result<u16, UserError> {
    let first = std::process::id();
    let ports = (0..OWN_PORTS).map(|next| FIRST_OWN_PORT + ((first + next) % OWN_PORTS) as u16);
    let mut refused = String::from("none was tried");
    for port in ports {
        match TcpListener::bind((host, port)) {
            Ok(_) => return Ok(port),
            Err(error) => refused = error.to_string(),
        }
    }
    Err(UserError(format!("--operator: no free port at {host}: {refused}")))
}

/// Waits until a service listens that somebody else has started.
///
/// # Errors
/// It does not.
pub fn answers_at(service: &Service, patience: Duration) -> Result<(), String> {
    let since = Instant::now();
    while !service.listens() {
        if since.elapsed() >= patience {
            return Err(format!(
                "nobody listens at {} ({patience:?} were waited): start the service first, or let --exec 'CMD' start it",
                service.url
            ));
        }
        thread::sleep(BETWEEN);
    }
    Ok(())
}

/// See the head of this file.
pub struct Process {
    command: String,
    service: Service,
    patience: Duration,
    now: Arc<(Mutex<Now>, Condvar)>,
}

/// How it stands with the process.
#[derive(Default)]
struct Now {
    environment: Vec<(&'static str, String)>,
    /// What it says, since the scenario began.
    said: Option<File>,
    running: Option<u32>,
    /// It listens: if it ends now, it does so by itself.
    up: bool,
    /// How it ended, unless we have killed it.
    ended: Option<String>,
    told: Option<Arc<dyn Fn(String) + Send + Sync>>,
}

impl Process {
    /// One that was not started yet.
    pub fn new(command: &str, service: &Service, patience: Duration) -> Process {
        Process { command: command.to_owned(), service: service.clone(), patience, now: Arc::default() }
    }

    /// What it reads from its environment.
    pub fn is_told(&self, environment: Vec<(&'static str, String)>) {
        self.now().environment = environment;
    }

    /// A scenario begins, and with it an empty directory that outlives the process but not the scenario: what a service keeps
    /// in a file it keeps there. `told`: it has ended by itself, and how.
    ///
    /// # Errors
    /// There is no place for temporary files.
    pub fn begins(&self, told: impl Fn(String) + Send + Sync + 'static) -> Result<(), String> {
        let directory = TempDir::with_prefix("egress-sim-")
            .map_err(|error| format!("no directory can be made for what the service keeps: {error}"))?;
        let mut now = self.now();
        now.environment.retain(|(name, _)| *name != DIRECTORY_VARIABLE);
        now.environment.push((DIRECTORY_VARIABLE, directory.path().display().to_string()));
        now.said = tempfile::tempfile().ok();
        now.told = Some(Arc::new(told));
        // The one of the scenario before goes.
        *DIRECTORY.lock().unwrap_or_else(PoisonError::into_inner) = Some(directory);
        Ok(())
    }

    /// The end of what it said; none: nothing.
    pub fn last_words(&self) -> Option<String> {
        let mut now = self.now();
        let said = now.said.as_mut()?;
        let length = said.seek(SeekFrom::End(0)).ok()?;
        said.seek(SeekFrom::Start(length.saturating_sub(SHOWN_BYTES))).ok()?;
        let mut bytes = Vec::new();
        said.read_to_end(&mut bytes).ok()?;
        let text = String::from_utf8_lossy(&bytes);
        let lines: Vec<&str> = text.lines().collect();
        let shown = &lines[lines.len().saturating_sub(SHOWN_LINES)..];
        let shown: Vec<String> = shown.iter().map(|line| format!("  {}", console::escape(line))).collect();
        (!shown.is_empty()).then(|| shown.join("\n"))
    }

    fn now(&self) -> MutexGuard<'_, Now> {
        self.now.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn spawn(&self) -> Result<(), String> {
        let mut now = self.now();
        let output = || {
            let said = now.said.as_ref().and_then(|said| said.try_clone().ok());
            said.map_or_else(Stdio::null, Stdio::from)
        };
        let mut command = shell(&self.command);
        command
            .stdin(Stdio::null())
            .stdout(output())
            .stderr(output())
            .envs(now.environment.iter().map(|(k, v)| (k, v)));
        // Whoever ends the program in between ends it, too.
        let mut all = running();
        let child = command.spawn().map_err(|error| format!("--exec '{}' cannot be started: {error}", self.command))?;
        let id = child.id();
        all.push(id);
        drop(all);
        now.running = Some(id);
        now.up = false;
        now.ended = None;
        let shared = Arc::clone(&self.now);
        thread::spawn(move || waits(child, &shared));
        Ok(())
    }

    fn comes_up(&self) -> Result<(), String> {
        let since = Instant::now();
        loop {
            if let Some(how) = &self.now().ended {
                return Err(format!(
                    "--exec '{}' ended before it listened at {}: {how}",
                    self.command, self.service.url
                ));
            }
            if self.service.listens() {
                let mut now = self.now();
                if now.ended.is_none() {
                    now.up = true;
                    return Ok(());
                }
                continue;
            }
            if since.elapsed() >= self.patience {
                return Err(format!(
                    "--exec '{}' runs, but did not listen at {} within {:?}: it is to listen there, or --operator names another \
                     place (PORT in its environment says which port)",
                    self.command, self.service.url, self.patience
                ));
            }
            thread::sleep(BETWEEN);
        }
    }

    fn with_last_words(&self, why: &str) -> String {
        match self.last_words() {
            Some(said) => format!("{why}. The last that it said:\n{said}"),
            None => format!("{why}. It said nothing"),
        }
    }
}

impl Keeper for Process {
    fn kill(&self) {
        let (lock, ended) = &*self.now;
        let mut now = lock.lock().unwrap_or_else(PoisonError::into_inner);
        now.up = false;
        let Some(id) = now.running else { return };
        kill(id);
        while now.running == Some(id) {
            now = ended.wait(now).unwrap_or_else(PoisonError::into_inner);
        }
        drop(now);
        // What it had started may let go of the port a little later.
        let since = Instant::now();
        while self.service.listens() && since.elapsed() < LINGERING {
            thread::sleep(BETWEEN);
        }
    }

    fn start(&self) -> Result<(), String> {
        if self.service.listens() {
            return Err(format!(
                "something listens at {} already; end it, or leave out --exec to drive that",
                self.service.url
            ));
        }
        self.spawn()?;
        self.comes_up().map_err(|why| self.with_last_words(&why))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
        drop(DIRECTORY.lock().unwrap_or_else(PoisonError::into_inner).take());
    }
}

/// Waits for a process to end.
fn waits(mut child: Child, shared: &(Mutex<Now>, Condvar)) {
    let id = child.id();
    let how = child.wait().map_or_else(|error| error.to_string(), |status| status.to_string());
    running().retain(|running| *running != id);
    // Whatever it has started and left behind.
    kill(id);
    let mut now = shared.0.lock().unwrap_or_else(PoisonError::into_inner);
    now.running = None;
    now.ended = Some(how.clone());
    let told = now.told.clone().filter(|_| now.up);
    now.up = false;
    drop(now);
    shared.1.notify_all();
    if let Some(told) = told {
        told(how);
    }
}

fn running() -> MutexGuard<'static, Vec<u32>> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Kills every process that runs, and what it has started: the program ends. None is started any more.
pub fn kill_all() {
    let mut all = running();
    for id in all.drain(..) {
        kill(id);
    }
    std::mem::forget(all);
    drop(DIRECTORY.lock().unwrap_or_else(PoisonError::into_inner).take());
}

#[cfg(unix)]
fn shell(line: &str) -> Command {
    use std::os::unix::process::CommandExt as _;
    let mut command = Command::new("sh");
    command.arg("-c").arg(line).process_group(0);
    command
}

#[cfg(not(unix))]
fn shell(line: &str) -> Command {
    let mut command = Command::new("cmd");
    command.arg("/C").arg(line);
    command
}

/// Kills a process and its group; one that has ended already is no matter.
#[cfg(unix)]
fn kill(id: u32) {
    use nix::sys::signal::{Signal, killpg};
    use nix::unistd::Pid;
    let _ = killpg(Pid::from_raw(id.cast_signed()), Signal::SIGKILL);
}

#[cfg(not(unix))]
fn kill(id: u32) {
    let _ = Command::new("taskkill").args(["/T", "/F", "/PID", &id.to_string()]).output();
}
