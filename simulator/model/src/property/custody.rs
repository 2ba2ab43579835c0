//! What is in the sink, seen by whose it is: which recording a key belongs to, what is left of it, and whether it may
//! be deleted.

use std::fmt;

use crate::property::words;
use crate::sink::{Change, ChangeKind, Origin, Versions};
use crate::state::{EgressIx, State};
use crate::time::Time;

/// Whether a change takes data away: a version is erased, or hidden under a delete marker.
pub const fn is_removal(kind: ChangeKind) -> bool {
    matches!(kind, ChangeKind::Erased { .. } | ChangeKind::MarkerMade)
}

/// Whether a change takes a key away: a GET does not find any more what it found. Who erases an older version first has not
/// deleted anything yet that anybody could see.
pub const fn is_deletion(kind: ChangeKind) -> bool {
    matches!(kind, ChangeKind::Erased { current: true, .. } | ChangeKind::MarkerMade)
}

/// All versions of a key.
pub fn versions<'s>(state: &'s State, bucket: &str, key: &str) -> Option<&'s Versions> {
    state.sink.buckets.get(bucket)?.keys.get(key).filter(|versions| !versions.0.is_empty())
}

/// Whether a GET of the key would find data.
pub fn is_there(state: &State, bucket: &str, key: &str) -> bool {
    versions(state, bucket, key).is_some_and(|versions| versions.current().is_some())
}

/// The recording that a change is about. A delete marker belongs to the newest recording below it; none where the
/// sink holds nothing of a recording under this key.
pub fn recording_of(state: &State, bucket: &str, change: &Change) -> Option<EgressIx> {
    match change.origin {
        Origin::Egress(ix) => Some(ix),
        Origin::Operator => {
            let versions = versions(state, bucket, &change.key)?;
            versions.0.iter().rev().find_map(|version| match version.origin {
                Origin::Egress(ix) if !version.is_marker() => Some(ix),
                _ => None,
            })
        }
    }
}

/// What is left of a key of one recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Remains {
    /// Versions with data.
    pub versions: usize,
    /// Delete markers.
    pub markers: usize,
}

impl fmt::Display for Remains {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let versions = words::count(self.versions, "version");
        let markers = words::count(self.markers, "delete marker");
        match (self.versions, self.markers) {
            (_, 0) => f.write_str(&versions),
            (0, _) => f.write_str(&markers),
            _ => write!(f, "{versions} and {markers}"),
        }
    }
}

/// What is left of a key of `ix`: its versions, and markers unless another recording's data lies there by now.
pub fn remains(state: &State, bucket: &str, key: &str, ix: EgressIx) -> Option<Remains> {
    let mut left = Remains { versions: 0, markers: 0 };
    let mut others = false;
    for version in &versions(state, bucket, key)?.0 {
        match version.origin {
            _ if version.is_marker() => left.markers += 1,
            Origin::Egress(other) if other != ix => others = true,
            _ => left.versions += 1,
        }
    }
    (left.versions > 0 || (left.markers > 0 && !others)).then_some(left)
}

/// Why a recording may not be deleted now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// A legal hold stands.
    Hold,
    /// Its retention runs until then.
    Until(Time),
    /// Its egress has not ended, and neither has the contract.
    StillRecording,
    /// There is no retention, so it is kept until the contract ends.
    Contract,
}

/// Whether a legal hold stands on the recording.
pub fn is_held(state: &State, ix: EgressIx) -> bool {
    state.tenant_of(ix).held(&state.call(state.egress(ix).call).room)
}

/// Whether a legal hold stands on the recording, and has been ordered `prompt` ago: before that, an operator that is busy
/// deleting may not have been told.
fn is_bound(state: &State, ix: EgressIx) -> bool {
    let room = &state.call(state.egress(ix).call).room;
    let mut holds = state.tenant_of(ix).holds_on(room);
    holds.any(|hold| hold.set_at + state.scenario.promises.prompt <= state.now)
}

/// Why the recording may not be deleted now; none: it may.
pub fn kept(state: &State, ix: EgressIx) -> Option<Kept> {
    if is_bound(state, ix) {
        return Some(Kept::Hold);
    }
    match state.deletable_from(ix) {
        Some(from) if state.now >= from => None,
        Some(from) => Some(Kept::Until(from)),
        None if state.egress(ix).info.ended_at.is_none() => Some(Kept::StillRecording),
        None => Some(Kept::Contract),
    }
}

impl Kept {
    /// The rest of a sentence that says that something was deleted.
    pub fn words(self, now: Time) -> String {
        match self {
            Kept::Hold => "while a legal hold stands on it".into(),
            Kept::Until(from) => format!("{} before its retention ends", from.since(now)),
            Kept::StillRecording => "while its egress is still under way and the contract runs".into(),
            Kept::Contract => "although it is to be kept until the contract ends, and the contract runs".into(),
        }
    }
}
