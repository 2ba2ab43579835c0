//! Sink: delete.
