//! The terminal: what may be coloured, what must be escaped, and pipes that close early.

use std::fmt::{self, Display};
use std::io::{self, IsTerminal as _, Write as _};

use anstyle::{AnsiColor, Style};

use crate::UserError;
use crate::exit::Exit;

/// Writes to stdout. A reader that went away is no error.
///
/// # Errors
/// Where stdout cannot take it, such as on a full disk.
pub fn print(text: &str) -> Result<Exit, UserError> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(UserError(format!("stdout cannot be written: {error}")))
        }
        _ => Ok(Exit::Held),
    }
}

/// Writes a line to stderr.
pub fn error(text: &str) {
    // There is nowhere left to complain.
    let _ = writeln!(io::stderr().lock(), "{}", text.trim_end());
}

/// Whether this runs in continuous integration: `CI` is set to anything that is not a no.
pub fn ci() -> bool {
    std::env::var_os("CI").is_some_and(|value| !["", "0", "false"].iter().any(|no| value == *no))
}

/// Whether stdout may be coloured.
pub fn colour() -> bool {
    let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let dumb = std::env::var_os("TERM").is_some_and(|value| value == "dumb");
    io::stdout().is_terminal() && !unwanted && !dumb && !ci()
}

/// Whether a progress bar may be drawn on stderr.
pub fn progress() -> bool {
    io::stderr().is_terminal() && !ci()
}

/// A text that others made, safe to print: control characters are written out, so that none moves the cursor, rings
/// or hides anything.
pub fn escape(text: &str) -> String {
    let dangerous = |c: char| {
        c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        if dangerous(c) { safe.extend(c.escape_default()) } else { safe.push(c) }
    }
    safe
}

/// Colours, or none.
#[derive(Clone, Copy, Debug)]
pub struct Paint(pub bool);

impl Paint {
    /// What is well.
    pub fn good<T: Display>(self, text: T) -> Painted<T> {
        self.with(AnsiColor::Green.on_default().bold(), text)
    }

    /// What is not.
    pub fn bad<T: Display>(self, text: T) -> Painted<T> {
        self.with(AnsiColor::Red.on_default().bold(), text)
    }

    /// What was injected, and what to look at.
    pub fn warn<T: Display>(self, text: T) -> Painted<T> {
        self.with(AnsiColor::Yellow.on_default(), text)
    }

    /// What matters less.
    pub fn faint<T: Display>(self, text: T) -> Painted<T> {
        self.with(Style::new().dimmed(), text)
    }

    /// Names.
    pub fn strong<T: Display>(self, text: T) -> Painted<T> {
        self.with(Style::new().bold(), text)
    }

    fn with<T>(self, style: Style, text: T) -> Painted<T> {
        Painted { style: if self.0 { style } else { Style::new() }, text }
    }
}

/// A text in a colour. Pad the text before painting it.
#[derive(Debug)]
pub struct Painted<T> {
    style: Style,
    text: T,
}

impl<T: Display> Display for Painted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}{}", self.style.render(), self.text, self.style.render_reset())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_made_cannot_drive_the_terminal() {
        assert_eq!(escape("tick\u{1b}[2J\r\nö → \u{202e}x"), "tick\\u{1b}[2J\\r\\nö → \\u{202e}x");
    }

    #[test]
    fn without_colour_nothing_is_added() {
        assert_eq!(Paint(false).bad("no").to_string(), "no");
        assert_eq!(Paint(true).bad("no").to_string(), "\u{1b}[1m\u{1b}[31mno\u{1b}[0m");
    }
}
