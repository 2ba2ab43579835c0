//! Rounds: what should be recorded is compared with what is.
//!
//! A webhook that never comes leaves no trace, so somebody has to look. A round asks LiveKit twice, for all rooms and for
//! all running egresses, whatever the number of calls, and acts only where the two and the open duties disagree. The next
//! one comes soon, and later where there was nothing to do; it goes on for as long as a duty is open, and for ever where a patrol is wanted. A process that begins looks once in any case: what
//! its predecessor was told of and died with, nobody will tell again.

use egress_sim_sdk::{Cx, EgressInfo, EgressStatus, Outcome, Result, Room, StateEntry, Timer};

use super::Steps;
use super::duty::Duty;
use super::recording;

impl dyn Steps {
    /// Sets the round that could not be set when it was wanted. Whoever wanted it has been told that all is done.
    pub fn watch_again(&mut self, cx: &mut Cx<'_>) {
        if self.desk().unwatched {
            let now = cx.now();
            if let Err(error) = self.keep_watch(cx, now) {
                cx.log().info(format!("no round: {error}"));
            }
        }
    }

    /// The timer of a round has come; `boots`: of the one with which a process begins.
    pub fn round(&mut self, cx: &mut Cx<'_>, timer: &Timer, boots: bool) -> Outcome {
        // The duties first: whatever they name was started before LiveKit is asked what runs.
        let open = self.open_duties(cx)?;
        let patrol = self.desk().config.patrol;
        if open.is_empty() && patrol.is_none() && !boots {
            return Ok(());
        }
        let now = self.desk().now(cx);
        let rooms = cx.rooms().all()?;
        let running = if open.is_empty() { Vec::new() } else { cx.egress().active()? };
        let mut calm = true;
        for entry in &open {
            // One that cannot be helped now must not keep the others waiting; the next round comes back to it.
            calm &= self.look_after(cx, now, entry, &rooms, &running).unwrap_or_else(|error| {
                cx.log().info(format!("{}: {error}", entry.key));
                false
            });
        }
        for room in &rooms {
            if let Err(error) = self.look_into(cx, room) {
                cx.log().info(format!("room {}: {error}", room.name));
            }
        }
        let distance = (!open.is_empty()).then(|| self.desk().next_distance(calm));
        match distance.into_iter().chain(patrol).min() {
            None => Ok(()),
            Some(wait) if boots || timer.name == self.desk().round_timer() => self.desk().round_by(cx, now, now + wait),
            // Another instance's timer, which came to us.
            Some(wait) => cx.timers().set(&timer.name, now + wait),
        }
    }

    /// One open duty. Whether all is as it should be, and nobody need look again soon.
    fn look_after(
        &mut self,
        cx: &mut Cx<'_>,
        now: u64,
        entry: &StateEntry,
        rooms: &[Room],
        running: &[EgressInfo],
    ) -> Result<bool> {
        let duty = Duty::read(entry)?;
        let room = rooms.iter().find(|room| room.sid == duty.sid);
        if room.is_none() {
            self.desk().call_is_over(&duty.sid);
        }
        let Some(egress_id) = duty.egress_id.clone() else { return self.resume(cx, entry, duty).map(|()| false) };
        let Some(info) = running.iter().find(|info| info.egress_id == egress_id) else {
            match recording::look_up(cx, &duty.room, &egress_id)? {
                Some(info) if recording::has_ended(info.status) && duty.uploads => self.settle(cx, &info)?,
                Some(info) if recording::has_ended(info.status) => self.egress_ended(cx, &info)?,
                Some(_) => {}
                None => self.forgotten(cx, entry, &duty, &egress_id)?,
            }
            return Ok(false);
        };
        if self.is_doubtful(now, &duty, info, room) {
            self.doubt(cx, entry, duty, info)?;
        } else if info.status == EgressStatus::Ending && room.is_some() && !duty.uploads {
            self.records_no_more(cx, entry, duty, info)?;
        } else {
            // In a call that is recorded track by track somebody may publish another one at any moment.
            return Ok(info.status != EgressStatus::Starting && (duty.track.is_none() || room.is_none()));
        }
        Ok(false)
    }

    /// One room: is there something in it that nobody told us of?
    fn look_into(&mut self, cx: &mut Cx<'_>, room: &Room) -> Outcome {
        let Some(plan) = self.plan_of(cx, room)? else { return Ok(()) };
        let duties = self.duties_of_room(cx, room, &plan)?;
        duties.into_iter().try_for_each(|duty| self.record(cx, duty))
    }
}
