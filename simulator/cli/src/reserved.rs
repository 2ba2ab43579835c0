//! What has its place on the command line but is not built yet: each says so in one sentence.

use crate::UserError;

/// A flag, with what to use instead.
pub fn flag(flag: &str, instead: &str) -> UserError {
    UserError(format!("`{flag}` is not built yet; {instead}"))
}
