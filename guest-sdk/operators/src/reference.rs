//! The reference operator: what a service that records calls, publishes them and deletes them has to do, and no more.
//!
//! It keeps every promise of egress-sim while webhooks are lost, late, doubled, untrue or forged, egresses end early or
//! outlive their rooms, their workers die without a word, the sink refuses, and the process dies at any call. Four ideas carry it:
//!
//! - **Write down what you are about to do.** Before an egress is started, a *duty* is committed by compare-and-swap: the
//!   second delivery of the same event finds it, and so does whoever comes after a crash ([`duty`], [`record`]).
//! - **Ask LiveKit, do not remember.** Whether a call is still on, whether an egress runs, what it stored: that is looked up
//!   where it is true, when it matters ([`ending`]); an event is old news by the time it comes, and sometimes never was true. What an incarnation keeps in memory only saves calls.
//! - **Look yourself.** While a duty is open, a timer compares what should be recorded with what is. A lost webhook costs
//!   `calm` at most ([`patrol`]).
//! - **Delete in pieces, and look afterwards.** Work that takes long is done by timers, a piece at a time, from what is
//!   written in the inventory; a deletion is in the audit once HEAD found nothing ([`erase`]). What arrives in the sink
//!   afterwards is found by looking again until the deadline, and so is what no inventory knows of ([`leftovers`]).
//!
//! [`Steps`] is the table of contents: one method a decision, each with the sound way of doing it. The operators in
//! `broken` replace one of them each.
//!
//! # What it promises when a webhook is lost
//!
//! | lost | noticed by |
//! |---|---|
//! | `room_started` | the next `participant_joined` or `track_published` of the room, or the next round while anything is open, or `patrol` |
//! | `track_published` | the next round: `patrol` in a call without any other track, `reconcile` otherwise |
//! | `egress_started`, `egress_updated` | nothing depends on them |
//! | `egress_ended`, `room_finished` | the next round, `calm` later at most |
//! | `participant_left` of a recorder | the next round, by the room's `active_recording`, where nothing else records the room |
//! | all of them, in an outage | the same rounds; what begins meanwhile only by `patrol` |
//!
//! To be lost is also to arrive late, with a token that has expired, or altered by a proxy: it is refused. What no operator can
//! notice: a call or a track that began and ended between two rounds; how an egress ended, once LiveKit has forgotten it.
//!
//! # Configuration (`[operator.config]`, durations as `"20s"`)
//!
//! | key | default | |
//! |---|---|---|
//! | `reconcile` | `"10s"` | to the next round while something begins or is amiss, and between any two in a call that is recorded track by track; what a lost webhook costs there must be less than the promised `startup` |
//! | `calm` | `"30s"` | to the next round at most while any duty is open: where all is as it should be, each comes after twice as long; what a lost webhook costs must be less than the promised `gap` |
//! | `patrol` | off | rounds also while nothing is open, so that the loss of a lone `room_started` is noticed |
//! | `lease` | `"3s"` | how long an intent to start keeps others off: longer than LiveKit takes to answer a start |
//! | `starting` | `"30s"` | how long an egress may be STARTING before its worker is asked whether it lives; the second time that it does not answer, which is a round later, another one is started, and that must be within the promised `gap` |
//! | `ending` | `"10m"` | how long it may be ENDING before somebody asks: uploads may take their time |
//! | `rows` | 100 | recordings of one piece of a sweep at most |
//! | `calls` | 200 | sink calls of one piece, about: a piece holds up the webhooks that arrive meanwhile |

use egress_sim_sdk::time::SECOND;
use egress_sim_sdk::{
    AuditRecord, Boot, Bucket, Command, Commit, Cx, DeleteError, Delivery, EgressInfo, Error, HeadResult, Link,
    ObjectId, ObjectVersion, Operator, Outcome, Result, Room, RoomCompositeEgressRequest, Row, RowState, StateEntry,
    Subject, Timer, TrackInfo, WebhookEvent,
};

