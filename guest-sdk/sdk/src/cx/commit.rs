//! The one way to write to the store.

use crate::bindings::egress_sim::operator::store::{
    CommitOutcome, Expectation, Precondition, Row, StateEntry, StoredRow, Subject, Write,
};
use crate::error::{Error, Result};
use crate::imports::Imports;

/// Writes that are made together or not at all, if every expectation holds.
///
/// ```
/// # use egress_sim_sdk::Commit;
/// let claim = Commit::new().expect_no_state("call/RM_1").put_state("call/RM_1", "starting");
/// ```
#[must_use = "a commit does nothing until it is handed to `Cx::commit`"]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Commit {
    writes: Vec<Write>,
    preconditions: Vec<Precondition>,
}

impl Commit {
    /// Nothing yet.
    pub fn new() -> Commit {
        Commit::default()
    }

    /// Inserts or replaces a row.
    pub fn put_row(mut self, row: Row) -> Commit {
        self.writes.push(Write::PutRow(row));
        self
    }

    /// Removes a row.
    pub fn delete_row(mut self, egress_id: &str) -> Commit {
        self.writes.push(Write::DeleteRow(egress_id.to_owned()));
        self
    }

    /// Inserts or replaces a key.
    pub fn put_state(mut self, key: &str, value: impl Into<String>) -> Commit {
        self.writes.push(Write::PutState((key.to_owned(), value.into())));
        self
    }

    /// Removes a key.
    pub fn delete_state(mut self, key: &str) -> Commit {
        self.writes.push(Write::DeleteState(key.to_owned()));
        self
    }

    /// Only if there is no such key.
    pub fn expect_no_state(self, key: &str) -> Commit {
        self.expect(Subject::State(key.to_owned()), Expectation::Absent)
    }

    /// Only if nobody wrote the key since it was read.
    pub fn expect_state(self, read: &StateEntry) -> Commit {
        self.expect(Subject::State(read.key.clone()), Expectation::VersionIs(read.version))
    }

    /// Only if there is no such row.
    pub fn expect_no_row(self, egress_id: &str) -> Commit {
        self.expect(Subject::Row(egress_id.to_owned()), Expectation::Absent)
    }

    /// Only if nobody wrote the row since it was read.
    pub fn expect_row(self, read: &StoredRow) -> Commit {
        self.expect(Subject::Row(read.row.egress_id.clone()), Expectation::VersionIs(read.version))
    }

    /// Only if this is so.
    pub fn expect(mut self, subject: Subject, expect: Expectation) -> Commit {
        self.preconditions.push(Precondition { subject, expect });
        self
    }

    /// Whether it would write anything.
    pub const fn is_empty(&self) -> bool {
        self.writes.is_empty()
    }

    pub(super) fn make(self, imports: &mut dyn Imports) -> Result<u64> {
        match imports.commit(self.writes, self.preconditions)? {
            CommitOutcome::Committed(revision) => Ok(revision),
            CommitOutcome::Conflict(subject) => Err(Error::Conflict(subject)),
        }
    }
}
