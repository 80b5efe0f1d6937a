//! Runs a golden text: comments, commands, outputs.

use super::Command;
use super::error::{Error, Result};

/// A case of a golden text; it begins as its `Default`.
pub trait Case: Default {
    /// Executes a command and returns its output, in whole lines.
    fn run(&mut self, command: &Command) -> Result<String>;
}

/// Runs a text, and returns it with the outputs replaced by the current ones.
pub fn run<C: Case>(text: &str) -> Result<String> {
    let (mut case, mut after, mut commands) = (C::default(), String::new(), Vec::new());
    let mut lines = text.lines().zip(1..);
    while let Some((line, number)) = lines.next() {
        after.push_str(line);
        after.push('\n');
        let at_line = |error| Error::Line { line: number, error: Box::new(error) };
        if line.starts_with('#') {
            case = C::default();
        } else if line == "----" {
            for command in commands.drain(..) {
                after.push_str(&case.run(&command).map_err(at_line)?);
            }
            let more = lines.by_ref().any(|(line, _)| line.is_empty());
            after.push_str(if more { "\n" } else { "" });
        } else if !line.is_empty() {
            commands.push(Command::parse(line).map_err(at_line)?);
        }
    }
    if commands.is_empty() { Ok(after) } else { Err(Error::NoOutput) }
}
