//! Writes what happened to a scenario file.

use std::path::Path;

use super::error::{Error, Result};
use super::outcome::{Outcome, Played, StepOutcome};
use super::play::read;
use super::text::MARKER;

/// Replaces what is expected in a file by what happened; a scenario without a marker gets one at each step. Returns the
/// number of steps that were written, and leaves the file alone if there are none.
pub fn update(played: &Played) -> Result<usize> {
    let text = read(&played.path)?;
    let (written, steps) = updated(&text, &played.outcomes);
    if steps > 0 {
        write(&played.path, &written)?;
    }
    Ok(steps)
}

fn write(path: &Path, text: &str) -> Result<()> {
    std::fs::write(path, text).map_err(|error| Error::Write { path: path.to_owned(), error })
}

/// The text with what happened, and the number of steps that are different.
fn updated(text: &str, outcomes: &[Outcome]) -> (String, usize) {
    let end = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let mut lines: Vec<&str> = text.lines().collect();
    let (mut steps, mut replaced) = (0, Vec::new());
    for outcome in outcomes.iter().filter(|outcome| outcome.failure.is_none()) {
        let has_marker = outcome.steps.iter().any(|step| step.is_compared);
        let wanted = |step: &&StepOutcome| step.is_different() || !has_marker;
        replaced.extend(outcome.steps.iter().filter(wanted).map(|step| (step, step.actual())));
    }
    // From the end, so that the line numbers stay true.
    for (step, actual) in replaced.iter().rev() {
        let before = step.expected.len();
        let marker = if step.is_compared { None } else { Some(MARKER) };
        let new = marker.into_iter().chain(actual.iter().map(String::as_str));
        lines.splice(step.line..step.line + before, new);
        steps += 1;
    }
    (lines.iter().flat_map(|line| [*line, end]).collect(), steps)
}
