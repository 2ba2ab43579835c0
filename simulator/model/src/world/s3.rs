//! Requests of S3's own API, by sockets: who may, what the sink makes of them, what faults do to their content.

use super::World;
use crate::call::s3::answer::{S3Answer, S3Failure};
use crate::call::s3::request::{
    DeleteObject, DeleteObjects, ListObjects, ListVersions, Requester, S3Operation, S3Request,
};
use crate::call::{Call, CallError, DeleteResult, DeletedObject, ObjectId};
use crate::sink::delete::Fate;
use crate::sink::write::Writing;
use crate::sink::{Change, Origin};

type Answered = Result<S3Answer, S3Failure>;

impl World<'_> {
    /// Carries a request out and says what is answered.
    pub(super) fn s3_request(&mut self, instance: u32, call: &Call, request: &S3Request) -> Answered {
        self.state.sink.authorize(request)?;
        let (now, day) = (self.state.now, self.state.scenario.world.lifecycle_day);
        let bucket = request.bucket.as_str();
        let requester = request.requester;
        let writing = Writing { chance: self.chance, now, day, bucket, origin: Origin::Operator };
        let sink = &mut self.state.sink;
        match &request.operation {
            S3Operation::ListBuckets(list) => Ok(S3Answer::Buckets(sink.list_buckets(list))),
            S3Operation::CreateBucket(create) => done(sink.create_bucket(now, bucket, create)),
            S3Operation::HeadBucket | S3Operation::GetBucketLocation => Ok(S3Answer::Region(sink.region(bucket)?)),
            S3Operation::DeleteBucket => {
                let result = sink.delete_bucket(bucket).map(|changes| (S3Answer::Done, changes));
                self.changed(instance, bucket, result)
            }
            S3Operation::GetBucketVersioning => Ok(S3Answer::Versioning(sink.versioning(bucket)?)),
            S3Operation::PutBucketVersioning(versioning) => done(sink.set_versioning(bucket, *versioning)),
            S3Operation::GetObjectLockConfiguration => {
                Ok(S3Answer::LockConfiguration(sink.object_lock_configuration(bucket)?))
            }
            S3Operation::PutObjectLockConfiguration(lock) => done(sink.put_object_lock_configuration(bucket, *lock)),
            S3Operation::GetBucketPolicy => Ok(S3Answer::Policy(sink.policy(bucket)?.text.clone())),
            S3Operation::PutBucketPolicy(text) => done(sink.put_policy(bucket, text)),
            S3Operation::DeleteBucketPolicy => {
                sink.settings_mut(bucket)?.policy = None;
                Ok(S3Answer::Done)
            }
            S3Operation::GetBucketPolicyStatus => {
                Ok(S3Answer::PolicyStatus { is_public: sink.policy(bucket)?.is_public() })
            }
            S3Operation::GetBucketAcl => Ok(S3Answer::Acl(sink.settings(bucket)?.acl)),
            S3Operation::PutBucketAcl(acl) => done(sink.put_bucket_acl(bucket, *acl)),
            S3Operation::GetBucketTagging => Ok(S3Answer::Tags(sink.bucket_tags(bucket)?, None)),
            S3Operation::PutBucketTagging(tags) => done(sink.put_bucket_tags(bucket, tags)),
            S3Operation::DeleteBucketTagging => {
                sink.settings_mut(bucket)?.tags = None;
                Ok(S3Answer::Done)
            }
            S3Operation::GetBucketCors => Ok(S3Answer::Cors(sink.cors(bucket)?)),
            S3Operation::PutBucketCors(rules) => done(sink.put_cors(bucket, rules)),
            S3Operation::DeleteBucketCors => {
                sink.settings_mut(bucket)?.cors.clear();
                Ok(S3Answer::Done)
            }
            S3Operation::GetBucketLifecycleConfiguration => Ok(S3Answer::Lifecycle(sink.lifecycle(bucket)?)),
            S3Operation::PutBucketLifecycleConfiguration(rules) => {
                sink.put_lifecycle(day, bucket, rules)?;
                self.lifecycle_put(bucket);
                Ok(S3Answer::Done)
            }
            S3Operation::DeleteBucketLifecycle => {
                sink.settings_mut(bucket)?.lifecycle.clear();
                Ok(S3Answer::Done)
            }
            S3Operation::GetPublicAccessBlock => Ok(S3Answer::PublicAccessBlock(sink.public_access_block(bucket)?)),
            S3Operation::PutPublicAccessBlock(block) => {
                sink.settings_mut(bucket)?.public_access_block = Some(*block);
                Ok(S3Answer::Done)
            }
            S3Operation::DeletePublicAccessBlock => {
                sink.settings_mut(bucket)?.public_access_block = None;
                Ok(S3Answer::Done)
            }
            S3Operation::GetBucketOwnershipControls => Ok(S3Answer::Ownership(sink.ownership(bucket)?)),
            S3Operation::PutBucketOwnershipControls(ownership) => {
                sink.settings_mut(bucket)?.ownership = Some(*ownership);
                Ok(S3Answer::Done)
            }
            S3Operation::DeleteBucketOwnershipControls => {
                sink.settings_mut(bucket)?.ownership = None;
                Ok(S3Answer::Done)
            }
            S3Operation::Options(asked) => Ok(S3Answer::CrossOrigin(sink.cross_origin(bucket, asked)?)),
            S3Operation::HeadObject(read) => Ok(S3Answer::Head(sink.head_in_full(day, requester, bucket, read)?)),
            S3Operation::GetObjectAttributes(id) => {
                let read = crate::call::s3::request::Read::of(id.clone());
                Ok(S3Answer::Head(sink.head_in_full(day, requester, bucket, &read)?))
            }
            S3Operation::GetObject(read) => {
                let (described, reading) = sink.get_in_full(day, requester, bucket, read)?;
                Ok(S3Answer::Object(described, reading))
            }
            S3Operation::PutObject(put) => {
                let result = sink.put_in_full(writing, put);
                self.changed(instance, bucket, result.map(|(stored, changes)| (S3Answer::Put(stored), changes)))
            }
            S3Operation::CopyObject(copy) => {
                let (copied, changes) = sink.copy_object(requester, writing, copy)?;
                self.changed(instance, bucket, Ok((S3Answer::Copied(copied), changes)))
            }
            S3Operation::DeleteObject(delete) => {
                Ok(S3Answer::Deleted(self.s3_delete(instance, call, (requester, bucket), delete)?))
            }
            S3Operation::DeleteObjects(delete) => {
                Ok(S3Answer::DeleteResult(self.s3_delete_many(instance, call, (requester, bucket), delete)?))
            }
            S3Operation::ListObjects(list) => {
                self.expire(instance, call, list.after.is_some())?;
                self.s3_list(instance, call, bucket, list)
            }
            S3Operation::ListObjectsV2(list) => {
                self.expire(instance, call, list.token.is_some())?;
                self.s3_list(instance, call, bucket, list)
            }
            S3Operation::ListObjectVersions(list) => self.s3_list_versions(instance, call, bucket, list),
            _ => self.s3_object_request(instance, request, writing),
        }
    }

    /// Tags, locks, permissions and uploads of single objects.
    fn s3_object_request(&mut self, instance: u32, request: &S3Request, writing: Writing<'_>) -> Answered {
        let (now, day, bucket) = (writing.now, writing.day, writing.bucket);
        let sink = &mut self.state.sink;
        match &request.operation {
            S3Operation::GetObjectTagging(id) => {
                let (tags, version) = sink.object_tags(bucket, id)?;
                Ok(S3Answer::Tags(tags, version))
            }
            S3Operation::PutObjectTagging(id, tags) => Ok(S3Answer::Tagged(sink.put_object_tags(bucket, id, tags)?)),
            S3Operation::DeleteObjectTagging(id) => {
                Ok(S3Answer::Tagged(sink.put_object_tags(bucket, id, &Vec::new())?))
            }
            S3Operation::GetObjectAcl(id) => Ok(S3Answer::Acl(sink.object_acl(bucket, id)?)),
            S3Operation::PutObjectAcl(id, acl) => done(sink.put_object_acl(bucket, id, *acl)),
            S3Operation::GetObjectRetention(id) => Ok(S3Answer::Retention(sink.retention(bucket, id)?)),
            S3Operation::PutObjectRetention(put) => {
                let bypass = self.may_bypass(put.bypass_governance, request.requester, bucket, &put.id);
                done(self.state.sink.put_retention(now, bucket, &put.id, put.retention, bypass))
            }
            S3Operation::GetObjectLegalHold(id) => Ok(S3Answer::LegalHold(sink.legal_hold(bucket, id)?)),
            S3Operation::PutObjectLegalHold(id, on) => done(sink.put_legal_hold(bucket, id, *on)),
            S3Operation::CreateMultipartUpload(create) => {
                let result = sink.create_upload(writing, create);
                self.changed(instance, bucket, result)
            }
            S3Operation::UploadPart(part) => Ok(sink.upload_part_in_full(now, bucket, part)?),
            S3Operation::UploadPartCopy(copy) => sink.upload_part_copy(request.requester, now, bucket, copy),
            S3Operation::CompleteMultipartUpload(complete) => {
                let result = sink.complete_upload(writing, complete);
                self.changed(instance, bucket, result.map(|(stored, changes)| (S3Answer::Put(stored), changes)))
            }
            S3Operation::AbortMultipartUpload(upload) => {
                let result = sink.abort_multipart_upload(bucket, &upload.key, &upload.upload_id);
                self.changed(instance, bucket, result.map(|changes| (S3Answer::Done, changes)))
            }
            S3Operation::ListParts(list) => Ok(S3Answer::Parts(sink.list_parts(day, bucket, list)?)),
            S3Operation::ListMultipartUploads(list) => Ok(S3Answer::Uploads(sink.list_uploads(bucket, list)?)),
            other => unreachable!("{} has an arm of its own", other.name()),
        }
    }

    fn changed(&mut self, instance: u32, bucket: &str, result: Result<(S3Answer, Vec<Change>), CallError>) -> Answered {
        Ok(self.changed_by_operator(instance, bucket, result)?)
    }

    fn s3_delete(
        &mut self,
        instance: u32,
        call: &Call,
        (requester, bucket): (Requester, &str),
        delete: &DeleteObject,
    ) -> Result<DeletedObject, CallError> {
        let DeleteObject { id, bypass_governance, if_match } = delete;
        if let Some(if_match) = if_match {
            self.state.sink.check_delete(bucket, id, if_match)?;
        }
        let bypass = self.may_bypass(*bypass_governance, requester, bucket, id);
        self.delete_object(instance, call, bucket, id, bypass)
    }

    fn s3_delete_many(
        &mut self,
        instance: u32,
        call: &Call,
        (requester, bucket): (Requester, &str),
        delete: &DeleteObjects,
    ) -> Result<DeleteResult, CallError> {
        let DeleteObjects { objects, quiet, bypass_governance } = delete;
        let sink = &self.state.sink;
        let refusal = |id: &ObjectId| {
            let action = if id.version_id.is_some() { "s3:DeleteObjectVersion" } else { "s3:DeleteObject" };
            match sink.may(requester, bucket, action, Some(&id.key)) {
                Err(CallError::Rejected(no)) => Some(Fate::Refused { code: no.code, message: no.message }),
                _ => None,
            }
        };
        let refused: Vec<Option<Fate>> = objects.iter().map(refusal).collect();
        if !objects.is_empty() && requester == Requester::Anonymous && refused.iter().all(Option::is_some) {
            return Err(CallError::rejected("AccessDenied", 403, "Access Denied"));
        }
        let any = ObjectId { key: objects.first().map(|id| id.key.clone()).unwrap_or_default(), version_id: None };
        let bypass = self.may_bypass(*bypass_governance, requester, bucket, &any);
        self.delete_objects(instance, call, bucket, (objects, &refused), *quiet, bypass)
    }

    /// Whether governance is bypassed: asked for, and allowed.
    fn may_bypass(&self, asked: bool, requester: Requester, bucket: &str, id: &ObjectId) -> bool {
        asked && self.state.sink.may(requester, bucket, "s3:BypassGovernanceRetention", Some(&id.key)).is_ok()
    }

    fn s3_list(&mut self, instance: u32, call: &Call, bucket: &str, list: &ListObjects) -> Answered {
        let as_of = self.staleness(instance, call);
        Ok(S3Answer::Objects(self.state.sink.list_objects(as_of, bucket, list)?))
    }

    fn s3_list_versions(&mut self, instance: u32, call: &Call, bucket: &str, list: &ListVersions) -> Answered {
        self.expire(instance, call, list.key_marker.is_some())?;
        let as_of = self.staleness(instance, call);
        Ok(S3Answer::Versions(self.state.sink.list_versions(as_of, bucket, list)?))
    }
}

fn done(result: Result<(), CallError>) -> Answered {
    result?;
    Ok(S3Answer::Done)
}
