//! `DeleteObject` and `DeleteObjects` of the operator: what the sink makes of them, and what faults do.

use super::World;
use crate::call::{Call, CallError, DeleteResult, DeletedObject, ObjectId};
use crate::fault::Fault;
use crate::fault::anchor::pattern_matches;
use crate::property::locks;
use crate::sink::Origin;
use crate::sink::delete::{Delete, Fate};
use crate::sink::error::status_and_message;

impl World<'_> {
    /// S3 `DeleteObject`.
    pub(super) fn delete_object(
        &mut self,
        instance: u32,
        call: &Call,
        bucket: &str,
        id: &ObjectId,
        bypass_governance: bool,
    ) -> Result<DeletedObject, CallError> {
        let delete = self.delete_by_operator(bucket, bypass_governance);
        let ignored =
            self.faults.has("s3.delete_ignored") && self.strike_s3(&["s3.delete_ignored"], instance, call).is_some();
        let result = if ignored {
            self.state.sink.pretend_to_delete(delete, id).map(|deleted| (deleted, Vec::new()))
        } else {
            self.state.sink.delete(delete, id)
        };
        if result.is_err() {
            self.owe_what_is_locked(bucket, id);
        }
        self.changed_by_operator(instance, bucket, result)
    }

    /// S3 `DeleteObjects`; `refused` says what is not allowed, in the order of the keys, or is empty.
    pub(super) fn delete_objects(
        &mut self,
        instance: u32,
        call: &Call,
        bucket: &str,
        (objects, refused): (&[ObjectId], &[Option<Fate>]),
        quiet: bool,
        bypass_governance: bool,
    ) -> Result<DeleteResult, CallError> {
        let delete = self.delete_by_operator(bucket, bypass_governance);
        let fates = self.fates(instance, call, objects);
        let mut fate = |place: usize, _: &ObjectId| {
            let refused = refused.get(place).cloned().flatten();
            refused.or_else(|| fates.get(place).cloned()).unwrap_or(Fate::AsAsked)
        };
        let result = self.state.sink.delete_many(delete, objects, quiet, &mut fate);
        for error in result.iter().flat_map(|(result, _)| &result.errors) {
            let id = ObjectId { key: error.key.clone(), version_id: error.version_id.clone() };
            self.owe_what_is_locked(bucket, &id);
        }
        self.changed_by_operator(instance, bucket, result)
    }

    fn delete_by_operator<'b>(&self, bucket: &'b str, bypass_governance: bool) -> Delete<'b> {
        Delete { chance: self.chance, now: self.state.now, bucket, origin: Origin::Operator, bypass_governance }
    }

    /// What was refused because of its lock is owed when the lock has ended.
    fn owe_what_is_locked(&mut self, bucket: &str, id: &ObjectId) {
        let version = id
            .version_id
            .as_deref()
            .and_then(|name| self.state.sink.buckets.get(bucket)?.keys.get(&id.key)?.named(name));
        if let Some(retention) = version.and_then(|version| version.lock.as_ref()).and_then(|lock| lock.retention)
            && retention.stands(self.state.now)
        {
            self.owe(retention.until + locks::TO_DELETE);
        }
    }

    /// What faults make of the keys of a batch, in order; empty: nothing.
    fn fates(&mut self, instance: u32, call: &Call, objects: &[ObjectId]) -> Vec<Fate> {
        let mut fates = Vec::new();
        for kind in ["s3.delete_ignored", "s3.batch_partial"] {
            if !self.faults.has(kind) {
                continue;
            }
            let Some(strike) = self.strike_s3(&[kind], instance, call) else { continue };
            let fault = self.faults.fault(strike);
            fates.resize(objects.len(), Fate::AsAsked);
            let fate = match kind {
                "s3.delete_ignored" => Fate::Ignored,
                _ => refused(fault.text("code")),
            };
            for place in struck(fault, objects) {
                fates[place] = fate.clone();
            }
        }
        fates
    }
}

/// Which keys of a batch a fault strikes: so many from one end, of those that its `where` means.
fn struck(fault: &Fault, objects: &[ObjectId]) -> Vec<usize> {
    let meant = |id: &ObjectId| fault.filter.key.as_deref().is_none_or(|pattern| pattern_matches(pattern, &id.key));
    let mut places: Vec<usize> = (0..objects.len()).filter(|place| meant(&objects[*place])).collect();
    if fault.text("from") == "last" {
        places.reverse();
    }
    places.truncate(usize::try_from(fault.integer("keys")).unwrap_or(usize::MAX));
    places
}

/// A refusal inside the answer to a batch, in S3's words.
fn refused(code: &str) -> Fate {
    let (_, message) = status_and_message(code);
    Fate::Refused { code: code.to_owned(), message: message.to_owned() }
}
