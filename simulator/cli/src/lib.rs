//! The command line of egress-sim: it parses, calls and prints, and decides nothing about a world.
//!
//! Data goes to stdout, everything else to stderr. [`exit`] holds what the exit codes mean, [`run`] the main command,
//! [`report`] what is printed of a run, [`operator`] what an `OP` is and [`scenarios`] where scenarios come from.

use std::ffi::OsString;
use std::panic::{self, AssertUnwindSafe};
use std::process::ExitCode;

pub mod arguments;
mod bug;
pub mod console;
pub mod determinism;
pub mod exit;
pub mod expect;
pub mod explain;
pub mod fuzz;
pub mod hunt;
pub mod import;
mod interrupt;
pub mod merge;
pub mod operator;
pub mod output;
mod process;
mod progress;
pub mod promote;
mod prose;
pub mod reduce;
pub mod report;
mod reserved;
pub mod run;
pub mod scenarios;
pub mod serve;
pub mod story;
pub mod sweep;
#[cfg(test)]
mod testing;
pub mod trace_file;

use arguments::{Arguments, Command, SchemaOf};
use clap::Parser as _;
use clap::error::ErrorKind;
use exit::Exit;

/// Something the user can put right: bad input, a path, a disk. It is printed to stderr and ends in [`Exit::Usage`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct UserError(pub String);

/// Parses the arguments, does what they say, and gives the exit code.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    bug::keep_panics();
    let exit = panic::catch_unwind(AssertUnwindSafe(|| dispatch(arguments))).unwrap_or_else(|_| {
        console::error(&bug::report());
        Exit::Bug
    });
    ExitCode::from(exit.code())
}

fn dispatch(arguments: impl IntoIterator<Item = OsString>) -> Exit {
    let command = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments.command,
        Err(error) => {
            // A closed pipe is the reader's choice, and clap's own exit code for usage is 2.
            let _ = error.print();
            return match error.kind() {
                ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => Exit::Held,
                _ => Exit::Usage,
            };
        }
    };
    let done = match command {
        Command::Run(arguments) => run::run(&arguments),
        Command::Explain { id: Some(id) } => explain::explain(&id).and_then(|text| console::print(&text)),
        Command::Explain { id: None } => console::print(&explain::index()),
        Command::Operators => console::print(&operator::list()),
        Command::Schema { of: SchemaOf::Scenario } => console::print(&scenarios::schema()),
        Command::Schema { of: SchemaOf::Campaign } => console::print(&fuzz::schema()),
        Command::Replay(arguments) => run::replay::replay(&arguments),
        Command::Fuzz(arguments) => fuzz::fuzz(&arguments),
        Command::Reduce(arguments) => reduce::reduce(&arguments),
        Command::Merge(arguments) => merge::merge(&arguments),
        Command::Promote(arguments) => promote::promote(&arguments),
        Command::Serve(arguments) => serve::serve(&arguments),
        Command::Import(arguments) => import::import(&arguments),
    };
    done.unwrap_or_else(|error| {
        console::error(&format!("egress-sim: {error}"));
        Exit::Usage
    })
}
