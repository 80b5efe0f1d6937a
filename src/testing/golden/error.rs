//! The errors of golden text.

use std::path::PathBuf;

use crate::codec;

/// A result of this module.
pub(super) type Result<T> = std::result::Result<T, Error>;

/// An error of golden text.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file has a mistake.
    #[error("{}: {error}", path.display())]
    File {
        /// The path of the file.
        path: PathBuf,
        /// The mistake.
        error: Box<Error>,
    },
    /// A file cannot be read or written.
    #[error("{} cannot be read or written: {error}", path.display())]
    Io {
        /// The path of the file or directory.
        path: PathBuf,
        /// The error of the operating system.
        error: std::io::Error,
    },
    /// A directory has no golden files.
    #[error("there are no files `*.txt` in {}", path.display())]
    NoFiles {
        /// The path of the directory.
        path: PathBuf,
    },
    /// A line has a mistake.
    #[error("line {line}: {error}")]
    Line {
        /// The line number, from 1: of the command if it cannot be parsed, otherwise of the `----` after it.
        line: usize,
        /// The mistake.
        error: Box<Error>,
    },
    /// The last commands of a text have no output.
    #[error("there is no `----` after the last commands")]
    NoOutput,
    /// A line begins with an argument.
    #[error("`{line}` names no command")]
    NoCommand {
        /// The line.
        line: String,
    },
    /// A command is unknown.
    #[error("there is no command `{command}`")]
    UnknownCommand {
        /// The command's name.
        command: String,
    },
    /// An argument of a command is unknown.
    #[error("`{command}` has no argument `{argument}`; it has {known}")]
    UnknownArgument {
        /// The command's name.
        command: String,
        /// The argument's name.
        argument: String,
        /// The names of its arguments.
        known: String,
    },
    /// A command has too many words.
    #[error("`{command}` takes {words} words at most")]
    TooManyWords {
        /// The command's name.
        command: String,
        /// The maximum.
        words: usize,
    },
    /// A command has too few words.
    #[error("`{command}` needs another word")]
    TooFewWords {
        /// The command's name.
        command: String,
    },
    /// The value of an argument is invalid.
    #[error("`{argument}={value}` of `{command}` is invalid: {detail}")]
    Argument {
        /// The command's name.
        command: String,
        /// The argument's name.
        argument: String,
        /// Its value.
        value: String,
        /// The error of the parser.
        detail: String,
    },
    /// A state cannot be encoded or decoded.
    #[error("the state cannot be encoded and decoded: {0}")]
    State(#[from] codec::Error),
    /// An error of a script.
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
