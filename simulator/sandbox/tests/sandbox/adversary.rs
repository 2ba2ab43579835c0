//! Small operators in WebAssembly text, built into components in the test's own process.

use std::sync::Arc;

use egress_sim_model::call::{Boot, Delivery};
use egress_sim_model::operator::{Guest, Host, Step, Trap};
use egress_sim_model::scenario::Limits;
use egress_sim_sandbox::{Operator, SandboxHost};

/// The contract and as much of WASI as the tests use.
const WITH_WASI: &str = "
    package test:wasi;
    world operator {
        include egress-sim:operator/operator@0.2.0;
        import wasi:clocks/wall-clock@0.2.0;
        import wasi:clocks/monotonic-clock@0.2.0;
        import wasi:random/random@0.2.0;
        import wasi:cli/stdout@0.2.0;
    }
    package wasi:io@0.2.0 {
        interface error { resource error; }
        interface poll { resource pollable; }
        interface streams {
            use error.{error};
            variant stream-error { last-operation-failed(error), closed }
            resource output-stream {
                blocking-write-and-flush: func(contents: list<u8>) -> result<_, stream-error>;
            }
        }
    }
    package wasi:clocks@0.2.0 {
        interface wall-clock {
            record datetime { seconds: u64, nanoseconds: u32 }
            now: func() -> datetime;
        }
        interface monotonic-clock {
            use wasi:io/poll@0.2.0.{pollable};
            now: func() -> u64;
            subscribe-duration: func(when: u64) -> pollable;
        }
    }
    package wasi:random@0.2.0 {
        interface random {
            get-random-bytes: func(len: u64) -> list<u8>;
            get-random-u64: func() -> u64;
        }
    }
    package wasi:cli@0.2.0 {
        interface stdout {
            use wasi:io/streams@0.2.0.{output-stream};
            get-stdout: func() -> output-stream;
        }
    }";

/// What one test operator does; whatever is left out does nothing and answers Ok.
#[derive(Clone, Copy)]
pub struct Adversary {
    /// Imports, memories, functions and globals of its own.
    pub items: &'static str,
    /// Instructions of `init`, whose parameter is at local 0.
    pub init: &'static str,
    /// Instructions of `on-timer`.
    pub on_timer: &'static str,
    /// Pages of its memory.
    pub pages: u32,
}

impl Default for Adversary {
    fn default() -> Adversary {
        Adversary { items: "", init: "", on_timer: "", pages: 1 }
    }
}

impl Adversary {
    /// The core module, without the section that tells its component type.
    pub fn bare_module(self) -> Vec<u8> {
        let Adversary { items, init, on_timer, pages } = self;
        let text = format!(
            r#"(module
              (import "egress-sim:operator/log@0.2.0" "write" (func $log (param i32 i32 i32)))
              (import "egress-sim:operator/clock@0.2.0" "now" (func $now (result i64)))
              {items}
              (memory (export "memory") {pages})
              ;; The first 64 bytes stay zero: a result there is Ok.
              (global $free (mut i32) (i32.const 1024))
              (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
                (local $at i32)
                (local.set $at (i32.and (i32.add (global.get $free) (i32.const 7)) (i32.const -8)))
                (global.set $free (i32.add (local.get $at) (local.get 3)))
                (local.get $at))
              (func (export "egress-sim:operator/handler@0.2.0#init") (param i32) (result i32)
                {init} (i32.const 0))
              (func (export "egress-sim:operator/handler@0.2.0#on-webhook") (param i64 i32) (result i32)
                (drop (call $now)) (i32.const 0))
              (func (export "egress-sim:operator/handler@0.2.0#on-command")
                (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
                (i32.const 0))
              (func (export "egress-sim:operator/handler@0.2.0#on-timer")
                (param i32 i32 i64 i32 i32) (result i32)
                {on_timer} (i32.const 0)))"#
        );
        wat::parse_str(text).expect("the test's own text is valid")
    }

    /// The core module with its component type, as wit-bindgen leaves it.
    pub fn module(self) -> Vec<u8> {
        let mut module = self.bare_module();
        let mut resolve = wit_parser::Resolve::default();
        let (mut package, _) = resolve.push_path("../../guest-sdk/wit").expect("the contract is valid");
        if self.items.contains("wasi:") {
            package = resolve.push_str("wasi.wit", WITH_WASI).expect("the test's own contract is valid");
        }
        let world = resolve.select_world(&[package], Some("operator")).expect("the contract has this world");
        wit_component::embed_component_metadata(&mut module, &resolve, world, wit_component::StringEncoding::UTF8)
            .expect("the module takes the section");
        module
    }

    /// Loads it.
    pub fn operator(self) -> Operator {
        Operator::load(&self.module(), "adversary.wasm").expect("it is an operator")
    }

    /// A fresh incarnation of it.
    pub fn guest(self, limits: &Limits) -> Box<dyn Guest> {
        SandboxHost::new(&self.operator(), "", limits).expect("the limits can be had").start(&boot())
    }

    /// How its first delivery ends it.
    pub fn end(self, limits: &Limits) -> Trap {
        match self.guest(limits).begin(&init()) {
            Step::Trapped(trap) => trap,
            other => panic!("it should have ended, but: {other:?}"),
        }
    }
}

/// A boot with nothing in it.
pub fn boot() -> Arc<Boot> {
    Arc::new(Boot {
        name: String::new(),
        instance: 0,
        incarnation: 1,
        livekit_url: String::new(),
        api_key: String::new(),
        api_secret: String::new(),
        s3_url: String::new(),
        s3_access_key: String::new(),
        s3_secret_key: String::new(),
        tenants: Vec::new(),
        backup_bucket: None,
        config: "{}".to_owned(),
    })
}

/// The delivery of it.
pub fn init() -> Delivery {
    Delivery::Init(boot())
}
