//! What an egress writes into the sink, in the order of the real worker (facts/livekit-egress §4.3 to §4.6).
//!
//! A file is one event when it is uploaded in full, whatever parts it had. A segment is uploaded before it is listed;
//! the event playlist is uploaded after the first segment and then every `1 + hours` segments or after a minute, the
//! live playlist after every segment. At the end come the event playlist with ENDLIST, the live playlist, the manifest.

use std::sync::Arc;

use serde::Serialize;

use super::{Hls, filename};
use crate::call::CallError;
use crate::livekit::Output;
use crate::sink::{Body, MediaKind, Origin, Put, SegmentEntry};
use crate::state::EgressIx;
use crate::time::{Span, Time};
use crate::trace::{Actor, Fact};
use crate::world::{Event, World};

/// The event playlist is uploaded at the latest so long after its last upload.
const LISTED_AGAIN: Span = Span::seconds(60);

/// Size of so much recorded media, bytes; never nothing.
pub(super) fn media_bytes(recorded: Span, bytes_per_second: u64) -> u64 {
    u64::try_from(u128::from(recorded.0) * u128::from(bytes_per_second) / 1_000_000_000).unwrap_or(u64::MAX).max(1)
}

/// How long an upload takes.
pub(super) fn upload_time(bytes: u64, bytes_per_second: u64) -> Span {
    Span(u64::try_from(u128::from(bytes) * 1_000_000_000 / u128::from(bytes_per_second.max(1))).unwrap_or(u64::MAX))
}

/// What a file of this extension has in it.
pub(super) fn file_kind(extension: &str) -> MediaKind {
    match extension {
        ".ogg" => MediaKind::Ogg,
        ".webm" => MediaKind::Webm,
        _ => MediaKind::Mp4,
    }
}

