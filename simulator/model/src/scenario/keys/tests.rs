//! What is declared here must be what the value types and the rest of the model say.

use super::*;
use crate::fault::KINDS;
use crate::scenario::file::parse;
use crate::time::{Span, Time};
use crate::world::Counts;

const TABLES: &[&Table] = &[
    &TOP,
    &WORLD,
    &LIMITS,
    &PROMISES,
    &OPERATOR,
    &TENANT,
    &BUCKET,
    &CALL,
    &PARTICIPANT,
    &COMMAND,
    &FAULT,
    &WHERE,
    &EXPECT,
    &COUNTS,
];

#[test]
fn every_default_is_a_value_that_the_key_may_have() {
    let parameters = KINDS.iter().flat_map(|kind| kind.parameters).map(parameter_key);
    for key in TABLES.iter().flat_map(|table| table.keys).copied().chain(parameters) {
        let fits = match (key.fallback, key.holds) {
            (Fallback::Required | Fallback::Absent(_), _)
            | (Fallback::Text(_), Holds::Prose)
            | (Fallback::Boolean(_), Holds::Boolean) => true,
            (Fallback::Integer(value), Holds::Integer { min, max }) => (min..=max).contains(&value),
            (Fallback::Span(text), Holds::Span { zero }) => {
                Span::parse(text).is_ok_and(|span| zero || span != Span::ZERO)
            }
            (Fallback::Text(text), Holds::Text) => !text.is_empty(),
            (Fallback::Text(text), Holds::Word(words)) => words.contains(&text),
            (Fallback::Text(text), Holds::Moment) => Time::from_rfc3339(text).is_some_and(|at| at.to_rfc3339() == text),
            (Fallback::Texts(texts), Holds::Words { of, .. }) => texts.iter().all(|text| of.contains(text)),
            _ => false,
        };
        assert!(fits, "{key:?}");
    }
}

#[test]
fn a_parameter_is_called_like_no_key_of_every_fault() {
    for kind in KINDS {
        for parameter in kind.parameters {
            assert!(FAULT.key(parameter.name).is_none(), "{} of {}", parameter.name, kind.name);
        }
    }
}

#[test]
fn counts_are_those_of_the_report() {
    let report = serde_json::to_value(Counts::default()).unwrap();
    let mut reported: Vec<&str> = report.as_object().unwrap().keys().map(String::as_str).collect();
    let mut declared: Vec<&str> = COUNTS.keys.iter().map(|key| key.name).collect();
    reported.sort_unstable();
    declared.sort_unstable();
    assert_eq!(declared, reported);
}

#[test]
fn every_built_in_property_can_be_expected_to_break() {
    for property in crate::property::builtin() {
        assert!(PROPERTIES.contains(&property.about().id), "{}", property.about().id);
    }
}

/// A default said aloud changes nothing: what is declared here is what the value types default to.
#[test]
fn defaults_said_aloud_change_nothing() {
    let plain = parse("s", "format = 1").unwrap();
    for table in [&WORLD, &LIMITS, &PROMISES, &OPERATOR] {
        for key in table.keys {
            let literal = match key.fallback {
                Fallback::Integer(value) => value.to_string(),
                Fallback::Span(text) | Fallback::Text(text) => format!("\"{text}\""),
                Fallback::Boolean(value) => value.to_string(),
                _ => continue,
            };
            let said = format!("format = 1\n{}\n{} = {literal}", table.header, key.name);
            assert_eq!(parse("s", &said).unwrap(), plain, "{said}");
        }
    }
}
