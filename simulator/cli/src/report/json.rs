//! The document of `--format json`.

use serde::Serialize;

use super::Report;
use crate::output;

/// The version of the document.
const FORMAT: u32 = 1;

#[derive(Serialize)]
struct Document<'a> {
    format: u32,
    tool: &'static str,
    runs: &'a [Report],
}

/// The document, with a line break at its end.
pub fn document(runs: &[Report]) -> String {
    let tool = concat!("egress-sim ", env!("CARGO_PKG_VERSION"));
    let document = Document { format: FORMAT, tool, runs };
    output::json(&document)
}
