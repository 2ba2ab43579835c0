//! Large bodies on disk, a file each, below a directory that somebody names.
//!
//! A file is there as long as a version, a part or a reader has it. Below the directory each process has its own, `egress-sim-PID`,
//! which goes with it; that of a process that was killed goes when the next one comes.

use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use egress_sim_model::sink::Keep;
use egress_sim_wire::s3::shelf::{self, Shelf};
use tokio::task::spawn_blocking;

/// Of a directory whose process lives.
const LOCK: &str = "lock";
const OURS: &str = "egress-sim-";

/// The directory of this process.
#[derive(Debug)]
pub struct Spill {
    place: PathBuf,
    bodies: AtomicU64,
    /// Held as long as this is.
    _lock: File,
}

impl Spill {
    /// A place of its own below `directory`, which is made if it is not there.
    ///
    /// # Errors
    /// A directory that cannot be written to, by its name.
    pub fn open(directory: &Path) -> Result<Arc<Spill>, String> {
        let place = directory.join(format!("{OURS}{}", std::process::id()));
        let made = fs::create_dir_all(directory).and_then(|()| {
            clear_dead(directory)?;
            fs::create_dir(&place)?;
            let lock = File::create_new(place.join("locking"))?;
            lock.lock()?;
            // Only now can it be taken for one of the dead.
            fs::rename(place.join("locking"), place.join(LOCK))?;
            Ok(lock)
        });
        let lock = made.map_err(|error| {
            format!(
                "{}, where large bodies are to go, cannot be written to: {error}; name another directory",
                directory.display()
            )
        })?;
        Ok(Arc::new(Spill { place, bodies: AtomicU64::new(0), _lock: lock }))
    }

    /// Removes everything. What is still read from it breaks off.
    pub fn clear(&self) {
        // What cannot be removed now is removed by the next process.
        let _ = fs::remove_dir_all(&self.place);
    }
}

impl Drop for Spill {
    fn drop(&mut self) {
        self.clear();
    }
}

/// Removes what processes have left that were killed.
fn clear_dead(directory: &Path) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        if !entry.file_name().to_string_lossy().starts_with(OURS) {
            continue;
        }
        let is_dead = File::open(entry.path().join(LOCK)).is_ok_and(|lock| lock.try_lock().is_ok());
        if is_dead {
            fs::remove_dir_all(entry.path())?;
        }
    }
    Ok(())
}

/// A body that is there.
#[derive(Debug)]
struct Body {
    path: PathBuf,
    length: u64,
}

impl Drop for Body {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

impl Keep for Body {
    fn length(&self) -> u64 {
        self.length
    }

    fn read(&self, range: Range<u64>) -> io::Result<Bytes> {
        let mut file = File::open(&self.path)?;
        file.seek(SeekFrom::Start(range.start))?;
        let mut bytes = vec![0; usize::try_from(range.end - range.start).map_err(io::Error::other)?];
        file.read_exact(&mut bytes)?;
        Ok(bytes.into())
    }
}

/// A body that comes in.
struct Incoming {
    /// None: a write goes on, or has failed.
    file: Option<File>,
    body: Body,
}

#[async_trait]
impl Shelf for Spill {
    async fn begin(&self) -> io::Result<Box<dyn shelf::Incoming>> {
        let path = self.place.join(self.bodies.fetch_add(1, Ordering::Relaxed).to_string());
        let (file, path) = spawn_blocking(move || Ok::<_, io::Error>((File::create_new(&path)?, path))).await??;
        Ok(Box::new(Incoming { file: Some(file), body: Body { path, length: 0 } }))
    }

    async fn read(&self, kept: Arc<dyn Keep>, range: Range<u64>) -> io::Result<Bytes> {
        // Allocated by the thread that sends and frees it: what one thread frees of another's is not had again for long.
        let mut room = vec![0; usize::try_from(range.end - range.start).map_err(io::Error::other)?];
        let read = spawn_blocking(move || {
            room.copy_from_slice(&kept.read(range)?);
            Ok(room.into())
        });
        read.await?
    }
}

#[async_trait]
impl shelf::Incoming for Incoming {
    async fn write(&mut self, bytes: Vec<u8>) -> io::Result<Vec<u8>> {
        let mut file = self.file.take().ok_or_else(|| io::Error::other("a write has failed before"))?;
        let written = spawn_blocking(move || {
            file.write_all(&bytes)?;
            Ok::<_, io::Error>((file, bytes))
        });
        let (file, bytes) = written.await??;
        self.file = Some(file);
        self.body.length += bytes.len() as u64;
        Ok(bytes)
    }

    async fn finish(self: Box<Self>) -> io::Result<Arc<dyn Keep>> {
        Ok(Arc::new(self.body))
    }
}

#[cfg(test)]
mod tests;
