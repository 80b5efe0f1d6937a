//! Why a golden text cannot be played.

use std::path::PathBuf;

use crate::codec;

/// What the functions of this module return.
pub(super) type Result<T> = std::result::Result<T, Error>;

/// Why a golden text cannot be played.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file has a mistake.
    #[error("{}: {error}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The mistake.
        error: Box<Error>,
    },
    /// A file cannot be read or written.
    #[error("{} cannot be used: {error}", path.display())]
    Unusable {
        /// The file or directory.
        path: PathBuf,
        /// The system's words.
        error: std::io::Error,
    },
    /// A directory has no golden files.
    #[error("there are no files `*.txt` in {}", path.display())]
    NoFiles {
        /// The directory.
        path: PathBuf,
    },
    /// A line has a mistake.
    #[error("line {line}: {error}")]
    Line {
        /// The line's number, from 1: that of the command when it cannot be read, else that of the `----` behind it.
        line: usize,
        /// The mistake.
        error: Box<Error>,
    },
    /// Commands at the end of a text have no output.
    #[error("the last commands have no `----` behind them")]
    NoOutput,
    /// A line begins with an argument.
    #[error("`{line}` names no command")]
    NoCommand {
        /// The line.
        line: String,
    },
    /// A script does not know a command.
    #[error("there is no command `{command}`")]
    UnknownCommand {
        /// The command's name.
        command: String,
    },
    /// A command does not know an argument.
    #[error("`{command}` has no argument `{argument}`; it has {known}")]
    UnknownArgument {
        /// The command's name.
        command: String,
        /// The argument's name.
        argument: String,
        /// The names of those that it has.
        known: String,
    },
    /// A command has more words than it takes.
    #[error("`{command}` takes {words} words")]
    TooManyWords {
        /// The command's name.
        command: String,
        /// The most words that it takes.
        words: usize,
    },
    /// A command has fewer words than it needs.
    #[error("`{command}` needs another word")]
    TooFewWords {
        /// The command's name.
        command: String,
    },
    /// An argument has no value of its kind.
    #[error("`{argument}={value}` of `{command}` cannot be read: {detail}")]
    Argument {
        /// The command's name.
        command: String,
        /// The argument's name.
        argument: String,
        /// Its value.
        value: String,
        /// The reader's words.
        detail: String,
    },
    /// A state cannot be stored, or not be read back.
    #[error("the state cannot be stored and read back: {0}")]
    State(#[from] codec::Error),
    /// A mistake that a script has found.
    #[error("{0}")]
    Script(String),
}

impl From<String> for Error {
    fn from(mistake: String) -> Self {
        Self::Script(mistake)
    }
}

impl From<&str> for Error {
    fn from(mistake: &str) -> Self {
        Self::Script(mistake.to_owned())
    }
}
