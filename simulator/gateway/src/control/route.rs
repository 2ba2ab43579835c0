//! A route: what the server does with it, and what a document says of it.

use axum::handler::Handler;
use axum::routing::{self, MethodRouter};
use schemars::{JsonSchema, Schema, SchemaGenerator};

use super::Api;

/// See the head of this file.
pub(super) struct Route {
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    pub(super) summary: &'static str,
    /// What the body is to be.
    pub(super) body: Option<fn(&mut SchemaGenerator) -> Schema>,
    /// What it answers; none: nothing that JSON Schema could say more of.
    pub(super) answer: Option<fn(&mut SchemaGenerator) -> Schema>,
    /// Names of what may stand behind the `?`.
    pub(super) query: &'static [&'static str],
    pub(super) does: MethodRouter<Api>,
}

impl Route {
    fn new(method: &'static str, path: &'static str, summary: &'static str, does: MethodRouter<Api>) -> Route {
        Route { method, path, summary, body: None, answer: None, query: &[], does }
    }

    pub(super) fn get<H: Handler<T, Api>, T: 'static>(path: &'static str, summary: &'static str, does: H) -> Route {
        Route::new("get", path, summary, routing::get(does))
    }

    pub(super) fn post<H: Handler<T, Api>, T: 'static>(path: &'static str, summary: &'static str, does: H) -> Route {
        Route::new("post", path, summary, routing::post(does))
    }

    pub(super) fn put<H: Handler<T, Api>, T: 'static>(path: &'static str, summary: &'static str, does: H) -> Route {
        Route::new("put", path, summary, routing::put(does))
    }

    pub(super) fn delete<H: Handler<T, Api>, T: 'static>(path: &'static str, summary: &'static str, does: H) -> Route {
        Route::new("delete", path, summary, routing::delete(does))
    }

    /// Its body is one of these.
    pub(super) fn takes<B: JsonSchema>(self) -> Route {
        Route { body: Some(SchemaGenerator::subschema_for::<B>), ..self }
    }

    /// It answers one of these.
    pub(super) fn answers<A: JsonSchema>(self) -> Route {
        Route { answer: Some(SchemaGenerator::subschema_for::<A>), ..self }
    }

    pub(super) fn query(self, names: &'static [&'static str]) -> Route {
        Route { query: names, ..self }
    }
}
