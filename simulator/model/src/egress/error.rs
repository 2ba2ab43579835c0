//! What LiveKit's egress API answers when it says no: Twirp codes, their HTTP statuses, and its exact texts.
//!
//! Codes and texts are those of livekit-server 1.13 and egress 1.14.

use crate::call::{CallError, Rejection};
use crate::livekit::EgressStatus;

/// What stands before texts that come from behind the server's RPC bus (since livekit-server 1.8.4, livekit#3657).
pub(super) const PREFIX: &str = "twirp error unknown: ";

/// The HTTP status that Twirp sends with an error code; 500 for a code that is not Twirp's.
pub fn http_status(code: &str) -> u16 {
    match code {
        "invalid_argument" | "malformed" | "out_of_range" => 400,
        "unauthenticated" => 401,
        "permission_denied" => 403,
        "not_found" | "bad_route" => 404,
        "canceled" | "deadline_exceeded" => 408,
        "already_exists" | "aborted" => 409,
        "failed_precondition" => 412,
        "resource_exhausted" => 429,
        "unimplemented" => 501,
        "unavailable" => 503,
        // unknown, internal, data_loss
        _ => 500,
    }
}

/// A Twirp error. `prefixed`: `[world].error_prefix`, for errors that reach the server over its RPC bus.
pub fn twirp(code: &str, message: &str, prefixed: bool) -> CallError {
    with_prefix(CallError::rejected(code, http_status(code), message), prefixed)
}

/// A rejection with the server's prefix on its text; anything else as it is.
pub fn with_prefix(error: CallError, prefixed: bool) -> CallError {
    match error {
        CallError::Rejected(rejection) if prefixed => {
            let message = format!("{PREFIX}{}", rejection.message);
            CallError::Rejected(Rejection { message, ..rejection })
        }
        error => error,
    }
}

/// The worker refuses a request. `field` is its word for what is wrong.
pub fn invalid_field(field: &str) -> CallError {
    twirp("invalid_argument", &format!("request has missing or invalid field: {field}"), false)
}

/// Storage by a role that is to be assumed: the server has no key of its own to assume it with.
pub fn assume_role_disabled() -> CallError {
    twirp("permission_denied", "S3 upload using AssumeRole is disabled for this account", false)
}

/// A stream cannot go there.
pub fn invalid_url(url: &str, reason: &str) -> CallError {
    twirp("invalid_argument", &format!("invalid url {url}: {reason}"), false)
}

/// `Start…Egress` for a room that the server does not know. Comes before any validation.
pub fn room_does_not_exist(prefixed: bool) -> CallError {
    twirp("not_found", "requested room does not exist", prefixed)
}

/// `StopEgress`, or `ListEgress` with an id, for an egress that never was or that the server has forgotten.
pub fn egress_does_not_exist(prefixed: bool) -> CallError {
    twirp("not_found", "egress does not exist", prefixed)
}

/// `StopEgress` after the end. The server itself makes this one, so it never has the prefix.
pub fn cannot_be_stopped(status: EgressStatus) -> CallError {
    twirp("failed_precondition", &format!("egress with status {} cannot be stopped", status.as_str_name()), false)
}

/// `UpdateStream` after the end. The server itself makes this one too.
pub fn cannot_be_updated(status: EgressStatus) -> CallError {
    twirp("failed_precondition", &format!("egress with status {} cannot be updated", status.as_str_name()), false)
}

/// Somebody who is not in the room.
pub fn participant_does_not_exist(prefixed: bool) -> CallError {
    twirp("not_found", "participant does not exist", prefixed)
}

/// No worker took the request: none is there, or all are full.
pub fn no_response_from_servers(prefixed: bool) -> CallError {
    twirp("unavailable", "no response from servers", prefixed)
}

/// What the server or its workers say with a code when a fault has them refuse.
pub fn refused(code: &str, prefixed: bool) -> CallError {
    let (message, by_the_server) = match code {
        "unavailable" => ("no response from servers", false),
        "not_found" => ("requested room does not exist", false),
        "resource_exhausted" => ("rate limit exceeded", true),
        "permission_denied" | "unauthenticated" => ("permissions denied", true),
        "internal" => ("handler failed to start", false),
        other => (other, false),
    };
    twirp(code, message, prefixed && !by_the_server)
}

/// A call with a token that is not valid yet, or no longer. The server itself makes this one.
pub fn invalid_token() -> CallError {
    twirp("unauthenticated", "invalid authorization token", false)
}

/// `StopEgress` for an egress that is stored as live and whose handler is gone.
pub fn request_timed_out(prefixed: bool) -> CallError {
    twirp("deadline_exceeded", "request timed out", prefixed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_twirp_code_has_its_status() {
        for (code, status) in [
            ("canceled", 408),
            ("unknown", 500),
            ("invalid_argument", 400),
            ("malformed", 400),
            ("deadline_exceeded", 408),
            ("not_found", 404),
            ("bad_route", 404),
            ("already_exists", 409),
            ("permission_denied", 403),
            ("failed_precondition", 412),
            ("aborted", 409),
            ("out_of_range", 400),
            ("unimplemented", 501),
            ("internal", 500),
            ("unavailable", 503),
            ("data_loss", 500),
            ("unauthenticated", 401),
            ("resource_exhausted", 429),
        ] {
            assert_eq!(http_status(code), status, "{code}");
        }
    }

    #[test]
    fn the_prefix_is_on_the_text_alone() {
        let expected = CallError::rejected("not_found", 404, "twirp error unknown: requested room does not exist");
        assert_eq!(room_does_not_exist(true), expected);
        let expected = CallError::rejected("not_found", 404, "requested room does not exist");
        assert_eq!(room_does_not_exist(false), expected);
        let lost = CallError::OutcomeUnknown("connection reset".into());
        assert_eq!(with_prefix(lost.clone(), true), lost);
    }

    #[test]
    fn what_has_ended_cannot_be_stopped() {
        assert_eq!(
            cannot_be_stopped(EgressStatus::Complete),
            CallError::rejected("failed_precondition", 412, "egress with status EGRESS_COMPLETE cannot be stopped")
        );
    }
}
