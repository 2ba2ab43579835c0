//! A bucket as it was a while ago, for listings that lag behind.
//!
//! It costs nothing until [`Sink::remember`] says that somebody will ask: from then on what is erased or overwritten is
//! put aside.

use std::sync::Arc;

use super::{Bucket, Sink, Version};
use crate::text_map::TextMap;
use crate::time::Time;

/// A version that is gone.
#[derive(Debug)]
pub struct Ghost {
    key: Arc<str>,
    version: Version,
    gone_at: Time,
}

impl Sink {
    /// From now on [`Bucket::at`] can be asked.
    pub fn remember(&mut self) {
        for bucket in self.buckets.values_mut() {
            bucket.ghosts.get_or_insert_default();
        }
    }
}

impl Bucket {
    /// Puts aside what is gone, if somebody will ask for it.
    pub(super) fn put_aside(&mut self, key: &Arc<str>, version: &Version, gone_at: Time) {
        if let Some(ghosts) = &mut self.ghosts {
            ghosts.push(Ghost { key: Arc::clone(key), version: version.clone(), gone_at });
        }
    }

    /// The keys that begin with `prefix` as they were at a moment.
    pub fn at(&self, moment: Time, prefix: &str) -> Bucket {
        let mut past = Bucket { versioning: self.versioning, ..Bucket::default() };
        let alive = self.with_prefix(prefix, std::ops::Bound::Unbounded);
        let alive = alive.flat_map(|(key, versions)| versions.0.iter().map(move |version| (key, version)));
        let gone = self.ghosts.iter().flatten().filter(|ghost| ghost.gone_at > moment && ghost.key.starts_with(prefix));
        let gone = gone.map(|ghost| (&ghost.key, &ghost.version));
        let mut keys: TextMap<Vec<Version>> = TextMap::new();
        for (key, version) in alive.chain(gone).filter(|(_, version)| version.at <= moment) {
            keys.or_default(Arc::clone(key)).push(version.clone());
        }
        for (key, versions) in keys.iter() {
            let mut versions = versions.clone();
            versions.sort_by_key(|version| version.at);
            past.keys.insert(Arc::clone(key), super::Versions(versions));
        }
        past
    }
}
