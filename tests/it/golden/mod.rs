//! Golden text: what a processor does, written so that a domain expert can read it.
//!
//! ```text
//! # A child that arrives before its parent waits for it.        a comment begins a new case, in a fresh world
//! child parent=p1 n=1 at=0h                                     commands: a name, words, name=value
//! ----
//! state   open waiting_for=parent children={1}                  what came of them, up to an empty line
//! ```
//!
//! | file | what it is |
//! |---|---|
//! | this one | the files' format, running them, the difference |
//! | `command` | one command line |
//! | `stage` | a world for any `Processor`: entries, timers, a clock, and how effects are printed |
//! | `bundle`, `delivery` | the words of one processor |
//!
//! `SHEAF_UPDATE_GOLDEN=1 cargo test --test it golden` writes what comes out into the files, for review with `git diff`.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a golden file that cannot be run fails its test"
)]

mod bundle;
mod command;
mod delivery;
mod stage;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

pub(crate) use command::Command;

/// What commands are given to.
pub(crate) trait World: Default {
    /// Carries out one command and says what came of it, in lines. `Err`: the file is at fault.
    fn run(&mut self, command: &Command) -> Result<String, String>;
}

/// Runs each file of `tests/golden/<directory>` and fails with every difference.
pub(crate) fn check<W: World>(directory: &str) {
    #[expect(clippy::disallowed_methods, reason = "the one switch of the golden files, as of every test tool")]
    let update = std::env::var_os("SHEAF_UPDATE_GOLDEN").is_some_and(|value| value == "1");
    let files = files(directory);
    assert!(!files.is_empty(), "no golden files in tests/golden/{directory}");
    let mut report = String::new();
    for path in files {
        let before = std::fs::read_to_string(&path).expect("a golden file can be read");
        let after = rerun::<W>(&before).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        if before == after {
            continue;
        }
        if update {
            std::fs::write(&path, after).expect("a golden file can be written");
        } else {
            write!(report, "\n{}\n{}", path.display(), difference(&before, &after))
                .expect("a string can be written to");
        }
    }
    assert!(
        report.is_empty(),
        "- is what the file says, + is what came out (SHEAF_UPDATE_GOLDEN=1 accepts it)\n{report}"
    );
}

fn files(directory: &str) -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(directory);
    let entries = std::fs::read_dir(&root).unwrap_or_else(|error| panic!("{}: {error}", root.display()));
    let mut files: Vec<_> = entries
        .map(|entry| entry.expect("a directory can be listed").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "txt"))
        .collect();
    files.sort();
    files
}

/// The text with what comes out now in place of what came out before.
fn rerun<W: World>(text: &str) -> Result<String, String> {
    let (mut world, mut after, mut commands) = (W::default(), String::new(), Vec::new());
    let mut lines = text.lines().enumerate();
    while let Some((index, line)) = lines.next() {
        after.push_str(line);
        after.push('\n');
        if line.starts_with('#') {
            world = W::default();
        } else if line == "----" {
            for command in commands.drain(..) {
                let out = world.run(&command).map_err(|error| format!("line {}: {error}", index + 1))?;
                after.push_str(&out);
            }
            let more = lines.by_ref().map(|(_, line)| line).find(|line| line.is_empty()).is_some();
            after.push_str(if more { "\n" } else { "" });
        } else if !line.is_empty() {
            commands.push(Command::parse(line).map_err(|error| format!("line {}: {error}", index + 1))?);
        }
    }
    if commands.is_empty() { Ok(after) } else { Err("the last commands have no `----` behind them".to_owned()) }
}

/// The lines that differ, with two lines around them (longest common subsequence).
fn difference(before: &str, after: &str) -> String {
    let (old, new): (Vec<_>, Vec<_>) = (before.lines().collect(), after.lines().collect());
    let mut common = vec![vec![0; new.len() + 1]; old.len() + 1];
    for (i, a) in old.iter().enumerate().rev() {
        for (j, b) in new.iter().enumerate().rev() {
            common[i][j] = if a == b { common[i + 1][j + 1] + 1 } else { common[i + 1][j].max(common[i][j + 1]) };
        }
    }
    let (mut i, mut j, mut lines) = (0, 0, Vec::new());
    while i < old.len() || j < new.len() {
        if i < old.len() && j < new.len() && old[i] == new[j] {
            lines.push((' ', old[i]));
            (i, j) = (i + 1, j + 1);
        } else if j == new.len() || (i < old.len() && common[i + 1][j] >= common[i][j + 1]) {
            lines.push(('-', old[i]));
            i += 1;
        } else {
            lines.push(('+', new[j]));
            j += 1;
        }
    }
    let near = |at: usize| lines[at.saturating_sub(2)..(at + 3).min(lines.len())].iter().any(|(sign, _)| *sign != ' ');
    let shown = (0..lines.len()).filter(|at| near(*at));
    shown.map(|at| format!("{} {}\n", lines[at].0, lines[at].1)).collect::<Vec<_>>().concat()
}

#[test]
fn the_bundle_does_what_its_golden_files_say() {
    check::<stage::Stage<bundle::Words>>("bundle");
}

#[test]
fn the_delivery_does_what_its_golden_files_say() {
    check::<stage::Stage<delivery::Words>>("delivery");
}

/// Says each command again.
#[derive(Default)]
struct Echo(usize);

impl World for Echo {
    fn run(&mut self, command: &Command) -> Result<String, String> {
        self.0 += 1;
        Ok(format!("{} {}\n", self.0, command.name))
    }
}

#[test]
fn a_comment_begins_a_fresh_world_and_old_output_is_replaced() {
    let before = "# one\na\nb\n----\nstale\nstale\n\nc\n----\n\n# two\nd\n----\n";
    let after = rerun::<Echo>(before).unwrap();
    assert_eq!(after, "# one\na\nb\n----\n1 a\n2 b\n\nc\n----\n3 c\n\n# two\nd\n----\n1 d\n");
    assert_eq!(rerun::<Echo>(&after).unwrap(), after);
    assert_eq!(difference("a\nb\nc\n", "a\nx\nc\n"), "  a\n- b\n+ x\n  c\n");
    assert!(rerun::<Echo>("a\n").is_err());
}
