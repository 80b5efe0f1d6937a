//! What came out of the scenarios of a file.

use std::path::PathBuf;

use crate::model::Timestamp;

/// A file that was played.
#[derive(Clone, Debug)]
pub struct Played {
    /// Its path.
    pub path: PathBuf,
    /// The name of its topology.
    pub topology: String,
    /// A diagram of the topology.
    pub diagram: String,
    /// Its scenarios, in their order.
    pub outcomes: Vec<Outcome>,
}

/// What came out of a scenario.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The line on which it begins, from 1.
    pub line: usize,
    /// The first sentence of its comment.
    pub title: String,
    /// The other sentences.
    pub description: String,
    /// Its steps, in their order.
    pub steps: Vec<StepOutcome>,
    /// The entries at its end, by processor, upstream first, and by key.
    pub ends: Vec<EndState>,
    /// Why it could not be played to its end, with the line of the command.
    pub failure: Option<(usize, String)>,
}

/// An entry at the end of a scenario.
#[derive(Clone, Debug)]
pub struct EndState {
    /// The name of its processor.
    pub processor: String,
    /// What its processor shows of it ([`Processor::show`](crate::processor::Processor::show)).
    pub shown: serde_json::Value,
    /// A flow's way through its definition, as an SVG document; `None` of another entry.
    pub picture: Option<String>,
}

/// What came out of a step.
#[derive(Clone, Debug)]
pub struct StepOutcome {
    /// The line of its marker, or of its last command without one, from 1.
    pub line: usize,
    /// True with a marker.
    pub is_compared: bool,
    /// The lines below its marker.
    pub expected: Vec<String>,
    /// Its commands, as they stand in the file.
    pub commands: Vec<String>,
    /// What happened, in the order of time.
    pub moments: Vec<Moment>,
}

/// What happened at one time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moment {
    /// The time of the clock.
    pub at: Timestamp,
    /// The command that led to it; `None` for timers that were due.
    pub command: Option<String>,
    /// What it led to, as golden text.
    pub lines: Vec<String>,
}

/// The result of a scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TestResult {
    /// What happened is what is expected.
    Passed,
    /// Something else happened, or a command could not be carried out.
    Failed,
    /// Nothing is expected yet.
    New,
}

impl TestResult {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::New => "new",
        }
    }
}

impl Outcome {
    /// The result.
    pub fn result(&self) -> TestResult {
        if self.failure.is_some() {
            TestResult::Failed
        } else if self.is_new() {
            TestResult::New
        } else if self.steps.iter().any(StepOutcome::is_different) {
            TestResult::Failed
        } else {
            TestResult::Passed
        }
    }

    /// True if nothing stands below any marker.
    pub fn is_new(&self) -> bool {
        self.steps.iter().all(|step| step.expected.is_empty())
    }
}

impl StepOutcome {
    /// What happened, as the lines below a marker.
    pub fn actual(&self) -> Vec<String> {
        let lines: Vec<String> = self.moments.iter().flat_map(Moment::text).collect();
        if lines.is_empty() { vec![NOTHING.to_owned()] } else { lines }
    }

    /// True if it is compared and something else happened.
    pub fn is_different(&self) -> bool {
        self.is_compared && self.expected != self.actual()
    }
}

/// The line of a step that leads to nothing.
const NOTHING: &str = "nothing";

impl Moment {
    /// Its lines in the text of a scenario.
    fn text(&self) -> Vec<String> {
        let due = self.command.is_none().then(|| format!("due     {}", crate::testing::golden::hours(self.at)));
        due.into_iter().chain(self.lines.iter().cloned()).collect()
    }
}
