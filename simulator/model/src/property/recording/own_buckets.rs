//! Recordings go only to the tenant's own buckets.
//!
//! Why: a recording in somebody else's bucket is out of its owner's reach and inside somebody else's: a disclosure.
//!
//! The rule: when an egress reaches STARTING, each of its outputs names a bucket of the tenant whose call it records.
//! Where LiveKit itself falls back to the server's backup storage, that is not the operator's doing and not judged.
//!
//! Broken by `wrong-bucket`, which takes the first bucket it knows.

use crate::livekit::EgressStatus;
use crate::property::{About, Property, Verdict, words};
use crate::state::State;
use crate::trace::{Fact, FactKind};

static ABOUT: About = About {
    id: "recording.own-buckets",
    promise: "Recordings go only to buckets of the tenant whose call is recorded.",
    why: "A recording in another tenant's bucket is a disclosure, and its owner cannot find or delete it.",
    one_check: "egress",
    broken_by: "wrong-bucket",
};

/// See the head of this file.
#[derive(Debug, Default)]
pub struct OwnBuckets;

impl Property for OwnBuckets {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn wants(&self, kind: FactKind) -> bool {
        kind == FactKind::EgressChanged
    }

    fn observe(&mut self, fact: &Fact<'_>, state: &State, verdict: &mut Verdict) {
        let Fact::EgressChanged { egress: ix, status: EgressStatus::Starting, .. } = *fact else { return };
        let own = &state.tenant_rule(state.tenant_of(ix).ix).buckets;
        let mut buckets = state.egress(ix).info.request.outputs.iter().filter_map(|output| Some(&output.s3()?.bucket));
        let foreign = buckets.find(|bucket| !own.contains(bucket));
        verdict.check(
            foreign.is_none(),
            state.now,
            || words::about_egress(state, ix),
            || {
                format!(
                    "{} writes into bucket {}, but its tenant's buckets are {}",
                    words::egress(state, ix),
                    foreign.map_or("", String::as_str),
                    own.join(", ")
                )
            },
        );
    }
}
