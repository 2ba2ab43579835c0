//! What a bucket is told: policy, permissions, tags, origins, lifecycle.

use egress_sim_model::call::s3::answer::S3Answer;
use egress_sim_model::call::s3::configuration::{
    CorsRule, Expiration, LifecycleFilter, LifecycleRule, NoncurrentExpiration, ObjectOwnership, PublicAccessBlock,
};
use egress_sim_model::call::s3::request::S3Operation;
use s3s::dto::{self, CORSRule, ExpirationStatus, OwnershipControls, OwnershipControlsRule, PolicyStatus};
use s3s::{S3Error, S3Request, S3Response, S3Result, s3_error};

use super::values::{acl, acl_of_grants, grants, not_understood, owner, tag_set, tags, time, timestamp};
use super::{Caller, Door, response, the};

fn malformed() -> S3Error {
    s3_error!(MalformedXML, "The XML you provided was not well-formed or did not validate against our published schema")
}

/// What only says that something is to be taken away.
macro_rules! taken_away {
    ($($function:ident($input:ty) -> $output:ty = $operation:expr;)*) => {
        $(
            pub(super) async fn $function<D: Door>(
                caller: &Caller<'_, D>,
                request: S3Request<$input>,
            ) -> S3Result<S3Response<$output>> {
                the!(caller.ask(request.input.bucket, $operation).await?, S3Answer::Done => ());
                response(<$output>::default())
            }
        )*
    };
}

taken_away! {
    delete_cors(dto::DeleteBucketCorsInput) -> dto::DeleteBucketCorsOutput = S3Operation::DeleteBucketCors;
    delete_lifecycle(dto::DeleteBucketLifecycleInput) -> dto::DeleteBucketLifecycleOutput = S3Operation::DeleteBucketLifecycle;
    delete_ownership(dto::DeleteBucketOwnershipControlsInput) -> dto::DeleteBucketOwnershipControlsOutput = S3Operation::DeleteBucketOwnershipControls;
    delete_policy(dto::DeleteBucketPolicyInput) -> dto::DeleteBucketPolicyOutput = S3Operation::DeleteBucketPolicy;
    delete_tags(dto::DeleteBucketTaggingInput) -> dto::DeleteBucketTaggingOutput = S3Operation::DeleteBucketTagging;
    delete_public_access_block(dto::DeletePublicAccessBlockInput) -> dto::DeletePublicAccessBlockOutput = S3Operation::DeletePublicAccessBlock;
}

pub(super) async fn get_policy<D: Door>(
    caller: &Caller<'_, D>,
    request: S3Request<dto::GetBucketPolicyInput>,
) -> S3Result<S3Response<dto::GetBucketPolicyOutput>> {
    let answer = caller.ask(request.input.bucket, S3Operation::GetBucketPolicy).await?;
    let policy = the!(answer, S3Answer::Policy(text) => text);
    response(dto::GetBucketPolicyOutput { policy: Some(policy) })
}

pub(super) async fn put_policy<D: Door>(
    caller: &Caller<'_, D>,
    request: S3Request<dto::PutBucketPolicyInput>,
) -> S3Result<S3Response<dto::PutBucketPolicyOutput>> {
    let asked = S3Operation::PutBucketPolicy(request.input.policy);
    the!(caller.ask(request.input.bucket, asked).await?, S3Answer::Done => ());
    response(dto::PutBucketPolicyOutput::default())
}

pub(super) async fn get_policy_status<D: Door>(
    caller: &Caller<'_, D>,
    request: S3Request<dto::GetBucketPolicyStatusInput>,
) -> S3Result<S3Response<dto::GetBucketPolicyStatusOutput>> {
    let answer = caller.ask(request.input.bucket, S3Operation::GetBucketPolicyStatus).await?;
    let is_public = the!(answer, S3Answer::PolicyStatus { is_public } => is_public);
    let policy_status = Some(PolicyStatus { is_public: Some(is_public) });
    response(dto::GetBucketPolicyStatusOutput { policy_status })
}

pub(super) async fn get_acl<D: Door>(
    caller: &Caller<'_, D>,
    request: S3Request<dto::GetBucketAclInput>,
) -> S3Result<S3Response<dto::GetBucketAclOutput>> {
    let acl = the!(caller.ask(request.input.bucket, S3Operation::GetBucketAcl).await?, S3Answer::Acl(acl) => acl);
    response(dto::GetBucketAclOutput { grants: Some(grants(acl)), owner: Some(owner()) })
}

