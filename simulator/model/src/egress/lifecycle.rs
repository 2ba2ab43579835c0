//! An egress from STARTING to its end: facts/livekit-egress §3.1 as code.

use std::sync::Arc;

use super::filename::{self, Naming, TrackNaming};
use super::{Hls, upload};
use crate::livekit::{EgressStatus, Output, Source};
use crate::state::{EgressIx, End};
use crate::time::Span;
use crate::trace::Fact;
use crate::webhook::Subject;
use crate::world::{Event, World};

impl World<'_> {
    /// STARTING to ACTIVE: the pipeline plays.
    pub(crate) fn egress_active(&mut self, ix: EgressIx) {
        if self.state.egress(ix).info.status != EgressStatus::Starting {
            return;
        }
        if let Source::Track { track_id } = &self.state.egress(ix).info.request.source
            && !self.name_track_file(ix, &track_id.clone())
        {
            let error = format!("track {} not found", self.track_id(ix));
            self.egress_fails(ix, &error, 404);
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
            let info = &self.state.egress(ix).info.segment_results[0];
            let live = info.live_playlist_name.as_str();
            worker.hls = Some(Hls {
                output: place,
                playlist,
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
        let naming = Naming {
            room_name: &call.room,
            room_id: &call.sid,
            now: egress.info.started_at.unwrap_or(now),
            track: Some(TrackNaming {
                track_id,
                track_type: if track.source.is_audio() { "audio" } else { "video" },
                source: track.source.name(),
                publisher_identity: &who.identity,
            }),
        };
        let extension = filename::extension_for_track(track.source.mime_type());
        let Some(Output::File(file)) = egress.info.request.outputs.first() else { return false };
        let name = filename::file_path(&file.filepath, extension, &naming);
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
    pub(super) fn egress_stops(&mut self, ix: EgressIx, end: End) {
        let now = self.state.now;
        let world = &self.state.scenario.world;
        let (media_rate, upload_rate) = (world.media_bytes_per_second, world.upload_bytes_per_second);
        let egress = &mut self.state.egresses[ix.0 as usize];
        let recorded = now.since(egress.active_at.expect("an ACTIVE egress has been activated"));
        egress.stopped_at = Some(now);
        egress.end = Some(end);
        egress.info.status = EgressStatus::Ending;
        egress.info.updated_at = Some(now);
        egress.info.details = match end {
            End::Stopped => "End reason: StopEgress API".into(),
            End::SourceClosed | End::Failed => "End reason: Source closed".into(),
        };
        for file in &mut egress.info.file_results {
            file.ended_at = Some(now);
            file.duration = recorded;
        }
        for segments in &mut egress.info.segment_results {
            segments.ended_at = Some(now);
            segments.duration = recorded;
        }
        let has_file = !egress.info.file_results.is_empty();
        self.recorder_participant(ix, false);
        self.egress_changed(ix, "egress_updated");
        if has_file {
            let bytes = upload::media_bytes(recorded, media_rate);
            self.queue.push(now + upload::upload_time(bytes, upload_rate), Event::EgressStored { egress: ix });
        }
        self.end_segments(ix, recorded);
    }

    /// One output is in the sink in full. After the last one: manifest, COMPLETE.
    pub(super) fn output_stored(&mut self, ix: EgressIx) {
        let worker = self.recorders.workers.get_mut(&ix).expect("a live egress has a worker");
        worker.open_outputs -= 1;
        if worker.open_outputs > 0 {
            return;
        }
        self.upload_manifests(ix);
        let now = self.state.now;
        let egress = &mut self.state.egresses[ix.0 as usize];
        egress.stored = !egress.spoilt;
        egress.info.status = EgressStatus::Complete;
        egress.info.updated_at = Some(now);
        egress.info.ended_at = Some(now);
        self.egress_over(ix);
    }

    /// A fault of the scenario ends an egress by itself.
    pub(crate) fn egress_aborts(&mut self, ix: EgressIx) {
        match self.state.egress(ix).info.status {
            EgressStatus::Starting => self.egress_ends_early(ix, End::Failed, "Start signal not received"),
            EgressStatus::Active | EgressStatus::Ending => self.egress_fails(ix, "pipeline frozen", 500),
            _ => {}
        }
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
        let was_active = self.state.egress(ix).info.status == EgressStatus::Active;
        let egress = &mut self.state.egresses[ix.0 as usize];
        egress.stopped_at = egress.stopped_at.or(egress.active_at.map(|_| now));
        egress.end = egress.end.or(Some(End::Failed));
        egress.info.status = EgressStatus::Failed;
        egress.info.error = error.into();
        egress.info.error_code = code;
        if egress.info.details.is_empty() {
            egress.info.details = "End reason: Failure".into();
        }
        egress.info.updated_at = Some(now);
        egress.info.ended_at = Some(now);
        if was_active {
            self.recorder_participant(ix, false);
        }
        self.egress_over(ix);
    }

    fn egress_over(&mut self, ix: EgressIx) {
        self.recorders.workers.remove(&ix);
        self.egress_changed(ix, "egress_ended");
        self.recording_ended(ix);
    }

    /// The recorder is a participant of the room itself, hidden, under the egress's id.
    fn recorder_participant(&mut self, ix: EgressIx, joins: bool) {
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
