//! Deletes in the bucket that it recorded into, and nowhere else.
//!
//! Why people write it: the backup storage is in the configuration of somebody else's server, and no request names it.
//! Nothing lies there until an upload fails.
//! Breaks `deletion.complete`.

use egress_sim_sdk::Row;

use crate::About;
use crate::reference::desk::Desk;
use crate::reference::{Reference, Steps};

/// What it is.
pub const ABOUT: About = About {
    name: "ignores-backup",
    summary: "Deletes in the primary bucket only, and leaves what LiveKit put into its backup storage.",
    breaks: Some("deletion.complete"),
    breaks_sandbox: false,
};

/// See the head of this file.
pub struct IgnoresBackup(pub Reference);

impl Steps for IgnoresBackup {
    fn desk(&mut self) -> &mut Desk {
        self.0.desk()
    }

    fn in_backup(&mut self, _row: &Row) -> Option<Row> {
        None
    }

    fn buckets_to_search(&mut self, tenant: &str) -> Vec<String> {
        let buckets = self.desk().tenant(tenant).map(|tenant| &tenant.buckets);
        buckets.into_iter().flatten().map(|bucket| bucket.name.clone()).collect()
    }
}