pub(super) async fn put_acl<D: Door>(
    caller: &Caller<'_, D>,
    request: S3Request<dto::PutBucketAclInput>,
) -> S3Result<S3Response<dto::PutBucketAclOutput>> {
    let input = request.input;
    let wanted = match input.access_control_policy {
        Some(policy) => acl_of_grants(policy)?,
        None => acl(input.acl.as_ref().map(dto::BucketCannedACL::as_str))?,
    };
    the!(caller.ask(input.bucket, S3Operation::PutBucketAcl(wanted)).await?, S3Answer::Done => ());
    response(dto::PutBucketAclOutput::default())
}

pub(super) async fn get_tags<D: Door>(
    caller: &Caller<'_, D>,
    request: S3Request<dto::GetBucketTaggingInput>,
) -> S3Result<S3Response<dto::GetBucketTaggingOutput>> {
    let answer = caller.ask(request.input.bucket, S3Operation::GetBucketTagging).await?;
    let tags = the!(answer, S3Answer::Tags(tags, _) => tags);
    response(dto::GetBucketTaggingOutput { tag_set: tag_set(tags) })
}

pub(super) async fn put_tags<D: Door>(
    caller: &Caller<'_, D>,
    request: S3Request<dto::PutBucketTaggingInput>,
) -> S3Result<S3Response<dto::PutBucketTaggingOutput>> {
    let asked = S3Operation::PutBucketTagging(tags(request.input.tagging.tag_set));
    the!(caller.ask(request.input.bucket, asked).await?, S3Answer::Done => ());
    response(dto::PutBucketTaggingOutput::default())
}

pub(super) async fn get_cors<D: Door>(
    caller: &Caller<'_, D>,
    request: S3Request<dto::GetBucketCorsInput>,
) -> S3Result<S3Response<dto::GetBucketCorsOutput>> {
    let rules =
        the!(caller.ask(request.input.bucket, S3Operation::GetBucketCors).await?, S3Answer::Cors(rules) => rules);
    let some = |texts: Vec<String>| (!texts.is_empty()).then_some(texts);
    let rules = rules.into_iter().map(|rule| CORSRule {
        allowed_headers: some(rule.headers),
        allowed_methods: rule.methods,
        allowed_origins: rule.origins,
        expose_headers: some(rule.expose),
        id: rule.id,
        max_age_seconds: rule.max_age,
    });
    response(dto::GetBucketCorsOutput { cors_rules: Some(rules.collect()) })
}

pub(super) async fn put_cors<D: Door>(
    caller: &Caller<'_, D>,
    request: S3Request<dto::PutBucketCorsInput>,
) -> S3Result<S3Response<dto::PutBucketCorsOutput>> {
    let rules = request.input.cors_configuration.cors_rules.into_iter().map(|rule| CorsRule {
        id: rule.id,
        origins: rule.allowed_origins,
        methods: rule.allowed_methods,
        headers: rule.allowed_headers.unwrap_or_default(),
        expose: rule.expose_headers.unwrap_or_default(),
        max_age: rule.max_age_seconds,
    });
    let asked = S3Operation::PutBucketCors(rules.collect());
    the!(caller.ask(request.input.bucket, asked).await?, S3Answer::Done => ());
    response(dto::PutBucketCorsOutput::default())
}

pub(super) async fn get_public_access_block<D: Door>(
    caller: &Caller<'_, D>,
    request: S3Request<dto::GetPublicAccessBlockInput>,
) -> S3Result<S3Response<dto::GetPublicAccessBlockOutput>> {
    let answer = caller.ask(request.input.bucket, S3Operation::GetPublicAccessBlock).await?;
    let block = the!(answer, S3Answer::PublicAccessBlock(block) => block);
    let configuration = dto::PublicAccessBlockConfiguration {
        block_public_acls: Some(block.block_public_acls),
        block_public_policy: Some(block.block_public_policy),
        ignore_public_acls: Some(block.ignore_public_acls),
        restrict_public_buckets: Some(block.restrict_public_buckets),
    };
    response(dto::GetPublicAccessBlockOutput { public_access_block_configuration: Some(configuration) })
}

pub(super) async fn put_public_access_block<D: Door>(
    caller: &Caller<'_, D>,
    request: S3Request<dto::PutPublicAccessBlockInput>,
) -> S3Result<S3Response<dto::PutPublicAccessBlockOutput>> {
    let wanted = request.input.public_access_block_configuration;
    let block = PublicAccessBlock {
        block_public_acls: wanted.block_public_acls.unwrap_or(false),
        ignore_public_acls: wanted.ignore_public_acls.unwrap_or(false),
        block_public_policy: wanted.block_public_policy.unwrap_or(false),
        restrict_public_buckets: wanted.restrict_public_buckets.unwrap_or(false),
    };
    let asked = S3Operation::PutPublicAccessBlock(block);
    the!(caller.ask(request.input.bucket, asked).await?, S3Answer::Done => ());
    response(dto::PutPublicAccessBlockOutput::default())
}

