//! The document of `--format json`.

use serde::Serialize;

use super::Report;

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
    let mut text = serde_json::to_string_pretty(&document).expect("a report has nothing that JSON has not");
    text.push('\n');
    text
}
