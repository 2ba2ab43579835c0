//! From an event to a running egress, without ever having two.
//!
//! The duty is committed first, as an intent. Then the egress is started. Then its id and the row are committed together.
//! Whoever finds an intent that is older than the lease asks LiveKit what came of it, and adopts or starts.

use egress_sim_sdk::{
    Commit, Cx, EgressInfo, Error, Expectation, FileOutput, Outcome, Result, Room, RoomCompositeEgressRequest,
    S3Upload, SegmentedFileOutput, SegmentedFileSuffix, StateEntry, Subject, TrackEgressRequest, TrackInfo,
};

use super::desk::Plan;
use super::duty::Duty;
use super::recording::{self, Recording};
use super::{Claim, Steps};

impl dyn Steps {
    /// `room_started`, or another sign of a room.
    pub fn room_seen(&mut self, cx: &mut Cx<'_>, room: &Room) -> Outcome {
        let Some(plan) = self.plan_of(cx, room)? else { return Ok(()) };
        let duties = self.duties_of_call(cx, room, &plan)?;
        duties.into_iter().try_for_each(|duty| self.record(cx, duty))
    }

    /// `track_published`
    pub fn track_published(&mut self, cx: &mut Cx<'_>, room: &Room, track: &TrackInfo) -> Outcome {
        let Some(plan) = self.plan_of(cx, room)? else { return Ok(()) };
        self.duties_of_track(room, &plan, track).into_iter().try_for_each(|duty| self.record(cx, duty))
    }

    /// What is wanted of a room. Events of tracks and egresses carry its sid and name only: its metadata is then asked for.
    pub fn plan_of(&mut self, cx: &mut Cx<'_>, room: &Room) -> Result<Option<Plan>> {
        if let Some(known) = self.desk().known_plan(&room.sid) {
            return Ok(known.clone());
        }
        let plan = if room.metadata.is_empty() {
            match cx.rooms().get(&room.name)?.filter(|found| found.sid == room.sid) {
                Some(found) => self.plan(&found),
                None => return Ok(None),
            }
        } else {
            self.plan(room)
        };
        self.desk().know_plan(&room.sid, plan.clone());
        Ok(plan)
    }

    /// Takes a duty on, unless somebody has.
    pub fn record(&mut self, cx: &mut Cx<'_>, mut duty: Duty) -> Outcome {
        let outcome = match self.claim(cx, &mut duty)? {
            Claim::Ours(version) => self.start(cx, duty, version),
            Claim::Done => return Ok(()),
            Claim::Begun(entry) => {
                let begun = Duty::read(&entry)?;
                if let Some(egress_id) = begun.egress_id {
                    self.desk().take(entry.key, egress_id);
                    return Ok(());
                }
                self.resume(cx, &entry, begun)
            }
        };
        let now = cx.now();
        self.keep_watch(cx, now)?;
        outcome
    }

    /// Starts the egress of an intent that is ours, under this version.
    ///
    /// # Errors
    /// [`Error::Retry`] where the store or LiveKit was so slow that the lease has run out: somebody else may be starting it. The
    /// same where the clock was put back, and nobody can say.
    pub fn start(&mut self, cx: &mut Cx<'_>, mut duty: Duty, version: u64) -> Outcome {
        let lease = duty.since..duty.since + self.desk().config.lease;
        if !lease.contains(&cx.now()) {
            return Err(Error::retry(format!("the lease of {} has run out", duty.open_key())));
        }
        let error = match self.request(cx, &duty) {
            Ok(info) => return self.started(cx, duty, version, &info),
            Err(error) => error,
        };
        if error.outcome_unknown() {
            // It may be running: the intent stays, and is looked into once its lease is over.
            return Err(error);
        }
        if self.is_final(cx, &duty, &error)? {
            return self.close(cx, &duty, version);
        }
        duty.since = 0;
        let freed = Commit::new().put_state(&duty.open_key(), duty.to_json());
        cx.commit(freed.expect(Subject::State(duty.open_key()), Expectation::VersionIs(version)))?;
        Err(error)
    }

    fn request(&mut self, cx: &mut Cx<'_>, duty: &Duty) -> Result<EgressInfo> {
        let bucket = self.choose_bucket(duty).ok_or_else(|| Error::reject(format!("{} has no bucket", duty.tenant)))?;
        let s3 = S3Upload { bucket: bucket.name, region: bucket.region, metadata: Vec::new(), tagging: String::new() };
        let directory = duty.directory();
        if let Some(track) = &duty.track {
            // LiveKit puts the extension that the track's codec calls for.
            let file = FileOutput { filepath: format!("{directory}{track}"), disable_manifest: false, s3 };
            let request = TrackEgressRequest { room_name: duty.room.clone(), track_id: track.clone(), file };
            return cx.egress().start_track(request);
        }
        let mut request = RoomCompositeEgressRequest {
            room_name: duty.room.clone(),
            layout: String::new(),
            audio_only: false,
            video_only: false,
            file_outputs: Vec::new(),
            segment_outputs: Vec::new(),
        };
        if duty.hls {
            request.segment_outputs.push(SegmentedFileOutput {
                filename_prefix: format!("{directory}segment"),
                playlist_name: format!("{directory}playlist.m3u8"),
                live_playlist_name: format!("{directory}live.m3u8"),
                segment_duration: duty.segment,
                filename_suffix: SegmentedFileSuffix::Index,
                disable_manifest: false,
                s3,
            });
        } else {
            let filepath = format!("{directory}recording.mp4");
            request.file_outputs.push(FileOutput { filepath, disable_manifest: false, s3 });
        }
        self.ask_for_composite(cx, request)
    }

