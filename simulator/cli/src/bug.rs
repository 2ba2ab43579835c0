//! Bugs of ours: a panic is kept until it is known that nobody meant it.
//!
//! A native operator may panic as well, and its host makes a trap of that, so the hook prints nothing by itself.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::panic;
use std::sync::Mutex;

use crate::console;
use crate::exit::Exit;
use crate::process;

/// The last panic, in words.
static LAST: Mutex<String> = Mutex::new(String::new());

/// From now on panics are kept instead of printed.
pub fn keep_panics() {
    panic::set_hook(Box::new(|panic| {
        let message = panic.payload_as_str().map_or_else(|| "a panic without a message".to_owned(), ToOwned::to_owned);
        let place = panic.location().map(|place| format!(" ({place})")).unwrap_or_default();
        let backtrace = Backtrace::capture();
        let backtrace = match backtrace.status() {
            BacktraceStatus::Captured => format!("\n{backtrace}"),
            _ => String::new(),
        };
        *LAST.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = format!("{message}{place}{backtrace}");
    }));
}

/// From now on a panic, in whatever thread, is told and ends the program: nobody waits for the threads of a server.
pub fn end_at_panics() {
    let keep = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        keep(panic);
        console::error(&report());
        process::kill_all();
        std::process::exit(Exit::Bug.code().into());
    }));
}

/// What to tell the user about the last panic.
pub fn report() -> String {
    let last = std::mem::take(&mut *LAST.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
    format!(
        "egress-sim {}: internal error: {last}\n\
         This is a bug of egress-sim, not of your operator. Please report it with this message, the command and the \
         scenario file.",
        env!("CARGO_PKG_VERSION")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_told_with_its_words_and_its_place() {
        keep_panics();
        let caught = panic::catch_unwind(|| panic!("event 12 of seed 7"));
        drop(panic::take_hook());
        assert!(caught.is_err());
        let report = report();
        assert!(report.contains("internal error: event 12 of seed 7 (simulator/cli/src/bug.rs:"), "{report}");
        assert!(report.contains("Please report it"), "{report}");
    }
}
