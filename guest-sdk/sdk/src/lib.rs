//! The Rust SDK of egress-sim: an operator is a struct with one trait, and every effect hangs off a context handle.
//!
//! ```
//! use egress_sim_sdk::{Boot, Cx, Delivery, Error, Operator, Outcome};
//!
//! struct Keeper;
//!
//! impl Operator for Keeper {
//!     fn on_webhook(&mut self, cx: &mut Cx<'_>, delivery: Delivery) -> Outcome {
//!         let event = delivery.open(cx)?;
//!         if event.event == "room_finished" {
//!             let room = event.room.ok_or_else(|| Error::reject("no room"))?;
//!             for egress in cx.egress().active_in(&room.name)? {
//!                 cx.egress().stop(&egress.egress_id)?;
//!             }
//!         }
//!         Ok(())
//!     }
//! }
//!
//! fn make(_boot: &Boot) -> Box<dyn Operator> {
//!     Box::new(Keeper)
//! }
//!
//! egress_sim_sdk::export!(make);
//! # fn main() {}
//! ```
//!
//! The same source is a WebAssembly component and a native operator: a [`Cx`] stands on [`Imports`], which the simulator's
//! native host implements too. The types are those of the contract in `guest-sdk/wit/operator.wit`, one to one.
//!
//! Rules that keep a run repeatable: no hash maps, no statics, no `usize` in anything that is stored or sent, and no calls
//! from `Drop`. Nothing in here calls in `Drop`.

pub mod bindings;
mod cx;
mod error;
mod imports;
mod instance;
mod operator;
pub mod time;
#[cfg(target_family = "wasm")]
#[doc(hidden)]
pub mod wasm;

pub use bindings::egress_sim::operator::audit::{AuditAction, AuditOutcome, AuditRecord};
pub use bindings::egress_sim::operator::egress::{
    EgressInfo, EgressRequest, EgressStatus, FileInfo, FileOutput, RoomCompositeEgressRequest, S3Upload,
    SegmentedFileOutput, SegmentedFileSuffix, SegmentsInfo, TrackEgressRequest,
};
pub use bindings::egress_sim::operator::log::Level;
pub use bindings::egress_sim::operator::publish::Link;
pub use bindings::egress_sim::operator::rooms::{
    ParticipantInfo, ParticipantKind, Room, TrackInfo, TrackSource, TrackType,
};
pub use bindings::egress_sim::operator::sink::{
    BucketVersioning, ByteRange, DeleteError, DeleteResult, DeletedObject, HeadResult, ListObjectVersionsPage,
    ListObjectsPage, MultipartUpload, Object, ObjectHead, ObjectId, ObjectSummary, ObjectVersion, PutResult,
    VersionMarker,
};
pub use bindings::egress_sim::operator::store::{
    CommitOutcome, Expectation, Precondition, Row, RowState, SinkKey, StateEntry, StoredRow, Subject, Write,
};
pub use bindings::egress_sim::operator::types::{CallError, Rejection};
pub use bindings::egress_sim::operator::webhook::{RawDelivery, Refusal, WebhookEvent};
pub use bindings::exports::egress_sim::operator::handler::{
    Boot, Bucket, Command, Failure, Hold, LivekitServer, ObjectLock, Order, S3Server, Tenant, Timer,
};
pub use cx::{Checks, Commit, Cx, Egress, Inventory, Log, Rooms, Sink, State, Timers};
pub use error::{Error, Outcome, Result};
pub use imports::Imports;
pub use instance::{Instance, Make, panic_report};
pub use operator::{Delivery, Operator};
