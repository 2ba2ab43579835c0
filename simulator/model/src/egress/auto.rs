//! Egresses that nobody asks for: a room was made with `egress`, and somebody publishes something in it.
//!
//! As livekit-server launches them (`pkg/rtc/egress.go`): one for each participant, with the first track that they publish; one
//! for each track. One that cannot start leaves an `egress_ended` behind, without an id and without times.

use std::sync::Arc;

use crate::call::CallError;
use crate::livekit::{Details, EgressInfo, EgressStatus, Output, Source, StartEgress};
use crate::state::CallIx;
use crate::world::World;

impl World<'_> {
    /// Somebody has published a track.
    pub(crate) fn auto_egress(&mut self, call: CallIx, participant: usize, track: usize) {
        let auto = self.auto_egress_of(call);
        let who = &self.state.call(call).participants[participant];
        let (identity, sid) = (Arc::clone(&who.identity), Arc::clone(&who.tracks[track].sid));
        if track == 0
            && let Some(template) = &auto.participant
        {
            self.launch(call, of_participant(template, &identity));
        }
        if let Some(template) = &auto.tracks {
            self.launch(call, of_track(template, &sid));
        }
    }

    fn launch(&mut self, call: CallIx, request: StartEgress) {
        let request = Arc::new(request);
        let Err(CallError::Rejected(rejection)) = self.start_egress(&request) else { return };
        let room = self.state.call(call);
        let words = rejection.message.trim_start_matches(super::error::PREFIX);
        let info = EgressInfo {
            egress_id: "".into(),
            room_id: Arc::clone(&room.sid),
            room_name: Arc::clone(&room.room),
            status: EgressStatus::Failed,
            request,
            started_at: None,
            updated_at: None,
            ended_at: None,
            file_results: Vec::new(),
            segment_results: Vec::new(),
            manifest_location: String::new(),
            details: String::new(),
            error: words.to_owned(),
            error_code: 0,
            backup_storage_used: false,
            retry_count: 0,
            flaw: None,
            stream_results: Vec::new(),
            image_results: Vec::new(),
        };
        self.notify_unstarted(call, info);
    }
}

fn of_participant(template: &StartEgress, identity: &str) -> StartEgress {
    StartEgress {
        source: Source::Participant { identity: identity.to_owned(), screen_share: false },
        details: filled(template, &[("roomName", &template.room_name), ("identity", identity)]),
        ..template.clone()
    }
}

fn of_track(template: &StartEgress, sid: &str) -> StartEgress {
    let mut request = StartEgress { source: Source::Track { track_id: sid.to_owned() }, ..template.clone() };
    if let [Output::File(file)] = request.outputs.as_mut_slice() {
        file.filepath = with_track_id(&file.filepath);
        let fields = [("roomName", template.room_name.as_str()), ("trackId", sid), ("file.filepath", &file.filepath)];
        request.details = filled(template, &fields);
    }
    request
}

fn filled(template: &StartEgress, fields: &[(&str, &str)]) -> Option<Arc<Details>> {
    let details = template.details.as_ref()?;
    Some(Arc::new(Details { echo: details.echo.with(fields), ..(**details).clone() }))
}

/// A template that would name all tracks' files the same gets the track's id before its first dot.
fn with_track_id(template: &str) -> String {
    if template.is_empty() || template.ends_with('/') || template.contains("{track_id}") {
        return template.to_owned();
    }
    match template.split_once('.') {
        Some((name, rest)) => format!("{name}-{{track_id}}.{rest}"),
        None => format!("{template}-{{track_id}}"),
    }
}

#[cfg(test)]
mod tests {
    use super::with_track_id;

    #[test]
    fn every_track_has_a_name_of_its_own() {
        for (template, named) in [
            ("", ""),
            ("tracks/", "tracks/"),
            ("a/{track_id}.ogg", "a/{track_id}.ogg"),
            ("a/b.tar.gz", "a/b-{track_id}.tar.gz"),
            ("a", "a-{track_id}"),
        ] {
            assert_eq!(with_track_id(template), named);
        }
    }
}
