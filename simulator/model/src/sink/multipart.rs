//! Sink: multipart.
