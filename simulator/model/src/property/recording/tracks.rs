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
use crate::state::{CallIx, Egress, State};

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
    let promises = &state.scenario.promises;
    for person in &call.participants {
        let published = person.joins_at.max(call.started_at);
        let wanted = Stretch { from: published + promises.startup, to: person.leaves_at.min(call.ends_at) };
        if wanted.from >= wanted.to {
            continue;
        }
        for track in person.tracks.iter().filter(|track| track.source.is_audio()) {
            let of_track: Vec<&Egress> = call
                .egresses
                .iter()
                .map(|egress| state.egress(*egress))
                .filter(|egress| records(egress, &track.sid))
                .collect();
            // What a failed egress or a fault of its uploads took with it is excused below.
            let stored = of_track.iter().any(|egress| egress.stored || egress.spoilt || egress.is_failed());
            let hole = first_hole(of_track.iter().copied(), wanted, promises.gap);
            verdict.check(
                stored && hole.is_none(),
                state.now,
                || words::about_call(state, ix),
                || {
                    let whose = format!("{}'s {} track {}", person.identity, track.source.name(), track.sid);
                    let what = match hole {
                        Some(hole) if stored => format!(
                            "is missing for {}, from {} after the call's start",
                            hole.length(),
                            hole.from.since(call.started_at)
                        ),
                        _ => format!("has none: {} ran for it", words::count(of_track.len(), "track egress")),
                    };
                    format!("in {} every audio track has its raw file, but {whose} {what}", words::call(state, ix))
                },
            );
        }
    }
}

fn records(egress: &Egress, sid: &str) -> bool {
    matches!(&egress.info.request.source, Source::Track { track_id } if track_id == sid)
}
