//! What faults do to an egress, from the moment of its life that they match to their effect.
//!
//! A fault strikes at a point of the life (`egress.start`, `egress.active`, `egress.ending`, `egress.ended`). Some change
//! at once how the worker goes on; the others take effect `delay` later, on whatever has become of the egress by then.

use std::sync::Arc;

use super::upload::Upload;
use super::{Failure, Leaves, Trouble, filename, upload};
use crate::fault::Point;
use crate::livekit::{EgressStatus, FileInfo, Flaw, Output, SegmentsInfo};
use crate::sink::{Body, MediaKind, SegmentEntry};
use crate::state::{EgressIx, End, Loss};
use crate::time::Span;
use crate::world::{Event, World};

/// Every kind that strikes an egress in its life.
const KINDS: &[&str] = &[
    "egress.abort",
    "egress.cut_short",
    "egress.ends_early",
    "egress.fail",
    "egress.limit_reached",
    "egress.literal_name",
    "egress.outlives_room",
    "egress.poor_result",
    "egress.retried",
    "egress.slow_start",
    "egress.stuck",
];

/// How much of the media the failed first attempt of a retried egress leaves at most.
const BEGINNING: Span = Span::SECOND;

impl World<'_> {
    /// Asks for faults that strike an egress at this moment of its life.
    pub(super) fn strike_egress(&mut self, point: &'static str, ix: EgressIx) {
        for kind in KINDS {
            if !self.faults.has(kind) {
                continue;
            }
            let egress = self.state.egress(ix);
            let (room, bucket) = (Arc::clone(&egress.info.room_name), Arc::clone(&egress.bucket));
            let tenant = Arc::clone(&self.state.tenant_of(ix).name);
            let at = Point {
                name: point,
                bucket: Some(&bucket),
                tenant: Some(&tenant),
                room: Some(&room),
                ..Point::default()
            };
            if let Some(strike) = self.strike(&[kind], &at) {
                self.state.egresses[ix.0 as usize].struck.insert(strike.fault);
                self.befall(ix, point, strike.fault);
            }
        }
    }

    /// A fault has struck: what it changes at once.
    fn befall(&mut self, ix: EgressIx, point: &str, place: usize) {
        let scenario = std::rc::Rc::clone(&self.state.scenario);
        let fault = &scenario.faults[place];
        match fault.kind.name {
            "egress.outlives_room" => self.state.egresses[ix.0 as usize].outlives_room = true,
            "egress.slow_start" => {
                let by = fault.span("by");
                self.state.egresses[ix.0 as usize].start_delay = by;
                self.trouble_mut(ix).start_delay = by;
            }
            "egress.literal_name" => self.trouble_mut(ix).literal_name = true,
            "egress.retried" => {
                let leaves = if fault.text("leaves") == "partial" { Leaves::Partial } else { Leaves::Nothing };
                self.trouble_mut(ix).retried = Some(leaves);
            }
            "egress.cut_short" => self.trouble_mut(ix).cut = fault.span("by"),
            "egress.poor_result" => self.state.egresses[ix.0 as usize].info.flaw = Flaw::from_name(fault.text("what")),
            _ => {
                // A pipeline that is to fail or to die behind the stop does not finish anything before it does.
                if point == "egress.ending" {
                    self.worker_hangs(ix);
                }
                self.queue
                    .push(self.state.now + fault.span("delay"), Event::EgressTroubled { egress: ix, fault: place });
            }
        }
    }

    /// The effect of a fault that struck a while ago.
    pub(crate) fn egress_troubled(&mut self, ix: EgressIx, place: usize) {
        let egress = self.state.egress(ix);
        if !egress.is_under_way() || egress.draining {
            return;
        }
        let (status, recording) = (egress.info.status, egress.is_recording());
        let scenario = std::rc::Rc::clone(&self.state.scenario);
        let fault = &scenario.faults[place];
        match (fault.kind.name, status) {
            ("egress.abort", _) => self.egress_aborts(ix, fault.text("error")),
            ("egress.stuck", _) => self.worker_dies(ix, fault.span("missed_after")),
            ("egress.fail", _) => self.egress_fails_for(ix, fault.text("reason")),
            ("egress.limit_reached", EgressStatus::Starting) => {
                self.egress_ends_early(ix, End::Failed, "Session limit reached before start signal");
            }
            ("egress.limit_reached", EgressStatus::Active) if recording => self.egress_at_limit(ix),
            ("egress.ends_early", EgressStatus::Active) if recording => {
                let details = match fault.text("reason") {
                    "cpu_exhausted" => "End reason: CPU exhausted",
                    "process_killed" => "End reason: Process killed",
                    _ => "End reason: Source closed",
                };
                self.egress_stops(ix, End::SourceClosed, details);
            }
            _ => {}
        }
    }

    /// Ends with nothing more in the sink.
    fn egress_aborts(&mut self, ix: EgressIx, error: &str) {
        match (error, self.state.egress(ix).info.status) {
            ("signal_connection", _) => self.egress_fails(ix, "could not establish signal connection", 0),
            (_, EgressStatus::Starting) => self.egress_ends_early(ix, End::Failed, "Start signal not received"),
            _ => self.egress_fails(ix, "pipeline frozen", 500),
        }
    }

    /// FAILED for a reason that leaves something in the sink.
    fn egress_fails_for(&mut self, ix: EgressIx, reason: &str) {
        let failure = match reason {
            "oom" => Failure { error: "OOM: 4.0 GB used", code: 403, manifest: false },
            "killed" => Failure { error: "server is shutting down", code: 403, manifest: false },
            "room_connection" => {
                Failure { error: "recording ended early: connection to room failed", code: 503, manifest: true }
            }
            "handler_crash" => {
                self.forget_results(ix);
                return self.egress_fails(ix, "exit status 1", 500);
            }
            _ => Failure { error: "CPU exhausted: 4.0 cores used", code: 403, manifest: false },
        };
        let egress = self.state.egress(ix);
        match egress.info.status {
            EgressStatus::Active if egress.is_recording() => self.egress_is_killed(ix, failure),
            EgressStatus::Starting => self.egress_fails(ix, failure.error, failure.code),
            _ => {}
        }
    }

    /// A crashed handler takes its knowledge along: the worker reports the info as it was at the start.
    fn forget_results(&mut self, ix: EgressIx) {
        let info = &mut self.state.egresses[ix.0 as usize].info;
        let named = !info.request.is_raw();
        for file in &mut info.file_results {
            let filename = if named { std::mem::take(&mut file.filename) } else { String::new() };
            *file = FileInfo { filename, ..FileInfo::default() };
        }
        for segments in &mut info.segment_results {
            *segments = SegmentsInfo {
                playlist_name: std::mem::take(&mut segments.playlist_name),
                live_playlist_name: std::mem::take(&mut segments.live_playlist_name),
                ..SegmentsInfo::default()
            };
        }
    }

    /// Nothing more of it is finished or uploaded.
    fn worker_hangs(&mut self, ix: EgressIx) {
        if let Some(worker) = self.recorders.workers.get_mut(&ix) {
            worker.trouble.hangs = true;
            worker.hls = None;
        }
    }

    /// The worker dies, and with it everybody who could say so.
    fn worker_dies(&mut self, ix: EgressIx, missed_after: Span) {
        self.worker_hangs(ix);
        self.trouble_mut(ix).dead = true;
        let now = self.state.now;
        let egress = &mut self.state.egresses[ix.0 as usize];
        let joined = egress.is_recording() && egress.active_at.is_some();
        let seen_at = if joined { now + missed_after } else { now };
        egress.lost = Some(Loss { at: now, seen_at });
        egress.stopped_at = egress.stopped_at.or(egress.active_at.map(|_| now));
        egress.end = egress.end.or(Some(End::Failed));
        if joined {
            self.queue.push(seen_at, Event::RecorderMissed { egress: ix });
        }
        self.recording_ended(ix);
    }

    /// LiveKit has waited long enough for a sign of the recorder.
    pub(crate) fn recorder_missed(&mut self, ix: EgressIx) {
        if !self.state.call(self.state.egress(ix).call).ended {
            self.recorder_participant(ix, false);
        }
    }

    /// Whether it is too early yet for an egress to be ACTIVE.
    pub(super) fn start_is_troubled(&mut self, ix: EgressIx) -> bool {
        if self.trouble(ix).dead {
            return true;
        }
        let delay = std::mem::take(&mut self.trouble_mut(ix).start_delay);
        if delay > Span::ZERO {
            self.queue.push(self.state.now + delay, Event::EgressActive { egress: ix });
        }
        delay > Span::ZERO
    }

    /// Whether the first attempt fails instead of becoming ACTIVE. If so the orchestrator has the same egress started once
    /// more, under other names, by a worker that knows nothing of what has befallen the first one's uploads.
    pub(super) fn egress_is_retried(&mut self, ix: EgressIx) -> bool {
        let Some(leaves) = self.trouble_mut(ix).retried.take() else { return false };
        if leaves == Leaves::Partial {
            self.store_beginning(ix);
            self.recorders.workers.get_mut(&ix).expect("a live egress has a worker").uploaders.clear();
        }
        let egress_start = self.state.scenario.world.egress_start;
        let egress = &mut self.state.egresses[ix.0 as usize];
        egress.start_delay = egress.start_delay + egress_start;
        let info = &mut egress.info;
        info.retry_count += 1;
        for file in &mut info.file_results {
            file.filename = filename::retried(&file.filename, info.retry_count);
        }
        for images in &mut info.image_results {
            images.filename_prefix = filename::retried(&images.filename_prefix, info.retry_count);
        }
        for segments in &mut info.segment_results {
            for name in [&mut segments.playlist_name, &mut segments.live_playlist_name] {
                *name = if name.is_empty() { String::new() } else { filename::retried(name, info.retry_count) };
            }
        }
        self.queue.push(self.state.now + egress_start, Event::EgressActive { egress: ix });
        self.limit_session(ix);
        true
    }

    /// Stores the beginning of each output under the names that were announced, as far as the sink takes it: the attempt has
    /// failed anyway.
    fn store_beginning(&mut self, ix: EgressIx) {
        let request = Arc::clone(&self.state.egress(ix).info.request);
        let bytes = upload::media_bytes(BEGINNING, self.state.scenario.world.media_bytes_per_second);
        for (place, output) in request.outputs.iter().enumerate() {
            self.store_beginning_of(ix, place, output, bytes);
        }
    }

    fn store_beginning_of(&mut self, ix: EgressIx, place: usize, output: &Output, bytes: u64) -> bool {
        match output {
            Output::File(_) => {
                let key: Arc<str> = self.state.egress(ix).info.file_results[0].filename.as_str().into();
                let extension = key.rfind('.').map_or("", |dot| &key[dot..]);
                let body = self.media(upload::file_kind(extension), &key, 0, bytes);
                self.store_piece(ix, "upload.file", place, &key, &body, filename::content_type(extension))
            }
            Output::Segments(segments) => {
                let paths = self.segment_paths(ix, segments);
                let now = self.state.now;
                let name = filename::segment_name(&paths.segment_prefix, segments.filename_suffix, 0, now);
                let key: Arc<str> = paths.segment_key(&name).into();
                let body = self.media(MediaKind::Ts, &key, 0, bytes);
                let log = self.state.sink.media.new_playlist(segments.segment_duration);
                self.state.sink.media.push_segment(log, SegmentEntry { name, at: now, duration: BEGINNING });
                let list = Body::Playlist { log, segments: 1, ended: false, live: false };
                let playlist: Arc<str> = paths.playlist.into();
                self.store_piece(ix, "upload.segment", place, &key, &body, filename::content_type(".ts"))
                    && self.store_piece(ix, "upload.playlist", place, &playlist, &list, filename::content_type(".m3u8"))
            }
            Output::Images(images) => self.store_first_image(ix, place, images),
            Output::Stream(_) | Output::Unset => true,
        }
    }

    /// False: the sink refused.
    fn store_piece(
        &mut self,
        ix: EgressIx,
        point: &'static str,
        output: usize,
        key: &Arc<str>,
        body: &Body,
        content_type: &'static str,
    ) -> bool {
        self.upload(ix, Upload { point, output, key, body, content_type, rewritten: false, leftover: true }).is_ok()
    }

    /// What faults have done to an egress that has a worker.
    pub(super) fn trouble(&self, ix: EgressIx) -> &Trouble {
        &self.recorders.workers.get(&ix).expect("a live egress has a worker").trouble
    }

    pub(super) fn trouble_mut(&mut self, ix: EgressIx) -> &mut Trouble {
        &mut self.recorders.workers.get_mut(&ix).expect("a live egress has a worker").trouble
    }
}
