//! `livekit.Egress`: what each RPC answers (facts from livekit-server 1.13 and egress 1.14).

use std::collections::BTreeSet;
use std::sync::Arc;

use super::filename::{self, Naming};
use super::{Worker, error, streams, validate};
use crate::call::CallError;
use crate::livekit::{EgressInfo, EgressStatus, FileInfo, ImagesInfo, Output, SegmentsInfo, Source, StartEgress};
use crate::state::{CallIx, Egress, EgressIx, End};
use crate::time::Span;
use crate::webhook::Subject;
use crate::world::{Event, World};

impl World<'_> {
    /// All Start… RPCs. The order of checks is LiveKit's: room, worker, request. A page on the web needs no room.
    pub(crate) fn start_egress(&mut self, request: &Arc<StartEgress>) -> Result<Arc<EgressInfo>, CallError> {
        let world = &self.state.scenario.world;
        let (prefixed, capacity, egress_start) = (world.error_prefix, world.egress_capacity, world.egress_start);
        let room = self.live_rooms.get(request.room_name.as_str()).copied();
        let needs_none =
            request.room_name.is_empty() && (request.is_unified() || matches!(request.source, Source::Web { .. }));
        if room.is_none() && !needs_none {
            return Err(error::room_does_not_exist(prefixed));
        }
        let busy = self.recorders.workers.values().filter(|worker| !worker.trouble.dead).count();
        if capacity > 0 && busy as u64 >= u64::from(capacity) {
            return Err(error::no_response_from_servers(prefixed));
        }
        validate::validate(request).map_err(|refusal| error::with_prefix(refusal, prefixed))?;

        if self.state.tenants.is_empty() {
            return Err(error::no_response_from_servers(prefixed));
        }
        let call = match room {
            Some(call) if !matches!(request.source, Source::Web { .. }) => call,
            _ => self.no_room_of(request),
        };
        let ix = self.new_egress(call, request);
        let streams = request.outputs.iter().filter_map(validate::stream_output);
        let urls = streams.flat_map(|stream| stream.urls.iter().cloned()).collect();
        self.recorders.workers.insert(ix, Worker { urls, ..Worker::default() });
        self.egress_changed(ix, "egress_started");
        self.queue.push(self.state.now + egress_start, Event::EgressActive { egress: ix });
        self.limit_session(ix);
        self.strike_egress("egress.start", ix);
        Ok(Arc::new(self.state.egress(ix).info.clone()))
    }

    fn new_egress(&mut self, call: CallIx, request: &Arc<StartEgress>) -> EgressIx {
        let now = self.state.now;
        let ix = EgressIx(self.state.egresses.len() as u32);
        let room = self.state.call(call);
        let attempt = room.egresses.len() as u32;
        let egress_id: Arc<str> = self.chance.id("EG_", &self.entity(call), u64::from(attempt)).into();
        let participant = match &request.source {
            Source::Participant { identity, .. } => identity,
            _ => "",
        };
        let naming = Naming { room_name: &room.room, room_id: &room.sid, participant, ..Naming::at(now) };
        let mut info = EgressInfo {
            egress_id: Arc::clone(&egress_id),
            room_id: Arc::clone(&room.sid),
            room_name: Arc::clone(&room.room),
            status: EgressStatus::Starting,
            request: Arc::clone(request),
            started_at: Some(now),
            updated_at: Some(now),
            ended_at: None,
            file_results: Vec::new(),
            segment_results: Vec::new(),
            manifest_location: String::new(),
            details: String::new(),
            error: String::new(),
            error_code: 0,
            backup_storage_used: false,
            retry_count: 0,
            flaw: None,
            stream_results: Vec::new(),
            image_results: Vec::new(),
        };
        for output in &request.outputs {
            match output {
                Output::File(file) => info.file_results.push(FileInfo {
                    // The name of a track's file is known only once the track is subscribed to.
                    filename: if request.is_raw() {
                        String::new()
                    } else {
                        let extension = validate::file_extension(request, file.file_type);
                        filename::file_path(&file.filepath, extension, &naming)
                    },
                    ..FileInfo::default()
                }),
                Output::Segments(segments) => {
                    let paths = filename::segment_paths(
                        &segments.filename_prefix,
                        &segments.playlist_name,
                        &segments.live_playlist_name,
                        &naming,
                    );
                    info.segment_results.push(SegmentsInfo {
                        playlist_name: paths.playlist,
                        live_playlist_name: paths.live_playlist.unwrap_or_default(),
                        ..SegmentsInfo::default()
                    });
                }
                Output::Images(images) => info.image_results.push(ImagesInfo {
                    filename_prefix: filename::image_prefix(&images.filename_prefix, &naming),
                    ..ImagesInfo::default()
                }),
                Output::Stream(stream) => {
                    info.stream_results.extend(stream.urls.iter().map(|url| streams::announced(url)));
                }
                Output::Unset => {}
            }
        }
        let bucket = request.outputs.iter().find_map(Output::s3).map_or("", |s3| &s3.bucket);
        self.state.egresses.push(Egress {
            ix,
            call,
            attempt,
            info,
            active_at: None,
            stopped_at: None,
            end: None,
            stored: false,
            objects: Vec::new(),
            missing: Vec::new(),
            owed: Vec::new(),
            spoilt: false,
            bucket: bucket.into(),
            outlives_room: false,
            start_delay: Span::ZERO,
            draining: false,
            lost: None,
            struck: BTreeSet::new(),
        });
        self.state.egress_by_id.insert(Arc::clone(&egress_id), ix);
        self.state.calls[call.0 as usize].egresses.push(ix);
        self.recorders.remembered.insert(egress_id, ix);
        ix
    }

    /// `StopEgress`.
    pub(crate) fn stop_egress(&mut self, egress_id: &str) -> Result<Arc<EgressInfo>, CallError> {
        let prefixed = self.state.scenario.world.error_prefix;
        let Some(ix) = self.remembered(egress_id) else { return Err(error::egress_does_not_exist(prefixed)) };
        match self.state.egress(ix).info.status {
            // The server asks the worker, and there is none any more.
            status if status.is_live() && self.trouble(ix).dead => return Err(error::request_timed_out(prefixed)),
            EgressStatus::Starting => {
                self.egress_ends_early(ix, End::Stopped, "Stop called before pipeline could start");
            }
            EgressStatus::Active if self.state.egress(ix).is_recording() => {
                self.egress_stops(ix, End::Stopped, "End reason: StopEgress API");
            }
            EgressStatus::Active | EgressStatus::Ending => {}
            status => return Err(error::cannot_be_stopped(status)),
        }
        Ok(Arc::new(self.state.egress(ix).info.clone()))
    }

    /// `ListEgress`. The order means nothing: the server's store is a hash.
    pub(crate) fn list_egress(
        &mut self,
        room_name: &str,
        egress_id: &str,
        active: bool,
    ) -> Result<Vec<Arc<EgressInfo>>, CallError> {
        if !egress_id.is_empty() {
            let prefixed = self.state.scenario.world.error_prefix;
            let ix = self.remembered(egress_id).ok_or_else(|| error::egress_does_not_exist(prefixed))?;
            return Ok(vec![Arc::new(self.state.egress(ix).info.clone())]);
        }
        let state = &self.state;
        let mut found: Vec<&EgressInfo> = if active {
            // Those that are live have a worker: a day of ended ones need not be gone through.
            let with_worker = self.recorders.workers.keys().map(|ix| &state.egress(*ix).info);
            with_worker.filter(|info| info.status.is_live()).collect()
        } else {
            let (now, retention) = (state.now, state.scenario.world.info_retention);
            self.recorders.remembered.retain(|_, ix| !is_forgotten(state.egress(*ix), now, retention));
            self.recorders.remembered.values().map(|ix| &state.egress(*ix).info).collect()
        };
        found.retain(|info| room_name.is_empty() || &*info.room_name == room_name);
        found.sort_unstable_by_key(|info| &info.egress_id);
        Ok(found.into_iter().map(|info| Arc::new(info.clone())).collect())
    }

    /// `UpdateLayout`: the recorder's metadata as a participant, which only a recorder in a room has.
    pub(crate) fn update_layout(&mut self, egress_id: &str, layout: &str) -> Result<Arc<EgressInfo>, CallError> {
        let prefixed = self.state.scenario.world.error_prefix;
        let Some(ix) = self.remembered(egress_id) else { return Err(error::egress_does_not_exist(prefixed)) };
        let egress = self.state.egress(ix);
        if egress.active_at.is_none() || !egress.is_recording() || !egress.is_in_room() {
            return Err(error::participant_does_not_exist(prefixed));
        }
        let metadata = serde_json::json!({ "layout": layout }).to_string();
        self.recorders.workers.get_mut(&ix).expect("a live egress has a worker").layout = metadata;
        Ok(Arc::new(self.state.egress(ix).info.clone()))
    }

    /// The metadata of an egress's recorder as a participant; empty: nobody has set any.
    pub(crate) fn recorder_metadata(&self, ix: EgressIx) -> &str {
        self.recorders.workers.get(&ix).map_or("", |worker| &worker.layout)
    }

    pub(super) fn remembered(&self, egress_id: &str) -> Option<EgressIx> {
        let ix = *self.recorders.remembered.get(egress_id)?;
        let retention = self.state.scenario.world.info_retention;
        (!is_forgotten(self.state.egress(ix), self.state.now, retention)).then_some(ix)
    }

    /// Puts a new status on record and tells the receivers.
    pub(super) fn egress_changed(&mut self, ix: EgressIx, event: &'static str) {
        self.egress_on_record(ix);
        self.notify(event, Subject::Egress { egress: ix });
    }

    /// Puts what LiveKit knows of it on record.
    pub(super) fn egress_on_record(&mut self, ix: EgressIx) {
        let info = &self.state.egress(ix).info;
        self.log.emit(
            &self.state,
            &crate::trace::Fact::EgressChanged {
                egress: ix,
                id: &info.egress_id,
                room: &info.room_name,
                status: info.status,
                details: &info.details,
                error: &info.error,
            },
        );
    }
}

fn is_forgotten(egress: &Egress, now: crate::time::Time, retention: Span) -> bool {
    egress.info.ended_at.is_some_and(|ended| ended + retention <= now)
}
