//! Feeds facts to properties.

/// The properties of a run.
#[derive(Debug)]
pub struct Monitor;
