//! One error for everything that can go wrong in a handler, so that `?` works on every call.

use std::fmt;

use crate::bindings::egress_sim::operator::store::Subject;
use crate::bindings::egress_sim::operator::types::CallError;
use crate::bindings::egress_sim::operator::webhook::Refusal;
use crate::bindings::exports::egress_sim::operator::handler::Failure;

/// Why a handler did not finish.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// A call was refused, was not sent, or its outcome is unknown.
    Call(CallError),
    /// The delivery is not authentic.
    Refused(Refusal),
    /// Somebody else wrote first: a precondition of a commit did not hold, and nothing was written.
    Conflict(Subject),
    /// The delivery makes no sense and never will.
    Reject(String),
    /// Not now: send it again.
    Retry(String),
}

/// What SDK calls return.
pub type Result<T> = std::result::Result<T, Error>;

/// What handlers return.
pub type Outcome = Result<()>;

impl Error {
    /// The delivery makes no sense and never will.
    pub fn reject(why: impl Into<String>) -> Error {
        Error::Reject(why.into())
    }

    /// Not now: send it again.
    pub fn retry(why: impl Into<String>) -> Error {
        Error::Retry(why.into())
    }

    /// The peer's own code, where the call was definitely refused: `not_found`, `SlowDown`.
    pub fn code(&self) -> Option<&str> {
        match self {
            Error::Call(CallError::Rejected(rejection)) => Some(&rejection.code),
            _ => None,
        }
    }

    /// The HTTP status, where the call was definitely refused.
    pub fn status(&self) -> Option<u16> {
        match self {
            Error::Call(CallError::Rejected(rejection)) => Some(rejection.status),
            _ => None,
        }
    }

    /// The request left and no answer came back: it may or may not have happened. Look before doing it again.
    pub fn outcome_unknown(&self) -> bool {
        matches!(self, Error::Call(CallError::OutcomeUnknown(_)))
    }
}

impl From<CallError> for Error {
    fn from(error: CallError) -> Error {
        Error::Call(error)
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Error {
        Error::Refused(refusal)
    }
}

/// What LiveKit, or whoever sent the delivery, is told: what can never succeed is rejected, everything else is asked for
/// again.
impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        match &error {
            Error::Refused(_) | Error::Reject(_) => Failure::Reject(error.to_string()),
            Error::Call(_) | Error::Conflict(_) | Error::Retry(_) => Failure::RetryLater(error.to_string()),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Call(CallError::Rejected(rejection)) => {
                write!(f, "{} ({}): {}", rejection.code, rejection.status, rejection.message)
            }
            Error::Call(CallError::NotSent(why)) => write!(f, "not sent: {why}"),
            Error::Call(CallError::OutcomeUnknown(why)) => write!(f, "outcome unknown: {why}"),
            Error::Refused(refusal) => f.write_str(match refusal {
                Refusal::MissingAuthorization => "refused: no authorization",
                Refusal::MalformedToken => "refused: the token is malformed",
                Refusal::UnknownApiKey => "refused: unknown API key",
                Refusal::BadSignature => "refused: bad signature",
                Refusal::Expired => "refused: the token has expired",
                Refusal::BodyMismatch => "refused: the body is not the one that was signed",
                Refusal::MalformedBody => "refused: the body is malformed",
            }),
            Error::Conflict(Subject::Row(egress_id)) => write!(f, "somebody else wrote the row of {egress_id} first"),
            Error::Conflict(Subject::State(key)) => write!(f, "somebody else wrote {key} first"),
            Error::Reject(why) | Error::Retry(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for Error {}
