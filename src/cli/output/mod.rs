//! Lines on standard output and standard error, and lists in four forms, once or again and again.

mod form;
mod line;
mod watch;

pub(super) use form::{Column, OutputArgs};
pub(super) use line::{print_stderr, print_stdout, printable};
pub(super) use watch::{Screen, WatchArgs};

/// True if the environment asks for no colours.
#[expect(clippy::disallowed_methods, reason = "the command line reads the environment; see no-color.org")]
pub(super) fn no_color() -> bool {
    std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
}
