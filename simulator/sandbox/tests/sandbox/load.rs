//! What the loader says about files that are no operators.

use crate::adversary::Adversary;
use egress_sim_model::scenario::Limits;
use egress_sim_sandbox::{LoadError, MAX_BYTES, Operator, SandboxHost};

fn error(bytes: &[u8]) -> LoadError {
    match Operator::load(bytes, "found/op.wasm") {
        Err(error) => {
            assert!(error.to_string().contains("found/op.wasm"), "it does not name the file: {error}");
            error
        }
        Ok(_) => panic!("it should have been refused"),
    }
}

fn wrapped(module: &[u8]) -> Vec<u8> {
    wit_component::ComponentEncoder::default().module(module).unwrap().encode().unwrap()
}

#[test]
fn components_and_modules_with_their_type_are_accepted() {
    let module = Adversary::default().module();
    let from_module = Operator::load(&module, "op.wasm").unwrap();
    let component = wrapped(&module);
    let from_component = Operator::load(&component, "op.wasm").unwrap();
    assert_eq!(from_module.digest(), blake3::hash(&module).to_hex().as_str());
    assert_eq!(from_component.digest(), blake3::hash(&component).to_hex().as_str());
    assert_eq!(from_module.name(), "op.wasm");
}

#[test]
fn other_files_are_told_apart() {
    assert!(matches!(error(b""), LoadError::NotWasm { .. }));
    assert!(matches!(error(b"#!/bin/sh\n"), LoadError::NotWasm { .. }));
    assert!(matches!(error(b"\n(module)"), LoadError::Text { .. }));
    assert!(matches!(error(b"\x7fELF\x02\x01\x01"), LoadError::Precompiled { .. }));
    assert!(matches!(error(b"\0asm"), LoadError::Invalid { .. }));
    assert!(matches!(error(b"\0asm\x07\0\0\0"), LoadError::Invalid { .. }));
    assert!(matches!(error(&vec![0; MAX_BYTES + 1]), LoadError::TooLarge { .. }));
}

#[test]
fn every_truncation_is_an_error_and_no_panic() {
    let module = Adversary::default().module();
    let component = wrapped(&module);
    for whole in [&module, &component] {
        for end in (0..whole.len()).step_by(whole.len() / 60) {
            error(&whole[..end]);
        }
    }
}

#[test]
fn a_module_without_its_type_says_how_to_get_one() {
    let error = error(&Adversary::default().bare_module());
    assert!(matches!(error, LoadError::NoComponentType { .. }), "{error}");
    assert!(error.to_string().contains("wasm-tools component embed"), "{error}");
}

#[test]
fn a_module_that_lacks_an_export_is_named_with_it() {
    let mut module = wat::parse_str(r#"(module (memory (export "memory") 1))"#).unwrap();
    let full = Adversary::default();
    module.extend_from_slice(&full.module()[full.bare_module().len()..]);
    let error = error(&module);
    assert!(matches!(error, LoadError::NotWrapped { .. }), "{error}");
    assert!(error.to_string().contains("handler@0.2.0"), "{error}");
}

#[test]
fn unknown_imports_are_all_named() {
    let component = wat::parse_str(
        r#"(component
            (import "acme:database/rows@1.0.0" (instance (export "get" (func))))
            (import "wasi:http/outgoing-handler@0.2.3" (instance (export "handle" (func)))))"#,
    )
    .unwrap();
    let LoadError::UnknownImports { imports, .. } = error(&component) else { panic!("the imports are the error") };
    assert_eq!(imports, ["acme:database/rows@1.0.0", "wasi:http/outgoing-handler@0.2.3"]);
}

#[test]
fn a_component_of_something_else_is_told_what_to_export() {
    let component = wat::parse_str("(component)").unwrap();
    let error = error(&component);
    assert!(matches!(error, LoadError::NoHandler { .. }), "{error}");
    assert!(error.to_string().contains("egress-sim:operator/handler@0.2.0"), "{error}");
}

#[test]
fn a_newer_contract_is_told_from_an_unknown_import() {
    let component = wat::parse_str(
        r#"(component (import "egress-sim:operator/clock@0.3.0" (instance (export "now" (func (result u64))))))"#,
    )
    .unwrap();
    let error = error(&component);
    assert!(matches!(error, LoadError::OtherContract { .. }), "{error}");
    assert!(error.to_string().contains("clock@0.3.0"), "{error}");
}

#[test]
fn functions_of_another_shape_do_not_fit() {
    let component =
        wat::parse_str(r#"(component (import "egress-sim:operator/clock@0.2.0" (instance (export "now" (func (result u32))))) (instance (export "egress-sim:operator/handler@0.2.0")))"#)
            .unwrap();
    let error = error(&component);
    assert!(matches!(error, LoadError::Mismatch { .. }), "{error}");
    assert!(error.to_string().contains("now"), "{error}");
}

#[test]
fn a_stack_out_of_range_is_refused() {
    let operator = Adversary::default().operator();
    for stack_bytes in [0, 1 << 40] {
        let limits = Limits { stack_bytes, ..Limits::default() };
        let error = SandboxHost::new(&operator, "", &limits).err().expect("no stack can be so");
        assert!(matches!(error, LoadError::Stack { bytes } if bytes == stack_bytes));
    }
}
