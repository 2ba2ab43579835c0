//! The schema in `docs/` is the one that is made here, and every scenario file of the repository fits it.
//!
//! A whole validator would be a heavy dependency for the few words that the schema uses. [`misfit`] knows exactly those,
//! and fails on any other.

#![expect(clippy::disallowed_methods, reason = "tests read their fixtures")]

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::schema;
use crate::scenario::file::parse;
use crate::scenario::write::write;
use crate::time::Span;

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn scenario_files() -> Vec<(PathBuf, String)> {
    let folders = [repository().join("scenarios"), repository().join("scenarios/faults")];
    let entries = folders.iter().flat_map(|folder| fs::read_dir(folder).unwrap()).map(|entry| entry.unwrap().path());
    let files = entries.filter(|path| path.extension().is_some_and(|extension| extension == "toml"));
    files.map(|path| (path.clone(), fs::read_to_string(path).unwrap())).collect()
}

#[test]
fn the_schema_in_docs_is_up_to_date() {
    let path = repository().join("docs/scenario.schema.json");
    let now = format!("{}\n", serde_json::to_string_pretty(&schema()).unwrap());
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        fs::write(&path, &now).unwrap();
    }
    let stored: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    assert_eq!(stored, schema(), "run this test with UPDATE_SCHEMA=1 and commit docs/scenario.schema.json");
}

#[test]
fn every_scenario_of_the_repository_is_read_and_fits_the_schema() {
    let files = scenario_files();
    assert!(files.len() >= 6);
    for (path, source) in files {
        let stem = path.file_stem().unwrap().to_str().unwrap();
        let scenario = parse(stem, &source).unwrap_or_else(|error| panic!("{}", error.render(&path.to_string_lossy())));
        assert_eq!(misfit(&schema(), &json_of(&source)), None, "{}", path.display());
        let canonical = write(&scenario);
        assert_eq!(misfit(&schema(), &json_of(&canonical)), None, "{}, written:\n{canonical}", path.display());
        assert_eq!(parse(stem, &canonical).unwrap(), scenario, "{}", path.display());
        for (what, text) in
            [("title", &scenario.title), ("question", &scenario.question), ("expected", &scenario.expected)]
        {
            assert!(!text.is_empty(), "{} has no {what}", path.display());
        }
        assert!(scenario.expects.iter().any(|expect| expect.operator == "builtin:reference"), "{}", path.display());
    }
}

#[test]
fn what_the_reader_refuses_for_its_shape_the_schema_refuses_too() {
    for broken in [
        "title = \"x\"",
        "format = 1\ntitel = \"x\"",
        "format = 1\nseed = -1",
        "format = 1\n[world]\nlist_page = 1001",
        "format = 1\n[world]\nhorizon = \"1 day\"",
        "format = 1\n[world]\nwebhook_events = []",
        "format = 1\n[[tenant]]\nname = \"a\"",
        "format = 1\n[[fault]]\ndo = \"s3.nothing\"",
        "format = 1\n[[expect]]\ncounts = { call = 1 }",
    ] {
        assert!(parse("broken", broken).is_err(), "{broken}");
        assert!(misfit(&schema(), &json_of(broken)).is_some(), "{broken}");
    }
}

/// As Taplo sees a file: a moment is a text.
fn json_of(source: &str) -> Value {
    fn convert(value: toml::Value) -> Value {
        match value {
            toml::Value::Datetime(at) => json!(at.to_string()),
            toml::Value::Array(items) => items.into_iter().map(convert).collect(),
            toml::Value::Table(table) => {
                Value::Object(table.into_iter().map(|(key, value)| (key, convert(value))).collect())
            }
            other => serde_json::to_value(other).unwrap(),
        }
    }
    convert(toml::Value::Table(source.parse().unwrap()))
}

/// Where a value does not fit a schema.
fn misfit(schema: &Value, value: &Value) -> Option<String> {
    let rules = schema.as_object().unwrap();
    rules.iter().find_map(|(rule, wanted)| {
        let fits = match rule.as_str() {
            "$schema" | "title" | "description" | "default" => true,
            "type" => match wanted.as_str().unwrap() {
                "object" => value.is_object(),
                "array" => value.is_array(),
                "string" => value.is_string(),
                "integer" => value.is_u64() || value.is_i64(),
                "boolean" => value.is_boolean(),
                other => panic!("the schema uses the type {other}"),
            },
            "minimum" => value.as_i64().is_none_or(|number| i128::from(number) >= i128::from(wanted.as_u64().unwrap())),
            "maximum" => value.as_u64().is_none_or(|number| number <= wanted.as_u64().unwrap()),
            "minLength" => value.as_str().is_none_or(|text| text.len() as u64 >= wanted.as_u64().unwrap()),
            "minItems" => value.as_array().is_none_or(|items| items.len() as u64 >= wanted.as_u64().unwrap()),
            "uniqueItems" => {
                value.as_array().is_none_or(|items| (1..items.len()).all(|at| !items[..at].contains(&items[at])))
            }
            "pattern" if *wanted == json!(super::SPAN) => value.as_str().is_none_or(|text| Span::parse(text).is_ok()),
            "enum" => wanted.as_array().unwrap().contains(value),
            "anyOf" => wanted.as_array().unwrap().iter().any(|one| misfit(one, value).is_none()),
            "required" => wanted.as_array().unwrap().iter().all(|key| value.get(key.as_str().unwrap()).is_some()),
            "items" => {
                let misfits = value.as_array().into_iter().flatten().find_map(|item| misfit(wanted, item));
                return misfits;
            }
            "properties" => {
                let mut entries = value.as_object().into_iter().flatten();
                return entries.find_map(|(key, inner)| Some(format!("{key}: {}", misfit(wanted.get(key)?, inner)?)));
            }
            "additionalProperties" => {
                let known = rules["properties"].as_object().unwrap();
                value.as_object().is_none_or(|entries| entries.keys().all(|key| known.contains_key(key)))
            }
            other => panic!("the schema uses the rule {other}"),
        };
        (!fits).then(|| format!("{rule} {wanted} does not allow {value}"))
    })
}
