//! Where reports go: to stdout, or to a file that appears whole or not at all.

use std::path::Path;

use egress_sim_campaign::files;
use serde::Serialize;

use crate::{UserError, console};

/// Writes a whole file.
///
/// # Errors
/// Where it cannot be written; what was there before is then still there.
pub fn write(path: &Path, text: &str) -> Result<(), UserError> {
    files::write(path, text).map_err(UserError)
}

/// A report as people or machines want it: to stdout, or to a file. What machines read in a file leaves stderr for people.
///
/// # Errors
/// Where it cannot be written.
pub fn report(path: Option<&Path>, human: &str, machine: Option<&str>) -> Result<(), UserError> {
    match (path, machine) {
        (None, machine) => console::print(machine.unwrap_or(human)).map(drop),
        (Some(path), None) => write(path, human),
        (Some(path), Some(machine)) => {
            write(path, machine)?;
            console::error(human);
            Ok(())
        }
    }
}

/// A document of `--format json`, with a line break at its end.
pub fn json(document: &impl Serialize) -> String {
    let mut text = serde_json::to_string_pretty(document).expect("a report has nothing that JSON has not");
    text.push('\n');
    text
}
