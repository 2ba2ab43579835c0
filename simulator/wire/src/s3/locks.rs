//! Object lock: a bucket's configuration, retentions, legal holds.

use egress_sim_model::call::s3::answer::S3Answer;
use egress_sim_model::call::s3::request::{PutObjectRetention, S3Operation};
use egress_sim_model::sink::lock::DefaultRetention as ModelDefault;
use egress_sim_model::sink::{LockConfiguration, LockMode};
use egress_sim_model::time::Span;
use s3s::dto::{
    DefaultRetention, GetObjectLegalHoldInput, GetObjectLegalHoldOutput, GetObjectLockConfigurationInput,
    GetObjectLockConfigurationOutput, GetObjectRetentionInput, GetObjectRetentionOutput, ObjectLockConfiguration,
    ObjectLockEnabled, ObjectLockLegalHold, ObjectLockLegalHoldStatus, ObjectLockRetention, ObjectLockRetentionMode,
    ObjectLockRule, PutObjectLegalHoldInput, PutObjectLegalHoldOutput, PutObjectLockConfigurationInput,
    PutObjectLockConfigurationOutput, PutObjectRetentionInput, PutObjectRetentionOutput,
};
use s3s::{S3Error, S3Request, S3Response, S3Result, s3_error};

use super::objects::{mode, retention};
use super::values::{id, timestamp};
use super::{Caller, Door, response, the};

/// Days of a year, as S3 counts them.
const YEAR: u64 = 365;
const DAY: Span = Span::seconds(86_400);

fn malformed() -> S3Error {
    s3_error!(MalformedXML, "The XML you provided was not well-formed or did not validate against our published schema")
}

pub(super) async fn get_configuration<D: Door>(
    caller: &Caller<'_, D>,
    request: S3Request<GetObjectLockConfigurationInput>,
) -> S3Result<S3Response<GetObjectLockConfigurationOutput>> {
    let configuration = the!(
        caller.ask(request.input.bucket, S3Operation::GetObjectLockConfiguration).await?,
        S3Answer::LockConfiguration(configuration) => configuration
    );
    let rule = configuration.default.map(|default| {
        // A scenario may lock for less than a day; S3 has no word for that.
        let days = default.period.0.div_ceil(DAY.0);
        ObjectLockRule {
            default_retention: Some(DefaultRetention {
                days: Some(i32::try_from(days).unwrap_or(i32::MAX)),
                mode: Some(ObjectLockRetentionMode::from_static(mode(default.mode))),
                years: None,
            }),
        }
    });
    response(GetObjectLockConfigurationOutput {
        object_lock_configuration: Some(ObjectLockConfiguration {
            object_lock_enabled: Some(ObjectLockEnabled::from_static(ObjectLockEnabled::ENABLED)),
            rule,
        }),
    })
}

pub(super) async fn put_configuration<D: Door>(
    caller: &Caller<'_, D>,
    request: S3Request<PutObjectLockConfigurationInput>,
) -> S3Result<S3Response<PutObjectLockConfigurationOutput>> {
    let input = request.input;
    let configuration = input.object_lock_configuration.ok_or_else(malformed)?;
    if configuration.object_lock_enabled.is_none_or(|enabled| enabled.as_str() != ObjectLockEnabled::ENABLED) {
        return Err(malformed());
    }
    let default = match configuration.rule {
        None => None,
        Some(rule) => Some(default_of(&rule.default_retention.ok_or_else(malformed)?)?),
    };
    let asked = S3Operation::PutObjectLockConfiguration(LockConfiguration { default });
    the!(caller.ask(input.bucket, asked).await?, S3Answer::Done => ());
    response(PutObjectLockConfigurationOutput::default())
}