pub mod desk;
pub mod duty;
pub mod ending;
pub mod erase;
pub mod leftovers;
pub mod orders;
pub mod patrol;
pub mod presence;
pub mod record;
pub mod recording;
pub mod silent;
pub mod sweep;

use desk::{Desk, Plan, Wanted};
use duty::Duty;
use orders::Holds;
use recording::Recording;

/// The reference operator: every step in the sound way.
pub struct Reference(pub Desk);

impl Steps for Reference {
    fn desk(&mut self) -> &mut Desk {
        &mut self.0
    }
}

/// What came of the wish to take a duty on.
pub enum Claim {
    /// It is ours to start, under this version of the duty.
    Ours(u64),
    /// Somebody sees to it, or has seen to it.
    Done,
    /// Somebody wrote down that they would start it; this is what they wrote.
    Begun(StateEntry),
}

/// The decisions that the operator is made of, each with the sound way to decide. How they play together stands in the
/// modules of this one, as methods of `dyn Steps`.
pub trait Steps {
    /// What this incarnation knows.
    fn desk(&mut self) -> &mut Desk;

    /// A process begins. Whoever was here before may have died in the midst of something, so it looks around at once.
    fn booted(&mut self, cx: &mut Cx<'_>) -> Outcome {
        self.desk().look_around(cx)
    }

    // What arrives.

    /// A delivery is believed once its signature was verified. Anybody can send one, so a refusal is logged and not
    /// audited: a stranger could fill the audit otherwise.
    fn open(&mut self, cx: &mut Cx<'_>, delivery: Delivery) -> Result<WebhookEvent> {
        let opened = delivery.open(cx);
        if let Err(error) = &opened {
            cx.log().warn(error.to_string());
        }
        opened
    }

    // What is recorded, and where to.

    /// What the room's metadata asks for. None: nothing is to be recorded.
    fn plan(&mut self, room: &Room) -> Option<Plan> {
        self.desk().read_plan(room).filter(|plan| plan.wanted != Wanted::Nothing)
    }

    /// What is to be recorded as soon as there is a call. Where single tracks are wanted they come by themselves.
    fn duties_of_call(&mut self, _cx: &mut Cx<'_>, room: &Room, plan: &Plan) -> Result<Vec<Duty>> {
        Ok(match plan.wanted {
            Wanted::Composite => vec![Duty::of_call(room, plan)],
            Wanted::Tracks | Wanted::Nothing => Vec::new(),
        })
    }

    /// What is to be recorded when somebody publishes a track: sound, where tracks are wanted. It is a sign of the call
    /// besides, whose `room_started` may have been lost.
    fn duties_of_track(&mut self, room: &Room, plan: &Plan, track: &TrackInfo) -> Vec<Duty> {
        match plan.wanted {
            Wanted::Composite => vec![Duty::of_call(room, plan)],
            Wanted::Tracks if recording::is_sound(track) => vec![Duty::of_track(room, plan, track)],
            Wanted::Tracks | Wanted::Nothing => Vec::new(),
        }
    }

    /// What should be recorded in a room at this moment, whatever was heard of it: the call, or each track with sound.
    fn duties_of_room(&mut self, cx: &mut Cx<'_>, room: &Room, plan: &Plan) -> Result<Vec<Duty>> {
        match plan.wanted {
            Wanted::Composite => Ok(vec![Duty::of_call(room, plan)]),
            Wanted::Tracks => recording::duties_of_tracks(cx, room, plan),
            Wanted::Nothing => Ok(Vec::new()),
        }
    }

