//! The text of a scenario file: its topology, its scenarios, their steps and what is expected of them.

use std::path::Path;

use super::action::{Action, HEADERS, Timed};
use super::error::Mistake;
use super::names::Names;
use crate::testing::golden::Command;

/// The line between commands and what is expected of them.
pub(super) const MARKER: &str = "----";

/// A scenario file.
#[derive(Debug)]
pub(super) struct File {
    /// The topology file, relative to this one, and the line that names it.
    pub topology: (usize, String),
    /// The settings, as `--set` takes them.
    pub settings: Vec<String>,
    pub names: Names,
    pub scenarios: Vec<Scenario>,
}

/// A scenario: a comment, and the steps below it.
#[derive(Debug)]
pub(super) struct Scenario {
    /// The line of its first comment, from 1.
    pub line: usize,
    /// The comment, in one line.
    pub comment: String,
    pub steps: Vec<Step>,
}

impl Scenario {
    /// Shows the contents of requests from its beginning.
    pub(super) fn show_requests(&mut self) {
        let timed = Timed { now: None, action: Action::Requests };
        let line = Line { number: self.line, last: self.line, text: String::new(), timed };
        self.steps.insert(0, Step { commands: vec![line], expected: None });
    }
}

/// A paragraph: commands, and what is expected of them.
#[derive(Debug, Default)]
pub(super) struct Step {
    pub commands: Vec<Line>,
    /// `None` without a marker: the step is not compared.
    pub expected: Option<Expected>,
}

/// A command with its line.
#[derive(Debug)]
pub(super) struct Line {
    /// The number of its first line, from 1.
    pub number: usize,
    /// The number of its last line.
    pub last: usize,
    /// Its text, in one line.
    pub text: String,
    pub timed: Timed,
}

/// What is expected of a step.
#[derive(Debug)]
pub(super) struct Expected {
    /// The number of the marker's line, from 1.
    pub marker: usize,
    pub lines: Vec<String>,
}

/// Parses a file.
///
/// # Errors
/// All mistakes.
pub(super) fn parse(path: &Path, text: &str) -> Result<File, Vec<Mistake>> {
    let mut parser = Parser::new(path);
    let mut lines = text.lines().zip(1..).peekable();
    while let Some((line, number)) = lines.next() {
        if line == MARKER {
            let expected = lines.by_ref().map(|(line, _)| line.to_owned()).take_while(|line| !line.is_empty());
            let expected = Expected { marker: number, lines: expected.collect() };
            parser.marker(expected);
        } else if let Some(comment) = line.strip_prefix('#') {
            parser.comment(number, comment.trim());
        } else if line.trim().is_empty() {
            parser.end_step();
        } else {
            let (mut whole, mut last) = (line.to_owned(), number);
            while let Some((more, number)) = lines.next_if(|(more, _)| is_continued(more)) {
                whole = format!("{whole} {}", more.trim());
                last = number;
            }
            parser.command(&whole, number, last);
        }
    }
    parser.finish()
}

/// True for a line that continues the command above it.
fn is_continued(line: &str) -> bool {
    line.starts_with([' ', '\t']) && !line.trim().is_empty()
}

struct Parser<'a> {
    path: &'a Path,
    topology: Option<(usize, String)>,
    settings: Vec<String>,
    names: Names,
    scenarios: Vec<Scenario>,
    comment: Option<(usize, Vec<String>)>,
    step: Step,
    mistakes: Vec<Mistake>,
}

impl<'a> Parser<'a> {
    fn new(path: &'a Path) -> Self {
        let (settings, scenarios, mistakes) = (Vec::new(), Vec::new(), Vec::new());
        let (names, step) = (Names::default(), Step::default());
        Self { path, topology: None, settings, names, scenarios, comment: None, step, mistakes }
    }

    fn mistake(&mut self, line: usize, text: &str, message: impl Into<String>, hint: Option<String>) {
        let (path, text, message) = (self.path.to_owned(), text.to_owned(), message.into());
        self.mistakes.push(Mistake { path, line, text, message, hint });
    }

    fn comment(&mut self, number: usize, text: &str) {
        self.end_step();
        let (_, lines) = self.comment.get_or_insert_with(|| (number, Vec::new()));
        lines.push(text.to_owned());
    }

    fn marker(&mut self, expected: Expected) {
        if self.step.commands.is_empty() {
            let hint = "write the commands, then the line `----`, without an empty line between them".to_owned();
            self.mistake(expected.marker, MARKER, "there is no command above this line", Some(hint));
        }
        self.step.expected = Some(expected);
        self.end_step();
    }

    fn end_step(&mut self) {
        let step = std::mem::take(&mut self.step);
        if let (Some(scenario), false) = (self.scenarios.last_mut(), step.commands.is_empty()) {
            scenario.steps.push(step);
        }
    }

    fn command(&mut self, text: &str, number: usize, last: usize) {
        let command = match Command::parse(&self.names.fill(text)) {
            Ok(command) => command,
            Err(error) => return self.mistake(number, text, error.to_string(), None),
        };
        if HEADERS.contains(&command.name.as_str()) && self.scenarios.is_empty() {
            return self.header(text, number);
        }
        self.begin_scenario(number);
        match Timed::read(&command) {
            Ok(timed) => {
                self.step.commands.push(Line { number, last, text: text.to_owned(), timed });
            }
            Err((message, hint)) => self.mistake(number, text, message, hint),
        }
    }

    fn header(&mut self, text: &str, number: usize) {
        // The comment above is that of the file.
        self.comment = None;
        let (name, value) = text.split_once(' ').unwrap_or((text, ""));
        let value = value.trim().to_owned();
        match name {
            _ if value.is_empty() => self.mistake(number, text, format!("`{name}` needs another word"), None),
            "set" => self.settings.push(value),
            "let" => {
                if let Err(message) = self.names.add(&value) {
                    self.mistake(
                        number,
                        text,
                        message,
                        Some("as in `let p1 018f3c1e-7d1e-7aaa-bbbb-000000000001`".to_owned()),
                    );
                }
            }
            _ if self.topology.is_some() => {
                let hint = Some("write another file for another topology".to_owned());
                self.mistake(number, text, "the topology is named already", hint);
            }
            _ => self.topology = Some((number, value)),
        }
    }

    fn begin_scenario(&mut self, number: usize) {
        if let Some((line, lines)) = self.comment.take() {
            self.scenarios.push(Scenario { line, comment: lines.join(" "), steps: Vec::new() });
        } else if self.scenarios.is_empty() {
            self.scenarios.push(Scenario { line: number, comment: String::new(), steps: Vec::new() });
        }
    }

    fn finish(mut self) -> Result<File, Vec<Mistake>> {
        self.end_step();
        if self.topology.is_none() {
            let hint = "begin the file with `topology FILE`; the path is relative to this file".to_owned();
            self.mistake(1, "", "the file names no topology", Some(hint));
        }
        if self.scenarios.is_empty() && self.mistakes.is_empty() {
            let hint = "write `# What happens`, and `send TOPIC {..}` below it".to_owned();
            self.mistake(1, "", "the file has no scenario", Some(hint));
        }
        self.mistakes.sort_by_key(|mistake| mistake.line);
        match self.topology {
            Some(topology) if self.mistakes.is_empty() => {
                Ok(File { topology, settings: self.settings, names: self.names, scenarios: self.scenarios })
            }
            Some(_) | None => Err(self.mistakes),
        }
    }
}
