//! Sink: object.
