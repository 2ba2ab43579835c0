//! S3 over sockets, side by side in one run: `egress-sim serve`, a bare s3s server as the ceiling, and other fakes where they are
//! installed (`make peers`). `make bench-sockets` prints the table; nothing is asserted.
//!
//! One client for all: requests signed beforehand, eight kept-alive connections without Nagle's delay, a fresh server each. 12,000
//! objects of 1 KiB over eight buckets are written, headed, read, listed in pages of 1,000, and deleted one by one and
//! in batches. A figure counts only with its statuses: whatever is not 2xx is told beside it. The processor's time that a request takes
//! in the server stands beside its rate: it depends less on what else the machine has to do.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Method, Request, StatusCode};
use http_body_util::Full;

mod bare;
mod client;

use client::{Connection, Keys, signed};

const BUCKETS: usize = 8;
const OBJECTS: usize = 12_000;
const CONNECTIONS: usize = 8;
/// Of each bucket's 1,500 keys the first 500 are deleted one by one, the rest in one batch.
const SINGLE: usize = 500;
const BODY: &[u8] = &[b'x'; 1024];

/// A server's command at a port, with a directory of its own; or the reason why it is not there.
type Start = Box<dyn Fn(u16, &Path) -> Result<Command, String>>;

/// A server that may be measured.
struct Peer {
    name: &'static str,
    keys: Keys,
    command: Start,
    /// Whether its buckets have to be made.
    makes_buckets: bool,
}

/// What one operation came to.
struct Measured {
    requests: usize,
    took: Duration,
    /// Of the server, in all its threads; none where the system does not tell.
    worked: Option<Duration>,
    failed: BTreeMap<StatusCode, usize>,
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(place) = arguments.iter().position(|argument| argument == "--bare") {
        let port = arguments[place + 1].parse().expect("a port");
        return bare::serve(port);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("threads");
    println!(
        "{OBJECTS} objects of 1 KiB in {BUCKETS} buckets, {CONNECTIONS} connections; requests a second, and the ratio to the ceiling"
    );
    let mut ceiling = None;
    for peer in peers() {
        match runtime.block_on(measure(&peer)) {
            Ok(figures) => {
                println!("{}", line(peer.name, &figures, ceiling.as_ref()));
                ceiling.get_or_insert(figures);
            }
            Err(why) => println!("{:<12} skipped: {why}", peer.name),
        }
    }
}

struct Figures {
    start: Duration,
    /// Bytes of resident memory that an object took; none where the system does not tell.
    per_object: Option<u64>,
    operations: Vec<(&'static str, Measured)>,
}

fn line(name: &str, figures: &Figures, ceiling: Option<&Figures>) -> String {
    let mut text = format!("{name:<12} ready in {:.0} ms", figures.start.as_secs_f64() * 1e3);
    if let Some(bytes) = figures.per_object {
        let _ = write!(text, ", {bytes} bytes an object");
    }
    for (place, (operation, measured)) in figures.operations.iter().enumerate() {
        let rate = measured.requests as f64 / measured.took.as_secs_f64();
        let each = measured.took.as_secs_f64() * 1e3 / measured.requests as f64;
        let ratio = ceiling.map_or_else(String::new, |ceiling| {
            let (_, best) = &ceiling.operations[place];
            format!("  {:.2}", best.took.as_secs_f64() / measured.took.as_secs_f64())
        });
        let failed =
            if measured.failed.is_empty() { String::new() } else { format!("  failed: {:?}", measured.failed) };
        let worked = measured.worked.map_or_else(String::new, |worked| {
            format!("  {:>7.1} us of processor", worked.as_secs_f64() * 1e6 / measured.requests as f64)
        });
        let _ = write!(text, "\n  {operation:<14} {rate:>9.0}/s {each:>9.2} ms each{worked}{ratio}{failed}");
    }
    text
}

fn peers() -> Vec<Peer> {
    let built =
        std::env::current_exe().expect("this program").parent().expect("deps").parent().expect("release").to_owned();
    let installed = built.parent().expect("target").join("peers");
    let find = move |below: &str| {
        let path = installed.join(below);
        if path.exists() { Ok(path) } else { Err("not installed; `make peers` does".to_owned()) }
    };
    let finds = |below: &'static str, arguments: fn(&mut Command, u16, &Path)| -> Start {
        let find = find.clone();
        Box::new(move |port, directory: &Path| {
            let mut command = Command::new(find(below)?);
            arguments(&mut command, port, directory);
            Ok(command)
        })
    };
    let minio = Keys { access: "minioadmin", secret: "minioadmin" };
    vec![
        Peer {
            name: "bare s3s",
            keys: minio,
            makes_buckets: true,
            command: Box::new(|port, _| {
                let mut command = Command::new(std::env::current_exe().expect("this program"));
                command.args(["--bare", &port.to_string()]);
                Ok(command)
            }),
        },
        Peer {
            name: "egress-sim",
            keys: minio,
            makes_buckets: false,
            command: Box::new(move |port, directory| {
                let program = built.join("egress-sim");
                if !program.exists() {
                    return Err("not built; `make build` does".into());
                }
                let names: Vec<String> = (0..BUCKETS).map(|bucket| format!("\"bucket-{bucket}\"")).collect();
                let scenario = directory.join("world.toml");
                let text = format!(
                    "format = 1\n[world]\ns3_latency = \"0s\"\nhorizon = \"36500d\"\n[[tenant]]\nname = \"bench\"\nbuckets = [{}]\n",
                    names.join(", ")
                );
                std::fs::write(&scenario, text).map_err(|error| error.to_string())?;
                let mut command = Command::new(program);
                command.args(["serve", "--livekit", "127.0.0.1:0", "--console", "127.0.0.1:0", "--s3"]);
                command.arg(format!("127.0.0.1:{port}")).arg("--scenario").arg(scenario);
                Ok(command)
            }),
        },
        Peer {
            name: "s3s-fs",
            keys: minio,
            makes_buckets: true,
            command: finds("bin/s3s-fs", |command, port, directory| {
                command.args([
                    "--access-key",
                    "minioadmin",
                    "--secret-key",
                    "minioadmin",
                    "--host",
                    "127.0.0.1",
                    "--port",
                ]);
                command.arg(port.to_string()).arg(directory);
            }),
        },
        Peer {
            name: "MiniStack",
            keys: minio,
            makes_buckets: true,
            command: finds("bin/ministack", |command, port, _| {
                command.env("GATEWAY_PORT", port.to_string()).env("SERVICES", "s3");
            }),
        },
        Peer {
            name: "s3rver",
            keys: Keys { access: "S3RVER", secret: "S3RVER" },
            makes_buckets: true,
            command: finds("node_modules/.bin/s3rver", |command, port, directory| {
                command.args(["--silent", "--address", "127.0.0.1", "--port"]).arg(port.to_string());
                command.arg("--directory").arg(directory);
            }),
        },
        Peer {
            name: "moto",
            keys: minio,
            makes_buckets: true,
            command: finds("bin/moto_server", |command, port, _| {
                command.args(["--host", "127.0.0.1", "--port"]).arg(port.to_string());
            }),
        },
    ]
}

/// A process that ends with its measurement.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Running {
    /// What its threads have worked; none where the system does not tell.
    fn worked(&self) -> Option<Duration> {
        let threads = std::fs::read_dir(format!("/proc/{}/task", self.0.id())).ok()?;
        let nanoseconds = threads.filter_map(|thread| {
            let told = std::fs::read_to_string(thread.ok()?.path().join("schedstat")).ok()?;
            told.split(' ').next()?.parse::<u64>().ok()
        });
        Some(Duration::from_nanos(nanoseconds.sum()))
    }

