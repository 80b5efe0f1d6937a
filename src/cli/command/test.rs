//! `sheaf test`: plays scenarios on the virtual clock, and compares what happens with what is expected.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;

use crate::cli::exit::Failure;
use crate::cli::output::{no_color, print_stdout};
use crate::testing::scenario::{
    self, DiffKind, Outcome, Played, StepOutcome, TestResult, diff, first_line, junit, pages, update,
};

/// Play scenarios of a topology on a virtual clock, and compare what happens with what they expect
#[derive(Debug, clap::Args)]
#[command(after_help = "\
A scenario file names a topology file and says what comes in and when; below each step stands what it leads to: states, \
deadlines, submissions, calls, alerts, dead letters. Nothing is connected to: the broker, the stores and the clock are in \
memory, and the file gives the answers of sinks. Days pass in milliseconds.

  topology control-m.yaml

  # A parent without its child.
  send ctm-parent-events at=0h {\"id\": \"018f3c1e-7d1e-7aaa-bbbb-000000000001\"}
  until 25h
  ----

  sheaf test topologies/*.scenario                 compare
  sheaf test topologies --update                   write what happens below each ----, for review with git diff
  sheaf test topologies --junit report.xml         a report for CI
  sheaf test topologies --html pages               a page for each scenario: its events on a timeline

docs/scenarios.md is the guide. Exit code 0 when all scenarios pass, 1 when something else happens or nothing is expected \
yet, 78 when a file cannot be read or has mistakes.")]
pub(super) struct Args {
    /// Scenario files, or directories with files *.scenario
    #[arg(required = true, value_name = "FILES")]
    paths: Vec<PathBuf>,
    /// Write what happens to the files
    #[arg(long)]
    update: bool,
    /// Write an XML report for CI systems, which Jenkins and GitLab read
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Write a page for each scenario, and index.html, to this directory
    #[arg(long, value_name = "DIR")]
    html: Option<PathBuf>,
}

pub(super) fn main(args: &Args) -> Result<ExitCode, Failure> {
    let (mut played, mut failures) = (Vec::new(), Vec::new());
    for file in scenario::files(&args.paths)? {
        match scenario::play(&file) {
            Ok(file) => played.push(file),
            Err(error) => failures.push(Failure::from(error)),
        }
    }
    let printer = Printer { colours: std::io::stdout().is_terminal() && !no_color() };
    if args.update {
        for file in &mut played {
            printer.updated(file, update(file)?);
            *file = scenario::play(&file.path)?;
        }
    }
    for file in &played {
        printer.file(file);
    }
    reports(args, &played)?;
    printer.summary(&played, failures.len());
    Failure::all(failures)?;
    let passed = outcomes(&played).all(|outcome| outcome.result() == TestResult::Passed);
    Ok(if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Writes the reports that were asked for.
fn reports(args: &Args, played: &[Played]) -> Result<(), Failure> {
    if let Some(path) = &args.junit {
        write(path, &junit(played))?;
    }
    let Some(directory) = &args.html else { return Ok(()) };
    std::fs::create_dir_all(directory).with_context(|| format!("--html: {} cannot be created", directory.display()))?;
    for page in pages(played) {
        write(&directory.join(page.name), &page.html)?;
    }
    Ok(())
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    Ok(std::fs::write(path, text).with_context(|| format!("{} cannot be written", path.display()))?)
}

fn outcomes(played: &[Played]) -> impl Iterator<Item = &Outcome> {
    played.iter().flat_map(|file| &file.outcomes)
}

/// Prints results.
struct Printer {
    colours: bool,
}

const GREEN: &str = "32";
const RED: &str = "31";
const YELLOW: &str = "33";
const GREY: &str = "90";

impl Printer {
    fn paint(&self, text: &str, colour: &str) -> String {
        if self.colours { format!("\x1b[{colour}m{text}\x1b[0m") } else { text.to_owned() }
    }

    fn updated(&self, file: &Played, steps: usize) {
        let path = file.path.display();
        match steps {
            0 => print_stdout(&self.paint(&format!("{path} is up to date"), GREY)),
            1 => print_stdout(&format!("{path}: 1 step is written")),
            _ => print_stdout(&format!("{path}: {steps} steps are written")),
        }
    }

    fn file(&self, file: &Played) {
        for outcome in &file.outcomes {
            let (word, colour) = match outcome.result() {
                TestResult::Passed => ("ok  ", GREEN),
                TestResult::Failed => ("FAIL", RED),
                TestResult::New => ("new ", YELLOW),
            };
            let place = format!("{}:{}", file.path.display(), outcome.line);
            print_stdout(&format!("{}  {place}  {}", self.paint(word, colour), outcome.title));
            if outcome.result() == TestResult::New {
                self.happens(outcome);
            }
            let is_failed = outcome.result() == TestResult::Failed;
            for step in outcome.steps.iter().filter(|step| is_failed && step.is_different()) {
                self.difference(file, step);
            }
            if let Some((line, message)) = &outcome.failure {
                print_stdout(&format!("\n      {}:{line}: {}\n", file.path.display(), self.paint(message, RED)));
            }
        }
    }

    /// What happens in a scenario that expects nothing.
    fn happens(&self, outcome: &Outcome) {
        print_stdout("      nothing is expected yet; --update writes to the file what happens:\n");
        for step in &outcome.steps {
            for command in step.commands.iter().map(String::as_str).chain(["----"]) {
                print_stdout(&format!("      {}", self.paint(command, GREY)));
            }
            for line in step.actual() {
                print_stdout(&format!("      {}", self.paint(&line, GREEN)));
            }
            print_stdout("");
        }
    }

    fn difference(&self, file: &Played, step: &StepOutcome) {
        let legend = [self.paint("- is expected", RED), self.paint("+ happens", GREEN)].join(", ");
        print_stdout(&format!("\n      {}:{}: {legend}", file.path.display(), first_line(step)));
        for line in diff(step) {
            let line = match line.kind {
                DiffKind::Same => format!("  {}", line.text),
                DiffKind::Expected => self.paint(&format!("- {}", line.text), RED),
                DiffKind::Happened => self.paint(&format!("+ {}", line.text), GREEN),
                DiffKind::Gap => self.paint("  ...", GREY),
            };
            print_stdout(&format!("      {line}"));
        }
        print_stdout("");
    }

    fn summary(&self, played: &[Played], broken: usize) {
        let count = |result| outcomes(played).filter(|outcome| outcome.result() == result).count();
        let (passed, failed, new) = (count(TestResult::Passed), count(TestResult::Failed), count(TestResult::New));
        let mut parts = vec![format!("{passed} passed")];
        let others = [
            (failed, "failed (--update writes what happens)"),
            (new, "without expectations"),
            (broken, if broken == 1 { "file is not played" } else { "files are not played" }),
        ];
        parts.extend(others.iter().filter(|(number, _)| *number > 0).map(|(number, what)| format!("{number} {what}")));
        let colour = if failed + new + broken == 0 { GREEN } else { RED };
        let total = outcomes(played).count();
        let scenarios = if total == 1 { "1 scenario".to_owned() } else { format!("{total} scenarios") };
        print_stdout(&self.paint(&format!("{scenarios}: {}", parts.join(", ")), colour));
    }
}
