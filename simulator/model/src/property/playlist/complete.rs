//! Every segment that the final playlist names is in the sink, and stays there while the recording is to be kept.
//!
//! Why: a playlist that plays half of a meeting looks whole until somebody needs the other half.
//!
//! The rule: when an HLS egress ends COMPLETE or `LIMIT_REACHED` and has uploaded everything, its event playlist is in the sink and names as many
//! segments as the egress reported, and each of them is there, be it in the backup storage: one check a segment. A
//! segment that is deleted later, while retention or a hold still keeps it, breaks the promise without a further check.
//! What the worker only takes for stored because of a fault is not judged here: no operator can help it. Whether one
//! believes it, `inventory.no-phantom` and `playlist.plays` say. Where that comes late, all of it is judged when it has come,
//! unless the recording may be deleted by then.
//!
//! Broken by `deletes-segments`, which tidies up the segments once the playlist is published.

use std::collections::{BTreeMap, BTreeSet};

use crate::livekit::EgressStatus;
use crate::property::{About, Property, Verdict, custody, words};
use crate::state::{Egress, EgressIx, Object, State};
use crate::trace::{Actor, Fact, FactKind};

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
    segments: BTreeMap<EgressIx, BTreeSet<Object>>,
    /// Recordings that have ended, of which something is still on its way into the sink.
    expected: BTreeSet<EgressIx>,
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
                if is_all_there(egress, state) {
                    self.judge(egress, state, verdict);
                } else {
                    self.expected.insert(egress);
                }
            }
            Fact::Sink { by: Actor::Egress(ix), .. } if self.expected.contains(&ix) && is_all_there(ix, state) => {
                self.expected.remove(&ix);
                if custody::kept(state, ix).is_some() {
                    self.judge(ix, state, verdict);
                }
            }
            Fact::Sink { bucket, change, .. } if custody::is_removal(change.kind) && !self.segments.is_empty() => {
                let Some(ix) = custody::recording_of(state, bucket, change) else { return };
                if !self
                    .segments
                    .get_mut(&ix)
                    .is_some_and(|segments| segments.remove(&Object { bucket: bucket.into(), key: change.key.clone() }))
                {
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
        for result in &egress.info.segment_results {
            let name = &result.playlist_name;
            let stored = newest(&egress.objects, name)
                .and_then(|Object { bucket, .. }| Some((bucket, state.sink.playlist_of(bucket, name)?)));
            let Some((bucket, playlist)) = stored.filter(|(_, playlist)| playlist.ended || !egress.spoilt) else {
                if !egress.spoilt && newest(&egress.missing, name).is_none() {
                    verdict.overturned(state.now, words::about_key(state, &egress.bucket, name, ix), || {
                        let key = words::key(state, &egress.bucket, name, ix);
                        format!("an egress has ended, but its playlist {key} is not in the sink")
                    });
                }
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
                self.judge_segment(egress, name, named, segment, state, verdict);
            }
        }
    }

    fn judge_segment(
        &mut self,
        egress: &Egress,
        playlist: &str,
        named: usize,
        segment: &str,
        state: &State,
        verdict: &mut Verdict,
    ) {
        if newest(&egress.missing, segment).is_some() {
            return;
        }
        let ix = egress.ix;
        let bucket = state.buckets_of(ix).find(|bucket| custody::is_there(state, bucket, segment));
        verdict.check(
            bucket.is_some(),
            state.now,
            || words::about_key(state, &egress.bucket, segment, ix),
            || {
                let segment = words::key(state, &egress.bucket, segment, ix);
                format!("the final playlist {playlist} names {named} segments, but {segment} is not in the sink")
            },
        );
        if let Some(bucket) = bucket {
            let object = Object { bucket: bucket.into(), key: segment.into() };
            self.segments.entry(ix).or_default().insert(object);
        }
    }
}

/// Whether nothing that the recording is made of is still to come.
fn is_all_there(ix: EgressIx, state: &State) -> bool {
    let egress = state.egress(ix);
    !egress.owed.iter().any(|(_, late)| egress.missing.contains(late))
}

/// Where a key was stored last: the worker that has turned to its backup storage does not come back.
fn newest<'o>(objects: &'o [Object], key: &str) -> Option<&'o Object> {
    objects.iter().rev().find(|object| *object.key == *key)
}