    /// What its threads have worked since they had worked so much.
    fn since(&self, before: Option<Duration>) -> Option<Duration> {
        Some(self.worked()?.saturating_sub(before?))
    }

    /// Resident bytes.
    fn memory(&self) -> Option<u64> {
        let told = Command::new("ps").args(["-o", "rss=", "-p", &self.0.id().to_string()]).output().ok()?;
        String::from_utf8(told.stdout).ok()?.trim().parse::<u64>().ok().map(|kib| kib << 10)
    }
}

async fn measure(peer: &Peer) -> Result<Figures, String> {
    let directory = tempfile::tempdir().map_err(|error| error.to_string())?;
    let port =
        TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).map_err(|error| error.to_string())?.port();
    let mut command = (peer.command)(port, directory.path())?;
    let begun = Instant::now();
    let server = Running(
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| error.to_string())?,
    );
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    client::ready(address, Duration::from_secs(30)).await?;
    let start = begun.elapsed();

    let mut connections = Vec::new();
    for _ in 0..CONNECTIONS {
        connections.push(Connection::open(address).await?);
    }
    if peer.makes_buckets {
        let makes = (0..BUCKETS).map(|bucket| (Method::PUT, format!("/bucket-{bucket}"), Bytes::new()));
        run(&server, &mut connections, prepared(peer, address, makes)).await?;
    }
    let before = server.memory();
    let paths = || (0..OBJECTS).map(|object| format!("/bucket-{}/recording/{:05}", object % BUCKETS, object / BUCKETS));
    let all = |method: Method, body: &'static [u8]| {
        prepared(peer, address, paths().map(|path| (method.clone(), path, Bytes::from_static(body))))
    };
    let mut operations = vec![("PUT", run(&server, &mut connections, all(Method::PUT, BODY)).await?)];
    let grown = server.memory().zip(before).map(|(after, before)| after.saturating_sub(before) / OBJECTS as u64);
    operations.push(("HEAD", run(&server, &mut connections, all(Method::HEAD, b"")).await?));
    operations.push(("GET", run(&server, &mut connections, all(Method::GET, b"")).await?));
    operations.push(("list a page", listed(&server, &mut connections, peer, address).await?));
    let single = paths().take(SINGLE * BUCKETS).map(|path| (Method::DELETE, path, Bytes::new()));
    operations.push(("DELETE", run(&server, &mut connections, prepared(peer, address, single)).await?));
    let batches = (0..BUCKETS).map(|bucket| {
        let keys = (SINGLE..OBJECTS / BUCKETS).map(|key| format!("<Object><Key>recording/{key:05}</Key></Object>"));
        let body = format!(
            "<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Quiet>true</Quiet>{}</Delete>",
            keys.collect::<String>()
        );
        (Method::POST, format!("/bucket-{bucket}?delete="), Bytes::from(body))
    });
    operations.push(("batch of 1,000", run(&server, &mut connections[..1], prepared(peer, address, batches)).await?));
    Ok(Figures { start, per_object: grown, operations })
}

