//! What the exit codes mean, and how a failure is shown.

use std::process::ExitCode;

use super::output::tell;
use crate::broker;
use crate::codec::yaml::Problems;
use crate::runtime;

/// Why a command did not do what it was asked.
#[derive(Debug)]
pub(super) enum Failure {
    /// Something outside cannot be reached (69).
    Unreachable(anyhow::Error),
    /// The configuration is wrong (78).
    Configuration(String),
    /// Anything else (1).
    Failed(anyhow::Error),
}

/// The code after a second signal: 128 + SIGINT, as a shell counts it.
pub(super) const INTERRUPTED: u8 = 130;

impl Failure {
    /// Prints the failure for a person and gives its code.
    pub(super) fn report(self) -> ExitCode {
        let (code, text) = match self {
            Self::Unreachable(error) => (69, format!("error: {error:#}")),
            Self::Configuration(problems) => (78, problems),
            Self::Failed(error) => (1, format!("error: {error:#}")),
        };
        tell(text.trim_end());
        ExitCode::from(code)
    }
}

impl From<Problems> for Failure {
    fn from(problems: Problems) -> Self {
        Self::Configuration(problems.to_string())
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::Failed(error)
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::Failed(error.into())
    }
}

impl From<broker::Error> for Failure {
    fn from(error: broker::Error) -> Self {
        match error {
            broker::Error::Unreachable { .. } => Self::Unreachable(error.into()),
            other @ (broker::Error::TimedOut { .. }
            | broker::Error::Abortable { .. }
            | broker::Error::Fenced { .. }
            | broker::Error::Unstable
            | broker::Error::FetchFailed { .. }
            | broker::Error::OutOfRange { .. }
            | broker::Error::TooLarge { .. }
            | broker::Error::Transient { .. }
            | broker::Error::Fatal { .. }) => Self::Failed(other.into()),
        }
    }
}

impl From<runtime::Error> for Failure {
    fn from(error: runtime::Error) -> Self {
        if let runtime::Error::Broker(error) = error { error.into() } else { Self::Failed(error.into()) }
    }
}
