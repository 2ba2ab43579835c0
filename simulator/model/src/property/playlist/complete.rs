//! Every segment that the final playlist names is in the sink, and stays there while the recording is to be kept.
//!
//! Why: a playlist that plays half of a meeting looks whole until somebody needs the other half.
//!
//! The rule: when an HLS egress ends COMPLETE or `LIMIT_REACHED`, and has uploaded everything, its event playlist is in the sink and names as many
//! segments as the egress reported, and each of them is there: one check a segment. A segment that is deleted later,
//! while retention or a hold still keeps it, breaks the promise without a further check.
//!
//! Broken by `deletes-segments`, which tidies up the segments once the playlist is published.

use std::collections::{BTreeMap, BTreeSet};

use crate::livekit::EgressStatus;
use crate::property::{About, Property, Verdict, custody, words};
use crate::state::{EgressIx, State};
use crate::trace::{Fact, FactKind};

static ABOUT: About = About {
    id: "playlist.complete",
    promise: "Every segment that the final playlist names is in the sink while the recording is to be kept.",
    why: "A playlist that plays half of a meeting looks whole until somebody needs the other half.",
    one_check: "segment",
    broken_by: "deletes-segments",
};

/// See the head of this file.
#[derive(Debug, Default)]
pub struct Complete {
    /// Segments that are in the sink, by recording.
    segments: BTreeMap<EgressIx, BTreeSet<String>>,
}

impl Property for Complete {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn wants(&self, kind: FactKind) -> bool {
        matches!(kind, FactKind::EgressChanged | FactKind::Sink)
    }

    fn observe(&mut self, fact: &Fact<'_>, state: &State, verdict: &mut Verdict) {
        match *fact {
            Fact::EgressChanged { egress, status: EgressStatus::Complete | EgressStatus::LimitReached, .. }
                if !state.egress(egress).draining =>
            {
                self.judge(egress, state, verdict);
            }
            Fact::Sink { bucket, change, .. } if custody::is_removal(change.kind) && !self.segments.is_empty() => {
                let Some(ix) = custody::recording_of(state, bucket, change) else { return };
                if !self.segments.get_mut(&ix).is_some_and(|segments| segments.remove(&*change.key)) {
                    return;
                }
                if let Some(kept) = custody::kept(state, ix) {
                    verdict.overturned(state.now, words::about_key(state, bucket, &change.key, ix), || {
                        format!(
                            "every segment of a playlist stays while the recording is kept, but segment {} was \
                             deleted {}",
                            words::key(state, bucket, &change.key, ix),
                            kept.words(state.now)
                        )
                    });
                }
            }
            _ => {}
        }
    }
}

impl Complete {
    fn judge(&mut self, ix: EgressIx, state: &State, verdict: &mut Verdict) {
        let egress = state.egress(ix);
        let bucket = &*egress.bucket;
        for result in &egress.info.segment_results {
            let name = &result.playlist_name;
            let Some(playlist) = state.sink.playlist_of(bucket, name) else {
                verdict.overturned(state.now, words::about_key(state, bucket, name, ix), || {
                    format!(
                        "{} has ended, but its playlist s3://{bucket}/{name} is not in the sink",
                        words::egress(state, ix)
                    )
                });
                continue;
            };
            let named = playlist.segments.len();
            if named as u64 != result.segment_count {
                verdict.overturned(state.now, words::about_key(state, bucket, name, ix), || {
                    format!(
                        "{} reported {} segments, but its playlist s3://{bucket}/{name} names {named}",
                        words::egress(state, ix),
                        result.segment_count
                    )
                });
            }
            for segment in &playlist.segments {
                let segment: &str = segment.as_ref();
                let there = custody::is_there(state, bucket, segment);
                verdict.check(
                    there,
                    state.now,
                    || words::about_key(state, bucket, segment, ix),
                    || {
                        format!(
                            "the final playlist s3://{bucket}/{name} names {named} segments, but {} is not in \
                             the sink",
                            words::key(state, bucket, segment, ix)
                        )
                    },
                );
                if there {
                    self.segments.entry(ix).or_default().insert(segment.to_owned());
                }
            }
        }
    }
}
