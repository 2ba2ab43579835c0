//! `livekit.RoomService` where it changes something: rooms that are made by order, whoever is put out of them, what is said of
//! whom.
//!
//! A room that is made by order is a room like any other. It ends when somebody deletes it, or when nobody has been in it for
//! so long as it was to wait: `empty_timeout` from its beginning, `departure_timeout` from the last one who left.

use std::rc::Rc;
use std::sync::Arc;

use serde_json::Value;

use super::{Event, World};
use crate::call::{ApiCall, CallError, CreateRoom, Reply, RoomEgress, UpdateParticipant};
use crate::egress::error;
use crate::livekit::{ParticipantInfo, Profile, Room, RoomLimits, TrackInfo};
use crate::scenario::{self, OutputKind, Recording};
use crate::state::{CallIx, Made, TenantIx};
use crate::time::Span;

/// Characters of a room's name at most (`limit.max_room_name_length`).
const NAME_LENGTH: usize = 256;
/// Bytes of metadata at most (`limit.max_metadata_size`).
const METADATA_SIZE: usize = 64_000;

impl World<'_> {
    /// A call that only comes over HTTP.
    pub(super) fn apply_api(&mut self, call: &ApiCall) -> Reply {
        match call {
            ApiCall::UpdateLayout { egress_id, layout } => Reply::Egress(self.update_layout(egress_id, layout)),
            ApiCall::UpdateStream { egress_id, add_output_urls, remove_output_urls } => {
                Reply::Egress(self.update_stream(egress_id, add_output_urls, remove_output_urls))
            }
            ApiCall::CreateRoom(request) => Reply::Room(self.create_room(request)),
            ApiCall::DeleteRoom { room } => Reply::Done(self.room_named(room).map(|call| self.ends_now(call))),
            ApiCall::GetParticipant { room, identity } => {
                let found = self.participant_named(room, identity);
                Reply::Participant(found.map(|(call, who)| self.participant_message(call, who)))
            }
            ApiCall::RemoveParticipant { room, identity } => {
                let found = self.participant_named(room, identity);
                Reply::Done(found.map(|(call, who)| self.leaves_now(call, who)))
            }
            ApiCall::MutePublishedTrack { room, identity, track_sid, muted } => {
                Reply::Track(self.mute_published_track(room, identity, track_sid, *muted))
            }
            ApiCall::UpdateParticipant { room, identity, update } => {
                Reply::Participant(self.update_participant(room, identity, update))
            }
            ApiCall::UpdateSubscriptions { room, identity, .. } => {
                Reply::Done(self.participant_named(room, identity).map(drop))
            }
            ApiCall::SendData { room, .. } => Reply::Done(self.room_named(room).map(drop)),
            ApiCall::UpdateRoomMetadata { room, metadata } => Reply::Room(self.update_room_metadata(room, metadata)),
        }
    }

    fn refused(&self, code: &str, words: &str) -> CallError {
        error::twirp(code, words, self.state.scenario.world.error_prefix)
    }

    fn room_named(&self, name: &str) -> Result<CallIx, CallError> {
        let prefixed = self.state.scenario.world.error_prefix;
        self.live_rooms.get(name).copied().ok_or_else(|| error::room_does_not_exist(prefixed))
    }

    /// Somebody who is in a room now.
    fn participant_named(&self, room: &str, identity: &str) -> Result<(CallIx, usize), CallError> {
        let prefixed = self.state.scenario.world.error_prefix;
        let call = self.live_rooms.get(room).copied();
        let found = call.and_then(|call| Some((call, self.present(call, identity)?)));
        found.ok_or_else(|| error::participant_does_not_exist(prefixed))
    }

    /// Where somebody who is in a call now stands among its participants.
    pub(crate) fn present(&self, call: CallIx, identity: &str) -> Option<usize> {
        let now = self.state.now;
        let mut people = self.state.call(call).participants.iter();
        people.position(|who| *who.identity == *identity && who.joins_at <= now && now < who.leaves_at)
    }

    fn create_room(&mut self, request: &CreateRoom) -> Result<Room, CallError> {
        if request.name.is_empty() {
            return Err(self.refused("invalid_argument", "no room name"));
        }
        if request.name.chars().count() > NAME_LENGTH {
            return Err(self.refused("invalid_argument", "room name length exceeds limits"));
        }
        metadata_fits(&request.metadata)?;
        if let Some(call) = self.live_rooms.get(request.name.as_str()).copied() {
            self.room_is_there(call, request);
            return Ok(self.room_message(call));
        }
        if self.state.tenants.is_empty() {
            return Err(self.refused("failed_precondition", "this world has no tenant whose the room could be"));
        }
        let call = self.make_room(request);
        if let Some(start) = &request.egress.room {
            self.start_egress(start)?;
        }
        Ok(self.room_message(call))
    }

    /// A room that is to be made exists: what the request says of it counts from now on, and nothing is recorded anew.
    fn room_is_there(&mut self, call: CallIx, request: &CreateRoom) {
        if !request.metadata.is_empty() {
            self.set_metadata(call, &request.metadata);
        }
        let state = &mut self.state.calls[call.0 as usize];
        let Some(made) = &mut state.made else { return };
        let or = |new: u32, old: u32| if new == 0 { old } else { new };
        let old = made.limits;
        made.limits = RoomLimits {
            empty_timeout: or(request.limits.empty_timeout, old.empty_timeout),
            departure_timeout: or(request.limits.departure_timeout, old.departure_timeout),
            max_participants: or(request.limits.max_participants, old.max_participants),
        };
    }

    fn make_room(&mut self, request: &CreateRoom) -> CallIx {
        let said = Said::of(&request.metadata);
        let tenant = self.tenant_said(&said);
        let rule = self.rule_by_order(&request.name, tenant, &said);
        let made =
            Made { limits: request.limits, egress: request.egress.clone(), silent: said.recording.is_none(), idle: 0 };
        let ix = self.call_by_order(rule, request.metadata.as_str().into(), made);
        self.waits_for_somebody(ix, false);
        ix
    }

    /// The first tenant, where metadata names none that there is.
    fn tenant_said(&self, said: &Said) -> TenantIx {
        let named = said.tenant.as_deref().and_then(|name| self.state.tenant_named(name));
        named.map_or(TenantIx(0), |tenant| tenant.ix)
    }

    /// Writes a call down in the scenario as one that begins now.
    fn rule_by_order(&mut self, room: &str, tenant: TenantIx, said: &Said) -> usize {
        let at = self.state.now.since(self.state.scenario.world.start);
        let tenant =
            self.state.scenario.tenants.get(tenant.0 as usize).map_or_else(String::new, |own| own.name.clone());
        let calls = &mut Rc::make_mut(&mut self.state.scenario).calls;
        calls.push(scenario::Call {
            name: String::new(),
            tenant,
            room: room.to_owned(),
            participants: Vec::new(),
            at,
            count: 1,
            every: Span::ZERO,
            duration: Span::ZERO,
            recording: said.recording.unwrap_or_default(),
            output: said.output.unwrap_or(OutputKind::Mp4),
            segment: said.segment.unwrap_or(Span::seconds(6)),
        });
        calls.len() - 1
    }

    /// What is recorded without a room belongs to a call that nobody is in, one for each tenant.
    pub(crate) fn no_room_of(&mut self, request: &crate::livekit::StartEgress) -> CallIx {
        let bucket = request.outputs.iter().find_map(crate::livekit::Output::s3).map_or("", |s3| &s3.bucket);
        let owner =
            self.state.scenario.tenants.iter().position(|tenant| tenant.buckets.iter().any(|own| own == bucket));
        let tenant = TenantIx(owner.unwrap_or(0) as u32);
        let known = self.state.calls.iter().find(|call| call.room.is_empty() && call.tenant == tenant);
        if let Some(call) = known {
            return call.ix;
        }
        let rule = self.rule_by_order("", tenant, &Said::default());
        self.call_without_room(rule, tenant)
    }

    /// Nobody is in a room of ours: it closes unless somebody comes.
    pub(super) fn waits_for_somebody(&mut self, call: CallIx, somebody_left: bool) {
        let now = self.state.now;
        let state = &mut self.state.calls[call.0 as usize];
        let present = state.participants.iter().any(|who| who.joins_at <= now && now < who.leaves_at);
        let Some(made) = &mut state.made else { return };
        made.idle += 1;
        if present {
            return;
        }
        let or = |given: u32, default: u32| if given == 0 { default } else { given };
        let seconds = if somebody_left {
            or(made.limits.departure_timeout, RoomLimits::DEPARTURE_TIMEOUT)
        } else {
            or(made.limits.empty_timeout, RoomLimits::EMPTY_TIMEOUT)
        };
        let idle = made.idle;
        self.queue.push(now + Span::seconds(u64::from(seconds)), Event::RoomIdles { call, idle });
    }

    /// A room has been empty for so long as it was to wait, unless somebody has come since.
    pub(super) fn room_idles(&mut self, call: CallIx, idle: u32) {
        let state = self.state.call(call);
        if !state.ended && state.made.as_ref().is_some_and(|made| made.idle == idle) {
            self.ends_now(call);
        }
    }

    /// A call ends before its time.
    pub(crate) fn ends_now(&mut self, call: CallIx) {
        let now = self.state.now;
        let state = &mut self.state.calls[call.0 as usize];
        state.ends_at = now;
        for who in state.participants.iter_mut().filter(|who| now < who.leaves_at) {
            who.leaves_at = now.max(who.joins_at);
        }
        self.call_ends(call);
    }

    /// Somebody leaves before their time.
    pub(crate) fn leaves_now(&mut self, call: CallIx, participant: usize) {
        self.state.calls[call.0 as usize].participants[participant].leaves_at = self.state.now;
        self.leaves(call, participant);
    }

    fn mute_published_track(
        &mut self,
        room: &str,
        identity: &str,
        track_sid: &str,
        muted: bool,
    ) -> Result<TrackInfo, CallError> {
        let (call, who) = self.participant_named(room, identity)?;
        let tracks = &self.state.call(call).participants[who].tracks;
        let Some(track) = tracks.iter().position(|track| *track.sid == *track_sid) else {
            return Err(self.refused("not_found", "track is not found"));
        };
        if !muted && tracks[track].muted {
            // `room.enable_remote_unmute` is off by default.
            return Err(self.refused("failed_precondition", "remote unmute not enabled"));
        }
        self.state.calls[call.0 as usize].participants[who].tracks[track].muted = muted;
        Ok(self.track_message(call, who, track))
    }

    fn update_participant(
        &mut self,
        room: &str,
        identity: &str,
        update: &UpdateParticipant,
    ) -> Result<ParticipantInfo, CallError> {
        metadata_fits(&update.metadata)?;
        let (call, who) = self.participant_named(room, identity)?;
        let participant = &mut self.state.calls[call.0 as usize].participants[who];
        let mut profile: Profile = participant.profile.as_deref().cloned().unwrap_or_default();
        for (new, old) in [(&update.name, &mut profile.name), (&update.metadata, &mut profile.metadata)] {
            if !new.is_empty() {
                old.clone_from(new);
            }
        }
        for (name, value) in &update.attributes {
            if value.is_empty() {
                profile.attributes.remove(name);
            } else {
                profile.attributes.insert(name.clone(), value.clone());
            }
        }
        if update.permission.is_some() {
            profile.permission.clone_from(&update.permission);
        }
        participant.profile = Some(Arc::new(profile));
        Ok(self.participant_message(call, who))
    }

    fn update_room_metadata(&mut self, room: &str, metadata: &str) -> Result<Room, CallError> {
        metadata_fits(metadata)?;
        let call = self.room_named(room)?;
        self.set_metadata(call, metadata);
        Ok(self.room_message(call))
    }

    /// What metadata says of a room that was made by order holds from now on; whose it is, only while nothing is recorded.
    fn set_metadata(&mut self, call: CallIx, metadata: &str) {
        let said = Said::of(metadata);
        let tenant = self.tenant_said(&said);
        let state = &mut self.state.calls[call.0 as usize];
        state.metadata = metadata.into();
        let Some(made) = &mut state.made else { return };
        if state.egresses.is_empty() {
            state.tenant = tenant;
            made.silent = said.recording.is_none();
            state.recording = said.recording.unwrap_or_default();
            state.output = said.output.unwrap_or(state.output);
        }
    }

    /// What is recorded of a room without anybody asking.
    pub(crate) fn auto_egress_of(&self, call: CallIx) -> RoomEgress {
        self.state.call(call).made.as_ref().map_or_else(RoomEgress::default, |made| made.egress.clone())
    }
}

