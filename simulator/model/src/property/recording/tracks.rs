//! In a processing call every published audio track has its raw file.
//!
//! Why: transcription and analysis work track by track; a track that was not recorded is a person who never spoke.
//!
//! The rule: of each audio track that is published for longer than `startup`, stored track egresses cover the time
//! from `startup` behind its publication to its end, except for up to `gap` behind an end that the operator did not
//! cause and for what a failed egress or a fault of its uploads took with it. Composites are no raw files. Judged when call and egresses have
//! ended.
//!
//! Broken by `records-none`, which records nothing but compliance calls.

use crate::livekit::Source;
use crate::property::coverage::{Stretch, first_hole};
use crate::property::settled::PerCall;
use crate::property::{About, Verdict, words};
use crate::scenario::Recording;
use crate::state::{CallIx, CallState, Egress, ParticipantState, State};

static ABOUT: About = About {
    id: "recording.tracks",
    promise: "In a processing call every published audio track has its raw file.",
    why: "Transcription works track by track: a track that was not recorded is a person who never spoke.",
    one_check: "track",
    broken_by: "records-none",
};

/// See the head of this file.
pub fn tracks() -> PerCall {
    PerCall::new(&ABOUT, judge)
}

fn judge(ix: CallIx, state: &State, verdict: &mut Verdict) {
    let call = state.call(ix);
    if call.recording != Recording::Processing {
        return;
    }
    for person in &call.participants {
        for track in person.tracks.iter().filter(|track| track.source.is_audio()) {
            let Some(wanted) = time_of(state, call, person) else { continue };
            let amiss = amiss(state, call, &track.sid, wanted);
            verdict.check(
                amiss.is_none(),
                state.now,
                || words::about_call(state, ix),
                || {
                    let whose = format!("{}'s {} track {}", person.identity, track.source.name(), track.sid);
                    let what = if let Some(Amiss::Hole(hole)) = amiss {
                        let from = hole.from.since(call.started_at);
                        format!("is missing for {}, from {from} after the call's start", hole.length())
                    } else {
                        let ran = egresses_of(state, call, &track.sid).count();
                        format!("has none: {} ran for it", words::count(ran, "track egress"))
                    };
                    format!("in {} every audio track has its raw file, but {whose} {what}", words::call(state, ix))
                },
            );
        }
    }
}

/// Whether a track has the raw file that is promised of it, or none is.
pub fn is_kept(state: &State, call: &CallState, sid: &str) -> bool {
    let whose = |person: &&ParticipantState| person.tracks.iter().any(|track| *track.sid == *sid);
    let person = call.participants.iter().find(whose);
    person.is_some_and(|person| {
        time_of(state, call, person).is_none_or(|wanted| amiss(state, call, sid, wanted).is_none())
    })
}

/// When somebody's tracks are to be recorded; none: they are not there for longer than `startup`.
fn time_of(state: &State, call: &CallState, person: &ParticipantState) -> Option<Stretch> {
    let published = person.joins_at.max(call.started_at);
    let from = published + state.scenario.promises.startup;
    let to = person.leaves_at.min(call.ends_at);
    (from < to).then_some(Stretch { from, to })
}

/// What a track lacks.
enum Amiss {
    /// Any raw file.
    All,
    /// The first of it that is nowhere and is not excused.
    Hole(Stretch),
}

fn amiss(state: &State, call: &CallState, sid: &str, wanted: Stretch) -> Option<Amiss> {
    // What a failed egress or a fault of its uploads took with it is excused below.
    if !egresses_of(state, call, sid).any(|egress| egress.stored || egress.spoilt || egress.is_failed()) {
        return Some(Amiss::All);
    }
    first_hole(egresses_of(state, call, sid), wanted, state.scenario.promises.gap).map(Amiss::Hole)
}

fn egresses_of<'s>(state: &'s State, call: &'s CallState, sid: &'s str) -> impl Iterator<Item = &'s Egress> {
    let records =
        move |egress: &&Egress| matches!(&egress.info.request.source, Source::Track { track_id } if track_id == sid);
    call.egresses.iter().map(|ix| state.egress(*ix)).filter(records)
}
