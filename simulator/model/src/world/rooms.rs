//! Calls of the scenario as LiveKit sees them: rooms, participants, tracks; and `livekit.RoomService`'s reads.

use std::rc::Rc;
use std::sync::Arc;

use super::{Event, World};
use crate::call::CallError;
use crate::egress::error;
use crate::livekit::{ParticipantInfo, ParticipantKind, Profile, Room, TrackInfo, TrackSource};
use crate::scenario::{Call, Scenario};
use crate::state::{CallIx, CallState, EgressIx, Made, ParticipantState, TenantIx, TrackState};
use crate::time::Time;
use crate::trace::Fact;
use crate::webhook::Subject;

impl World<'_> {
    pub(crate) fn call_starts(&mut self, rule: usize, n: u64) {
        let scenario = Rc::clone(&self.state.scenario);
        let spec = &scenario.calls[rule];
        if n + 1 < spec.count {
            self.queue.push(self.at(spec.start(n + 1)), Event::CallStarts { rule, n: n + 1 });
        }
        let call = self.new_call(&scenario, spec, rule, n);
        let ix = call.ix;
        self.queue.push(call.ends_at, Event::CallEnds { call: ix });
        self.room_opens(call);
        for participant in 0..self.state.call(ix).participants.len() {
            let who = &self.state.call(ix).participants[participant];
            let (joins_at, leaves_at) = (who.joins_at, who.leaves_at);
            if joins_at > self.state.now {
                self.queue.push(joins_at, Event::Joins { call: ix, participant });
            } else {
                self.joins(ix, participant);
            }
            if leaves_at < self.state.call(ix).ends_at {
                self.queue.push(leaves_at, Event::Leaves { call: ix, participant });
            }
        }
    }

    fn room_opens(&mut self, call: CallState) {
        let ix = call.ix;
        self.live_rooms.insert(Arc::clone(&call.room), ix);
        self.state.rooms.insert(Arc::clone(&call.room), ix);
        self.state.calls.push(call);
        let call = self.state.call(ix);
        self.log.emit(&self.state, &Fact::RoomStarted { call: ix, room: &call.room, sid: &call.sid });
        self.notify("room_started", Subject::Room { call: ix });
    }

    /// A room opens that somebody has asked for, and stays until it is deleted or nobody comes.
    pub(super) fn call_by_order(&mut self, rule: usize, metadata: Arc<str>, made: Made) -> CallIx {
        let scenario = Rc::clone(&self.state.scenario);
        let call = self.new_call(&scenario, &scenario.calls[rule], rule, 0);
        let ix = call.ix;
        self.room_opens(CallState { metadata, ends_at: Time::MAX, made: Some(Box::new(made)), ..call });
        ix
    }

    /// A call without a room, for what is recorded without one.
    pub(super) fn call_without_room(&mut self, rule: usize, tenant: TenantIx) -> CallIx {
        let scenario = Rc::clone(&self.state.scenario);
        let call = self.new_call(&scenario, &scenario.calls[rule], rule, 0);
        let ix = call.ix;
        let made = Made { silent: true, ..Made::default() };
        self.state.calls.push(CallState {
            // Tells the ids of one tenant's egresses from another's.
            session: tenant.0,
            sid: "".into(),
            metadata: "".into(),
            ends_at: Time::MAX,
            made: Some(Box::new(made)),
            ..call
        });
        ix
    }

    fn new_call(&self, scenario: &Scenario, spec: &Call, rule: usize, n: u64) -> CallState {
        let now = self.state.now;
        let room: Arc<str> = spec.room_name(n).into();
        let session = self.state.rooms.get(&room).map_or(0, |last| self.state.call(*last).session + 1);
        let tenant = scenario
            .tenants
            .iter()
            .position(|tenant| tenant.name == spec.tenant)
            .map(|ix| self.state.tenants[ix].ix)
            .expect("the file's reader knows every tenant of a call");
        let metadata = format!(
            r#"{{"tenant":{},"recording":"{}","output":"{}","segment":{}}}"#,
            serde_json::Value::from(spec.tenant.as_str()),
            spec.recording.name(),
            spec.output.name(),
            spec.segment.0 / 1_000_000_000,
        );
        let ends_at = now + spec.duration;
        let participants = spec
            .participants
            .iter()
            .map(|participant| {
                let entity = format!("{room}/{}", participant.identity);
                ParticipantState {
                    identity: Arc::from(participant.identity.as_str()),
                    sid: self.chance.id("PA_", &entity, u64::from(session)).into(),
                    joins_at: now + participant.join,
                    leaves_at: participant.leave.map_or(ends_at, |leave| ends_at.min(now + leave)),
                    tracks: participant
                        .tracks
                        .iter()
                        .map(|source| TrackState {
                            sid: self.chance.id(track_prefix(*source), &entity, u64::from(session)).into(),
                            source: *source,
                            muted: false,
                        })
                        .collect(),
                    profile: None,
                }
            })
            .collect();
        CallState {
            ix: CallIx(self.state.calls.len() as u32),
            tenant,
            sid: self.chance.id("RM_", &room, u64::from(session)).into(),
            room,
            session,
            metadata: metadata.into(),
            rule,
            recording: spec.recording,
            output: spec.output,
            started_at: now,
            ends_at,
            ended: false,
            participants,
            egresses: Vec::new(),
            made: None,
        }
    }

    pub(crate) fn joins(&mut self, call: CallIx, participant: usize) {
        let state = &self.state.call(call);
        let who = &state.participants[participant];
        self.log.emit(
            &self.state,
            &Fact::ParticipantJoined { call, room: &state.room, identity: &who.identity, recorder: false },
        );
        self.notify("participant_joined", Subject::Participant { call, participant });
        for track in 0..self.state.call(call).participants[participant].tracks.len() {
            let state = self.state.call(call);
            let who = &state.participants[participant];
            let published = &who.tracks[track];
            self.log.emit(
                &self.state,
                &Fact::TrackPublished {
                    call,
                    room: &state.room,
                    identity: &who.identity,
                    sid: &published.sid,
                    source: published.source,
                },
            );
            self.notify("track_published", Subject::Track { call, participant, track });
            if self.state.call(call).made.is_some() {
                self.auto_egress(call, participant, track);
            }
        }
        self.waits_for_somebody(call, false);
    }

    /// Somebody joins whom no scenario has announced.
    ///
    /// # Errors
    /// They are in the call already.
    pub(crate) fn joins_now(&mut self, call: CallIx, identity: &str, tracks: &[TrackSource]) -> Result<(), String> {
        let now = self.state.now;
        let state = self.state.call(call);
        let present = state.participants.iter().filter(|who| who.joins_at <= now && now < who.leaves_at).count();
        let most = state.made.as_ref().map_or(0, |made| made.limits.max_participants);
        if most > 0 && present >= most as usize {
            return Err(format!("room \"{}\" is for {most} participants, and they are all there", state.room));
        }
        let again = state.participants.iter().filter(|who| *who.identity == *identity);
        if again.clone().any(|who| now < who.leaves_at) {
            return Err(format!("\"{identity}\" is in room \"{}\" already", state.room));
        }
        // Whoever comes back is somebody new to LiveKit, under the old identity.
        let entity = format!("{}/{identity}#{}", state.room, again.count());
        let session = u64::from(state.session);
        let who = ParticipantState {
            identity: identity.into(),
            sid: self.chance.id("PA_", &entity, session).into(),
            joins_at: now,
            leaves_at: state.ends_at,
            tracks: tracks
                .iter()
                .map(|source| TrackState {
                    sid: self.chance.id(track_prefix(*source), &entity, session).into(),
                    source: *source,
                    muted: false,
                })
                .collect(),
            profile: None,
        };
        let people = &mut self.state.calls[call.0 as usize].participants;
        people.push(who);
        let participant = people.len() - 1;
        self.joins(call, participant);
        Ok(())
    }

    pub(crate) fn leaves(&mut self, call: CallIx, participant: usize) {
        // They may have left before their time, by order from outside.
        if self.state.call(call).participants[participant].leaves_at != self.state.now {
            return;
        }
        for track in 0..self.state.call(call).participants[participant].tracks.len() {
            let sid = Arc::clone(&self.state.call(call).participants[participant].tracks[track].sid);
            self.track_unpublished(call, &sid);
            self.notify("track_unpublished", Subject::Track { call, participant, track });
        }
        let state = self.state.call(call);
        let who = &state.participants[participant];
        self.log.emit(
            &self.state,
            &Fact::ParticipantLeft { call, room: &state.room, identity: &who.identity, recorder: false },
        );
        self.notify("participant_left", Subject::Participant { call, participant });
        self.sources_left(call);
        if self.state.call(call).ends_at != self.state.now {
            self.waits_for_somebody(call, true);
        }
    }

    pub(crate) fn call_ends(&mut self, call: CallIx) {
        let ends_at = self.state.call(call).ends_at;
        // It may have ended before its time, by order from outside.
        if ends_at != self.state.now {
            return;
        }
        for participant in 0..self.state.call(call).participants.len() {
            if self.state.call(call).participants[participant].leaves_at == ends_at {
                self.leaves(call, participant);
            }
        }
        self.state.calls[call.0 as usize].ended = true;
        let room = Arc::clone(&self.state.call(call).room);
        self.live_rooms.remove(&room);
        self.room_closed(call);
        self.log.emit(&self.state, &Fact::RoomFinished { call, room: &room });
        self.notify("room_finished", Subject::Room { call });
        let scenario = Rc::clone(&self.state.scenario);
        let rule = self.state.call(call).rule;
        let spec = &scenario.calls[rule];
        let last = self.at(spec.start(spec.count - 1) + spec.duration);
        if ends_at == last {
            self.step_done(&spec.name);
        }
    }

    pub(crate) fn list_rooms(&self, names: &[String]) -> Vec<Room> {
        let rooms: Vec<CallIx> = if names.is_empty() {
            self.live_rooms.values().copied().collect()
        } else {
            names.iter().filter_map(|name| self.live_rooms.get(name.as_str()).copied()).collect()
        };
        rooms.into_iter().map(|call| self.room_message(call)).collect()
    }

    pub(crate) fn list_participants(&self, room: &str) -> Result<Vec<ParticipantInfo>, CallError> {
        let call = self
            .live_rooms
            .get(room)
            .ok_or_else(|| error::room_does_not_exist(self.state.scenario.world.error_prefix))?;
        let call = self.state.call(*call);
        let now = self.state.now;
        Ok((0..call.participants.len())
            .filter(|who| {
                let who = &call.participants[*who];
                who.joins_at <= now && now < who.leaves_at
            })
            .map(|who| self.participant_message(call.ix, who))
            .collect())
    }

    /// `livekit.Room` in full.
    pub(crate) fn room_message(&self, call: CallIx) -> Room {
        let call = self.state.call(call);
        let now = self.state.now;
        let recorded = |egress: &EgressIx| {
            let egress = self.state.egress(*egress);
            // The recorder of a dead worker counts until it is missed.
            egress.is_recording() || egress.lost.is_some_and(|loss| now < loss.seen_at)
        };
        let present = call.participants.iter().filter(|who| who.joins_at <= now && now < who.leaves_at).count();
        Room {
            sid: Arc::clone(&call.sid),
            name: Arc::clone(&call.room),
            metadata: Arc::clone(&call.metadata),
            creation_time: call.started_at,
            num_participants: if call.ended { 0 } else { present as u32 },
            active_recording: call.egresses.iter().any(recorded),
            limits: call.made.as_ref().map(|made| made.limits),
        }
    }

    /// `livekit.Room` as events of an egress or a track carry it: sid and name.
    pub(crate) fn room_reference(&self, call: CallIx) -> Room {
        let call = self.state.call(call);
        Room {
            sid: Arc::clone(&call.sid),
            name: Arc::clone(&call.room),
            metadata: Arc::from(""),
            creation_time: crate::time::Time::default(),
            num_participants: 0,
            active_recording: false,
            limits: None,
        }
    }

    /// `livekit.ParticipantInfo` in full.
    pub(crate) fn participant_message(&self, call: CallIx, participant: usize) -> ParticipantInfo {
        let who = &self.state.call(call).participants[participant];
        ParticipantInfo {
            sid: Arc::clone(&who.sid),
            identity: Arc::clone(&who.identity),
            kind: ParticipantKind::Standard,
            joined_at: who.joins_at,
            tracks: (0..who.tracks.len()).map(|track| self.track_message(call, participant, track)).collect(),
            profile: who.profile.clone(),
        }
    }

    /// `livekit.ParticipantInfo` of an egress's recorder: its identity is the egress id.
    pub(crate) fn recorder_message(&self, egress: EgressIx) -> ParticipantInfo {
        let metadata = self.recorder_metadata(egress);
        let profile = Profile { metadata: metadata.to_owned(), ..Profile::default() };
        let profile = (!metadata.is_empty()).then(|| Arc::new(profile));
        let egress = self.state.egress(egress);
        ParticipantInfo {
            sid: self.chance.id("PA_", &egress.info.egress_id, 0).into(),
            identity: Arc::clone(&egress.info.egress_id),
            kind: ParticipantKind::Egress,
            joined_at: egress.active_at.unwrap_or(self.state.now),
            tracks: Vec::new(),
            profile,
        }
    }

    /// `livekit.TrackInfo`.
    pub(crate) fn track_message(&self, call: CallIx, participant: usize, track: usize) -> TrackInfo {
        let track = &self.state.call(call).participants[participant].tracks[track];
        TrackInfo { sid: Arc::clone(&track.sid), source: track.source, muted: track.muted }
    }
}

/// LiveKit puts two letters for type and source behind `TR_`.
const fn track_prefix(source: TrackSource) -> &'static str {
    match source {
        TrackSource::Camera => "TR_VC",
        TrackSource::Microphone => "TR_AM",
        TrackSource::ScreenShare => "TR_VS",
        TrackSource::ScreenShareAudio => "TR_AS",
    }
}
