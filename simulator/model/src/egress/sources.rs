//! Whether what is to be recorded is there: tracks and participants that a worker subscribes to, what they give to file
//! names, and the end of an egress whose source has gone.

use super::filename::{self, Naming, TrackNaming};
use crate::livekit::{AudioMatch, EgressStatus, MediaSource, MediaVideo, Output, Source};
use crate::state::{CallIx, CallState, EgressIx, End, ParticipantState};
use crate::time::{Span, Time};
use crate::world::{Event, World};

/// How long a worker waits for somebody, or for a track.
const SUBSCRIBES_WITHIN: Span = Span::seconds(30);

/// Something that a worker needs of a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Need<'a> {
    Track(&'a str),
    Participant(&'a str),
}

impl Need<'_> {
    /// Who gives it now; none: nobody.
    fn given_by<'c>(&self, call: &'c CallState, now: Time) -> Option<&'c ParticipantState> {
        let mut present = call.participants.iter().filter(|who| who.joins_at <= now && now < who.leaves_at);
        present.find(|who| match self {
            Need::Participant(identity) => *who.identity == **identity,
            Need::Track(sid) => who.tracks.iter().any(|track| *track.sid == **sid),
        })
    }

    /// What the worker says where nobody does.
    fn missing(&self) -> String {
        match self {
            Need::Track(sid) => format!("track {sid} not found"),
            Need::Participant(identity) => format!("participant {identity} not found"),
        }
    }
}

/// What a source needs; nothing: it takes what there is, whoever comes and goes.
fn needs(source: &Source) -> Vec<Need<'_>> {
    match source {
        Source::Track { track_id } => vec![Need::Track(track_id)],
        Source::TrackComposite { audio_track_id, video_track_id } => {
            let given = [audio_track_id, video_track_id].into_iter().filter(|id| !id.is_empty());
            given.map(|id| Need::Track(id)).collect()
        }
        Source::Participant { identity, .. } => vec![Need::Participant(identity)],
        Source::Media(media) if media.audio.as_ref().is_some_and(|audio| audio.capture_all) => Vec::new(),
        Source::Media(media) => {
            let video = media.video.iter().map(|video| match video {
                MediaVideo::Track(id) => Need::Track(id),
                MediaVideo::Participant(identity) => Need::Participant(identity),
            });
            let routes = media.audio.iter().flat_map(|audio| &audio.routes);
            let audio = routes.filter_map(|route| match route {
                AudioMatch::Track(id) => Some(Need::Track(id)),
                AudioMatch::Participant(identity) => Some(Need::Participant(identity)),
                AudioMatch::Other => None,
            });
            video.chain(audio).collect()
        }
        Source::RoomComposite { .. } | Source::Web { .. } | Source::Unset => Vec::new(),
    }
}

impl MediaSource {
    /// The one track that this is, where it is one.
    pub(super) fn single_track(&self) -> Option<&str> {
        match (&self.video, self.audio.as_ref().map(|audio| (audio.capture_all, audio.routes.as_slice()))) {
            (Some(MediaVideo::Track(id)), None) | (None, Some((false, [AudioMatch::Track(id)]))) if !id.is_empty() => {
                Some(id)
            }
            _ => None,
        }
    }
}

