//! Deletions that the sink refused to the operator.

use crate::call::{Call, CallError, Reply};

/// Calls `refused` with bucket, key and S3's code for each key whose deletion this reply refuses.
pub fn of_delete<'c>(call: &'c Call, reply: &'c Reply, mut refused: impl FnMut(&'c str, &'c str, &'c str)) {
    match (call, reply) {
        (Call::DeleteObject { bucket, id }, Reply::Deleted(Err(CallError::Rejected(no)))) => {
            refused(bucket, &id.key, &no.code);
        }
        (Call::DeleteObjects { bucket, objects, .. }, Reply::DeleteResult(Err(CallError::Rejected(no)))) => {
            for id in objects {
                refused(bucket, &id.key, &no.code);
            }
        }
        (Call::DeleteObjects { bucket, .. }, Reply::DeleteResult(Ok(result))) => {
            for error in &result.errors {
                refused(bucket, &error.key, &error.code);
            }
        }
        _ => {}
    }
}
