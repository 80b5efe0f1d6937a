//! Lines on standard output and standard error, and lists in four forms.

mod form;

pub(super) use form::{Column, OutputArgs};

use std::io::Write as _;

/// Prints a line of data to standard output. A closed pipe (`| head`) is not a failure.
pub(super) fn print_stdout(line: &str) {
    let (Ok(()) | Err(_)) = writeln!(std::io::stdout(), "{line}");
}

/// Prints a message to standard error.
pub(super) fn print_stderr(line: &str) {
    let (Ok(()) | Err(_)) = writeln!(std::io::stderr(), "{line}");
}

/// True if the environment asks for no colours.
#[expect(clippy::disallowed_methods, reason = "the command line reads the environment; see no-color.org")]
pub(super) fn no_color() -> bool {
    std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
}
