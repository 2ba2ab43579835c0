//! A duty: one thing that is to be recorded by one egress at a time, from its beginning to its end.
//!
//! It is the operator's durable note that this call, or this track, is its business. While it is open it stands under
//! `open/{sid}` or `open/{sid}/{track}`, and under `open/{sid}/{egress_id}` while an egress that records nothing any more still uploads; once nothing is left to be done, a note without content under `closed/…` keeps a
//! late webhook from beginning it again.

use egress_sim_sdk::{EgressInfo, EgressRequest, Error, Result, Room, StateEntry, TrackInfo};
use serde::{Deserialize, Serialize};

use super::desk::Plan;
use super::recording::Recording;

/// Where open duties stand.
pub const OPEN: &str = "open/";

/// See the head of this file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Duty {
    /// Whose.
    pub tenant: String,
    /// The room's name.
    pub room: String,
    /// The room's sid: another call in a room of the same name is another duty.
    pub sid: String,
    /// The track; none: the call as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub track: Option<String>,
    /// As HLS.
    #[serde(default)]
    pub hls: bool,
    /// Seconds of a segment.
    #[serde(default)]
    pub segment: u32,
    /// From 1; the next one where an egress ended too early.
    pub attempt: u32,
    /// The egress of this attempt; none: it was to be started at `since`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub egress_id: Option<String>,
    /// When this attempt was begun. 0: whoever wrote it knows that nothing was started.
    pub since: u64,
    /// The worker was asked to stop and did not answer.
    #[serde(default, skip_serializing_if = "is_false")]
    pub silent: bool,
    /// When it was asked last.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub asked: u64,
    /// The egress records nothing any more, and all that is left to be done is to wait for its uploads.
    #[serde(default, skip_serializing_if = "is_false")]
    pub uploads: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks with a reference")]
const fn is_false(flag: &bool) -> bool {
    !*flag
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks with a reference")]
const fn is_zero(time: &u64) -> bool {
    *time == 0
}

impl Duty {
    /// A call as a whole.
    pub fn of_call(room: &Room, plan: &Plan) -> Duty {
        Duty {
            tenant: plan.tenant.clone(),
            room: room.name.clone(),
            sid: room.sid.clone(),
            track: None,
            hls: plan.hls,
            segment: plan.segment,
            attempt: 1,
            egress_id: None,
            since: 0,
            silent: false,
            asked: 0,
            uploads: false,
        }
    }

    /// What is left of a duty whose egress records nothing any more and still uploads.
    pub fn of_uploads(recording: &Recording) -> Duty {
        Duty {
            tenant: recording.tenant.clone(),
            room: recording.room.clone(),
            sid: recording.sid.clone(),
            track: recording.track.clone(),
            hls: recording.playlist.is_some(),
            segment: 0,
            attempt: recording.attempt,
            egress_id: Some(recording.egress_id.clone()),
            since: recording.ended_at,
            silent: false,
            asked: 0,
            uploads: true,
        }
    }

    /// The next attempt, begun now.
    pub fn next(self, now: u64) -> Duty {
        Duty { attempt: self.attempt + 1, egress_id: None, since: now, silent: false, asked: 0, ..self }
    }

    /// One track of it.
    pub fn of_track(room: &Room, plan: &Plan, track: &TrackInfo) -> Duty {
        Duty { track: Some(track.sid.clone()), hls: false, ..Duty::of_call(room, plan) }
    }

    /// Where it stands while it is open.
    pub fn open_key(&self) -> String {
        match &self.egress_id {
            Some(egress_id) if self.uploads => format!("{OPEN}{}/{egress_id}", self.sid),
            _ => open_key(&self.sid, self.track.as_deref()),
        }
    }

    /// Where it stands once it is closed.
    pub fn closed_key(&self) -> String {
        self.open_key().replacen(OPEN, "closed/", 1)
    }

    /// The prefix of everything that this attempt stores. Nothing else lies there: it ends with `/`, and no name of a
    /// tenant, a room or a track can reach into another's.
    pub fn directory(&self) -> String {
        match &self.track {
            None => format!("{}/{}-{}/", self.tenant, self.sid, self.attempt),
            Some(track) => format!("{}/{}-{track}-{}/", self.tenant, self.sid, self.attempt),
        }
    }

    /// Whether an egress records this, in whichever attempt.
    pub fn is_recorded_by(&self, info: &EgressInfo) -> bool {
        info.room_id == self.sid
            && match (&info.request, &self.track) {
                (EgressRequest::RoomComposite(_), None) => true,
                (EgressRequest::Track(request), Some(track)) => request.track_id == *track,
                _ => false,
            }
    }

    /// As it is stored.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("a duty is plain data")
    }

    /// As it was stored.
    pub fn read(entry: &StateEntry) -> Result<Duty> {
        serde_json::from_str(&entry.value)
            .map_err(|error| Error::retry(format!("{} cannot be read: {error}", entry.key)))
    }
}

/// See [`Duty::open_key`].
pub fn open_key(sid: &str, track: Option<&str>) -> String {
    match track {
        None => format!("{OPEN}{sid}"),
        Some(track) => format!("{OPEN}{sid}/{track}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duty_survives_its_storage() {
        let duty = Duty {
            tenant: "acme-1".into(),
            room: "standup".into(),
            sid: "RM_a".into(),
            track: Some("TR_AMb".into()),
            hls: false,
            segment: 6,
            attempt: 2,
            egress_id: None,
            since: 7,
            silent: true,
            asked: 0,
            uploads: false,
        };
        let entry = StateEntry { key: duty.open_key(), value: duty.to_json(), version: 1 };
        assert_eq!(Duty::read(&entry), Ok(duty.clone()));
        assert_eq!((duty.open_key(), duty.closed_key()), ("open/RM_a/TR_AMb".into(), "closed/RM_a/TR_AMb".into()));
        assert_eq!(duty.directory(), "acme-1/RM_a-TR_AMb-2/");
    }
}
