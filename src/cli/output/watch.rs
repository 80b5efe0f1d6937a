//! `--watch`: a list that is printed again and again.

use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;
use std::time::Duration;

use terminal_size::{Height, terminal_size_of};

use super::form::OutputArgs;
use super::line::{print_stderr, print_stdout};
use crate::cli::exit::Failure;
use crate::model::Clock as _;
use crate::runtime::SystemClock;

/// The option of every list.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(in crate::cli) struct WatchArgs {
    /// Print the list again every two seconds, or so many, until it is interrupted
    #[arg(
        short = 'w',
        long,
        value_name = "SECONDS",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "2",
        value_parser = clap::value_parser!(u64).range(1..)
    )]
    watch: Option<u64>,
}

/// What a list prints once.
#[derive(Debug)]
pub(in crate::cli) struct Screen {
    /// The list.
    pub text: String,
    /// What is to be known about it.
    pub notes: Vec<String>,
}

impl WatchArgs {
    /// Every two seconds, if nothing else was asked for.
    pub(in crate::cli) fn or_always(self) -> Self {
        Self { watch: self.watch.or(Some(2)) }
    }

    /// Prints a list once, or again and again. The first failure ends it; a later one is shown instead of the list.
    pub(in crate::cli) fn print(
        self,
        output: OutputArgs,
        list: impl Fn() -> Result<Screen, Failure>,
    ) -> Result<ExitCode, Failure> {
        let screen = list()?;
        let Some(seconds) = self.watch else {
            print_stdout(&screen.text);
            print_notes(&screen.notes);
            return Ok(ExitCode::SUCCESS);
        };
        let waits = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let mut next = Ok(screen);
        loop {
            let Screen { text, notes } = next.unwrap_or_else(|failure: Failure| Screen {
                text: format!("error: {}", failure.text()),
                notes: Vec::new(),
            });
            if output.is_table() && std::io::stdout().is_terminal() {
                redraw(&format!("{}\n{text}\n{}", separator(), notes.join("\n")));
            } else {
                // A program that reads JSON or CSV finds no line that is none.
                let print_separator = if output.is_table() { print_stdout } else { print_stderr };
                print_separator(&separator());
                print_stdout(&text);
                print_notes(&notes);
            }
            waits.block_on(async { tokio::time::sleep(Duration::from_secs(seconds)).await });
            next = list();
        }
    }
}

fn print_notes(notes: &[String]) {
    for note in notes {
        print_stderr(note);
    }
}

/// `--- 2026-11-29 17:00:00Z`.
fn separator() -> String {
    let now = SystemClock.now().to_string();
    let (date, time) = now.split_once('T').unwrap_or((&now, ""));
    format!("--- {date} {}Z", time.split('.').next().unwrap_or_default())
}

/// Prints a text over the former one, as much of it as the terminal has lines.
fn redraw(text: &str) {
    let height = terminal_size_of(std::io::stdout()).map_or(usize::MAX, |(_, Height(lines))| usize::from(lines));
    let (Ok(()) | Err(_)) = std::io::stdout().write_all(drawn(text, height).as_bytes());
    let (Ok(()) | Err(_)) = std::io::stdout().flush();
}

/// From the first line of the terminal on; what is left of each line, and below the last one, is erased.
fn drawn(text: &str, height: usize) -> String {
    let lines: Vec<&str> = text.trim_end().lines().collect();
    let fits = if lines.len() < height { lines.len() } else { height.saturating_sub(2) };
    let rest = lines.len() - fits;
    let kept = lines.iter().take(fits).map(|line| format!("{line}\x1b[K\n"));
    let more = (rest > 0).then(|| format!("and {rest} more lines: -o csv has all, --status and --limit fewer\x1b[K\n"));
    std::iter::once("\x1b[H".to_owned()).chain(kept).chain(more).chain(std::iter::once("\x1b[J".to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_is_drawn_over_as_far_as_it_has_lines() {
        assert_eq!(drawn("a\nb\n", 10), "\x1b[Ha\x1b[K\nb\x1b[K\n\x1b[J");
        let cut = drawn("1\n2\n3\n4\n5", 5);
        assert!(cut.contains("3\x1b[K\nand 2 more lines: ") && !cut.contains('4'), "{cut:?}");
        assert!(!drawn("1\n2\n3\n4", 5).contains("more lines"));
    }

    #[test]
    fn a_separator_has_the_time() {
        let line = separator();
        assert!(line.starts_with("--- 2") && line.ends_with('Z') && line.len() == 24, "{line}");
    }
}
