//! Egresses whose worker has died.
//!
//! Nobody reports such a death: LiveKit goes on telling what it was told last, for ever. There are signs. The recorder has
//! left the room, or STARTING or ENDING lasts longer than it should, or the call is over and the egress is not. None of them
//! is proof, and a worker that lives must not get a second one beside it. So whoever is in doubt stops the egress: a worker
//! that lives obeys, and the end that it then reports is handled like any other; where its recorder is gone, nobody waits for
//! that. One that twice does not answer is given up.

use egress_sim_sdk::{Commit, Cx, EgressInfo, EgressStatus, Outcome, Room, StateEntry};

use super::Steps;
use super::duty::Duty;
use super::recording::{self, Recording};

impl dyn Steps {
    /// `participant_left` of a recorder. Every egress ends with one; it means something only if LiveKit knows of no end.
    pub fn recorder_left(&mut self, cx: &mut Cx<'_>, egress_id: &str) -> Outcome {
        let Some(info) = cx.egress().get(egress_id)?.filter(|info| recording::is_recording(info.status)) else {
            return Ok(());
        };
        let Some(recording) = Recording::of(&info, self.desk()) else { return Ok(()) };
        let Some(entry) = cx.state().get(&recording.open_key())? else { return Ok(()) };
        let duty = Duty::read(&entry)?;
        if duty.egress_id.as_deref() == Some(egress_id) { self.doubt(cx, &entry, duty, &info) } else { Ok(()) }
    }

    /// Whether LiveKit tells something of a live egress that does not fit. `room`: while it is there.
    pub fn is_doubtful(&mut self, now: u64, duty: &Duty, info: &EgressInfo, room: Option<&Room>) -> bool {
        let config = &self.desk().config;
        match (info.status, room) {
            _ if duty.silent => true,
            (EgressStatus::Starting, Some(_)) => now > info.started_at + config.starting,
            (EgressStatus::Active, Some(room)) => !room.active_recording,
            (EgressStatus::Ending, _) => now > info.updated_at.max(duty.asked) + config.ending,
            (_, None) => recording::is_recording(info.status),
            _ => false,
        }
    }

    /// Stops an egress that is in doubt, and gives it up if nobody answers for the second time.
    pub fn doubt(&mut self, cx: &mut Cx<'_>, entry: &StateEntry, mut duty: Duty, info: &EgressInfo) -> Outcome {
        let silent = self.is_silent(cx, info)?;
        let Some(recording) = Recording::of(info, self.desk()) else { return Ok(()) };
        // It was ACTIVE without a recorder in the room, and is stopped now: it may upload what it has, but records nothing.
        if !silent && info.status == EgressStatus::Active && !duty.uploads && self.needs_successor(cx, &duty)? {
            return self.hand_over(cx, entry, duty, &recording);
        }
        if silent && duty.silent {
            let now = self.desk().now(cx);
            return self.conclude(cx, entry, duty, &recording.given_up(now));
        }
        if silent || duty.silent || info.status == EgressStatus::Ending {
            duty.silent = silent;
            duty.asked = self.desk().now(cx);
            cx.commit(Commit::new().put_state(&entry.key, duty.to_json()).expect_state(entry))?;
            self.keep_watch(cx, duty.asked)?;
        }
        Ok(())
    }
}