impl World<'_> {
    /// Whether a worker has what it needs and may go on to ACTIVE. Where it has not, it waits, or fails.
    pub(super) fn subscribes(&mut self, ix: EgressIx) -> bool {
        let now = self.state.now;
        let egress = self.state.egress(ix);
        let request = std::sync::Arc::clone(&egress.info.request);
        let call = self.state.call(egress.call);
        let needs = needs(&request.source);
        if let Some(missing) = needs.iter().find(|need| need.given_by(call, now).is_none()) {
            let waits = egress.info.started_at.is_some_and(|started| now < started + SUBSCRIBES_WITHIN);
            if waits && !matches!(request.source, Source::Track { .. }) {
                self.queue.push(now + Span::SECOND, Event::EgressActive { egress: ix });
            } else {
                self.egress_fails(ix, &missing.missing(), 404);
            }
            return false;
        }
        let raw_track = match &request.source {
            Source::Track { track_id } => Some(track_id.as_str()),
            Source::Media(media) if request.is_raw() => media.single_track(),
            _ => None,
        };
        if let Some(track_id) = raw_track {
            self.name_track_file(ix, track_id);
        } else if !self.trouble(ix).literal_name
            && let Some(publisher) = needs.first().and_then(|need| need.given_by(call, now))
        {
            let publisher = publisher.identity.to_string();
            self.name_publisher(ix, publisher);
        }
        true
    }

    /// Puts the publisher into names that were announced without.
    fn name_publisher(&mut self, ix: EgressIx, publisher: String) {
        let info = &mut self.state.egresses[ix.0 as usize].info;
        let files = info.file_results.iter_mut().map(|file| &mut file.filename);
        let images = info.image_results.iter_mut().map(|images| &mut images.filename_prefix);
        let lists =
            info.segment_results.iter_mut().flat_map(|list| [&mut list.playlist_name, &mut list.live_playlist_name]);
        for name in files.chain(images).chain(lists) {
            *name = filename::published_by(name, &publisher);
        }
        self.recorders.workers.get_mut(&ix).expect("a live egress has a worker").publisher = publisher;
    }

    /// The name of a file that holds a track as published.
    fn name_track_file(&mut self, ix: EgressIx, track_id: &str) {
        let now = self.state.now;
        let egress = self.state.egress(ix);
        let call = self.state.call(egress.call);
        let published = Need::Track(track_id).given_by(call, now);
        let published = published.and_then(|who| Some((who, who.tracks.iter().find(|track| *track.sid == *track_id)?)));
        let Some((who, track)) = published else { return };
        let known = TrackNaming {
            track_id,
            track_type: if track.source.is_audio() { "audio" } else { "video" },
            source: track.source.name(),
            publisher_identity: &who.identity,
        };
        let naming = Naming {
            room_name: &call.room,
            room_id: &call.sid,
            track: (!self.trouble(ix).literal_name).then_some(known),
            ..Naming::at(egress.info.started_at.unwrap_or(now))
        };
        let extension = filename::extension_for_track(track.source.mime_type());
        let Some(Output::File(file)) = egress.info.request.outputs.first() else { return };
        let name = filename::file_path(&file.filepath, extension, &naming);
        let name = filename::retried(&name, egress.info.retry_count);
        self.state.egresses[ix.0 as usize].info.file_results[0].filename = name;
    }

    /// The egress's room has closed.
    pub(crate) fn room_closed(&mut self, call: CallIx) {
        for at in 0..self.state.call(call).egresses.len() {
            let egress = self.state.call(call).egresses[at];
            if !self.state.egress(egress).outlives_room {
                self.source_closed(egress);
            }
        }
    }

    /// A track that somebody published is gone: what recorded just it ends.
    pub(crate) fn track_unpublished(&mut self, call: CallIx, sid: &str) {
        for at in 0..self.state.call(call).egresses.len() {
            let egress = self.state.call(call).egresses[at];
            let records_it = matches!(
                &self.state.egress(egress).info.request.source,
                Source::Track { track_id } if track_id == sid
            );
            if records_it {
                self.source_closed(egress);
            }
        }
        self.sources_left(call);
    }

    /// Ends what records nothing any more of those who are in a call.
    pub(crate) fn sources_left(&mut self, call: CallIx) {
        let now = self.state.now;
        for at in 0..self.state.call(call).egresses.len() {
            let state = self.state.call(call);
            let egress = self.state.egress(state.egresses[at]);
            let source = &egress.info.request.source;
            if egress.active_at.is_none() || matches!(source, Source::Track { .. }) {
                continue;
            }
            let needs = needs(source);
            if !needs.is_empty() && needs.iter().all(|need| need.given_by(state, now).is_none()) {
                let ix = egress.ix;
                self.source_closed(ix);
            }
        }
    }

    fn source_closed(&mut self, egress: EgressIx) {
        match self.state.egress(egress).info.status {
            _ if !self.state.egress(egress).is_recording() => {}
            EgressStatus::Starting => self.egress_ends_early(egress, End::SourceClosed, "Start signal not received"),
            EgressStatus::Active => self.egress_stops(egress, End::SourceClosed, "End reason: Source closed"),
            _ => {}
        }
    }
}
