//! The difference between what is expected and what happened, for people: objects one field in a line, and only what is near a change.

use similar::{ChangeTag, TextDiff};

use super::json;
use super::outcome::StepOutcome;

/// The unchanged lines that are shown around a change.
const CONTEXT_LINES: usize = 3;
/// The longest line whose object is not spread, in bytes.
const WIDTH_MAX: usize = 100;
/// The indentation of the lines of an object.
const INDENT: &str = "        ";

/// A line of a difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiffLine {
    /// What it is.
    pub kind: DiffKind,
    /// Its text.
    pub text: String,
}

/// What a line of a difference is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiffKind {
    /// It is expected, and it happened.
    Same,
    /// It is expected, and did not happen.
    Expected,
    /// It happened, and is not expected.
    Happened,
    /// Lines that are the same are left out here.
    Gap,
}

/// The difference of a step; no lines if there is none.
pub fn diff(step: &StepOutcome) -> Vec<DiffLine> {
    let (expected, actual) = (&step.expected, step.actual());
    let before = expanded(expected, &actual);
    let after = expanded(&actual, expected);
    let diff = TextDiff::from_lines(&before, &after);
    let mut lines = Vec::new();
    for group in diff.grouped_ops(CONTEXT_LINES) {
        if !lines.is_empty() {
            lines.push(DiffLine { kind: DiffKind::Gap, text: String::new() });
        }
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            let kind = match change.tag() {
                ChangeTag::Equal => DiffKind::Same,
                ChangeTag::Delete => DiffKind::Expected,
                ChangeTag::Insert => DiffKind::Happened,
            };
            lines.push(DiffLine { kind, text: change.value().trim_end_matches('\n').to_owned() });
        }
    }
    lines
}

/// The number of the first line of a file that is different.
pub fn first_line(step: &StepOutcome) -> usize {
    let same = step.expected.iter().zip(step.actual()).take_while(|(expected, actual)| *expected == actual).count();
    if same < step.expected.len() { step.line + same + 1 } else { step.line + same }
}

/// The lines as one text; objects in lines that the other side does not have are spread over several.
fn expanded(lines: &[String], other: &[String]) -> String {
    let mut text = String::new();
    for line in lines {
        let is_spread = line.len() > WIDTH_MAX && !other.contains(line);
        match json::tail(line).filter(|_| is_spread) {
            Some((head, object)) => {
                text.extend([head, "\n"].into_iter().filter(|_| !head.is_empty()));
                text.extend(object.iter().flat_map(|line| [INDENT, line.as_str(), "\n"]));
            }
            None => text.extend([line.as_str(), "\n"]),
        }
    }
    text
}