pub(super) fn ownership_named(ownership: &dto::ObjectOwnership) -> S3Result<ObjectOwnership> {
    match ownership.as_str() {
        dto::ObjectOwnership::BUCKET_OWNER_ENFORCED => Ok(ObjectOwnership::BucketOwnerEnforced),
        dto::ObjectOwnership::BUCKET_OWNER_PREFERRED => Ok(ObjectOwnership::BucketOwnerPreferred),
        dto::ObjectOwnership::OBJECT_WRITER => Ok(ObjectOwnership::ObjectWriter),
        _ => Err(malformed()),
    }
}

pub(super) async fn get_ownership<D: Door>(
    caller: &Caller<'_, D>,
    request: S3Request<dto::GetBucketOwnershipControlsInput>,
) -> S3Result<S3Response<dto::GetBucketOwnershipControlsOutput>> {
    let answer = caller.ask(request.input.bucket, S3Operation::GetBucketOwnershipControls).await?;
    let ownership = the!(answer, S3Answer::Ownership(ownership) => ownership);
    let named = match ownership {
        ObjectOwnership::BucketOwnerEnforced => dto::ObjectOwnership::BUCKET_OWNER_ENFORCED,
        ObjectOwnership::BucketOwnerPreferred => dto::ObjectOwnership::BUCKET_OWNER_PREFERRED,
        ObjectOwnership::ObjectWriter => dto::ObjectOwnership::OBJECT_WRITER,
    };
    let rule = OwnershipControlsRule { object_ownership: dto::ObjectOwnership::from_static(named) };
    let ownership_controls = Some(OwnershipControls { rules: vec![rule] });
    response(dto::GetBucketOwnershipControlsOutput { ownership_controls })
}

pub(super) async fn put_ownership<D: Door>(
    caller: &Caller<'_, D>,
    request: S3Request<dto::PutBucketOwnershipControlsInput>,
) -> S3Result<S3Response<dto::PutBucketOwnershipControlsOutput>> {
    let input = request.input;
    let [rule] = &input.ownership_controls.rules[..] else { return Err(malformed()) };
    let asked = S3Operation::PutBucketOwnershipControls(ownership_named(&rule.object_ownership)?);
    the!(caller.ask(input.bucket, asked).await?, S3Answer::Done => ());
    response(dto::PutBucketOwnershipControlsOutput::default())
}

pub(super) async fn get_lifecycle<D: Door>(
    caller: &Caller<'_, D>,
    request: S3Request<dto::GetBucketLifecycleConfigurationInput>,
) -> S3Result<S3Response<dto::GetBucketLifecycleConfigurationOutput>> {
    let answer = caller.ask(request.input.bucket, S3Operation::GetBucketLifecycleConfiguration).await?;
    let rules = the!(answer, S3Answer::Lifecycle(rules) => rules);
    response(dto::GetBucketLifecycleConfigurationOutput {
        rules: Some(rules.into_iter().map(told).collect()),
        ..dto::GetBucketLifecycleConfigurationOutput::default()
    })
}

fn told(rule: LifecycleRule) -> dto::LifecycleRule {
    let LifecycleFilter { outside, and, prefix, tags, larger_than, smaller_than } = rule.filter;
    let signed = |bytes: Option<u64>| bytes.map(super::values::signed);
    let inside = prefix.clone().filter(|_| !outside);
    let filter = if and {
        dto::LifecycleRuleFilter {
            and: Some(dto::LifecycleRuleAndOperator {
                object_size_greater_than: signed(larger_than),
                object_size_less_than: signed(smaller_than),
                prefix: inside,
                tags: (!tags.is_empty()).then(|| tag_set(tags)),
            }),
            ..dto::LifecycleRuleFilter::default()
        }
    } else {
        dto::LifecycleRuleFilter {
            object_size_greater_than: signed(larger_than),
            object_size_less_than: signed(smaller_than),
            prefix: inside,
            tag: tag_set(tags).pop(),
            ..dto::LifecycleRuleFilter::default()
        }
    };
    let status = if rule.enabled { ExpirationStatus::ENABLED } else { ExpirationStatus::DISABLED };
    let days = |days: u32| days.cast_signed();
    dto::LifecycleRule {
        abort_incomplete_multipart_upload: rule
            .abort_uploads_after
            .map(|after| dto::AbortIncompleteMultipartUpload { days_after_initiation: Some(days(after)) }),
        expiration: rule.expiration.map(|expiration| match expiration {
            Expiration::Days(after) => dto::LifecycleExpiration { days: Some(days(after)), ..Default::default() },
            Expiration::Date(date) => dto::LifecycleExpiration { date: Some(timestamp(date)), ..Default::default() },
            Expiration::ExpiredObjectDeleteMarker(on) => {
                dto::LifecycleExpiration { expired_object_delete_marker: Some(on), ..Default::default() }
            }
        }),
        filter: (!outside).then_some(filter),
        id: Some(rule.id),
        noncurrent_version_expiration: rule.noncurrent.map(|noncurrent| dto::NoncurrentVersionExpiration {
            newer_noncurrent_versions: noncurrent.keep.map(days),
            noncurrent_days: Some(days(noncurrent.days)),
        }),
        noncurrent_version_transitions: None,
        prefix: prefix.filter(|_| outside),
        status: ExpirationStatus::from_static(status),
        transitions: None,
    }
}

