//! A WASI 0.2 for components that bring one along: the scenario's clock and randomness, the log for stdout and stderr, and
//! nothing else. No files, no sockets, no environment, no arguments, and no sleep.
//!
//! Whatever tells a guest something or tells something of it is a call of the trace here too: a clock read is `clock.now`,
//! randomness is `entropy.next_u64`, a printed line is `log.write`. wasmtime-wasi does the rest, with its own clocks and
//! generators replaced by fixed ones underneath.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use egress_sim_model::call::{Call, LogLevel};
use wasmtime::component::{Linker, Resource, ResourceTable};
use wasmtime::{Error, StoreContextMut};
use wasmtime_wasi::p2::bindings::clocks::wall_clock::Datetime;
use wasmtime_wasi::p2::{DynOutputStream, DynPollable, OutputStream, Pollable, StreamError, StreamResult};
use wasmtime_wasi::{
    Deterministic, HostMonotonicClock, HostWallClock, WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView, async_trait,
};

use crate::contract;
use crate::guest::State;

/// The version under which wasmtime-wasi 48 registers its interfaces. Guests may bring any 0.2; ours have to have the very
/// name to stand in the place of theirs.
const VERSION: &str = "0.2.12";
/// Printed and not yet logged, at most.
const MAX_UNLOGGED_BYTES: usize = 1 << 20;
/// Random bytes in one request, at most.
const MAX_RANDOM_BYTES: u64 = 1 << 20;
/// Streams, pollables and the like that a guest may hold.
const MAX_RESOURCES: usize = 1000;

const NO_SLEEP: &str = "there is no sleep in the simulator: set a timer with egress-sim:operator/timers";

/// The packages of which something is here. `wasi:http` and the rest are not.
const PACKAGES: [&str; 6] =
    ["wasi:cli/", "wasi:clocks/", "wasi:filesystem/", "wasi:io/", "wasi:random/", "wasi:sockets/"];

/// Whether an import of this name may be ours. Linking has the last word.
pub fn provides(import: &str) -> bool {
    PACKAGES.iter().any(|package| import.starts_with(package))
        && import.split_once('@').is_some_and(|(_, version)| version.starts_with("0.2."))
}

/// What a store holds for a guest with WASI.
pub struct Wasi {
    ctx: WasiCtx,
    table: ResourceTable,
    printed: Printed,
}

impl Wasi {
    pub fn new() -> Wasi {
        let fixed = || Deterministic::new(vec![0]);
        let ctx = WasiCtxBuilder::new()
            .allow_tcp(false)
            .allow_udp(false)
            .wall_clock(Fixed)
            .monotonic_clock(Fixed)
            .secure_random(fixed())
            .insecure_random(fixed())
            .insecure_random_seed(0)
            .build();
        let mut table = ResourceTable::new();
        table.set_max_capacity(MAX_RESOURCES);
        Wasi { ctx, table, printed: Printed::default() }
    }

    /// What was printed since the last time, as lines; with `all` also one that has no end yet.
    pub fn take_lines(&self, all: bool) -> Vec<Call> {
        self.printed.take_lines(all)
    }
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        let Wasi { ctx, table, .. } = self.wasi();
        WasiCtxView { ctx, table }
    }
}

/// Puts WASI into a linker.
pub fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    wasmtime_wasi::p2::add_to_linker_async(linker)?;
    linker.allow_shadowing(true);

    let mut clock = linker.instance(&named("clocks/wall-clock"))?;
    clock.func_wrap_async("now", |store, ()| {
        Box::new(async move {
            let now = now(store).await;
            let (seconds, nanoseconds) = (now / 1_000_000_000, (now % 1_000_000_000) as u32);
            Ok((Datetime { seconds, nanoseconds },))
        })
    })?;
    let mut clock = linker.instance(&named("clocks/monotonic-clock"))?;
    clock.func_wrap_async("now", |store, ()| Box::new(async move { Ok((now(store).await,)) }))?;
    for sleep in ["subscribe-instant", "subscribe-duration"] {
        clock.func_wrap(sleep, |_, (_,): (u64,)| -> wasmtime::Result<(Resource<DynPollable>,)> {
            Err(Error::msg(NO_SLEEP))
        })?;
    }

    for (interface, bytes, number) in [
        ("random/random", "get-random-bytes", "get-random-u64"),
        ("random/insecure", "get-insecure-random-bytes", "get-insecure-random-u64"),
    ] {
        let mut random = linker.instance(&named(interface))?;
        random.func_wrap_async(bytes, |store, (length,)| {
            Box::new(async move { Ok((random_bytes(store, length).await?,)) })
        })?;
        random.func_wrap_async(number, |store, ()| Box::new(async move { Ok((entropy(store).await,)) }))?;
    }
    linker.instance(&named("random/insecure-seed"))?.func_wrap_async("insecure-seed", |store, ()| {
        Box::new(async move {
            let seed = entropy(store).await;
            Ok(((seed, seed.rotate_left(32)),))
        })
    })?;

    for (interface, function, level) in
        [("cli/stdout", "get-stdout", LogLevel::Info), ("cli/stderr", "get-stderr", LogLevel::Warn)]
    {
        linker.instance(&named(interface))?.func_wrap(function, move |mut store, ()| {
            let wasi = store.data_mut().wasi();
            let stream: DynOutputStream = Box::new(Printer { level, printed: wasi.printed.clone() });
            Ok((wasi.table.push(stream)?,))
        })?;
    }
    linker.allow_shadowing(false);
    Ok(())
}