impl World<'_> {
    /// A file output is uploaded.
    pub(crate) fn egress_stored(&mut self, ix: EgressIx) {
        if self.recorders.workers.get(&ix).is_none_or(|worker| worker.trouble.hangs) {
            return;
        }
        let egress = self.state.egress(ix);
        let file = &egress.info.file_results[0];
        let bytes = media_bytes(file.duration, self.state.scenario.world.media_bytes_per_second);
        let key: Arc<str> = file.filename.as_str().into();
        let extension = key.rfind('.').map_or("", |dot| &key[dot..]);
        let kind = file_kind(extension);
        let place = egress.info.request.outputs.iter().position(|output| matches!(output, Output::File(_)));
        let place = place.expect("a file result has a file output");
        let body = self.media(kind, &key, 0, bytes);
        if !self.upload(ix, place, &key, body, filename::content_type(extension), true) {
            return;
        }
        let egress = &mut self.state.egresses[ix.0 as usize];
        let file = &mut egress.info.file_results[0];
        file.size = bytes;
        file.location = filename::location(&egress.bucket, &key);
        self.output_stored(ix);
    }

    /// Puts the upload of the next segment into the queue.
    pub(super) fn plan_segment(&mut self, ix: EgressIx) {
        let world = &self.state.scenario.world;
        let (media_rate, upload_rate) = (world.media_bytes_per_second, world.upload_bytes_per_second);
        let now = self.state.now;
        let Some(hls) = self.recorders.workers.get(&ix).and_then(|worker| worker.hls.as_ref()) else { return };
        let begins = self.segment_begin(ix, hls);
        let bytes = media_bytes(hls.next_cut.since(begins), media_rate);
        let at = now.max(hls.next_cut) + upload_time(bytes, upload_rate);
        self.queue.push(at, Event::SegmentStored { egress: ix, plan: hls.plan });
    }

    fn segment_begin(&self, ix: EgressIx, hls: &Hls) -> Time {
        let active_at = self.state.egress(ix).active_at.expect("an egress with segments is active");
        active_at + hls.segment.times(hls.stored)
    }

    /// A segment has been uploaded.
    pub(crate) fn segment_stored(&mut self, ix: EgressIx, plan: u32) {
        let Some(mut hls) = self.recorders.workers.get_mut(&ix).and_then(|worker| worker.hls.take()) else { return };
        if hls.plan != plan {
            self.put_back(ix, hls);
            return;
        }
        let begins = self.segment_begin(ix, &hls);
        let duration = hls.next_cut.since(begins);
        let bytes = media_bytes(duration, self.state.scenario.world.media_bytes_per_second);
        let request = Arc::clone(&self.state.egress(ix).info.request);
        let Output::Segments(output) = &request.outputs[hls.output] else {
            unreachable!("an HLS output is a segmented file output")
        };
        let paths = self.segment_paths(ix, output);
        let name = filename::segment_name(&paths.segment_prefix, output.filename_suffix, hls.stored, begins);
        let key: Arc<str> = paths.segment_key(&name).into();
        let body = self.media(MediaKind::Ts, &key, hls.stored, bytes);
        if !self.upload(ix, hls.output, &key, body, filename::content_type(".ts"), true) {
            return;
        }
        self.state.sink.media.push_segment(hls.playlist, SegmentEntry { name, at: begins, duration });
        hls.stored += 1;
        hls.bytes += bytes;
        hls.unlisted += 1;
        let over = hls.total == Some(hls.stored);
        if !over {
            self.list_segment(ix, &mut hls);
            let stopped_at = self.state.egress(ix).stopped_at.unwrap_or(Time::MAX);
            hls.next_cut = stopped_at.min(hls.next_cut + hls.segment);
        }
        self.put_back(ix, hls);
        if over {
            self.close_playlists(ix);
        } else {
            self.plan_segment(ix);
        }
    }

    fn put_back(&mut self, ix: EgressIx, hls: Hls) {
        if let Some(worker) = self.recorders.workers.get_mut(&ix) {
            worker.hls = Some(hls);
        }
    }

    pub(super) fn segment_paths(
        &self,
        ix: EgressIx,
        output: &crate::livekit::SegmentedFileOutput,
    ) -> filename::SegmentPaths {
        let info = &self.state.egress(ix).info;
        let naming = filename::Naming {
            room_name: &info.room_name,
            room_id: &info.room_id,
            now: info.started_at.unwrap_or_default(),
            track: None,
        };
        let mut paths = filename::segment_paths(
            &output.filename_prefix,
            &output.playlist_name,
            &output.live_playlist_name,
            &naming,
        );
        paths.segment_prefix = filename::retried(&paths.segment_prefix, info.retry_count);
        paths
    }

    /// Uploads the playlists that are due after a segment.
    fn list_segment(&mut self, ix: EgressIx, hls: &mut Hls) {
        let now = self.state.now;
        let hours = now.since(self.state.egress(ix).active_at.unwrap_or(now)).0 / Span::seconds(3600).0;
        let due = hls.listed_at.is_none_or(|at| now.since(at) > LISTED_AGAIN) || hls.unlisted > hours;
        if due {
            self.upload_playlist(ix, hls, false);
        }
        self.upload_live_playlist(ix, hls, false);
    }

    fn upload_playlist(&mut self, ix: EgressIx, hls: &mut Hls, ended: bool) -> bool {
        let body = Body::Playlist { log: hls.playlist, segments: hls.stored as u32, ended, live: false };
        let first = hls.listed_at.is_none();
        hls.listed_at = Some(self.state.now);
        hls.unlisted = 0;
        let key = Arc::clone(&hls.playlist_key);
        self.upload(ix, hls.output, &key, body, filename::content_type(".m3u8"), first)
    }

    fn upload_live_playlist(&mut self, ix: EgressIx, hls: &mut Hls, ended: bool) -> bool {
        let Some(key) = hls.live_key.clone() else { return true };
        let body = Body::Playlist { log: hls.playlist, segments: hls.stored as u32, ended, live: true };
        let first = !std::mem::replace(&mut hls.live_listed, true);
        self.upload(ix, hls.output, &key, body, filename::content_type(".m3u8"), first)
    }

    /// The media has ended: how many segments there will be, and the upload of a last short one.
    pub(super) fn end_segments(&mut self, ix: EgressIx, recorded: Span) {
        let now = self.state.now;
        let Some(hls) = self.recorders.workers.get_mut(&ix).and_then(|worker| worker.hls.as_mut()) else { return };
        let total = recorded.0.div_ceil(hls.segment.0);
        hls.total = Some(total);
        if hls.stored >= total {
            hls.plan += 1;
            self.close_playlists(ix);
        } else if hls.next_cut > now {
            hls.next_cut = now;
            hls.plan += 1;
            self.plan_segment(ix);
        }
    }

    /// ENDLIST.
    fn close_playlists(&mut self, ix: EgressIx) {
        let Some(mut hls) = self.recorders.workers.get_mut(&ix).and_then(|worker| worker.hls.take()) else { return };
        if !self.upload_playlist(ix, &mut hls, true) || !self.upload_live_playlist(ix, &mut hls, true) {
            return;
        }
        let egress = &mut self.state.egresses[ix.0 as usize];
        let result = &mut egress.info.segment_results[0];
        result.segment_count = hls.stored;
        result.size = hls.bytes;
        result.playlist_location = filename::location(&egress.bucket, &hls.playlist_key);
        if let Some(live) = &hls.live_key {
            result.live_playlist_location = filename::location(&egress.bucket, live);
        }
        self.put_back(ix, hls);
        self.output_stored(ix);
    }

    /// One manifest beside each output that wants one. The real worker only logs a failure to upload it.
    pub(super) fn upload_manifests(&mut self, ix: EgressIx) {
        let request = Arc::clone(&self.state.egress(ix).info.request);
        for (place, output) in request.outputs.iter().enumerate() {
            let info = &self.state.egress(ix).info;
            let (wanted, beside) = match output {
                Output::File(file) => (!file.disable_manifest, &info.file_results[0].filename),
                Output::Segments(segments) => (!segments.disable_manifest, &info.segment_results[0].playlist_name),
            };
            if !wanted {
                continue;
            }
            let key = filename::manifest_path(filename::directory(beside), &info.egress_id);
            let body = Body::Bytes(self.manifest(ix).into());
            let stored =
                self.put_for(ix, place, &key.as_str().into(), body, filename::content_type(".json"), true).is_ok();
            let egress = &mut self.state.egresses[ix.0 as usize];
            if stored && egress.info.manifest_location.is_empty() {
                egress.info.manifest_location = filename::location(&egress.bucket, &key);
            }
        }
    }

    fn manifest(&self, ix: EgressIx) -> Vec<u8> {
        let egress = self.state.egress(ix);
        let info = &egress.info;
        let listed = |key: &str| Listed { filename: key.to_owned(), location: filename::location(&egress.bucket, key) };
        let segments = || {
            let segments = egress.objects.iter().filter(|key| key.ends_with(".ts"));
            segments.map(|key| listed(key)).collect()
        };
        let manifest = Manifest {
            egress_id: &info.egress_id,
            room_id: &info.room_id,
            room_name: &info.room_name,
            started_at: info.started_at.unwrap_or_default(),
            ended_at: self.state.now,
            files: info.file_results.iter().map(|file| listed(&file.filename)).collect(),
            playlists: info
                .segment_results
                .iter()
                .map(|result| Playlist { location: result.playlist_location.clone(), segments: segments() })
                .collect(),
        };
        let mut bytes = serde_json::to_vec(&manifest).expect("a manifest is plain data");
        bytes.push(b'\n');
        bytes
    }

    pub(super) fn media(&self, kind: MediaKind, key: &str, counter: u64, length: u64) -> Body {
        Body::Media { kind, seed: self.chance.draw("media", key, counter), length }
    }

    /// Puts an object. If the sink refuses, the egress fails as a whole, and false is returned.
    pub(super) fn upload(
        &mut self,
        ix: EgressIx,
        output: usize,
        key: &Arc<str>,
        body: Body,
        content_type: &str,
        first: bool,
    ) -> bool {
        match self.put_for(ix, output, key, body, content_type, first) {
            Ok(()) => true,
            Err(why) => {
                self.egress_fails(ix, &why, 400);
                false
            }
        }
    }

    fn put_for(
        &mut self,
        ix: EgressIx,
        output: usize,
        key: &Arc<str>,
        body: Body,
        content_type: &str,
        first: bool,
    ) -> Result<(), String> {
        let egress = self.state.egress(ix);
        let bucket = Arc::clone(&egress.bucket);
        let s3 = egress.info.request.outputs[output].s3();
        let put = Put {
            chance: self.chance,
            now: self.state.now,
            bucket: &bucket,
            key: Arc::clone(key),
            body,
            content_type: content_type.into(),
            metadata: Arc::new(s3.metadata.clone()),
            tagging: s3.tagging.as_str().into(),
            origin: Origin::Egress(ix),
        };
        let change = match self.state.sink.upload(put) {
            Ok(change) => change,
            Err(CallError::Rejected(rejection)) => {
                return Err(format!("S3 upload failed: {}: {}", rejection.code, rejection.message));
            }
            Err(CallError::NotSent(why) | CallError::OutcomeUnknown(why)) => {
                return Err(format!("S3 upload failed: {why}"));
            }
        };
        if first {
            self.state.egresses[ix.0 as usize].objects.push(Arc::clone(key));
        }
        self.log.emit(&self.state, &Fact::Sink { by: Actor::Egress(ix), bucket: &bucket, change: &change });
        self.after_store(&bucket, &change);
        Ok(())
    }
}

/// `{egress_id}.json`
#[derive(Serialize)]
struct Manifest<'a> {
    egress_id: &'a str,
    room_id: &'a str,
    room_name: &'a str,
    started_at: Time,
    ended_at: Time,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    files: Vec<Listed>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    playlists: Vec<Playlist>,
}

#[derive(Serialize)]
struct Playlist {
    location: String,
    segments: Vec<Listed>,
}

#[derive(Serialize)]
struct Listed {
    filename: String,
    location: String,
}
