//! Buckets: made, found, listed, versioned, deleted.

use egress_sim_model::call::Versioning;
use egress_sim_model::call::s3::answer::S3Answer;
use egress_sim_model::call::s3::request::{CreateBucket, ListBuckets, S3Operation};
use s3s::dto::{
    Bucket, BucketCannedACL, BucketLocationConstraint, BucketVersioningStatus, CreateBucketInput, CreateBucketOutput,
    DeleteBucketInput, DeleteBucketOutput, GetBucketLocationInput, GetBucketLocationOutput, GetBucketVersioningInput,
    GetBucketVersioningOutput, HeadBucketInput, HeadBucketOutput, ListBucketsInput, ListBucketsOutput,
    PutBucketVersioningInput, PutBucketVersioningOutput,
};
use s3s::{S3Request, S3Response, S3Result, s3_error};

use super::settings::ownership_named;
use super::values::{acl, not_understood, owner, timestamp, unsigned};
use super::{Caller, Door, response, the};

pub(super) async fn list<D: Door>(
    caller: &Caller<'_, D>,
    request: S3Request<ListBucketsInput>,
) -> S3Result<S3Response<ListBucketsOutput>> {
    let input = request.input;
    let list = ListBuckets {
        prefix: input.prefix.clone().unwrap_or_default(),
        // A token is the name that the page before ended with.
        after: input.continuation_token,
        max_buckets: unsigned(input.max_buckets, "max-buckets")?,
    };
    let page = the!(
        caller.ask(String::new(), S3Operation::ListBuckets(list)).await?,
        S3Answer::Buckets(page) => page
    );
    let region = input.bucket_region;
    let ended = page.buckets.last().map(|(name, ..)| name.clone());
    let buckets = page.buckets.into_iter().filter(|(.., at)| region.as_ref().is_none_or(|region| region == at));
    let buckets = buckets.map(|(name, created, region)| Bucket {
        bucket_region: Some(region),
        creation_date: Some(timestamp(created)),
        name: Some(name),
    });
    response(ListBucketsOutput {
        buckets: Some(buckets.collect()),
        continuation_token: ended.filter(|_| page.truncated),
        owner: Some(owner()),
        prefix: input.prefix,
    })
}

pub(super) async fn create<D: Door>(
    caller: &Caller<'_, D>,
    request: S3Request<CreateBucketInput>,
) -> S3Result<S3Response<CreateBucketOutput>> {
    let input = request.input;
    let configuration = input.create_bucket_configuration;
    let directory = |bucket: &s3s::dto::CreateBucketConfiguration| bucket.bucket.is_some() || bucket.location.is_some();
    if configuration.as_ref().is_some_and(directory) {
        return Err(not_understood("directory buckets"));
    }
    let location = configuration.and_then(|configuration| configuration.location_constraint);
    let create = CreateBucket {
        location: location.map(|location| location.as_str().to_owned()),
        object_lock: input.object_lock_enabled_for_bucket.unwrap_or(false),
        acl: acl(input.acl.as_ref().map(BucketCannedACL::as_str))?,
        ownership: input.object_ownership.as_ref().map(ownership_named).transpose()?,
    };
    let name = input.bucket.clone();
    the!(caller.ask(input.bucket, S3Operation::CreateBucket(create)).await?, S3Answer::Done => ());
    response(CreateBucketOutput { location: Some(format!("/{name}")) })
}

pub(super) async fn head<D: Door>(
    caller: &Caller<'_, D>,
    request: S3Request<HeadBucketInput>,
) -> S3Result<S3Response<HeadBucketOutput>> {
    let region = the!(
        caller.ask(request.input.bucket, S3Operation::HeadBucket).await?,
        S3Answer::Region(region) => region
    );
    response(HeadBucketOutput { bucket_region: Some(region), ..HeadBucketOutput::default() })
}

pub(super) async fn location<D: Door>(
    caller: &Caller<'_, D>,
    request: S3Request<GetBucketLocationInput>,
) -> S3Result<S3Response<GetBucketLocationOutput>> {
    let region = the!(
        caller.ask(request.input.bucket, S3Operation::GetBucketLocation).await?,
        S3Answer::Region(region) => region
    );
    // The oldest region has no name here.
    let location_constraint = (region != "us-east-1").then(|| BucketLocationConstraint::from(region));
    response(GetBucketLocationOutput { location_constraint })
}

pub(super) async fn delete<D: Door>(
    caller: &Caller<'_, D>,
    request: S3Request<DeleteBucketInput>,
) -> S3Result<S3Response<DeleteBucketOutput>> {
    the!(caller.ask(request.input.bucket, S3Operation::DeleteBucket).await?, S3Answer::Done => ());
    response(DeleteBucketOutput::default())
}

pub(super) async fn versioning<D: Door>(
    caller: &Caller<'_, D>,
    request: S3Request<GetBucketVersioningInput>,
) -> S3Result<S3Response<GetBucketVersioningOutput>> {
    let versioning = the!(
        caller.ask(request.input.bucket, S3Operation::GetBucketVersioning).await?,
        S3Answer::Versioning(versioning) => versioning
    );
    let status = match versioning {
        Versioning::Unversioned => None,
        Versioning::Enabled => Some(BucketVersioningStatus::ENABLED),
        Versioning::Suspended => Some(BucketVersioningStatus::SUSPENDED),
    };
    response(GetBucketVersioningOutput {
        status: status.map(BucketVersioningStatus::from_static),
        ..GetBucketVersioningOutput::default()
    })
}

pub(super) async fn put_versioning<D: Door>(
    caller: &Caller<'_, D>,
    request: S3Request<PutBucketVersioningInput>,
) -> S3Result<S3Response<PutBucketVersioningOutput>> {
    let input = request.input;
    let configuration = input.versioning_configuration;
    if configuration.mfa_delete.as_ref().is_some_and(|mfa| mfa.as_str() == "Enabled") {
        return Err(not_understood("MFA delete"));
    }
    let versioning = match configuration.status.as_ref().map(BucketVersioningStatus::as_str) {
        None => Versioning::Unversioned,
        Some(BucketVersioningStatus::ENABLED) => Versioning::Enabled,
        Some(BucketVersioningStatus::SUSPENDED) => Versioning::Suspended,
        Some(_) => return Err(s3_error!(MalformedXML)),
    };
    the!(caller.ask(input.bucket, S3Operation::PutBucketVersioning(versioning)).await?, S3Answer::Done => ());
    response(PutBucketVersioningOutput::default())
}
