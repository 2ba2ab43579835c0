//! Bodies that are too large for memory: put somewhere while they come in, and fetched in pieces while they go out.

use std::fmt::Debug;
use std::io;
use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use egress_sim_model::sink::Keep;

/// Bytes of a body that stays in memory at most. Parts of an upload are larger, but the last, so none of them adds up there.
pub const LARGE: u64 = 4 << 20;
/// Bytes that are put there at once.
pub const WRITTEN: usize = 1 << 20;

/// Where large bodies are.
#[async_trait]
pub trait Shelf: Debug + Send + Sync {
    /// A body begins to come in.
    ///
    /// # Errors
    /// Why it cannot be kept.
    async fn begin(&self) -> io::Result<Box<dyn Incoming>>;

    /// Some bytes of one that is there.
    ///
    /// # Errors
    /// What became of it.
    async fn read(&self, kept: Arc<dyn Keep>, range: Range<u64>) -> io::Result<Bytes>;
}

/// A body that comes in. Whoever drops it has it removed.
#[async_trait]
pub trait Incoming: Send + Sync {
    /// Adds bytes, and gives the room back that they were in.
    ///
    /// # Errors
    /// Why it cannot be kept.
    async fn write(&mut self, bytes: Vec<u8>) -> io::Result<Vec<u8>>;

    /// It is all there.
    ///
    /// # Errors
    /// Why it is not.
    async fn finish(self: Box<Self>) -> io::Result<Arc<dyn Keep>>;
}
