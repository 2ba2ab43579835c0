//! The guest in its sandbox, told as short stories.

use super::contained::Contained;
use crate::operator::TrapKind;
use crate::property::stage::Stage;

#[test]
fn each_incarnation_is_a_check() {
    let mut stage = Stage::new(Contained);
    stage.boot();
    stage.boot();
    assert_eq!(stage.tally(), (2, 0));
}

#[test]
fn one_that_ends_itself_breaks_it_with_advice() {
    let cases = [
        (TrapKind::Trap, "native:NAME"),
        (TrapKind::OutOfFuel, "[limits].fuel"),
        (TrapKind::OutOfMemory, "[limits].memory_bytes"),
        (TrapKind::StackOverflow, "[limits].stack_bytes"),
        (TrapKind::Payload, "[limits].host_payload_bytes"),
        (TrapKind::Calls, "[limits].calls_per_delivery"),
        (TrapKind::Run, "[limits].calls_per_run"),
        (TrapKind::Instantiation, "wasm32-unknown-unknown"),
    ];
    for (kind, advice) in cases {
        let mut stage = Stage::new(Contained);
        stage.boot();
        stage.trap(kind);
        let verdict = stage.finish();
        assert_eq!((verdict.checks, verdict.violations), (1, 1));
        let message = verdict.first.expect("violated").message;
        assert!(message.contains("instance 0 of the operator ended itself: all fuel consumed."), "{message}");
        assert!(message.contains(advice), "{kind:?}: {message}");
    }
}

#[test]
fn not_exercised_without_incarnation() {
    assert_eq!(Stage::new(Contained).finish().word(), "not_exercised");
}
