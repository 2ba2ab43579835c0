//! The scenario file, read.
