//! Guests that break out, run off or fill up: each comes to its own kind of end, and the host goes on.

use crate::adversary::{Adversary, boot, init};
use egress_sim_model::call::{Answer, Call, Delivery, LogLevel, Reply, Timer};
use egress_sim_model::operator::{Host, Step, TrapKind};
use egress_sim_model::scenario::Limits;
use egress_sim_model::time::Time;
use egress_sim_sandbox::SandboxHost;

fn limits() -> Limits {
    Limits { fuel: 10_000_000, ..Limits::default() }
}

fn timer() -> Delivery {
    Delivery::Timer(Timer { name: "t".to_owned(), at: Time(7), payload: String::new() })
}

#[test]
fn a_call_suspends_and_goes_on_with_the_reply() {
    let asks = Adversary {
        items: r#"(data (i32.const 64) "hello")"#,
        init: "(call $log (i32.const 2) (i32.const 64) (i32.const 5))",
        on_timer: "(if (i64.ne (call $now) (i64.const 42)) (then unreachable))",
        ..Adversary::default()
    };
    let mut guest = asks.guest(&limits());
    let Step::Call(call) = guest.begin(&init()) else { panic!("it asks") };
    assert_eq!(call, Call::Log { level: LogLevel::Warn, message: "hello".to_owned() });
    assert!(matches!(guest.resume(Reply::Nothing), Step::Done(Answer::Ok)));
    assert!(matches!(guest.begin(&timer()), Step::Call(Call::Now)));
    assert!(matches!(guest.resume(Reply::Now(Time(42))), Step::Done(Answer::Ok)));
    assert!(matches!(guest.begin(&timer()), Step::Call(Call::Now)));
    assert!(matches!(guest.resume(Reply::Now(Time(43))), Step::Trapped(trap) if trap.kind == TrapKind::Trap));
}

#[test]
fn an_endless_loop_runs_out_of_fuel() {
    let trap = Adversary { init: "(loop (br 0))", ..Adversary::default() }.end(&limits());
    assert_eq!(trap.kind, TrapKind::OutOfFuel);
    assert!(trap.message.contains("10000000") && trap.message.contains("[limits].fuel"), "{}", trap.message);
}

#[test]
fn fuel_is_for_each_delivery_anew() {
    // Each takes well over half of the fuel.
    let busy = "(local $n i32) (local.set $n (i32.const 1000000))
        (loop $again (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))";
    let mut guest = Adversary { on_timer: busy, ..Adversary::default() }.guest(&limits());
    assert!(matches!(guest.begin(&init()), Step::Done(Answer::Ok)));
    for _ in 0..5 {
        assert!(matches!(guest.begin(&timer()), Step::Done(Answer::Ok)));
    }
}

#[test]
fn a_start_function_that_loops_runs_out_of_fuel_before_the_first_delivery() {
    let looping = Adversary { items: "(func $begin (loop (br 0))) (start $begin)", ..Adversary::default() };
    assert_eq!(looping.end(&limits()).kind, TrapKind::OutOfFuel);
}

#[test]
fn a_start_function_that_traps_is_an_instantiation_that_failed() {
    let trapping = Adversary { items: "(func $begin unreachable) (start $begin)", ..Adversary::default() };
    assert_eq!(trapping.end(&limits()).kind, TrapKind::Instantiation);
}

#[test]
fn deep_recursion_runs_out_of_stack() {
    let deep =
        Adversary { items: "(func $deep (call $deep) (call $deep))", init: "(call $deep)", ..Adversary::default() };
    assert_eq!(deep.end(&Limits::default()).kind, TrapKind::StackOverflow);
}

#[test]
fn the_stack_has_the_size_that_was_asked_for() {
    let counting = Adversary {
        items: "(func $down (param i32) (if (local.get 0) (then (call $down (i32.sub (local.get 0) (i32.const 1))))))",
        init: "(call $down (i32.const 10000))",
        ..Adversary::default()
    };
    let small = Limits { stack_bytes: 64 << 10, ..Limits::default() };
    let large = Limits { stack_bytes: 8 << 20, ..Limits::default() };
    assert_eq!(counting.end(&small).kind, TrapKind::StackOverflow);
    assert!(matches!(counting.guest(&large).begin(&init()), Step::Done(Answer::Ok)));
}

#[test]
fn growth_stops_at_the_limit_and_a_trap_after_it_is_named_so() {
    // Grows by 1 MiB until it is refused; then it must be at the limit, and not before.
    let growing = Adversary {
        init: "(loop $more (br_if $more (i32.ne (memory.grow (i32.const 16)) (i32.const -1))))
            (if (i32.eq (memory.size) (i32.const 1025)) (then unreachable))",
        on_timer: "unreachable",
        ..Adversary::default()
    };
    let limits = Limits { memory_bytes: (64 << 20) + (64 << 10), ..limits() };
    let trap = growing.end(&limits);
    assert_eq!(trap.kind, TrapKind::OutOfMemory);
    assert!(trap.message.contains("memory_bytes"), "{}", trap.message);

    // Whoever survives the refusal and traps in a later delivery traps for another reason.
    let mut survivor = growing.guest(&Limits { memory_bytes: 8 << 20, ..limits });
    assert!(matches!(survivor.begin(&init()), Step::Done(Answer::Ok)));
    assert!(matches!(survivor.begin(&timer()), Step::Trapped(trap) if trap.kind == TrapKind::Trap));
}