fn metadata_fits(metadata: &str) -> Result<(), CallError> {
    if metadata.len() <= METADATA_SIZE {
        return Ok(());
    }
    let words = format!("metadata size exceeds limits {METADATA_SIZE}");
    // The server itself makes this one.
    Err(error::twirp("invalid_argument", &words, false))
}

/// What a room's metadata says, as far as it is JSON with the keys of a scenario's rooms.
#[derive(Debug, Default)]
struct Said {
    tenant: Option<String>,
    recording: Option<Recording>,
    output: Option<OutputKind>,
    segment: Option<Span>,
}

impl Said {
    fn of(metadata: &str) -> Said {
        let Ok(Value::Object(said)) = serde_json::from_str(metadata) else { return Said::default() };
        let text = |key: &str| said.get(key).and_then(Value::as_str);
        Said {
            tenant: text("tenant").map(str::to_owned),
            recording: text("recording").and_then(|name| {
                [Recording::Compliance, Recording::Processing, Recording::None]
                    .into_iter()
                    .find(|one| one.name() == name)
            }),
            output: text("output")
                .and_then(|name| [OutputKind::Mp4, OutputKind::Hls].into_iter().find(|one| one.name() == name)),
            segment: said.get("segment").and_then(Value::as_u64).map(Span::seconds),
        }
    }
}
