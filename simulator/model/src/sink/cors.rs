//! From which other origins a browser may ask.
//!
//! Source: S3 User Guide, "How does Amazon S3 evaluate the CORS configuration on a bucket?"

use super::Sink;
use super::policy::matches;
use crate::call::CallError;
use crate::call::s3::configuration::CorsRule;
use crate::call::s3::request::CrossOrigin;

impl Sink {
    /// The first rule that allows it, with this origin, or `*`, as its only one.
    ///
    /// # Errors
    /// `AccessForbidden` where no rule does; `NoSuchBucket`.
    pub fn cross_origin(&self, bucket: &str, asked: &CrossOrigin) -> Result<CorsRule, CallError> {
        let rules = &self.bucket(bucket)?.settings.cors;
        if rules.is_empty() {
            return Err(CallError::rejected(
                "AccessForbidden",
                403,
                "CORSResponse: CORS is not enabled for this bucket.",
            ));
        }
        let allows = |rule: &&CorsRule| {
            let header = |header: &String| {
                rule.headers.iter().any(|allowed| matches(&allowed.to_ascii_lowercase(), &header.to_ascii_lowercase()))
            };
            rule.origins.iter().any(|origin| matches(origin, &asked.origin))
                && rule.methods.contains(&asked.method)
                && asked.headers.iter().all(header)
        };
        let Some(rule) = rules.iter().find(allows) else {
            return Err(CallError::rejected("AccessForbidden", 403, "CORSResponse: This CORS request is not allowed."));
        };
        let named = if rule.origins.iter().any(|origin| origin == "*") { "*".to_owned() } else { asked.origin.clone() };
        Ok(CorsRule { origins: vec![named], ..rule.clone() })
    }
}
