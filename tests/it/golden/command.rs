//! One command line of a golden file: `child c1 parent=p1 at=3h`.

use std::collections::BTreeMap;
use std::fmt::{Display, Write as _};
use std::str::FromStr;

use jiff::SignedDuration;
use sheaf::model::Timestamp;

/// Midnight, 1 January 2026 UTC: hour 0 of every golden file.
const HOUR_ZERO: i64 = 1_767_225_600_000;

/// A command with its arguments.
#[derive(Debug)]
pub(crate) struct Command {
    /// The first word.
    pub(crate) name: String,
    /// The further words that name nothing.
    pub(crate) words: Vec<String>,
    /// The `name=value` words.
    pub(crate) named: BTreeMap<String, String>,
}

impl Command {
    /// Reads a line; a word that begins with a brace or a bracket takes the rest of the line, so that JSON may hold spaces.
    pub(crate) fn parse(line: &str) -> Result<Self, String> {
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
            return Err(format!("`{line}` names no command"));
        }
        Ok(Self { name: words.remove(0), words, named })
    }

    /// Fails when there is an argument that the command does not know, so that no misspelling is passed over.
    pub(crate) fn allow(&self, names: &[&str], words: usize) -> Result<(), String> {
        match self.named.keys().find(|name| !names.contains(&name.as_str())) {
            Some(name) => Err(format!("`{}` has no argument `{name}`; it has {names:?}", self.name)),
            None if self.words.len() > words => Err(format!("`{}` takes {words} words", self.name)),
            None => Ok(()),
        }
    }

    /// The word at that place.
    pub(crate) fn word(&self, index: usize) -> Result<&str, String> {
        self.words.get(index).map(String::as_str).ok_or_else(|| format!("`{}` needs another word", self.name))
    }

    /// A `name=value`, read.
    pub(crate) fn get<T: FromStr<Err: Display>>(&self, name: &str) -> Result<Option<T>, String> {
        let Some(text) = self.named.get(name) else { return Ok(None) };
        text.parse().map(Some).map_err(|error| format!("`{name}={text}` of `{}` cannot be read: {error}", self.name))
    }

    /// A `name=3h`, as an instant after hour zero.
    pub(crate) fn instant(&self, name: &str) -> Result<Option<Timestamp>, String> {
        self.get::<SignedDuration>(name).map(|after| after.map(instant))
    }
}

/// The instant so long after hour zero.
pub(crate) fn instant(after: SignedDuration) -> Timestamp {
    Timestamp::from_millis(HOUR_ZERO + i64::try_from(after.as_millis()).expect("a golden file spans years, not ages"))
}

/// An instant as the time since hour zero: `0h`, `24h`, `3h5m`.
pub(crate) fn hours(at: Timestamp) -> String {
    let millis = at.as_millis() - HOUR_ZERO;
    let sign = if millis < 0 { "-" } else { "" };
    let parts = [(3_600_000, "h"), (60_000, "m"), (1_000, "s"), (1, "ms")];
    let (mut rest, mut text) = (millis.abs(), String::new());
    for (unit, name) in parts {
        if rest >= unit {
            write!(text, "{}{name}", rest / unit).expect("a string can be written to");
            rest %= unit;
        }
    }
    if text.is_empty() { "0h".to_owned() } else { format!("{sign}{text}") }
}