fn prepared(
    peer: &Peer,
    address: SocketAddr,
    requests: impl Iterator<Item = (Method, String, Bytes)>,
) -> Vec<Request<Full<Bytes>>> {
    requests.map(|(method, path, body)| signed(&peer.keys, address, method, &path, body)).collect()
}

/// Sends them, dealt out to the connections beforehand.
async fn run(
    server: &Running,
    connections: &mut [Connection],
    requests: Vec<Request<Full<Bytes>>>,
) -> Result<Measured, String> {
    let count = requests.len();
    let mut shares: Vec<Vec<_>> = connections.iter().map(|_| Vec::new()).collect();
    for (number, request) in requests.into_iter().enumerate() {
        shares[number % connections.len()].push(request);
    }
    let before = server.worked();
    let begun = Instant::now();
    let sending = connections.iter_mut().zip(shares).map(|(connection, share)| one_by_one(connection, share));
    let all = futures_util::future::try_join_all(sending).await?;
    let took = begun.elapsed();
    let worked = server.since(before);
    let mut failed = BTreeMap::new();
    for (status, times) in all.into_iter().flatten() {
        *failed.entry(status).or_default() += times;
    }
    Ok(Measured { requests: count, took, worked, failed })
}

/// What was not answered with a 2xx.
async fn one_by_one(
    connection: &mut Connection,
    requests: Vec<Request<Full<Bytes>>>,
) -> Result<BTreeMap<StatusCode, usize>, String> {
    let mut failed = BTreeMap::new();
    for request in requests {
        let (status, _) = connection.send(request).await?;
        if !status.is_success() {
            *failed.entry(status).or_default() += 1;
        }
    }
    Ok(failed)
}

/// Every bucket's pages, one after the other.
async fn listed(
    server: &Running,
    connections: &mut [Connection],
    peer: &Peer,
    address: SocketAddr,
) -> Result<Measured, String> {
    let (mut requests, mut failed, mut keys) = (0, BTreeMap::new(), 0);
    let before = server.worked();
    let begun = Instant::now();
    for bucket in 0..BUCKETS {
        let mut token = String::new();
        loop {
            let next = if token.is_empty() {
                String::new()
            } else {
                format!("continuation-token={}&", client::encoded(&token))
            };
            let path = format!("/bucket-{bucket}?{next}list-type=2&max-keys=1000");
            let (status, body) =
                connections[0].send(signed(&peer.keys, address, Method::GET, &path, Bytes::new())).await?;
            requests += 1;
            if !status.is_success() {
                *failed.entry(status).or_default() += 1;
                break;
            }
            let text = String::from_utf8_lossy(&body);
            keys += text.matches("<Key>").count();
            let Some(after) = text.split("<NextContinuationToken>").nth(1) else { break };
            after.split('<').next().unwrap_or_default().clone_into(&mut token);
        }
    }
    let took = begun.elapsed();
    let worked = server.since(before);
    if failed.is_empty() && keys != OBJECTS {
        return Err(format!("its listings have {keys} keys instead of {OBJECTS}"));
    }
    Ok(Measured { requests, took, worked, failed })
}
