//! What an egress writes into the sink, in the order of the real worker (livekit/egress, `pkg/pipeline/sink`).
//! `uploader` carries out one upload, `manifest` says what is in `{egress_id}.json`.
//!
//! A file is one event when it is uploaded in full, whatever parts it had. A segment is uploaded before it is listed;
//! the event playlist is uploaded after the first segment and then every `1 + hours` segments or after a minute, the
//! live playlist after every segment. At the end come the event playlist with ENDLIST, the live playlist, the manifest.

use std::sync::Arc;

use super::{Hls, filename};
use crate::livekit::{Output, Source};
use crate::sink::{Body, MediaKind, SegmentEntry};
use crate::state::EgressIx;
use crate::time::{Span, Time};
use crate::world::{Event, World};

mod manifest;
mod uploader;

pub(crate) use uploader::Late;
pub(super) use uploader::Upload;
pub(super) use uploader::Uploader;
use uploader::{Failure, Uploaded};

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
        // No player looks further than the head of it.
        ".mp3" => MediaKind::Noise,
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
        if self.is_delayed(ix, "upload.file", place, &key, Event::EgressStored { egress: ix }) {
            return;
        }
        let upload = Upload {
            point: "upload.file",
            output: place,
            key: &key,
            body: &self.media(kind, &key, 0, bytes),
            content_type: filename::content_type(extension),
            rewritten: false,
            leftover: false,
        };
        match self.upload(ix, upload) {
            Ok(Uploaded { location, size }) => {
                let file = &mut self.state.egresses[ix.0 as usize].info.file_results[0];
                file.size = size;
                file.location = location;
                self.output_stored(ix);
            }
            Err(failure) => self.upload_failed(ix, &failure),
        }
    }

    /// An upload failed that the recording cannot do without.
    pub(super) fn upload_failed(&mut self, ix: EgressIx, failure: &Failure) {
        self.state.egresses[ix.0 as usize].spoilt = true;
        self.egress_fails(ix, &failure.error, 400);
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
        let name = filename::segment_name(&hls.paths.segment_prefix, output.filename_suffix, hls.stored, begins);
        let key: Arc<str> = hls.paths.segment_key(&name).into();
        if self.is_delayed(ix, "upload.segment", hls.output, &key, Event::SegmentStored { egress: ix, plan }) {
            self.put_back(ix, hls);
            return;
        }
        let upload = Upload {
            point: "upload.segment",
            output: hls.output,
            key: &key,
            body: &self.media(MediaKind::Ts, &key, hls.stored, bytes),
            content_type: filename::content_type(".ts"),
            rewritten: false,
            leftover: false,
        };
        let uploaded = self.upload(ix, upload);
        if uploaded.as_ref().map_or_else(|failure| failure.listed, |_| true) {
            self.state.sink.media.push_segment(hls.playlist, SegmentEntry { name, at: begins, duration });
            hls.stored += 1;
        }
        match uploaded {
            Ok(Uploaded { size, .. }) => hls.bytes += size,
            Err(failure) => {
                if failure.listed {
                    let _ = self.upload_playlist(ix, &mut hls, false);
                }
                self.upload_failed(ix, &failure);
                return;
            }
        }
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
            participant: match &info.request.source {
                Source::Participant { identity, .. } => identity,
                _ => "",
            },
            ..filename::Naming::at(info.started_at.unwrap_or_default())
        };
        let mut paths = filename::segment_paths(
            &output.filename_prefix,
            &output.playlist_name,
            &output.live_playlist_name,
            &naming,
        );
        if let Some(publisher) = self.recorders.workers.get(&ix).map(|worker| worker.publisher.as_str())
            && !publisher.is_empty()
        {
            paths.storage_dir = filename::published_by(&paths.storage_dir, publisher);
            paths.segment_prefix = filename::published_by(&paths.segment_prefix, publisher);
        }
        paths.segment_prefix = filename::retried(&paths.segment_prefix, info.retry_count);
        paths
    }

    /// Uploads the playlists that are due after a segment.
    fn list_segment(&mut self, ix: EgressIx, hls: &mut Hls) {
        let now = self.state.now;
        let hours = now.since(self.state.egress(ix).active_at.unwrap_or(now)).0 / Span::seconds(3600).0;
        let due = hls.listed_at.is_none_or(|at| now.since(at) > LISTED_AGAIN) || hls.unlisted > hours;
        // That one of these fails is ignored: the next one, or the last one, makes up for it.
        if due {
            let _ = self.upload_playlist(ix, hls, false);
        }
        let _ = self.upload_live_playlist(ix, hls, false);
    }

    fn upload_playlist(&mut self, ix: EgressIx, hls: &mut Hls, ended: bool) -> Result<Uploaded, Failure> {
        hls.listed_at = Some(self.state.now);
        hls.unlisted = 0;
        let upload = Upload {
            point: if ended { "upload.playlist_end" } else { "upload.playlist" },
            output: hls.output,
            key: &hls.playlist_key,
            body: &Body::Playlist { log: hls.playlist, segments: hls.stored as u32, ended, live: false },
            content_type: filename::content_type(".m3u8"),
            rewritten: true,
            leftover: false,
        };
        self.upload(ix, upload)
    }

    /// None: there is no live playlist.
    fn upload_live_playlist(&mut self, ix: EgressIx, hls: &Hls, ended: bool) -> Option<Result<Uploaded, Failure>> {
        let upload = Upload {
            point: "upload.live_playlist",
            output: hls.output,
            key: hls.live_key.as_ref()?,
            body: &Body::Playlist { log: hls.playlist, segments: hls.stored as u32, ended, live: true },
            content_type: filename::content_type(".m3u8"),
            rewritten: true,
            leftover: false,
        };
        Some(self.upload(ix, upload))
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
        let uploaded = self.upload_playlist(ix, &mut hls, true);
        let uploaded = uploaded.and_then(|event| {
            let live = self.upload_live_playlist(ix, &hls, true).transpose()?;
            Ok((event, live))
        });
        match uploaded {
            Ok((event, live)) => {
                let result = &mut self.state.egresses[ix.0 as usize].info.segment_results[0];
                result.segment_count = hls.stored;
                result.size = hls.bytes;
                result.playlist_location = event.location;
                result.live_playlist_location = live.map(|live| live.location).unwrap_or_default();
                self.put_back(ix, hls);
                self.output_stored(ix);
            }
            Err(failure) => self.upload_failed(ix, &failure),
        }
    }

    /// One manifest beside each output that wants one, and beside all of them once the backup storage was used. The real
    /// worker only logs a failure to upload it.
    pub(super) fn upload_manifests(&mut self, ix: EgressIx) {
        let request = Arc::clone(&self.state.egress(ix).info.request);
        let mut images = 0;
        for (output, wanted) in request.outputs.iter().enumerate() {
            let egress = self.state.egress(ix);
            let info = &egress.info;
            let (disabled, beside) = match wanted {
                Output::Stream(_) | Output::Unset => continue,
                Output::Images(wanted) => {
                    images += 1;
                    (wanted.disable_manifest, &info.image_results[images - 1].filename_prefix)
                }
                Output::File(file) => (file.disable_manifest, &info.file_results[0].filename),
                Output::Segments(segments) => (segments.disable_manifest, &info.segment_results[0].playlist_name),
            };
            if disabled && !info.backup_storage_used {
                continue;
            }
            let upload = Upload {
                point: "upload.manifest",
                output,
                key: &filename::manifest_path(filename::directory(beside), &info.egress_id).into(),
                body: &Body::Bytes(manifest::of(egress, self.state.now).into()),
                content_type: filename::content_type(".json"),
                rewritten: false,
                leftover: false,
            };
            let Ok(uploaded) = self.upload(ix, upload) else { continue };
            let info = &mut self.state.egresses[ix.0 as usize].info;
            if info.manifest_location.is_empty() {
                info.manifest_location = uploaded.location;
            }
        }
    }

    pub(super) fn media(&self, kind: MediaKind, key: &str, counter: u64, length: u64) -> Body {
        Body::Media { kind, seed: self.chance.draw("media", key, counter), length }
    }
}