    /// Takes a duty on before anything is started: whoever commits it first has it.
    fn claim(&mut self, cx: &mut Cx<'_>, duty: &mut Duty) -> Result<Claim> {
        let (open, closed) = (duty.open_key(), duty.closed_key());
        if self.desk().is_taken(&open) {
            return Ok(Claim::Done);
        }
        duty.since = cx.now();
        let intent = Commit::new().put_state(&open, duty.to_json()).expect_no_state(&open).expect_no_state(&closed);
        match cx.commit(intent) {
            Ok(version) => Ok(Claim::Ours(version)),
            Err(Error::Conflict(Subject::State(key))) if key == open => {
                Ok(cx.state().get(&open)?.map_or(Claim::Done, Claim::Begun))
            }
            Err(Error::Conflict(_)) => Ok(Claim::Done),
            Err(error) => Err(error),
        }
    }

    /// Sees to it that somebody looks again within `reconcile`: no webhook is sure to come. It comes behind the commit that there
    /// is something to look after, because a round that finds nothing is the last one, and behind the start, which cannot wait;
    /// who dies in between begins again with a round.
    fn keep_watch(&mut self, cx: &mut Cx<'_>, now: u64) -> Outcome {
        self.desk().keep_watch(cx, now)
    }

    /// Recordings of a tenant are spread over its own buckets; the same call always goes to the same one. None: it has
    /// none.
    fn choose_bucket(&mut self, duty: &Duty) -> Option<Bucket> {
        let buckets = &self.desk().tenant(&duty.tenant)?.buckets;
        let place = recording::spread(&duty.sid).checked_rem(buckets.len() as u64)?;
        buckets.get(usize::try_from(place).ok()?).cloned()
    }

    /// Asks LiveKit for a composite, once: where no answer comes, it may be running.
    fn ask_for_composite(&mut self, cx: &mut Cx<'_>, request: RoomCompositeEgressRequest) -> Result<EgressInfo> {
        cx.egress().start_room_composite(request)
    }

    /// Whether a start that was refused need not be tried again: what was to be recorded is over.
    fn is_final(&mut self, cx: &mut Cx<'_>, duty: &Duty, refusal: &Error) -> Result<bool> {
        Ok(refusal.status() == Some(404) && !self.still_on(cx, duty)?)
    }

    /// Commits that an egress runs, once: whether a commit that was not answered was made shows when the duty is read again.
    fn write_start(&mut self, cx: &mut Cx<'_>, commit: Commit) -> Result<u64> {
        cx.commit(commit)
    }

    /// What a round looks after: everything that is not closed, whether or not anybody was told of it.
    fn open_duties(&mut self, cx: &mut Cx<'_>) -> Result<Vec<StateEntry>> {
        cx.state().all(duty::OPEN)
    }

    /// The row of an egress that has started. It is written at once: what the inventory does not name is never deleted.
    fn opening_row(&mut self, recording: &Recording) -> Option<Row> {
        Some(recording.row(RowState::Recording, String::from("{}")))
    }

    // What becomes of it.

    /// An egress has become ACTIVE or ENDING. Nothing is to be seen of it yet.
    fn progressed(&mut self, _cx: &mut Cx<'_>, _recording: &Recording) -> Outcome {
        Ok(())
    }

    /// Whether what a duty is about still goes on: the call, under the same sid, or the track in it.
    fn still_on(&mut self, cx: &mut Cx<'_>, duty: &Duty) -> Result<bool> {
        if self.desk().is_over(&duty.sid) {
            return Ok(false);
        }
        let room = cx.rooms().get(&duty.room)?.filter(|room| room.sid == duty.sid);
        match (&duty.track, room) {
            (_, None) => {
                self.desk().call_is_over(&duty.sid);
                Ok(false)
            }
            (None, Some(_)) => Ok(true),
            (Some(track), Some(_)) => recording::is_published(cx, &duty.room, track),
        }
    }

    /// Whether a room that is said to have finished has. A server that takes a node for dead says so while people talk on.
    fn is_over(&mut self, cx: &mut Cx<'_>, room: &Room) -> Result<bool> {
        Ok(cx.rooms().get(&room.name)?.is_none_or(|found| found.sid != room.sid))
    }

