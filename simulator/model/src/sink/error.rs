//! S3's error codes with their HTTP statuses and texts, as far as faults speak of them (S3 API, Error Responses).

/// HTTP status and message of a code; of one that is not S3's own, 400 and the code.
pub fn status_and_message(code: &str) -> (u16, &str) {
    match code {
        "AccessDenied" => (403, "Access Denied"),
        "ExpiredToken" => (400, "The provided token has expired."),
        "InternalError" => (500, "We encountered an internal error. Please try again."),
        "InvalidAccessKeyId" => (403, "The AWS Access Key Id you provided does not exist in our records."),
        "NoSuchBucket" => (404, "The specified bucket does not exist"),
        "NoSuchVersion" => (404, "The specified version does not exist."),
        "PermanentRedirect" => {
            (301, "The bucket you are attempting to access must be addressed using the specified endpoint.")
        }
        "RequestTimeTooSkewed" => (403, "The difference between the request time and the server's time is too large."),
        "RequestTimeout" => {
            (400, "Your socket connection to the server was not read from or written to within the timeout period.")
        }
        "ServiceUnavailable" | "SlowDown" => (503, "Please reduce your request rate."),
        other => (400, other),
    }
}