    /// An egress runs for a duty: its id and its row are committed together.
    fn started(&mut self, cx: &mut Cx<'_>, mut duty: Duty, version: u64, info: &EgressInfo) -> Outcome {
        duty.egress_id = Some(info.egress_id.clone());
        let open = duty.open_key();
        let mut commit = Commit::new()
            .put_state(&open, duty.to_json())
            .expect(Subject::State(open.clone()), Expectation::VersionIs(version));
        let recording = Recording::of(info, self.desk());
        if let Some(row) = recording.and_then(|recording| self.opening_row(&recording)) {
            commit = commit.put_row(row);
        }
        match self.write_start(cx, commit) {
            Ok(_) => {
                self.desk().take(open, info.egress_id.clone());
                Ok(())
            }
            Err(error @ Error::Conflict(_)) => {
                // Somebody took the intent over while LiveKit was slow. If they have found our egress, or are still looking, all
                // is well. If they have started another, theirs goes on and ours must not.
                let stands = cx.state().get(&open)?.map(|entry| Duty::read(&entry)).transpose()?;
                match stands.and_then(|duty| duty.egress_id) {
                    Some(theirs) if theirs == info.egress_id => {
                        self.desk().take(open, theirs);
                        Ok(())
                    }
                    Some(_) => {
                        self.stop(cx, &info.egress_id)?;
                        Err(error)
                    }
                    None => Err(error),
                }
            }
            Err(error) => Err(error),
        }
    }

    /// Finds out what came of an intent that somebody left, and goes on from there.
    ///
    /// # Errors
    /// [`Error::Retry`] while whoever wrote it may still be at work.
    pub fn resume(&mut self, cx: &mut Cx<'_>, entry: &StateEntry, mut duty: Duty) -> Outcome {
        duty.since = self.past_lease(cx, entry, &duty)?;
        let version = cx.commit(Commit::new().put_state(&entry.key, duty.to_json()).expect_state(entry))?;
        let found = cx.egress().in_room(&duty.room)?;
        let found: Vec<EgressInfo> = found.into_iter().filter(|info| duty.is_recorded_by(info)).collect();
        for ended in found.iter().filter(|info| recording::has_ended(info.status)) {
            self.settle(cx, ended)?;
        }
        let on = self.still_on(cx, &duty)?;
        // Those of earlier attempts were given up.
        let of_this = |info: &&EgressInfo| {
            recording::is_recording(info.status)
                && Recording::of(info, self.desk()).is_none_or(|found| found.attempt >= duty.attempt)
        };
        if let Some(running) = found.iter().find(of_this) {
            self.started(cx, duty, version, running)?;
            return if on { Ok(()) } else { self.stop(cx, &running.egress_id) };
        }
        if !on {
            return self.close(cx, &duty, version);
        }
        // What has ended has used its directory up.
        let used = found.iter().filter_map(|info| Recording::of(info, self.desk())).map(|found| found.attempt).max();
        duty.attempt = duty.attempt.max(used.map_or(0, |used| used + 1));
        self.start(cx, duty, version)
    }

    /// The time, if whoever wrote an intent has had theirs.
    ///
    /// # Errors
    /// [`Error::Retry`] while they may still be at work.
    pub fn past_lease(&mut self, cx: &mut Cx<'_>, entry: &StateEntry, duty: &Duty) -> Result<u64> {
        let now = cx.now();
        let over = now >= duty.since + self.desk().config.lease;
        over.then_some(now).ok_or_else(|| Error::retry(format!("{} is being started", entry.key)))
    }

    /// Nothing is left to be done for a duty.
    pub fn close(&mut self, cx: &mut Cx<'_>, duty: &Duty, version: u64) -> Outcome {
        let open = duty.open_key();
        let commit = duty.closing(Commit::new());
        cx.commit(commit.expect(Subject::State(open.clone()), Expectation::VersionIs(version)))?;
        self.desk().release(&open);
        Ok(())
    }
}

impl Duty {
    /// Adds the end of a duty to a commit.
    pub fn closing(&self, commit: Commit) -> Commit {
        commit.delete_state(&self.open_key()).put_state(&self.closed_key(), "")
    }
}