    /// How an egress that is said to have ended has ended; none: it goes on. A good end is looked for in the sink anyway. A
    /// bad one may be a second worker's, or the poorer of two: what LiveKit has on record counts, as long as it has it.
    fn true_end(&mut self, cx: &mut Cx<'_>, info: EgressInfo) -> Result<Option<EgressInfo>> {
        if recording::has_ended_well(info.status) {
            return Ok(Some(info));
        }
        let known = cx.egress().get(&info.egress_id)?.unwrap_or(info);
        Ok(Some(known).filter(|known| recording::has_ended(known.status)))
    }

    /// Whether an egress that has ended must be followed by another: as long as there is something to record.
    fn needs_successor(&mut self, cx: &mut Cx<'_>, duty: &Duty) -> Result<bool> {
        self.still_on(cx, duty)
    }

    /// Stops an egress. One that has ended already, or is forgotten, is stopped enough.
    fn stop(&mut self, cx: &mut Cx<'_>, egress_id: &str) -> Outcome {
        match cx.egress().stop(egress_id) {
            Err(error) if !matches!(error.status(), Some(404 | 412)) => Err(error),
            _ => Ok(()),
        }
    }

    /// Whether an egress is stopped in vain: nobody answers for it. A worker that lives is stopped by the question.
    fn is_silent(&mut self, cx: &mut Cx<'_>, info: &EgressInfo) -> Result<bool> {
        match self.stop(cx, &info.egress_id) {
            Ok(()) => Ok(false),
            Err(error) if error.status() == Some(408) || error.outcome_unknown() => Ok(true),
            Err(error) => Err(error),
        }
    }

    /// How long a listing of the sink may lag behind what LiveKit says: a recording that is whole must not be written off.
    /// Less than the promised gap, because a successor is started afterwards.
    fn patience(&self) -> u64 {
        40 * SECOND
    }

    /// Whether all of a recording is in the sink. LiveKit's COMPLETE is a claim; this looks.
    fn is_stored(&mut self, cx: &mut Cx<'_>, recording: &Recording) -> Result<bool> {
        Ok(recording.ended_well && presence::is_in(cx, recording, &recording.buckets())?)
    }

    /// The bucket in which all of a stored recording lies. None: it is split over two, because the first one failed
    /// LiveKit half-way. Nothing of it is lost then, but no player gets from one bucket into the other.
    fn plays_from(&mut self, cx: &mut Cx<'_>, recording: &Recording) -> Result<Option<String>> {
        let mut buckets = recording.buckets();
        while let Some(bucket) = buckets.pop() {
            // The only one that is left needs no second look.
            if !recording.backup_used || presence::is_in(cx, recording, &[bucket])? {
                return Ok(Some(bucket.to_owned()));
            }
        }
        Ok(None)
    }

    /// The row of an egress that has ended: `stored` if all of it is in the sink.
    fn closing_row(&mut self, recording: &Recording, stored: bool) -> Row {
        recording.closing_row(stored)
    }

    /// The link under which a stored recording is published: through the tenant's CDN. Raw tracks are not published.
    fn link(&mut self, recording: &Recording) -> Option<String> {
        if recording.track.is_some() {
            return None;
        }
        let cdn = self.desk().tenant(&recording.tenant)?.cdn.as_ref()?;
        Some(format!("https://{cdn}/{}/{}", recording.bucket, recording.playable()?))
    }

    /// Gives viewers the link to a recording that is in the sink in full.
    fn publish(&mut self, cx: &mut Cx<'_>, recording: &Recording) -> Outcome {
        let Some(url) = self.link(recording) else { return Ok(()) };
        cx.publish(Link { egress_id: recording.egress_id.clone(), tenant: recording.tenant.clone(), url })
    }

    /// The row of an egress that has ended is committed: nothing is left to be done about it.
    fn entered(&mut self, _cx: &mut Cx<'_>, _recording: &Recording, _stored: bool) -> Outcome {
        Ok(())
    }

    // How it is deleted.

