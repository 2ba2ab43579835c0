//! The operator's durable memory, to read.

use crate::bindings::egress_sim::operator::store::{StateEntry, StoredRow};
use crate::error::Result;
use crate::imports::Imports;

/// Entries of one page where everything is wanted.
const PAGE: u32 = 500;

/// See [`super::Cx::inventory`].
pub struct Inventory<'a> {
    pub(super) imports: &'a mut dyn Imports,
}

impl Inventory<'_> {
    /// One row.
    pub fn get(&mut self, egress_id: &str) -> Result<Option<StoredRow>> {
        Ok(self.imports.inventory_get(egress_id.to_owned())?)
    }

    /// At most `limit` rows of a tenant in order of egress id, from behind `after`. Fewer means that there are no more.
    pub fn scan(&mut self, tenant: &str, after: Option<String>, limit: u32) -> Result<Vec<StoredRow>> {
        Ok(self.imports.inventory_scan(tenant.to_owned(), after, limit)?)
    }

    /// All rows of a tenant: one call for 500 of them.
    pub fn of(&mut self, tenant: &str) -> Result<Vec<StoredRow>> {
        let mut all: Vec<StoredRow> = Vec::new();
        loop {
            let page = self.scan(tenant, all.last().map(|last| last.row.egress_id.clone()), PAGE)?;
            let last = page.len() < PAGE as usize;
            all.extend(page);
            if last {
                return Ok(all);
            }
        }
    }
}

/// See [`super::Cx::state`].
pub struct State<'a> {
    pub(super) imports: &'a mut dyn Imports,
}

impl State<'_> {
    /// One key.
    pub fn get(&mut self, key: &str) -> Result<Option<StateEntry>> {
        Ok(self.imports.state_get(key.to_owned())?)
    }

    /// At most `limit` keys that begin with `prefix`, in their order, from behind `after`. Fewer means that there are no
    /// more.
    pub fn scan(&mut self, prefix: &str, after: Option<String>, limit: u32) -> Result<Vec<StateEntry>> {
        Ok(self.imports.state_scan(prefix.to_owned(), after, limit)?)
    }

    /// All keys that begin with `prefix`: one call for 500 of them.
    pub fn all(&mut self, prefix: &str) -> Result<Vec<StateEntry>> {
        let mut all: Vec<StateEntry> = Vec::new();
        loop {
            let page = self.scan(prefix, all.last().map(|last| last.key.clone()), PAGE)?;
            let last = page.len() < PAGE as usize;
            all.extend(page);
            if last {
                return Ok(all);
            }
        }
    }
}
