//! An egress from STARTING to its end, as livekit/egress moves it (`pkg/pipeline/controller.go`).

use std::sync::Arc;

use super::{Failure, Hls, upload};
use crate::livekit::{EgressStatus, Output, SegmentedFileOutput, StartEgress};
use crate::state::{EgressIx, End};
use crate::time::Span;
use crate::trace::Fact;
use crate::webhook::Subject;
use crate::world::{Event, World};

impl World<'_> {
    /// STARTING to ACTIVE: the pipeline plays.
    pub(crate) fn egress_active(&mut self, ix: EgressIx) {
        if self.state.egress(ix).info.status != EgressStatus::Starting || self.start_is_troubled(ix) {
            return;
        }
        if !self.subscribes(ix) {
            return;
        }
        if self.egress_is_retried(ix) {
            return;
        }
        let now = self.state.now;
        let egress = &mut self.state.egresses[ix.0 as usize];
        egress.active_at = Some(now);
        egress.info.status = EgressStatus::Active;
        egress.info.updated_at = Some(now);
        for file in &mut egress.info.file_results {
            file.started_at = Some(now);
        }
        for segments in &mut egress.info.segment_results {
            segments.started_at = Some(now);
        }
        for images in &mut egress.info.image_results {
            images.started_at = Some(now);
        }
        self.streams_start(ix);
        self.recorder_participant(ix, true);
        self.egress_changed(ix, "egress_updated");
        self.begin_outputs(ix);
        self.strike_egress("egress.active", ix);
    }

    fn begin_outputs(&mut self, ix: EgressIx) {
        let request = Arc::clone(&self.state.egress(ix).info.request);
        for (place, output) in request.outputs.iter().enumerate() {
            let worker = self.recorders.workers.get_mut(&ix).expect("a live egress has a worker");
            worker.open_outputs += 1;
            if let Output::Images(images) = output {
                self.begin_images(ix, place, images);
            }
            let Output::Segments(segments) = output else { continue };
            let segment = segment_length(&request, segments);
            let seconds = (segment.0 / Span::SECOND.0).max(1) as u32;
            let playlist = self.state.sink.media.new_playlist(seconds);
            let paths = self.segment_paths(ix, segments);
            let info = &self.state.egress(ix).info.segment_results[0];
            let live = info.live_playlist_name.as_str();
            let worker = self.recorders.workers.get_mut(&ix).expect("a live egress has a worker");
            worker.hls = Some(Hls {
                output: place,
                playlist,
                paths,
                playlist_key: info.playlist_name.as_str().into(),
                live_key: (!live.is_empty()).then(|| live.into()),
                segment,
                stored: 0,
                bytes: 0,
                total: None,
                plan: 0,
                next_cut: self.state.now + segment,
                unlisted: 0,
                listed_at: None,
            });
            self.plan_segment(ix);
        }
    }

    /// ACTIVE to ENDING: no more media; what is recorded is finished and uploaded.
    pub(super) fn egress_stops(&mut self, ix: EgressIx, end: End, details: &str) {
        self.strike_egress("egress.ending", ix);
        self.media_ends(ix, end, details);
        let egress = &mut self.state.egresses[ix.0 as usize];
        egress.info.status = EgressStatus::Ending;
        egress.info.updated_at = Some(self.state.now);
        self.recorder_participant(ix, false);
        self.egress_changed(ix, "egress_updated");
        self.finish_outputs(ix);
    }

    /// ACTIVE to `LIMIT_REACHED`: LiveKit calls it ended at once, and only then are its outputs finished and uploaded.
    pub(super) fn egress_at_limit(&mut self, ix: EgressIx) {
        let now = self.state.now;
        self.media_ends(ix, End::SourceClosed, "End reason: Session limit reached");
        let egress = &mut self.state.egresses[ix.0 as usize];
        egress.draining = true;
        egress.info.status = EgressStatus::LimitReached;
        egress.info.error = "Session limit reached".into();
        egress.info.error_code = 413;
        egress.info.updated_at = Some(now);
        egress.info.ended_at = Some(now);
        self.recorder_participant(ix, false);
        self.egress_changed(ix, "egress_ended");
        self.recording_ended(ix);
        self.finish_outputs(ix);
    }

    /// ACTIVE to FAILED by way of its outputs: they are finished and uploaded, and LiveKit hears of it afterwards.
    pub(super) fn egress_is_killed(&mut self, ix: EgressIx, failure: Failure) {
        self.media_ends(ix, End::Failed, "End reason: Failure");
        self.recorder_participant(ix, false);
        self.trouble_mut(ix).ends_with = Some(failure);
        self.finish_outputs(ix);
    }

    /// Nothing more is recorded.
    fn media_ends(&mut self, ix: EgressIx, end: End, details: &str) {
        let now = self.state.now;
        let recorded = self.recorded(ix);
        let egress = &mut self.state.egresses[ix.0 as usize];
        egress.stopped_at = Some(now);
        egress.end = Some(end);
        egress.info.details = details.into();
        for file in &mut egress.info.file_results {
            file.ended_at = Some(now);
            file.duration = recorded;
        }
        for segments in &mut egress.info.segment_results {
            segments.ended_at = Some(now);
            segments.duration = recorded;
        }
        for images in &mut egress.info.image_results {
            images.ended_at = Some(now);
        }
        self.streams_end(ix);
    }

    /// How much there is of its media when it ends now.
    fn recorded(&self, ix: EgressIx) -> Span {
        let active_at = self.state.egress(ix).active_at.expect("an ACTIVE egress has been activated");
        let recorded = self.state.now.since(active_at);
        let hls = self.recorders.workers.get(&ix).and_then(|worker| worker.hls.as_ref());
        // What is uploaded is not missing.
        let stored = hls.map_or(Span::ZERO, |hls| hls.segment.times(hls.stored));
        let cut = self.trouble(ix).cut;
        if cut == Span::ZERO { recorded } else { Span(recorded.0.saturating_sub(cut.0)).max(stored) }
    }

    /// Plans the upload of what is not uploaded yet.
    fn finish_outputs(&mut self, ix: EgressIx) {
        if self.trouble(ix).hangs {
            return;
        }
        let now = self.state.now;
        let world = &self.state.scenario.world;
        let (media_rate, upload_rate) = (world.media_bytes_per_second, world.upload_bytes_per_second);
        let recorded = self.recorded(ix);
        let info = &self.state.egress(ix).info;
        if info.request.outputs.iter().any(|output| matches!(output, Output::Stream(_))) {
            self.queue.push(now, Event::StreamsClosed { egress: ix });
        }
        if !info.file_results.is_empty() {
            let bytes = upload::media_bytes(recorded, media_rate);
            self.queue.push(now + upload::upload_time(bytes, upload_rate), Event::EgressStored { egress: ix });
        }
        self.end_segments(ix, recorded);
        self.end_images(ix, recorded);
    }

    /// One output is in the sink in full. After the last one: manifest, and the end.
    pub(super) fn output_stored(&mut self, ix: EgressIx) {
        let worker = self.recorders.workers.get_mut(&ix).expect("a live egress has a worker");
        worker.open_outputs -= 1;
        if worker.open_outputs > 0 {
            return;
        }
        let failure = worker.trouble.ends_with;
        if failure.is_none_or(|failure| failure.manifest) {
            self.upload_manifests(ix);
        }
        let now = self.state.now;
        let egress = &mut self.state.egresses[ix.0 as usize];
        egress.stored = !egress.spoilt;
        egress.info.updated_at = Some(now);
        if egress.draining {
            egress.draining = false;
            self.recorders.workers.remove(&ix);
            self.strike_egress("egress.ended", ix);
            self.egress_on_record(ix);
            return;
        }
        if let Some(Failure { error, code, .. }) = failure {
            self.egress_fails(ix, error, code);
            return;
        }
        egress.info.status = EgressStatus::Complete;
        egress.info.ended_at = Some(now);
        self.egress_over(ix);
    }

    /// STARTING to ABORTED.
    pub(super) fn egress_ends_early(&mut self, ix: EgressIx, end: End, error: &str) {
        let now = self.state.now;
        let egress = &mut self.state.egresses[ix.0 as usize];
        egress.end = Some(end);
        egress.info.status = EgressStatus::Aborted;
        egress.info.error = error.into();
        egress.info.error_code = 412;
        egress.info.details = match end {
            End::Stopped => "End reason: StopEgress API".into(),
            End::SourceClosed => "End reason: Source closed".into(),
            End::Failed => "End reason: Failure".into(),
        };
        egress.info.updated_at = Some(now);
        egress.info.ended_at = Some(now);
        self.egress_over(ix);
    }

    /// To FAILED, from wherever it is. A fatal error stops the pipeline without finishing its outputs: an MP4 is not
    /// uploaded at all, HLS keeps what it has uploaded, without ENDLIST and without a manifest.
    pub(super) fn egress_fails(&mut self, ix: EgressIx, error: &str, code: i32) {
        let now = self.state.now;
        let egress = self.state.egress(ix);
        let was_recording = egress.info.status == EgressStatus::Active && egress.is_recording();
        let egress = &mut self.state.egresses[ix.0 as usize];
        egress.stopped_at = egress.stopped_at.or(egress.active_at.map(|_| now));
        egress.end = egress.end.or(Some(End::Failed));
        egress.draining = false;
        egress.info.status = EgressStatus::Failed;
        egress.info.error = error.into();
        egress.info.error_code = code;
        if egress.info.details.is_empty() {
            egress.info.details = "End reason: Failure".into();
        }
        egress.info.updated_at = Some(now);
        egress.info.ended_at = Some(now);
        self.streams_end(ix);
        if was_recording {
            self.recorder_participant(ix, false);
        }
        self.egress_over(ix);
    }

    fn egress_over(&mut self, ix: EgressIx) {
        self.recorders.workers.remove(&ix);
        self.strike_egress("egress.ended", ix);
        self.egress_changed(ix, "egress_ended");
        self.recording_ended(ix);
    }

    /// The recorder is a participant of the room itself, hidden, under the egress's id.
    pub(super) fn recorder_participant(&mut self, ix: EgressIx, joins: bool) {
        let egress = self.state.egress(ix);
        if !egress.is_in_room() {
            return;
        }
        let call = egress.call;
        let (room, identity) = (&egress.info.room_name, &egress.info.egress_id);
        let fact = if joins {
            Fact::ParticipantJoined { call, room, identity, recorder: true }
        } else {
            Fact::ParticipantLeft { call, room, identity, recorder: true }
        };
        self.log.emit(&self.state, &fact);
        let event = if joins { "participant_joined" } else { "participant_left" };
        self.notify(event, Subject::Recorder { egress: ix });
    }
}

/// How long a segment is: as asked for, but not longer than from one key frame to the next where a stream sets those.
fn segment_length(request: &StartEgress, segments: &SegmentedFileOutput) -> Span {
    let seconds = if segments.segment_duration == 0 { 4 } else { segments.segment_duration };
    let asked = Span::seconds(u64::from(seconds));
    let streams = request.outputs.iter().any(|output| matches!(output, Output::Stream(_)));
    let key_frames = request.encoding().key_frame_interval;
    if streams && key_frames > Span::ZERO { asked.min(key_frames) } else { asked }
}