    /// When a recording is to be deleted although the contract goes on: halfway between the least and the most that it
    /// may be kept. None: not before the contract ends.
    fn due(&mut self, tenant: &str, ended_at: u64) -> Option<u64> {
        let tenant = self.desk().tenant(tenant)?;
        let most = tenant.retention_max?;
        let least = tenant.retention.unwrap_or(most).min(most);
        Some(ended_at + least + (most - least) / 2)
    }

    /// Whether a sweep of the tenant is about this row: about every one.
    fn concerns(&mut self, _row: &Row) -> bool {
        true
    }

    /// Whether a legal hold stands on a recording.
    fn is_held(&mut self, holds: &Holds, row: &Row) -> bool {
        holds.stand_on(&row.room)
    }

    /// A recording's row as if the backup storage was its bucket. It is asked for of every recording where there is such
    /// a storage: what LiveKit said of its use may have been lost on its way.
    fn in_backup(&mut self, row: &Row) -> Option<Row> {
        Some(Row { bucket: row.backup_bucket.clone()?, ..row.clone() })
    }

    /// Everything that lies under the recording's own prefix in the row's bucket: all pages, every version and every
    /// delete marker.
    fn find(&mut self, cx: &mut Cx<'_>, row: &Row) -> Result<Vec<ObjectVersion>> {
        cx.sink(&row.bucket).versions(recording::prefix_of(row))
    }

    /// What a deletion asks for: each version by its id. A delete without one only hides a key of a versioned bucket.
    fn targets(&mut self, found: &[ObjectVersion]) -> Vec<ObjectId> {
        found.iter().map(|version| ObjectId::version(&version.key, &version.version_id)).collect()
    }

    /// A recording is about to be deleted; nobody is told before it is.
    fn before_deletion(&mut self, _cx: &mut Cx<'_>, _row: &Row, _keys: &[String]) -> Outcome {
        Ok(())
    }

    /// Takes the links to a recording back before it is deleted. It is done for any that might have one: a handler that
    /// died may have published and not have said so.
    fn retract(&mut self, cx: &mut Cx<'_>, row: &Row) -> Outcome {
        if self.desk().tenant(&row.tenant).is_some_and(|tenant| tenant.cdn.is_some()) {
            cx.retract(&row.egress_id)?;
        }
        Ok(())
    }

    /// Deletes up to 1,000 versions and says what was refused: the sink answers 200 whatever became of the single ones.
    fn delete(&mut self, cx: &mut Cx<'_>, bucket: &str, targets: Vec<ObjectId>) -> Result<Vec<DeleteError>> {
        Ok(cx.sink(bucket).delete_batch(targets)?.errors)
    }

    /// Whether HEAD finds nothing under a key. A 404 with a delete marker means that the data is still there, and a 403
    /// is an error and no proof of anything.
    fn looks_gone(&mut self, cx: &mut Cx<'_>, bucket: &str, key: &str) -> Result<bool> {
        Ok(matches!(cx.sink(bucket).head(key)?, HeadResult::NotFound(false)))
    }

    /// Whether to look again for what arrives behind its own deletion.
    fn looks_again(&mut self) -> bool {
        true
    }

    /// Whether nothing is left that HEAD does not show: where the bucket has versions, none may be listed.
    fn nothing_left(&mut self, cx: &mut Cx<'_>, row: &Row) -> Result<bool> {
        Ok(!self.desk().is_versioned(row) || self.find(cx, row)?.is_empty())
    }

    /// Where to look, once a contract has ended, for what is left: into every bucket that may hold something of the tenant.
    fn buckets_to_search(&mut self, tenant: &str) -> Vec<String> {
        self.desk().buckets_of(tenant).into_iter().collect()
    }

    /// Whether a recording that the sink refuses to delete is tried again: nothing says when it may be deleted, but one
    /// day it may.
    fn tries_again(&mut self, _row: &Row) -> bool {
        true
    }

