//! LiveKit's egress service: requests, lifecycle, outputs.

pub mod filename;
pub mod validate;
