//! LiveKit's egress service: requests, lifecycle, outputs.
//!
//! `service` answers the RPCs, `auto` starts what nobody asks for, `lifecycle` moves an egress from STARTING to its end, `upload` writes what it records into
//! the sink as the real worker does, `images` the pictures among it; `streams` is what goes to somebody instead; `sources`
//! knows whether what is to be recorded is there; `trouble` is what faults do to it. `validate`, `filename`, `stream_url` and
//! `error` are LiveKit's rules as pure functions.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::sink::PlaylistId;
use crate::state::EgressIx;
use crate::time::{Span, Time};
use upload::Uploader;

mod auto;
pub mod error;
pub mod filename;
mod images;
mod lifecycle;
mod limits;
mod path;
mod service;
mod sources;
mod stream_url;
mod streams;
mod trouble;
pub(crate) mod upload;
pub mod validate;

pub use stream_url::redacted_url;

/// The egress workers, and what LiveKit's store remembers of their work.
#[derive(Debug, Default)]
pub(crate) struct Recorders {
    /// Egresses that are not at their end yet, those among them whose worker died, and those that still upload behind it.
    workers: BTreeMap<EgressIx, Worker>,
    /// Egresses that `ListEgress` may still find: all but those that ended longer than `info_retention` ago.
    remembered: BTreeMap<Arc<str>, EgressIx>,
    /// How many uploads came late so far, which numbers them.
    late_uploads: u64,
}

/// A worker's handler of one egress.
#[derive(Debug, Default)]
struct Worker {
    /// Outputs that are not in the sink in full yet.
    open_outputs: u32,
    /// The HLS output, from ACTIVE on.
    hls: Option<Hls>,
    /// The image outputs, from ACTIVE on.
    images: Vec<Images>,
    /// Where streams really go, in order of `stream_results`.
    urls: Vec<String>,
    /// Who publishes what is recorded, once that is known and where it is one.
    publisher: String,
    /// The metadata of the recorder as a participant, once somebody has updated the layout.
    layout: String,
    /// Uploaders that something has befallen, by output.
    uploaders: BTreeMap<usize, Uploader>,
    /// What faults have done to it.
    trouble: Trouble,
}

/// What faults have done to a worker.
#[derive(Debug, Default)]
struct Trouble {
    /// It is not ACTIVE before so much more time.
    start_delay: Span,
    /// The first attempt is going to fail before it is ACTIVE, and Cloud's orchestrator starts another one.
    retried: Option<Leaves>,
    /// Placeholders of the track stay literal in the file's name.
    literal_name: bool,
    /// So much of the media's end goes missing.
    cut: Span,
    /// It finishes nothing any more: no upload, no end of its own.
    hangs: bool,
    /// It is dead, and answers nobody.
    dead: bool,
    /// What it ends with once everything is uploaded; none: COMPLETE.
    ends_with: Option<Failure>,
}

/// What the first attempt of a retried egress leaves in the sink.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Leaves {
    Nothing,
    /// The beginning of the output, under the name that was announced.
    Partial,
}

/// An end that is not COMPLETE although the outputs are finished and uploaded.
#[derive(Clone, Copy, Debug)]
struct Failure {
    error: &'static str,
    code: i32,
    /// Whether the worker still writes it.
    manifest: bool,
}

/// Progress of an image output.
#[derive(Debug)]
struct Images {
    /// Its place in the request's outputs.
    output: usize,
    interval: Span,
    /// Images uploaded.
    stored: u64,
    /// Images that there will be, once the media has ended.
    total: Option<u64>,
}

/// Progress of an HLS output.
#[derive(Debug)]
struct Hls {
    /// Its place in the request's outputs.
    output: usize,
    playlist: PlaylistId,
    /// What its segments are called, which neither a retry nor anything else changes once it is active.
    paths: filename::SegmentPaths,
    playlist_key: Arc<str>,
    live_key: Option<Arc<str>>,
    segment: Span,
    /// Segments uploaded.
    stored: u64,
    /// Bytes of them.
    bytes: u64,
    /// Segments that there will be, once the media has ended.
    total: Option<u64>,
    /// Which plan the next upload belongs to: stopping makes a new one.
    plan: u32,
    /// Where the segment that is uploaded next ends.
    next_cut: Time,
    /// Segments since the event playlist was uploaded.
    unlisted: u64,
    /// When the event playlist was uploaded.
    listed_at: Option<Time>,
}
