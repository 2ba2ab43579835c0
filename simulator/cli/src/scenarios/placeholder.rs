//! Stands in for `egress_sim_model::scenario::{file, schema}` until they are there.

use egress_sim_model::scenario::Scenario;
use miette::Diagnostic;
use thiserror::Error;

#[derive(Clone, Debug, Error, Diagnostic)]
#[error("this build cannot read scenario files yet")]
pub struct FileError;

impl FileError {
    pub fn with_path(self, _path: &str) -> FileError {
        self
    }

    pub fn render(&self, path: &str) -> String {
        format!("{path}: error: {self}\n")
    }
}

pub fn parse(_name: &str, _source: &str) -> Result<Scenario, FileError> {
    Err(FileError)
}

pub fn schema() -> serde_json::Value {
    serde_json::json!({})
}
