//! Lines on standard output and standard error.

use std::io::Write as _;

/// Prints a line of data to standard output. A closed pipe (`| head`) is not a failure.
pub(in crate::cli) fn print_stdout(line: &str) {
    let (Ok(()) | Err(_)) = writeln!(std::io::stdout(), "{line}");
}

/// Prints a message to standard error.
pub(in crate::cli) fn print_stderr(line: &str) {
    let (Ok(()) | Err(_)) = writeln!(std::io::stderr(), "{line}");
}

/// Text that a terminal prints and does not obey: control characters are escaped.
pub(in crate::cli) fn printable(text: &str) -> String {
    let escaped = text.chars().map(|c| if c.is_control() { c.escape_default().to_string() } else { c.to_string() });
    escaped.collect()
}
