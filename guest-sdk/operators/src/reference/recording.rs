//! A recording: what one egress stores, seen from what LiveKit tells of it.
//!
//! Everything that the inventory has to know is in the request that started the egress, so a row can be written from any
//! of its webhooks, by an incarnation that never heard of it before.

use std::collections::BTreeSet;
use std::path::Path;

use egress_sim_sdk::{
    Cx, EgressInfo, EgressRequest, EgressStatus, Error, ParticipantInfo, ParticipantKind, Result, Room, Row, RowState,
    SinkKey, TrackInfo, TrackType,
};
use serde::{Deserialize, Serialize};

use super::desk::{Desk, Plan};
use super::duty::{self, Duty};

/// See the head of this file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recording {
    /// `EG_…`
    pub egress_id: String,
    /// Whose.
    pub tenant: String,
    /// The room's name.
    pub room: String,
    /// The room's sid.
    pub sid: String,
    /// The track; none: the call as a whole.
    pub track: Option<String>,
    /// Which attempt of its duty.
    pub attempt: u32,
    /// The bucket that was asked for.
    pub bucket: String,
    /// The backup storage, where LiveKit has one.
    pub backup: Option<String>,
    /// LiveKit says that it has used it.
    pub backup_used: bool,
    /// The prefix that is its own.
    pub directory: String,
    /// What the name of its file or playlist begins with, up to the extension.
    pub stem: String,
    /// Object keys of the files.
    pub files: Vec<String>,
    /// Object key of the playlist, with the segments that LiveKit counted; 0: it did not say.
    pub playlist: Option<(String, u64)>,
    /// Where the sink itself has it: nothing for viewers.
    pub location: String,
    /// Bytes, as LiveKit counted them.
    pub size: u64,
    /// When the egress ended; 0: it has not.
    pub ended_at: u64,
    /// It ended COMPLETE or at a limit: LiveKit claims that all of it is stored.
    pub ended_well: bool,
    /// At a limit: LiveKit said so before the uploads.
    pub at_limit: bool,
    /// What LiveKit says went wrong.
    pub error: String,
}

/// What a row says beside its columns.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Details {
    /// What a viewer opens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Bytes.
    #[serde(skip_serializing_if = "is_zero")]
    pub size: u64,
    /// Why it failed.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub error: String,
    /// While it is being deleted: every key that was found.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub keys: Vec<String>,
    /// Likewise in the backup storage.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub backup_keys: Vec<String>,
    /// How many of them, of these and then of those, were seen to be gone.
    #[serde(skip_serializing_if = "is_zero")]
    pub seen: u64,
    /// Keys whose deletion the sink refused; the audit has it.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub refused: BTreeSet<String>,
    /// How often it did.
    #[serde(skip_serializing_if = "is_zero")]
    pub refusals: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks with a reference")]
const fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl Recording {
    /// What an egress records; none where it was not started by this operator.
    pub fn of(info: &EgressInfo, desk: &Desk) -> Option<Recording> {
        let (path, s3, track) = match &info.request {
            EgressRequest::RoomComposite(request) => {
                match (request.file_outputs.first(), request.segment_outputs.first()) {
                    (Some(file), _) => (&file.filepath, &file.s3, None),
                    (None, Some(segments)) => (&segments.playlist_name, &segments.s3, None),
                    (None, None) => return None,
                }
            }
            EgressRequest::Track(request) => (&request.file.filepath, &request.file.s3, Some(request.track_id.clone())),
            EgressRequest::Other(_) => return None,
        };
        let (directory, name) = path.rsplit_once('/')?;
        let (tenant, folder) = directory.split_once('/')?;
        let (_, attempt) = folder.rsplit_once('-')?;
        let attempt = attempt.parse().ok()?;
        desk.tenant(tenant)?;
        let playlist = info.segment_results.first();
        let file = info.file_results.first();
        Some(Recording {
            egress_id: info.egress_id.clone(),
            tenant: tenant.to_owned(),
            room: info.room_name.clone(),
            sid: info.room_id.clone(),
            track,
            attempt,
            bucket: s3.bucket.clone(),
            backup: desk.backup().filter(|backup| *backup != s3.bucket).map(str::to_owned),
            backup_used: info.backup_storage_used,
            directory: format!("{directory}/"),
            stem: stem(&format!("{directory}/{name}"), info.retry_count),
            files: info.file_results.iter().map(|file| file.filename.clone()).collect(),
            playlist: playlist.map(|playlist| (playlist.playlist_name.clone(), playlist.segment_count)),
            location: file
                .map(|file| file.location.clone())
                .or_else(|| playlist.map(|playlist| playlist.playlist_location.clone()))
                .unwrap_or_default(),
            size: file.map(|file| file.size).or_else(|| playlist.map(|playlist| playlist.size)).unwrap_or_default(),
            ended_at: info.ended_at,
            ended_well: has_ended_well(info.status),
            at_limit: info.status == EgressStatus::LimitReached,
            error: info.error.clone(),
        })
    }

    /// As it stands when nobody hears of its worker any more.
    pub fn given_up(self, now: u64) -> Recording {
        Recording { ended_at: now, ended_well: false, error: String::from("its worker does not answer"), ..self }
    }

    /// The buckets in which it may lie, in the order in which LiveKit goes through them.
    pub fn buckets(&self) -> Vec<&str> {
        let backup = self.backup.as_deref().filter(|_| self.backup_used);
        [self.bucket.as_str()].into_iter().chain(backup).collect()
    }

    /// Where its duty stands while it is open.
    pub fn open_key(&self) -> String {
        duty::open_key(&self.sid, self.track.as_deref())
    }

    /// What a viewer opens: the playlist, or the file.
    pub fn playable(&self) -> Option<&str> {
        self.playlist.as_ref().map(|(key, _)| key.as_str()).or_else(|| self.files.first().map(String::as_str))
    }

    /// Its row in the inventory.
    pub fn row(&self, state: RowState, details: String) -> Row {
        Row {
            egress_id: self.egress_id.clone(),
            tenant: self.tenant.clone(),
            room: self.room.clone(),
            bucket: self.bucket.clone(),
            key: SinkKey::Prefix(self.directory.clone()),
            backup_bucket: self.backup.clone(),
            kind: String::from(if self.track.is_some() { "track" } else { "composite" }),
            state,
            details,
        }
    }

    /// Its row once the egress has ended.
    pub fn closing_row(&self, stored: bool) -> Row {
        let details = Details {
            key: self.playable().filter(|_| stored).map(str::to_owned),
            size: if stored { self.size } else { 0 },
            error: self.error.clone(),
            ..Details::default()
        };
        self.row(if stored { RowState::Stored } else { RowState::Failed }, details.to_json())
    }
}

impl Details {
    /// How many keys were found.
    pub fn count(&self) -> u64 {
        (self.keys.len() + self.backup_keys.len()) as u64
    }

    /// The key of this number, and whether it lies in the backup storage.
    pub fn place(&self, number: u64) -> Option<(bool, &str)> {
        let number = usize::try_from(number).ok()?;
        match number.checked_sub(self.keys.len()) {
            None => Some((false, &self.keys[number])),
            Some(number) => Some((true, self.backup_keys.get(number)?)),
        }
    }

    /// As it is stored.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("details are plain data")
    }

    /// As a row has it; what cannot be read is as good as nothing.
    pub fn read(row: &Row) -> Details {
        serde_json::from_str(&row.details).unwrap_or_default()
    }
}

/// Whether STARTING or ACTIVE: it records, or is about to.
pub const fn is_recording(status: EgressStatus) -> bool {
    matches!(status, EgressStatus::Starting | EgressStatus::Active)
}

/// Whether there is nothing more to come of it.
pub const fn has_ended(status: EgressStatus) -> bool {
    !matches!(status, EgressStatus::Starting | EgressStatus::Active | EgressStatus::Ending)
}

/// Whether it ended COMPLETE or at a limit.
pub const fn has_ended_well(status: EgressStatus) -> bool {
    matches!(status, EgressStatus::Complete | EgressStatus::LimitReached)
}

/// Whether a participant is an egress's recorder, which joins the room it records.
pub const fn is_recorder(who: &ParticipantInfo) -> bool {
    matches!(who.kind, ParticipantKind::Egress)
}

