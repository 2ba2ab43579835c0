//! The world of egress-sim: a fake LiveKit egress service and an S3 sink on one virtual clock, faults, and the
//! promises that an operator must keep in it.
//!
//! Pure: no I/O, no clock, no threads, no sockets, no wasm. A run is a function of the scenario, the operator's
//! behaviour and [`trace::MODEL_VERSION`]. Read `world` for the loop, [`call`] for the seam to operators,
//! [`state`] for what is the case, [`trace`] for what happened and [`property`] for what is promised about it.

pub mod books;
pub mod call;
pub mod chance;
pub mod egress;
pub mod fault;
pub mod goals;
pub mod live;
pub mod livekit;
pub mod operator;
pub mod property;
pub mod scenario;
pub mod settled;
pub mod sink;
pub mod state;
pub mod sweep;
pub mod text_map;
pub mod time;
pub mod trace;
pub mod viewer;
pub mod webhook;
pub mod world;