fn default_of(default: &DefaultRetention) -> S3Result<ModelDefault> {
    let mode = match default.mode.as_ref().map(ObjectLockRetentionMode::as_str) {
        Some("GOVERNANCE") => LockMode::Governance,
        Some("COMPLIANCE") => LockMode::Compliance,
        _ => return Err(malformed()),
    };
    let positive = |number: i32| {
        u64::try_from(number)
            .ok()
            .filter(|number| *number > 0)
            .ok_or_else(|| s3_error!(InvalidArgument, "Default retention period must be a positive integer value"))
    };
    let days = match (default.days, default.years) {
        (Some(days), None) => positive(days)?,
        (None, Some(years)) => positive(years)?.saturating_mul(YEAR),
        _ => return Err(malformed()),
    };
    if days > 100 * YEAR {
        return Err(s3_error!(InvalidArgument, "Default retention period too large"));
    }
    Ok(ModelDefault { mode, period: DAY.times(days) })
}

pub(super) async fn get_retention<D: Door>(
    caller: &Caller<'_, D>,
    request: S3Request<GetObjectRetentionInput>,
) -> S3Result<S3Response<GetObjectRetentionOutput>> {
    let input = request.input;
    let asked = S3Operation::GetObjectRetention(id(input.key, input.version_id));
    let retention = the!(caller.ask(input.bucket, asked).await?, S3Answer::Retention(retention) => retention);
    response(GetObjectRetentionOutput {
        retention: Some(ObjectLockRetention {
            mode: Some(ObjectLockRetentionMode::from_static(mode(retention.mode))),
            retain_until_date: Some(timestamp(retention.until)),
        }),
    })
}

pub(super) async fn put_retention<D: Door>(
    caller: &Caller<'_, D>,
    request: S3Request<PutObjectRetentionInput>,
) -> S3Result<S3Response<PutObjectRetentionOutput>> {
    let input = request.input;
    let wanted = input.retention.unwrap_or_default();
    let retention = match (&wanted.mode, &wanted.retain_until_date) {
        (None, None) => None,
        (Some(mode), Some(until)) => Some(retention(mode.as_str(), until).map_err(|error| {
            if error.message().is_some_and(|message| message.contains("wormMode")) { malformed() } else { error }
        })?),
        _ => return Err(malformed()),
    };
    let put = PutObjectRetention {
        id: id(input.key, input.version_id),
        retention,
        bypass_governance: input.bypass_governance_retention.unwrap_or(false),
    };
    the!(caller.ask(input.bucket, S3Operation::PutObjectRetention(put)).await?, S3Answer::Done => ());
    response(PutObjectRetentionOutput::default())
}

pub(super) async fn get_hold<D: Door>(
    caller: &Caller<'_, D>,
    request: S3Request<GetObjectLegalHoldInput>,
) -> S3Result<S3Response<GetObjectLegalHoldOutput>> {
    let input = request.input;
    let asked = S3Operation::GetObjectLegalHold(id(input.key, input.version_id));
    let on = the!(caller.ask(input.bucket, asked).await?, S3Answer::LegalHold(on) => on);
    let status = if on { ObjectLockLegalHoldStatus::ON } else { ObjectLockLegalHoldStatus::OFF };
    response(GetObjectLegalHoldOutput {
        legal_hold: Some(ObjectLockLegalHold { status: Some(ObjectLockLegalHoldStatus::from_static(status)) }),
    })
}

pub(super) async fn put_hold<D: Door>(
    caller: &Caller<'_, D>,
    request: S3Request<PutObjectLegalHoldInput>,
) -> S3Result<S3Response<PutObjectLegalHoldOutput>> {
    let input = request.input;
    let status = input.legal_hold.and_then(|hold| hold.status).ok_or_else(malformed)?;
    let on = match status.as_str() {
        ObjectLockLegalHoldStatus::ON => true,
        ObjectLockLegalHoldStatus::OFF => false,
        _ => return Err(malformed()),
    };
    let asked = S3Operation::PutObjectLegalHold(id(input.key, input.version_id), on);
    the!(caller.ask(input.bucket, asked).await?, S3Answer::Done => ());
    response(PutObjectLegalHoldOutput::default())
}
