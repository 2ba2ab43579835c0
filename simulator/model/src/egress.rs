//! LiveKit's egress service: requests, lifecycle, outputs.

pub mod error;
pub mod filename;
mod path;
pub mod validate;