    // What is told.

    /// Puts the sink's refusals into the audit, each key's once.
    fn audit_refusals(&mut self, cx: &mut Cx<'_>, row: &Row, refused: &[DeleteError]) -> Outcome {
        let records: Vec<AuditRecord> = refused.iter().map(|error| erase::refusal_record(row, error)).collect();
        let outcome = cx.audit(records.clone());
        if outcome.is_err() {
            // When it is tried again a legal hold may stand, and nothing is refused any more.
            self.desk().untold.extend(records.into_iter().map(|record| (record.idempotency_key.clone(), record)));
        }
        outcome
    }

    /// Puts deletions into the audit. Until it has them, no row may say so.
    fn audit_deletions(&mut self, cx: &mut Cx<'_>, records: Vec<AuditRecord>) -> Outcome {
        cx.audit(records)
    }

    /// Puts a legal hold, or its lifting, into the audit.
    fn audit_hold(&mut self, cx: &mut Cx<'_>, command: &Command) -> Outcome {
        cx.audit(orders::hold_record(command).into_iter().collect())
    }
}

/// An operator that goes by some [`Steps`].
pub struct Conduct(pub Box<dyn Steps>);

impl Operator for Conduct {
    /// Without a store there is nothing to look at, but deliveries may find it again.
    fn init(&mut self, cx: &mut Cx<'_>, boot: &Boot) -> Outcome {
        self.0.desk().configure(boot)?;
        if let Err(error) = self.0.booted(cx) {
            cx.log().warn(format!("no round at boot: {error}"));
        }
        Ok(())
    }

    fn on_webhook(&mut self, cx: &mut Cx<'_>, delivery: Delivery) -> Outcome {
        let event = self.0.open(cx, delivery)?;
        let watched = self.0.watch_again(cx);
        let WebhookEvent { room, participant, track, egress_info, .. } = event;
        let outcome = match (event.event.as_str(), room, track, egress_info) {
            ("room_started", Some(room), ..) => self.0.room_seen(cx, &room),
            ("participant_joined", Some(room), ..) if !participant.as_ref().is_some_and(recording::is_recorder) => {
                self.0.room_seen(cx, &room)
            }
            ("participant_left", ..) => match participant {
                Some(who) if recording::is_recorder(&who) => self.0.recorder_left(cx, &who.identity),
                _ => Ok(()),
            },
            ("track_published", Some(room), Some(track), _) => self.0.track_published(cx, &room, &track),
            ("room_finished", Some(room), ..) => self.0.room_finished(cx, &room),
            ("egress_started", _, _, Some(info)) => self.0.egress_started(cx, &info),
            ("egress_updated", _, _, Some(info)) => self.0.egress_updated(cx, &info),
            ("egress_ended", _, _, Some(info)) => match self.0.true_end(cx, info)? {
                Some(info) => self.0.egress_ended(cx, &info),
                None => Ok(()),
            },
            // Servers get newer; what is not known is passed over.
            _ => Ok(()),
        };
        outcome.and(watched)
    }

    fn on_command(&mut self, cx: &mut Cx<'_>, command: Command) -> Outcome {
        self.0.tell_the_untold(cx);
        self.0.ordered(cx, &command)
    }

    fn on_timer(&mut self, cx: &mut Cx<'_>, timer: Timer) -> Outcome {
        self.0.desk().timer_came(&timer);
        let watched = self.0.watch_again(cx);
        self.0.tell_the_untold(cx);
        let outcome = match timer.name.split_once('/') {
            Some(("boot", _)) => self.0.round(cx, &timer, true),
            Some(("round", _)) => self.0.round(cx, &timer, false),
            Some(("sweep", tenant)) => self.0.sweep(cx, tenant),
            Some(("due", tenant)) => self.0.delete_due(cx, tenant),
            Some(("search", tenant)) => self.0.search(cx, tenant),
            _ => Ok(()),
        };
        outcome.and(watched)
    }
}
