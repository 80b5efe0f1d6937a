//! A command of golden text: `child c1 parent=p1 at=3h`.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;
use std::time::Duration;

use jiff::SignedDuration;

use super::error::{Error, Result};
use super::time::instant;
use crate::model::Timestamp;

/// The arguments of every command.
const TIMES: [&str; 2] = ["at", "now"];

/// A command with its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// The first word.
    pub name: String,
    /// The other words.
    pub words: Vec<String>,
    /// The `name=value` words; a name has letters, digits, `_`, `-` and `.`.
    pub named: BTreeMap<String, String>,
}

impl Command {
    /// Parses a line. A word that begins with a brace or a bracket extends to the end of the line, so that JSON may have spaces; a value
    /// in quotes, as in `message="no such job"`, may have spaces too.
    pub fn parse(line: &str) -> Result<Self> {
        let (mut words, mut named, mut rest) = (Vec::new(), BTreeMap::new(), line.trim());
        while !rest.is_empty() {
            let end = if rest.starts_with(['{', '[']) { rest.len() } else { end_of_word(rest) };
            let (word, more) = rest.split_at(end);
            match word.split_once('=').filter(|(name, _)| is_name(name)) {
                Some((name, value)) => {
                    let quoted = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
                    named.insert(name.to_owned(), quoted.unwrap_or(value).to_owned());
                }
                None => words.push(word.to_owned()),
            }
            rest = more.trim_start();
        }
        if words.is_empty() {
            return Err(Error::NoCommand { line: line.to_owned() });
        }
        Ok(Self { name: words.remove(0), words, named })
    }

    /// Fails if there are arguments other than these, `at` and `now`, or more words, so that misspellings are found.
    pub fn allow(&self, arguments: &[&str], words: usize) -> Result<()> {
        self.allow_only(&[arguments, &TIMES].concat(), words)
    }

    /// The same, but `at` and `now` are not allowed either.
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

    /// The word at an index, from 0.
    pub fn word(&self, index: usize) -> Result<&str> {
        let missing = || Error::TooFewWords { command: self.name.clone() };
        self.words.get(index).map(String::as_str).ok_or_else(missing)
    }

    /// The value of an argument; `None` if it is absent.
    pub fn get<T: FromStr<Err: Display>>(&self, argument: &str) -> Result<Option<T>> {
        let Some(value) = self.named.get(argument) else { return Ok(None) };
        value.parse().map(Some).map_err(|error: T::Err| Error::Argument {
            command: self.name.clone(),
            argument: argument.to_owned(),
            value: value.clone(),
            detail: error.to_string(),
        })
    }

    /// The absolute value of a duration, such as `1h30m`.
    pub fn duration(&self, argument: &str) -> Result<Option<Duration>> {
        Ok(self.get::<SignedDuration>(argument)?.map(SignedDuration::unsigned_abs))
    }

    /// The instant of an argument that is a time since hour zero, such as `3h`.
    pub fn instant(&self, argument: &str) -> Result<Option<Timestamp>> {
        Ok(self.get::<SignedDuration>(argument)?.map(instant))
    }

    /// The error of an unknown command.
    pub fn unknown(&self) -> Error {
        Error::UnknownCommand { command: self.name.clone() }
    }
}

/// True for what can stand before `=`: anything else is a word with a `=`, such as JSON, or a value `v1:=x`.
fn is_name(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte))
}

/// The length of the first word: up to a blank, or up to the quote that ends its value.
fn end_of_word(text: &str) -> usize {
    let blank = text.find(' ').unwrap_or(text.len());
    match text.split_once("=\"") {
        Some((name, value)) if name.len() < blank => value.find('"').map_or(blank, |close| name.len() + close + 3),
        Some(_) | None => blank,
    }
}
