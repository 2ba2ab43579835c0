//! The scenario file as JSON Schema.