fn named(interface: &str) -> String {
    format!("wasi:{interface}@{VERSION}")
}

async fn now(mut store: StoreContextMut<'_, State>) -> u64 {
    contract::into_now(store.data_mut().ask(contract::now()).await)
}

async fn entropy(mut store: StoreContextMut<'_, State>) -> u64 {
    contract::into_entropy(store.data_mut().ask(contract::next_u64()).await)
}

/// One call's worth of entropy, stretched.
async fn random_bytes(store: StoreContextMut<'_, State>, length: u64) -> wasmtime::Result<Vec<u8>> {
    if length > MAX_RANDOM_BYTES {
        return Err(Error::msg(format!("asked for {length} random bytes; {MAX_RANDOM_BYTES} is the most")));
    }
    let seed = entropy(store).await;
    let mut bytes = vec![0; length as usize];
    blake3::Hasher::new().update(&seed.to_le_bytes()).finalize_xof().fill(&mut bytes);
    Ok(bytes)
}

/// Stands below the functions that ask the world; nothing reads it.
struct Fixed;

impl HostWallClock for Fixed {
    fn resolution(&self) -> Duration {
        Duration::from_nanos(1)
    }

    fn now(&self) -> Duration {
        Duration::ZERO
    }
}

impl HostMonotonicClock for Fixed {
    fn resolution(&self) -> u64 {
        1
    }

    fn now(&self) -> u64 {
        0
    }
}

/// What a guest printed to both streams, in its order.
#[derive(Clone, Default)]
struct Printed(Arc<Mutex<Unlogged>>);

#[derive(Default)]
struct Unlogged {
    lines: Vec<(LogLevel, Vec<u8>)>,
    bytes: usize,
}

impl Printed {
    fn print(&self, level: LogLevel, bytes: &[u8]) -> Result<(), StreamError> {
        let mut unlogged = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        unlogged.bytes += bytes.len();
        if unlogged.bytes > MAX_UNLOGGED_BYTES {
            return Err(StreamError::trap("printed more than a mebibyte without any call"));
        }
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let open = unlogged.lines.iter_mut().rfind(|(of, line)| *of == level && !line.ends_with(b"\n"));
            match open {
                Some((_, line)) => line.extend_from_slice(piece),
                None => unlogged.lines.push((level, piece.to_vec())),
            }
        }
        Ok(())
    }

    fn take_lines(&self, all: bool) -> Vec<Call> {
        let mut unlogged = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (whole, rest) = unlogged.lines.drain(..).partition(|(_, line)| all || line.ends_with(b"\n"));
        unlogged.lines = rest;
        unlogged.bytes = unlogged.lines.iter().map(|(_, line)| line.len()).sum();
        let whole: Vec<(LogLevel, Vec<u8>)> = whole;
        whole
            .into_iter()
            .map(|(level, line)| Call::Log { level, message: String::from_utf8_lossy(&line).trim_end().to_owned() })
            .collect()
    }
}

/// stdout or stderr.
struct Printer {
    level: LogLevel,
    printed: Printed,
}

#[async_trait]
impl Pollable for Printer {
    async fn ready(&mut self) {}
}

impl OutputStream for Printer {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.printed.print(self.level, &bytes)
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(4096)
    }
}
