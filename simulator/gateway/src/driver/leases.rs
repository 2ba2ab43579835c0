//! Leases: somebody works at something that nobody waits for, and the clock stands meanwhile.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

#[derive(Debug, Default)]
pub(super) struct Leases {
    held: BTreeMap<u64, Lease>,
    made: u64,
}

#[derive(Debug)]
struct Lease {
    what: String,
    until: Option<Instant>,
}

impl Leases {
    pub(super) fn take(&mut self, what: String, ttl: Option<Duration>) -> u64 {
        self.made += 1;
        let until = ttl.and_then(|ttl| Instant::now().checked_add(ttl));
        self.held.insert(self.made, Lease { what, until });
        self.made
    }

    /// False: there is no such lease.
    pub(super) fn end(&mut self, lease: u64) -> bool {
        self.held.remove(&lease).is_some()
    }

    /// Ends those whose time is up, and says whether there were any.
    pub(super) fn expire(&mut self) -> bool {
        let (now, before) = (Instant::now(), self.held.len());
        self.held.retain(|_, lease| lease.until.is_none_or(|until| now < until));
        self.held.len() < before
    }

    /// How long until the first ends of itself.
    pub(super) fn first_end(&self) -> Option<Duration> {
        let first = self.held.values().filter_map(|lease| lease.until).min();
        first.map(|until| until.saturating_duration_since(Instant::now()))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.held.is_empty()
    }

    /// What they are for.
    pub(super) fn words(&self) -> Vec<String> {
        self.held.values().map(|lease| lease.what.clone()).collect()
    }
}
