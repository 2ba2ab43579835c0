//! The world behind sockets: LiveKit's API, S3, webhooks, a control API, and the clock that drives it.
//!
//! One thread owns the world and is the only one to touch it ([`driver`]); everything else sends it calls and closures
//! and waits. So requests that come side by side take effect one after another, in the order in which they came in, and
//! the servers keep no state of their own.

pub mod clock;
pub mod control;
pub mod driver;
pub mod livekit;
pub mod s3;
pub mod server;
pub mod spill;
pub mod webhooks;
