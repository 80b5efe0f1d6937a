//! Failures of commands, and their exit codes.

use std::process::ExitCode;

use super::output::print_stderr;
use crate::codec::yaml::Problems;
use crate::runtime::replay::ReplayError;
use crate::testing::scenario;
use crate::{admin, app, broker, runtime};

/// The failure of a command.
#[derive(Debug)]
pub(super) enum Failure {
    /// Kafka, AWS, or the instance that is asked, cannot be reached: exit code 69, `EX_UNAVAILABLE` of sysexits.h.
    Unreachable(anyhow::Error),
    /// It cannot be done now, but later: exit code 75, `EX_TEMPFAIL`.
    Busy(anyhow::Error),
    /// The configuration, the topology or the template is invalid: exit code 78, `EX_CONFIG`.
    Configuration(String),
    /// The options do not fit the configuration: exit code 2, as for those that clap refuses.
    Usage(String),
    /// Anything else: exit code 1.
    Failed(anyhow::Error),
}

/// The exit code after a second signal: 128 and the number of SIGINT, by the convention of shells.
pub(super) const INTERRUPTED: u8 = 130;

impl Failure {
    /// The message, for a log line.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Unreachable(error) | Self::Busy(error) | Self::Failed(error) => format!("{error:#}"),
            Self::Configuration(problems) | Self::Usage(problems) => problems.clone(),
        }
    }

    /// The same failure, as one of this application; `None` if there is only one.
    pub(super) fn of(self, application: Option<&str>) -> Self {
        let Some(application) = application else { return self };
        let context = format!("application {application}");
        match self {
            Self::Unreachable(error) => Self::Unreachable(error.context(context)),
            Self::Busy(error) => Self::Busy(error.context(context)),
            Self::Failed(error) => Self::Failed(error.context(context)),
            Self::Configuration(text) => {
                let text = text.strip_prefix("error: ").unwrap_or(&text);
                Self::Configuration(format!("error: {context}: {text}"))
            }
            usage @ Self::Usage(_) => usage,
        }
    }

    /// Prints all failures but the last one, which is returned: they have one exit code.
    pub(super) fn all(mut failures: Vec<Self>) -> Result<(), Self> {
        let Some(last) = failures.pop() else { return Ok(()) };
        for failure in failures {
            failure.report();
        }
        Err(last)
    }

    /// Prints the failure to standard error and returns its exit code.
    pub(super) fn report(self) -> ExitCode {
        let (code, text) = match self {
            Self::Unreachable(error) => (69, format!("error: {error:#}")),
            Self::Busy(error) => (75, format!("error: {error:#}")),
            Self::Configuration(problems) => (78, problems),
            Self::Usage(message) => (2, message),
            Self::Failed(error) => (1, format!("error: {error:#}")),
        };
        print_stderr(text.trim_end());
        ExitCode::from(code)
    }
}

impl From<Problems> for Failure {
    fn from(problems: Problems) -> Self {
        Self::Configuration(problems.to_string())
    }
}

impl From<app::Error> for Failure {
    fn from(error: app::Error) -> Self {
        // A restart may help, which a supervisor does not try after the code of a wrong configuration.
        if error.is_temporary() {
            return Self::Unreachable(error.into());
        }
        match error {
            app::Error::Topology(problems) => problems.into(),
            mistakes @ app::Error::Samples { .. } => Self::Configuration(mistakes.to_string()),
            failed @ (app::Error::Stores(_) | app::Error::Metrics(_)) => Self::Failed(failed.into()),
            invalid @ (app::Error::NoTopology
            | app::Error::SameTopology { .. }
            | app::Error::SameApplication { .. }
            | app::Error::LongApplication { .. }
            | app::Error::SharedTopic { .. }
            | app::Error::OrphanedState { .. }
            | app::Error::FormerApplication { .. }
            | app::Error::TopologyFile { .. }
            | app::Error::TopologyText { .. }
            | app::Error::Template { .. }
            | app::Error::ScriptFile { .. }
            | app::Error::Script(_)
            | app::Error::FlowTemplateFile { .. }
            | app::Error::FlowTemplate { .. }
            | app::Error::SameComponent { .. }
            | app::Error::Assemble(_)
            | app::Error::Secret { .. }
            | app::Error::Property { .. }
            | app::Error::Broker(_)
            | app::Error::NotBuilt(_)
            | app::Error::CaBundle { .. }
            | app::Error::ShortToken { .. }
            | app::Error::Otlp(_)
            | app::Error::Sink(_)) => Self::Configuration(format!("error: {invalid}")),
        }
    }
}

impl From<admin::ClientError> for Failure {
    fn from(error: admin::ClientError) -> Self {
        match error {
            admin::ClientError::Settings(text) => Self::Usage(format!("error: {text}")),
            silent @ admin::ClientError::Unreachable { .. } => Self::Unreachable(silent.into()),
            other @ (admin::ClientError::Refused { .. } | admin::ClientError::NotSheaf { .. }) => {
                Self::Failed(other.into())
            }
        }
    }
}

impl From<admin::Error> for Failure {
    fn from(error: admin::Error) -> Self {
        match error {
            taken @ admin::Error::Bind { .. } => Self::Failed(taken.into()),
            invalid @ admin::Error::Tls(_) => Self::Configuration(format!("error: {invalid}")),
        }
    }
}

impl From<scenario::Error> for Failure {
    fn from(error: scenario::Error) -> Self {
        match error {
            scenario::Error::Start { .. } | scenario::Error::Write { .. } => Self::Failed(error.into()),
            mistakes @ (scenario::Error::Read { .. }
            | scenario::Error::NoFiles { .. }
            | scenario::Error::Text { .. }
            | scenario::Error::Mistakes { .. }
            | scenario::Error::Settings { .. }
            | scenario::Error::Topology { .. }) => Self::Configuration(format!("error: {mistakes}")),
        }
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

impl From<ReplayError> for Failure {
    fn from(error: ReplayError) -> Self {
        match error {
            ReplayError::Broker(error) => error.into(),
            ReplayError::Runtime(error) => error.into(),
            busy @ (ReplayError::GroupNotEmpty { .. } | ReplayError::UnderWay { .. }) => Self::Busy(busy.into()),
            usage @ (ReplayError::NoProcessor { .. }
            | ReplayError::NoOffset { .. }
            | ReplayError::NotInLog { .. }
            | ReplayError::Forward { .. }) => Self::Usage(format!("error: {usage}")),
            other @ (ReplayError::Refused { .. }
            | ReplayError::NeverRead { .. }
            | ReplayError::NoTopic { .. }
            | ReplayError::Nothing { .. }
            | ReplayError::Stale { .. }
            | ReplayError::Expired { .. }
            | ReplayError::NoReplay { .. }
            | ReplayError::NotCommitted { .. }
            | ReplayError::Interrupted(_)) => Self::Failed(other.into()),
        }
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
        if let runtime::Error::FirstStart { .. } = error {
            return Self::Configuration(format!("error: {error}"));
        }
        if let runtime::Error::Broker(error) = error { error.into() } else { Self::Failed(error.into()) }
    }
}
