//! What happens when an egress or a call ends.
//!
//! An egress that ends while its call goes on is replaced at once: as soon as it records nothing any more, however long it may
//! upload. Once it has ended its recording is looked at, published,
//! entered into the inventory, and its duty closed, the last two in one commit. A call that ends has its egresses stopped:
//! LiveKit should do that by itself, and sometimes does not.

use egress_sim_sdk::time::{MINUTE, SECOND};
use egress_sim_sdk::{
    Commit, Cx, EgressInfo, EgressStatus, Error, Expectation, Outcome, Result, Room, Row, RowState, StateEntry, Subject,
};

use super::Steps;
use super::duty::{Duty, OPEN};
use super::recording::{self, Recording};
use super::sweep;

/// Attempts that are begun as soon as the one before has ended. Further ones wait for the next round, lest a recorder that
/// dies at once be started for ever.
const AT_ONCE: u32 = 5;

/// How long after its limit an egress may upload. LiveKit calls it ended before it does.
const UPLOADS: u64 = 10 * MINUTE;

/// From the end of an egress after its contract's end to its deletion. The timer is set before the commit that it is
/// about, and must not come first.
const SOON: u64 = 5 * SECOND;

impl dyn Steps {
    /// `egress_started`: there must be a row. Usually there is: LiveKit's answer to the start was quicker.
    pub fn egress_started(&mut self, cx: &mut Cx<'_>, info: &EgressInfo) -> Outcome {
        let Some(recording) = Recording::of(info, self.desk()) else { return Ok(()) };
        if self.desk().has_row(&recording.open_key(), &info.egress_id) {
            return Ok(());
        }
        let Some(row) = self.opening_row(&recording) else { return Ok(()) };
        match cx.commit(Commit::new().put_row(row).expect_no_row(&info.egress_id)) {
            Ok(_) | Err(Error::Conflict(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// `egress_updated`
    pub fn egress_updated(&mut self, cx: &mut Cx<'_>, info: &EgressInfo) -> Outcome {
        let Some(recording) = Recording::of(info, self.desk()) else { return Ok(()) };
        self.progressed(cx, &recording)?;
        if info.status != EgressStatus::Ending || self.desk().is_over(&recording.sid) {
            return Ok(());
        }
        let Some(entry) = cx.state().get(&recording.open_key())? else { return Ok(()) };
        let duty = Duty::read(&entry)?;
        if duty.egress_id.as_ref() == Some(&info.egress_id) {
            self.records_no_more(cx, &entry, duty, info)
        } else {
            Ok(())
        }
    }

    /// The egress that saw to a duty is said to be ENDING. It records nothing any more, and may upload for minutes or die
    /// before it has: if there is still something to record, its place is taken now.
    pub fn records_no_more(&mut self, cx: &mut Cx<'_>, entry: &StateEntry, duty: Duty, info: &EgressInfo) -> Outcome {
        let Some(recording) = Recording::of(info, self.desk()) else { return Ok(()) };
        if !self.needs_successor(cx, &duty)? {
            return Ok(());
        }
        // The event is old news. If it has ended meanwhile, that is handled like any other end.
        match cx.egress().get(&info.egress_id)? {
            Some(known) if known.status == EgressStatus::Ending => self.hand_over(cx, entry, duty, &recording),
            _ => Ok(()),
        }
    }

    /// Goes on with a duty whose egress still uploads: a duty of its own waits for that.
    pub fn hand_over(&mut self, cx: &mut Cx<'_>, entry: &StateEntry, duty: Duty, recording: &Recording) -> Outcome {
        let now = cx.now();
        let uploads = Duty { since: now, ..Duty::of_uploads(recording) };
        let intent = Commit::new().put_state(&uploads.open_key(), uploads.to_json()).expect_state(entry);
        let next = duty.next(now);
        let version = cx.commit(intent.put_state(&entry.key, next.to_json()))?;
        self.begin_next(cx, entry, next, version)
    }

    /// The intent of a further attempt is committed.
    fn begin_next(&mut self, cx: &mut Cx<'_>, entry: &StateEntry, next: Duty, version: u64) -> Outcome {
        self.desk().release(&entry.key);
        let now = next.since;
        let outcome = if next.attempt > AT_ONCE { Ok(()) } else { self.start(cx, next, version) };
        self.keep_watch(cx, now)?;
        outcome
    }

    /// `egress_ended`, or the discovery that an egress has ended.
    pub fn egress_ended(&mut self, cx: &mut Cx<'_>, info: &EgressInfo) -> Outcome {
        let Some(recording) = Recording::of(info, self.desk()) else { return Ok(()) };
        let Some(entry) = cx.state().get(&recording.open_key())? else { return self.settle(cx, info) };
        let duty = Duty::read(&entry)?;
        match &duty.egress_id {
            Some(current) if *current == info.egress_id => self.conclude(cx, &entry, duty, &recording),
            // The answer to the start was lost, and this is the egress that it started. Somebody else may be finding that out.
            None if duty.attempt == recording.attempt => {
                self.past_lease(cx, &entry, &duty)?;
                self.conclude(cx, &entry, duty, &recording)
            }
            Some(_) => self.settle(cx, info),
            None => {
                self.settle(cx, info)?;
                self.resume(cx, &entry, duty)
            }
        }
    }

    /// The egress that saw to a duty has ended.
    pub fn conclude(&mut self, cx: &mut Cx<'_>, entry: &StateEntry, duty: Duty, recording: &Recording) -> Outcome {
        let row = self.inspect(cx, recording)?;
        if duty.uploads || !self.needs_successor(cx, &duty)? {
            self.enter(cx, recording, row, duty.closing(Commit::new()).expect_state(entry))?;
            self.desk().release(&entry.key);
            return Ok(());
        }
        let now = cx.now();
        let next = duty.clone().next(now);
        let intent = Commit::new().put_state(&entry.key, next.to_json()).expect_state(entry);
        match self.enter(cx, recording, row, intent) {
            Ok(version) => self.begin_next(cx, entry, next, version),
            // What becomes of the old recording can wait for a duty of its own; the call cannot wait.
            Err(_) => self.hand_over(cx, entry, duty, recording),
        }
    }

    /// An egress that no duty is waiting for has ended: its row is brought to its end, if it is not there yet.
    pub fn settle(&mut self, cx: &mut Cx<'_>, info: &EgressInfo) -> Outcome {
        let Some(recording) = Recording::of(info, self.desk()) else { return Ok(()) };
        let uploads = Duty::of_uploads(&recording).open_key();
        let before = match cx.inventory().get(&info.egress_id)? {
            None => Commit::new().expect_no_row(&info.egress_id),
            Some(stored) if stored.row.state == RowState::Recording => Commit::new().expect_row(&stored),
            // Somebody else has brought the row to its end, and may not have known of the duty.
            Some(_) => match cx.state().get(&uploads)? {
                Some(entry) => return cx.commit(Commit::new().delete_state(&uploads).expect_state(&entry)).map(|_| ()),
                None => return Ok(()),
            },
        };
        let row = self.inspect(cx, &recording)?;
        if row.state != RowState::Recording {
            self.enter(cx, &recording, row, before.delete_state(&uploads))?;
        }
        Ok(())
    }

    /// Looks at what an egress left, publishes it if all of it is there, and says what the inventory is to say. That is
    /// `recording` as long as something may still be uploaded.
    fn inspect(&mut self, cx: &mut Cx<'_>, recording: &Recording) -> Result<Row> {
        let found = recording::found_in_the_sink(cx, recording)?;
        let recording = found.as_ref().unwrap_or(recording);
        let stored = self.is_stored(cx, recording)?;
        if stored && let Some(bucket) = self.plays_from(cx, recording)? {
            // Before the commit that ends the matter: a crash in between publishes twice, not never.
            self.publish(cx, &Recording { bucket, ..recording.clone() })?;
        } else if !stored && recording.at_limit && self.desk().now(cx) < recording.ended_at + UPLOADS {
            return Ok(recording.row(RowState::Recording, String::from("{}")));
        } else if !stored && recording.ended_well && self.desk().now(cx) < recording.ended_at + self.patience() {
            return Err(Error::retry("LiveKit says that it is complete, and the sink does not show all of it yet"));
        }
        Ok(self.closing_row(recording, stored))
    }

    /// Commits the row of a recording that has ended with whatever belongs to it, and plans its deletion: at once if the contract
    /// has ended meanwhile, else when `due` says. Returns the commit's revision.
    fn enter(&mut self, cx: &mut Cx<'_>, recording: &Recording, row: Row, commit: Commit) -> Result<u64> {
        let tenant = &recording.tenant;
        let contract = sweep::contract_key(tenant);
        let stored = row.state == RowState::Stored;
        if recording.at_limit {
            let uploads = Duty::of_uploads(recording);
            if row.state == RowState::Recording {
                return cx.commit(commit.put_row(row).put_state(&uploads.open_key(), uploads.to_json()));
            }
        }
        let commit = commit.put_row(row);
        let mut usual = commit.clone().expect(Subject::State(contract.clone()), Expectation::Absent);
        if let Some(due) = self.due(tenant, recording.ended_at) {
            self.wake(cx, tenant, due)?;
            usual = usual.put_state(&sweep::due_key(tenant, due, &recording.egress_id), "");
        }
        let version = match cx.commit(usual) {
            Err(Error::Conflict(Subject::State(key))) if key == contract => {
                let soon = self.desk().now(cx) + SOON;
                self.wake(cx, tenant, soon)?;
                cx.commit(commit.put_state(&sweep::due_key(tenant, soon, &recording.egress_id), ""))?
            }
            outcome => outcome?,
        };
        self.entered(cx, recording, stored)?;
        Ok(version)
    }

    /// `room_finished`: whatever still records it is stopped, if it has.
    pub fn room_finished(&mut self, cx: &mut Cx<'_>, room: &Room) -> Outcome {
        if !self.is_over(cx, room)? {
            return Ok(());
        }
        self.desk().call_is_over(&room.sid);
        for entry in cx.state().all(&format!("{OPEN}{}", room.sid))? {
            let duty = Duty::read(&entry)?;
            match &duty.egress_id {
                _ if duty.sid != room.sid => {}
                Some(egress_id) => self.stop(cx, egress_id)?,
                None => self.resume(cx, &entry, duty)?,
            }
        }
        Ok(())
    }

    /// LiveKit has forgotten an egress before anybody learned how and when it ended. What it left stays in the inventory, as
    /// failed: nobody can say that it is whole. It is kept as long as if it had ended when it stored something last.
    pub fn forgotten(&mut self, cx: &mut Cx<'_>, entry: &StateEntry, duty: &Duty, egress_id: &str) -> Outcome {
        let mut commit = duty.closing(Commit::new()).expect_state(entry);
        if let Some(stored) = cx.inventory().get(egress_id)?
            && stored.row.state == RowState::Recording
        {
            let details = recording::Details { error: String::from("LiveKit has forgotten it"), ..Default::default() };
            let row = Row { state: RowState::Failed, details: details.to_json(), ..stored.row.clone() };
            let now = self.desk().now(cx);
            let ended_at = self.stored_last(cx, &stored.row)?.unwrap_or(now);
            let due = self.due(&duty.tenant, ended_at).unwrap_or(now + SOON);
            self.wake(cx, &duty.tenant, due)?;
            commit =
                commit.put_row(row).expect_row(&stored).put_state(&sweep::due_key(&duty.tenant, due, egress_id), "");
        }
        cx.commit(commit)?;
        self.desk().release(&entry.key);
        Ok(())
    }

    /// When the last object of a recording was stored; none: there is nothing in the sink.
    fn stored_last(&mut self, cx: &mut Cx<'_>, row: &Row) -> Result<Option<u64>> {
        let copy = self.in_backup(row);
        let mut last = None;
        for row in [row].into_iter().chain(&copy) {
            last = last.max(self.find(cx, row)?.iter().map(|version| version.last_modified).max());
        }
        Ok(last)
    }
}
