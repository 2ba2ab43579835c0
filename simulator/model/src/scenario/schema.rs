//! The scenario file as JSON Schema, for completion and checks in editors.
//!
//! Made from the declarations of [`super::keys`] and from [`fault::KINDS`], in what drafts 4 and 7 have in common, because
//! Taplo reads no more. It says less than the reader: what keys say against each other is not in it. The file
//! `docs/scenario.schema.json` holds it; a test compares the two.

use serde_json::{Map, Value, json};

use super::keys::{self, Fallback, Holds, Key, Table, parameter_key};
use crate::fault;

/// Days to nanoseconds, each at most once; that there is any is said by a length of two at least.
const SPAN: &str = "^([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?([0-9]+us)?([0-9]+ns)?$";

/// The schema.
pub fn schema() -> Value {
    let mut schema = json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "egress-sim scenario",
    });
    if let (Some(whole), Value::Object(top)) = (schema.as_object_mut(), table(&keys::TOP)) {
        whole.extend(top);
    }
    schema
}

fn table(about: &'static Table) -> Value {
    let mut properties: Map<String, Value> = about.keys.iter().map(|key| (key.name.into(), property(key))).collect();
    if std::ptr::eq(about, &raw const keys::FAULT) {
        faults(&mut properties);
    }
    let required: Vec<&str> =
        about.keys.iter().filter(|key| matches!(key.fallback, Fallback::Required)).map(|key| key.name).collect();
    let mut schema = json!({
        "description": about.summary,
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
    });
    // Draft 4 allows no empty list here.
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    schema
}

/// The kinds as an enumeration, and the parameters of all of them: which belongs to which is said in words.
fn faults(properties: &mut Map<String, Value>) {
    let names: Vec<&str> = fault::KINDS.iter().map(|kind| kind.name).collect();
    let told: Vec<String> = fault::KINDS.iter().map(|kind| format!("{}: {}", kind.name, kind.summary)).collect();
    properties["do"]["enum"] = json!(names);
    properties["do"]["description"] = json!(format!("What goes wrong.\n\n{}", told.join("\n\n")));
    for kind in fault::KINDS {
        for parameter in kind.parameters {
            let mut schema = property(&parameter_key(parameter));
            schema["description"] = json!(format!("{}: {}", kind.name, description(&parameter_key(parameter))));
            match properties.get_mut(parameter.name) {
                None => {
                    properties.insert(parameter.name.into(), schema);
                }
                // Two kinds with a parameter of the same name: either fits.
                Some(other) => {
                    let other = other.take();
                    let mut either = match other.get("anyOf").and_then(Value::as_array) {
                        Some(several) => several.clone(),
                        None => vec![other],
                    };
                    either.push(schema);
                    properties.insert(parameter.name.into(), json!({ "anyOf": either }));
                }
            }
        }
    }
}

fn property(key: &Key) -> Value {
    let mut schema = match key.holds {
        Holds::Integer { min, max } => json!({ "type": "integer", "minimum": min, "maximum": max }),
        Holds::Span { .. } => json!({ "type": "string", "minLength": 2, "pattern": SPAN }),
        Holds::Text => json!({ "type": "string", "minLength": 1 }),
        Holds::Prose | Holds::Moment => json!({ "type": "string" }),
        Holds::Word(words) => json!({ "type": "string", "enum": words }),
        Holds::Texts { empty } => list(&json!({ "type": "string", "minLength": 1 }), empty),
        Holds::Words { of, empty } => list(&json!({ "type": "string", "enum": of }), empty),
        Holds::Boolean => json!({ "type": "boolean" }),
        Holds::Table(about) => table(about),
        Holds::Tables(about) => json!({ "type": "array", "items": table(about) }),
        Holds::Free { .. } => json!({ "type": "object" }),
    };
    schema["description"] = json!(description(key));
    match key.fallback {
        Fallback::Required | Fallback::Absent(_) => {}
        Fallback::Integer(value) => schema["default"] = json!(value),
        Fallback::Span(text) | Fallback::Text(text) => schema["default"] = json!(text),
        Fallback::Texts(texts) => schema["default"] = json!(texts),
        Fallback::Boolean(value) => schema["default"] = json!(value),
    }
    schema
}

fn description(key: &Key) -> String {
    match key.fallback {
        Fallback::Absent(words) => format!("{} Where absent: {words}.", key.summary),
        _ => key.summary.into(),
    }
}

fn list(items: &Value, empty: bool) -> Value {
    json!({ "type": "array", "items": items, "minItems": u8::from(!empty), "uniqueItems": true })
}

#[cfg(test)]
mod tests;
