//! HTTP on one side, the model's [`Call`](egress_sim_model::call::Call) and `Reply` on the other, as functions of request
//! values.
//!
//! `livekit` speaks Twirp and LiveKit's tokens, `s3` has what the S3 service does with each operation, `evidence` the JSON in which
//! a process shows its work. Nothing here opens a
//! socket or remembers anything: what a request means depends on the request alone, and what it does, the world decides.

pub mod evidence;
pub mod livekit;
pub mod s3;
