//! The progress of what takes long: a bar on a terminal, elsewhere a line every ten seconds. Both on standard error.
//!
//! The bar has no colours, so there is nothing to do for `NO_COLOR`.

use std::io::IsTerminal as _;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::output::{print_stderr, print_stdout};
use crate::model::Clock as _;
use crate::runtime::SystemClock;

/// The time between two lines.
const LINES_INTERVAL: Duration = Duration::from_secs(10);
const BAR: &str = "{prefix}  [{wide_bar}] {human_pos} of {human_len}, {eta} left  {msg}";

/// The progress of one thing. It is gone when it is dropped.
pub(super) struct Progress {
    bar: ProgressBar,
    what: String,
    total: u64,
    /// The time of the last line, or of the start; `None`: there is a bar.
    told_at: Option<Duration>,
}

impl Progress {
    /// The progress of `what`, of `total` steps.
    pub(super) fn new(what: &str, total: usize) -> Self {
        let total = u64::try_from(total).unwrap_or(u64::MAX);
        // One step is done before anybody has read how far it is.
        let is_drawn = total > 1 && std::io::stderr().is_terminal();
        let bar = if is_drawn {
            let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr());
            bar.with_style(style()).with_prefix(what.to_owned())
        } else {
            ProgressBar::hidden()
        };
        Self { bar, what: what.to_owned(), total, told_at: (!is_drawn).then(|| SystemClock.uptime()) }
    }

    /// So many steps are done.
    pub(super) fn at(&mut self, done: u64, note: &str) {
        self.bar.set_message(note.to_owned());
        self.bar.set_position(done);
        if let Some(line) = self.line(done, note, SystemClock.uptime()) {
            print_stderr(&line);
        }
    }

    /// Prints a line of data to standard output, above the bar.
    pub(super) fn print_stdout(&self, line: &str) {
        self.bar.suspend(|| print_stdout(line));
    }

    /// The line that is due.
    fn line(&mut self, done: u64, note: &str, now: Duration) -> Option<String> {
        let told_at = self.told_at.as_mut()?;
        if now.saturating_sub(*told_at) < LINES_INTERVAL {
            return None;
        }
        *told_at = now;
        let Self { what, total, .. } = self;
        let note = if note.is_empty() { String::new() } else { format!("  {note}") };
        Some(format!("{what}  {done} of {total}{note}"))
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

fn style() -> ProgressStyle {
    // The default has the same, less told: a test shows that the template is valid.
    ProgressStyle::with_template(BAR).unwrap_or_else(|_invalid| ProgressStyle::default_bar()).progress_chars("=> ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elsewhere_than_on_a_terminal_there_is_a_line_every_ten_seconds() {
        let (bar, start) = (ProgressBar::hidden(), Duration::from_secs(5));
        let mut progress = Progress { bar, what: "cancel".to_owned(), total: 500, told_at: Some(start) };
        let mut at = |seconds, done, note| progress.line(done, note, start + Duration::from_secs(seconds));
        assert_eq!(at(9, 100, ""), None);
        assert_eq!(at(10, 120, "").as_deref(), Some("cancel  120 of 500"));
        assert_eq!(at(19, 200, "2 rejected"), None);
        assert_eq!(at(21, 230, "2 rejected").as_deref(), Some("cancel  230 of 500  2 rejected"));
        progress.told_at = None;
        assert_eq!(progress.line(300, "", Duration::from_hours(1)), None, "there is a bar");
    }

    #[test]
    fn the_bar_has_a_valid_template() {
        assert!(ProgressStyle::with_template(BAR).is_ok());
    }
}
