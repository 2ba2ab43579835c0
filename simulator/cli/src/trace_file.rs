//! `--trace FILE`: every record as a JSON object on a line of its own.

use std::io::{self, Write as _};
use std::path::Path;

use egress_sim_campaign::files::Whole;
use egress_sim_model::state::State;
use egress_sim_model::time::Time;
use egress_sim_model::trace::{Fact, Lane, Witness, render};
use serde::Serialize;
use serde_json::Value;

use crate::UserError;

/// Writes records as they come.
#[derive(Debug)]
pub struct TraceFile {
    file: Whole,
    /// The first error: nothing is written behind it.
    failed: Option<io::Error>,
}

#[derive(Serialize)]
struct Record<'a> {
    /// Nanoseconds since the Unix epoch.
    time: u64,
    sequence: u64,
    lane: Lane,
    /// The fact's name.
    kind: &'a str,
    /// What it carries.
    fact: &'a Value,
    /// The same in words.
    text: String,
}

impl TraceFile {
    /// Begins one.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn create(path: &Path) -> Result<TraceFile, UserError> {
        Ok(TraceFile { file: Whole::create(path).map_err(UserError)?, failed: None })
    }

    /// Puts it in its place.
    ///
    /// # Errors
    /// Where not all of it could be written; what was there before is then still there.
    pub fn finish(self) -> Result<(), UserError> {
        match self.failed {
            Some(error) => Err(UserError(self.file.problem(&error))),
            None => self.file.finish().map_err(UserError),
        }
    }

    fn write(&mut self, at: Time, sequence: u64, fact: &Fact<'_>, state: &State) -> io::Result<()> {
        let whole = serde_json::to_value(fact)?;
        let (kind, carried) = whole
            .as_object()
            .and_then(|whole| whole.iter().next())
            .unwrap_or_else(|| unreachable!("a fact is an object with its name as its key: {whole}"));
        let record = Record {
            time: at.0,
            sequence,
            lane: fact.lane(),
            kind: &snake_case(kind),
            fact: carried,
            text: render::line(fact, state),
        };
        serde_json::to_writer(&mut self.file, &record)?;
        self.file.write_all(b"\n")
    }
}

impl Witness for TraceFile {
    fn record(&mut self, at: Time, sequence: u64, fact: &Fact<'_>, state: &State) {
        if self.failed.is_none()
            && let Err(error) = self.write(at, sequence, fact, state)
        {
            self.failed = Some(error);
        }
    }
}

fn snake_case(name: &str) -> String {
    let mut snake = String::with_capacity(name.len() + 4);
    for c in name.chars() {
        if c.is_ascii_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.push(c.to_ascii_lowercase());
    }
    snake
}

#[cfg(test)]
mod tests;
