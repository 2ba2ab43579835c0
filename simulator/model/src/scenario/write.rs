//! The scenario file, written.
