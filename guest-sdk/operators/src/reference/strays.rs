//! What no row leads to: once a contract has ended and everything that the inventory knows of is dealt with, the operator looks
//! into every bucket of the tenant for what is left under the tenant's prefix. Replication puts copies into other buckets
//! and never deletes one.
//!
//! It is one listing a bucket, when the sweep is done, and once more halfway to the deadline, because a copy may arrive late.
//! While anything is still open (a hold, a recording, a deletion that was refused) nothing is searched: whatever is found
//! would have to be told apart from what is kept. Whoever closes the last open thing sets the timer again.

use std::collections::BTreeSet;

use egress_sim_sdk::{Commit, Cx, Outcome, Result, Row, RowState, SinkKey, StoredRow};

use super::Steps;
use super::duty::{Duty, OPEN};
use super::erase::{Erased, Wait};
use super::recording::Details;
use super::sweep;

/// What is known of the strays that the sink does not let go.
fn strays_key(tenant: &str) -> String {
    format!("strays/{tenant}")
}

impl dyn Steps {
    /// Sees to it that the buckets of a tenant are searched when this time has come.
    pub fn search_at(&mut self, cx: &mut Cx<'_>, tenant: &str, at: u64) -> Outcome {
        cx.timers().set(&format!("search/{tenant}"), at)
    }

    /// Searches the buckets of a tenant and deletes what is found, a piece at a time.
    pub fn search(&mut self, cx: &mut Cx<'_>, tenant: &str) -> Outcome {
        if self.is_busy(cx, tenant)? {
            return Ok(());
        }
        let key = strays_key(tenant);
        let noted = cx.state().get(&key)?.map(|entry| entry.value).unwrap_or_default();
        let mut known: Details = serde_json::from_str(&noted).unwrap_or_default();
        let mut again: Option<u64> = None;
        let mut refused = false;
        let mut pieces = self.desk().config.rows;
        for bucket in self.buckets_to_search(tenant) {
            let everything = stray(tenant, &bucket, format!("{tenant}/"));
            let found = self.find(cx, &everything)?;
            let directories: BTreeSet<&str> =
                found.iter().filter_map(|version| Some(version.key.rsplit_once('/')?.0)).collect();
            for directory in directories {
                if pieces == 0 {
                    again.get_or_insert(0);
                    break;
                }
                pieces -= 1;
                let row = stray(tenant, &bucket, format!("{directory}/"));
                if let Some(wait) = self.delete_stray(cx, row, &mut known)? {
                    refused |= matches!(wait, Wait::Refused(_));
                    let wait = wait.time();
                    again = Some(again.map_or(wait, |soonest| soonest.min(wait)));
                }
            }
        }
        if refused {
            known.refusals += 1;
            cx.commit(Commit::new().put_state(&key, serde_json::to_string(&known).unwrap_or_default()))?;
        }
        let Some(wait) = again else { return Ok(()) };
        let now = cx.now();
        self.search_at(cx, tenant, now + wait)
    }

    /// Deletes what lies under the prefix of one stray recording; says why it could not.
    fn delete_stray(&mut self, cx: &mut Cx<'_>, row: Row, known: &mut Details) -> Result<Option<Wait>> {
        let stored = StoredRow { row: Row { details: known.to_json(), ..row }, version: 0 };
        let mut leaving = [self.find_leaving(cx, &stored)?];
        self.delete_all(cx, &mut leaving)?;
        let [one] = leaving;
        known.refused.clone_from(&one.details.refused);
        let mut erased = Erased::default();
        let mut unlimited = u64::MAX;
        self.finish(cx, one, &mut unlimited, &mut erased)?;
        if !erased.records.is_empty() {
            cx.audit(erased.records)?;
        }
        Ok(erased.later.pop().map(|(_, wait)| wait))
    }

    /// Whether the contract goes on, or anything that the inventory knows of is not dealt with.
    fn is_busy(&mut self, cx: &mut Cx<'_>, tenant: &str) -> Result<bool> {
        let Some(entry) = cx.state().get(&sweep::contract_key(tenant))? else { return Ok(true) };
        let pass: sweep::Pass = serde_json::from_str(&entry.value).unwrap_or_default();
        if !pass.done {
            return Ok(true);
        }
        for prefix in [format!("due/{tenant}/"), sweep::held_key(tenant, "")] {
            if !cx.state().scan(&prefix, None, 1)?.is_empty() {
                return Ok(true);
            }
        }
        for entry in cx.state().all(OPEN)? {
            if Duty::read(&entry)?.tenant == tenant {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// A row as the inventory would have it, if it knew.
fn stray(tenant: &str, bucket: &str, prefix: String) -> Row {
    Row {
        egress_id: String::new(),
        tenant: tenant.to_owned(),
        room: String::new(),
        bucket: bucket.to_owned(),
        key: SinkKey::Prefix(prefix),
        kind: String::from("stray"),
        state: RowState::Deleting,
        details: String::new(),
    }
}