pub(super) async fn put_lifecycle<D: Door>(
    caller: &Caller<'_, D>,
    request: S3Request<dto::PutBucketLifecycleConfigurationInput>,
) -> S3Result<S3Response<dto::PutBucketLifecycleConfigurationOutput>> {
    let input = request.input;
    let rules = input.lifecycle_configuration.ok_or_else(malformed)?.rules;
    let rules = rules.into_iter().map(understood).collect::<Result<_, _>>()?;
    let asked = S3Operation::PutBucketLifecycleConfiguration(rules);
    the!(caller.ask(input.bucket, asked).await?, S3Answer::Done => ());
    response(dto::PutBucketLifecycleConfigurationOutput::default())
}

fn understood(rule: dto::LifecycleRule) -> S3Result<LifecycleRule> {
    let some = |list: &Option<Vec<_>>| list.as_ref().is_some_and(|list| !list.is_empty());
    let later =
        |list: &Option<Vec<dto::NoncurrentVersionTransition>>| list.as_ref().is_some_and(|list| !list.is_empty());
    if some(&rule.transitions) || later(&rule.noncurrent_version_transitions) {
        return Err(not_understood("transitions to other storage classes"));
    }
    let enabled = match rule.status.as_str() {
        ExpirationStatus::ENABLED => true,
        ExpirationStatus::DISABLED => false,
        _ => return Err(malformed()),
    };
    // What is not a positive number is no number of days, and the sink says so.
    let days = |days: i32| u32::try_from(days).unwrap_or(0);
    let expiration = match rule.expiration {
        None => None,
        Some(dto::LifecycleExpiration { date, days: after, expired_object_delete_marker: marker }) => {
            match (date, after, marker) {
                (None, Some(after), None) => Some(Expiration::Days(days(after))),
                (Some(date), None, None) => Some(Expiration::Date(time(&date).ok_or_else(malformed)?)),
                (None, None, Some(marker)) => Some(Expiration::ExpiredObjectDeleteMarker(marker)),
                _ => return Err(malformed()),
            }
        }
    };
    let noncurrent = match rule.noncurrent_version_expiration {
        None => None,
        Some(noncurrent) => Some(NoncurrentExpiration {
            days: days(noncurrent.noncurrent_days.ok_or_else(malformed)?),
            keep: noncurrent.newer_noncurrent_versions.map(days),
        }),
    };
    let abort = rule.abort_incomplete_multipart_upload.map(|abort| days(abort.days_after_initiation.unwrap_or(0)));
    Ok(LifecycleRule {
        id: rule.id.unwrap_or_default(),
        enabled,
        filter: filter(rule.prefix, rule.filter)?,
        expiration,
        noncurrent,
        abort_uploads_after: abort,
    })
}

fn filter(outside: Option<String>, inside: Option<dto::LifecycleRuleFilter>) -> S3Result<LifecycleFilter> {
    let bytes = |bytes: Option<i64>| bytes.map(|bytes| u64::try_from(bytes).map_err(|_| malformed())).transpose();
    match (outside, inside) {
        (Some(_), Some(_)) | (None, None) => Err(malformed()),
        (Some(prefix), None) => {
            Ok(LifecycleFilter { outside: true, prefix: Some(prefix), ..LifecycleFilter::default() })
        }
        (None, Some(filter)) => {
            let single = [
                filter.prefix.is_some(),
                filter.tag.is_some(),
                filter.object_size_greater_than.is_some(),
                filter.object_size_less_than.is_some(),
                filter.and.is_some(),
            ];
            if single.into_iter().filter(|said| *said).count() > 1 {
                return Err(malformed());
            }
            Ok(match filter.and {
                Some(and) => LifecycleFilter {
                    outside: false,
                    and: true,
                    prefix: and.prefix,
                    tags: tags(and.tags.unwrap_or_default()),
                    larger_than: bytes(and.object_size_greater_than)?,
                    smaller_than: bytes(and.object_size_less_than)?,
                },
                None => LifecycleFilter {
                    outside: false,
                    and: false,
                    prefix: filter.prefix,
                    tags: tags(filter.tag.into_iter().collect()),
                    larger_than: bytes(filter.object_size_greater_than)?,
                    smaller_than: bytes(filter.object_size_less_than)?,
                },
            })
        }
    }
}
