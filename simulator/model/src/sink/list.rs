//! Sink: list.
