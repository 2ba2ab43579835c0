//! wasmtime's engines, and what is fixed in them so that a guest does the same on every machine.
//!
//! The wasm stack's size belongs to the engine, so there is one engine for each `[limits].stack_bytes` that a process meets;
//! all other limits belong to the store. Memory comes from a pool, because a fresh instance in a used slot costs a fraction of
//! fresh mappings. Where the address space for the pool is not to be had (a small `RLIMIT_AS`), or all its slots are taken,
//! memory is mapped on demand; a guest cannot tell.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use wasmtime::{
    Cache, CacheConfig, Config, Engine, Inlining, InstanceAllocationStrategy, PoolingAllocationConfig, WasmFeatures,
};

/// What host functions have on top of the wasm stack; measured use is far below.
const HOST_STACK_BYTES: u64 = 256 << 10;
/// The smallest wasm stack that leaves a guest room for anything.
pub const MIN_STACK_BYTES: u64 = 16 << 10;
/// The largest wasm stack; each incarnation in a call maps one.
pub const MAX_STACK_BYTES: u64 = 64 << 20;
/// Incarnations in the pool at the same time; further ones are mapped on demand.
const POOL_SLOTS: u32 = 128;
/// Elements of a table in the pool; `[limits].table_elements` is cut to this.
pub const MAX_TABLE_ELEMENTS: u64 = 1 << 20;
/// Kept between incarnations of a slot and zeroed by hand, which up to here is cheaper than faulting pages in again.
const KEEP_RESIDENT_BYTES: usize = 64 << 10;
/// The same of a memory. A guest with a stack of 192 KiB at its beginning, as the built-in ones have, keeps its data and
/// most of its heap below this.
const KEEP_RESIDENT_MEMORY_BYTES: usize = 320 << 10;

/// The engines of one stack size.
pub struct Engines {
    /// For nearly all incarnations.
    pub first: Engine,
    /// For those that find the pool full.
    overflow: OnceLock<Engine>,
    stack_bytes: u64,
}

impl Engines {
    /// The process's engines for a stack size, made when they are first asked for.
    pub fn of(stack_bytes: u64) -> wasmtime::Result<Arc<Engines>> {
        static ENGINES: Mutex<BTreeMap<u64, Arc<Engines>>> = Mutex::new(BTreeMap::new());
        let mut engines = ENGINES.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = engines.get(&stack_bytes) {
            return Ok(Arc::clone(known));
        }
        // A pool that cannot be reserved is no reason not to run.
        let first = Engine::new(&config(stack_bytes, true)).or_else(|_| Engine::new(&config(stack_bytes, false)))?;
        let made = Arc::new(Engines { first, overflow: OnceLock::new(), stack_bytes });
        engines.insert(stack_bytes, Arc::clone(&made));
        Ok(made)
    }

    /// The engine that maps on demand.
    pub fn overflow(&self) -> wasmtime::Result<&Engine> {
        if let Some(engine) = self.overflow.get() {
            return Ok(engine);
        }
        let engine = Engine::new(&config(self.stack_bytes, false))?;
        Ok(self.overflow.get_or_init(|| engine))
    }
}

fn config(stack_bytes: u64, pooled: bool) -> Config {
    let mut config = Config::new();

    // What makes a run repeatable: fuel instead of time, one NaN, one result for relaxed SIMD.
    config.consume_fuel(true);
    config.cranelift_nan_canonicalization(true);
    config.relaxed_simd_deterministic(true);
    // No threads, no garbage collector and no async component model either: this build of wasmtime has none of them.
    config.wasm_features(WasmFeatures::MEMORY64, false);

    config.max_wasm_stack(usize::try_from(stack_bytes).unwrap_or(usize::MAX));
    config.async_stack_size(usize::try_from(stack_bytes + HOST_STACK_BYTES).unwrap_or(usize::MAX));

    // Tiny guests are faster initialised by copying than by mapping an image. It also moves fuel, so it is fixed here.
    config.memory_init_cow(false);
    // A trap's cause is told without one, and capturing it costs a fifth of a short run.
    config.wasm_backtrace_max_frames(None);
    // A guest's allocator is a chain of small functions, which compilers of guests leave as they are.
    config.compiler_inlining(Inlining::Yes);
    config.cache(cache());

    if pooled {
        let mut pool = PoolingAllocationConfig::new();
        pool.total_component_instances(POOL_SLOTS)
            .total_core_instances(POOL_SLOTS * 16)
            .total_memories(POOL_SLOTS * 2)
            .total_tables(POOL_SLOTS * 8)
            .total_stacks(POOL_SLOTS * 2)
            .max_memories_per_module(16)
            .max_tables_per_module(16)
            .table_elements(MAX_TABLE_ELEMENTS as usize)
            .max_core_instance_size(8 << 20)
            .max_component_instance_size(16 << 20)
            .linear_memory_keep_resident(KEEP_RESIDENT_MEMORY_BYTES)
            .table_keep_resident(KEEP_RESIDENT_BYTES)
            .async_stack_keep_resident(KEEP_RESIDENT_BYTES);
        config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    } else {
        config.allocation_strategy(InstanceAllocationStrategy::OnDemand);
    }
    config
}

/// wasmtime's own cache of compiled code, in its default directory; none where that cannot be written.
fn cache() -> Option<Cache> {
    static CACHE: OnceLock<Option<Cache>> = OnceLock::new();
    CACHE.get_or_init(|| Cache::new(CacheConfig::new()).ok()).clone()
}
