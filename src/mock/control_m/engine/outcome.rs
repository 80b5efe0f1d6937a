//! Rules for how jobs end, for tests and demonstrations.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::super::definition::Work;
use super::super::pattern;

/// How some jobs end; what is not said is as the command says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Outcome {
    /// The names of the jobs; `*` stands for any text. Empty means all.
    pub job: String,
    /// The same for their commands.
    pub command: String,
    /// How long they execute, in milliseconds.
    pub duration_ms: Option<u64>,
    /// Their exit code; 0 ends OK.
    pub exit: Option<i32>,
    /// Their output.
    pub output: Option<String>,
    /// How many runs it is for; none means all.
    pub times: Option<u64>,
}

/// The rules, and what holds without one.
#[derive(Debug)]
pub(super) struct Outcomes {
    rules: Vec<Outcome>,
    default: Duration,
}

/// How one run goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) duration: Duration,
    pub(super) exit: i32,
}

impl Outcomes {
    pub(super) const fn new(default: Duration) -> Self {
        Self { rules: Vec::new(), default }
    }

    /// Adds a rule before the others.
    pub(super) fn add(&mut self, rule: Outcome) {
        self.rules.insert(0, rule);
    }

    /// How a run of that job goes; a rule with a number of times is used up by one.
    pub(super) fn run(&mut self, name: &str, work: &Work) -> Run {
        let run = self.expected(name, work);
        if let Some(times) =
            self.rules.iter_mut().find(|rule| rule.fits(name, work)).and_then(|rule| rule.times.as_mut())
        {
            *times -= 1;
        }
        run
    }

    /// The same without a run.
    pub(super) fn expected(&self, name: &str, work: &Work) -> Run {
        let rule = self.rules.iter().find(|rule| rule.fits(name, work));
        let duration = rule.and_then(|rule| rule.duration_ms).map(Duration::from_millis);
        Run {
            duration: duration.or(work.duration).unwrap_or(self.default),
            exit: rule.and_then(|rule| rule.exit).unwrap_or(work.exit),
        }
    }

    /// The output of a run of that job that ended with `exit`; none for a job without a command.
    pub(super) fn output(&self, name: &str, work: &Work, exit: i32) -> Option<String> {
        let rule = self.rules.iter().find(|rule| rule.fits_name(name, work) && rule.output.is_some());
        if let Some(output) = rule.and_then(|rule| rule.output.clone()) {
            return Some(output);
        }
        let command = Some(&work.command).filter(|command| !command.is_empty())?;
        Some(format!("+ {command}\n(simulated: nothing was run; exit code {exit})\n"))
    }
}

impl Outcome {
    fn fits(&self, name: &str, work: &Work) -> bool {
        self.times != Some(0) && self.fits_name(name, work)
    }

    fn fits_name(&self, name: &str, work: &Work) -> bool {
        let fits = |wanted: &str, text: &str| wanted.is_empty() || pattern::matches(wanted, text);
        fits(&self.job, name) && fits(&self.command, &work.command)
    }
}
