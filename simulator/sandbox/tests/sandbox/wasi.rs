//! Components that bring WASI: what they read of it is the world's, and what they print is in the trace.

use egress_sim_model::call::{Answer, Call, LogLevel, Reply};
use egress_sim_model::operator::{Step, TrapKind};
use egress_sim_model::scenario::Limits;
use egress_sim_model::time::Time;

use crate::adversary::{Adversary, init};

const IMPORTS: &str = r#"
    (import "wasi:clocks/wall-clock@0.2.0" "now" (func $wall (param i32)))
    (import "wasi:clocks/monotonic-clock@0.2.0" "now" (func $monotonic (result i64)))
    (import "wasi:clocks/monotonic-clock@0.2.0" "subscribe-duration" (func $sleep (param i64) (result i32)))
    (import "wasi:random/random@0.2.0" "get-random-u64" (func $random (result i64)))
    (import "wasi:random/random@0.2.0" "get-random-bytes" (func $bytes (param i64 i32)))
    (import "wasi:cli/stdout@0.2.0" "get-stdout" (func $stdout (result i32)))
    (import "wasi:io/streams@0.2.0" "[method]output-stream.blocking-write-and-flush"
      (func $write (param i32 i32 i32 i32)))
    (data (i32.const 64) "one\ntwo")"#;

/// Answers every call, and gives them back with the last step.
fn played_out(guest: Adversary) -> (Vec<Call>, Step) {
    let mut guest = guest.guest(&Limits::default());
    let mut calls = Vec::new();
    let mut step = guest.begin(&init());
    while let Step::Call(call) = step {
        let reply = match &call {
            Call::Now => Reply::Now(Time(1_767_225_600_000_000_000 + calls.len() as u64)),
            Call::Entropy => Reply::Entropy(7),
            _ => Reply::Nothing,
        };
        calls.push(call);
        step = guest.resume(reply);
    }
    (calls, step)
}

fn printed(message: &str) -> Call {
    Call::Log { level: LogLevel::Info, message: message.to_owned() }
}

#[test]
fn time_and_randomness_are_the_worlds() {
    let reads = Adversary {
        items: IMPORTS,
        init: "(call $wall (i32.const 128))
            (if (i64.ne (i64.load (i32.const 128)) (i64.const 1767225600)) (then unreachable))
            (if (i64.ne (call $monotonic) (i64.const 1767225600000000001)) (then unreachable))
            (if (i64.ne (call $random) (i64.const 7)) (then unreachable))",
        ..Adversary::default()
    };
    let (calls, last) = played_out(reads);
    assert_eq!(calls, [Call::Now, Call::Now, Call::Entropy]);
    assert!(matches!(last, Step::Done(Answer::Ok)), "{last:?}");
}

#[test]
fn many_random_bytes_cost_one_call() {
    let draws = Adversary {
        items: IMPORTS,
        init: "(call $bytes (i64.const 4000) (i32.const 128))
            (if (i32.ne (i32.load (i32.const 132)) (i32.const 4000)) (then unreachable))",
        ..Adversary::default()
    };
    assert_eq!(played_out(draws).0, [Call::Entropy]);
    let greedy = Adversary { init: "(call $bytes (i64.const 1000000000000) (i32.const 128))", ..draws };
    assert!(matches!(played_out(greedy).1, Step::Trapped(_)));
}

#[test]
fn what_is_printed_is_logged_line_by_line_before_the_next_call() {
    let prints = Adversary {
        items: IMPORTS,
        init: "(call $write (call $stdout) (i32.const 64) (i32.const 7) (i32.const 128)) (drop (call $now))",
        ..Adversary::default()
    };
    let (calls, last) = played_out(prints);
    assert_eq!(calls, [printed("one"), Call::Now, printed("two")]);
    assert!(matches!(last, Step::Done(Answer::Ok)), "{last:?}");
}

#[test]
fn last_words_are_heard() {
    let dies = Adversary {
        items: IMPORTS,
        init: "(call $write (call $stdout) (i32.const 64) (i32.const 7) (i32.const 128)) unreachable",
        ..Adversary::default()
    };
    let (calls, last) = played_out(dies);
    assert_eq!(calls, [printed("one"), printed("two")]);
    assert!(matches!(last, Step::Trapped(trap) if trap.kind == TrapKind::Trap));
}

#[test]
fn printing_without_end_is_cut_off() {
    let prints = Adversary {
        items: IMPORTS,
        init: "(local $out i32) (local.set $out (call $stdout))
            (loop (call $write (local.get $out) (i32.const 0) (i32.const 4096) (i32.const 128)) (br 0))",
        ..Adversary::default()
    };
    assert!(matches!(played_out(prints).1, Step::Trapped(trap) if trap.message.contains("mebibyte")));
}

#[test]
fn sleep_says_that_there_is_none() {
    let sleeps = Adversary { items: IMPORTS, init: "(drop (call $sleep (i64.const 1)))", ..Adversary::default() };
    let (calls, last) = played_out(sleeps);
    assert_eq!(calls, []);
    assert!(matches!(last, Step::Trapped(trap) if trap.message.contains("timers")));
}
