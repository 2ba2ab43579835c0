//! `GET /openapi.json`: the routes' own types, as the `OpenAPI` format 3.1 wants them.

use axum::Json;
use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::route::Route;
use super::routes;

pub(super) fn route() -> Route {
    Route::get("/openapi.json", "This document.", async || Json(document())).answers::<Map<String, Value>>()
}

/// The document.
pub(super) fn document() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
    });
    let mut schemas = SchemaGenerator::new(settings);
    let mut paths: Map<String, Value> = Map::new();
    for route in routes() {
        let path = route.path.replace("{*", "{");
        let operations = paths.entry(path.clone()).or_insert_with(|| json!({}));
        operations[route.method] = operation(&route, &path, &mut schemas);
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "The control API of egress-sim",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "docs/control-api.md tells what each route is for.",
        },
        "paths": paths,
        "components": { "schemas": schemas.take_definitions(true) },
    })
}

fn operation(route: &Route, path: &str, schemas: &mut SchemaGenerator) -> Value {
    let in_path = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let parameter = |name: &str, place: &str, required: bool| json!({ "name": name, "in": place, "required": required, "schema": { "type": "string" } });
    let parameters: Vec<Value> = in_path
        .map(|name| parameter(name, "path", true))
        .chain(route.query.iter().map(|name| parameter(name, "query", false)))
        .collect();
    let answer = route.answer.map_or_else(|| json!({}), |answer| json!({ "schema": answer(schemas) }));
    let mut operation = json!({
        "summary": route.summary,
        "responses": {
            "200": { "description": "It is done.", "content": { "application/json": answer } },
            "4XX": {
                "description": "It was refused.",
                "content": { "application/json": { "schema": {
                    "type": "object",
                    "properties": { "error": { "type": "string" } },
                    "required": ["error"],
                } } },
            },
        },
    });
    if !parameters.is_empty() {
        operation["parameters"] = Value::Array(parameters);
    }
    if let Some(body) = route.body {
        operation["requestBody"] = json!({ "content": { "application/json": { "schema": body(schemas) } } });
    }
    operation
}
