//! What thousands of objects are told alike, held once: types come in a handful, and most objects have no metadata.

use std::collections::BTreeSet;
use std::sync::Arc;

/// Types that are remembered; whoever makes up a new one for each object has it as often as there are objects.
const TYPES: usize = 64;

/// See the head of this file.
#[derive(Debug, Default)]
pub struct Alike {
    content_types: BTreeSet<Arc<str>>,
    no_metadata: Arc<Vec<(String, String)>>,
}

impl Alike {
    /// `Content-Type`
    pub(super) fn content_type(&mut self, name: &str) -> Arc<str> {
        if let Some(known) = self.content_types.get(name) {
            return Arc::clone(known);
        }
        let name: Arc<str> = name.into();
        if self.content_types.len() < TYPES {
            self.content_types.insert(Arc::clone(&name));
        }
        name
    }

    /// `x-amz-meta-*`
    pub(super) fn metadata(&self, metadata: &[(String, String)]) -> Arc<Vec<(String, String)>> {
        if metadata.is_empty() { Arc::clone(&self.no_metadata) } else { Arc::new(metadata.to_vec()) }
    }
}
