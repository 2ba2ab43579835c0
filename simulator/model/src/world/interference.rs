//! What faults make of an operator's call: a crash, an error instead of the effect or behind it, an answer that comes late.
//!
//! Any call that changes something can come to three bad ends: not applied and an error, applied and an error, applied and a
//! crash. Which error says which of the three things the operator may conclude from it: a *rejection* and *not sent* mean that
//! nothing was applied, *outcome unknown* means what it says. Faults that twist single parts of a reply are asked for where
//! the reply is made, in `calls` and at the surfaces.

use std::sync::Arc;

use super::World;
use crate::call::s3::answer::CUT_SHORT;
use crate::call::s3::request::S3Operation;
use crate::call::{Call, CallError};
use crate::egress::error;
use crate::fault::kinds::{TURNS, at_calls_of};
use crate::fault::{Fault, Point};
use crate::sink;
use crate::time::Span;

/// What becomes of a call.
pub(super) enum Interference {
    /// Nothing is in its way.
    None,
    /// The instance dies in it, before or after its effect, and comes back so much later.
    Crash { applied: bool, restart: Span },
    /// It comes back with an error, so long after the moment of its effect.
    Fails { error: CallError, applied: bool, after: Span },
    /// It takes effect, and its answer comes so much later.
    Late(Span),
    /// It takes effect, and whoever speaks HTTP gets the beginning of its answer.
    CutShort,
    /// Only so many of a commit's writes are stored.
    Torn { writes: usize, then: Torn },
}

/// What the operator sees of a commit that is not stored in full.
pub(super) enum Torn {
    /// It was done.
    Acknowledged,
    /// An error that says nothing.
    Unknown,
    /// Nothing: it is dead.
    Crash,
}

impl World<'_> {
    /// Asks for faults at a call, at the moment of its effect.
    pub(super) fn interference(&mut self, instance: u32, call: &Call) -> Interference {
        let kinds = at_calls_of(call.surface());
        let (name, group) = (call.name(), Some("operator.call"));
        let within = self.is_booting(instance).then_some("operator.init");
        let turns = self.faults.any_on(TURNS, name, group, within);
        if !turns && !self.faults.any_on(kinds, name, group, within) {
            return self.untimely(instance, call);
        }
        let named = call.egress_id().and_then(|id| self.state.egress_named(id));
        let of_egress = named.map(|egress| Arc::clone(&egress.info.room_name));
        let room = call.room().filter(|room| !room.is_empty()).or(of_egress.as_deref());
        let of_room = room.and_then(|room| self.state.rooms.get(room)).map(|ix| self.state.call(*ix).tenant);
        let tenant = of_room.map(|tenant| Arc::clone(&self.state.tenant(tenant).name));
        let point = Point {
            name,
            group,
            within,
            bucket: call.bucket(),
            room,
            tenant: tenant.as_deref(),
            keys: &call.keys(),
            instance: Some(instance),
            ..Point::default()
        };
        if turns {
            self.turns(&point);
        }
        if let Some(strike) = self.strike(kinds, &point) {
            return self.carried_out(strike.fault, call);
        }
        self.untimely(instance, call)
    }

    fn untimely(&self, instance: u32, call: &Call) -> Interference {
        match self.refused_for_the_time(instance, call) {
            Some(error) => Interference::Fails { error, applied: false, after: Span::ZERO },
            None => Interference::None,
        }
    }

    fn carried_out(&self, fault: usize, call: &Call) -> Interference {
        let scenario = &self.state.scenario;
        let fault = &scenario.faults[fault];
        let fails = |error, applied| Interference::Fails { error, applied, after: Span::ZERO };
        match fault.kind.name {
            "operator.crash" => Interference::Crash { applied: is_applied(fault), restart: self.restart_of(fault) },
            "store.lost_write" => Interference::Torn { writes: 0, then: Torn::Acknowledged },
            "store.torn_commit" => {
                let then = if fault.text("then") == "crash" { Torn::Crash } else { Torn::Unknown };
                Interference::Torn { writes: usize::try_from(fault.integer("writes")).unwrap_or(usize::MAX), then }
            }
            "livekit.slow" | "s3.slow" | "store.slow" => Interference::Late(fault.span("by")),
            "livekit.timeout" | "s3.timeout" | "store.timeout" => {
                let waited = fault.span("wait");
                Interference::Fails {
                    error: CallError::OutcomeUnknown(format!("no answer within {waited}")),
                    applied: is_applied(fault),
                    after: waited,
                }
            }
            "livekit.unreachable" | "s3.unreachable" | "store.unavailable" => {
                fails(CallError::NotSent("connection refused".into()), false)
            }
            "livekit.refused" => Interference::Fails {
                error: error::refused(fault.text("code"), scenario.world.error_prefix),
                applied: false,
                after: fault.span("wait"),
            },
            "s3.slow_down" => fails(s3_error(call, "SlowDown"), false),
            "s3.refused" => fails(s3_error(call, fault.text("code")), false),
            "s3.internal_error" => {
                let error = match call {
                    // Whoever speaks HTTP is told the status, and what to make of it is their own affair.
                    Call::S3(_) => s3_error(call, "InternalError"),
                    _ => CallError::OutcomeUnknown(String::from("InternalError (500)")),
                };
                fails(error, is_applied(fault))
            }
            "s3.broken_reply" if fault.text("what") == "error_in_200" && may_fail_in_200(call) => {
                let (_, message) = sink::error::status_and_message("InternalError");
                fails(CallError::rejected("InternalError", 200, message), true)
            }
            "s3.broken_reply" if fault.text("what") == "truncated_xml" && matches!(call, Call::S3(_)) => {
                Interference::CutShort
            }
            "s3.broken_reply" => {
                let why = match fault.text("what") {
                    "connection_reset" => "connection reset by peer while the answer was read",
                    "truncated_xml" => CUT_SHORT,
                    _ => "200, but the body is an Error: InternalError",
                };
                fails(CallError::OutcomeUnknown(why.into()), true)
            }
            other => unreachable!("{other} does not strike at calls as a whole"),
        }
    }
}

/// S3 begins its answer to these before it knows how they end.
fn may_fail_in_200(call: &Call) -> bool {
    let Call::S3(request) = call else { return false };
    matches!(request.operation, S3Operation::CopyObject(_) | S3Operation::CompleteMultipartUpload(_))
}

fn is_applied(fault: &Fault) -> bool {
    fault.text("effect") == "after"
}

/// An S3 error as the caller of this request sees it: the answer to HEAD has no body, so its code is the status alone.
pub(super) fn s3_error(call: &Call, code: &str) -> CallError {
    let (status, message) = sink::error::status_and_message(code);
    match call {
        Call::HeadObject { .. } => CallError::rejected(&status.to_string(), status, ""),
        _ => CallError::rejected(code, status, message),
    }
}
