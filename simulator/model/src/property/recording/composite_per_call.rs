//! A compliance call ends with one composite recording in which every participant is heard.
//!
//! Why: the recording is the evidence. A call without one, with two that disagree, or with a voice missing cannot be
//! shown to a regulator, and nobody can record it again.
//!
//! The rule: the call's stored room composites form one chain. There is one, or each further one begins after the
//! last one's end, within `gap` or within `gap` behind others in between that failed, where the operator did not cause that
//! end. Each has one output: a file or segments.
//! Everybody who publishes sound and stays longer than `startup` is heard from `startup` behind joining until
//! leaving, except for up to `gap` behind an end that the operator did not cause and for what a failed egress or a fault
//! of its uploads took with it; if that is all there was to hear, no composite need be stored. Track egresses are no
//! evidence. It is judged when call and egresses have ended; a call that still runs at
//! the end is not exercised, nor is one in which nobody stays longer than `startup` and nothing is recorded.
//!
//! Broken by `track-for-compliance`, which records each speaker into a file of their own.

use crate::livekit::TrackSource;
use crate::property::coverage::{Stretch, began, ended_by_itself, first_hole};
use crate::property::settled::PerCall;
use crate::property::{About, Verdict, words};
use crate::scenario::Recording;
use crate::state::{CallIx, CallState, Egress, ParticipantState, State};
use crate::time::Span;

static ABOUT: About = About {
    id: "recording.composite-per-call",
    promise: "A compliance call ends with one composite recording, one file or one HLS, in which every \
        participant is heard.",
    why: "The recording is the evidence: a call without one, or with a voice missing, cannot be recorded again.",
    one_check: "call",
    broken_by: "track-for-compliance",
};

/// See the head of this file.
pub fn composite_per_call() -> PerCall {
    PerCall::new(&ABOUT, judge)
}

fn judge(ix: CallIx, state: &State, verdict: &mut Verdict) {
    let call = state.call(ix);
    if call.recording != Recording::Compliance {
        return;
    }
    let chain = chain(state, call);
    if is_owed_nothing(state, call, &chain) {
        return;
    }
    let wrong = broken_chain(state, call, &chain).or_else(|| unheard(state, call));
    verdict.check(
        wrong.is_none(),
        state.now,
        || words::about_call(state, ix),
        || {
            let wrong = wrong.unwrap_or_default();
            format!("{} must end with one composite recording of everybody, but {wrong}", words::call(state, ix))
        },
    );
}

/// Whether a call has the recording that is promised of it, or none is.
pub fn is_kept(state: &State, call: &CallState) -> bool {
    let chain = chain(state, call);
    is_owed_nothing(state, call, &chain)
        || (broken_chain(state, call, &chain).is_none() && unheard(state, call).is_none())
}

/// What is stored, in order.
fn chain<'s>(state: &'s State, call: &'s CallState) -> Vec<&'s Egress> {
    let mut chain: Vec<&Egress> = composites(state, call).filter(|egress| egress.stored).collect();
    chain.sort_by_key(|egress| egress.active_at);
    chain
}

fn is_owed_nothing(state: &State, call: &CallState, chain: &[&Egress]) -> bool {
    let startup = state.scenario.promises.startup;
    chain.is_empty() && call.participants.iter().all(|person| time_in(call, person, startup).is_none())
}

fn composites<'s>(state: &'s State, call: &'s CallState) -> impl Iterator<Item = &'s Egress> {
    call.egresses.iter().map(|ix| state.egress(*ix)).filter(|egress| egress.is_composite())
}

/// What is wrong with the recordings taken as a chain.
fn broken_chain(state: &State, call: &CallState, chain: &[&Egress]) -> Option<String> {
    if chain.is_empty() {
        if composites(state, call).any(|egress| egress.spoilt)
            || (composites(state, call).any(Egress::is_failed) && unheard(state, call).is_none())
        {
            return None;
        }
        let composites = composites(state, call).count();
        let others = call.egresses.len() - composites;
        return Some(match (composites, others) {
            (0, 0) => "nothing was recorded at all".into(),
            (0, tracks) => format!("only {} ran, which are no evidence", words::count(tracks, "track egress")),
            (failed, _) => {
                format!("none of the {} that ran has a whole recording in the sink", words::count(failed, "composite"))
            }
        });
    }
    for egress in chain {
        let outputs = egress.info.request.outputs.len();
        if outputs != 1 {
            let id = &egress.info.egress_id;
            return Some(format!("egress {id} wrote {outputs} outputs instead of one file or one HLS"));
        }
    }
    let gap = state.scenario.promises.gap;
    for pair in chain.windows(2) {
        let (one, next) = (pair[0], pair[1]);
        let (id, successor) = (&one.info.egress_id, &next.info.egress_id);
        let (Some(ended), Some(began)) = (one.stopped_at, next.active_at) else { continue };
        if began < ended {
            return Some(format!(
                "there are {} composites, and egress {successor} began {} before egress {id} had ended",
                chain.len(),
                ended.since(began)
            ));
        }
        if !ended_by_itself(one) {
            return Some(format!(
                "there are {} composites: the operator stopped egress {id}, and egress {successor} went on {} later",
                chain.len(),
                began.since(ended)
            ));
        }
        let between = Stretch { from: ended, to: self::began(next).unwrap_or(began) };
        if first_hole(composites(state, call), between, gap).is_some() {
            return Some(format!(
                "egress {successor} went on only {} after egress {id} had ended by itself, which is more than {gap}",
                began.since(ended)
            ));
        }
    }
    None
}

/// Who is not heard.
fn unheard(state: &State, call: &CallState) -> Option<String> {
    let promises = &state.scenario.promises;
    let hearing = composites(state, call).filter(|egress| {
        !matches!(egress.info.request.source, crate::livekit::Source::RoomComposite { video_only: true, .. })
    });
    let hearing: Vec<&Egress> = hearing.collect();
    let speakers =
        call.participants.iter().filter(|person| person.tracks.iter().any(|track| TrackSource::is_audio(track.source)));
    for person in speakers {
        let Some(wanted) = time_in(call, person, promises.startup) else { continue };
        if let Some(hole) = first_hole(hearing.iter().copied(), wanted, promises.gap) {
            return Some(format!(
                "{} is not heard for {}, from {} after the call's start",
                person.identity,
                hole.length(),
                hole.from.since(call.started_at)
            ));
        }
    }
    None
}

/// When somebody is to be heard: from `startup` behind joining until leaving; none where that is no time at all.
fn time_in(call: &CallState, person: &ParticipantState, startup: Span) -> Option<Stretch> {
    let from = person.joins_at.max(call.started_at) + startup;
    let to = person.leaves_at.min(call.ends_at);
    (from < to).then_some(Stretch { from, to })
}
