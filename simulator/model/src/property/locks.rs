//! Object lock and the promises to delete: what may still be there, and until when.
//!
//! A version that object lock protects cannot be deleted by anybody, so whatever promise was broken by its being there is put
//! off: if the sink refused its deletion and that refusal is in the audit. Who never tried, or tried and told nobody, is
//! not excused. When the lock ends the deletion is owed at once, which is [`TO_DELETE`] later, because nobody learns of a lock's
//! end but by trying. A legal hold on the version has no end; it is looked at again as often.

use std::collections::BTreeMap;

use crate::call::{AuditAction, AuditOutcome, AuditRecord};
use crate::sink::Version;
use crate::state::State;
use crate::text_map::TextMap;
use crate::time::{Span, Time};

use super::custody;

/// How long behind the end of its lock a version may still be there.
pub const TO_DELETE: Span = Span::seconds(86_400);

/// What S3 says of a locked version.
const ACCESS_DENIED: &str = "AccessDenied";

/// The refusals that the audit knows.
#[derive(Debug, Default)]
pub struct Refusals {
    /// By bucket and key.
    audited: BTreeMap<String, TextMap<()>>,
}

impl Refusals {
    /// The operator has written these into the audit.
    pub fn audited(&mut self, records: &[AuditRecord]) {
        for record in records {
            let refused = matches!(&record.outcome, AuditOutcome::Refused(code) if code == ACCESS_DENIED);
            if let (AuditAction::Delete, true, Some(bucket), Some(key)) =
                (record.action, refused, &record.bucket, &record.key)
            {
                self.audited.entry(bucket.clone()).or_default().insert(key.as_str().into(), ());
            }
        }
    }

    /// When to look at a key again whose deletion was due at `at`; none: nothing excuses what is left of it.
    pub fn put_off(&self, state: &State, bucket: &str, key: &str, at: Time) -> Option<Time> {
        let versions = custody::versions(state, bucket, key)?.0.iter();
        let until = versions.filter_map(|version| again(version, at)).max().filter(|until| *until > at)?;
        self.audited.get(bucket).is_some_and(|keys| keys.contains_key(key)).then_some(until)
    }
}

fn again(version: &Version, at: Time) -> Option<Time> {
    let lock = version.lock.as_ref()?;
    let held = lock.legal_hold.filter(|on| *on).map(|_| at);
    held.max(lock.retention.map(|retention| retention.until)).map(|until| until + TO_DELETE)
}
