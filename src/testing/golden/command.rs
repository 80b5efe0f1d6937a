//! One command of golden text: `child c1 parent=p1 at=3h`.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;
use std::time::Duration;

use jiff::SignedDuration;

use super::error::{Error, Result};
use super::time::instant;
use crate::model::Timestamp;

/// The arguments that every command has.
const TIMES: [&str; 2] = ["at", "now"];

/// A command with its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// The first word.
    pub name: String,
    /// The further words without a name.
    pub words: Vec<String>,
    /// The `name=value` words.
    pub named: BTreeMap<String, String>,
}

impl Command {
    /// Reads a line. A word that begins with a brace or a bracket takes the rest of the line, so that JSON may have spaces.
    pub fn parse(line: &str) -> Result<Self> {
        let (mut words, mut named, mut rest) = (Vec::new(), BTreeMap::new(), line.trim());
        while !rest.is_empty() {
            let end = if rest.starts_with(['{', '[']) { rest.len() } else { rest.find(' ').unwrap_or(rest.len()) };
            let (word, more) = rest.split_at(end);
            match word.split_once('=').filter(|_| !word.starts_with(['{', '['])) {
                Some((name, value)) => drop(named.insert(name.to_owned(), value.to_owned())),
                None => words.push(word.to_owned()),
            }
            rest = more.trim_start();
        }
        if words.is_empty() {
            return Err(Error::NoCommand { line: line.to_owned() });
        }
        Ok(Self { name: words.remove(0), words, named })
    }

    /// Fails on other arguments than these, `at` and `now`, and on more words, so that a misspelling is found.
    pub fn allow(&self, arguments: &[&str], words: usize) -> Result<()> {
        self.allow_only(&[arguments, &TIMES].concat(), words)
    }

    /// The same without `at` and `now`.
    pub(super) fn allow_only(&self, arguments: &[&str], words: usize) -> Result<()> {
        let command = self.name.clone();
        match self.named.keys().find(|name| !arguments.contains(&name.as_str())) {
            Some(argument) => {
                let (argument, known) = (argument.clone(), format!("{arguments:?}"));
                Err(Error::UnknownArgument { command, argument, known })
            }
            None if self.words.len() > words => Err(Error::TooManyWords { command, words }),
            None => Ok(()),
        }
    }

    /// The word at that place, from 0.
    pub fn word(&self, index: usize) -> Result<&str> {
        let missing = || Error::TooFewWords { command: self.name.clone() };
        self.words.get(index).map(String::as_str).ok_or_else(missing)
    }

    /// The value of an argument; `None` when it is not there.
    pub fn get<T: FromStr<Err: Display>>(&self, argument: &str) -> Result<Option<T>> {
        let Some(value) = self.named.get(argument) else { return Ok(None) };
        value.parse().map(Some).map_err(|error: T::Err| Error::Argument {
            command: self.name.clone(),
            argument: argument.to_owned(),
            value: value.clone(),
            detail: error.to_string(),
        })
    }

    /// An argument that is a duration, such as `1h30m`; without its sign.
    pub fn duration(&self, argument: &str) -> Result<Option<Duration>> {
        Ok(self.get::<SignedDuration>(argument)?.map(SignedDuration::unsigned_abs))
    }

    /// An argument that is a time since hour zero, such as `3h`.
    pub fn instant(&self, argument: &str) -> Result<Option<Timestamp>> {
        Ok(self.get::<SignedDuration>(argument)?.map(instant))
    }

    /// The error that there is no command of this name.
    pub fn unknown(&self) -> Error {
        Error::UnknownCommand { command: self.name.clone() }
    }
}