#[test]
fn more_memory_than_the_limit_from_the_start_is_refused() {
    let large = Adversary { pages: 1024, ..Adversary::default() };
    assert_eq!(large.end(&Limits { memory_bytes: 1 << 20, ..limits() }).kind, TrapKind::OutOfMemory);
}

#[test]
fn tables_grow_to_their_limit_only() {
    let growing = Adversary {
        items: "(table $t 1 funcref)",
        init: "(drop (table.grow $t (ref.null func) (i32.const 39000)))
            (if (i32.eq (table.grow $t (ref.null func) (i32.const 39000)) (i32.const -1)) (then unreachable))",
        ..Adversary::default()
    };
    let trap = growing.end(&limits());
    assert_eq!(trap.kind, TrapKind::OutOfMemory);
    assert!(trap.message.contains("table_elements"), "{}", trap.message);
}

#[test]
fn a_huge_payload_does_not_get_through() {
    let chatty = Adversary {
        init: "(call $log (i32.const 0) (i32.const 0) (i32.const 50000000))",
        pages: 800,
        ..Adversary::default()
    };
    let trap = chatty.end(&limits());
    assert_eq!(trap.kind, TrapKind::Payload, "{}", trap.message);

    let modest = Adversary { init: "(call $log (i32.const 0) (i32.const 0) (i32.const 1000000))", pages: 20, ..chatty };
    assert!(matches!(modest.guest(&limits()).begin(&init()), Step::Call(Call::Log { .. })));
}

#[test]
fn values_that_the_contract_does_not_know_are_a_trap() {
    for init in [
        // A severity that there is not.
        "(call $log (i32.const 9) (i32.const 0) (i32.const 0))",
        // A string outside of its memory.
        "(call $log (i32.const 0) (i32.const 70000) (i32.const 8))",
        // A string that is not UTF-8.
        "(i32.store8 (i32.const 64) (i32.const 255)) (call $log (i32.const 0) (i32.const 64) (i32.const 1))",
    ] {
        assert_eq!(Adversary { init, ..Adversary::default() }.end(&limits()).kind, TrapKind::Trap, "{init}");
    }
}

#[test]
fn wild_addresses_and_results_are_a_trap() {
    for init in
        ["(drop (i32.load (i32.const -4)))", "(return (i32.const -16))", "(return (i32.const 3))", "unreachable"]
    {
        assert_eq!(Adversary { init, ..Adversary::default() }.end(&limits()).kind, TrapKind::Trap, "{init}");
    }
}

#[test]
fn nobody_gets_into_an_incarnation_that_has_trapped() {
    let mut guest = Adversary { init: "unreachable", ..Adversary::default() }.guest(&limits());
    assert!(matches!(guest.begin(&init()), Step::Trapped(_)));
    for _ in 0..3 {
        assert!(matches!(guest.begin(&timer()), Step::Trapped(trap) if trap.kind == TrapKind::Trap));
    }
}

#[test]
fn a_crash_in_mid_call_leaves_nothing_behind() {
    let asks = Adversary {
        items: "(global $calls (mut i32) (i32.const 0))",
        init: "(global.set $calls (i32.add (global.get $calls) (i32.const 1)))
            (if (i32.ne (global.get $calls) (i32.const 1)) (then unreachable))
            (i32.store (i32.const 512) (i32.add (i32.load (i32.const 512)) (i32.const 1)))
            (if (i32.ne (i32.load (i32.const 512)) (i32.const 1)) (then unreachable))
            (drop (call $now))",
        ..Adversary::default()
    };
    // More often than the pool has slots.
    let host = SandboxHost::new(&asks.operator(), "keeper", &limits()).unwrap();
    assert_eq!(host.name(), "keeper");
    for _ in 0..1000 {
        assert!(matches!(host.start(&boot()).begin(&init()), Step::Call(Call::Now)));
    }
}

#[test]
fn a_full_pool_changes_nothing() {
    let asks = Adversary { init: "(drop (call $now))", on_timer: "(drop (call $now))", ..Adversary::default() };
    let host = SandboxHost::new(&asks.operator(), "", &limits()).unwrap();
    let mut guests: Vec<_> = (0..300).map(|_| host.start(&boot())).collect();
    for guest in &mut guests {
        assert!(matches!(guest.begin(&init()), Step::Call(Call::Now)));
    }
    for guest in &mut guests {
        assert!(matches!(guest.resume(Reply::Now(Time(1))), Step::Done(Answer::Ok)));
        assert!(matches!(guest.begin(&timer()), Step::Call(Call::Now)));
    }
}
