//! Sweeps all of a tenant's buckets but the last one.
//!
//! Why people write it: the list of buckets in the sweep's configuration is another one than the recorder's, and the bucket
//! that was added last is only in one of them.
//! Breaks `deletion.complete`.

use egress_sim_sdk::Row;

use crate::About;
use crate::reference::desk::Desk;
use crate::reference::{Reference, Steps};

/// What it is.
pub const ABOUT: About = About {
    name: "forgets-a-bucket",
    summary: "Leaves out the tenant's last bucket when the contract ends.",
    breaks: Some("deletion.complete"),
    breaks_sandbox: false,
};

/// See the head of this file.
pub struct ForgetsABucket(pub Reference);

impl Steps for ForgetsABucket {
    fn desk(&mut self) -> &mut Desk {
        self.0.desk()
    }

    fn concerns(&mut self, row: &Row) -> bool {
        let Some(tenant) = self.desk().tenant(&row.tenant) else { return false };
        match tenant.buckets.split_last() {
            Some((last, others)) => others.is_empty() || last.name != row.bucket,
            None => true,
        }
    }

    fn buckets_to_search(&mut self, _tenant: &str) -> Vec<String> {
        Vec::new()
    }
}
