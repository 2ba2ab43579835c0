//! An egress from STARTING to its end, as livekit/egress moves it (`pkg/pipeline/controller.go`).

use std::sync::Arc;

use super::filename::{self, Naming, TrackNaming};
use super::{Failure, Hls, upload};
use crate::livekit::{EgressStatus, Output, Source};
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
        if let Source::Track { track_id } = &self.state.egress(ix).info.request.source
            && !self.name_track_file(ix, &track_id.clone())
        {
            let error = format!("track {} not found", self.track_id(ix));
            self.egress_fails(ix, &error, 404);
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
            let Output::Segments(segments) = output else { continue };
            let seconds = if segments.segment_duration == 0 { 4 } else { segments.segment_duration };
            let segment = Span::seconds(u64::from(seconds));
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

    /// The file name of a track egress; false if nobody publishes the track.
    fn name_track_file(&mut self, ix: EgressIx, track_id: &str) -> bool {
        let now = self.state.now;
        let egress = self.state.egress(ix);
        let call = self.state.call(egress.call);
        let published = call
            .participants
            .iter()
            .filter(|who| who.joins_at <= now && now < who.leaves_at)
            .find_map(|who| who.tracks.iter().find(|track| &*track.sid == track_id).map(|track| (who, track)));
        let Some((who, track)) = published else { return false };
        let known = TrackNaming {
            track_id,
            track_type: if track.source.is_audio() { "audio" } else { "video" },
            source: track.source.name(),
            publisher_identity: &who.identity,
        };
        let naming = Naming {
            room_name: &call.room,
            room_id: &call.sid,
            now: egress.info.started_at.unwrap_or(now),
            track: (!self.trouble(ix).literal_name).then_some(known),
        };
        let extension = filename::extension_for_track(track.source.mime_type());
        let Some(Output::File(file)) = egress.info.request.outputs.first() else { return false };
        let name = filename::file_path(&file.filepath, extension, &naming);
        let name = filename::retried(&name, egress.info.retry_count);
        self.state.egresses[ix.0 as usize].info.file_results[0].filename = name;
        true
    }

    fn track_id(&self, ix: EgressIx) -> &str {
        match &self.state.egress(ix).info.request.source {
            Source::Track { track_id } => track_id,
            Source::RoomComposite { .. } => "",
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
        let info = &self.state.egress(ix).info;
        let recorded = info.file_results.first().map(|file| file.duration);
        let recorded = recorded.or(info.segment_results.first().map(|segments| segments.duration)).unwrap_or_default();
        if !info.file_results.is_empty() {
            let bytes = upload::media_bytes(recorded, media_rate);
            self.queue.push(now + upload::upload_time(bytes, upload_rate), Event::EgressStored { egress: ix });
        }
        self.end_segments(ix, recorded);
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