/// Whether a track is somebody's voice, or the sound of their screen.
pub const fn is_sound(track: &TrackInfo) -> bool {
    matches!(track.kind, TrackType::Audio)
}

/// A duty for each track with sound that is published in a room now.
pub fn duties_of_tracks(cx: &mut Cx<'_>, room: &Room, plan: &Plan) -> Result<Vec<Duty>> {
    let people = cx.rooms().participants(&room.name)?;
    let tracks = people.iter().filter(|who| !is_recorder(who)).flat_map(|who| &who.tracks);
    Ok(tracks.filter(|track| is_sound(track)).map(|track| Duty::of_track(room, plan, track)).collect())
}

/// Whether anybody in a room that LiveKit knows publishes a track now.
///
/// # Errors
/// [`Error::Retry`] where LiveKit says in the same breath that there is no such room: one of the two is no longer true.
pub fn is_published(cx: &mut Cx<'_>, room: &str, track: &str) -> Result<bool> {
    match cx.rooms().participants(room) {
        Ok(people) => Ok(people.iter().any(|who| who.tracks.iter().any(|published| published.sid == track))),
        Err(error) if error.status() == Some(404) => Err(Error::retry(format!("{room} is there and is not"))),
        Err(error) => Err(error),
    }
}

/// What LiveKit knows of an egress; none: it has forgotten it. Since it has said of things that were there that they did not
/// exist (livekit#3657), and a recording that is taken for forgotten is given up, its no counts when it was said twice, in
/// answer to two questions.
pub fn look_up(cx: &mut Cx<'_>, room: &str, egress_id: &str) -> Result<Option<EgressInfo>> {
    match cx.egress().get(egress_id)? {
        Some(info) => Ok(Some(info)),
        None => Ok(cx.egress().in_room(room)?.into_iter().find(|info| info.egress_id == egress_id)),
    }
}

/// Whether a key is a segment's.
pub fn is_segment(key: &str) -> bool {
    Path::new(key).extension().is_some_and(|extension| extension == "ts")
}

/// Whether a key is a playlist's, of whichever kind.
fn is_list(key: &str) -> bool {
    Path::new(key).extension().is_some_and(|extension| extension == "m3u8")
}

/// Whether a key is a manifest's, `{egress_id}.json`.
pub fn is_manifest(key: &str) -> bool {
    Path::new(key).extension().is_some_and(|extension| extension == "json")
}

/// The prefix that a row names.
pub fn prefix_of(row: &Row) -> &str {
    match &row.key {
        SinkKey::Prefix(prefix) | SinkKey::Exact(prefix) => prefix,
    }
}

/// Spreads names evenly and always in the same way (FNV-1a).
pub fn spread(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// A key up to its extension, as LiveKit Cloud names it when it has begun an egress so many times anew.
fn stem(key: &str, retry_count: i32) -> String {
    let name = key.rfind('/').map_or(0, |slash| slash + 1);
    let end = key[name..].rfind('.').map_or(key.len(), |dot| name + dot);
    let stem = &key[..end];
    if retry_count == 0 { stem.to_owned() } else { format!("{stem}-{retry_count}") }
}

/// What lies under a recording's own prefix, where LiveKit says that it ended well and names no results (node-sdks#625);
/// none where it names them. What an attempt that failed has left has another name.
pub fn found_in_the_sink(cx: &mut Cx<'_>, recording: &Recording) -> Result<Option<Recording>> {
    if !recording.ended_well || !recording.files.is_empty() || recording.playlist.is_some() {
        return Ok(None);
    }
    let mut found = Recording { size: 0, ..recording.clone() };
    for bucket in recording.buckets() {
        for object in cx.sink(bucket).objects(&recording.directory)? {
            let is_it = stem(&object.key, 0) == recording.stem;
            if is_it && is_list(&object.key) {
                found.playlist = Some((object.key, 0));
            } else if is_it {
                found.files.push(object.key);
            } else if !is_segment(&object.key) {
                continue;
            }
            found.size += object.size;
        }
    }
    Ok(Some(found))
}
