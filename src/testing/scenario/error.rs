//! The errors of scenario files.

use std::fmt;
use std::path::PathBuf;

use crate::app;
use crate::codec::text;
use crate::codec::yaml::Problems;
use crate::testing::DriverError;

/// A result of this module.
pub(super) type Result<T> = std::result::Result<T, Error>;

/// Why a scenario file cannot be run. A behaviour other than the expected one is no error: see [`TestResult`](super::TestResult).
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file or a directory cannot be read.
    #[error("{} cannot be read: {error}", path.display())]
    Read {
        /// Its path.
        path: PathBuf,
        /// The error of the operating system.
        error: std::io::Error,
    },
    /// A file cannot be written.
    #[error("{} cannot be written: {error}", path.display())]
    Write {
        /// Its path.
        path: PathBuf,
        /// The error of the operating system.
        error: std::io::Error,
    },
    /// A directory has no scenario files.
    #[error("there are no files `*.scenario` in {}", path.display())]
    NoFiles {
        /// The path of the directory.
        path: PathBuf,
    },
    /// A file is not UTF-8.
    #[error("{}: {error}", path.display())]
    Text {
        /// Its path.
        path: PathBuf,
        /// The error.
        error: text::Error,
    },
    /// A file has mistakes.
    #[error("{}", lines(mistakes))]
    Mistakes {
        /// All of them, in the order of their lines.
        mistakes: Vec<Mistake>,
    },
    /// The settings of a file are refused.
    #[error("{}: a `set` is refused: {problems}", path.display())]
    Settings {
        /// The path of the scenario file.
        path: PathBuf,
        /// The problems.
        problems: Problems,
    },
    /// The topology of a file cannot be used.
    #[error("{}:{line}: the topology cannot be used\n{error}{}", path.display(), remedy(error))]
    Topology {
        /// The path of the scenario file.
        path: PathBuf,
        /// The line of `topology`.
        line: usize,
        /// The error.
        error: Box<app::Error>,
    },
    /// The topology does not start.
    #[error("{}: {error}", path.display())]
    Start {
        /// The path of the scenario file.
        path: PathBuf,
        /// The error.
        error: Box<DriverError>,
    },
}

/// A mistake in a line of a scenario file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The path of the file.
    pub path: PathBuf,
    /// The line number, from 1.
    pub line: usize,
    /// The text of the line.
    pub text: String,
    /// What is wrong.
    pub message: String,
    /// The remedy.
    pub hint: Option<String>,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, line, text, message, hint } = self;
        write!(f, "{}:{line}: {message}\n{line:>4} | {text}", path.display())?;
        hint.as_ref().map_or(Ok(()), |hint| write!(f, "\n     | {hint}"))
    }
}

/// What is not said where the topology is read in the directory in which it runs.
fn remedy(error: &app::Error) -> &'static str {
    if matches!(error, app::Error::Template { .. }) {
        "\n(the path of a template is relative to the working directory: run `sheaf test` where `sheaf run` is started)"
    } else {
        ""
    }
}

fn lines(mistakes: &[Mistake]) -> String {
    mistakes.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}
